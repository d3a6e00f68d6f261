//! Octets in JSON: base64url without padding, decoded strictly (RFC 4648 5, RFC 7515 2).
//!
//! Strict means: no padding, no white space, no characters of the other alphabet, and no stray bits in the last
//! character, so that one octet string has one spelling.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Encodes octets as base64url without padding.
#[must_use]
pub fn encode(octets: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(octets)
}

/// Decodes base64url without padding.
///
/// # Errors
/// [`NotBase64Url`] for any character outside the alphabet, padding, an impossible length or stray last bits.
pub fn decode(text: &str) -> Result<Vec<u8>, NotBase64Url> {
    Base64UrlUnpadded::decode_vec(text).map_err(|_| NotBase64Url)
}

/// The text is not base64url without padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not base64url without padding")]
pub struct NotBase64Url;

/// At most `MAX` octets. They may be personal or secret: `Debug` tells the length only, and dropping wipes them.
#[derive(Clone, PartialEq, Eq, Default, Zeroize, ZeroizeOnDrop)]
pub struct Octets<const MAX: usize>(Vec<u8>);

impl<const MAX: usize> Octets<MAX> {
    /// Takes octets over.
    ///
    /// # Errors
    /// [`TooLong`] when there are more than `MAX`.
    pub fn new(mut octets: Vec<u8>) -> Result<Self, TooLong> {
        if octets.len() > MAX {
            octets.zeroize();
            return Err(TooLong { max: MAX });
        }
        Ok(Self(octets))
    }

    /// The octets.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// Gives the octets away; wiping them becomes the caller's duty.
    #[must_use]
    pub fn into_vec(mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

/// More octets than the message may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {max} octets")]
pub struct TooLong {
    /// The limit in octets.
    pub max: usize,
}

impl<const MAX: usize> AsRef<[u8]> for Octets<MAX> {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl<const MAX: usize> fmt::Debug for Octets<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Octets({} octets)", self.0.len())
    }
}

impl<const MAX: usize> Serialize for Octets<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode(&self.0))
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Octets<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_str(OctetsVisitor { max: MAX })
            .map(Self)
    }
}

/// Exactly `N` octets; `Debug` tells the length only, and dropping wipes them.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct FixedOctets<const N: usize>([u8; N]);

impl<const N: usize> FixedOctets<N> {
    /// Wraps the octets.
    #[must_use]
    pub fn new(octets: [u8; N]) -> Self {
        Self(octets)
    }

    /// The octets.
    #[must_use]
    pub fn as_array(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> fmt::Debug for FixedOctets<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FixedOctets({N} octets)")
    }
}

impl<const N: usize> Serialize for FixedOctets<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode(&self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for FixedOctets<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut octets = deserializer.deserialize_str(OctetsVisitor { max: N })?;
        let fixed = <[u8; N]>::try_from(octets.as_slice());
        octets.zeroize();
        fixed
            .map(Self)
            .map_err(|_| de::Error::custom("wrong number of octets"))
    }
}

struct OctetsVisitor {
    max: usize,
}

impl de::Visitor<'_> for OctetsVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {} octets in base64url", self.max)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<u8>, E> {
        // Four characters carry three octets: longer text is refused before anything is allocated for it.
        if text.len() > self.max.div_ceil(3).saturating_mul(4) {
            return Err(E::custom("too many octets"));
        }
        let octets = decode(text).map_err(E::custom)?;
        if octets.len() > self.max {
            return Err(E::custom("too many octets"));
        }
        Ok(octets)
    }
}

impl<const MAX: usize> schemars::JsonSchema for Octets<MAX> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Octets{MAX}").into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[A-Za-z0-9_-]*$",
            "maxLength": (MAX * 4).div_ceil(3),
        })
    }
}

impl<const N: usize> schemars::JsonSchema for FixedOctets<N> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("FixedOctets{N}").into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let length = (N * 4).div_ceil(3);
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[A-Za-z0-9_-]*$",
            "minLength": length,
            "maxLength": length,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_per_octet_string() {
        assert_eq!(decode("AA"), Ok(vec![0]));
        for bad in ["AB", "AA==", "AA=", "A", "A A", "AA\n", "+/", "é"] {
            assert_eq!(decode(bad), Err(NotBase64Url), "{bad:?}");
        }
        assert_eq!(encode(&[0xfb, 0xff]), "-_8");
    }

    #[test]
    fn lengths_are_enforced() {
        assert!(serde_json::from_str::<Octets<2>>("\"AAA\"").is_ok());
        assert!(serde_json::from_str::<Octets<2>>("\"AAAA\"").is_err());
        assert!(serde_json::from_str::<FixedOctets<3>>("\"AAA\"").is_err());
        assert!(serde_json::from_str::<FixedOctets<3>>("\"AAAA\"").is_ok());
        assert!(Octets::<1>::new(vec![1, 2]).is_err());
    }

    #[test]
    fn debug_tells_no_octet() {
        let octets = Octets::<8>::new(vec![0xde, 0xad]);
        assert_eq!(format!("{octets:?}"), "Ok(Octets(2 octets))");
    }
}
