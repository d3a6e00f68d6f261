//! From an AlgorithmIdentifier to a verified signature: what the identifier says is tried first, then, if that fails and
//! the caller allows it, what issuers are known to have meant instead.

use der::asn1::ObjectIdentifier;
use thiserror::Error;

use super::certificate::AlgorithmIdentifier;
use crate::crypto::hash::HashAlgorithm;
use crate::crypto::signature::{
    self, SignatureError, SignatureScheme, SignatureTolerance, VerifyingKey,
};
use crate::tlv::asn1::{OBJECT_IDENTIFIER, SEQUENCE};
use crate::tlv::{Tlv, TlvError};
use crate::tolerance::{Tolerance, Tolerances};

/// Why a signature was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignatureFailure {
    /// The identifier names no signature algorithm this crate knows, or malformed parameters.
    #[error("unknown signature algorithm or malformed parameters")]
    Algorithm,
    /// The algorithm cannot be used with this kind of key.
    #[error("signature algorithm does not fit the key")]
    KeyMismatch,
    /// The signature is not one of these bytes under this key.
    #[error("signature does not verify")]
    Invalid,
}

/// Whether only what is stated counts, or also what is known to have been meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readings {
    /// The algorithm identifier as it stands.
    Stated,
    /// Also other paddings, salt lengths and hashes, each a recorded tolerance.
    Lenient,
}

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

const RSA_ENCRYPTION: ObjectIdentifier = oid("1.2.840.113549.1.1.1");
const RSASSA_PSS: ObjectIdentifier = oid("1.2.840.113549.1.1.10");
const MGF1: ObjectIdentifier = oid("1.2.840.113549.1.1.8");
const EC_PUBLIC_KEY: ObjectIdentifier = oid("1.2.840.10045.2.1");
const ECDSA_SPECIFIED: ObjectIdentifier = oid("1.2.840.10045.4.3");

/// Identifiers that name scheme and hash without parameters.
const FIXED: [(ObjectIdentifier, SignatureScheme); 18] = {
    use HashAlgorithm::{Sha1, Sha224, Sha256, Sha384, Sha512};
    use SignatureScheme::{Dsa, Ecdsa, EcdsaPlain, RsaPkcs1v15};
    [
        (oid("1.2.840.113549.1.1.5"), RsaPkcs1v15(Sha1)),
        (oid("1.2.840.113549.1.1.14"), RsaPkcs1v15(Sha224)),
        (oid("1.2.840.113549.1.1.11"), RsaPkcs1v15(Sha256)),
        (oid("1.2.840.113549.1.1.12"), RsaPkcs1v15(Sha384)),
        (oid("1.2.840.113549.1.1.13"), RsaPkcs1v15(Sha512)),
        (oid("1.2.840.10045.4.1"), Ecdsa(Sha1)),
        (oid("1.2.840.10045.4.3.1"), Ecdsa(Sha224)),
        (oid("1.2.840.10045.4.3.2"), Ecdsa(Sha256)),
        (oid("1.2.840.10045.4.3.3"), Ecdsa(Sha384)),
        (oid("1.2.840.10045.4.3.4"), Ecdsa(Sha512)),
        (oid("0.4.0.127.0.7.1.1.4.1.1"), EcdsaPlain(Sha1)),
        (oid("0.4.0.127.0.7.1.1.4.1.2"), EcdsaPlain(Sha224)),
        (oid("0.4.0.127.0.7.1.1.4.1.3"), EcdsaPlain(Sha256)),
        (oid("0.4.0.127.0.7.1.1.4.1.4"), EcdsaPlain(Sha384)),
        (oid("0.4.0.127.0.7.1.1.4.1.5"), EcdsaPlain(Sha512)),
        (oid("1.2.840.10040.4.3"), Dsa(Sha1)),
        (oid("2.16.840.1.101.3.4.3.1"), Dsa(Sha224)),
        (oid("2.16.840.1.101.3.4.3.2"), Dsa(Sha256)),
    ]
};

/// What an algorithm identifier says, and the deviations in how it says it.
struct Stated {
    scheme: SignatureScheme,
    met: Tolerances,
}

/// Verifies `signature` over `message`. `digest` is the digest algorithm of a SignerInfo; certificates have none.
/// Deviations are added to `met` only if the signature verifies; the scheme that verified is returned.
///
/// # Errors
/// [`SignatureFailure`].
pub fn verify(
    key: &VerifyingKey,
    algorithm: &AlgorithmIdentifier,
    digest: Option<HashAlgorithm>,
    message: &[u8],
    signature: &[u8],
    readings: Readings,
    met: &mut Tolerances,
) -> Result<SignatureScheme, SignatureFailure> {
    let stated = Stated::read(algorithm, digest)?;
    let failure = match signature::verify(key, &stated.scheme, message, signature) {
        Ok(encoding) => {
            met.extend(&stated.met);
            record_encoding(encoding, met);
            return Ok(stated.scheme);
        }
        Err(SignatureError::KeyMismatch) => SignatureFailure::KeyMismatch,
        Err(_) => SignatureFailure::Invalid,
    };
    if readings == Readings::Lenient && failure == SignatureFailure::Invalid {
        for (scheme, tolerance) in others(stated.scheme, digest) {
            if let Ok(encoding) = signature::verify(key, &scheme, message, signature) {
                met.extend(&stated.met);
                met.record(tolerance);
                record_encoding(encoding, met);
                return Ok(scheme);
            }
        }
    }
    Err(failure)
}

/// An algorithm identifier of a signature or a hash in words, if it says one that this crate knows.
#[must_use]
pub fn describe(algorithm: &AlgorithmIdentifier) -> Option<String> {
    let scheme = Stated::read(algorithm, None).map(|stated| stated.scheme.to_string());
    let hash = || HashAlgorithm::from_oid(&algorithm.oid).map(|hash| hash.to_string());
    scheme.ok().or_else(hash)
}

impl Stated {
    fn read(
        algorithm: &AlgorithmIdentifier,
        digest: Option<HashAlgorithm>,
    ) -> Result<Self, SignatureFailure> {
        let mut met = Tolerances::new();
        let parameters = algorithm.parameters.as_deref();
        let fixed = FIXED
            .iter()
            .find(|(known, _)| *known == algorithm.oid)
            .map(|(_, scheme)| *scheme);
        let scheme = match (fixed, algorithm.oid) {
            (Some(scheme), _) => {
                let null = match parameters {
                    None => false,
                    Some([0x05, 0x00]) => true,
                    Some(_) => return Err(SignatureFailure::Algorithm),
                };
                // RFC 4055 5 wants NULL with RSA; RFC 5758 3.1 and 3.2 want nothing with DSA and ECDSA.
                match scheme {
                    SignatureScheme::RsaPkcs1v15(_) if !null => {
                        met.record(Tolerance::RsaParametersAbsent)
                    }
                    SignatureScheme::RsaPkcs1v15(_) => {}
                    _ if null => met.record(Tolerance::EcdsaParametersNull),
                    _ => {}
                }
                scheme
            }
            (None, RSA_ENCRYPTION) => {
                met.record(Tolerance::RsaEncryptionIdentifier);
                SignatureScheme::RsaPkcs1v15(digest.ok_or(SignatureFailure::Algorithm)?)
            }
            (None, EC_PUBLIC_KEY) => {
                met.record(Tolerance::EcdsaWithoutHash);
                SignatureScheme::Ecdsa(digest.ok_or(SignatureFailure::Algorithm)?)
            }
            (None, ECDSA_SPECIFIED) => {
                let hash = match parameters {
                    Some(parameters) => {
                        hash_identifier(parameters).map_err(|_| SignatureFailure::Algorithm)?
                    }
                    None => {
                        met.record(Tolerance::EcdsaWithoutHash);
                        digest.ok_or(SignatureFailure::Algorithm)?
                    }
                };
                SignatureScheme::Ecdsa(hash)
            }
            (None, RSASSA_PSS) => {
                pss(parameters, &mut met).map_err(|_| SignatureFailure::Algorithm)?
            }
            _ => return Err(SignatureFailure::Algorithm),
        };
        if digest.is_some_and(|digest| digest != scheme.hash()) {
            met.record(Tolerance::DigestAlgorithmMismatch);
        }
        Ok(Self { scheme, met })
    }
}

/// What issuers are known to have done under the name of `stated`.
fn others(
    stated: SignatureScheme,
    digest: Option<HashAlgorithm>,
) -> Vec<(SignatureScheme, Tolerance)> {
    let pss = |hash: HashAlgorithm, mgf_hash, salt_len| SignatureScheme::RsaPss {
        hash,
        mgf_hash,
        salt_len,
    };
    let mut others = match stated {
        SignatureScheme::RsaPkcs1v15(hash) => {
            vec![
                (pss(hash, hash, hash.output_len()), Tolerance::PssUnderPkcs1),
                (pss(hash, hash, 20), Tolerance::PssUnderPkcs1),
                (pss(hash, HashAlgorithm::Sha1, 20), Tolerance::PssUnderPkcs1),
            ]
        }
        SignatureScheme::RsaPss { hash, mgf_hash, .. } => {
            vec![
                (
                    pss(hash, mgf_hash, hash.output_len()),
                    Tolerance::PssOtherSaltLength,
                ),
                (pss(hash, mgf_hash, 20), Tolerance::PssOtherSaltLength),
                (pss(hash, mgf_hash, 0), Tolerance::PssOtherSaltLength),
                (
                    pss(hash, hash, hash.output_len()),
                    Tolerance::PssOtherMaskHash,
                ),
                (SignatureScheme::RsaPkcs1v15(hash), Tolerance::Pkcs1UnderPss),
            ]
        }
        _ => Vec::new(),
    };
    if let Some(digest) = digest.filter(|digest| *digest != stated.hash()) {
        let with_digest = match stated {
            SignatureScheme::RsaPkcs1v15(_) => SignatureScheme::RsaPkcs1v15(digest),
            SignatureScheme::RsaPss { .. } => pss(digest, digest, digest.output_len()),
            SignatureScheme::Ecdsa(_) => SignatureScheme::Ecdsa(digest),
            SignatureScheme::EcdsaPlain(_) => SignatureScheme::EcdsaPlain(digest),
            SignatureScheme::Dsa(_) => SignatureScheme::Dsa(digest),
        };
        others.push((with_digest, Tolerance::SignatureHashMismatch));
    }
    others.retain(|(scheme, _)| *scheme != stated);
    others
}

/// RSASSA-PSS-params (RFC 4055 3.1): every field has a default.
fn pss(parameters: Option<&[u8]>, met: &mut Tolerances) -> Result<SignatureScheme, TlvError> {
    let mut hash = HashAlgorithm::Sha1;
    let mut mgf_hash = HashAlgorithm::Sha1;
    let mut salt_len = None;
    if let Some(parameters) = parameters {
        for field in Tlv::only(parameters)?.expect(SEQUENCE)?.children() {
            let field = field?;
            match field.tag {
                0xA0 => hash = hash_identifier(field.value)?,
                0xA1 => {
                    let mgf = AlgorithmIdentifier::parse(Tlv::only(field.value)?)?;
                    if mgf.oid != MGF1 {
                        return Err(TlvError::Value);
                    }
                    mgf_hash = hash_identifier(mgf.parameters.as_deref().ok_or(TlvError::Value)?)?;
                }
                0xA2 => {
                    let len = Tlv::only(field.value)?.small_integer()?;
                    salt_len = Some(usize::try_from(len).map_err(|_| TlvError::Value)?);
                }
                // trailerField: 1, the only trailer there is.
                0xA3 if Tlv::only(field.value)?.small_integer()? == 1 => {}
                _ => return Err(TlvError::Value),
            }
        }
    }
    if salt_len.is_none() && hash != HashAlgorithm::Sha1 {
        // Legal, but hardly ever meant: the default of 20 belongs to SHA-1.
        met.record(Tolerance::PssDefaultSalt);
    }
    Ok(SignatureScheme::RsaPss {
        hash,
        mgf_hash,
        salt_len: salt_len.unwrap_or(20),
    })
}

/// An AlgorithmIdentifier of a hash, or its bare object identifier.
fn hash_identifier(bytes: &[u8]) -> Result<HashAlgorithm, TlvError> {
    let tlv = Tlv::only(bytes)?;
    let oid = if tlv.tag == OBJECT_IDENTIFIER {
        tlv.oid()?
    } else {
        AlgorithmIdentifier::parse(tlv)?.oid
    };
    HashAlgorithm::from_oid(&oid).ok_or(TlvError::Value)
}

/// Records what the signature engine read past.
fn record_encoding(encoding: Option<SignatureTolerance>, met: &mut Tolerances) {
    if let Some(encoding) = encoding {
        met.record(match encoding {
            SignatureTolerance::PaddedInteger => Tolerance::EcdsaIntegerPadded,
            SignatureTolerance::NegativeInteger => Tolerance::EcdsaIntegerNegative,
            SignatureTolerance::PlainForDer => Tolerance::EcdsaPlainForDer,
            SignatureTolerance::DerForPlain => Tolerance::EcdsaDerForPlain,
            SignatureTolerance::DigestInfoWithoutNull => Tolerance::DigestInfoWithoutNull,
            SignatureTolerance::UnevenLength => Tolerance::EcdsaUnevenLength,
        });
    }
}
