//! EF.SOD (Doc 9303-10 4.6.2): the hashes of all data groups, signed by the issuing state.

use std::collections::BTreeMap;

use der::asn1::ObjectIdentifier;
use thiserror::Error;

use super::{DataGroup, MAX_FILE_LEN};
use crate::crypto::hash::HashAlgorithm;
use crate::pki::certificate::AlgorithmIdentifier;
use crate::pki::{PkiError, SignedData};
use crate::tlv::asn1::{INTEGER, OCTET_STRING, SEQUENCE};
use crate::tlv::{Tlv, TlvError};
use crate::tolerance::{Tolerance, Tolerances};

/// Tag of the file.
const SOD: u32 = 0x77;

/// id-icao-mrtd-security-ldsSecurityObject.
const LDS_SECURITY_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.1");

/// Content types that states used before or instead of the one of Doc 9303.
const OTHER_CONTENT_TYPES: [(ObjectIdentifier, Tolerance); 3] = [
    (
        ObjectIdentifier::new_unwrap("1.3.27.1.1.1"),
        Tolerance::ContentTypeIcaoDraft,
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.528.1.1006.1.20.1"),
        Tolerance::ContentTypePrivate,
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1"),
        Tolerance::ContentTypeData,
    ),
];

/// Why bytes are no EF.SOD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SodError {
    /// The file is no data object 77.
    #[error("{0}")]
    Tlv(#[from] TlvError),
    /// The signed object in it is malformed.
    #[error("signed object: {0}")]
    SignedData(#[from] PkiError),
    /// Longer than [`MAX_FILE_LEN`].
    #[error("file is too long")]
    TooLong,
    /// The signed content is no LDS security object by its type.
    #[error("content type is not the one of an LDS security object")]
    ContentType,
    /// A version of the LDS security object other than 0 and 1.
    #[error("unknown version of the LDS security object")]
    Version,
    /// A hash algorithm this crate does not know.
    #[error("unknown hash algorithm")]
    HashAlgorithm,
    /// A data group number outside 1 to 16, or one that occurs twice.
    #[error("data group number is outside 1 to 16 or occurs twice")]
    DataGroup,
    /// A hash of another length than its algorithm makes.
    #[error("hash has the wrong length")]
    HashLength,
}

/// The LDS security object (Doc 9303-10 4.6.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdsSecurityObject {
    /// Version, 0 or 1.
    pub version: u8,
    /// Algorithm of all hashes.
    pub hash_algorithm: HashAlgorithm,
    /// The hash of each data group that exists.
    pub hashes: BTreeMap<DataGroup, Vec<u8>>,
    /// Version of the LDS and of Unicode as text (`0107`, `040000`), in version 1 only.
    pub lds_version_info: Option<(String, String)>,
}

impl LdsSecurityObject {
    /// Reads the security object from the signed content.
    fn parse(content: &[u8], met: &mut Tolerances) -> Result<Self, SodError> {
        let (object, rest) = Tlv::split(content)?;
        if !rest.is_empty() {
            met.record(Tolerance::TrailingBytes);
        }
        let mut fields = object.expect(SEQUENCE)?.children();
        let version = match fields.expect(INTEGER)?.small_integer()? {
            0 => 0,
            1 => 1,
            _ => return Err(SodError::Version),
        };
        let algorithm = AlgorithmIdentifier::parse(fields.expect(SEQUENCE)?)?;
        let hash_algorithm =
            HashAlgorithm::from_oid(&algorithm.oid).ok_or(SodError::HashAlgorithm)?;
        let mut hashes = BTreeMap::new();
        for entry in fields.expect(SEQUENCE)?.children() {
            let mut entry = entry?.expect(SEQUENCE)?.children();
            let number = entry.expect(INTEGER)?.small_integer()?;
            let hash = entry.expect(OCTET_STRING)?.value;
            let group = u8::try_from(number)
                .ok()
                .and_then(DataGroup::new)
                .ok_or(SodError::DataGroup)?;
            if hash.len() != hash_algorithm.output_len() {
                return Err(SodError::HashLength);
            }
            if hashes.insert(group, hash.to_vec()).is_some() {
                return Err(SodError::DataGroup);
            }
        }
        let text = |tlv: Tlv<'_>| String::from_utf8_lossy(tlv.value).into_owned();
        let lds_version_info = match fields.optional(SEQUENCE)? {
            Some(info) => {
                let mut info = info.children();
                let lds = info.next().ok_or(TlvError::Truncated)??;
                let unicode = info.next().ok_or(TlvError::Truncated)??;
                Some((text(lds), text(unicode)))
            }
            None => None,
        };
        if lds_version_info.is_some() != (version == 1) {
            met.record(Tolerance::LdsVersionInfo);
        }
        if fields.finish().is_err() {
            met.record(Tolerance::TrailingBytes);
        }
        Ok(Self {
            version,
            hash_algorithm,
            hashes,
            lds_version_info,
        })
    }

    /// Compares the content of a data group, as read, with its hash.
    #[must_use]
    pub fn verify(&self, group: DataGroup, file: &[u8]) -> HashMatch {
        let Some(expected) = self.hashes.get(&group) else {
            return HashMatch::NotListed;
        };
        if self.hash_algorithm.digest(file) == *expected {
            return HashMatch::Equal;
        }
        // What a chip pads behind the data object of a file belongs to no hash.
        match Tlv::split(file) {
            Ok((object, [_, ..])) if self.hash_algorithm.digest(object.raw) == *expected => {
                HashMatch::EqualWithoutPadding
            }
            _ => HashMatch::Different,
        }
    }
}

/// Outcome of comparing a data group with EF.SOD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashMatch {
    /// The hash is the signed one.
    Equal,
    /// The hash of the data object is the signed one; bytes behind it ([`Tolerance::FilePadding`]) are not signed.
    EqualWithoutPadding,
    /// The content is not the signed one.
    Different,
    /// EF.SOD does not list this data group: for the issuing state it does not exist.
    NotListed,
}

/// EF.SOD, parsed and not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sod {
    raw: Vec<u8>,
    signed_data: SignedData,
    security_object: LdsSecurityObject,
    tolerances: Tolerances,
}

impl Sod {
    /// Reads the content of EF.SOD.
    ///
    /// # Errors
    /// [`SodError`], one reason each.
    pub fn parse(bytes: &[u8]) -> Result<Self, SodError> {
        if bytes.len() > MAX_FILE_LEN {
            return Err(SodError::TooLong);
        }
        let mut met = Tolerances::new();
        let (file, padding) = Tlv::split(bytes)?;
        if !padding.is_empty() {
            met.record(Tolerance::FilePadding);
        }
        let signed_data = SignedData::parse(file.expect(SOD)?.value)?;
        met.extend(signed_data.tolerances());
        let content_type = signed_data.content_type();
        if content_type != LDS_SECURITY_OBJECT {
            let (_, tolerance) = OTHER_CONTENT_TYPES
                .iter()
                .find(|(known, _)| *known == content_type)
                .ok_or(SodError::ContentType)?;
            met.record(*tolerance);
        }
        let security_object = LdsSecurityObject::parse(signed_data.content(), &mut met)?;
        Ok(Self {
            raw: bytes.to_vec(),
            signed_data,
            security_object,
            tolerances: met,
        })
    }

    /// The bytes that were parsed.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The signed object.
    #[must_use]
    pub fn signed_data(&self) -> &SignedData {
        &self.signed_data
    }

    /// Lays certificates beside it, as [`SignedData::supply_certificates`].
    pub fn supply_certificates(&mut self, known: &[Vec<u8>]) {
        self.signed_data.supply_certificates(known);
    }

    /// The hashes. They mean something once Passive Authentication has passed.
    #[must_use]
    pub fn security_object(&self) -> &LdsSecurityObject {
        &self.security_object
    }

    /// Deviations met while parsing.
    #[must_use]
    pub fn tolerances(&self) -> &Tolerances {
        &self.tolerances
    }
}
