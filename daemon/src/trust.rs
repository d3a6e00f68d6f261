//! The trust folders: which login servers this computer and this user obey.
//!
//! Two folders `servers.d`, the system's and the user's, each with files `<id>.toml`. The system's come first: a user's
//! file for a server that the system folder names is ignored, and reported, so that nobody widens what an
//! administrator laid down. A file that breaks a rule is ignored and reported too; a broken file of the system still
//! keeps the user's away.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
#[cfg(unix)]
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use protocol::trust::{MAX_FILE, TrustedServer};

/// Most files that are looked at in one folder.
const MAX_FILES: usize = 256;

/// Whose folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The administrator's, for all users.
    System,
    /// The user's own.
    User,
}

/// A trusted server and where that is said.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Whose folder it is in.
    pub scope: Scope,
    /// The file.
    pub path: PathBuf,
    /// What it says.
    pub server: TrustedServer,
}

/// A file or folder that does not count.
#[derive(Debug)]
pub struct Problem {
    /// Which one.
    pub path: PathBuf,
    /// Why.
    pub reason: ProblemReason,
}

/// Why a file does not count.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemReason {
    /// The system folder has a file for the same server.
    #[error("ignored: the system folder decides about this server")]
    SystemDecides,
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Larger than a trust file may be.
    #[error("larger than {MAX_FILE} bytes")]
    TooLarge,
    /// Not a regular file.
    #[error("not a regular file")]
    NotAFile,
    /// Anybody may change it.
    #[error("anybody may write to it")]
    WorldWritable,
    /// It belongs to somebody else than the administrator or the user.
    #[error("belongs to another user")]
    Owner,
    /// Not TOML, or a rule of trust files is broken.
    #[error("not a trust file: {0}")]
    Malformed(String),
    /// The file is not named after the server.
    #[error("not named after the server, <id>.toml")]
    Name,
    /// More files than are looked at.
    #[error("more than {MAX_FILES} files")]
    TooMany,
}

/// The servers trusted at one moment.
#[derive(Debug, Default)]
pub struct TrustStore {
    entries: BTreeMap<String, Entry>,
    problems: Vec<Problem>,
}

impl TrustStore {
    /// Reads the folders, the system's first. A folder that does not exist is empty.
    #[must_use]
    pub fn load(system: Option<&Path>, user: Option<&Path>) -> Self {
        let mut store = Self::default();
        for (scope, folder) in [(Scope::System, system), (Scope::User, user)] {
            if let Some(folder) = folder {
                store.load_folder(scope, folder, system);
            }
        }
        store
    }

    fn load_folder(&mut self, scope: Scope, folder: &Path, system: Option<&Path>) {
        let files = match trust_files(folder) {
            Ok(files) => files,
            Err(error) => {
                self.problem(folder, ProblemReason::Io(error));
                return;
            }
        };
        if files.len() > MAX_FILES {
            self.problem(folder, ProblemReason::TooMany);
        }
        for path in files.into_iter().take(MAX_FILES) {
            let overruled = scope == Scope::User
                && path
                    .file_name()
                    .zip(system)
                    // `symlink_metadata` also sees what cannot be opened: the system's word stands even then.
                    .is_some_and(|(name, system)| system.join(name).symlink_metadata().is_ok());
            let outcome = if overruled {
                Err(ProblemReason::SystemDecides)
            } else {
                read(&path)
            };
            match outcome {
                Ok(server) => {
                    let id = server.id().as_str().to_owned();
                    self.entries.insert(
                        id,
                        Entry {
                            scope,
                            path,
                            server,
                        },
                    );
                }
                Err(reason) => self.problem(&path, reason),
            }
        }
    }

    fn problem(&mut self, path: &Path, reason: ProblemReason) {
        self.problems.push(Problem {
            path: path.to_owned(),
            reason,
        });
    }

    /// The server of this id.
    #[must_use]
    pub fn server(&self, id: &str) -> Option<&TrustedServer> {
        self.entries.get(id).map(|entry| &entry.server)
    }

    /// Whether any trusted server lists this origin, byte for byte.
    #[must_use]
    pub fn lists_origin(&self, origin: &str) -> bool {
        // Every list is looked at: time does not tell which server it was.
        self.entries.values().fold(false, |found, entry| {
            found | entry.server.lists_origin(origin)
        })
    }

    /// All trusted servers, by id.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Files and folders that do not count, and why.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

/// The folders, read again when something in them has changed: trust given or withdrawn counts for the next caller.
pub struct TrustFolders {
    system: Option<PathBuf>,
    user: Option<PathBuf>,
    current: Mutex<(Vec<Stamp>, Arc<TrustStore>)>,
}

impl TrustFolders {
    /// The folders of files `<id>.toml`.
    #[must_use]
    pub fn new(system: Option<PathBuf>, user: Option<PathBuf>) -> Self {
        Self {
            system,
            user,
            current: Mutex::default(),
        }
    }

    /// The servers trusted now.
    #[must_use]
    pub fn current(&self) -> Arc<TrustStore> {
        let stamps = self.stamps();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.0 != stamps {
            let store = TrustStore::load(self.system.as_deref(), self.user.as_deref());
            for problem in store.problems() {
                tracing::warn!(path = %problem.path.display(), reason = %problem.reason, "trust file ignored");
            }
            *current = (stamps, Arc::new(store));
        }
        Arc::clone(&current.1)
    }

    fn stamps(&self) -> Vec<Stamp> {
        [&self.system, &self.user]
            .into_iter()
            .flatten()
            .flat_map(|folder| trust_files(folder).unwrap_or_default())
            .take(2 * MAX_FILES)
            .map(Stamp::of)
            .collect()
    }
}

/// What tells one state of a file from another.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    found: Option<(u64, u64, u32, SystemTime)>,
}

impl Stamp {
    fn of(path: PathBuf) -> Self {
        let found = fs::metadata(&path).ok().and_then(|m| {
            #[cfg(unix)]
            let (number, mode) = (m.ino(), m.mode());
            #[cfg(not(unix))]
            let (number, mode) = (0, 0);
            m.modified()
                .ok()
                .map(|modified| (number, m.len(), mode, modified))
        });
        Self { path, found }
    }
}

/// The files `*.toml` of a folder in the order of their names.
fn trust_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden
            && path
                .extension()
                .is_some_and(|extension| extension == "toml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Whether nobody but this user and the administrator can have written a file.
#[cfg(unix)]
fn rights(metadata: &Metadata) -> Result<(), ProblemReason> {
    if metadata.mode() & 0o002 != 0 {
        return Err(ProblemReason::WorldWritable);
    }
    if ![0, rustix::process::getuid().as_raw()].contains(&metadata.uid()) {
        return Err(ProblemReason::Owner);
    }
    Ok(())
}

/// Elsewhere the rights of the two folders say it: one is writable for administrators, the other for this user.
#[cfg(not(unix))]
fn rights(_: &Metadata) -> Result<(), ProblemReason> {
    Ok(())
}

fn read(path: &Path) -> Result<TrustedServer, ProblemReason> {
    let mut options = File::options();
    // Not to hang on a pipe that somebody laid there.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let file = options.read(true).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(ProblemReason::NotAFile);
    }
    rights(&metadata)?;
    let mut text = String::new();
    file.take(MAX_FILE as u64 + 1).read_to_string(&mut text)?;
    if text.len() > MAX_FILE {
        return Err(ProblemReason::TooLarge);
    }
    let server: TrustedServer = toml::from_str(&text)
        .map_err(|error| ProblemReason::Malformed(error.message().to_owned()))?;
    if path.file_stem().and_then(|stem| stem.to_str()) != Some(server.id().as_str()) {
        return Err(ProblemReason::Name);
    }
    Ok(server)
}
