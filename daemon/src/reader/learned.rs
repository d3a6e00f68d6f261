//! What was learned about reader models: the longest APDUs that they carry.
//!
//! Readers and drivers that refuse long APDUs seldom say so beforehand. What was found out at one login is kept for the
//! next in a small file: names of models and numbers, nothing of documents or people.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use icao::transport::Limits;
use serde::{Deserialize, Serialize};

use super::model_of;

/// Readers that one person has are few.
const MOST_READERS: usize = 64;
const LONGEST_FILE: u64 = 64 * 1024;

/// What one reader model does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Experience {
    /// Bytes of the longest command that was answered.
    longest_command: usize,
    /// Bytes of the longest response.
    longest_response: usize,
    /// Long APDUs that failed while the card stayed, since one last went well.
    refusals: u32,
}

/// A card that goes away at the wrong moment looks like a reader that refuses: once is no proof.
const PROOF: u32 = 2;

impl Experience {
    fn refuses_long(self) -> bool {
        self.refusals >= PROOF
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Contents {
    readers: BTreeMap<String, Experience>,
}

/// What was learned, in memory and in a file.
#[derive(Default)]
pub struct Learned {
    path: Option<PathBuf>,
    contents: Contents,
}

impl Learned {
    /// What the file at `path` holds; nothing where it is missing or damaged, since all of it can be learned again.
    #[must_use]
    pub fn open(path: PathBuf) -> Self {
        let contents = read(&path).unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(%error, "what was learned about readers cannot be read");
            }
            Contents::default()
        });
        Self {
            path: Some(path),
            contents,
        }
    }

    /// What the reader called `name` carries, if it says `told` of itself.
    #[must_use]
    pub fn limits(&self, name: &str, told: Limits) -> Limits {
        match self.contents.readers.get(&model_of(name)) {
            Some(experience) if experience.refuses_long() => Limits {
                max_command: told
                    .max_command
                    .min(experience.longest_command.max(Limits::SHORT.max_command)),
                max_response: told
                    .max_response
                    .min(experience.longest_response.max(Limits::SHORT.max_response)),
            },
            _ => told,
        }
    }

    /// An exchange went well.
    pub fn worked(&mut self, name: &str, command: usize, response: usize) {
        if !is_long(command, response) {
            return;
        }
        self.update(name, |experience| {
            let longer =
                command > experience.longest_command || response > experience.longest_response;
            let changed = longer || experience.refusals > 0;
            experience.longest_command = experience.longest_command.max(command);
            experience.longest_response = experience.longest_response.max(response);
            experience.refusals = 0;
            changed
        });
    }

    /// The reader failed at a long command or at a command that wants a long response, and the card is still there.
    pub fn refused(&mut self, name: &str) {
        self.update(name, |experience| {
            experience.refusals = experience.refusals.saturating_add(1).min(PROOF);
            true
        });
    }

    fn update(&mut self, name: &str, change: impl FnOnce(&mut Experience) -> bool) {
        let model = model_of(name);
        let readers = &mut self.contents.readers;
        if !readers.contains_key(&model) && readers.len() >= MOST_READERS {
            return;
        }
        if change(readers.entry(model).or_default())
            && let Some(path) = &self.path
            && let Err(error) = write(path, &self.contents)
        {
            tracing::warn!(%error, "what was learned about readers cannot be kept");
        }
    }
}

fn is_long(command: usize, response: usize) -> bool {
    command > Limits::SHORT.max_command || response > Limits::SHORT.max_response
}

fn read(path: &Path) -> io::Result<Contents> {
    let mut text = String::new();
    File::open(path)?
        .take(LONGEST_FILE)
        .read_to_string(&mut text)?;
    let mut contents: Contents = serde_json::from_str(&text)?;
    while contents.readers.len() > MOST_READERS {
        contents.readers.pop_last();
    }
    Ok(contents)
}

/// Put in place whole: two daemons of one user may write, and the last one wins.
fn write(path: &Path, contents: &Contents) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let fresh = path.with_extension("new");
    let mut file = File::create(&fresh)?;
    file.write_all(&serde_json::to_vec_pretty(contents)?)?;
    fs::rename(fresh, path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const NAME: &str = "Maker Model (serial 123) 00 00";

    #[test]
    fn a_reader_that_refuses_twice_is_remembered_by_its_model() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/readers.json");
        let mut learned = Learned::open(path.clone());
        assert_eq!(learned.limits(NAME, Limits::EXTENDED), Limits::EXTENDED);
        learned.refused(NAME);
        assert_eq!(learned.limits(NAME, Limits::EXTENDED), Limits::EXTENDED);
        learned.refused(NAME);
        assert_eq!(learned.limits(NAME, Limits::EXTENDED), Limits::SHORT);

        let again = Learned::open(path.clone());
        assert_eq!(
            again.limits("Maker Model (serial 456) 01 00", Limits::EXTENDED),
            Limits::SHORT
        );
        assert_eq!(
            again.limits("Other 00 00", Limits::EXTENDED),
            Limits::EXTENDED
        );
        let text = fs::read_to_string(path).unwrap();
        assert!(!text.contains("serial"), "{text}");
    }

    #[test]
    fn what_went_well_stays_allowed_and_takes_a_refusal_back() {
        let mut learned = Learned::default();
        learned.worked(NAME, 300, 1000);
        learned.refused(NAME);
        learned.refused(NAME);
        let limits = learned.limits(NAME, Limits::EXTENDED);
        assert_eq!((limits.max_command, limits.max_response), (300, 1000));
        learned.worked(NAME, 300, 2000);
        assert_eq!(learned.limits(NAME, Limits::EXTENDED), Limits::EXTENDED);
    }

    #[test]
    fn a_damaged_file_is_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("readers.json");
        for text in ["", "{", "[]", r#"{"readers":{"x":{"longest_command":-1}}}"#] {
            fs::write(&path, text).unwrap();
            let learned = Learned::open(path.clone());
            assert_eq!(learned.limits(NAME, Limits::EXTENDED), Limits::EXTENDED);
        }
    }
}
