//! cargo-deny by the same deny.toml as `cargo xtask audit`: both must pass.
//!
//! It takes minutes to build, which is why continuous integration runs the other one.

use crate::cargo;
use anyhow::{Context as _, Result, bail};
use std::process::Command;

const VERSION: &str = "0.20.2";
/// A rule or an exception that one workspace has no use for, another has; and duplicates that only tests have, which the other
/// reader wants explained, are none to cargo-deny.
const UNUSED: [&str; 4] = [
    "license-exception-not-encountered",
    "license-not-encountered",
    "unmatched-skip",
    "unnecessary-skip",
];

/// Checks all workspaces; only the project's own for duplicates. Advisories need a database: `cargo xtask audit --db`.
pub(super) fn run() -> Result<String> {
    let program = cargo::tool("cargo-deny", VERSION)?.join("cargo-deny");
    let mut said = Vec::new();
    for (workspace, checks) in [
        (cargo::root(), &["licenses", "sources", "bans"][..]),
        (cargo::peers(), &["licenses", "sources"]),
        (cargo::fuzz(), &["licenses", "sources"]),
    ] {
        let mut deny = Command::new(&program);
        deny.args(["--offline", "--locked", "--manifest-path"])
            .arg(workspace.join("Cargo.toml"))
            .arg("--config")
            .arg(cargo::root().join("deny.toml"))
            .args(["check", "--hide-inclusion-graph"]);
        for lint in UNUSED {
            deny.args(["--allow", lint]);
        }
        let output = deny
            .args(checks)
            .output()
            .context("cannot start cargo-deny")?;
        let found = [&output.stderr, &output.stdout].map(|said| String::from_utf8_lossy(said));
        let found = found.join("\n").trim().to_owned();
        if !output.status.success() {
            bail!("{}:\n{found}", workspace.display());
        }
        let summary = found.lines().last().unwrap_or_default();
        said.push(summary.to_owned());
    }
    Ok(said.join("; "))
}
