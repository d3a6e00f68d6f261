use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcPoint, PointConversionForm};
use openssl::ecdsa::EcdsaSig;
use openssl::pkey::Private;

use super::super::*;
use super::{MESSAGE, number, pair};
use crate::curve::openssl_nid;

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
fn on_every_curve_with_every_hash() {
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
fn encodings_are_tolerated_by_name_and_forgeries_refused() {
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
fn x_coordinate_above_the_order() {
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

#[test]
fn debug_shows_no_key() {
    let key = EcPair::new(NamedCurve::P256).public;
    assert_eq!(
        format!("{key:?} {key}"),
        "Ec(EcPublicKey(NIST P-256)) ECDSA, NIST P-256"
    );
}

/// What is prepared for many signatures says the same as what is not.
#[test]
fn prepared_keys_agree_with_fresh_ones() {
    for curve in NamedCurve::ALL {
        let key = EcPair::new(curve);
        let VerifyingKey::Ec(public) = &key.public else {
            panic!("a key on a curve")
        };
        for round in 0..6u8 {
            let hash = HashAlgorithm::Sha256.digest(&[round]);
            let signature = EcdsaSig::sign(&hash, &key.private)
                .unwrap()
                .to_der()
                .unwrap();
            for changed in [false, true] {
                let mut hash = hash.clone();
                hash[0] ^= u8::from(changed);
                let fresh = EcPublicKey::new(curve, public.point()).unwrap();
                let due = super::super::ecdsa::Encoding::Der;
                let expected = fresh.verify(due, &hash, &signature);
                assert_eq!(public.verify(due, &hash, &signature), expected, "{curve}");
                assert_eq!(expected.is_ok(), !changed, "{curve}");
            }
        }
    }
}
