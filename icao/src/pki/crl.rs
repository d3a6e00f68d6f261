//! Certificate revocation lists of CSCAs (Doc 9303-12 7.1.4, RFC 5280 5): a view over the received bytes.

use std::collections::BTreeMap;

use der::asn1::ObjectIdentifier;

use super::certificate::{AlgorithmIdentifier, AuthorityKeyIdentifier, Fingerprint};
use super::encoding::only_object;
use super::time;
use super::{Name, PkiError, UnixTime};
use crate::tlv::asn1::{
    BIT_STRING, BOOLEAN, GENERALIZED_TIME, INTEGER, OCTET_STRING, SEQUENCE, UTC_TIME,
};
use crate::tlv::{Reader, Tlv, TlvError};
use crate::tolerance::{Tolerance, Tolerances};

/// Longest list parsed, in bytes. A CSCA revokes a handful of certificates.
pub const MAX_CRL_LEN: usize = 1 << 22;

const REASON_CODE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");
const AUTHORITY_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
/// Extensions that change nothing about what a list of a CSCA says: the CRL number, alternative names of the issuer.
const HARMLESS: [ObjectIdentifier; 2] = [
    ObjectIdentifier::new_unwrap("2.5.29.20"),
    ObjectIdentifier::new_unwrap("2.5.29.18"),
];

/// Why a certificate was revoked (RFC 5280 5.3.1): the code, where the list gives one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Since when.
    pub since: UnixTime,
    /// CRLReason: 1 key compromise, 4 superseded, 6 on hold, ...
    pub reason: Option<u8>,
}

/// A revocation list, parsed and not yet verified.
#[derive(Clone, PartialEq, Eq)]
pub struct RevocationList {
    raw: Vec<u8>,
    to_be_signed: Vec<u8>,
    fingerprint: Fingerprint,
    issuer: Name,
    this_update: UnixTime,
    next_update: Option<UnixTime>,
    revoked: BTreeMap<Vec<u8>, Revocation>,
    authority_key_id: AuthorityKeyIdentifier,
    signature_algorithm: AlgorithmIdentifier,
    signature: Vec<u8>,
    tolerances: Tolerances,
}

impl RevocationList {
    /// Reads one DER revocation list.
    ///
    /// # Errors
    /// [`PkiError::Extension`] for a critical extension that limits what the list covers, since such a list cannot tell
    /// that a certificate is good; otherwise [`PkiError`] if the structure cannot be followed.
    pub fn parse(bytes: &[u8]) -> Result<Self, PkiError> {
        if bytes.len() > MAX_CRL_LEN {
            return Err(PkiError::TooLong);
        }
        let mut met = Tolerances::new();
        let object = only_object(bytes, &mut met)?;
        let mut outer = Tlv::only(&object)?.expect(SEQUENCE)?.children();
        let tbs = outer.expect(SEQUENCE)?;
        let signature_algorithm = AlgorithmIdentifier::parse(outer.expect(SEQUENCE)?)?;
        let signature = outer.expect(BIT_STRING)?.octets_of_bit_string()?.to_vec();

        let mut fields = tbs.children();
        fields.optional(INTEGER)?; // version
        let inner_algorithm = AlgorithmIdentifier::parse(fields.expect(SEQUENCE)?)?;
        if inner_algorithm != signature_algorithm {
            met.record(Tolerance::CertificateAlgorithmMismatch);
        }
        let issuer = Name::parse(fields.expect(SEQUENCE)?)?;
        let this_update = moment(fields.next().ok_or(TlvError::Truncated)??, &mut met)?;
        let next_update = match next_time(&mut fields)? {
            Some(tlv) => Some(moment(tlv, &mut met)?),
            None => None,
        };
        let revoked = match fields.optional(SEQUENCE)? {
            Some(entries) => entries
                .children()
                .map(|entry| revoked(entry?, &mut met))
                .collect::<Result<_, _>>()?,
            None => BTreeMap::new(),
        };
        let mut authority_key_id = AuthorityKeyIdentifier::default();
        if let Some(extensions) = fields.optional(0xA0)? {
            for extension in Tlv::split(extensions.value)?.0.expect(SEQUENCE)?.children() {
                let (oid, critical, value) = extension_fields(extension?)?;
                if oid == AUTHORITY_KEY_IDENTIFIER {
                    match AuthorityKeyIdentifier::parse(value) {
                        Ok(id) => authority_key_id = id,
                        Err(_) => met.record(Tolerance::MalformedExtension),
                    }
                } else if critical && !HARMLESS.contains(&oid) {
                    return Err(PkiError::Extension);
                }
            }
        }
        Ok(Self {
            to_be_signed: tbs.raw.to_vec(),
            fingerprint: Fingerprint::of(&object),
            raw: object.to_vec(),
            issuer,
            this_update,
            next_update,
            revoked,
            authority_key_id,
            signature_algorithm,
            signature,
            tolerances: met,
        })
    }

    /// The list in definite-length encoding.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The bytes the issuer signed.
    #[must_use]
    pub fn to_be_signed(&self) -> &[u8] {
        &self.to_be_signed
    }

    /// SHA-256 over the list.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Who issued the list.
    #[must_use]
    pub fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// The issuer's key.
    #[must_use]
    pub fn authority_key_id(&self) -> &AuthorityKeyIdentifier {
        &self.authority_key_id
    }

    /// When the list was made.
    #[must_use]
    pub fn this_update(&self) -> UnixTime {
        self.this_update
    }

    /// When the next one is due at the latest.
    #[must_use]
    pub fn next_update(&self) -> Option<UnixTime> {
        self.next_update
    }

    /// Whether the list is made and its next update not yet due. A list that names no next update is never current.
    #[must_use]
    pub fn is_current(&self, time: UnixTime) -> bool {
        self.this_update <= time && self.next_update.is_some_and(|next| time <= next)
    }

    /// How many certificates are revoked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.revoked.len()
    }

    /// Whether no certificate is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.revoked.is_empty()
    }

    /// The revoked certificates: content octets of the serial number without leading zeros, and why.
    pub fn entries(&self) -> impl Iterator<Item = (&[u8], Revocation)> {
        self.revoked
            .iter()
            .map(|(serial, revocation)| (serial.as_slice(), *revocation))
    }

    /// Whether the certificate with this serial number, content octets, is revoked.
    #[must_use]
    pub fn revocation(&self, serial: &[u8]) -> Option<Revocation> {
        self.revoked.get(magnitude(serial)).copied()
    }

    /// How the issuer signed.
    #[must_use]
    pub fn signature_algorithm(&self) -> &AlgorithmIdentifier {
        &self.signature_algorithm
    }

    /// The signature octets.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Deviations met while parsing.
    #[must_use]
    pub fn tolerances(&self) -> &Tolerances {
        &self.tolerances
    }
}

impl core::fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("RevocationList")
            .field("issuer", &self.issuer)
            .field("this_update", &self.this_update.to_string())
            .field("entries", &self.revoked.len())
            .finish_non_exhaustive()
    }
}

/// Serial numbers are compared without the zero octets some writers put in front.
fn magnitude(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|octet| **octet == 0).count();
    serial.get(zeros..).unwrap_or_default()
}

fn moment(tlv: Tlv<'_>, met: &mut Tolerances) -> Result<UnixTime, PkiError> {
    let time = time::parse(tlv)?;
    if !time.conforming {
        met.record(Tolerance::TimeEncoding);
    }
    Ok(time.time)
}

/// nextUpdate Time OPTIONAL
fn next_time<'a>(fields: &mut Reader<'a>) -> Result<Option<Tlv<'a>>, TlvError> {
    match fields.optional(UTC_TIME)? {
        Some(time) => Ok(Some(time)),
        None => fields.optional(GENERALIZED_TIME),
    }
}

/// One entry of revokedCertificates.
fn revoked(entry: Tlv<'_>, met: &mut Tolerances) -> Result<(Vec<u8>, Revocation), PkiError> {
    let mut fields = entry.expect(SEQUENCE)?.children();
    let serial = magnitude(fields.expect(INTEGER)?.value).to_vec();
    let since = moment(fields.next().ok_or(TlvError::Truncated)??, met)?;
    let mut reason = None;
    if let Some(extensions) = fields.optional(SEQUENCE)? {
        for extension in extensions.children() {
            let (oid, _, value) = extension_fields(extension?)?;
            if oid == REASON_CODE {
                // ENUMERATED; an unreadable reason does not make the certificate any less revoked.
                reason = Tlv::only(value)
                    .ok()
                    .and_then(|reason| reason.value.first().copied());
            }
        }
    }
    Ok((serial, Revocation { since, reason }))
}

/// Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }
pub(super) fn extension_fields(
    extension: Tlv<'_>,
) -> Result<(ObjectIdentifier, bool, &[u8]), TlvError> {
    let mut fields = extension.expect(SEQUENCE)?.children();
    let oid = fields.next().ok_or(TlvError::Truncated)??.oid()?;
    let critical = match fields.optional(BOOLEAN)? {
        Some(critical) => critical.boolean()?,
        None => false,
    };
    Ok((oid, critical, fields.expect(OCTET_STRING)?.value))
}
