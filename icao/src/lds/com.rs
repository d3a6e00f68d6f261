//! EF.COM (Doc 9303-10 4.6.1): versions and a list of data groups. Nothing of it is signed; EF.SOD decides what exists.

use super::{Application, DataGroup, LdsError, file_object};
use crate::tlv::{Tlv, find};
use crate::tolerance::Tolerances;

/// Tag of the file.
const COM: u32 = 0x60;
const LDS_VERSION: u32 = 0x5F01;
const UNICODE_VERSION: u32 = 0x5F36;
const TAG_LIST: u32 = 0x5C;

/// EF.COM, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Com {
    raw: Vec<u8>,
    lds_version: (u8, u8),
    unicode_version: (u8, u8, u8),
    data_groups: Vec<DataGroup>,
    tolerances: Tolerances,
}

impl Com {
    /// Reads the content of EF.COM of a travel document.
    ///
    /// # Errors
    /// As [`Com::parse_in`].
    pub fn parse(bytes: &[u8]) -> Result<Self, LdsError> {
        Self::parse_in(Application::TravelDocument, bytes)
    }

    /// Reads the content of EF.COM, in which data groups go by the tags of this application.
    ///
    /// # Errors
    /// [`LdsError::Tlv`] for malformed or missing data objects, [`LdsError::Version`] for versions that are not digits,
    /// [`LdsError::DataGroup`] for a tag that is none of a data group.
    pub fn parse_in(application: Application, bytes: &[u8]) -> Result<Self, LdsError> {
        let mut tolerances = Tolerances::new();
        let file = file_object(bytes, COM, &mut tolerances)?;
        let lds = digits::<4>(find(file.value, LDS_VERSION)?)?;
        let unicode = digits::<6>(find(file.value, UNICODE_VERSION)?)?;
        let data_groups = find(file.value, TAG_LIST)?
            .value
            .iter()
            .map(|tag| {
                application
                    .data_group_of_tag(u32::from(*tag))
                    .ok_or(LdsError::DataGroup)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            raw: bytes.to_vec(),
            lds_version: (lds[0] * 10 + lds[1], lds[2] * 10 + lds[3]),
            unicode_version: (
                unicode[0] * 10 + unicode[1],
                unicode[2] * 10 + unicode[3],
                unicode[4] * 10 + unicode[5],
            ),
            data_groups,
            tolerances,
        })
    }

    /// The bytes that were parsed.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Version of the LDS: (1, 7) or (1, 8); (1, 0) on a licence.
    #[must_use]
    pub fn lds_version(&self) -> (u8, u8) {
        self.lds_version
    }

    /// Version of Unicode: (4, 0, 0).
    #[must_use]
    pub fn unicode_version(&self) -> (u8, u8, u8) {
        self.unicode_version
    }

    /// The data groups listed, in the order of the list.
    #[must_use]
    pub fn data_groups(&self) -> &[DataGroup] {
        &self.data_groups
    }

    /// Deviations met.
    #[must_use]
    pub fn tolerances(&self) -> &Tolerances {
        &self.tolerances
    }
}

/// `N` ASCII digits as numbers.
fn digits<const N: usize>(version: Tlv<'_>) -> Result<[u8; N], LdsError> {
    let mut digits = <[u8; N]>::try_from(version.value).map_err(|_| LdsError::Version)?;
    for digit in &mut digits {
        if !digit.is_ascii_digit() {
            return Err(LdsError::Version);
        }
        *digit -= b'0';
    }
    Ok(digits)
}
