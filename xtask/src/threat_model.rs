//! Holds docs/threat-model.md to the code: each row names a test that exists, and has one of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::cargo;
use std::collections::BTreeMap;

/// Least number of attacks.
const LEAST: usize = 40;

/// Rows of the table of attacks: number, and tests as `file::name`.
fn rows(text: &str) -> Vec<(usize, Vec<String>)> {
    text.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| ")?.split(" | ");
            let number = cells.next()?.parse().ok()?;
            let tests = cells.last()?;
            Some((
                number,
                tests
                    .split('`')
                    .filter(|part| part.contains("::"))
                    .map(str::to_owned)
                    .collect(),
            ))
        })
        .collect()
}

/// Whether a source file has this test, and does not skip it.
fn has_test(source: &str, name: &str) -> bool {
    let Some((before, _)) = source.split_once(&format!("fn {name}()")) else {
        return false;
    };
    let attributes = before.rsplit("\n\n").next().unwrap_or_default();
    attributes.contains("#[test]") && !attributes.contains("#[ignore")
}

/// The table of attacks as it is written.
pub(crate) fn table() -> anyhow::Result<Vec<(usize, Vec<String>)>> {
    let text = std::fs::read_to_string(cargo::root().join("docs/threat-model.md"))?;
    Ok(rows(&text))
}

#[test]
fn every_attack_has_a_test_of_its_own() -> anyhow::Result<()> {
    let rows = table()?;
    assert!(rows.len() >= LEAST, "{} rows", rows.len());
    let mut owners = BTreeMap::new();
    for (index, (number, tests)) in rows.iter().enumerate() {
        assert_eq!(*number, index + 1, "rows are numbered in order");
        let own = tests
            .first()
            .unwrap_or_else(|| panic!("row {number} names no test"));
        assert_eq!(
            owners.insert(own, number),
            None,
            "{own} stands for two rows"
        );
        for test in tests {
            let (file, name) = test.split_once("::").unwrap_or((test, ""));
            let source = std::fs::read_to_string(cargo::root().join(file))
                .unwrap_or_else(|error| panic!("row {number}: {file}: {error}"));
            assert!(
                has_test(&source, name),
                "row {number}: {file} has no test {name}"
            );
        }
    }
    Ok(())
}

#[test]
fn a_test_is_one_that_runs() {
    assert!(has_test("\n\n#[test]\nfn a() {}", "a"));
    assert!(has_test(
        "x\n\n/// Doc.\n#[test]\nfn a() -> Result<()> {}",
        "a"
    ));
    assert!(!has_test("\n\nfn a() {}", "a"));
    assert!(!has_test("\n\n#[test]\n#[ignore]\nfn a() {}", "a"));
    assert!(!has_test("\n\n#[test]\nfn ab() {}", "a"));
}
