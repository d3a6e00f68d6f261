//! DG12 of a driving licence: what opens it (ISO/IEC 18013-3, annex B; "non-match alert"). It binds a chip to its card,
//! and, where a register holds the line too, to a person.

use super::line::LicenceLine;
use crate::lds::{Application, DataGroup, LdsError, Redacted, file_object};
use crate::tlv::find;
use crate::tolerance::Tolerances;

/// What kind of input the keys are made from: `A` for a machine readable line.
const INPUT_METHOD: u32 = 0x81;
/// The input itself, behind one byte.
const INPUT: u32 = 0x82;

/// DG12, parsed. Access data: erased when dropped, `Debug` shows none of it.
#[derive(Clone, Debug)]
pub struct Dg12 {
    raw: Redacted,
    line: LicenceLine,
    tolerances: Tolerances,
}

impl Dg12 {
    /// Reads the content of EF.DG12 of a licence that is opened by its line.
    ///
    /// # Errors
    /// [`LdsError::Tlv`] if it is not a data object 71 with data objects 81 and 82, [`LdsError::Field`] for another input
    /// method than a line, [`LdsError::LicenceLine`] if what it holds is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, LdsError> {
        let mut tolerances = Tolerances::new();
        let tag = Application::DrivingLicence
            .tag(DataGroup::DG12)
            .ok_or(LdsError::DataGroup)?;
        let file = file_object(bytes, tag, &mut tolerances)?;
        if find(file.value, INPUT_METHOD)?.value != b"A" {
            return Err(LdsError::Field);
        }
        let [0x00, characters @ ..] = find(file.value, INPUT)?.value else {
            return Err(LdsError::Field);
        };
        Ok(Self {
            raw: Redacted::new(bytes),
            line: LicenceLine::from_inner(characters)?,
            tolerances,
        })
    }

    /// The bytes that were parsed.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.raw.bytes()
    }

    /// The line that opens the licence.
    #[must_use]
    pub fn line(&self) -> &LicenceLine {
        &self.line
    }

    /// Deviations met.
    #[must_use]
    pub fn tolerances(&self) -> &Tolerances {
        &self.tolerances
    }
}
