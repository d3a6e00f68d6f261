//! Lays a simulated chip on a virtual reader: `virtual-chip --profile nl-id-2014`, or `virtual-chip --files FOLDER`.

use anyhow::{Context as _, Result, anyhow};
use clap::Parser;
use hardware_tests::document_folder::DocumentFolder;
use hardware_tests::variants::{self, Variant};
use hardware_tests::vpcd::{self, Log};
use icao::simulator::{Chip, Profile, SeededRandom};
use icao::transport::Limits;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Lays a simulated chip on pcscd's virtual reader (Debian: vsmartcard-vpcd) until it is stopped or the reader goes away.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The document to simulate.
    #[arg(long, value_parser = document, required_unless_present = "files")]
    profile: Option<Document>,

    /// The files of the document, as reading tools write them: EF_SOD.bin, EF_CardAccess.bin, DG1.bin and so on. DG1 must be
    /// there: document number, birth date and date of expiry in it open the chip.
    #[arg(long, value_name = "FOLDER", conflicts_with = "profile")]
    files: Option<PathBuf>,

    /// Card access number of the document of --files, six digits.
    #[arg(long, requires = "files")]
    can: Option<String>,

    /// The document of --files opens by PACE only.
    #[arg(long, requires = "files")]
    without_bac: bool,

    /// Private key of Active Authentication for --files: PKCS#8, PEM or DER.
    #[arg(long, value_name = "FILE", requires = "files")]
    aa_key: Option<PathBuf>,

    /// Private key of Chip Authentication for --files: PKCS#8, PEM or DER, in the group of DG14.
    #[arg(long, value_name = "FILE", requires = "files")]
    ca_key: Option<PathBuf>,

    /// The chip of --files takes short APDUs only.
    #[arg(long, requires = "files")]
    short: bool,

    /// Where the virtual reader listens: one port for each of its slots.
    #[arg(long, value_name = "HOST:PORT", default_value_t = format!("127.0.0.1:{}", vpcd::DEFAULT_PORT))]
    vpcd: String,

    /// Write each exchange to a file: headers, lengths and status words, no contents.
    #[arg(long)]
    log: Option<PathBuf>,

    /// Write the keys of every secure channel to a file, in hexadecimal: for tests that look for what a terminal keeps of them.
    #[arg(long, value_name = "FILE")]
    session_keys: Option<PathBuf>,

    /// Answer to reset, in hexadecimal; the document's own where none is given.
    #[arg(long, value_parser = hexadecimal)]
    atr: Option<Bytes>,
}

/// An argument in hexadecimal.
#[derive(Clone)]
struct Bytes(Vec<u8>);

impl vpcd::Chip for Simulated {
    fn process(&mut self, command: &[u8]) -> Option<Vec<u8>> {
        let answer = self.chip.process(command);
        if let Some(file) = &mut self.session_keys {
            let keys = self.chip.session_keys();
            let keys = keys.map(|keys| keys.map(hex::encode).join(" "));
            if keys.is_some() && keys != self.written {
                // The test that reads them fails if they are missing.
                let _ = writeln!(file, "{}", keys.as_deref().unwrap_or_default());
                self.written = keys;
            }
        }
        Some(answer)
    }
    fn reset(&mut self) {
        self.chip.reset();
    }
}

struct Simulated {
    chip: Chip,
    session_keys: Option<File>,
    /// The line last written there.
    written: Option<String>,
}

/// What a chip of the middle of the 2010s takes: a little more than 2 kB.
const LIMITS: Limits = Limits {
    max_command: 2_058,
    max_response: 2_050,
};

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("virtual-chip: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| anyhow!("no randomness: {error}"))?;
    let chip = chip(&arguments, &seed)?;
    let atr = arguments
        .atr
        .map_or_else(|| chip.atr().to_vec(), |atr| atr.0);
    let mut log = match &arguments.log {
        Some(path) => {
            let file = File::create(path).with_context(|| path.display().to_string())?;
            Some(Log::new(Box::new(file)))
        }
        None => None,
    };
    let session_keys = match &arguments.session_keys {
        Some(path) => Some(File::create(path).with_context(|| path.display().to_string())?),
        None => None,
    };
    let stream = vpcd::connect(&arguments.vpcd).with_context(|| {
        format!(
            "no virtual reader at {}: is pcscd running, with vsmartcard-vpcd?",
            arguments.vpcd
        )
    })?;
    // Alone on its line: whoever starts this program waits for it.
    println!("on the reader at {}", arguments.vpcd);
    std::io::stdout().flush()?;
    let mut chip = Simulated {
        chip,
        session_keys,
        written: None,
    };
    vpcd::serve(stream, &mut chip, &atr, log.as_mut())?;
    Ok(())
}

fn chip(arguments: &Arguments, seed: &[u8]) -> Result<Chip> {
    if let Some(profile) = arguments.profile {
        return profile.chip(seed);
    }
    let folder = arguments.files.clone().context("no files")?;
    DocumentFolder {
        folder,
        can: arguments.can.clone(),
        without_bac: arguments.without_bac,
        active_authentication: arguments.aa_key.clone(),
        chip_authentication: arguments.ca_key.clone(),
        limits: match arguments.short {
            true => Limits::SHORT,
            false => LIMITS,
        },
    }
    .chip(seed)
}

/// A ready-made document, forgeries included, or one in more variety.
#[derive(Clone, Copy)]
enum Document {
    Profile(Profile),
    Variant(Variant),
}

impl Document {
    fn chip(self, seed: &[u8]) -> Result<Chip> {
        Ok(match self {
            Self::Profile(profile) => profile.chip(seed)?,
            Self::Variant(variant) => variant.builder()?.random(SeededRandom::new(seed)).build()?,
        })
    }
}

fn document(name: &str) -> Result<Document, String> {
    let profile = Profile::from_name(name).map(Document::Profile);
    let variant = || Variant::from_name(name).map(Document::Variant);
    profile.or_else(variant).ok_or_else(|| {
        let profiles = Profile::ALL.iter().map(|profile| profile.name());
        let variants = variants::ALL.iter().map(|variant| variant.name);
        let mut names: Vec<_> = profiles.chain(variants).collect();
        names.sort_unstable();
        names.dedup();
        format!("one of {}", names.join(", "))
    })
}

fn hexadecimal(text: &str) -> Result<Bytes, String> {
    // ISO/IEC 7816-3, 8.2: at most 32 characters after TS.
    hex::decode(text)
        .ok()
        .filter(|bytes| (2..=33).contains(&bytes.len()))
        .map(Bytes)
        .ok_or_else(|| "2 to 33 bytes in hexadecimal".to_owned())
}
