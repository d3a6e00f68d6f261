//! Compact JWS with ES256 (RFC 7515 7.1, RFC 7518 3.4), strict: the header holds exactly `alg`, `typ` and `kid`.
//!
//! Nothing in a header chooses how it is checked: the algorithm is fixed, and the key is found by the caller.

use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{encoding, json};

/// Longest compact JWS that is looked at, in characters.
pub const MAX_LENGTH: usize = 16 * 1024;

/// Why a JWS was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Not three base64url parts, too long, or a signature of another length than 64 octets.
    #[error("not a compact JWS")]
    Format,
    /// A header other than exactly alg ES256, the expected typ and a kid.
    #[error("JWS header not as agreed")]
    Header,
    /// The signature is not of this key over this text.
    #[error("JWS signature wrong")]
    Signature,
}

/// The agreed header, in the order in which it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: KeyId,
}

/// Name of a key: 1 to 64 characters out of `A-Z a-z 0-9 . _ -`.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(#[schemars(regex(pattern = r"^[A-Za-z0-9._-]{1,64}$"))] String);

impl KeyId {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for KeyId {
    type Error = JwsError;
    fn try_from(text: String) -> Result<Self, JwsError> {
        let allowed = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text))
        } else {
            Err(JwsError::Header)
        }
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.0
    }
}

/// A compact JWS taken apart, its header checked, its signature not yet.
pub struct Unverified<'a> {
    kid: KeyId,
    signing_input: &'a str,
    /// Wiped: claims may hold what opens a document.
    payload: Zeroizing<Vec<u8>>,
    signature: Signature,
}

impl<'a> Unverified<'a> {
    /// Takes a compact JWS apart.
    ///
    /// # Errors
    /// [`JwsError::Format`] or [`JwsError::Header`].
    pub fn parse(compact: &'a str, typ: &str) -> Result<Self, JwsError> {
        if compact.len() > MAX_LENGTH {
            return Err(JwsError::Format);
        }
        let (signing_input, signature) = compact.rsplit_once('.').ok_or(JwsError::Format)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwsError::Format)?;
        let part = |text| encoding::decode(text).map_err(|_| JwsError::Format);
        let header: Header = json::from_slice(&part(header)?).map_err(|_| JwsError::Header)?;
        if header.alg != "ES256" || header.typ != typ {
            return Err(JwsError::Header);
        }
        Ok(Self {
            kid: header.kid,
            signing_input,
            payload: Zeroizing::new(part(payload)?),
            signature: Signature::from_slice(&part(signature)?).map_err(|_| JwsError::Format)?,
        })
    }

    /// Name of the key that is said to have signed.
    #[must_use]
    pub fn kid(&self) -> &KeyId {
        &self.kid
    }

    /// The payload before anything vouches for it: only to find the key that could.
    #[must_use]
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// SHA-256 of the JWS up to its second dot: what was signed, whatever the signature's own bytes are.
    #[must_use]
    pub fn signing_input_hash(&self) -> [u8; 32] {
        Sha256::digest(self.signing_input.as_bytes()).into()
    }

    /// Checks the signature and gives the payload.
    ///
    /// # Errors
    /// [`JwsError::Signature`].
    pub fn verify(self, key: &VerifyingKey) -> Result<Zeroizing<Vec<u8>>, JwsError> {
        key.verify(self.signing_input.as_bytes(), &self.signature)
            .map_err(|_| JwsError::Signature)?;
        Ok(self.payload)
    }
}

/// Signs a payload. The nonce is derived from key and text (RFC 6979), so no random source is needed.
///
/// # Errors
/// [`JwsError::Format`] when the payload is no JSON value or the result is longer than [`MAX_LENGTH`].
pub fn sign<T: Serialize>(
    typ: &str,
    kid: &KeyId,
    payload: &T,
    key: &SigningKey,
) -> Result<String, JwsError> {
    let header = Header {
        alg: "ES256".into(),
        typ: typ.into(),
        kid: kid.clone(),
    };
    let header = json::to_string(&header).map_err(|_| JwsError::Format)?;
    let payload = json::to_string(payload).map_err(|_| JwsError::Format)?;
    let mut compact = encoding::encode(header.as_bytes());
    compact.push('.');
    compact.push_str(&encoding::encode(payload.as_bytes()));
    let signature: Signature = key.sign(compact.as_bytes());
    compact.push('.');
    compact.push_str(&encoding::encode(&signature.to_bytes()));
    if compact.len() > MAX_LENGTH {
        return Err(JwsError::Format);
    }
    Ok(compact)
}
