//! Verification of the signatures on documents: certificates, EF.SOD and Active Authentication. All of it works on public
//! data and is variable time.

use core::fmt;

use super::curve::NamedCurve;
use super::hash::HashAlgorithm;

mod dsa;
mod ecdsa;
mod rsa;

pub use super::weierstrass::{EcdsaEngine, OwnEcdsaEngine, PreparedKey};
pub use dsa::DsaPublicKey;
pub use ecdsa::{EcPublicKey, use_ecdsa_engine};
pub use rsa::RsaPublicKey;

/// Why a signature was not accepted.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The scheme cannot be used with this kind of key.
    #[error("the signature scheme does not belong to the key")]
    KeyMismatch,
    /// The hash has not the length its algorithm gives.
    #[error("the hash has the wrong length")]
    HashLength,
    /// The signature is malformed or not one of this message under this key.
    #[error("the signature does not verify")]
    Invalid,
}

/// A deviation of the signature's encoding that did not keep it from being verified. Real documents have all of these.
/// Who uses it gives each a name of his own: a new one is a change for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SignatureTolerance {
    /// r or s is a DER INTEGER with surplus leading zeros.
    PaddedInteger,
    /// r or s is a DER INTEGER without the leading zero that keeps it positive.
    NegativeInteger,
    /// r || s where DER was due.
    PlainForDer,
    /// DER where r || s was due (TR-03111 5.2.1).
    DerForPlain,
    /// r || s in halves longer or shorter than the order of the curve.
    UnevenLength,
    /// The DigestInfo within a PKCS #1 v1.5 signature lacks the NULL after the hash algorithm.
    DigestInfoWithoutNull,
}

impl fmt::Display for SignatureTolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PaddedInteger => "integer with surplus zeros in the signature",
            Self::NegativeInteger => "integer without sign octet in the signature",
            Self::PlainForDer => "plain signature in place of DER",
            Self::DerForPlain => "DER signature in place of the plain one",
            Self::DigestInfoWithoutNull => "DigestInfo without NULL in the signature",
            Self::UnevenLength => "plain signature not as long as the order of the curve",
        })
    }
}

/// A public key that verifies signatures; from a certificate or EF.DG15 by [`VerifyingKey::from_spki`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifyingKey {
    /// RSA, 1024 to 8192 bits.
    Rsa(RsaPublicKey),
    /// A point on a named curve.
    Ec(EcPublicKey),
    /// DSA (FIPS 186-4 4).
    Dsa(DsaPublicKey),
}

impl VerifyingKey {
    /// The curve of an elliptic curve key.
    pub fn curve(&self) -> Option<NamedCurve> {
        match self {
            Self::Ec(key) => Some(key.curve()),
            Self::Rsa(_) | Self::Dsa(_) => None,
        }
    }
}

/// The kind and size of the key, such as "RSA, 2048 bits".
impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(key) => write!(f, "RSA, {} bits", key.bits()),
            Self::Ec(key) => write!(f, "ECDSA, {}", key.curve()),
            Self::Dsa(key) => write!(f, "DSA, {} bits", key.bits()),
        }
    }
}

/// A signature scheme of Doc 9303-12 4.4 or Doc 9303-11 6.1 with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureScheme {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 8.2).
    RsaPkcs1v15(HashAlgorithm),
    /// RSASSA-PSS (RFC 8017 8.1).
    RsaPss {
        /// The hash of the message.
        hash: HashAlgorithm,
        /// The hash within the mask generation function MGF1.
        mgf_hash: HashAlgorithm,
        /// Length of the salt in octets; 20 where the algorithm identifier does not say.
        salt_len: usize,
    },
    /// ECDSA with the signature in DER (RFC 3279 2.2.3). Any hash with any curve.
    Ecdsa(HashAlgorithm),
    /// ECDSA with the signature as r || s (TR-03111 5.2.1).
    EcdsaPlain(HashAlgorithm),
    /// DSA with the signature in DER (RFC 3279 2.2.2).
    Dsa(HashAlgorithm),
}

/// As "RSA-PSS with SHA-256, salt of 32".
impl fmt::Display for SignatureScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RsaPkcs1v15(hash) => write!(f, "RSA PKCS #1 v1.5 with {hash}"),
            Self::RsaPss {
                hash,
                mgf_hash,
                salt_len,
            } => {
                write!(f, "RSA-PSS with {hash}, salt of {salt_len}")?;
                if hash != mgf_hash {
                    write!(f, ", mask by {mgf_hash}")?;
                }
                Ok(())
            }
            Self::Ecdsa(hash) => write!(f, "ECDSA with {hash}"),
            Self::EcdsaPlain(hash) => write!(f, "plain ECDSA with {hash}"),
            Self::Dsa(hash) => write!(f, "DSA with {hash}"),
        }
    }
}

impl SignatureScheme {
    /// The hash of the message.
    pub const fn hash(self) -> HashAlgorithm {
        match self {
            Self::RsaPkcs1v15(hash)
            | Self::RsaPss { hash, .. }
            | Self::Ecdsa(hash)
            | Self::EcdsaPlain(hash)
            | Self::Dsa(hash) => hash,
        }
    }
}

/// Verifies the signature of `message`. A signature that verifies although its encoding deviates is accepted and the
/// deviation returned.
///
/// # Errors
/// See [`SignatureError`].
pub fn verify(
    key: &VerifyingKey,
    scheme: &SignatureScheme,
    message: &[u8],
    signature: &[u8],
) -> Result<Option<SignatureTolerance>, SignatureError> {
    verify_prehashed(key, scheme, &scheme.hash().digest(message), signature)
}

/// Verifies the signature of a message whose hash is `prehash`, as [`verify`] does.
///
/// # Errors
/// See [`SignatureError`].
pub fn verify_prehashed(
    key: &VerifyingKey,
    scheme: &SignatureScheme,
    prehash: &[u8],
    signature: &[u8],
) -> Result<Option<SignatureTolerance>, SignatureError> {
    if prehash.len() != scheme.hash().output_len() {
        return Err(SignatureError::HashLength);
    }
    match (key, *scheme) {
        (VerifyingKey::Rsa(key), SignatureScheme::RsaPkcs1v15(hash)) => {
            key.verify_pkcs1v15(hash, prehash, signature)
        }
        (
            VerifyingKey::Rsa(key),
            SignatureScheme::RsaPss {
                hash,
                mgf_hash,
                salt_len,
            },
        ) => key.verify_pss(hash, mgf_hash, salt_len, prehash, signature),
        (VerifyingKey::Ec(key), SignatureScheme::Ecdsa(_)) => {
            key.verify(ecdsa::Encoding::Der, prehash, signature)
        }
        (VerifyingKey::Ec(key), SignatureScheme::EcdsaPlain(_)) => {
            key.verify(ecdsa::Encoding::Plain, prehash, signature)
        }
        (VerifyingKey::Dsa(key), SignatureScheme::Dsa(_)) => key.verify(prehash, signature),
        _ => Err(SignatureError::KeyMismatch),
    }
}

#[cfg(test)]
mod tests;
