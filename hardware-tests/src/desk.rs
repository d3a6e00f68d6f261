//! What stands on a citizen's desk: a daemon, and a document on its reader.

use crate::need::program;
use crate::pcscd::Pcscd;
use crate::process::Process;
use crate::site::{Link, Site};
use anyhow::Result;
use icao::simulator::Profile;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A daemon that reads a simulated chip, in itself or through a pcscd of its own.
pub struct Desk {
    // In this order: the daemon ends first, and nobody misses the reader.
    daemon: Process,
    chip: Option<Process>,
    pcscd: Option<Pcscd>,
}

impl Desk {
    /// A daemon with the chip simulated inside.
    ///
    /// # Errors
    /// If it does not start.
    pub fn simulated(site: &Site, profile: Profile) -> Result<Self> {
        let daemon = site.daemon(&Link::Simulated(profile))?;
        Ok(Self {
            daemon,
            chip: None,
            pcscd: None,
        })
    }

    /// A daemon with an empty simulated reader inside.
    ///
    /// # Errors
    /// If it does not start.
    pub fn by_hand(site: &Site) -> Result<Self> {
        let daemon = site.daemon(&Link::ByHand)?;
        Ok(Self {
            daemon,
            chip: None,
            pcscd: None,
        })
    }

    /// A daemon before an empty reader: daemon, pcscd and whatever is laid on it are processes of their own.
    ///
    /// # Errors
    /// If one of them does not start.
    pub fn with_reader(site: &Site) -> Result<Self> {
        let pcscd = Pcscd::start()?;
        let daemon = site.daemon(&Link::Pcscd(pcscd.socket()))?;
        Ok(Self {
            daemon,
            chip: None,
            pcscd: Some(pcscd),
        })
    }

    /// Lays a document on the reader, in place of the one that lies there.
    ///
    /// # Errors
    /// If there is no reader or the chip does not start.
    pub fn lay(&mut self, profile: Profile) -> Result<()> {
        let Some(pcscd) = &self.pcscd else {
            return self.daemon.tell(&format!("lay {}", profile.name()));
        };
        self.chip = None;
        self.chip = Some(lay(profile, pcscd.slot(0), None)?);
        Ok(())
    }

    /// Takes the document away.
    ///
    /// # Errors
    /// If the daemon with the simulated reader has ended.
    pub fn lift(&mut self) -> Result<()> {
        self.chip = None;
        match self.pcscd {
            Some(_) => Ok(()),
            None => self.daemon.tell("lift"),
        }
    }

    /// Moves the document to where the reader no longer reaches it. A virtual reader knows no places: there it is lifted.
    ///
    /// # Errors
    /// As [`Desk::lift`].
    pub fn slide(&mut self) -> Result<()> {
        match self.pcscd {
            Some(_) => self.lift(),
            None => self.daemon.tell("slide"),
        }
    }

    /// Makes every exchange with a chip on the simulated reader take so long, as it does over the air.
    ///
    /// # Errors
    /// As [`Desk::lift`], or if the reader is none of the daemon's own.
    pub fn set_latency(&mut self, milliseconds: u32) -> Result<()> {
        self.daemon.tell(&format!("latency {milliseconds}"))
    }

    /// The pcscd, if there is one.
    pub fn pcscd(&mut self) -> Option<&mut Pcscd> {
        self.pcscd.as_mut()
    }

    /// The daemon.
    pub fn daemon(&mut self) -> &mut Process {
        &mut self.daemon
    }
}

/// Starts `virtual-chip` and waits until it lies on the reader.
///
/// # Errors
/// If it is not built, or no reader listens there.
pub fn lay(profile: Profile, reader: SocketAddr, log: Option<&Path>) -> Result<Process> {
    let options = log.map(|log| ("--log", log));
    lay_named(profile.name(), reader, options.as_slice())
}

/// As [`lay`], of a document by its name, which may be one of [`crate::variants`], with those files for `virtual-chip` to write.
///
/// # Errors
/// As [`lay`], or if there is no document of this name.
pub fn lay_named(name: &str, reader: SocketAddr, files: &[(&str, &Path)]) -> Result<Process> {
    let options: Vec<_> = [("--profile", Path::new(name))]
        .into_iter()
        .chain(files.iter().copied())
        .collect();
    lay_as(&options, reader)
}

/// As [`lay`], of the document that these options of `virtual-chip` say.
///
/// # Errors
/// As [`lay`].
pub fn lay_as(options: &[(&str, &Path)], reader: SocketAddr) -> Result<Process> {
    let mut command = Command::new(program("virtual-chip")?);
    command.args(["--vpcd", &reader.to_string()]);
    for (option, file) in options {
        command.arg(option).arg(file);
    }
    let mut chip = Process::start("virtual-chip", &command)?;
    chip.line(Duration::from_secs(60), |line| {
        line.starts_with("on the reader").then_some(())
    })?;
    Ok(chip)
}
