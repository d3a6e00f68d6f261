//! `rda` on its own at a real pcscd: it lists readers, and reads and checks a document.

#![allow(clippy::unwrap_used)]

use anyhow::Result;
use hardware_tests::desk;
use hardware_tests::need::{self, program};
use hardware_tests::pcscd::{self, Pcscd};
use icao::simulator::{self, Profile};
use serde_json::Value;
use std::io::Write as _;
use std::process::Stdio;

#[test]
fn readers_are_listed_with_what_lies_on_them() -> Result<()> {
    if !need::all("rda readers", &pcscd::NEEDS)? {
        return Ok(());
    }
    let pcscd = Pcscd::start()?;
    let output = pcscd.client(program("rda")?).arg("readers").output()?;
    let text = String::from_utf8(output.stdout)?;
    assert_eq!(
        text,
        "Virtual reader 00 00: no card\nVirtual reader 00 01: no card\n"
    );
    Ok(())
}

#[test]
fn documents_are_read_and_checked_on_this_computer() -> Result<()> {
    if !need::all("rda read", &pcscd::NEEDS)? {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    for (index, certificate) in simulator::csca_certificates()?.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{index}.der")), &certificate.der)?;
    }
    for (profile, status, active, chip) in [
        (Profile::NlPassport2011, 0, "passed", "not_supported"),
        (Profile::NlId2014, 0, "passed", "passed"),
        (Profile::NlPassport2024, 0, "passed", "passed"),
        (Profile::Clone, 2, "failed", "failed"),
    ] {
        let pcscd = Pcscd::start()?;
        let _chip = desk::lay(profile, pcscd.slot(1), None)?;
        let mut child = pcscd
            .client(program("rda")?)
            .args(["read", "--json", "--access-file", "-", "--trust"])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let holder = profile.holder();
        let access = [
            holder.document_number,
            holder.date_of_birth,
            holder.date_of_expiry,
        ];
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(access.join("\n").as_bytes())?;
        drop(stdin);
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            output.status.code(),
            Some(status),
            "{}: {said}",
            profile.name()
        );
        let found: Value = serde_json::from_slice(&output.stdout)?;
        let outcome = |check: &str| found["checks"][check]["outcome"].clone();
        assert_eq!(
            outcome("passive_authentication"),
            "passed",
            "{}",
            profile.name()
        );
        assert_eq!(
            outcome("active_authentication"),
            active,
            "{}",
            profile.name()
        );
        assert_eq!(outcome("chip_authentication"), chip, "{}", profile.name());
        assert_eq!(
            found["reader"],
            "Virtual reader 00 01",
            "{}",
            profile.name()
        );
    }
    Ok(())
}
