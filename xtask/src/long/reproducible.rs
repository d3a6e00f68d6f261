//! The packages of this checkout against those of a fresh clone in another place, made later.

use crate::{cargo, package};
use anyhow::{Context as _, Result, bail};
use std::process::Command;

/// Makes the packages twice and compares their bytes.
pub(super) fn run() -> Result<String> {
    let root = cargo::root();
    let changes = Command::new("git")
        .args(["status", "--porcelain"])
        .current_dir(&root)
        .output()
        .context("cannot start git")?;
    if !changes.stdout.is_empty() {
        bail!("a clone has only what is committed: commit first");
    }
    let folder = scratch()?;
    let clone = folder.join("a/checkout/in another place");
    let outcome = (|| {
        let mut git = Command::new("git");
        cargo::run(git.args(["clone", "--quiet"]).arg(&root).arg(&clone))?;
        let mut same = Vec::new();
        let ours = package::make(&root)?;
        let theirs = package::make(&clone)?;
        for (one, other) in ours.iter().zip(&theirs) {
            let (first, second) = (package::digest(&one.path)?, package::digest(&other.path)?);
            if first != second {
                bail!("{}: {first} here, {second} in the clone", one.program);
            }
            same.push(format!("{} {first}", one.program));
        }
        Ok(format!("the same from two checkouts: {}", same.join(", ")))
    })();
    let _left = std::fs::remove_dir_all(&folder);
    outcome
}

/// A new folder for one run; removed by who asked for it.
pub(super) fn scratch() -> Result<std::path::PathBuf> {
    let output = Command::new("mktemp")
        .args(["--directory", "--tmpdir", "rda-long-XXXXXX"])
        .output()
        .context("cannot start mktemp")?;
    if !output.status.success() {
        bail!("mktemp: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?.trim().into())
}
