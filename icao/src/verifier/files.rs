//! The files of a document as somebody has saved them, judged without the chip: whether they are what the issuing state
//! signed, and as Doc 9303 has them. That the chip is genuine, files cannot tell.

use core::fmt;
use std::collections::BTreeMap;

use super::{Reason, SecurityFiles, Verifier, authentication_key_group, further};
use crate::driving_licence;
use crate::lds::{CardAccess, CardSecurity, DataGroup, Dg1};
use crate::passive_authentication::{
    CheckOutcome, Failure, PassiveAuthentication, verify_signed_data,
};
use crate::pki::csca_store::{CscaStore, NoIssuer};
use crate::pki::policy::Policy;
use crate::pki::signed_data::SignerIdentifier;
use crate::pki::{Certificate, DocumentKind, SignedData, UnixTime};
use crate::tolerance::{Tolerance, Tolerances};

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
    /// `DG1.bin`, `EF_DG01.bin`, `Datagroup14.bin`, `ef011D.bin` (the identifiers of the eMRTD application), `0101`, `000C`
    /// (those of licences).
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
            "sod" | "011d" | "001d" => Some(Self::Sod),
            "com" | "011e" | "001e" => Some(Self::Com),
            "cardaccess" | "011c" => Some(Self::CardAccess),
            "cardsecurity" => Some(Self::CardSecurity),
            "atrinfo" | "atr" | "2f01" => Some(Self::AtrInfo),
            _ => match plain
                .strip_prefix("datagroup")
                .or_else(|| plain.strip_prefix("dg"))
            {
                Some(number) => group(number),
                None => {
                    let id = plain.strip_prefix("01").or(plain.strip_prefix("00"));
                    let id = id.filter(|id| id.len() == 2)?;
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

/// Nothing can be said of the files: there is neither EF.SOD nor EF.CardSecurity, so that nothing of them is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither EF.SOD nor EF.CardSecurity")]
pub struct NothingSigned;

/// Where the issuing state was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateSource {
    /// The caller.
    Given,
    /// DG1.
    Dg1,
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
    /// Whether it failed for nothing but that no anchor given vouches for the signer.
    pub unvouched: bool,
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
    /// Passive Authentication of EF.SOD, or of EF.CardSecurity where there is no EF.SOD; `None` if that is malformed.
    pub passive_authentication: Option<PassiveAuthentication>,
    /// Every check, in order.
    pub checks: Vec<Check>,
    /// Every deviation met, tolerated or not.
    pub tolerances: Tolerances,
}

impl FilesVerdict {
    /// The first failed check, or all passed, with or without trust behind the signer.
    #[must_use]
    pub fn outcome(&self) -> CheckOutcome<String> {
        let mut failed = self
            .checks
            .iter()
            .filter(|check| check.outcome.failed() && !check.unvouched);
        match failed.next() {
            Some(Check {
                name,
                outcome: CheckOutcome::Failed(reason),
                ..
            }) => CheckOutcome::Failed(format!("{name}: {reason}")),
            // A chain that nobody vouches for is a failure of that check, and no failure of the document.
            _ if self.checks.iter().any(|check| check.unvouched) => CheckOutcome::PassedUntrusted,
            _ => CheckOutcome::Passed,
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

impl DocumentFiles {
    /// The kind of document, by DG1: passports say `P` there, other travel documents are cards, and DG1 of a licence has
    /// another form. A passport, if there is no DG1.
    #[must_use]
    pub fn kind(&self) -> DocumentKind {
        let Some(dg1) = self.groups.get(&DataGroup::DG1) else {
            return DocumentKind::TravelDocument;
        };
        match Dg1::parse(dg1) {
            Ok(dg1) if !dg1.mrz().document_code().starts_with('P') => DocumentKind::IdentityCard,
            Err(_) if driving_licence::Dg1::parse(dg1).is_ok() => DocumentKind::DrivingLicence,
            _ => DocumentKind::TravelDocument,
        }
    }

    /// The issuing state that DG1 names.
    fn issuing_state(&self, kind: DocumentKind) -> Option<String> {
        let dg1 = self.groups.get(&DataGroup::DG1)?;
        match kind {
            DocumentKind::TravelDocument | DocumentKind::IdentityCard => {
                let dg1 = Dg1::parse(dg1).ok()?;
                Some(dg1.mrz().issuing_state().to_owned())
            }
            DocumentKind::DrivingLicence => {
                let dg1 = driving_licence::Dg1::parse(dg1).ok()?;
                Some(dg1.issuing_state().to_owned())
            }
        }
    }
}

/// What the files are judged by.
struct Judge<'a> {
    kind: DocumentKind,
    state: String,
    store: &'a CscaStore,
    time: UnixTime,
    policy: &'a Policy,
}

/// Judges the files of a document of this kind at a time. The issuing state, where it is not given, is the one in DG1;
/// without DG1, the one that the signer's certificate names.
///
/// # Errors
/// [`NothingSigned`].
pub fn judge(
    files: &DocumentFiles,
    kind: DocumentKind,
    state: Option<&str>,
    store: &CscaStore,
    time: UnixTime,
    policy: &Policy,
) -> Result<FilesVerdict, NothingSigned> {
    if files.sod.is_none() && files.card_security.is_none() {
        return Err(NothingSigned);
    }
    let mut checks = Checks(Vec::new());
    let verifier = files
        .sod
        .as_deref()
        .map(|sod| Verifier::new(kind, policy.clone(), sod));
    let mut verifier = checks.parsed("EF.SOD", verifier);
    let card_security = files.card_security.as_deref().map(CardSecurity::parse);
    let card_security = checks.parsed("EF.CardSecurity", card_security);

    let signed = verifier
        .as_ref()
        .map(|verifier| verifier.sod().signed_data());
    let signed = signed.or(card_security.as_ref().map(CardSecurity::signed_data));
    let (state, state_source) = match (state, files.issuing_state(kind)) {
        (Some(state), _) => (state.to_owned(), StateSource::Given),
        (None, Some(state)) => (state, StateSource::Dg1),
        (None, None) => (
            signed.map_or_else(String::new, state_of_signer),
            StateSource::Signer,
        ),
    };
    let judge = Judge {
        kind,
        state,
        store,
        time,
        policy,
    };
    let mut met = Tolerances::new();
    let mut passive = None;
    if let Some(verifier) = &mut verifier {
        verifier.passive_authentication(judge.store, &judge.state, judge.time);
        passive.clone_from(&verifier.verdict().passive_authentication);
        if let Some(passive) = &passive {
            checks.passive("", passive);
        }
        checks.groups(verifier, files);
        checks.unsigned(verifier, files);
        met.extend(&verifier.verdict().tolerances);
    }
    if let Some(file) = &card_security {
        let signed = checks.card_security(&judge, file, files.card_access.as_deref(), &mut met);
        if files.sod.is_none() {
            passive = Some(signed);
        }
    }
    Ok(FilesVerdict {
        kind,
        state: judge.state,
        state_source,
        passive_authentication: passive,
        checks: checks.0,
        tolerances: met,
    })
}

/// The country in the certificate of who signed, or in the name of its issuer, whether or not the signature holds: it only
/// says whom to ask for anchors.
fn state_of_signer(signed: &SignedData) -> String {
    let identifier = &signed.signer().identifier;
    let enclosed = signed.certificates().iter();
    let enclosed: Vec<_> = enclosed
        .filter_map(|der| Certificate::parse(der).ok())
        .collect();
    let named = enclosed
        .iter()
        .find(|certificate| identifier.names(certificate));
    let of_certificate =
        |signer: &Certificate| signer.issuer().country().or(signer.subject().country());
    let state = match (named.or(enclosed.first()), identifier) {
        (Some(signer), _) => of_certificate(signer),
        (None, SignerIdentifier::IssuerAndSerialNumber { issuer, .. }) => issuer.country(),
        (None, SignerIdentifier::SubjectKeyIdentifier(_)) => None,
    };
    state.map_or_else(String::new, |state| state.to_string())
}

struct Checks(Vec<Check>);

impl Checks {
    fn push(&mut self, name: impl Into<String>, outcome: CheckOutcome<String>) {
        self.0.push(Check {
            name: name.into(),
            outcome,
            unvouched: false,
        });
    }

    /// A file that has to be read before anything can be said of it.
    fn parsed<T, E: fmt::Display>(
        &mut self,
        name: &str,
        parsed: Option<Result<T, E>>,
    ) -> Option<T> {
        match parsed? {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.push(name, CheckOutcome::Failed(error.to_string()));
                None
            }
        }
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
        let unvouched = matches!(
            passive.chain,
            CheckOutcome::Failed(Failure::NoIssuer(NoIssuer::NoAnchor | NoIssuer::NotIssued))
        );
        let chain = format!("{of}{CHAIN}");
        self.0
            .iter_mut()
            .filter(|check| check.name == chain)
            .for_each(|check| check.unvouched = unvouched);
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
                    if let Some(content) = verifier.content(group, file) {
                        self.result(format!("{group} content"), content);
                    }
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
            let proofs = verifier.saved_security_files(&SecurityFiles {
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

    /// EF.CardSecurity is signed apart, as EF.SOD is, and says again what EF.CardAccess does (Doc 9303-11 9.2.11).
    fn card_security(
        &mut self,
        judge: &Judge<'_>,
        file: &CardSecurity,
        card_access: Option<&[u8]>,
        met: &mut Tolerances,
    ) -> PassiveAuthentication {
        let passive = verify_signed_data(
            file.signed_data(),
            file.tolerances(),
            judge.store,
            judge.kind,
            &judge.state,
            judge.time,
            judge.policy,
        );
        self.passive("EF.CardSecurity ", &passive);
        met.extend(&passive.tolerances);
        if let Some(Ok(shown)) = card_access.map(CardAccess::parse) {
            let mut differs = Tolerances::new();
            if !further::repeats(file.security_infos(), shown.security_infos()) {
                differs.record(Tolerance::CardSecurityDiffers);
            }
            let refused = judge.policy.first_not_tolerated(&differs);
            let outcome = refused.map_or(Ok(()), |deviation| Err(Reason::Deviation(deviation)));
            self.result("EF.CardSecurity content", outcome);
            met.extend(&differs);
        }
        passive
    }
}

#[cfg(test)]
mod tests;
