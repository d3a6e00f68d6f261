//! A login, from the wait for a document to the server's decision, on a thread that may block.
//!
//! ```text
//! wait ▸ open ▸ EF.SOD, DG14, DG15 or DG13 ▸ Active Authentication ▸ evidence, sealed            ──▶ server
//!      ◀── the server's key and protected commands, signed and checked
//! Chip Authentication with t·P ▸ the commands ▸ the chip's answers, sealed               ──▶ server
//! ```
//!
//! What the server asks for is held against what was read here: protocol and key against DG14, DG14 against EF.SOD,
//! the commands against a closed list. The identity file is read by the server alone where the chip can do Chip
//! Authentication; the daemon reads it only from a chip that cannot, and only if the request says so.

pub(crate) mod access;
mod codes;
mod files;
mod link;
mod progress;
mod proofs;

use std::cell::RefCell;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use icao::access_key::AccessKey;
use icao::lds::Application;
use icao::terminal::{Error, Policy, Terminal};
use icao::verifier::identity_group;
use protocol::error::Code;
use protocol::messages::{Hint, Step};
use rand_core::UnwrapErr;

use crate::notification::service_name;
use crate::reader::{self, Cancel, DocumentLink, DocumentSource, Learned, Notify};
use crate::session::{AcceptedRequest, FromWorker, Gone, Inbox, Outbox, ToWorker, Worker};
use files::Files;
use link::LoginLink;
use progress::Progress;

/// Most commands and bytes spent on one placement of a document: about four times what the longest files of a login cost a
/// chip that takes 64 bytes at a time.
const MOST_APDUS: u32 = 1024;
const MOST_BYTES: u64 = 512 * 1024;

/// How often the document is touched while the server thinks. Windows resets a card that was left alone for five seconds
/// in a transaction, and with it all keys.
const KEEP_ALIVE: Duration = Duration::from_secs(3);

/// Opens the place where documents are laid, for one login.
pub type OpenSource = Box<dyn Fn(Cancel, Notify) -> Box<dyn DocumentSource> + Send + Sync>;

/// Drives documents through logins.
pub struct LoginWorker {
    open_source: OpenSource,
    keep_alive: Duration,
}

impl LoginWorker {
    /// A worker over documents from `open_source`, which is asked anew for every login: between logins nothing is held.
    #[must_use]
    pub fn new(open_source: OpenSource) -> Self {
        Self {
            open_source,
            keep_alive: KEEP_ALIVE,
        }
    }

    /// The same worker with another pause between two touches of a document while the server thinks.
    #[must_use]
    pub fn with_keep_alive(mut self, pause: Duration) -> Self {
        self.keep_alive = pause;
        self
    }
}

impl Worker for LoginWorker {
    fn run(&self, request: AcceptedRequest, from_page: Inbox, to_page: Outbox) {
        let cancel = Cancel::new();
        announce(&request);
        let progress = Progress::new(to_page.clone());
        let source = (self.open_source)(cancel.clone(), progress.notices());
        let login = Login {
            request,
            from_page,
            to_page,
            cancel,
            progress,
            keep_alive: self.keep_alive,
        };
        let end = login.run(source);
        login.from_page.clear_interrupt();
        match end {
            Ok(()) | Err(Stop::Cancelled) => {}
            Err(Stop::Failed(code)) => login.fail(code),
            Err(Stop::Refused(_)) => login.fail(Code::AccessDataWrong),
        }
    }
}

/// Why a login stops.
enum Stop {
    /// The page, or its time, is over.
    Cancelled,
    /// It failed, and the page is told.
    Failed(Code),
    /// The document refused this many access keys and others are left: tried when it was taken away and laid again.
    Refused(usize),
}

impl From<Code> for Stop {
    fn from(code: Code) -> Self {
        Self::Failed(code)
    }
}

impl From<Gone> for Stop {
    fn from(_: Gone) -> Self {
        Self::Cancelled
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        // The words of these errors name steps, files and status words, no data.
        tracing::info!(%error, "the chip could not be read");
        match error {
            Error::WrongAccessKey { tries, left } if left > 0 => {
                Self::Refused(usize::try_from(tries).unwrap_or(usize::MAX))
            }
            error => Self::Failed(codes::of_terminal(&error)),
        }
    }
}

struct Login {
    request: AcceptedRequest,
    from_page: Inbox,
    to_page: Outbox,
    cancel: Cancel,
    progress: Progress,
    keep_alive: Duration,
}

/// What is left to do when a document has done its part.
enum Left {
    /// The server's decision is to come.
    Decision,
    /// Nothing: the server has decided already.
    Nothing,
}

impl Login {
    fn fail(&self, code: Code) {
        tracing::info!(code = code.symbol(), "login failed");
        let _gone = self.to_page.send(FromWorker::Error(code));
    }

    fn run(&self, mut source: Box<dyn DocumentSource>) -> Result<(), Stop> {
        let keys = access::keys(&self.request)?;
        self.interruptible()?;
        self.progress.enter(Step::WaitingForReader);
        let mut refused = 0usize;
        loop {
            let mut link = source
                .next_document()
                .map_err(|error| self.stop_of_wait(codes::of_reader(error)))?;
            let started = Instant::now();
            match self.with_document(&mut *link, &keys, refused, started) {
                // Some other card: the document is still to come.
                Err(Stop::Failed(Code::NotADocument)) => {
                    // A card with contacts is a key or a badge that lies in its slot all day.
                    if link.is_contactless() {
                        self.progress.hint(Hint::OtherDocument);
                    }
                    link.dismiss();
                }
                // A chip slows down or blocks after wrong keys; the citizen's hand limits the pace of further ones.
                Err(Stop::Refused(tries)) => {
                    refused = refused.saturating_add(tries);
                    self.progress.hint(Hint::LayAgain);
                    link.dismiss();
                    continue;
                }
                // A wait that was cancelled looks like a lost document from inside.
                Err(Stop::Failed(code)) => return Err(self.stop_of_wait(code)),
                Err(stop) => return Err(stop),
                Ok(left) => {
                    // The chip is not needed for the decision: others may have it.
                    drop(link);
                    return match left {
                        Left::Decision => self.finish(),
                        Left::Nothing => Ok(()),
                    };
                }
            }
            self.progress.enter(Step::WaitingForDocument);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled() || self.from_page.is_cancelled()
    }

    fn stop_of_wait(&self, code: Code) -> Stop {
        if self.is_cancelled() {
            Stop::Cancelled
        } else {
            Stop::Failed(code)
        }
    }

    /// From here on, a message of the page ends waits for readers and documents: it can only be a cancellation.
    fn interruptible(&self) -> Result<(), Stop> {
        let cancel = self.cancel.clone();
        self.from_page.set_interrupt(move || {
            let cancel = cancel.clone();
            let now = cancel.clone();
            // Ending a wait may take a moment, which the socket's thread has not got, unless there is no other.
            let thread = std::thread::Builder::new().spawn(move || cancel.cancel());
            if thread.is_err() {
                now.cancel();
            }
        });
        if self.from_page.is_cancelled() {
            Err(Stop::Cancelled)
        } else {
            Ok(())
        }
    }

    fn with_document(
        &self,
        link: &mut dyn DocumentLink,
        keys: &[AccessKey],
        refused: usize,
        started: Instant,
    ) -> Result<Left, Stop> {
        let reader = reader::model_of(link.reader_name());
        // The terminal sends over it; while the server thinks, this login keeps it alive.
        let document_link = RefCell::new(link);
        let mut link = LoginLink::new(&document_link, self);
        let mut policy = Policy::default();
        policy.most_apdus = MOST_APDUS;
        policy.most_bytes = MOST_BYTES;
        let mut rng = UnwrapErr(getrandom::SysRng);
        let mut on_event = |event| self.progress.event(event);
        let wanted = self.request.request.claims().document;
        let application = Application::of(files::kind(wanted));
        let mut terminal =
            Terminal::new(&mut link, &mut rng, policy, &mut on_event).for_application(application);

        self.progress.enter(Step::Opening);
        let access = terminal.open_after(keys, refused)?;
        if let Some(key) = terminal.opened_with() {
            // Which reading of a licence's line is its password: a fact of the kind of document, not of its holder.
            tracing::info!(key = ?key.kind(), ?access, "the chip is open");
        }
        self.progress.enter(Step::Reading);
        let document = Files::read(&mut terminal, wanted)?;
        let offers_chip_authentication = document
            .dg14
            .as_ref()
            .is_some_and(|dg14| files::chip_key(dg14).is_some());
        if !offers_chip_authentication && document.authentication_key.is_none() {
            return Err(Code::NoChipProof.into());
        }
        let identity_file = match offers_chip_authentication {
            true => None,
            false if self.request.request.allows_identity_file() => {
                Some(terminal.read(application.data_group(identity_group(files::kind(wanted))))?)
            }
            false => return Err(Code::IdentityFileNotAllowed.into()),
        };
        self.progress.enter(Step::Proving);
        let signature = match &document.authentication_key {
            Some(key) => Some(self.active_authentication(&mut terminal, &document.sod, key)?),
            None => None,
        };
        let evidence = self.evidence(
            &terminal,
            &document,
            access,
            identity_file,
            signature,
            reader,
            started,
        )?;
        let sealed = self.seal(&evidence)?;
        self.progress.enter(Step::WaitingForServer);
        self.from_page.clear_interrupt();
        self.to_page.send(FromWorker::Evidence(sealed))?;
        let Some(dg14) = document
            .dg14
            .as_ref()
            .filter(|_| offers_chip_authentication)
        else {
            return Ok(Left::Decision);
        };
        let command = match self.receive_keeping_alive(&document_link)? {
            ToWorker::ChipAuthentication(command) => command,
            ToWorker::Finish(_) => {
                self.progress.enter(Step::Done);
                return Ok(Left::Nothing);
            }
            ToWorker::Cancel => return Err(Stop::Cancelled),
        };
        self.interruptible()?;
        self.progress.enter(Step::Confirming);
        let result = self.chip_authentication(&mut terminal, &document, dg14, &command)?;
        self.from_page.clear_interrupt();
        let sealed = self.seal(&result)?;
        self.to_page
            .send(FromWorker::ChipAuthenticationResult(sealed))?;
        Ok(Left::Decision)
    }

    /// The next message of the page. The document is touched meanwhile; what becomes of that, the next command finds out.
    fn receive_keeping_alive(
        &self,
        link: &RefCell<&mut dyn DocumentLink>,
    ) -> Result<ToWorker, Stop> {
        loop {
            if let Some(message) = self.from_page.receive_timeout(self.keep_alive)? {
                return Ok(message);
            }
            link.borrow_mut().keep_alive();
        }
    }

    /// Waits for the server's decision.
    fn finish(&self) -> Result<(), Stop> {
        match self.from_page.receive()? {
            ToWorker::Finish(_) => {
                self.progress.enter(Step::Done);
                Ok(())
            }
            ToWorker::Cancel => Err(Stop::Cancelled),
            ToWorker::ChipAuthentication(_) => Err(Code::MessageUnexpected.into()),
        }
    }
}

/// Says in this program's own log, which no page can paint over, who asks for what. Nothing of it is the citizen's.
fn announce(request: &AcceptedRequest) {
    let claims = request.request.claims();
    let name = service_name(&request.request, request.language.as_ref());
    // A display name holds no control characters.
    let service = name.map_or("", |name| name.as_str());
    let files = match request.request.allows_identity_file() {
        true => "EF.SOD, public keys, identity file",
        false => "EF.SOD, public keys",
    };
    tracing::info!(service, origin = %claims.aud, files, "login accepted");
}

/// A worker over the readers of this computer; `laid_anew` insists that the document be laid after the request came.
#[must_use]
pub fn over_pcsc(
    reader: Option<String>,
    laid_anew: bool,
    learned: Arc<Mutex<Learned>>,
) -> LoginWorker {
    LoginWorker::new(Box::new(move |cancel, notify| {
        let learned = Arc::clone(&learned);
        let readers =
            crate::reader::pcsc::PcscReaders::new(reader.clone(), cancel, notify, learned);
        Box::new(readers.laid_anew(laid_anew))
    }))
}

/// A worker over a simulated document.
#[cfg(feature = "simulator")]
#[must_use]
pub fn over_simulator(profile: icao::simulator::Profile) -> LoginWorker {
    LoginWorker::new(Box::new(move |cancel, notify| {
        Box::new(crate::reader::simulated::SimulatedReader::with_document(
            profile, cancel, notify,
        ))
    }))
}

/// A worker over simulated documents that somebody else lays and lifts.
#[cfg(feature = "simulator")]
#[must_use]
pub fn over_desk(desk: crate::reader::simulated::Desk) -> LoginWorker {
    LoginWorker::new(Box::new(move |cancel, notify| {
        Box::new(crate::reader::simulated::SimulatedReader::new(
            desk.clone(),
            cancel,
            notify,
        ))
    }))
}
