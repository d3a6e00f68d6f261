//! A reader with a simulated document on it, in process. Not in release packages.

use icao::simulator::{Profile, SimulatedLink};
use icao::transport::{Limits, Transport, TransportError};

use super::{Cancel, DocumentLink, DocumentSource, Notice, Notify, ReaderError};

/// What the reader calls itself.
const NAME: &str = "Simulated reader";

/// A reader on which a document of one profile lies from the start.
pub struct SimulatedReader {
    profile: Profile,
    cancel: Cancel,
    notify: Notify,
    laid: bool,
}

impl SimulatedReader {
    /// Lays a document of `profile` on the reader.
    #[must_use]
    pub fn new(profile: Profile, cancel: Cancel, notify: Notify) -> Self {
        Self {
            profile,
            cancel,
            notify,
            laid: false,
        }
    }
}

impl DocumentSource for SimulatedReader {
    fn next_document(&mut self) -> Result<Box<dyn DocumentLink>, ReaderError> {
        if std::mem::replace(&mut self.laid, true) {
            // There is just one document, and it was not wanted.
            (self.notify)(Notice::NoDocument {
                reader: NAME.to_owned(),
            });
            self.cancel.wait();
            return Err(ReaderError::Cancelled);
        }
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|_| ReaderError::NoService)?;
        let chip = self
            .profile
            .chip(&seed)
            .map_err(|_| ReaderError::NoService)?;
        (self.notify)(Notice::Connected {
            reader: NAME.to_owned(),
        });
        Ok(Box::new(SimulatedDocument(SimulatedLink::new(chip))))
    }
}

struct SimulatedDocument(SimulatedLink);

impl Transport for SimulatedDocument {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.0.transmit(command)
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        self.0.reset()
    }

    fn limits(&self) -> Limits {
        self.0.limits()
    }
}

impl DocumentLink for SimulatedDocument {
    fn reader_name(&self) -> &str {
        NAME
    }

    fn dismiss(&mut self) {}
}
