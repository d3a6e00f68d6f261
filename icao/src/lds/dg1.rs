//! DG1 (Doc 9303-10 4.7.1): the machine readable zone, as the issuing state signed it.

use super::{DataGroup, LdsError, Redacted, file_object};
use crate::mrz::Mrz;
use crate::tlv::find;
use crate::tolerance::Tolerances;

/// Data object with the machine readable zone, lines joined.
const MRZ: u32 = 0x5F1F;

/// DG1, parsed. Personal data: erased when dropped, `Debug` shows none of it.
#[derive(Clone, Debug)]
pub struct Dg1 {
    raw: Redacted,
    mrz: Mrz,
    tolerances: Tolerances,
}

impl Dg1 {
    /// Reads the content of EF.DG1.
    ///
    /// # Errors
    /// [`LdsError::Tlv`] if it is not a data object 61 with a data object 5F1F inside, [`LdsError::Mrz`] if that holds no
    /// machine readable zone.
    pub fn parse(bytes: &[u8]) -> Result<Self, LdsError> {
        let mut tolerances = Tolerances::new();
        let file = file_object(bytes, DataGroup::DG1.tag(), &mut tolerances)?;
        let mrz = Mrz::parse(find(file.value, MRZ)?.value)?;
        Ok(Self {
            raw: Redacted::new(bytes),
            mrz,
            tolerances,
        })
    }

    /// The bytes that were parsed.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.raw.bytes()
    }

    /// The machine readable zone.
    #[must_use]
    pub fn mrz(&self) -> &Mrz {
        &self.mrz
    }

    /// Deviations met in the file; those of the zone are in [`Mrz::deviations`].
    #[must_use]
    pub fn tolerances(&self) -> &Tolerances {
        &self.tolerances
    }
}
