//! Letting the chip prove itself: Active Authentication and Chip Authentication.

use super::error::{Error, Step};
use super::{Event, Terminal};
use crate::apdu::{Command, MAX_EXTENDED_NE, MAX_SHORT_NE, StatusWord};

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
            let mut answer = self.ask(Command::internal_authenticate(rnd_ifd, ne))?;
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
}
