//! Dates of the machine readable zone, of which parts may be unknown (Doc 9303-3 4.8).

use zeroize::Zeroize;

use super::MrzError;

/// A date of two-digit year, month and day, each of which a document may leave unknown.
///
/// The century is not in the zone: birth and expiry dates imply it differently, and that is the caller's knowledge.
#[derive(Clone, Copy, PartialEq, Eq, Zeroize)]
pub struct PartialDate {
    year: Option<u8>,
    month: Option<u8>,
    day: Option<u8>,
}

impl PartialDate {
    /// Nothing of the date is known.
    pub const UNKNOWN: Self = Self {
        year: None,
        month: None,
        day: None,
    };

    /// Reads six characters YYMMDD. Unknown parts are `<<`, or `00` for month and day as some states have it.
    ///
    /// # Errors
    /// [`MrzError::Date`] for another length, other characters, or a month or day that no calendar has.
    pub fn parse(text: &str) -> Result<Self, MrzError> {
        let [y1, y2, m1, m2, d1, d2] = *text.as_bytes() else {
            return Err(MrzError::Date);
        };
        let part = |tens: u8, ones: u8| match (tens, ones) {
            (b'<', b'<') => Ok(None),
            (b'0'..=b'9', b'0'..=b'9') => Ok(Some((tens - b'0') * 10 + (ones - b'0'))),
            _ => Err(MrzError::Date),
        };
        let within = |value: Option<u8>, most: u8| match value {
            Some(0) | None => Ok(None),
            Some(value) if value <= most => Ok(Some(value)),
            Some(_) => Err(MrzError::Date),
        };
        let month = within(part(m1, m2)?, 12)?;
        let longest = match month {
            Some(2) => 29,
            Some(4 | 6 | 9 | 11) => 30,
            _ => 31,
        };
        Ok(Self {
            year: part(y1, y2)?,
            month,
            day: within(part(d1, d2)?, longest)?,
        })
    }

    /// Year within its century, 0 to 99.
    #[must_use]
    pub fn year(&self) -> Option<u8> {
        self.year
    }

    /// Month, 1 to 12.
    #[must_use]
    pub fn month(&self) -> Option<u8> {
        self.month
    }

    /// Day, 1 to 31.
    #[must_use]
    pub fn day(&self) -> Option<u8> {
        self.day
    }
}

/// Redacted: a birth date is personal data.
impl core::fmt::Debug for PartialDate {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PartialDate(..)")
    }
}
