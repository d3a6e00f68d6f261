//! The official test plan for inspection systems, played and printed.

use crate::cargo;
use anyhow::Result;
use std::process::Command;

/// Builds, and runs `conformity` with `options` until it ends. Over pcscd it takes the one that knows readers.
pub(crate) fn run(options: &[String]) -> Result<()> {
    let (package, program) = if options.iter().any(|option| option == "--pcscd") {
        ("hardware-tests", "conformity-pcscd")
    } else {
        ("conformity", "conformity")
    };
    cargo::run(&mut cargo::command(
        &cargo::root(),
        &["build", "--quiet", "--package", package, "--bin", program],
    ))?;
    let options = options.iter().filter(|option| *option != "--pcscd");
    cargo::run(Command::new(cargo::built(program)).args(options))
}
