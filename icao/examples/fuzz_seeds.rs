//! Writes what the simulated documents hold and say, as inputs for the fuzz targets to begin with:
//! `cargo run -p icao --features simulator --example fuzz_seeds -- FOLDER`.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use icao::apdu::{Command, Response, StatusWord};
use icao::simulator::Profile;
use icao::tlv;

/// Writes each input once, numbered.
struct Corpus {
    folder: PathBuf,
    seen: BTreeSet<(String, Vec<u8>)>,
}

impl Corpus {
    fn add(&mut self, target: &str, name: &str, input: &[u8]) -> Result<(), Box<dyn Error>> {
        if self.seen.insert((target.to_owned(), input.to_vec())) {
            let folder = self.folder.join(target);
            fs::create_dir_all(&folder)?;
            fs::write(folder.join(name), input)?;
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("name a folder")?);
    let mut corpus = Corpus {
        folder: Path::new(&folder).to_owned(),
        seen: BTreeSet::new(),
    };
    for profile in Profile::ALL {
        let chip = profile.chip(b"fuzz seeds")?;
        let lines = profile.holder().mrz_lines(profile.form()).concat();
        corpus.add("mrz", profile.name(), lines.as_bytes())?;
        let system = chip.file_system();
        let files = system
            .applications
            .iter()
            .map(|application| &application.files);
        for file in files.chain([&system.master_file.files]).flatten() {
            // The photograph is long and says nothing new.
            let content = &file.content[..file.content.len().min(6000)];
            let name = format!("{}-{:04x}", profile.name(), file.fid);
            let target = match (content.first(), file.fid & 0xFF) {
                (Some(0x77), _) | (Some(0x30), 0x1D) => "sod",
                (Some(0x31), _) => "security_infos",
                _ => "data_groups",
            };
            corpus.add(target, &name, content)?;
            if content.len() < 600 {
                corpus.add("tlv", &name, content)?;
            }
            if let (Some(0x6E), Ok(dg14)) = (content.first(), tlv::Tlv::only(content)) {
                corpus.add("security_infos", &name, dg14.value)?;
            }
        }
    }
    let mut command = |name: &str, command: Command| -> Result<(), Box<dyn Error>> {
        corpus.add("apdu", name, &command.to_bytes()?)
    };
    command("select", Command::select_master_file())?;
    command("read", Command::read_binary(40_000, 1000))?;
    command("challenge", Command::get_challenge())?;
    command("long", Command::general_authenticate(vec![0x7C; 300]))?;
    for (name, answer) in [
        ("status", Response::new(Vec::new(), StatusWord::OK)),
        (
            "data",
            Response::new(vec![0x87, 0x01, 0x01], StatusWord::OK),
        ),
    ] {
        corpus.add("apdu", name, &answer.to_bytes())?;
        // Which cipher, and with the right MAC added (fuzz/src/lib.rs).
        for how in 8_u8..12 {
            let objects = [
                tlv::encode(0x87, &[&[1][..], &[0x5A; 16]].concat()),
                tlv::encode(0x99, &[0x90, 0x00]),
            ];
            let whole = [&[how], &objects.concat()[..], &[0x90, 0x00]].concat();
            corpus.add("secure_messaging", &format!("{name}-{how}"), &whole)?;
        }
    }
    Ok(())
}
