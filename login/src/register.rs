//! Registers: which documents a person holds, and whether each may still be used.
//!
//! A register is a trait, so that the real ones can stand behind it; [`FileRegister`] is the demonstration register.
//! Only the closed list of data comes out of it: BSN, date of birth, document number, end of validity, whether the
//! document is withheld, expired by law or missing, and its kind.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use icao::pki::IssuingState;
use protocol::error::Code;
use protocol::request::Document;
use serde::{Deserialize, Deserializer};
use subtle::ConstantTimeEq;

use crate::date::{BirthDate, Date};

/// A citizen service number: nine digits that pass the 11-test. Never shown by Debug.
#[derive(Clone)]
pub struct Bsn(String);

impl Bsn {
    /// `None` where the text is not a BSN.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Vec<i32> = text
            .chars()
            .map(|c| c.to_digit(10).map(|d| d as i32))
            .collect::<Option<_>>()?;
        let weights = [9, 8, 7, 6, 5, 4, 3, 2, -1];
        let sum: i32 = digits
            .iter()
            .zip(weights)
            .map(|(digit, weight)| digit * weight)
            .sum();
        (digits.len() == 9 && sum != 0 && sum % 11 == 0).then(|| Self(text.to_owned()))
    }

    /// The nine digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Bsn {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Bsn {}

impl std::fmt::Debug for Bsn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bsn(..)")
    }
}

impl<'de> Deserialize<'de> for Bsn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?)
            .ok_or_else(|| serde::de::Error::custom("not a BSN"))
    }
}

/// The name of a kind of document in forms and text keys.
pub fn kind_name(kind: Document) -> &'static str {
    match kind {
        Document::Passport => "passport",
        Document::IdentityCard => "identity-card",
        Document::DrivingLicence => "driving-licence",
    }
}

/// What the register says against a document (field 35.70 of the persons register).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Indication {
    /// Withheld or handed in.
    #[serde(rename = "I")]
    Withheld,
    /// Expired by operation of law.
    #[serde(rename = "R")]
    ExpiredByLaw,
    /// Missing.
    #[serde(rename = "V")]
    Missing,
}

/// Why a document that the register knows may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// Its end of validity has passed.
    #[error("expired")]
    Expired,
    /// Indication I.
    #[error("withheld")]
    Withheld,
    /// Indication R.
    #[error("expired by law")]
    ExpiredByLaw,
    /// Indication V.
    #[error("missing")]
    Missing,
    /// The entry is being examined.
    #[error("under investigation")]
    UnderInvestigation,
}

impl From<Objection> for Code {
    fn from(objection: Objection) -> Self {
        match objection {
            Objection::Expired => Self::DocumentExpired,
            Objection::Withheld => Self::DocumentWithheld,
            Objection::ExpiredByLaw => Self::DocumentInvalidated,
            Objection::Missing => Self::DocumentMissing,
            Objection::UnderInvestigation => Self::DocumentUnderInvestigation,
        }
    }
}

/// One document of a person as the register knows it. Debug shows only what is no personal datum.
#[derive(Clone, PartialEq, Eq)]
pub struct RegisteredDocument {
    /// Passport, card or licence.
    pub kind: Document,
    /// The issuing State or organization, equal in all its spellings.
    pub issuing_state: IssuingState,
    /// The document number without fillers.
    pub number: String,
    /// Date of birth of the holder.
    pub birth: BirthDate,
    /// Last day of validity.
    pub expiry: Date,
    /// The holder.
    pub bsn: Bsn,
    /// Positions 2 to 29 of the line on a driving licence (28 characters), as DG12 holds them.
    pub licence_line: Option<String>,
    /// What the register says against it.
    pub indication: Option<Indication>,
    /// Whether the entry is being examined.
    pub under_investigation: bool,
}

impl std::fmt::Debug for RegisteredDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegisteredDocument")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl RegisteredDocument {
    /// Whether the document may be used on a day.
    ///
    /// # Errors
    /// The first objection, the gravest first.
    pub fn standing(&self, today: Date) -> Result<(), Objection> {
        match self.indication {
            Some(Indication::Missing) => Err(Objection::Missing),
            Some(Indication::Withheld) => Err(Objection::Withheld),
            Some(Indication::ExpiredByLaw) => Err(Objection::ExpiredByLaw),
            None if self.under_investigation => Err(Objection::UnderInvestigation),
            None if self.expiry < today => Err(Objection::Expired),
            None => Ok(()),
        }
    }

    /// Whether two entries are about the same document, whatever is said against it.
    pub fn same_document(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.issuing_state == other.issuing_state
            && self.number == other.number
    }
}

/// Why a register gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// It cannot be reached or does not answer in order. Says nothing about the person or the document.
    #[error("the register cannot be reached")]
    Unreachable,
}

/// A register of documents. Called from a thread that may block.
pub trait Register: Send + Sync {
    /// All documents of a person; empty for someone who is not registered.
    ///
    /// # Errors
    /// [`RegisterError::Unreachable`], which callers must keep apart from "no documents".
    fn documents(&self, bsn: &Bsn) -> Result<Vec<RegisteredDocument>, RegisterError>;

    /// Whether it can be asked now.
    fn is_reachable(&self) -> bool;
}

/// The demonstration register: a TOML file of specimen persons, read again for each question, so that a document can be
/// reported missing while the server runs. A file that has gone or no longer parses is a register out of reach.
pub struct FileRegister {
    path: PathBuf,
    /// The last text that was sound, and what it says: parsing it costs a question more than all else.
    last: Mutex<(String, Arc<File>)>,
}

/// Why a register file was not accepted at start. Holds no value of the file.
#[derive(Debug, thiserror::Error)]
pub enum FileRegisterError {
    /// The file cannot be read.
    #[error("the register cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// Not the expected TOML.
    #[error("the register does not parse: {0}")]
    Syntax(String),
    /// The demonstration register takes invented persons only.
    #[error(
        "the demonstration register must say `specimen = true`: it is no place for real persons"
    )]
    NotSpecimen,
    /// A document is not sound.
    #[error("person {person}, document {document} of the register: {field}")]
    Document {
        /// Counted from 1.
        person: usize,
        /// Counted from 1.
        document: usize,
        /// What is wrong.
        field: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    specimen: bool,
    #[serde(default)]
    person: Vec<PersonRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonRow {
    bsn: Bsn,
    birth: BirthDate,
    #[serde(default)]
    document: Vec<DocumentRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentRow {
    kind: Document,
    #[serde(deserialize_with = "issuing_state")]
    issuing_state: IssuingState,
    number: String,
    expiry: Date,
    licence_line: Option<String>,
    indication: Option<Indication>,
    #[serde(default)]
    under_investigation: bool,
}

/// One to three letters, as in the machine readable zone or as registers spell it: `D` or `DEU`. The error names no value.
fn issuing_state<'de, D: serde::Deserializer<'de>>(row: D) -> Result<IssuingState, D::Error> {
    let text = String::deserialize(row)?;
    IssuingState::parse(&text)
        .ok()
        .filter(|_| text.bytes().all(|byte| byte.is_ascii_uppercase()))
        .ok_or_else(|| {
            serde::de::Error::custom("issuing_state is not one to three capital letters")
        })
}

impl DocumentRow {
    fn check(&self) -> Result<(), &'static str> {
        let mrz = |text: &str| {
            text.bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'<')
        };
        if !(1..=20).contains(&self.number.len()) || !mrz(&self.number) || self.number.contains('<')
        {
            return Err("number is not one to twenty capital letters and digits");
        }
        match (&self.licence_line, self.kind) {
            (Some(line), Document::DrivingLicence) if line.len() == 28 && mrz(line) => Ok(()),
            (None, Document::Passport | Document::IdentityCard) => Ok(()),
            (_, Document::DrivingLicence) => {
                Err("a driving licence needs licence_line, 28 characters")
            }
            _ => Err("licence_line belongs to a driving licence only"),
        }
    }
}

impl FileRegister {
    /// Opens the file and checks every row.
    ///
    /// # Errors
    /// See [`FileRegisterError`].
    pub fn open(path: &Path) -> Result<Self, FileRegisterError> {
        let text = std::fs::read_to_string(path)?;
        let file = Arc::new(File::parse(&text)?);
        Ok(Self {
            path: path.to_owned(),
            last: Mutex::new((text, file)),
        })
    }

    /// What the file says now.
    fn read(&self) -> Result<Arc<File>, FileRegisterError> {
        let text = std::fs::read_to_string(&self.path)?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0 != text {
            let file = Arc::new(File::parse(&text)?);
            *last = (text, file);
        }
        Ok(Arc::clone(&last.1))
    }
}

impl File {
    fn parse(text: &str) -> Result<Self, FileRegisterError> {
        let file: Self =
            toml::from_str(text).map_err(|e| FileRegisterError::Syntax(e.message().to_owned()))?;
        if !file.specimen {
            return Err(FileRegisterError::NotSpecimen);
        }
        for (person, row) in file.person.iter().enumerate() {
            for (document, row) in row.document.iter().enumerate() {
                row.check().map_err(|field| FileRegisterError::Document {
                    person: person + 1,
                    document: document + 1,
                    field,
                })?;
            }
        }
        Ok(file)
    }
}

impl Register for FileRegister {
    fn documents(&self, bsn: &Bsn) -> Result<Vec<RegisteredDocument>, RegisterError> {
        let file = self.read().map_err(|error| {
            tracing::warn!(%error, "the register cannot be read");
            RegisterError::Unreachable
        })?;
        let documents = file
            .person
            .iter()
            .filter(|person| person.bsn == *bsn)
            .flat_map(|person| {
                person.document.iter().map(|row| RegisteredDocument {
                    kind: row.kind,
                    issuing_state: row.issuing_state,
                    number: row.number.clone(),
                    birth: person.birth,
                    expiry: row.expiry,
                    bsn: person.bsn.clone(),
                    licence_line: row.licence_line.clone(),
                    indication: row.indication,
                    under_investigation: row.under_investigation,
                })
            });
        Ok(documents.collect())
    }

    fn is_reachable(&self) -> bool {
        self.read().is_ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const FILE: &str = r#"
        specimen = true
        [[person]]
        bsn = "999990019"
        birth = "1965-03-00"
        [[person.document]]
        kind = "passport"
        issuing_state = "NLD"
        number = "SPECI2014"
        expiry = "2034-03-09"
        [[person.document]]
        kind = "identity-card"
        issuing_state = "NLD"
        number = "SPEC12345"
        expiry = "2030-01-01"
        indication = "V"
    "#;

    fn open(text: &str) -> Result<(tempfile::TempDir, FileRegister), FileRegisterError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("register.toml");
        std::fs::write(&path, text).unwrap();
        FileRegister::open(&path).map(|register| (dir, register))
    }

    #[test]
    fn eleven_test() {
        for good in ["999990019", "999990020", "111222333"] {
            assert!(Bsn::parse(good).is_some(), "{good}");
        }
        for bad in [
            "000000000",
            "999990018",
            "99999001",
            "9999900190",
            "99999001a",
            "",
        ] {
            assert!(Bsn::parse(bad).is_none(), "{bad}");
        }
        assert_eq!(format!("{:?}", Bsn::parse("111222333").unwrap()), "Bsn(..)");
    }

    #[test]
    fn a_person_and_the_standing_of_documents() {
        let (_dir, register) = open(FILE).unwrap();
        let documents = register
            .documents(&Bsn::parse("999990019").unwrap())
            .unwrap();
        let today = Date::parse("2026-11-22").unwrap();
        let standings: Vec<_> = documents.iter().map(|d| d.standing(today)).collect();
        assert_eq!(standings, [Ok(()), Err(Objection::Missing)]);
        assert_eq!(documents.first().unwrap().birth.yymmdd(), "6503<<");
        assert_eq!(
            documents
                .first()
                .unwrap()
                .standing(Date::parse("2034-03-10").unwrap()),
            Err(Objection::Expired)
        );
        assert_eq!(
            register
                .documents(&Bsn::parse("111222333").unwrap())
                .unwrap(),
            []
        );
    }

    #[test]
    fn what_is_reported_is_known_at_the_next_question() {
        let (dir, register) = open(FILE).unwrap();
        let path = dir.path().join("register.toml");
        let bsn = Bsn::parse("999990019").unwrap();
        let second = |register: &FileRegister| {
            let documents = register.documents(&bsn)?;
            Ok(documents.get(1).and_then(|document| document.indication))
        };
        assert_eq!(second(&register), Ok(Some(Indication::Missing)));
        // As long as before, and within the same moment.
        for (mark, indication) in [
            ("\"I\"", Indication::Withheld),
            ("\"R\"", Indication::ExpiredByLaw),
        ] {
            std::fs::write(&path, FILE.replace("\"V\"", mark)).unwrap();
            assert_eq!(second(&register), Ok(Some(indication)));
        }
        std::fs::write(&path, FILE.replace("\"V\"", "\"X\"")).unwrap();
        assert_eq!(second(&register), Err(RegisterError::Unreachable));
        std::fs::write(&path, FILE).unwrap();
        assert_eq!(second(&register), Ok(Some(Indication::Missing)));
    }

    #[test]
    fn a_register_out_of_reach_is_not_an_empty_one() {
        let (dir, register) = open(FILE).unwrap();
        drop(dir);
        let bsn = Bsn::parse("999990019").unwrap();
        assert_eq!(register.documents(&bsn), Err(RegisterError::Unreachable));
    }

    #[test]
    fn bad_files_are_refused() {
        assert!(matches!(
            open(&FILE.replace("true", "false")),
            Err(FileRegisterError::NotSpecimen)
        ));
        for (from, to) in [
            ("\"NLD\"", "\"nld\""),
            ("SPECI2014", "SPECI 2014"),
            ("1965-03-00", "1965-13-00"),
            ("999990019", "999990018"),
            ("\"V\"", "\"X\""),
            ("2034-03-09", "soon"),
            ("passport", "driving-licence"),
            ("number", "numbers"),
        ] {
            assert!(open(&FILE.replace(from, to)).is_err(), "{from} {to}");
        }
    }
}
