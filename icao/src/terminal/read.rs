//! Reading files: by short identifier where that works, in pieces as long as the chip takes, in as few commands as
//! may be.
//!
//! The first command already asks for as much as one answer holds, so that a small file costs one command; its first
//! bytes tell how long the file is. What chips refuse here is many-voiced (6700, 6Cxx, 6B00, 6282 without data, or the
//! keys dropped), and is answered by smaller pieces, never by giving up what has been read.

use core::num::NonZeroUsize;

use zeroize::Zeroizing;

use super::channel::Channel;
use super::error::{Error, Step};
use super::{Event, Terminal};
use crate::apdu::{Command, Response, StatusWord, discretionary_data};
use crate::lds::FileId;
use crate::secure_messaging::SecureMessagingError;
use crate::tlv::{FileLength, TlvError};

/// Lengths that real chips are known to take when they refuse longer ones (short answers under secure messaging hold
/// 231 bytes with 3DES and 223 with AES).
const LADDER: [usize; 8] = [231, 223, 192, 160, 128, 96, 64, 32];

/// READ BINARY with odd INS wraps what it answers in a data object 53 with a header of up to this many bytes.
const DISCRETIONARY_HEADER: usize = 4;
/// From this offset on, READ BINARY needs odd INS.
const ODD_INS_OFFSET: usize = 0x8000;

/// What was learned about how this chip lets files be read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Habits {
    /// Whether READ BINARY by short file identifier works; unknown before the first file.
    pub(super) short_identifiers: Option<bool>,
    /// The longest piece that it takes, where that is less than an answer holds.
    piece: Option<NonZeroUsize>,
    /// It refuses to read beyond the end of a file, so the length has to be read first.
    length_first: bool,
}

/// A file as far as it has been read. Survives the loss of the link.
pub(super) struct Content {
    file: FileId,
    bytes: Zeroizing<Vec<u8>>,
    length: Length,
    longest: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    NotYetRead,
    Known(usize),
    /// The outer data object has indefinite length: the file is read to its end.
    ToTheEnd,
    Complete,
}

/// What a chip answered to READ BINARY.
enum Answer {
    Data(Zeroizing<Vec<u8>>),
    Refused(StatusWord),
}

impl Content {
    pub(super) fn new(file: FileId, longest: usize) -> Self {
        Self {
            file,
            bytes: Zeroizing::new(Vec::new()),
            length: Length::NotYetRead,
            longest,
        }
    }

    /// What has been read.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes still to be read, as far as is known; `None` when there are none.
    fn wanted(&self) -> Option<usize> {
        match self.length {
            Length::NotYetRead => Some(FileLength::PREFIX_LEN),
            Length::Known(total) => total
                .checked_sub(self.bytes.len())
                .filter(|wanted| *wanted > 0),
            // One more than allowed, so that a file without end is noticed.
            Length::ToTheEnd => Some(self.longest.saturating_sub(self.bytes.len()) + 1),
            Length::Complete => None,
        }
    }

    fn append(&mut self, data: &[u8]) -> Result<(), Error> {
        let file = self.file;
        self.bytes.extend_from_slice(data);
        if self.length == Length::NotYetRead {
            self.length = match FileLength::from_prefix(&self.bytes) {
                Ok(length) if length.total() > self.longest => {
                    return Err(Error::FileTooLong(file));
                }
                Ok(length) => Length::Known(length.total()),
                Err(TlvError::Truncated) => Length::NotYetRead,
                Err(TlvError::Indefinite) => Length::ToTheEnd,
                Err(reason) => return Err(Error::FileMalformed { file, reason }),
            };
        }
        match self.length {
            // Chips pad files behind their data object.
            Length::Known(total) => self.bytes.truncate(total),
            Length::ToTheEnd if self.bytes.len() > self.longest => {
                return Err(Error::FileTooLong(file));
            }
            _ => {}
        }
        Ok(())
    }

    /// The chip has no more bytes of this file.
    fn end(&mut self) -> Result<(), Error> {
        if self.length != Length::ToTheEnd {
            return Err(Error::FileTruncated(self.file));
        }
        self.length = Length::Complete;
        Ok(())
    }
}

impl Terminal<'_> {
    /// Reads a whole elementary file of the selected application: what its outer data object says, without padding. It may
    /// be personal data, so it is erased when dropped.
    ///
    /// A lost link or lost keys are repaired within the policy's budget, and the reading goes on where it was.
    ///
    /// # Errors
    /// [`Error::FileNotFound`], [`Error::FileProtected`], [`Error::FileTooLong`], [`Error::FileTruncated`],
    /// [`Error::FileMalformed`], or an interruption beyond the budget.
    pub fn read(&mut self, file: FileId) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut content = Content::new(file, self.policy.longest_file);
        loop {
            match self.read_on(&mut content) {
                Ok(()) => return Ok(content.bytes),
                Err(error) => self.resume_after(error)?,
            }
        }
    }

    /// Reads `content` from where it stands to its end, as far as the link holds.
    pub(super) fn read_on(&mut self, content: &mut Content) -> Result<(), Error> {
        if content.bytes.is_empty() {
            self.read_beginning(content)?;
        } else {
            self.select_again(content)?;
        }
        while let Some(wanted) = content.wanted() {
            self.read_piece(content, wanted)?;
            self.report(content);
        }
        self.report(content);
        Ok(())
    }

    fn report(&mut self, content: &Content) {
        if let Length::Known(total) = content.length {
            (self.on_event)(Event::Reading {
                file: content.file,
                done: content.bytes.len(),
                total,
            });
        }
    }

    /// Selects the file and reads its first piece.
    fn read_beginning(&mut self, content: &mut Content) -> Result<(), Error> {
        let file = content.file;
        let mut last = StatusWord::FILE_NOT_FOUND;
        for by_short_identifier in [true, false] {
            if by_short_identifier && self.habits.short_identifiers == Some(false) {
                continue;
            }
            if !by_short_identifier {
                let selected = self.ask(Command::select_file(file.fid))?;
                if !selected.status.is_ok() {
                    last = selected.status;
                    continue;
                }
            }
            let longest = self.piece();
            let lengths = if self.habits.length_first {
                [None, Some(FileLength::PREFIX_LEN)]
            } else {
                [Some(longest), Some(FileLength::PREFIX_LEN)]
            };
            for (attempt, length) in lengths.into_iter().enumerate() {
                let Some(length) = length else { continue };
                let command = if by_short_identifier {
                    Command::read_binary_sfi(file.sfi, 0, ne(length))
                } else {
                    Command::read_binary(0, ne(length))
                };
                match self.read_binary(command, length)? {
                    Answer::Data(data) => {
                        if by_short_identifier {
                            self.habits.short_identifiers = Some(true);
                        } else if self.habits.short_identifiers.is_none() {
                            self.habits.short_identifiers = Some(false);
                        }
                        if attempt > 0 {
                            self.habits.length_first = true;
                        }
                        return content.append(&data);
                    }
                    Answer::Refused(status) => {
                        last = status;
                        if !is_about_length(status) {
                            break;
                        }
                        // Some chips drop their keys with the refusal; the file has then to be selected again.
                        if !by_short_identifier
                            && !self.ask(Command::select_file(file.fid))?.status.is_ok()
                        {
                            break;
                        }
                    }
                }
            }
            // Where short identifiers are known to work, their refusal is the chip's last word on this file.
            if by_short_identifier && self.habits.short_identifiers == Some(true) {
                break;
            }
        }
        Err(match last {
            StatusWord::FILE_NOT_FOUND => Error::FileNotFound(file),
            StatusWord::SECURITY_STATUS => Error::FileProtected(file),
            status => Error::Status {
                step: Step::ReadBinary,
                status,
            },
        })
    }

    /// Selects a file anew of which a part has been read, and sees that it is still the same.
    fn select_again(&mut self, content: &Content) -> Result<(), Error> {
        let file = content.file;
        let length = content.bytes.len().min(FileLength::PREFIX_LEN);
        let command = if self.habits.short_identifiers == Some(true) {
            Command::read_binary_sfi(file.sfi, 0, ne(length))
        } else {
            let selected = self.ask(Command::select_file(file.fid))?;
            if !selected.status.is_ok() {
                return Err(Error::Status {
                    step: Step::ReadBinary,
                    status: selected.status,
                });
            }
            Command::read_binary(0, ne(length))
        };
        match self.read_binary(command, length)? {
            Answer::Data(data) if content.bytes.starts_with(&data) => Ok(()),
            Answer::Data(_) => Err(Error::DocumentSwapped),
            Answer::Refused(status) => Err(Error::Status {
                step: Step::ReadBinary,
                status,
            }),
        }
    }

    /// Reads the next piece of a selected file.
    fn read_piece(&mut self, content: &mut Content, wanted: usize) -> Result<(), Error> {
        let file = content.file;
        loop {
            let offset = content.bytes.len();
            let header = if offset >= ODD_INS_OFFSET {
                DISCRETIONARY_HEADER
            } else {
                0
            };
            let length = (wanted + header).min(self.piece());
            let at = u32::try_from(offset).map_err(|_| Error::FileTooLong(file))?;
            let resumes = self.channel.transcript.resumes;
            let answer = self.read_binary(Command::read_binary(at, ne(length)), length)?;
            match answer {
                Answer::Data(data) => {
                    let data = if header > 0 {
                        discretionary_data(&data)?
                    } else {
                        &data
                    };
                    if data.is_empty() {
                        return content.end();
                    }
                    // More than was asked for would shift all that follows.
                    return content.append(data.get(..wanted).unwrap_or(data));
                }
                Answer::Refused(StatusWord::OK) => return content.end(),
                Answer::Refused(status) if content.length == Length::ToTheEnd && is_end(status) => {
                    return content.end();
                }
                Answer::Refused(StatusWord::SECURITY_STATUS) => {
                    return Err(Error::FileProtected(file));
                }
                Answer::Refused(status) => {
                    let shorter = status
                        .correct_ne()
                        .filter(|shorter| (*shorter as usize) < length);
                    if !is_about_length(status)
                        || !self.habits.shorten(&mut self.channel, length, shorter)
                    {
                        return Err(if is_end(status) {
                            Error::FileTruncated(file)
                        } else {
                            Error::Status {
                                step: Step::ReadBinary,
                                status,
                            }
                        });
                    }
                    if self.channel.transcript.resumes > resumes {
                        self.select_again(content)?;
                    }
                }
            }
        }
    }

    /// Sends one READ BINARY; sorts what came back.
    fn read_binary(&mut self, command: Command, length: usize) -> Result<Answer, Error> {
        let extended = length > 256;
        let response = match self.ask(command) {
            Ok(response) => response,
            Err(error) => {
                // A chip or reader that fails at a long answer gets no second chance to do so; a command that was never sent
                // is no such failure.
                let sent = error != Error::SecureMessaging(SecureMessagingError::Poisoned);
                if extended && sent {
                    self.channel.set_extended(None);
                }
                return Err(error);
            }
        };
        let Response { data, status } = response;
        let data = Zeroizing::new(data);
        Ok(match status {
            // 6282 comes at the end of a file, and from some chips wherever they give less than was asked for. Whether a
            // file is whole is told by its own length.
            StatusWord::OK | StatusWord::END_OF_FILE if !data.is_empty() => Answer::Data(data),
            status => Answer::Refused(status),
        })
    }

    /// Sends a command of which a refusal is expected from some chips. Those that drop their keys with it are opened
    /// again, so that the caller can go on with another command.
    pub(super) fn ask(&mut self, command: Command) -> Result<Response, Error> {
        match self.channel.send(command) {
            Err(Error::SecureMessaging(SecureMessagingError::Bare(status)))
                if !status.is_ok() && !Error::lost_keys(status) =>
            {
                self.resume_after(Error::SecureMessaging(SecureMessagingError::Bare(status)))?;
                Ok(Response::new(Vec::new(), status))
            }
            other => other,
        }
    }

    /// The longest piece to ask for now.
    fn piece(&self) -> usize {
        let holds = self.channel.max_response_data();
        self.habits
            .piece
            .map_or(holds, |piece| holds.min(piece.get()))
    }
}

impl Habits {
    /// Learns that pieces of `length` bytes are refused; `false` if there is nothing shorter left to try.
    fn shorten(&mut self, channel: &mut Channel<'_>, length: usize, told: Option<u32>) -> bool {
        if length > 256 {
            channel.set_extended(None);
            return true;
        }
        let told = told.and_then(|told| usize::try_from(told).ok());
        let shorter = told
            .or_else(|| LADDER.into_iter().find(|step| *step < length))
            .and_then(NonZeroUsize::new);
        self.piece = shorter.or(self.piece);
        shorter.is_some()
    }
}

/// Ways of saying that the length asked for is wrong: 6B00 and 6282 from chips that do not read past the end of a file.
fn is_about_length(status: StatusWord) -> bool {
    matches!(
        status,
        StatusWord::WRONG_LENGTH | StatusWord::WRONG_OFFSET | StatusWord::END_OF_FILE
    ) || status.correct_ne().is_some()
}

/// Ways of saying that nothing lies behind this offset.
fn is_end(status: StatusWord) -> bool {
    matches!(status, StatusWord::WRONG_OFFSET | StatusWord::END_OF_FILE)
}

/// An expected length for a command. Lengths come from [`Channel::max_response_data`], so they fit.
fn ne(length: usize) -> u32 {
    u32::try_from(length)
        .unwrap_or(u32::MAX)
        .clamp(1, crate::apdu::MAX_EXTENDED_NE)
}
