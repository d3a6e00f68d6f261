//! The one login that can be under way: a task between the page's socket and the worker's thread.
//!
//! The login outlives its socket: a page whose socket was lost comes back with `resume` and hears again where things
//! stand. A login without a socket gives way to the next good request; one with a socket makes others wait (`busy`).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use icao::stack;
use protocol::chip_authentication::{Command, Conversation};
use protocol::error::{CloseCode, Code};
use protocol::evidence::sealed_hash;
use protocol::messages::{DaemonMessage, Outcome, PageMessage, SessionId, State, TypedAccess};
use protocol::request::Request;
use protocol::text::LanguageTag;
use protocol::trust::TrustedServer;
use subtle::ConstantTimeEq;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::Shared;
use super::connection::End;
use crate::gate::AdmittedOrigin;
use crate::notification::{self, Answer, Words};
use crate::session::{self, AcceptedRequest, FromWorker, Handle, ToWorker};

/// How long a new request waits for an abandoned login to leave the chip.
const HANDOVER: Duration = Duration::from_secs(5);
/// How long the record of used requests may be locked by somebody else.
const RECORD_TIME: Duration = Duration::from_secs(5);
/// Most messages that wait for a page or for a login.
const QUEUE: usize = 32;

/// How often a page may come back to one login: each time it hears everything again.
const MAX_RESUMES: usize = 16;

/// To a socket.
pub(super) enum Outgoing {
    Message(DaemonMessage),
    End(End),
}

/// To a login.
enum ToLogin {
    Attach(mpsc::Sender<Outgoing>),
    Page(PageMessage),
    Fail(Code),
}

/// Where the login is found while there is one.
#[derive(Default)]
pub(crate) struct LoginSlot {
    current: Mutex<Option<Entry>>,
}

#[derive(Clone)]
struct Entry {
    session: SessionId,
    origin: AdmittedOrigin,
    login: mpsc::Sender<ToLogin>,
    /// Held by the socket that serves the login; whether others hold it tells whether there is one.
    attached: Arc<()>,
}

impl Entry {
    fn is_attached(&self) -> bool {
        // One is the slot's own; the other the socket's.
        Arc::strong_count(&self.attached) > 1
    }
}

impl LoginSlot {
    /// Whether no login is under way.
    pub(super) fn is_free(&self) -> bool {
        self.lock().is_none()
    }

    /// Ends the login, if there is one, and waits a little for its worker.
    pub(super) async fn cancel(&self) {
        let login = self.lock().as_ref().map(|entry| entry.login.clone());
        if let Some(login) = login {
            let _ = login.send(ToLogin::Fail(Code::Cancelled)).await;
            let _ = timeout(HANDOVER, login.closed()).await;
        }
    }

    /// Brings a page back to its login: same origin, and the name that only it was told.
    pub(super) async fn resume(
        &self,
        origin: &AdmittedOrigin,
        session: &SessionId,
    ) -> Result<Attachment, Code> {
        let (attachment, sender) = {
            let slot = self.lock();
            let entry = slot
                .as_ref()
                .filter(|entry| entry.origin == *origin)
                .filter(|entry| bool::from(entry.session.as_array().ct_eq(session.as_array())))
                .ok_or(Code::SessionUnknown)?;
            Attachment::to(entry)
        };
        attachment
            .login
            .send(ToLogin::Attach(sender))
            .await
            .map_err(|_| Code::SessionUnknown)?;
        Ok(attachment)
    }

    /// Makes room: refuses while a page is attached, and sends an abandoned login away.
    async fn make_room(&self) -> Result<(), Code> {
        let abandoned = match self.lock().as_ref() {
            None => return Ok(()),
            Some(entry) if entry.is_attached() => return Err(Code::Busy),
            Some(entry) => entry.login.clone(),
        };
        // Its page, should it come back after all, has lost it to another.
        let _ = abandoned.send(ToLogin::Fail(Code::ConnectionLost)).await;
        timeout(HANDOVER, abandoned.closed())
            .await
            .map_err(|_| Code::Busy)
    }

    /// Takes the free slot; between making room and here another request may have come in.
    fn take(self: &Arc<Self>, entry: Entry) -> Result<Taken, Code> {
        let mut slot = self.lock();
        if slot.is_some() {
            return Err(Code::Busy);
        }
        *slot = Some(entry);
        Ok(Taken(Arc::clone(self)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Entry>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A login's hold on the slot; free again when dropped.
struct Taken(Arc<LoginSlot>);

impl Drop for Taken {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}

/// Runs what asks the record of used requests, on a thread that may block: the record is locked, and another daemon of
/// this user may hold the lock.
async fn on_record<T: Send + 'static>(
    ask: impl FnOnce() -> Result<T, Code> + Send + 'static,
) -> Result<T, Code> {
    let ask = move || {
        let answer = ask();
        // Requests are taken apart here, with what opens a document.
        stack::wipe();
        answer
    };
    match timeout(RECORD_TIME, tokio::task::spawn_blocking(ask)).await {
        Ok(Ok(answer)) => answer,
        _ => {
            tracing::error!("the record of used requests gives no answer");
            Err(Code::Internal)
        }
    }
}

/// A socket's hold on the login.
pub(super) struct Attachment {
    login: mpsc::Sender<ToLogin>,
    outgoing: mpsc::Receiver<Outgoing>,
    _attached: Arc<()>,
}

impl Attachment {
    fn to(entry: &Entry) -> (Self, mpsc::Sender<Outgoing>) {
        let (sender, outgoing) = mpsc::channel(QUEUE);
        let attachment = Self {
            login: entry.login.clone(),
            outgoing,
            _attached: Arc::clone(&entry.attached),
        };
        (attachment, sender)
    }

    /// The next message to the page; `None` when another socket took the login over.
    pub(super) async fn receive(&mut self) -> Option<Outgoing> {
        self.outgoing.recv().await
    }

    /// Hands a message of the page to the login. A login that has ended says so by [`Attachment::receive`].
    pub(super) async fn send(&self, message: PageMessage) {
        let _ = self.login.send(ToLogin::Page(message)).await;
    }

    /// Ends the login because of what the page did.
    pub(super) async fn fail(&self, code: Code) {
        let _ = self.login.send(ToLogin::Fail(code)).await;
    }
}

/// What the login waits for.
enum Phase {
    /// The worker's evidence.
    Reading,
    /// The server's answer to the evidence with this hash.
    EvidenceSent { evidence: [u8; 32] },
    /// The worker's result for the command with this hash.
    Confirming { command: [u8; 32] },
    /// The server's verdict.
    ResultSent { command: [u8; 32] },
    /// The worker's return, after the verdict or a cancellation, of which the page hears then, with this reason.
    Ending(&'static str),
    /// The worker's return, after an error, which a page hears at once.
    Failed(Code),
}

impl Phase {
    /// Whether nothing more is carried between page and chip.
    fn is_over(&self) -> bool {
        matches!(self, Self::Ending(_) | Self::Failed(_))
    }
}

/// A login under way.
pub(super) struct Login {
    shared: Arc<Shared>,
    request: Request,
    server: TrustedServer,
    session: SessionId,
    worker: Handle,
    messages: mpsc::Receiver<ToLogin>,
    page: Option<mpsc::Sender<Outgoing>>,
    resumed: usize,
    began: Instant,
    deadline: Instant,
    phase: Phase,
    state: Option<State>,
    sealed: Option<DaemonMessage>,
    /// Dropped with the login, which takes the notification back.
    _shown: oneshot::Sender<()>,
}

impl Login {
    /// Checks the request and starts its login.
    pub(super) async fn start(
        shared: &Arc<Shared>,
        origin: &AdmittedOrigin,
        request: &str,
        typed_access: Option<TypedAccess>,
        language: Option<LanguageTag>,
    ) -> Result<Attachment, Code> {
        let (request, server) = {
            let (shared, origin) = (Arc::clone(shared), origin.clone());
            let request = request.to_owned();
            on_record(move || shared.gate.check(&origin, &request)).await?
        };
        shared.slot.make_room().await?;
        let mut session = [0u8; 32];
        getrandom::fill(&mut session).map_err(|_| Code::Internal)?;
        let session = SessionId::new(session);
        let (to_login, messages) = mpsc::channel(QUEUE);
        let entry = Entry {
            session: session.clone(),
            origin: origin.clone(),
            login: to_login,
            attached: Arc::new(()),
        };
        let (attachment, page) = Attachment::to(&entry);
        let refuse = entry.login.clone();
        let taken = shared.slot.take(entry)?;
        {
            let (shared, request) = (Arc::clone(shared), request.clone());
            on_record(move || shared.gate.mark_used(&request)).await?;
        }
        let began = Instant::now();
        let life = request.claims().exp.saturating_sub(shared.gate.now());
        let deadline = began + Duration::from_secs(life);
        let (worker, inbox, outbox) = session::channel();
        let words = Words::of(&request, language.as_ref());
        let accepted = AcceptedRequest {
            request: request.clone(),
            server: server.clone(),
            typed_access,
            language,
            deadline: deadline.into_std(),
        };
        let (shown, ended) = oneshot::channel();
        let login = Self {
            shared: Arc::clone(shared),
            request,
            server,
            session,
            worker,
            messages,
            page: Some(page),
            resumed: 0,
            began,
            deadline,
            phase: Phase::Reading,
            state: None,
            sealed: None,
            _shown: shown,
        };
        let driver = Arc::clone(&shared.worker);
        let thread = std::thread::Builder::new()
            .name("document".into())
            .stack_size(stack::SIZE)
            .spawn(move || {
                // The login ends, and the page hears of it, when this is gone: after the last trace is.
                let end = outbox.clone();
                driver.run(accepted, inbox, outbox);
                stack::wipe();
                drop(end);
            });
        if let Err(error) = thread {
            tracing::error!(%error, "no thread for the document");
            return Err(Code::Internal);
        }
        tokio::spawn(login.run(taken));
        if shared.notify {
            tokio::spawn(async move {
                // Nothing is ever sent: the end of the sender is the end of the login.
                let ended = async { drop(ended.await) };
                if notification::show(&words, ended).await == Answer::Refused {
                    let _ = refuse.send(ToLogin::Fail(Code::RefusedByCitizen)).await;
                }
            });
        }
        Ok(attachment)
    }

    async fn run(mut self, slot: Taken) {
        self.greet();
        loop {
            tokio::select! {
                message = self.worker.receive() => match message {
                    Some(message) => self.hear_worker(message),
                    None => break,
                },
                Some(message) = self.messages.recv() => match message {
                    ToLogin::Attach(page) => self.attach(page),
                    ToLogin::Page(message) => self.hear_page(message),
                    ToLogin::Fail(code) => self.fail(code),
                },
                () = tokio::time::sleep_until(self.deadline), if !self.phase.is_over() => {
                    self.fail(Code::SessionTimedOut);
                }
            }
        }
        // The worker has left the chip: only now may another login begin.
        drop(slot);
        // A page that came back in the last moment.
        while let Ok(message) = self.messages.try_recv() {
            if let ToLogin::Attach(page) = message {
                self.attach(page);
            }
        }
        match self.phase {
            Phase::Ending(reason) => self.tell(Outgoing::End(End {
                message: Some(DaemonMessage::Finished),
                code: CloseCode::Normal,
                reason,
            })),
            Phase::Failed(_) => {}
            _ => self.tell(Outgoing::End(Code::Internal.into())),
        }
    }

    fn hear_worker(&mut self, message: FromWorker) {
        match (message, &self.phase) {
            (_, over) if over.is_over() => {}
            (FromWorker::State(state), _) => {
                self.state = Some(state.clone());
                self.tell(Outgoing::Message(DaemonMessage::State(state)));
            }
            (FromWorker::Error(code), _) => self.fail(code),
            (FromWorker::Evidence(sealed), Phase::Reading) => {
                self.phase = Phase::EvidenceSent {
                    evidence: sealed_hash(&sealed),
                };
                self.hand_over(DaemonMessage::Evidence { sealed });
            }
            (FromWorker::ChipAuthenticationResult(sealed), &Phase::Confirming { command }) => {
                self.phase = Phase::ResultSent { command };
                self.hand_over(DaemonMessage::ChipAuthenticationResult { sealed });
            }
            (FromWorker::Evidence(_) | FromWorker::ChipAuthenticationResult(_), _) => {
                tracing::error!("the worker spoke out of turn");
                self.fail(Code::Internal);
            }
        }
    }

    fn hear_page(&mut self, message: PageMessage) {
        match (message, &self.phase) {
            (_, over) if over.is_over() => {}
            (PageMessage::Cancel, _) => self.leave(ToWorker::Cancel, Code::Cancelled.symbol()),
            (
                PageMessage::Finish { outcome },
                Phase::EvidenceSent { .. } | Phase::ResultSent { .. },
            ) => {
                self.leave(ToWorker::Finish(outcome), "finished");
            }
            // The server may refuse at any time, for one because its own session ended.
            (
                PageMessage::Finish {
                    outcome: Outcome::Refused,
                },
                _,
            ) => self.leave(ToWorker::Cancel, "finished"),
            (PageMessage::ChipAuthentication { command }, &Phase::EvidenceSent { evidence }) => {
                self.confirm(&command, evidence);
            }
            // A page that came back may not know whether its command arrived.
            (
                PageMessage::ChipAuthentication { command: again },
                &(Phase::Confirming { command } | Phase::ResultSent { command }),
            ) if sealed_hash(&again) == command => {}
            _ => self.fail(Code::MessageUnexpected),
        }
    }

    fn confirm(&mut self, command: &str, evidence: [u8; 32]) {
        let conversation = Conversation {
            server: &self.server,
            request: &self.request,
            evidence,
            now: self.shared.gate.now(),
            elapsed: self.began.elapsed().as_secs(),
        };
        match Command::verify(command, &conversation) {
            Ok(verified) => {
                self.phase = Phase::Confirming {
                    command: sealed_hash(command),
                };
                self.sealed = None;
                if self
                    .worker
                    .send(ToWorker::ChipAuthentication(Box::new(verified)))
                    .is_err()
                {
                    self.fail(Code::Internal);
                }
            }
            Err(refusal) => {
                tracing::warn!(%refusal, "the server's command is refused");
                self.fail(Code::CommandRefused);
            }
        }
    }

    /// Ends in agreement: the page hears `finished` when the worker has returned.
    fn leave(&mut self, farewell: ToWorker, reason: &'static str) {
        // A worker that has returned already needs no farewell.
        let _ = self.worker.send(farewell);
        self.phase = Phase::Ending(reason);
    }

    /// Ends with an error, which the page hears at once.
    fn fail(&mut self, code: Code) {
        if self.phase.is_over() {
            return;
        }
        let _ = self.worker.send(ToWorker::Cancel);
        self.tell(Outgoing::End(code.into()));
        self.phase = Phase::Failed(code);
    }

    /// Puts another socket in the place of the one that was lost, and says again where things stand.
    fn attach(&mut self, page: mpsc::Sender<Outgoing>) {
        self.page = Some(page);
        match self.phase {
            // It hears the end when the worker has returned.
            Phase::Ending(_) => return,
            Phase::Failed(code) => return self.tell(Outgoing::End(code.into())),
            _ => {}
        }
        self.resumed += 1;
        if self.resumed > MAX_RESUMES {
            return self.fail(Code::TooManyMessages);
        }
        self.greet();
        if let Some(state) = self.state.clone() {
            self.tell(Outgoing::Message(DaemonMessage::State(state)));
        }
        if let Some(sealed) = self.sealed.clone() {
            self.tell(Outgoing::Message(sealed));
        }
    }

    fn greet(&mut self) {
        let message = DaemonMessage::Accepted {
            version: self.shared.gate.version().to_string(),
            session: self.session.clone(),
            expires_in: self
                .deadline
                .saturating_duration_since(Instant::now())
                .as_secs(),
        };
        self.tell(Outgoing::Message(message));
    }

    /// Sends what the server waits for, and keeps it for a page that comes back.
    fn hand_over(&mut self, sealed: DaemonMessage) {
        self.sealed = Some(sealed.clone());
        self.tell(Outgoing::Message(sealed));
    }

    fn tell(&mut self, message: Outgoing) {
        // A page that takes nothing is treated as gone; the login waits for it to come back.
        if let Some(page) = &self.page
            && page.try_send(message).is_err()
        {
            self.page = None;
        }
    }
}
