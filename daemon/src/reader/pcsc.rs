//! Documents on readers of the PC/SC service.
//!
//! Waiting is blocking in SCardGetStatusChange over all readers and the pseudo reader that reports attached readers, so
//! that no timer of ours runs. Cards are connected shared, and held in a transaction while they are read: other programs
//! on a desktop (key agents, browsers) look at every card that appears.

mod errors;
mod limits;
mod link;
mod supervisor;

use std::ffi::CStr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pcsc::{Context, Error, ReaderState, Scope, State};

use super::{Cancel, DocumentLink, DocumentSource, Learned, Notify, ReaderError, slot};
use crate::pcsc_loader;
use link::PcscLink;
use supervisor::{Connected, Supervisor};

/// A reader that the service knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The name PC/SC gives it.
    pub name: String,
    /// What lies on it.
    pub card: CardPresence,
}

/// What lies on a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardPresence {
    /// Nothing.
    Absent,
    /// A card that answered.
    Present,
    /// A card that gives no answer.
    NotReadable,
    /// A card another program holds for itself alone.
    InUse,
}

impl CardPresence {
    fn of(state: State) -> Self {
        if !state.contains(State::PRESENT) {
            Self::Absent
        } else if state.contains(State::EXCLUSIVE) {
            Self::InUse
        } else if state.contains(State::MUTE) {
            Self::NotReadable
        } else {
            Self::Present
        }
    }
}

/// All readers of the service, those without a contactless slot included.
///
/// # Errors
/// [`ReaderError::NoService`] and others of [`ReaderError`].
pub fn readers() -> Result<Vec<Reader>, ReaderError> {
    let context = establish()?;
    let mut states = unaware(&context)?;
    look(&context, &mut states)?;
    Ok(states
        .iter()
        .map(|state| Reader {
            name: display_name(state.name()),
            card: CardPresence::of(state.event_state()),
        })
        .collect())
}

/// Whether a document can lie on the reader of this name, as far as its name alone tells.
#[must_use]
pub fn takes_documents(reader: &str) -> bool {
    slot::is_watched(reader, &[])
}

/// Documents on the readers of the PC/SC service. Holds no context until the first wait.
pub struct PcscReaders {
    supervisor: Supervisor,
}

impl PcscReaders {
    /// Watches all readers, or only the one called `reader`. What is learned about readers goes to `learned`.
    #[must_use]
    pub fn new(
        reader: Option<String>,
        cancel: Cancel,
        notify: Notify,
        learned: Arc<Mutex<Learned>>,
    ) -> Self {
        Self {
            supervisor: Supervisor::new(reader, cancel, notify, learned),
        }
    }

    /// Insists that the document be laid while it is waited for: what lies on a reader from before is ignored until it
    /// was taken away. So no document is read that its holder forgot on the reader.
    #[must_use]
    pub fn laid_anew(mut self, insist: bool) -> Self {
        self.supervisor.insist_on_laying(insist);
        self
    }
}

impl DocumentSource for PcscReaders {
    fn next_document(&mut self) -> Result<Box<dyn DocumentLink>, ReaderError> {
        let connected = self.supervisor.connect()?;
        // The link gets a supervisor of its own, for the wait after a tear.
        Ok(Box::new(PcscLink::new(connected, self.supervisor.fork())))
    }
}

fn establish() -> Result<Context, ReaderError> {
    if !pcsc_loader::is_installed() {
        return Err(ReaderError::NoService);
    }
    Context::establish(Scope::User).map_err(|error| match error {
        Error::NoService | Error::ServiceStopped => ReaderError::NoService,
        Error::SecurityViolation | Error::NoAccess => ReaderError::AccessDenied,
        error => ReaderError::Service(error),
    })
}

/// All readers, their states not yet asked for.
fn unaware(context: &Context) -> Result<Vec<ReaderState>, ReaderError> {
    let names = context.list_readers_owned().map_err(ReaderError::Service)?;
    Ok(names
        .into_iter()
        .map(|name| ReaderState::new(name, State::UNAWARE))
        .collect())
}

/// Fills in the present state of readers, without waiting.
fn look(context: &Context, states: &mut [ReaderState]) -> Result<(), ReaderError> {
    if states.is_empty() {
        return Ok(());
    }
    match context.get_status_change(Duration::ZERO, states) {
        // A reader that was unplugged since it was listed is told by its state, or by this error.
        Ok(()) | Err(Error::Timeout | Error::UnknownReader) => Ok(()),
        Err(error) => Err(ReaderError::Service(error)),
    }
}

/// Names come from the service in UTF-8 or the system's code page; this is for comparison and display.
fn display_name(reader: &CStr) -> String {
    reader.to_string_lossy().into_owned()
}
