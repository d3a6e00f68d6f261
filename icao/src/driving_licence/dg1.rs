//! DG1 of a driving licence: who holds it, and what may be driven (ISO/IEC 18013-2, annex C; Regulation (EU) No 383/2012).

use core::fmt;

use zeroize::Zeroizing;

use crate::lds::{DataGroup, LdsError, Redacted, file_object};
use crate::tlv::{Reader, Tlv, TlvError, find};
use crate::tolerance::Tolerances;

/// Demographic data of European licences, data objects inside.
const DEMOGRAPHIC: u32 = 0x5F02;
/// Demographic data of ISO licences, fields one after the other.
const DEMOGRAPHIC_COMPACT: u32 = 0x5F1F;
/// Categories of vehicles.
const CATEGORIES: u32 = 0x7F63;
const CATEGORY: u32 = 0x87;
/// Most categories read; a licence has some thirty.
const MOST_CATEGORIES: usize = 100;

/// A day, as data element of four bytes BCD.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Date {
    /// Year.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day, 1 to 31.
    pub day: u8,
}

impl Date {
    /// Reads DDMMYYYY (European) or YYYYMMDD (ISO) in BCD.
    fn parse(bytes: &[u8], day_first: bool) -> Result<Self, LdsError> {
        let &[a, b, c, d] = bytes else {
            return Err(LdsError::Field);
        };
        let (high, low, month, day) = if day_first {
            (c, d, b, a)
        } else {
            (a, b, c, d)
        };
        let digits = |byte: u8| match (byte >> 4, byte & 0x0F) {
            (tens @ 0..=9, ones @ 0..=9) => Ok(tens * 10 + ones),
            _ => Err(LdsError::Field),
        };
        let date = Self {
            year: u16::from(digits(high)?) * 100 + u16::from(digits(low)?),
            month: digits(month)?,
            day: digits(day)?,
        };
        match date {
            Self {
                month: 1..=12,
                day: 1..=31,
                ..
            } => Ok(date),
            _ => Err(LdsError::Field),
        }
    }
}

/// Redacted: dates of a person are personal data.
impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Date(..)")
    }
}

/// DG1 of a licence, parsed. Personal data: erased when dropped, `Debug` shows none of it.
#[derive(Clone)]
pub struct Dg1 {
    raw: Redacted,
    issuing_state: Zeroizing<String>,
    surname: Zeroizing<String>,
    given_names: Zeroizing<String>,
    birth: Date,
    expiry: Option<Date>,
    document_number: Zeroizing<String>,
    categories: Vec<Zeroizing<String>>,
    tolerances: Tolerances,
}

impl Dg1 {
    /// Reads the content of EF.DG1 of a licence, in the European or in the ISO form.
    ///
    /// # Errors
    /// [`LdsError::Tlv`] if data objects are malformed or missing, [`LdsError::Field`] for a field of another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, LdsError> {
        let mut tolerances = Tolerances::new();
        let file = file_object(bytes, DataGroup::DG1.tag(), &mut tolerances)?;
        let mut parsed = match find(file.value, DEMOGRAPHIC) {
            Ok(fields) => Self::european(fields)?,
            Err(TlvError::Missing(_)) => Self::compact(find(file.value, DEMOGRAPHIC_COMPACT)?)?,
            Err(error) => return Err(error.into()),
        };
        if let Ok(list) = find(file.value, CATEGORIES) {
            for object in list.children() {
                let object = object?;
                if object.tag == CATEGORY {
                    if parsed.categories.len() == MOST_CATEGORIES {
                        return Err(LdsError::TooLong);
                    }
                    parsed.categories.push(text(object.value)?);
                }
            }
        }
        parsed.raw = Redacted::new(bytes);
        parsed.tolerances = tolerances;
        Ok(parsed)
    }

    fn european(fields: Tlv<'_>) -> Result<Self, LdsError> {
        let field = |tag| find(fields.value, tag).map(|object| object.value);
        Ok(Self {
            raw: Redacted::new(&[]),
            issuing_state: text(field(0x5F03)?)?,
            surname: text(field(0x5F04)?)?,
            given_names: text(field(0x5F05)?)?,
            birth: Date::parse(field(0x5F06)?, true)?,
            expiry: match field(0x5F0B) {
                Ok(date) => Some(Date::parse(date, true)?),
                Err(TlvError::Missing(_)) => None,
                Err(error) => return Err(error.into()),
            },
            document_number: text(field(0x5F0E)?)?,
            categories: Vec::new(),
            tolerances: Tolerances::new(),
        })
    }

    /// Family name, given names, three dates of four bytes, country of three characters, authority, number; names, authority
    /// and number each behind one byte of length.
    fn compact(fields: Tlv<'_>) -> Result<Self, LdsError> {
        fn take<'a>(rest: &mut &'a [u8], len: usize) -> Result<&'a [u8], LdsError> {
            let (field, after) = rest.split_at_checked(len).ok_or(TlvError::Truncated)?;
            *rest = after;
            Ok(field)
        }
        fn counted<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], LdsError> {
            let len = take(rest, 1)?.first().copied().unwrap_or(0);
            take(rest, usize::from(len))
        }
        let mut rest = fields.value;
        let rest = &mut rest;
        let surname = text(counted(rest)?)?;
        let given_names = text(counted(rest)?)?;
        let birth = Date::parse(take(rest, 4)?, false)?;
        let _issue = take(rest, 4)?;
        let expiry = Some(Date::parse(take(rest, 4)?, false)?);
        let issuing_state = text(take(rest, 3)?)?;
        let _authority = counted(rest)?;
        let document_number = text(counted(rest)?)?;
        if !rest.is_empty() {
            return Err(TlvError::Trailing.into());
        }
        Ok(Self {
            raw: Redacted::new(&[]),
            issuing_state,
            surname,
            given_names,
            birth,
            expiry,
            document_number,
            categories: Vec::new(),
            tolerances: Tolerances::new(),
        })
    }

    /// The bytes that were parsed.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.raw.bytes()
    }

    /// Issuing state, three letters.
    #[must_use]
    pub fn issuing_state(&self) -> &str {
        &self.issuing_state
    }

    /// Surname, in the letters of the document.
    #[must_use]
    pub fn surname(&self) -> &str {
        &self.surname
    }

    /// Other names.
    #[must_use]
    pub fn given_names(&self) -> &str {
        &self.given_names
    }

    /// Birth date.
    #[must_use]
    pub fn birth(&self) -> Date {
        self.birth
    }

    /// Date of expiry, if the licence has one.
    #[must_use]
    pub fn expiry(&self) -> Option<Date> {
        self.expiry
    }

    /// Document number.
    #[must_use]
    pub fn document_number(&self) -> &str {
        &self.document_number
    }

    /// Categories with their dates and restrictions, as written: fields with semicolons between.
    pub fn categories(&self) -> impl Iterator<Item = &str> {
        self.categories.iter().map(|category| category.as_str())
    }

    /// Deviations met.
    #[must_use]
    pub fn tolerances(&self) -> &Tolerances {
        &self.tolerances
    }
}

/// Shows nothing of the holder.
impl fmt::Debug for Dg1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dg1")
            .field("raw", &self.raw)
            .finish_non_exhaustive()
    }
}

/// Text in UTF-8, or in ISO/IEC 8859-1 as the standard has it where that makes no UTF-8.
pub(super) fn text(bytes: &[u8]) -> Result<Zeroizing<String>, LdsError> {
    let text = match core::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    if text.chars().any(char::is_control) {
        return Err(LdsError::Field);
    }
    Ok(Zeroizing::new(text))
}

/// The first of several tags that a template holds.
pub(super) fn first<'a>(template: &'a [u8], tag: u32) -> Result<Option<Tlv<'a>>, TlvError> {
    for object in Reader::new(template) {
        let object = object?;
        if object.tag == tag {
            return Ok(Some(object));
        }
    }
    Ok(None)
}
