//! A pcscd of the test's own, which touches nothing of the machine's.
//!
//! It runs in a mount namespace of its own. Over `/run` lies a folder of the test, so that neither socket nor process
//! file meets those of a pcscd that the machine may run; over the folder of USB drivers lies an empty one, so that it
//! opens no reader of the machine. Its configuration names one virtual reader with two slots, or readers that the test
//! plays itself ([`crate::ifd`]).
//!
//! While it runs the virtual reader listens on all addresses: its driver knows no other way (told to connect instead,
//! Debian's 3.3 has pcscd abort at the first empty slot). Whoever connects from elsewhere lays a chip on the reader of a
//! test, and can do nothing else.
//!
//! The socket is an ordinary file in the test's folder: programs outside the namespace reach it through
//! `PCSCLITE_CSOCK_NAME`, which libpcsclite honours (measured with 1.9.9).

use crate::ifd::{self, Reader};
use crate::need::{self, Need};
use crate::process::Process;
use anyhow::{Context as _, Result, anyhow};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use std::fs;
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// What [`Pcscd::start`] needs on the machine.
pub const NEEDS: [&Need; 2] = [&need::PCSCD, &need::VPCD];

/// Slots of the virtual reader, fixed in Debian's build of it.
pub const SLOTS: u16 = 2;

const PATIENCE: Duration = Duration::from_secs(60);

// Mounts are private to the namespace. `exec` keeps the process id through to pcscd, which must not outlive the test:
// the last program before it asks for the parent-death signal, because a change of user namespace clears it.
const SCRIPT: &str = r#"
mount --bind "$1/run" /run &&
mount --bind "$1/no-drivers" /usr/lib/pcsc/drivers &&
exec setpriv --pdeathsig KILL -- /usr/sbin/pcscd --foreground --debug --config "$1/reader.conf"
"#;

/// A running pcscd with a virtual reader. Dropping it ends it and removes its folder.
pub struct Pcscd {
    process: Process,
    folder: tempfile::TempDir,
    /// What its configuration says of its readers.
    readers: Readers,
}

/// The readers of a pcscd.
enum Readers {
    /// The virtual reader, with its slots at ports from this on.
    Vpcd(u16),
    /// Others, as the configuration describes them.
    Played(String),
}

impl Pcscd {
    /// Starts a pcscd and waits until it listens for chips and clients.
    ///
    /// # Errors
    /// If a program is missing, no mount namespace may be made, or no free ports are found.
    pub fn start() -> Result<Self> {
        let folder = Self::folder()?;
        // Copied, since its own folder is covered in the namespace.
        fs::copy(need::VPCD.file, folder.path().join("libifdvpcd.so")).context(need::VPCD.file)?;
        // Another test may take the free ports between looking and listening: then look again.
        let mut last = anyhow!("no free ports");
        for _ in 0..5 {
            let readers = Readers::Vpcd(free_ports()?);
            match Self::launch(&folder, &readers) {
                Ok(process) => {
                    return Ok(Self {
                        process,
                        folder,
                        readers,
                    });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Starts a pcscd with readers that the test plays.
    ///
    /// # Errors
    /// As [`Self::start`]; also if the driver was not built.
    pub fn with_readers(readers: &[&Reader]) -> Result<Self> {
        let folder = Self::folder()?;
        let driver = folder.path().join("libpretended.so");
        fs::copy(ifd::driver()?, &driver)?;
        let readers = readers
            .iter()
            .enumerate()
            .map(|(channel, reader)| reader.configuration(&driver, channel + 1))
            .collect();
        let readers = Readers::Played(readers);
        let process = Self::launch(&folder, &readers)?;
        Ok(Self {
            process,
            folder,
            readers,
        })
    }

    fn folder() -> Result<tempfile::TempDir> {
        let folder = tempfile::Builder::new().prefix("rda-pcscd-").tempdir()?;
        fs::create_dir_all(folder.path().join("run/pcscd"))?;
        fs::create_dir(folder.path().join("no-drivers"))?;
        Ok(folder)
    }

    fn launch(folder: &tempfile::TempDir, readers: &Readers) -> Result<Process> {
        let path = folder.path().display();
        let (configuration, slots) = match readers {
            // The second number is the channel; vpcd takes its port from the device name.
            Readers::Vpcd(port) => (
                format!(
                    "FRIENDLYNAME \"Virtual reader\"\nDEVICENAME /dev/null:{port:#06X}\nLIBPATH {path}/libifdvpcd.so\nCHANNELID {port:#06X}\n"
                ),
                SLOTS,
            ),
            Readers::Played(configuration) => (configuration.clone(), 0),
        };
        fs::write(folder.path().join("reader.conf"), configuration)?;
        // What a killed predecessor left.
        for left in ["pcscd.comm", "pcscd.pid"] {
            let _ = fs::remove_file(folder.path().join("run/pcscd").join(left));
        }

        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private"]);
        if !rustix::process::getuid().is_root() {
            command.arg("--map-root-user");
        }
        command
            .args(["--", "sh", "-c", SCRIPT, "pcscd"])
            .arg(folder.path());
        // pcscd says that it is ready before it has made its socket. Its last act then is to open the socket to all
        // users, and a change of rights can be waited for.
        let run = folder.path().join("run/pcscd");
        let changes = inotify::init(CreateFlags::CLOEXEC)?;
        inotify::add_watch(&changes, &run, WatchFlags::ATTRIB)?;
        let mut process = Process::start("pcscd", &command)?;

        for _ in 0..slots {
            process.line(PATIENCE, |line| {
                line.contains("Waiting for virtual ICC").then_some(())
            })?;
        }
        process.line(PATIENCE, |line| line.contains("daemon ready").then_some(()))?;
        let patience = Timespec::try_from(PATIENCE)?;
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&changes, &mut buffer);
        while UnixStream::connect(run.join("pcscd.comm")).is_err() {
            if poll(&mut [PollFd::new(&changes, PollFlags::IN)], Some(&patience))? == 0 {
                return Err(anyhow!(
                    "pcscd made no socket; it said:\n{}",
                    process.said()
                ));
            }
            events.next()?;
        }
        Ok(process)
    }

    /// Where a chip for slot 0 or 1 connects.
    pub fn slot(&self, slot: u16) -> SocketAddr {
        let port = match self.readers {
            Readers::Vpcd(port) => port.saturating_add(slot),
            // Nothing listens there.
            Readers::Played(_) => 0,
        };
        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    }

    /// The socket of this pcscd.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("run/pcscd/pcscd.comm")
    }

    /// A command for a program that shall use this pcscd.
    pub fn client(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("PCSCLITE_CSOCK_NAME", self.socket());
        command
    }

    /// Kills pcscd as a crash would: chips on the reader lose their connection.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again on the same socket and ports, after [`Self::kill`].
    ///
    /// # Errors
    /// As [`Self::start`]; also where something else has taken the ports meanwhile.
    pub fn restart(&mut self) -> Result<()> {
        self.process.kill();
        self.process = Self::launch(&self.folder, &self.readers)?;
        Ok(())
    }

    /// How many connections programs have to it: each is an open PC/SC context.
    ///
    /// # Errors
    /// If the system does not tell.
    pub fn contexts(&self) -> Result<usize> {
        const CONNECTED: &str = "03";
        let process = format!("/proc/{}", self.process.id());
        // The table is that of all processes, and every pcscd binds the same name in its namespace: its own sockets count.
        let table = fs::read_to_string(format!("{process}/net/unix"))?;
        let mut own = Vec::new();
        for descriptor in fs::read_dir(format!("{process}/fd"))? {
            // One that is closed meanwhile is none.
            if let Ok(target) = fs::read_link(descriptor?.path()) {
                own.push(target.to_string_lossy().into_owned());
            }
        }
        Ok(table
            .lines()
            .filter(|line| line.ends_with("/run/pcscd/pcscd.comm"))
            .filter(|line| {
                let mut fields = line.split_whitespace().skip(5);
                let (state, inode) = (fields.next(), fields.next().unwrap_or_default());
                state == Some(CONNECTED) && own.contains(&format!("socket:[{inode}]"))
            })
            .count())
    }

    /// What pcscd has written so far; it writes no APDUs unless asked.
    pub fn said(&mut self) -> String {
        self.process.said()
    }
}

/// The first of as many free ports in a row as the virtual reader has slots.
fn free_ports() -> Result<u16> {
    for _ in 0..50 {
        let first = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        let port = first.local_addr()?.port();
        let rest = (1..SLOTS)
            .map(|slot| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port.checked_add(slot)?)).ok())
            .collect::<Option<Vec<_>>>();
        if rest.is_some() {
            return Ok(port);
        }
    }
    Err(anyhow!("no {SLOTS} free ports in a row"))
}
