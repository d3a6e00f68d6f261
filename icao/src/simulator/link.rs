//! The link to a simulated chip, and what may happen on it.

use std::time::Duration;

use super::chip::Chip;
use crate::transport::{Limits, Transport, TransportError};

/// What happens to one exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing: the chip answers.
    None,
    /// The document leaves the field before it gets the command; every exchange fails until [`Transport::reset`].
    Tear,
    /// The chip works on the command, and leaves the field before its answer arrives.
    TearAfter,
    /// The chip loses power for a moment: the exchange fails, and all keys are gone.
    Reset,
    /// The answer takes this much longer. Nobody waits: the time is added to [`SimulatedLink::elapsed`].
    Delay(Duration),
    /// These bits of the answer are flipped; the mask repeats over its length.
    Garble(Vec<u8>),
    /// Only so many bytes of the answer arrive.
    Cut(usize),
    /// The chip gets no command, and this is the answer.
    Answer(Vec<u8>),
    /// The link reports this failure, and the chip gets no command.
    Fail(TransportError),
}

/// Decides on the fault of an exchange, from its number (0, 1, …) and its command.
pub type FaultHook = Box<dyn FnMut(usize, &[u8]) -> Fault + Send>;

/// A chip in the field of a reader: [`Transport`] straight into [`Chip::process`].
pub struct SimulatedLink {
    chip: Chip,
    limits: Limits,
    hook: Option<FaultHook>,
    exchanges: usize,
    present: bool,
    elapsed: Duration,
}

impl SimulatedLink {
    /// Lays `chip` on a reader that carries what the chip itself can.
    #[must_use]
    pub fn new(chip: Chip) -> Self {
        Self {
            limits: chip.limits(),
            chip,
            hook: None,
            exchanges: 0,
            present: true,
            elapsed: Duration::ZERO,
        }
    }

    /// The same link through a reader that carries no more than `limits`.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same link with a hook that decides on faults.
    #[must_use]
    pub fn with_faults(mut self, hook: impl FnMut(usize, &[u8]) -> Fault + Send + 'static) -> Self {
        self.hook = Some(Box::new(hook));
        self
    }

    /// The chip.
    #[must_use]
    pub fn chip(&self) -> &Chip {
        &self.chip
    }

    /// Takes the chip off the reader.
    #[must_use]
    pub fn into_chip(self) -> Chip {
        self.chip
    }

    /// How many commands were given to the link.
    #[must_use]
    pub fn exchanges(&self) -> usize {
        self.exchanges
    }

    /// The time that [`Fault::Delay`] added up to.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

impl Transport for SimulatedLink {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let number = self.exchanges;
        self.exchanges += 1;
        if !self.present {
            return Err(TransportError::CardRemoved);
        }
        if command.len() > self.limits.max_command {
            return Err(TransportError::TooLong);
        }
        let fault = self
            .hook
            .as_mut()
            .map_or(Fault::None, |hook| hook(number, command));
        match fault {
            Fault::Tear => {
                self.chip.reset();
                self.present = false;
                return Err(TransportError::CardRemoved);
            }
            Fault::Reset => {
                self.chip.reset();
                return Err(TransportError::CardReset);
            }
            Fault::Answer(answer) => return Ok(answer),
            Fault::Fail(error) => return Err(error),
            Fault::None | Fault::TearAfter | Fault::Delay(_) | Fault::Garble(_) | Fault::Cut(_) => {
            }
        }
        let mut answer = self.chip.process(command);
        match fault {
            Fault::TearAfter => {
                self.chip.reset();
                self.present = false;
                return Err(TransportError::CardRemoved);
            }
            Fault::Delay(time) => self.elapsed = self.elapsed.saturating_add(time),
            Fault::Garble(mask) => answer
                .iter_mut()
                .zip(mask.iter().cycle())
                .for_each(|(byte, mask)| *byte ^= mask),
            Fault::Cut(len) => answer.truncate(len),
            _ => {}
        }
        if answer.len() > self.limits.max_response {
            return Err(TransportError::TooLong);
        }
        Ok(answer)
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        self.chip.reset();
        self.present = true;
        Ok(())
    }

    fn limits(&self) -> Limits {
        self.limits
    }
}
