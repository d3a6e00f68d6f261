//! Takes checks out of the sources, one at a time, and sees whether what should notice does.
//!
//! A list in TOML says what is taken out. All mutants of a list are put into one copy of the sources, each behind a question to the
//! environment, so that one build serves them all; the product itself knows nothing of it. Then each is switched on in turn.

pub(crate) mod attacks;
pub(crate) mod plan;

use crate::cargo;
use anyhow::{Context as _, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The variable that switches a mutant on, by its number.
const SWITCH: &str = "RDA_MUTANT";

/// What is added to the copy of each library.
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
    /// Stands once in the file.
    text: String,
    /// The expression in it, once, that is taken out.
    mutate: String,
    /// What takes its place.
    instead: String,
}

impl Mutant {
    fn read(entry: &toml::Value) -> Result<Self> {
        let text = needed(entry, "text")?;
        Ok(Self {
            what: needed(entry, "what")?,
            file: needed(entry, "file")?,
            mutate: optional(entry, "mutate").unwrap_or_else(|| text.clone()),
            text,
            instead: needed(entry, "instead")?,
        })
    }

    /// Whether it is told where it goes.
    fn has_its_place(&self, source: &str) -> bool {
        let once = |text: &str, part: &str| text.matches(part).count() == 1;
        once(source, &self.text) && once(&self.text, &self.mutate)
    }
}

fn optional(entry: &toml::Value, name: &str) -> Option<String> {
    entry.get(name)?.as_str().map(str::to_owned)
}

fn needed(entry: &toml::Value, name: &str) -> Result<String> {
    optional(entry, name).with_context(|| format!("no {name}"))
}

/// The tables of one name in a file of this project.
fn tables(path: &str, name: &str) -> Result<Vec<toml::Value>> {
    let text = fs::read_to_string(cargo::root().join(path)).with_context(|| path.to_owned())?;
    let file: toml::Value = toml::from_str(&text).with_context(|| path.to_owned())?;
    let list = file.get(name).and_then(toml::Value::as_array);
    Ok(list.cloned().unwrap_or_default())
}

/// A copy of all that a build reads, with these mutants in it by their numbers.
fn mutated_copy<'a>(mutants: impl Iterator<Item = &'a Mutant>) -> Result<PathBuf> {
    let copy = cargo::target().join("mutants");
    copy_sources(&cargo::root(), &copy)?;
    set_version(&copy.join("Cargo.toml"))?;
    patch(&copy, mutants)?;
    Ok(copy)
}

/// Gives the copy a version that asks for nothing else than the workspace's own: cargo would take what is built of the one for what
/// is built of the other, since they share dependencies and the folder for them.
fn set_version(manifest: &Path) -> Result<()> {
    let text = fs::read_to_string(manifest)?;
    let (before, after) = text
        .split_once(concat!("\nversion = \"", env!("CARGO_PKG_VERSION"), "\"\n"))
        .context("the workspace has another version than this program")?;
    let (compatible, _) = env!("CARGO_PKG_VERSION")
        .rsplit_once('.')
        .context("no version")?;
    fs::write(
        manifest,
        format!("{before}\nversion = \"{compatible}.999\"\n{after}"),
    )?;
    Ok(())
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
fn patch<'a>(copy: &Path, mutants: impl Iterator<Item = &'a Mutant>) -> Result<()> {
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    for (number, mutant) in mutants.enumerate() {
        let source = match files.get(mutant.file.as_str()) {
            Some(source) => source.clone(),
            None => fs::read_to_string(copy.join(&mutant.file))?,
        };
        ensure!(
            mutant.has_its_place(&source),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A list that no longer fits the sources is noticed here, without a build.
    pub(super) fn has_its_place(mutant: &Mutant) {
        let source = fs::read_to_string(cargo::root().join(&mutant.file)).unwrap_or_default();
        assert!(
            mutant.has_its_place(&source),
            "{}: not exactly once: {}",
            mutant.file,
            mutant.what
        );
    }
}
