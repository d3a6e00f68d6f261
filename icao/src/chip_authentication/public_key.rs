//! The public key of a ChipAuthenticationPublicKeyInfo, and the groups that AlgorithmIdentifiers describe (Doc 9303-11,
//! 9.2.6, 9.4 and 9.5; RFC 5480, SEC 1 C.2, RFC 3279 2.3.3, PKCS #3).

use der::asn1::ObjectIdentifier;

use crate::crypto::curve::{ExplicitParameters, NamedCurve};
use crate::crypto::key_agreement::{DhGroup, Group, KeyAgreementError, PublicKey};
use crate::lds::security_info::{Agreement, ChipAuthenticationPublicKeyInfo};
use crate::tlv::asn1::{BIT_STRING, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE};
use crate::tlv::{Reader, Tlv, TlvError};

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

/// id-ecPublicKey.
const EC_PUBLIC_KEY: ObjectIdentifier = oid("1.2.840.10045.2.1");
/// prime-field.
const PRIME_FIELD: ObjectIdentifier = oid("1.2.840.10045.1.1");
/// dhpublicnumber of X9.42: p, g, q.
const DH_PUBLIC_NUMBER: ObjectIdentifier = oid("1.2.840.10046.2.1");
/// dhKeyAgreement of PKCS #3: p, g and a length of exponents.
const DH_KEY_AGREEMENT: ObjectIdentifier = oid("1.2.840.113549.1.3.1");
/// standardizedDomainParameters: a number of Doc 9303-11, 9.5.1.
const STANDARDIZED_DOMAIN_PARAMETERS: ObjectIdentifier = oid("0.4.0.127.0.7.1.2");

/// Why a public key of Chip Authentication cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicKeyInfoError {
    /// Not the ASN.1 structure of its algorithm.
    #[error("public key info is malformed: {0}")]
    Malformed(#[from] TlvError),
    /// An algorithm other than those for key agreement.
    #[error("algorithm of the public key is not for key agreement")]
    Algorithm,
    /// Domain parameters that are neither standardized nor equal to standardized ones.
    #[error("domain parameters of the public key are unknown")]
    DomainParameters,
    /// A curve for a Diffie-Hellman protocol, or the other way round.
    #[error("public key is of another kind than its protocol says")]
    KindMismatch,
    /// The parameters or the key itself are unsound.
    #[error(transparent)]
    Key(#[from] KeyAgreementError),
}

impl ChipAuthenticationPublicKeyInfo {
    /// The public key, valid in its group.
    ///
    /// # Errors
    /// [`PublicKeyInfoError`] for a key that Chip Authentication cannot be done with.
    pub fn public_key(&self) -> Result<PublicKey, PublicKeyInfoError> {
        let mut fields = Tlv::only(&self.public_key_info)?
            .expect(SEQUENCE)?
            .children();
        let group = group(fields.expect(SEQUENCE)?)?;
        let bits = fields.expect(BIT_STRING)?.octets_of_bit_string()?;
        fields.finish()?;
        let key = match (&group, self.agreement) {
            (Group::Curve(_), Agreement::Ecdh) => PublicKey::from_bytes(&group, bits)?,
            (Group::Dh(_), Agreement::Dh) => {
                PublicKey::from_bytes(&group, Tlv::only(bits)?.magnitude()?)?
            }
            _ => return Err(PublicKeyInfoError::KindMismatch),
        };
        Ok(key)
    }
}

/// The group of an AlgorithmIdentifier.
fn group(algorithm: Tlv<'_>) -> Result<Group, PublicKeyInfoError> {
    let mut fields = algorithm.children();
    let algorithm = fields.expect(OBJECT_IDENTIFIER)?.oid()?;
    let parameters = fields.next().ok_or(TlvError::Missing(SEQUENCE))??;
    if algorithm == STANDARDIZED_DOMAIN_PARAMETERS {
        let id = u8::try_from(parameters.small_integer()?).ok();
        id.and_then(Group::from_parameter_id)
            .ok_or(PublicKeyInfoError::DomainParameters)
    } else if algorithm == EC_PUBLIC_KEY {
        Ok(Group::Curve(curve(parameters)?))
    } else if algorithm == DH_PUBLIC_NUMBER {
        let mut fields = parameters.expect(SEQUENCE)?.children();
        let [p, g, q] = [
            integer(&mut fields)?,
            integer(&mut fields)?,
            integer(&mut fields)?,
        ];
        Ok(Group::Dh(DhGroup::from_parameters(p, g, Some(q))?))
    } else if algorithm == DH_KEY_AGREEMENT {
        let mut fields = parameters.expect(SEQUENCE)?.children();
        let [p, g] = [integer(&mut fields)?, integer(&mut fields)?];
        Ok(Group::Dh(DhGroup::from_parameters(p, g, None)?))
    } else {
        Err(PublicKeyInfoError::Algorithm)
    }
}

fn integer<'a>(fields: &mut Reader<'a>) -> Result<&'a [u8], TlvError> {
    fields.expect(INTEGER)?.magnitude()
}

/// The curve that ECParameters name, or describe in full, as Doc 9303-12, 4.4 wants it.
fn curve(parameters: Tlv<'_>) -> Result<NamedCurve, PublicKeyInfoError> {
    let named = match parameters.tag {
        OBJECT_IDENTIFIER => NamedCurve::from_oid(&parameters.oid()?),
        _ => {
            let mut domain = parameters.expect(SEQUENCE)?.children();
            integer(&mut domain)?;
            let mut field = domain.expect(SEQUENCE)?.children();
            if field.expect(OBJECT_IDENTIFIER)?.oid()? != PRIME_FIELD {
                return Err(PublicKeyInfoError::DomainParameters);
            }
            let p = integer(&mut field)?;
            // A seed may follow the coefficients; nothing depends on it.
            let mut coefficients = domain.expect(SEQUENCE)?.children();
            let a = coefficients.expect(OCTET_STRING)?.value;
            let b = coefficients.expect(OCTET_STRING)?.value;
            let base = domain.expect(OCTET_STRING)?.value;
            let n = integer(&mut domain)?;
            let cofactor = domain
                .optional(INTEGER)?
                .map(|tlv| tlv.magnitude())
                .transpose()?;
            NamedCurve::from_explicit(&ExplicitParameters {
                p,
                a,
                b,
                base,
                n,
                cofactor,
            })
        }
    };
    named.ok_or(PublicKeyInfoError::DomainParameters)
}
