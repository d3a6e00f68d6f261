//! The files that a login does without: EF.COM, EF.CardSecurity and data groups that prove nothing. An inspection of the
//! whole document wants them in order too (BSI TR-03105 part 5.1); the field puts up with all of it, by name.

use std::collections::BTreeSet;

use super::{Reason, Verifier};
use crate::crypto::key_agreement::PublicKey;
use crate::driving_licence;
use crate::lds::com::Com;
use crate::lds::security_info::SecurityInfos;
use crate::lds::{
    Application, AtrInfo, BiometricGroup, CardAccess, CardSecurity, DataGroup, Dg1, Dg11, Dg12,
    Dg16, FurtherGroup, LdsError,
};
use crate::mrz::Mrz;
use crate::pace::ChipAuthenticationMapping;
use crate::passive_authentication::{self, CheckOutcome};
use crate::pki::csca_store::CscaStore;
use crate::pki::{DocumentKind, UnixTime};
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
        let application = Application::of(self.kind);
        match file.map(|file| Com::parse_in(application, file)) {
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
        if !dg1.mrz().deviations().is_empty() {
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
        let group = DataGroup::DG2;
        let faces = BiometricGroup::parse(group, dg2)
            .and_then(|faces| Ok((faces.face_deviations()?, faces.tolerances().clone())));
        match faces {
            Ok((deviations, mut met)) => {
                if !deviations.is_empty() {
                    met.record(Tolerance::FaceRecord);
                }
                self.tolerate(&met)
            }
            Err(error) => self.malformed(group, error),
        }
    }

    /// A data group, of which the hash was compared, that is not as Doc 9303-10 or ISO/IEC 18013-2 has it.
    fn malformed(&mut self, group: DataGroup, error: LdsError) -> Result<(), Reason> {
        // Refused, it is told why.
        self.deviates(Tolerance::DataGroupMalformed)
            .map_err(|_| Reason::Malformed(group, error))
    }

    /// What a data group holds, of which the hash was compared. `None` for one whose content is not looked at here: the keys
    /// are [`Verifier::security_files`]'s.
    pub fn content(&mut self, group: DataGroup, file: &[u8]) -> Option<Result<(), Reason>> {
        macro_rules! met {
            ($parsed:expr) => {
                $parsed.map(|file| file.tolerances().clone())
            };
        }
        let licence = self.kind == DocumentKind::DrivingLicence;
        let parsed = match (licence, group.number()) {
            (false, 1) => return Some(self.machine_readable_zone(file, None)),
            (false, 2) => return Some(self.face(file)),
            (false, 3 | 4) => met!(BiometricGroup::parse(group, file)),
            (false, 11) => met!(Dg11::parse(file)),
            (false, 12) => met!(Dg12::parse(file)),
            (false, 16) => met!(Dg16::parse(file)),
            (false, 14 | 15) | (true, 13 | 14) => return None,
            (false, _) => met!(FurtherGroup::parse(group, file)),
            (true, 1) => met!(driving_licence::Dg1::parse(file)),
            (true, 11) => met!(driving_licence::Dg11::parse(file)),
            (true, 12) => met!(driving_licence::Dg12::parse(file)),
            (true, _) => return None,
        };
        Some(match parsed {
            Ok(met) => self.tolerate(&met),
            Err(error) => self.malformed(group, error),
        })
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

/// Whether `signed` has every element of `shown`.
pub(super) fn repeats(signed: &SecurityInfos, shown: &SecurityInfos) -> bool {
    shown
        .infos()
        .iter()
        .all(|info| signed.infos().contains(info))
}
