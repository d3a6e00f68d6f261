//! What passes between the socket and the worker that drives the document.
//!
//! The socket lives on the asynchronous thread and does no card work; the worker lives on a thread of its own and
//! blocks in the card service. A worker gets parsed, verified values only: whatever reaches it was signed by the
//! server of the request, for the page's origin, in time, and for the first time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use protocol::chip_authentication::Command;
use protocol::error::Code;
use protocol::messages::{Outcome, State, TypedAccess};
use protocol::request::Request;
use protocol::text::LanguageTag;
use protocol::trust::TrustedServer;

/// A request that passed the gate, and is marked as used.
#[derive(Debug)]
pub struct AcceptedRequest {
    /// The request. `claims().aud` is the `Origin` header of the page, byte for byte.
    pub request: Request,
    /// The server that made it, for its display names.
    pub server: TrustedServer,
    /// What the citizen typed, if anything.
    pub typed_access: Option<TypedAccess>,
    /// The language of the page.
    pub language: Option<LanguageTag>,
    /// When the request ends. The socket side cancels the worker then; the worker need not watch it.
    pub deadline: Instant,
}

/// To the worker.
#[derive(Debug)]
pub enum ToWorker {
    /// The server's command: its signature, request, evidence and time are checked. Still to be checked against the
    /// document: key agreement, key and group (DG14), and the commands
    /// ([`protocol::read_commands::ReadCommands::new`] with what was seen of the chip).
    ChipAuthentication(Box<Command>),
    /// The server has decided. The worker shows it and returns.
    Finish(Outcome),
    /// Stop as soon as the chip can be left, and return.
    Cancel,
}

/// From the worker.
#[derive(Debug)]
pub enum FromWorker {
    /// How far it is.
    State(State),
    /// A compact JWE around [`protocol::evidence::Evidence`], sealed to the request's `enc`.
    Evidence(String),
    /// A compact JWE around [`protocol::chip_authentication::ChipAuthenticationResult`].
    ChipAuthenticationResult(String),
    /// It has failed; nothing comes after it.
    Error(Code),
}

/// Drives one document through one login.
pub trait Worker: Send + Sync + 'static {
    /// Runs a login to its end on the thread it is called on. Returning ends the login: after [`FromWorker::Error`]
    /// as a failure, after [`ToWorker::Finish`] as `finished`, and after neither as an internal error.
    ///
    /// The worker takes one command after it sent evidence, and returns on [`ToWorker::Cancel`] or when `to_page` is
    /// closed.
    fn run(&self, request: AcceptedRequest, from_page: Inbox, to_page: Outbox);
}

/// Most messages that wait for a worker. The socket side sends a command, a finish and a cancel at most.
const INBOX: usize = 4;
/// Most messages that wait for the socket side, which always takes them.
const OUTBOX: usize = 32;

/// Makes the two ends of one login: what the socket side holds, and what the worker gets.
#[must_use]
pub fn channel() -> (Handle, Inbox, Outbox) {
    let (to_worker, receiver) = mpsc::sync_channel(INBOX);
    let (sender, from_worker) = tokio::sync::mpsc::channel(OUTBOX);
    let shared = Arc::new(Shared::default());
    (
        Handle {
            to_worker,
            from_worker,
            shared: Arc::clone(&shared),
        },
        Inbox { receiver, shared },
        Outbox { sender },
    )
}

#[derive(Default)]
struct Shared {
    cancelled: AtomicBool,
    interrupt: Mutex<Option<Box<dyn Fn() + Send>>>,
}

/// The socket side's end.
pub struct Handle {
    to_worker: mpsc::SyncSender<ToWorker>,
    from_worker: tokio::sync::mpsc::Receiver<FromWorker>,
    shared: Arc<Shared>,
}

/// The worker does not take messages any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the other side of the login is gone")]
pub struct Gone;

impl Handle {
    /// Hands a message to the worker and wakes it where it waits.
    ///
    /// # Errors
    /// [`Gone`] when the worker has returned, or takes none of many messages.
    pub fn send(&self, message: ToWorker) -> Result<(), Gone> {
        let cancels = matches!(message, ToWorker::Cancel);
        if cancels {
            self.shared.cancelled.store(true, Ordering::Release);
        }
        let sent = self.to_worker.try_send(message).map_err(|_| Gone);
        // The worker may have taken a command already and set its interrupt: only a cancellation may call it.
        if !cancels {
            return sent;
        }
        let interrupt = self
            .shared
            .interrupt
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(wake) = interrupt.as_ref() {
            wake();
        }
        sent
    }

    /// The next message of the worker; `None` after it has returned.
    pub async fn receive(&mut self) -> Option<FromWorker> {
        self.from_worker.recv().await
    }
}

/// Nobody waits for a login whose socket side is gone.
impl Drop for Handle {
    fn drop(&mut self) {
        let _ = self.send(ToWorker::Cancel);
    }
}

/// The worker's end for messages from the page.
pub struct Inbox {
    receiver: mpsc::Receiver<ToWorker>,
    shared: Arc<Shared>,
}

impl Inbox {
    /// Waits for the next message at most this long; `Ok(None)` when none came.
    ///
    /// # Errors
    /// [`Gone`] when none can come any more; to be taken as [`ToWorker::Cancel`].
    pub fn receive_timeout(&self, wait: Duration) -> Result<Option<ToWorker>, Gone> {
        match self.receiver.recv_timeout(wait) {
            Ok(message) => Ok(Some(message)),
            Err(mpsc::RecvTimeoutError::Timeout) => Ok(None),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(Gone),
        }
    }

    /// Waits for the next message. The login's deadline arrives as [`ToWorker::Cancel`].
    ///
    /// # Errors
    /// [`Gone`]; see [`Inbox::receive_timeout`].
    pub fn receive(&self) -> Result<ToWorker, Gone> {
        self.receiver.recv().map_err(|_| Gone)
    }

    /// Whether the login was cancelled: cheap, for between two APDUs.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.shared.cancelled.load(Ordering::Acquire)
    }

    /// What to call when a cancellation arrives while the worker blocks elsewhere (SCardCancel). Called on the socket's
    /// thread, so it must not block. A message that came before is not announced: look at
    /// [`Inbox::is_cancelled`] after setting it and before blocking.
    pub fn set_interrupt(&self, wake: impl Fn() + Send + 'static) {
        *self
            .shared
            .interrupt
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(Box::new(wake));
    }

    /// Takes the interrupt back, before what it wakes goes away.
    pub fn clear_interrupt(&self) {
        *self
            .shared
            .interrupt
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// The worker's end for messages to the page.
#[derive(Clone)]
pub struct Outbox {
    sender: tokio::sync::mpsc::Sender<FromWorker>,
}

impl Outbox {
    /// Hands a message to the socket side. Not to be called on the asynchronous thread.
    ///
    /// # Errors
    /// [`Gone`] when the login has ended; to be taken as [`ToWorker::Cancel`].
    pub fn send(&self, message: FromWorker) -> Result<(), Gone> {
        self.sender.blocking_send(message).map_err(|_| Gone)
    }
}
