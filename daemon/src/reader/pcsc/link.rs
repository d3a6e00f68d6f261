//! A card on a PC/SC reader, as a link.

use std::ffi::CString;
use std::time::{Duration, Instant};

use icao::transport::{Limits, Transport, TransportError};
use pcsc::{Card, Error};

use super::errors::{may_be_about_length, transport_error};
use super::limits::limits;
use super::{Connected, Supervisor, display_name};
use crate::reader::{DocumentLink, ReaderError};

/// A command that failed after this long failed for want of an answer: a card that left is noticed at once.
const NO_ANSWER: Duration = Duration::from_secs(1);

/// A card on a PC/SC reader, in a transaction.
pub(super) struct PcscLink {
    card: Option<Card>,
    reader: CString,
    name: String,
    contactless: bool,
    insertions: u32,
    limits: Limits,
    supervisor: Supervisor,
    /// Room for the longest answer. The usual 264 bytes are too few: protected answers to a short Le reach 293.
    buffer: Vec<u8>,
}

impl PcscLink {
    pub(super) fn new(connected: Connected, supervisor: Supervisor) -> Self {
        let mut link = Self {
            card: None,
            reader: CString::default(),
            name: String::new(),
            contactless: true,
            insertions: 0,
            limits: Limits::SHORT,
            supervisor,
            buffer: vec![0; Limits::EXTENDED.max_response],
        };
        link.attach(connected);
        link
    }

    fn attach(&mut self, connected: Connected) {
        let Connected {
            card,
            reader,
            insertions,
            contactless,
        } = connected;
        self.name = display_name(&reader);
        self.limits = self.supervisor.learned().limits(&self.name, limits(&card));
        self.contactless = contactless;
        self.reader = reader;
        self.insertions = insertions;
        self.card = Some(card);
    }

    /// What a failure means. Readers refuse long APDUs in many words, none of them their own.
    fn failure(&self, error: Error, command: &[u8], took: Duration) -> TransportError {
        let stayed = || {
            let status = self.card.as_ref().map(Card::status2_owned);
            matches!(status, Some(Ok(_)))
        };
        if may_be_about_length(error) && wants_much(command) && stayed() {
            tracing::info!(%error, length = command.len(), "the reader refuses a long APDU");
            self.supervisor.learned().refused(&self.name);
            return TransportError::TooLong;
        }
        match error {
            Error::NotTransacted if took >= NO_ANSWER => TransportError::Timeout,
            error => transport_error(error),
        }
    }
}

/// Whether a command is long, or asks for a long answer (ISO/IEC 7816-4, 5.2: extended Lc or Le).
fn wants_much(command: &[u8]) -> bool {
    matches!(command, [_, _, _, _, 0, _, _, ..])
}

impl Transport for PcscLink {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        if command.len() > self.limits.max_command {
            return Err(TransportError::TooLong);
        }
        let card = self.card.as_ref().ok_or(TransportError::CardRemoved)?;
        let sent = Instant::now();
        match card.transmit(command, &mut self.buffer) {
            // Some drivers report success and no answer for a card that left meanwhile.
            Ok([] | [_]) => Err(TransportError::CardReset),
            Ok(answer) => {
                let answer = answer.to_vec();
                self.supervisor
                    .learned()
                    .worked(&self.name, command.len(), answer.len());
                Ok(answer)
            }
            Err(error) => Err(self.failure(error, command, sent.elapsed())),
        }
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        // Disconnecting resets the card and ends the transaction; a card that is gone is waited for.
        self.card = None;
        self.supervisor.prefer(&self.reader);
        let connected = self.supervisor.connect().map_err(|error| {
            tracing::info!(%error, "the document could not be waited for");
            match error {
                ReaderError::Cancelled => TransportError::Cancelled,
                ReaderError::Service(Error::SharingViolation) => TransportError::Sharing,
                _ => TransportError::Service,
            }
        })?;
        self.attach(connected);
        Ok(())
    }

    fn limits(&self) -> Limits {
        self.limits
    }
}

impl DocumentLink for PcscLink {
    fn reader_name(&self) -> &str {
        &self.name
    }

    fn is_contactless(&self) -> bool {
        self.contactless
    }

    fn keep_alive(&mut self) {
        if let Some(card) = &self.card {
            let _found_out_at_the_next_command = card.status2_owned();
        }
    }

    fn dismiss(&mut self) {
        self.card = None;
        self.supervisor
            .dismiss(self.reader.clone(), self.insertions);
    }
}
