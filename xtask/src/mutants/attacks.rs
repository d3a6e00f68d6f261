//! Takes the controls of docs/threat-model.md out, and sees whether the tests of their rows notice.
//!
//! Each mutant names a row of the table and a test of that row, which has to fail. A row of which no control can be taken out says
//! why. The tests run as in continuous integration: what they lack is a failure.

use super::{Mutant, SWITCH, mutated_copy, needed, tables};
use crate::cargo;
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const LISTS: [&str; 2] = ["xtask/mutants/daemon.toml", "xtask/mutants/login.toml"];
/// A test that takes longer hangs for want of the control, which is to notice it.
const PATIENCE: Duration = Duration::from_secs(180);

struct Entry {
    mutant: Mutant,
    row: usize,
    test: Test,
}

/// A row without a mutant.
struct Unmutated {
    row: usize,
    why: String,
}

/// A test, as the table of attacks names it: file and function.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Test {
    program: Program,
    /// With the modules that it is in.
    name: String,
}

/// A program of tests.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Program {
    /// Folder of the package.
    package: String,
    /// File of its own in `tests`; `None` are the tests within the library.
    file: Option<String>,
}

impl Test {
    fn read(place: &str) -> Option<Self> {
        let (file, function) = place.split_once("::")?;
        let file = file.strip_suffix(".rs")?;
        let (program, module) = if let Some((package, inner)) = file.split_once("/src/") {
            let program = Program {
                package: package.to_owned(),
                file: None,
            };
            (program, format!("{inner}/tests/"))
        } else {
            let (package, inner) = file.split_once("/tests/")?;
            let (file, module) = match inner.split_once('/') {
                Some((file, module)) => (file, format!("{module}/")),
                None => (inner, String::new()),
            };
            let program = Program {
                package: package.to_owned(),
                file: Some(file.to_owned()),
            };
            (program, module)
        };
        let name = format!("{module}{function}").replace('/', "::");
        Some(Self { program, name })
    }
}

fn list() -> Result<(Vec<Entry>, Vec<Unmutated>)> {
    let row = |entry: &toml::Value| {
        let row = entry.get("row").and_then(toml::Value::as_integer);
        let row = row.and_then(|row| usize::try_from(row).ok());
        row.context("no row")
    };
    let (mut entries, mut unmutated) = (Vec::new(), Vec::new());
    for list in LISTS {
        for entry in tables(list, "mutant")? {
            let test = needed(&entry, "test")?;
            entries.push(Entry {
                mutant: Mutant::read(&entry)?,
                row: row(&entry)?,
                test: Test::read(&test).with_context(|| format!("no test: {test}"))?,
            });
        }
        for entry in tables(list, "unmutated")? {
            unmutated.push(Unmutated {
                row: row(&entry)?,
                why: needed(&entry, "why")?,
            });
        }
    }
    Ok((entries, unmutated))
}

/// Plays all mutants.
///
/// # Errors
/// If a test fails without a mutant, or does not notice one.
pub(crate) fn run() -> Result<String> {
    let (entries, unmutated) = list()?;
    let copy = mutated_copy(entries.iter().map(|entry| &entry.mutant))?;
    let tests: BTreeSet<&Test> = entries.iter().map(|entry| &entry.test).collect();
    let built = build(&copy, &tests)?;
    let played = play(&copy, &built, &entries, &tests);
    // The ordinary programs must not be left as the mutants' ones.
    for program in &built.programs {
        fs::remove_file(program).context("cannot remove a mutated program")?;
    }
    played?;
    for Unmutated { row, why } in &unmutated {
        println!("row {row}: no control taken out ({why})");
    }
    Ok(format!(
        "{} controls taken out, each noticed by the test of its row; {} rows say why there is none",
        entries.len(),
        unmutated.len()
    ))
}

/// What a build has made.
struct Built {
    tests: BTreeMap<Program, PathBuf>,
    programs: Vec<PathBuf>,
}

fn build(copy: &Path, tests: &BTreeSet<&Test>) -> Result<Built> {
    let mut build = cargo::command(
        copy,
        &[
            "test",
            "--no-run",
            "--quiet",
            "--workspace",
            "--all-features",
            "--lib",
            "--message-format=json",
        ],
    );
    let files: BTreeSet<_> = tests
        .iter()
        .filter_map(|t| t.program.file.as_ref())
        .collect();
    for file in files {
        build.arg("--test").arg(file);
    }
    let output = build
        .env("CARGO_TARGET_DIR", cargo::target())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    let said = String::from_utf8(output.stdout)?;
    let messages = said
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let messages: Vec<Value> = messages.collect();
    if !output.status.success() {
        let errors = messages.iter().filter(|m| m["message"]["level"] == "error");
        let errors = errors.filter_map(|m| m["message"]["rendered"].as_str());
        bail!("the copy does not build: {}", errors.collect::<String>());
    }
    let mut built = Built {
        tests: BTreeMap::new(),
        programs: Vec::new(),
    };
    for message in &messages {
        let Some(executable) = message["executable"].as_str() else {
            continue;
        };
        let target = &message["target"];
        if message["profile"]["test"] != true {
            built.programs.push(executable.into());
            continue;
        }
        let manifest = Path::new(message["manifest_path"].as_str().unwrap_or_default());
        let package = manifest.parent().and_then(|p| p.strip_prefix(copy).ok());
        let (Some(package), Some(name)) = (package, target["name"].as_str()) else {
            continue;
        };
        let program = Program {
            package: package.to_string_lossy().into_owned(),
            file: (target["kind"][0] == "test").then(|| name.to_owned()),
        };
        built.tests.insert(program, executable.into());
    }
    Ok(built)
}

fn play(copy: &Path, built: &Built, entries: &[Entry], tests: &BTreeSet<&Test>) -> Result<()> {
    let mut wrong = Vec::new();
    for test in tests {
        if !passes(copy, built, test, None)? {
            wrong.push(format!("{} fails without a mutant", test.name));
        }
    }
    for (number, entry) in entries.iter().enumerate() {
        if passes(copy, built, &entry.test, Some(number))? {
            let (row, what) = (entry.row, &entry.mutant.what);
            wrong.push(format!(
                "row {row}: {} does not notice: {what}",
                entry.test.name
            ));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        bail!("{}", wrong.join("\n"))
    }
}

fn passes(copy: &Path, built: &Built, test: &Test, mutant: Option<usize>) -> Result<bool> {
    let name = &test.name;
    let program = built.tests.get(&test.program);
    let program = program.with_context(|| format!("no program has the test {name}"))?;
    // A file, which no child of the test can hold up.
    let heard = copy.join("said");
    let mut command = Command::new(program);
    command
        .args(["--exact", name])
        .current_dir(copy.join(&test.program.package))
        .env("CI", "true")
        .env_remove(SWITCH)
        .stdin(Stdio::null())
        .stdout(File::create(&heard)?)
        .stderr(Stdio::null());
    if let Some(number) = mutant {
        command.env(SWITCH, number.to_string());
    }
    let mut child = command.spawn().context("cannot start a test")?;
    let end = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > end {
            child.kill()?;
            child.wait()?;
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let said = String::from_utf8_lossy(&fs::read(&heard)?).into_owned();
    ensure!(
        status.success() == said.contains(" 1 passed;"),
        "{name} did not run: {said}"
    );
    Ok(status.success())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threat_model;

    #[test]
    fn every_row_has_a_mutant_or_says_why_not() -> Result<()> {
        let rows = threat_model::table()?;
        let (entries, unmutated) = list()?;
        for entry in &entries {
            crate::mutants::tests::has_its_place(&entry.mutant);
            let tests = rows.iter().filter(|(row, _)| *row == entry.row);
            let mut tests = tests.flat_map(|(_, tests)| tests);
            assert!(
                tests.any(|test| Test::read(test).as_ref() == Some(&entry.test)),
                "row {} has no test {}",
                entry.row,
                entry.test.name
            );
        }
        for (row, _) in rows {
            let mutated = entries.iter().any(|entry| entry.row == row);
            let explained = unmutated.iter().any(|entry| entry.row == row);
            assert!(mutated != explained, "row {row}");
        }
        Ok(())
    }

    #[test]
    fn tests_are_found_by_their_files() {
        for (place, package, file, name) in [
            (
                "daemon/tests/gate/attacks.rs::a",
                "daemon",
                Some("gate"),
                "attacks::a",
            ),
            ("login/tests/pages.rs::b", "login", Some("pages"), "b"),
            (
                "login/src/trust/store.rs::c",
                "login",
                None,
                "trust::store::tests::c",
            ),
        ] {
            let test = Test::read(place);
            let wanted = Test {
                program: Program {
                    package: package.to_owned(),
                    file: file.map(str::to_owned),
                },
                name: name.to_owned(),
            };
            assert!(test == Some(wanted), "{place}");
        }
    }
}
