//! Linux. The kernel is asked about the one socket where it answers such questions, so that nobody makes the answer slow by
//! opening thousands of others; where it does not, or where this process may open no socket for it, the row is looked for
//! in `/proc/net/tcp` and `tcp6`.

mod diagnosis;
mod tables;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use diagnosis::Diagnosis;
use tables::Tables;

/// The kernel, asked in one of two ways.
pub(super) enum Sockets {
    /// About one socket.
    Diagnosis(Diagnosis),
    /// By its tables.
    Tables(Tables),
}

impl Sockets {
    /// Opens the better way that works.
    ///
    /// # Errors
    /// When the kernel's tables cannot be opened either.
    pub(super) fn open() -> io::Result<Self> {
        match Diagnosis::open().and_then(Self::tried) {
            Ok(sockets) => Ok(sockets),
            Err(error) => {
                tracing::info!(%error, "sockets are looked for in the kernel's tables");
                Tables::open().map(Self::Tables)
            }
        }
    }

    /// Asks about a connection of our own: a kernel can take the question and know nothing of TCP.
    fn tried(diagnosis: Diagnosis) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let here = listener.local_addr()?;
        let client = TcpStream::connect(here)?;
        let own = rustix::process::getuid().as_raw();
        if diagnosis.user(client.local_addr()?, here)? == Some(own) {
            Ok(Self::Diagnosis(diagnosis))
        } else {
            Err(io::Error::other("the kernel does not tell of sockets"))
        }
    }

    /// # Errors
    /// When the kernel does not answer.
    pub(super) fn is_same_user(&self, local: SocketAddr, peer: SocketAddr) -> io::Result<bool> {
        let own = rustix::process::getuid().as_raw();
        let user = match self {
            Self::Diagnosis(diagnosis) => diagnosis.user(peer, local)?,
            Self::Tables(tables) => tables.user(peer, local)?,
        };
        Ok(user == Some(own))
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    pub(crate) fn all_ways() -> [Sockets; 2] {
        let asked = Sockets::tried(Diagnosis::open().unwrap()).unwrap();
        [asked, Sockets::Tables(Tables::open().unwrap())]
    }
}
