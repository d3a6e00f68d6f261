//! Twenty documents over a real pcscd: opened as they should be, read whole, and every proof judged.

#![allow(clippy::unwrap_used)]

use anyhow::{Context as _, Result};
use hardware_tests::desk;
use hardware_tests::need::{self, program};
use hardware_tests::pcscd::{self, Pcscd};
use hardware_tests::variants::{self, Variant};
use icao::lds::Application;
use icao::simulator;
use serde_json::Value;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

/// What `rda read` says of a document.
fn read(variant: &Variant, anchors: &Path) -> Result<Value> {
    let pcscd = Pcscd::start()?;
    let _chip = desk::lay_named(variant.name, pcscd.slot(0), &[])?;
    let mut command = pcscd.client(program("rda")?);
    command
        .args(["read", "--json", "--access-file", "-", "--trust"])
        .arg(anchors);
    if variant.application() == Application::DrivingLicence {
        command.arg("--licence");
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().context("standard input")?;
    stdin.write_all(variant.access_file().as_bytes())?;
    drop(stdin);
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{}: {said}", variant.name);
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[test]
fn documents_of_every_kind_are_read_over_pcscd() -> Result<()> {
    if !need::all("documents of every kind over pcscd", &pcscd::NEEDS)? {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    for (index, certificate) in simulator::csca_certificates()?.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{index}.der")), &certificate.der)?;
    }
    for variant in variants::ALL {
        let found = read(&variant, folder.path())?;
        let name = variant.name;
        assert_eq!(found["access"]["protocol"], variant.access, "{name}");
        let checks = &found["checks"];
        assert_eq!(
            checks["passive_authentication"]["outcome"], "passed",
            "{name}"
        );
        let proofs = [
            "active_authentication",
            "chip_authentication",
            "chip_authentication_mapping",
        ];
        for (check, wanted) in proofs.into_iter().zip(variant.proofs) {
            assert_eq!(
                checks[check]["outcome"], wanted,
                "{name}: {check}: {checks}"
            );
        }
        let groups = checks["data_groups"].as_object().unwrap();
        for (group, outcome) in groups.iter().filter(|(group, _)| *group != "DG3") {
            assert_eq!(outcome["outcome"], "passed", "{name}: {group}");
        }
        println!(
            "{name}: {} commands, {} bytes",
            found["transcript"]["apdus"], found["transcript"]["bytes_received"]
        );
    }
    println!("{} documents over pcscd", variants::ALL.len());
    Ok(())
}
