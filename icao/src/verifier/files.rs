//! The files of a document as somebody has saved them, judged without the chip: whether they are what the issuing state
//! signed, and as Doc 9303 has them. That the chip is genuine, files cannot tell.

use core::fmt;
use std::collections::BTreeMap;

use super::{Reason, SecurityFiles, Verifier, authentication_key_group};
use crate::lds::sod::SodError;
use crate::lds::{CardSecurity, DataGroup, Dg1, Sod};
use crate::passive_authentication::{
    CheckOutcome, Failure, PassiveAuthentication, verify_signature, verify_signed_data,
};
use crate::pki::csca_store::{CscaStore, NoIssuer};
use crate::pki::policy::Policy;
use crate::pki::{DocumentKind, UnixTime};
use crate::tolerance::Tolerances;

/// Files by what they are.
#[derive(Clone, Default)]
pub struct DocumentFiles {
    /// EF.SOD.
    pub sod: Option<Vec<u8>>,
    /// EF.COM.
    pub com: Option<Vec<u8>>,
    /// EF.CardAccess.
    pub card_access: Option<Vec<u8>>,
    /// EF.CardSecurity.
    pub card_security: Option<Vec<u8>>,
    /// EF.ATR/INFO.
    pub atr_info: Option<Vec<u8>>,
    /// Data groups.
    pub groups: BTreeMap<DataGroup, Vec<u8>>,
}

/// What a file of a document is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileName {
    /// EF.SOD.
    Sod,
    /// EF.COM.
    Com,
    /// EF.CardAccess.
    CardAccess,
    /// EF.CardSecurity.
    CardSecurity,
    /// EF.ATR/INFO.
    AtrInfo,
    /// A data group.
    Group(DataGroup),
}

impl FileName {
    /// Reads a file name as programs write it, in any case, with or without ending: `EF_SOD.bin`, `EF.SOD`, `sod.der`,
    /// `DG1.bin`, `EF_DG01.bin`, `Datagroup14.bin`, `ef011D.bin` (the identifiers of the eMRTD application), `0101`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        const ENDINGS: [&str; 5] = ["bin", "der", "dat", "raw", "tlv"];
        let name = name.to_ascii_lowercase();
        let stem = match name.rsplit_once('.') {
            Some((stem, ending)) if ENDINGS.contains(&ending) => stem,
            _ => name.as_str(),
        };
        let plain: String = stem.chars().filter(char::is_ascii_alphanumeric).collect();
        let plain = plain.strip_prefix("ef").unwrap_or(&plain);
        let group = |number: &str| {
            let number = number.parse().ok()?;
            DataGroup::new(number).map(Self::Group)
        };
        match plain {
            "sod" | "011d" => Some(Self::Sod),
            "com" | "011e" => Some(Self::Com),
            "cardaccess" | "011c" => Some(Self::CardAccess),
            "cardsecurity" => Some(Self::CardSecurity),
            "atrinfo" | "atr" | "2f01" => Some(Self::AtrInfo),
            _ => match plain
                .strip_prefix("datagroup")
                .or_else(|| plain.strip_prefix("dg"))
            {
                Some(number) => group(number),
                None => {
                    let id = plain.strip_prefix("01").filter(|id| id.len() == 2)?;
                    let number = u8::from_str_radix(id, 16).ok()?;
                    DataGroup::new(number).map(Self::Group)
                }
            },
        }
    }
}

/// As Doc 9303-10 names the file.
impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sod => f.write_str("EF.SOD"),
            Self::Com => f.write_str("EF.COM"),
            Self::CardAccess => f.write_str("EF.CardAccess"),
            Self::CardSecurity => f.write_str("EF.CardSecurity"),
            Self::AtrInfo => f.write_str("EF.ATR/INFO"),
            Self::Group(group) => write!(f, "{group}"),
        }
    }
}

impl DocumentFiles {
    /// Takes in a file; returns `false` if there is one of this name already.
    pub fn insert(&mut self, name: FileName, content: Vec<u8>) -> bool {
        let place = match name {
            FileName::Sod => &mut self.sod,
            FileName::Com => &mut self.com,
            FileName::CardAccess => &mut self.card_access,
            FileName::CardSecurity => &mut self.card_security,
            FileName::AtrInfo => &mut self.atr_info,
            FileName::Group(group) => {
                return self.groups.insert(group, content).is_none();
            }
        };
        place.replace(content).is_none()
    }
}

/// Why nothing can be said of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilesError {
    /// There is neither EF.SOD nor EF.CardSecurity: nothing of it is signed.
    #[error("no EF.SOD")]
    NoSod,
    /// EF.SOD is malformed.
    #[error("EF.SOD: {0}")]
    Sod(#[from] SodError),
}

/// Where the issuing state was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateSource {
    /// The caller.
    Given,
    /// The machine readable zone in DG1.
    MachineReadableZone,
    /// The certificate of the document signer, for want of DG1.
    Signer,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was checked: `signature`, `chain`, `validity`, `usage`, `revocation`, `DG1 hash`, `DG1 content`, `EF.COM`, ...
    pub name: String,
    /// How it went.
    pub outcome: CheckOutcome<String>,
}

/// The judgement of a document's files.
#[derive(Clone, Debug)]
pub struct FilesVerdict {
    /// The kind of document that anchors were asked for.
    pub kind: DocumentKind,
    /// The issuing state that anchors were asked for.
    pub state: String,
    /// Where that was taken from.
    pub state_source: StateSource,
    /// Passive Authentication of EF.SOD.
    pub passive_authentication: PassiveAuthentication,
    /// Every check, in order.
    pub checks: Vec<Check>,
    /// Every deviation met, tolerated or not.
    pub tolerances: Tolerances,
}

impl FilesVerdict {
    /// The first failed check, or all passed, with or without trust behind the signer.
    #[must_use]
    pub fn outcome(&self) -> CheckOutcome<String> {
        // A chain that nobody vouches for is a failure of that check, and no failure of the document.
        let untrusted = matches!(
            self.passive_authentication.chain,
            CheckOutcome::Failed(Failure::NoIssuer(NoIssuer::NoAnchor | NoIssuer::NotIssued))
        );
        let counts = |check: &&Check| !(untrusted && check.name == CHAIN);
        let failed = self
            .checks
            .iter()
            .filter(counts)
            .find_map(|check| match &check.outcome {
                CheckOutcome::Failed(reason) => Some(format!("{}: {reason}", check.name)),
                _ => None,
            });
        match failed {
            Some(reason) => CheckOutcome::Failed(reason),
            None if untrusted => CheckOutcome::PassedUntrusted,
            None => CheckOutcome::Passed,
        }
    }
}

/// Name of the check that a trust anchor signed the signer's certificate.
const CHAIN: &str = "chain";

fn told<R: fmt::Display>(outcome: CheckOutcome<R>) -> CheckOutcome<String> {
    match outcome {
        CheckOutcome::Failed(reason) => CheckOutcome::Failed(reason.to_string()),
        CheckOutcome::NotSupported => CheckOutcome::NotSupported,
        CheckOutcome::NotPerformed => CheckOutcome::NotPerformed,
        CheckOutcome::PassedUntrusted => CheckOutcome::PassedUntrusted,
        CheckOutcome::Passed => CheckOutcome::Passed,
    }
}

/// Judges the files of a document at a time. Kind and issuing state, where they are not given, are those of the machine
/// readable zone; without DG1, a passport of the state that the signer's certificate names.
///
/// # Errors
/// [`FilesError`].
pub fn judge(
    files: &DocumentFiles,
    kind: Option<DocumentKind>,
    state: Option<&str>,
    store: &CscaStore,
    time: UnixTime,
    policy: &Policy,
) -> Result<FilesVerdict, FilesError> {
    let sod = files.sod.as_deref().ok_or(FilesError::NoSod)?;
    let dg1 = files.groups.get(&DataGroup::DG1);
    let dg1 = dg1.and_then(|file| Dg1::parse(file).ok());
    let kind = kind.unwrap_or_else(|| match &dg1 {
        // Documents of type P are passports; all others of Doc 9303 are cards.
        Some(dg1) if !dg1.mrz().document_code().starts_with('P') => DocumentKind::IdentityCard,
        _ => DocumentKind::TravelDocument,
    });
    let mut verifier = Verifier::new(kind, policy.clone(), sod)?;
    let (state, state_source) = match (state, &dg1) {
        (Some(state), _) => (state.to_owned(), StateSource::Given),
        (None, Some(dg1)) => (
            dg1.mrz().issuing_state().to_owned(),
            StateSource::MachineReadableZone,
        ),
        (None, None) => (state_of_signer(verifier.sod()), StateSource::Signer),
    };
    verifier.passive_authentication(store, &state, time);
    let mut checks = Checks(Vec::new());
    let passive = verifier.verdict().passive_authentication.clone();
    let passive = passive.ok_or(FilesError::NoSod)?;
    checks.passive("", &passive);
    checks.groups(&mut verifier, files);
    checks.unsigned(&mut verifier, files);
    if let Some(file) = &files.card_security {
        checks.card_security(&mut verifier, file, kind, store, &state, time, policy);
    }
    Ok(FilesVerdict {
        kind,
        state,
        state_source,
        passive_authentication: passive,
        checks: checks.0,
        tolerances: verifier.verdict().tolerances.clone(),
    })
}

/// The country in the certificate of who signed, whether or not the signature holds: it only says whom to ask for anchors.
fn state_of_signer(sod: &Sod) -> String {
    let time = UnixTime(0);
    let everything = Policy::field();
    let signer = verify_signature(sod.signed_data(), time, &everything, &mut Tolerances::new());
    let state = signer
        .ok()
        .and_then(|signer| signer.issuer().country().or(signer.subject().country()));
    state.map_or_else(String::new, |state| state.to_string())
}

struct Checks(Vec<Check>);

impl Checks {
    fn push(&mut self, name: impl Into<String>, outcome: CheckOutcome<String>) {
        self.0.push(Check {
            name: name.into(),
            outcome,
        });
    }

    fn result(&mut self, name: impl Into<String>, result: Result<(), Reason>) {
        self.push(name, told(CheckOutcome::from(result)));
    }

    fn passive(&mut self, of: &str, passive: &PassiveAuthentication) {
        for (name, outcome) in [
            ("signature", passive.signature),
            (CHAIN, passive.chain),
            ("validity", passive.validity),
            ("usage", passive.usage),
            ("revocation", passive.revocation),
        ] {
            self.push(format!("{of}{name}"), told(outcome));
        }
    }

    /// Each data group against its signed hash, and what it holds.
    fn groups(&mut self, verifier: &mut Verifier, files: &DocumentFiles) {
        let listed = verifier.sod().security_object().hashes.keys().copied();
        let mut groups: Vec<DataGroup> = listed.chain(files.groups.keys().copied()).collect();
        groups.sort_unstable();
        groups.dedup();
        for group in groups {
            match files.groups.get(&group) {
                // Fingerprints and irises cannot be read by everyone; nor need all files have been saved.
                None => self.push(format!("{group} hash"), CheckOutcome::NotPerformed),
                Some(file) => {
                    let hash = verifier.further_group(group, Some(file));
                    self.result(format!("{group} hash"), hash);
                    let content = match group {
                        DataGroup::DG1 => verifier.machine_readable_zone(file, None),
                        DataGroup::DG2 => verifier.face(file),
                        _ => continue,
                    };
                    self.result(format!("{group} content"), content);
                }
            }
        }
        // DG14 and the key of Active Authentication are read only as far as they are signed and there.
        let key = authentication_key_group(verifier.kind);
        let both = [DataGroup::DG14, key].iter().all(|group| {
            verifier.sod().security_object().hashes.contains_key(group)
                == files.groups.contains_key(group)
        });
        if both {
            let proofs = verifier.security_files(&SecurityFiles {
                card_access: files.card_access.as_deref(),
                dg14: files.groups.get(&DataGroup::DG14).map(Vec::as_slice),
                authentication_key: files.groups.get(&key).map(Vec::as_slice),
            });
            self.result(format!("DG14 and {key} content"), proofs);
        }
    }

    /// The files that no signature covers.
    fn unsigned(&mut self, verifier: &mut Verifier, files: &DocumentFiles) {
        if let Some(file) = &files.com {
            let result = verifier.com(Some(file));
            self.result("EF.COM", result);
        }
        if let Some(file) = &files.atr_info {
            let result = verifier.atr_info(file);
            self.result("EF.ATR/INFO", result);
        }
        if files.card_access.is_some() {
            let compared = verifier.verdict().card_access;
            let outcome = match verifier.card_access_agrees() {
                Err(reason) => CheckOutcome::Failed(reason.to_string()),
                Ok(()) => told(compared),
            };
            self.push("EF.CardAccess", outcome);
        }
    }

    #[allow(clippy::too_many_arguments)] // what the judgement of any signed object takes
    fn card_security(
        &mut self,
        verifier: &mut Verifier,
        file: &[u8],
        kind: DocumentKind,
        store: &CscaStore,
        state: &str,
        time: UnixTime,
        policy: &Policy,
    ) {
        const OF: &str = "EF.CardSecurity ";
        match CardSecurity::parse(file) {
            Err(error) => self.push("EF.CardSecurity", CheckOutcome::Failed(error.to_string())),
            Ok(parsed) => {
                let passive = verify_signed_data(
                    parsed.signed_data(),
                    parsed.tolerances(),
                    store,
                    kind,
                    state,
                    time,
                    policy,
                );
                self.passive(OF, &passive);
                verifier.verdict.tolerances.extend(&passive.tolerances);
            }
        }
    }
}

#[cfg(test)]
mod tests;
