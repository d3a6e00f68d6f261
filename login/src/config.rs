//! The configuration: a TOML file, checked whole at start, every fault named by its field.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use icao::pki::policy::Policy;
use protocol::origin::{NotAnOrigin, Origin};
use protocol::request::Document;
use protocol::text::DisplayName;
use protocol::trust::ServerId;
use serde::Deserialize;

use crate::language::Localized;

/// A fault in the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not the expected TOML.
    #[error("the configuration does not parse: {0}")]
    Syntax(String),
    /// A field does not hold what it should.
    #[error("configuration, `{field}`: {reason}")]
    Field {
        /// Name of the field.
        field: &'static str,
        /// What is wrong.
        reason: String,
    },
}

fn fault(field: &'static str, reason: impl Into<String>) -> ConfigError {
    ConfigError::Field {
        field,
        reason: reason.into(),
    }
}

/// How the daemon gets what opens the chip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessRelease {
    /// Nothing is released: the citizen types document number and dates, or the CAN.
    Typed,
    /// The request carries the digest of the machine readable zone, after the citizen has shown to know the last four
    /// characters of the document number or uses a browser with an earlier success.
    #[default]
    Digest,
}

/// The origin of the pages: given, or (for tests) a loopback host with the port that the system chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicOrigin {
    /// As given.
    Given(Origin),
    /// `http://` and this loopback host, and the port on which the server listens.
    BoundPort(String),
}

impl PublicOrigin {
    fn parse(text: &str) -> Result<Self, NotAnOrigin> {
        match text.strip_suffix(":0") {
            Some(rest) => {
                // Any port stands for the one to come, to have the rest of the text checked.
                Origin::parse(&format!("{rest}:1024"))?;
                Ok(Self::BoundPort(rest.to_owned()))
            }
            None => Origin::parse(text).map(Self::Given),
        }
    }

    fn is_plain_http(&self) -> bool {
        match self {
            Self::Given(origin) => origin.is_plain_http(),
            Self::BoundPort(text) => text.starts_with("http://"),
        }
    }

    /// The origin of a server that listens on `port`.
    ///
    /// # Errors
    /// [`NotAnOrigin`] for a port that browsers leave out of the origin.
    pub fn with_port(&self, port: u16) -> Result<Origin, NotAnOrigin> {
        match self {
            Self::Given(origin) => Ok(origin.clone()),
            Self::BoundPort(text) => Origin::parse(&format!("{text}:{port}")),
        }
    }
}

/// Which deviations and algorithms of documents are accepted; how a revocation list counts is the same for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyChoice {
    /// What documents in use need: see [`icao::pki::policy::Policy::field`].
    #[default]
    Field,
    /// What the test plan of inspection systems demands: see [`icao::pki::policy::Policy::inspection`] and
    /// docs/conformity.md. Refuses documents that states have issued.
    Inspection,
    /// Doc 9303 to the letter: see [`icao::pki::policy::Policy::strict`]. Refuses still more.
    Strict,
}

impl PolicyChoice {
    /// The name in the configuration and in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Field => "field",
            Self::Inspection => "inspection",
            Self::Strict => "strict",
        }
    }

    /// The policy itself.
    #[must_use]
    pub fn policy(self) -> Policy {
        match self {
            Self::Field => Policy::field(),
            Self::Inspection => Policy::inspection(),
            Self::Strict => Policy::strict(),
        }
    }
}

/// A trust anchor: the CSCA certificates of a folder, for one kind of document of one issuing state.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CscaFolder {
    /// Which documents.
    pub kind: Document,
    /// Issuing state as in the machine readable zone.
    pub issuing_state: String,
    /// Folder of DER files.
    pub folder: PathBuf,
    /// Folder of the revocation lists (DER) that these CSCAs have issued; none where absent.
    pub revocation_lists: Option<PathBuf>,
}

/// The configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Identifier of this server: `iss` of requests, name of the trust file.
    pub id: ServerId,
    /// Name of the service, for pages and requests; at most 60 characters.
    pub service: Localized,
    /// A server for tests: it may use http on loopback and simulated anchors, and shows the steps of a verdict.
    pub test: bool,
    /// Where to listen; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// What the browser calls this server.
    pub origin: PublicOrigin,
    /// Addresses of reverse proxies whose last X-Forwarded-For element is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Ports on which the page looks for the daemon, in order; 1 to 4.
    pub daemon_ports: Vec<u16>,
    /// How the daemon gets what opens the chip.
    pub access_release: AccessRelease,
    /// Whether a document without Chip Authentication is acceptable (the daemon then reads the identity file itself).
    pub accept_without_chip_authentication: bool,
    /// File of secrets.
    pub keys: PathBuf,
    /// File of accounts.
    pub accounts: PathBuf,
    /// File of the demonstration register.
    pub register: PathBuf,
    /// File of the audit log.
    pub audit: PathBuf,
    /// File of what citizens can look back on; `history.jsonl` beside the audit log where not given.
    pub history: PathBuf,
    /// Table of levels; the built-in one where absent.
    pub levels: Option<PathBuf>,
    /// What is accepted of documents.
    pub policy: PolicyChoice,
    /// The trust store that `rda-login trust import` keeps.
    pub trust_store: Option<PathBuf>,
    /// Trust anchors in folders, beside the trust store or in place of it.
    pub csca: Vec<CscaFolder>,
    /// Sessions held at once.
    pub max_sessions: usize,
    /// Where health, readiness and metrics are served, apart from the pages; nowhere where absent.
    pub operations: Option<SocketAddr>,
    /// How long a server that was told to stop waits for logins under way, in seconds; at most 110.
    pub drain_seconds: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: String,
    service: Localized,
    #[serde(default)]
    test: bool,
    listen: SocketAddr,
    origin: String,
    #[serde(default)]
    trusted_proxies: Vec<IpAddr>,
    #[serde(default = "default_ports")]
    daemon_ports: Vec<u16>,
    #[serde(default)]
    access_release: AccessRelease,
    #[serde(default = "yes")]
    accept_without_chip_authentication: bool,
    keys: PathBuf,
    accounts: PathBuf,
    register: PathBuf,
    audit: PathBuf,
    history: Option<PathBuf>,
    levels: Option<PathBuf>,
    #[serde(default)]
    policy: PolicyChoice,
    #[serde(default)]
    csca: Vec<CscaFolder>,
    trust_store: Option<PathBuf>,
    #[serde(default = "default_sessions")]
    max_sessions: usize,
    operations: Option<SocketAddr>,
    #[serde(default = "default_drain")]
    drain_seconds: u64,
}

fn default_drain() -> u64 {
    30
}

/// Longest wait for logins under way; the system unit allows 120 seconds.
const MAX_DRAIN: u64 = 110;

fn default_ports() -> Vec<u16> {
    vec![9303, 9304, 9305]
}

fn yes() -> bool {
    true
}

fn default_sessions() -> usize {
    100_000
}

/// Addresses that are not routed on the Internet (RFC 1918, RFC 4193).
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private(),
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

impl Config {
    /// Reads and checks a file. Relative paths in it start at its own folder.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn open(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path.parent().unwrap_or(Path::new(".")))
    }

    /// Checks the text of a configuration; `base` is where relative paths start.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn parse(text: &str, base: &Path) -> Result<Self, ConfigError> {
        let file: File = toml::from_str(text).map_err(|e| ConfigError::Syntax(e.to_string()))?;
        let id = ServerId::try_from(file.id).map_err(|error| fault("id", error.to_string()))?;
        for name in [&file.service.nl, &file.service.en] {
            DisplayName::try_from(name.clone())
                .map_err(|error| fault("service", error.to_string()))?;
        }
        let origin = PublicOrigin::parse(&file.origin)
            .map_err(|error| fault("origin", error.to_string()))?;
        if origin.is_plain_http() && !file.test {
            return Err(fault(
                "origin",
                "http is for a loopback host of a server with `test = true` only",
            ));
        }
        if matches!(origin, PublicOrigin::BoundPort(_)) && file.listen.port() != 0 {
            return Err(fault(
                "origin",
                "port 0 stands for the port the system chooses in `listen`",
            ));
        }
        if !(1..=4).contains(&file.daemon_ports.len())
            || file.daemon_ports.iter().any(|port| *port < 1024)
        {
            return Err(fault("daemon_ports", "1 to 4 ports from 1024 up"));
        }
        if file.csca.is_empty() && file.trust_store.is_none() {
            return Err(fault(
                "csca",
                "without a trust anchor no document can be accepted",
            ));
        }
        for anchor in &file.csca {
            let state = &anchor.issuing_state;
            if !(1..=3).contains(&state.len()) || !state.bytes().all(|b| b.is_ascii_uppercase()) {
                return Err(fault("csca.issuing_state", "one to three capital letters"));
            }
        }
        // The server itself speaks plain HTTP; TLS ends at a proxy before it.
        if !origin.is_plain_http() && file.trusted_proxies.is_empty() {
            return Err(fault(
                "trusted_proxies",
                "TLS ends at a proxy: without its address all citizens come from one",
            ));
        }
        if file
            .operations
            .is_some_and(|address| !address.ip().is_loopback() && !is_private(address.ip()))
        {
            return Err(fault(
                "operations",
                "health and metrics are for a loopback or private address",
            ));
        }
        if file.drain_seconds > MAX_DRAIN {
            return Err(fault("drain_seconds", "at most 110"));
        }
        if file.max_sessions == 0 {
            return Err(fault("max_sessions", "at least 1"));
        }
        let at = |path: PathBuf| base.join(path);
        Ok(Self {
            id,
            service: file.service,
            test: file.test,
            listen: file.listen,
            origin,
            trusted_proxies: file.trusted_proxies,
            daemon_ports: file.daemon_ports,
            access_release: file.access_release,
            accept_without_chip_authentication: file.accept_without_chip_authentication,
            keys: at(file.keys),
            accounts: at(file.accounts),
            register: at(file.register),
            history: at(file
                .history
                .unwrap_or_else(|| file.audit.with_file_name("history.jsonl"))),
            audit: at(file.audit),
            levels: file.levels.map(at),
            policy: file.policy,
            trust_store: file.trust_store.map(at),
            csca: file
                .csca
                .into_iter()
                .map(|anchor| CscaFolder {
                    folder: base.join(&anchor.folder),
                    revocation_lists: anchor.revocation_lists.as_ref().map(|path| base.join(path)),
                    ..anchor
                })
                .collect(),
            max_sessions: file.max_sessions,
            operations: file.operations,
            drain_seconds: file.drain_seconds,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const GOOD: &str = r#"
        id = "demo-login"
        service = { nl = "Voorbeelddienst", en = "Example service" }
        test = true
        listen = "127.0.0.1:0"
        origin = "http://127.0.0.1:0"
        keys = "keys.toml"
        accounts = "accounts.toml"
        register = "/srv/register.toml"
        audit = "audit.jsonl"
        [[csca]]
        kind = "passport"
        issuing_state = "NLD"
        folder = "csca"
    "#;

    #[test]
    fn a_good_configuration() {
        let config = Config::parse(GOOD, Path::new("/etc/rda-login")).unwrap();
        assert_eq!(config.keys, Path::new("/etc/rda-login/keys.toml"));
        assert_eq!(config.register, Path::new("/srv/register.toml"));
        assert_eq!(
            config.origin.with_port(8123).unwrap().as_str(),
            "http://127.0.0.1:8123"
        );
        assert_eq!(config.daemon_ports, [9303, 9304, 9305]);
        assert_eq!(config.access_release, AccessRelease::Digest);
        assert_eq!(config.policy, PolicyChoice::Field);
        assert_eq!(config.history, Path::new("/etc/rda-login/history.jsonl"));
        for choice in [
            PolicyChoice::Field,
            PolicyChoice::Inspection,
            PolicyChoice::Strict,
        ] {
            let line = format!("test = true\npolicy = \"{}\"", choice.name());
            let config = GOOD.replace("test = true", &line);
            let config = Config::parse(&config, Path::new("/")).unwrap();
            assert_eq!(config.policy, choice);
        }
        let lax = GOOD.replace("test = true", "test = true\npolicy = \"lax\"");
        assert!(Config::parse(&lax, Path::new("/")).is_err());
    }

    #[test]
    fn the_example_of_the_package_is_a_good_configuration() {
        let text = include_str!("../packaging/login.toml");
        let config = Config::parse(text, Path::new("/etc/rda-login")).unwrap();
        assert!(!config.test);
        // What the comments say holds without a line is what holds.
        let told = text
            .lines()
            .filter_map(|line| line.strip_prefix('#'))
            .filter(|line| !line.starts_with(' ') && line.contains(" = "))
            .filter(|line| !line.starts_with("levels") && !line.starts_with("revocation_lists"));
        let tables = text.find("[[csca]]").unwrap();
        let (head, tail) = text.split_at(tables);
        let all = told.fold(head.to_owned(), |all, line| format!("{all}{line}\n")) + tail;
        let spelled = Config::parse(&all, Path::new("/etc/rda-login")).unwrap();
        assert_eq!(format!("{config:?}"), format!("{spelled:?}"));
    }

    #[test]
    fn faults_are_named() {
        let https = GOOD.replace("http://127.0.0.1:0", "https://login.example");
        let behind = |text: &str| format!("trusted_proxies = [\"192.0.2.2\"]\n{text}");
        let config = Config::parse(&behind(&https), Path::new("/")).unwrap();
        assert_eq!(
            config.origin.with_port(8123).unwrap().as_str(),
            "https://login.example"
        );
        for (from, to, field) in [
            ("demo-login", "Demo login", "id"),
            ("demo-login", "../demo", "id"),
            ("Example service", "", "service"),
            ("test = true", "test = false", "origin"),
            ("http://127.0.0.1:0", "http://login.example", "origin"),
            ("http://127.0.0.1:0", "https://login.example/", "origin"),
            ("http://127.0.0.1:0", "https://Login.example", "origin"),
            ("http://127.0.0.1:0", "https://login.example:443", "origin"),
            ("http://127.0.0.1:0", "ftp://login.example", "origin"),
            (
                "listen = \"127.0.0.1:0\"",
                "listen = \"127.0.0.1:80\"",
                "origin",
            ),
            (
                "test = true",
                "test = true\ndaemon_ports = []",
                "daemon_ports",
            ),
            (
                "test = true",
                "test = true\ndaemon_ports = [80]",
                "daemon_ports",
            ),
            ("\"NLD\"", "\"nld\"", "csca.issuing_state"),
            (
                "test = true",
                "test = true\noperations = \"192.0.2.1:9100\"",
                "operations",
            ),
            (
                "test = true",
                "test = true\ndrain_seconds = 111",
                "drain_seconds",
            ),
        ] {
            let error = Config::parse(&GOOD.replace(from, to), Path::new("/")).unwrap_err();
            assert!(error.to_string().contains(field), "{to}: {error}");
        }
        assert!(Config::parse(&GOOD.replace("test =", "tset ="), Path::new("/")).is_err());
        // Without a proxy that is named nobody ends TLS, or all citizens have its address.
        for listen in ["127.0.0.1:0", "192.0.2.1:8080"] {
            let open = https.replace("127.0.0.1:0", listen);
            let error = Config::parse(&open, Path::new("/")).unwrap_err();
            assert!(error.to_string().contains("`trusted_proxies`"), "{error}");
            Config::parse(&behind(&open), Path::new("/")).unwrap();
        }
    }
}
