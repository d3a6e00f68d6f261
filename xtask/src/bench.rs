//! Figures, each beside its limit: `cargo xtask bench`. No test depends on them.
//!
//! A section is a program that prints a table, or one JSON object under `--json`, and a line in [`SECTIONS`]. All are built as
//! they are shipped, with optimisation; counts do not depend on that, times do.

use crate::{cargo, package, packages};
use anyhow::{Context as _, Result, bail};
use std::process::{Command, Stdio};

/// Name, and the program that measures it.
const SECTIONS: &[(&str, &str)] = &[
    ("contact", "measure-contact"),
    ("verification", "measure-verification"),
    ("desktop", "measure-desktop"),
    ("server", "measure-server"),
];

/// What they measure, and with what.
const PROGRAMS: &[&str] = &["rda", "rda-login", "virtual-chip"];

/// The names of all sections.
pub(crate) fn names() -> Vec<&'static str> {
    SECTIONS.iter().map(|(name, _)| *name).collect()
}

/// Measures all sections, or the one named.
///
/// # Errors
/// If a program does not build or fails.
pub(crate) fn run(json: bool, only: Option<&str>) -> Result<()> {
    if !packages::ensure()? {
        bail!("the packages above are missing");
    }
    let mut build = cargo::command(
        &cargo::root(),
        &[
            "build",
            "--release",
            "--package",
            "rda",
            "--package",
            "rda-login",
            "--package",
            "hardware-tests",
            "--features",
            "rda/simulator,hardware-tests/measure",
        ],
    );
    let measured = SECTIONS
        .iter()
        .filter(|(name, _)| only.is_none_or(|only| only == *name));
    for program in PROGRAMS.iter().chain(measured.map(|(_, program)| program)) {
        build.args(["--bin", program]);
    }
    cargo::run(&mut build)?;
    cargo::run(&mut cargo::command(&cargo::peers(), &["build", "--locked"]))?;
    let mut found = serde_json::Map::new();
    for (name, program) in SECTIONS {
        if only.is_some_and(|only| only != *name) {
            continue;
        }
        let mut command = Command::new(cargo::released(program));
        // What a citizen gets has no simulated document in it.
        if *name == "desktop" {
            let shipped = package::build(&cargo::root(), "rda")?;
            command.arg("--daemon").arg(shipped);
        }
        if json {
            command.arg("--json").stdout(Stdio::piped());
        } else {
            println!("== {name}");
        }
        let output = command
            .spawn()
            .and_then(std::process::Child::wait_with_output)
            .with_context(|| format!("cannot start {program}"))?;
        if !output.status.success() {
            bail!("{program} failed");
        }
        if json {
            let section =
                serde_json::from_slice(&output.stdout).with_context(|| program.to_string())?;
            found.insert((*name).to_owned(), section);
        } else {
            println!();
        }
    }
    if json {
        println!("{}", serde_json::Value::from(found));
    }
    Ok(())
}
