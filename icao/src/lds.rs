//! The Logical Data Structure: the elementary files of the eMRTD application (Doc 9303-10).
//!
//! Each file type keeps the bytes it was parsed from: hashes and signatures run over those, never over a re-encoding.

pub mod application;
pub mod atr_info;
pub mod biometrics;
pub mod card_access;
pub mod card_security;
pub mod com;
pub mod details;
pub mod dg1;
pub mod dg14;
pub mod dg15;
pub mod dir;
pub mod further;
pub mod security_info;
pub mod sod;

use core::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

pub use application::Application;
pub use atr_info::AtrInfo;
pub use biometrics::BiometricGroup;
pub use card_access::CardAccess;
pub use card_security::CardSecurity;
pub use com::Com;
pub use details::{Dg11, Dg12, Dg16};
pub use dg1::Dg1;
pub use dg14::Dg14;
pub use dg15::Dg15;
pub use dir::Dir;
pub use further::FurtherGroup;
pub use sod::Sod;

use crate::driving_licence::LicenceLineError;
use crate::mrz::MrzError;
use crate::tlv::{Tlv, TlvError};
use crate::tolerance::{Tolerance, Tolerances};

/// Longest file content this crate parses, in bytes. The largest files of a login are EF.SOD and DG14, a few kilobytes.
pub const MAX_FILE_LEN: usize = 1 << 20;

/// Why bytes are not the elementary file they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LdsError {
    /// The data objects of the file are malformed, or a required one is absent.
    #[error("{0}")]
    Tlv(#[from] TlvError),
    /// The machine readable zone in DG1 is none.
    #[error("machine readable zone: {0}")]
    Mrz(#[from] MrzError),
    /// More than [`MAX_FILE_LEN`] bytes.
    #[error("file is too long")]
    TooLong,
    /// A version of LDS or Unicode that is not digits, or a version this crate does not know.
    #[error("version is unknown")]
    Version,
    /// A data group tag that Doc 9303-10 does not define.
    #[error("tag of no data group")]
    DataGroup,
    /// The biometric templates in DG2 are not those of a face.
    #[error("biometric template: {0}")]
    Biometric(#[from] biometrics::BiometricError),
    /// A public key that is malformed or of an unsupported kind.
    #[error("public key is malformed or of an unsupported kind")]
    PublicKey,
    /// Text in an encoding or of a length that the field does not have.
    #[error("field does not have its form")]
    Field,
    /// The machine readable line of a driving licence is none.
    #[error("line of a driving licence: {0}")]
    LicenceLine(#[from] LicenceLineError),
}

/// The address of an elementary file: file identifier and short file identifier (ISO/IEC 7816-4 7.3.1, 7.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId {
    /// File identifier, two bytes, for SELECT.
    pub fid: u16,
    /// Short file identifier, 1 to 30, for READ BINARY in one step.
    pub sfi: u8,
}

impl FileId {
    /// EF.CardAccess, in the master file (Doc 9303-10 3.11.3).
    pub const EF_CARD_ACCESS: Self = Self {
        fid: 0x011C,
        sfi: 0x1C,
    };
    /// EF.CardSecurity, in the master file (Doc 9303-10 3.11.4).
    pub const EF_CARD_SECURITY: Self = Self {
        fid: 0x011D,
        sfi: 0x1D,
    };
    /// EF.COM of the eMRTD application (Doc 9303-10 4.6.1).
    pub const EF_COM: Self = Self {
        fid: 0x011E,
        sfi: 0x1E,
    };
    /// EF.SOD of the eMRTD application (Doc 9303-10 4.6.2).
    pub const EF_SOD: Self = Self {
        fid: 0x011D,
        sfi: 0x1D,
    };

    /// The file of a data group of the eMRTD application (Doc 9303-10 4.7). Of another application:
    /// [`Application::data_group`].
    #[must_use]
    pub const fn data_group(group: DataGroup) -> Self {
        Application::TravelDocument.data_group(group)
    }
}

/// The name in Doc 9303-10 or ISO/IEC 18013-3, as in the document's application: EF.SOD and EF.CardSecurity have the same
/// identifiers.
impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fid {
            0x0001..=0x000E => write!(f, "DG{}", self.fid),
            0x0101..=0x0110 => write!(f, "DG{}", self.fid - 0x0100),
            0x011C => f.write_str("EF.CardAccess"),
            0x001D | 0x011D => f.write_str("EF.SOD"),
            0x001E | 0x011E => f.write_str("EF.COM"),
            fid => write!(f, "EF {fid:04X}"),
        }
    }
}

/// Number of a data group, 1 to 16.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DataGroup(u8);

impl DataGroup {
    /// Machine readable zone.
    pub const DG1: Self = Self(1);
    /// Face image.
    pub const DG2: Self = Self(2);
    /// Additional personal details; of a driving licence: domestic data.
    pub const DG11: Self = Self(11);
    /// Additional document details; of a driving licence: what opens it.
    pub const DG12: Self = Self(12);
    /// Of a driving licence: Active Authentication key (ISO/IEC 18013-3).
    pub const DG13: Self = Self(13);
    /// Security options: Chip Authentication key and more.
    pub const DG14: Self = Self(14);
    /// Active Authentication key.
    pub const DG15: Self = Self(15);

    /// The data group with this number, if there is one.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number >= 1 && number <= 16 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The data group whose file begins with `tag` in the eMRTD application.
    #[must_use]
    pub fn from_tag(tag: u32) -> Option<Self> {
        Application::TravelDocument.data_group_of_tag(tag)
    }

    /// The number, 1 to 16.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The tag its file begins with in the eMRTD application.
    #[must_use]
    pub fn tag(self) -> u32 {
        Application::TravelDocument.tag(self).unwrap_or_default()
    }
}

impl fmt::Debug for DataGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for DataGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DG{}", self.0)
    }
}

/// Personal data: bytes that erase themselves and do not print.
#[derive(Clone)]
pub(crate) struct Redacted(Zeroizing<Vec<u8>>);

impl Redacted {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// The one data object of a file, which must carry `tag`; what a chip pads behind it is dropped and recorded.
pub(crate) fn file_object<'a>(
    bytes: &'a [u8],
    tag: u32,
    met: &mut Tolerances,
) -> Result<Tlv<'a>, LdsError> {
    if bytes.len() > MAX_FILE_LEN {
        return Err(LdsError::TooLong);
    }
    let (object, padding) = Tlv::split(bytes)?;
    if !padding.is_empty() {
        met.record(Tolerance::FilePadding);
    }
    Ok(object.expect(tag)?)
}

#[cfg(test)]
mod tests;
