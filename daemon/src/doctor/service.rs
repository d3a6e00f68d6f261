//! Library and service of PC/SC.

use super::pcscd::{self, Socket};
use super::{Check, Finding, Machine, Problem};
use crate::pcsc_loader;
use crate::reader::ReaderError;
use crate::reader::pcsc::{self, Reader};

/// Where the service is installed.
const PROGRAM: &str = "usr/sbin/pcscd";
const UNITS: [&str; 2] = ["usr/lib/systemd/system", "lib/systemd/system"];
const ENABLED: &str = "etc/systemd/system/sockets.target.wants/pcscd.socket";

/// What the service is able to say, asked once for all checks.
pub(super) enum Service {
    /// Its readers.
    Readers(Vec<Reader>),
    /// Why there are none.
    Fault(Problem, String),
}

impl Service {
    pub(super) fn ask(machine: &Machine) -> Self {
        if !pcsc_loader::is_installed() {
            return Self::Fault(Problem::LibraryMissing, String::new());
        }
        match pcsc::readers() {
            Ok(readers) => Self::Readers(readers),
            Err(error) => {
                let (problem, subject) = diagnose(machine, error);
                Self::Fault(problem, subject)
            }
        }
    }

    pub(super) fn readers(&self) -> Option<&[Reader]> {
        match self {
            Self::Readers(readers) => Some(readers),
            Self::Fault(..) => None,
        }
    }
}

/// Why the library gave this error, and what shows it.
pub(crate) fn diagnose(machine: &Machine, error: ReaderError) -> (Problem, String) {
    let socket = machine.display(&machine.pcscd);
    match pcscd::ask(&machine.pcscd) {
        Socket::Silent if !machine.has(PROGRAM) => (Problem::ServiceMissing, format!("/{PROGRAM}")),
        Socket::Silent => (Problem::ServiceStopped, socket),
        Socket::Rights => (Problem::SocketRights, socket),
        Socket::HungUp => (Problem::SessionRefused, socket),
        Socket::Version { .. } if error == ReaderError::AccessDenied => {
            (Problem::SessionRefused, socket)
        }
        Socket::Version { major, minor } => match error {
            // The first thing the library does is to compare versions, and it has no other reason to fail before it has
            // so much as a context.
            ReaderError::NoService | ReaderError::Service(::pcsc::Error::ServiceStopped) => {
                (Problem::VersionsDiffer, format!("{major}.{minor}"))
            }
            error => (Problem::ServiceFails, error.to_string()),
        },
    }
}

/// Whether the library can be opened.
pub(super) fn library(service: &Service) -> Finding {
    match service {
        Service::Fault(Problem::LibraryMissing, _) => {
            Finding::of(Check::Library, Problem::LibraryMissing, "libpcsclite.so.1")
        }
        _ => Finding::passed(Check::Library, "libpcsclite.so.1"),
    }
}

/// Whether the service lets us in.
pub(super) fn service(machine: &Machine, service: &Service) -> Finding {
    match service {
        Service::Fault(Problem::LibraryMissing, _) => Finding::skipped(Check::Service),
        Service::Fault(problem, subject) => Finding::of(Check::Service, *problem, subject),
        Service::Readers(_) => Finding::passed(Check::Service, machine.display(&machine.pcscd)),
    }
}

/// Whether systemd starts the service when a program wants it.
pub(super) fn activation(machine: &Machine) -> Finding {
    let installed = UNITS
        .iter()
        .any(|folder| machine.has(format!("{folder}/pcscd.socket")));
    if !machine.has_systemd() || !installed {
        Finding::skipped(Check::Activation)
    } else if machine.has(ENABLED) {
        Finding::passed(Check::Activation, "pcscd.socket")
    } else {
        Finding::of(
            Check::Activation,
            Problem::ServiceNotActivated,
            "pcscd.socket",
        )
    }
}
