//! `rda-login trust list` and `rda-login trust export`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use base64ct::{Base64, Encoding};
use clap::Args;
use icao::pki::IssuingState;

use super::review::Change;
use super::store::{Entry, Form, TrustStore};
use super::{Kind, say};

/// Length of a line of PEM (RFC 7468 2).
const PEM_LINE: usize = 64;

/// Which entries.
#[derive(Args)]
struct Selection {
    /// The trust store.
    #[arg(long, value_name = "FILE")]
    store: PathBuf,
    /// Only these documents.
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Only this state.
    #[arg(long, value_name = "CODE")]
    state: Option<String>,
}

impl Selection {
    fn entries<'a>(
        &self,
        store: &'a TrustStore,
    ) -> anyhow::Result<impl Iterator<Item = &'a Entry> + use<'a>> {
        let state = match &self.state {
            Some(code) => Some(IssuingState::parse(code)?),
            None => None,
        };
        let kind = self.kind;
        Ok(store
            .entries()
            .filter(move |entry| kind.is_none_or(|kind| kind == entry.kind))
            .filter(move |entry| state.is_none_or(|state| state == entry.state)))
    }
}

/// What to show.
#[derive(Args)]
pub struct ListArguments {
    #[command(flatten)]
    selection: Selection,
    /// One line of JSON for each entry.
    #[arg(long)]
    json: bool,
}

/// What to write where.
#[derive(Args)]
pub struct ExportArguments {
    #[command(flatten)]
    selection: Selection,
    /// A PEM file, which must not exist yet; with a slash at the end, or with a folder that exists: a folder
    /// KIND/STATE/SHA256.cer, the revocation lists .crl. `-` is standard output.
    #[arg(long, value_name = "PATH")]
    to: PathBuf,
}

pub(super) fn list(arguments: &ListArguments) -> anyhow::Result<()> {
    let store = TrustStore::open(&arguments.selection.store)?;
    let mut out = String::new();
    for entry in arguments.selection.entries(&store)? {
        let shown = Change::new("known", entry);
        if arguments.json {
            let mut line = serde_json::to_value(&shown)?;
            if let Some(line) = line.as_object_mut() {
                line.remove("change");
                line.insert("added".to_owned(), entry.added.clone().into());
            }
            writeln!(out, "{line}")?;
        } else {
            writeln!(
                out,
                "{:<15} {:<3} {} {} {} to {} {} ({}, {})",
                shown.kind,
                shown.state,
                match entry.form {
                    Form::Certificate => "certificate",
                    Form::RevocationList => "revocation list",
                },
                shown.sha256,
                shown.from,
                shown.until,
                shown.name,
                shown.source,
                entry.added
            )?;
        }
    }
    if !arguments.json {
        let (certificates, lists) = store.counts();
        writeln!(
            out,
            "generation {} with {certificates} certificates and {lists} revocation lists",
            store.generation
        )?;
    }
    say(out)
}

pub(super) fn export(arguments: &ExportArguments) -> anyhow::Result<()> {
    let store = TrustStore::open(&arguments.selection.store)?;
    let entries = arguments.selection.entries(&store)?;
    let to = &arguments.to;
    let folder = to.is_dir() || to.as_os_str().to_string_lossy().ends_with('/');
    if folder {
        let mut entries = entries;
        return entries
            .try_for_each(|entry| export_der(to, entry))
            .with_context(|| to.display().to_string());
    }
    // The same certificate may count for several kinds.
    let mut seen = BTreeSet::new();
    let mut text = String::new();
    for entry in entries.filter(|entry| seen.insert(entry.fingerprint)) {
        pem(entry, &mut text);
    }
    if seen.is_empty() {
        bail!("no entry to export");
    }
    if to.as_os_str() == "-" {
        return say(text);
    }
    fs::File::create_new(to)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| to.display().to_string())
}

fn export_der(folder: &Path, entry: &Entry) -> io::Result<()> {
    let folder = folder.join(entry.kind.name()).join(entry.state.as_str());
    fs::create_dir_all(&folder)?;
    let ending = match entry.form {
        Form::Certificate => "cer",
        Form::RevocationList => "crl",
    };
    fs::write(
        folder.join(format!("{}.{ending}", entry.fingerprint)),
        &entry.der,
    )
}

fn pem(entry: &Entry, text: &mut String) {
    let label = match entry.form {
        Form::Certificate => "CERTIFICATE",
        Form::RevocationList => "X509 CRL",
    };
    let base64 = Base64::encode_string(&entry.der);
    let name = Change::new("known", entry).name;
    text.push_str(&format!(
        "# {} {name}\n-----BEGIN {label}-----\n",
        entry.state
    ));
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(PEM_LINE));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----\n"));
}
