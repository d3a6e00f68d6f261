//! A reader in this process, on which a [`FaultyChip`] lies: the daemon's own interfaces, without PC/SC.

use super::{FaultyChip, Outcome, Plan};
use icao::simulator::{Chip, Profile};
use icao::transport::{Limits, Transport, TransportError};
use rda::login_session::OpenSource;
use rda::reader::{Cancel, DocumentLink, DocumentSource, Notice, Notify, ReaderError};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

const NAME: &str = "Faulty reader 00 00";

/// How often a citizen lays a document down again that the page does not want, before giving up.
const PATIENCE: usize = 3;

/// A desk for one login: what lies on its reader, and what was counted.
#[derive(Clone)]
pub struct Desk {
    chip: Arc<Mutex<Option<FaultyChip>>>,
    links: Arc<AtomicUsize>,
    exchanges: Arc<AtomicUsize>,
}

impl Desk {
    /// A document of this profile under this plan.
    ///
    /// # Errors
    /// If a key of the simulator is unusable, which does not happen.
    pub fn new(profile: Profile, plan: Plan) -> Result<Self, icao::simulator::IssuerError> {
        Ok(Self::of(profile.chip(b"chip")?, plan))
    }

    /// This chip under this plan.
    #[must_use]
    pub fn of(chip: Chip, plan: Plan) -> Self {
        Self {
            chip: Arc::new(Mutex::new(Some(FaultyChip::of(chip, plan)))),
            links: Arc::default(),
            exchanges: Arc::default(),
        }
    }

    /// What a worker opens for each login.
    #[must_use]
    pub fn source(&self) -> OpenSource {
        let desk = self.clone();
        Box::new(move |cancel, notify| {
            Box::new(Reader {
                desk: desk.clone(),
                cancel,
                notify,
                laid: 0,
            })
        })
    }

    /// Links to the document that were opened and not dropped.
    #[must_use]
    pub fn open_links(&self) -> usize {
        self.links.load(Ordering::SeqCst)
    }

    /// Commands that were sent to the document.
    #[must_use]
    pub fn exchanges(&self) -> usize {
        self.exchanges.load(Ordering::SeqCst)
    }
}

struct Reader {
    desk: Desk,
    cancel: Cancel,
    notify: Notify,
    laid: usize,
}

impl DocumentSource for Reader {
    fn next_document(&mut self) -> Result<Box<dyn DocumentLink>, ReaderError> {
        if self.cancel.is_cancelled() || self.laid > PATIENCE {
            return Err(ReaderError::Cancelled);
        }
        let mut place = lock(&self.desk.chip);
        // The link before was dropped and has put the document back.
        let Some(mut chip) = place.take() else {
            return Err(ReaderError::Cancelled);
        };
        if self.laid > 0 {
            (self.notify)(Notice::NoDocument {
                reader: NAME.to_owned(),
            });
        }
        self.laid += 1;
        chip.power();
        (self.notify)(Notice::Connected {
            reader: NAME.to_owned(),
        });
        self.desk.links.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Link {
            chip: Some(chip),
            desk: self.desk.clone(),
            notify: Arc::clone(&self.notify),
            lost: None,
        }))
    }
}

struct Link {
    chip: Option<FaultyChip>,
    desk: Desk,
    notify: Notify,
    /// What a supervisor would notice while it waits for the document.
    lost: Option<Notice>,
}

impl Transport for Link {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let chip = self.chip.as_mut().ok_or(TransportError::CardRemoved)?;
        self.desk.exchanges.fetch_add(1, Ordering::SeqCst);
        let reader = || NAME.to_owned();
        let (error, notice) = match chip.exchange(command) {
            // Nobody waits here: that an answer comes late shows only over a real reader.
            Outcome::Answer(answer) | Outcome::Late(answer, _) => return Ok(answer),
            Outcome::Torn => (
                TransportError::CardRemoved,
                Some(Notice::NoDocument { reader: reader() }),
            ),
            Outcome::Mute => (TransportError::Timeout, None),
            Outcome::Reset => (TransportError::CardReset, None),
            Outcome::Unplugged => (TransportError::Service, Some(Notice::NoReader)),
            Outcome::ServiceGone => (TransportError::Service, Some(Notice::ServiceLost)),
            Outcome::InUse => (
                TransportError::Sharing,
                Some(Notice::InUse {
                    reader: reader(),
                    by: None,
                }),
            ),
            Outcome::TooLong => (TransportError::TooLong, None),
        };
        self.lost = notice;
        Err(error)
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        if let Some(notice) = self.lost.take() {
            (self.notify)(notice);
            (self.notify)(Notice::Connected {
                reader: NAME.to_owned(),
            });
        }
        if let Some(chip) = &mut self.chip {
            chip.power();
        }
        Ok(())
    }

    fn limits(&self) -> Limits {
        Limits::EXTENDED
    }
}

impl DocumentLink for Link {
    fn reader_name(&self) -> &str {
        NAME
    }

    fn dismiss(&mut self) {}
}

impl Drop for Link {
    fn drop(&mut self) {
        *lock(&self.desk.chip) = self.chip.take();
        self.desk.links.fetch_sub(1, Ordering::SeqCst);
    }
}

fn lock(chip: &Mutex<Option<FaultyChip>>) -> std::sync::MutexGuard<'_, Option<FaultyChip>> {
    chip.lock().unwrap_or_else(PoisonError::into_inner)
}
