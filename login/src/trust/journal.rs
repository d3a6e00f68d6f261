//! The log beside a trust store: one line for each replacement, each with the SHA-256 of the line before it, so that a
//! line that is taken out or changed later is missed.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use icao::pki::Fingerprint;
use serde::Serialize;

use super::review::Change;

/// One replacement.
#[derive(Serialize)]
pub(super) struct Record<'a> {
    pub(super) at: String,
    /// Who ran the program, as the environment says.
    pub(super) user: String,
    pub(super) generation: u64,
    /// Digest of the new store.
    pub(super) digest: String,
    /// `digest` if the review was accepted by its digest, `yes` if it was passed over.
    pub(super) accepted_by: &'static str,
    pub(super) sources: &'a [String],
    pub(super) changes: &'a [Change],
    /// SHA-256 of the line before this one; absent in the first.
    pub(super) previous: Option<String>,
}

/// `STORE.log`.
pub(super) fn path(store: &Path) -> PathBuf {
    let mut name: OsString = store.as_os_str().to_owned();
    name.push(".log");
    name.into()
}

/// Appends a record, on the disk when this returns.
pub(super) fn append(store: &Path, mut record: Record<'_>) -> io::Result<()> {
    let path = path(store);
    record.previous = last_line(&path)?.map(|line| Fingerprint::of(line.as_bytes()).to_string());
    let mut line = serde_json::to_vec(&record)?;
    line.push(b'\n');
    let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
    file.write_all(&line)?;
    file.sync_all()
}

fn last_line(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut last = None;
    for line in BufReader::new(file).lines() {
        last = Some(line?);
    }
    Ok(last)
}

/// Who runs this program, for the log.
pub(super) fn user() -> String {
    let named = ["SUDO_USER", "USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    named.unwrap_or_else(|| "unknown".to_owned())
}
