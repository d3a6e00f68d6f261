//! Foreign readers read our chips through pcscd: what others wrote from the same standards must find nothing amiss.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use anyhow::Result;
use hardware_tests::matrix::readers::{check, on_chip, read, read_as};
use icao::simulator::Profile;
use rand_core::UnwrapErr;
use rsa::RsaPrivateKey;
use rsa::pkcs8::EncodePrivateKey as _;
use std::path::Path;

const ALL_FILES: [&str; 6] = ["com", "sod", "dg1", "dg2", "dg14", "dg15"];

#[test]
fn emrtd_reads_by_bac() -> Result<()> {
    for profile in [
        Profile::NlPassport2011,
        Profile::NlId2014,
        Profile::PaceP256,
    ] {
        if let Some(reading) = read("read-with-emrtd", "bac", profile)? {
            check(&reading, profile, &["com", "sod", "dg1", "dg2"]).unwrap();
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
        )
        .unwrap();
        assert_eq!(reading.found["passive_authentication"], "trusted");
        assert_eq!(reading.found["active_authentication"], "passed");
    }
    if let Some(reading) = read("read-with-dmrtd", "bac", Profile::PaceP256)? {
        check(&reading, Profile::PaceP256, &ALL_FILES).unwrap();
        assert_eq!(reading.found["passive_authentication"], "trusted");
    }
    Ok(())
}

#[test]
fn dmrtd_reads_by_pace() -> Result<()> {
    for access in ["pace-mrz", "pace-can"] {
        if let Some(reading) = read("read-with-dmrtd", access, Profile::PaceP256)? {
            check(&reading, Profile::PaceP256, &["card_access"]).unwrap();
            check(&reading, Profile::PaceP256, &ALL_FILES).unwrap();
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

/// What the others say would be worth nothing if they said it of everything.
#[test]
fn dmrtd_notices_a_copy_and_an_altered_file() -> Result<()> {
    const PROFILE: Profile = Profile::NlPassport2011;
    let folder = tempfile::tempdir()?;
    let files = on_chip(PROFILE).map_err(anyhow::Error::msg)?;
    for (name, content) in &files {
        std::fs::write(
            folder
                .path()
                .join(format!("EF_{}.bin", name.to_uppercase())),
            content,
        )?;
    }
    let read_folder = |key: Option<&Path>| {
        let mut document = vec![("--files", folder.path())];
        document.extend(key.map(|key| ("--aa-key", key)));
        read_as("read-with-dmrtd", "bac", PROFILE, &document)
    };
    // The same files: without a private key, and with one as long as the document's own.
    let key = folder.path().join("key.der");
    let own = RsaPrivateKey::new(&mut UnwrapErr(getrandom::SysRng), 1280)?;
    std::fs::write(&key, own.to_pkcs8_der()?.as_bytes())?;
    for key in [None, Some(&*key)] {
        if let Some(reading) = read_folder(key)? {
            check(&reading, PROFILE, &["com", "sod", "dg1", "dg2", "dg15"]).unwrap();
            assert_eq!(reading.found["passive_authentication"], "trusted");
            let said = &reading.found["active_authentication"];
            assert!(said.is_string() && said != "passed", "{said}");
            let signed = |line: &str| line.contains(" 0C880000 ") && line.ends_with(" 9000");
            assert_eq!(
                reading.log.lines().any(signed),
                key.is_some(),
                "INTERNAL AUTHENTICATE: {}",
                reading.log
            );
        }
    }
    let dg1 = files.get("dg1").expect("every document has DG1");
    let name = dg1
        .windows(4)
        .position(|part| part == b"SAAR")
        .expect("the given name");
    let mut altered = dg1.clone();
    altered[name] = b'Z';
    std::fs::write(folder.path().join("EF_DG1.bin"), altered)?;
    if let Some(reading) = read_folder(None)? {
        assert!(
            !reading.found["passive_authentication"].is_null(),
            "{}",
            reading.found["error"]
        );
        assert_ne!(reading.found["passive_authentication"], "trusted");
    }
    Ok(())
}
