//! The request: a login server asks for one document of one citizen, from the pages of one origin, once.

use std::collections::BTreeMap;
use std::fmt;

use p256::ecdsa::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::encoding::FixedOctets;
use crate::error::Code;
use crate::json;
use crate::jwk::PublicJwk;
use crate::jws::{self, JwsError, KeyId, Unverified};
use crate::origin::Origin;
use crate::text::{DisplayName, LanguageTag, MAX_LANGUAGES};
use crate::trust::{ServerId, TrustedServer};

/// `typ` of the JWS header.
pub const TYP: &str = "rda-request+jwt";
/// Longest life of a request in seconds.
pub const MAX_LIFE: u64 = 300;
/// How far the server's clock may be ahead of the daemon's, in seconds.
pub const MAX_SKEW: u64 = 60;
/// Most access entries.
pub const MAX_ACCESS: usize = 4;

/// The version of the messages that this crate speaks.
pub const VERSION: u32 = 1;

/// Claims a daemon of this version obeys; `must` may name no other.
const KNOWN: [&str; 13] = [
    "ver",
    "min_version",
    "iss",
    "aud",
    "jti",
    "iat",
    "exp",
    "service",
    "document",
    "enc",
    "access",
    "read",
    "must",
];

/// What a request says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Claims {
    /// Version of the messages: 1.
    pub ver: u32,
    /// Oldest daemon that the server accepts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_version: Option<DaemonVersion>,
    /// The server, as in its trust file.
    pub iss: ServerId,
    /// The one origin whose page may present the request.
    pub aud: Origin,
    /// Random; evidence for it is taken once.
    pub jti: RequestId,
    /// Time of issue, seconds since 1970.
    pub iat: u64,
    /// First second at which it counts no more.
    pub exp: u64,
    /// Name of the service the citizen logs in to, by language.
    pub service: BTreeMap<LanguageTag, DisplayName>,
    /// The kind of document.
    pub document: Document,
    /// The server's key for this request: what the daemon found is sealed to it.
    pub enc: PublicJwk,
    /// Access keys in the order in which they are tried; absent: the citizen types what opens the document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MAX_ACCESS))]
    pub access: Vec<Access>,
    /// What may be read beyond the files that prove the chip.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<Read>,
    /// Names of claims that a daemon may not ignore.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub must: Vec<String>,
}

/// 32 random octets that name a request.
pub type RequestId = FixedOctets<32>;

/// The kinds of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Document {
    /// Passport (Doc 9303-4).
    Passport,
    /// Identity card (Doc 9303-5).
    IdentityCard,
    /// Driving licence (ISO/IEC 18013).
    DrivingLicence,
}

impl Document {
    /// Short file identifier of the file that names the holder: DG1, or DG12 of a Dutch driving licence.
    #[must_use]
    pub fn identity_file_sfi(self) -> u8 {
        match self {
            Self::Passport | Self::IdentityCard => 0x01,
            Self::DrivingLicence => 0x0c,
        }
    }
}

/// One way to open a document. Each is a personal datum: none is shown by `Debug`, all are wiped.
#[derive(
    Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, Zeroize, ZeroizeOnDrop,
)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// SHA-1 of the MRZ information, 20 octets: serves BAC, BAP and PACE.
    MrzDigest(FixedOctets<20>),
    /// Keys of PACE made from a raw password (driving licences).
    PaceKey(PaceKey),
    /// Card Access Number.
    Can(Can),
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MrzDigest(_) => "MrzDigest",
            Self::PaceKey(_) => "PaceKey",
            Self::Can(_) => "Can",
        })
    }
}

/// Keys that encrypt the nonce of PACE, derived from a password with counter 3 (Doc 9303-11 9.7.3).
#[derive(
    Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, Zeroize, ZeroizeOnDrop,
)]
pub struct PaceKey {
    /// For 3DES and AES-128.
    pub sha1_16: FixedOctets<16>,
    /// For AES-192 (its first 24 octets) and AES-256.
    pub sha256_32: FixedOctets<32>,
}

/// Card Access Number: 6 digits (Doc 9303-11 4.4), or the 10 capital letters and digits that some driving licences have.
#[derive(
    Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, Zeroize, ZeroizeOnDrop,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^([0-9]{6}|[0-9A-Z]{10})$"))]
pub struct Can(String);

/// Neither 6 digits nor 10 capital letters and digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a card access number has 6 digits, or 10 capital letters and digits")]
pub struct NotACan;

impl Can {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Can {
    type Error = NotACan;
    fn try_from(mut text: String) -> Result<Self, NotACan> {
        let digits = text.bytes().all(|c| c.is_ascii_digit());
        let capitals = text
            .bytes()
            .all(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
        if text.len() == 6 && digits || text.len() == 10 && capitals {
            return Ok(Self(text));
        }
        text.zeroize();
        Err(NotACan)
    }
}

impl From<Can> for String {
    fn from(mut can: Can) -> Self {
        std::mem::take(&mut can.0)
    }
}

impl fmt::Debug for Can {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Can")
    }
}

/// What may be read beyond the files that prove the chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// DG1 (or DG12 of a licence) by the daemon itself, from a chip without Chip Authentication.
    IdentityFile,
}

/// Version of a daemon, `major.minor.patch`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct DaemonVersion([u16; 3]);

/// Not `major.minor.patch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a version is major.minor.patch")]
pub struct NotAVersion;

impl DaemonVersion {
    /// Reads `major.minor.patch`.
    ///
    /// # Errors
    /// [`NotAVersion`].
    pub fn parse(text: &str) -> Result<Self, NotAVersion> {
        let mut parts = text.split('.');
        let mut part = || {
            parts
                .next()
                .filter(|p| !p.is_empty() && p.bytes().all(|c| c.is_ascii_digit()))
                .and_then(|p| p.parse().ok())
                .ok_or(NotAVersion)
        };
        let version = Self([part()?, part()?, part()?]);
        if parts.next().is_some() {
            return Err(NotAVersion);
        }
        Ok(version)
    }
}

impl TryFrom<String> for DaemonVersion {
    type Error = NotAVersion;
    fn try_from(text: String) -> Result<Self, NotAVersion> {
        Self::parse(&text)
    }
}

impl From<DaemonVersion> for String {
    fn from(version: DaemonVersion) -> Self {
        version.to_string()
    }
}

impl fmt::Display for DaemonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// SHA-256 of a request's JWS up to its second dot: SHA-256(R) in the bindings and seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestHash([u8; 32]);

impl RequestHash {
    /// Wraps a hash that was stored.
    #[must_use]
    pub fn from_bytes(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// The hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody the daemon trusts made this request for this page. The one answer to it tells nothing more; the
    /// reason is for the daemon's own log.
    #[error("request not authentic: {0}")]
    NotAuthentic(Reason),
    /// Authentic, and its time is over.
    #[error("request expired")]
    Expired,
    /// Authentic, and issued in the future: this computer's clock is behind.
    #[error("this computer's clock is behind the server's")]
    ClockWrong,
    /// Authentic, for newer daemons.
    #[error("the server wants a newer daemon")]
    DaemonTooOld,
    /// Authentic, and names in `must` what this daemon does not know.
    #[error("the request demands a claim that this daemon does not know")]
    ClaimUnknown,
    /// Authentic, and breaks a rule of the claims.
    #[error("the request's claims break a rule")]
    Invalid,
}

/// Why a request is not authentic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Not a request at all.
    #[error("malformed")]
    Malformed,
    /// No trust file of that name.
    #[error("unknown server")]
    UnknownServer,
    /// The trust file has no such key, or not at this time.
    #[error("unknown key")]
    UnknownKey,
    /// The signature is not of that key.
    #[error("wrong signature")]
    Signature,
    /// The page's origin is not in the trust file.
    #[error("origin not of this server")]
    Origin,
    /// The request is for the page of another origin.
    #[error("for another origin")]
    Audience,
}

impl Refusal {
    /// The code that goes to the page: one and the same for everything not authentic.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::NotAuthentic(_) => Code::RequestRefused,
            Self::Expired => Code::RequestExpired,
            Self::ClockWrong => Code::ClockWrong,
            Self::DaemonTooOld => Code::DaemonTooOld,
            Self::ClaimUnknown => Code::ClaimUnknown,
            Self::Invalid => Code::RequestInvalid,
        }
    }
}

/// Where and when a request is presented.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// The `Origin` header, byte for byte.
    pub origin: &'a str,
    /// Seconds since 1970.
    pub now: u64,
    /// The daemon's version.
    pub version: DaemonVersion,
}

/// A request that a trusted server made for the page that presented it.
#[derive(Debug, Clone)]
pub struct Request {
    claims: Claims,
    hash: RequestHash,
}

impl Request {
    /// Checks a request that a page presents: signature by a key of the trust file that `iss` names, origin in that
    /// same file and in `aud`, then time, version and rules.
    ///
    /// A signature is computed in every case, also where the server or key is unknown, so that the time taken does
    /// not tell which servers a daemon trusts.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn verify<'t>(
        compact: &str,
        presented: &Presented<'_>,
        find: impl FnOnce(&str) -> Option<&'t TrustedServer>,
    ) -> Result<(Self, &'t TrustedServer), Refusal> {
        let refuse = |reason| Refusal::NotAuthentic(reason);
        let jws = Unverified::parse(compact, TYP).map_err(|_| refuse(Reason::Malformed))?;
        let iss: Issuer =
            json::from_slice(jws.unverified_payload()).map_err(|_| refuse(Reason::Malformed))?;
        let server = find(&iss.iss);
        let key = server.and_then(|server| server.key(jws.kid(), presented.now));
        let hash = RequestHash(jws.signing_input_hash());
        let verified = match key {
            Some(key) => jws.verify(&key.jwk.verifying_key()),
            // The base point serves as a key that belongs to nobody; its verdict counts for nothing.
            None => VerifyingKey::from_affine(p256::AffinePoint::GENERATOR)
                .map_err(|_| JwsError::Signature)
                .and_then(|decoy| jws.verify(&decoy)),
        };

        let server = server.ok_or(refuse(Reason::UnknownServer))?;
        key.ok_or(refuse(Reason::UnknownKey))?;
        let payload = verified.map_err(|_| refuse(Reason::Signature))?;
        if !server.lists_origin(presented.origin) {
            return Err(refuse(Reason::Origin));
        }
        // Only the place is looked at before the rest of the claims: a request for elsewhere is a stranger's,
        // whatever else is in it.
        let audience: Audience = json::from_slice(&payload).map_err(|_| Refusal::Invalid)?;
        if audience.aud != presented.origin {
            return Err(refuse(Reason::Audience));
        }
        let must: Must = json::from_slice(&payload).map_err(|_| Refusal::Invalid)?;
        if must.must.iter().any(|name| !KNOWN.contains(&name.as_str())) {
            return Err(Refusal::ClaimUnknown);
        }
        let claims: Claims = json::from_slice(&payload).map_err(|_| Refusal::Invalid)?;
        claims.check().map_err(|_| Refusal::Invalid)?;
        if claims
            .min_version
            .is_some_and(|oldest| presented.version < oldest)
        {
            return Err(Refusal::DaemonTooOld);
        }
        if claims.iat > presented.now.saturating_add(MAX_SKEW) {
            return Err(Refusal::ClockWrong);
        }
        if claims.exp <= presented.now {
            return Err(Refusal::Expired);
        }
        Ok((Self { claims, hash }, server))
    }

    /// Makes and signs a request, as a login server does.
    ///
    /// # Errors
    /// [`IssueError`]: the claims break a rule that daemons check, or the result is too long.
    pub fn issue(
        claims: Claims,
        kid: &KeyId,
        key: &SigningKey,
    ) -> Result<(String, Self), IssueError> {
        claims.check()?;
        let compact = jws::sign(TYP, kid, &claims, key)?;
        let hash = RequestHash(Unverified::parse(&compact, TYP)?.signing_input_hash());
        Ok((compact, Self { claims, hash }))
    }

    /// Reads a request back that this server issued and stored.
    ///
    /// # Errors
    /// [`IssueError`]: not a request of this key.
    pub fn reload(compact: &str, key: &VerifyingKey) -> Result<Self, IssueError> {
        let jws = Unverified::parse(compact, TYP)?;
        let hash = RequestHash(jws.signing_input_hash());
        let claims: Claims = json::from_slice(&jws.verify(key)?).map_err(|_| IssueError::Claims)?;
        claims.check()?;
        Ok(Self { claims, hash })
    }

    /// What the request says.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// SHA-256(R).
    #[must_use]
    pub fn hash(&self) -> &RequestHash {
        &self.hash
    }

    /// Whether the daemon may read the identity file of a chip without Chip Authentication.
    #[must_use]
    pub fn allows_identity_file(&self) -> bool {
        self.claims.read.contains(&Read::IdentityFile)
    }
}

/// A request could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The claims break a rule.
    #[error("claims break a rule")]
    Claims,
    /// Signing or reading failed.
    #[error(transparent)]
    Jws(#[from] JwsError),
}

impl Claims {
    /// The rules that types alone do not keep.
    fn check(&self) -> Result<(), IssueError> {
        let life = self.exp.checked_sub(self.iat);
        let ok = self.ver == VERSION
            && life.is_some_and(|life| (1..=MAX_LIFE).contains(&life))
            && (1..=MAX_LANGUAGES).contains(&self.service.len())
            && self.access.len() <= MAX_ACCESS
            && self.must.len() <= KNOWN.len();
        if ok { Ok(()) } else { Err(IssueError::Claims) }
    }
}

#[derive(Deserialize)]
struct Issuer {
    iss: String,
}

#[derive(Deserialize)]
struct Audience {
    aud: String,
}

#[derive(Deserialize)]
struct Must {
    #[serde(default)]
    must: Vec<String>,
}
