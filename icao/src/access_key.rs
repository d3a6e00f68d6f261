//! What opens a chip: the fields of the machine readable zone, their digest, the card access number, or the PACE key of
//! a driving licence (Doc 9303-11, 4.3.1 and 4.4.4.1; ISO/IEC 18013-3).

use core::fmt;

use sha1::{Digest, Sha1};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::crypto::cipher::CipherSuite;
use crate::crypto::kdf;
use crate::mrz::AccessFields;

/// Why text is no card access number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessKeyError {
    /// Neither six digits (Doc 9303) nor ten capital letters and digits (driving licences).
    #[error(
        "a card access number is six digits, or ten capital letters and digits on a driving licence"
    )]
    CardAccessNumber,
}

/// Access data of one document. Erased from memory when dropped; `Debug` names the kind only.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
#[non_exhaustive]
pub enum AccessKey {
    /// Document number, birth date and date of expiry.
    Mrz(AccessFields),
    /// SHA-1 of the MRZ information (20 bytes): serves BAC, BAP and PACE without telling the fields themselves.
    MrzDigest([u8; 20]),
    /// The card access number as printed, six digits or ten capital letters and digits. Opens by PACE only.
    Can(String),
    /// What PACE needs of a password that goes into the key derivation as it is (driving licences). Opens by PACE only.
    PaceKey(PaceKey),
}

impl AccessKey {
    /// Takes a card access number: six digits, or the ten characters of a driving licence.
    ///
    /// # Errors
    /// [`AccessKeyError::CardAccessNumber`] for anything else.
    pub fn can(number: &str) -> Result<Self, AccessKeyError> {
        let six_digits = number.len() == 6 && number.bytes().all(|byte| byte.is_ascii_digit());
        let ten_characters = number.len() == 10
            && number
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
        if six_digits || ten_characters {
            Ok(Self::Can(number.to_owned()))
        } else {
            Err(AccessKeyError::CardAccessNumber)
        }
    }

    /// Which kind of access data this is. Of a licence's line it tells which reading of it opened the chip:
    /// [`AccessKeyKind::PaceKey`] is the characters as they are, [`AccessKeyKind::MrzDigest`] their SHA-1.
    #[must_use]
    pub const fn kind(&self) -> AccessKeyKind {
        match self {
            Self::Mrz(_) => AccessKeyKind::Mrz,
            Self::MrzDigest(_) => AccessKeyKind::MrzDigest,
            Self::Can(_) => AccessKeyKind::Can,
            Self::PaceKey(_) => AccessKeyKind::PaceKey,
        }
    }

    /// SHA-1 of the MRZ information, for keys that come from a machine readable zone.
    #[must_use]
    pub fn mrz_digest(&self) -> Option<Zeroizing<[u8; 20]>> {
        match self {
            Self::Mrz(fields) => Some(Zeroizing::new(
                Sha1::digest(&*fields.mrz_information()).into(),
            )),
            Self::MrzDigest(digest) => Some(Zeroizing::new(*digest)),
            Self::Can(_) | Self::PaceKey(_) => None,
        }
    }

    /// K_seed of Basic Access Control, 16 bytes (Doc 9303-11, 4.3.2), for keys that come from a machine readable zone.
    #[must_use]
    pub fn bac_seed(&self) -> Option<Zeroizing<[u8; 16]>> {
        let digest = self.mrz_digest()?;
        digest.first_chunk::<16>().map(|seed| Zeroizing::new(*seed))
    }

    /// The password of PACE and the reference by which the chip is told its kind.
    #[must_use]
    pub fn pace_password(&self) -> PacePassword {
        let (reference, secret) = match self {
            Self::Mrz(_) | Self::MrzDigest(_) => (
                PasswordReference::Mrz,
                // The digest exists for both variants.
                PaceSecret::Password(
                    self.mrz_digest()
                        .map_or_else(Vec::new, |digest| digest.to_vec()),
                ),
            ),
            Self::Can(number) => (
                PasswordReference::Can,
                PaceSecret::Password(number.as_bytes().to_vec()),
            ),
            Self::PaceKey(key) => (PasswordReference::Mrz, PaceSecret::Derived(key.clone())),
        };
        PacePassword { reference, secret }
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mrz(_) => "AccessKey::Mrz(..)",
            Self::MrzDigest(_) => "AccessKey::MrzDigest(..)",
            Self::Can(_) => "AccessKey::Can(..)",
            Self::PaceKey(_) => "AccessKey::PaceKey(..)",
        })
    }
}

/// The kinds of access data, without the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccessKeyKind {
    /// Fields of a machine readable zone.
    Mrz,
    /// SHA-1 of the MRZ information.
    MrzDigest,
    /// Card access number.
    Can,
    /// Hashes of a password that is taken as it is.
    PaceKey,
}

/// The hashes of `password || 00000003` from which K_π is cut (Doc 9303-11, 9.7.1): they open a document without
/// telling its password.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct PaceKey {
    /// The first 16 bytes of the SHA-1 hash: K_π for 3DES and AES-128.
    pub sha1_16: [u8; 16],
    /// The SHA-256 hash: K_π for AES-256, and its first 24 bytes for AES-192.
    pub sha256_32: [u8; 32],
}

impl PaceKey {
    /// Derives both hashes from a password of any length.
    #[must_use]
    pub fn from_password(password: &[u8]) -> Self {
        let mut key = Self {
            sha1_16: [0; 16],
            sha256_32: [0; 32],
        };
        key.sha1_16
            .copy_from_slice(&kdf::derive_key(password, kdf::PI, CipherSuite::Aes128));
        key.sha256_32
            .copy_from_slice(&kdf::derive_key(password, kdf::PI, CipherSuite::Aes256));
        key
    }
}

impl fmt::Debug for PaceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PaceKey(..)")
    }
}

/// The password references of MSE:Set AT, data object 83 (Doc 9303-11, 4.4.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PasswordReference {
    /// Machine readable zone.
    Mrz = 1,
    /// Card access number.
    Can = 2,
}

/// A password for PACE, ready for the derivation of K_π.
#[derive(Clone)]
pub struct PacePassword {
    reference: PasswordReference,
    secret: PaceSecret,
}

#[derive(Clone, Zeroize, ZeroizeOnDrop)]
enum PaceSecret {
    Password(Vec<u8>),
    Derived(PaceKey),
}

impl PacePassword {
    /// Which password the chip shall use.
    #[must_use]
    pub const fn reference(&self) -> PasswordReference {
        self.reference
    }

    /// K_π, the key that decrypts the chip's nonce: as long as the keys of `suite`.
    #[must_use]
    pub fn key(&self, suite: CipherSuite) -> Zeroizing<Vec<u8>> {
        match &self.secret {
            PaceSecret::Password(password) => kdf::derive_key(password, kdf::PI, suite),
            PaceSecret::Derived(key) => Zeroizing::new(match suite {
                // DES ignores parity, so the hash serves triple DES as it is.
                CipherSuite::TripleDes | CipherSuite::Aes128 => key.sha1_16.to_vec(),
                CipherSuite::Aes192 => key.sha256_32.iter().copied().take(24).collect(),
                CipherSuite::Aes256 => key.sha256_32.to_vec(),
            }),
        }
    }
}

impl fmt::Debug for PacePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PacePassword({:?}, ..)", self.reference)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Doc 9303-11, appendices D.1, G.1 and H.
    #[test]
    fn published_keys() {
        let key = AccessKey::Mrz(AccessFields::new("L898902C", "690806", "940623").unwrap());
        assert_eq!(
            hex::encode(*key.bac_seed().unwrap()),
            "239ab9cb282daf66231dc5a4df6bfbae"
        );
        let digest = AccessKey::MrzDigest(*key.mrz_digest().unwrap());
        assert_eq!(digest.bac_seed(), key.bac_seed());

        let key = AccessKey::Mrz(AccessFields::new("T22000129", "640812", "101031").unwrap());
        let password = key.pace_password();
        assert_eq!(password.reference(), PasswordReference::Mrz);
        assert_eq!(
            hex::encode(&*password.key(CipherSuite::Aes128)),
            "89ded1b26624ec1e634c1989302849dd"
        );

        let can = AccessKey::can("123456").unwrap();
        assert_eq!(can.bac_seed(), None);
        assert_eq!(can.pace_password().reference(), PasswordReference::Can);
        let derived = AccessKey::PaceKey(PaceKey::from_password(b"123456")).pace_password();
        for suite in [
            CipherSuite::Aes128,
            CipherSuite::Aes192,
            CipherSuite::Aes256,
        ] {
            assert_eq!(can.pace_password().key(suite), derived.key(suite));
        }
        assert_eq!(
            hex::encode(&*derived.key(CipherSuite::Aes192)),
            "8df3278fb32026e66277357fcd6c826dbeb3de32088b2531"
        );
    }

    #[test]
    fn card_access_numbers_are_checked_and_never_shown() {
        for refused in ["", "12345", "1234567", "12345a", "ABCDEFGHI", "abcdefghij"] {
            assert_eq!(
                AccessKey::can(refused),
                Err(AccessKeyError::CardAccessNumber)
            );
        }
        let licence = AccessKey::can("AB12CD34EF").unwrap();
        assert_eq!(format!("{licence:?}"), "AccessKey::Can(..)");
        assert_eq!(
            format!("{:?}", licence.pace_password()),
            "PacePassword(Can, ..)"
        );
    }
}
