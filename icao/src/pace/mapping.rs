//! How PACE turns the chip's nonce into a generator that only those who know the password share (Doc 9303-11, 4.4.3.3).
//!
//! *Generic Mapping* (and Chip Authentication Mapping, which looks the same to this step): an anonymous key agreement
//! gives H; the generator is s·G + H, or g^s · H. *Integrated Mapping*: both nonces go through a pseudo-random function
//! into the field and from there into the group; nobody ever knows a logarithm.
//!
//! Everything here is constant time in the nonces, except that [`integrated`] reveals the case, of probability below
//! 2^-150, in which the map is undefined.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, NonZero, Odd};
use rand_core::CryptoRng;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use super::parameters::PaceParameters;
use crate::crypto::cipher::{CipherError, CipherSuite};
use crate::crypto::curve::NamedCurve;
use crate::crypto::key_agreement::{
    DhGroup, Group, KeyAgreementError, PublicKey, SecretKey, generic_mapping,
};
use crate::lds::security_info::Mapping;

/// What the terminal brings to the mapping.
#[derive(Clone)]
pub enum MappingSecret {
    /// The ephemeral key of Generic and of Chip Authentication Mapping.
    Key(SecretKey),
    /// The nonce t of Integrated Mapping, as long as the key of the cipher. It is sent in clear.
    Nonce(Vec<u8>),
}

impl MappingSecret {
    /// Draws what the mapping of `parameters` needs.
    pub fn generate(parameters: &PaceParameters, rng: &mut dyn CryptoRng) -> Self {
        match parameters.protocol().mapping {
            Mapping::Generic | Mapping::ChipAuthentication => {
                Self::Key(SecretKey::generate(parameters.group(), rng))
            }
            Mapping::Integrated => {
                let mut nonce = vec![0; parameters.protocol().suite.key_len()];
                rng.fill_bytes(&mut nonce);
                Self::Nonce(nonce)
            }
        }
    }

    /// Whether this is what the mapping of `parameters` needs.
    pub(super) fn suits(&self, parameters: &PaceParameters) -> bool {
        match (self, parameters.protocol().mapping) {
            (Self::Key(key), Mapping::Generic | Mapping::ChipAuthentication) => {
                key.group() == parameters.group()
            }
            (Self::Nonce(nonce), Mapping::Integrated) => {
                nonce.len() == parameters.protocol().suite.key_len()
            }
            _ => false,
        }
    }

    /// The content of data object 81: a public key or the nonce t.
    pub(super) fn public(&self) -> Result<Vec<u8>, KeyAgreementError> {
        match self {
            Self::Key(key) => Ok(key.public_key()?.as_bytes().to_vec()),
            Self::Nonce(nonce) => Ok(nonce.clone()),
        }
    }
}

/// The generator of Generic Mapping from the terminal's key, the chip's public key and the nonce `s`.
pub(super) fn generic(
    key: &SecretKey,
    chip: &PublicKey,
    s: &[u8],
) -> Result<PublicKey, KeyAgreementError> {
    let h = key.agree_point(chip)?;
    generic_mapping(key.group(), s, &h)
}

/// Length in bytes of the nonce s in Integrated Mapping: 16, or 32 with the longer AES keys (Doc 9303-11, 4.4.3.3.2).
#[must_use]
pub const fn nonce_len(suite: CipherSuite) -> usize {
    match suite {
        CipherSuite::TripleDes | CipherSuite::Aes128 => 16,
        CipherSuite::Aes192 | CipherSuite::Aes256 => 32,
    }
}

/// The generator of Integrated Mapping (Doc 9303-11, 4.4.3.3.2 and appendix B): from the chip's nonce `s`
/// ([`nonce_len`] bytes) and the terminal's nonce `t` (as long as the key of the cipher).
///
/// # Errors
/// [`KeyAgreementError::InvalidGroup`] for a group without Integrated Mapping: secp224r1, and explicit groups whose order
/// is unknown. [`KeyAgreementError::Degenerate`] where the map has no value or the nonces have another length.
pub fn integrated(
    group: &Group,
    suite: CipherSuite,
    s: &[u8],
    t: &[u8],
) -> Result<PublicKey, KeyAgreementError> {
    let modulus = match group {
        Group::Curve(curve) => curve.parameters().p,
        Group::Dh(group) => group.modulus(),
    };
    if s.len() != nonce_len(suite) || t.len() != suite.key_len() {
        return Err(KeyAgreementError::Degenerate);
    }
    let field = Field::new(modulus).ok_or(KeyAgreementError::InvalidGroup)?;
    let random = pseudo_random(suite, s, t, field.bits + 64);
    let random = random.map_err(|_| KeyAgreementError::Degenerate)?;
    let element = field
        .reduce(&random)
        .ok_or(KeyAgreementError::InvalidGroup)?;
    let bytes = match group {
        Group::Curve(curve) => field.encode_point(*curve, &element)?,
        Group::Dh(group) => field.encode_element(group, &element)?,
    };
    PublicKey::from_bytes(group, &bytes).map_err(|_| KeyAgreementError::Degenerate)
}

/// R(s, t): at least `bits` pseudo-random bits (Doc 9303-11, 4.4.3.3.2).
fn pseudo_random(
    suite: CipherSuite,
    s: &[u8],
    t: &[u8],
    bits: usize,
) -> Result<Zeroizing<Vec<u8>>, CipherError> {
    let (c0, c1) = match s.len() {
        16 => (&C0_128[..], &C1_128[..]),
        _ => (&C0_256[..], &C1_256[..]),
    };
    let iv = [0; 16];
    let iv = iv.get(..suite.block_len()).ok_or(CipherError::IvLength)?;
    // Only with AES-192 is the cryptogram longer than the next key.
    let next_key = |key: &[u8], constant: &[u8]| -> Result<Zeroizing<Vec<u8>>, CipherError> {
        let mut next = Zeroizing::new(suite.cbc_encrypt(key, iv, constant)?);
        next.truncate(suite.key_len());
        Ok(next)
    };
    let mut key = next_key(t, s)?;
    let mut random = Zeroizing::new(Vec::with_capacity(bits / 8 + s.len()));
    while random.len() * 8 < bits {
        random.extend_from_slice(&Zeroizing::new(suite.cbc_encrypt(&key, iv, c1)?));
        key = next_key(&key, c0)?;
    }
    Ok(random)
}

const C0_128: [u8; 16] = 0xA668_892A_7C41_E3CA_739F_40B0_57D8_5904_u128.to_be_bytes();
const C1_128: [u8; 16] = 0xA4E1_36AC_725F_738B_01C1_F602_17C1_88AD_u128.to_be_bytes();
const C0_256: [u8; 32] = *b"\xD4\x63\xD6\x52\x34\x12\x4E\xF7\x89\x70\x54\x98\x6D\xCA\x0A\x17\
\x4E\x28\xDF\x75\x8C\xBA\xA0\x3F\x24\x06\x16\x41\x4D\x5A\x16\x76";
const C1_256: [u8; 32] = *b"\x54\xBD\x72\x55\xF0\xAA\xF8\x31\xBE\xC3\x42\x3F\xCF\x39\xD6\x9B\
\x6C\xBF\x06\x66\x77\xD0\xFA\xAE\x5A\xAD\xD9\x9D\xF8\xE5\x35\x17";

/// The integers modulo p.
struct Field {
    montgomery: BoxedMontyParams,
    /// Length of p in bytes.
    len: usize,
    /// Length of p in bits.
    bits: usize,
}

impl Field {
    fn new(modulus: &[u8]) -> Option<Self> {
        let precision = u32::try_from(8 * modulus.len()).ok()?;
        let p = BoxedUint::from_be_slice(modulus, precision).ok()?;
        let bits = usize::try_from(p.bits()).ok()?;
        let montgomery = BoxedMontyParams::new_vartime(Odd::new(p).into_option()?);
        Some(Self {
            montgomery,
            len: modulus.len(),
            bits,
        })
    }

    fn modulus(&self) -> &BoxedUint {
        self.montgomery.modulus().as_ref()
    }

    /// A number of any length modulo p.
    fn reduce(&self, number: &[u8]) -> Option<BoxedMontyForm> {
        let number =
            BoxedUint::from_be_slice(number, u32::try_from(8 * number.len()).ok()?).ok()?;
        let number = Zeroizing::new(number);
        let modulus = NonZero::new(self.modulus().clone()).into_option()?;
        Some(BoxedMontyForm::new(number.rem(&modulus), &self.montgomery))
    }

    fn bytes(&self, element: &BoxedMontyForm) -> Zeroizing<Vec<u8>> {
        let number = Zeroizing::new(element.retrieve());
        let bytes = Zeroizing::new(number.to_be_bytes().into_vec());
        let surplus = bytes.len().saturating_sub(self.len);
        Zeroizing::new(bytes.iter().copied().skip(surplus).collect())
    }

    /// element^((p - 1) / q), of order q.
    fn encode_element(
        &self,
        group: &DhGroup,
        element: &BoxedMontyForm,
    ) -> Result<Vec<u8>, KeyAgreementError> {
        let order = group.order().ok_or(KeyAgreementError::InvalidGroup)?;
        let order = BoxedUint::from_be_slice_vartime(order);
        let order = NonZero::new(order)
            .into_option()
            .ok_or(KeyAgreementError::InvalidGroup)?;
        let last = self.modulus().wrapping_sub(BoxedUint::one());
        let (cofactor, rest) = last.div_rem_vartime(&order);
        if !bool::from(rest.is_zero()) {
            return Err(KeyAgreementError::InvalidGroup);
        }
        Ok(self.bytes(&element.pow(&cofactor)).to_vec())
    }

    /// The point encoding of appendix B, in affine coordinates, for p = 3 mod 4 and cofactor 1.
    ///
    /// ```text
    /// α = -t²      x2 = -b/a · (1 + 1/(α + α²))      x3 = α·x2      h = x2³ + a·x2 + b
    /// A = h^(p - 1 - (p + 1)/4), which is 1/√h if h is a square
    /// the point is (x2, A·h) if A²·h = 1, else (x3, A·t³·h)
    /// ```
    fn encode_point(
        &self,
        curve: NamedCurve,
        t: &BoxedMontyForm,
    ) -> Result<Vec<u8>, KeyAgreementError> {
        // Of the standardized curves, only secp224r1 has p = 1 mod 4.
        if self
            .modulus()
            .as_words()
            .first()
            .is_none_or(|word| word & 3 != 3)
        {
            return Err(KeyAgreementError::InvalidGroup);
        }
        let own = curve.parameters();
        let constant = |bytes: &[u8]| self.reduce(bytes).ok_or(KeyAgreementError::InvalidGroup);
        let inverse = |x: &BoxedMontyForm| {
            x.invert()
                .into_option()
                .ok_or(KeyAgreementError::Degenerate)
        };
        let (a, b) = (constant(own.a)?, constant(own.b)?);
        let one = BoxedMontyForm::one(&self.montgomery);

        let alpha = t.square().neg();
        let factor = inverse(&alpha.add(&alpha.square()))?.add(&one);
        let x2 = b.neg().mul(&inverse(&a)?).mul(&factor);
        let x3 = alpha.mul(&x2);
        let h = x2.square().mul(&x2).add(&a.mul(&x2)).add(&b);
        let quarter = self.modulus().shr_vartime(2).unwrap_or_default();
        // (p + 1)/4 = (p >> 2) + 1, so the exponent is p - 2 - (p >> 2).
        let exponent = self
            .modulus()
            .wrapping_sub(quarter)
            .wrapping_sub(BoxedUint::from(2_u8));
        let root = h.pow(&exponent);
        let is_square = self.bytes(&root.square().mul(&h)).ct_eq(&self.bytes(&one));
        let y2 = root.mul(&h);
        let y3 = y2.mul(&t.square()).mul(t);
        let mut point = Vec::with_capacity(1 + 2 * self.len);
        point.push(4);
        point.extend(self.select(&x3, &x2, is_square));
        point.extend(self.select(&y3, &y2, is_square));
        Ok(point)
    }

    /// The bytes of `b` if `choice` holds, else of `a`.
    fn select(&self, a: &BoxedMontyForm, b: &BoxedMontyForm, choice: Choice) -> Vec<u8> {
        let (a, b) = (self.bytes(a), self.bytes(b));
        a.iter()
            .zip(b.iter())
            .map(|(a, b)| u8::conditional_select(a, b, choice))
            .collect()
    }
}
