//! The list of everything a program is made of: CycloneDX 1.5, from what cargo resolved and the lock file.

use crate::cargo;
use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The platform of the packages.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// The list for one program, as JSON text.
///
/// # Errors
/// If cargo fails or says what it never says.
pub(super) fn write(root: &Path, program: &str) -> Result<String> {
    let output = cargo::command(
        root,
        &[
            "metadata",
            "--locked",
            "--format-version",
            "1",
            "--filter-platform",
            PLATFORM,
        ],
    )
    .output()?;
    if !output.status.success() {
        bail!(
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let lock: toml::Table = toml::from_str(&fs::read_to_string(root.join("Cargo.lock"))?)?;
    let list = list(&metadata, &checksums(&lock), program)?;
    Ok(serde_json::to_string_pretty(&list)? + "\n")
}

/// SHA-256 of the archive of each crate, by name and version.
fn checksums(lock: &toml::Table) -> BTreeMap<(String, String), String> {
    let packages = lock.get("package").and_then(toml::Value::as_array);
    packages
        .into_iter()
        .flatten()
        .filter_map(|package| {
            let text = |key: &str| Some(package.get(key)?.as_str()?.to_owned());
            Some(((text("name")?, text("version")?), text("checksum")?))
        })
        .collect()
}

fn list(
    metadata: &Value,
    checksums: &BTreeMap<(String, String), String>,
    program: &str,
) -> Result<Value> {
    let by_id = |list: &Value| -> BTreeMap<String, Value> {
        let list = list.as_array().cloned().unwrap_or_default();
        list.into_iter()
            .filter_map(|item| Some((item["id"].as_str()?.to_owned(), item)))
            .collect()
    };
    let packages = by_id(&metadata["packages"]);
    let nodes = by_id(&metadata["resolve"]["nodes"]);
    let (start, _) = packages
        .iter()
        .find(|(_, package)| package["name"] == program && package["source"].is_null())
        .with_context(|| format!("no member {program}"))?;

    // What is linked or compiled in: normal dependencies of normal dependencies.
    let mut reached = BTreeMap::new();
    let mut waiting = vec![start.clone()];
    while let Some(id) = waiting.pop() {
        if reached.contains_key(&id) {
            continue;
        }
        let below: BTreeSet<String> = nodes
            .get(&id)
            .and_then(|node| node["deps"].as_array())
            .into_iter()
            .flatten()
            .filter(|dep| {
                let kinds = dep["dep_kinds"].as_array();
                kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
            })
            .filter_map(|dep| dep["pkg"].as_str().map(str::to_owned))
            .collect();
        waiting.extend(below.iter().cloned());
        reached.insert(id, below);
    }

    let reference = |id: &String| -> Result<String> {
        let package = packages
            .get(id)
            .with_context(|| format!("no package {id}"))?;
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        Ok(format!("pkg:cargo/{}@{}", text("name"), text("version")))
    };
    let mut components = Vec::new();
    let mut dependencies = Vec::new();
    for (id, below) in &reached {
        let purl = reference(id)?;
        let on: BTreeSet<String> = below.iter().map(reference).collect::<Result<_>>()?;
        dependencies.push(json!({ "ref": purl, "dependsOn": on }));
        if id != start {
            let package = packages
                .get(id)
                .with_context(|| format!("no package {id}"))?;
            components.push(component("library", package, &purl, checksums));
        }
    }
    components.sort_by_key(|component| component["bom-ref"].to_string());
    dependencies.sort_by_key(|dependency| dependency["ref"].to_string());
    let own = packages.get(start).context("no such member")?;
    // No serial number and no time: the same program has the same list.
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": component("application", own, &reference(start)?, checksums) },
        "components": components,
        "dependencies": dependencies,
    }))
}

fn component(
    kind: &str,
    package: &Value,
    purl: &str,
    checksums: &BTreeMap<(String, String), String>,
) -> Value {
    let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let mut component = json!({
        "type": kind,
        "bom-ref": purl,
        "name": text("name"),
        "version": text("version"),
        "purl": purl,
    });
    // Older crates write MIT/Apache-2.0 for "or".
    let licence = text("license").replace('/', " OR ");
    if !licence.is_empty() {
        component["licenses"] = json!([{ "expression": licence }]);
    }
    if let Some(checksum) = checksums.get(&(text("name"), text("version"))) {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    component
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_list_has_what_is_compiled_in_and_nothing_else() {
        let text = write(&cargo::root(), "rda").unwrap();
        assert_eq!(
            text,
            write(&cargo::root(), "rda").unwrap(),
            "the same each time"
        );
        let list: Value = serde_json::from_str(&text).unwrap();
        let names: Vec<&str> = list["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|component| component["name"].as_str().unwrap())
            .collect();
        assert!(names.contains(&"icao") && names.contains(&"p256") && names.contains(&"pcsc"));
        // For tests, and for another program.
        assert!(!names.contains(&"tempfile") && !names.contains(&"axum"));
        for component in list["components"].as_array().unwrap() {
            let foreign = component["hashes"].is_array();
            let own = [
                "icao",
                "icao-crypto",
                "peer-user",
                "rda-protocol",
                "rda-readers",
            ]
            .iter();
            assert!(
                foreign || own.clone().any(|name| component["name"] == *name),
                "{component}"
            );
            assert!(
                component["licenses"][0]["expression"].is_string(),
                "{component}"
            );
        }
    }
}
