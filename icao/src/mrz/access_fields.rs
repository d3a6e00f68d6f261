//! The fields of the machine readable zone that open the chip.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{MrzError, check_digit};

/// Longest document number a machine readable zone can hold: nine characters and fourteen of TD1's optional data.
const MAX_DOCUMENT_NUMBER: usize = 23;

/// Document number, birth date and date of expiry: the source of the access keys (Doc 9303-11 4.3.1, 4.4.4.1).
///
/// Erased from memory when dropped; `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct AccessFields {
    document_number: String,
    birth: String,
    expiry: String,
}

impl AccessFields {
    /// Takes the document number without its check digit, and both dates as YYMMDD.
    ///
    /// The number may be written as people do: in small letters, with spaces or hyphens, which the zone prints as fillers.
    /// Unknown parts of a date are `<<`.
    ///
    /// # Errors
    /// [`MrzError::DocumentNumber`] if the number is empty or longer than 23 characters, [`MrzError::Character`] if it
    /// holds anything but letters, digits and fillers, [`MrzError::Date`] for a date that is not six digits or fillers.
    pub fn new(document_number: &str, birth: &str, expiry: &str) -> Result<Self, MrzError> {
        let typed = document_number.trim().trim_end_matches('<');
        if typed.is_empty() || typed.len() > MAX_DOCUMENT_NUMBER {
            return Err(MrzError::DocumentNumber);
        }
        let mut number = Zeroizing::new(String::with_capacity(MAX_DOCUMENT_NUMBER));
        for character in typed.chars() {
            number.push(match character {
                'A'..='Z' | '0'..='9' | '<' => character,
                'a'..='z' => character.to_ascii_uppercase(),
                ' ' | '-' => '<',
                _ => return Err(MrzError::Character),
            });
        }
        Ok(Self {
            document_number: core::mem::take(&mut *number),
            birth: date(birth)?,
            expiry: date(expiry)?,
        })
    }

    /// Document number without check digit and trailing fillers.
    #[must_use]
    pub fn document_number(&self) -> &str {
        &self.document_number
    }

    /// Birth date, six characters YYMMDD.
    #[must_use]
    pub fn birth(&self) -> &str {
        &self.birth
    }

    /// Date of expiry, six characters YYMMDD.
    #[must_use]
    pub fn expiry(&self) -> &str {
        &self.expiry
    }

    /// MRZ_information: each field followed by its check digit, the number filled up to nine characters or in full length
    /// where it is longer (Doc 9303-11 4.3.1, D.2).
    #[must_use]
    pub fn mrz_information(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(MAX_DOCUMENT_NUMBER + 1 + 7 + 7));
        let mut number = Zeroizing::new([b'<'; MAX_DOCUMENT_NUMBER]);
        let len = self.document_number.len().min(MAX_DOCUMENT_NUMBER);
        number[..len].copy_from_slice(&self.document_number.as_bytes()[..len]);
        for field in [
            &number[..len.max(9)],
            self.birth.as_bytes(),
            self.expiry.as_bytes(),
        ] {
            out.extend_from_slice(field);
            // `new` lets only characters of the zone in, so the digit always exists.
            out.extend(check_digit(field));
        }
        out
    }
}

/// Redacted: these fields are keys and personal data.
impl core::fmt::Debug for AccessFields {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("AccessFields(..)")
    }
}

/// Six digits or fillers, as printed; the calendar is not consulted because the chip's key was made from what is printed.
fn date(text: &str) -> Result<String, MrzError> {
    let text = text.trim();
    if text.len() == 6
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'<')
    {
        Ok(text.to_owned())
    } else {
        Err(MrzError::Date)
    }
}
