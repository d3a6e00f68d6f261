//! SubjectPublicKeyInfo (RFC 5280 4.1.2.7) as documents and their issuers write it: keys that verify signatures
//! (certificates, EF.DG15) and keys for Chip Authentication (EF.DG14; TR-03110-3 A.1.1).

use const_oid::ObjectIdentifier;
use der::asn1::{AnyRef, BitStringRef, OctetStringRef, UintRef};
use der::{Decode, Sequence};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use super::curve::{ExplicitParameters, NamedCurve};
use super::key_agreement::{DhGroup, Group, KeyAgreementError, PublicKey};
use super::signature::{DsaPublicKey, EcPublicKey, RsaPublicKey, VerifyingKey};

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const DSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const PRIME_FIELD: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.1.1");
const DH_KEY_AGREEMENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.3.1");
const DH_PUBLIC_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10046.2.1");
const STANDARDIZED_PARAMETERS: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.1.2");

/// Why a SubjectPublicKeyInfo was refused.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyInfoError {
    /// The encoding is not that of a SubjectPublicKeyInfo of its algorithm.
    #[error("the public key information is malformed")]
    Malformed,
    /// The algorithm is none of ours, or not one for this purpose.
    #[error("public key algorithm {0} is not supported here")]
    UnsupportedAlgorithm(ObjectIdentifier),
    /// The named curve or standardized parameters are none of ours.
    #[error("the domain parameters are not supported")]
    UnsupportedParameters,
    /// The explicit curve parameters describe none of the known curves.
    #[error("the explicit parameters describe no known curve")]
    UnknownCurve,
    /// The key is out of range, not on its curve, or too weak or too large to use.
    #[error("the public key is not valid")]
    InvalidKey,
}

impl From<der::Error> for PublicKeyInfoError {
    fn from(_: der::Error) -> Self {
        Self::Malformed
    }
}

impl From<KeyAgreementError> for PublicKeyInfoError {
    fn from(_: KeyAgreementError) -> Self {
        Self::InvalidKey
    }
}

impl VerifyingKey {
    /// Reads the key of a certificate or of EF.DG15. Tolerated, because real issuers do it: absent or any parameters with
    /// rsaEncryption, RSA keys restricted to PSS, explicit curve parameters (mapped to the curve they describe, with
    /// stripped or padded coefficients, with a seed or without a cofactor).
    ///
    /// # Errors
    /// See [`PublicKeyInfoError`]. RSA keys must have 1024 to 8192 bits; compressed points are refused.
    pub fn from_spki(der: &[u8]) -> Result<Self, PublicKeyInfoError> {
        let info = SubjectPublicKeyInfoRef::from_der(der)?;
        let invalid = PublicKeyInfoError::InvalidKey;
        match info.algorithm.oid {
            RSA_ENCRYPTION | RSASSA_PSS => {
                let key = RsaKeyInfo::from_der(key_octets(&info)?)?;
                RsaPublicKey::new(key.n.as_bytes(), key.e.as_bytes())
                    .map(Self::Rsa)
                    .ok_or(invalid)
            }
            EC_PUBLIC_KEY => EcPublicKey::new(curve(&info.algorithm)?, key_octets(&info)?)
                .map(Self::Ec)
                .ok_or(invalid),
            DSA => {
                let domain: DsaDomain<'_> = parameters(&info.algorithm)?;
                let y = UintRef::from_der(key_octets(&info)?)?;
                let [p, q, g, y] = [domain.p, domain.q, domain.g, y].map(|n| n.as_bytes());
                DsaPublicKey::new(p, q, g, y).map(Self::Dsa).ok_or(invalid)
            }
            other => Err(PublicKeyInfoError::UnsupportedAlgorithm(other)),
        }
    }
}

impl PublicKey {
    /// Reads a Chip Authentication public key: a curve or Diffie-Hellman key with standardized, named or explicit domain
    /// parameters (Doc 9303-11 9.2.6; TR-03110-3 A.1.1.1 to A.1.1.3).
    ///
    /// # Errors
    /// See [`PublicKeyInfoError`].
    pub fn from_spki(der: &[u8]) -> Result<Self, PublicKeyInfoError> {
        let info = SubjectPublicKeyInfoRef::from_der(der)?;
        let key = key_octets(&info)?;
        let group = group(&info.algorithm)?;
        let octets = match &group {
            Group::Curve(_) => key,
            Group::Dh(_) => UintRef::from_der(key)?.as_bytes(),
        };
        Ok(Self::from_bytes(&group, octets)?)
    }
}

impl Group {
    /// Reads the domain parameters of an AlgorithmIdentifier: standardized, named or explicit ones, as in
    /// PACEDomainParameterInfo (Doc 9303-11 9.2.2).
    ///
    /// # Errors
    /// See [`PublicKeyInfoError`].
    pub fn from_algorithm_identifier(der: &[u8]) -> Result<Self, PublicKeyInfoError> {
        group(&AlgorithmIdentifierRef::from_der(der)?)
    }
}

fn group(algorithm: &AlgorithmIdentifierRef<'_>) -> Result<Group, PublicKeyInfoError> {
    match algorithm.oid {
        EC_PUBLIC_KEY => Ok(Group::Curve(curve(algorithm)?)),
        STANDARDIZED_PARAMETERS => Group::from_parameter_id(parameters(algorithm)?)
            .ok_or(PublicKeyInfoError::UnsupportedParameters),
        DH_KEY_AGREEMENT => {
            let domain: Pkcs3Domain<'_> = parameters(algorithm)?;
            let [p, g] = [domain.p, domain.g].map(|n| n.as_bytes());
            Ok(Group::Dh(DhGroup::from_parameters(p, g, None)?))
        }
        DH_PUBLIC_NUMBER => {
            let domain: X942Domain<'_> = parameters(algorithm)?;
            let [p, g, q] = [domain.p, domain.g, domain.q].map(|n| n.as_bytes());
            Ok(Group::Dh(DhGroup::from_parameters(p, g, Some(q))?))
        }
        other => Err(PublicKeyInfoError::UnsupportedAlgorithm(other)),
    }
}

fn key_octets<'a>(info: &SubjectPublicKeyInfoRef<'a>) -> Result<&'a [u8], PublicKeyInfoError> {
    info.subject_public_key
        .as_bytes()
        .ok_or(PublicKeyInfoError::Malformed)
}

fn parameters<'a, T>(algorithm: &AlgorithmIdentifierRef<'a>) -> Result<T, PublicKeyInfoError>
where
    T: der::Choice<'a> + der::DecodeValue<'a, Error = der::Error>,
{
    Ok(algorithm
        .parameters
        .ok_or(PublicKeyInfoError::Malformed)?
        .decode_as()?)
}

fn curve(algorithm: &AlgorithmIdentifierRef<'_>) -> Result<NamedCurve, PublicKeyInfoError> {
    let parameters = algorithm.parameters.ok_or(PublicKeyInfoError::Malformed)?;
    if let Ok(oid) = parameters.decode_as::<ObjectIdentifier>() {
        return NamedCurve::from_oid(&oid).ok_or(PublicKeyInfoError::UnsupportedParameters);
    }
    let domain: SpecifiedDomain<'_> = parameters.decode_as()?;
    if domain.field.kind != PRIME_FIELD {
        return Err(PublicKeyInfoError::UnknownCurve);
    }
    NamedCurve::from_explicit(&ExplicitParameters {
        p: domain.field.p.as_bytes(),
        a: domain.curve.a.as_bytes(),
        b: domain.curve.b.as_bytes(),
        base: domain.base.as_bytes(),
        n: domain.order.as_bytes(),
        cofactor: domain.cofactor.as_ref().map(|h| h.as_bytes()),
    })
    .ok_or(PublicKeyInfoError::UnknownCurve)
}

/// RSAPublicKey (RFC 8017 A.1.1).
#[derive(Sequence)]
struct RsaKeyInfo<'a> {
    n: UintRef<'a>,
    e: UintRef<'a>,
}

/// Dss-Parms (RFC 3279 2.3.2).
#[derive(Sequence)]
struct DsaDomain<'a> {
    p: UintRef<'a>,
    q: UintRef<'a>,
    g: UintRef<'a>,
}

/// DHParameter (PKCS #3).
#[derive(Sequence)]
struct Pkcs3Domain<'a> {
    p: UintRef<'a>,
    g: UintRef<'a>,
    #[asn1(optional = "true")]
    #[allow(dead_code)]
    private_value_length: Option<u32>,
}

/// DomainParameters (X9.42; RFC 3279 2.3.3).
#[derive(Sequence)]
struct X942Domain<'a> {
    p: UintRef<'a>,
    g: UintRef<'a>,
    q: UintRef<'a>,
    #[asn1(optional = "true")]
    #[allow(dead_code)]
    j: Option<UintRef<'a>>,
    #[asn1(optional = "true")]
    #[allow(dead_code)]
    validation: Option<AnyRef<'a>>,
}

/// SpecifiedECDomain (SEC 1 C.2).
#[derive(Sequence)]
struct SpecifiedDomain<'a> {
    #[allow(dead_code)]
    version: u8,
    field: FieldId<'a>,
    curve: Coefficients<'a>,
    base: &'a OctetStringRef,
    order: UintRef<'a>,
    #[asn1(optional = "true")]
    cofactor: Option<UintRef<'a>>,
    #[asn1(optional = "true")]
    #[allow(dead_code)]
    hash: Option<AnyRef<'a>>,
}

#[derive(Sequence)]
struct FieldId<'a> {
    kind: ObjectIdentifier,
    p: UintRef<'a>,
}

#[derive(Sequence)]
struct Coefficients<'a> {
    a: &'a OctetStringRef,
    b: &'a OctetStringRef,
    #[asn1(optional = "true")]
    #[allow(dead_code)]
    seed: Option<BitStringRef<'a>>,
}

#[cfg(test)]
mod tests;
