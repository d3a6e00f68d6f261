//! Chip Authentication version 1 (Doc 9303-11, 6.2): a static key of the chip and an ephemeral key of the terminal agree
//! on new session keys. What the chip then says under these keys, it says as the holder of the static key.
//!
//! The terminal's key need not be the terminal's. [`ChipAuthentication`] hands any public key to the chip:
//!
//! - *local*: the key is the terminal's own, and it derives the keys itself with [`session_keys`];
//! - *remote*: the key is a server's, tweaked by the terminal. The server derives the keys with
//!   [`remote::RemoteChipAuthentication`], and the terminal carries protected commands and answers that it cannot read.
//!
//! Until the first answer under the new keys verifies, nothing is proven.

mod public_key;
pub mod remote;

use core::fmt;
use std::collections::VecDeque;

pub use self::public_key::ChipKeyError;
use crate::apdu::{Command, MAX_DATA, Response, StatusWord, Step};
use crate::crypto::cipher::CipherSuite;
use crate::crypto::key_agreement::{KeyAgreementError, PublicKey, SecretKey};
use crate::lds::security_info::{ChipAuthenticationOption, ChipAuthenticationProtocol, KeyId};
use crate::secure_messaging::SessionKeys;
use crate::tlv::{self, Tlv, TlvError};

/// The steps of Chip Authentication, for errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChipAuthenticationStep {
    /// MSE:Set KAT, which carries the key (3DES).
    SetKat,
    /// MSE:Set AT, which names protocol and key of the chip.
    SetAt,
    /// GENERAL AUTHENTICATE, which carries the key.
    GeneralAuthenticate,
}

impl fmt::Display for ChipAuthenticationStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SetKat => "MSE:Set KAT",
            Self::SetAt => "MSE:Set AT",
            Self::GeneralAuthenticate => "GENERAL AUTHENTICATE",
        })
    }
}

/// Why Chip Authentication failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChipAuthenticationError {
    /// The chip refused a step.
    #[error("Chip Authentication, {step}: chip answered {status}")]
    Chip {
        /// The step refused.
        step: ChipAuthenticationStep,
        /// With which status.
        status: StatusWord,
    },
    /// The answer to GENERAL AUTHENTICATE is no dynamic authentication data.
    #[error("Chip Authentication: malformed answer: {0}")]
    Malformed(TlvError),
    /// `next` and `receive` were not called in turns, or after the end.
    #[error("Chip Authentication called out of turn")]
    OutOfTurn,
}

/// The terminal's part: hands a public key to the chip. The commands go through the channel that is open before; when the
/// last is answered the chip has changed to the new keys.
pub struct ChipAuthentication {
    waiting: VecDeque<(ChipAuthenticationStep, Command)>,
    over: bool,
}

impl ChipAuthentication {
    /// Prepares the commands: MSE:Set KAT for 3DES, else MSE:Set AT and GENERAL AUTHENTICATE. A GENERAL AUTHENTICATE with more
    /// than `max_data` bytes becomes a chain, see
    /// [`SecureMessaging::max_command_data`](crate::secure_messaging::SecureMessaging::max_command_data). MSE has no chain: with a
    /// long Diffie-Hellman key and 3DES it needs an extended command.
    #[must_use]
    pub fn new(
        protocol: ChipAuthenticationProtocol,
        key_id: Option<KeyId>,
        public_key: &PublicKey,
        max_data: usize,
    ) -> Self {
        let reference = key_id.map_or_else(Vec::new, |id| tlv::encode(0x84, &id.to_bytes()));
        let mut waiting = VecDeque::new();
        if protocol.suite == CipherSuite::TripleDes {
            let data = [tlv::encode(0x91, public_key.as_bytes()), reference].concat();
            waiting.push_back((ChipAuthenticationStep::SetKat, Command::mse_set_kat(data)));
        } else {
            let data = [tlv::encode(0x80, protocol.oid().as_bytes()), reference].concat();
            let set_at = Command::mse_set_at_chip_authentication(data);
            waiting.push_back((ChipAuthenticationStep::SetAt, set_at));
            let data = tlv::encode(0x7C, &tlv::encode(0x80, public_key.as_bytes()));
            let chain = Command::general_authenticate(data).into_chain(max_data.min(MAX_DATA));
            let step = ChipAuthenticationStep::GeneralAuthenticate;
            waiting.extend(chain.into_iter().map(|command| (step, command)));
        }
        Self {
            waiting,
            over: false,
        }
    }

    /// The next command, or the end: from there on the new keys hold.
    ///
    /// # Errors
    /// [`ChipAuthenticationError::OutOfTurn`] after the end.
    #[expect(
        clippy::should_implement_trait,
        reason = "no iterator: an answer comes between two steps"
    )]
    pub fn next(&mut self) -> Result<Step<()>, ChipAuthenticationError> {
        match self.waiting.front() {
            _ if self.over => Err(ChipAuthenticationError::OutOfTurn),
            Some((_, command)) => Ok(Step::Transmit(command.clone())),
            None => {
                self.over = true;
                Ok(Step::Done(()))
            }
        }
    }

    /// Takes the answer to the command that [`Self::next`] gave.
    ///
    /// # Errors
    /// Any [`ChipAuthenticationError`]; the protocol is over then, and the old channel still holds.
    pub fn receive(&mut self, response: &Response) -> Result<(), ChipAuthenticationError> {
        let over = core::mem::replace(&mut self.over, true);
        let (step, _) = self
            .waiting
            .pop_front()
            .filter(|_| !over)
            .ok_or(ChipAuthenticationError::OutOfTurn)?;
        if !response.status.is_ok() {
            return Err(ChipAuthenticationError::Chip {
                step,
                status: response.status,
            });
        }
        // Version 1 has no data to send back; the template is empty, or left out.
        if !response.data.is_empty() {
            Tlv::only(&response.data)
                .and_then(|tlv| tlv.expect(0x7C))
                .map_err(ChipAuthenticationError::Malformed)?;
        }
        self.over = false;
        Ok(())
    }
}

impl fmt::Debug for ChipAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ChipAuthentication({} commands left)",
            self.waiting.len()
        )
    }
}

/// The session keys of the owner of the ephemeral key (Doc 9303-11, 6.2.3). The send sequence counter starts at zero.
///
/// # Errors
/// [`KeyAgreementError`] if the keys are of different groups or agree on nothing.
pub fn session_keys(
    protocol: ChipAuthenticationProtocol,
    ephemeral: &SecretKey,
    chip: &PublicKey,
) -> Result<SessionKeys, KeyAgreementError> {
    Ok(SessionKeys::derive(protocol.suite, &ephemeral.agree(chip)?))
}

/// The strongest of a chip's ways to do Chip Authentication with a usable key, and that key: longest AES key first, 3DES
/// last, the order of the file among equals.
#[must_use]
pub fn strongest<'a>(
    options: &[ChipAuthenticationOption<'a>],
) -> Option<(ChipAuthenticationOption<'a>, PublicKey)> {
    let strength = |suite| match suite {
        CipherSuite::TripleDes => 0,
        CipherSuite::Aes128 => 1,
        CipherSuite::Aes192 => 2,
        CipherSuite::Aes256 => 3,
    };
    let mut options = options.to_vec();
    options.sort_by_key(|option| core::cmp::Reverse(strength(option.protocol.suite)));
    options
        .into_iter()
        .find_map(|option| Some((option, option.key.public_key().ok()?)))
}
