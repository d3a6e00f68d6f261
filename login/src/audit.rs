//! The audit log: JSON lines, one per event, enough to look into an incident and nothing more.
//!
//! A person is named by a keyed hash of the account, a document by a keyed hash of its EF.SOD. Every value is JSON text,
//! so nothing that comes from outside can start a line of its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use protocol::request::Document;
use serde::Serialize;

use crate::level::{Level, Means};

/// Version of the rules of `verification.rs`; a record says by which rules a verdict was reached.
pub const RULES: u32 = 1;

/// What happened.
#[derive(Debug, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Event {
    /// A password was not taken.
    PasswordRefused {
        /// `wrong`; or `throttled` or `busy`, where it was not even looked at.
        reason: &'static str,
    },
    /// A session began.
    SessionStarted {
        /// The level it began at.
        level: Level,
    },
    /// A request was signed for this session.
    RequestIssued {
        /// Of the request.
        jti: String,
        /// Of document.
        document: Document,
        /// `typed` or `digest`.
        access: &'static str,
    },
    /// The last four characters of a document number were wrong, or were asked too often.
    AccessRefused,
    /// A verdict.
    Decided {
        /// Of the request.
        jti: String,
        /// Version of the rules.
        rules: u32,
        /// What was accepted of documents: the setting `policy` by name.
        policy: &'static str,
        /// The step that refused; absent where all passed.
        failed_step: Option<u8>,
        /// Reason; absent where all passed.
        reason: Option<&'static str>,
        /// SHA-256 fingerprint of the document signer's certificate, in hexadecimal.
        signer: Option<String>,
        /// Tolerated deviations by name.
        deviations: Vec<String>,
        /// Keyed hash of EF.SOD.
        document: Option<String>,
    },
    /// The level was raised.
    LevelRaised {
        /// The new level.
        level: Level,
        /// By which means.
        means: Means,
    },
    /// The verdict was good, but the session had ended or no longer was the one that asked.
    LevelNotRaised,
    /// The citizen cancelled.
    Cancelled,
    /// The citizen logged out, or logged in anew.
    SessionEnded,
    /// The session ended by time, and no browser said so.
    SessionExpired,
}

/// What an event is counted as: what happened, and with which reason. Nothing of a person is in it.
pub type Kind = (&'static str, &'static str);

impl Event {
    fn kind(&self) -> Kind {
        match self {
            Self::PasswordRefused { reason } => ("password_refused", reason),
            Self::SessionStarted { .. } => ("session_started", ""),
            Self::RequestIssued { access, .. } => ("request_issued", access),
            Self::AccessRefused => ("access_refused", ""),
            Self::Decided { reason, .. } => ("decided", reason.unwrap_or("passed")),
            Self::LevelRaised { .. } => ("level_raised", ""),
            Self::LevelNotRaised => ("level_not_raised", ""),
            Self::Cancelled => ("cancelled", ""),
            Self::SessionEnded => ("session_ended", ""),
            Self::SessionExpired => ("session_expired", ""),
        }
    }
}

/// Who and where, for every event.
#[derive(Debug, Clone, Serialize)]
pub struct Origin {
    /// Address of the browser; `null` where none asked for what happened.
    pub address: Option<IpAddr>,
    /// What the browser calls itself, at most 200 printable characters.
    pub browser: String,
    /// Keyed hash of the session at its start.
    pub session: Option<String>,
    /// Keyed hash of the account.
    pub account: Option<String>,
}

/// The log cannot be written. Where this happens no level is raised.
#[derive(Debug, thiserror::Error)]
#[error("the audit log cannot be written: {0}")]
pub struct AuditError(#[from] std::io::Error);

/// The log.
pub struct Audit {
    file: Mutex<File>,
    service: String,
    counts: Mutex<BTreeMap<Kind, u64>>,
}

impl Audit {
    /// Opens the file to append to it; a new file is readable by its owner only.
    ///
    /// # Errors
    /// [`AuditError`].
    pub fn open(path: &Path, service: &str) -> Result<Self, AuditError> {
        let mut options = std::fs::OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self {
            file: Mutex::new(options.open(path)?),
            service: service.to_owned(),
            counts: Mutex::default(),
        })
    }

    /// Writes one line.
    ///
    /// # Errors
    /// [`AuditError`].
    pub fn record(&self, now: u64, origin: &Origin, event: &Event) -> Result<(), AuditError> {
        #[derive(Serialize)]
        struct Line<'a> {
            at: u64,
            service: &'a str,
            #[serde(flatten)]
            origin: &'a Origin,
            #[serde(flatten)]
            event: &'a Event,
        }
        let mut line = serde_json::to_vec(&Line {
            at: now,
            service: &self.service,
            origin,
            event,
        })
        .map_err(std::io::Error::other)?;
        line.push(b'\n');
        self.file
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write_all(&line)?;
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(event.kind()).or_default() += 1;
        Ok(())
    }

    /// How often each kind of event was written since the start.
    pub fn counts(&self) -> BTreeMap<Kind, u64> {
        self.counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_event_is_one_line_whatever_the_browser_calls_itself() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        let audit = Audit::open(&path, "demo").unwrap();
        let origin = Origin {
            address: "192.0.2.1".parse().ok(),
            browser: "evil\n{\"action\":\"level_raised\"}\u{2028}".into(),
            session: None,
            account: None,
        };
        audit
            .record(1, &origin, &Event::PasswordRefused { reason: "wrong" })
            .unwrap();
        audit.record(2, &origin, &Event::SessionEnded).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines.first().unwrap()["action"], "password_refused");
    }
}
