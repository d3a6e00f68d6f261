//! A PC/SC service that misbehaves on command: the far side of pcsc-lite's socket, as far as the real library asks for it.
//!
//! Numbers are in the machine's byte order. A request is its length, its number, its body; the answer is the body again with
//! the result in it.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use tempfile::TempDir;

const ESTABLISH_CONTEXT: u32 = 0x01;
const VERSION: u32 = 0x11;
const GET_READERS_STATE: u32 = 0x12;
/// Answered with the states at once, so that the client can compare before it waits.
const WAIT_READER_STATE_CHANGE: u32 = 0x13;
const STOP_WAITING_READER_STATE_CHANGE: u32 = 0x14;

/// Slots that the service tells of, always.
const SLOTS: usize = 16;
const NAME_LENGTH: usize = 128;

/// What the service does.
pub(crate) enum Manner {
    /// Closes each connection, as where polkit says no.
    HangUp,
    /// Says that it speaks 4.9, with this result.
    OtherVersion(u32),
    /// Gives no context, with this result.
    NoContext(u32),
    /// Has these readers.
    Readers(Vec<Slot>),
}

/// A reader that the service tells of.
pub(crate) struct Slot {
    name: &'static str,
    /// Internal state: 2 for absent, 4 for present.
    state: u32,
    /// How many share the card; -1 for one that keeps it for itself.
    sharing: i32,
}

impl Slot {
    pub(crate) fn empty(name: &'static str) -> Self {
        Self {
            name,
            state: 2,
            sharing: 0,
        }
    }

    /// A card on it that another program keeps for itself.
    pub(crate) fn held(name: &'static str) -> Self {
        Self {
            name,
            state: 4,
            sharing: -1,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.name.as_bytes().to_vec();
        bytes.resize(NAME_LENGTH, 0);
        bytes.extend(0u32.to_ne_bytes()); // count of events
        bytes.extend(self.state.to_ne_bytes());
        bytes.extend(self.sharing.to_ne_bytes());
        bytes.extend([0; 36]); // ATR, 33 bytes and padding
        bytes.extend([0; 8]); // its length, protocol
        bytes
    }
}

pub(crate) struct FakeService {
    folder: TempDir,
}

impl FakeService {
    pub(crate) fn start(manner: Manner) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let service = Self { folder };
        let listener = UnixListener::bind(service.socket()).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // A client that leaves early is no concern of the service.
                let _ = serve(stream.unwrap(), &manner);
            }
        });
        service
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("pcscd.comm")
    }

    /// Takes every right from the socket.
    pub(crate) fn forbid(&self) {
        std::fs::set_permissions(self.socket(), std::fs::Permissions::from_mode(0o000)).unwrap();
    }
}

fn serve(mut stream: UnixStream, manner: &Manner) -> std::io::Result<()> {
    if matches!(manner, Manner::HangUp) {
        return Ok(());
    }
    loop {
        let length = number(&mut stream)? as usize;
        let command = number(&mut stream)?;
        let mut body = vec![0; length.min(4096)];
        stream.read_exact(&mut body)?;
        match (command, manner) {
            (VERSION, Manner::OtherVersion(result)) => {
                let answer = [4u32, 9, *result].map(u32::to_ne_bytes).concat();
                stream.write_all(&answer)?;
            }
            (ESTABLISH_CONTEXT, Manner::NoContext(result)) => {
                body[8..12].copy_from_slice(&result.to_ne_bytes());
                stream.write_all(&body)?;
            }
            (ESTABLISH_CONTEXT, _) => {
                body[4..12].copy_from_slice(&[1u32, 0].map(u32::to_ne_bytes).concat());
                stream.write_all(&body)?;
            }
            (GET_READERS_STATE | WAIT_READER_STATE_CHANGE, Manner::Readers(slots)) => {
                let mut states: Vec<u8> = slots.iter().flat_map(Slot::bytes).collect();
                let one = Slot::empty("").bytes().len();
                states.resize(one * SLOTS, 0);
                stream.write_all(&states)?;
            }
            (STOP_WAITING_READER_STATE_CHANGE, _) => stream.write_all(&[0; 8])?,
            // The result of everything else is its last field, and all goes well.
            _ => {
                if let Some(end) = body.len().checked_sub(4) {
                    body[end..].fill(0);
                }
                stream.write_all(&body)?;
            }
        }
    }
}

fn number(stream: &mut UnixStream) -> std::io::Result<u32> {
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes)?;
    Ok(u32::from_ne_bytes(bytes))
}
