//! Documents on readers of the PC/SC service.
//!
//! Waiting is blocking in SCardGetStatusChange over all readers and the pseudo reader that reports attached readers, so
//! that no timer of ours runs. Cards are connected shared, and held in a transaction while they are read: other programs
//! on a desktop (key agents, browsers) look at every card that appears.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use icao::transport::{Limits, Transport, TransportError};
use pcsc::{
    Card, Context, Error, PNP_NOTIFICATION, Protocols, ReaderState, Scope, ShareMode, State,
};

use super::{Cancel, DocumentLink, DocumentSource, Notice, Notify, ReaderError};
use crate::{doctor, pcsc_loader};

/// Parts of names of slots on which no document can lie: they are not even looked at.
const NO_DOCUMENT_READERS: [&str; 4] = [
    " SAM",
    "Windows Hello",
    "Microsoft UICC",
    "Virtual Smart Card",
];

/// Whether a document can lie on the reader of this name, as far as its name tells.
#[must_use]
pub fn takes_documents(reader: &str) -> bool {
    !NO_DOCUMENT_READERS.iter().any(|part| reader.contains(part))
}

/// How often a card that gives no answer is tried again before the wait for a change of its placement.
const CONNECT_TRIES: u32 = 3;

/// How long a service that was there and went away may take to come back, in steps that double from the first.
const SERVICE_FIRST_WAIT: Duration = Duration::from_millis(100);
const SERVICE_LONGEST_WAIT: Duration = Duration::from_secs(30);

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

/// Documents on the readers of the PC/SC service. Holds no context until the first wait.
pub struct PcscReaders {
    supervisor: Supervisor,
}

impl PcscReaders {
    /// Watches all readers, or only the one called `reader`.
    #[must_use]
    pub fn new(reader: Option<String>, cancel: Cancel, notify: Notify) -> Self {
        Self {
            supervisor: Supervisor {
                only: reader,
                cancel,
                notify,
                context: None,
                had_service: false,
                dismissed: Arc::default(),
                noticed: None,
                laid_anew: false,
                ignore_present: false,
            },
        }
    }

    /// Insists that the document be laid while it is waited for: what lies on a reader from before is ignored until it
    /// was taken away. So no document is read that its holder forgot on the reader.
    #[must_use]
    pub fn laid_anew(mut self, insist: bool) -> Self {
        self.supervisor.laid_anew = insist;
        self.supervisor.ignore_present = insist;
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

/// A card that was set aside: its reader, and the count of insertions at which that was.
type Dismissed = Arc<Mutex<HashMap<CString, u32>>>;

/// Waits for cards and connects to them; survives readers and services that come and go.
struct Supervisor {
    only: Option<String>,
    cancel: Cancel,
    notify: Notify,
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
struct Connected {
    card: Card,
    reader: CString,
    insertions: u32,
}

/// What to do next after one look at all readers.
enum Look {
    Connect { reader: CString, insertions: u32 },
    Wait(Notice),
}

impl Supervisor {
    fn fork(&self) -> Self {
        Self {
            only: self.only.clone(),
            cancel: self.cancel.clone(),
            notify: Arc::clone(&self.notify),
            context: self.context.clone(),
            had_service: self.had_service,
            dismissed: Arc::clone(&self.dismissed),
            noticed: None,
            laid_anew: self.laid_anew,
            ignore_present: false,
        }
    }

    /// Says something once, not again until something else was said.
    fn notice(&mut self, notice: Notice) {
        if self.noticed.as_ref() != Some(&notice) {
            (self.notify)(notice.clone());
            self.noticed = Some(notice);
        }
    }

    /// Blocks until a card is connected, in a transaction.
    fn connect(&mut self) -> Result<Connected, ReaderError> {
        loop {
            let context = self.context()?;
            match self.connect_with(&context) {
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
                Err(ReaderError::NoService)
                    if self.had_service && waited < SERVICE_LONGEST_WAIT =>
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
        let mut tries = 0;
        loop {
            // Before the list is taken, so that a reader attached after it wakes the wait below.
            look(context, std::slice::from_mut(&mut attached))?;
            attached.sync_current_state();
            let mut states = unaware(context)?;
            states.retain(|state| self.is_watched(state.name()));
            look(context, &mut states)?;
            if std::mem::take(&mut self.ignore_present) {
                self.dismiss_present(&states);
            }

            let mut timeout = None;
            match self.judge(&states) {
                Look::Wait(notice) => {
                    // A reader that is attached and will never show is worth no wait: say so.
                    if notice == Notice::NoReader
                        && let Some(code) = doctor::missing_reader_code()
                    {
                        return Err(ReaderError::Hidden(code));
                    }
                    tries = 0;
                    self.notice(notice);
                }
                Look::Connect { reader, insertions } => {
                    match connect_in_transaction(context, &reader) {
                        Ok(card) => {
                            self.notice(Notice::Connected {
                                reader: display_name(&reader),
                            });
                            return Ok(Connected {
                                card,
                                reader,
                                insertions,
                            });
                        }
                        Err(Error::SharingViolation) => {
                            self.notice(Notice::InUse {
                                reader: display_name(&reader),
                            });
                            // The end of another program's hold is reported as a change; the pause is for one that ended
                            // between the look and the attempt.
                            timeout = Some(Duration::from_millis(500));
                        }
                        Err(error) if is_card_trouble(error) => {
                            tries += 1;
                            if tries < CONNECT_TRIES {
                                timeout = Some(Duration::from_millis(150));
                            } else {
                                self.notice(Notice::NotReadable {
                                    reader: display_name(&reader),
                                });
                            }
                        }
                        Err(error) => return Err(ReaderError::Service(error)),
                    }
                }
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

    fn is_watched(&self, reader: &CStr) -> bool {
        let name = display_name(reader);
        match &self.only {
            Some(only) => name == *only,
            None => takes_documents(&name),
        }
    }

    fn dismiss_present(&self, states: &[ReaderState]) {
        let mut dismissed = self
            .dismissed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for state in states {
            if CardPresence::of(state.event_state()) != CardPresence::Absent {
                dismissed.insert(state.name().to_owned(), state.event_count());
            }
        }
    }

    /// Chooses the card to connect to, or says what is missing.
    fn judge(&self, states: &[ReaderState]) -> Look {
        let mut dismissed = self
            .dismissed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut notice = Notice::NoReader;
        for state in states {
            let reader = display_name(state.name());
            match CardPresence::of(state.event_state()) {
                CardPresence::Present => {
                    if dismissed.get(state.name()) != Some(&state.event_count()) {
                        return Look::Connect {
                            reader: state.name().to_owned(),
                            insertions: state.event_count(),
                        };
                    }
                    if self.laid_anew {
                        notice = Notice::LaidBefore { reader };
                    } else if notice == Notice::NoReader {
                        notice = Notice::NoDocument { reader };
                    }
                }
                CardPresence::NotReadable => notice = Notice::NotReadable { reader },
                CardPresence::InUse => notice = Notice::InUse { reader },
                CardPresence::Absent => {
                    dismissed.remove(state.name());
                    if notice == Notice::NoReader {
                        notice = Notice::NoDocument { reader };
                    }
                }
            }
        }
        Look::Wait(notice)
    }
}

/// A card on a PC/SC reader, in a transaction.
struct PcscLink {
    card: Option<Card>,
    reader: CString,
    name: String,
    insertions: u32,
    limits: Limits,
    supervisor: Supervisor,
    /// Room for the longest answer. The usual 264 bytes are too few: protected answers to a short Le reach 293.
    buffer: Vec<u8>,
}

impl PcscLink {
    fn new(connected: Connected, supervisor: Supervisor) -> Self {
        let mut link = Self {
            card: None,
            reader: CString::default(),
            name: String::new(),
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
        } = connected;
        self.limits = limits(&card);
        self.name = display_name(&reader);
        self.reader = reader;
        self.insertions = insertions;
        self.card = Some(card);
    }
}

impl Transport for PcscLink {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        if command.len() > self.limits.max_command {
            return Err(TransportError::TooLong);
        }
        let card = self.card.as_ref().ok_or(TransportError::CardRemoved)?;
        match card.transmit(command, &mut self.buffer) {
            // Some drivers report success and no answer for a card that left meanwhile.
            Ok([] | [_]) => Err(TransportError::CardReset),
            Ok(answer) => Ok(answer.to_vec()),
            Err(error) => Err(transport_error(error, command.len())),
        }
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        // Disconnecting resets the card and ends the transaction; a card that is gone is waited for.
        self.card = None;
        let connected = self.supervisor.connect().map_err(|error| match error {
            ReaderError::Cancelled => TransportError::Cancelled,
            ReaderError::Service(Error::SharingViolation) => TransportError::Sharing,
            _ => TransportError::Service,
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

    fn keep_alive(&mut self) {
        if let Some(card) = &self.card {
            let _found_out_at_the_next_command = card.status2_owned();
        }
    }

    fn dismiss(&mut self) {
        self.card = None;
        let mut dismissed = self
            .supervisor
            .dismissed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        dismissed.insert(self.reader.clone(), self.insertions);
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

/// Connects shared, and keeps other programs out until the card is disconnected.
fn connect_in_transaction(context: &Context, reader: &CStr) -> Result<Card, Error> {
    let mut card = context.connect(reader, ShareMode::Shared, Protocols::ANY)?;
    // The transaction lasts as long as the connection: SCardDisconnect, which `Card` does when dropped, ends it too. The
    // guard would only tie both to one stack frame, while a link moves between threads and reconnects.
    std::mem::forget(card.transaction()?);
    Ok(card)
}

/// Names come from the service in UTF-8 or the system's code page; this is for comparison and display.
fn display_name(reader: &CStr) -> String {
    reader.to_string_lossy().into_owned()
}

/// Errors after which the context is of no use any more.
fn is_stale(error: Error) -> bool {
    matches!(
        error,
        Error::NoService
            | Error::ServiceStopped
            | Error::InvalidHandle
            | Error::Shutdown
            | Error::CommError
            | Error::ReaderUnavailable
    )
}

/// Errors that the placement of the card explains.
fn is_card_trouble(error: Error) -> bool {
    matches!(
        error,
        Error::NoSmartcard
            | Error::UnresponsiveCard
            | Error::UnpoweredCard
            | Error::RemovedCard
            | Error::ResetCard
            | Error::ProtoMismatch
            | Error::NotReady
            | Error::UnknownReader
            | Error::InvalidAtr
            | Error::CommDataLost
            | Error::NotTransacted
            | Error::UnsupportedCard
    )
}

fn transport_error(error: Error, command_len: usize) -> TransportError {
    match error {
        Error::RemovedCard | Error::NoSmartcard | Error::UnpoweredCard => {
            TransportError::CardRemoved
        }
        Error::ResetCard => TransportError::CardReset,
        Error::Timeout | Error::UnresponsiveCard => TransportError::Timeout,
        Error::SharingViolation => TransportError::Sharing,
        Error::InsufficientBuffer => TransportError::TooLong,
        // What drivers say to a command longer than they carry, and also to a card that left the field meanwhile.
        Error::NotTransacted | Error::InvalidValue | Error::InvalidParameter
            if command_len > Limits::SHORT.max_command =>
        {
            TransportError::TooLong
        }
        Error::NotTransacted | Error::CommDataLost => TransportError::CardReset,
        Error::NoService
        | Error::ServiceStopped
        | Error::InvalidHandle
        | Error::Shutdown
        | Error::CommError
        | Error::UnknownReader
        | Error::ReaderUnavailable => TransportError::Service,
        error => TransportError::Other(error.to_string()),
    }
}

/// CM_IOCTL_GET_FEATURE_REQUEST (PC/SC part 10, 2.2): which extra control codes a reader has.
const GET_FEATURE_REQUEST: u32 = 3400;
/// Feature whose control code answers with the reader's properties as TLV (PC/SC part 10, 2.6.14).
const FEATURE_GET_TLV_PROPERTIES: u8 = 0x12;
/// Property dwMaxAPDUDataSize, four bytes little-endian.
const MAX_APDU_DATA_SIZE: u8 = 0x0A;

/// What reader and driver carry. A reader that does not say is taken at its word of carrying extended APDUs only if the
/// chip asks for them: the terminal falls back when they fail.
fn limits(card: &Card) -> Limits {
    match max_apdu_data_size(card) {
        Some(0..=256) => Limits::SHORT,
        Some(size) => {
            let size = usize::try_from(size)
                .unwrap_or(usize::MAX)
                .min(Limits::EXTENDED.max_response - 2);
            Limits {
                max_command: size.saturating_add(9).min(Limits::EXTENDED.max_command),
                max_response: size.saturating_add(2),
            }
        }
        None => Limits::EXTENDED,
    }
}

fn max_apdu_data_size(card: &Card) -> Option<u32> {
    let mut buffer = [0; 256];
    let features = card
        .control(
            ::pcsc::ctl_code(GET_FEATURE_REQUEST.into()),
            &[],
            &mut buffer,
        )
        .ok()?;
    let code = property(features, FEATURE_GET_TLV_PROPERTIES)?;
    let code = u32::from_be_bytes(code.try_into().ok()?);
    let mut buffer = [0; 256];
    let properties = card.control(code.into(), &[], &mut buffer).ok()?;
    let size = property(properties, MAX_APDU_DATA_SIZE)?;
    Some(u32::from_le_bytes(size.try_into().ok()?))
}

/// The value with this tag in a list of one-byte tag, one-byte length, value.
fn property(mut list: &[u8], wanted: u8) -> Option<&[u8]> {
    loop {
        let (&[tag, length], rest) = list.split_first_chunk::<2>()?;
        let (value, rest) = rest.split_at_checked(usize::from(length))?;
        if tag == wanted {
            return Some(value);
        }
        list = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::property;

    #[test]
    fn a_property_is_found_and_a_cut_list_is_no_harm() {
        let list = [0x01, 2, 0xAA, 0xBB, 0x0A, 4, 0x00, 0x00, 0x01, 0x00];
        assert_eq!(
            property(&list, 0x0A),
            Some([0x00, 0x00, 0x01, 0x00].as_slice())
        );
        assert_eq!(property(&list, 0x0B), None);
        assert_eq!(property(&list[..7], 0x0A), None);
        assert_eq!(property(&[0x0A], 0x0A), None);
    }
}
