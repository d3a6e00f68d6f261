//! Builds the three programs of the demonstration and runs it.

use crate::cargo;
use anyhow::Result;
use std::process::Command;

/// Builds, and runs `demo` with `options` until it ends.
pub(crate) fn run(options: &[String]) -> Result<()> {
    let mut build = cargo::command(
        &cargo::root(),
        &[
            "build",
            "--quiet",
            "--package",
            "rda",
            "--package",
            "rda-login",
            "--package",
            "hardware-tests",
            "--bins",
            "--features",
            "rda/simulator",
        ],
    );
    eprintln!("building (the first time takes some minutes)");
    cargo::run(&mut build)?;
    cargo::run(Command::new(cargo::built("demo")).args(options))
}
