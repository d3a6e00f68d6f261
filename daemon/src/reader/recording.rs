//! Recordings of conversations with chips, for those who have to find out why a document or a reader does not work.
//!
//! A recording holds headers, lengths, status words, failures and times. In place of contents it holds digests under a key
//! that is thrown away: they tell that two answers were equal, and nothing can be tried against them.
//!
//! Replaying one has the terminal speak to a document again, simulated or real, with the failures of the recording in their
//! places, and tells where the conversation takes another course.

mod replay;

pub use replay::{Comparison, Difference, Replayer};

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use icao::transport::{Limits, Transport, TransportError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{DocumentLink, DocumentSource, ReaderError, model_of};

/// Most steps of one recording: twenty of the longest files, in short pieces.
const MOST_STEPS: usize = 64 * 1024;

/// A recording.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// 1.
    pub version: u32,
    /// Model of the reader.
    pub reader: String,
    /// Bytes of the longest command that the link takes.
    pub max_command: usize,
    /// Bytes of the longest response that the link brings.
    pub max_response: usize,
    /// What happened, in order.
    pub steps: Vec<Step>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A document was connected, or powered off and on.
    Powered,
    /// That failed.
    NotPowered(Failure),
    /// A command was answered.
    Answered {
        /// What was sent.
        command: Command,
        /// Bytes of the response's data.
        data: usize,
        /// Status word, in hexadecimal.
        status: String,
        /// Of the data, under a key that nobody has.
        digest: String,
        /// How long it took.
        ms: u64,
    },
    /// A command got no answer.
    Failed {
        /// What was sent.
        command: Command,
        /// Why not.
        failure: Failure,
    },
}

/// A command without its data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// CLA INS P1 P2, in hexadecimal.
    pub header: String,
    /// Bytes of the whole command.
    pub length: usize,
}

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "named as in TransportError")]
pub enum Failure {
    CardRemoved,
    CardReset,
    Timeout,
    Sharing,
    TooLong,
    Service,
    Cancelled,
    Other,
}

impl From<&TransportError> for Failure {
    fn from(error: &TransportError) -> Self {
        match error {
            TransportError::CardRemoved => Self::CardRemoved,
            TransportError::CardReset => Self::CardReset,
            TransportError::Timeout => Self::Timeout,
            TransportError::Sharing => Self::Sharing,
            TransportError::TooLong => Self::TooLong,
            TransportError::Service => Self::Service,
            TransportError::Cancelled => Self::Cancelled,
            _ => Self::Other,
        }
    }
}

impl From<Failure> for TransportError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::CardRemoved => Self::CardRemoved,
            Failure::CardReset => Self::CardReset,
            Failure::Timeout => Self::Timeout,
            Failure::Sharing => Self::Sharing,
            Failure::TooLong => Self::TooLong,
            Failure::Service => Self::Service,
            Failure::Cancelled => Self::Cancelled,
            Failure::Other => Self::Other("as recorded".to_owned()),
        }
    }
}

impl Command {
    fn of(command: &[u8]) -> Self {
        Self {
            header: hexadecimal(command.get(..4).unwrap_or(command)),
            length: command.len(),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Powered => f.write_str("powered"),
            Self::NotPowered(failure) => write!(f, "not powered: {failure:?}"),
            Self::Answered {
                command,
                data,
                status,
                ..
            } => write!(
                f,
                "{} of {} bytes, answered {status} with {data} bytes",
                command.header, command.length
            ),
            Self::Failed { command, failure } => write!(
                f,
                "{} of {} bytes, not answered: {failure:?}",
                command.header, command.length
            ),
        }
    }
}

/// Records every conversation with the documents of another source.
pub struct Recorder {
    source: Box<dyn DocumentSource>,
    tape: Tape,
}

/// Where it is recorded. Holds the key of the digests, which never leaves it.
#[derive(Clone)]
pub struct Tape(Arc<Mutex<Content>>);

struct Content {
    recording: Recording,
    key: Zeroizing<[u8; 32]>,
}

impl Recorder {
    /// Records what is said to the documents of `source`; the tape can be read at any time.
    ///
    /// # Errors
    /// If the system gives no random key.
    pub fn new(source: Box<dyn DocumentSource>) -> Result<(Self, Tape), getrandom::Error> {
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *key)?;
        let recording = Recording {
            version: 1,
            ..Recording::default()
        };
        let tape = Tape(Arc::new(Mutex::new(Content { recording, key })));
        Ok((
            Self {
                source,
                tape: tape.clone(),
            },
            tape,
        ))
    }
}

impl Tape {
    /// What has been recorded so far.
    #[must_use]
    pub fn recording(&self) -> Recording {
        self.content().recording.clone()
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, step: Step) {
        let mut content = self.content();
        if content.recording.steps.len() < MOST_STEPS {
            content.recording.steps.push(step);
        }
    }

    fn digest(&self, data: &[u8]) -> String {
        let mut hash = Sha256::new();
        hash.update(&self.content().key[..]);
        hash.update(data);
        hexadecimal(hash.finalize().get(..8).unwrap_or_default())
    }
}

impl DocumentSource for Recorder {
    fn next_document(&mut self) -> Result<Box<dyn DocumentLink>, ReaderError> {
        let link = self.source.next_document()?;
        {
            let limits = link.limits();
            let mut content = self.tape.content();
            content.recording.reader = model_of(link.reader_name());
            content.recording.max_command = limits.max_command;
            content.recording.max_response = limits.max_response;
        }
        self.tape.add(Step::Powered);
        Ok(Box::new(RecordedLink {
            link,
            tape: self.tape.clone(),
        }))
    }
}

struct RecordedLink {
    link: Box<dyn DocumentLink>,
    tape: Tape,
}

impl Transport for RecordedLink {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let sent = Instant::now();
        let answer = self.link.transmit(command);
        let command = Command::of(command);
        self.tape.add(match &answer {
            Ok(answer) => {
                let (data, status) = answer.split_at(answer.len().saturating_sub(2));
                Step::Answered {
                    command,
                    data: data.len(),
                    status: hexadecimal(status),
                    digest: self.tape.digest(data),
                    ms: u64::try_from(sent.elapsed().as_millis()).unwrap_or(u64::MAX),
                }
            }
            Err(error) => Step::Failed {
                command,
                failure: error.into(),
            },
        });
        answer
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        let outcome = self.link.reset();
        self.tape.add(match &outcome {
            Ok(()) => Step::Powered,
            Err(error) => Step::NotPowered(error.into()),
        });
        outcome
    }

    fn limits(&self) -> Limits {
        self.link.limits()
    }
}

impl DocumentLink for RecordedLink {
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

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
