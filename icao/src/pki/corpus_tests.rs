//! Keys and signatures of real certificates, against a table of what they are that other software made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::collections::HashMap;

use super::certificate::{Certificate, Fingerprint};
use super::encoding::objects;
use crate::corpus;
use crate::crypto::curve::NamedCurve;
use crate::crypto::hash::HashAlgorithm;
use crate::crypto::signature::{SignatureError, SignatureScheme, VerifyingKey, verify};

const FILES: [(&str, &str); 2] = [
    ("csca/csca_ml_915.csv", "csca/csca_ml_915.pem"),
    ("dsc/dsc_sample.csv", "dsc/dsc_sample.pem"),
];

#[test]
fn real_certificates() {
    let Some(corpus) = corpus::open("keys and signatures of real certificates") else {
        return;
    };
    let mut certificates = HashMap::new();
    for (_, pem) in FILES {
        for object in objects(&corpus.file(pem)) {
            let object = object.unwrap();
            let fingerprint = Fingerprint::of(&object).to_string();
            certificates.insert(fingerprint, Certificate::parse(&object).unwrap());
        }
    }
    let key_of = |fingerprint: &str| {
        let certificate = &certificates[fingerprint];
        VerifyingKey::from_spki(certificate.public_key_info())
            .unwrap_or_else(|error| panic!("{fingerprint}: {error}"))
    };
    let (mut keys, mut signatures) = (0, 0);
    for (table, _) in FILES {
        for row in corpus.table(table) {
            let field = |name: &str| row[name].as_str();
            let key = key_of(field("sha256"));
            keys += 1;
            let expected = match field("key") {
                "RSA" => format!("RSA, {} bits", field("bits")),
                _ => format!("ECDSA, {}", curve_name(field("curve"))),
            };
            assert_eq!(key.to_string(), expected, "{}", field("sha256"));

            let issuer = field("verified_by_sha256");
            // The parents of two link certificates are in no list.
            if !certificates.contains_key(issuer) {
                continue;
            }
            let hash = match field("hash") {
                "sha1" => HashAlgorithm::Sha1,
                "sha256" => HashAlgorithm::Sha256,
                "sha384" => HashAlgorithm::Sha384,
                "sha512" => HashAlgorithm::Sha512,
                other => panic!("hash {other}"),
            };
            let scheme = match field("sig") {
                "RSA-PKCS1" => SignatureScheme::RsaPkcs1v15(hash),
                "RSA-PSS" => SignatureScheme::RsaPss {
                    hash,
                    mgf_hash: hash,
                    salt_len: field("pss_salt").parse().unwrap(),
                },
                _ => SignatureScheme::Ecdsa(hash),
            };
            let certificate = &certificates[field("sha256")];
            let (message, signature) = (certificate.to_be_signed(), certificate.signature());
            let issuer = key_of(issuer);
            assert_eq!(
                verify(&issuer, &scheme, message, signature),
                Ok(None),
                "{}",
                field("sha256")
            );
            let altered = [message, &[0]].concat();
            assert_eq!(
                verify(&issuer, &scheme, &altered, signature),
                Err(SignatureError::Invalid)
            );
            signatures += 1;
        }
    }
    assert_eq!((keys, signatures), (1528, 1526));
}

fn curve_name(name: &str) -> NamedCurve {
    match name {
        "secp256r1" => NamedCurve::P256,
        "secp384r1" => NamedCurve::P384,
        "secp521r1" => NamedCurve::P521,
        _ => NamedCurve::ALL
            .into_iter()
            .find(|curve| curve.to_string() == name)
            .unwrap(),
    }
}
