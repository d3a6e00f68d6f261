//! The page SDK as an npm package: its types are those of its comments, and it holds what it should and nothing else.

use anyhow::{Context as _, Result, ensure};
use hardware_tests::need;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../login/sdk");

#[test]
fn the_types_are_those_of_the_module() -> Result<()> {
    if !need::all("the types of the page SDK", &[&need::TYPESCRIPT])? {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let checked = Command::new("node")
        .arg(need::TYPESCRIPT.file)
        .args(["--project", FOLDER, "--outDir"])
        .arg(folder.path())
        .output()
        .context("cannot start node")?;
    let said = String::from_utf8_lossy(&checked.stdout);
    ensure!(checked.status.success(), "{said}");
    let generated = std::fs::read_to_string(folder.path().join("rda.d.ts"))?;
    let published = std::fs::read_to_string(Path::new(FOLDER).join("rda.d.ts"))?;
    ensure!(generated == published, "run `npm run types` in login/sdk");
    for name in [
        "class RdaLogin",
        "class RdaError",
        "function permission",
        "type Carrier",
    ] {
        ensure!(published.contains(name), "{name}");
    }
    Ok(())
}

#[test]
fn the_package_holds_the_module_its_types_and_the_schema() -> Result<()> {
    if !need::all("the package of the page SDK", &[&need::TYPESCRIPT])? {
        return Ok(());
    }
    let packed = Command::new("npm")
        .args(["pack", "--dry-run", "--json", "--ignore-scripts"])
        .current_dir(FOLDER)
        .output()
        .context("cannot start npm")?;
    ensure!(
        packed.status.success(),
        "{}",
        String::from_utf8_lossy(&packed.stderr)
    );
    let list: Value = serde_json::from_slice(&packed.stdout)?;
    let mut files: Vec<_> = list[0]["files"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|file| file["path"].as_str())
        .collect();
    files.sort_unstable();
    ensure!(
        files
            == [
                "README.md",
                "messages.schema.json",
                "package.json",
                "rda.d.ts",
                "rda.js"
            ],
        "{files:?}"
    );
    ensure!(list[0]["version"] == env!("CARGO_PKG_VERSION"));
    // No dependency, and no registry named: the lock file holds hashes only.
    let lock = std::fs::read_to_string(Path::new(FOLDER).join("package-lock.json"))?;
    ensure!(!lock.contains("\"resolved\"") && lock.matches("\"integrity\"").count() == 2);
    Ok(())
}
