//! DSA signatures (FIPS 186-4 4.7), which a few old issuers still have in their certificates.

use core::fmt;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, NonZero, Odd};

use super::ecdsa::Reading;
use super::{SignatureError, SignatureTolerance};
use crate::curve::significant;

/// A DSA public key with p of 1024 to 4096 bits and q of 160 to 256 bits.
#[derive(Clone)]
pub struct DsaPublicKey {
    p: BoxedMontyParams,
    q: Odd<BoxedUint>,
    g: BoxedUint,
    y: BoxedUint,
}

impl DsaPublicKey {
    /// A key from its parameters, unsigned big-endian. `None` if they are out of bounds or g or y is not of order q.
    pub fn new(p: &[u8], q: &[u8], g: &[u8], y: &[u8]) -> Option<Self> {
        let (p, q) = (significant(p), significant(q));
        if !(128..=512).contains(&p.len()) || !(20..=32).contains(&q.len()) {
            return None;
        }
        let bits = 8 * u32::try_from(p.len()).ok()?;
        let number = |octets| BoxedUint::from_be_slice(significant(octets), bits).ok();
        let modulus = number(p)?;
        let one = BoxedUint::one();
        let element = |octets| number(octets).filter(|n| *n > one && *n < modulus);
        let key = Self {
            g: element(g)?,
            y: element(y)?,
            q: Odd::new(BoxedUint::from_be_slice_vartime(q)).into_option()?,
            p: BoxedMontyParams::new_vartime(Odd::new(modulus).into_option()?),
        };
        let of_order_q = |base| key.power(base, key.q.as_ref()).retrieve() == one;
        (of_order_q(&key.g) && of_order_q(&key.y)).then_some(key)
    }

    /// Length of p in bits.
    pub fn bits(&self) -> usize {
        self.p.modulus().as_ref().bits() as usize
    }

    pub(super) fn verify(
        &self,
        prehash: &[u8],
        signature: &[u8],
    ) -> Result<Option<SignatureTolerance>, SignatureError> {
        Reading::der(signature)
            .filter(|reading| self.matches(prehash, reading.r, reading.s).unwrap_or(false))
            .map(|reading| reading.tolerance)
            .ok_or(SignatureError::Invalid)
    }

    /// Whether r = (g^(z/s) · y^(r/s) mod p) mod q, with z the leftmost bits of the hash.
    fn matches(&self, prehash: &[u8], r: &[u8], s: &[u8]) -> Option<bool> {
        let q: &NonZero<BoxedUint> = self.q.as_nz_ref();
        let bits = q.as_ref().bits();
        let scalar = |octets| {
            let octets = significant(octets);
            (octets.len() <= 32)
                .then(|| BoxedUint::from_be_slice_vartime(octets))
                .filter(|n| !bool::from(n.is_zero()) && n < q.as_ref())
        };
        let (r, s) = (scalar(r)?, scalar(s)?);
        let kept = prehash.get(..bits.div_ceil(8) as usize).unwrap_or(prehash);
        let surplus = (8 * kept.len() as u32).saturating_sub(bits);
        let z = BoxedUint::from_be_slice_vartime(kept).shr_vartime(surplus)?;
        let w = s.invert_odd_mod_vartime(&self.q).into_option()?;
        let (u1, u2) = (z.mul_mod(&w, q), r.mul_mod(&w, q));
        let v = self
            .power(&self.g, &u1)
            .mul(&self.power(&self.y, &u2))
            .retrieve();
        Some(v.rem_vartime(q) == r)
    }

    fn power(&self, base: &BoxedUint, exponent: &BoxedUint) -> BoxedMontyForm {
        BoxedMontyForm::new(base.clone(), &self.p).pow(exponent)
    }
}

impl PartialEq for DsaPublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.p.modulus() == other.p.modulus()
            && self.q == other.q
            && self.g == other.g
            && self.y == other.y
    }
}

impl Eq for DsaPublicKey {}

impl fmt::Debug for DsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DsaPublicKey({} bits)", self.bits())
    }
}
