//! SubjectPublicKeyInfo as issuers of documents write it (Doc 9303-12, 4.4.1; RFC 3279; RFC 5480).

use const_oid::ObjectIdentifier;
use rsa::RsaPrivateKey;
use rsa::traits::PublicKeyParts;

use super::ecdsa::unsigned_integer;
use crate::crypto::curve::NamedCurve;
use crate::crypto::key_agreement::{Group, PublicKey, SecretKey};
use crate::tlv;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const PRIME_FIELD: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.1.1");
const DH_PUBLIC_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10046.2.1");
/// standardizedDomainParameters of TR-03110-3, A.2.1.1.
const STANDARDIZED: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.1.2");

/// How a curve is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CurveForm {
    /// ECParameters, spelled out, as Doc 9303-12 demands.
    Explicit,
    /// The object identifier of the curve.
    Named,
    /// The object identifier of another curve of the same size: a mistake that real issuers made (quirk 29).
    NamedAs(NamedCurve),
    /// The standardised domain parameter id, as EF.CardSecurity has it.
    Standardized,
}

/// SEQUENCE of encoded members.
pub(super) fn sequence(members: &[Vec<u8>]) -> Vec<u8> {
    tlv::encode(0x30, &members.concat())
}

/// SET of encoded members, in DER order.
pub(super) fn set(mut members: Vec<Vec<u8>>) -> Vec<u8> {
    members.sort();
    tlv::encode(0x31, &members.concat())
}

/// OBJECT IDENTIFIER.
pub(super) fn oid(oid: ObjectIdentifier) -> Vec<u8> {
    tlv::encode(0x06, oid.as_bytes())
}

/// INTEGER of a small number.
pub(super) fn integer(number: u32) -> Vec<u8> {
    unsigned_integer(&number.to_be_bytes())
}

/// BIT STRING of whole octets.
pub(super) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    tlv::encode(0x03, &[&[0], bytes].concat())
}

/// An RSA public key.
pub(super) fn rsa(key: &RsaPrivateKey) -> Vec<u8> {
    let public_key = sequence(&[
        unsigned_integer(&key.n_bytes()),
        unsigned_integer(&key.e_bytes()),
    ]);
    sequence(&[
        sequence(&[oid(RSA_ENCRYPTION), tlv::encode(0x05, &[])]),
        bit_string(&public_key),
    ])
}

/// The public half of a private key of `curve`; `None` if `key` is none.
pub(super) fn curve(curve: NamedCurve, key: &[u8], form: CurveForm) -> Option<Vec<u8>> {
    let secret = SecretKey::from_bytes(&Group::Curve(curve), key).ok()?;
    Some(agreement(&secret.public_key().ok()?, form))
}

/// A public key of key agreement. `form` concerns curves only.
pub(super) fn agreement(public_key: &PublicKey, form: CurveForm) -> Vec<u8> {
    let group = public_key.group();
    let bytes = match group {
        Group::Curve(_) => public_key.as_bytes().to_vec(),
        Group::Dh(_) => unsigned_integer(public_key.as_bytes()),
    };
    sequence(&[group_identifier(group, form), bit_string(&bytes)])
}

/// AlgorithmIdentifier of a public key in `group`: the algorithm and its domain parameters.
pub(super) fn group_identifier(group: &Group, form: CurveForm) -> Vec<u8> {
    match (group, form) {
        (Group::Curve(curve), CurveForm::Explicit) => {
            sequence(&[oid(EC_PUBLIC_KEY), explicit(*curve)])
        }
        (Group::Curve(curve), CurveForm::Named) => {
            sequence(&[oid(EC_PUBLIC_KEY), oid(curve.oid())])
        }
        (Group::Curve(_), CurveForm::NamedAs(other)) => {
            sequence(&[oid(EC_PUBLIC_KEY), oid(other.oid())])
        }
        (Group::Curve(curve), CurveForm::Standardized) => {
            sequence(&[oid(STANDARDIZED), integer(u32::from(curve.parameter_id()))])
        }
        (Group::Dh(parameters), _) => {
            let mut numbers = vec![
                unsigned_integer(parameters.modulus()),
                unsigned_integer(PublicKey::generator(group).as_bytes()),
            ];
            numbers.extend(parameters.order().map(unsigned_integer));
            sequence(&[oid(DH_PUBLIC_NUMBER), sequence(&numbers)])
        }
    }
}

/// ECParameters version 1 with cofactor (RFC 3279, 2.3.5).
fn explicit(curve: NamedCurve) -> Vec<u8> {
    let parameters = curve.parameters();
    let field = |bytes: &[u8]| {
        let mut fixed = vec![0; curve.field_len().saturating_sub(bytes.len())];
        fixed.extend_from_slice(bytes);
        fixed
    };
    let base = [vec![4], field(parameters.gx), field(parameters.gy)].concat();
    sequence(&[
        integer(1),
        sequence(&[oid(PRIME_FIELD), unsigned_integer(parameters.p)]),
        sequence(&[
            tlv::encode(0x04, &field(parameters.a)),
            tlv::encode(0x04, &field(parameters.b)),
        ]),
        tlv::encode(0x04, &base),
        unsigned_integer(parameters.n),
        integer(1),
    ])
}
