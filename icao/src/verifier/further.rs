//! The files that a login does without: EF.COM, EF.CardSecurity and data groups that prove nothing. An inspection of the
//! whole document wants them in order too (BSI TR-03105 part 5.1); the field puts up with all of it, by name.

use std::collections::BTreeSet;

use super::{Reason, Verifier};
use crate::crypto::key_agreement::PublicKey;
use crate::lds::com::Com;
use crate::lds::security_info::SecurityInfos;
use crate::lds::{AtrInfo, CardAccess, CardSecurity, DataGroup, Dg1, Dg2};
use crate::mrz::Mrz;
use crate::pace::ChipAuthenticationMapping;
use crate::passive_authentication::{self, CheckOutcome};
use crate::pki::csca_store::CscaStore;
use crate::pki::{IssuingState, UnixTime};
use crate::tolerance::{Tolerance, Tolerances};

/// The versions of the LDS that Doc 9303-10 4.6.1 defines, and of Unicode.
const LDS_VERSIONS: [(u8, u8); 2] = [(1, 7), (1, 8)];
const UNICODE_VERSION: (u8, u8, u8) = (4, 0, 0);

impl Verifier {
    /// EF.COM against EF.SOD: both list the same data groups. `None` if the chip has none.
    ///
    /// # Errors
    /// [`Reason::Deviation`] where the policy does not put up with a difference.
    pub fn com(&mut self, file: Option<&[u8]>) -> Result<(), Reason> {
        let mut met = Tolerances::new();
        match file.map(Com::parse) {
            Some(Ok(com)) => {
                met.extend(com.tolerances());
                let listed: BTreeSet<DataGroup> = com.data_groups().iter().copied().collect();
                let signed: BTreeSet<DataGroup> =
                    self.sod.security_object().hashes.keys().copied().collect();
                if listed != signed {
                    met.record(Tolerance::ComDiffers);
                }
                if !LDS_VERSIONS.contains(&com.lds_version())
                    || com.unicode_version() != UNICODE_VERSION
                {
                    met.record(Tolerance::ComVersion);
                }
            }
            Some(Err(_)) | None => met.record(Tolerance::ComMalformed),
        }
        self.tolerate(&met)
    }

    /// EF.ATR/INFO says how long APDUs may be, or nothing of it.
    ///
    /// # Errors
    /// [`Reason::Deviation`] where the policy does not put up with another content.
    pub fn atr_info(&mut self, file: &[u8]) -> Result<(), Reason> {
        match AtrInfo::parse(file) {
            Ok(_) => Ok(()),
            Err(_) => self.deviates(Tolerance::AtrInfoMalformed),
        }
    }

    /// A data group that EF.SOD lists, or EF.COM, and by which nothing is proved: its hash is the signed one. `None` if the
    /// chip does not have it.
    ///
    /// # Errors
    /// [`Reason::Hash`] or [`Reason::NotListed`]; [`Reason::Deviation`] where it is absent and the policy does not put up
    /// with that.
    pub fn further_group(&mut self, group: DataGroup, file: Option<&[u8]>) -> Result<(), Reason> {
        let result = match file {
            Some(file) => self.hash(group, file),
            None => self.deviates(Tolerance::ListedGroupAbsent),
        };
        self.verdict.data_groups.insert(group, result.into());
        result
    }

    /// DG1, of which the hash was compared: it holds a machine readable zone in the form of Doc 9303, and, where `printed`
    /// is what stands on the document, the same one.
    ///
    /// # Errors
    /// [`Reason::Malformed`] if it holds none, [`Reason::Deviation`] where the policy wants it without fault.
    pub fn machine_readable_zone(
        &mut self,
        dg1: &[u8],
        printed: Option<&Mrz>,
    ) -> Result<(), Reason> {
        let group = DataGroup::DG1;
        let dg1 = Dg1::parse(dg1).map_err(|error| Reason::Malformed(group, error))?;
        let mut met = dg1.tolerances().clone();
        if !dg1.mrz().deviations().is_empty() || !is_well_formed(dg1.mrz()) {
            met.record(Tolerance::MachineReadableZone);
        }
        if printed.is_some_and(|printed| printed.text() != dg1.mrz().text()) {
            met.record(Tolerance::PrintedZoneDiffers);
        }
        self.tolerate(&met)
    }

    /// DG2, of which the hash was compared: it holds faces in the form of Doc 9303-10 4.7.2.
    ///
    /// # Errors
    /// [`Reason::Deviation`] where the policy does not put up with another content.
    pub fn face(&mut self, dg2: &[u8]) -> Result<(), Reason> {
        let mut met = Tolerances::new();
        match Dg2::parse(dg2) {
            Ok(dg2) => {
                met.extend(dg2.tolerances());
                if !dg2.deviations().is_empty() {
                    met.record(Tolerance::FaceRecord);
                }
            }
            // Refused, it is told why.
            Err(error) => self
                .deviates(Tolerance::DataGroupMalformed)
                .map_err(|_| Reason::Malformed(DataGroup::DG2, error))?,
        }
        self.tolerate(&met)
    }

    /// EF.CardSecurity: signed by the issuing state, with every SecurityInfo of EF.CardAccess in it (Doc 9303-11 9.2.11), and
    /// its key the one of Chip Authentication Mapping where PACE was done so (4.4.3.5). Comes after
    /// [`Verifier::security_files`].
    ///
    /// # Errors
    /// [`Reason::CardSecurity`] or [`Reason::NoMapping`] if Chip Authentication Mapping rests on it; otherwise
    /// [`Reason::Deviation`] where the policy does not put up with its faults.
    pub fn card_security(
        &mut self,
        file: Option<&[u8]>,
        card_access: Option<&[u8]>,
        mapping: Option<&ChipAuthenticationMapping>,
        store: &CscaStore,
        issuing_state: &str,
        time: UnixTime,
    ) -> Result<(), Reason> {
        let parsed = match (file.map(CardSecurity::parse), mapping) {
            (Some(Ok(parsed)), _) => parsed,
            (None, None) => return Ok(()),
            (_, Some(_)) => return Err(Reason::CardSecurity),
            (Some(Err(_)), None) => return self.deviates(Tolerance::CardSecurityUnsigned),
        };
        let passive = passive_authentication::verify_signed_data(
            parsed.signed_data(),
            parsed.tolerances(),
            store,
            self.kind,
            issuing_state,
            time,
            &self.policy,
        );
        self.verdict.tolerances.extend(&passive.tolerances);
        match (passive.outcome(), mapping) {
            (CheckOutcome::Passed, _) => {}
            (_, Some(_)) => return Err(Reason::CardSecurity),
            (_, None) => self.deviates(Tolerance::CardSecurityUnsigned)?,
        }
        if let Some(Ok(shown)) = card_access.map(CardAccess::parse)
            && !repeats(parsed.security_infos(), shown.security_infos())
        {
            self.deviates(Tolerance::CardSecurityDiffers)?;
        }
        let Some(mapping) = mapping else {
            return Ok(());
        };
        let keys = parsed.security_infos().chip_authentication_keys();
        let proven = keys
            .filter_map(|info| info.public_key().ok())
            .any(|key: PublicKey| mapping.proves(&key));
        if proven {
            self.verdict.chip_authentication_mapping = CheckOutcome::Passed;
            Ok(())
        } else {
            self.verdict.chip_authentication_mapping = CheckOutcome::Failed(Reason::NoMapping);
            Err(Reason::NoMapping)
        }
    }

    /// What makes a difference between EF.CardAccess and DG14, or EF.CardAccess malformed, a matter of the policy. Comes
    /// after [`Verifier::security_files`], which compares them.
    ///
    /// # Errors
    /// [`Reason::Deviation`] where the policy does not put up with it.
    pub fn card_access_agrees(&mut self) -> Result<(), Reason> {
        match self.verdict.card_access {
            CheckOutcome::Failed(Reason::CardAccessDiffers) => {
                self.deviates(Tolerance::CardAccessDiffers)
            }
            CheckOutcome::Failed(_) => self.deviates(Tolerance::CardAccessMalformed),
            _ => Ok(()),
        }
    }

    /// A deviation that the caller has met.
    ///
    /// # Errors
    /// [`Reason::Deviation`] where the policy does not put up with it.
    pub fn deviates(&mut self, deviation: Tolerance) -> Result<(), Reason> {
        let mut met = Tolerances::new();
        met.record(deviation);
        self.tolerate(&met)
    }
}

/// Whether the fields without check digit are as Doc 9303-3 4.3 and 5 have them: a document of a known type, codes of states,
/// and a name.
fn is_well_formed(mrz: &Mrz) -> bool {
    let code = |code: &str| IssuingState::parse(code).is_ok();
    mrz.document_code().starts_with(['P', 'I', 'A', 'C', 'V'])
        && code(mrz.issuing_state())
        && code(mrz.nationality())
        && !mrz.primary_identifier().trim().is_empty()
}

/// Whether `signed` has every element of `shown`.
fn repeats(signed: &SecurityInfos, shown: &SecurityInfos) -> bool {
    shown
        .infos()
        .iter()
        .all(|info| signed.infos().contains(info))
}
