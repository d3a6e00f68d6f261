//! What an import would change, for a person to look at before it counts.

use std::fmt;

use icao::pki::signature::Readings;
use icao::pki::{Certificate, CscaStore, RevocationList, UnixTime};
use serde::Serialize;

use super::store::{Entry, Form};

/// One difference between the store and the one that would take its place.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Change {
    /// `new`, `removed`, `vanished` (no longer in the list it came from, and kept), `superseded` or `known`.
    pub(super) change: &'static str,
    pub(super) form: Form,
    pub(super) kind: &'static str,
    pub(super) state: String,
    pub(super) sha256: String,
    /// Subject of a certificate, issuer of a revocation list.
    pub(super) name: String,
    pub(super) from: String,
    pub(super) until: String,
    pub(super) source: String,
    /// How a new certificate is vouched for by others, and what is odd about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<String>,
}

impl Change {
    pub(super) fn new(change: &'static str, entry: &Entry) -> Self {
        let (name, from, until) = match entry.form {
            Form::Certificate => match Certificate::parse(&entry.der) {
                Ok(certificate) => (
                    certificate.subject().to_string(),
                    day(certificate.not_before()),
                    day(certificate.not_after()),
                ),
                Err(error) => (error.to_string(), String::new(), String::new()),
            },
            Form::RevocationList => match RevocationList::parse(&entry.der) {
                Ok(list) => (
                    list.issuer().to_string(),
                    day(list.this_update()),
                    list.next_update().map_or_else(String::new, day),
                ),
                Err(error) => (error.to_string(), String::new(), String::new()),
            },
        };
        Self {
            change,
            form: entry.form,
            kind: entry.kind.name(),
            state: entry.state.to_string(),
            sha256: entry.fingerprint.to_string(),
            name,
            from,
            until,
            source: entry.source.clone(),
            notes: Vec::new(),
        }
    }
}

/// `2026-09-01`.
fn day(time: UnixTime) -> String {
    let (year, month, day) = time.date();
    format!("{year:04}-{month:02}-{day:02}")
}

/// What there is to say of a new certificate: who signed it, and what does not fit a CSCA.
pub(super) fn notes(entry: &Entry, store: &CscaStore, now: UnixTime) -> Vec<String> {
    let Ok(certificate) = Certificate::parse(&entry.der) else {
        return Vec::new();
    };
    let mut notes = Vec::new();
    let issued = store.issuer_of(
        entry.kind.into(),
        entry.state,
        &certificate,
        certificate.not_before(),
        Readings::Lenient,
    );
    notes.push(match issued {
        Ok(issued)
            if issued.anchor.certificate().public_key_info() == certificate.public_key_info() =>
        {
            "self-signed".to_owned()
        }
        Ok(issued) => format!("link from {}", issued.anchor.fingerprint()),
        Err(error) => format!("its own issuer: {error}"),
    });
    let extensions = certificate.extensions();
    if !extensions.basic_constraints.is_some_and(|basic| basic.ca) {
        notes.push("not marked as a certification authority".to_owned());
    }
    if extensions
        .key_usage
        .is_some_and(|usage| !usage.key_cert_sign())
    {
        notes.push("not for signing certificates".to_owned());
    }
    if certificate.not_after() < now {
        notes.push("expired".to_owned());
    }
    for critical in &extensions.unknown_critical {
        notes.push(format!("critical extension {critical} is not understood"));
    }
    for tolerance in certificate.tolerances().as_slice() {
        notes.push(tolerance.to_string());
    }
    notes
}

/// The whole review.
#[derive(Serialize)]
pub(super) struct Review {
    pub(super) store: String,
    /// The generation that the store would be.
    pub(super) generation: u64,
    pub(super) certificates: usize,
    pub(super) revocation_lists: usize,
    /// Where the objects come from, and who signed the lists.
    pub(super) sources: Vec<String>,
    pub(super) changes: Vec<Change>,
    /// Objects that are in the store already.
    pub(super) known: usize,
    /// What was given and not taken.
    pub(super) refused: Vec<String>,
    /// By which the review is accepted.
    pub(super) digest: String,
    /// Whether the store was replaced.
    pub(super) accepted: bool,
}

impl Review {
    pub(super) fn changes_something(&self) -> bool {
        self.changes
            .iter()
            .any(|change| change.change != "vanished")
    }
}

impl fmt::Display for Review {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for source in &self.sources {
            writeln!(f, "from {source}")?;
        }
        for change in &self.changes {
            let form = match change.form {
                Form::Certificate => "certificate",
                Form::RevocationList => "revocation list",
            };
            writeln!(
                f,
                "{:<10} {:<15} {} {form} {}\n{:11}{} ({} to {})",
                change.change,
                change.kind,
                change.state,
                change.sha256,
                "",
                change.name,
                change.from,
                change.until
            )?;
            if !change.notes.is_empty() {
                writeln!(f, "{:11}{}", "", change.notes.join("; "))?;
            }
        }
        for refused in &self.refused {
            writeln!(f, "refused    {refused}")?;
        }
        writeln!(
            f,
            "{} known; the store would be generation {} with {} certificates and {} revocation lists",
            self.known, self.generation, self.certificates, self.revocation_lists
        )
    }
}
