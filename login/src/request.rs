//! Making the signed request (PROTOCOL section 1), and what it releases to open the chip.

use std::collections::BTreeMap;

use getrandom::SysRng;
use icao::access_key::{AccessKey, PaceKey};
use icao::mrz::AccessFields;
use p256::SecretKey;
use p256::elliptic_curve::Generate;
use protocol::chip_authentication;
use protocol::encoding::{FixedOctets, Octets};
use protocol::jwk::PublicJwk;
use protocol::origin::Origin;
use protocol::request::{Access, Claims, Document, MAX_ACCESS, MAX_LIFE, Read, Request, VERSION};
use protocol::text::{DisplayName, LanguageTag};
use protocol::trust::{ServerId, TrustError, TrustedKey, TrustedServer};

use sha1::{Digest, Sha1};

use crate::config::Config;
use crate::keys::Keys;
use crate::language::Language;
use crate::rda::{Issued, RESULT_WITHIN};
use crate::register::RegisteredDocument;
use crate::verification::Command;

/// Why no request was made.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
    /// There is no key to sign with.
    #[error("no key to sign with")]
    Key,
    /// The entry of the register cannot open a chip.
    #[error("the register entry holds no usable access data")]
    Access,
    /// The commands for the chip do not fit the message.
    #[error("the commands for the chip do not fit the message")]
    Command,
    /// Signing failed.
    #[error(transparent)]
    Issue(#[from] protocol::request::IssueError),
}

/// What all requests of a server have in common.
pub struct Issuer {
    /// `iss`.
    pub id: ServerId,
    /// `aud`.
    pub origin: Origin,
    /// Name of the service by language.
    pub service: BTreeMap<LanguageTag, DisplayName>,
    /// Whether a document without Chip Authentication is acceptable.
    pub accept_without_chip_authentication: bool,
    /// Whether daemons shall know this server as one for tests.
    pub test: bool,
}

/// The configuration holds a name or an origin that cannot stand in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// The name of the service.
    #[error("the name of the service cannot stand in a request")]
    Name,
    /// The origin, for instance with a port that browsers leave out.
    #[error("the origin cannot stand in a request")]
    Origin,
}

impl Issuer {
    /// Takes over what the configuration says; `port` is the one that is listened on.
    ///
    /// # Errors
    /// [`IssuerError`].
    pub fn new(config: &Config, port: u16) -> Result<Self, IssuerError> {
        let mut service = BTreeMap::new();
        for language in Language::ALL {
            let tag =
                LanguageTag::try_from(language.tag().to_owned()).map_err(|_| IssuerError::Name)?;
            let name = config.service.get(language).to_owned();
            service.insert(
                tag,
                DisplayName::try_from(name).map_err(|_| IssuerError::Name)?,
            );
        }
        Ok(Self {
            id: config.id.clone(),
            origin: config
                .origin
                .with_port(port)
                .map_err(|_| IssuerError::Origin)?,
            service,
            accept_without_chip_authentication: config.accept_without_chip_authentication,
            test: config.test,
        })
    }

    /// Makes and signs a request about documents of one kind.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn issue(
        &self,
        keys: &Keys,
        document: Document,
        candidates: Vec<RegisteredDocument>,
        release: bool,
        now: u64,
    ) -> Result<(String, Issued), RequestError> {
        let signing = keys.signing().ok_or(RequestError::Key)?;
        let enc =
            SecretKey::try_generate_from_rng(&mut SysRng).map_err(|_| RequestError::Random)?;
        let jti = crate::keys::random::<32>().map_err(|_| RequestError::Random)?;
        let access = if release {
            let entries: Vec<Vec<Access>> =
                candidates.iter().map(access).collect::<Result<_, _>>()?;
            entries.into_iter().flatten().take(MAX_ACCESS).collect()
        } else {
            Vec::new()
        };
        let read = if self.accept_without_chip_authentication {
            vec![Read::IdentityFile]
        } else {
            Vec::new()
        };
        let claims = Claims {
            ver: VERSION,
            min_version: None,
            iss: self.id.clone(),
            aud: self.origin.clone(),
            jti: FixedOctets::new(jti),
            iat: now,
            exp: now.saturating_add(MAX_LIFE),
            service: self.service.clone(),
            document,
            enc: PublicJwk::from(enc.public_key()),
            access,
            read,
            must: Vec::new(),
        };
        let (compact, request) = Request::issue(claims, &signing.kid, &signing.key)?;
        Ok((
            compact,
            Issued {
                request,
                enc,
                candidates,
            },
        ))
    }

    /// Signs the server's second message: commands for the chip, in answer to this very evidence.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn command(
        &self,
        keys: &Keys,
        asked: &Claims,
        command: &Command,
        evidence: [u8; 32],
        now: u64,
    ) -> Result<String, RequestError> {
        let signing = keys.signing().ok_or(RequestError::Key)?;
        let octets = |commands: &[Vec<u8>]| {
            commands
                .iter()
                .map(|command| Octets::new(command.clone()))
                .collect::<Result<Vec<_>, _>>()
        };
        let claims = chip_authentication::Claims {
            iss: asked.iss.clone(),
            aud: asked.aud.clone(),
            jti: asked.jti.clone(),
            iat: now,
            exp: now.saturating_add(RESULT_WITHIN),
            evidence: FixedOctets::new(evidence),
            public_key: Octets::new(command.public_key.clone())
                .map_err(|_| RequestError::Command)?,
            oid: command.oid.clone(),
            key_id: command.key_id,
            commands: octets(&command.commands).map_err(|_| RequestError::Command)?,
        };
        claims
            .sign(&signing.kid, &signing.key)
            .map_err(|_| RequestError::Command)
    }

    /// The trust file that makes daemons take requests of this server.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn trust_file(&self, keys: &Keys) -> Result<TrustedServer, TrustError> {
        let keys = keys
            .request_keys()
            .iter()
            .map(|key| TrustedKey {
                kid: key.kid.clone(),
                not_before: None,
                not_after: None,
                jwk: PublicJwk::from(key.key.verifying_key()),
            })
            .collect();
        TrustedServer::new(
            self.id.clone(),
            self.service.clone(),
            vec![self.origin.clone()],
            keys,
            self.test,
        )
    }
}

/// What opens a document of the register.
fn access(document: &RegisteredDocument) -> Result<Vec<Access>, RequestError> {
    let digest = |key: &AccessKey| {
        key.mrz_digest()
            .map(|digest| Access::MrzDigest(FixedOctets::new(*digest)))
            .ok_or(RequestError::Access)
    };
    match &document.licence_line {
        // Basic Access Protection takes the hash of the line, PACE on a licence takes the line as it is.
        Some(line) => {
            let pace = PaceKey::from_password(line.as_bytes());
            let pace = Access::PaceKey(protocol::request::PaceKey {
                sha1_16: FixedOctets::new(pace.sha1_16),
                sha256_32: FixedOctets::new(pace.sha256_32),
            });
            Ok(vec![
                pace,
                digest(&AccessKey::MrzDigest(Sha1::digest(line.as_bytes()).into()))?,
            ])
        }
        None => {
            let (birth, expiry) = (document.birth.yymmdd(), document.expiry.yymmdd());
            let fields = AccessFields::new(&document.number, &birth, &expiry)
                .map_err(|_| RequestError::Access)?;
            Ok(vec![digest(&AccessKey::Mrz(fields))?])
        }
    }
}
