//! A reader with simulated documents, in process. Not in release packages.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use icao::simulator::{Profile, SimulatedLink};
use icao::transport::{Limits, Transport, TransportError};

use super::{Cancel, DocumentLink, DocumentSource, Notice, Notify, ReaderError};

/// What the reader calls itself.
const NAME: &str = "Simulated reader";

/// What lies on the reader, for whoever lays, lifts and slides documents. Clones are the same desk.
#[derive(Clone, Default)]
pub struct Desk {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    lying: Option<Lying>,
    /// Counts every move: a link to a chip ends with the placement it was made for.
    placement: u64,
    /// What every exchange with the chip takes, as it does over the air.
    latency: Duration,
    /// The login that looks at the reader, to be told of moves.
    watching: Option<Cancel>,
}

#[derive(Clone, Copy)]
struct Lying {
    profile: Profile,
    /// Beside the place where the reader finds it.
    askew: bool,
}

/// Not a move of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("say `lay PROFILE`, `lift`, `slide` or `latency MILLISECONDS`")]
pub struct NoMove;

impl Desk {
    /// Lays a document, in place of the one that lies there.
    pub fn lay(&self, profile: Profile) {
        self.put(Some(Lying {
            profile,
            askew: false,
        }));
    }

    /// Takes the document away.
    pub fn lift(&self) {
        self.put(None);
    }

    /// Moves the document to where the reader no longer reaches it.
    pub fn slide(&self) {
        let lying = self.state().lying;
        self.put(lying.map(|lying| Lying {
            askew: true,
            ..lying
        }));
    }

    /// Makes every exchange with a chip take so long.
    pub fn set_latency(&self, latency: Duration) {
        self.state().latency = latency;
    }

    /// Does what a line says: `lay PROFILE`, `lift`, `slide`, `latency MILLISECONDS`.
    ///
    /// # Errors
    /// [`NoMove`].
    pub fn obey(&self, line: &str) -> Result<(), NoMove> {
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("lay"), Some(name), None) => {
                self.lay(Profile::from_name(name).ok_or(NoMove)?);
            }
            (Some("lift"), None, None) => self.lift(),
            (Some("slide"), None, None) => self.slide(),
            (Some("latency"), Some(text), None) => {
                self.set_latency(Duration::from_millis(text.parse().map_err(|_| NoMove)?));
            }
            _ => return Err(NoMove),
        }
        Ok(())
    }

    fn put(&self, lying: Option<Lying>) {
        let watching = {
            let mut state = self.state();
            state.lying = lying;
            state.placement += 1;
            state.watching.clone()
        };
        // Not under the lock: whoever waits takes the two locks in the other order.
        if let Some(watching) = watching {
            watching.look_again();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whole values are put in: a panic elsewhere leaves none half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reader of one login.
pub struct SimulatedReader {
    desk: Desk,
    cancel: Cancel,
    notify: Notify,
    dismissed: Arc<Mutex<Option<u64>>>,
}

impl SimulatedReader {
    /// The reader on `desk`.
    #[must_use]
    pub fn new(desk: Desk, cancel: Cancel, notify: Notify) -> Self {
        desk.state().watching = Some(cancel.clone());
        Self {
            desk,
            cancel,
            notify,
            dismissed: Arc::default(),
        }
    }

    /// A reader on which a document of one profile lies from the start.
    #[must_use]
    pub fn with_document(profile: Profile, cancel: Cancel, notify: Notify) -> Self {
        let desk = Desk::default();
        desk.lay(profile);
        Self::new(desk, cancel, notify)
    }

    /// Waits until a document lies well that was not dismissed.
    fn connect(&self) -> Result<(SimulatedLink, u64), ReaderError> {
        let mut seen = None;
        let (profile, placement) = self.cancel.wait_for(|| {
            let state = self.desk.state();
            let is_new = seen.replace(state.placement) != Some(state.placement);
            let dismissed = *self
                .dismissed
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let reader = NAME.to_owned();
            match state.lying {
                Some(lying) if !lying.askew && dismissed != Some(state.placement) => {
                    return Some((lying.profile, state.placement));
                }
                // Woken for a move that was seen already.
                _ if !is_new => {}
                Some(lying) if lying.askew => (self.notify)(Notice::NotReadable { reader }),
                Some(_) => {}
                None => (self.notify)(Notice::NoDocument { reader }),
            }
            None
        })?;
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|_| ReaderError::NoService)?;
        let chip = profile.chip(&seed).map_err(|_| ReaderError::NoService)?;
        (self.notify)(Notice::Connected {
            reader: NAME.to_owned(),
        });
        Ok((SimulatedLink::new(chip), placement))
    }
}

impl DocumentSource for SimulatedReader {
    fn next_document(&mut self) -> Result<Box<dyn DocumentLink>, ReaderError> {
        let (link, placement) = self.connect()?;
        Ok(Box::new(SimulatedDocument {
            link,
            placement,
            reader: Self {
                desk: self.desk.clone(),
                cancel: self.cancel.clone(),
                notify: Arc::clone(&self.notify),
                dismissed: Arc::clone(&self.dismissed),
            },
        }))
    }
}

struct SimulatedDocument {
    link: SimulatedLink,
    placement: u64,
    reader: SimulatedReader,
}

impl Transport for SimulatedDocument {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let latency = self.reader.desk.state().latency;
        if !latency.is_zero() {
            std::thread::sleep(latency);
        }
        if self.reader.desk.state().placement != self.placement {
            return Err(TransportError::CardRemoved);
        }
        self.link.transmit(command)
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        if self.reader.desk.state().placement == self.placement {
            return self.link.reset();
        }
        let connected = self.reader.connect().map_err(|error| match error {
            ReaderError::Cancelled => TransportError::Cancelled,
            _ => TransportError::Service,
        })?;
        (self.link, self.placement) = connected;
        Ok(())
    }

    fn limits(&self) -> Limits {
        self.link.limits()
    }
}

impl DocumentLink for SimulatedDocument {
    fn reader_name(&self) -> &str {
        NAME
    }

    fn dismiss(&mut self) {
        let mut dismissed = self
            .reader
            .dismissed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *dismissed = Some(self.placement);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn documents_come_slide_and_go() {
        let desk = Desk::default();
        let (told, notices) = channel();
        let cancel = Cancel::new();
        let notify: Notify = Arc::new(move |notice| drop(told.send(notice)));
        let mut reader = SimulatedReader::new(desk.clone(), cancel.clone(), notify);
        let reader_name = || NAME.to_owned();
        let waiting = std::thread::spawn(move || {
            let mut link = reader.next_document().unwrap();
            // SELECT of the eMRTD application.
            let select = [
                0x00, 0xA4, 0x04, 0x0C, 0x07, 0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01,
            ];
            while link.transmit(&select).is_ok() {
                std::thread::yield_now();
            }
            link.reset().unwrap();
            assert_eq!(link.transmit(&select).unwrap(), [0x90, 0x00]);
            link.dismiss();
            reader.next_document().map(drop)
        });
        let next = || notices.recv().unwrap();
        assert_eq!(
            next(),
            Notice::NoDocument {
                reader: reader_name()
            }
        );
        desk.obey("lay nl-id-2014").unwrap();
        assert_eq!(
            next(),
            Notice::Connected {
                reader: reader_name()
            }
        );
        desk.obey(" slide ").unwrap();
        assert_eq!(
            next(),
            Notice::NotReadable {
                reader: reader_name()
            }
        );
        desk.obey("lift").unwrap();
        assert_eq!(
            next(),
            Notice::NoDocument {
                reader: reader_name()
            }
        );
        desk.obey("lay nl-id-2014").unwrap();
        assert_eq!(
            next(),
            Notice::Connected {
                reader: reader_name()
            }
        );
        cancel.cancel();
        assert_eq!(waiting.join().unwrap(), Err(ReaderError::Cancelled));
    }

    #[test]
    fn a_line_that_is_no_move_moves_nothing() {
        let desk = Desk::default();
        for line in [
            "",
            "lay",
            "lay me",
            "lift it",
            "latency -1",
            "latency x",
            "slide slide",
        ] {
            assert_eq!(desk.obey(line), Err(NoMove), "{line}");
        }
        assert_eq!(desk.obey("latency 20"), Ok(()));
    }
}
