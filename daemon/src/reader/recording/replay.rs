//! A conversation once more, with the failures of a recording in their places.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use icao::transport::{Limits, Transport, TransportError};

use super::{Command, Failure, Recording, Step, hexadecimal};
use crate::reader::{DocumentLink, DocumentSource, ReaderError};

/// Lays the failures of a recording over the documents of another source, and compares.
pub struct Replayer {
    source: Box<dyn DocumentSource>,
    progress: Arc<Mutex<Progress>>,
}

struct Progress {
    recording: Recording,
    next: usize,
    difference: Option<Difference>,
}

/// Where a conversation took another course than the recorded one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which step, counted from 1.
    pub step: usize,
    /// What was recorded; `None` where the recording had ended.
    pub recorded: Option<Step>,
    /// What happened; `None` where the conversation ended before the recording.
    pub happened: Option<Step>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let say = |step: &Option<Step>| {
            step.as_ref()
                .map_or_else(|| "the end".to_owned(), Step::to_string)
        };
        write!(
            f,
            "step {}: recorded {}; now {}",
            self.step,
            say(&self.recorded),
            say(&self.happened)
        )
    }
}

/// How far a replay came.
#[derive(Clone)]
pub struct Comparison(Arc<Mutex<Progress>>);

impl Comparison {
    /// Steps that went as recorded, and the first that did not. To be asked at the end.
    #[must_use]
    pub fn outcome(&self) -> (usize, Option<Difference>) {
        let progress = lock(&self.0);
        let difference = progress.difference.clone().or_else(|| {
            let recorded = progress.recording.steps.get(progress.next)?;
            Some(Difference {
                step: progress.next + 1,
                recorded: Some(recorded.clone()),
                happened: None,
            })
        });
        (progress.next, difference)
    }
}

impl Replayer {
    /// Replays `recording` on the documents of `source`.
    #[must_use]
    pub fn new(source: Box<dyn DocumentSource>, recording: Recording) -> (Self, Comparison) {
        let progress = Arc::new(Mutex::new(Progress {
            recording,
            next: 0,
            difference: None,
        }));
        (
            Self {
                source,
                progress: Arc::clone(&progress),
            },
            Comparison(progress),
        )
    }
}

fn lock(progress: &Mutex<Progress>) -> MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Progress {
    /// The failure that the recording has in this place, if the conversation is still the recorded one.
    fn failure(&self, command: &Command) -> Option<Failure> {
        if self.difference.is_some() {
            return None;
        }
        match self.recording.steps.get(self.next)? {
            Step::Failed {
                command: recorded,
                failure,
            } if recorded == command => Some(*failure),
            _ => None,
        }
    }

    /// Compares what happened with what was recorded: all but contents and times.
    fn happened(&mut self, step: Step) {
        if self.difference.is_some() {
            return;
        }
        let recorded = self.recording.steps.get(self.next);
        let same = match (recorded, &step) {
            (
                Some(Step::Answered {
                    command,
                    data,
                    status,
                    ..
                }),
                Step::Answered {
                    command: command_now,
                    data: data_now,
                    status: status_now,
                    ..
                },
            ) => (command, data, status) == (command_now, data_now, status_now),
            (Some(recorded), step) => recorded == step,
            (None, _) => false,
        };
        if same {
            self.next += 1;
        } else {
            self.difference = Some(Difference {
                step: self.next + 1,
                recorded: recorded.cloned(),
                happened: Some(step),
            });
        }
    }
}

impl DocumentSource for Replayer {
    fn next_document(&mut self) -> Result<Box<dyn DocumentLink>, ReaderError> {
        let link = self.source.next_document()?;
        let mut progress = lock(&self.progress);
        progress.happened(Step::Powered);
        Ok(Box::new(ReplayedLink {
            link,
            limits: Limits {
                max_command: progress.recording.max_command,
                max_response: progress.recording.max_response,
            },
            progress: Arc::clone(&self.progress),
        }))
    }
}

struct ReplayedLink {
    link: Box<dyn DocumentLink>,
    limits: Limits,
    progress: Arc<Mutex<Progress>>,
}

impl Transport for ReplayedLink {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let sent = Command::of(command);
        let mut progress = lock(&self.progress);
        if let Some(failure) = progress.failure(&sent) {
            progress.next += 1;
            return Err(failure.into());
        }
        let answer = self.link.transmit(command);
        progress.happened(match &answer {
            Ok(answer) => {
                let (data, status) = answer.split_at(answer.len().saturating_sub(2));
                Step::Answered {
                    command: sent,
                    data: data.len(),
                    status: hexadecimal(status),
                    digest: String::new(),
                    ms: 0,
                }
            }
            Err(error) => Step::Failed {
                command: sent,
                failure: error.into(),
            },
        });
        answer
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        let outcome = self.link.reset();
        lock(&self.progress).happened(match &outcome {
            Ok(()) => Step::Powered,
            Err(error) => Step::NotPowered(error.into()),
        });
        outcome
    }

    fn limits(&self) -> Limits {
        let own = self.link.limits();
        Limits {
            max_command: own.max_command.min(self.limits.max_command),
            max_response: own.max_response.min(self.limits.max_response),
        }
    }
}

impl DocumentLink for ReplayedLink {
    fn reader_name(&self) -> &str {
        self.link.reader_name()
    }

    fn dismiss(&mut self) {
        self.link.dismiss();
    }

    fn is_contactless(&self) -> bool {
        self.link.is_contactless()
    }

    fn keep_alive(&mut self) {
        self.link.keep_alive();
    }
}
