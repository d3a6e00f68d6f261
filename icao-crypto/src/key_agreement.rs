//! Key agreement over elliptic curves and over Diffie-Hellman groups behind one interface, so that PACE and Chip
//! Authentication are written once (Doc 9303-11 4.4, 6.2, 9.4 to 9.6).
//!
//! Timing: everything that takes a secret scalar or exponent is constant time in it ([`SecretKey::public_key`],
//! [`SecretKey::public_key_on`], [`SecretKey::agree`], [`SecretKey::agree_point`], [`SecretKey::multiply`],
//! [`generic_mapping`], [`PublicKey::tweak`]); only its length, which the group fixes, shows. Parsing and validating public
//! keys, parsing groups and rejecting out-of-range candidates in [`SecretKey::generate`] is variable time.

use core::fmt;
use core::ops::Deref;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::curve::NamedCurve;

mod diffie_hellman;
mod elliptic;
mod own_curves;

pub use diffie_hellman::DhGroup;

/// Why a key or a group was refused. Nothing in it depends on secret values.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyAgreementError {
    /// The group parameters are out of bounds or contradict each other.
    #[error("the Diffie-Hellman parameters are not acceptable")]
    InvalidGroup,
    /// The public key is malformed, not in the group, or the neutral element.
    #[error("the public key is not a valid element of its group")]
    InvalidPublicKey,
    /// The secret key is zero or not below the order of the group.
    #[error("the secret key is out of range")]
    InvalidSecretKey,
    /// The two keys belong to different groups.
    #[error("the keys belong to different groups")]
    GroupMismatch,
    /// The result would be the neutral element (or a zero factor), which no honest counterpart produces.
    #[error("the result is the neutral element")]
    Degenerate,
}

/// A group for key agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Group {
    /// An elliptic curve; scalars and field elements have [`NamedCurve::field_len`] octets.
    Curve(NamedCurve),
    /// A Diffie-Hellman group.
    Dh(DhGroup),
}

impl Group {
    /// The group of a standardized domain parameter id (Doc 9303-11 9.5.1): 0 to 2 and 8 to 18.
    pub fn from_parameter_id(id: u8) -> Option<Self> {
        match id {
            0..=2 => DhGroup::from_parameter_id(id).map(Self::Dh),
            _ => NamedCurve::from_parameter_id(id).map(Self::Curve),
        }
    }

    /// The standardized domain parameter id, if the group has one.
    pub fn parameter_id(&self) -> Option<u8> {
        match self {
            Self::Curve(curve) => Some(curve.parameter_id()),
            Self::Dh(group) => group.parameter_id(),
        }
    }

    /// Length in octets of an encoded public key: 1 + 2 field elements, or the length of p.
    pub fn public_key_len(&self) -> usize {
        match self {
            Self::Curve(curve) => 1 + 2 * curve.field_len(),
            Self::Dh(group) => group.modulus().len(),
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Curve(curve) => curve.fmt(f),
            Self::Dh(group) => group.fmt(f),
        }
    }
}

/// A valid element of a group other than the neutral one: on the curve, or of the right order as far as the order is
/// known. Its octets have the fixed length [`Group::public_key_len`].
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    group: Group,
    bytes: Vec<u8>,
}

impl PublicKey {
    /// Parses and validates an ephemeral or static public key: `04 || X || Y` of exact length for curves (Doc 9303-11
    /// 9.4.4 knows no other form), an unsigned integer for Diffie-Hellman, where leading zeros are ignored.
    ///
    /// # Errors
    /// [`KeyAgreementError::InvalidPublicKey`] for anything else: wrong length, compressed or infinite points, points not on
    /// the curve, and y unless 1 < y < p - 1 and, where q is known, y^q = 1.
    pub fn from_bytes(group: &Group, bytes: &[u8]) -> Result<Self, KeyAgreementError> {
        let bytes = match group {
            Group::Curve(curve) => {
                elliptic::validate(*curve, bytes)?;
                bytes.to_vec()
            }
            Group::Dh(group) => group.validate(bytes)?,
        };
        Ok(Self {
            group: group.clone(),
            bytes,
        })
    }

    /// The base point or generator of the group.
    pub fn generator(group: &Group) -> Self {
        let bytes = match group {
            Group::Curve(curve) => {
                let own = curve.parameters();
                [&[4], own.gx, own.gy].concat()
            }
            Group::Dh(group) => group.generator(),
        };
        Self {
            group: group.clone(),
            bytes,
        }
    }

    /// `04 || X || Y`, or y as long as p.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The group of the key.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// The key times `t` (a point t·P, or P^t), where `t` is a big-endian number of at most 64 octets, taken modulo the order
    /// where that is known.
    ///
    /// # Errors
    /// [`KeyAgreementError::Degenerate`] when `t` is zero modulo the order or too long.
    pub fn tweak(&self, t: &[u8]) -> Result<Self, KeyAgreementError> {
        let bytes = match &self.group {
            Group::Curve(curve) => {
                let t = elliptic::reduce(*curve, t)?;
                elliptic::multiply(*curve, &t, &self.bytes)?
            }
            Group::Dh(group) => group.power(&self.bytes, &group.reduce(t)?)?,
        };
        Ok(self.sibling(&bytes))
    }

    fn sibling(&self, bytes: &[u8]) -> Self {
        Self {
            group: self.group.clone(),
            bytes: bytes.to_vec(),
        }
    }
}

/// A chip's public key identifies the document: only the group is shown.
impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.group)
    }
}

/// A shared secret of fixed length, zeroized when dropped: the x coordinate, or y as long as p (Doc 9303-11 9.6).
pub struct SharedSecret(Zeroizing<Vec<u8>>);

impl Deref for SharedSecret {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(..)")
    }
}

/// A secret scalar or exponent, never zero, zeroized when dropped.
#[derive(Clone)]
pub struct SecretKey {
    group: Group,
    scalar: Zeroizing<Vec<u8>>,
}

impl SecretKey {
    /// Draws a uniform secret key: candidates of the length of the order (of p where a Diffie-Hellman group does not say q),
    /// big-endian, surplus leading bits cleared, until one lies in range.
    pub fn generate(group: &Group, rng: &mut dyn CryptoRng) -> Self {
        let (len, bits) = match group {
            Group::Curve(curve) => (curve.order_len(), curve.order_bits()),
            Group::Dh(group) => group.exponent_size(),
        };
        let mut candidate = Zeroizing::new(vec![0; len]);
        loop {
            rng.fill_bytes(&mut candidate);
            if let Some(first) = candidate.first_mut() {
                *first &= 0xFF >> (8 * len - bits);
            }
            if let Ok(key) = Self::from_bytes(group, &candidate) {
                return key;
            }
        }
    }

    /// A secret key from its big-endian octets.
    ///
    /// # Errors
    /// [`KeyAgreementError::InvalidSecretKey`] unless, for curves, it has the length of the order and is in 1..n; for
    /// Diffie-Hellman unless it is in 1..p - 1 (exponents above q are legal and appear in Doc 9303-11 H.2).
    pub fn from_bytes(group: &Group, bytes: &[u8]) -> Result<Self, KeyAgreementError> {
        let scalar = match group {
            Group::Curve(curve) => {
                elliptic::check_scalar(*curve, bytes)?;
                Zeroizing::new(bytes.to_vec())
            }
            Group::Dh(group) => group.check_exponent(bytes)?,
        };
        Ok(Self {
            group: group.clone(),
            scalar,
        })
    }

    /// The big-endian octets, fit for [`from_bytes`](Self::from_bytes).
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        self.scalar.clone()
    }

    /// The group of the key.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// The public key on the generator of the group.
    ///
    /// # Errors
    /// [`KeyAgreementError::Degenerate`] for a Diffie-Hellman exponent that is a multiple of the order.
    pub fn public_key(&self) -> Result<PublicKey, KeyAgreementError> {
        let generator = PublicKey::generator(&self.group);
        match &self.group {
            Group::Curve(curve) => {
                Ok(generator.sibling(&elliptic::multiply_base(*curve, &self.scalar)?))
            }
            Group::Dh(_) => self.public_key_on(&generator),
        }
    }

    /// The public key on another generator, such as the mapped one of PACE (Doc 9303-11 4.4.3.3).
    ///
    /// # Errors
    /// [`KeyAgreementError::GroupMismatch`]; [`KeyAgreementError::Degenerate`] when the result is neutral.
    pub fn public_key_on(&self, generator: &PublicKey) -> Result<PublicKey, KeyAgreementError> {
        Ok(generator.sibling(&self.raise(generator)?))
    }

    /// The shared secret with `public`.
    ///
    /// # Errors
    /// As [`public_key_on`](Self::public_key_on).
    pub fn agree(&self, public: &PublicKey) -> Result<SharedSecret, KeyAgreementError> {
        let element = self.raise(public)?;
        Ok(SharedSecret(match &self.group {
            Group::Curve(curve) => Zeroizing::new(
                element
                    .iter()
                    .skip(1)
                    .take(curve.field_len())
                    .copied()
                    .collect(),
            ),
            Group::Dh(_) => element,
        }))
    }

    /// The whole shared element H, as Generic Mapping needs it (Doc 9303-11 4.4.3.3.1). Secret until the protocol is over.
    ///
    /// # Errors
    /// As [`public_key_on`](Self::public_key_on).
    pub fn agree_point(&self, public: &PublicKey) -> Result<PublicKey, KeyAgreementError> {
        self.public_key_on(public)
    }

    /// The secret key times `t` modulo the order: the counterpart of [`PublicKey::tweak`], with the same `t`.
    ///
    /// # Errors
    /// [`KeyAgreementError::Degenerate`] when `t` or the product is zero modulo the order, or `t` is too long.
    pub fn multiply(&self, t: &[u8]) -> Result<Self, KeyAgreementError> {
        let scalar = match &self.group {
            Group::Curve(curve) => {
                let t = elliptic::reduce(*curve, t)?;
                elliptic::multiply_scalars(*curve, &self.scalar, &t)?
            }
            Group::Dh(group) => group.multiply_exponents(&self.scalar, &group.reduce(t)?)?,
        };
        Ok(Self {
            group: self.group.clone(),
            scalar,
        })
    }

    fn raise(&self, base: &PublicKey) -> Result<Zeroizing<Vec<u8>>, KeyAgreementError> {
        if self.group != base.group {
            return Err(KeyAgreementError::GroupMismatch);
        }
        match &self.group {
            Group::Curve(curve) => elliptic::multiply(*curve, &self.scalar, &base.bytes),
            Group::Dh(group) => group.power(&base.bytes, &self.scalar),
        }
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({}, ..)", self.group)
    }
}

/// Generic Mapping (Doc 9303-11 4.4.3.3.1): the ephemeral generator s·G + H, or g^s · H, from the nonce `s` (at most 64
/// octets, big-endian) and the shared element `h`.
///
/// # Errors
/// [`KeyAgreementError::Degenerate`] when the result is the neutral element or `s` is zero or too long.
pub fn generic_mapping(
    group: &Group,
    s: &[u8],
    h: &PublicKey,
) -> Result<PublicKey, KeyAgreementError> {
    if *group != h.group {
        return Err(KeyAgreementError::GroupMismatch);
    }
    let bytes = match group {
        Group::Curve(curve) => {
            let s = elliptic::reduce(*curve, s)?;
            elliptic::multiply_base_and_add(*curve, &s, &h.bytes)?
        }
        Group::Dh(group) => {
            let gs = group.power(&group.generator(), &group.reduce(s)?)?;
            group.product(&gs, &h.bytes)?
        }
    };
    Ok(h.sibling(&bytes))
}

#[cfg(test)]
mod tests;
