//! The whole test plan, under both profiles; and the page in `docs` is what it showed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use conformity::case::{self, Evidence, Expected};
use conformity::report::Report;
use conformity::run::{InProcess, Table, play_all};

/// Every case in scope is there, with the evidence that the study of the guideline found.
#[test]
fn all_cases_in_scope_are_there() {
    let cases = case::all().unwrap();
    let mut suites: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &cases {
        *suites.entry(case.suite()).or_default() += 1;
    }
    let counts: Vec<_> = suites.into_iter().collect();
    assert_eq!(
        counts,
        [
            ("ISO7816_A", 3),
            ("ISO7816_B", 10),
            ("ISO7816_C", 8),
            ("ISO7816_D", 15),
            ("ISO7816_F", 8),
            ("ISO7816_G", 40),
            ("LDS_A", 10),
            ("LDS_B", 28),
            ("LDS_C", 28),
            ("LDS_F", 7),
            ("LDS_H", 95),
            ("LDS_I", 3),
            ("LDS_J", 4),
            ("LDS_K", 4),
        ]
    );
    let of = |evidence| {
        cases
            .iter()
            .filter(|case| case.evidence == evidence)
            .count()
    };
    let evidence = [Evidence::S, Evidence::C, Evidence::I, Evidence::U].map(of);
    assert_eq!(evidence, [80, 38, 132, 13]);
    let mut ids: Vec<_> = cases.iter().map(|case| &case.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 263);
}

#[test]
fn the_test_plan_is_met() {
    let cases = case::all().unwrap();
    let reasons = case::reasons().unwrap();
    let table: Arc<dyn Table> = Arc::new(InProcess);
    let outcomes = play_all(&table, &cases, 2);
    let report = Report::new(&cases, &outcomes);
    let mut wrong = Vec::new();
    for (case, [inspection, field]) in cases.iter().zip(&outcomes) {
        for got in [inspection, field] {
            if let Some(trouble) = &got.trouble {
                wrong.push(format!("{} {}: {trouble}", case.id, got.profile.name()));
            }
            for tolerance in &got.tolerated {
                if !reasons.contains_key(tolerance) {
                    wrong.push(format!("{}: no reason for {tolerance}", case.id));
                }
            }
        }
        // What the guideline says itself holds to the letter; what is inferred may be contradicted, with a word why.
        if !inspection.conforms && (case.evidence == Evidence::S || case.note.is_none()) {
            wrong.push(format!(
                "{} wanted {:?}: {}",
                case.id, case.expected, inspection.verdict
            ));
        }
        // The field passes whatever the guideline passes, and what it passes besides has a name.
        if inspection.passed && !field.passed {
            wrong.push(format!("{} fails in the field: {}", case.id, field.verdict));
        }
        let beyond = case.expected == Expected::Fail || !inspection.passed;
        if beyond && field.passed && field.tolerated.is_empty() {
            wrong.push(format!("{} passes in the field without a name", case.id));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\n\n{}",
        report.table(),
        wrong.join("\n")
    );

    let all = report.counts["all"];
    println!(
        "{} cases, {} of {} required met, {} as wanted, {} differ in the field, {} troubles",
        all.cases, all.required_met, all.required, all.as_wanted, all.field_differs, all.troubles
    );
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformity.md");
    let found = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        found == report.page().unwrap(),
        "docs/conformity.md is out of date: cargo xtask conformity --page > docs/conformity.md"
    );
}
