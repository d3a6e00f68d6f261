//! The advisories of a copy of the RustSec advisory database that somebody laid at hand, held against the dependencies.
//!
//! The database is a folder `crates/NAME/ID.md`; each file begins with a block of TOML that names the package, the versions
//! that are mended (`patched`), and those that never had the fault (`unaffected`).

use anyhow::{Context as _, Result, bail};
use semver::{Version, VersionReq};
use std::path::Path;

/// An advisory, as far as it decides.
struct Advisory {
    id: String,
    title: String,
    fixed: Vec<VersionReq>,
    withdrawn: bool,
}

impl Advisory {
    fn parse(text: &str) -> Result<Self> {
        let block = text
            .split_once("```toml")
            .and_then(|(_, rest)| rest.split_once("```"))
            .map(|(block, _)| block)
            .context("no block of TOML")?;
        let table: toml::Table = toml::from_str(block)?;
        let advisory = table.get("advisory").context("no [advisory]")?;
        let versions = table.get("versions");
        let mut fixed = Vec::new();
        for name in ["patched", "unaffected"] {
            let list = versions.and_then(|versions| versions.get(name)?.as_array());
            for requirement in list.into_iter().flatten() {
                let text = requirement.as_str().context("a version that is no text")?;
                fixed.push(VersionReq::parse(text)?);
            }
        }
        let title = text
            .lines()
            .find_map(|line| line.strip_prefix("# "))
            .unwrap_or_default();
        Ok(Self {
            id: advisory
                .get("id")
                .and_then(toml::Value::as_str)
                .context("no id")?
                .to_owned(),
            title: title.to_owned(),
            fixed,
            withdrawn: advisory.get("withdrawn").is_some(),
        })
    }

    fn hits(&self, version: &Version) -> bool {
        !self.withdrawn && !self.fixed.iter().any(|fixed| fixed.matches(version))
    }
}

/// Advisories that hit one of these packages (name and version), but for those that deny.toml has judged.
///
/// # Errors
/// If the folder is no advisory database, or one of its files cannot be understood.
pub(super) fn open(
    database: &Path,
    packages: &[(&str, &str)],
    judged: &[String],
) -> Result<Vec<String>> {
    let crates = database.join("crates");
    if !crates.is_dir() {
        bail!(
            "{} is no advisory database: it has no folder `crates`",
            database.display()
        );
    }
    let mut found = Vec::new();
    for (name, version) in packages {
        let folder = crates.join(name);
        if !folder.is_dir() {
            continue;
        }
        let version = Version::parse(version)?;
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            let text = std::fs::read_to_string(&path)?;
            let advisory = Advisory::parse(&text).with_context(|| path.display().to_string())?;
            if advisory.hits(&version) && !judged.contains(&advisory.id) {
                found.push(format!(
                    "{name} {version}: {} {}",
                    advisory.id, advisory.title
                ));
            }
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADVISORY: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2099-0001\"\npackage = \"specimen\"\n\
        date = \"2099-01-01\"\n\n[versions]\npatched = [\">= 1.2.3\"]\nunaffected = [\"< 1.0.0\"]\n```\n\n# It breaks\n\nText.\n";

    #[test]
    fn versions_between_are_hit() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("rda-advisories-{}", std::process::id()));
        let specimen = folder.join("crates/specimen");
        std::fs::create_dir_all(&specimen)?;
        std::fs::write(specimen.join("RUSTSEC-2099-0001.md"), ADVISORY)?;
        let look = |version: &str, judged: &[String]| {
            open(
                &folder,
                &[("other", "1.0.0"), ("specimen", version)],
                judged,
            )
        };
        assert_eq!(
            look("1.1.0", &[])?,
            ["specimen 1.1.0: RUSTSEC-2099-0001 It breaks"]
        );
        assert!(look("1.2.3", &[])?.is_empty());
        assert!(look("0.9.0", &[])?.is_empty());
        assert!(look("1.1.0", &["RUSTSEC-2099-0001".to_owned()])?.is_empty());
        std::fs::write(specimen.join("RUSTSEC-2099-0001.md"), "no advisory")?;
        assert!(look("1.1.0", &[]).is_err());
        std::fs::remove_dir_all(&folder)?;
        assert!(look("1.1.0", &[]).is_err(), "no database");
        Ok(())
    }

    #[test]
    fn withdrawn_ones_hit_nothing() -> Result<()> {
        let text = ADVISORY.replace("date =", "withdrawn = \"2099-02-01\"\ndate =");
        let advisory = Advisory::parse(&text)?;
        assert!(!advisory.hits(&Version::new(1, 1, 0)));
        assert!(Advisory::parse(ADVISORY)?.hits(&Version::new(1, 1, 0)));
        Ok(())
    }
}
