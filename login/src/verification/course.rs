//! What the steps of a verification came to.

use icao::passive_authentication::CheckOutcome;
use protocol::error::Code;
use serde::Serialize;

/// What one check came to.
#[derive(Clone, Debug, Serialize)]
pub struct StepRecord {
    /// Number of the step in PROTOCOL section 4.
    pub step: u8,
    /// What was checked.
    pub check: &'static str,
    /// `passed`, `failed`, `not supported`, `not performed` or `noted`.
    pub outcome: &'static str,
    /// Why it failed; names no datum of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The steps taken so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Course(pub(super) Vec<StepRecord>);

impl Course {
    pub(super) fn passed(&mut self, step: u8, check: &'static str) {
        self.push(step, check, "passed", None);
    }

    fn push(
        &mut self,
        step: u8,
        check: &'static str,
        outcome: &'static str,
        detail: Option<String>,
    ) {
        self.0.push(StepRecord {
            step,
            check,
            outcome,
            detail,
        });
    }

    /// Notes a check that does not decide.
    pub(super) fn noted<R: std::fmt::Display>(
        &mut self,
        step: u8,
        check: &'static str,
        outcome: CheckOutcome<R>,
    ) {
        match outcome {
            CheckOutcome::Passed => self.passed(step, check),
            CheckOutcome::NotSupported => self.push(step, check, "not supported", None),
            CheckOutcome::NotPerformed => self.push(step, check, "not performed", None),
            other => self.push(step, check, "noted", Some(other.to_string())),
        }
    }

    pub(super) fn failed(
        &mut self,
        step: u8,
        check: &'static str,
        detail: impl ToString,
        code: Code,
    ) -> Refusal {
        self.push(step, check, "failed", Some(detail.to_string()));
        Refusal { step, code }
    }
}

/// The step that refused, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Number of the step.
    pub step: u8,
    /// What is told to the citizen.
    pub code: Code,
}

/// The end of a verification.
#[derive(Debug)]
pub struct Report {
    /// All passed, or what refused.
    pub outcome: Result<(), Refusal>,
    /// Every step taken.
    pub steps: Vec<StepRecord>,
    /// SHA-256 fingerprint of the signer's certificate, in hexadecimal.
    pub signer: Option<String>,
    /// Names of the deviations met.
    pub deviations: Vec<String>,
    /// SHA-256 of EF.SOD.
    pub document: Option<[u8; 32]>,
}

impl Report {
    /// A report of a step before any evidence was looked at.
    pub fn refused(step: u8, check: &'static str, detail: impl ToString, code: Code) -> Self {
        let mut course = Course::default();
        let refusal = course.failed(step, check, detail, code);
        Self {
            outcome: Err(refusal),
            steps: course.0,
            signer: None,
            deviations: Vec::new(),
            document: None,
        }
    }

    /// Adds step 10.
    pub fn decided(&mut self, raised: bool) {
        let outcome = if raised { "passed" } else { "failed" };
        self.steps.push(StepRecord {
            step: 10,
            check: "decided once, level raised",
            outcome,
            detail: None,
        });
    }
}
