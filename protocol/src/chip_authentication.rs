//! Chip Authentication by the login server: its signed command, and the chip's answers on their way back.

use p256::ecdsa::SigningKey;
use serde::{Deserialize, Serialize};

use crate::encoding::{FixedOctets, Octets};
use crate::json;
use crate::jwe::Sealable;
use crate::jws::{self, JwsError, KeyId, Unverified};
use crate::origin::Origin;
use crate::read_commands::MAX_COMMAND;
use crate::request::{MAX_SKEW, Request, RequestId};
use crate::trust::{ServerId, TrustedServer};

/// `typ` of the JWS header.
pub const TYP: &str = "rda-chip-authentication+jwt";
/// Longest life of a command in seconds.
pub const MAX_LIFE: u64 = 60;
/// Most commands: one SELECT and four READ BINARY.
pub const MAX_COMMANDS: usize = 5;

/// What the server's second message says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Claims {
    /// The server, as in the request.
    pub iss: ServerId,
    /// The origin, as in the request.
    pub aud: Origin,
    /// The request.
    pub jti: RequestId,
    /// Time of issue, seconds since 1970.
    pub iat: u64,
    /// First second at which it counts no more.
    pub exp: u64,
    /// SHA-256 of the sealed evidence that it answers.
    pub evidence: FixedOctets<32>,
    /// P, the server's ephemeral public key in the group of the chip's key: an uncompressed point, or the integer of
    /// Diffie-Hellman as octets.
    pub public_key: Octets<1024>,
    /// Protocol of Chip Authentication, in dots (TR-03110-3 A.1.1.2).
    pub oid: DottedOid,
    /// Which of the chip's keys, where DG14 names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<u64>,
    /// Commands already protected with the keys that the server and the chip will share.
    #[schemars(length(min = 1, max = MAX_COMMANDS))]
    pub commands: Vec<Octets<MAX_COMMAND>>,
}

/// An object identifier as numbers with dots, at most 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct DottedOid(#[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)+$"), length(max = 64))] String);

/// Not numbers with dots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an object identifier in dots")]
pub struct NotAnOid;

impl DottedOid {
    /// The numbers with dots.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DottedOid {
    type Error = NotAnOid;
    fn try_from(text: String) -> Result<Self, NotAnOid> {
        let arc = |arc: &str| {
            !arc.is_empty()
                && arc.bytes().all(|c| c.is_ascii_digit())
                && (arc == "0" || !arc.starts_with('0'))
        };
        if text.len() <= 64 && text.contains('.') && text.split('.').all(arc) {
            Ok(Self(text))
        } else {
            Err(NotAnOid)
        }
    }
}

impl From<DottedOid> for String {
    fn from(oid: DottedOid) -> Self {
        oid.0
    }
}

/// Why the server's second message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandRefusal {
    /// Not of a key of the server that made the request.
    #[error("not signed by the server of this request")]
    NotAuthentic,
    /// For another request, another origin, other evidence.
    #[error("for another request or other evidence")]
    Elsewhere,
    /// Too long a life, from the future, or over.
    #[error("not of this time")]
    Time,
    /// The claims break a rule.
    #[error("claims break a rule")]
    Invalid,
}

/// The server's second message, verified: of the same server as the request, for this request and this evidence.
/// Whether its commands may go to the chip is a question of its own: [`crate::read_commands::ReadCommands`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command(Claims);

/// The conversation that a command has to belong to.
#[derive(Debug, Clone, Copy)]
pub struct Conversation<'a> {
    /// The server that made the request.
    pub server: &'a TrustedServer,
    /// The request.
    pub request: &'a Request,
    /// [`crate::evidence::sealed_hash`] of the evidence that was handed to the page.
    pub evidence: [u8; 32],
    /// Seconds since 1970.
    pub now: u64,
    /// Seconds since the request was accepted, by a clock that is never set.
    pub elapsed: u64,
}

impl Command {
    /// Checks a command that the page hands over.
    ///
    /// A daemon whose clock is ahead by a few minutes took the request; it must not fail here. So the end of the
    /// command's life is judged by the server's own time: it is at least the request's `iat` plus the seconds since.
    ///
    /// # Errors
    /// [`CommandRefusal`].
    pub fn verify(compact: &str, conversation: &Conversation<'_>) -> Result<Self, CommandRefusal> {
        let Conversation {
            server,
            request,
            evidence,
            now,
            elapsed,
        } = *conversation;
        let jws = Unverified::parse(compact, TYP).map_err(|_| CommandRefusal::NotAuthentic)?;
        let key = server
            .key(jws.kid(), now)
            .ok_or(CommandRefusal::NotAuthentic)?;
        let payload = jws
            .verify(&key.jwk.verifying_key())
            .map_err(|_| CommandRefusal::NotAuthentic)?;
        let claims: Claims = json::from_slice(&payload).map_err(|_| CommandRefusal::Invalid)?;
        let asked = request.claims();
        if claims.iss != asked.iss
            || claims.aud != asked.aud
            || claims.jti != asked.jti
            || *claims.evidence.as_array() != evidence
        {
            return Err(CommandRefusal::Elsewhere);
        }
        claims.check()?;
        let earliest_server_time = asked.iat.saturating_add(elapsed);
        if claims.iat < asked.iat
            || claims.iat > now.saturating_add(MAX_SKEW)
            || claims.exp <= earliest_server_time
        {
            return Err(CommandRefusal::Time);
        }
        Ok(Self(claims))
    }

    /// What it says.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.0
    }
}

impl Claims {
    /// Signs the command, as a login server does.
    ///
    /// # Errors
    /// [`JwsError::Format`] when the claims break a rule that daemons check.
    pub fn sign(&self, kid: &KeyId, key: &SigningKey) -> Result<String, JwsError> {
        self.check().map_err(|_| JwsError::Format)?;
        jws::sign(TYP, kid, self, key)
    }

    fn check(&self) -> Result<(), CommandRefusal> {
        let life = self.exp.checked_sub(self.iat);
        if !life.is_some_and(|life| (1..=MAX_LIFE).contains(&life)) {
            return Err(CommandRefusal::Time);
        }
        if (1..=MAX_COMMANDS).contains(&self.commands.len())
            && !self.public_key.as_slice().is_empty()
        {
            Ok(())
        } else {
            Err(CommandRefusal::Invalid)
        }
    }
}

/// What the chip answered to the protected commands, as it answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChipAuthenticationResult {
    /// Status words in the order of the commands, four hexadecimal digits each.
    #[schemars(length(max = MAX_COMMANDS))]
    pub status_words: Vec<StatusWord>,
    /// Response data in the same order, still protected.
    #[schemars(length(max = MAX_COMMANDS))]
    pub responses: Vec<Octets<1024>>,
}

impl Sealable for ChipAuthenticationResult {
    const TYP: &'static str = "rda-chip-authentication-result+jwe";
    const BLOCK: usize = 4 * 1024;
}

/// SW1-SW2 as four hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct StatusWord(pub u16);

/// Not four hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a status word has four hexadecimal digits")]
pub struct NotAStatusWord;

impl TryFrom<String> for StatusWord {
    type Error = NotAStatusWord;
    fn try_from(text: String) -> Result<Self, NotAStatusWord> {
        if text.len() == 4
            && text
                .bytes()
                .all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c))
        {
            u16::from_str_radix(&text, 16)
                .map(Self)
                .map_err(|_| NotAStatusWord)
        } else {
            Err(NotAStatusWord)
        }
    }
}

impl From<StatusWord> for String {
    fn from(status: StatusWord) -> Self {
        format!("{:04x}", status.0)
    }
}
