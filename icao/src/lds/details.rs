//! DG11, DG12 and DG16: additional details of the holder and of the document, and persons to notify (Doc 9303-10 4.7.11,
//! 4.7.12, 4.7.16). No login reads them.
//!
//! Every field is optional. Documents write dates as four bytes BCD or as eight characters, leave unknown parts 00 or
//! filled, leave fields empty, and put other names outside their template: all of that is read.

use core::fmt;

use zeroize::Zeroizing;

use super::{DataGroup, LdsError, Redacted, file_object};
use crate::tlv::Reader;
use crate::tolerance::{Tolerance, Tolerances};

/// List of the tags that are there; nothing rests on it.
const TAG_LIST: u32 = 0x5C;
/// Several values of one kind: their number, and each.
const SEVERAL: u32 = 0xA0;
/// Most fields read of one file.
const MOST_FIELDS: usize = 256;

/// A date whose parts may be unknown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FullDate {
    /// Year.
    pub year: Option<u16>,
    /// Month, 1 to 12.
    pub month: Option<u8>,
    /// Day, 1 to 31.
    pub day: Option<u8>,
}

impl FullDate {
    /// Reads CCYYMMDD, as eight characters or as four bytes BCD; `00` and `<<` are unknown parts.
    ///
    /// # Errors
    /// [`LdsError::Field`].
    pub fn parse(value: &[u8]) -> Result<Self, LdsError> {
        let nibble = |nibble: u8| char::from_digit(u32::from(nibble), 10).ok_or(LdsError::Field);
        let mut characters = Zeroizing::new(String::with_capacity(8));
        match value.len() {
            4 => {
                for byte in value {
                    characters.push(nibble(byte >> 4)?);
                    characters.push(nibble(byte & 0x0F)?);
                }
            }
            8 => {
                let text = core::str::from_utf8(value).map_err(|_| LdsError::Field)?;
                characters.push_str(text);
            }
            _ => return Err(LdsError::Field),
        }
        let part = |from: usize, to: usize| -> Result<Option<u16>, LdsError> {
            let part = characters.get(from..to).ok_or(LdsError::Field)?;
            if part.bytes().all(|byte| byte == b'<') {
                return Ok(None);
            }
            if !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(LdsError::Field);
            }
            let number = part.parse().map_err(|_| LdsError::Field)?;
            Ok((number > 0).then_some(number))
        };
        let small = |part: Option<u16>, most: u8| match part.map(u8::try_from) {
            None => Ok(None),
            Some(Ok(number)) if number <= most => Ok(Some(number)),
            Some(_) => Err(LdsError::Field),
        };
        Ok(Self {
            year: part(0, 4)?,
            month: small(part(4, 6)?, 12)?,
            day: small(part(6, 8)?, 31)?,
        })
    }
}

/// Redacted: dates of a person are personal data.
impl fmt::Debug for FullDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FullDate(..)")
    }
}

/// The fields of one template in their order.
#[derive(Clone, Default)]
struct Fields(Vec<(u32, Redacted)>);

impl Fields {
    /// Reads the data objects of a template; those inside [`SEVERAL`] as if they stood beside it.
    fn read(template: &[u8], repeatable: &[u32], met: &mut Tolerances) -> Result<Self, LdsError> {
        let mut fields = Self::default();
        for object in Reader::new(template) {
            let object = object?;
            match object.tag {
                TAG_LIST => {}
                SEVERAL => {
                    for inner in object.children() {
                        let inner = inner?;
                        if repeatable.contains(&inner.tag) {
                            fields.push(inner.tag, inner.value)?;
                        }
                    }
                }
                tag => {
                    if repeatable.contains(&tag) {
                        met.record(Tolerance::FieldOutsideTemplate);
                    }
                    fields.push(tag, object.value)?;
                }
            }
        }
        Ok(fields)
    }

    fn push(&mut self, tag: u32, value: &[u8]) -> Result<(), LdsError> {
        if self.0.len() == MOST_FIELDS {
            return Err(LdsError::TooLong);
        }
        self.0.push((tag, Redacted::new(value)));
        Ok(())
    }

    fn all(&self, tag: u32) -> impl Iterator<Item = &[u8]> {
        let of_tag = self.0.iter().filter(move |(other, _)| *other == tag);
        of_tag.map(|(_, value)| value.bytes())
    }

    fn text(&self, tag: u32) -> Option<&str> {
        let value = self.all(tag).next()?;
        core::str::from_utf8(value)
            .ok()
            .filter(|text| !text.is_empty())
    }

    fn date(&self, tag: u32) -> Result<Option<FullDate>, LdsError> {
        let value = self.all(tag).next().filter(|value| !value.is_empty());
        value.map(FullDate::parse).transpose()
    }
}

macro_rules! details {
    (
        $(#[doc = $doc:literal])+
        $name:ident, $group:expr, repeatable $repeatable:expr;
        $($(#[doc = $field_doc:literal])+ $field:ident = $tag:literal,)*
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone)]
        pub struct $name {
            raw: Redacted,
            fields: Fields,
            tolerances: Tolerances,
        }

        impl $name {
            /// Reads the content of the file.
            ///
            /// # Errors
            /// [`LdsError::Tlv`] if it is not the data object of its group with data objects inside, [`LdsError::TooLong`]
            /// for more than 256 of them, [`LdsError::Field`] for a date in no known form.
            pub fn parse(bytes: &[u8]) -> Result<Self, LdsError> {
                let mut tolerances = Tolerances::new();
                let file = file_object(bytes, $group.tag(), &mut tolerances)?;
                let fields = Fields::read(file.value, &$repeatable, &mut tolerances)?;
                let parsed = Self { raw: Redacted::new(bytes), fields, tolerances };
                parsed.check()?;
                Ok(parsed)
            }

            /// The bytes that were parsed.
            #[must_use]
            pub fn raw(&self) -> &[u8] {
                self.raw.bytes()
            }

            /// Deviations met.
            #[must_use]
            pub fn tolerances(&self) -> &Tolerances {
                &self.tolerances
            }

            /// The value of a field by its tag, as it is; for those that have no name here.
            #[must_use]
            pub fn field(&self, tag: u32) -> Option<&[u8]> {
                self.fields.all(tag).next()
            }

            $(
                $(#[doc = $field_doc])+
                ///
                /// `None` if absent, empty or no UTF-8.
                #[must_use]
                pub fn $field(&self) -> Option<&str> {
                    self.fields.text($tag)
                }
            )*
        }

        /// Shows nothing of the content.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("raw", &self.raw).finish_non_exhaustive()
            }
        }
    };
}

details! {
    /// DG11: additional details of the holder. Personal data: erased when dropped, `Debug` shows none of it.
    Dg11, DataGroup::DG11, repeatable [0x5F0F];
    /// Full name, in the letters of the state; `<<` between the identifiers.
    name = 0x5F0E,
    /// Personal number.
    personal_number = 0x5F10,
    /// Place of birth, fields with `<` between.
    place_of_birth = 0x5F11,
    /// Address, fields with `<` between.
    address = 0x5F42,
    /// Telephone.
    telephone = 0x5F12,
    /// Profession.
    profession = 0x5F13,
    /// Title.
    title = 0x5F14,
    /// Personal summary.
    personal_summary = 0x5F15,
    /// Numbers of other travel documents, with `<` between.
    other_document_numbers = 0x5F17,
    /// Custody information.
    custody = 0x5F18,
}

impl Dg11 {
    fn check(&self) -> Result<(), LdsError> {
        self.fields.date(0x5F2B).map(drop)
    }

    /// Full birth date, parts of which may be unknown.
    #[must_use]
    pub fn birth(&self) -> Option<FullDate> {
        self.fields.date(0x5F2B).ok().flatten()
    }

    /// Other names.
    pub fn other_names(&self) -> impl Iterator<Item = &str> {
        let names = self.fields.all(0x5F0F);
        names.filter_map(|name| core::str::from_utf8(name).ok())
    }

    /// Image of a proof of citizenship, compressed.
    #[must_use]
    pub fn proof_of_citizenship(&self) -> Option<&[u8]> {
        self.field(0x5F16)
    }
}

details! {
    /// DG12: additional details of the document. Erased when dropped, `Debug` shows none of it.
    Dg12, DataGroup::DG12, repeatable [0x5F1A];
    /// Issuing authority.
    issuing_authority = 0x5F19,
    /// Endorsements and observations.
    endorsements = 0x5F1B,
    /// Tax and exit requirements.
    tax_and_exit = 0x5F1C,
    /// Serial number of the system that personalized the document.
    personalization_system = 0x5F56,
}

impl Dg12 {
    fn check(&self) -> Result<(), LdsError> {
        self.fields.date(0x5F26).map(drop)
    }

    /// Date of issue, parts of which may be unknown.
    #[must_use]
    pub fn issue(&self) -> Option<FullDate> {
        self.fields.date(0x5F26).ok().flatten()
    }

    /// Other persons on the document.
    pub fn other_persons(&self) -> impl Iterator<Item = &str> {
        let names = self.fields.all(0x5F1A);
        names.filter_map(|name| core::str::from_utf8(name).ok())
    }

    /// Images of the front and of the rear of the document, compressed.
    #[must_use]
    pub fn images(&self) -> [Option<&[u8]>; 2] {
        [self.field(0x5F1D), self.field(0x5F1E)]
    }
}

/// A person to notify.
#[derive(Clone)]
pub struct PersonToNotify(Fields);

impl PersonToNotify {
    /// Name, `<<` between the identifiers.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.text(0x5F51)
    }

    /// Telephone.
    #[must_use]
    pub fn telephone(&self) -> Option<&str> {
        self.0.text(0x5F52)
    }

    /// Address, fields with `<` between.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.0.text(0x5F53)
    }

    /// When this was written down.
    #[must_use]
    pub fn recorded(&self) -> Option<FullDate> {
        self.0.date(0x5F50).ok().flatten()
    }
}

/// DG16: persons to notify. Personal data: erased when dropped, `Debug` shows none of it.
#[derive(Clone)]
pub struct Dg16 {
    raw: Redacted,
    persons: Vec<PersonToNotify>,
    tolerances: Tolerances,
}

impl Dg16 {
    /// Reads the content of EF.DG16: a number, and templates A1, A2, …
    ///
    /// # Errors
    /// [`LdsError::Tlv`] if it is not a data object 70 with data objects inside, [`LdsError::TooLong`] for more than 15
    /// persons.
    pub fn parse(bytes: &[u8]) -> Result<Self, LdsError> {
        let mut tolerances = Tolerances::new();
        let group = DataGroup::new(16).ok_or(LdsError::DataGroup)?;
        let file = file_object(bytes, group.tag(), &mut tolerances)?;
        let mut persons = Vec::new();
        for object in file.children() {
            let object = object?;
            if let 0xA1..=0xAF = object.tag {
                if persons.len() == 15 {
                    return Err(LdsError::TooLong);
                }
                let fields = Fields::read(object.value, &[], &mut tolerances)?;
                persons.push(PersonToNotify(fields));
            }
        }
        Ok(Self {
            raw: Redacted::new(bytes),
            persons,
            tolerances,
        })
    }

    /// The bytes that were parsed.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.raw.bytes()
    }

    /// The persons in their order.
    #[must_use]
    pub fn persons(&self) -> &[PersonToNotify] {
        &self.persons
    }

    /// Deviations met.
    #[must_use]
    pub fn tolerances(&self) -> &Tolerances {
        &self.tolerances
    }
}

/// Shows nothing of the content.
impl fmt::Debug for Dg16 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dg16({} persons)", self.persons.len())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::tlv::encode;

    fn text(tag: u32, text: &str) -> Vec<u8> {
        encode(tag, text.as_bytes())
    }

    #[test]
    fn dg11_in_the_forms_that_states_give_it() {
        let date = |year, month, day| Some(FullDate { year, month, day });
        for (value, birth) in [
            (&b"19720615"[..], date(Some(1972), Some(6), Some(15))),
            (
                &[0x19, 0x72, 0x06, 0x15],
                date(Some(1972), Some(6), Some(15)),
            ),
            (b"19720000", date(Some(1972), None, None)),
            (b"1972<<<<", date(Some(1972), None, None)),
            (b"", None),
        ] {
            let names = [encode(2, &[1]), text(0x5F0F, "SPECIMEN<<OTHER")].concat();
            let file = encode(
                0x6B,
                &[
                    encode(0x5C, &[0x5F, 0x0E]),
                    text(0x5F0E, "SPECIMEN<<EVA"),
                    encode(0xA0, &names),
                    encode(0x5F2B, value),
                    text(0x5F10, ""),
                ]
                .concat(),
            );
            let dg11 = Dg11::parse(&file).unwrap();
            assert_eq!(dg11.birth(), birth);
            assert_eq!(dg11.name(), Some("SPECIMEN<<EVA"));
            assert_eq!(dg11.other_names().collect::<Vec<_>>(), ["SPECIMEN<<OTHER"]);
            assert_eq!(dg11.personal_number(), None);
            assert!(dg11.tolerances().is_empty());
            assert!(!format!("{dg11:?}{:?}", dg11.birth()).contains("19"));
        }
        let outside = encode(0x6B, &text(0x5F0F, "SPECIMEN<<OTHER"));
        let outside = Dg11::parse(&outside).unwrap();
        assert_eq!(outside.other_names().count(), 1);
        assert!(
            outside
                .tolerances()
                .contains(Tolerance::FieldOutsideTemplate)
        );
        for wrong in ["1972", "19721315", "1972061<", "197206155"] {
            let file = encode(0x6B, &text(0x5F2B, wrong));
            assert_eq!(Dg11::parse(&file).err(), Some(LdsError::Field), "{wrong}");
        }
        assert!(Dg11::parse(&text(0x6C, "")).is_err());
    }

    #[test]
    fn dg12_and_dg16() {
        let file = encode(
            0x6C,
            &[text(0x5F19, "SPECIMEN AUTHORITY"), text(0x5F26, "20240401")].concat(),
        );
        let dg12 = Dg12::parse(&file).unwrap();
        assert_eq!(dg12.issuing_authority(), Some("SPECIMEN AUTHORITY"));
        assert_eq!(dg12.issue().unwrap().year, Some(2024));
        assert_eq!(dg12.images(), [None, None]);

        let person = [text(0x5F50, "20240401"), text(0x5F51, "SPECIMEN<<TIM")].concat();
        let file = encode(
            0x70,
            &[
                encode(2, &[2]),
                encode(0xA1, &person),
                encode(0xA2, &person),
            ]
            .concat(),
        );
        let dg16 = Dg16::parse(&file).unwrap();
        assert_eq!(dg16.persons().len(), 2);
        assert_eq!(dg16.persons()[1].name(), Some("SPECIMEN<<TIM"));
        assert_eq!(dg16.persons()[1].recorded().unwrap().day, Some(1));
        assert_eq!(dg16.persons()[0].telephone(), None);
    }
}
