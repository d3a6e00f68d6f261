//! `rda verify` and `rda inspect`, as a person runs them.
#![cfg(feature = "simulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use icao::simulator::{Profile, csca_certificates};
use serde_json::Value;

fn rda(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rda"))
        .args(arguments)
        .output()
        .unwrap()
}

/// The files of a simulated licence under their identifiers.
fn save_licence(folder: &Path) {
    let files = folder.join("licence");
    fs::create_dir_all(&files).unwrap();
    let chip = Profile::NlLicence2020.chip(b"").unwrap();
    for file in &chip.file_system().applications[0].files {
        fs::write(files.join(format!("ef{:04x}", file.fid)), &file.content).unwrap();
    }
}

/// The files of a simulated passport as another program would name them, and the certificates to trust.
fn save(folder: &Path) {
    let files = folder.join("files");
    fs::create_dir_all(&files).unwrap();
    fs::create_dir_all(folder.join("csca")).unwrap();
    let chip = Profile::NlPassport2024.chip(b"").unwrap();
    for file in &chip.file_system().applications[0].files {
        let name = match file.fid & 0xFF {
            0x1D => "EF.SOD".to_owned(),
            0x1E => "com.BIN".to_owned(),
            number @ 1..=16 => format!("Datagroup{number}.bin"),
            _ => continue,
        };
        fs::write(files.join(name), &file.content).unwrap();
    }
    for (index, csca) in csca_certificates().unwrap().iter().enumerate() {
        fs::write(folder.join(format!("csca/{index}.cer")), &csca.der).unwrap();
    }
}

#[test]
fn saved_files_are_judged_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    save(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (files, csca) = (path("files"), path("csca"));
    let verify = |more: &[&str]| {
        let command = ["verify", "--files", &files, "--at", "2026-09-01", "--json"];
        let output = rda(&[&command[..], more].concat());
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), report)
    };
    let (code, report) = verify(&["--trust", &csca]);
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(report["verdict"], "passed");
    assert_eq!(
        (&report["kind"], &report["state"]),
        (&"passport".into(), &"NLD".into())
    );
    assert_eq!(report["state_from"], "dg1");
    let check = |report: &Value, name: &str| {
        let checks = report["checks"].as_array().unwrap();
        let found = checks.iter().find(|check| check["name"] == name);
        found.unwrap_or_else(|| panic!("no check {name}: {report:#}"))["outcome"].clone()
    };
    for name in [
        "signature",
        "chain",
        "validity",
        "usage",
        "DG1 hash",
        "DG1 content",
        "DG2 content",
        "EF.COM",
    ] {
        assert_eq!(check(&report, name), "passed", "{name}");
    }
    // The specimen is to the letter.
    assert_eq!(verify(&["--trust", &csca, "--strict"]).0, Some(0));
    let (code, report) = verify(&["--trust", &csca, "--inspection"]);
    assert_eq!((code, &report["policy"]), (Some(0), &"inspection".into()));

    let (code, report) = verify(&[]);
    assert_eq!((code, &report["verdict"]), (Some(2), &"untrusted".into()));
    let (code, report) = verify(&["--trust", &csca, "--state", "UTO"]);
    assert_eq!((code, &report["verdict"]), (Some(2), &"failed".into()));

    let dg1 = folder.path().join("files/Datagroup1.bin");
    let genuine = fs::read(&dg1).unwrap();
    let mut changed = genuine.clone();
    changed[20] ^= 1;
    fs::write(&dg1, &changed).unwrap();
    let (code, report) = verify(&["--trust", &csca]);
    assert_eq!(
        (code, &check(&report, "DG1 hash")),
        (Some(2), &"failed".into())
    );
    fs::write(folder.path().join("files/DG1.bin"), &changed).unwrap();
    let (_, report) = verify(&["--trust", &csca]);
    assert_eq!(report["ignored"][0], "Datagroup1.bin", "the same again");
    fs::write(folder.path().join("files/DG1.bin"), &genuine).unwrap();
    let twice = rda(&["verify", "--files", &files]);
    assert_eq!(twice.status.code(), Some(1), "two files are DG1");
    fs::remove_file(folder.path().join("files/DG1.bin")).unwrap();

    fs::write(&dg1, genuine).unwrap();
    let mut shown = Vec::new();
    for file in fs::read_dir(&files).unwrap() {
        shown.push(file.unwrap().path().display().to_string());
    }
    shown.push(path("csca/0.cer"));
    let arguments: Vec<&str> = ["inspect"]
        .into_iter()
        .chain(shown.iter().map(String::as_str))
        .collect();
    let output = rda(&arguments);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    for part in [
        "EF.SOD",
        "certificate",
        "issuing state            NLD",
        "JPEG",
        "Chip Authentication key",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert_eq!(rda(&["inspect", &path("missing")]).status.code(), Some(1));
}

#[test]
fn a_licence_is_judged_by_the_issuers_of_licences() {
    let folder = tempfile::tempdir().unwrap();
    save(folder.path());
    save_licence(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (files, csca) = (path("licence"), path("csca"));
    let verify = |more: &[&str]| {
        let command = ["verify", "--files", &files, "--at", "2026-09-01", "--json"];
        let output = rda(&[&command[..], &["--trust", &csca], more].concat());
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), report)
    };
    let (code, report) = verify(&[]);
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(
        (&report["kind"], &report["state"], &report["state_from"]),
        (&"driving-licence".into(), &"NLD".into(), &"dg1".into())
    );
    let checks = report["checks"].as_array().unwrap();
    for name in [
        "DG1 content",
        "DG12 content",
        "DG14 and DG13 content",
        "EF.COM",
    ] {
        let check = checks.iter().find(|check| check["name"] == name);
        assert_eq!(check.unwrap()["outcome"], "passed", "{name}: {report:#}");
    }
}

/// Whatever lies there: a verdict or a reason, and no panic.
#[test]
fn what_is_broken_is_told() {
    let folder = tempfile::tempdir().unwrap();
    save(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (files, csca) = (path("files"), path("csca"));
    let verify = || {
        let output = rda(&["verify", "--files", &files, "--trust", &csca, "--json"]);
        (output.status.code(), output.stdout)
    };
    let sod = folder.path().join("files/EF.SOD");
    let genuine = fs::read(&sod).unwrap();
    for len in [0, 1, 2, 5, 40, genuine.len() / 2, genuine.len() - 1] {
        fs::write(&sod, &genuine[..len]).unwrap();
        let (code, stdout) = verify();
        assert_eq!(code, Some(2), "{len}");
        let report: Value = serde_json::from_slice(&stdout).unwrap();
        assert_eq!(report["verdict"], "failed");
        let reason = report["reason"].as_str().unwrap();
        assert!(reason.starts_with("EF.SOD"), "{reason}");
    }
    fs::remove_file(&sod).unwrap();
    assert_eq!(verify(), (Some(1), Vec::new()), "nothing is signed");
    fs::write(&sod, &genuine).unwrap();
    // A folder to trust may hold anything; what was once a certificate is told.
    fs::write(folder.path().join("csca/README"), "Certificates").unwrap();
    fs::write(
        folder.path().join("csca/picture.png"),
        b"\x89PNG\r\n\x1a\n\0\0",
    )
    .unwrap();
    let certificate = fs::read(folder.path().join("csca/0.cer")).unwrap();
    let (half, _) = certificate.split_at(certificate.len() / 2);
    fs::write(folder.path().join("csca/cut.cer"), half).unwrap();
    let (_, stdout) = verify();
    let report: Value = serde_json::from_slice(&stdout).unwrap();
    assert_eq!(report["refused"].as_array().unwrap().len(), 1, "{report:#}");
}
