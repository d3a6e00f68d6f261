//! Secrets marked as undefined, and valgrind to say where a branch or an address depends on them.

use crate::cargo;
use anyhow::{Context as _, Result, bail};
use std::path::Path;
use std::process::Command;

/// Builds the program as it is released, runs it under memcheck, and gives its figures.
pub(super) fn run() -> Result<String> {
    const VALGRIND: &str = "/usr/bin/valgrind";
    if !Path::new(VALGRIND).exists() {
        bail!("the constant-time check needs valgrind: apt-get install valgrind");
    }
    let example = [
        "--release",
        "--package",
        "icao",
        "--example",
        "constant_time",
    ];
    cargo::run(&mut cargo::command(
        &cargo::root(),
        &[&["build"], &example[..]].concat(),
    ))?;
    let program = cargo::built("x")
        .ancestors()
        .nth(2)
        .context("where cargo builds")?
        .join("release/examples/constant_time");
    let output = Command::new(VALGRIND)
        .args(["--quiet", "--error-limit=no", "--log-file=/dev/null"])
        .arg(program)
        .output()
        .context("cannot start valgrind")?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("not as docs/constant-time.md claims:\n{said}");
    }
    let claims = said.lines().filter(|line| line.starts_with("as claimed"));
    Ok(format!("{} operations as claimed", claims.count()))
}
