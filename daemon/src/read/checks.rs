//! The checks of a document, each with an outcome of its own.

use std::collections::BTreeMap;
use std::fmt;

use icao::active_authentication::{ActiveAuthentication, CHALLENGE_LEN};
use icao::chip_authentication::strongest;
use icao::crypto::signature::VerifyingKey;
use icao::lds::sod::{HashMatch, Sod};
use icao::lds::{CardAccess, CardSecurity, DataGroup, Dg14, Dg15};
use icao::pace::ChipAuthenticationMapping;
use icao::passive_authentication::{self, CheckOutcome, PassiveAuthentication};
use icao::pki::{DocumentKind, Policy};
use icao::terminal::{Error, Terminal};
use icao::verifier::authentication_key_group;
use serde::Serialize;
use zeroize::Zeroizing;

use super::Trust;

/// Who issued the document, by its own word, and what this is checked against.
pub(super) struct Issue<'a> {
    pub(super) kind: DocumentKind,
    pub(super) state: &'a str,
    pub(super) trust: &'a Trust,
}

/// What the chip did to prove itself, before anything vouches for the keys it did it with.
pub(super) struct Proofs {
    active: Option<Result<Signed, Error>>,
    chip: Option<Result<(), Error>>,
}

/// A challenge and what the chip made of it.
struct Signed {
    rnd_ifd: [u8; CHALLENGE_LEN],
    signature: Vec<u8>,
}

/// Outcome of one check, with the reason where it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome(CheckOutcome<String>);

impl Outcome {
    /// Whether the check was made and failed.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.0.failed()
    }

    /// Whether the check passed, trust included.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.0.passed()
    }

    /// The outcome, if what vouches for its key has the outcome `trust`.
    fn with_trust(self, trust: &Self) -> Self {
        match (&self.0, &trust.0) {
            (CheckOutcome::Passed, CheckOutcome::Passed) => self,
            (CheckOutcome::Passed, _) => Self(CheckOutcome::PassedUntrusted),
            _ => self,
        }
    }
}

impl<R: fmt::Display> From<CheckOutcome<R>> for Outcome {
    fn from(outcome: CheckOutcome<R>) -> Self {
        Self(match outcome {
            CheckOutcome::Failed(reason) => CheckOutcome::Failed(reason.to_string()),
            CheckOutcome::NotSupported => CheckOutcome::NotSupported,
            CheckOutcome::NotPerformed => CheckOutcome::NotPerformed,
            CheckOutcome::PassedUntrusted => CheckOutcome::PassedUntrusted,
            CheckOutcome::Passed => CheckOutcome::Passed,
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An outcome as JSON: `outcome` in words, and the `reason` of a failure.
#[derive(Serialize)]
pub struct Report {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Serialize for Outcome {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (outcome, reason) = match &self.0 {
            CheckOutcome::NotSupported => ("not_supported", None),
            CheckOutcome::NotPerformed => ("not_performed", None),
            CheckOutcome::Failed(reason) => ("failed", Some(reason.clone())),
            CheckOutcome::PassedUntrusted => ("passed_untrusted", None),
            CheckOutcome::Passed => ("passed", None),
        };
        Report { outcome, reason }.serialize(serializer)
    }
}

/// What the checks say of a document.
#[derive(Clone, Debug, Serialize)]
pub struct Checks {
    /// Passive Authentication as a whole.
    pub passive_authentication: Outcome,
    /// The document signer signed EF.SOD.
    pub signature: Outcome,
    /// A CSCA signed the certificate of the document signer.
    pub chain: Outcome,
    /// Both certificates are valid at the time asked for.
    pub validity: Outcome,
    /// The certificate of the signer is for signing documents.
    pub usage: Outcome,
    /// The signer is not revoked.
    pub revocation: Outcome,
    /// SHA-256 of the certificate of the document signer.
    pub signer: Option<String>,
    /// SHA-256 of the certificate of the CSCA.
    pub csca: Option<String>,
    /// Each data group of EF.SOD's list against its hash; `not performed` for one that may not be read.
    #[serde(serialize_with = "by_name")]
    pub data_groups: BTreeMap<DataGroup, Outcome>,
    /// EF.CardAccess repeats nothing that the signed DG14 does not say.
    pub card_access: Outcome,
    /// The chip holds the private key of DG15, or DG13 of a licence.
    pub active_authentication: Outcome,
    /// The chip holds the private key of DG14.
    pub chip_authentication: Outcome,
    /// The chip proved in PACE that it holds a key of EF.CardSecurity, which the issuing state signed. Nobody but the
    /// program that ran PACE can know that, so no login server counts it.
    pub chip_authentication_mapping: Outcome,
    /// Deviations from the standards that were met and tolerated, by name.
    pub deviations: Vec<String>,
}

impl Checks {
    /// All outcomes by name.
    pub fn outcomes(&self) -> impl Iterator<Item = (String, &Outcome)> {
        let passive = [
            ("Passive Authentication", &self.passive_authentication),
            ("  signature of EF.SOD", &self.signature),
            ("  certificate chain", &self.chain),
            ("  validity", &self.validity),
            ("  key usage", &self.usage),
            ("  revocation", &self.revocation),
        ];
        let chip = [
            ("EF.CardAccess", &self.card_access),
            ("Active Authentication", &self.active_authentication),
            ("Chip Authentication", &self.chip_authentication),
            ("PACE-CAM", &self.chip_authentication_mapping),
        ];
        let named = |(name, outcome): (&str, _)| (name.to_owned(), outcome);
        let groups = self
            .data_groups
            .iter()
            .map(|(group, outcome)| (group.to_string(), outcome));
        passive
            .into_iter()
            .map(named)
            .chain(groups)
            .chain(chip.into_iter().map(named))
    }

    /// Whether any check failed. That nothing vouches for the signer is no failure, but no success either: see
    /// [`Checks::passive_authentication`].
    #[must_use]
    pub fn failed(&self) -> bool {
        [
            &self.passive_authentication,
            &self.card_access,
            &self.active_authentication,
            &self.chip_authentication,
            &self.chip_authentication_mapping,
        ]
        .into_iter()
        .chain(self.data_groups.values())
        .any(Outcome::failed)
    }
}

fn by_name<S: serde::Serializer>(
    groups: &BTreeMap<DataGroup, Outcome>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(
        groups
            .iter()
            .map(|(group, outcome)| (group.to_string(), outcome)),
    )
}

/// Lets the chip prove itself in every way it offers. A refusal is an outcome; a lost link is an error.
pub(super) fn prove(
    terminal: &mut Terminal<'_>,
    key_group: DataGroup,
    files: &BTreeMap<DataGroup, Zeroizing<Vec<u8>>>,
) -> Result<Proofs, Error> {
    let key = files
        .get(&key_group)
        .and_then(|file| Dg15::parse(file).ok());
    let active = match key {
        None => None,
        Some(key) => {
            let mut rnd_ifd = [0; CHALLENGE_LEN];
            rand_core::Rng::fill_bytes(&mut rand_core::UnwrapErr(getrandom::SysRng), &mut rnd_ifd);
            let length = match VerifyingKey::from_spki(key.public_key_info()) {
                Ok(VerifyingKey::Rsa(key)) => key.modulus_len(),
                _ => 1,
            };
            let signature = terminal.active_authentication(&rnd_ifd, length);
            Some(settled(signature)?.map(|signature| Signed { rnd_ifd, signature }))
        }
    };
    let dg14 = files
        .get(&DataGroup::DG14)
        .and_then(|file| Dg14::parse(file).ok());
    let chip = match &dg14 {
        None => None,
        Some(dg14) => match strongest(&dg14.security_infos().chip_authentication_options()) {
            None => None,
            Some((option, key)) => Some(settled(terminal.chip_authentication(&option, &key))?),
        },
    };
    Ok(Proofs { active, chip })
}

/// Tells what the chip said from what the link did.
fn settled<T>(result: Result<T, Error>) -> Result<Result<T, Error>, Error> {
    match result {
        Err(error) if error.is_interruption() => Err(error),
        result => Ok(result),
    }
}

/// Judges what was read.
pub(super) fn judge(
    sod: &Sod,
    card_access: Option<&CardAccess>,
    files: &BTreeMap<DataGroup, Zeroizing<Vec<u8>>>,
    proofs: Proofs,
    &Issue { kind, state, trust }: &Issue<'_>,
) -> Checks {
    let key_group = authentication_key_group(kind);
    let passive = passive_authentication::verify(
        sod,
        &trust.anchors,
        kind,
        state,
        trust.time,
        &Policy::field(),
    );
    let whole = Outcome::from(passive.outcome());

    let object = sod.security_object();
    let data_groups: BTreeMap<DataGroup, Outcome> = object
        .hashes
        .keys()
        .map(|group| {
            let outcome = files
                .get(group)
                .map(|file| match object.verify(*group, file) {
                    HashMatch::Equal | HashMatch::EqualWithoutPadding => CheckOutcome::Passed,
                    HashMatch::Different => {
                        CheckOutcome::Failed("the content is not what EF.SOD lists")
                    }
                    HashMatch::NotListed => CheckOutcome::NotSupported,
                });
            (
                *group,
                Outcome::from(outcome.unwrap_or(CheckOutcome::NotPerformed)).with_trust(&whole),
            )
        })
        .collect();
    // A proof counts only with a key that EF.SOD vouches for.
    let vouched = |group: DataGroup| {
        data_groups
            .get(&group)
            .cloned()
            .unwrap_or(Outcome(CheckOutcome::PassedUntrusted))
    };
    let dg14 = files
        .get(&DataGroup::DG14)
        .and_then(|file| Dg14::parse(file).ok());
    let active =
        active_outcome(proofs.active, files, dg14.as_ref(), kind).with_trust(&vouched(key_group));
    let chip = Outcome::from(match proofs.chip {
        None => CheckOutcome::NotSupported,
        Some(Ok(())) => CheckOutcome::Passed,
        Some(Err(error)) => CheckOutcome::Failed(error),
    })
    .with_trust(&vouched(DataGroup::DG14));
    let card_access =
        card_access_outcome(card_access, dg14.as_ref()).with_trust(&vouched(DataGroup::DG14));
    let PassiveAuthentication {
        signature,
        chain,
        validity,
        usage,
        revocation,
        signer,
        csca,
        tolerances,
        ..
    } = passive;
    Checks {
        passive_authentication: whole,
        signature: signature.into(),
        chain: chain.into(),
        validity: validity.into(),
        usage: usage.into(),
        revocation: revocation.into(),
        signer: signer.map(|fingerprint| fingerprint.to_string()),
        csca: csca.map(|fingerprint| fingerprint.to_string()),
        data_groups,
        card_access,
        active_authentication: active,
        chip_authentication: chip,
        chip_authentication_mapping: CheckOutcome::<&str>::NotPerformed.into(),
        deviations: tolerances
            .as_slice()
            .iter()
            .map(ToString::to_string)
            .collect(),
    }
}

fn active_outcome(
    proof: Option<Result<Signed, Error>>,
    files: &BTreeMap<DataGroup, Zeroizing<Vec<u8>>>,
    dg14: Option<&Dg14>,
    kind: DocumentKind,
) -> Outcome {
    let Some(proof) = proof else {
        return CheckOutcome::<&str>::NotSupported.into();
    };
    let Signed { rnd_ifd, signature } = match proof {
        Ok(signed) => signed,
        Err(error) => return CheckOutcome::Failed(error).into(),
    };
    let key = files
        .get(&authentication_key_group(kind))
        .and_then(|file| Dg15::parse(file).ok())
        .map(|dg15| VerifyingKey::from_spki(dg15.public_key_info()));
    match key {
        Some(Ok(key)) => {
            let info = dg14.and_then(|dg14| dg14.security_infos().active_authentication());
            let document = ActiveAuthentication {
                key: &key,
                info,
                kind,
            };
            CheckOutcome::from(document.verify_tolerant(&rnd_ifd, &signature).map(|_| ())).into()
        }
        Some(Err(error)) => CheckOutcome::Failed(error).into(),
        None => CheckOutcome::Failed("the file with the key is malformed").into(),
    }
}

/// EF.CardAccess is not signed. What it says of PACE is repeated in DG14, which is (Doc 9303-11, 9.2.11).
fn card_access_outcome(card_access: Option<&CardAccess>, dg14: Option<&Dg14>) -> Outcome {
    let (Some(card_access), Some(dg14)) = (card_access, dg14) else {
        return CheckOutcome::<&str>::NotSupported.into();
    };
    let (shown, signed) = (card_access.security_infos(), dg14.security_infos());
    match signed.bear_out_pace(shown) {
        None => CheckOutcome::<&str>::NotSupported.into(),
        Some(true) => CheckOutcome::<&str>::Passed.into(),
        Some(false) => {
            CheckOutcome::Failed("EF.CardAccess and DG14 do not offer PACE in the same ways").into()
        }
    }
}

/// Chip Authentication Mapping against EF.CardSecurity, its signature and chain (Doc 9303-11, 4.4.3.5). A chip may have
/// several keys there; all are signed, so that any of them will do.
pub(super) fn mapping(
    mapping: Option<&ChipAuthenticationMapping>,
    card_security: Option<&[u8]>,
    &Issue { kind, state, trust }: &Issue<'_>,
) -> Outcome {
    let Some(mapping) = mapping else {
        return CheckOutcome::<&str>::NotSupported.into();
    };
    let Some(file) = card_security else {
        return CheckOutcome::Failed("EF.CardSecurity cannot be read").into();
    };
    let file = match CardSecurity::parse(file) {
        Ok(file) => file,
        Err(error) => return CheckOutcome::Failed(error).into(),
    };
    let signed = passive_authentication::verify_signed_data(
        file.signed_data(),
        file.tolerances(),
        &trust.anchors,
        kind,
        state,
        trust.time,
        &Policy::field(),
    );
    let mut keys = file.security_infos().chip_authentication_keys();
    let proven = keys.any(|key| key.public_key().is_ok_and(|key| mapping.proves(&key)));
    Outcome::from(if proven {
        CheckOutcome::Passed
    } else {
        CheckOutcome::Failed("the chip does not hold a key of EF.CardSecurity")
    })
    .with_trust(&signed.outcome().into())
}
