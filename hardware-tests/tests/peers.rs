//! Foreign readers read our chips through pcscd: what others wrote from the same standards must find nothing amiss.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use anyhow::{Context as _, Result, anyhow};
use hardware_tests::desk;
use hardware_tests::need;
use hardware_tests::pcscd::{self, Pcscd};
use icao::simulator::{self, Profile};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

/// What a foreign reader printed, and what `virtual-chip` logged meanwhile.
struct Reading {
    found: Value,
    log: String,
}

impl Reading {
    fn files(&self) -> BTreeMap<&str, Vec<u8>> {
        let files = self.found["files"].as_object().expect("files were read");
        files
            .iter()
            .map(|(name, bytes)| (name.as_str(), from_hex(bytes.as_str().unwrap())))
            .collect()
    }
}

fn from_hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// Has `reader` read `profile`, as a process of its own, a chip in a process of its own, and a pcscd between them.
fn read(reader: &str, access: &str, profile: Profile) -> Result<Option<Reading>> {
    let what = format!("{reader} reads {} by {access}", profile.name());
    let (true, Some(reader)) = (need::all(&what, &pcscd::NEEDS)?, need::peer(reader)?) else {
        return Ok(None);
    };
    let pcscd = Pcscd::start()?;
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("chip.log");
    let _chip = desk::lay(profile, pcscd.slot(0), Some(&log))?;

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

/// The files as the chip has them.
fn on_chip(profile: Profile) -> Result<BTreeMap<&'static str, Vec<u8>>> {
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
    let chip = profile.chip(b"peers")?;
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

/// Every file that was read is the chip's byte for byte, and those `wanted` were read.
fn check(reading: &Reading, profile: Profile, wanted: &[&str]) -> Result<()> {
    assert_eq!(
        reading.found["error"],
        Value::Null,
        "{}\n{}",
        reading.found,
        reading.log
    );
    let files = reading.files();
    for name in wanted {
        assert!(
            files.contains_key(name),
            "{name} is missing: {:?}",
            files.keys()
        );
    }
    let chip = on_chip(profile)?;
    for (name, bytes) in files {
        let own = chip
            .get(name)
            .ok_or_else(|| anyhow!("{name} is not on the chip"))?;
        assert_eq!(&bytes, own, "{name}");
    }
    Ok(())
}

const ALL_FILES: [&str; 6] = ["com", "sod", "dg1", "dg2", "dg14", "dg15"];

#[test]
fn emrtd_reads_by_bac() -> Result<()> {
    for profile in [
        Profile::NlPassport2011,
        Profile::NlId2014,
        Profile::PaceP256,
    ] {
        if let Some(reading) = read("read-with-emrtd", "bac", profile)? {
            check(&reading, profile, &["com", "sod", "dg1", "dg2"])?;
        }
    }
    Ok(())
}

#[test]
fn dmrtd_reads_by_bac() -> Result<()> {
    if let Some(reading) = read("read-with-dmrtd", "bac", Profile::NlPassport2011)? {
        check(
            &reading,
            Profile::NlPassport2011,
            &["com", "sod", "dg1", "dg2", "dg15"],
        )?;
        assert_eq!(reading.found["passive_authentication"], "trusted");
        assert_eq!(reading.found["active_authentication"], "passed");
    }
    if let Some(reading) = read("read-with-dmrtd", "bac", Profile::PaceP256)? {
        check(&reading, Profile::PaceP256, &ALL_FILES)?;
        assert_eq!(reading.found["passive_authentication"], "trusted");
    }
    Ok(())
}

#[test]
fn dmrtd_reads_by_pace() -> Result<()> {
    for access in ["pace-mrz", "pace-can"] {
        if let Some(reading) = read("read-with-dmrtd", access, Profile::PaceP256)? {
            check(&reading, Profile::PaceP256, &["card_access"])?;
            check(&reading, Profile::PaceP256, &ALL_FILES)?;
            assert_eq!(reading.found["passive_authentication"], "trusted");
            assert!(
                reading.log.contains("10860000"),
                "GENERAL AUTHENTICATE: {}",
                reading.log
            );
        }
    }
    Ok(())
}
