//! EF.CardAccess (Doc 9303-10 3.11.3): the SecurityInfos a chip shows before access control, PACEInfo above all.

use super::LdsError;
use super::security_info::SecurityInfos;

/// EF.CardAccess, parsed. Unsigned: what it says is compared with DG14 once that is authentic (Doc 9303-11 9.2.11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardAccess {
    raw: Vec<u8>,
    security_infos: SecurityInfos,
}

impl CardAccess {
    /// Reads the content of EF.CardAccess: SecurityInfos without a tag around them.
    ///
    /// # Errors
    /// [`LdsError::Tlv`] if it is not a SET of data objects. A malformed SecurityInfo is recorded, and kept by its name.
    pub fn parse(bytes: &[u8]) -> Result<Self, LdsError> {
        Ok(Self {
            raw: bytes.to_vec(),
            security_infos: SecurityInfos::parse(bytes)?,
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
}
