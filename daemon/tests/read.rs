//! `rda read` of every simulated document: what the checks say, and what leaves the program.
#![cfg(feature = "simulator")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use icao::simulator::{Profile, csca_certificates};
use tempfile::TempDir;

/// A time at which the specimens' certificates are valid.
const TIME: &str = "2026-06-01";

fn anchors() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (number, certificate) in csca_certificates().unwrap().iter().enumerate() {
        fs::write(
            folder.path().join(format!("{number}.cer")),
            &certificate.der,
        )
        .unwrap();
    }
    folder
}

fn access(profile: Profile) -> String {
    let holder = profile.holder();
    format!(
        "{}\n{}\n{}\n",
        holder.document_number, holder.date_of_birth, holder.date_of_expiry
    )
}

fn rda_read(profile: Profile, access: &str, arguments: &[&str]) -> Output {
    let mut process = Command::new(env!("CARGO_BIN_EXE_rda"))
        .args([
            "read",
            "--simulate",
            profile.name(),
            "--access-file",
            "-",
            "--at",
            TIME,
        ])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    process
        .stdin
        .take()
        .unwrap()
        .write_all(access.as_bytes())
        .unwrap();
    process.wait_with_output().unwrap()
}

fn checks(output: &Output) -> serde_json::Value {
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    summary["checks"].clone()
}

#[test]
fn each_check_says_what_is_true_of_each_document() {
    let anchors = anchors();
    let trust = ["--json", "--trust", anchors.path().to_str().unwrap()];
    for (profile, status, active, chip, dg1) in [
        (
            Profile::NlPassport2011,
            0,
            "passed",
            "not_supported",
            "passed",
        ),
        (Profile::NlId2014, 0, "passed", "passed", "passed"),
        (Profile::NlPassport2024, 0, "passed", "passed", "passed"),
        (Profile::PaceP256, 0, "passed", "passed", "passed"),
        (Profile::Clone, 2, "failed", "failed", "passed"),
        (Profile::Tampered, 2, "passed", "passed", "failed"),
    ] {
        let output = rda_read(profile, &access(profile), &trust);
        let checks = checks(&output);
        let outcome = |name: &str| checks[name]["outcome"].as_str().unwrap().to_owned();
        assert_eq!(
            outcome("passive_authentication"),
            "passed",
            "{}: {checks}",
            profile.name()
        );
        assert_eq!(outcome("chain"), "passed", "{}", profile.name());
        assert_eq!(
            outcome("active_authentication"),
            active,
            "{}",
            profile.name()
        );
        assert_eq!(outcome("chip_authentication"), chip, "{}", profile.name());
        assert_eq!(
            checks["data_groups"]["DG1"]["outcome"],
            dg1,
            "{}",
            profile.name()
        );
        assert_eq!(output.status.code(), Some(status), "{}", profile.name());
    }
}

#[test]
fn licences_are_read_by_their_line_and_by_their_number() {
    let anchors = anchors();
    let trust = anchors.path().to_str().unwrap();
    let line = |profile: Profile| profile.holder().mrz_lines(profile.form()).concat();
    for (profile, access, chip) in [
        (
            Profile::NlLicence2014,
            line(Profile::NlLicence2014),
            "not_supported",
        ),
        (
            Profile::NlLicence2020,
            line(Profile::NlLicence2020),
            "passed",
        ),
        (
            Profile::NlLicence2020,
            Profile::NlLicence2020.holder().can.unwrap().to_owned(),
            "passed",
        ),
    ] {
        let output = rda_read(profile, &access, &["--licence", "--json", "--trust", trust]);
        let checks = checks(&output);
        for (check, wanted) in [
            ("passive_authentication", "passed"),
            ("active_authentication", "passed"),
            ("chip_authentication", chip),
            ("chip_authentication_mapping", "not_supported"),
        ] {
            assert_eq!(checks[check]["outcome"], wanted, "{check}: {checks}");
        }
        for group in ["DG1", "DG11", "DG12", "DG13"] {
            assert_eq!(checks["data_groups"][group]["outcome"], "passed", "{group}");
        }
        assert_eq!(output.status.code(), Some(0), "{}", profile.name());
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(!printed.contains(profile.holder().document_number));
    }
}

#[test]
fn without_trust_anchors_nothing_is_more_than_untrusted() {
    let profile = Profile::NlPassport2024;
    let output = rda_read(profile, &access(profile), &["--json"]);
    assert_eq!(output.status.code(), Some(0));
    let checks = checks(&output);
    for name in [
        "passive_authentication",
        "active_authentication",
        "chip_authentication",
    ] {
        assert_eq!(checks[name]["outcome"], "passed_untrusted", "{name}");
    }

    // Anchors of somebody else, asked for and not found: no success.
    let anchors = tempfile::tempdir().unwrap();
    let output = rda_read(
        profile,
        &access(profile),
        &["--trust", anchors.path().to_str().unwrap()],
    );
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn nothing_of_the_holder_is_printed_and_files_are_for_their_owner_alone() {
    let profile = Profile::NlId2014;
    let holder = profile.holder();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("files");
    let output = rda_read(profile, &access(profile), &["--out", out.to_str().unwrap()]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed);
    for datum in [
        holder.document_number,
        holder.date_of_birth,
        holder.date_of_expiry,
        holder.bsn,
        "JANSEN",
    ] {
        assert!(!printed.contains(datum), "{datum} was printed");
    }
    let dg1 = fs::read(out.join("DG1.bin")).unwrap();
    assert!(String::from_utf8_lossy(&dg1).contains(holder.document_number));
    for name in ["EF_SOD", "EF_COM", "EF_CardAccess", "DG2", "DG14", "DG15"] {
        assert!(out.join(format!("{name}.bin")).exists(), "{name}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(out.join("DG1.bin"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn wrong_access_data_end_with_a_word_that_says_so() {
    let profile = Profile::NlPassport2011;
    let output = rda_read(profile, "WRONG0001\n700101\n300101\n", &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("the chip refused the access data (1 tried)"),
        "{said}"
    );
    assert!(!said.contains("WRONG0001"));

    let output = rda_read(profile, "not access data", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("not access data"));
}

/// `rda read | head`: whoever reads the output may stop.
#[test]
fn a_reader_of_the_output_that_has_had_enough_is_no_failure() {
    let profile = Profile::PaceP256;
    let mut process = Command::new(env!("CARGO_BIN_EXE_rda"))
        .args(["read", "--simulate", profile.name(), "--access-file", "-"])
        .args(["--at", TIME])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(process.stdout.take());
    let mut stdin = process.stdin.take().unwrap();
    stdin.write_all(access(profile).as_bytes()).unwrap();
    drop(stdin);
    let output = process.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}
