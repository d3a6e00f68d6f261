//! Looks at the dependencies without a network: licences, sources and duplicate versions, by the rules of deny.toml.
//!
//! cargo-deny reads the same file, but it would have to be built first, and the advisory database is a clone from the
//! network. Continuous integration therefore runs this; `--db` takes a copy of the database where one is at hand.

mod advisories;

use crate::cargo;
use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Checks all workspaces; only the project's own for duplicates.
///
/// # Errors
/// Naming every package that breaks a rule.
pub(crate) fn run(database: Option<&Path>) -> Result<()> {
    let rules = Rules::read(&cargo::root().join("deny.toml"))?;
    let own = packages(&cargo::root())?;
    let mut foreign = packages(&cargo::peers())?;
    foreign.extend(packages(&cargo::fuzz())?);
    let mut faults = Vec::new();
    for package in own.iter().chain(&foreign) {
        faults.extend(rules.source(package));
        faults.extend(rules.licence(package));
    }
    faults.extend(rules.duplicates(&own));
    if let Some(database) = database {
        let locked: Vec<_> = own
            .iter()
            .map(|package| (package.name.as_str(), package.version.as_str()))
            .collect();
        faults.extend(advisories::open(database, &locked, &rules.judged)?);
    }
    if !faults.is_empty() {
        bail!("deny.toml is broken:\n  {}", faults.join("\n  "));
    }
    println!(
        "audit: {} packages, and {} of the foreign readers and of fuzzing, keep to deny.toml",
        own.len(),
        foreign.len()
    );
    Ok(())
}

/// A package as `cargo metadata` names it.
struct Package {
    name: String,
    version: String,
    licence: Option<String>,
    source: Option<String>,
}

fn packages(folder: &Path) -> Result<Vec<Package>> {
    let mut command = cargo::command(
        folder,
        &[
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--all-features",
        ],
    );
    let output = command.output().context("cargo metadata")?;
    if !output.status.success() {
        bail!(
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    metadata["packages"]
        .as_array()
        .context("cargo metadata names no packages")?
        .iter()
        .map(|package| {
            Ok(Package {
                name: text(&package["name"]).context("a package without name")?,
                version: text(&package["version"]).context("a package without version")?,
                licence: text(&package["license"]),
                source: text(&package["source"]),
            })
        })
        .collect()
}

struct Rules {
    licences: BTreeSet<String>,
    /// Name, and what only this crate may be under.
    exceptions: Vec<(String, BTreeSet<String>)>,
    /// Name, and the beginning of the version.
    skipped: Vec<(String, String)>,
    /// Advisories whose reason stands there.
    judged: Vec<String>,
}

impl Rules {
    fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let rules: toml::Table = toml::from_str(&text)?;
        let list = |section: &str, name: &str| {
            rules
                .get(section)
                .and_then(|section| section.get(name))
                .and_then(toml::Value::as_array)
                .cloned()
                .ok_or_else(|| anyhow!("deny.toml has no `{section}.{name}`"))
        };
        let licences = names(&list("licenses", "allow")?);
        let exceptions = list("licenses", "exceptions")?
            .iter()
            .map(|exception| {
                let name = exception.get("crate").and_then(toml::Value::as_str);
                let allow = exception.get("allow").and_then(toml::Value::as_array);
                name.zip(allow)
                    .map(|(name, allow)| (name.to_owned(), names(allow)))
                    .ok_or_else(|| anyhow!("deny.toml: an exception without `crate` and `allow`"))
            })
            .collect::<Result<_>>()?;
        let skipped = list("bans", "skip")?
            .iter()
            .map(|skip| {
                let named = skip
                    .get("crate")
                    .and_then(toml::Value::as_str)
                    .and_then(|named| named.split_once('@'));
                named
                    .map(|(name, version)| (name.to_owned(), version.to_owned()))
                    .ok_or_else(|| anyhow!("deny.toml: a skip without `crate = \"name@version\"`"))
            })
            .collect::<Result<_>>()?;
        let judged = list("advisories", "ignore")?
            .iter()
            .map(|ignored| {
                let text = |name| ignored.get(name).and_then(toml::Value::as_str);
                text("id")
                    .zip(text("reason"))
                    .map(|(id, _)| id.to_owned())
                    .ok_or_else(|| anyhow!("deny.toml: an advisory without `id` and `reason`"))
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            licences,
            exceptions,
            skipped,
            judged,
        })
    }

    fn source(&self, package: &Package) -> Option<String> {
        match package.source.as_deref() {
            None => None, // of this repository
            Some(source)
                if source.starts_with("registry+https://github.com/rust-lang/crates.io-index") =>
            {
                None
            }
            Some(other) => Some(format!(
                "{} {} comes from {other}",
                package.name, package.version
            )),
        }
    }

    fn licence(&self, package: &Package) -> Option<String> {
        let licence = package.licence.as_deref().unwrap_or("no licence");
        let exception = self
            .exceptions
            .iter()
            .find(|(name, _)| *name == package.name);
        let allowed = Expression::new(licence).allowed(&self.licences)
            || exception.is_some_and(|(_, more)| {
                Expression::new(licence).allowed(&self.licences.union(more).cloned().collect())
            });
        (!allowed).then(|| format!("{} {} is under {licence}", package.name, package.version))
    }

    fn duplicates(&self, packages: &[Package]) -> Vec<String> {
        let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for package in packages {
            let skipped = self.skipped.iter().any(|(name, start)| {
                *name == package.name
                    && (package.version == *start
                        || package.version.starts_with(&format!("{start}.")))
            });
            if !skipped {
                versions
                    .entry(&package.name)
                    .or_default()
                    .insert(&package.version);
            }
        }
        versions
            .into_iter()
            .filter(|(_, versions)| versions.len() > 1)
            .map(|(name, versions)| {
                format!(
                    "{name} is there in {}",
                    versions.into_iter().collect::<Vec<_>>().join(" and ")
                )
            })
            .collect()
    }
}

fn names(list: &[toml::Value]) -> BTreeSet<String> {
    list.iter()
        .filter_map(|name| Some(name.as_str()?.to_owned()))
        .collect()
}

/// An SPDX licence expression (SPDX 2.3, annex D), with the older `/` for OR.
struct Expression<'a> {
    words: Vec<&'a str>,
    at: usize,
}

impl<'a> Expression<'a> {
    fn new(text: &'a str) -> Self {
        let words = text
            .split_inclusive(['(', ')', '/', ' '])
            .flat_map(|piece| {
                let cut = piece.len() - usize::from(piece.ends_with(['(', ')', '/', ' ']));
                let (word, mark) = piece.split_at(cut);
                [word, mark]
            })
            .filter(|word| !word.trim().is_empty())
            .collect();
        Self { words, at: 0 }
    }

    /// Whether licences in `allowed` are enough. An expression that does not parse is not.
    fn allowed(mut self, allowed: &BTreeSet<String>) -> bool {
        let enough = self.either(allowed);
        enough == Some(true) && self.at == self.words.len()
    }

    fn next(&mut self) -> Option<&'a str> {
        let word = self.words.get(self.at).copied();
        self.at += usize::from(word.is_some());
        word
    }

    fn next_is(&mut self, wanted: &[&str]) -> bool {
        let found = self
            .words
            .get(self.at)
            .is_some_and(|word| wanted.contains(word));
        self.at += usize::from(found);
        found
    }

    fn either(&mut self, allowed: &BTreeSet<String>) -> Option<bool> {
        let mut enough = self.both(allowed)?;
        while self.next_is(&["OR", "/"]) {
            enough |= self.both(allowed)?;
        }
        Some(enough)
    }

    fn both(&mut self, allowed: &BTreeSet<String>) -> Option<bool> {
        let mut enough = self.one(allowed)?;
        while self.next_is(&["AND"]) {
            enough &= self.one(allowed)?;
        }
        Some(enough)
    }

    fn one(&mut self, allowed: &BTreeSet<String>) -> Option<bool> {
        let word = self.next()?;
        if word == "(" {
            let enough = self.either(allowed)?;
            return self.next_is(&[")"]).then_some(enough);
        }
        // An exception only adds permissions, but is not looked into: such a licence is not in the list.
        let with_exception = self.next_is(&["WITH"]) && self.next().is_some();
        Some(!with_exception && allowed.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licence_expressions() {
        let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"]
            .map(str::to_owned)
            .into();
        for good in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "(MIT OR GPL-3.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR MIT",
        ] {
            assert!(Expression::new(good).allowed(&allowed), "{good}");
        }
        for bad in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "",
            "MIT OR",
            "(MIT",
            "MIT)",
            "MIT MIT",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(!Expression::new(bad).allowed(&allowed), "{bad}");
        }
    }

    #[test]
    fn duplicates_need_a_reason() {
        let package = |name: &str, version: &str| Package {
            name: name.to_owned(),
            version: version.to_owned(),
            licence: None,
            source: None,
        };
        let packages = [
            package("a", "1.0.0"),
            package("a", "2.0.0"),
            package("b", "0.10.7"),
            package("b", "0.11.0"),
        ];
        let rules = Rules {
            licences: BTreeSet::new(),
            exceptions: Vec::new(),
            skipped: vec![("b".to_owned(), "0.10".to_owned())],
            judged: Vec::new(),
        };
        assert_eq!(
            rules.duplicates(&packages),
            ["a is there in 1.0.0 and 2.0.0"]
        );
    }
}
