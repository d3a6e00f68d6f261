//! Evidence in, verdict out: what a chip's files and proofs establish, check by check.
//!
//! The verifier holds what a terminal brought from a chip it never saw. It believes nothing of it but what the issuing
//! state has signed, and what the chip has proved with a key that the issuing state has signed. It knows no register and
//! no person: whose document it is, its caller finds out.
//!
//! The order is the caller's, and follows Doc 9303-11, 5 and 6: Passive Authentication, the files that EF.SOD lists, Active
//! Authentication, Chip Authentication, the file with the holder's data. A later check does not undo the failure of an
//! earlier one: [`Verdict::is_genuine`] wants them all.

pub mod files;
mod further;

use std::collections::BTreeMap;

use thiserror::Error;

use crate::active_authentication::{
    ActiveAuthentication, ActiveAuthenticationError, CHALLENGE_LEN,
};
use crate::chip_authentication;
use crate::chip_authentication::remote::RemoteError;
use crate::crypto::key_agreement::PublicKey;
use crate::crypto::signature::VerifyingKey;
use crate::lds::security_info::{ChipAuthenticationOption, SecurityInfos};
use crate::lds::sod::{HashMatch, SodError};
use crate::lds::{CardAccess, DataGroup, Dg14, Dg15, LdsError, Sod};
use crate::passive_authentication::{self, CheckOutcome, Failure, PassiveAuthentication};
use crate::pki::csca_store::CscaStore;
use crate::pki::policy::Policy;
use crate::pki::{DocumentKind, UnixTime};
use crate::tolerance::{Tolerance, Tolerances};

/// The data group with the key of Active Authentication: DG15, or DG13 on a licence (ISO/IEC 18013-3).
#[must_use]
pub const fn authentication_key_group(kind: DocumentKind) -> DataGroup {
    match kind {
        DocumentKind::TravelDocument | DocumentKind::IdentityCard => DataGroup::DG15,
        DocumentKind::DrivingLicence => DataGroup::DG13,
    }
}

/// The data group that says whose document it is: DG1, or DG12 on a Dutch licence.
#[must_use]
pub const fn identity_group(kind: DocumentKind) -> DataGroup {
    match kind {
        DocumentKind::TravelDocument | DocumentKind::IdentityCard => DataGroup::DG1,
        DocumentKind::DrivingLicence => DataGroup::DG12,
    }
}

/// Bytes of the file [`identity_group`], header included: the same in all documents of a kind, or fewer.
#[must_use]
pub const fn identity_file_len(kind: DocumentKind) -> usize {
    match kind {
        // DG1 with the 88 characters of a TD3 zone, and with the 90 of a TD1 zone.
        DocumentKind::TravelDocument => 93,
        DocumentKind::IdentityCard => 95,
        // DG12 of a Dutch licence, with room to spare.
        DocumentKind::DrivingLicence => 64,
    }
}

/// Why a check of the verifier failed. Tells nothing of what a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Reason {
    /// EF.SOD lists the data group, and it was not brought.
    #[error("{0:?} is listed in EF.SOD and absent")]
    Absent(DataGroup),
    /// The data group was brought, and EF.SOD does not list it.
    #[error("{0:?} is not listed in EF.SOD")]
    NotListed(DataGroup),
    /// The hash of the data group is not the signed one.
    #[error("the hash of {0:?} is not the signed one")]
    Hash(DataGroup),
    /// The data group is not what its number says.
    #[error("{0:?}: {1}")]
    Malformed(DataGroup, LdsError),
    /// EF.CardAccess is malformed.
    #[error("EF.CardAccess: {0}")]
    CardAccess(LdsError),
    /// EF.CardAccess offers a way of PACE that DG14 does not (Doc 9303-11, 9.2.11).
    #[error("EF.CardAccess offers a way of PACE that DG14 does not")]
    CardAccessDiffers,
    /// The chip has a key for Active Authentication, and no signature was brought.
    #[error("no signature of Active Authentication")]
    NoSignature,
    /// The signature of Active Authentication does not verify over the challenge.
    #[error("Active Authentication: {0}")]
    ActiveAuthentication(ActiveAuthenticationError),
    /// The key of Active Authentication is malformed or of an unsupported kind.
    #[error("the key of Active Authentication is malformed or of an unsupported kind")]
    AuthenticationKey,
    /// A deviation that the policy does not tolerate.
    #[error("deviation not tolerated: {0}")]
    Deviation(Tolerance),
    /// EF.CardSecurity, on which Chip Authentication Mapping rests, is absent, malformed or not signed by the issuing state.
    #[error("EF.CardSecurity is absent, malformed or not signed by the issuing state")]
    CardSecurity,
    /// Chip Authentication Mapping does not prove that the chip holds the key in EF.CardSecurity.
    #[error("Chip Authentication Mapping proves no key of EF.CardSecurity")]
    NoMapping,
    /// The answers of Chip Authentication are not those of the chip.
    #[error("Chip Authentication: {0}")]
    ChipAuthentication(RemoteError),
}

/// The files of a chip that prove it, besides EF.SOD, whole and as read.
#[derive(Clone, Copy, Default)]
pub struct SecurityFiles<'a> {
    /// EF.CardAccess.
    pub card_access: Option<&'a [u8]>,
    /// DG14.
    pub dg14: Option<&'a [u8]>,
    /// The data group [`authentication_key_group`].
    pub authentication_key: Option<&'a [u8]>,
}

/// What has been established, each check apart.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The issuing state signed EF.SOD; `None` until that was looked at.
    pub passive_authentication: Option<PassiveAuthentication>,
    /// The hashes of the data groups that were looked at.
    pub data_groups: BTreeMap<DataGroup, CheckOutcome<Reason>>,
    /// EF.CardAccess agrees with DG14. Told, and decides nothing: a terminal could have changed it.
    pub card_access: CheckOutcome<Reason>,
    /// The chip signed the challenge.
    pub active_authentication: CheckOutcome<Reason>,
    /// The chip agreed on keys and answered under them.
    pub chip_authentication: CheckOutcome<Reason>,
    /// The chip proved its key in PACE, to the terminal that ran it and to no one else.
    pub chip_authentication_mapping: CheckOutcome<Reason>,
    /// Every deviation met.
    pub tolerances: Tolerances,
}

impl Verdict {
    /// Whether the chip is the one that the issuing state made: everything looked at passed with trust behind it, and at
    /// least one proof is the chip's own. A proof with a key that no signature covers counts nothing.
    #[must_use]
    pub fn is_genuine(&self) -> bool {
        let signed = self
            .passive_authentication
            .as_ref()
            .is_some_and(|passive| passive.outcome().passed());
        let proofs = [self.active_authentication, self.chip_authentication];
        signed
            && !self
                .data_groups
                .values()
                .chain(&proofs)
                .any(CheckOutcome::failed)
            && proofs.iter().any(CheckOutcome::passed)
    }
}

/// The evidence of one chip on its way to a verdict.
pub struct Verifier {
    kind: DocumentKind,
    policy: Policy,
    sod: Sod,
    dg14: Option<Dg14>,
    authentication_key: Option<Dg15>,
    verdict: Verdict,
}

impl Verifier {
    /// Begins with EF.SOD of a document of this kind, which says what else there must be.
    ///
    /// # Errors
    /// [`SodError`] for bytes that are no EF.SOD.
    pub fn new(kind: DocumentKind, policy: Policy, sod: &[u8]) -> Result<Self, SodError> {
        Ok(Self {
            kind,
            policy,
            sod: Sod::parse(sod)?,
            dg14: None,
            authentication_key: None,
            verdict: Verdict {
                passive_authentication: None,
                data_groups: BTreeMap::new(),
                card_access: CheckOutcome::NotPerformed,
                active_authentication: CheckOutcome::NotPerformed,
                chip_authentication: CheckOutcome::NotPerformed,
                chip_authentication_mapping: CheckOutcome::NotPerformed,
                tolerances: Tolerances::new(),
            },
        })
    }

    /// Lays the certificates of known document signers beside EF.SOD, for one that came without its own.
    pub fn known_signers(&mut self, certificates: &[Vec<u8>]) {
        self.sod.supply_certificates(certificates);
    }

    /// EF.SOD.
    #[must_use]
    pub fn sod(&self) -> &Sod {
        &self.sod
    }

    /// What has been established so far.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Passive Authentication of EF.SOD (Doc 9303-11, 5.1) for a document of this issuing state at a time.
    pub fn passive_authentication(
        &mut self,
        store: &CscaStore,
        issuing_state: &str,
        time: UnixTime,
    ) -> CheckOutcome<Failure> {
        let passive = passive_authentication::verify(
            &self.sod,
            store,
            self.kind,
            issuing_state,
            time,
            &self.policy,
        );
        let outcome = passive.outcome();
        self.verdict.tolerances.extend(&passive.tolerances);
        self.verdict.passive_authentication = Some(passive);
        outcome
    }

    /// The files that prove the chip: those that EF.SOD lists are there, none else, and their hashes are the signed ones.
    ///
    /// # Errors
    /// The first [`Reason`] to refuse; the others are in the verdict.
    pub fn security_files(&mut self, files: &SecurityFiles<'_>) -> Result<(), Reason> {
        self.saved_security_files(files)?;
        let infos = self.dg14.as_ref().map(Dg14::security_infos);
        let pace_signed = infos.is_some_and(SecurityInfos::offers_pace);
        if pace_signed && files.card_access.is_none() {
            self.deviates(Tolerance::CardAccessMissing)?;
        }
        Ok(())
    }

    /// As [`Verifier::security_files`], where nobody says that all files were saved: EF.CardAccess, which no signature
    /// covers, may be among those that were not.
    fn saved_security_files(&mut self, files: &SecurityFiles<'_>) -> Result<(), Reason> {
        let key = authentication_key_group(self.kind);
        let dg14 = self.data_group(DataGroup::DG14, files.dg14, Dg14::parse);
        let authentication_key = self.data_group(key, files.authentication_key, Dg15::parse);
        self.dg14 = dg14?;
        self.authentication_key = authentication_key?;
        let mut met = Tolerances::new();
        self.dg14
            .iter()
            .for_each(|dg14| met.extend(dg14.tolerances()));
        self.authentication_key
            .iter()
            .for_each(|key| met.extend(key.tolerances()));
        met.extend(&self.chip_authentication_deviations());
        self.tolerate(&met)?;
        self.verdict.card_access = self.card_access(files.card_access);
        if self.authentication_key.is_none() {
            self.verdict.active_authentication = CheckOutcome::NotSupported;
        }
        // Named with keys that are of no use here, it stays "not performed": the chip offers it.
        if !self.names_chip_authentication() {
            self.verdict.chip_authentication = CheckOutcome::NotSupported;
        }
        Ok(())
    }

    /// Compares one data group with EF.SOD, notes the outcome, and only then reads it.
    fn data_group<T>(
        &mut self,
        group: DataGroup,
        file: Option<&[u8]>,
        parse: impl FnOnce(&[u8]) -> Result<T, LdsError>,
    ) -> Result<Option<T>, Reason> {
        let listed = self.sod.security_object().hashes.contains_key(&group);
        let checked = match (listed, file) {
            (false, None) => Ok(None),
            (true, None) => Err(Reason::Absent(group)),
            (_, Some(file)) => self.hash(group, file).and_then(|()| {
                parse(file)
                    .map(Some)
                    .map_err(|error| Reason::Malformed(group, error))
            }),
        };
        let outcome = match &checked {
            Ok(Some(_)) => CheckOutcome::Passed,
            Ok(None) => CheckOutcome::NotSupported,
            Err(reason) => CheckOutcome::Failed(*reason),
        };
        self.verdict.data_groups.insert(group, outcome);
        checked
    }

    fn hash(&mut self, group: DataGroup, file: &[u8]) -> Result<(), Reason> {
        match self.sod.security_object().verify(group, file) {
            HashMatch::Equal => Ok(()),
            HashMatch::EqualWithoutPadding => {
                let mut met = Tolerances::new();
                met.record(Tolerance::FilePadding);
                self.tolerate(&met)
            }
            HashMatch::Different => Err(Reason::Hash(group)),
            HashMatch::NotListed => Err(Reason::NotListed(group)),
        }
    }

    /// EF.CardAccess offers PACE, and each way of it that a terminal understands is in DG14 too, where DG14 names any.
    fn card_access(&self, file: Option<&[u8]>) -> CheckOutcome<Reason> {
        let Some(file) = file else {
            return CheckOutcome::NotSupported;
        };
        let card_access = match CardAccess::parse(file) {
            Ok(card_access) => card_access,
            Err(error) => return CheckOutcome::Failed(Reason::CardAccess(error)),
        };
        let signed = self.dg14.as_ref().map(Dg14::security_infos);
        match signed.and_then(|signed| signed.bear_out_pace(card_access.security_infos())) {
            None => CheckOutcome::NotPerformed,
            Some(true) => CheckOutcome::Passed,
            Some(false) => CheckOutcome::Failed(Reason::CardAccessDiffers),
        }
    }

    /// Active Authentication (Doc 9303-11, 6.1) over the challenge RND.IFD, where the chip has a key for it.
    pub fn active_authentication(
        &mut self,
        challenge: &[u8; CHALLENGE_LEN],
        signature: Option<&[u8]>,
    ) -> CheckOutcome<Reason> {
        let outcome = match (&self.authentication_key, signature) {
            (None, _) => CheckOutcome::NotSupported,
            (Some(_), None) => CheckOutcome::Failed(Reason::NoSignature),
            (Some(key), Some(signature)) => self
                .signed(key, challenge, signature)
                .and_then(|met| self.tolerate(&met))
                .into(),
        };
        self.verdict.active_authentication = outcome;
        outcome
    }

    fn signed(
        &self,
        key: &Dg15,
        challenge: &[u8; CHALLENGE_LEN],
        signature: &[u8],
    ) -> Result<Tolerances, Reason> {
        let key = VerifyingKey::from_spki(key.public_key_info())
            .map_err(|_| Reason::AuthenticationKey)?;
        let infos = self.dg14.as_ref().map(Dg14::security_infos);
        let proof = ActiveAuthentication {
            key: &key,
            info: infos.and_then(SecurityInfos::active_authentication),
            kind: self.kind,
        };
        proof
            .verify_tolerant(challenge, signature)
            .map_err(Reason::ActiveAuthentication)
    }

    /// Notes deviations, and refuses those that the policy does not tolerate.
    fn tolerate(&mut self, met: &Tolerances) -> Result<(), Reason> {
        self.verdict.tolerances.extend(met);
        self.policy
            .first_not_tolerated(met)
            .map_or(Ok(()), |deviation| Err(Reason::Deviation(deviation)))
    }

    /// The strongest way of Chip Authentication that the authentic DG14 offers, and the chip's key for it.
    #[must_use]
    pub fn chip_authentication_key(&self) -> Option<(ChipAuthenticationOption<'_>, PublicKey)> {
        let options = self
            .dg14
            .as_ref()?
            .security_infos()
            .chip_authentication_options();
        chip_authentication::strongest(&options)
    }

    /// Whether DG14 says that the chip can do Chip Authentication, by a protocol or by a key.
    fn names_chip_authentication(&self) -> bool {
        self.dg14.as_ref().is_some_and(|dg14| {
            let infos = dg14.security_infos();
            infos.chip_authentication().next().is_some()
                || infos.chip_authentication_keys().next().is_some()
        })
    }

    /// What DG14 says of Chip Authentication that cannot be taken at its word.
    fn chip_authentication_deviations(&self) -> Tolerances {
        let mut met = Tolerances::new();
        match self.chip_authentication_key() {
            Some((option, _)) if option.inferred => {
                met.record(Tolerance::ChipAuthenticationInferred);
            }
            None if self.names_chip_authentication() => {
                met.record(Tolerance::ChipAuthenticationKeyMissing)
            }
            _ => {}
        }
        met
    }

    /// Notes the end of Chip Authentication.
    pub fn chip_authentication(&mut self, result: Result<(), RemoteError>) -> CheckOutcome<Reason> {
        let outcome = result.map_err(Reason::ChipAuthentication).into();
        self.verdict.chip_authentication = outcome;
        outcome
    }

    /// The file that says whose document it is, against its signed hash.
    ///
    /// # Errors
    /// [`Reason::NotListed`] or [`Reason::Hash`].
    pub fn identity_file(&mut self, file: &[u8]) -> Result<(), Reason> {
        let group = identity_group(self.kind);
        let result = self.hash(group, file);
        self.verdict.data_groups.insert(group, result.into());
        result
    }
}

#[cfg(test)]
pub(crate) mod tolerance_tests;
