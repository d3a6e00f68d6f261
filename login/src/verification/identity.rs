//! Step 8: the document that the chip belongs to is one that the register has for this person.

use icao::driving_licence::Dg12;
use icao::lds::Dg1;
use icao::mrz::{Format, Mrz, PartialDate};
use icao::pki::IssuingState;
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
        let dg12 = Dg12::parse(file).map_err(|_| Mismatch::Malformed)?;
        let line = dg12.line();
        // Where the place of the number in the line is known, it is that of the register too.
        return candidates
            .find(|entry| {
                entry.licence_line.as_deref() == Some(line.inner())
                    && line
                        .document_number()
                        .is_none_or(|number| number == entry.number)
            })
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
    IssuingState::parse(mrz.issuing_state()) == Ok(entry.issuing_state)
        && mrz.document_number() == entry.number
        && Some(mrz.birth()) == date(&entry.birth.yymmdd())
        && Some(mrz.expiry()) == date(&entry.expiry.yymmdd())
        && same_bsn
}

/// Why those who signed EF.SOD do not stand for the document of the register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotSignedFor {
    /// The document signer or the CSCA is of another country, or its certificate names none.
    #[error("certificate of another country")]
    Country,
    /// The document signer lists types of document, and none is of this kind.
    #[error("certificate for other types of document")]
    Types,
}

/// Whether document signer and CSCA, whose `countries` these are, are of the issuing state, and whether the signer's
/// documentTypeList (Doc 9303-12, 7.1.1.7), where it has one, names the kind. No policy tolerates anything else here: the
/// register has said who issued the document.
///
/// # Errors
/// [`NotSignedFor`].
pub(super) fn signed_for(
    kind: Document,
    state: IssuingState,
    countries: [Option<IssuingState>; 2],
    types: &[String],
) -> Result<(), NotSignedFor> {
    if countries.iter().any(|country| *country != Some(state)) {
        return Err(NotSignedFor::Country);
    }
    let of_kind = |code: &String| match kind {
        Document::Passport => code.starts_with('P'),
        Document::IdentityCard => code.starts_with(['I', 'A', 'C']),
        // ISO/IEC 18013-3 has no such list.
        Document::DrivingLicence => true,
    };
    if types.is_empty() || types.iter().any(of_kind) {
        Ok(())
    } else {
        Err(NotSignedFor::Types)
    }
}

/// The BSN that Dutch documents issued before August 2021 hold in the optional data.
fn bsn_in(mrz: &Mrz) -> Option<Bsn> {
    (mrz.issuing_state() == "NLD").then(|| Bsn::parse(mrz.optional_data().get(..9)?))?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::date::{BirthDate, Date};

    fn entry(state: &str, number: &str, birth: &str, expiry: &str) -> RegisteredDocument {
        RegisteredDocument {
            kind: Document::Passport,
            issuing_state: IssuingState::parse(state).unwrap(),
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
    fn those_who_signed_are_of_the_state_and_sign_for_the_kind() {
        let state = |text| IssuingState::parse(text).unwrap();
        let germany = state("D");
        let german = [Some(state("DE")), Some(state("de"))];
        let types = |list: &[&str]| list.iter().map(|&t| t.to_owned()).collect::<Vec<_>>();
        let check =
            |kind, countries, list: &[&str]| signed_for(kind, germany, countries, &types(list));
        let passport = Document::Passport;
        assert_eq!(check(passport, german, &[]), Ok(()));
        assert_eq!(check(passport, german, &["P"]), Ok(()));
        assert_eq!(check(passport, german, &["ID", "PD"]), Ok(()));
        assert_eq!(check(Document::IdentityCard, german, &["AR"]), Ok(()));
        assert_eq!(check(Document::DrivingLicence, german, &["P"]), Ok(()));
        for countries in [
            [Some(state("NL")), Some(germany)],
            [Some(germany), Some(state("NL"))],
            [None, Some(germany)],
            [Some(germany), None],
        ] {
            assert_eq!(
                check(passport, countries, &["P"]),
                Err(NotSignedFor::Country)
            );
        }
        assert_eq!(check(passport, german, &["ID"]), Err(NotSignedFor::Types));
        assert_eq!(
            check(Document::IdentityCard, german, &["P"]),
            Err(NotSignedFor::Types)
        );
    }

    #[test]
    fn a_licence_matches_by_its_line() {
        let line = "1NLD19999920140ABCDEFGHIJKLM";
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
        // The right line under the number that begins one character too early.
        good.licence_line = Some(line.into());
        good.number = "1999992014".into();
        assert!(matching(Document::DrivingLicence, &file, std::iter::once(&good)).is_err());
        good.licence_line = None;
        assert!(matching(Document::DrivingLicence, &file, std::iter::once(&good)).is_err());
        for broken in [&file[..file.len() - 1], &[0x71, 0], &[]] {
            assert_eq!(
                matching(Document::DrivingLicence, broken, std::iter::once(&good)),
                Err(Mismatch::Malformed)
            );
        }
    }
}
