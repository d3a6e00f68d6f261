//! Every fault with every document over a real pcscd, at the pace of a reader.

use crate::cargo;
use anyhow::{Context as _, Result, bail};
use std::process::Command;

/// Builds, runs the matrix, shows it, and gives its closing line.
pub(super) fn run() -> Result<String> {
    let build = ["build", "--workspace", "--all-features"];
    cargo::run(&mut cargo::command(&cargo::root(), &build))?;
    let output = Command::new(cargo::built("matrix"))
        .arg("--pcscd")
        .output()
        .context("cannot start the matrix")?;
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(said.lines().last().unwrap_or_default().to_owned())
}
