//! A conversation as its host drives it: one operation at a time, by callbacks or step by step.

use core::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use icao::access_key::AccessKey;
use icao::pki::DocumentKind;
use icao::terminal::{FallbackToBac, Policy};
use icao::transport::{Limits, TransportError};
use zeroize::Zeroizing;

use super::exchange::{
    Progress, RdaConversation, RdaOption, RdaProgress, RdaReset, RdaStep, RdaStepKind, link_error,
};
use super::worker::{Job, Message, Output, Reply, Setup, Worker};
use crate::binding::Binding;
use crate::boundary::Outcome;
use crate::failure::Failure;
use crate::store::kind_of;

/// Most access keys of one conversation.
const MOST_KEYS: usize = 16;

type Transmit = unsafe extern "C" fn(*mut c_void, *const u8, usize, *mut u8, *mut usize) -> i32;

/// The host's functions.
#[derive(Clone, Copy)]
pub(crate) struct Callbacks {
    transmit: Transmit,
    reset: RdaReset,
    progress: RdaProgress,
    context: *mut c_void,
}

// SAFETY: the context is handed back on the thread that calls, and never touched here.
unsafe impl Send for Callbacks {}
// SAFETY: as above.
unsafe impl Sync for Callbacks {}

impl Callbacks {
    pub(crate) fn new(
        transmit: Transmit,
        reset: RdaReset,
        progress: RdaProgress,
        context: *mut c_void,
    ) -> Self {
        Self {
            transmit,
            reset,
            progress,
            context,
        }
    }

    fn transmit(&self, command: &[u8], longest: usize) -> Result<Vec<u8>, TransportError> {
        let mut response = Zeroizing::new(vec![0; longest]);
        let mut len = longest;
        // SAFETY: the host's function, by the signature of the header; both buffers are as long as it is told.
        let link = unsafe {
            (self.transmit)(
                self.context,
                command.as_ptr(),
                command.len(),
                response.as_mut_ptr(),
                &raw mut len,
            )
        };
        match link_error(link) {
            Some(error) => Err(error),
            None => response
                .get(..len)
                .map(<[u8]>::to_vec)
                .ok_or(TransportError::TooLong),
        }
    }

    fn reset(&self) -> Result<(), TransportError> {
        let Some(reset) = self.reset else {
            return Err(TransportError::CardRemoved);
        };
        // SAFETY: the host's function, by the signature of the header.
        link_error(unsafe { reset(self.context) }).map_or(Ok(()), Err)
    }

    fn progress(&self, step: &RdaStep) {
        if let Some(progress) = self.progress {
            // SAFETY: the host's function, by the signature of the header.
            unsafe { progress(self.context, step.stage, step.file, step.done, step.total) };
        }
    }
}

/// Where the operation in progress stands.
enum Phase {
    /// There is none.
    Idle,
    /// The terminal computes.
    Running,
    /// The host is to send this command.
    Transmit(Zeroizing<Vec<u8>>),
    /// The host is to reset the chip.
    Reset,
}

/// The state behind a handle.
pub(crate) struct Session {
    keys: Vec<AccessKey>,
    kind: DocumentKind,
    policy: Policy,
    limits: Limits,
    binding: Option<Binding>,
    callbacks: Option<Callbacks>,
    cancelled: Arc<AtomicBool>,
    worker: Option<Worker>,
    phase: Phase,
    output: Option<Output>,
    conversation: RdaConversation,
}

impl Session {
    pub(crate) fn new(cancelled: Arc<AtomicBool>) -> Self {
        Self {
            keys: Vec::new(),
            kind: DocumentKind::TravelDocument,
            policy: Policy::default(),
            limits: Limits::SHORT,
            binding: None,
            callbacks: None,
            cancelled,
            worker: None,
            phase: Phase::Idle,
            output: None,
            conversation: RdaConversation::NONE,
        }
    }

    fn before_opening(&self) -> Outcome {
        match self.worker {
            None => Ok(()),
            Some(_) => Err(Failure::state("only before the chip is opened")),
        }
    }

    fn idle(&self) -> Outcome {
        match self.phase {
            Phase::Idle => Ok(()),
            _ => Err(Failure::state("an operation is in progress")),
        }
    }

    /// Adds keys that open the same document, all or none.
    pub(crate) fn add_keys<const N: usize>(&mut self, keys: [AccessKey; N]) -> Outcome {
        self.before_opening()?;
        if self.keys.len() + N > MOST_KEYS {
            return Err(Failure::argument("too many access keys"));
        }
        self.keys.extend(keys);
        Ok(())
    }

    pub(crate) fn set_callbacks(&mut self, callbacks: Callbacks) -> Outcome {
        self.idle()?;
        self.callbacks = Some(callbacks);
        Ok(())
    }

    pub(crate) fn bind(&mut self, origin: &str, request: &[u8]) -> Outcome {
        self.idle()?;
        self.binding = Some(Binding::new(origin, request)?);
        Ok(())
    }

    pub(crate) fn set_option(&mut self, option: u32, value: u64) -> Outcome {
        const MAX_COMMAND: u32 = RdaOption::MaxCommand as u32;
        const MAX_RESPONSE: u32 = RdaOption::MaxResponse as u32;
        const FALLBACK_TO_BAC: u32 = RdaOption::FallbackToBac as u32;
        const MOST_KEY_TRIES: u32 = RdaOption::MostKeyTries as u32;
        const MOST_RESUMES: u32 = RdaOption::MostResumes as u32;
        const LONGEST_FILE: u32 = RdaOption::LongestFile as u32;
        const MOST_APDUS: u32 = RdaOption::MostApdus as u32;
        const MOST_BYTES: u32 = RdaOption::MostBytes as u32;
        const DOCUMENT_KIND: u32 = RdaOption::DocumentKind as u32;

        self.before_opening()?;
        let refused = || Failure::argument("no such option, or a value that it cannot have");
        let size = |range: core::ops::RangeInclusive<usize>| {
            usize::try_from(value)
                .ok()
                .filter(|size| range.contains(size))
                .ok_or_else(refused)
        };
        let number = || u32::try_from(value).map_err(|_| refused());
        match option {
            // The shortest of the commands that open a chip are some tens of bytes.
            MAX_COMMAND => self.limits.max_command = size(64..=Limits::EXTENDED.max_command)?,
            MAX_RESPONSE => self.limits.max_response = size(64..=Limits::EXTENDED.max_response)?,
            FALLBACK_TO_BAC => {
                self.policy.fallback_to_bac = match value {
                    0 => FallbackToBac::Never,
                    1 => FallbackToBac::WhenPaceNotSupported,
                    _ => return Err(refused()),
                }
            }
            MOST_KEY_TRIES => self.policy.most_key_tries = number()?,
            MOST_RESUMES => self.policy.most_resumes = number()?,
            LONGEST_FILE => self.policy.longest_file = size(1..=icao::lds::MAX_FILE_LEN)?,
            MOST_APDUS => self.policy.most_apdus = number()?,
            MOST_BYTES => self.policy.most_bytes = value,
            DOCUMENT_KIND => self.kind = kind_of(number()?)?,
            _ => return Err(refused()),
        }
        Ok(())
    }

    /// Starts an operation.
    pub(crate) fn begin(&mut self, job: Job) -> Outcome {
        self.idle()?;
        if self.worker.is_none() && !matches!(job, Job::Open) {
            return Err(Failure::state("the chip has not been opened"));
        }
        self.begin_unopened(job)
    }

    /// As [`Session::begin`], whatever was done before.
    pub(crate) fn begin_unopened(&mut self, job: Job) -> Outcome {
        if self.worker.is_none() {
            let mut policy = self.policy;
            // Where nobody can reset the chip, the host is told of the loss itself, and not that no reset came.
            if self.callbacks.is_some_and(|host| host.reset.is_none()) {
                policy.most_resumes = 0;
            }
            self.worker = Some(Worker::start(Setup {
                keys: std::mem::take(&mut self.keys),
                kind: self.kind,
                policy,
                limits: self.limits,
                cancelled: Arc::clone(&self.cancelled),
            })?);
        }
        let worker = self.worker.as_ref().ok_or_else(Failure::internal)?;
        worker.start_job(job, self.binding.clone())?;
        self.output = None;
        self.phase = Phase::Running;
        Ok(())
    }

    /// What to do next for the operation in progress.
    pub(crate) fn next(&mut self) -> Result<RdaStep, Failure> {
        match self.phase {
            Phase::Idle => return Err(Failure::state("nothing is in progress")),
            Phase::Running => {}
            Phase::Transmit(_) | Phase::Reset => {
                return Err(Failure::state("answer the step before"));
            }
        }
        let worker = self.worker.as_ref().ok_or_else(Failure::internal)?;
        let message = loop {
            match worker.message() {
                Some(Message::Progress(event)) => {
                    let Some(progress) = Progress::of(event) else {
                        continue;
                    };
                    return Ok(RdaStep {
                        kind: RdaStepKind::Progress,
                        stage: progress.stage as u32,
                        file: progress.file,
                        done: progress.done,
                        total: progress.total,
                        ..RdaStep::DONE
                    });
                }
                Some(message) => break message,
                None => {
                    self.phase = Phase::Idle;
                    return Err(Failure::internal());
                }
            }
        };
        match message {
            Message::Transmit(command) => {
                let step = RdaStep {
                    kind: RdaStepKind::Transmit,
                    command: command.as_ptr(),
                    command_len: command.len(),
                    ..RdaStep::DONE
                };
                self.phase = Phase::Transmit(command);
                Ok(step)
            }
            Message::Reset => {
                self.phase = Phase::Reset;
                Ok(RdaStep {
                    kind: RdaStepKind::Reset,
                    ..RdaStep::DONE
                })
            }
            Message::Done(result, conversation) => {
                self.phase = Phase::Idle;
                self.conversation = *conversation;
                self.output = Some((*result)?);
                Ok(RdaStep::DONE)
            }
            Message::Progress(_) => Err(Failure::internal()),
        }
    }

    /// Takes the host's answer to a step.
    pub(crate) fn respond(&mut self, link: i32, response: &[u8]) -> Outcome {
        let error = link_error(link);
        let reply = match self.phase {
            Phase::Transmit(_) if response.len() > self.limits.max_response => {
                return Err(Failure::argument("longer than the link carries"));
            }
            Phase::Transmit(_) => Reply::Response(error.map_or_else(|| Ok(response.to_vec()), Err)),
            Phase::Reset if !response.is_empty() => {
                return Err(Failure::argument("a reset has no response"));
            }
            Phase::Reset => Reply::Reset(error.map_or(Ok(()), Err)),
            Phase::Idle | Phase::Running => return Err(Failure::state("no step to answer")),
        };
        self.reply(reply)
    }

    fn reply(&mut self, reply: Reply) -> Outcome {
        let worker = self.worker.as_ref().ok_or_else(Failure::internal)?;
        worker.reply(reply)?;
        self.phase = Phase::Running;
        Ok(())
    }

    /// Runs an operation to its end over the callbacks.
    pub(crate) fn run(&mut self, job: Job) -> Result<Output, Failure> {
        let callbacks = self
            .callbacks
            .ok_or_else(|| Failure::state("no transport was set"))?;
        self.begin(job)?;
        loop {
            let step = self.next()?;
            let reply = match (step.kind, &self.phase) {
                (RdaStepKind::Transmit, Phase::Transmit(command)) => {
                    Reply::Response(callbacks.transmit(command, self.limits.max_response))
                }
                (RdaStepKind::Reset, _) => Reply::Reset(callbacks.reset()),
                (RdaStepKind::Progress, _) => {
                    callbacks.progress(&step);
                    continue;
                }
                _ => return self.take(|_| true),
            };
            self.reply(reply)?;
        }
    }

    /// What the last operation brought, if it is of the kind that is wanted.
    pub(crate) fn take(&mut self, wanted: impl FnOnce(&Output) -> bool) -> Result<Output, Failure> {
        self.idle()?;
        self.output
            .take_if(|output| wanted(output))
            .ok_or_else(|| Failure::state("there is no such result to take"))
    }

    pub(crate) fn conversation(&self) -> RdaConversation {
        self.conversation
    }
}
