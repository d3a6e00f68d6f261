#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::dsa::Dsa;
use openssl::ec::{EcGroup, EcKey, EcPoint, PointConversionForm};
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer};

use super::*;
use crate::crypto::curve::openssl_nid;
use crate::crypto::key_agreement::Group;

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

/// The shortest unsigned octets with a leading zero where DER wants one.
fn unsigned(n: &BigNum) -> Vec<u8> {
    let octets = n.to_vec();
    match octets.first() {
        Some(0x80..) | None => [&[0], &octets[..]].concat(),
        _ => octets,
    }
}

struct EcPair {
    private: EcKey<Private>,
    public: VerifyingKey,
}

impl EcPair {
    fn new(curve: NamedCurve) -> Self {
        let group = EcGroup::from_curve_name(openssl_nid(curve)).unwrap();
        let private = EcKey::generate(&group).unwrap();
        let mut ctx = BigNumContext::new().unwrap();
        let form = PointConversionForm::UNCOMPRESSED;
        let point = private
            .public_key()
            .to_bytes(&group, form, &mut ctx)
            .unwrap();
        let public = VerifyingKey::Ec(EcPublicKey::new(curve, &point).unwrap());
        Self { private, public }
    }
}

/// Every curve with every hash, signed by OpenSSL; the same by RustCrypto where it has the curve.
#[test]
fn ecdsa_on_every_curve_with_every_hash() {
    for curve in NamedCurve::ALL {
        for round in 0..3 {
            let pair = EcPair::new(curve);
            for hash in HashAlgorithm::ALL {
                let prehash = hash.digest(MESSAGE);
                let signature = EcdsaSig::sign(&prehash, &pair.private).unwrap();
                let der = signature.to_der().unwrap();
                let scheme = SignatureScheme::Ecdsa(hash);
                assert_eq!(
                    verify(&pair.public, &scheme, MESSAGE, &der),
                    Ok(None),
                    "{curve} {hash}"
                );
                let len = curve.order_len() as i32;
                let r = signature.r().to_vec_padded(len).unwrap();
                let s = signature.s().to_vec_padded(len).unwrap();
                let plain = [&r[..], &s].concat();
                assert_eq!(
                    verify(
                        &pair.public,
                        &SignatureScheme::EcdsaPlain(hash),
                        MESSAGE,
                        &plain
                    ),
                    Ok(None)
                );

                let mut tampered = prehash.clone();
                tampered[round] ^= 1;
                assert_eq!(
                    verify_prehashed(&pair.public, &scheme, &tampered, &der),
                    Err(SignatureError::Invalid)
                );
                let other = EcPair::new(curve).public;
                assert_eq!(
                    verify(&other, &scheme, MESSAGE, &der),
                    Err(SignatureError::Invalid)
                );
                assert_eq!(
                    verify_prehashed(&pair.public, &scheme, &prehash[1..], &der),
                    Err(SignatureError::HashLength)
                );
                if let Some(by_peer) = rustcrypto(&pair.public, &prehash, &r, &s) {
                    assert!(by_peer, "{curve} {hash}");
                    assert_eq!(rustcrypto(&pair.public, &tampered, &r, &s), Some(false));
                }
            }
        }
    }
}

/// What the published curve crates say; `None` for curves they have not.
fn rustcrypto(key: &VerifyingKey, prehash: &[u8], r: &[u8], s: &[u8]) -> Option<bool> {
    fn run<C>(point: &[u8], prehash: &[u8], r: &[u8], s: &[u8]) -> bool
    where
        C: ::ecdsa::EcdsaCurve + primeorder::PrimeCurveParams,
    {
        use elliptic_curve::sec1::FromSec1Point;
        let point = elliptic_curve::sec1::Sec1Point::<C>::from_bytes(point).unwrap();
        let point = primeorder::AffinePoint::<C>::from_sec1_point(&point)
            .into_option()
            .unwrap();
        let scalar = |octets: &[u8]| elliptic_curve::FieldBytes::<C>::try_from(octets).unwrap();
        ::ecdsa::Signature::<C>::from_scalars(scalar(r), scalar(s))
            .and_then(|signature| {
                ::ecdsa::hazmat::verify_prehashed(&point.into(), prehash, &signature)
            })
            .is_ok()
    }
    let VerifyingKey::Ec(key) = key else {
        return None;
    };
    let run = match key.curve() {
        NamedCurve::P256 => run::<p256::NistP256>,
        NamedCurve::P384 => run::<p384::NistP384>,
        NamedCurve::P521 => run::<p521::NistP521>,
        NamedCurve::BrainpoolP256r1 => run::<bp256::BrainpoolP256r1>,
        NamedCurve::BrainpoolP384r1 => run::<bp384::BrainpoolP384r1>,
        _ => return None,
    };
    Some(run(key.point(), prehash, r, s))
}

#[test]
fn ecdsa_encodings_are_tolerated_by_name_and_forgeries_refused() {
    let hash = HashAlgorithm::Sha256;
    let (der, plain) = (
        SignatureScheme::Ecdsa(hash),
        SignatureScheme::EcdsaPlain(hash),
    );
    for curve in NamedCurve::ALL {
        let key = EcPair::new(curve);
        let own = curve.parameters();
        let len = curve.order_len();
        // A pair whose halves have the top bit set, except on P-521, where no number in range has it.
        let (r, s) = loop {
            let signature = EcdsaSig::sign(&hash.digest(MESSAGE), &key.private).unwrap();
            let halves =
                [signature.r(), signature.s()].map(|n| n.to_vec_padded(len as i32).unwrap());
            if curve == NamedCurve::P521 || halves.iter().all(|half| half[0] & 0x80 != 0) {
                break <(Vec<u8>, Vec<u8>)>::from(halves);
            }
        };
        let zeros = |octets: &[u8], count| [vec![0; count], octets.to_vec()].concat();
        let good = pair(&unsigned(&number(&r)), &unsigned(&number(&s)));
        let mut readings = vec![
            (der, good.clone(), None),
            (
                der,
                pair(&zeros(&r, 2), &zeros(&s, 2)),
                Some(SignatureTolerance::PaddedInteger),
            ),
            (
                der,
                [&r[..], &s].concat(),
                Some(SignatureTolerance::PlainForDer),
            ),
            (plain, [&r[..], &s].concat(), None),
            (plain, good.clone(), Some(SignatureTolerance::DerForPlain)),
            (
                plain,
                [zeros(&r, 3), zeros(&s, 3)].concat(),
                Some(SignatureTolerance::UnevenLength),
            ),
        ];
        if curve != NamedCurve::P521 {
            readings.push((der, pair(&r, &s), Some(SignatureTolerance::NegativeInteger)));
        }
        for (scheme, signature, tolerance) in readings {
            assert_eq!(
                verify(&key.public, &scheme, MESSAGE, &signature),
                Ok(tolerance),
                "{curve}"
            );
        }

        let plus_n = |octets: &[u8]| {
            let mut sum = BigNum::new().unwrap();
            sum.checked_add(&number(octets), &number(own.n)).unwrap();
            sum.to_vec_padded(len as i32 + 1).unwrap()
        };
        let (zero, one, n) = (vec![0; len], zeros(&[1], len - 1), own.n.to_vec());
        let forged = [
            [&zero[..], &s].concat(),
            [&r[..], &zero].concat(),
            [&zero[..], &zero].concat(),
            [&n[..], &s].concat(),
            [&r[..], &n].concat(),
            [&n[..], &n].concat(),
            [plus_n(&r), zeros(&s, 1)].concat(),
            [zeros(&r, 1), plus_n(&s)].concat(),
            [&r[..], &one].concat(),
            [&one[..], &one].concat(),
            [&s[..], &r].concat(),
            vec![0xFF; 2 * len],
            vec![],
            vec![0x30],
            vec![0x30, 0],
            vec![0; 2 * len + 1],
            r.clone(),
            [&r[..], &s, &[0]].concat(),
        ];
        for signature in forged {
            for scheme in [der, plain] {
                assert_eq!(
                    verify(&key.public, &scheme, MESSAGE, &signature),
                    Err(SignatureError::Invalid),
                    "{curve}"
                );
            }
        }
        for signature in [
            [&good[..], &[0]].concat(),
            good[..good.len() - 1].to_vec(),
            pair(&[], &s),
            pair(&r, &[]),
            pair(&[0], &[0]),
        ] {
            assert_eq!(
                verify(&key.public, &der, MESSAGE, &signature),
                Err(SignatureError::Invalid)
            );
        }
        assert_eq!(
            verify(
                &key.public,
                &SignatureScheme::RsaPkcs1v15(hash),
                MESSAGE,
                &good
            ),
            Err(SignatureError::KeyMismatch)
        );
        assert_eq!(
            verify(&key.public, &SignatureScheme::Dsa(hash), MESSAGE, &good),
            Err(SignatureError::KeyMismatch)
        );
    }
}

/// x(R) between n and p, so that r = x(R) - n: Q = (s·R - z·G)/r for any s and z.
#[test]
fn ecdsa_accepts_an_x_coordinate_above_the_order() {
    let mut tried = 0;
    for curve in NamedCurve::ALL {
        let own = curve.parameters();
        if own.n >= own.p {
            continue;
        }
        tried += 1;
        let group = EcGroup::from_curve_name(openssl_nid(curve)).unwrap();
        let mut ctx = BigNumContext::new().unwrap();
        let n = number(own.n);
        let (r, point) = (1u32..)
            .find_map(|r| {
                let mut x = number(own.n);
                x.add_word(r).unwrap();
                let x = x.to_vec_padded(own.p.len() as i32).unwrap();
                let point = EcPoint::from_bytes(&group, &[&[2], &x[..]].concat(), &mut ctx).ok()?;
                Some((BigNum::from_u32(r).unwrap(), point))
            })
            .unwrap();
        let prehash = HashAlgorithm::Sha1.digest(MESSAGE);
        let s = BigNum::from_u32(1_234_567).unwrap();
        let mut inverse = BigNum::new().unwrap();
        inverse.mod_inverse(&r, &n, &mut ctx).unwrap();
        let [mut u, mut v, mut minus_z] = core::array::from_fn(|_| BigNum::new().unwrap());
        minus_z
            .mod_sub(&n, &number(&prehash), &n, &mut ctx)
            .unwrap();
        u.mod_mul(&minus_z, &inverse, &n, &mut ctx).unwrap();
        v.mod_mul(&s, &inverse, &n, &mut ctx).unwrap();
        let mut q = EcPoint::new(&group).unwrap();
        q.mul_full(&group, &u, &point, &v, &mut ctx).unwrap();
        let key = EcKey::from_public_key(&group, &q).unwrap();
        let signature = EcdsaSig::from_private_components(r, s).unwrap();
        assert!(signature.verify(&prehash, &key).unwrap());
        let q = q
            .to_bytes(&group, PointConversionForm::UNCOMPRESSED, &mut ctx)
            .unwrap();
        let key = VerifyingKey::Ec(EcPublicKey::new(curve, &q).unwrap());
        let der = signature.to_der().unwrap();
        assert_eq!(
            verify(
                &key,
                &SignatureScheme::Ecdsa(HashAlgorithm::Sha1),
                MESSAGE,
                &der
            ),
            Ok(None),
            "{curve}"
        );
    }
    assert!(tried > 0);
}

#[test]
fn points_off_the_curve_are_no_keys() {
    for curve in NamedCurve::ALL {
        let own = curve.parameters();
        let good = [&[4], own.gx, own.gy].concat();
        assert_eq!(EcPublicKey::new(curve, &good).unwrap().point(), good);
        let mut off = good.clone();
        *off.last_mut().unwrap() ^= 1;
        let compressed = [&[2 + (own.gy.last().unwrap() & 1)], own.gx].concat();
        for bad in [
            &off[..],
            &compressed,
            &good[1..],
            &good[..good.len() - 1],
            &[good.clone(), vec![0]].concat(),
            &[&[4], own.p, own.gy].concat(),
            &[0],
            &[],
            &[&[4], &vec![0; 2 * own.p.len()][..]].concat(),
        ] {
            assert!(EcPublicKey::new(curve, bad).is_none(), "{curve}");
        }
    }
}

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
fn rsa_pkcs1v15_and_pss() {
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
fn rsa_digest_info() {
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
fn rsa_cube_root_forgery_is_refused() {
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
fn rsa_keys_out_of_bounds_are_refused() {
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

#[test]
fn dsa() {
    for id in 0..=2 {
        let Some(Group::Dh(domain)) = Group::from_parameter_id(id) else {
            panic!("a group of RFC 5114")
        };
        let (p, q) = (domain.modulus().to_vec(), domain.order().unwrap().to_vec());
        let generator = crate::crypto::key_agreement::PublicKey::generator(&Group::Dh(domain));
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

#[test]
fn debug_shows_no_key() {
    let key = EcPair::new(NamedCurve::P256).public;
    assert_eq!(
        format!("{key:?} {key}"),
        "Ec(EcPublicKey(NIST P-256)) ECDSA, NIST P-256"
    );
}
