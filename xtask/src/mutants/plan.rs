//! Takes checks out of the library and sees whether the test plan notices.
//!
//! Each mutant of the list names a case of the plan, which then has to end otherwise than the guideline wants. One that no case can
//! notice says why.

use super::{Mutant, SWITCH, mutated_copy, needed, optional, tables};
use crate::cargo;
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

const LIST: &str = "hardware-tests/conformity/mutants.toml";

struct Entry {
    mutant: Mutant,
    case: String,
    survives: Option<String>,
    ci: bool,
}

fn list() -> Result<Vec<Entry>> {
    tables(LIST, "mutant")?
        .iter()
        .map(|entry| {
            Ok(Entry {
                mutant: Mutant::read(entry)?,
                case: needed(entry, "case")?,
                survives: optional(entry, "survives"),
                ci: entry.get("ci").is_some(),
            })
        })
        .collect()
}

/// Plays all mutants.
///
/// # Errors
/// If one is not noticed and does not say why, or is noticed although it says why not.
pub(crate) fn all() -> Result<String> {
    play(|_| true)
}

/// Plays the five that every change repeats.
///
/// # Errors
/// As [`all`].
pub(crate) fn some() -> Result<String> {
    play(|entry| entry.ci)
}

fn play(wanted: impl Fn(&Entry) -> bool) -> Result<String> {
    let entries = list()?;
    build(&mutated_copy(entries.iter().map(|entry| &entry.mutant))?)?;
    let program = cargo::built("conformity");

    let (mut caught, mut explained, mut wrong) = (0, 0, Vec::new());
    for (number, entry) in entries.iter().enumerate().filter(|(_, e)| wanted(e)) {
        let (case, what) = (&entry.case, &entry.mutant.what);
        let honest = play_case(&program, case, None)?;
        ensure!(honest.conforms, "{case} is not met without a mutant");
        let noticed = play_case(&program, case, Some(number))? != honest;
        match (noticed, &entry.survives) {
            (true, None) => caught += 1,
            (false, Some(why)) => {
                explained += 1;
                println!("not noticed: {what} ({why})");
            }
            (false, None) => wrong.push(format!("{case} does not notice: {what}")),
            (true, Some(_)) => wrong.push(format!("{case} does notice: {what}")),
        }
    }
    // The ordinary program must not be left as the mutants' one.
    fs::remove_file(&program).context("cannot remove the mutated program")?;
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(format!(
        "{} checks taken out, {caught} noticed, {explained} explained",
        caught + explained
    ))
}

/// Builds the copy with the dependencies that are built already.
fn build(copy: &Path) -> Result<()> {
    let mut build = cargo::command(
        copy,
        &[
            "build",
            "--quiet",
            "--workspace",
            "--all-features",
            "--bin",
            "conformity",
        ],
    );
    build.env("CARGO_TARGET_DIR", cargo::target());
    cargo::run(&mut build)
}

/// How a case ended.
#[derive(PartialEq, Eq)]
struct Played {
    /// As the guideline wants, under its profile.
    conforms: bool,
    /// With a successful inspection, in the field.
    passes_field: bool,
}

fn play_case(program: &Path, case: &str, mutant: Option<usize>) -> Result<Played> {
    let mut command = Command::new(program);
    command.args(["--json", "--only", case]).env_remove(SWITCH);
    if let Some(number) = mutant {
        command.env(SWITCH, number.to_string());
    }
    let output = command.output().context("cannot start the test plan")?;
    let report: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let outcome = |place: &str| {
        report
            .pointer(place)
            .and_then(Value::as_bool)
            .context("no outcome")
    };
    Ok(Played {
        conforms: outcome("/cases/0/got/0/conforms")?,
        passes_field: outcome("/cases/0/got/1/passed")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutant_stands_in_the_sources_once() -> Result<()> {
        let entries = list()?;
        assert!(entries.iter().filter(|e| e.survives.is_none()).count() >= 40);
        assert_eq!(entries.iter().filter(|e| e.ci).count(), 5);
        for entry in &entries {
            crate::mutants::tests::has_its_place(&entry.mutant);
        }
        Ok(())
    }
}
