//! What goes wrong between a program and a chip, in one vocabulary for all ways of carrying it over.
//!
//! A [`FaultyChip`] is a simulated document to which a [`Plan`] happens. It says what becomes of each command
//! ([`Outcome`]), and a carrier brings that over as far as it can: [`in_process`] as errors of a link, [`crate::vpcd`] by
//! what a chip can do to a virtual reader, [`crate::ifd`] by what a reader and its driver can do to pcscd. Which carrier
//! can express what, and what is emulated only, is in `docs/readers-and-faults.md`.

pub mod in_process;

use icao::simulator::{Chip, IssuerError, Profile};
use icao::transport::Limits;
use std::time::Duration;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The document leaves the field before it gets the command, and is laid again.
    Tear,
    /// The chip does what the command says, and leaves the field before its answer arrives.
    TearAfter,
    /// The chip lies there and gives no answer in time.
    Mute,
    /// The chip asks for more time (waiting time extension) and answers this much later.
    Delay(Duration),
    /// One bit in the middle of the answer is wrong.
    Garble,
    /// Only the first half of the answer arrives.
    Truncate,
    /// The chip gives up secure messaging and answers this status word and nothing else.
    NakedStatus(u16),
    /// Another program resets the card: all keys are gone.
    ResetByOther,
    /// The reader is pulled out of the computer, and put back.
    ReaderUnplugged,
    /// The card service dies and is started again.
    ServiceRestarted,
    /// Another program holds the card.
    SharingViolation,
    /// Reader or driver refuse whatever is longer than a short APDU.
    ShortReader,
    /// The document is taken away, and this one laid in its place.
    Swapped(Profile),
}

impl Fault {
    /// Every kind of fault, with the values that the matrices use.
    pub const ALL: [Self; 13] = [
        Self::Tear,
        Self::TearAfter,
        Self::Mute,
        Self::Delay(Duration::from_millis(20)),
        Self::Garble,
        Self::Truncate,
        Self::NakedStatus(0x6988),
        Self::ResetByOther,
        Self::ReaderUnplugged,
        Self::ServiceRestarted,
        Self::SharingViolation,
        Self::ShortReader,
        Self::Swapped(Profile::NlLicence2014),
    ];

    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tear => "tear",
            Self::TearAfter => "tear after command",
            Self::Mute => "mute",
            Self::Delay(_) => "delay (WTX)",
            Self::Garble => "garbled answer",
            Self::Truncate => "truncated answer",
            Self::NakedStatus(_) => "naked status",
            Self::ResetByOther => "reset by another",
            Self::ReaderUnplugged => "reader unplugged",
            Self::ServiceRestarted => "service restarted",
            Self::SharingViolation => "sharing violation",
            Self::ShortReader => "255-byte reader",
            Self::Swapped(_) => "document swapped",
        }
    }

    /// The same fault for this document: it is not swapped for itself.
    #[must_use]
    pub fn against(self, profile: Profile) -> Self {
        match self {
            Self::Swapped(other) if other == profile => Self::Swapped(Profile::NlPassport2011),
            fault => fault,
        }
    }
}

/// When it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    fault: Option<Fault>,
    at: usize,
    for_good: bool,
}

impl Plan {
    /// Nothing goes wrong.
    pub const NONE: Self = Self {
        fault: None,
        at: 0,
        for_good: false,
    };

    /// At the command with this number, counted from 0, and not again.
    #[must_use]
    pub const fn once(fault: Fault, at: usize) -> Self {
        Self {
            fault: Some(fault),
            at,
            for_good: false,
        }
    }

    /// At the command with this number and every later one.
    #[must_use]
    pub const fn for_good(fault: Fault, at: usize) -> Self {
        Self {
            fault: Some(fault),
            at,
            for_good: true,
        }
    }

    /// What goes wrong, if anything does.
    #[must_use]
    pub const fn fault(&self) -> Option<Fault> {
        self.fault
    }

    fn strikes(&self, number: usize) -> Option<Fault> {
        let struck = number == self.at || self.for_good && number > self.at;
        self.fault.filter(|_| struck)
    }
}

/// What becomes of one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The answer arrives.
    Answer(Vec<u8>),
    /// The answer arrives this much later.
    Late(Vec<u8>, Duration),
    /// The document is gone until it is powered again.
    Torn,
    /// No answer comes.
    Mute,
    /// Another program has reset the card.
    Reset,
    /// The reader is gone.
    Unplugged,
    /// The card service is gone.
    ServiceGone,
    /// Another program holds the card.
    InUse,
    /// Command or answer are too long for the reader.
    TooLong,
}

/// A simulated document to which things happen.
pub struct FaultyChip {
    chip: Chip,
    plan: Plan,
    exchanges: usize,
    present: bool,
    swapped: Option<Profile>,
}

impl FaultyChip {
    /// A document of this profile under this plan.
    ///
    /// # Errors
    /// [`IssuerError`] if a key of the simulator is unusable, which does not happen.
    pub fn new(profile: Profile, plan: Plan) -> Result<Self, IssuerError> {
        Ok(Self::of(profile.chip(b"chip")?, plan))
    }

    /// This chip under this plan.
    #[must_use]
    pub fn of(chip: Chip, plan: Plan) -> Self {
        Self {
            chip,
            plan,
            exchanges: 0,
            present: true,
            swapped: None,
        }
    }

    /// The chip.
    #[must_use]
    pub fn chip(&self) -> &Chip {
        &self.chip
    }

    /// Commands so far.
    #[must_use]
    pub fn exchanges(&self) -> usize {
        self.exchanges
    }

    /// Cuts and restores power. A document that had left lies there again, or the one that was laid in its place.
    pub fn power(&mut self) {
        if let Some(other) = self.swapped.take()
            && let Ok(chip) = other.chip(b"swapped")
        {
            self.chip = chip;
        }
        self.chip.reset();
        self.present = true;
    }

    /// What becomes of this command.
    pub fn exchange(&mut self, command: &[u8]) -> Outcome {
        let number = self.exchanges;
        self.exchanges += 1;
        if !self.present {
            return Outcome::Torn;
        }
        let Some(fault) = self.plan.strikes(number) else {
            return Outcome::Answer(self.chip.process(command));
        };
        match fault {
            Fault::Tear => self.lost(Outcome::Torn),
            Fault::Swapped(profile) => {
                self.swapped = Some(profile);
                self.lost(Outcome::Torn)
            }
            Fault::TearAfter => {
                self.chip.process(command);
                self.lost(Outcome::Torn)
            }
            Fault::Mute => {
                self.chip.reset();
                Outcome::Mute
            }
            Fault::Delay(time) => Outcome::Late(self.chip.process(command), time),
            Fault::Garble => {
                let mut answer = self.chip.process(command);
                // Of a bare status word the second byte.
                let middle = answer.len() / 2;
                if let Some(byte) = answer.get_mut(middle) {
                    *byte ^= 0x04;
                }
                Outcome::Answer(answer)
            }
            Fault::Truncate => {
                let mut answer = self.chip.process(command);
                answer.truncate(answer.len() / 2);
                Outcome::Answer(answer)
            }
            Fault::NakedStatus(status) => {
                self.chip.process(command);
                self.chip.reset();
                Outcome::Answer(status.to_be_bytes().to_vec())
            }
            Fault::ResetByOther => {
                self.chip.reset();
                Outcome::Reset
            }
            Fault::ReaderUnplugged => self.lost(Outcome::Unplugged),
            Fault::ServiceRestarted => self.lost(Outcome::ServiceGone),
            Fault::SharingViolation => Outcome::InUse,
            Fault::ShortReader => {
                if command.len() > Limits::SHORT.max_command {
                    return Outcome::TooLong;
                }
                let answer = self.chip.process(command);
                if answer.len() > Limits::SHORT.max_response {
                    return Outcome::TooLong;
                }
                Outcome::Answer(answer)
            }
        }
    }

    fn lost(&mut self, outcome: Outcome) -> Outcome {
        self.chip.reset();
        self.present = false;
        outcome
    }
}

/// On a virtual reader a chip can answer late, wrong, or not at all, and leave. What a reader or a service does to it, it
/// cannot play ([`crate::ifd`] can): those faults are losses of power or absences here.
impl crate::vpcd::Chip for FaultyChip {
    fn process(&mut self, command: &[u8]) -> Option<Vec<u8>> {
        match self.exchange(command) {
            Outcome::Answer(answer) => Some(answer),
            Outcome::Late(answer, time) => {
                std::thread::sleep(time);
                Some(answer)
            }
            Outcome::Torn
            | Outcome::Mute
            | Outcome::Reset
            | Outcome::Unplugged
            | Outcome::ServiceGone
            | Outcome::InUse
            | Outcome::TooLong => None,
        }
    }

    fn reset(&mut self) {
        self.power();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const CHALLENGE: [u8; 5] = [0x00, 0x84, 0x00, 0x00, 0x08];

    #[test]
    fn a_fault_strikes_when_the_plan_says_so() {
        let outcomes = |plan| {
            let mut chip = FaultyChip::new(Profile::NlPassport2011, plan).unwrap();
            let mut outcomes = Vec::new();
            for _ in 0..4 {
                let outcome = chip.exchange(&CHALLENGE);
                if outcome == Outcome::Torn {
                    chip.power();
                }
                outcomes.push(outcome);
            }
            outcomes
        };
        // No application is selected: 6985.
        let answer = || Outcome::Answer(vec![0x69, 0x85]);
        let torn = || Outcome::Torn;
        assert_eq!(
            outcomes(Plan::NONE),
            [answer(), answer(), answer(), answer()]
        );
        assert_eq!(
            outcomes(Plan::once(Fault::Tear, 2)),
            [answer(), answer(), torn(), answer()]
        );
        assert_eq!(
            outcomes(Plan::for_good(Fault::Tear, 2)),
            [answer(), answer(), torn(), torn()]
        );
    }

    #[test]
    fn a_document_that_left_stays_away_until_it_is_powered() {
        let plan = Plan::once(Fault::Swapped(Profile::PaceP256), 0);
        let mut chip = FaultyChip::new(Profile::NlPassport2011, plan).unwrap();
        assert_eq!(chip.exchange(&CHALLENGE), Outcome::Torn);
        assert_eq!(chip.exchange(&CHALLENGE), Outcome::Torn);
        chip.power();
        assert!(matches!(chip.exchange(&CHALLENGE), Outcome::Answer(_)));
        let own = Profile::NlPassport2011.chip(b"").unwrap();
        let files = |chip: &Chip| chip.file_system().master_file.files.len();
        assert_ne!(files(chip.chip()), files(&own), "another document");
    }
}
