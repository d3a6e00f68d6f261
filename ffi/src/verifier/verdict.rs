//! The verdict as a structure and as JSON.

use core::fmt;

use icao::lds::DataGroup;
use icao::passive_authentication::{CheckOutcome, PassiveAuthentication};
use icao::pki::Fingerprint;
use icao::tolerance::Tolerance;
use icao::verifier::Verdict;
use serde_json::{Map, Value, json};

/// What came of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum RdaOutcome {
    /// Not looked at.
    NotPerformed = 0,
    /// The document does not offer it.
    NotSupported = 1,
    /// It failed.
    Failed = 2,
    /// It holds, but nothing vouches for the key behind it.
    PassedUntrusted = 3,
    /// It passed.
    Passed = 4,
}

impl<R> From<&CheckOutcome<R>> for RdaOutcome {
    fn from(outcome: &CheckOutcome<R>) -> Self {
        match outcome {
            CheckOutcome::NotPerformed => Self::NotPerformed,
            CheckOutcome::NotSupported => Self::NotSupported,
            CheckOutcome::Failed(_) => Self::Failed,
            CheckOutcome::PassedUntrusted => Self::PassedUntrusted,
            CheckOutcome::Passed => Self::Passed,
        }
    }
}

impl RdaOutcome {
    const fn name(self) -> &'static str {
        match self {
            Self::NotPerformed => "not_performed",
            Self::NotSupported => "not_supported",
            Self::Failed => "failed",
            Self::PassedUntrusted => "passed_untrusted",
            Self::Passed => "passed",
        }
    }
}

/// What has been established of a document, each check apart.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct RdaVerdict {
    /// 1 if everything holds that is needed to believe the document, else 0.
    pub genuine: u32,
    /// Passive Authentication as a whole.
    pub passive_authentication: RdaOutcome,
    /// Of it: the document signer signed EF.SOD.
    pub signature: RdaOutcome,
    /// Of it: a trust anchor of this kind and state signed the certificate of the document signer.
    pub chain: RdaOutcome,
    /// Of it: both certificates are valid at the time that was given.
    pub validity: RdaOutcome,
    /// Of it: the certificate is for signing documents.
    pub usage: RdaOutcome,
    /// Of it: the signer is not revoked.
    pub revocation: RdaOutcome,
    /// EF.CardAccess agrees with DG14. Told, and decides nothing.
    pub card_access: RdaOutcome,
    /// The chip signed the challenge.
    pub active_authentication: RdaOutcome,
    /// The chip agreed on keys and answered under them.
    pub chip_authentication: RdaOutcome,
    /// Data groups against their hashes in EF.SOD, by number; index 0 is not used.
    pub data_groups: [RdaOutcome; 17],
    /// 1 if the certificate of the document signer was found, and `signer` is its SHA-256 fingerprint.
    pub has_signer: u32,
    /// 1 if the anchor was found, and `csca` is the SHA-256 fingerprint of its certificate.
    pub has_csca: u32,
    /// See `has_signer`.
    pub signer: [u8; 32],
    /// See `has_csca`.
    pub csca: [u8; 32],
    /// Number of deviations from the standards that were met; the JSON names them.
    pub deviations: u32,
}

impl RdaVerdict {
    pub(super) const NONE: Self = Self {
        genuine: 0,
        passive_authentication: RdaOutcome::NotPerformed,
        signature: RdaOutcome::NotPerformed,
        chain: RdaOutcome::NotPerformed,
        validity: RdaOutcome::NotPerformed,
        usage: RdaOutcome::NotPerformed,
        revocation: RdaOutcome::NotPerformed,
        card_access: RdaOutcome::NotPerformed,
        active_authentication: RdaOutcome::NotPerformed,
        chip_authentication: RdaOutcome::NotPerformed,
        data_groups: [RdaOutcome::NotPerformed; 17],
        has_signer: 0,
        has_csca: 0,
        signer: [0; 32],
        csca: [0; 32],
        deviations: 0,
    };

    pub(super) fn of(verdict: Option<&Verdict>, genuine: bool) -> Self {
        let Some(verdict) = verdict else {
            return Self::NONE;
        };
        let mut told = Self {
            genuine: u32::from(genuine),
            card_access: (&verdict.card_access).into(),
            active_authentication: (&verdict.active_authentication).into(),
            chip_authentication: (&verdict.chip_authentication).into(),
            deviations: u32::try_from(verdict.tolerances.as_slice().len()).unwrap_or(u32::MAX),
            ..Self::NONE
        };
        for (group, outcome) in &verdict.data_groups {
            if let Some(place) = told.data_groups.get_mut(usize::from(group.number())) {
                *place = outcome.into();
            }
        }
        if let Some(passive) = &verdict.passive_authentication {
            told.passive_authentication = (&passive.outcome()).into();
            told.signature = (&passive.signature).into();
            told.chain = (&passive.chain).into();
            told.validity = (&passive.validity).into();
            told.usage = (&passive.usage).into();
            told.revocation = (&passive.revocation).into();
            if let Some(Fingerprint(signer)) = passive.signer {
                (told.has_signer, told.signer) = (1, signer);
            }
            if let Some(Fingerprint(csca)) = passive.csca {
                (told.has_csca, told.csca) = (1, csca);
            }
        }
        told
    }
}

/// The verdict as JSON, with the names that `rda read` uses.
pub(super) fn json(verdict: Option<&Verdict>, genuine: bool) -> String {
    let mut told = Map::new();
    told.insert("genuine".to_owned(), json!(genuine));
    if let Some(verdict) = verdict {
        if let Some(passive) = &verdict.passive_authentication {
            told.extend(passive_members(passive));
        }
        let groups: Map<String, Value> = verdict
            .data_groups
            .iter()
            .map(|(group, outcome): (&DataGroup, _)| (group.to_string(), check(outcome)))
            .collect();
        let deviations: Vec<&str> = verdict
            .tolerances
            .as_slice()
            .iter()
            .map(|tolerance: &Tolerance| tolerance.name())
            .collect();
        told.insert("data_groups".to_owned(), Value::Object(groups));
        told.insert("card_access".to_owned(), check(&verdict.card_access));
        told.insert(
            "active_authentication".to_owned(),
            check(&verdict.active_authentication),
        );
        told.insert(
            "chip_authentication".to_owned(),
            check(&verdict.chip_authentication),
        );
        told.insert("deviations".to_owned(), json!(deviations));
    }
    Value::Object(told).to_string()
}

fn passive_members(passive: &PassiveAuthentication) -> Map<String, Value> {
    let fingerprint = |found: Option<Fingerprint>| found.map(|found| found.to_string());
    let mut told = Map::new();
    for (name, outcome) in [
        ("passive_authentication", &passive.outcome()),
        ("signature", &passive.signature),
        ("chain", &passive.chain),
        ("validity", &passive.validity),
        ("usage", &passive.usage),
        ("revocation", &passive.revocation),
    ] {
        told.insert(name.to_owned(), check(outcome));
    }
    told.insert("signer".to_owned(), json!(fingerprint(passive.signer)));
    told.insert("csca".to_owned(), json!(fingerprint(passive.csca)));
    told
}

/// One check: its outcome, and the reason of a failure.
fn check<R: fmt::Display>(outcome: &CheckOutcome<R>) -> Value {
    let name = RdaOutcome::from(outcome).name();
    match outcome {
        CheckOutcome::Failed(reason) => json!({"outcome": name, "reason": reason.to_string()}),
        _ => json!({"outcome": name}),
    }
}
