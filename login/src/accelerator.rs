//! ECDSA on the NIST curves by AWS-LC, in the place of the library's own engine: a server verifies many signatures a second,
//! and may have C in it. All other curves, and numbers that AWS-LC does not take, stay with the library.

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
    EcdsaVerificationAlgorithm, ParsedPublicKey,
};
use icao::crypto::curve::NamedCurve;
use icao::crypto::signature::{self, EcdsaEngine, OwnEcdsaEngine, PreparedKey};

/// The engine; [`install`] puts it in place.
#[derive(Debug)]
pub struct Accelerator;

/// Has all ECDSA signatures of documents checked by [`Accelerator`]. A second call changes nothing.
pub fn install() {
    // Only this program puts one in place, and it is always this one.
    let _installed = signature::use_ecdsa_engine(&Accelerator);
}

/// A NIST curve at AWS-LC.
struct Curve {
    algorithm: &'static EcdsaVerificationAlgorithm,
    /// Names a length: what is passed is a number already.
    digest: &'static digest::Algorithm,
    /// Length of a hash of that name, octets.
    digest_len: usize,
    /// Length of r and of s, octets.
    order_len: usize,
}

impl Curve {
    fn of(curve: NamedCurve) -> Option<Self> {
        let (algorithm, digest, digest_len) = match curve {
            NamedCurve::P256 => (&ECDSA_P256_SHA256_FIXED, &digest::SHA256, 32),
            NamedCurve::P384 => (&ECDSA_P384_SHA384_FIXED, &digest::SHA384, 48),
            NamedCurve::P521 => (&ECDSA_P521_SHA512_FIXED, &digest::SHA512, 64),
            _ => return None,
        };
        Some(Self {
            algorithm,
            digest,
            digest_len,
            order_len: curve.order_len(),
        })
    }

    fn key(&self, x: &[u8], y: &[u8]) -> Option<ParsedPublicKey> {
        ParsedPublicKey::new(self.algorithm, [&[4], x, y].concat()).ok()
    }

    /// Any hash goes with any curve: what a signature is over is the number that the leftmost bits of the hash are
    /// (FIPS 186-4 6.4), and a number has as many zeros before it as AWS-LC wants.
    fn verify(&self, key: &ParsedPublicKey, prehash: &[u8], r: &[u8], s: &[u8]) -> bool {
        let leftmost = prehash.get(..self.digest_len).unwrap_or(prehash);
        let (Some(number), Some(r), Some(s)) = (
            filled(leftmost, self.digest_len),
            filled(r, self.order_len),
            filled(s, self.order_len),
        ) else {
            // r or s is beyond the order.
            return false;
        };
        Digest::import_less_safe(&number, self.digest)
            .is_ok_and(|digest| key.verify_digest_sig(&digest, &[r, s].concat()).is_ok())
    }
}

/// The number with zeros before it, in so many octets; `None` if it is larger.
fn filled(number: &[u8], len: usize) -> Option<Vec<u8>> {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    let significant = number.get(zeros..)?;
    let mut filled = vec![0; len.checked_sub(significant.len())?];
    filled.extend_from_slice(significant);
    Some(filled)
}

impl EcdsaEngine for Accelerator {
    fn verify(
        &self,
        curve: NamedCurve,
        x: &[u8],
        y: &[u8],
        prehash: &[u8],
        r: &[u8],
        s: &[u8],
    ) -> bool {
        match Curve::of(curve) {
            Some(nist) => nist
                .key(x, y)
                .is_some_and(|key| nist.verify(&key, prehash, r, s)),
            None => OwnEcdsaEngine.verify(curve, x, y, prehash, r, s),
        }
    }

    fn prepare(&self, curve: NamedCurve, x: &[u8], y: &[u8]) -> Option<Box<dyn PreparedKey>> {
        match Curve::of(curve) {
            Some(nist) => {
                let key = nist.key(x, y)?;
                Some(Box::new(Prepared { nist, key }))
            }
            None => OwnEcdsaEngine.prepare(curve, x, y),
        }
    }
}

struct Prepared {
    nist: Curve,
    key: ParsedPublicKey,
}

impl PreparedKey for Prepared {
    fn verify(&self, prehash: &[u8], r: &[u8], s: &[u8]) -> bool {
        self.nist.verify(&self.key, prehash, r, s)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use icao::crypto::hash::HashAlgorithm;
    use openssl::bn::{BigNum, BigNumContext};
    use openssl::ec::{EcGroup, EcKey};
    use openssl::ecdsa::EcdsaSig;
    use openssl::nid::Nid;

    const CURVES: [(NamedCurve, Nid); 3] = [
        (NamedCurve::P256, Nid::X9_62_PRIME256V1),
        (NamedCurve::P384, Nid::SECP384R1),
        (NamedCurve::P521, Nid::SECP521R1),
    ];

    /// What both engines say, prepared or not; they must not differ.
    fn both(curve: NamedCurve, [x, y]: [&[u8]; 2], hash: &[u8], r: &[u8], s: &[u8]) -> bool {
        let own = OwnEcdsaEngine.verify(curve, x, y, hash, r, s);
        let engines: [&dyn EcdsaEngine; 2] = [&OwnEcdsaEngine, &Accelerator];
        for engine in engines {
            assert_eq!(engine.verify(curve, x, y, hash, r, s), own, "{curve}");
            let prepared = engine.prepare(curve, x, y).unwrap();
            assert_eq!(prepared.verify(hash, r, s), own, "{curve}");
        }
        own
    }

    #[test]
    fn says_what_the_library_says() {
        for (curve, nid) in CURVES {
            let group = EcGroup::from_curve_name(nid).unwrap();
            let key = EcKey::generate(&group).unwrap();
            let mut context = BigNumContext::new().unwrap();
            let (mut x, mut y) = (BigNum::new().unwrap(), BigNum::new().unwrap());
            key.public_key()
                .affine_coordinates(&group, &mut x, &mut y, &mut context)
                .unwrap();
            let len = i32::try_from(curve.field_len()).unwrap();
            let (x, y) = (x.to_vec_padded(len).unwrap(), y.to_vec_padded(len).unwrap());
            let point = [&x[..], &y];
            let order = curve.parameters().n;
            for hash in HashAlgorithm::ALL {
                let hash = hash.digest(b"specimen");
                let signature = EcdsaSig::sign(&hash, &key).unwrap();
                let (r, s) = (signature.r().to_vec(), signature.s().to_vec());
                assert!(both(curve, point, &hash, &r, &s), "{curve}");
                let padded = [&[0; 3], &r[..]].concat();
                assert!(both(curve, point, &hash, &padded, &s), "{curve}");

                let mut other = hash.clone();
                other[0] ^= 1;
                assert!(!both(curve, point, &other, &r, &s));
                assert!(!both(curve, point, &hash, &s, &r));
                for bad in [&[][..], &[0], order, &[&[1], order].concat()] {
                    assert!(!both(curve, point, &hash, bad, &s));
                    assert!(!both(curve, point, &hash, &r, bad));
                }
                // r + n is the same number modulo n, and no signature.
                let sum = signature.r() + &*BigNum::from_slice(order).unwrap();
                assert!(!both(curve, point, &hash, &sum.to_vec(), &s));
            }
            // A point that is not on the curve is no key.
            for engine in [&OwnEcdsaEngine as &dyn EcdsaEngine, &Accelerator] {
                assert!(engine.prepare(curve, &y, &x).is_none());
                assert!(!engine.verify(curve, &y, &x, &[1; 32], &[1], &[1]));
            }
        }
    }

    #[test]
    fn leaves_other_curves_to_the_library() {
        let curve = NamedCurve::BrainpoolP320r1;
        let own = curve.parameters();
        assert!(Curve::of(curve).is_none());
        assert!(Accelerator.prepare(curve, own.gx, own.gy).is_some());
    }
}
