//! Trust files: which login servers a daemon obeys, under which keys, and from which origins.
//!
//! A file `<id>.toml` in a `servers.d` folder. The daemon reads it, the login server writes it. One file holds both
//! the keys and the origins of one server: a request counts only when the same file lists both.
//!
//! ```toml
//! id = "login.example"
//! origins = ["https://login.example"]
//! test = false
//!
//! [name]
//! en = "Example login"
//! nl = "Voorbeeldinlog"
//!
//! [[keys]]
//! kid = "2026-11"
//! not_before = 1795305600
//! not_after = 1826841600
//! jwk = { kty = "EC", crv = "P-256", x = "…", y = "…" }
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::jwk::PublicJwk;
use crate::jws::KeyId;
use crate::origin::Origin;
use crate::text::{DisplayName, LanguageTag};

/// Largest trust file that is read, in bytes.
pub const MAX_FILE: usize = 64 * 1024;

const MAX_ORIGINS: usize = 32;
const MAX_KEYS: usize = 16;

/// Name of a login server: 1 to 64 characters out of `a-z 0-9 . -`, starting and ending with a letter or digit,
/// without two dots in a row, so that it is also a harmless file name.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
pub struct ServerId(#[schemars(regex(pattern = r"^[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$"))] String);

impl ServerId {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ServerId {
    type Error = TrustError;
    fn try_from(text: String) -> Result<Self, TrustError> {
        let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b".-".contains(&c);
        let edge = |c: Option<u8>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let bytes = text.as_bytes();
        if bytes.len() <= 64
            && bytes.iter().all(|&c| inner(c))
            && edge(bytes.first().copied())
            && edge(bytes.last().copied())
            && !text.contains("..")
        {
            Ok(Self(text))
        } else {
            Err(TrustError::Id)
        }
    }
}

impl From<ServerId> for String {
    fn from(id: ServerId) -> Self {
        id.0
    }
}

/// Which rule a trust file breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// `id` is no server name.
    #[error("id is not a server name")]
    Id,
    /// No origin, or more than 32.
    #[error("a server has 1 to 32 origins")]
    Origins,
    /// `http` in a file that is not marked as a test.
    #[error("http origins are for test servers only")]
    PlainHttp,
    /// No key, more than 16, or one name twice.
    #[error("a server has 1 to 16 keys, each with a name of its own")]
    Keys,
    /// A key whose validity ends before it begins.
    #[error("a key's validity ends before it begins")]
    Validity,
    /// No display name.
    #[error("a server has a display name")]
    Name,
}

/// A signing key of a login server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedKey {
    /// The name in the JWS header.
    pub kid: KeyId,
    /// First second at which it counts (since 1970); absent: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<u64>,
    /// Last second at which it counts; absent: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<u64>,
    /// The public key.
    pub jwk: PublicJwk,
}

impl TrustedKey {
    /// Whether the key counts at this time (seconds since 1970).
    #[must_use]
    pub fn is_valid_at(&self, now: u64) -> bool {
        self.not_before.is_none_or(|start| start <= now)
            && self.not_after.is_none_or(|end| now <= end)
    }
}

/// A login server that may ask for documents: a trust file that obeys the rules of this module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "TrustFile", into = "TrustFile")]
pub struct TrustedServer(TrustFile);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustFile {
    id: ServerId,
    origins: Vec<Origin>,
    #[serde(default)]
    test: bool,
    name: BTreeMap<LanguageTag, DisplayName>,
    keys: Vec<TrustedKey>,
}

impl TrustedServer {
    /// Puts a trust file together, as a login server does that writes its own.
    ///
    /// # Errors
    /// [`TrustError`] names the rule that is broken.
    pub fn new(
        id: ServerId,
        name: BTreeMap<LanguageTag, DisplayName>,
        origins: Vec<Origin>,
        keys: Vec<TrustedKey>,
        test: bool,
    ) -> Result<Self, TrustError> {
        Self::try_from(TrustFile {
            id,
            origins,
            test,
            name,
            keys,
        })
    }

    /// The name under which requests are issued (`iss`).
    #[must_use]
    pub fn id(&self) -> &ServerId {
        &self.0.id
    }

    /// Names to show, by language.
    #[must_use]
    pub fn names(&self) -> &BTreeMap<LanguageTag, DisplayName> {
        &self.0.name
    }

    /// Origins whose pages may present its requests.
    #[must_use]
    pub fn origins(&self) -> &[Origin] {
        &self.0.origins
    }

    /// Signing keys.
    #[must_use]
    pub fn keys(&self) -> &[TrustedKey] {
        &self.0.keys
    }

    /// Whether this is a test server: `http` on loopback is allowed for it.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.0.test
    }

    /// Whether a page of this origin, byte for byte, may present requests of this server.
    #[must_use]
    pub fn lists_origin(&self, origin: &str) -> bool {
        self.0.origins.iter().any(|o| o.as_str() == origin)
    }

    /// The key of this name if it counts at this time (seconds since 1970).
    #[must_use]
    pub fn key(&self, kid: &KeyId, now: u64) -> Option<&TrustedKey> {
        self.0
            .keys
            .iter()
            .find(|key| key.kid == *kid && key.is_valid_at(now))
    }
}

impl TryFrom<TrustFile> for TrustedServer {
    type Error = TrustError;
    fn try_from(file: TrustFile) -> Result<Self, TrustError> {
        if !(1..=MAX_ORIGINS).contains(&file.origins.len()) {
            return Err(TrustError::Origins);
        }
        if !file.test && file.origins.iter().any(Origin::is_plain_http) {
            return Err(TrustError::PlainHttp);
        }
        let names: std::collections::BTreeSet<_> = file.keys.iter().map(|key| &key.kid).collect();
        if !(1..=MAX_KEYS).contains(&file.keys.len()) || names.len() != file.keys.len() {
            return Err(TrustError::Keys);
        }
        let backwards = |key: &TrustedKey| matches!((key.not_before, key.not_after), (Some(start), Some(end)) if end < start);
        if file.keys.iter().any(backwards) {
            return Err(TrustError::Validity);
        }
        if file.name.is_empty() {
            return Err(TrustError::Name);
        }
        Ok(Self(file))
    }
}

impl From<TrustedServer> for TrustFile {
    fn from(server: TrustedServer) -> Self {
        server.0
    }
}
