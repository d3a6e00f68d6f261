//! What a login server may have sent to a chip: a closed list of forms, matched octet by octet.
//!
//! After Chip Authentication the server reads the identity file through a channel whose keys the daemon does not hold.
//! The headers of protected commands are in clear, so the daemon still sees which file is read and how much of it.
//! Only these forms pass (ISO/IEC 7816-4 10, Doc 9303-11 9.8), at most four reads of together at most 512 octets:
//!
//! - READ BINARY `0C B0 80|SFI 00`, the SFI of the identity file of the kind of document that was asked for
//! - READ BINARY `0C B0 P1 P2` at the offset where the one before ended
//! - on a chip on which reading by SFI failed before the daemon's eyes: first SELECT `0C A4 02 0C`, then READ BINARY
//!   from offset 0. Which file is selected is then hidden in the encrypted data field.
//!
//! A READ BINARY carries nothing but its expected length (DO 97) and a MAC (DO 8E).

use crate::request::Document;

/// Most READ BINARY commands in one message.
pub const MAX_READS: usize = 4;
/// Most octets that all commands of one message may ask for together.
pub const MAX_READ: u32 = 512;
/// Longest protected command of the allowed forms, in octets.
pub const MAX_COMMAND: usize = 64;

/// Whether the daemon itself saw this chip fail to read by short file identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SfiReading {
    /// It works, or was not tried: the server has to use it, so that the file is visible.
    Works,
    /// It was seen to fail: SELECT is allowed.
    Fails,
}

/// Why the server's commands do not go to the chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForbiddenCommand {
    /// None, or too many.
    #[error("number of commands not allowed")]
    Count,
    /// None of the allowed forms; which command, counted from 0.
    #[error("command {0} is of no allowed form")]
    Form(usize),
    /// Another file than the identity file; which command.
    #[error("command {0} names another file than the identity file")]
    File(usize),
    /// Does not begin where the one before ended; which command.
    #[error("command {0} is not contiguous")]
    Offset(usize),
    /// With this command more is asked for than is allowed together; which command.
    #[error("commands up to {0} ask for more than 512 octets")]
    Length(usize),
    /// SELECT on a chip that reads by short file identifier.
    #[error("SELECT on a chip that reads by short file identifier")]
    Select,
}

/// Protected commands that the daemon may pass to the chip, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadCommands(Vec<Vec<u8>>);

impl ReadCommands {
    /// Takes commands of the allowed forms and no other.
    ///
    /// # Errors
    /// [`ForbiddenCommand`] names the first that is not allowed.
    pub fn new(
        commands: Vec<Vec<u8>>,
        document: Document,
        sfi_reading: SfiReading,
    ) -> Result<Self, ForbiddenCommand> {
        let mut rest = commands.iter().enumerate().peekable();
        let mut selected = false;
        if let Some((_, command)) = rest.peek()
            && is_select(command)
        {
            if sfi_reading == SfiReading::Works {
                return Err(ForbiddenCommand::Select);
            }
            selected = true;
            rest.next();
        }
        if !(1..=MAX_READS).contains(&rest.len()) {
            return Err(ForbiddenCommand::Count);
        }
        let mut next_offset = None;
        for (index, command) in rest {
            let read = Read::parse(command).ok_or(ForbiddenCommand::Form(index))?;
            let offset = match (next_offset, read.place) {
                (None, Place::Sfi { sfi, offset }) if !selected => {
                    if sfi != document.identity_file_sfi() {
                        return Err(ForbiddenCommand::File(index));
                    }
                    (offset == 0).then_some(0)
                }
                (None, Place::Selected { offset }) if selected => (offset == 0).then_some(0),
                (None, Place::Selected { .. }) => return Err(ForbiddenCommand::File(index)),
                (Some(expected), Place::Selected { offset }) => {
                    (offset == expected).then_some(expected)
                }
                // A short file identifier selects a file anew: only the first command may do that.
                (_, Place::Sfi { .. }) => return Err(ForbiddenCommand::File(index)),
            }
            .ok_or(ForbiddenCommand::Offset(index))?;
            // Reads begin at 0 and leave no gap, so the end of one is the sum of all so far.
            let end = offset + read.length;
            if end > MAX_READ {
                return Err(ForbiddenCommand::Length(index));
            }
            next_offset = Some(end);
        }
        Ok(Self(commands))
    }

    /// The commands, ready to be sent as they are.
    #[must_use]
    pub fn as_slice(&self) -> &[Vec<u8>] {
        &self.0
    }
}

struct Read {
    place: Place,
    length: u32,
}

enum Place {
    Sfi { sfi: u8, offset: u32 },
    Selected { offset: u32 },
}

impl Read {
    /// A protected READ BINARY with DO 97 and DO 8E, in short or extended form.
    fn parse(command: &[u8]) -> Option<Self> {
        let (p1, p2, data) = match command {
            [0x0c, 0xb0, p1, p2, lc, data @ .., 0x00] if data.len() == usize::from(*lc) => {
                (*p1, *p2, data)
            }
            [0x0c, 0xb0, p1, p2, 0x00, high, low, data @ .., 0x00, 0x00]
                if data.len() == usize::from(u16::from_be_bytes([*high, *low])) =>
            {
                (*p1, *p2, data)
            }
            _ => return None,
        };
        // DO 97 holds Le; all zeros stand for the greatest value of its length.
        let length = match data {
            [0x97, 0x01, le, 0x8e, 0x08, mac @ ..] if mac.len() == 8 => match *le {
                0 => 256,
                le => u32::from(le),
            },
            [0x97, 0x02, high, low, 0x8e, 0x08, mac @ ..] if mac.len() == 8 => {
                match u16::from_be_bytes([*high, *low]) {
                    0 => 65_536,
                    le => u32::from(le),
                }
            }
            _ => return None,
        };
        let place = match p1 {
            // Bits 7 and 6 are zero and bits 5 to 1 are the short file identifier.
            0x80..=0x9f => Place::Sfi {
                sfi: p1 & 0x1f,
                offset: u32::from(p2),
            },
            0x00..=0x7f => Place::Selected {
                offset: u32::from(u16::from_be_bytes([p1, p2])),
            },
            _ => return None,
        };
        Some(Self { place, length })
    }
}

/// A protected SELECT of an elementary file under the current application, no response data wanted: DO 87 with one
/// cipher block (8 octets for 3DES, 16 for AES) and DO 8E.
fn is_select(command: &[u8]) -> bool {
    let [0x0c, 0xa4, 0x02, 0x0c, lc, data @ .., 0x00] = command else {
        return false;
    };
    data.len() == usize::from(*lc)
        && match data {
            [0x87, 0x09, 0x01, rest @ ..] => {
                matches!(rest.split_at_checked(8), Some((_, [0x8e, 0x08, mac @ ..])) if mac.len() == 8)
            }
            [0x87, 0x11, 0x01, rest @ ..] => {
                matches!(rest.split_at_checked(16), Some((_, [0x8e, 0x08, mac @ ..])) if mac.len() == 8)
            }
            _ => false,
        }
}
