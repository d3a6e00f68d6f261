//! Step 8: the document that the chip belongs to is one that the register has for this person.

use icao::lds::Dg1;
use icao::mrz::{Format, Mrz, PartialDate};
use icao::pki::IssuingState;
use icao::tlv::{Tlv, find};
use protocol::error::Code;
use protocol::request::Document;

use crate::register::{Bsn, RegisteredDocument};

/// Why no entry of the register matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Mismatch {
    /// The file is none of its kind.
    #[error("identity file malformed")]
    Malformed,
    /// A passport in place of a card, or the other way round.
    #[error("another kind of document")]
    Kind,
    /// Number, dates or BSN are of no document of this person.
    #[error("no document of this person")]
    NotTheirs,
}

impl From<Mismatch> for Code {
    fn from(mismatch: Mismatch) -> Self {
        match mismatch {
            Mismatch::Malformed => Self::EvidenceMalformed,
            Mismatch::Kind | Mismatch::NotTheirs => Self::DocumentMismatch,
        }
    }
}

/// The entry that an identity file (DG1, or DG12 of a licence) belongs to.
///
/// # Errors
/// [`Mismatch`].
pub(super) fn matching<'d>(
    kind: Document,
    file: &[u8],
    mut candidates: impl Iterator<Item = &'d RegisteredDocument>,
) -> Result<&'d RegisteredDocument, Mismatch> {
    if kind == Document::DrivingLicence {
        let line = licence_line(file).ok_or(Mismatch::Malformed)?;
        return candidates
            .find(|entry| entry.licence_line.as_deref() == Some(line))
            .ok_or(Mismatch::NotTheirs);
    }
    let dg1 = Dg1::parse(file).map_err(|_| Mismatch::Malformed)?;
    if !form_fits(kind, dg1.mrz()) {
        return Err(Mismatch::Kind);
    }
    candidates
        .find(|entry| same_holder_and_document(entry, dg1.mrz()))
        .ok_or(Mismatch::NotTheirs)
}

/// Whether form and document code of the zone are those of the kind (Doc 9303-4 4.2.2, -5 4.2.2).
fn form_fits(kind: Document, mrz: &Mrz) -> bool {
    let code = mrz.document_code();
    match kind {
        Document::Passport => mrz.format() == Format::Td3 && code.starts_with('P'),
        Document::IdentityCard => mrz.format() != Format::Td3 && code.starts_with(['I', 'A', 'C']),
        Document::DrivingLicence => false,
    }
}

/// Issuing state, number, birth and expiry dates as the register has them; the BSN where the chip holds one.
fn same_holder_and_document(entry: &RegisteredDocument, mrz: &Mrz) -> bool {
    let date = |text: &str| PartialDate::parse(text).ok();
    let same_bsn = bsn_in(mrz).is_none_or(|bsn| bsn == entry.bsn);
    same_state(mrz.issuing_state(), &entry.issuing_state)
        && mrz.document_number() == entry.number
        && Some(mrz.birth()) == date(&entry.birth.yymmdd())
        && Some(mrz.expiry()) == date(&entry.expiry.yymmdd())
        && same_bsn
}

/// The BSN that Dutch documents issued before August 2021 hold in the optional data.
fn bsn_in(mrz: &Mrz) -> Option<Bsn> {
    (mrz.issuing_state() == "NLD").then(|| Bsn::parse(mrz.optional_data().get(..9)?))?
}

/// The 28 characters of the line in DG12 of a Dutch licence: data object 82, behind one byte 00.
fn licence_line(file: &[u8]) -> Option<&str> {
    let (object, _) = Tlv::split(file).ok()?;
    let line = find(object.expect(0x71).ok()?.value, 0x82).ok()?.value;
    std::str::from_utf8(line.strip_prefix(&[0])?)
        .ok()
        .filter(|line| line.len() == 28)
}

/// Germany is `D` in the zone and may be `DEU` in a register.
fn same_state(one: &str, other: &str) -> bool {
    matches!((IssuingState::parse(one), IssuingState::parse(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::date::{BirthDate, Date};

    fn entry(state: &str, number: &str, birth: &str, expiry: &str) -> RegisteredDocument {
        RegisteredDocument {
            kind: Document::Passport,
            issuing_state: state.into(),
            number: number.into(),
            birth: BirthDate::parse(birth).unwrap(),
            expiry: Date::parse(expiry).unwrap(),
            bsn: Bsn::parse("999990019").unwrap(),
            licence_line: None,
            indication: None,
            under_investigation: false,
        }
    }

    fn dg1(zone: &str) -> Vec<u8> {
        let inner = [&[0x5F, 0x1F, zone.len() as u8], zone.as_bytes()].concat();
        [&[0x61, inner.len() as u8], inner.as_slice()].concat()
    }

    fn theirs(kind: Document, zone: &str, entry: &RegisteredDocument) -> Result<(), Mismatch> {
        matching(kind, &dg1(zone), std::iter::once(entry)).map(|_| ())
    }

    // The specimen of Doc 9303-4, appendix B.
    const TD3: &str =
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10";

    #[test]
    fn a_passport_matches_field_by_field() {
        let good = entry("UTO", "L898902C3", "1974-08-12", "2012-04-15");
        assert_eq!(theirs(Document::Passport, TD3, &good), Ok(()));
        assert_eq!(
            theirs(Document::IdentityCard, TD3, &good),
            Err(Mismatch::Kind)
        );
        for other in [
            entry("NLD", "L898902C3", "1974-08-12", "2012-04-15"),
            entry("UTO", "L898902C4", "1974-08-12", "2012-04-15"),
            entry("UTO", "L898902C3", "1974-08-13", "2012-04-15"),
            entry("UTO", "L898902C3", "1974-08-00", "2012-04-15"),
            entry("UTO", "L898902C3", "1974-08-12", "2012-04-16"),
        ] {
            assert_eq!(
                theirs(Document::Passport, TD3, &other),
                Err(Mismatch::NotTheirs)
            );
        }
        assert_eq!(
            matching(Document::Passport, &[0x61, 0], std::iter::once(&good)),
            Err(Mismatch::Malformed)
        );
        assert_eq!(
            matching(Document::Passport, &dg1(TD3), std::iter::empty()),
            Err(Mismatch::NotTheirs)
        );
    }

    #[test]
    fn states_compare_in_every_spelling() {
        assert!(same_state("D", "DEU") && same_state("NLD", "NLD"));
        assert!(!same_state("D", "NLD") && !same_state("", "") && !same_state("1", "1"));
    }

    #[test]
    fn a_licence_matches_by_its_line() {
        let line = "1NLD1999992014ABCDEFGHIJKLMN";
        let inner = [&[0x82, 29, 0], line.as_bytes(), &[0x81, 1, b'A']].concat();
        let file = [&[0x71, inner.len() as u8], inner.as_slice()].concat();
        let mut good = entry("NLD", "9999920140", "1972-06-15", "2035-06-15");
        good.licence_line = Some(line.into());
        assert!(matching(Document::DrivingLicence, &file, std::iter::once(&good)).is_ok());
        good.licence_line = Some(line.replace('A', "B"));
        assert_eq!(
            matching(Document::DrivingLicence, &file, std::iter::once(&good)),
            Err(Mismatch::NotTheirs)
        );
        good.licence_line = None;
        assert!(matching(Document::DrivingLicence, &file, std::iter::once(&good)).is_err());
        for broken in [&file[..file.len() - 1], &[0x71, 0], &[]] {
            assert!(licence_line(broken).is_none());
        }
    }
}
