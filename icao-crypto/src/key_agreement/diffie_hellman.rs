//! Diffie-Hellman groups: the standardized ones of RFC 5114 (Doc 9303-11 9.5.1, parameter ids 0 to 2) and explicit ones.

use core::fmt;
use std::sync::{Arc, LazyLock};

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, NonZero, Odd};
use zeroize::Zeroizing;

use super::KeyAgreementError;
use crate::curve::{decode, significant};

type Octets = Zeroizing<Vec<u8>>;

/// Smallest and largest accepted length of p in bits. The upper bound keeps a hostile EF.DG14 from buying seconds of
/// arithmetic.
const MODULUS_BITS: core::ops::RangeInclusive<u32> = 1024..=4096;

/// A multiplicative group modulo a prime p of 1024 to 4096 bits, with generator g and, where known, its order q.
///
/// The primality of explicit p and q is not examined: explicit parameters are signed by the issuer with the rest of
/// EF.DG14, and a weak group of his own choice harms only his own documents.
#[derive(Clone)]
pub struct DhGroup(Arc<Parameters>);

struct Parameters {
    /// p, big-endian without leading zeros; fixes the length of elements.
    p: Vec<u8>,
    g: BoxedUint,
    /// q, big-endian without leading zeros.
    q: Option<Vec<u8>>,
    /// The modulus of exponents: q, or p - 1, which every order divides.
    exponent_modulus: NonZero<BoxedUint>,
    montgomery: BoxedMontyParams,
    parameter_id: Option<u8>,
}

impl DhGroup {
    /// The standardized group of parameter id 0, 1 or 2: 1024-bit MODP with 160-bit, 2048-bit with 224-bit and 2048-bit with
    /// 256-bit prime order subgroup (RFC 5114 2.1 to 2.3).
    pub fn from_parameter_id(id: u8) -> Option<Self> {
        static GROUPS: LazyLock<Vec<DhGroup>> = LazyLock::new(|| {
            STANDARDIZED
                .iter()
                .zip(0u8..)
                .filter_map(|([p, g, q], id)| DhGroup::new(p, g, Some(q), Some(id)).ok())
                .collect()
        });
        GROUPS.get(usize::from(id)).cloned()
    }

    /// A group from explicit parameters (PKCS #3, X9.42), all unsigned big-endian. Parameters equal to a standardized group
    /// become that group.
    ///
    /// # Errors
    /// [`KeyAgreementError::InvalidGroup`] unless p is odd and of 1024 to 4096 bits, 1 < g < p - 1, and q, if stated,
    /// is in 2..p with g^q = 1.
    pub fn from_parameters(
        p: &[u8],
        g: &[u8],
        q: Option<&[u8]>,
    ) -> Result<Self, KeyAgreementError> {
        let standardized = (0..=2).filter_map(Self::from_parameter_id).find(|group| {
            significant(p) == group.0.p
                && significant(g) == significant(&group.0.g.to_be_bytes())
                && q.is_none_or(|q| Some(significant(q)) == group.0.q.as_deref())
        });
        match standardized {
            Some(group) => Ok(group),
            None => Self::new(p, g, q, None),
        }
    }

    fn new(
        p: &[u8],
        g: &[u8],
        q: Option<&[u8]>,
        parameter_id: Option<u8>,
    ) -> Result<Self, KeyAgreementError> {
        let invalid = KeyAgreementError::InvalidGroup;
        let p = significant(p);
        if p.len() > (*MODULUS_BITS.end() as usize).div_ceil(8) {
            return Err(invalid);
        }
        let modulus = number(p, 8 * p.len()).ok_or(invalid)?;
        if !MODULUS_BITS.contains(&modulus.bits()) {
            return Err(invalid);
        }
        let modulus = Odd::new(modulus).into_option().ok_or(invalid)?;
        let montgomery = BoxedMontyParams::new_vartime(modulus.clone());
        let below_p = |octets: &[u8]| {
            number(significant(octets), 8 * p.len()).filter(|number| number < modulus.as_ref())
        };
        let g = below_p(g).ok_or(invalid)?;
        let q = q.map(significant);
        let exponent_modulus = match q {
            Some(q) => below_p(q).filter(|_| q != [1]),
            None => Some(modulus.as_ref().wrapping_sub(BoxedUint::one())),
        };
        let group = Self(Arc::new(Parameters {
            p: p.to_vec(),
            g,
            q: q.map(<[u8]>::to_vec),
            exponent_modulus: exponent_modulus
                .and_then(|order| NonZero::new(order).into_option())
                .ok_or(invalid)?,
            montgomery,
            parameter_id,
        }));
        group.validate(&group.generator()).map_err(|_| invalid)?;
        Ok(group)
    }

    /// The standardized parameter id, if it is one of those groups.
    pub fn parameter_id(&self) -> Option<u8> {
        self.0.parameter_id
    }

    /// The prime p, big-endian without leading zeros.
    pub fn modulus(&self) -> &[u8] {
        &self.0.p
    }

    /// The order q of the generator, big-endian without leading zeros, where known.
    pub fn order(&self) -> Option<&[u8]> {
        self.0.q.as_deref()
    }

    /// g, as long as p.
    pub(super) fn generator(&self) -> Vec<u8> {
        self.octets(&self.0.g).to_vec()
    }

    /// The element y as long as p, if 1 < y < p - 1 and, where q is known, y^q = 1. That leaves no element of small order.
    pub(super) fn validate(&self, y: &[u8]) -> Result<Vec<u8>, KeyAgreementError> {
        let invalid = KeyAgreementError::InvalidPublicKey;
        let y = number(significant(y), 8 * self.0.p.len()).ok_or(invalid)?;
        let modulus = self.0.montgomery.modulus().as_ref();
        let last = modulus.wrapping_sub(BoxedUint::one());
        if y <= BoxedUint::one() || y >= last {
            return Err(invalid);
        }
        let octets = self.octets(&y);
        match &self.0.q {
            Some(q) if self.raise(&octets, q)? != BoxedUint::one() => Err(invalid),
            _ => Ok(octets.to_vec()),
        }
    }

    /// Length in octets and bits of a freshly drawn exponent.
    pub(super) fn exponent_size(&self) -> (usize, usize) {
        let longest = self.0.q.as_ref().unwrap_or(&self.0.p);
        (
            longest.len(),
            8 * longest.len() - longest.first().map_or(0, |o| o.leading_zeros() as usize),
        )
    }

    /// The exponent with the length of q, or of p if it is above q or q is unknown. Lengths are compared in variable time,
    /// which tells no more than the range of the exponent.
    pub(super) fn check_exponent(&self, x: &[u8]) -> Result<Octets, KeyAgreementError> {
        let invalid = KeyAgreementError::InvalidSecretKey;
        let (short, long) = (self.exponent_size().0, self.0.p.len());
        let surplus = |len: usize| x.len().saturating_sub(len);
        let len = if x.iter().take(surplus(short)).all(|octet| *octet == 0) {
            short
        } else {
            long
        };
        let significant = x.get(surplus(len)..).unwrap_or_default();
        if x.iter().take(surplus(len)).any(|octet| *octet != 0) {
            return Err(invalid);
        }
        let mut octets = Zeroizing::new(vec![0; len - significant.len()]);
        octets.extend_from_slice(significant);
        let exponent = Zeroizing::new(number(&octets, 8 * long).ok_or(invalid)?);
        let last = self
            .0
            .montgomery
            .modulus()
            .as_ref()
            .wrapping_sub(BoxedUint::one());
        if exponent.is_zero().into() || *exponent >= last {
            return Err(invalid);
        }
        Ok(octets)
    }

    /// A number of at most 64 octets modulo the exponent modulus, not zero.
    pub(super) fn reduce(&self, t: &[u8]) -> Result<Octets, KeyAgreementError> {
        let degenerate = KeyAgreementError::Degenerate;
        if t.len() > 64 {
            return Err(degenerate);
        }
        let t = Zeroizing::new(number(t, 512).ok_or(degenerate)?);
        self.exponent_octets(t.rem(&self.0.exponent_modulus))
    }

    /// base^exponent.
    pub(super) fn power(&self, base: &[u8], exponent: &[u8]) -> Result<Octets, KeyAgreementError> {
        let power = Zeroizing::new(self.raise(base, exponent)?);
        // Neither result occurs in the prime order subgroup; without a known q they mark elements of order 1 and 2.
        let last = self
            .0
            .montgomery
            .modulus()
            .as_ref()
            .wrapping_sub(BoxedUint::one());
        if *power == BoxedUint::one() || *power == last {
            return Err(KeyAgreementError::Degenerate);
        }
        Ok(self.octets(&power))
    }

    /// left · right.
    pub(super) fn product(&self, left: &[u8], right: &[u8]) -> Result<Octets, KeyAgreementError> {
        let product = Zeroizing::new(self.element(left)?.mul(&self.element(right)?).retrieve());
        if *product == BoxedUint::one() {
            return Err(KeyAgreementError::Degenerate);
        }
        Ok(self.octets(&product))
    }

    /// x · t modulo the exponent modulus.
    pub(super) fn multiply_exponents(
        &self,
        x: &[u8],
        t: &[u8],
    ) -> Result<Octets, KeyAgreementError> {
        let factor = |octets: &[u8]| {
            number(octets, 8 * octets.len())
                .map(Zeroizing::new)
                .ok_or(KeyAgreementError::Degenerate)
        };
        self.exponent_octets(factor(x)?.mul_mod(&*factor(t)?, &self.0.exponent_modulus))
    }

    fn exponent_octets(&self, exponent: BoxedUint) -> Result<Octets, KeyAgreementError> {
        let exponent = Zeroizing::new(exponent);
        if exponent.is_zero().into() {
            return Err(KeyAgreementError::Degenerate);
        }
        Ok(tail(
            Zeroizing::new(exponent.to_be_bytes().into_vec()),
            self.exponent_size().0,
        ))
    }

    fn raise(&self, base: &[u8], exponent: &[u8]) -> Result<BoxedUint, KeyAgreementError> {
        let bits = 8 * exponent.len();
        let exponent =
            Zeroizing::new(number(exponent, bits).ok_or(KeyAgreementError::InvalidSecretKey)?);
        Ok(self
            .element(base)?
            .pow_bounded_exp(&exponent, bits as u32)
            .retrieve())
    }

    fn element(&self, octets: &[u8]) -> Result<BoxedMontyForm, KeyAgreementError> {
        let number = number(octets, self.0.montgomery.bits_precision() as usize)
            .ok_or(KeyAgreementError::InvalidPublicKey)?;
        Ok(BoxedMontyForm::new(number, &self.0.montgomery))
    }

    fn octets(&self, element: &BoxedUint) -> Octets {
        tail(
            Zeroizing::new(element.to_be_bytes().into_vec()),
            self.0.p.len(),
        )
    }
}

impl PartialEq for DhGroup {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.0.p == other.0.p && self.0.g == other.0.g && self.0.q == other.0.q)
    }
}

impl Eq for DhGroup {}

impl fmt::Display for DhGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0.montgomery.modulus().as_ref().bits();
        match &self.0.q {
            Some(q) => write!(f, "{bits}-bit MODP group with {}-bit order", 8 * q.len()),
            None => write!(f, "{bits}-bit MODP group"),
        }
    }
}

impl fmt::Debug for DhGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DhGroup({self})")
    }
}

fn number(octets: &[u8], bits: usize) -> Option<BoxedUint> {
    BoxedUint::from_be_slice(octets, u32::try_from(bits).ok()?).ok()
}

/// The last `len` octets of a number whose leading octets are zero, or the number with zeros in front.
fn tail(number: Octets, len: usize) -> Octets {
    let mut octets = Zeroizing::new(vec![0; len]);
    for (to, from) in octets.iter_mut().rev().zip(number.iter().rev()) {
        *to = *from;
    }
    octets
}

/// p, g and q of RFC 5114 2.1, 2.2 and 2.3.
const STANDARDIZED: [[&[u8]; 3]; 3] = [
    [
        &decode::<128>(
            "b10b8f96a080e01dde92de5eae5d54ec52c99fbcfb06a3c69a6a9dca52d23b616073e28675a23d189838ef1e2ee652c0\
             13ecb4aea906112324975c3cd49b83bfaccbdd7d90c4bd7098488e9c219a73724effd6fae5644738faa31a4ff55bccc0\
             a151af5f0dc8b4bd45bf37df365c1a65e68cfda76d4da708df1fb2bc2e4a4371",
        ),
        &decode::<128>(
            "a4d1cbd5c3fd34126765a442efb99905f8104dd258ac507fd6406cff14266d31266fea1e5c41564b777e690f5504f213\
             160217b4b01b886a5e91547f9e2749f4d7fbd7d3b9a92ee1909d0d2263f80a76a6a24c087a091f531dbf0a0169b6a28a\
             d662a4d18e73afa32d779d5918d08bc8858f4dcef97c2a24855e6eeb22b3b2e5",
        ),
        &decode::<20>("f518aa8781a8df278aba4e7d64b7cb9d49462353"),
    ],
    [
        &decode::<256>(
            "ad107e1e9123a9d0d660faa79559c51fa20d64e5683b9fd1b54b1597b61d0a75e6fa141df95a56dbaf9a3c407ba1df15\
             eb3d688a309c180e1de6b85a1274a0a66d3f8152ad6ac2129037c9edefda4df8d91e8fef55b7394b7ad5b7d0b6c12207\
             c9f98d11ed34dbf6c6ba0b2c8bbc27be6a00e0a0b9c49708b3bf8a317091883681286130bc8985db1602e714415d9330\
             278273c7de31efdc7310f7121fd5a07415987d9adc0a486dcdf93acc44328387315d75e198c641a480cd86a1b9e587e8\
             be60e69cc928b2b9c52172e413042e9b23f10b0e16e79763c9b53dcf4ba80a29e3fb73c16b8e75b97ef363e2ffa31f71\
             cf9de5384e71b81c0ac4dffe0c10e64f",
        ),
        &decode::<256>(
            "ac4032ef4f2d9ae39df30b5c8ffdac506cdebe7b89998caf74866a08cfe4ffe3a6824a4e10b9a6f0dd921f01a70c4afa\
             ab739d7700c29f52c57db17c620a8652be5e9001a8d66ad7c17669101999024af4d027275ac1348bb8a762d0521bc98a\
             e247150422ea1ed409939d54da7460cdb5f6c6b250717cbef180eb34118e98d119529a45d6f834566e3025e316a330ef\
             bb77a86f0c1ab15b051ae3d428c8f8acb70a8137150b8eeb10e183edd19963ddd9e263e4770589ef6aa21e7f5f2ff381\
             b539cce3409d13cd566afbb48d6c019181e1bcfe94b30269edfe72fe9b6aa4bd7b5a0f1c71cfff4c19c418e1f6ec0179\
             81bc087f2a7065b384b890d3191f2bfa",
        ),
        &decode::<28>("801c0d34c58d93fe997177101f80535a4738cebcbf389a99b36371eb"),
    ],
    [
        &decode::<256>(
            "87a8e61db4b6663cffbbd19c651959998ceef608660dd0f25d2ceed4435e3b00e00df8f1d61957d4faf7df4561b2aa30\
             16c3d91134096faa3bf4296d830e9a7c209e0c6497517abd5a8a9d306bcf67ed91f9e6725b4758c022e0b1ef4275bf7b\
             6c5bfc11d45f9088b941f54eb1e59bb8bc39a0bf12307f5c4fdb70c581b23f76b63acae1caa6b7902d52526735488a0e\
             f13c6d9a51bfa4ab3ad8347796524d8ef6a167b5a41825d967e144e5140564251ccacb83e6b486f6b3ca3f7971506026\
             c0b857f689962856ded4010abd0be621c3a3960a54e710c375f26375d7014103a4b54330c198af126116d2276e11715f\
             693877fad7ef09cadb094ae91e1a1597",
        ),
        &decode::<256>(
            "3fb32c9b73134d0b2e77506660edbd484ca7b18f21ef205407f4793a1a0ba12510dbc15077be463fff4fed4aac0bb555\
             be3a6c1b0c6b47b1bc3773bf7e8c6f62901228f8c28cbb18a55ae31341000a650196f931c77a57f2ddf463e5e9ec144b\
             777de62aaab8a8628ac376d282d6ed3864e67982428ebc831d14348f6f2f9193b5045af2767164e1dfc967c1fb3f2e55\
             a4bd1bffe83b9c80d052b985d182ea0adb2a3b7313d3fe14c8484b1e052588b9b7d2bbd2df016199ecd06e1557cd0915\
             b3353bbb64e0ec377fd028370df92b52c7891428cdc67eb6184b523d1db246c32f63078490f00ef8d647d148d4795451\
             5e2327cfef98c582664b4c0f6cc41659",
        ),
        &decode::<32>("8cf83642a709a097b447997640129da299b1a47d1eb3750ba308b0fe64f5fbd3"),
    ],
];
