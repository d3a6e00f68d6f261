//! A connection to the desktop's message bus, as far as one notification needs it (D-Bus Specification 0.43).
//!
//! Method calls of strings and numbers go out, replies and signals of strings and numbers come in. A whole D-Bus library
//! would bring a dozen crates, macros that generate code, and a runtime of its own into a program that sends one message in
//! a login.

use std::io;
use std::path::PathBuf;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::message::{Call, Header, Incoming, MessageError};

/// Longest line of the opening.
const MAX_LINE: usize = 1024;

/// Why the bus is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BusError {
    /// No address is known, or none that is a local socket.
    #[error("no message bus of this desktop is known")]
    NoAddress,
    /// The socket.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The bus does not take this user.
    #[error("the message bus refuses this user")]
    Refused,
    /// No program of this desktop shows notifications.
    #[error("this desktop shows no notifications")]
    NotShown,
    /// What came is no message.
    #[error("the message bus: {0}")]
    Message(#[from] MessageError),
}

/// An open connection.
pub(super) struct Bus {
    stream: UnixStream,
    serial: u32,
    received: Vec<u8>,
}

impl Bus {
    /// Connects to the bus of this session, and says hello.
    ///
    /// # Errors
    /// [`BusError`].
    pub(super) async fn connect() -> Result<Self, BusError> {
        let address = std::env::var("DBUS_SESSION_BUS_ADDRESS").ok();
        let path = match address.as_deref() {
            Some(address) => socket_of(address),
            None => std::env::var_os("XDG_RUNTIME_DIR").map(|dir| PathBuf::from(dir).join("bus")),
        };
        let stream = UnixStream::connect(path.ok_or(BusError::NoAddress)?).await?;
        let mut bus = Self {
            stream,
            serial: 0,
            received: Vec::new(),
        };
        bus.authenticate().await?;
        bus.call(&Call::to_bus("Hello")).await?;
        Ok(bus)
    }

    /// EXTERNAL: the bus asks the kernel who is at the other end, and compares.
    async fn authenticate(&mut self) -> Result<(), BusError> {
        let user = rustix::process::geteuid().as_raw().to_string();
        let user: String = user.bytes().map(|digit| format!("{digit:02x}")).collect();
        let opening = format!("\0AUTH EXTERNAL {user}\r\n");
        self.stream.write_all(opening.as_bytes()).await?;
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            if line.len() >= MAX_LINE {
                return Err(BusError::Refused);
            }
            line.push(self.stream.read_u8().await?);
        }
        if !line.starts_with(b"OK ") {
            return Err(BusError::Refused);
        }
        self.stream.write_all(b"BEGIN\r\n").await?;
        Ok(())
    }

    /// Sends a call; gives the number by which its reply is known.
    pub(super) async fn call(&mut self, call: &Call) -> Result<u32, BusError> {
        self.serial += 1;
        let message = call.to_bytes(self.serial)?;
        self.stream.write_all(&message).await?;
        Ok(self.serial)
    }

    /// The next message. What has come of one is kept when the wait for the rest is dropped.
    pub(super) async fn receive(&mut self) -> Result<Incoming, BusError> {
        loop {
            if let Some(start) = self.received.first_chunk() {
                let header = Header::parse(start)?;
                let end = Header::FIXED + header.rest();
                if let Some(rest) = self.received.get(Header::FIXED..end) {
                    let message = header.complete(rest)?;
                    self.received.drain(..end);
                    return Ok(message);
                }
            }
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
    }
}

/// The socket in an address like `unix:path=/run/user/1000/bus,guid=…;…`; a leading NUL stands for an abstract one.
fn socket_of(address: &str) -> Option<PathBuf> {
    address.split(';').find_map(|one| {
        one.strip_prefix("unix:")?.split(',').find_map(|pair| {
            let (prefix, value) = match pair.split_once('=')? {
                ("path", value) => ("", value),
                ("abstract", value) => ("\0", value),
                _ => return None,
            };
            Some(PathBuf::from(prefix.to_owned() + &unescape(value)?))
        })
    })
}

/// `%20` and the like.
fn unescape(value: &str) -> Option<String> {
    let mut bytes = value.bytes();
    let mut plain = Vec::with_capacity(value.len());
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(plain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_local_sockets() {
        for (address, socket) in [
            ("unix:path=/run/user/1000/bus", Some("/run/user/1000/bus")),
            ("unix:path=/tmp/a%20b,guid=0123", Some("/tmp/a b")),
            ("tcp:host=localhost,port=1;unix:guid=1,path=/x", Some("/x")),
            ("unix:abstract=/tmp/dbus-x", Some("\0/tmp/dbus-x")),
            ("unix:path=%zz", None),
            ("unix:path=%", None),
            ("tcp:host=localhost,port=1", None),
            ("", None),
        ] {
            assert_eq!(socket_of(address), socket.map(PathBuf::from), "{address}");
        }
    }
}
