//! Holders of simulated documents, and the machine readable zone that they have (Doc 9303-3, -4, -5; ISO/IEC 18013-2).
//!
//! The persons are invented, and their names say so. Their citizen service numbers (BSN) lie in the range 99999xxxx that the
//! Dutch government keeps for tests.

use crate::crypto::hash::HashAlgorithm;

/// What a specimen document says about its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Surname, as in the machine readable zone: A to Z and single spaces.
    pub surname: &'static str,
    /// Given names, likewise.
    pub given_names: &'static str,
    /// `F`, `M` or `<`.
    pub sex: char,
    /// YYMMDD.
    pub date_of_birth: &'static str,
    /// Number of the document: up to nine characters, or more on identity cards (22) and TD2 (14); ten digits for a driving licence.
    pub document_number: &'static str,
    /// YYMMDD.
    pub date_of_expiry: &'static str,
    /// Citizen service number, nine digits. The register has it even where the chip has not.
    pub bsn: &'static str,
    /// Whether the optional data of the machine readable zone hold the BSN, as in Dutch documents before August 2021.
    pub bsn_in_chip: bool,
    /// Card access number, if the document bears one.
    pub can: Option<&'static str>,
}

/// The form of the document, and of its machine readable zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// Passport booklet, TD3.
    Passport,
    /// Identity card, TD1.
    IdentityCard,
    /// Official document of the size TD2.
    OfficialDocument,
    /// Driving licence: one line of 30 characters (ISO/IEC 18013-3, annex B; Dutch layout).
    DrivingLicence,
}

impl Holder {
    /// Lines of the machine readable zone.
    #[must_use]
    pub fn mrz_lines(&self, form: Form) -> Vec<String> {
        match form {
            Form::Passport => self.td3(),
            Form::IdentityCard => self.td1(),
            Form::OfficialDocument => self.td2(),
            Form::DrivingLicence => vec![self.licence_line()],
        }
    }

    /// What the keys of BAC, BAP and PACE are derived from: document number, birth and expiry dates with their check digits
    /// (Doc 9303-11, 9.7.2), or characters 2 to 29 of the line of a driving licence.
    #[must_use]
    pub fn mrz_information(&self, form: Form) -> String {
        match form {
            Form::DrivingLicence => self.licence_line().chars().skip(1).take(28).collect(),
            _ => [
                checked(&filled(
                    self.document_number,
                    self.document_number.len().max(9),
                )),
                checked(self.date_of_birth),
                checked(self.date_of_expiry),
            ]
            .concat(),
        }
    }

    /// SHA-1 of the MRZ information, from which BAC and BAP take their seed and PACE its password.
    #[must_use]
    pub fn mrz_digest(&self, form: Form) -> Vec<u8> {
        HashAlgorithm::Sha1.digest(self.mrz_information(form).as_bytes())
    }

    fn names(&self, len: usize) -> String {
        let names = format!("{}<<{}", self.surname, self.given_names).replace(' ', "<");
        filled(&names, len)
    }

    /// The optional data: 14 characters and their check digit, as on Dutch documents.
    fn optional(&self) -> String {
        if self.bsn_in_chip {
            checked(&filled(self.bsn, 14))
        } else {
            filled("", 15)
        }
    }

    fn td3(&self) -> Vec<String> {
        let number = checked(&filled(self.document_number, 9));
        let birth = checked(self.date_of_birth);
        let expiry = checked(self.date_of_expiry);
        let optional = self.optional();
        let composite = check_digit(&[&number[..], &birth, &expiry, &optional].concat());
        vec![
            format!("P<NLD{}", self.names(39)),
            format!(
                "{number}NLD{birth}{}{expiry}{optional}{composite}",
                self.sex
            ),
        ]
    }

    /// The field of the document number with its check digit, and the optional data. A number of more than nine characters
    /// goes on in the optional data, with its check digit there (Doc 9303-5, 4.2.2; Doc 9303-6, 4.2.2).
    fn number_and_optional(&self, optional: String) -> (String, String) {
        match self.document_number.split_at_checked(9) {
            Some((front, rest)) if !rest.is_empty() => {
                let rest = format!("{rest}{}", check_digit(self.document_number));
                (format!("{front}<"), filled(&rest, optional.len()))
            }
            _ => (checked(&filled(self.document_number, 9)), optional),
        }
    }

    /// TD2 has no room for a citizen service number.
    fn td2(&self) -> Vec<String> {
        let birth = checked(self.date_of_birth);
        let expiry = checked(self.date_of_expiry);
        let (number, optional) = self.number_and_optional(filled("", 7));
        let composite = check_digit(&[&number[..], &birth, &expiry, &optional].concat());
        vec![
            format!("I<NLD{}", self.names(31)),
            format!(
                "{number}NLD{birth}{}{expiry}{optional}{composite}",
                self.sex
            ),
        ]
    }

    fn td1(&self) -> Vec<String> {
        let birth = checked(self.date_of_birth);
        let expiry = checked(self.date_of_expiry);
        let (number, optional) = self.number_and_optional(self.optional());
        let first = number + &optional;
        let second_optional = filled("", 11);
        let composite = check_digit(&[&first[..], &birth, &expiry, &second_optional].concat());
        vec![
            format!("I<NLD{first}"),
            format!("{birth}{}{expiry}NLD{second_optional}{composite}", self.sex),
            self.names(30),
        ]
    }

    /// `D`, BAP configuration 1, issuing state, version 1, document number, 13 characters that no one foresees, check digit.
    fn licence_line(&self) -> String {
        let digest = HashAlgorithm::Sha256.digest(self.document_number.as_bytes());
        let random: String = digest
            .iter()
            .take(13)
            .map(|byte| char::from(b'A' + byte % 26))
            .collect();
        checked(&format!(
            "D1NLD1{}{random}",
            filled(self.document_number, 10)
        ))
    }
}

/// `text` with fillers up to `len` characters, and no more than those.
fn filled(text: &str, len: usize) -> String {
    text.chars()
        .chain(core::iter::repeat('<'))
        .take(len)
        .collect()
}

/// `text` with its check digit.
fn checked(text: &str) -> String {
    format!("{text}{}", check_digit(text))
}

/// Check digit, weights 7, 3, 1 (Doc 9303-3, 4.9).
fn check_digit(text: &str) -> u32 {
    let sum: u32 = text
        .chars()
        .zip([7, 3, 1].into_iter().cycle())
        .map(|(character, weight)| character.to_digit(36).unwrap_or(0) * weight)
        .sum();
    sum % 10
}
