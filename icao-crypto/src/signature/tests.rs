#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use openssl::bn::{BigNum, BigNumContext};
use openssl::dsa::Dsa;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;

use super::*;
use crate::key_agreement::Group;

mod ecdsa;
mod rsa;

const MESSAGE: &[u8] = b"what the issuer signed";

fn md(hash: HashAlgorithm) -> MessageDigest {
    match hash {
        HashAlgorithm::Sha1 => MessageDigest::sha1(),
        HashAlgorithm::Sha224 => MessageDigest::sha224(),
        HashAlgorithm::Sha256 => MessageDigest::sha256(),
        HashAlgorithm::Sha384 => MessageDigest::sha384(),
        HashAlgorithm::Sha512 => MessageDigest::sha512(),
    }
}

fn number(octets: &[u8]) -> BigNum {
    BigNum::from_slice(octets).unwrap()
}

/// A DER INTEGER of these exact octets, and a SEQUENCE of two.
fn pair(r: &[u8], s: &[u8]) -> Vec<u8> {
    let header = |tag: u8, len: usize| match u8::try_from(len).unwrap() {
        len @ 0..=0x7F => vec![tag, len],
        len => vec![tag, 0x81, len],
    };
    let integer = |octets: &[u8]| [header(2, octets.len()), octets.to_vec()].concat();
    let content = [integer(r), integer(s)].concat();
    [header(0x30, content.len()), content].concat()
}

#[test]
fn dsa() {
    for id in 0..=2 {
        let Some(Group::Dh(domain)) = Group::from_parameter_id(id) else {
            panic!("a group of RFC 5114")
        };
        let (p, q) = (domain.modulus().to_vec(), domain.order().unwrap().to_vec());
        let generator = crate::key_agreement::PublicKey::generator(&Group::Dh(domain));
        let g = generator.as_bytes().to_vec();
        let mut ctx = BigNumContext::new().unwrap();
        let x = {
            let mut x = BigNum::new().unwrap();
            number(&q).rand_range(&mut x).unwrap();
            x
        };
        let mut y = BigNum::new().unwrap();
        y.mod_exp(&number(&g), &x, &number(&p), &mut ctx).unwrap();
        let private = Dsa::from_private_components(
            number(&p),
            number(&q),
            number(&g),
            x,
            y.to_owned().unwrap(),
        )
        .unwrap();
        let key = VerifyingKey::Dsa(DsaPublicKey::new(&p, &q, &g, &y.to_vec()).unwrap());
        let pkey = PKey::from_dsa(private).unwrap();
        for hash in [
            HashAlgorithm::Sha1,
            HashAlgorithm::Sha224,
            HashAlgorithm::Sha256,
        ] {
            let scheme = SignatureScheme::Dsa(hash);
            for _ in 0..4 {
                let signature = Signer::new(md(hash), &pkey)
                    .unwrap()
                    .sign_oneshot_to_vec(MESSAGE)
                    .unwrap();
                assert_eq!(
                    verify(&key, &scheme, MESSAGE, &signature),
                    Ok(None),
                    "{key} {hash}"
                );
                assert_eq!(
                    verify(&key, &scheme, b"other", &signature),
                    Err(SignatureError::Invalid)
                );
                let parsed = super::ecdsa::Reading::der(&signature).unwrap();
                let (r, s) = (parsed.r, parsed.s);
                for (r, s) in [
                    (&[0][..], s),
                    (r, &[0]),
                    (&q, s),
                    (r, &q),
                    (s, r),
                    (&[1], &[1]),
                    (&[], &[]),
                ] {
                    assert_eq!(
                        verify(&key, &scheme, MESSAGE, &pair(r, s)),
                        Err(SignatureError::Invalid)
                    );
                }
            }
        }
        let bad: [[&[u8]; 4]; 6] = [
            [&p, &q, &g, &[1]],
            [&p, &q, &g, &p],
            [&p, &q, &[2], &y.to_vec()],
            [&p, &q, &g, &[2]],
            [&p[64..], &q, &g, &y.to_vec()],
            [&p, &q[4..], &g, &y.to_vec()],
        ];
        for [p, q, g, y] in bad {
            assert!(DsaPublicKey::new(p, q, g, y).is_none());
        }
    }
}
