//! librda as it is released, and random calls under AddressSanitizer.
//!
//! First the release profile: exported are the functions of the list and nothing else. Then the library's own tests with a
//! nightly compiler and `-Zsanitizer=address`, the random calls among them for `RDA_LIBRDA_MINUTES` (20 unless set).

use crate::{cargo, librda};
use anyhow::{Context as _, Result, bail, ensure};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Both; one line of figures.
pub(super) fn run() -> Result<String> {
    let exported = released()?;
    let calls = sanitized()?;
    Ok(format!(
        "{exported} functions exported by the release; {calls}"
    ))
}

/// Builds the release and compares what it exports.
fn released() -> Result<usize> {
    librda::build()?;
    let library = cargo::built("").with_file_name("librda").join("librda.so");
    let output = Command::new("nm")
        .args(["--dynamic", "--defined-only", "--format=just-symbols"])
        .arg(&library)
        .output()
        .context("nm")?;
    let found = String::from_utf8(output.stdout)?;
    let mut found: Vec<&str> = found.lines().collect();
    found.sort_unstable();
    let kept = fs::read_to_string(cargo::root().join("ffi/abi/librda.symbols"))?;
    ensure!(
        found == kept.lines().collect::<Vec<_>>(),
        "the release exports other symbols than ffi/abi/librda.symbols lists: {found:?}"
    );
    // What is not exported could still be in it.
    let bytes = fs::read(&library)?;
    for name in ["SPECIMEN BAKKER", "nl-passport-2024"] {
        ensure!(
            !bytes
                .windows(name.len())
                .any(|window| window == name.as_bytes()),
            "the release holds the simulated chip"
        );
    }
    Ok(found.len())
}

/// The library's own tests, instrumented.
fn sanitized() -> Result<String> {
    let minutes = std::env::var("RDA_LIBRDA_MINUTES").unwrap_or_else(|_| "20".to_owned());
    let mut tests = Command::new("cargo");
    tests
        .args(["+nightly", "test", "--package", "rda-ffi", "--lib"])
        .args(["--target", TARGET, "--target-dir"])
        .arg(cargo::built("").with_file_name("sanitized"))
        .args(["--", "--nocapture"])
        .env("RUSTFLAGS", "-Zsanitizer=address")
        .env("RDA_LONG", "1")
        .env("RDA_LIBRDA_MINUTES", minutes)
        .env_remove("CARGO")
        .current_dir(cargo::root())
        .stdout(Stdio::piped());
    let mut child = tests
        .spawn()
        .context("cargo +nightly: is rustup there, with a nightly compiler?")?;
    let mut calls = None;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            println!("{line}");
            if let Some((_, figures)) = line.split_once("random calls: ") {
                calls = Some(figures.to_owned());
            }
        }
    }
    if !child.wait()?.success() {
        bail!("the tests of librda fail under AddressSanitizer");
    }
    calls.context("the random calls did not run")
}
