//! What the page is told while a login runs.

use std::sync::{Arc, Mutex, PoisonError};

use icao::lds::FileId;
use icao::terminal::Event;
use protocol::messages::{Hint, Reader, State, Step};

use crate::reader::{Notice, Notify, model_of};
use crate::session::{FromWorker, Outbox};

/// Where in the whole each step begins, in percent; a file's share lies between reading and proving.
const WAITING_FOR_DOCUMENT: u8 = 5;
const OPENING: u8 = 10;
const READING: u8 = 20;
const PROVING: u8 = 60;
const WAITING_FOR_SERVER: u8 = 75;
const CONFIRMING: u8 = 80;

/// Tells the page each change of state once.
#[derive(Clone)]
pub(super) struct Progress {
    shared: Arc<Shared>,
}

struct Shared {
    outbox: Outbox,
    now: Mutex<Now>,
}

struct Now {
    /// The step the login is in, whatever pauses it.
    step: Step,
    progress: u8,
    reader: Option<Reader>,
    told: Option<State>,
}

impl Progress {
    pub(super) fn new(outbox: Outbox) -> Self {
        let now = Now {
            step: Step::WaitingForReader,
            progress: 0,
            reader: None,
            told: None,
        };
        Self {
            shared: Arc::new(Shared {
                outbox,
                now: Mutex::new(now),
            }),
        }
    }

    /// The login enters a step.
    pub(super) fn enter(&self, step: Step) {
        let progress = match step {
            Step::WaitingForReader => 0,
            Step::WaitingForDocument => WAITING_FOR_DOCUMENT,
            Step::Opening => OPENING,
            Step::Reading => READING,
            Step::Proving => PROVING,
            Step::WaitingForServer => WAITING_FOR_SERVER,
            Step::Confirming => CONFIRMING,
            Step::Done => 100,
            Step::Paused => return,
        };
        self.update(|now| {
            now.step = step;
            now.progress = progress;
            (step, None)
        });
    }

    /// A hint without a change of step.
    pub(super) fn hint(&self, hint: Hint) {
        self.update(|_| (Step::Paused, Some(hint)));
    }

    /// The chip took long over a command. While it is opened, that means something.
    pub(super) fn slow(&self) {
        self.update(|now| match now.step {
            Step::Opening => (Step::Paused, Some(Hint::SlowChip)),
            step => (step, None),
        });
    }

    /// What the terminal does.
    pub(super) fn event(&self, event: Event) {
        match event {
            Event::Reading { file, done, total } => self.update(|now| {
                // EF.CardAccess is read while the chip is opened, which has a place of its own on the bar.
                if now.step != Step::Reading {
                    return (now.step, None);
                }
                let (start, share) = share(file);
                let done = (done.min(total) * usize::from(share))
                    .checked_div(total)
                    .unwrap_or(0);
                // Lost links do not let the bar go back.
                now.progress = now
                    .progress
                    .max(start + u8::try_from(done).unwrap_or(share));
                (now.step, None)
            }),
            Event::Interrupted => self.hint(Hint::DocumentMoved),
            // The page already shows that something happens; what exactly is the same to a citizen.
            _ => self.update(|now| (now.step, None)),
        }
    }

    /// What happens on the readers, for as long as the source of documents lives.
    pub(super) fn notices(&self) -> Notify {
        let progress = self.clone();
        Arc::new(move |notice| progress.notice(notice))
    }

    fn notice(&self, notice: Notice) {
        self.update(|now| {
            let waiting = matches!(now.step, Step::WaitingForReader | Step::WaitingForDocument);
            let (reader, first, later) = match notice {
                Notice::NoReader | Notice::ServiceLost => {
                    let lost = now.reader.take().map(|reader| Reader {
                        attached: false,
                        ..reader
                    });
                    now.reader = lost;
                    (
                        None,
                        (Step::WaitingForReader, None),
                        (Step::Paused, Some(Hint::LayAgain)),
                    )
                }
                Notice::NoDocument { reader } => (
                    Some(reader),
                    (Step::WaitingForDocument, None),
                    (Step::Paused, Some(Hint::LayAgain)),
                ),
                Notice::LaidBefore { reader } => {
                    let paused = (Step::Paused, Some(Hint::LayAgain));
                    (Some(reader), paused, paused)
                }
                Notice::NotReadable { reader } => {
                    let paused = (Step::Paused, Some(Hint::NotReadable));
                    (Some(reader), paused, paused)
                }
                Notice::SeveralDocuments => {
                    let paused = (Step::Paused, Some(Hint::SeveralDocuments));
                    (None, paused, paused)
                }
                Notice::InUse { reader, by } => {
                    if let Some(by) = by {
                        tracing::info!(%by, "the document is in use");
                    }
                    let paused = (Step::Paused, Some(Hint::InUse));
                    (Some(reader), paused, paused)
                }
                Notice::Connected { reader } => (Some(reader), (now.step, None), (now.step, None)),
            };
            if let Some(name) = reader {
                now.reader = Some(Reader {
                    name: model_of(&name),
                    attached: true,
                });
            }
            if !waiting {
                return later;
            }
            if first.0 != Step::Paused {
                now.step = first.0;
            }
            first
        });
    }

    fn update(&self, change: impl FnOnce(&mut Now) -> (Step, Option<Hint>)) {
        let mut now = self
            .shared
            .now
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (state, hint) = change(&mut now);
        let state = State {
            state,
            progress: now.progress,
            reader: now.reader.clone(),
            hint,
        };
        if now.told.as_ref() != Some(&state) {
            now.told = Some(state.clone());
            // A page that is gone has cancelled the login, which is noticed elsewhere.
            let _gone = self.shared.outbox.send(FromWorker::State(state));
        }
    }
}

/// Where in the whole a file begins, and its share. EF.SOD is by far the longest file of a login.
fn share(file: FileId) -> (u8, u8) {
    if file == FileId::EF_SOD {
        (READING, 25)
    } else {
        (READING + 25, 10)
    }
}
