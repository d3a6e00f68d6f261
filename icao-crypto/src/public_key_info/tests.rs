#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use openssl::ec::{Asn1Flag, EcGroup, EcKey};
use openssl::pkey::PKey;
use openssl::rsa::Rsa;

use super::*;
use crate::curve::openssl_nid;

/// A data object in DER with a one-octet tag and fewer than 65,536 octets (X.690 8.1.3).
fn encode(tag: u8, value: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(value.len()).unwrap().to_be_bytes();
    let length = match (high, low) {
        (0, low @ ..=0x7F) => vec![low],
        (0, low) => vec![0x81, low],
        _ => vec![0x82, high, low],
    };
    [&[tag], &length[..], value].concat()
}

fn seq(parts: &[Vec<u8>]) -> Vec<u8> {
    encode(0x30, &parts.concat())
}

fn int(octets: &[u8]) -> Vec<u8> {
    let mut octets = crate::curve::significant(octets).to_vec();
    if octets.first().is_none_or(|first| first & 0x80 != 0) {
        octets.insert(0, 0);
    }
    encode(0x02, &octets)
}

fn oid(oid: ObjectIdentifier) -> Vec<u8> {
    encode(0x06, oid.as_bytes())
}

fn bits(octets: &[u8]) -> Vec<u8> {
    encode(0x03, &[&[0], octets].concat())
}

fn info(algorithm: ObjectIdentifier, parameters: &[Vec<u8>], key: &[u8]) -> Vec<u8> {
    seq(&[
        seq(&[vec![oid(algorithm)], parameters.to_vec()].concat()),
        bits(key),
    ])
}

/// Explicit parameters of a curve with coefficients and tail of the caller's.
fn explicit(curve: NamedCurve, a: &[u8], b: &[u8], tail: &[Vec<u8>]) -> Vec<u8> {
    let own = curve.parameters();
    let parts = vec![
        int(&[1]),
        seq(&[oid(PRIME_FIELD), int(own.p)]),
        seq(&[encode(4, a), encode(4, b)]),
        encode(4, &[&[4], own.gx, own.gy].concat()),
        int(own.n),
    ];
    seq(&[parts, tail.to_vec()].concat())
}

#[test]
fn curve_keys_with_named_and_explicit_parameters() {
    for curve in NamedCurve::ALL {
        for flag in [Asn1Flag::NAMED_CURVE, Asn1Flag::EXPLICIT_CURVE] {
            let mut group = EcGroup::from_curve_name(openssl_nid(curve)).unwrap();
            group.set_asn1_flag(flag);
            let der = EcKey::generate(&group)
                .unwrap()
                .public_key_to_der()
                .unwrap();
            let VerifyingKey::Ec(key) = VerifyingKey::from_spki(&der).unwrap() else {
                panic!("a curve key")
            };
            assert_eq!(key.curve(), curve);
            let agreement = PublicKey::from_spki(&der).unwrap();
            assert_eq!(
                (agreement.group(), agreement.as_bytes()),
                (&Group::Curve(curve), key.point())
            );
            assert!(der.ends_with(key.point()));
        }
        let own = curve.parameters();
        let point = [&[4], own.gx, own.gy].concat();
        let stripped = crate::curve::significant(own.b);
        let padded = [&[0], own.a].concat();
        let read = |parameters: Vec<u8>| {
            VerifyingKey::from_spki(&info(EC_PUBLIC_KEY, &[parameters], &point))
        };
        for tail in [&[][..], &[int(&[1])]] {
            assert_eq!(
                read(explicit(curve, &padded, stripped, tail))
                    .unwrap()
                    .curve(),
                Some(curve)
            );
        }
        assert_eq!(
            read(explicit(curve, own.a, own.b, &[int(&[2])])),
            Err(PublicKeyInfoError::UnknownCurve)
        );
        assert_eq!(
            read(explicit(curve, own.b, own.a, &[])),
            Err(PublicKeyInfoError::UnknownCurve)
        );
        assert_eq!(
            read(oid(RSA_ENCRYPTION)),
            Err(PublicKeyInfoError::UnsupportedParameters)
        );
        assert_eq!(read(encode(5, &[])), Err(PublicKeyInfoError::Malformed));
        let off_curve = info(
            EC_PUBLIC_KEY,
            &[oid(curve.oid())],
            &[&[4], own.gx, own.gx].concat(),
        );
        assert_eq!(
            VerifyingKey::from_spki(&off_curve),
            Err(PublicKeyInfoError::InvalidKey)
        );
        assert_eq!(
            PublicKey::from_spki(&off_curve).unwrap_err(),
            PublicKeyInfoError::InvalidKey
        );
    }
}

#[test]
fn rsa_keys_whatever_their_parameters() {
    let private = Rsa::generate(1024).unwrap();
    let der = PKey::from_rsa(private.clone())
        .unwrap()
        .public_key_to_der()
        .unwrap();
    let expected = VerifyingKey::from_spki(&der).unwrap();
    let key = seq(&[int(&private.n().to_vec()), int(&private.e().to_vec())]);
    for (algorithm, parameters) in [
        (RSA_ENCRYPTION, vec![]),
        (RSA_ENCRYPTION, vec![encode(5, &[])]),
        (RSASSA_PSS, vec![]),
        (RSASSA_PSS, vec![seq(&[])]),
    ] {
        assert_eq!(
            VerifyingKey::from_spki(&info(algorithm, &parameters, &key)).unwrap(),
            expected
        );
    }
    let weak = seq(&[int(&[0xFF; 64]), int(&[3])]);
    assert_eq!(
        VerifyingKey::from_spki(&info(RSA_ENCRYPTION, &[], &weak)),
        Err(PublicKeyInfoError::InvalidKey)
    );
    for bad in [
        &der[..der.len() - 1],
        &[&der[..], &[0]].concat(),
        &[],
        &info(RSA_ENCRYPTION, &[], &key[1..]),
    ] {
        assert_eq!(
            VerifyingKey::from_spki(bad),
            Err(PublicKeyInfoError::Malformed)
        );
    }
    assert_eq!(
        PublicKey::from_spki(&der).unwrap_err(),
        PublicKeyInfoError::UnsupportedAlgorithm(RSA_ENCRYPTION)
    );
}

/// Standardized parameters as in the ChipAuthenticationPublicKeyInfo of Doc 9303-11 appendix I, and Diffie-Hellman keys in
/// each of their forms.
#[test]
fn chip_authentication_keys() {
    let der = hex::decode("3052300C060704007F0007010202010D034200041872709494399E7470A6431BE25E83EEE24FEA568C2ED28DB48E05DB3A610DC884D256A40E35EFCB59BF6753D3A489D28C7A4D973C2DA138A6E7A4A08F68E16F").unwrap();
    let key = PublicKey::from_spki(&der).unwrap();
    assert_eq!(key.group(), &Group::Curve(NamedCurve::BrainpoolP256r1));
    assert!(der.ends_with(key.as_bytes()));

    for id in 0..=2u8 {
        let group = Group::from_parameter_id(id).unwrap();
        let Group::Dh(domain) = &group else {
            panic!("a group of RFC 5114")
        };
        let generator = PublicKey::generator(&group);
        let (p, q, g) = (
            int(domain.modulus()),
            int(domain.order().unwrap()),
            int(generator.as_bytes()),
        );
        let y = generator.tweak(&[7]).unwrap();
        let forms = [
            (STANDARDIZED_PARAMETERS, int(&[id])),
            (DH_KEY_AGREEMENT, seq(&[p.clone(), g.clone()])),
            (DH_KEY_AGREEMENT, seq(&[p.clone(), g.clone(), int(&[1, 0])])),
            (DH_PUBLIC_NUMBER, seq(&[p.clone(), g.clone(), q.clone()])),
            (
                DH_PUBLIC_NUMBER,
                seq(&[p.clone(), g.clone(), q.clone(), int(&[2])]),
            ),
        ];
        for (algorithm, parameters) in forms {
            let key =
                PublicKey::from_spki(&info(algorithm, &[parameters], &int(y.as_bytes()))).unwrap();
            assert_eq!(key, y);
        }
        // q swapped for g's place.
        let wrong = info(DH_PUBLIC_NUMBER, &[seq(&[p, q, g])], &int(y.as_bytes()));
        assert_eq!(
            PublicKey::from_spki(&wrong).unwrap_err(),
            PublicKeyInfoError::InvalidKey
        );
    }
    let unknown = info(STANDARDIZED_PARAMETERS, &[int(&[7])], &[4]);
    assert_eq!(
        PublicKey::from_spki(&unknown).unwrap_err(),
        PublicKeyInfoError::UnsupportedParameters
    );
}

#[test]
fn dsa_keys() {
    let Some(Group::Dh(domain)) = Group::from_parameter_id(1) else {
        panic!("a group of RFC 5114")
    };
    let generator = PublicKey::generator(&Group::Dh(domain.clone()));
    let y = generator.tweak(&[3]).unwrap();
    let parameters = seq(&[
        int(domain.modulus()),
        int(domain.order().unwrap()),
        int(generator.as_bytes()),
    ]);
    let key = VerifyingKey::from_spki(&info(DSA, &[parameters], &int(y.as_bytes()))).unwrap();
    assert_eq!(key.to_string(), "DSA, 2048 bits");
}
