//! Commands out, responses in, under the protection in force, over the lengths that link and chip carry.

use super::error::Error;
use super::transcript::Transcript;
use crate::apdu::{Command, Response, StatusWord};
use crate::secure_messaging::{self, SecureMessaging, SecureMessagingError};
use crate::transport::{Limits, Transport, TransportError};

/// Most data bytes of a short command (Lc, one byte).
const MAX_SHORT_LC: usize = 255;

/// Most bytes collected from one chain of 61xx answers: what one extended response holds.
const MAX_COLLECTED: usize = 65_536;

/// Most GET RESPONSE commands for one answer; each brings at least one byte of a file of at most 64 KiB.
const MAX_GET_RESPONSE: usize = 1024;

/// INS of GENERAL AUTHENTICATE, the one command of Doc 9303 that may be sent as a chain.
const GENERAL_AUTHENTICATE: u8 = 0x86;

/// How commands are protected.
enum Protection {
    /// Not at all: the chip has not been opened since its last reset.
    None,
    /// By keys that this terminal and the chip share.
    Keys(SecureMessaging),
    /// The keys were lost, or are a distant server's: nothing of ours can be sent before the chip is opened again. It
    /// is never spoken to in clear meanwhile.
    Lost,
}

/// The way to one chip.
pub(super) struct Channel<'a> {
    transport: &'a mut dyn Transport,
    protection: Protection,
    /// What chip and link carry in extended form; `None` while only short APDUs are known to work.
    extended: Option<Limits>,
    pub(super) transcript: Transcript,
    most_apdus: u32,
    most_bytes: u64,
}

impl<'a> Channel<'a> {
    pub(super) fn new(transport: &'a mut dyn Transport, most_apdus: u32, most_bytes: u64) -> Self {
        Self {
            transport,
            protection: Protection::None,
            extended: None,
            transcript: Transcript::default(),
            most_apdus,
            most_bytes,
        }
    }

    pub(super) fn limits(&self) -> Limits {
        self.transport.limits()
    }

    /// From here on every command is protected.
    pub(super) fn protect(&mut self, secure_messaging: SecureMessaging) {
        self.protection = Protection::Keys(secure_messaging);
    }

    /// From here on APDUs may be as long as `limits` say, where the link carries that; `None` for short ones only.
    pub(super) fn set_extended(&mut self, limits: Option<Limits>) {
        let link = self.limits();
        self.extended = limits
            .filter(|_| self.link_is_extended())
            .map(|chip| Limits {
                max_command: chip.max_command.min(link.max_command),
                max_response: chip.max_response.min(link.max_response),
            });
    }

    pub(super) fn is_extended(&self) -> bool {
        self.extended.is_some()
    }

    /// What may be used now: short APDUs, unless chip and link are known to carry more.
    pub(super) fn usable_limits(&self) -> Limits {
        let link = self.limits();
        let usable = self.extended.unwrap_or(Limits::SHORT);
        Limits {
            max_command: usable.max_command.min(link.max_command),
            max_response: usable.max_response.min(link.max_response),
        }
    }

    /// Whether the link would carry extended APDUs, if the chip does.
    pub(super) fn link_is_extended(&self) -> bool {
        let link = self.limits();
        link.max_response > Limits::SHORT.max_response
            && link.max_command > Limits::SHORT.max_command
    }

    /// Power off and on. May block until the citizen has laid the document on the reader again.
    pub(super) fn reset(&mut self) -> Result<(), Error> {
        self.protection = Protection::None;
        self.transport.reset().map_err(Error::Link)
    }

    /// Most file bytes that one response can bring now.
    pub(super) fn max_response_data(&self) -> usize {
        let limits = self.extended.unwrap_or(Limits::SHORT);
        let wire = limits
            .max_response
            .min(self.limits().max_response)
            .saturating_sub(2);
        self.secure_messaging()
            .map_or(wire, |channel| channel.max_response_data(wire))
    }

    /// Sends one command, as a chain where its data are too long for one, and returns the chip's answer in clear.
    ///
    /// # Errors
    /// [`Error::Link`], [`Error::SecureMessaging`] or [`Error::Apdu`]; status words of the chip are no errors here.
    pub(super) fn send(&mut self, command: Command) -> Result<Response, Error> {
        let longest = if command.ins == GENERAL_AUTHENTICATE {
            self.max_command_data()
        } else {
            usize::MAX
        };
        let mut answer = Response::new(Vec::new(), StatusWord::OK);
        for part in command.into_chain(longest) {
            answer = self.send_one(&part)?;
            if !answer.status.is_ok() {
                break;
            }
        }
        Ok(answer)
    }

    /// Most data bytes that one command can carry now.
    pub(super) fn max_command_data(&self) -> usize {
        // Header, three bytes of Lc, two of Le.
        let wire = self
            .extended
            .map_or(MAX_SHORT_LC, |limits| limits.max_command.saturating_sub(9));
        self.secure_messaging()
            .map_or(wire, |channel| channel.max_command_data(wire))
    }

    fn secure_messaging(&self) -> Option<&SecureMessaging> {
        match &self.protection {
            Protection::Keys(channel) => Some(channel),
            Protection::None | Protection::Lost => None,
        }
    }

    /// The chip has changed to keys of which this terminal holds none.
    pub(super) fn give_away(&mut self) {
        self.protection = Protection::Lost;
    }

    fn send_one(&mut self, command: &Command) -> Result<Response, Error> {
        // Unless all goes well the keys are lost: whether the chip has counted a command that got no good answer cannot
        // be known.
        match std::mem::replace(&mut self.protection, Protection::Lost) {
            Protection::Lost => Err(Error::SecureMessaging(SecureMessagingError::Poisoned)),
            Protection::None => {
                self.protection = Protection::None;
                self.exchange(&command.to_bytes()?)
            }
            Protection::Keys(mut channel) => {
                let response = self.exchange_protected(&mut channel, command)?;
                self.protection = Protection::Keys(channel);
                Ok(response)
            }
        }
    }

    /// A chip whose answer is too long for the link protects each piece of it, and GET RESPONSE with them, or cuts the protected
    /// answer as a whole: which of the two, the first piece shows.
    fn exchange_protected(
        &mut self,
        channel: &mut SecureMessaging,
        command: &Command,
    ) -> Result<Response, Error> {
        let mut whole = Response::new(Vec::new(), StatusWord::OK);
        let mut next = channel.protect(command)?;
        for _ in 0..MAX_GET_RESPONSE {
            let answer = self.exchange(&next.to_bytes()?)?;
            let piece = channel.unprotect(&answer)?;
            if whole.data.len() + piece.data.len() > MAX_COLLECTED {
                return Err(Error::Link(TransportError::TooLong));
            }
            whole.data.extend_from_slice(&piece.data);
            whole.status = piece.status;
            match piece.status.bytes_available() {
                Some(available) => next = channel.protect(&Command::get_response(available))?,
                None => return Ok(whole),
            }
        }
        Err(Error::Link(TransportError::TooLong))
    }

    /// Sends bytes as they are, and collects what the chip holds ready behind 61xx, up to the end of a protected answer: pieces
    /// that are protected each for itself are the keys' holder's to ask for.
    pub(super) fn exchange(&mut self, command: &[u8]) -> Result<Response, Error> {
        let protected = command.first().is_some_and(|cla| cla & 0x0C == 0x0C);
        let mut answer = self.transmit(command)?;
        for _ in 0..MAX_GET_RESPONSE {
            let Some(available) = answer.status.bytes_available() else {
                return Ok(answer);
            };
            if protected && secure_messaging::is_whole(&answer.data) {
                return Ok(answer);
            }
            let more = self.transmit(&Command::get_response(available).to_bytes()?)?;
            if answer.data.len() + more.data.len() > MAX_COLLECTED {
                return Err(Error::Link(TransportError::TooLong));
            }
            answer.data.extend_from_slice(&more.data);
            answer.status = more.status;
        }
        Err(Error::Link(TransportError::TooLong))
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Response, Error> {
        let bytes = self.transcript.bytes_sent + self.transcript.bytes_received;
        if self.transcript.apdus >= self.most_apdus || bytes >= self.most_bytes {
            return Err(Error::Exhausted);
        }
        self.transcript.apdus += 1;
        self.transcript.bytes_sent += command.len() as u64;
        let received = self.transport.transmit(command).map_err(|error| {
            // Readers that refuse long APDUs seldom say so beforehand: the next attempt is made with short ones.
            if error == TransportError::TooLong {
                self.extended = None;
            }
            Error::Link(error)
        })?;
        self.transcript.bytes_received += received.len() as u64;
        self.transcript.longest_command = self.transcript.longest_command.max(command.len());
        self.transcript.longest_response = self.transcript.longest_response.max(received.len());
        Ok(Response::parse(&received)?)
    }
}
