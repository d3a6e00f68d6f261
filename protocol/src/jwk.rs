//! P-256 public keys as JSON Web Keys (RFC 7517 4, RFC 7518 6.2.1).

use p256::elliptic_curve::sec1::ToSec1Point;
use serde::{Deserialize, Serialize};

use crate::encoding::FixedOctets;

/// A point of P-256 that is on the curve and not infinity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Members", into = "Members")]
pub struct PublicJwk(p256::PublicKey);

/// The key is not a usable P-256 public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// `kty` is not EC or `crv` not P-256.
    #[error("key of another kind than EC P-256")]
    Kind,
    /// The coordinates name no point of the curve.
    #[error("point not on P-256")]
    NotOnCurve,
    /// A private key where a public one belongs.
    #[error("private key in place of a public one")]
    Private,
}

impl PublicJwk {
    /// Key for verifying ES256 signatures.
    #[must_use]
    pub fn verifying_key(&self) -> p256::ecdsa::VerifyingKey {
        p256::ecdsa::VerifyingKey::from(&self.0)
    }

    /// Key for ECDH-ES key agreement.
    #[must_use]
    pub fn public_key(&self) -> &p256::PublicKey {
        &self.0
    }

    /// SHA-256 over the members in the order of RFC 7638 3.2: the fingerprint a person compares.
    #[must_use]
    pub fn thumbprint(&self) -> [u8; 32] {
        use sha2::Digest;
        let members = Members::from(self.clone());
        let text = format!(
            r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
            crate::encoding::encode(members.x.as_array()),
            crate::encoding::encode(members.y.as_array())
        );
        sha2::Sha256::digest(text.as_bytes()).into()
    }
}

impl From<p256::PublicKey> for PublicJwk {
    fn from(key: p256::PublicKey) -> Self {
        Self(key)
    }
}

impl From<&p256::ecdsa::VerifyingKey> for PublicJwk {
    fn from(key: &p256::ecdsa::VerifyingKey) -> Self {
        Self(p256::PublicKey::from(key))
    }
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
struct Members {
    kty: String,
    crv: String,
    x: FixedOctets<32>,
    y: FixedOctets<32>,
    #[serde(default, skip_serializing)]
    #[schemars(skip)]
    d: Option<serde::de::IgnoredAny>,
}

impl TryFrom<Members> for PublicJwk {
    type Error = JwkError;
    fn try_from(members: Members) -> Result<Self, JwkError> {
        if members.d.is_some() {
            return Err(JwkError::Private);
        }
        if members.kty != "EC" || members.crv != "P-256" {
            return Err(JwkError::Kind);
        }
        let mut point = [4u8; 65];
        point[1..33].copy_from_slice(members.x.as_array());
        point[33..].copy_from_slice(members.y.as_array());
        p256::PublicKey::from_sec1_bytes(&point)
            .map(Self)
            .map_err(|_| JwkError::NotOnCurve)
    }
}

impl From<PublicJwk> for Members {
    fn from(key: PublicJwk) -> Self {
        let point = key.0.to_sec1_point(false);
        let mut coordinates = [0u8; 64];
        // 04 || X || Y: a public key is never infinity, so both coordinates are there.
        for (to, from) in coordinates.iter_mut().zip(point.as_bytes().iter().skip(1)) {
            *to = *from;
        }
        let mut x = [0; 32];
        let mut y = [0; 32];
        x.copy_from_slice(&coordinates[..32]);
        y.copy_from_slice(&coordinates[32..]);
        Self {
            kty: "EC".into(),
            crv: "P-256".into(),
            x: FixedOctets::new(x),
            y: FixedOctets::new(y),
            d: None,
        }
    }
}

impl schemars::JsonSchema for PublicJwk {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PublicJwk".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Members::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    // The key of RFC 7638 is RSA; this P-256 key is the one of RFC 7515 A.3.
    const KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

    #[test]
    fn round_trip_keeps_the_text() {
        let key: PublicJwk = serde_json::from_str(KEY).unwrap();
        assert_eq!(serde_json::to_string(&key).unwrap(), KEY);
    }

    #[test]
    fn other_kinds_and_bad_points_are_refused() {
        for (from, to) in [
            ("\"EC\"", "\"RSA\""),
            ("P-256", "P-384"),
            ("f83O", "f83P"),
            ("{", "{\"d\":\"AA\","),
        ] {
            let text = KEY.replacen(from, to, 1);
            assert!(serde_json::from_str::<PublicJwk>(&text).is_err(), "{to}");
        }
    }
}
