//! DG11 of a driving licence: domestic data of the issuing state (ISO/IEC 18013-2, annex C).

use zeroize::Zeroizing;

use super::dg1::{first, text};
use crate::lds::{Application, DataGroup, LdsError, Redacted, file_object};
use crate::tolerance::Tolerances;

/// Personal number, in Dutch licences the citizen service number (BSN).
const PERSONAL_NUMBER: u32 = 0x5F10;

/// DG11 of a licence, parsed. Personal data: erased when dropped, `Debug` shows none of it.
///
/// The content is each state's own; what is not known here stays in [`Dg11::raw`].
#[derive(Clone, Debug)]
pub struct Dg11 {
    raw: Redacted,
    personal_number: Option<Personal>,
    tolerances: Tolerances,
}

#[derive(Clone)]
struct Personal(Zeroizing<String>);

impl core::fmt::Debug for Personal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("(..)")
    }
}

impl Dg11 {
    /// Reads the content of EF.DG11 of a licence.
    ///
    /// # Errors
    /// [`LdsError::Tlv`] if it is not a data object 6D of data objects, [`LdsError::Field`] for a number that is no text.
    pub fn parse(bytes: &[u8]) -> Result<Self, LdsError> {
        let mut tolerances = Tolerances::new();
        let tag = Application::DrivingLicence
            .tag(DataGroup::DG11)
            .ok_or(LdsError::DataGroup)?;
        let file = file_object(bytes, tag, &mut tolerances)?;
        let personal_number = first(file.value, PERSONAL_NUMBER)?
            .map(|object| text(object.value).map(Personal))
            .transpose()?;
        Ok(Self {
            raw: Redacted::new(bytes),
            personal_number,
            tolerances,
        })
    }

    /// The bytes that were parsed.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.raw.bytes()
    }

    /// The personal number, if there is one.
    #[must_use]
    pub fn personal_number(&self) -> Option<&str> {
        self.personal_number
            .as_ref()
            .map(|number| number.0.as_str())
    }

    /// Deviations met.
    #[must_use]
    pub fn tolerances(&self) -> &Tolerances {
        &self.tolerances
    }
}
