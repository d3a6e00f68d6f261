//! Takes checks out of the library, one at a time, and sees whether the test plan notices.
//!
//! `hardware-tests/conformity/mutants.toml` lists them. All are put into one copy of the sources, each behind a question to the
//! environment, so that one build serves them all; the library itself knows nothing of it. Then each is switched on, and the case
//! that it names is played: it has to end otherwise than the guideline wants. A mutant that no case can notice says why.

use crate::cargo;
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The variable that switches a mutant on, by its number.
const SWITCH: &str = "RDA_MUTANT";

/// What is added to the copy of the library.
const MODULE: &str = "
#[allow(missing_docs, dead_code, unreachable_pub)]
pub(crate) mod mutant {
    pub fn active(number: usize) -> bool {
        static ACTIVE: std::sync::OnceLock<Option<usize>> = std::sync::OnceLock::new();
        *ACTIVE.get_or_init(|| std::env::var(\"RDA_MUTANT\").ok()?.parse().ok()) == Some(number)
    }
}
";

/// One check that is taken out.
struct Mutant {
    what: String,
    file: String,
    text: String,
    mutate: String,
    instead: String,
    case: String,
    survives: Option<String>,
    ci: bool,
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
    play(|mutant| mutant.ci)
}

fn play(wanted: impl Fn(&Mutant) -> bool) -> Result<String> {
    let root = cargo::root();
    let mutants = read(&root.join("hardware-tests/conformity/mutants.toml"))?;
    let copy = cargo::target().join("mutants");
    copy_sources(&root, &copy)?;
    patch(&copy, &mutants)?;
    build(&copy)?;
    let program = cargo::target().join("debug/conformity");

    let (mut caught, mut explained, mut wrong) = (0, 0, Vec::new());
    for (number, mutant) in mutants.iter().enumerate().filter(|(_, m)| wanted(m)) {
        let honest = play_case(&program, &mutant.case, None)?;
        ensure!(
            honest.conforms,
            "{} is not met without a mutant",
            mutant.case
        );
        let noticed = play_case(&program, &mutant.case, Some(number))? != honest;
        match (noticed, &mutant.survives) {
            (true, None) => caught += 1,
            (false, Some(why)) => {
                explained += 1;
                println!("not noticed: {} ({why})", mutant.what);
            }
            (false, None) => {
                wrong.push(format!("{} does not notice: {}", mutant.case, mutant.what))
            }
            (true, Some(_)) => wrong.push(format!("{} does notice: {}", mutant.case, mutant.what)),
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

fn read(path: &Path) -> Result<Vec<Mutant>> {
    let text = fs::read_to_string(path)?;
    let file: toml::Value = toml::from_str(&text)?;
    let list = file.get("mutant").and_then(toml::Value::as_array);
    list.context("no mutants")?
        .iter()
        .map(|entry| {
            let optional = |name: &str| entry.get(name)?.as_str().map(str::to_owned);
            let needed = |name: &str| optional(name).with_context(|| format!("no {name}"));
            let text = needed("text")?;
            Ok(Mutant {
                what: needed("what")?,
                file: needed("file")?,
                mutate: optional("mutate").unwrap_or_else(|| text.clone()),
                text,
                instead: needed("instead")?,
                case: needed("case")?,
                survives: optional("survives"),
                ci: entry.get("ci").is_some(),
            })
        })
        .collect()
}

/// Copies all that the build reads. The folder stays, so that the next time little has to be built.
fn copy_sources(root: &Path, copy: &Path) -> Result<()> {
    if copy.exists() {
        fs::remove_dir_all(copy)?;
    }
    let mut waiting = vec![PathBuf::new()];
    while let Some(folder) = waiting.pop() {
        fs::create_dir_all(copy.join(&folder))?;
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            let name = entry.file_name();
            if name == "target" || name == ".git" || entry.path() == cargo::target() {
                continue;
            }
            if entry.file_type()?.is_dir() {
                waiting.push(path);
            } else {
                fs::copy(entry.path(), copy.join(path))?;
            }
        }
    }
    Ok(())
}

/// Puts every mutant into the copy.
fn patch(copy: &Path, mutants: &[Mutant]) -> Result<()> {
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    for (number, mutant) in mutants.iter().enumerate() {
        let source = match files.get(mutant.file.as_str()) {
            Some(source) => source.clone(),
            None => fs::read_to_string(copy.join(&mutant.file))?,
        };
        let once = |text: &str, part: &str| text.matches(part).count() == 1;
        ensure!(
            once(&source, &mutant.text) && once(&mutant.text, &mutant.mutate),
            "{}: not exactly once: {}",
            mutant.file,
            mutant.what
        );
        let choice = format!(
            "(if crate::mutant::active({number}) {{ {} }} else {{ {} }})",
            mutant.instead, mutant.mutate
        );
        let changed = mutant.text.replace(&mutant.mutate, &choice);
        files.insert(&mutant.file, source.replace(&mutant.text, &changed));
    }
    let mut libraries = BTreeSet::new();
    for (file, source) in &files {
        fs::write(copy.join(file), source)?;
        let (library, _) = file.split_once("/src/").context("a file of a library")?;
        libraries.insert(copy.join(library).join("src/lib.rs"));
    }
    for library in libraries {
        let source = fs::read_to_string(&library)?;
        // What is mutated looks odd, and is not for people to read.
        let source = format!("#![allow(warnings)]\n{source}{MODULE}");
        fs::write(library, source)?;
    }
    Ok(())
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

    /// A list that no longer fits the sources is noticed here, without a build.
    #[test]
    fn every_mutant_stands_in_the_sources_once() -> Result<()> {
        let root = cargo::root();
        let mutants = read(&root.join("hardware-tests/conformity/mutants.toml"))?;
        assert!(mutants.iter().filter(|m| m.survives.is_none()).count() >= 40);
        assert_eq!(mutants.iter().filter(|m| m.ci).count(), 5);
        for mutant in &mutants {
            let source = fs::read_to_string(root.join(&mutant.file)).unwrap_or_default();
            assert_eq!(source.matches(&mutant.text).count(), 1, "{}", mutant.what);
            assert_eq!(
                mutant.text.matches(&mutant.mutate).count(),
                1,
                "{}",
                mutant.what
            );
        }
        Ok(())
    }
}
