//! CMS SignedData (RFC 5652 5) as documents and master lists carry it: a view over the received bytes.
//!
//! Nothing is re-encoded: the content is hashed and the signed attributes are verified as they came, so that what a state
//! has signed stays what is verified.

use der::asn1::ObjectIdentifier;

use super::certificate::AlgorithmIdentifier;
use super::encoding::only_object;
use super::{Certificate, Name, NameMatch, PkiError, UnixTime, time};
use crate::tlv::asn1::{INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET};
use crate::tlv::definite::to_definite;
use crate::tlv::{Header, Reader, Tlv, TlvError, encode};
use crate::tolerance::{Tolerance, Tolerances};

/// Longest signed object parsed, in bytes: master lists of all states are about one megabyte.
pub const MAX_SIGNED_DATA_LEN: usize = 1 << 24;

/// Most certificates read from one object.
const MAX_CERTIFICATES: usize = 64;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

const ID_SIGNED_DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.2");
const CONTENT_TYPE: ObjectIdentifier = oid("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = oid("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = oid("1.2.840.113549.1.9.5");

/// How a SignerInfo names its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignerIdentifier {
    /// Issuer and serial number of the certificate.
    IssuerAndSerialNumber {
        /// Who issued the certificate.
        issuer: Name,
        /// Content octets of its serial number.
        serial: Vec<u8>,
    },
    /// SubjectKeyIdentifier of the certificate.
    SubjectKeyIdentifier(Vec<u8>),
}

impl SignerIdentifier {
    /// Whether and how exactly this names `certificate`.
    #[must_use]
    pub fn compare(&self, certificate: &Certificate) -> Option<NameMatch> {
        match self {
            Self::IssuerAndSerialNumber { issuer, serial } => {
                let magnitude = |serial: &[u8]| {
                    serial
                        .iter()
                        .copied()
                        .skip_while(|octet| *octet == 0)
                        .collect::<Vec<_>>()
                };
                (magnitude(serial) == magnitude(certificate.serial()))
                    .then(|| issuer.compare(certificate.issuer()))?
            }
            Self::SubjectKeyIdentifier(key_id) => {
                (certificate.extensions().subject_key_id.as_ref() == Some(key_id))
                    .then_some(NameMatch::Exact)
            }
        }
    }

    /// Whether this names `certificate`.
    #[must_use]
    pub fn names(&self, certificate: &Certificate) -> bool {
        self.compare(certificate).is_some()
    }
}

/// The attributes a signer signed together with the digest of the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedAttributes {
    /// What the signature covers: the attributes as received, tagged as SET OF instead of [0] (RFC 5652 5.4).
    to_be_signed: Vec<u8>,
    /// Whether the attributes stand in the order that DER demands.
    sorted: bool,
    content_type: ObjectIdentifier,
    message_digest: Vec<u8>,
    signing_time: Option<UnixTime>,
}

/// SignerInfo (RFC 5652 5.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerInfo {
    /// Which certificate signed.
    pub identifier: SignerIdentifier,
    /// Digest of the content.
    pub digest_algorithm: AlgorithmIdentifier,
    /// Signed attributes, if there are any.
    pub signed_attributes: Option<SignedAttributes>,
    /// How the signature was made.
    pub signature_algorithm: AlgorithmIdentifier,
    /// The signature octets.
    pub signature: Vec<u8>,
}

/// SignedData (RFC 5652 5.1) with exactly one signer, as Doc 9303-10 4.6.2.2 and Doc 9303-12 9 have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedData {
    content_type: ObjectIdentifier,
    content: Vec<u8>,
    certificates: Vec<Vec<u8>>,
    signer: SignerInfo,
    tolerances: Tolerances,
}

impl SignedData {
    /// Reads a ContentInfo with SignedData in DER or BER. Bytes after it are recorded.
    ///
    /// # Errors
    /// [`PkiError::ContentInfo`] if it is another content, [`PkiError::SignedDataVersion`] for versions other than 1 and 3,
    /// [`PkiError::SignerCount`] unless there is exactly one signer, [`PkiError::Attributes`] if the signed attributes do
    /// not hold content type and message digest once each, or [`PkiError::Tlv`].
    pub fn parse(bytes: &[u8]) -> Result<Self, PkiError> {
        if bytes.len() > MAX_SIGNED_DATA_LEN {
            return Err(PkiError::TooLong);
        }
        let mut met = Tolerances::new();
        let object = only_object(bytes, &mut met)?;
        let mut content_info = Tlv::only(&object)?.expect(SEQUENCE)?.children();
        if content_info.next().ok_or(TlvError::Truncated)??.oid()? != ID_SIGNED_DATA {
            return Err(PkiError::ContentInfo);
        }
        let explicit = content_info.expect(0xA0)?;
        let mut fields = Tlv::split(explicit.value)?.0.expect(SEQUENCE)?.children();

        match fields.expect(INTEGER)?.small_integer()? {
            3 => {}
            1 => met.record(Tolerance::SignedDataVersion1),
            _ => return Err(PkiError::SignedDataVersion),
        }
        let digests = fields.expect(SET)?;
        let mut encapsulated = fields.expect(SEQUENCE)?.children();
        let content_type = encapsulated.next().ok_or(TlvError::Truncated)??.oid()?;
        let content = Tlv::split(encapsulated.expect(0xA0)?.value)?
            .0
            .expect(OCTET_STRING)?
            .value
            .to_vec();
        let certificates = match fields.optional(0xA0)? {
            Some(set) => certificates(set)?,
            None => Vec::new(),
        };
        fields.optional(0xA1)?; // Revocation lists come from elsewhere: a signer does not vouch for itself.
        let mut signers = fields.expect(SET)?.children();
        let signer = SignerInfo::parse(signers.next().ok_or(PkiError::SignerCount)??, &mut met)?;
        if signers.next().is_some() {
            return Err(PkiError::SignerCount);
        }
        // They say what the signer says again (RFC 5652 5.1), for those who hash before they have read so far.
        let mut listed = digests.children().map_while(Result::ok);
        if !listed.any(|digest| {
            AlgorithmIdentifier::parse(digest)
                .is_ok_and(|digest| digest.oid == signer.digest_algorithm.oid)
        }) {
            met.record(Tolerance::DigestAlgorithmsIncomplete);
        }
        Ok(Self {
            content_type,
            content,
            certificates,
            signer,
            tolerances: met,
        })
    }

    /// Type of the content.
    #[must_use]
    pub fn content_type(&self) -> ObjectIdentifier {
        self.content_type
    }

    /// The content octets, over which the message digest runs.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// The certificates that came along, each as received and not yet parsed.
    #[must_use]
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// Lays certificates beside an object that came without any: a signer's certificate may be kept elsewhere, as in the
    /// directory of ICAO (Doc 9303-12 5). Which of them signed, the SignerInfo says; one that it does not name is not tried.
    pub fn supply_certificates(&mut self, known: &[Vec<u8>]) {
        if !self.certificates.is_empty() {
            return;
        }
        self.certificates = known
            .iter()
            .filter(|der| {
                Certificate::parse(der)
                    .is_ok_and(|certificate| self.signer.identifier.names(&certificate))
            })
            .cloned()
            .collect();
    }

    /// The one signer.
    #[must_use]
    pub fn signer(&self) -> &SignerInfo {
        &self.signer
    }

    /// Deviations met while parsing.
    #[must_use]
    pub fn tolerances(&self) -> &Tolerances {
        &self.tolerances
    }
}

/// The certificates and revocation lists of signed data that nobody has signed (RFC 5652 5.1), as files `.p7b` and `.p7c`
/// hold them; `None` for anything else.
pub(super) fn bag(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    // Most objects are certificates, and are told by their first element.
    let header = Header::parse(bytes).ok()?;
    if Header::parse(bytes.get(header.header_len..)?).ok()?.tag != OBJECT_IDENTIFIER {
        return None;
    }
    let (object, _) = to_definite(bytes).ok()?;
    let mut content_info = Tlv::split(&object).ok()?.0.children();
    if content_info.next()?.ok()?.oid().ok()? != ID_SIGNED_DATA {
        return None;
    }
    let explicit = content_info.expect(0xA0).ok()?;
    let mut fields = Tlv::split(explicit.value).ok()?.0.children();
    for tag in [INTEGER, SET, SEQUENCE] {
        fields.expect(tag).ok()?;
    }
    let certificates = fields.optional(0xA0).ok()?;
    let lists = fields.optional(0xA1).ok()?;
    if !fields.expect(SET).ok()?.value.is_empty() {
        return None;
    }
    let sets = [certificates, lists].into_iter().flatten();
    let objects: Vec<Vec<u8>> = sets
        .flat_map(|set| set.children())
        .map(|object| Some(object.ok()?.raw.to_vec()))
        .collect::<Option<_>>()?;
    (!objects.is_empty()).then_some(objects)
}

/// CertificateSet; other choices than a plain certificate (tagged [0] to [3]) are passed over.
fn certificates(set: Tlv<'_>) -> Result<Vec<Vec<u8>>, PkiError> {
    let mut certificates = Vec::new();
    for certificate in set.children() {
        let certificate = certificate?;
        if certificate.tag == SEQUENCE {
            if certificates.len() == MAX_CERTIFICATES {
                return Err(TlvError::TooMany.into());
            }
            certificates.push(certificate.raw.to_vec());
        }
    }
    Ok(certificates)
}

impl SignerInfo {
    fn parse(signer: Tlv<'_>, met: &mut Tolerances) -> Result<Self, PkiError> {
        let mut fields = signer.expect(SEQUENCE)?.children();
        let version = fields.expect(INTEGER)?.small_integer()?;
        let sid = fields.next().ok_or(TlvError::Truncated)??;
        let identifier = match sid.tag {
            SEQUENCE => {
                let mut sid = sid.children();
                let issuer = Name::parse(sid.expect(SEQUENCE)?)?;
                SignerIdentifier::IssuerAndSerialNumber {
                    issuer,
                    serial: sid.expect(INTEGER)?.value.to_vec(),
                }
            }
            0x80 => SignerIdentifier::SubjectKeyIdentifier(sid.value.to_vec()),
            // EXPLICIT instead of IMPLICIT.
            0xA0 => SignerIdentifier::SubjectKeyIdentifier(
                Tlv::split(sid.value)?
                    .0
                    .expect(OCTET_STRING)?
                    .value
                    .to_vec(),
            ),
            found => {
                return Err(TlvError::Unexpected {
                    expected: SEQUENCE,
                    found,
                }
                .into());
            }
        };
        // The version follows from the identifier (RFC 5652 5.3), and the identifier is what counts.
        let by_issuer = matches!(identifier, SignerIdentifier::IssuerAndSerialNumber { .. });
        if version != if by_issuer { 1 } else { 3 } {
            met.record(Tolerance::SignerInfoVersion);
        }
        let digest_algorithm = AlgorithmIdentifier::parse(fields.expect(SEQUENCE)?)?;
        let signed_attributes = fields
            .optional(0xA0)?
            .map(|attributes| SignedAttributes::parse(attributes, met))
            .transpose()?;
        if signed_attributes.is_none() {
            met.record(Tolerance::NoSignedAttributes);
        }
        let signature_algorithm = AlgorithmIdentifier::parse(fields.expect(SEQUENCE)?)?;
        let signature = fields.expect(OCTET_STRING)?.value.to_vec();
        Ok(Self {
            identifier,
            digest_algorithm,
            signed_attributes,
            signature_algorithm,
            signature,
        })
    }
}

impl SignedAttributes {
    fn parse(attributes: Tlv<'_>, met: &mut Tolerances) -> Result<Self, PkiError> {
        let mut content_type = None;
        let mut message_digest = None;
        let mut signing_time = None;
        let mut encodings = Vec::new();
        for attribute in attributes.children() {
            let attribute = attribute?;
            encodings.push(attribute.raw);
            let mut fields = attribute.expect(SEQUENCE)?.children();
            let oid = fields.next().ok_or(TlvError::Truncated)??.oid()?;
            let values = fields.expect(SET)?;
            match oid {
                CONTENT_TYPE => once(&mut content_type, only_value(values)?.oid()?)?,
                MESSAGE_DIGEST => {
                    once(
                        &mut message_digest,
                        only_value(values)?.expect(OCTET_STRING)?.value.to_vec(),
                    )?;
                }
                SIGNING_TIME => {
                    // Nothing is decided by it, so a malformed one does not hinder.
                    signing_time = only_value(values)
                        .and_then(time::parse)
                        .ok()
                        .map(|time| time.time);
                }
                _ => {}
            }
        }
        let sorted = encodings.is_sorted();
        if !sorted {
            met.record(Tolerance::UnsortedSignedAttributes);
        }
        Ok(Self {
            to_be_signed: encode(SET, attributes.value),
            sorted,
            content_type: content_type.ok_or(PkiError::Attributes)?,
            message_digest: message_digest.ok_or(PkiError::Attributes)?,
            signing_time,
        })
    }

    /// The signed octets: the attributes in the order received.
    #[must_use]
    pub fn to_be_signed(&self) -> &[u8] {
        &self.to_be_signed
    }

    /// The signed octets with the attributes in DER order, if they were received in another one.
    #[must_use]
    pub fn to_be_signed_sorted(&self) -> Option<Vec<u8>> {
        if self.sorted {
            return None;
        }
        let set = Tlv::only(&self.to_be_signed).ok()?;
        let mut encodings: Vec<_> = Reader::new(set.value)
            .filter_map(Result::ok)
            .map(|tlv| tlv.raw)
            .collect();
        encodings.sort_unstable();
        Some(encode(SET, &encodings.concat()))
    }

    /// Type of the content, as signed.
    #[must_use]
    pub fn content_type(&self) -> ObjectIdentifier {
        self.content_type
    }

    /// Digest of the content, as signed.
    #[must_use]
    pub fn message_digest(&self) -> &[u8] {
        &self.message_digest
    }

    /// When the signer says it signed.
    #[must_use]
    pub fn signing_time(&self) -> Option<UnixTime> {
        self.signing_time
    }
}

/// The one value of an attribute that must have exactly one.
fn only_value(values: Tlv<'_>) -> Result<Tlv<'_>, PkiError> {
    Tlv::only(values.value).map_err(|_| PkiError::Attributes)
}

/// Sets what may be set once.
fn once<T>(place: &mut Option<T>, value: T) -> Result<(), PkiError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(PkiError::Attributes),
    }
}
