//! What the cases showed: as a table, as JSON, and as the page in `docs`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use serde::Serialize;

use crate::case::{self, Case, Evidence, Expected};
use crate::run::Outcome;

/// A case with its outcomes.
#[derive(Serialize)]
pub struct Row<'a> {
    /// Id of the guideline.
    pub id: &'a str,
    /// What the chip does.
    pub what: &'a str,
    /// How sure the expectation is.
    pub evidence: Evidence,
    /// What the guideline wants.
    pub expected: Expected,
    /// What came of it, by profile.
    pub got: &'a [Outcome; 2],
    /// What is to be said about it.
    pub note: Option<&'a str>,
}

/// The figures of one suite.
#[derive(Clone, Copy, Debug, Default, Serialize, PartialEq, Eq)]
pub struct Count {
    /// Cases run.
    pub cases: usize,
    /// Cases of evidence S.
    pub required: usize,
    /// Those of evidence S that end as the guideline wants under the profile of the test plan.
    pub required_met: usize,
    /// All cases that end as wanted or inferred under the profile of the test plan; unknown ones count.
    pub as_wanted: usize,
    /// Cases that end otherwise in the field, each by a named tolerance.
    pub field_differs: usize,
    /// Panics, hangs, broken rules.
    pub troubles: usize,
}

/// All outcomes.
#[derive(Serialize)]
pub struct Report<'a> {
    /// The rows in the order of the guideline.
    pub cases: Vec<Row<'a>>,
    /// The figures by suite, and the sum under `all`.
    pub counts: BTreeMap<String, Count>,
}

impl<'a> Report<'a> {
    /// Puts cases and their outcomes together.
    #[must_use]
    pub fn new(cases: &'a [Case], outcomes: &'a [[Outcome; 2]]) -> Self {
        let mut counts: BTreeMap<String, Count> = BTreeMap::new();
        let mut rows = Vec::with_capacity(cases.len());
        for (case, got) in cases.iter().zip(outcomes) {
            let [inspection, field] = got;
            for name in [case.suite(), "all"] {
                let count = counts.entry(name.to_owned()).or_default();
                count.cases += 1;
                count.required += usize::from(case.evidence == Evidence::S);
                count.required_met +=
                    usize::from(case.evidence == Evidence::S && inspection.conforms);
                count.as_wanted += usize::from(inspection.conforms);
                count.field_differs += usize::from(inspection.passed != field.passed);
                count.troubles += got.iter().filter(|got| got.trouble.is_some()).count();
            }
            rows.push(Row {
                id: &case.id,
                what: &case.what,
                evidence: case.evidence,
                expected: case.expected,
                got,
                note: case.note.as_deref().or(case.files.as_deref()),
            });
        }
        Self {
            cases: rows,
            counts,
        }
    }

    /// One line for each case and profile, and the figures.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::new();
        for row in &self.cases {
            for got in row.got {
                let mark = if got.conforms { ' ' } else { '!' };
                let note = row.note.unwrap_or_default();
                let line = format!(
                    "{mark} {:<13} {:<8} {} {:<10} {} {note}",
                    row.id,
                    expected(row.expected),
                    evidence(row.evidence),
                    got.profile.name(),
                    got.trouble.as_deref().unwrap_or(&got.verdict),
                );
                text.push_str(line.trim_end());
                text.push('\n');
            }
        }
        for (suite, count) in &self.counts {
            let _ = writeln!(
                text,
                "{suite:<10} {:>3} cases, {:>3} as wanted; {:>2} of {:>2} required; {:>2} differ in the field; {} troubles",
                count.cases,
                count.as_wanted,
                count.required_met,
                count.required,
                count.field_differs,
                count.troubles,
            );
        }
        text
    }

    /// The page in `docs`.
    ///
    /// # Errors
    /// If the reasons for tolerances are malformed.
    pub fn page(&self) -> Result<String> {
        let mut text = include_str!("page.md").to_owned();
        let all = self.counts.get("all").copied().unwrap_or_default();
        let _ = write!(
            text,
            "\n## Counts\n\n{} cases run, {} of them end as the guideline wants or as is inferred; {} of {} cases whose verdict \
             stands in version 1.5 are met. {} cases end otherwise in the field profile. Panics, hangs and broken rules of the \
             conversation: {}.\n\n| suite | cases | as wanted | required, met | differ in the field |\n|---|---|---|---|---|\n",
            all.cases,
            all.as_wanted,
            all.required_met,
            all.required,
            all.field_differs,
            all.troubles,
        );
        for (suite, count) in self.counts.iter().filter(|(suite, _)| *suite != "all") {
            let _ = writeln!(
                text,
                "| {suite} | {} | {} | {} of {} | {} |",
                count.cases,
                count.as_wanted,
                count.required_met,
                count.required,
                count.field_differs
            );
        }
        text.push_str("\n## Tolerances of the field profile\n\n");
        for (name, reason) in case::reasons()? {
            let cases: Vec<_> = self
                .cases
                .iter()
                .filter(|row| row.got.iter().any(|got| got.tolerated.contains(&name)))
                .map(|row| row.id)
                .collect();
            let _ = writeln!(text, "- **{name}** ({}): {reason}", cases.join(", "));
        }
        text.push_str("\n## Cases\n");
        let mut suite = "";
        for row in &self.cases {
            let of = row.id.rsplit_once('_').map_or(row.id, |(of, _)| of);
            if of != suite {
                suite = of;
                let _ = write!(
                    text,
                    "\n### {suite}\n\n| id | what the chip does | wanted | inspection profile | field profile | note |\n\
                     |---|---|---|---|---|---|\n"
                );
            }
            let [inspection, field] = row.got;
            let other = if field.verdict == inspection.verdict {
                "the same"
            } else {
                &field.verdict
            };
            let _ = writeln!(
                text,
                "| {} | {} | {} {} | {} | {other} | {} |",
                row.id,
                row.what,
                expected(row.expected),
                evidence(row.evidence),
                inspection.verdict,
                row.note.unwrap_or_default(),
            );
        }
        Ok(text)
    }
}

/// The word in tables.
const fn expected(expected: Expected) -> &'static str {
    match expected {
        Expected::Pass => "pass",
        Expected::Fail => "fail",
        Expected::Reported => "reported",
        Expected::Unknown => "unknown",
    }
}

/// The letter in tables.
const fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::S => "S",
        Evidence::C => "C",
        Evidence::I => "I",
        Evidence::U => "U",
    }
}
