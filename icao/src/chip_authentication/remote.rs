//! Chip Authentication by a server that is not at the chip: the commands under the new keys are made before the chip has
//! them, carried by the terminal, and their answers checked afterwards. One round trip proves the chip to the server, and
//! brings a file that nobody in between can read.

use core::fmt;

use zeroize::Zeroizing;

use super::session_keys;
use crate::apdu::{ApduError, Command, MAX_SHORT_NE, Response, StatusWord};
use crate::crypto::cipher::CipherSuite;
use crate::crypto::key_agreement::{KeyAgreementError, PublicKey, SecretKey};
use crate::lds::FileId;
use crate::lds::security_info::ChipAuthenticationProtocol;
use crate::secure_messaging::{self, Counter, SecureMessagingError, SessionKeys};
use crate::tlv::{self, FileLength, TlvError};

/// Most READ BINARY commands a terminal carries for a server.
pub const MAX_READS: usize = 4;
/// Most bytes they may ask for together.
pub const MAX_READ_BYTES: usize = 512;

/// Why remote Chip Authentication failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// A file length or chunk for which no four READ BINARY of together 512 bytes exist.
    #[error("file does not fit the commands that a terminal carries")]
    Plan,
    /// The keys agree on nothing.
    #[error(transparent)]
    Agreement(#[from] KeyAgreementError),
    /// A command could not be protected.
    #[error("command could not be made: {0}")]
    Protect(SecureMessagingError),
    /// Another number of answers than of commands.
    #[error("{found} answers to {expected} commands")]
    Count {
        /// Commands sent.
        expected: usize,
        /// Answers received.
        found: usize,
    },
    /// An answer is no response APDU.
    #[error("answer {index}: {error}")]
    Apdu {
        /// Which answer, from 0.
        index: usize,
        /// What is wrong with it.
        error: ApduError,
    },
    /// An answer is not one of the chip that holds the static key.
    #[error("answer {index}: {error}")]
    SecureMessaging {
        /// Which answer, from 0.
        index: usize,
        /// What is wrong with it.
        error: SecureMessagingError,
    },
    /// The chip authentically refused a command.
    #[error("answer {index}: chip answered {status}")]
    Status {
        /// Which answer, from 0.
        index: usize,
        /// With which status.
        status: StatusWord,
    },
    /// An authentic answer with another number of bytes than asked for, before the end of the file.
    #[error("answer {index} has a wrong length")]
    Length {
        /// Which answer, from 0.
        index: usize,
    },
    /// What was read is not a whole file.
    #[error("what was read is not a whole file: {0}")]
    File(TlvError),
    /// Commands that are not protected READ BINARY at contiguous offsets of one file.
    #[error("not the protected reading of one file")]
    NotARead,
}

/// What a server wants to read under the new keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadPlan {
    /// The file.
    pub file: FileId,
    /// Whether the first READ BINARY selects the file by its short identifier; else a SELECT goes before it.
    pub by_sfi: bool,
    /// Bytes to read: at least the file, 1 to 512.
    pub length: usize,
    /// Most bytes in one answer, 1 to 256: what the link and the protection leave
    /// ([`secure_messaging::max_response_data`]).
    pub chunk: usize,
}

impl ReadPlan {
    /// A plan for a link whose responses hold `max_response` bytes, status word included.
    #[must_use]
    pub fn for_link(
        file: FileId,
        by_sfi: bool,
        length: usize,
        suite: CipherSuite,
        max_response: usize,
    ) -> Self {
        let limit = max_response.saturating_sub(2).min(256);
        Self {
            file,
            by_sfi,
            length,
            chunk: secure_messaging::max_response_data(suite, limit),
        }
    }

    /// The plain commands.
    fn commands(&self) -> Result<Vec<Command>, RemoteError> {
        let &Self {
            file,
            by_sfi,
            length,
            chunk,
        } = self;
        let fits = (1..=MAX_READ_BYTES).contains(&length)
            && (1..=256).contains(&chunk)
            && length.div_ceil(chunk) <= MAX_READS;
        if !fits {
            return Err(RemoteError::Plan);
        }
        let mut commands = Vec::new();
        if !by_sfi {
            commands.push(Command::select_file(file.fid));
        }
        for offset in (0..length).step_by(chunk) {
            let number = |n: usize| u32::try_from(n).map_err(|_| RemoteError::Plan);
            let ne = number(chunk.min(length - offset))?;
            commands.push(if by_sfi && offset == 0 {
                Command::read_binary_sfi(file.sfi, 0, ne)
            } else {
                Command::read_binary(number(offset)?, ne)
            });
        }
        Ok(commands)
    }
}

/// The server's part.
pub struct RemoteChipAuthentication {
    keys: SessionKeys,
    plain: Vec<Command>,
    protected: Vec<Vec<u8>>,
}

impl RemoteChipAuthentication {
    /// Derives the session keys from the server's ephemeral key, already multiplied with the binding t, and the chip's static
    /// key, and makes the protected commands.
    ///
    /// # Errors
    /// [`RemoteError::Agreement`], or as [`Self::with_keys`].
    pub fn new(
        protocol: ChipAuthenticationProtocol,
        ephemeral: &SecretKey,
        chip: &PublicKey,
        plan: &ReadPlan,
    ) -> Result<Self, RemoteError> {
        Self::with_keys(session_keys(protocol, ephemeral, chip)?, plan)
    }

    /// Makes the same commands again from session keys that were kept.
    ///
    /// # Errors
    /// [`RemoteError::Plan`].
    pub fn with_keys(keys: SessionKeys, plan: &ReadPlan) -> Result<Self, RemoteError> {
        let plain = plan.commands()?;
        let mut counter = Counter::zero(keys.suite());
        let mut protected = Vec::with_capacity(plain.len());
        for command in &plain {
            counter = counter.next().map_err(RemoteError::Protect)?;
            let command = secure_messaging::protect(&keys, &counter, command);
            let bytes = command.map_err(RemoteError::Protect)?.to_bytes();
            protected.push(bytes.map_err(|_| RemoteError::Plan)?);
            // The answer has the next count.
            counter = counter.next().map_err(RemoteError::Protect)?;
        }
        Ok(Self {
            keys,
            plain,
            protected,
        })
    }

    /// The session keys, to be kept as the secret they are.
    #[must_use]
    pub const fn keys(&self) -> &SessionKeys {
        &self.keys
    }

    /// The protected commands, whole APDUs in the order in which the terminal shall send them.
    #[must_use]
    pub fn commands(&self) -> &[Vec<u8>] {
        &self.protected
    }

    /// Checks the chip's answers, whole APDUs in the same order, and returns the file, cut to the length that its own
    /// header tells. A success proves that the holder of the static key answered these very commands.
    ///
    /// The last answer may say 6282 and be shorter than asked for, where the file ends before the plan does.
    ///
    /// # Errors
    /// [`RemoteError`]; the first failure decides.
    pub fn file(&self, answers: &[Vec<u8>]) -> Result<Zeroizing<Vec<u8>>, RemoteError> {
        if answers.len() != self.plain.len() {
            let (expected, found) = (self.plain.len(), answers.len());
            return Err(RemoteError::Count { expected, found });
        }
        let mut counter = Counter::zero(self.keys.suite());
        let mut file = Zeroizing::new(Vec::with_capacity(MAX_READ_BYTES));
        for (index, (command, answer)) in self.plain.iter().zip(answers).enumerate() {
            let failed = |error| RemoteError::SecureMessaging { index, error };
            let answer =
                Response::parse(answer).map_err(|error| RemoteError::Apdu { index, error })?;
            counter = counter
                .next()
                .and_then(|counter| counter.next())
                .map_err(failed)?;
            let plain =
                secure_messaging::unprotect(&self.keys, &counter, &answer).map_err(failed)?;
            let data = Zeroizing::new(plain.data);
            let asked = command
                .le
                .and_then(|ne| usize::try_from(ne).ok())
                .unwrap_or(0);
            let last = index + 1 == self.plain.len();
            match plain.status {
                StatusWord::OK if data.len() == asked => {}
                StatusWord::END_OF_FILE if last && data.len() <= asked => {}
                StatusWord::OK | StatusWord::END_OF_FILE => {
                    return Err(RemoteError::Length { index });
                }
                status => return Err(RemoteError::Status { index, status }),
            }
            file.extend_from_slice(&data);
        }
        let total = FileLength::from_prefix(&file)
            .map_err(RemoteError::File)?
            .total();
        if file.len() < total {
            return Err(RemoteError::File(TlvError::Truncated));
        }
        file.truncate(total);
        Ok(file)
    }
}

impl fmt::Debug for RemoteChipAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "RemoteChipAuthentication({:?}, {} commands)",
            self.keys,
            self.plain.len()
        )
    }
}

/// What protected commands read, as far as their clear part tells: what a terminal looks at before it sends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtectedRead {
    /// Short identifier of the file; `None` if a SELECT, whose file is encrypted, goes before.
    pub sfi: Option<u8>,
    /// Bytes asked for.
    pub length: usize,
}

impl ProtectedRead {
    /// Accepts only what [`RemoteChipAuthentication`] makes: at most [`MAX_READS`] short READ BINARY (CLA 0C, INS B0) for at
    /// most [`MAX_READ_BYTES`] bytes, the first by short file identifier or behind one SELECT (`A4 02 0C`), at contiguous
    /// offsets from 0, each with the data objects 97 and 8E and nothing else.
    ///
    /// # Errors
    /// [`RemoteError::NotARead`].
    pub fn inspect(commands: &[Vec<u8>]) -> Result<Self, RemoteError> {
        let mut commands = commands
            .iter()
            .map(|bytes| Command::parse(bytes))
            .peekable();
        let mut selected = false;
        if let Some(Ok(first)) = commands.peek()
            && (first.cla, first.ins, first.p1, first.p2) == (0x0C, 0xA4, 0x02, 0x0C)
        {
            let mut objects = tlv::Reader::new(&first.data);
            let encrypted = objects.expect(0x87).is_ok_and(|tlv| tlv.value.len() <= 17);
            let mac = objects.expect(0x8E).is_ok_and(|tlv| tlv.value.len() == 8);
            if !(encrypted && mac && objects.finish().is_ok() && first.le == Some(MAX_SHORT_NE)) {
                return Err(RemoteError::NotARead);
            }
            selected = true;
            commands.next();
        }
        let (mut sfi, mut length, mut reads) = (None, 0_usize, 0);
        for command in commands {
            let command = command.map_err(|_| RemoteError::NotARead)?;
            let asked = asked_bytes(&command).ok_or(RemoteError::NotARead)?;
            let offset = u16::try_from(length)
                .map_err(|_| RemoteError::NotARead)?
                .to_be_bytes();
            match (command.p1, command.p2) {
                (p1 @ 0x81..=0x9E, 0) if reads == 0 && !selected => sfi = Some(p1 & 0x1F),
                (p1, p2) if [p1, p2] == offset && (reads > 0 || selected) => {}
                _ => return Err(RemoteError::NotARead),
            }
            length += asked;
            reads += 1;
        }
        if !(1..=MAX_READS).contains(&reads) || length > MAX_READ_BYTES {
            return Err(RemoteError::NotARead);
        }
        Ok(Self { sfi, length })
    }
}

/// How many bytes a protected READ BINARY asks for, told by its data object 97, which is in clear.
fn asked_bytes(command: &Command) -> Option<usize> {
    if (command.cla, command.ins) != (0x0C, 0xB0) || command.le != Some(MAX_SHORT_NE) {
        return None;
    }
    let mut objects = tlv::Reader::new(&command.data);
    let asked = match *objects.expect(0x97).ok()?.value {
        [0] => 256,
        [ne] => usize::from(ne),
        _ => return None,
    };
    let mac = objects.expect(0x8E).ok()?;
    (mac.value.len() == 8 && objects.finish().is_ok()).then_some(asked)
}
