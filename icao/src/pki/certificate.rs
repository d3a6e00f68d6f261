//! X.509 certificates of CSCAs, document signers and master list signers (Doc 9303-12 7): a view over the received bytes.

use core::fmt;
use core::ops::Range;

use der::asn1::ObjectIdentifier;

use super::crl::extension_fields;
use super::encoding::only_object;
use super::time;
use super::{Name, PkiError, UnixTime};
use crate::crypto::hash::HashAlgorithm;
use crate::tlv::asn1::{BIT_STRING, INTEGER, OCTET_STRING, PRINTABLE_STRING, SEQUENCE, SET};
use crate::tlv::{Reader, Tlv, TlvError};
use crate::tolerance::{Tolerance, Tolerances};

/// Longest certificate parsed, in bytes. Real ones stay below 4,000.
pub const MAX_CERTIFICATE_LEN: usize = 1 << 16;

/// Most extensions read from one certificate.
const MAX_EXTENSIONS: usize = 64;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier = oid("2.5.29.14");
const KEY_USAGE: ObjectIdentifier = oid("2.5.29.15");
const PRIVATE_KEY_USAGE_PERIOD: ObjectIdentifier = oid("2.5.29.16");
const BASIC_CONSTRAINTS: ObjectIdentifier = oid("2.5.29.19");
const AUTHORITY_KEY_IDENTIFIER: ObjectIdentifier = oid("2.5.29.35");
const EXTENDED_KEY_USAGE: ObjectIdentifier = oid("2.5.29.37");
/// id-icao-mrtd-security-extensions-documentTypeList (Doc 9303-12 7.1).
const DOCUMENT_TYPE_LIST: ObjectIdentifier = oid("2.23.136.1.1.6.2");

/// Extensions that may be critical without content this crate acts on: alternative names, policies, distribution points,
/// the name change mark.
const UNDERSTOOD: [ObjectIdentifier; 6] = [
    oid("2.5.29.17"),
    oid("2.5.29.18"),
    oid("2.5.29.31"),
    oid("2.5.29.32"),
    oid("1.3.6.1.5.5.7.1.1"),
    oid("2.23.136.1.1.6.1"),
];

/// SHA-256 over the certificate, by which verdicts name it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// The fingerprint of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut fingerprint = [0; 32];
        fingerprint
            .iter_mut()
            .zip(HashAlgorithm::Sha256.digest(bytes))
            .for_each(|(to, from)| *to = from);
        Self(fingerprint)
    }
}

/// Lower-case hexadecimal.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An AlgorithmIdentifier (RFC 5280 4.1.1.2): what it names and its parameters as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlgorithmIdentifier {
    /// The algorithm.
    pub oid: ObjectIdentifier,
    /// The data object of the parameters, if there is one; NULL is one.
    pub parameters: Option<Vec<u8>>,
}

impl AlgorithmIdentifier {
    /// Reads an AlgorithmIdentifier from its SEQUENCE.
    pub(crate) fn parse(sequence: Tlv<'_>) -> Result<Self, TlvError> {
        let mut fields = sequence.expect(SEQUENCE)?.children();
        let oid = fields.next().ok_or(TlvError::Truncated)??.oid()?;
        let parameters = fields
            .next()
            .transpose()?
            .map(|parameters| parameters.raw.to_vec());
        Ok(Self { oid, parameters })
    }
}

/// How a certificate names the key that signed it (RFC 5280 4.2.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorityKeyIdentifier {
    /// The SubjectKeyIdentifier of the issuer.
    pub key_id: Option<Vec<u8>>,
    /// Serial number of the issuer's certificate.
    pub serial: Option<Vec<u8>>,
}

impl AuthorityKeyIdentifier {
    /// SEQUENCE { keyIdentifier [0], authorityCertIssuer [1], authorityCertSerialNumber [2] }, all OPTIONAL
    pub(crate) fn parse(value: &[u8]) -> Result<Self, TlvError> {
        let mut id = Self::default();
        for field in Tlv::split(value)?.0.expect(SEQUENCE)?.children() {
            let field = field?;
            match field.tag {
                0x80 => id.key_id = Some(field.value.to_vec()),
                0x82 => id.serial = Some(field.value.to_vec()),
                _ => {}
            }
        }
        Ok(id)
    }
}

/// Purposes of a key (RFC 5280 4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage(u8);

impl KeyUsage {
    /// Signatures over data.
    #[must_use]
    pub const fn digital_signature(self) -> bool {
        self.0 & 0x80 != 0
    }

    /// Signatures over certificates.
    #[must_use]
    pub const fn key_cert_sign(self) -> bool {
        self.0 & 0x04 != 0
    }

    /// Signatures over revocation lists.
    #[must_use]
    pub const fn crl_sign(self) -> bool {
        self.0 & 0x02 != 0
    }
}

/// Certification authority or not, and how deep (RFC 5280 4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// The subject is a certification authority.
    pub ca: bool,
    /// Certification authorities below this one.
    pub path_len: Option<u64>,
}

/// When the private key may sign (RFC 3280 4.2.1.4, Doc 9303-12 7.1.1.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrivateKeyUsagePeriod {
    /// Not earlier.
    pub not_before: Option<UnixTime>,
    /// Not later.
    pub not_after: Option<UnixTime>,
}

/// Extensions this crate acts on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// SubjectKeyIdentifier.
    pub subject_key_id: Option<Vec<u8>>,
    /// AuthorityKeyIdentifier.
    pub authority_key_id: AuthorityKeyIdentifier,
    /// KeyUsage.
    pub key_usage: Option<KeyUsage>,
    /// Whether KeyUsage is there and marked critical.
    pub key_usage_critical: bool,
    /// BasicConstraints.
    pub basic_constraints: Option<BasicConstraints>,
    /// ExtendedKeyUsage; empty if absent.
    pub extended_key_usage: Vec<ObjectIdentifier>,
    /// PrivateKeyUsagePeriod.
    pub private_key_usage: Option<PrivateKeyUsagePeriod>,
    /// Document types the signer may sign, as in the machine readable zone (`P`, `ID`); empty if absent.
    pub document_types: Vec<String>,
    /// Critical extensions this crate does not understand: such a certificate must not be relied on.
    pub unknown_critical: Vec<ObjectIdentifier>,
}

/// A certificate, parsed.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    raw: Vec<u8>,
    to_be_signed: Range<usize>,
    serial: Vec<u8>,
    signature_algorithm: AlgorithmIdentifier,
    issuer: Name,
    not_before: UnixTime,
    not_after: UnixTime,
    subject: Name,
    public_key_info: Range<usize>,
    extensions: Extensions,
    signature: Range<usize>,
    tolerances: Tolerances,
}

impl Certificate {
    /// Reads one DER certificate. Bytes after it, odd serial numbers, odd times, malformed extensions that are not
    /// critical and the like are recorded in [`Certificate::tolerances`].
    ///
    /// # Errors
    /// [`PkiError`] if the structure cannot be followed, a time is none, or a critical extension is malformed.
    pub fn parse(bytes: &[u8]) -> Result<Self, PkiError> {
        let mut met = Tolerances::new();
        if bytes.len() > MAX_CERTIFICATE_LEN {
            return Err(PkiError::TooLong);
        }
        let raw = only_object(bytes, &mut met)?.into_owned();
        let range = |part: &[u8]| range_in(&raw, part);

        let mut outer = Tlv::only(&raw)?.expect(SEQUENCE)?.children();
        let tbs = outer.expect(SEQUENCE)?;
        let outer_algorithm = outer.expect(SEQUENCE)?;
        let signature_algorithm = AlgorithmIdentifier::parse(outer_algorithm)?;
        let signature = outer.expect(BIT_STRING)?.octets_of_bit_string()?;

        let mut fields = tbs.children();
        let version = match fields.optional(0xA0)? {
            Some(version) => Tlv::only(version.value)?.small_integer()?,
            None => 0,
        };
        if version != 2 {
            met.record(Tolerance::CertificateVersion);
        }
        let serial = fields.expect(INTEGER)?.value;
        record_serial(serial, &mut met)?;
        if fields.expect(SEQUENCE)?.raw != outer_algorithm.raw {
            met.record(Tolerance::CertificateAlgorithmMismatch);
        }
        let issuer = Name::parse(fields.expect(SEQUENCE)?)?;
        let mut validity = fields.expect(SEQUENCE)?.children();
        let mut moment = || {
            let time = time::parse(validity.next().ok_or(TlvError::Truncated)??)?;
            if !time.conforming {
                met.record(Tolerance::TimeEncoding);
            }
            Ok::<_, PkiError>(time.time)
        };
        let (not_before, not_after) = (moment()?, moment()?);
        let subject = Name::parse(fields.expect(SEQUENCE)?)?;
        let public_key_info = fields.expect(SEQUENCE)?.raw;
        // issuerUniqueID and subjectUniqueID, which nobody uses.
        for unique_id in [0x81, 0xA1, 0x82, 0xA2] {
            fields.optional(unique_id)?;
        }
        let extensions = match fields.optional(0xA3)? {
            Some(extensions) => Extensions::parse(Tlv::split(extensions.value)?.0, &mut met)?,
            None => Extensions::default(),
        };

        Ok(Self {
            to_be_signed: range(tbs.raw)?,
            serial: serial.to_vec(),
            signature_algorithm,
            issuer,
            not_before,
            not_after,
            subject,
            public_key_info: range(public_key_info)?,
            extensions,
            signature: range(signature)?,
            tolerances: met,
            raw,
        })
    }

    /// The certificate in definite-length encoding: the received bytes unless they used BER.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// SHA-256 over [`Certificate::raw`].
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.raw)
    }

    /// The bytes the issuer signed.
    #[must_use]
    pub fn to_be_signed(&self) -> &[u8] {
        self.raw.get(self.to_be_signed.clone()).unwrap_or_default()
    }

    /// The content octets of the serial number, as received; possibly negative, zero or longer than 20 bytes.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// How the issuer signed.
    #[must_use]
    pub fn signature_algorithm(&self) -> &AlgorithmIdentifier {
        &self.signature_algorithm
    }

    /// Who signed.
    #[must_use]
    pub fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// Start of the validity.
    #[must_use]
    pub fn not_before(&self) -> UnixTime {
        self.not_before
    }

    /// End of the validity.
    #[must_use]
    pub fn not_after(&self) -> UnixTime {
        self.not_after
    }

    /// Whose key this is.
    #[must_use]
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// SubjectPublicKeyInfo as received.
    #[must_use]
    pub fn public_key_info(&self) -> &[u8] {
        self.raw
            .get(self.public_key_info.clone())
            .unwrap_or_default()
    }

    /// The extensions this crate acts on.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The signature octets.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        self.raw.get(self.signature.clone()).unwrap_or_default()
    }

    /// Deviations met while parsing.
    #[must_use]
    pub fn tolerances(&self) -> &Tolerances {
        &self.tolerances
    }

    /// Whether issuer and key are named as the certificate's own: as self-signed certificates have it, and link
    /// certificates do not.
    #[must_use]
    pub fn names_itself(&self) -> bool {
        let own = &self.extensions.subject_key_id;
        let issuer = &self.extensions.authority_key_id.key_id;
        self.is_self_issued() && (issuer.is_none() || own.is_none() || own == issuer)
    }

    /// Whether the issuer's name is the subject's: a self-signed certificate, or a link certificate without name change.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.issuer.compare(&self.subject).is_some()
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.subject)
            .field("issuer", &self.issuer)
            .field("not_after", &self.not_after.to_string())
            .field("fingerprint", &self.fingerprint())
            .finish_non_exhaustive()
    }
}

impl Extensions {
    /// Extensions ::= SEQUENCE OF SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }
    fn parse(sequence: Tlv<'_>, met: &mut Tolerances) -> Result<Self, PkiError> {
        let mut extensions = Self::default();
        let mut seen = Vec::new();
        for extension in sequence.expect(SEQUENCE)?.children() {
            let (oid, critical, value) = extension_fields(extension?)?;
            if seen.len() == MAX_EXTENSIONS {
                return Err(TlvError::TooMany.into());
            }
            if seen.contains(&oid) {
                // RFC 5280 4.2 forbids a second instance; the first one counts.
                met.record(Tolerance::DuplicateExtension);
                continue;
            }
            seen.push(oid);
            extensions.key_usage_critical |= oid == KEY_USAGE && critical;
            match extensions.read(oid, value) {
                Ok(true) => {}
                Ok(false) if critical => extensions.unknown_critical.push(oid),
                Ok(false) => {}
                Err(_) if critical => return Err(PkiError::Extension),
                Err(_) => met.record(Tolerance::MalformedExtension),
            }
        }
        Ok(extensions)
    }

    /// Reads one extension; `false` if this crate does not know it.
    fn read(&mut self, oid: ObjectIdentifier, value: &[u8]) -> Result<bool, PkiError> {
        match oid {
            SUBJECT_KEY_IDENTIFIER => {
                let key_id = Tlv::only(value).and_then(|tlv| tlv.expect(OCTET_STRING));
                // Some states leave the OCTET STRING out: the bytes still serve to find the key.
                self.subject_key_id = Some(key_id.map_or(value, |tlv| tlv.value).to_vec());
                key_id?;
            }
            AUTHORITY_KEY_IDENTIFIER => {
                self.authority_key_id = AuthorityKeyIdentifier::parse(value)?
            }
            KEY_USAGE => match Tlv::split(value)?.0.expect(BIT_STRING)?.value {
                [_unused, first, ..] => self.key_usage = Some(KeyUsage(*first)),
                _ => return Err(PkiError::Extension),
            },
            BASIC_CONSTRAINTS => {
                let mut fields = Tlv::split(value)?.0.expect(SEQUENCE)?.children();
                let ca = match fields.optional(crate::tlv::asn1::BOOLEAN)? {
                    Some(ca) => ca.boolean()?,
                    None => false,
                };
                let path_len = fields
                    .optional(INTEGER)?
                    .map(|len| len.small_integer())
                    .transpose()?;
                self.basic_constraints = Some(BasicConstraints { ca, path_len });
            }
            EXTENDED_KEY_USAGE => {
                for purpose in Tlv::split(value)?.0.expect(SEQUENCE)?.children() {
                    self.extended_key_usage.push(purpose?.oid()?);
                }
            }
            PRIVATE_KEY_USAGE_PERIOD => {
                let mut period = PrivateKeyUsagePeriod::default();
                for field in Tlv::split(value)?.0.expect(SEQUENCE)?.children() {
                    let field = field?;
                    let time = Some(time::parse_generalized(field.value)?.time);
                    match field.tag {
                        0x80 => period.not_before = time,
                        0x81 => period.not_after = time,
                        _ => return Err(PkiError::Extension),
                    }
                }
                self.private_key_usage = Some(period);
            }
            DOCUMENT_TYPE_LIST => {
                self.document_types = document_types(value);
                // DocumentTypeListSyntax ::= SEQUENCE { version INTEGER, docTypeList SET OF PrintableString }
                let mut fields = Tlv::only(value)?.expect(SEQUENCE)?.children();
                fields.expect(INTEGER)?;
                fields.expect(SET)?;
            }
            other => return Ok(UNDERSTOOD.contains(&other)),
        }
        Ok(true)
    }
}

/// The document types in a DocumentTypeList, also where a state has left out its version, the SET, or every tag.
fn document_types(value: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut containers = vec![value];
    while let Some(container) = containers.pop() {
        for element in Reader::new(container).map_while(Result::ok) {
            match element.tag {
                SEQUENCE | SET => containers.push(element.value),
                PRINTABLE_STRING => found.push(String::from_utf8_lossy(element.value).into_owned()),
                _ => {}
            }
        }
    }
    if found.is_empty() && value.iter().all(u8::is_ascii_uppercase) {
        found.push(String::from_utf8_lossy(value).into_owned());
    }
    found
}

/// Names what RFC 5280 4.1.2.2 forbids in serial numbers.
fn record_serial(serial: &[u8], met: &mut Tolerances) -> Result<(), PkiError> {
    let first = *serial.first().ok_or(TlvError::Value)?;
    if first & 0x80 != 0 {
        met.record(Tolerance::SerialNegative);
    }
    if serial.iter().all(|byte| *byte == 0) {
        met.record(Tolerance::SerialZero);
    }
    if serial.len() > 20 {
        met.record(Tolerance::SerialTooLong);
    }
    Ok(())
}

/// Where `part`, a sub-slice of `whole`, lies in it.
fn range_in(whole: &[u8], part: &[u8]) -> Result<Range<usize>, PkiError> {
    let whole = whole.as_ptr_range();
    let part = part.as_ptr_range();
    let offset = |pointer: *const u8| (pointer as usize).checked_sub(whole.start as usize);
    match (offset(part.start), offset(part.end)) {
        (Some(start), Some(end)) if part.end <= whole.end => Ok(start..end),
        _ => Err(TlvError::Truncated.into()),
    }
}
