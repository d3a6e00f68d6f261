//! EF.ATR/INFO of the master file (Doc 9303-10 3.11.1; ISO/IEC 7816-4 12.1, 12.7.1): whether the chip takes extended APDUs,
//! and how long they may be.

use super::LdsError;
use crate::tlv::asn1::INTEGER;
use crate::tlv::{Reader, TlvError};
use crate::transport::Limits;

/// Extended length information: two integers, longest command and longest response.
const EXTENDED_LENGTH_INFORMATION: u32 = 0x7F66;
/// Card capabilities.
const CARD_CAPABILITIES: u32 = 0x47;
/// In the third byte of the card capabilities: extended Lc and Le fields; extended length information in this file.
const EXTENDED: u8 = 0x60;

/// What EF.ATR/INFO says of lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtrInfo {
    /// Longest command and response APDU, in bytes; `None` if the chip tells of none.
    pub extended_length: Option<Limits>,
}

impl AtrInfo {
    /// Reads the content of EF.ATR/INFO, data objects one after the other.
    ///
    /// # Errors
    /// [`LdsError::Tlv`] for objects that are cut short, for length information without its two integers, and for a chip
    /// whose capabilities promise length information that is not there.
    pub fn parse(bytes: &[u8]) -> Result<Self, LdsError> {
        let mut promised = false;
        let mut extended_length = None;
        for object in Reader::new(bytes) {
            let object = object?;
            match object.tag {
                CARD_CAPABILITIES => {
                    promised = object.value.get(2).is_some_and(|byte| byte & EXTENDED != 0);
                }
                EXTENDED_LENGTH_INFORMATION => {
                    let mut lengths = object.children();
                    let mut length = || {
                        let length = lengths.expect(INTEGER)?.small_integer()?;
                        usize::try_from(length).map_err(|_| TlvError::Value)
                    };
                    extended_length = Some(Limits {
                        max_command: length()?,
                        max_response: length()?,
                    });
                }
                _ => {}
            }
        }
        if promised && extended_length.is_none() {
            return Err(TlvError::Missing(EXTENDED_LENGTH_INFORMATION).into());
        }
        Ok(Self { extended_length })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn lengths_are_two_integers_or_none() {
        let told = |bytes: &[u8]| AtrInfo::parse(bytes).map(|info| info.extended_length);
        let limits = Some(Limits {
            max_command: 0x0400,
            max_response: 0x0200,
        });
        let lengths = [0x02, 2, 0x04, 0x00, 0x02, 2, 0x02, 0x00];
        let with = |tag: [u8; 2], lengths: &[u8]| {
            [
                &[0x47, 3, 0x80, 0x00, 0xC0][..],
                &tag,
                &[u8::try_from(lengths.len()).unwrap()],
                lengths,
            ]
            .concat()
        };
        assert_eq!(told(&with([0x7F, 0x66], &lengths)), Ok(limits));
        assert_eq!(told(&[0x47, 3, 0x80, 0x00, 0x80]), Ok(None));
        assert_eq!(told(&[]), Ok(None));
        assert!(told(&with([0x7F, 0x66], &lengths[..4])).is_err());
        assert!(told(&with([0x7F, 0x65], &lengths)).is_err());
        assert!(told(&[0x47, 3, 0x80]).is_err());
    }
}
