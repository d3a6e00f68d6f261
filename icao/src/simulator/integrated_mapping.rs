//! Integrated Mapping, the chip's part (Doc 9303-11, 4.4.3.3.2 and appendix B.2): from both nonces to a generator.
//!
//! The chip's nonce is no secret worth keeping in a simulator, so this is plain arithmetic in variable time.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, NonZero, Odd, Resize};

use super::ecdsa::{fixed, significant};
use crate::crypto::cipher::CipherSuite;
use crate::crypto::key_agreement::{DhGroup, Group, PublicKey};

/// Length of the nonce s in bytes: one key, or two blocks where the key is longer than a block.
pub(super) fn nonce_len(suite: CipherSuite) -> usize {
    if suite.key_len() > 16 { 32 } else { 16 }
}

/// The generator for nonce `s` of the chip and `t` of the terminal; `None` if a length is wrong or the map is undefined, as
/// it is for secp224r1, whose field is no p ≡ 3 mod 4.
pub(super) fn generator(
    group: &Group,
    suite: CipherSuite,
    s: &[u8],
    t: &[u8],
) -> Option<PublicKey> {
    if t.len() != suite.key_len() || s.len() != nonce_len(suite) {
        return None;
    }
    match group {
        Group::Curve(curve) => {
            let parameters = curve.parameters();
            let field = Field::new(parameters.p)?;
            let x = field.element(&pseudo_random(suite, s, t, field.bits)?)?;
            let (x, y) = field.encode(
                &x,
                &field.element(parameters.a)?,
                &field.element(parameters.b)?,
            )?;
            let len = curve.field_len();
            let point = [&[4][..], &field.bytes(&x, len), &field.bytes(&y, len)].concat();
            PublicKey::from_bytes(group, &point).ok()
        }
        Group::Dh(parameters) => {
            let field = Field::new(parameters.modulus())?;
            let x = field.element(&pseudo_random(suite, s, t, field.bits)?)?;
            let power = x.pow(&cofactor(parameters, &field)?);
            let bytes = field.bytes(&power, parameters.modulus().len());
            PublicKey::from_bytes(group, &bytes).ok()
        }
    }
}

/// (p − 1) / q.
fn cofactor(group: &DhGroup, field: &Field) -> Option<BoxedUint> {
    let q = BoxedUint::from_be_slice(group.order()?, field.precision).ok()?;
    let q: NonZero<BoxedUint> = NonZero::new(q).into_option()?;
    let (quotient, _) = field.minus(1).div_rem(&q);
    Some(quotient)
}

/// The pseudo-random function R(s, t), at least 64 bits longer than the field.
fn pseudo_random(suite: CipherSuite, s: &[u8], t: &[u8], bits: u32) -> Option<Vec<u8>> {
    let (c0, c1) = if s.len() == 16 {
        (
            &u128_bytes(0xA668_892A_7C41_E3CA_739F_40B0_57D8_5904)[..],
            &u128_bytes(0xA4E1_36AC_725F_738B_01C1_F602_17C1_88AD)[..],
        )
    } else {
        (&C0_256[..], &C1_256[..])
    };
    let zero_iv = vec![0; suite.block_len()];
    let encrypt = |key: &[u8], data: &[u8]| {
        let key = key.get(..suite.key_len())?;
        suite.cbc_encrypt(key, &zero_iv, data).ok()
    };
    let mut key = encrypt(t, s)?;
    let mut random = Vec::new();
    while u32::try_from(random.len() * 8).ok()? < bits + 64 {
        random.extend(encrypt(&key, c1)?);
        key = encrypt(&key, c0)?;
    }
    Some(random)
}

const fn u128_bytes(number: u128) -> [u8; 16] {
    number.to_be_bytes()
}

const C0_256: [u8; 32] = [
    0xD4, 0x63, 0xD6, 0x52, 0x34, 0x12, 0x4E, 0xF7, 0x89, 0x70, 0x54, 0x98, 0x6D, 0xCA, 0x0A, 0x17,
    0x4E, 0x28, 0xDF, 0x75, 0x8C, 0xBA, 0xA0, 0x3F, 0x24, 0x06, 0x16, 0x41, 0x4D, 0x5A, 0x16, 0x76,
];
const C1_256: [u8; 32] = [
    0x54, 0xBD, 0x72, 0x55, 0xF0, 0xAA, 0xF8, 0x31, 0xBE, 0xC3, 0x42, 0x3F, 0xCF, 0x39, 0xD6, 0x9B,
    0x6C, 0xBF, 0x06, 0x66, 0x77, 0xD0, 0xFA, 0xAE, 0x5A, 0xAD, 0xD9, 0x9D, 0xF8, 0xE5, 0x35, 0x17,
];

/// The integers modulo a prime p.
struct Field {
    p: NonZero<BoxedUint>,
    montgomery: BoxedMontyParams,
    precision: u32,
    bits: u32,
}

impl Field {
    fn new(p: &[u8]) -> Option<Self> {
        let p = significant(p);
        let precision = u32::try_from(p.len() * 8).ok()?.next_multiple_of(64);
        let p = BoxedUint::from_be_slice(p, precision).ok()?;
        let odd: Odd<BoxedUint> = Odd::new(p.clone()).into_option()?;
        Some(Self {
            bits: p.bits(),
            montgomery: BoxedMontyParams::new_vartime(odd),
            p: NonZero::new(p).into_option()?,
            precision,
        })
    }

    /// p − `number`.
    fn minus(&self, number: u64) -> BoxedUint {
        self.p
            .as_ref()
            .wrapping_sub(BoxedUint::from(number).resize(self.precision))
    }

    fn element(&self, bytes: &[u8]) -> Option<BoxedMontyForm> {
        let precision = u32::try_from(bytes.len() * 8)
            .ok()?
            .next_multiple_of(64)
            .max(self.precision);
        let number = BoxedUint::from_be_slice(bytes, precision).ok()?;
        Some(BoxedMontyForm::new(number.rem(&self.p), &self.montgomery))
    }

    fn bytes(&self, element: &BoxedMontyForm, len: usize) -> Vec<u8> {
        fixed(&element.retrieve(), len)
    }

    /// Point encoding in affine coordinates (Doc 9303-11, B.2.1) for y² = x³ + ax + b.
    fn encode(
        &self,
        t: &BoxedMontyForm,
        a: &BoxedMontyForm,
        b: &BoxedMontyForm,
    ) -> Option<(BoxedMontyForm, BoxedMontyForm)> {
        let last_byte = self.p.as_ref().to_be_bytes().last().copied()?;
        if last_byte & 3 != 3 {
            return None;
        }
        let one = BoxedMontyForm::one(&self.montgomery);
        let square = |x: &BoxedMontyForm| x * x;
        let curve = |x: &BoxedMontyForm| &(&(&square(x) * x) + &(a * x)) + b;

        let alpha = -square(t);
        let inverse: BoxedMontyForm = (&alpha + &square(&alpha)).invert_vartime().into_option()?;
        let a_inverse: BoxedMontyForm = a.invert_vartime().into_option()?;
        let x2 = &(&-b.clone() * &a_inverse) * &(&one + &inverse);
        let x3 = &alpha * &x2;
        let h2 = curve(&x2);
        // A = h2^(p − 1 − (p + 1) / 4).
        let quarter = self
            .p
            .as_ref()
            .shr(2)
            .wrapping_add(BoxedUint::from(1u64).resize(self.precision));
        let power = h2.pow(&self.minus(1).wrapping_sub(&quarter));
        if &square(&power) * &h2 == one {
            let y = &power * &h2;
            Some((x2, y))
        } else {
            let u = &(&square(t) * t) * &h2;
            Some((x3, &power * &u))
        }
    }
}
