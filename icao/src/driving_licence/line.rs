//! The machine readable line of a driving licence: 30 characters (ISO/IEC 18013-3, annex B; Dutch layout).
//!
//! ```text
//! position  1  2  3-5  6  7-16  17-29  30
//!           D  1  NLD  1  number  random  check digit over all before it, weights 7, 3, 1
//!              └───────────── 28 characters, from which the keys are made ─────────────┘  (2 to 29)
//! ```

use core::fmt;

use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

use crate::access_key::{AccessKey, PaceKey};
use crate::mrz::check_digit;

/// Characters of the line.
const LINE_LEN: usize = 30;

/// Why text is no line of a driving licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LicenceLineError {
    /// Not 30 characters (28 without the first and the last).
    #[error("not 30 characters")]
    Length,
    /// A character other than A to Z, 0 to 9 and the filler.
    #[error("a character that the line does not have")]
    Character,
    /// The first character is not D.
    #[error("not of a driving licence")]
    Kind,
    /// The last character is not the check digit of those before it.
    #[error("wrong check digit")]
    CheckDigit,
}

/// The line of one licence. Erased when dropped; `Debug` shows none of it.
///
/// ```
/// use icao::driving_licence::LicenceLine;
///
/// let line = LicenceLine::parse("D1NLD19999920140ABCDEFGHIJKLM6")?;
/// assert_eq!(line.issuing_state(), "NLD");
/// assert_eq!(line.document_number(), Some("9999920140"));
/// # Ok::<(), icao::driving_licence::LicenceLineError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct LicenceLine(Zeroizing<String>);

impl LicenceLine {
    /// Takes the 30 characters as printed; small letters and surrounding space are forgiven.
    ///
    /// # Errors
    /// [`LicenceLineError`].
    pub fn parse(text: &str) -> Result<Self, LicenceLineError> {
        let text = text.trim();
        if text.len() != LINE_LEN {
            return Err(LicenceLineError::Length);
        }
        let line = Zeroizing::new(text.to_ascii_uppercase());
        let (given, rest) = line
            .as_bytes()
            .split_last()
            .ok_or(LicenceLineError::Length)?;
        let digit = check_digit(rest).ok_or(LicenceLineError::Character)?;
        if !given.is_ascii_digit() {
            return Err(LicenceLineError::Character);
        }
        if !line.starts_with('D') {
            return Err(LicenceLineError::Kind);
        }
        if digit != *given {
            return Err(LicenceLineError::CheckDigit);
        }
        Ok(Self(line))
    }

    /// Takes characters 2 to 29, which DG12 and registers hold, and adds the other two.
    ///
    /// # Errors
    /// [`LicenceLineError::Length`] or [`LicenceLineError::Character`].
    pub fn from_inner(characters: &[u8]) -> Result<Self, LicenceLineError> {
        if characters.len() != LINE_LEN - 2 {
            return Err(LicenceLineError::Length);
        }
        let inner = core::str::from_utf8(characters).map_err(|_| LicenceLineError::Character)?;
        let mut line = Zeroizing::new(String::with_capacity(LINE_LEN));
        line.push('D');
        line.push_str(inner);
        let digit = check_digit(line.as_bytes()).ok_or(LicenceLineError::Character)?;
        line.push(char::from(digit));
        Ok(Self(line))
    }

    fn part(&self, from: usize, to: usize) -> &str {
        // Both constructors let ASCII of this length in only.
        self.0.get(from..to).unwrap_or_default()
    }

    /// The 30 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Characters 2 to 29: what keys are made from, and what DG12 and the register hold.
    #[must_use]
    pub fn inner(&self) -> &str {
        self.part(1, LINE_LEN - 1)
    }

    /// Configuration of Basic Access Protection: `1` is the one that this crate knows.
    #[must_use]
    pub fn configuration(&self) -> char {
        self.inner().chars().next().unwrap_or_default()
    }

    /// Issuing state, three letters without fillers.
    #[must_use]
    pub fn issuing_state(&self) -> &str {
        self.part(2, 5).trim_end_matches('<')
    }

    /// Document number: characters 7 to 16 of a Dutch line, behind the version at 6. Where other states put theirs is not
    /// known, so theirs is `None`.
    #[must_use]
    pub fn document_number(&self) -> Option<&str> {
        (self.issuing_state() == "NLD").then(|| self.part(6, 16).trim_end_matches('<'))
    }

    /// The access keys that follow from it, to be tried in this order: the password of PACE is the characters themselves, or
    /// their SHA-1; both readings of the standards are met. Basic Access Protection takes the second.
    #[must_use]
    pub fn access_keys(&self) -> [AccessKey; 2] {
        let inner = self.inner().as_bytes();
        [
            AccessKey::PaceKey(PaceKey::from_password(inner)),
            AccessKey::MrzDigest(Sha1::digest(inner).into()),
        ]
    }
}

impl fmt::Debug for LicenceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LicenceLine(..)")
    }
}
