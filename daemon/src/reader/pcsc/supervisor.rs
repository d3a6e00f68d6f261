//! Waits for cards and connects to them; survives readers and services that come and go.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use pcsc::{
    Card, Context, Disposition, Error, PNP_NOTIFICATION, Protocols, ReaderState, ShareMode, State,
};

use super::errors::{is_card_trouble, is_stale};
use super::{CardPresence, display_name, establish, look, unaware};
use crate::doctor;
use crate::reader::{Cancel, Learned, Notice, Notify, ReaderError, culprit, slot};

/// How often a card that gives no answer is tried again before the wait for a change of its placement.
const CONNECT_TRIES: u32 = 3;
const CONNECT_PAUSE: Duration = Duration::from_millis(150);

/// Pauses between attempts at a card that another program holds: from the first, doubling to the longest. The end of that
/// hold is an event, which pcscd does not always report.
const SHARING_FIRST_PAUSE: Duration = Duration::from_millis(100);
const SHARING_LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A transaction of another program that lasts longer is worth a word to the citizen: most read a few bytes and are done.
const TRANSACTION_PATIENCE: Duration = Duration::from_secs(1);

/// How long a service that was there and went away may take to come back, in steps that double from the first.
const SERVICE_FIRST_WAIT: Duration = Duration::from_millis(100);
const SERVICE_LONGEST_WAIT: Duration = Duration::from_secs(30);

/// libpcsclite takes a connection that pcscd closes for a refusal (polkit), whether it refused or died. So often in a row
/// it is taken for a death.
const REFUSALS: u32 = 3;

/// A card that was set aside: its reader, and the count of insertions at which that was.
type Dismissed = Arc<Mutex<HashMap<CString, u32>>>;

/// See the [module](self).
pub(super) struct Supervisor {
    only: Option<String>,
    /// Where the document lay before, if it is the same that is waited for again.
    preferred: Option<CString>,
    cancel: Cancel,
    notify: Notify,
    learned: Arc<Mutex<Learned>>,
    context: Option<Context>,
    had_service: bool,
    dismissed: Dismissed,
    noticed: Option<Notice>,
    /// Whether the document has to be laid while it is waited for.
    laid_anew: bool,
    /// Whether the next look is the first, and what it finds was there before.
    ignore_present: bool,
}

/// A card and where it lies.
pub(super) struct Connected {
    pub(super) card: Card,
    pub(super) reader: CString,
    pub(super) insertions: u32,
    pub(super) contactless: bool,
}

/// A card that lies on a reader and may be the document.
#[derive(Clone)]
struct Candidate {
    reader: CString,
    insertions: u32,
    contactless: bool,
}

/// What to do next after one look at all readers.
enum Look {
    Connect(Candidate),
    Wait(Notice),
}

/// How an attempt at a card ended.
enum Attempt {
    Connected(Card),
    Failed(Error),
    Cancelled,
}

impl Supervisor {
    pub(super) fn new(
        only: Option<String>,
        cancel: Cancel,
        notify: Notify,
        learned: Arc<Mutex<Learned>>,
    ) -> Self {
        Self {
            only,
            preferred: None,
            cancel,
            notify,
            learned,
            context: None,
            had_service: false,
            dismissed: Arc::default(),
            noticed: None,
            laid_anew: false,
            ignore_present: false,
        }
    }

    pub(super) fn fork(&self) -> Self {
        Self {
            only: self.only.clone(),
            preferred: None,
            cancel: self.cancel.clone(),
            notify: Arc::clone(&self.notify),
            learned: Arc::clone(&self.learned),
            context: self.context.clone(),
            had_service: self.had_service,
            dismissed: Arc::clone(&self.dismissed),
            noticed: None,
            laid_anew: self.laid_anew,
            ignore_present: false,
        }
    }

    /// What lies on a reader from before is ignored until it was taken away.
    pub(super) fn insist_on_laying(&mut self, insist: bool) {
        self.laid_anew = insist;
        self.ignore_present = insist;
    }

    /// What was learned about readers.
    pub(super) fn learned(&self) -> MutexGuard<'_, Learned> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of several documents, that on this reader is meant.
    pub(super) fn prefer(&mut self, reader: &CStr) {
        self.preferred = Some(reader.to_owned());
    }

    /// The card inserted as the one counted `insertions` is left alone until it was taken away.
    pub(super) fn dismiss(&self, reader: CString, insertions: u32) {
        self.dismissed().insert(reader, insertions);
    }

    fn dismissed(&self) -> MutexGuard<'_, HashMap<CString, u32>> {
        self.dismissed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Says something once, not again until something else was said.
    fn notice(&mut self, notice: Notice) {
        if self.noticed.as_ref() != Some(&notice) {
            (self.notify)(notice.clone());
            self.noticed = Some(notice);
        }
    }

    fn notice_in_use(&mut self, reader: &CStr) {
        let reader = display_name(reader);
        // Looking for the culprit is work: once is enough.
        if !matches!(&self.noticed, Some(Notice::InUse { reader: noticed, .. }) if *noticed == reader)
        {
            let by = culprit::look();
            self.notice(Notice::InUse { reader, by });
        }
    }

    /// Blocks until a card is connected, in a transaction.
    pub(super) fn connect(&mut self) -> Result<Connected, ReaderError> {
        let mut refusals = 0;
        loop {
            let context = self.context()?;
            match self.connect_with(&context) {
                Err(ReaderError::Service(Error::SecurityViolation)) => {
                    refusals += 1;
                    if refusals > REFUSALS {
                        return Err(ReaderError::AccessDenied);
                    }
                    self.context = None;
                    self.notice(Notice::ServiceLost);
                }
                Err(ReaderError::Service(error)) if is_stale(error) => {
                    // The service stopped, or its last reader went and it stopped for that: begin anew.
                    self.context = None;
                    self.notice(Notice::ServiceLost);
                }
                other => return other,
            }
        }
    }

    fn context(&mut self) -> Result<Context, ReaderError> {
        if let Some(context) = &self.context {
            return Ok(context.clone());
        }
        let mut pause = SERVICE_FIRST_WAIT;
        let mut waited = Duration::ZERO;
        loop {
            if self.cancel.is_cancelled() {
                return Err(ReaderError::Cancelled);
            }
            match establish() {
                Ok(context) => {
                    self.had_service = true;
                    return Ok(self.context.insert(context).clone());
                }
                // PC/SC reports no event for its own return, so a service that was there is asked for again.
                Err(error)
                    if self.had_service
                        && waited < SERVICE_LONGEST_WAIT
                        && may_be_absence(error) =>
                {
                    thread::sleep(pause);
                    waited += pause;
                    pause = (pause * 2).min(Duration::from_secs(2));
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn connect_with(&mut self, context: &Context) -> Result<Connected, ReaderError> {
        let mut attached = ReaderState::new(PNP_NOTIFICATION(), State::UNAWARE);
        let (mut tries, mut sharing, mut revivals) = (0, 0, 0);
        loop {
            // Before the list is taken, so that a reader attached after it wakes the wait below.
            look(context, std::slice::from_mut(&mut attached))?;
            attached.sync_current_state();
            let mut states = unaware(context)?;
            let names: Vec<String> = states.iter().map(|s| display_name(s.name())).collect();
            states.retain(|state| self.is_watched(state.name(), &names));
            look(context, &mut states)?;
            if std::mem::take(&mut self.ignore_present) {
                self.dismiss_present(&states);
            }

            let mut timeout = None;
            match self.judge(&states) {
                Look::Wait(Notice::InUse { reader, .. }) => {
                    self.notice_in_use(&CString::new(reader).unwrap_or_default());
                    timeout = Some(sharing_pause(&mut sharing));
                }
                // A card that slid away for less than the service notices fails its reset, and is mute or absent to the service
                // until it is taken away, or powered anew.
                Look::Wait(notice) if revivals < CONNECT_TRIES && self.may_lie_there(&notice) => {
                    revivals += 1;
                    if !self.revive(context, &notice) {
                        self.notice(notice);
                    }
                    timeout = Some(CONNECT_PAUSE);
                }
                Look::Wait(notice) => {
                    // A reader that is attached and will never show is worth no wait: say so.
                    if notice == Notice::NoReader
                        && let Some(code) = doctor::missing_reader_code()
                    {
                        return Err(ReaderError::Hidden(code));
                    }
                    (tries, sharing) = (0, 0);
                    self.notice(notice);
                }
                Look::Connect(candidate) => match self.attempt(&candidate.reader)? {
                    Attempt::Connected(card) => {
                        self.notice(Notice::Connected {
                            reader: display_name(&candidate.reader),
                        });
                        return Ok(Connected {
                            card,
                            reader: candidate.reader,
                            insertions: candidate.insertions,
                            contactless: candidate.contactless,
                        });
                    }
                    Attempt::Cancelled => return Err(ReaderError::Cancelled),
                    Attempt::Failed(Error::SharingViolation) => {
                        self.notice_in_use(&candidate.reader);
                        timeout = Some(sharing_pause(&mut sharing));
                    }
                    Attempt::Failed(error) if is_card_trouble(error) => {
                        tries += 1;
                        if tries < CONNECT_TRIES {
                            timeout = Some(CONNECT_PAUSE);
                        } else {
                            self.notice(Notice::NotReadable {
                                reader: display_name(&candidate.reader),
                            });
                        }
                    }
                    Attempt::Failed(error) => return Err(ReaderError::Service(error)),
                },
            }

            for state in &mut states {
                state.sync_current_state();
            }
            states.push(attached);
            let waited = self
                .cancel
                .clone()
                .while_waiting(context, || context.get_status_change(timeout, &mut states))?;
            match waited {
                // A reader that was unplugged is found missing at the next look.
                Ok(()) | Err(Error::Timeout | Error::UnknownReader | Error::Cancelled) => {}
                Err(error) => return Err(ReaderError::Service(error)),
            }
            attached = states
                .pop()
                .unwrap_or_else(|| ReaderState::new(PNP_NOTIFICATION(), State::UNAWARE));
        }
    }

    /// Whether a card may lie on a reader of which the service says that there is none that answers: one that is mute, or the
    /// document that lay there a moment ago.
    fn may_lie_there(&self, notice: &Notice) -> bool {
        match notice {
            Notice::NotReadable { .. } => true,
            Notice::NoDocument { .. } => self.preferred.is_some(),
            _ => false,
        }
    }

    /// Has a card powered off and on. `true` if it answers now.
    fn revive(&self, context: &Context, notice: &Notice) -> bool {
        let reader = match (notice, &self.preferred) {
            (Notice::NotReadable { reader }, _) => CString::new(reader.as_str()).ok(),
            (_, preferred) => preferred.clone(),
        };
        let Some(reader) = reader else {
            return false;
        };
        let Ok(mut card) = context.connect(&reader, ShareMode::Direct, Protocols::UNDEFINED) else {
            return false;
        };
        let answers = card
            .reconnect(ShareMode::Shared, Protocols::ANY, Disposition::ResetCard)
            .is_ok();
        // Left as it is: the connection that reads it resets it once more.
        let _gone = card.disconnect(Disposition::LeaveCard);
        answers
    }

    fn is_watched(&self, reader: &CStr, all: &[String]) -> bool {
        let name = display_name(reader);
        match &self.only {
            Some(only) => name == *only,
            None => slot::is_watched(&name, all),
        }
    }

    fn dismiss_present(&self, states: &[ReaderState]) {
        let mut dismissed = self.dismissed();
        for state in states {
            if CardPresence::of(state.event_state()) != CardPresence::Absent {
                dismissed.insert(state.name().to_owned(), state.event_count());
            }
        }
    }

    /// Chooses the card to connect to, or says what is missing.
    ///
    /// A contactless card comes before one with contacts, which is asked only where nothing else lies: it may be a key that
    /// is always there. Two contactless ones are one too many, unless one lies where the document lay before.
    fn judge(&self, states: &[ReaderState]) -> Look {
        let mut dismissed = self.dismissed();
        let mut notice = Notice::NoReader;
        let mut candidates = Vec::new();
        for state in states {
            let reader = display_name(state.name());
            match CardPresence::of(state.event_state()) {
                CardPresence::Present => {
                    if dismissed.get(state.name()) != Some(&state.event_count()) {
                        candidates.push(Candidate {
                            reader: state.name().to_owned(),
                            insertions: state.event_count(),
                            contactless: slot::is_contactless(state.atr()),
                        });
                    }
                    if self.laid_anew {
                        notice = Notice::LaidBefore { reader };
                    } else if notice == Notice::NoReader {
                        notice = Notice::NoDocument { reader };
                    }
                }
                CardPresence::NotReadable => notice = Notice::NotReadable { reader },
                CardPresence::InUse => notice = Notice::InUse { reader, by: None },
                CardPresence::Absent => {
                    dismissed.remove(state.name());
                    if notice == Notice::NoReader {
                        notice = Notice::NoDocument { reader };
                    }
                }
            }
        }
        let preferred = candidates
            .iter()
            .find(|candidate| self.preferred.as_ref() == Some(&candidate.reader));
        if let Some(candidate) = preferred {
            return Look::Connect(candidate.clone());
        }
        let mut contactless = candidates.iter().filter(|candidate| candidate.contactless);
        match (contactless.next(), contactless.next()) {
            (Some(_), Some(_)) => Look::Wait(Notice::SeveralDocuments),
            (Some(candidate), None) => Look::Connect(candidate.clone()),
            (None, _) => match candidates.first() {
                Some(candidate) => Look::Connect(candidate.clone()),
                None => Look::Wait(notice),
            },
        }
    }

    /// Connects shared, and keeps other programs out until the card is disconnected.
    ///
    /// SCardBeginTransaction waits for the transaction of another program without end, and SCardCancel does not reach it: it
    /// waits on a thread and in a context of its own, which end with that transaction if nobody waits any more.
    fn attempt(&mut self, reader: &CStr) -> Result<Attempt, ReaderError> {
        let (sender, outcome) = mpsc::channel();
        let cancelled = sender.clone();
        // A service that died since the look is waited for like any that died.
        let context = establish().map_err(|error| match error {
            ReaderError::NoService => ReaderError::Service(Error::NoService),
            ReaderError::AccessDenied => ReaderError::Service(Error::SecurityViolation),
            error => error,
        })?;
        let name = reader.to_owned();
        let thread = thread::Builder::new().name("transaction".to_owned());
        let spawned = thread.spawn(move || {
            let attempt = match begin_transaction(&context, &name) {
                Ok(card) => Attempt::Connected(card),
                Err(error) => Attempt::Failed(error),
            };
            // If nobody waits any more the card is dropped with the message, which disconnects it.
            let _ = sender.send(attempt);
        });
        if spawned.is_err() {
            return Err(ReaderError::Service(Error::NoMemory));
        }
        let cancel = self.cancel.clone();
        let _waker = cancel.call_at_cancellation(move || {
            let _ = cancelled.send(Attempt::Cancelled);
        });
        match outcome.recv_timeout(TRANSACTION_PATIENCE) {
            Ok(attempt) => return Ok(attempt),
            Err(RecvTimeoutError::Disconnected) => return Ok(Attempt::Cancelled),
            Err(RecvTimeoutError::Timeout) => {}
        }
        self.notice_in_use(reader);
        Ok(outcome.recv().unwrap_or(Attempt::Cancelled))
    }
}

/// Whether a service that cannot be reached may only be on its way down or up.
fn may_be_absence(error: ReaderError) -> bool {
    match error {
        ReaderError::NoService | ReaderError::AccessDenied => true,
        ReaderError::Service(error) => is_stale(error),
        _ => false,
    }
}

/// The next pause, after so many.
fn sharing_pause(before: &mut u32) -> Duration {
    let pause = SHARING_FIRST_PAUSE.saturating_mul(2u32.saturating_pow(*before));
    *before = before.saturating_add(1);
    pause.min(SHARING_LONGEST_PAUSE)
}

fn begin_transaction(context: &Context, reader: &CStr) -> Result<Card, Error> {
    let mut card = context.connect(reader, ShareMode::Shared, Protocols::ANY)?;
    // The transaction lasts as long as the connection: SCardDisconnect, which `Card` does when dropped, ends it too. The
    // guard would only tie both to one stack frame, while a link moves between threads and reconnects.
    std::mem::forget(card.transaction()?);
    Ok(card)
}
