//! `rda-login trust import`: what is given, who vouches for it, what it would change, and the replacement.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use icao::pki::{
    Anchors, Certificate, CscaStore, IssuingState, MasterList, PkiError, PkiObject, Policy,
    RevocationList, UnixTime,
};

use super::journal::{self, Record};
use super::review::{Change, Review, notes};
use super::source::Source;
use super::store::{Entry, Form, Key, TrustStore};
use super::{Kind, check, say};

/// The review waits to be accepted.
const NOT_ACCEPTED: u8 = 3;

/// What to take in.
#[derive(Args)]
pub struct ImportArguments {
    /// The trust store; made where it is missing. A log STORE.log is kept beside it.
    #[arg(long, value_name = "FILE")]
    store: PathBuf,
    /// CSCA certificates that you vouch for: PEM, DER or LDIF; files or folders.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    csca: Vec<PathBuf>,
    /// Link certificates: new keys of a CSCA. Each must be signed by a certificate of the store.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    link: Vec<PathBuf>,
    /// Signed master lists. Each must be signed by a signer that a certificate of the store, or of --anchor, vouches for.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    master_list: Vec<PathBuf>,
    /// CSCA certificates that vouch for the signers of master lists, without being taken into the store.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    anchor: Vec<PathBuf>,
    /// Revocation lists. Each must be signed by a certificate of the new store.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    crl: Vec<PathBuf>,
    /// The documents that the certificates vouch for. Can be given more than once.
    #[arg(long, value_enum, default_values_t = [Kind::Passport])]
    kind: Vec<Kind>,
    /// The state that the certificates of --csca and the lists of --crl count for, in place of the one they name.
    #[arg(long, value_name = "CODE")]
    state: Option<String>,
    /// Take out what came from the same publisher's master list earlier and is not in the one given.
    #[arg(long)]
    replace: bool,
    /// Take out these entries, by SHA-256.
    #[arg(long, value_name = "SHA256")]
    remove: Vec<String>,
    /// The time at which signers of master lists have to be valid. Otherwise: now.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Replace the store if the outcome is the one of the review with this digest.
    #[arg(long, value_name = "DIGEST", conflicts_with = "yes")]
    accept: Option<String>,
    /// Replace the store without a review.
    #[arg(long)]
    yes: bool,
    /// Print the review as JSON.
    #[arg(long)]
    json: bool,
}

/// An import on its way.
struct Import<'a> {
    arguments: &'a ImportArguments,
    now: UnixTime,
    state: Option<IssuingState>,
    old: TrustStore,
    new: TrustStore,
    sources: Vec<String>,
    refused: Vec<String>,
    known: usize,
    vanished: Vec<Change>,
}

pub(super) fn run(arguments: &ImportArguments) -> anyhow::Result<ExitCode> {
    let state = match &arguments.state {
        Some(code) => Some(IssuingState::parse(code)?),
        None => None,
    };
    // Two imports at a time would each lose what the other brings.
    let lock_path = lock_path(&arguments.store);
    let lock = File::create(&lock_path).with_context(|| lock_path.display().to_string())?;
    lock.try_lock()
        .context("another import is at work on this store")?;
    let old = TrustStore::open_or_new(&arguments.store)?;
    let mut import = Import {
        now: match &arguments.at {
            Some(text) => check::parse_time(text)?,
            None => check::now()?,
        },
        arguments,
        state,
        new: old.clone(),
        old,
        sources: Vec::new(),
        refused: Vec::new(),
        known: 0,
        vanished: Vec::new(),
    };
    import.new.generation += 1;
    import.remove()?;
    import.certificates()?;
    import.links()?;
    import.master_lists()?;
    import.revocation_lists()?;
    let review = import.review()?;
    import.finish(review)
}

fn lock_path(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

impl Import<'_> {
    fn remove(&mut self) -> anyhow::Result<()> {
        for wanted in &self.arguments.remove {
            let keys: Vec<Key> = self
                .new
                .entries()
                .filter(|entry| entry.fingerprint.to_string() == wanted.to_ascii_lowercase())
                .map(Entry::key)
                .collect();
            if keys.is_empty() {
                bail!("no entry of the store has SHA-256 {wanted}");
            }
            keys.iter().for_each(|key| self.new.remove(key));
        }
        Ok(())
    }

    /// What could not be read is told, and the rest is taken.
    fn unreadable(&mut self, source: &Source) {
        let unreadable = source.unreadable.iter().map(ToString::to_string);
        self.refused.extend(unreadable);
    }

    /// A certificate for each kind.
    fn take(&mut self, certificate: &Certificate, state: IssuingState, source: &str) {
        self.take_for(&self.arguments.kind, certificate, state, source);
    }

    fn take_for(
        &mut self,
        kinds: &[Kind],
        certificate: &Certificate,
        state: IssuingState,
        source: &str,
    ) {
        for kind in kinds {
            let entry = Entry {
                form: Form::Certificate,
                kind: *kind,
                state,
                fingerprint: certificate.fingerprint(),
                source: source.to_owned(),
                added: self.now.to_string(),
                der: certificate.raw().to_vec(),
            };
            match self.new.get(&entry.key()) {
                Some(_) => self.known += 1,
                None => self.new.insert(entry),
            }
        }
    }

    fn certificates(&mut self) -> anyhow::Result<()> {
        let mut given = Source::new(&self.arguments.csca)?;
        for found in given.by_ref() {
            let source = name_of(&found.path);
            let place = found.place();
            match found.parsed(PkiObject::parse) {
                Ok(PkiObject::Certificate(certificate)) => {
                    match self.state.or_else(|| certificate.subject().country()) {
                        Some(state) => self.take(&certificate, state, &source),
                        None => self
                            .refused
                            .push(format!("{place}: names no state; give --state")),
                    }
                }
                Ok(PkiObject::MasterList(_)) => self
                    .refused
                    .push(format!("{place}: a master list; give it as --master-list")),
                Ok(PkiObject::RevocationList(_)) => self
                    .refused
                    .push(format!("{place}: a revocation list; give it as --crl")),
                Err(error) => self.refused.push(format!("{place}: {error}")),
            }
        }
        self.unreadable(&given);
        self.sources.extend(self.arguments.csca.iter().map(|path| {
            format!(
                "{}: certificates that the operator vouches for",
                path.display()
            )
        }));
        Ok(())
    }

    /// Link certificates vouch for one another, in whatever order they come.
    fn links(&mut self) -> anyhow::Result<()> {
        let mut waiting = Vec::new();
        let mut given = Source::new(&self.arguments.link)?;
        for found in given.by_ref() {
            let place = found.place();
            match found.parsed(Certificate::parse) {
                Err(error) => self.refused.push(format!("{place}: {error}")),
                Ok(certificate) => match self.state.or_else(|| certificate.subject().country()) {
                    None => self
                        .refused
                        .push(format!("{place}: names no state; give --state")),
                    Some(state) => waiting.extend(self.arguments.kind.iter().map(|kind| {
                        let source = format!("link, {}", name_of(&found.path));
                        (*kind, state, certificate.clone(), source, place.clone())
                    })),
                },
            }
        }
        self.unreadable(&given);
        if waiting.is_empty() {
            return Ok(());
        }
        let mut anchors = Anchors::new(&[]);
        self.new.add_to(&mut anchors)?;
        let (mut store, _) = anchors.into_store();
        loop {
            let before = waiting.len();
            let mut left = Vec::new();
            for (kind, state, certificate, source, place) in waiting {
                match store.add_link(kind.into(), state, certificate.raw()) {
                    Ok(_) => self.take_for(&[kind], &certificate, state, &source),
                    Err(_) => left.push((kind, state, certificate, source, place)),
                }
            }
            waiting = left;
            if waiting.len() == before || waiting.is_empty() {
                break;
            }
        }
        for (kind, state, certificate, _, place) in waiting {
            if let Err(error) = store.add_link(kind.into(), state, certificate.raw()) {
                self.refused
                    .push(format!("{place}, {}: {error}", kind.name()));
            }
        }
        Ok(())
    }

    fn master_lists(&mut self) -> anyhow::Result<()> {
        if self.arguments.master_list.is_empty() {
            return Ok(());
        }
        let mut anchors = Vec::new();
        let mut given = Source::new(&self.arguments.anchor)?;
        for found in given.by_ref() {
            if let Ok(PkiObject::Certificate(certificate)) = found.parsed(PkiObject::parse) {
                anchors.push(*certificate);
            }
        }
        self.unreadable(&given);
        let kept = self.new.entries();
        anchors.extend(
            kept.filter(|entry| entry.form == Form::Certificate)
                .filter_map(|entry| Certificate::parse(&entry.der).ok()),
        );
        let mut given = Source::new(&self.arguments.master_list)?;
        for found in given.by_ref() {
            let place = found.place();
            match found.parsed(PkiObject::parse) {
                Ok(PkiObject::MasterList(list)) => self.master_list(&place, &list, &anchors),
                Ok(_) => self.refused.push(format!("{place}: no master list")),
                Err(error) => self.refused.push(format!("{place}: {error}")),
            }
        }
        self.unreadable(&given);
        Ok(())
    }

    fn master_list(&mut self, place: &str, list: &MasterList, anchors: &[Certificate]) {
        let signer = match list.verify(anchors, self.now, &Policy::field()) {
            Ok(signer) => signer,
            Err(error) => {
                self.refused.push(format!("{place}: {error}"));
                return;
            }
        };
        let publisher = anchors
            .iter()
            .find(|anchor| anchor.fingerprint() == signer.csca)
            .and_then(|anchor| anchor.subject().country())
            .unwrap_or(IssuingState::UNSTATED);
        let source = format!("master list of {publisher}");
        let mut said = format!(
            "{place}: {source} with {} certificates, signed {}by {}, issued by {}",
            list.certificates().len(),
            signer
                .signing_time
                .map_or_else(String::new, |time| format!("{time} ")),
            signer.signer,
            signer.csca
        );
        for tolerance in signer.tolerances.as_slice() {
            said.push_str(&format!("; {tolerance}"));
        }
        self.sources.push(said);
        if list.malformed() > 0 {
            self.refused.push(format!(
                "{place}: {} elements are no certificates",
                list.malformed()
            ));
        }
        let mut listed = BTreeSet::new();
        for certificate in list.certificates() {
            listed.insert(certificate.fingerprint());
            match certificate.subject().country() {
                Some(state) => self.take(certificate, state, &source),
                None => self.refused.push(format!(
                    "{place}: {} names no state; give it as --csca with --state",
                    certificate.subject()
                )),
            }
        }
        let gone: Vec<Entry> = self
            .new
            .entries()
            .filter(|entry| entry.source == source && !listed.contains(&entry.fingerprint))
            .filter(|entry| self.arguments.kind.contains(&entry.kind))
            .cloned()
            .collect();
        for entry in gone {
            if self.arguments.replace {
                self.new.remove(&entry.key());
            } else {
                self.vanished.push(Change::new("vanished", &entry));
            }
        }
    }

    fn revocation_lists(&mut self) -> anyhow::Result<()> {
        let mut anchors = Anchors::new(&[]);
        self.new.add_to(&mut anchors)?;
        let (store, _) = anchors.into_store();
        let mut given = Source::new(&self.arguments.crl)?;
        for found in given.by_ref() {
            let place = found.place();
            match found.parsed(RevocationList::parse) {
                Ok(list) => self.revocation_list(&place, &name_of(&found.path), &list, &store),
                Err(error) => self.refused.push(format!("{place}: {error}")),
            }
        }
        self.unreadable(&given);
        Ok(())
    }

    fn revocation_list(
        &mut self,
        place: &str,
        source: &str,
        list: &RevocationList,
        store: &CscaStore,
    ) {
        let Some(state) = self.state.or_else(|| list.issuer().country()) else {
            self.refused
                .push(format!("{place}: names no state; give --state"));
            return;
        };
        for kind in self.arguments.kind.clone() {
            let issued = match store.issuer_of_list(kind.into(), state, list) {
                Ok(issued) => issued,
                Err(error) => {
                    self.refused
                        .push(format!("{place}, {}: {error}", kind.name()));
                    continue;
                }
            };
            let key = issued.anchor.certificate().public_key_info();
            let entry = Entry {
                form: Form::RevocationList,
                kind,
                state,
                fingerprint: list.fingerprint(),
                source: source.to_owned(),
                added: self.now.to_string(),
                der: list.raw().to_vec(),
            };
            // A list takes the place of older ones by the same key; an older one does not come back.
            let same_key: Vec<(Key, UnixTime)> = self
                .new
                .entries()
                .filter(|old| (old.form, old.kind, old.state) == (entry.form, kind, state))
                .filter_map(|old| {
                    let other = RevocationList::parse(&old.der).ok()?;
                    let issuer = store.issuer_of_list(kind.into(), state, &other).ok()?;
                    (issuer.anchor.certificate().public_key_info() == key)
                        .then(|| (old.key(), other.this_update()))
                })
                .collect();
            if same_key.iter().any(|(key, _)| *key == entry.key()) {
                self.known += 1;
            } else if same_key.iter().any(|(_, made)| *made > list.this_update()) {
                self.refused.push(format!(
                    "{place}, {}: older than the list in the store",
                    kind.name()
                ));
            } else {
                same_key.iter().for_each(|(key, _)| self.new.remove(key));
                self.new.insert(entry);
            }
        }
    }

    fn review(&mut self) -> Result<Review, PkiError> {
        let mut anchors = Anchors::new(&[]);
        for entry in self.new.entries() {
            anchors.add_to(entry.kind.into(), entry.state, &entry.der)?;
        }
        let (store, _) = anchors.into_store();
        let mut changes = Vec::new();
        for entry in self.new.entries() {
            if self.old.get(&entry.key()).is_none() {
                let mut change = Change::new("new", entry);
                change.notes = notes(entry, &store, self.now);
                changes.push(change);
            }
        }
        for entry in self.old.entries() {
            if self.new.get(&entry.key()).is_none() {
                changes.push(Change::new("removed", entry));
            }
        }
        changes.append(&mut self.vanished);
        let (certificates, revocation_lists) = self.new.counts();
        Ok(Review {
            store: self.arguments.store.display().to_string(),
            generation: self.new.generation,
            certificates,
            revocation_lists,
            sources: self.sources.clone(),
            changes,
            known: self.known,
            refused: self.refused.clone(),
            digest: self.new.digest().to_string(),
            accepted: false,
        })
    }

    fn finish(&self, mut review: Review) -> anyhow::Result<ExitCode> {
        let arguments = self.arguments;
        let accepted_by = match &arguments.accept {
            Some(digest) if *digest == review.digest => Some("digest"),
            Some(_) => None,
            None if arguments.yes => Some("yes"),
            None => None,
        };
        if let (Some(accepted_by), true) = (accepted_by, review.changes_something()) {
            // The record comes first: no change without one.
            let record = Record {
                at: self.now.to_string(),
                user: journal::user(),
                generation: review.generation,
                digest: review.digest.clone(),
                accepted_by,
                sources: &review.sources,
                changes: &review.changes,
                previous: None,
            };
            let log = journal::path(&arguments.store);
            journal::append(&arguments.store, record).with_context(|| log.display().to_string())?;
            self.new.replace(&arguments.store)?;
            review.accepted = true;
        }
        if arguments.json {
            say(format_args!("{}\n", serde_json::to_string(&review)?))?;
        } else {
            say(&review)?;
        }
        let close = |text: String| match arguments.json {
            true => Ok(()),
            false => say(format_args!("{text}\n")),
        };
        if !review.changes_something() {
            close("nothing to change".to_owned())?;
            let unused = review.known == 0 && !review.refused.is_empty();
            return Ok(ExitCode::from(u8::from(unused)));
        }
        if review.accepted {
            close(format!("replaced: {}", review.store))?;
            return Ok(ExitCode::SUCCESS);
        }
        if arguments.accept.is_some() {
            bail!(
                "the outcome is not the one that was reviewed; its digest is {}",
                review.digest
            );
        }
        close(format!(
            "nothing is changed yet; accept this with --accept {}",
            review.digest
        ))?;
        Ok(ExitCode::from(NOT_ACCEPTED))
    }
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    format!("file {}", name.to_string_lossy())
}
