//! DG14 (Doc 9303-10 4.7.14): the SecurityInfos that EF.SOD vouches for.

use super::security_info::SecurityInfos;
use super::{DataGroup, LdsError, file_object};
use crate::tolerance::Tolerances;

/// DG14, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dg14 {
    raw: Vec<u8>,
    security_infos: SecurityInfos,
    tolerances: Tolerances,
}

impl Dg14 {
    /// Reads the content of EF.DG14.
    ///
    /// # Errors
    /// [`LdsError::Tlv`] if it is not a data object 6E with a SET inside. A malformed SecurityInfo is recorded, and
    /// kept by its name.
    pub fn parse(bytes: &[u8]) -> Result<Self, LdsError> {
        let mut tolerances = Tolerances::new();
        let file = file_object(bytes, DataGroup::DG14.tag(), &mut tolerances)?;
        let security_infos = SecurityInfos::parse(file.value)?;
        tolerances.extend(security_infos.tolerances());
        Ok(Self {
            raw: bytes.to_vec(),
            security_infos,
            tolerances,
        })
    }

    /// The bytes that were parsed.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// What the chip supports.
    #[must_use]
    pub fn security_infos(&self) -> &SecurityInfos {
        &self.security_infos
    }

    /// Deviations met.
    #[must_use]
    pub fn tolerances(&self) -> &Tolerances {
        &self.tolerances
    }
}
