//! The machine readable zone (Doc 9303-3 4, Doc 9303-4, -5 and -6): what it says, its check digits, and the fields from
//! which the keys to the chip are derived.

mod access_fields;
mod check_digit;
mod date;

use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

pub use access_fields::AccessFields;
pub use check_digit::check_digit;
pub use date::PartialDate;

/// Why text is not a machine readable zone, or not a field of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MrzError {
    /// Neither 90 (TD1), 72 (TD2) nor 88 (TD3) characters.
    #[error("{0} characters are no machine readable zone of format TD1, TD2 or TD3")]
    Length(usize),
    /// A character outside A to Z, 0 to 9 and the filler.
    #[error("character outside A-Z, 0-9 and <")]
    Character,
    /// A document number that is empty or longer than TD1 can hold.
    #[error("document number is empty or too long")]
    DocumentNumber,
    /// A date that is not six digits or fillers in the order year, month, day.
    #[error("date is not six characters YYMMDD")]
    Date,
}

/// Size of the document, which decides the layout of its machine readable zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Three lines of 30 characters: cards (Doc 9303-5).
    Td1,
    /// Two lines of 36 characters (Doc 9303-6).
    Td2,
    /// Two lines of 44 characters: passport booklets (Doc 9303-4).
    Td3,
}

/// The sex a document states (Doc 9303-3 4.7, Doc 9303-4 4.2.2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// `F`
    Female,
    /// `M`
    Male,
    /// `<`, or `X` as some states print it.
    Unspecified,
}

/// Redacted: personal data.
impl core::fmt::Debug for Sex {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Sex(..)")
    }
}

/// A departure of a real machine readable zone from Doc 9303 that does not hinder reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum MrzDeviation {
    /// The check digit of the document number is wrong.
    DocumentNumberCheckDigit,
    /// The check digit of the birth date is wrong.
    BirthCheckDigit,
    /// The check digit of the expiry date is wrong.
    ExpiryCheckDigit,
    /// The check digit of the optional data (TD3) is wrong.
    OptionalDataCheckDigit,
    /// The composite check digit is wrong.
    CompositeCheckDigit,
    /// Letters in lower case; read as capitals.
    LowerCase,
    /// Sex is none of `F`, `M`, `<`; read as unspecified.
    Sex,
    /// The birth date is not a date; read as wholly unknown.
    BirthDate,
    /// The expiry date is not a date; read as wholly unknown.
    ExpiryDate,
    /// The document code does not begin with the letter of this format: `P` (TD3), `A`, `C` or `I` (TD1, TD2).
    DocumentCode,
    /// The issuing state is no code of letters (Doc 9303-3 5).
    IssuingState,
    /// The nationality is no code of letters.
    Nationality,
    /// There is no name.
    Name,
}

/// A machine readable zone, parsed. Erased from memory when dropped; its `Debug` shows no personal data.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Mrz {
    #[zeroize(skip)]
    format: Format,
    text: String,
    document_code: String,
    issuing_state: String,
    document_number: String,
    nationality: String,
    primary_identifier: String,
    secondary_identifier: String,
    birth: PartialDate,
    birth_text: String,
    #[zeroize(skip)]
    sex: Sex,
    expiry: PartialDate,
    expiry_text: String,
    optional_data: String,
    optional_data_2: String,
    #[zeroize(skip)]
    deviations: Vec<MrzDeviation>,
}

/// Where the fields of a format lie, as ranges over the lines joined together.
struct Layout {
    names: (usize, usize),
    number: usize,
    nationality: usize,
    birth: usize,
    sex: usize,
    expiry: usize,
    optional: (usize, usize),
    optional_2: (usize, usize),
    composite: usize,
    composite_over: &'static [(usize, usize)],
}

const TD1: Layout = Layout {
    names: (60, 90),
    number: 5,
    nationality: 45,
    birth: 30,
    sex: 37,
    expiry: 38,
    optional: (15, 30),
    optional_2: (48, 59),
    composite: 59,
    composite_over: &[(5, 30), (30, 37), (38, 45), (48, 59)],
};
const TD2: Layout = Layout {
    names: (5, 36),
    number: 36,
    nationality: 46,
    birth: 49,
    sex: 56,
    expiry: 57,
    optional: (64, 71),
    optional_2: (71, 71),
    composite: 71,
    composite_over: &[(36, 46), (49, 56), (57, 71)],
};
const TD3: Layout = Layout {
    names: (5, 44),
    number: 44,
    nationality: 54,
    birth: 57,
    sex: 64,
    expiry: 65,
    optional: (72, 86),
    optional_2: (86, 86),
    composite: 87,
    composite_over: &[(44, 54), (57, 64), (65, 87)],
};

impl Mrz {
    /// Reads a machine readable zone, with or without line breaks and spaces around its lines.
    ///
    /// Wrong check digits do not prevent reading: they are in [`Mrz::deviations`], because a zone that a state has signed
    /// is what it is, while one that a person or camera has read should have none.
    ///
    /// # Errors
    /// [`MrzError::Length`] for a size that is none of the three formats, [`MrzError::Character`].
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, MrzError> {
        let given = text.as_ref();
        // A bound before anything is copied: the longest zone with generous white space.
        if given.len() > 256 {
            return Err(MrzError::Length(given.len()));
        }
        let mut deviations = Vec::new();
        let mut text = String::with_capacity(90);
        for byte in given.iter().filter(|byte| !byte.is_ascii_whitespace()) {
            match byte {
                b'A'..=b'Z' | b'0'..=b'9' | b'<' => text.push(char::from(*byte)),
                b'a'..=b'z' => {
                    note(&mut deviations, MrzDeviation::LowerCase);
                    text.push(char::from(byte.to_ascii_uppercase()));
                }
                _ => {
                    text.zeroize();
                    return Err(MrzError::Character);
                }
            }
        }
        let (format, layout) = match text.len() {
            90 => (Format::Td1, &TD1),
            72 => (Format::Td2, &TD2),
            88 => (Format::Td3, &TD3),
            other => {
                text.zeroize();
                return Err(MrzError::Length(other));
            }
        };
        Ok(Self::from_layout(format, layout, text, deviations))
    }

    /// Takes the fields out of `text`, whose length is that of the format.
    fn from_layout(
        format: Format,
        layout: &Layout,
        text: String,
        mut deviations: Vec<MrzDeviation>,
    ) -> Self {
        let field = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
        let digit = |at: usize| text.as_bytes().get(at).copied().unwrap_or(b'<');

        let mut optional = field(layout.optional.0, layout.optional.1);
        let mut document_number = field(layout.number, layout.number + 9).to_owned();
        let mut number_digit = digit(layout.number + 9);
        // TD1 and TD2: the rest of a long number and its check digit stand in the optional data (Doc 9303-5 4.2.2 note j).
        if number_digit == b'<' && format != Format::Td3 && !optional.starts_with('<') {
            let (overflow, after) = optional.split_once('<').unwrap_or((optional, ""));
            if let Some((last, rest)) = overflow.as_bytes().split_last() {
                document_number.push_str(core::str::from_utf8(rest).unwrap_or_default());
                number_digit = *last;
                optional = after;
            }
        }
        if check_digit(document_number.as_bytes()) != Some(number_digit)
            // No number at all: some documents fill the check digit too.
            && !(number_digit == b'<' && document_number.bytes().all(|byte| byte == b'<'))
        {
            note(&mut deviations, MrzDeviation::DocumentNumberCheckDigit);
        }

        let mut date = |from: usize, wrong_digit, wrong_date| {
            let text = field(from, from + 6);
            if check_digit(text.as_bytes()) != Some(digit(from + 6)) {
                note(&mut deviations, wrong_digit);
            }
            PartialDate::parse(text).unwrap_or_else(|_| {
                note(&mut deviations, wrong_date);
                PartialDate::UNKNOWN
            })
        };
        let birth = date(
            layout.birth,
            MrzDeviation::BirthCheckDigit,
            MrzDeviation::BirthDate,
        );
        let expiry = date(
            layout.expiry,
            MrzDeviation::ExpiryCheckDigit,
            MrzDeviation::ExpiryDate,
        );

        if format == Format::Td3 {
            let given = digit(layout.optional.1);
            let empty = optional.bytes().all(|byte| byte == b'<');
            // Without optional data the check digit may be 0 or the filler (Doc 9303-4 4.2.2).
            if check_digit(optional.as_bytes()) != Some(given) && !(empty && given == b'<') {
                note(&mut deviations, MrzDeviation::OptionalDataCheckDigit);
            }
        }
        let composite: Vec<u8> = layout
            .composite_over
            .iter()
            .flat_map(|(from, to)| field(*from, *to).bytes())
            .collect();
        if check_digit(&composite) != Some(digit(layout.composite)) {
            note(&mut deviations, MrzDeviation::CompositeCheckDigit);
        }

        let sex = match digit(layout.sex) {
            b'F' => Sex::Female,
            b'M' => Sex::Male,
            b'<' => Sex::Unspecified,
            _ => {
                note(&mut deviations, MrzDeviation::Sex);
                Sex::Unspecified
            }
        };
        let names = field(layout.names.0, layout.names.1).trim_matches('<');
        let initial = digit(0);
        let known: &[u8] = match format {
            Format::Td1 | Format::Td2 => b"ACI",
            Format::Td3 => b"P",
        };
        if !known.contains(&initial) {
            note(&mut deviations, MrzDeviation::DocumentCode);
        }
        if !is_state(field(2, 5)) {
            note(&mut deviations, MrzDeviation::IssuingState);
        }
        if !is_state(field(layout.nationality, layout.nationality + 3)) {
            note(&mut deviations, MrzDeviation::Nationality);
        }
        if names.is_empty() {
            note(&mut deviations, MrzDeviation::Name);
        }
        let (primary, secondary) = names.split_once("<<").unwrap_or((names, ""));

        Self {
            format,
            document_code: unfill(field(0, 2)),
            issuing_state: unfill(field(2, 5)),
            document_number: document_number.trim_end_matches('<').to_owned(),
            nationality: unfill(field(layout.nationality, layout.nationality + 3)),
            primary_identifier: unfill(primary),
            secondary_identifier: unfill(secondary),
            birth,
            birth_text: field(layout.birth, layout.birth + 6).to_owned(),
            sex,
            expiry,
            expiry_text: field(layout.expiry, layout.expiry + 6).to_owned(),
            optional_data: optional.trim_end_matches('<').to_owned(),
            optional_data_2: field(layout.optional_2.0, layout.optional_2.1)
                .trim_end_matches('<')
                .to_owned(),
            deviations,
            text,
        }
    }

    /// The format, which the number of characters tells.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The zone as read, in capitals, lines joined without a break: 90, 72 or 88 characters.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Document code without fillers: `P`, `PP`, `I`, `ID`, ... (Doc 9303-3 4.4).
    #[must_use]
    pub fn document_code(&self) -> &str {
        &self.document_code
    }

    /// Issuing state or organization without fillers: `NLD`, `D`, `UTO` (Doc 9303-3 5).
    #[must_use]
    pub fn issuing_state(&self) -> &str {
        &self.issuing_state
    }

    /// The whole document number, also where it overflows into the optional data; without trailing fillers.
    #[must_use]
    pub fn document_number(&self) -> &str {
        &self.document_number
    }

    /// Nationality without fillers.
    #[must_use]
    pub fn nationality(&self) -> &str {
        &self.nationality
    }

    /// Primary identifier (surname), fillers as spaces; possibly cut to the room of the zone.
    #[must_use]
    pub fn primary_identifier(&self) -> &str {
        &self.primary_identifier
    }

    /// Secondary identifier (given names), fillers as spaces; may be empty.
    #[must_use]
    pub fn secondary_identifier(&self) -> &str {
        &self.secondary_identifier
    }

    /// Birth date, possibly partly unknown.
    #[must_use]
    pub fn birth(&self) -> PartialDate {
        self.birth
    }

    /// Sex.
    #[must_use]
    pub fn sex(&self) -> Sex {
        self.sex
    }

    /// Date of expiry.
    #[must_use]
    pub fn expiry(&self) -> PartialDate {
        self.expiry
    }

    /// Optional data without trailing fillers and without the overflow of a long document number. Some states put a
    /// personal number here.
    #[must_use]
    pub fn optional_data(&self) -> &str {
        &self.optional_data
    }

    /// Optional data of the second line of TD1; empty in the other formats.
    #[must_use]
    pub fn optional_data_2(&self) -> &str {
        &self.optional_data_2
    }

    /// What is not as Doc 9303 has it, in ascending order; empty for a faultless zone.
    #[must_use]
    pub fn deviations(&self) -> &[MrzDeviation] {
        &self.deviations
    }

    /// The fields from which the access keys are derived (Doc 9303-11 4.3.1).
    ///
    /// # Errors
    /// [`MrzError::DocumentNumber`] if the zone has none, [`MrzError::Date`] if a date holds letters.
    pub fn access_fields(&self) -> Result<AccessFields, MrzError> {
        AccessFields::new(&self.document_number, &self.birth_text, &self.expiry_text)
    }
}

/// Shows the kind of document only.
impl core::fmt::Debug for Mrz {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Mrz")
            .field("format", &self.format)
            .field("document_code", &self.document_code)
            .field("issuing_state", &self.issuing_state)
            .field("deviations", &self.deviations)
            .finish_non_exhaustive()
    }
}

/// Adds `deviation` once, in order.
fn note(deviations: &mut Vec<MrzDeviation>, deviation: MrzDeviation) {
    if let Err(at) = deviations.binary_search(&deviation) {
        deviations.insert(at, deviation);
    }
}

/// Letters, at least one, and fillers behind them.
fn is_state(field: &str) -> bool {
    let code = field.trim_end_matches('<');
    !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Fillers at the end dropped, inner ones as spaces.
fn unfill(field: &str) -> String {
    field.trim_end_matches('<').replace('<', " ")
}

#[cfg(test)]
mod tests;
