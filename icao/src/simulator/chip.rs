//! The chip: commands in, responses out, and the state between them (ISO/IEC 7816-4; Doc 9303-10, 3; Doc 9303-11).

mod authentication;
mod reading;

use super::access::{Access, AccessControl};
use super::active_authentication::ActiveAuthenticationKey;
use super::chip_authentication::ChipAuthenticationKey;
use super::file_system::{Current, FileSystem};
use super::pace::{Pace, PaceVariant};
use super::quirks::{Quirk, Quirks};
use super::random::RandomSource;
use super::secure_messaging::{ObjectOrder, SecureMessaging};
use crate::apdu::{Command, Response, StatusWord};
use crate::crypto::cipher::CipherSuite;
use crate::crypto::key_agreement::SecretKey;
use crate::tlv;
use crate::transport::Limits;

/// What is fixed when a chip is personalised.
pub(super) struct Card {
    pub(super) file_system: FileSystem,
    pub(super) access_control: AccessControl,
    pub(super) chip_authentication: Vec<ChipAuthenticationKey>,
    pub(super) active_authentication: Option<ActiveAuthenticationKey>,
    pub(super) quirks: Quirks,
    pub(super) atr: Vec<u8>,
    /// Bytes of the longest APDUs that the chip itself takes and gives.
    pub(super) limits: Limits,
}

impl Card {
    /// The static key with which Chip Authentication Mapping is done: the first in the group of the variant.
    fn mapping_key(&self, variant: &PaceVariant) -> Option<SecretKey> {
        self.chip_authentication
            .iter()
            .find(|key| key.group == *variant.group())
            .map(|key| key.secret.clone())
    }
}

/// What a loss of power wipes out.
struct State {
    current: Current,
    file: Option<usize>,
    access: Access,
    channel: Option<SecureMessaging>,
    challenge: Option<[u8; 8]>,
    /// GET CHALLENGE commands since power-on.
    challenges: usize,
    pace: Option<Pace>,
    /// Key and suite that MSE:Set AT has chosen for Chip Authentication.
    chip_authentication: Option<(usize, CipherSuite)>,
    chain: Option<Command>,
    /// What GET RESPONSE fetches.
    remainder: Vec<u8>,
    /// What GET RESPONSE in clear fetches of a protected answer.
    pieces: Vec<u8>,
}

impl State {
    fn after_power_on() -> Self {
        Self {
            current: Current::MasterFile,
            file: None,
            access: Access::None,
            channel: None,
            challenge: None,
            challenges: 0,
            pace: None,
            chip_authentication: None,
            chain: None,
            remainder: Vec::new(),
            pieces: Vec::new(),
        }
    }
}

/// What a command changes once its response is made.
enum After {
    Nothing,
    /// A new secure channel begins, and with it this access.
    Open(SecureMessaging, Access),
    /// The secure channel ends; the response goes out bare.
    EndChannel,
    /// The secure channel ends with this response, which is still protected.
    EndChannelAfterwards,
}

/// The outcome of a command.
struct Outcome {
    data: Vec<u8>,
    status: StatusWord,
    after: After,
}

impl From<StatusWord> for Outcome {
    fn from(status: StatusWord) -> Self {
        Self {
            data: Vec::new(),
            status,
            after: After::Nothing,
        }
    }
}

impl From<Vec<u8>> for Outcome {
    fn from(data: Vec<u8>) -> Self {
        Self {
            data,
            status: StatusWord::OK,
            after: After::Nothing,
        }
    }
}

/// A command that goes wrong is answered with its status word and nothing else.
type Reply = Result<Outcome, StatusWord>;

/// How a command came in.
#[derive(Clone, Copy)]
struct Form {
    protected: bool,
    /// Most plain data bytes that the response may hold.
    capacity: usize,
}

/// Changes a response before it is protected: gets the plain command, whether it came under secure messaging, and the plain
/// response.
pub type ResponseHook = Box<dyn FnMut(&Command, bool, &mut Response) + Send>;

/// A whole contactless chip. See the [module](super) for how to make one.
pub struct Chip {
    card: Card,
    random: Box<dyn RandomSource>,
    hook: Option<ResponseHook>,
    state: State,
    /// Wrong CANs presented; survives a loss of power.
    can_failures: u8,
}

impl core::fmt::Debug for Chip {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Chip").finish_non_exhaustive()
    }
}

impl Chip {
    pub(super) fn new(card: Card, random: Box<dyn RandomSource>) -> Self {
        Self {
            card,
            random,
            hook: None,
            state: State::after_power_on(),
            can_failures: 0,
        }
    }

    /// The same chip with another source of nonces and ephemeral keys, as a worked example wants it.
    #[must_use]
    pub fn with_random(mut self, random: impl RandomSource + 'static) -> Self {
        self.random = Box::new(random);
        self
    }

    /// The same chip with a hook between what it would answer and its secure messaging: what the hook writes goes out under
    /// a valid MAC. It sees every whole command, and none that secure messaging has refused.
    #[must_use]
    pub fn with_hook(
        mut self,
        hook: impl FnMut(&Command, bool, &mut Response) + Send + 'static,
    ) -> Self {
        self.hook = Some(Box::new(hook));
        self
    }

    /// Answer to reset, as a PC/SC reader makes it up for a contactless chip (PC/SC part 3, 3.1.3.2.3.1).
    #[must_use]
    pub fn atr(&self) -> &[u8] {
        &self.card.atr
    }

    /// The longest APDUs that the chip takes and gives.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.card.limits
    }

    /// KSEnc and KSMAC of the secure channel in force (Doc 9303-11, 9.7.1), for tests that look for what a terminal keeps of them.
    #[must_use]
    pub fn session_keys(&self) -> Option<[&[u8]; 2]> {
        let channel = self.state.channel.as_ref()?;
        Some([channel.encryption_key(), channel.authentication_key()])
    }

    /// The files of the chip.
    #[must_use]
    pub fn file_system(&self) -> &FileSystem {
        &self.card.file_system
    }

    /// The files of the chip, to be changed as no issuer would.
    pub fn file_system_mut(&mut self) -> &mut FileSystem {
        &mut self.card.file_system
    }

    /// The same chip with other files; keys and passwords stay.
    #[must_use]
    pub fn with_file_system(mut self, files: FileSystem) -> Self {
        self.card.file_system = files;
        self
    }

    /// Cuts and restores power.
    pub fn reset(&mut self) {
        self.state = State::after_power_on();
    }

    /// Answers a command APDU with a response APDU. Bytes that are no command get 6700.
    pub fn process(&mut self, command: &[u8]) -> Vec<u8> {
        if command.len() > self.card.limits.max_command {
            return bare(StatusWord::WRONG_LENGTH);
        }
        let extended = matches!(command, [_, _, _, _, 0, _, _, ..]);
        if extended && self.card.limits.max_command <= Limits::SHORT.max_command {
            return bare(StatusWord::WRONG_LENGTH);
        }
        let Ok(command) = Command::parse(command) else {
            return bare(StatusWord::WRONG_LENGTH);
        };
        let wire = if extended {
            self.card.limits.max_response.saturating_sub(2)
        } else {
            self.card.limits.max_response.saturating_sub(2).min(256)
        };
        match command.cla & !Command::CHAINING {
            0x00 if command.ins == 0xC0 && !self.state.pieces.is_empty() => {
                let rest = core::mem::take(&mut self.state.pieces);
                self.piece(rest, wire)
            }
            0x00 => {
                // A plain command ends secure messaging (Doc 9303-11, 9.8.3).
                if self.state.channel.is_some() {
                    self.end_channel();
                }
                self.plain(command, wire)
            }
            0x0C => self.protected(&command, extended, wire),
            _ => bare(StatusWord::WRONG_CLA),
        }
    }

    fn plain(&mut self, command: Command, wire: usize) -> Vec<u8> {
        let form = Form {
            protected: false,
            capacity: wire,
        };
        let outcome = self.execute(command, form);
        let response = Response {
            data: outcome.data,
            status: outcome.status,
        };
        self.conclude(outcome.after);
        response.to_bytes()
    }

    fn protected(&mut self, command: &Command, extended: bool, wire: usize) -> Vec<u8> {
        let Some(channel) = self.state.channel.as_mut() else {
            return bare(StatusWord::SM_OBJECTS_INCORRECT);
        };
        let opened = channel.open(command);
        let capacity = if self.card.quirks.has(Quirk::OversizedResponses) && !extended {
            wire
        } else if self.card.quirks.has(Quirk::PiecesInClear) {
            crate::apdu::MAX_DATA
        } else {
            channel.max_data(wire)
        };
        self.state.pieces.clear();
        let plain = match opened {
            Ok(plain) => plain,
            Err(status) => {
                self.end_channel();
                return bare(status);
            }
        };
        if extended && self.card.quirks.has(Quirk::ExtendedLengthTrap) {
            return bare(StatusWord::WRONG_LENGTH);
        }
        let ins = plain.ins;
        let form = Form {
            protected: true,
            capacity,
        };
        let outcome = self.execute(plain, form);
        if matches!(outcome.after, After::EndChannel) {
            self.end_channel();
            return bare(outcome.status);
        }
        let failed = outcome.data.is_empty()
            && !outcome.status.is_ok()
            && outcome.status.bytes_available().is_none();
        if failed && self.card.quirks.has(Quirk::BareErrors) {
            return bare(outcome.status);
        }
        let order = if self.card.quirks.has(Quirk::StatusObjectFirst) {
            ObjectOrder::StatusFirst
        } else {
            ObjectOrder::Standard
        };
        let fault = self.card.quirks.find(|quirk| match *quirk {
            Quirk::Messaging(fault) if matches!(ins, 0xB0 | 0xB1) => Some(fault),
            _ => None,
        });
        let sealed = self.state.channel.as_mut().and_then(|channel| {
            channel
                .seal(ins, &outcome.data, outcome.status, order, fault)
                .ok()
        });
        self.conclude(outcome.after);
        let sealed = sealed.unwrap_or_else(|| bare(StatusWord::UNKNOWN));
        if self.card.quirks.has(Quirk::PiecesInClear) {
            return self.piece(sealed, wire);
        }
        sealed
    }

    /// As much of a protected answer as the link carries; the rest is kept for GET RESPONSE in clear.
    fn piece(&mut self, mut answer: Vec<u8>, wire: usize) -> Vec<u8> {
        // The status word at the end of the answer is that of its last piece.
        if answer.len() <= wire + 2 {
            return answer;
        }
        self.state.pieces = answer.split_off(wire);
        let left = u8::try_from(self.state.pieces.len().saturating_sub(2)).unwrap_or(0);
        answer.extend_from_slice(&[0x61, left]);
        answer
    }

    fn conclude(&mut self, after: After) {
        match after {
            After::Nothing => {}
            After::Open(channel, access) => {
                self.state.channel = Some(channel);
                self.state.access = access;
            }
            After::EndChannel | After::EndChannelAfterwards => self.end_channel(),
        }
    }

    /// Gives up the secure channel and what it allowed.
    fn end_channel(&mut self) {
        self.state.channel = None;
        self.state.access = Access::None;
        self.state.pace = None;
        self.state.chip_authentication = None;
        self.state.chain = None;
        self.state.remainder.clear();
    }

    fn execute(&mut self, command: Command, form: Form) -> Outcome {
        let command = match self.link_chain(command) {
            Ok(Some(command)) => command,
            Ok(None) => return StatusWord::OK.into(),
            Err(status) => return status.into(),
        };
        let mut outcome = self.dispatch(&command, form).unwrap_or_else(Outcome::from);
        if let Some(hook) = &mut self.hook {
            let mut response = Response::new(core::mem::take(&mut outcome.data), outcome.status);
            hook(&command, form.protected, &mut response);
            (outcome.data, outcome.status) = (response.data, response.status);
        }
        outcome
    }

    /// Puts the commands of a chain together (ISO/IEC 7816-4, 5.3.3); `None` while more must come.
    ///
    /// PACE uses the chaining bit for its steps too, each with a template of its own (TR-03110-3, B.1), so a chained
    /// GENERAL AUTHENTICATE whose template is whole is a command.
    fn link_chain(&mut self, mut command: Command) -> Result<Option<Command>, StatusWord> {
        let chained = command.is_chained();
        if let Some(begun) = self.state.chain.take() {
            if (begun.ins, begun.p1, begun.p2) != (command.ins, command.p1, command.p2) {
                return Err(StatusWord::LAST_COMMAND_EXPECTED);
            }
            command.data.splice(0..0, begun.data);
        }
        if command.data.len() > crate::apdu::MAX_DATA {
            return Err(StatusWord::WRONG_LENGTH);
        }
        let whole = command.ins == 0x86 && tlv::Tlv::only(&command.data).is_ok();
        if chained && !whole {
            self.state.chain = Some(command);
            return Ok(None);
        }
        Ok(Some(command))
    }

    fn dispatch(&mut self, command: &Command, form: Form) -> Reply {
        if command.ins != 0xC0 {
            self.state.remainder.clear();
        }
        match command.ins {
            0xA4 => self.select(command, form),
            0xB0 => self.read_binary(command, form),
            0xB1 => self.read_binary_odd(command, form),
            0x84 => self.get_challenge(command),
            0x82 => self.external_authenticate(command),
            0x88 => self.internal_authenticate(command, form),
            0x22 => self.manage_security_environment(command),
            0x86 => self.general_authenticate(command),
            0xC0 => self.get_response(command, form),
            _ => Err(StatusWord::WRONG_INS),
        }
    }
}

fn bare(status: StatusWord) -> Vec<u8> {
    status.0.to_be_bytes().to_vec()
}
