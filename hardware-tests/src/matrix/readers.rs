//! Reader × profile, over pcscd: what others wrote from the same standards must find nothing amiss in our chips.

use super::{Cell, Table};
use crate::desk;
use crate::need::{self, Need};
use crate::pcscd::{self, Pcscd};
use anyhow::{Context as _, Result};
use icao::simulator::{self, Profile};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// What a foreign reader printed, and what `virtual-chip` logged meanwhile.
pub struct Reading {
    /// One JSON object: files in hexadecimal, verdicts, or an error.
    pub found: Value,
    /// Headers and lengths of all exchanges.
    pub log: String,
}

/// The foreign readers, the ways in which they open a chip, and the documents of which each says that it can read them.
///
/// What is not named is a limit of theirs: `emrtd` 0.0.2 knows BAC only; `dmrtd` 0.3.5 knows PACE over NIST curves only, and
/// Active Authentication over RSA and P-256.
const READERS: [(&str, &str, &[Profile]); 4] = [
    (
        "read-with-emrtd",
        "bac",
        &[
            Profile::NlPassport2011,
            Profile::NlId2014,
            Profile::PaceP256,
        ],
    ),
    (
        "read-with-dmrtd",
        "bac",
        &[Profile::NlPassport2011, Profile::PaceP256],
    ),
    ("read-with-dmrtd", "pace-mrz", &[Profile::PaceP256]),
    ("read-with-dmrtd", "pace-can", &[Profile::PaceP256]),
];

/// The documents that lie on the reader.
const PROFILES: [Profile; 4] = [
    Profile::NlPassport2011,
    Profile::NlId2014,
    Profile::NlPassport2024,
    Profile::PaceP256,
];

/// Every reader with every document that it says it can read. `None` where what that needs is not there, which has been
/// said on the terminal.
///
/// # Errors
/// If pcscd or a chip does not start; in continuous integration, if a reader is not built.
pub fn table() -> Result<Option<Table>> {
    let mut table = Table::new(
        "Foreign reader × profile, over pcscd and vpcd",
        PROFILES.iter().map(|profile| profile.name()).collect(),
    );
    for (reader, access, reads) in READERS {
        let mut cells = Vec::new();
        for profile in PROFILES {
            let mut cell = Cell::default();
            if reads.contains(&profile) {
                let Some(reading) = read(reader, access, profile)? else {
                    return Ok(None);
                };
                let what = format!("{reader} by {access} on {}", profile.name());
                match check(&reading, profile, &["com", "sod", "dg1", "dg2"]) {
                    Ok(()) => cell.note(verdict(&reading), None),
                    Err(error) => cell.note("broken".to_owned(), Some(format!("{what}: {error}"))),
                }
            }
            cells.push(cell);
        }
        table.row(&format!("{reader} {access}"), cells);
    }
    Ok(Some(table))
}

/// What the reader itself says of the document.
fn verdict(reading: &Reading) -> String {
    let said = |name: &str| {
        reading.found[name]
            .as_str()
            .unwrap_or("not checked")
            .to_owned()
    };
    format!(
        "all files as on the chip; Passive Authentication {}, Active Authentication {}",
        said("passive_authentication"),
        said("active_authentication")
    )
}

/// Has `reader` read `profile`, as a process of its own, a chip in a process of its own, and a pcscd between them. `None`
/// where what that needs is not there.
///
/// # Errors
/// If one of them does not start, or the reader prints no JSON.
pub fn read(reader: &str, access: &str, profile: Profile) -> Result<Option<Reading>> {
    read_as(
        reader,
        access,
        profile,
        &[("--profile", Path::new(profile.name()))],
    )
}

/// As [`read`], of a document of the holder of `profile`, as these options of `virtual-chip` make it.
///
/// # Errors
/// As [`read`].
pub fn read_as(
    reader: &str,
    access: &str,
    profile: Profile,
    document: &[(&str, &Path)],
) -> Result<Option<Reading>> {
    let what = format!("{reader} reads {} by {access}", profile.name());
    let needs: [&Need; 2] = pcscd::NEEDS;
    let (true, Some(reader)) = (need::all(&what, &needs)?, need::peer(reader)?) else {
        return Ok(None);
    };
    let pcscd = Pcscd::start()?;
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("chip.log");
    let _chip = desk::lay_as(&[document, &[("--log", &log)]].concat(), pcscd.slot(0))?;

    let mut csca: Vec<PathBuf> = Vec::new();
    for (index, certificate) in simulator::csca_certificates()?.iter().enumerate() {
        let file = folder.path().join(format!("{index}.der"));
        std::fs::write(&file, &certificate.der)?;
        csca.push(file);
    }
    let holder = profile.holder();
    let job = json!({
        "access": access,
        "document_number": holder.document_number,
        "date_of_birth": holder.date_of_birth,
        "date_of_expiry": holder.date_of_expiry,
        "can": holder.can,
        "csca": csca,
    });
    let mut child = pcscd
        .client(reader)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    child
        .stdin
        .take()
        .context("standard input")?
        .write_all(job.to_string().as_bytes())?;
    let output = child.wait_with_output()?;
    let found = serde_json::from_slice(&output.stdout).with_context(|| what)?;
    Ok(Some(Reading {
        found,
        log: std::fs::read_to_string(log)?,
    }))
}

/// Every file that was read is the chip's byte for byte, and those `wanted` were read.
///
/// # Errors
/// What is amiss.
pub fn check(reading: &Reading, profile: Profile, wanted: &[&str]) -> Result<(), String> {
    if reading.found["error"] != Value::Null {
        return Err(format!("{}\n{}", reading.found["error"], reading.log));
    }
    let files = reading.found["files"]
        .as_object()
        .ok_or("no files were read")?;
    if let Some(missing) = wanted.iter().find(|name| !files.contains_key(**name)) {
        return Err(format!("{missing} was not read"));
    }
    let chip = on_chip(profile)?;
    for (name, bytes) in files {
        let own = chip
            .get(name.as_str())
            .ok_or_else(|| format!("{name} is not on the chip"))?;
        if bytes.as_str() != Some(hex::encode(own).as_str()) {
            return Err(format!("{name} is not as on the chip"));
        }
    }
    Ok(())
}

/// The files as the chip has them.
///
/// # Errors
/// If the chip cannot be made.
pub fn on_chip(profile: Profile) -> Result<BTreeMap<&'static str, Vec<u8>>, String> {
    const NAMES: [(u16, &str); 8] = [
        (0x011C, "card_access"),
        (0x011E, "com"),
        (0x011D, "sod"),
        (0x0101, "dg1"),
        (0x0102, "dg2"),
        (0x010B, "dg11"),
        (0x010E, "dg14"),
        (0x010F, "dg15"),
    ];
    let chip = profile.chip(b"peers").map_err(|error| error.to_string())?;
    let files = chip.file_system();
    let mut found = BTreeMap::new();
    for directory in files.applications.iter().chain([&files.master_file]) {
        for file in &directory.files {
            if let Some((_, name)) = NAMES.iter().find(|(fid, _)| *fid == file.fid) {
                found.insert(*name, file.content.clone());
            }
        }
    }
    Ok(found)
}
