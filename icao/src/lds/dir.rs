//! EF.DIR of the master file (Doc 9303-10 3.11.2; ISO/IEC 7816-4 12.2.1): which applications the chip has. What it says is
//! a hint; real chips have it wrong, so that applications are selected whether it lists them or not.

use super::{FileId, LdsError};
use crate::tlv::Reader;

const APPLICATION_TEMPLATE: u32 = 0x61;
const APPLICATION_IDENTIFIER: u32 = 0x4F;
/// Longest application identifier, in bytes (ISO/IEC 7816-4 12.2.3).
const LONGEST_IDENTIFIER: usize = 16;
/// Most applications read.
const MOST_APPLICATIONS: usize = 32;

/// EF.DIR, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dir {
    applications: Vec<Vec<u8>>,
}

impl Dir {
    /// Where it is: in the master file.
    pub const FILE: FileId = FileId {
        fid: 0x2F00,
        sfi: 0x1E,
    };

    /// Reads the content of EF.DIR: application templates and bare identifiers, one after the other.
    ///
    /// # Errors
    /// [`LdsError::Tlv`] for objects that are malformed, [`LdsError::Field`] for an identifier that is empty or longer than
    /// 16 bytes, [`LdsError::TooLong`] for more than 32 of them.
    pub fn parse(bytes: &[u8]) -> Result<Self, LdsError> {
        let mut applications = Vec::new();
        let mut add = |identifier: &[u8]| {
            if !(1..=LONGEST_IDENTIFIER).contains(&identifier.len()) {
                return Err(LdsError::Field);
            }
            if applications.len() == MOST_APPLICATIONS {
                return Err(LdsError::TooLong);
            }
            applications.push(identifier.to_vec());
            Ok(())
        };
        for object in Reader::new(bytes) {
            let object = object?;
            match object.tag {
                APPLICATION_IDENTIFIER => add(object.value)?,
                APPLICATION_TEMPLATE => {
                    for inner in object.children() {
                        let inner = inner?;
                        if inner.tag == APPLICATION_IDENTIFIER {
                            add(inner.value)?;
                        }
                    }
                }
                // Padding behind the last template, and what other standards put here.
                _ => {}
            }
        }
        Ok(Self { applications })
    }

    /// The application identifiers listed, in their order.
    #[must_use]
    pub fn applications(&self) -> &[Vec<u8>] {
        &self.applications
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::lds::Application;
    use crate::tlv::encode;

    #[test]
    fn applications_are_listed() {
        let identifier = Application::TravelDocument.identifiers()[0];
        let label = encode(0x50, b"eMRTD");
        let template = encode(0x61, &[encode(0x4F, identifier), label].concat());
        let other = encode(0x61, &encode(0x4F, &[0xA0; 5]));
        let dir = Dir::parse(&[template, other, vec![0, 0]].concat()).unwrap();
        assert_eq!(dir.applications(), [identifier.to_vec(), vec![0xA0; 5]]);
        assert!(Dir::parse(&[]).unwrap().applications().is_empty());
        for wrong in [
            encode(0x61, &encode(0x4F, &[])),
            encode(0x61, &encode(0x4F, &[1; 17])),
            encode(0x4F, &[1; 5]).repeat(33),
            vec![0x61, 5, 0x4F],
        ] {
            assert!(Dir::parse(&wrong).is_err());
        }
    }
}
