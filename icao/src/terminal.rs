//! The reading side of a conversation with a chip: the only place in this crate with policy.
//!
//! The protocols say *how* a thing is done; the terminal decides *what* is done, in which order, and what follows when a
//! chip or a link does something else. It opens the chip (PACE where the document offers it, Basic Access Control
//! otherwise), reads files, lets the chip prove itself, and goes on after a lost link as if nothing had happened, within
//! a budget. It keeps nothing but counts, and tells what it does through [`Event`]s.
//!
//! ```text
//! open        EF.CardAccess ▸ PACE ▸ SELECT      or      SELECT ▸ BAC
//! read        READ BINARY by short identifier, as long as the chip allows
//! prove       Active Authentication, Chip Authentication (with keys of this terminal, or of a distant server)
//! ```

use rand_core::CryptoRng;

use crate::access_key::AccessKey;
use crate::lds::security_info::PaceInfo;
use crate::lds::{Application, CardAccess};
use crate::pace::{ChipAuthenticationMapping, PaceError};

mod access;
mod channel;
mod error;
mod proof;
mod read;
mod transcript;

pub use crate::lds::application::EMRTD_APPLICATION;
pub use error::{Error, Step};
pub use transcript::Transcript;

use channel::Channel;
use read::Habits;

use crate::lds::FileId;
use crate::transport::Transport;

/// When Basic Access Control may stand in for PACE on a document that offers PACE.
///
/// BAC is the weaker protocol: who listens to it can find the access data by trying. Going back to it is a decision of
/// the caller, and never follows a refused password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FallbackToBac {
    /// Never.
    #[default]
    Never,
    /// Where the document offers PACE only in variants that this terminal does not know.
    WhenPaceNotSupported,
}

/// When extended APDUs are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExtendedLength {
    /// Never.
    Never,
    /// Where the link carries them and the chip says in EF.ATR/INFO that it takes them.
    #[default]
    WhenAnnounced,
}

/// What a terminal may decide by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// When BAC may stand in for PACE.
    pub fallback_to_bac: FallbackToBac,
    /// When extended APDUs are used.
    pub extended_length: ExtendedLength,
    /// How many access keys are tried on one chip before it is left alone: chips slow down or block after wrong ones.
    pub most_key_tries: u32,
    /// How often a lost link or lost keys are repaired.
    pub most_resumes: u32,
    /// Bytes of the longest file that is read.
    pub longest_file: usize,
    /// Commands spent on one conversation, after which it fails: a chip that answers one byte at a time holds no reader
    /// for hours.
    pub most_apdus: u32,
    /// Bytes of commands and responses spent on one conversation.
    pub most_bytes: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            fallback_to_bac: FallbackToBac::default(),
            extended_length: ExtendedLength::default(),
            most_key_tries: 2,
            most_resumes: 5,
            longest_file: 256 * 1024,
            // Twenty of the longest files, in pieces of which a chip takes 200 bytes at a time.
            most_apdus: 32 * 1024,
            most_bytes: 16 * 1024 * 1024,
        }
    }
}

/// What the terminal does at the moment. Names protocols and files, no data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// An access protocol begins.
    Opening(AccessProtocol),
    /// The chip is open: files can be read under secure messaging.
    Opened(AccessProtocol),
    /// A file is being read.
    Reading {
        /// The file.
        file: FileId,
        /// Bytes that have been read.
        done: usize,
        /// Bytes of the whole file.
        total: usize,
    },
    /// Active Authentication begins.
    ActiveAuthentication,
    /// Chip Authentication begins.
    ChipAuthentication,
    /// Link or keys were lost; the chip is being opened again.
    Interrupted,
}

/// How a chip was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessProtocol {
    /// Basic Access Control (Doc 9303-11, 4.3), or on a licence Basic Access Protection configuration 1, which is the same
    /// handshake from another line (ISO/IEC 18013-3, annex B).
    Bac,
    /// PACE (Doc 9303-11, 4.4), in this variant.
    Pace(PaceInfo),
}

/// A conversation with one chip.
pub struct Terminal<'a> {
    channel: Channel<'a>,
    rng: &'a mut dyn CryptoRng,
    policy: Policy,
    application: Application,
    /// Which of the application's identifiers the chip knows, once one was selected.
    identifier: Option<&'static [u8]>,
    on_event: &'a mut dyn FnMut(Event),
    habits: Habits,
    card_access: Option<Option<CardAccess>>,
    atr_info: Option<Vec<u8>>,
    chip_authentication_mapping: Option<ChipAuthenticationMapping>,
    opened: Option<(AccessProtocol, &'a AccessKey)>,
}

impl<'a> Terminal<'a> {
    /// A terminal for the chip behind `transport`. Nothing is sent yet.
    #[must_use]
    pub fn new(
        transport: &'a mut dyn Transport,
        rng: &'a mut dyn CryptoRng,
        policy: Policy,
        on_event: &'a mut dyn FnMut(Event),
    ) -> Self {
        Self {
            channel: Channel::new(transport, policy.most_apdus, policy.most_bytes),
            rng,
            policy,
            application: Application::default(),
            identifier: None,
            on_event,
            habits: Habits::default(),
            card_access: None,
            atr_info: None,
            chip_authentication_mapping: None,
            opened: None,
        }
    }

    /// For a document of another kind than a travel document.
    #[must_use]
    pub fn for_application(mut self, application: Application) -> Self {
        self.application = application;
        self
    }

    /// The application that is read.
    #[must_use]
    pub fn application(&self) -> Application {
        self.application
    }

    /// The access key that opened the chip; `None` before. Which of several readings of a licence's line the chip took for
    /// its password, its kind tells.
    #[must_use]
    pub fn opened_with(&self) -> Option<&'a AccessKey> {
        self.opened.map(|(_, key)| key)
    }

    /// What the conversation cost so far.
    #[must_use]
    pub fn transcript(&self) -> Transcript {
        self.channel.transcript
    }

    /// Whether the chip was seen to refuse READ BINARY by short file identifier.
    #[must_use]
    pub fn refuses_short_identifiers(&self) -> bool {
        self.habits.short_identifiers == Some(false)
    }

    /// EF.ATR/INFO as far as it fits one short answer, where the terminal has asked for it: before a chip is opened over a
    /// link that carries extended APDUs.
    #[must_use]
    pub fn atr_info(&self) -> Option<&[u8]> {
        self.atr_info.as_deref()
    }

    /// What the chip sent in PACE with Chip Authentication Mapping to prove that it holds the key in EF.CardSecurity.
    /// It convinces this terminal only: it could have made it up itself.
    #[must_use]
    pub fn chip_authentication_mapping(&self) -> Option<&ChipAuthenticationMapping> {
        self.chip_authentication_mapping.as_ref()
    }

    /// What APDUs may measure on this link to this chip: short ones, unless both are known to carry more.
    #[must_use]
    pub fn limits(&self) -> crate::transport::Limits {
        self.channel.usable_limits()
    }

    /// Repairs what can be repaired: opens the chip again after an interruption, or returns the error that cannot be
    /// helped.
    fn resume_after(&mut self, error: Error) -> Result<(), Error> {
        let mut error = error;
        loop {
            if !error.is_interruption()
                || self.channel.transcript.resumes >= self.policy.most_resumes
            {
                return Err(error);
            }
            let Some((protocol, key)) = self.opened else {
                return Err(error);
            };
            self.channel.transcript.resumes += 1;
            (self.on_event)(Event::Interrupted);
            match self
                .channel
                .reset()
                .and_then(|()| self.open_with(protocol, key))
            {
                Ok(()) => return Ok(()),
                // The same key opened the chip before in the same way: this is another chip.
                Err(
                    Error::WrongAccessKey { .. }
                    | Error::NotADocument(_)
                    | Error::PaceOnly(_)
                    | Error::Pace(PaceError::Chip { .. }),
                ) => return Err(Error::DocumentSwapped),
                Err(again) => error = again,
            }
        }
    }

    /// Runs `attempt` until it succeeds, fails for good, or the budget for interruptions is used up.
    fn persist<T>(
        &mut self,
        mut attempt: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        loop {
            match attempt(self) {
                Err(error) => self.resume_after(error)?,
                done => return done,
            }
        }
    }
}

#[cfg(test)]
mod tests;
