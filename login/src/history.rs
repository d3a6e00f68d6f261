//! What a citizen can look back on: when the account was used, for which service, at which level and by which means; and
//! when a check of a document was begun, for then what opens the document was given out, whether or not a login followed.
//!
//! One file of JSON lines beside the audit log. Accounts stand in it as keyed hashes. It is no record for incidents (the audit
//! log is) and decides nothing: where it cannot be written, the login goes on.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use protocol::request::Document;
use protocol::trust::ServerId;
use serde::{Deserialize, Serialize};

use crate::level::Level;

/// Most uses that are kept of one account; the oldest go first.
pub const MAX_USES: usize = 40;
/// Seconds that a use is kept: 18 months.
pub const KEPT: u64 = 548 * 86_400;
/// Longest line that is read: a hash, a time, a service of at most 64 characters, a level and a kind.
const MAX_LINE: usize = 512;

/// One use of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// When, in seconds since 1970.
    pub at: u64,
    /// Which service.
    pub service: ServerId,
    /// The level reached.
    pub level: Level,
    /// The kind of document that lifted the login to it; absent for a password alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
    /// A check was begun with this kind of document; the level is the one before it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub begun: bool,
}

#[derive(Serialize, Deserialize)]
struct Line {
    account: String,
    #[serde(flatten)]
    used: Use,
}

/// The uses of all accounts.
pub struct History(Mutex<Kept>);

struct Kept {
    file: File,
    accounts: HashMap<String, VecDeque<Use>>,
}

impl History {
    /// Reads the file, leaves out what is too old or broken, and opens it to append to it. A new file is readable by its
    /// owner only.
    ///
    /// # Errors
    /// Those of the file.
    pub fn open(path: &Path, now: u64) -> std::io::Result<Self> {
        let mut accounts = HashMap::<String, VecDeque<Use>>::new();
        let mut lines = 0usize;
        match File::open(path) {
            Ok(file) => {
                for line in BufReader::new(file).split(b'\n') {
                    let line = line?;
                    lines += 1;
                    // A line that was cut short by a crash is not worth a server that does not start.
                    let Some(line) = (line.len() <= MAX_LINE)
                        .then(|| serde_json::from_slice::<Line>(&line).ok())
                        .flatten()
                    else {
                        continue;
                    };
                    if line.used.at.saturating_add(KEPT) > now {
                        push(accounts.entry(line.account).or_default(), line.used);
                    }
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        if lines > accounts.values().map(VecDeque::len).sum() {
            rewrite(path, &accounts)?;
        }
        Ok(Self(Mutex::new(Kept {
            file: append(path)?,
            accounts,
        })))
    }

    /// Notes a use of `account`, which is a keyed hash.
    ///
    /// # Errors
    /// Those of the file; the use is then remembered until the server ends.
    pub fn note(&self, account: &str, used: Use) -> std::io::Result<()> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut line = serde_json::to_vec(&Line {
            account: account.to_owned(),
            used: used.clone(),
        })?;
        line.push(b'\n');
        push(kept.accounts.entry(account.to_owned()).or_default(), used);
        kept.file.write_all(&line)
    }

    /// The uses of `account`, the last one first.
    pub fn of(&self, account: &str) -> Vec<Use> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let uses = kept.accounts.get(account);
        uses.into_iter().flatten().rev().cloned().collect()
    }
}

fn push(uses: &mut VecDeque<Use>, used: Use) {
    if uses.len() >= MAX_USES {
        uses.pop_front();
    }
    uses.push_back(used);
}

fn append(path: &Path) -> std::io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Puts a file in place that holds only what is kept.
fn rewrite(path: &Path, accounts: &HashMap<String, VecDeque<Use>>) -> std::io::Result<()> {
    let new = path.with_extension("new");
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = std::io::BufWriter::new(append(&new)?);
    for (account, uses) in accounts {
        for used in uses {
            let line = Line {
                account: account.clone(),
                used: used.clone(),
            };
            serde_json::to_writer(&mut file, &line)?;
            file.write_all(b"\n")?;
        }
    }
    file.into_inner()?.sync_all()?;
    std::fs::rename(new, path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn used(at: u64) -> Use {
        Use {
            at,
            service: ServerId::try_from("demo".to_owned()).unwrap(),
            level: Level(25),
            document: Some(Document::Passport),
            begun: false,
        }
    }

    #[test]
    fn uses_come_back_after_a_restart_the_last_first() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.jsonl");
        let history = History::open(&path, 0).unwrap();
        history.note("a", used(1)).unwrap();
        history.note("b", used(2)).unwrap();
        history.note("a", used(3)).unwrap();
        drop(history);
        std::fs::write(
            &path,
            std::fs::read_to_string(&path).unwrap() + "{\"account\":\"a\",",
        )
        .unwrap();
        let history = History::open(&path, 4).unwrap();
        assert_eq!(history.of("a"), [used(3), used(1)]);
        assert_eq!(history.of("c"), []);
        history.note("a", used(5)).unwrap();
        drop(history);
        let history = History::open(&path, 5).unwrap();
        assert_eq!(
            history.of("a").len(),
            3,
            "the torn line took no other with it"
        );
    }

    #[test]
    fn old_uses_and_those_beyond_the_number_are_forgotten_on_disk_too() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.jsonl");
        let history = History::open(&path, 0).unwrap();
        for at in 0..50 {
            history.note("a", used(at)).unwrap();
        }
        assert_eq!(history.of("a").len(), MAX_USES);
        drop(history);
        assert_eq!(
            History::open(&path, KEPT + 45).unwrap().of("a"),
            [49, 48, 47, 46].map(used)
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 4);
    }
}
