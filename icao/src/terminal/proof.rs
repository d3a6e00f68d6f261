//! Letting the chip prove itself: Active Authentication and Chip Authentication.

use super::error::{Error, Step};
use super::{Event, Terminal};
use crate::apdu::{self, Command, MAX_EXTENDED_NE, MAX_SHORT_NE, Response, StatusWord};
use crate::chip_authentication::{ChipAuthentication, session_keys};
use crate::crypto::key_agreement::{PublicKey, SecretKey};
use crate::lds::DataGroup;
use crate::lds::security_info::{ChipAuthenticationOption, ChipAuthenticationProtocol, KeyId};
use crate::secure_messaging::SecureMessaging;

impl Terminal<'_> {
    /// Lets the chip sign `rnd_ifd` (Doc 9303-11, 6.1) and returns its signature, unjudged.
    ///
    /// `signature_len` is what the key in DG15 lets expect, in bytes: chips that cut a long answer short are asked again
    /// with an extended Le.
    ///
    /// # Errors
    /// [`Error::Status`] where the chip refuses, or an interruption beyond the budget.
    pub fn active_authentication(
        &mut self,
        rnd_ifd: &[u8; 8],
        signature_len: usize,
    ) -> Result<Vec<u8>, Error> {
        (self.on_event)(Event::ActiveAuthentication);
        self.persist(|terminal| terminal.internal_authenticate(rnd_ifd, signature_len))
    }

    fn internal_authenticate(
        &mut self,
        rnd_ifd: &[u8; 8],
        signature_len: usize,
    ) -> Result<Vec<u8>, Error> {
        let short_is_enough = signature_len <= self.channel.max_response_data();
        let expected = match (
            self.channel.link_is_extended(),
            self.channel.is_extended() && !short_is_enough,
        ) {
            (false, _) => vec![MAX_SHORT_NE],
            (true, false) => vec![MAX_SHORT_NE, MAX_EXTENDED_NE],
            (true, true) => vec![MAX_EXTENDED_NE, MAX_SHORT_NE],
        };
        let mut longest = Vec::new();
        let mut last = StatusWord::OK;
        for ne in expected {
            let mut answer = match self.ask(Command::internal_authenticate(rnd_ifd, ne)) {
                // A chip may drop its keys with the first signature. It is opened again for what comes next.
                Err(Error::SecureMessaging(_)) if !longest.is_empty() => break,
                answer => answer?,
            };
            if let Some(wanted) = answer.status.correct_ne() {
                answer = self.ask(Command::internal_authenticate(rnd_ifd, wanted))?;
            }
            last = answer.status;
            if last.is_ok() && answer.data.len() > longest.len() {
                longest = answer.data;
            }
            if longest.len() >= signature_len {
                return Ok(longest);
            }
        }
        // A short signature is for the verifier to judge.
        if longest.is_empty() {
            Err(Error::Status {
                step: Step::ActiveAuthentication,
                status: last,
            })
        } else {
            Ok(longest)
        }
    }

    /// Chip Authentication with a fresh key of this terminal (Doc 9303-11, 6.2). When it returns, the chip has proven that
    /// it holds the private key of `chip_key`, and everything from here on goes through the new channel.
    ///
    /// `option` and `chip_key` come from DG14, which says nothing before Passive Authentication.
    ///
    /// # Errors
    /// [`Error::NotGenuine`] if the chip agreed and does not hold the key, [`Error::ChipAuthentication`] if it refused,
    /// [`Error::KeyAgreement`] for a key that agrees on nothing, or an interruption beyond the budget.
    pub fn chip_authentication(
        &mut self,
        option: &ChipAuthenticationOption<'_>,
        chip_key: &PublicKey,
    ) -> Result<(), Error> {
        (self.on_event)(Event::ChipAuthentication);
        let ephemeral = SecretKey::generate(chip_key.group(), self.rng);
        let public_key = ephemeral.public_key()?;
        let keys = session_keys(option.protocol, &ephemeral, chip_key)?;
        self.persist(|terminal| {
            terminal.hand_over(option.protocol, option.key.key_id, &public_key)?;
            terminal.channel.protect(SecureMessaging::new(keys.clone()));
            // Only an answer under the new keys proves anything; which answer does not matter.
            let dg14 = terminal.application.data_group(DataGroup::DG14);
            let probe = if terminal.refuses_short_identifiers() {
                Command::select_file(dg14.fid)
            } else {
                Command::read_binary_sfi(dg14.sfi, 0, 8)
            };
            match terminal.channel.send(probe) {
                Ok(_) => Ok(()),
                Err(Error::SecureMessaging(_)) => Err(Error::NotGenuine),
                Err(error) => Err(error),
            }
        })
    }

    /// Chip Authentication for a distant server: hands `public_key` to the chip, then passes on commands that the server
    /// has protected with keys that only it and the chip hold. Returns the chip's answers as they came, for the server
    /// to judge; after an answer without data the chip has dropped the keys, and nothing more is sent.
    ///
    /// After a lost link the chip is opened anew and everything is sent once more: the counter of the new channel starts
    /// at zero again, so the same commands are good. Afterwards this terminal holds no keys; what it does next opens the
    /// chip again.
    ///
    /// # Errors
    /// [`Error::ChipAuthentication`] if the chip refused the key, or an interruption beyond the budget.
    pub fn remote_chip_authentication(
        &mut self,
        protocol: ChipAuthenticationProtocol,
        key_id: Option<KeyId>,
        public_key: &PublicKey,
        commands: &[Vec<u8>],
    ) -> Result<Vec<Response>, Error> {
        (self.on_event)(Event::ChipAuthentication);
        self.persist(|terminal| {
            terminal.hand_over(protocol, key_id, public_key)?;
            terminal.channel.give_away();
            let mut answers = Vec::with_capacity(commands.len());
            for command in commands {
                let answer = terminal.channel.exchange(command)?;
                let over = answer.data.is_empty();
                answers.push(answer);
                if over {
                    break;
                }
            }
            Ok(answers)
        })
    }

    fn hand_over(
        &mut self,
        protocol: ChipAuthenticationProtocol,
        key_id: Option<KeyId>,
        public_key: &PublicKey,
    ) -> Result<(), Error> {
        if self.opened.is_none() {
            return Err(Error::NotOpened);
        }
        let longest = self.channel.max_command_data();
        let mut steps = ChipAuthentication::new(protocol, key_id, public_key, longest);
        loop {
            match steps.next().map_err(Error::ChipAuthentication)? {
                apdu::Step::Done(()) => return Ok(()),
                apdu::Step::Transmit(command) => {
                    let answer = self.channel.send(command)?;
                    steps.receive(&answer).map_err(Error::ChipAuthentication)?;
                }
            }
        }
    }
}
