use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer};

use super::super::*;
use super::{MESSAGE, md, number};

fn rsa_public(key: &Rsa<Private>) -> VerifyingKey {
    VerifyingKey::Rsa(RsaPublicKey::new(&key.n().to_vec(), &key.e().to_vec()).unwrap())
}

/// A key from two primes of the caller's.
fn rsa_from_primes(p: &BigNum, q: &BigNum, e: BigNum) -> Rsa<Private> {
    let mut ctx = BigNumContext::new().unwrap();
    let less_one = |n: &BigNum| {
        let mut m = BigNumRef::to_owned(n).unwrap();
        m.sub_word(1).unwrap();
        m
    };
    let [mut n, mut phi, mut d, mut dp, mut dq, mut qinv] =
        core::array::from_fn(|_| BigNum::new().unwrap());
    n.checked_mul(p, q, &mut ctx).unwrap();
    phi.checked_mul(&less_one(p), &less_one(q), &mut ctx)
        .unwrap();
    d.mod_inverse(&e, &phi, &mut ctx).unwrap();
    dp.nnmod(&d, &less_one(p), &mut ctx).unwrap();
    dq.nnmod(&d, &less_one(q), &mut ctx).unwrap();
    qinv.mod_inverse(q, p, &mut ctx).unwrap();
    Rsa::from_private_components(
        n,
        e,
        d,
        BigNumRef::to_owned(p).unwrap(),
        BigNumRef::to_owned(q).unwrap(),
        dp,
        dq,
        qinv,
    )
    .unwrap()
}

fn rsa_keys() -> Vec<Rsa<Private>> {
    let e = |e| BigNum::from_u32(e).unwrap();
    let large = BigNum::from_hex_str("0100000000000000000000000000000051").unwrap();
    let (p, q) = (
        BigNum::get_rfc3526_prime_6144().unwrap(),
        BigNum::get_rfc3526_prime_2048().unwrap(),
    );
    let mut keys = vec![
        Rsa::generate_with_e(1024, &e(3)).unwrap(),
        // 8k + 1 bits: the encoded message of PSS is an octet shorter than the signature.
        Rsa::generate_with_e(1025, &e(65537)).unwrap(),
        Rsa::generate_with_e(1030, &e(38_129)).unwrap(),
        Rsa::generate_with_e(2048, &e(65537)).unwrap(),
        rsa_from_primes(&p, &q, e(65537)),
    ];
    let small = Rsa::generate_with_e(1024, &e(65537)).unwrap();
    keys.push(rsa_from_primes(
        &small.p().unwrap().to_owned().unwrap(),
        &small.q().unwrap().to_owned().unwrap(),
        large,
    ));
    keys
}

#[test]
fn pkcs1v15_and_pss() {
    for private in rsa_keys() {
        let public = rsa_public(&private);
        let len = private.size() as usize;
        let pkey = PKey::from_rsa(private).unwrap();
        for hash in HashAlgorithm::ALL {
            let scheme = SignatureScheme::RsaPkcs1v15(hash);
            let signature = Signer::new(md(hash), &pkey)
                .unwrap()
                .sign_oneshot_to_vec(MESSAGE)
                .unwrap();
            check_rsa(&public, &scheme, &signature, len);

            let mgf_hashes = if len == 256 {
                &HashAlgorithm::ALL[..]
            } else {
                &[hash][..]
            };
            for mgf_hash in mgf_hashes {
                for salt_len in [0, 20, hash.output_len()] {
                    if hash.output_len() + salt_len + 2 > (pkey.bits() as usize - 1).div_ceil(8) {
                        continue;
                    }
                    let mut signer = Signer::new(md(hash), &pkey).unwrap();
                    signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
                    signer.set_rsa_mgf1_md(md(*mgf_hash)).unwrap();
                    signer
                        .set_rsa_pss_saltlen(RsaPssSaltlen::custom(salt_len as i32))
                        .unwrap();
                    let signature = signer.sign_oneshot_to_vec(MESSAGE).unwrap();
                    let scheme = SignatureScheme::RsaPss {
                        hash,
                        mgf_hash: *mgf_hash,
                        salt_len,
                    };
                    check_rsa(&public, &scheme, &signature, len);
                    for wrong in [salt_len + 1, 10_000, usize::MAX] {
                        let scheme = SignatureScheme::RsaPss {
                            hash,
                            mgf_hash: *mgf_hash,
                            salt_len: wrong,
                        };
                        assert_eq!(
                            verify(&public, &scheme, MESSAGE, &signature),
                            Err(SignatureError::Invalid)
                        );
                    }
                }
            }
        }
        assert_eq!(
            verify(
                &public,
                &SignatureScheme::Ecdsa(HashAlgorithm::Sha1),
                MESSAGE,
                &[]
            ),
            Err(SignatureError::KeyMismatch)
        );
    }
}

fn check_rsa(public: &VerifyingKey, scheme: &SignatureScheme, signature: &[u8], len: usize) {
    assert_eq!(
        verify(public, scheme, MESSAGE, signature),
        Ok(None),
        "{public} {scheme:?}"
    );
    let refused = |message: &[u8], signature: &[u8]| {
        assert_eq!(
            verify(public, scheme, message, signature),
            Err(SignatureError::Invalid)
        )
    };
    refused(b"something else", signature);
    let mut tampered = signature.to_vec();
    tampered[len / 2] ^= 1;
    for bad in [
        &tampered[..],
        &signature[1..],
        &[&[0], signature].concat(),
        &[],
        &vec![0; len],
        &vec![0xFF; len],
    ] {
        refused(MESSAGE, bad);
    }
    assert_eq!(
        verify_prehashed(public, scheme, &[0; 19], signature),
        Err(SignatureError::HashLength)
    );
    // The same residue with n added.
    if let VerifyingKey::Rsa(key) = public {
        let mut sum = BigNum::new().unwrap();
        sum.checked_add(&number(signature), &number(&key.modulus()))
            .unwrap();
        if sum.num_bytes() as usize <= len {
            refused(MESSAGE, &sum.to_vec_padded(len as i32).unwrap());
        }
    }
}

/// A DigestInfo without NULL, and others that are wrong in one thing.
#[test]
fn digest_info() {
    let private = Rsa::generate(2048).unwrap();
    let public = rsa_public(&private);
    let hash = HashAlgorithm::Sha256;
    let digest = hash.digest(MESSAGE);
    let sign = |begin: &str, fill: u8, end: &[u8]| {
        let tail = [&[0], &hex::decode(begin).unwrap()[..], &digest, end].concat();
        let encoded = [&[0, 1], &vec![fill; 254 - tail.len()][..], &tail].concat();
        let mut signature = vec![0; 256];
        private
            .private_encrypt(&encoded, &mut signature, Padding::NONE)
            .unwrap();
        verify(
            &public,
            &SignatureScheme::RsaPkcs1v15(hash),
            MESSAGE,
            &signature,
        )
    };
    let (with, without) = (
        "3031300d060960864801650304020105000420",
        "302f300b06096086480165030402010420",
    );
    assert_eq!(sign(with, 0xFF, &[]), Ok(None));
    assert_eq!(
        sign(without, 0xFF, &[]),
        Ok(Some(SignatureTolerance::DigestInfoWithoutNull))
    );
    let sha1 = "3021300906052b0e03021a05000414";
    for (begin, fill, end) in [
        (with, 0xFF, &[0][..]),
        (with, 0xFE, &[]),
        (without, 0x00, &[]),
        ("", 0xFF, &[]),
        (sha1, 0xFF, &[]),
        (without, 0xFF, &[5, 0]),
    ] {
        assert_eq!(sign(begin, fill, end), Err(SignatureError::Invalid));
    }
}

/// Bleichenbacher's forgery for e = 3: a cube that begins like a padded hash and ends in anything.
#[test]
fn cube_root_forgery_is_refused() {
    let private = Rsa::generate_with_e(3072, &BigNum::from_u32(3).unwrap()).unwrap();
    let VerifyingKey::Rsa(key) = rsa_public(&private) else {
        panic!("an RSA key")
    };
    let hash = HashAlgorithm::Sha256;
    let digest_info = hex::decode("3031300d060960864801650304020105000420").unwrap();
    let begin = [
        &[0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0],
        &digest_info[..],
        &hash.digest(MESSAGE),
    ]
    .concat();
    let mut target = begin.clone();
    target.resize(key.modulus_len(), 0xFF);
    // The greatest root whose cube does not exceed the target, bit by bit.
    let target = number(&target);
    let mut ctx = BigNumContext::new().unwrap();
    let mut root = BigNum::new().unwrap();
    for bit in (0..1025).rev() {
        let mut trial = root.to_owned().unwrap();
        trial.set_bit(bit).unwrap();
        let (mut square, mut cube) = (BigNum::new().unwrap(), BigNum::new().unwrap());
        square.sqr(&trial, &mut ctx).unwrap();
        cube.checked_mul(&square, &trial, &mut ctx).unwrap();
        if cube <= target {
            root = trial;
        }
    }
    let forged = root.to_vec_padded(key.modulus_len() as i32).unwrap();
    assert!(key.raise(&forged).unwrap().starts_with(&begin));
    let key = VerifyingKey::Rsa(key);
    assert_eq!(
        verify(&key, &SignatureScheme::RsaPkcs1v15(hash), MESSAGE, &forged),
        Err(SignatureError::Invalid)
    );
}

#[test]
fn keys_out_of_bounds_are_refused() {
    let n = |len: usize| {
        let mut n = vec![0xFF; len];
        n[0] = 0x80;
        n
    };
    let even = {
        let mut n = n(128);
        n[127] = 0;
        n
    };
    let bad = [
        (n(127), vec![3]),
        (n(1025), vec![3]),
        (even, vec![3]),
        (n(128), vec![2]),
        (n(128), vec![1]),
        (n(128), vec![]),
        (vec![], vec![3]),
        (n(128), vec![0xFF; 33]),
    ];
    for (n, e) in bad {
        assert!(RsaPublicKey::new(&n, &e).is_none());
    }
    let padded = [vec![0; 2000], n(1024)].concat();
    assert_eq!(RsaPublicKey::new(&padded, &[0, 3]).unwrap().bits(), 8192);
}
