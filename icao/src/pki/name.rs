//! Distinguished names (RFC 5280 4.1.2.4), compared as loosely as real issuers write them.

use core::fmt;

use der::asn1::ObjectIdentifier;

use crate::tlv::asn1::{SEQUENCE, SET};
use crate::tlv::{Tlv, TlvError};

use super::{IssuingState, PkiError};

/// Most attributes read from one name.
const MAX_ATTRIBUTES: usize = 64;

const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");

/// Attribute types with their usual short names.
const SHORT_NAMES: [(&str, &str); 11] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "surname"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
];

/// How well two names agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameMatch {
    /// The same attributes in another order.
    Reordered,
    /// Equal but for letter case, white space or string type (RFC 5280 7.1).
    Equivalent,
    /// Equal byte for byte.
    Exact,
}

/// A distinguished name: the bytes of the certificate and its attributes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name {
    raw: Vec<u8>,
    attributes: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Attribute {
    oid: ObjectIdentifier,
    /// As text; undecodable bytes as U+FFFD.
    text: String,
    /// Lower case, white space collapsed.
    folded: String,
}

impl Name {
    /// Reads a name from its SEQUENCE.
    pub(crate) fn parse(name: Tlv<'_>) -> Result<Self, PkiError> {
        let mut attributes = Vec::new();
        for set in name.expect(SEQUENCE)?.children() {
            for attribute in set?.expect(SET)?.children() {
                if attributes.len() == MAX_ATTRIBUTES {
                    return Err(TlvError::TooMany.into());
                }
                let mut fields = attribute?.expect(SEQUENCE)?.children();
                let oid = fields.next().ok_or(TlvError::Truncated)??.oid()?;
                let text = text(fields.next().ok_or(TlvError::Truncated)??);
                let folded = text
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ")
                    .to_lowercase();
                attributes.push(Attribute { oid, text, folded });
            }
        }
        Ok(Self {
            raw: name.raw.to_vec(),
            attributes,
        })
    }

    /// The name as in the certificate.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Whether and how well `other` is the same name.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Option<NameMatch> {
        if self.raw == other.raw {
            return Some(NameMatch::Exact);
        }
        if self.attributes.len() != other.attributes.len() {
            return None;
        }
        let key = |attribute: &Attribute| (attribute.oid, attribute.folded.clone());
        let same = |ours: &Attribute, theirs: &Attribute| {
            ours.oid == theirs.oid && ours.folded == theirs.folded
        };
        let pairs = || self.attributes.iter().zip(&other.attributes);
        if pairs().all(|(ours, theirs)| same(ours, theirs)) {
            return Some(NameMatch::Equivalent);
        }
        // Most names that differ do so in an attribute that the other has nowhere.
        let known = |ours: &Attribute| other.attributes.iter().any(|theirs| same(ours, theirs));
        if !self.attributes.iter().all(known) {
            return None;
        }
        let sorted = |name: &Self| {
            let mut keys: Vec<_> = name.attributes.iter().map(key).collect();
            keys.sort();
            keys
        };
        (sorted(self) == sorted(other)).then_some(NameMatch::Reordered)
    }

    /// Whether the name has a country of two capital letters, as Doc 9303-12 7.1.1 demands.
    #[must_use]
    pub fn has_country_in_capitals(&self) -> bool {
        self.attributes.iter().any(|attribute| {
            attribute.oid == COUNTRY
                && attribute.text.len() == 2
                && attribute.text.bytes().all(|byte| byte.is_ascii_uppercase())
        })
    }

    /// The issuing state that the country attribute names.
    #[must_use]
    pub fn country(&self) -> Option<IssuingState> {
        let attribute = self
            .attributes
            .iter()
            .find(|attribute| attribute.oid == COUNTRY)?;
        IssuingState::parse(&attribute.text).ok()
    }
}

/// As `C=NL, O=Kingdom of the Netherlands, CN=...` in the order of the certificate; control characters are replaced.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, attribute) in self.attributes.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            let oid = attribute.oid.to_string();
            let short = SHORT_NAMES
                .iter()
                .find(|(known, _)| *known == oid)
                .map_or(oid.as_str(), |(_, short)| *short);
            write!(f, "{short}=")?;
            for character in attribute.text.chars() {
                fmt::Write::write_char(
                    f,
                    if character.is_control() {
                        '\u{FFFD}'
                    } else {
                        character
                    },
                )?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// The text of a DirectoryString, or of what stands in its place: TeletexString is read as Latin-1.
fn text(value: Tlv<'_>) -> String {
    const BMP_STRING: u32 = 0x1E;
    const UNIVERSAL_STRING: u32 = 0x1C;
    const TELETEX_STRING: u32 = 0x14;
    match value.tag {
        BMP_STRING => {
            let units = value
                .value
                .chunks_exact(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units)
                .map(|unit| unit.unwrap_or('\u{FFFD}'))
                .collect()
        }
        UNIVERSAL_STRING => value
            .value
            .chunks_exact(4)
            .map(|quad| u32::from_be_bytes([quad[0], quad[1], quad[2], quad[3]]))
            .map(|code| char::from_u32(code).unwrap_or('\u{FFFD}'))
            .collect(),
        TELETEX_STRING => value.value.iter().map(|byte| char::from(*byte)).collect(),
        _ => String::from_utf8_lossy(value.value).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::tlv::encode;

    fn name(attributes: &[(&[u8], u32, &[u8])]) -> Name {
        let sets: Vec<u8> = attributes
            .iter()
            .flat_map(|(oid, tag, value)| {
                encode(
                    SET,
                    &encode(SEQUENCE, &[encode(6, oid), encode(*tag, value)].concat()),
                )
            })
            .collect();
        Name::parse(Tlv::only(&encode(SEQUENCE, &sets)).unwrap()).unwrap()
    }

    const C: &[u8] = &[0x55, 4, 6];
    const CN: &[u8] = &[0x55, 4, 3];

    #[test]
    fn names_agree_in_degrees() {
        let one = name(&[(C, 0x13, b"NL"), (CN, 0x0C, b"CSCA  NL")]);
        assert_eq!(one.compare(&one.clone()), Some(NameMatch::Exact));
        let other_case = name(&[(C, 0x0C, b"nl"), (CN, 0x1E, b"\0c\0s\0c\0a\0 \0n\0l")]);
        assert_eq!(one.compare(&other_case), Some(NameMatch::Equivalent));
        let reordered = name(&[(CN, 0x0C, b"CSCA NL"), (C, 0x13, b"NL")]);
        assert_eq!(one.compare(&reordered), Some(NameMatch::Reordered));
        assert_eq!(one.compare(&name(&[(C, 0x13, b"NL")])), None);
    }

    #[test]
    fn names_are_shown_without_control_characters() {
        let odd = name(&[
            (C, 0x14, b"D\xE9"),
            (CN, 0x0C, b"a\nb"),
            (&[0x2A, 3], 0x0C, b"x"),
        ]);
        assert_eq!(odd.to_string(), "C=D\u{e9}, CN=a\u{fffd}b, 1.2.3=x");
        assert_eq!(odd.country(), None);
        assert_eq!(
            name(&[(C, 0x13, b"de")]).country(),
            IssuingState::parse("D").ok()
        );
    }
}
