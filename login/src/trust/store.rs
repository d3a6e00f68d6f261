//! The trust store: one file of JSON lines, which is only ever replaced as a whole.
//!
//! The first line says which generation of the store it is. Each further line is one certificate or revocation list, the
//! kind of document and the state it counts for, where it came from and when. Nothing in it is secret; whoever can write
//! it decides which documents are genuine.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use base64ct::{Base64, Encoding};
use icao::pki::{Anchors, Fingerprint, IssuingState, PkiError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Kind;

/// Version of the file's form.
const VERSION: u32 = 1;

/// Longest line read, in bytes: a revocation list of four megabytes in base64.
const MAX_LINE: u64 = 8 << 20;

/// Most lines read.
const MAX_ENTRIES: usize = 100_000;

/// Why a trust store could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// What the file system says.
    #[error("{path}: {error}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A line that is not as it should be.
    #[error("{path}, line {line}: {reason}")]
    Line {
        /// Which file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// Why.
        reason: String,
    },
    /// An object that is neither certificate nor revocation list.
    #[error("{0}")]
    Object(#[from] PkiError),
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Certificate,
    RevocationList,
}

/// A certificate or revocation list with what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) form: Form,
    pub(super) kind: Kind,
    pub(super) state: IssuingState,
    /// SHA-256 of the object.
    pub(super) fingerprint: Fingerprint,
    /// Where it came from.
    pub(super) source: String,
    /// When it was taken in.
    pub(super) added: String,
    pub(super) der: Vec<u8>,
}

/// By which entries are told apart and sorted.
pub(super) type Key = (Form, Kind, IssuingState, Fingerprint);

impl Entry {
    pub(super) fn key(&self) -> Key {
        (self.form, self.kind, self.state, self.fingerprint)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    rda_trust_store: u32,
    generation: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    form: Form,
    kind: Kind,
    state: String,
    sha256: String,
    source: String,
    added: String,
    der: String,
}

/// Trust anchors and revocation lists as the operator has accepted them.
#[derive(Clone, Debug, Default)]
pub struct TrustStore {
    pub(super) generation: u64,
    entries: BTreeMap<Key, Entry>,
}

impl TrustStore {
    /// Reads a store.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |error| StoreError::File {
            path: path.to_owned(),
            error,
        };
        let mut file = BufReader::new(File::open(path).map_err(failed)?);
        let mut store = None;
        let mut text = String::new();
        for line in 1.. {
            let fault = |reason: String| StoreError::Line {
                path: path.to_owned(),
                line,
                reason,
            };
            text.clear();
            let read = io::Read::take(&mut file, MAX_LINE)
                .read_line(&mut text)
                .map_err(failed)?;
            if read == 0 {
                break;
            }
            if !text.ends_with('\n') {
                return Err(fault("the line does not end".to_owned()));
            }
            match &mut store {
                None => store = Some(Self::head(&text).map_err(fault)?),
                Some(_) if line > MAX_ENTRIES => {
                    return Err(fault("too many entries".to_owned()));
                }
                Some(store) => {
                    let entry = Entry::read(&text).map_err(fault)?;
                    store.insert(entry);
                }
            }
        }
        store.ok_or_else(|| StoreError::Line {
            path: path.to_owned(),
            line: 1,
            reason: "the file is empty".to_owned(),
        })
    }

    /// How often it has been replaced.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Reads a store; one that is not there yet is empty.
    pub(super) fn open_or_new(path: &Path) -> Result<Self, StoreError> {
        match Self::open(path) {
            Err(StoreError::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Self::default())
            }
            other => other,
        }
    }

    fn head(text: &str) -> Result<Self, String> {
        let head: Head = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if head.rda_trust_store != VERSION {
            return Err("a form of the trust store that this program does not know".to_owned());
        }
        Ok(Self {
            generation: head.generation,
            entries: BTreeMap::new(),
        })
    }

    /// The entries in their order.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Entry> {
        self.entries.get(key)
    }

    pub(super) fn insert(&mut self, entry: Entry) {
        self.entries.insert(entry.key(), entry);
    }

    pub(super) fn remove(&mut self, key: &Key) {
        self.entries.remove(key);
    }

    /// How many certificates and how many revocation lists there are.
    pub(super) fn counts(&self) -> (usize, usize) {
        let lists = |entry: &&Entry| entry.form == Form::RevocationList;
        let lists = self.entries().filter(lists).count();
        (self.entries.len() - lists, lists)
    }

    /// Adds every entry to anchors that something is judged by.
    ///
    /// # Errors
    /// [`StoreError::Object`].
    pub fn add_to(&self, anchors: &mut Anchors) -> Result<(), StoreError> {
        for entry in self.entries() {
            anchors.add_to(entry.kind.into(), entry.state, &entry.der)?;
        }
        Ok(())
    }

    /// SHA-256 over what the store holds and which generation it is: what a review is accepted by.
    pub(super) fn digest(&self) -> Fingerprint {
        let mut digest = Sha256::new();
        digest.update(self.generation.to_be_bytes());
        for (form, kind, state, fingerprint) in self.entries.keys() {
            digest.update([*form as u8, *kind as u8]);
            digest.update(format!("{state:<3}"));
            digest.update(fingerprint.0);
        }
        Fingerprint(digest.finalize().into())
    }

    /// Puts this store in the place of the one at `path`, whole or not at all: a reader sees the old file or the new one.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub(super) fn replace(&self, path: &Path) -> Result<(), StoreError> {
        let failed = |error| StoreError::File {
            path: path.to_owned(),
            error,
        };
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".new-{}", std::process::id()));
        let temporary = path.with_file_name(name);
        let written = self
            .write(&temporary)
            .and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            // What is left of an attempt that failed is of no use; the failure itself is what counts.
            let _ = fs::remove_file(&temporary);
        }
        written.map_err(failed)?;
        sync_folder(path).map_err(failed)
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = BufWriter::new(File::create_new(path)?);
        let head = Head {
            rda_trust_store: VERSION,
            generation: self.generation,
        };
        serde_json::to_writer(&mut file, &head)?;
        file.write_all(b"\n")?;
        for entry in self.entries() {
            let line = Line {
                form: entry.form,
                kind: entry.kind,
                state: entry.state.to_string(),
                sha256: entry.fingerprint.to_string(),
                source: entry.source.clone(),
                added: entry.added.clone(),
                der: Base64::encode_string(&entry.der),
            };
            serde_json::to_writer(&mut file, &line)?;
            file.write_all(b"\n")?;
        }
        file.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()
    }
}

impl Entry {
    fn read(text: &str) -> Result<Self, String> {
        let line: Line = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let der = Base64::decode_vec(&line.der).map_err(|error| error.to_string())?;
        let fingerprint = Fingerprint::of(&der);
        if fingerprint.to_string() != line.sha256 {
            return Err("the object is not the one that its SHA-256 says".to_owned());
        }
        Ok(Self {
            form: line.form,
            kind: line.kind,
            state: IssuingState::parse(&line.state).map_err(|error| error.to_string())?,
            fingerprint,
            source: line.source,
            added: line.added,
            der,
        })
    }
}

/// The rename is on the disk once its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
