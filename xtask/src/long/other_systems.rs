//! The daemon and librda for Windows and macOS, as far as the compiler can judge them without linking.

use crate::cargo;
use anyhow::{Context as _, Result};
use std::process::Command;

/// Target, and the system it stands for.
const TARGETS: [(&str, &str); 2] = [
    ("x86_64-pc-windows-gnu", "Windows"),
    ("aarch64-apple-darwin", "macOS"),
];

/// What runs on citizens' computers, and what integrators take.
const PACKAGES: [&str; 2] = ["rda", "rda-ffi"];

/// Checks both for each target whose standard library is installed, and says which is not.
pub(super) fn run() -> Result<String> {
    let installed = installed()?;
    let mut figures = Vec::new();
    for (target, system) in TARGETS {
        if !installed.lines().any(|line| line == target) {
            figures.push(format!("{system} NOT TESTED: rustup target add {target}"));
            continue;
        }
        let mut command = cargo::command(&cargo::root(), &["check", "--locked", "--target"]);
        command.arg(target);
        for package in PACKAGES {
            command.args(["--package", package]);
        }
        cargo::run(&mut command)?;
        figures.push(format!("{system} compiles"));
    }
    Ok(figures.join(", "))
}

/// The targets that rustup has; none where Rust came another way.
fn installed() -> Result<String> {
    match Command::new("rustup")
        .args(["target", "list", "--installed"])
        .output()
    {
        Ok(output) => Ok(String::from_utf8(output.stdout)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error).context("cannot start rustup"),
    }
}
