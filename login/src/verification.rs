//! The ten steps of PROTOCOL section 4, in order; the first failure decides.
//!
//! Steps 1 and 10, which concern the session, are taken by [`crate::api`]; the others by a trial in `verification/trial.rs`,
//! each under its number. Every step leaves a [`StepRecord`] that names the check and its outcome, and nothing of a person.

mod course;
mod identity;
mod trial;

use icao::chip_authentication::remote::RemoteChipAuthentication;
use icao::pki::csca_store::CscaStore;
use icao::pki::policy::Policy;
use icao::pki::{DocumentKind, IssuingState};
use icao::verifier::Verifier;
use protocol::chip_authentication::DottedOid;
use protocol::request::Document;
use rand_core::CryptoRng;

pub use course::{Refusal, Report, StepRecord};

use crate::rda::{CommandSent, Issued};
use crate::register::Register;
use course::Course;
use trial::Trial;

/// What verification keeps between the command to the chip and the chip's answers. Holds the session keys; they are
/// zeroised when this is dropped.
pub struct Pending {
    course: Course,
    verifier: Verifier,
    state: IssuingState,
    sod: [u8; 32],
    chip: RemoteChipAuthentication,
}

/// The server's second message, without the parts that are the same for all.
pub struct Command {
    /// P.
    pub public_key: Vec<u8>,
    /// Protocol of Chip Authentication.
    pub oid: DottedOid,
    /// Which key of the chip.
    pub key_id: Option<u64>,
    /// Protected commands.
    pub commands: Vec<Vec<u8>>,
}

/// How far the evidence led.
pub enum Progress {
    /// The chip has to answer commands of the server.
    Command(Command, Box<Pending>),
    /// The end.
    Decided(Report),
}

/// What the server verifies against.
pub struct Rules {
    /// Trust anchors by kind of document and issuing state.
    pub csca: CscaStore,
    /// Tolerated deviations and refused algorithms.
    pub policy: Policy,
}

/// The kind of document as trust anchors know it.
pub fn anchor_kind(document: Document) -> DocumentKind {
    match document {
        Document::Passport => DocumentKind::TravelDocument,
        Document::IdentityCard => DocumentKind::IdentityCard,
        Document::DrivingLicence => DocumentKind::DrivingLicence,
    }
}

impl Rules {
    /// Verifies evidence: to the end for a chip without Chip Authentication, else to the server's command.
    pub fn evidence(
        &self,
        register: &dyn Register,
        issued: &Issued,
        sealed: &str,
        now: u64,
        rng: &mut dyn CryptoRng,
    ) -> Progress {
        let mut trial = self.trial(register, issued, now);
        trial
            .course
            .passed(1, "request of this session, in time, for the first time");
        match trial.evidence(issued, sealed, rng) {
            Ok(Some((command, chip))) => match trial.suspend(chip) {
                Ok(pending) => Progress::Command(command, pending),
                Err(report) => Progress::Decided(*report),
            },
            Ok(None) => Progress::Decided(trial.report(Ok(()))),
            Err(refusal) => Progress::Decided(trial.report(Err(refusal))),
        }
    }

    /// Verifies the answers of the chip to the server's commands, and all that is left.
    pub fn result(
        &self,
        register: &dyn Register,
        sent: CommandSent,
        sealed: &str,
        now: u64,
    ) -> Report {
        let CommandSent {
            issued, pending, ..
        } = sent;
        let mut trial = self.trial(register, &issued, now);
        let Pending {
            course,
            verifier,
            state,
            sod,
            chip,
        } = *pending;
        (trial.course, trial.verifier, trial.state, trial.sod) =
            (course, Some(verifier), Some(state), Some(sod));
        let outcome = trial.chip_authentication(&issued, &chip, sealed);
        trial.report(outcome)
    }

    fn trial<'a>(&'a self, register: &'a dyn Register, issued: &'a Issued, now: u64) -> Trial<'a> {
        Trial {
            rules: self,
            register,
            request: &issued.request,
            candidates: &issued.candidates,
            now,
            course: Course::default(),
            verifier: None,
            state: None,
            sod: None,
        }
    }
}
