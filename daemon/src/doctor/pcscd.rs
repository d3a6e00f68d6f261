//! The PC/SC service as its socket shows it.
//!
//! The library has one error for a service that is not there, for one that refuses this session (it hangs up before the
//! first answer), and in some releases for one of another version. So the doctor says the first word itself: the request
//! for the version of the protocol, with which every client of pcsc-lite begins.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// CMD_VERSION of pcsc-lite.
const VERSION: u32 = 0x11;
/// The version of pcsc-lite 1.8.24 to 2.2; a service of another says its own.
const MAJOR: i32 = 4;
const MINOR: i32 = 4;
/// A service that starts on demand needs a moment.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the socket says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Socket {
    /// There is none, or nobody listens.
    Silent,
    /// Its rights keep this user out.
    Rights,
    /// It hung up instead of saying its version.
    HungUp,
    /// The version of its protocol.
    Version {
        /// Major and minor number.
        major: i32,
        /// Minor number.
        minor: i32,
    },
}

/// Connects and asks.
pub(super) fn ask(socket: &Path) -> Socket {
    let mut stream = match UnixStream::connect(socket) {
        Ok(stream) => stream,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Socket::Rights,
        Err(_) => return Socket::Silent,
    };
    version(&mut stream).unwrap_or(Socket::HungUp)
}

fn version(stream: &mut UnixStream) -> io::Result<Socket> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // Header: length of what follows, command. Then major, minor, and room for a result. All in the machine's byte order.
    let mut request = Vec::with_capacity(20);
    request.extend(12u32.to_ne_bytes());
    request.extend(VERSION.to_ne_bytes());
    request.extend(MAJOR.to_ne_bytes());
    request.extend(MINOR.to_ne_bytes());
    request.extend(0u32.to_ne_bytes());
    stream.write_all(&request)?;
    let (mut major, mut minor, mut result) = ([0; 4], [0; 4], [0; 4]);
    for field in [&mut major, &mut minor, &mut result] {
        stream.read_exact(field)?;
    }
    Ok(Socket::Version {
        major: i32::from_ne_bytes(major),
        minor: i32::from_ne_bytes(minor),
    })
}
