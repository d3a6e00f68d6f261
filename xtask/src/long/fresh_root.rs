//! The packages in a Debian 13 that has nothing else: they install, the doctor names what is missing, units and rules are
//! sound, and removal leaves nothing.

use super::reproducible::scratch;
use crate::{cargo, package};
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

const DEBOOTSTRAP: &str = "/usr/sbin/debootstrap";
/// What is done inside; it prints one line `== NAME` before each part.
const SCRIPT: &str = include_str!("fresh_root.sh");

/// What the doctor finds where nothing but the program is there, and once the package is installed. In both there is neither a
/// reader nor a running service, no login server is trusted, and the kernel's folders are those of a container.
const BARE: [&str; 4] = [
    "library_missing",
    "nobody_trusted",
    "not_started",
    "reader_absent",
];
const INSTALLED: [&str; 3] = ["nobody_trusted", "reader_absent", "service_stopped"];
/// Depends on the kernel under the test, and is no fault of the installation.
const OF_THE_KERNEL: [&str; 1] = ["sandbox_incomplete"];

/// Makes the root, the packages, and runs the script in it.
pub(super) fn run() -> Result<String> {
    let is_root = Command::new("id").arg("-u").output()?.stdout == b"0\n";
    if !is_root {
        return missing("it needs root");
    }
    if !Path::new(DEBOOTSTRAP).exists() && Path::new("/usr/bin/apt-get").exists() {
        let install = [
            "install",
            "--quiet",
            "--yes",
            "--no-install-recommends",
            "debootstrap",
        ];
        cargo::run(Command::new("apt-get").args(install))?;
    }
    if !Path::new(DEBOOTSTRAP).exists() {
        return missing("it needs: apt-get install debootstrap");
    }
    let packages = package::make(&cargo::root())?;
    let folder = scratch()?;
    let outcome = check(&folder.join("root"), &packages);
    let _left = fs::remove_dir_all(&folder);
    outcome
}

fn missing(what: &str) -> Result<String> {
    if std::env::var_os("CI").is_some() {
        bail!("{what}");
    }
    Ok(format!("NOT TESTED: {what}"))
}

fn check(root: &Path, packages: &[package::Package]) -> Result<String> {
    let mut debootstrap = Command::new(DEBOOTSTRAP);
    debootstrap.args(["--variant=minbase", "trixie"]).arg(root);
    // It says a line for each of some hundred packages.
    let made = debootstrap.output().context("cannot start debootstrap")?;
    if !made.status.success() {
        bail!("debootstrap: {}", String::from_utf8_lossy(&made.stdout));
    }
    // Services are not started in a folder (policy-rc.d of Debian's invoke-rc.d).
    let policy = root.join("usr/sbin/policy-rc.d");
    fs::write(&policy, "#!/bin/sh\nexit 101\n")?;
    fs::write(root.join("fresh-root.sh"), SCRIPT)?;
    cargo::run(Command::new("chmod").arg("755").arg(&policy))?;
    for package in packages {
        fs::copy(&package.path, root.join(format!("{}.deb", package.program)))?;
    }
    // /proc for the maintainer scripts, in a namespace of its own that takes the mount with it.
    let output = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "--", "sh", "-c"])
        .arg("mount --bind /proc \"$1/proc\" && exec chroot \"$1\" sh -e /fresh-root.sh")
        .arg("sh")
        .arg(root)
        .output()
        .context("cannot start unshare")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!("{said}\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let part = |name: &str| -> Result<&str> {
        let (_, rest) = said
            .split_once(&format!("== {name}\n"))
            .with_context(|| format!("the part {name} did not run:\n{said}"))?;
        // The next part begins at once where this one said nothing.
        Ok(match rest.starts_with("== ") {
            true => "",
            false => rest.split("\n== ").next().unwrap_or(rest),
        })
    };
    expect("bare", part("doctor-bare")?, &BARE)?;
    expect("installed", part("doctor-installed")?, &INSTALLED)?;
    for empty in ["units", "left"] {
        let text = part(empty)?.trim();
        if !text.is_empty() {
            bail!("{empty}: {text}");
        }
    }
    let rules = part("rules")?;
    if !rules.contains("Fail:    0") {
        bail!("rules: {rules}");
    }
    let files = part("files")?.trim();
    Ok(format!(
        "Debian 13: installed, {files} files, units and udev rules sound, the doctor named {} of {} lacks, purged without a trace",
        BARE.len() + INSTALLED.len(),
        BARE.len() + INSTALLED.len(),
    ))
}

/// The doctor finds exactly these problems.
fn expect(when: &str, json: &str, problems: &[&str]) -> Result<()> {
    let report: Value = serde_json::from_str(json).with_context(|| json.to_owned())?;
    let found: BTreeSet<&str> = report["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|finding| finding["problem"].as_str())
        .filter(|problem| !OF_THE_KERNEL.contains(problem))
        .collect();
    let expected: BTreeSet<&str> = problems.iter().copied().collect();
    if found != expected {
        bail!("{when}: the doctor found {found:?} and not {expected:?}");
    }
    Ok(())
}
