//! What the daemon gives up before its first thread starts, and what this kernel made of it.
//!
//! A fault in this program should not become a way into the citizen's account: once it listens, it opens no socket but
//! local ones (the smart-card service, the desktop's message bus), reads and writes its own folders only, starts no
//! program, gains no privilege, leaves no memory on the disk, and cannot be looked into by other programs of the user.
//! Each measure stands alone: a kernel that lacks one still gives the others, and the [`Status`] says which it gave.

mod files;
mod processes;
mod system_calls;
#[cfg(feature = "simulator")]
pub mod trial;

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The folders that the daemon goes on using. Those that do not exist are not there for it later either.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    /// Folders whose files are read: trust files.
    pub read: Vec<PathBuf>,
    /// Folders in which files are made, read, replaced and removed: used requests, memory of readers.
    pub write: Vec<PathBuf>,
}

/// Whether a measure is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "held", content = "why", rename_all = "snake_case")]
pub enum Held {
    /// In force.
    Yes,
    /// In part: what this kernel has of it.
    Partly(String),
    /// Not in force, and why.
    No(String),
}

impl Held {
    fn of<E: fmt::Display>(outcome: Result<(), E>) -> Self {
        match outcome {
            Ok(()) => Self::Yes,
            Err(error) => Self::No(error.to_string()),
        }
    }
}

/// What this kernel gave. `rda doctor` prints it, and the daemon logs it when it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Release of the running kernel.
    pub kernel: String,
    /// No program started from here gains privileges (`PR_SET_NO_NEW_PRIVS`).
    pub no_new_privileges: Held,
    /// A crash leaves no memory on the disk (`RLIMIT_CORE` 0).
    pub no_core_dumps: Held,
    /// Other programs of the same user cannot look into this one (`PR_SET_DUMPABLE` 0).
    pub not_traceable: Held,
    /// Files outside the daemon's folders are out of reach (Landlock).
    pub files: Held,
    /// No TCP port can be bound or dialled (Landlock, since Linux 6.7).
    pub tcp: Held,
    /// No socket but local ones, no io_uring, no new program, no listener (seccomp).
    pub system_calls: Held,
    /// Memory is never swapped out; only where the limit on locked memory allows it.
    pub memory_locked: Held,
}

impl Status {
    /// The measures by name, in the order in which they are told.
    #[must_use]
    pub fn measures(&self) -> [(&'static str, &Held); 7] {
        [
            ("no new privileges", &self.no_new_privileges),
            ("no core dumps", &self.no_core_dumps),
            ("not traceable", &self.not_traceable),
            ("own files only", &self.files),
            ("no TCP", &self.tcp),
            ("system calls", &self.system_calls),
            ("memory locked", &self.memory_locked),
        ]
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Linux {}", self.kernel)?;
        for (name, held) in self.measures() {
            match held {
                Held::Yes => write!(f, "; {name}")?,
                Held::Partly(what) => write!(f, "; {name} in part ({what})")?,
                Held::No(why) => write!(f, "; WITHOUT {name} ({why})")?,
            }
        }
        Ok(())
    }
}

/// Enters the sandbox. There is no way back.
///
/// To be called from the only thread of the process: Landlock holds for the calling thread and those that it starts.
#[must_use]
pub fn enter(needs: &Needs) -> Status {
    let not_traceable = Held::of(processes::forbid_tracing());
    let no_core_dumps = Held::of(processes::forbid_core_dumps());
    let no_new_privileges = Held::of(processes::forbid_new_privileges());
    let memory_locked = Held::of(processes::lock_memory());
    let (files, tcp) = files::restrict(needs);
    // Last, for the others use system calls that this one may refuse.
    let system_calls = Held::of(system_calls::restrict());
    Status {
        kernel: processes::kernel(),
        no_new_privileges,
        no_core_dumps,
        not_traceable,
        files,
        tcp,
        system_calls,
        memory_locked,
    }
}
