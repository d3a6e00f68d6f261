//! A reader of our own at a real pcscd: the test plays it through the driver in `hardware-tests/ifd-handler`.
//!
//! Where [`crate::vpcd`] is a chip on somebody's reader, this is the reader too: it can be pulled out, refuse long APDUs,
//! be a SAM slot, ask for more time, or see nothing of the card. The document that lies on it stays there when pcscd dies.

use crate::fault::{FaultyChip, Outcome};
use crate::need;
use anyhow::{Context as _, Result};
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The driver, as the build names it.
const DRIVER: &str = "libpretended_reader.so";

const PATIENCE: Duration = Duration::from_secs(60);

/// A chip that gives no answer is given up by a reader after this long (frame waiting time and its extensions; seconds on
/// real ones).
const NO_ANSWER: Duration = Duration::from_millis(1200);

const SUCCESS: u16 = 0;
const COMMUNICATION_ERROR: u16 = 612;
const RESPONSE_TIMEOUT: u16 = 613;
const NOT_SUPPORTED: u16 = 614;
const ICC_PRESENT: u16 = 615;
const ICC_NOT_PRESENT: u16 = 616;
const NO_SUCH_DEVICE: u16 = 617;

/// Control code that asks a reader for its features (PC/SC part 10, 2.2), as pcsc-lite numbers it.
const GET_FEATURE_REQUEST: u32 = 0x4200_0000 + 3400;
/// Control code of this reader's properties, of its own choice.
const GET_PROPERTIES: u32 = 0x4200_0000 + 3500;

/// What happens at the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// pcscd has opened the reader.
    Opened,
    /// pcscd has powered a card, so that programs see it.
    Powered,
    /// The reader's player has pulled it out.
    Unplugged,
    /// The plan wants pcscd to die: the command that it waits for will not be answered.
    ServiceToDie,
}

/// A reader. Dropping it pulls it out for good.
pub struct Reader {
    name: String,
    socket: PathBuf,
    state: Arc<Mutex<State>>,
    events: Receiver<Event>,
    _folder: tempfile::TempDir,
}

struct State {
    document: Option<FaultyChip>,
    atr: Vec<u8>,
    plugged: bool,
    /// How often pcscd still has to see an empty reader before the document that left lies there again.
    away: usize,
    /// How often it has to when a document leaves.
    absence: usize,
    /// What the reader says it carries at most, if it says anything.
    max_apdu: Option<u32>,
    events: Sender<Event>,
}

impl State {
    /// Without the reader's field the chip forgets everything, whatever pcscd makes of it.
    fn unplug(&mut self) {
        self.plugged = false;
        if let Some(document) = &mut self.document {
            document.power();
        }
    }
}

impl Reader {
    /// A reader that calls itself `name`, and is plugged in.
    ///
    /// # Errors
    /// If its socket cannot be made.
    pub fn new(name: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("rda-reader-").tempdir()?;
        let socket = folder.path().join("reader");
        let listener = UnixListener::bind(&socket)?;
        let (sender, events) = channel();
        let state = Arc::new(Mutex::new(State {
            document: None,
            atr: crate::vpcd::DEFAULT_ATR.to_vec(),
            plugged: true,
            away: 0,
            absence: 2,
            max_apdu: None,
            events: sender,
        }));
        let shared = Arc::clone(&state);
        // It ends with the process; one that has been dropped is unplugged, and answers so.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || play(&state, stream));
            }
        });
        Ok(Self {
            name: name.to_owned(),
            socket,
            state,
            events,
            _folder: folder,
        })
    }

    /// The same reader, which says that it carries APDUs with at most so many bytes of data.
    #[must_use]
    pub fn saying(self, max_apdu: u32) -> Self {
        self.state().max_apdu = Some(max_apdu);
        self
    }

    /// Lays a document on it.
    pub fn lay(&self, document: FaultyChip) {
        let atr = document.chip().atr().to_vec();
        self.lay_with_atr(document, &atr);
    }

    /// As [`Reader::lay`], of a document that answers to reset otherwise.
    pub fn lay_with_atr(&self, document: FaultyChip, atr: &[u8]) {
        let mut state = self.state();
        state.atr = atr.to_vec();
        if state.document.replace(document).is_some() {
            state.away = state.absence;
        }
    }

    /// Takes the document away.
    pub fn lift(&self) -> Option<FaultyChip> {
        self.state().document.take()
    }

    /// For how many looks of pcscd a document that leaves the field is away: 2 unless said otherwise. One is taken by the
    /// reset that follows the tear, so that pcscd's own watch never sees the document gone.
    pub fn set_absence(&self, looks: usize) {
        self.state().absence = looks;
    }

    /// Pulls the reader out of the computer.
    pub fn unplug(&self) {
        self.state().unplug();
    }

    /// Puts it back.
    pub fn plug(&self) {
        self.state().plugged = true;
    }

    /// The citizen's hand, for a thread of its own.
    #[must_use]
    pub fn hand(&self) -> Hand {
        Hand(Arc::clone(&self.state))
    }

    /// Commands that the document on it got.
    #[must_use]
    pub fn exchanges(&self) -> usize {
        self.state()
            .document
            .as_ref()
            .map_or(0, FaultyChip::exchanges)
    }

    /// Waits until this happens.
    ///
    /// # Errors
    /// If it does not within a minute.
    pub fn wait_for(&self, wanted: Event) -> Result<()> {
        loop {
            let event = self
                .events
                .recv_timeout(PATIENCE)
                .with_context(|| format!("{}: {wanted:?} did not happen", self.name))?;
            if event == wanted {
                return Ok(());
            }
        }
    }

    /// The paragraph of pcscd's configuration for this reader, whose driver lies at `driver`.
    pub(crate) fn configuration(&self, driver: &Path, channel: usize) -> String {
        format!(
            "FRIENDLYNAME \"{}\"\nDEVICENAME {}\nLIBPATH {}\nCHANNELID {channel}\n\n",
            self.name,
            self.socket.display(),
            driver.display(),
        )
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// For how many looks a hand that lifts a document and lays it again is away: programs that try to wake the card meanwhile take
/// some of them, and pcscd's own watch has to have the rest, as it does when a hand is that slow.
const LOOKS_OF_A_HAND: usize = 10;

/// The citizen's hand over a reader.
pub struct Hand(Arc<Mutex<State>>);

impl Hand {
    /// Takes the document away, or keeps it away a little longer, and lays it again. `true` if there is one.
    #[must_use]
    pub fn lay_anew(&self) -> bool {
        let mut state = lock(&self.0);
        let lies = state.document.is_some();
        if lies {
            state.away = LOOKS_OF_A_HAND;
        }
        lies
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.unplug();
    }
}

/// Where the driver was built.
///
/// # Errors
/// If it was not.
pub(crate) fn driver() -> Result<PathBuf> {
    need::program(DRIVER)
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers the driver's questions until it goes away.
fn play(state: &Mutex<State>, mut stream: UnixStream) {
    let mut header = [0; 5];
    while stream.read_exact(&mut header).is_ok() {
        let [question, length @ ..] = header;
        let Ok(length) = usize::try_from(u32::from_be_bytes(length)) else {
            return;
        };
        let mut data = vec![0; length.min(1 << 17)];
        if stream.read_exact(&mut data).is_err() {
            return;
        }
        let Some((code, answer)) = answer(state, question, &data) else {
            // Nobody answers any more: the driver waits until pcscd is killed.
            let _killed = stream.read(&mut [0]);
            return;
        };
        let mut message = code.to_be_bytes().to_vec();
        message.extend((answer.len() as u32).to_be_bytes());
        message.extend(answer);
        if stream.write_all(&message).is_err() {
            return;
        }
    }
}

/// The answer to one question of the driver; `None` for none.
fn answer(shared: &Mutex<State>, question: u8, data: &[u8]) -> Option<(u16, Vec<u8>)> {
    let mut state = lock(shared);
    let bare = |code| Some((code, Vec::new()));
    if !state.plugged {
        return bare(NO_SUCH_DEVICE);
    }
    match question {
        0 => {
            let _ = state.events.send(Event::Opened);
            bare(SUCCESS)
        }
        1 if state.away > 0 => {
            state.away -= 1;
            bare(ICC_NOT_PRESENT)
        }
        1 if state.document.is_some() => bare(ICC_PRESENT),
        1 => bare(ICC_NOT_PRESENT),
        2 => match &mut state.document {
            Some(document) => {
                document.power();
                let _ = state.events.send(Event::Powered);
                Some((SUCCESS, state.atr.clone()))
            }
            None => bare(COMMUNICATION_ERROR),
        },
        3 => bare(SUCCESS),
        4 => transmit(state, data),
        5 => control(&state, data),
        _ => bare(SUCCESS),
    }
}

fn transmit(mut state: MutexGuard<'_, State>, command: &[u8]) -> Option<(u16, Vec<u8>)> {
    let bare = |code| Some((code, Vec::new()));
    let Some(document) = &mut state.document else {
        return bare(ICC_NOT_PRESENT);
    };
    match document.exchange(command) {
        Outcome::Answer(answer) => Some((SUCCESS, answer)),
        Outcome::Late(answer, time) => {
            drop(state);
            // This is the chip at work, for which pcscd's presence checks have to wait too.
            std::thread::sleep(time);
            Some((SUCCESS, answer))
        }
        Outcome::Torn => {
            state.away = state.absence;
            bare(COMMUNICATION_ERROR)
        }
        Outcome::Mute => {
            drop(state);
            std::thread::sleep(NO_ANSWER);
            bare(RESPONSE_TIMEOUT)
        }
        // To the terminal a chip that was reset answers, and knows no keys any more; that another program did it, this
        // reader cannot play.
        Outcome::Reset | Outcome::InUse | Outcome::TooLong => bare(COMMUNICATION_ERROR),
        Outcome::Unplugged => {
            state.unplug();
            let _ = state.events.send(Event::Unplugged);
            bare(NO_SUCH_DEVICE)
        }
        Outcome::ServiceGone => {
            let _ = state.events.send(Event::ServiceToDie);
            None
        }
    }
}

/// Features and properties (PC/SC part 10, 2.2 and 2.6.14), where the reader says anything.
fn control(state: &State, question: &[u8]) -> Option<(u16, Vec<u8>)> {
    let code = question.first_chunk().map(|code| u32::from_be_bytes(*code));
    let answer = match (code, state.max_apdu) {
        (Some(GET_FEATURE_REQUEST), Some(_)) => {
            [&[0x12, 4][..], &GET_PROPERTIES.to_be_bytes()].concat()
        }
        (Some(GET_PROPERTIES), Some(size)) => [&[0x0A, 4][..], &size.to_le_bytes()].concat(),
        _ => return Some((NOT_SUPPORTED, Vec::new())),
    };
    Some((SUCCESS, answer))
}
