//! Cards that lie on a reader one after the other, and can be held where a test wants them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use icao::simulator::SimulatedLink;
use icao::transport::{Limits, Transport, TransportError};
use rda::login_session::LoginWorker;
use rda::reader::{Cancel, DocumentLink, DocumentSource, Notice, Notify, ReaderError};

const READER: &str = "Reader 00 00";
/// After which a test fails rather than hang.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) type IsMeant = fn(usize, &[u8]) -> bool;

/// When a card is held, once.
#[derive(Clone, Copy)]
pub(crate) enum Moment {
    /// When it has the first command like this, given its number over all cards, and has not answered yet.
    Command(IsMeant),
    /// While the server thinks, when it is kept alive for the n-th time.
    KeptAlive(usize),
}

struct Hold {
    at: Moment,
    say_held: SyncSender<()>,
    let_go: Receiver<()>,
}

/// The cards, seen by the test.
pub(crate) struct Cards {
    waiting: Mutex<Vec<SimulatedLink>>,
    sent: AtomicUsize,
    kept_alive: AtomicUsize,
    hold: Mutex<Option<Hold>>,
    is_held: Mutex<Receiver<()>>,
    go: SyncSender<()>,
}

impl Cards {
    /// Cards in the order in which they are laid; behind the last the wait is for good.
    pub(crate) fn new(mut cards: Vec<SimulatedLink>, held: Option<Moment>) -> Arc<Self> {
        cards.reverse();
        let (say_held, is_held) = sync_channel(1);
        let (go, let_go) = sync_channel(1);
        Arc::new(Self {
            waiting: Mutex::new(cards),
            sent: AtomicUsize::new(0),
            kept_alive: AtomicUsize::new(0),
            hold: Mutex::new(held.map(|at| Hold {
                at,
                say_held,
                let_go,
            })),
            is_held: Mutex::new(is_held),
            go,
        })
    }

    /// A worker with a reader on which they lie.
    pub(crate) fn worker(self: &Arc<Self>) -> LoginWorker {
        let cards = Arc::clone(self);
        LoginWorker::new(Box::new(move |cancel, notify| {
            Box::new(Reader {
                cards: Arc::clone(&cards),
                cancel,
                notify,
            })
        }))
        .with_keep_alive(Duration::from_millis(1))
    }

    /// Waits until a card is held.
    pub(crate) fn wait_until_held(&self) {
        let is_held = self.is_held.lock().unwrap();
        is_held.recv_timeout(PATIENCE).expect("a card is held");
    }

    /// Lets the card go that is held.
    pub(crate) fn let_go(&self) {
        self.go.send(()).unwrap();
    }

    /// How many commands they had.
    pub(crate) fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }

    fn pass(&self, is_now: impl FnOnce(Moment) -> bool) {
        let hold = self.hold.lock().unwrap().take_if(|hold| is_now(hold.at));
        if let Some(hold) = hold {
            hold.say_held.send(()).unwrap();
            let let_go = hold.let_go.recv_timeout(PATIENCE);
            let_go.expect("the card is let go");
        }
    }
}

struct Reader {
    cards: Arc<Cards>,
    cancel: Cancel,
    notify: Notify,
}

impl DocumentSource for Reader {
    fn next_document(&mut self) -> Result<Box<dyn DocumentLink>, ReaderError> {
        let reader = READER.to_owned();
        let Some(link) = self.cards.waiting.lock().unwrap().pop() else {
            (self.notify)(Notice::NoDocument { reader });
            self.cancel.wait();
            return Err(ReaderError::Cancelled);
        };
        (self.notify)(Notice::Connected { reader });
        let cards = Arc::clone(&self.cards);
        Ok(Box::new(Card { link, cards }))
    }
}

struct Card {
    link: SimulatedLink,
    cards: Arc<Cards>,
}

impl Transport for Card {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let sent = self.cards.sent.fetch_add(1, Ordering::SeqCst) + 1;
        self.cards.pass(|moment| match moment {
            Moment::Command(is_meant) => is_meant(sent, command),
            Moment::KeptAlive(_) => false,
        });
        self.link.transmit(command)
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        self.link.reset()
    }

    fn limits(&self) -> Limits {
        self.link.limits()
    }
}

impl DocumentLink for Card {
    fn reader_name(&self) -> &str {
        READER
    }

    fn dismiss(&mut self) {}

    fn keep_alive(&mut self) {
        let times = self.cards.kept_alive.fetch_add(1, Ordering::SeqCst) + 1;
        self.cards
            .pass(|moment| matches!(moment, Moment::KeptAlive(number) if number == times));
    }
}
