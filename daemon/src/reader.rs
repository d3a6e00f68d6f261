//! Readers and the documents on them.
//!
//! [`DocumentSource`] waits for a card and hands out a link to it. `PcscReaders` does so over the PC/SC service,
//! and with the feature `simulator` there is a reader with a whole chip in process.
//!
//! Which card is a document is not decided here: the terminal finds that out by asking the chip for its application,
//! and a card that has none is [dismissed](DocumentLink::dismiss) until it is taken away.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use icao::transport::Transport;

mod culprit;
mod learned;
mod model;
pub mod pcsc;
pub mod recording;
#[cfg(feature = "simulator")]
pub mod simulated;
mod slot;

pub use culprit::Culprit;
pub use learned::Learned;
pub use model::model_of;

/// Why no document could be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReaderError {
    /// The smart-card service does not run, or its library is not installed.
    #[error("the smart-card service is not running")]
    NoService,
    /// The smart-card service refused this program (polkit, remote session).
    #[error("the smart-card service refuses access to this session")]
    AccessDenied,
    /// No reader has the name that was asked for.
    #[error("no reader of that name")]
    UnknownReader,
    /// A reader is attached and the smart-card service does not have it, for the reason that this code names.
    #[error("a reader is attached, and the smart-card service does not have it: {0}")]
    Hidden(protocol::error::Code),
    /// The wait was [cancelled](Cancel::cancel).
    #[error("cancelled")]
    Cancelled,
    /// Anything else the service answered.
    #[error("smart-card service: {0}")]
    Service(::pcsc::Error),
}

/// What the wait for a document looks like from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// No reader is attached.
    NoReader,
    /// A reader is attached, and no card lies on it.
    NoDocument {
        /// The reader's name as PC/SC gives it.
        reader: String,
    },
    /// A card lies on the reader from before, and has to be taken away and laid again.
    LaidBefore {
        /// The reader's name.
        reader: String,
    },
    /// A card lies on the reader, and gives no answer: badly placed, or no contactless card.
    NotReadable {
        /// The reader's name.
        reader: String,
    },
    /// Another program holds the card or the reader.
    InUse {
        /// The reader's name.
        reader: String,
        /// What kind of program, where that can be found out.
        by: Option<Culprit>,
    },
    /// Cards lie on several readers, and each may be the document.
    SeveralDocuments,
    /// A card was connected.
    Connected {
        /// The reader's name.
        reader: String,
    },
    /// The smart-card service went away; the wait goes on.
    ServiceLost,
}

/// Receives what happens while waiting. Called from the thread that waits.
pub type Notify = Arc<dyn Fn(Notice) + Send + Sync>;

/// A place where documents are laid.
pub trait DocumentSource: Send {
    /// Blocks until a card lies on a reader and is connected. Nothing wakes meanwhile but the readers themselves.
    ///
    /// # Errors
    /// [`ReaderError::Cancelled`] as soon as the wait is cancelled; others when no wait is possible.
    fn next_document(&mut self) -> Result<Box<dyn DocumentLink>, ReaderError>;
}

/// A link to a card on a reader.
///
/// [`Transport::reset`] brings the chip back to its beginning. If the card was taken away it waits until one is laid
/// again, with the same notices and the same cancellation as the first wait.
pub trait DocumentLink: Transport + Send {
    /// Name of the reader, for display.
    fn reader_name(&self) -> &str;

    /// This card is not what is looked for: its reader is ignored until the card was taken away.
    fn dismiss(&mut self);

    /// Whether the card is contactless, as documents are. A card with contacts may lie in its slot all day.
    fn is_contactless(&self) -> bool {
        true
    }

    /// Shows the service that the card is still in use, where it takes a card from who leaves it alone. A card that was
    /// lost meanwhile is noticed at the next command.
    fn keep_alive(&mut self) {}
}

/// Cancels a wait from another thread.
#[derive(Clone, Default)]
pub struct Cancel {
    shared: Arc<CancelShared>,
}

#[derive(Default)]
struct CancelShared {
    state: Mutex<CancelState>,
    changed: Condvar,
}

#[derive(Default)]
struct CancelState {
    cancelled: bool,
    /// The wait under way, if any.
    waiting: Option<::pcsc::Context>,
    /// Who else wants to know.
    waker: Option<Box<dyn Fn() + Send>>,
}

/// Takes back what [`Cancel::call_at_cancellation`] has set.
struct Waker<'a>(&'a Cancel);

impl Drop for Waker<'_> {
    fn drop(&mut self) {
        self.0.lock().waker = None;
    }
}

impl Cancel {
    /// A token not cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether [`Cancel::cancel`] was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.lock().cancelled
    }

    /// Ends the wait under way and every later one. Returns when no wait is under way any more.
    pub fn cancel(&self) {
        loop {
            let mut state = self.lock();
            state.cancelled = true;
            self.shared.changed.notify_all();
            if let Some(wake) = state.waker.take() {
                wake();
            }
            let Some(context) = &state.waiting else {
                return;
            };
            // A failure means that the service is gone, and with it the wait.
            let _gone = context.cancel();
            drop(state);
            // SCardCancel is lost if the other thread has announced its wait and not yet entered it, so it is repeated
            // until that thread has come back.
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Blocks until [`Cancel::cancel`] is called.
    pub fn wait(&self) {
        let mut state = self.lock();
        while !state.cancelled {
            state = self
                .shared
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Blocks until `ready` gives something; it is asked at once and after every [`Cancel::look_again`].
    #[cfg(feature = "simulator")]
    fn wait_for<T>(&self, mut ready: impl FnMut() -> Option<T>) -> Result<T, ReaderError> {
        let mut state = self.lock();
        loop {
            if state.cancelled {
                return Err(ReaderError::Cancelled);
            }
            if let Some(found) = ready() {
                return Ok(found);
            }
            state = self
                .shared
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Has a [`Cancel::wait_for`] under way ask once more.
    #[cfg(feature = "simulator")]
    fn look_again(&self) {
        // Under the lock, so that no wait is between its question and its sleep.
        let _state = self.lock();
        self.shared.changed.notify_all();
    }

    /// Has [`Cancel::cancel`] call `wake`, which must not block, until what is returned is dropped; at once if it was called
    /// before.
    fn call_at_cancellation(&self, wake: impl Fn() + Send + 'static) -> Waker<'_> {
        let mut state = self.lock();
        if state.cancelled {
            wake();
        } else {
            state.waker = Some(Box::new(wake));
        }
        drop(state);
        Waker(self)
    }

    /// Runs one blocking call of `context` so that [`Cancel::cancel`] can end it.
    fn while_waiting<T>(
        &self,
        context: &::pcsc::Context,
        wait: impl FnOnce() -> T,
    ) -> Result<T, ReaderError> {
        {
            let mut state = self.lock();
            if state.cancelled {
                return Err(ReaderError::Cancelled);
            }
            state.waiting = Some(context.clone());
        }
        let result = wait();
        let mut state = self.lock();
        state.waiting = None;
        if state.cancelled {
            Err(ReaderError::Cancelled)
        } else {
            Ok(result)
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, CancelState> {
        // The state is two fields written one at a time: a panic elsewhere cannot leave it half done.
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Cancel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cancel")
            .field("cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}
