//! The computer that is looked at: its files under one root, so that a test can lay out a faulty one in a folder.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::sandbox::Status;

/// No file that is looked at is longer; of one that is, this much is seen.
const LONGEST_FILE: u64 = 4 * 1024 * 1024;
/// Most entries of a folder that are looked at.
const MOST_ENTRIES: usize = 4096;

/// Where things are, and who asks.
#[derive(Clone, Debug)]
pub struct Machine {
    root: PathBuf,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// The user.
    pub user: u32,
    /// Seconds since 1970.
    pub now: u64,
    /// Ports on which a daemon of this user listens: the first free one.
    pub ports: Vec<u16>,
    /// Folders of trust files, the system's and the user's.
    pub trust: [Option<PathBuf>; 2],
    /// Socket of the PC/SC service.
    pub pcscd: PathBuf,
    /// What the kernel gave to a process that tried the daemon's sandbox, or why that process told nothing. `None` where
    /// nobody tried, for one because the files are another computer's.
    pub sandbox: Option<Result<Status, String>>,
}

impl Machine {
    /// The computer whose file system begins at `root`, with nothing yet said of the user.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            home: None,
            user: rustix::process::getuid().as_raw(),
            now: 0,
            ports: protocol::PORTS.to_vec(),
            trust: [None, None],
            pcscd: std::env::var_os("PCSCLITE_CSOCK_NAME")
                .map_or_else(|| root.join("run/pcscd/pcscd.comm"), PathBuf::from),
            sandbox: None,
        }
    }

    /// A path of this computer, given without its leading slash.
    #[must_use]
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// How a person writes this path: without the root of a computer laid out in a folder, home as `~`.
    #[must_use]
    pub fn display(&self, path: &Path) -> String {
        if let Some(rest) = self
            .home
            .as_ref()
            .and_then(|home| path.strip_prefix(home).ok())
        {
            return format!("~/{}", rest.display());
        }
        match path.strip_prefix(&self.root) {
            Ok(rest) => format!("/{}", rest.display()),
            Err(_) => path.display().to_string(),
        }
    }

    /// Whether something is there, be it a link to nowhere.
    #[must_use]
    pub fn has(&self, path: impl AsRef<Path>) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// A text file; `None` where there is none that can be read.
    #[must_use]
    pub fn text(&self, path: impl AsRef<Path>) -> Option<String> {
        String::from_utf8(self.bytes(path)?).ok()
    }

    /// The first line of a file without the space around it, as sysfs has its values.
    #[must_use]
    pub fn value(&self, path: impl AsRef<Path>) -> Option<String> {
        Some(self.text(path)?.lines().next()?.trim().to_owned())
    }

    /// The bytes of a file.
    #[must_use]
    pub fn bytes(&self, path: impl AsRef<Path>) -> Option<Vec<u8>> {
        let file = File::open(self.path(path)).ok()?;
        let mut bytes = Vec::new();
        file.take(LONGEST_FILE).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    /// When a file was changed last, in seconds since 1970.
    #[must_use]
    pub fn changed(&self, path: impl AsRef<Path>) -> Option<u64> {
        let changed = fs::metadata(self.path(path)).ok()?.modified().ok()?;
        Some(changed.duration_since(UNIX_EPOCH).ok()?.as_secs())
    }

    /// Where a link leads: the last part of it.
    #[must_use]
    pub fn link_name(&self, path: impl AsRef<Path>) -> Option<String> {
        let target = fs::read_link(self.path(path)).ok()?;
        Some(target.file_name()?.to_str()?.to_owned())
    }

    /// Names in a folder, in order; none where there is no such folder.
    #[must_use]
    pub fn names(&self, path: impl AsRef<Path>) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(path)) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .take(MOST_ENTRIES)
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }

    /// Names of the processes, with who runs them. Nothing else of a process is looked at.
    #[must_use]
    pub fn processes(&self) -> Vec<(u32, String)> {
        self.names("proc")
            .iter()
            .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
            .filter_map(|pid| {
                let folder = Path::new("proc").join(pid);
                Some((self.user_of(&folder)?, self.value(folder.join("comm"))?))
            })
            .collect()
    }

    /// Who runs a process. The folder of one that has closed itself to others, as the daemon has, belongs to the
    /// administrator; its status tells all the same (proc(5)).
    fn user_of(&self, process: &Path) -> Option<u32> {
        let status = self.text(process.join("status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("Uid:"));
        match line.and_then(|line| line.split_ascii_whitespace().next()) {
            Some(user) => user.parse().ok(),
            None => Some(fs::metadata(self.path(process)).ok()?.uid()),
        }
    }

    /// Whether systemd runs this computer (sd_booted(3)).
    #[must_use]
    pub fn has_systemd(&self) -> bool {
        self.has("run/systemd/system")
    }
}
