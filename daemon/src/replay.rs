//! Requests that were used: each works once.
//!
//! One file in the user's runtime folder, one line per request: when it ends, and SHA-256 over the server's id and the
//! request's `jti`. The line is written before the first APDU, so that a daemon that is killed and started again does
//! not take the request a second time; the folder lives as long as the user's session, longer than any request. Two
//! daemons of one user share the file under a lock.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::PathBuf;

use protocol::request::Claims;
use sha2::{Digest, Sha256};

use crate::files::{self, Readers};

const FILE: &str = "used-requests";
const FRESH: &str = "used-requests.new";
const LOCK: &str = "used-requests.lock";
/// How long a line is kept after its request ended, in seconds: a clock that is set back by less revives nothing.
const KEEP: u64 = 3600;
/// Most requests on record. A login takes a person's time; this many in an hour are no logins.
const MAX_LINES: usize = 4096;
/// A line: 20 digits, space, 64 hexadecimal digits, line end.
const LINE: usize = 20 + 1 + 64 + 1;

/// Why a request could not be put on record.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It is there already.
    #[error("the request was used before")]
    Used,
    /// The file cannot be read or written.
    #[error("the record of used requests fails: {0}")]
    Io(#[from] io::Error),
    /// The file holds something else than was written.
    #[error("the record of used requests is damaged")]
    Damaged,
    /// More requests than logins can be.
    #[error("the record of used requests is full")]
    Full,
}

/// The record of used requests.
#[derive(Debug)]
pub struct UsedRequests {
    folder: PathBuf,
}

impl UsedRequests {
    /// A record in this folder, which is made (for its owner only) when it is needed.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Whether the request was used.
    ///
    /// # Errors
    /// [`ReplayError`]; then it is not known, and must be taken as used.
    pub fn contains(&self, request: &Claims, now: u64) -> Result<bool, ReplayError> {
        let lock = self.open_lock()?;
        lock.lock_shared()?;
        let name = name(request);
        Ok(self.read(now)?.iter().any(|line| line.ends_with(&name)))
    }

    /// Puts the request on record.
    ///
    /// # Errors
    /// [`ReplayError::Used`] when it is there; any other means that it is not on record, and must not be served.
    pub fn insert(&self, request: &Claims, now: u64) -> Result<(), ReplayError> {
        let lock = self.open_lock()?;
        lock.lock()?;
        let mut lines = self.read(now)?;
        let name = name(request);
        if lines.iter().any(|line| line.ends_with(&name)) {
            return Err(ReplayError::Used);
        }
        if lines.len() >= MAX_LINES {
            return Err(ReplayError::Full);
        }
        lines.push(format!("{:020} {name}", request.exp));
        // Put in place whole: whoever is killed here leaves the old record or the new one. The lock guards the
        // temporary file, which can only be the remains of such a kill.
        let fresh = self.folder.join(FRESH);
        let mut file = files::options(Readers::Owner)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&fresh)?;
        file.write_all(lines.concat().as_bytes())?;
        fs::rename(&fresh, self.folder.join(FILE))?;
        Ok(())
    }

    fn open_lock(&self) -> io::Result<File> {
        files::make_folder(&self.folder)?;
        files::options(Readers::Owner)
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.folder.join(LOCK))
    }

    /// The lines, line ends included, whose requests may still be tried.
    fn read(&self, now: u64) -> Result<Vec<String>, ReplayError> {
        let file = match files::options(Readers::Owner)
            .read(true)
            .open(self.folder.join(FILE))
        {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let limit = MAX_LINES * LINE;
        let mut text = String::new();
        file.take(limit as u64 + 1)
            .read_to_string(&mut text)
            .map_err(|error| match error.kind() {
                io::ErrorKind::InvalidData => ReplayError::Damaged,
                _ => ReplayError::Io(error),
            })?;
        if text.len() > limit {
            return Err(ReplayError::Damaged);
        }
        let mut lines = Vec::new();
        for line in text.split_inclusive('\n') {
            if line.len() != LINE || !line.is_ascii() || !line.ends_with('\n') {
                return Err(ReplayError::Damaged);
            }
            let (end, _) = line.split_once(' ').ok_or(ReplayError::Damaged)?;
            let end: u64 = end.parse().map_err(|_| ReplayError::Damaged)?;
            if end.saturating_add(KEEP) > now {
                lines.push(line.to_owned());
            }
        }
        Ok(lines)
    }
}

/// The end of the request's line.
fn name(request: &Claims) -> String {
    let mut hash = Sha256::new();
    hash.update(request.iss.as_str());
    hash.update([0]);
    hash.update(request.jti.as_array());
    let hash = hash.finalize();
    let mut name: String = hash.iter().map(|octet| format!("{octet:02x}")).collect();
    name.push('\n');
    name
}
