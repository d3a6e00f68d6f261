//! ECDSA signing and other arithmetic modulo the orders of the curves of Doc 9303-11, 9.5.1, for simulated issuers and chips
//! only.
//!
//! The keys are worthless and public, so nothing here is constant time.

use crypto_bigint::{BoxedUint, NonZero, Odd};

use crate::crypto::curve::NamedCurve;
use crate::crypto::hash::HashAlgorithm;
use crate::crypto::key_agreement::{Group, SecretKey};
use crate::tlv;

/// Signs `digest`; returns r and s, each as long as the order of the curve. The secret number of the signature follows
/// from key and digest, so that the same document is signed the same way everywhere.
///
/// `None` if `key` is no private key of the curve.
pub(super) fn sign(curve: NamedCurve, key: &[u8], digest: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let len = curve.order_len();
    let precision = u32::try_from(len * 8).ok()?.next_multiple_of(64);
    let number = |bytes: &[u8]| BoxedUint::from_be_slice(significant(bytes), precision).ok();
    let n = number(curve.parameters().n)?;
    let odd: Odd<BoxedUint> = Odd::new(n.clone()).into_option()?;
    let n: NonZero<BoxedUint> = NonZero::new(n).into_option()?;
    let d = number(key)?;
    // The leftmost bits of the digest, as many as the order has (FIPS 186-5, 6.4.1).
    let cut = digest.get(..len.min(digest.len()))?;
    let surplus = u32::try_from(cut.len() * 8).ok()?.saturating_sub(n.bits());
    let e = number(cut)?.shr(surplus).rem(&n);
    for attempt in 0u8..=u8::MAX {
        let k = number(&secret_number(key, digest, attempt, len))?.rem(&n);
        let Ok(secret) = SecretKey::from_bytes(&Group::Curve(curve), &fixed(&k, len)) else {
            continue;
        };
        // Field and order are equally long on all these curves.
        let x = secret.public_key().ok()?.as_bytes().get(1..=len)?.to_vec();
        let r = number(&x)?.rem(&n);
        let inverse: BoxedUint = k.invert_odd_mod(&odd).into_option()?;
        let s = r.mul_mod(&d, &n).add_mod(&e, &n).mul_mod(&inverse, &n);
        if !bool::from(r.is_zero()) && !bool::from(s.is_zero()) {
            return Some((fixed(&r, len), fixed(&s, len)));
        }
    }
    None
}

/// `number`, no longer than the order of the curve, modulo that order; as long as that.
pub(super) fn reduce(curve: NamedCurve, number: &[u8]) -> Option<Vec<u8>> {
    let len = curve.order_len();
    let precision = u32::try_from(len * 8).ok()?.next_multiple_of(64);
    let n = BoxedUint::from_be_slice(curve.parameters().n, precision).ok()?;
    let n: NonZero<BoxedUint> = NonZero::new(n).into_option()?;
    let number = BoxedUint::from_be_slice(significant(number), precision).ok()?;
    Some(fixed(&number.rem(&n), len))
}

/// `numerator` / `denominator` modulo the order of the curve, as long as that; `None` if the denominator is zero.
pub(super) fn divide(curve: NamedCurve, numerator: &[u8], denominator: &[u8]) -> Option<Vec<u8>> {
    let len = curve.order_len();
    let precision = u32::try_from(len * 8).ok()?.next_multiple_of(64);
    let number = |bytes: &[u8]| BoxedUint::from_be_slice(significant(bytes), precision).ok();
    let n = number(curve.parameters().n)?;
    let odd: Odd<BoxedUint> = Odd::new(n.clone()).into_option()?;
    let n: NonZero<BoxedUint> = NonZero::new(n).into_option()?;
    let inverse: BoxedUint = number(denominator)?.invert_odd_mod(&odd).into_option()?;
    Some(fixed(&number(numerator)?.mul_mod(&inverse, &n), len))
}

/// DER SEQUENCE of the two INTEGERs.
pub(super) fn to_der(r: &[u8], s: &[u8]) -> Vec<u8> {
    tlv::encode(0x30, &[unsigned_integer(r), unsigned_integer(s)].concat())
}

/// DER INTEGER of an unsigned big-endian number.
pub(super) fn unsigned_integer(bytes: &[u8]) -> Vec<u8> {
    let mut value = significant(bytes).to_vec();
    if value.first().is_none_or(|byte| *byte & 0x80 != 0) {
        value.insert(0, 0);
    }
    tlv::encode(0x02, &value)
}

fn secret_number(key: &[u8], digest: &[u8], attempt: u8, len: usize) -> Vec<u8> {
    let mut number = Vec::new();
    for counter in 0u8..=u8::MAX {
        if number.len() >= len {
            break;
        }
        number.extend(HashAlgorithm::Sha512.digest_parts(&[key, digest, &[attempt, counter]]));
    }
    number.truncate(len);
    number
}

/// Without leading zeros.
pub(super) fn significant(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

/// `number` in exactly `len` bytes, of which it has no more.
pub(super) fn fixed(number: &BoxedUint, len: usize) -> Vec<u8> {
    let all = number.to_be_bytes();
    let mut out = vec![0; len.saturating_sub(all.len())];
    out.extend_from_slice(&all[all.len().saturating_sub(len)..]);
    out
}
