//! The life of a request at the server: issued, evidence, command sent, decided. Every step is taken once and atomically.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use p256::SecretKey;
use protocol::request::Request;

use crate::register::RegisteredDocument;
use crate::verification::Pending;

/// Seconds within which the answers to the server's commands must be back.
pub const RESULT_WITHIN: u64 = 30;

/// The `jti` of a request.
pub type Jti = [u8; 32];

/// What the server remembers of a request until evidence for it comes.
pub struct Issued {
    /// The request as it was signed. Everything is judged by this copy, nothing by what comes back.
    pub request: Request,
    /// The key to which the evidence is sealed; zeroised when dropped.
    pub enc: SecretKey,
    /// The documents of the register that the request is about: all of one kind.
    pub candidates: Vec<RegisteredDocument>,
}

/// What the server remembers between its command and the answers of the chip.
pub struct CommandSent {
    /// As issued.
    pub issued: Issued,
    /// What verification needs to go on: session keys, files, verdict so far.
    pub pending: Box<Pending>,
    /// When the command was sent.
    pub at: u64,
}

enum Stage {
    Issued(Box<Issued>),
    /// Someone is verifying: nobody else may.
    Evidence,
    CommandSent(Box<CommandSent>),
    /// What was awaited did not come in time; what was kept for it is gone.
    Overdue,
    Decided,
}

/// Why a step was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// No such request, or it has been swept out.
    #[error("no such request")]
    Unknown,
    /// The time of the request, or of the answer, is over.
    #[error("too late")]
    Expired,
    /// The step was taken before, or is not the next one.
    #[error("the step was taken before or is not the next one")]
    Repeated,
    /// There are as many requests under way as the server has room for.
    #[error("too many requests under way")]
    Full,
}

/// How long after its end a request is still known, in seconds: whoever comes too late is told so, and not that there never was
/// one. What it held is wiped at its end.
const REMEMBERED: u64 = 300;

fn sweep(requests: &mut HashMap<Jti, (u64, Stage)>, now: u64) {
    requests.retain(|_, (exp, stage)| {
        let overdue = match stage {
            Stage::Issued(_) => *exp <= now,
            Stage::CommandSent(sent) => (*exp).min(sent.at.saturating_add(RESULT_WITHIN)) <= now,
            // They hold nothing.
            Stage::Evidence | Stage::Overdue | Stage::Decided => false,
        };
        if overdue {
            *stage = Stage::Overdue;
        }
        exp.saturating_add(REMEMBERED) > now
    });
}

/// All requests under way, in the memory of this process: the secrets of Chip Authentication never leave it.
pub struct Proceedings {
    requests: Mutex<HashMap<Jti, (u64, Stage)>>,
    capacity: usize,
}

impl Proceedings {
    /// Room for `capacity` requests whose time is not over.
    pub fn new(capacity: usize) -> Self {
        Self {
            requests: Mutex::new(HashMap::new()),
            capacity,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Jti, (u64, Stage)>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a request that was signed.
    ///
    /// # Errors
    /// [`StepError::Full`], or [`StepError::Repeated`] for a `jti` that exists.
    pub fn issue(&self, issued: Issued, now: u64) -> Result<(), StepError> {
        let mut requests = self.lock();
        sweep(&mut requests, now);
        if requests.values().filter(|(exp, _)| *exp > now).count() >= self.capacity {
            return Err(StepError::Full);
        }
        let claims = issued.request.claims();
        let (jti, exp) = (*claims.jti.as_array(), claims.exp);
        if requests.contains_key(&jti) {
            return Err(StepError::Repeated);
        }
        requests.insert(jti, (exp, Stage::Issued(Box::new(issued))));
        Ok(())
    }

    /// Wipes what is kept for messages that did not come in time.
    pub fn sweep(&self, now: u64) {
        sweep(&mut self.lock(), now);
    }

    /// Takes the step from issued to evidence: only the first caller gets what verification needs.
    ///
    /// # Errors
    /// See [`StepError`]; a request that is too late is wiped.
    pub fn take_issued(&self, jti: &Jti, now: u64) -> Result<Issued, StepError> {
        let mut requests = self.lock();
        let (exp, stage) = requests.get_mut(jti).ok_or(StepError::Unknown)?;
        if now >= *exp {
            *stage = Stage::Decided;
            return Err(StepError::Expired);
        }
        match std::mem::replace(stage, Stage::Evidence) {
            Stage::Issued(issued) => Ok(*issued),
            other => {
                *stage = other;
                Err(StepError::Repeated)
            }
        }
    }

    /// Takes the step from evidence to command sent.
    ///
    /// # Errors
    /// [`StepError::Repeated`] where the request was decided meanwhile, [`StepError::Unknown`] where its session ended.
    pub fn command_sent(&self, jti: &Jti, sent: CommandSent) -> Result<(), StepError> {
        let mut requests = self.lock();
        let (_, stage) = requests.get_mut(jti).ok_or(StepError::Unknown)?;
        if !matches!(stage, Stage::Evidence) {
            return Err(StepError::Repeated);
        }
        *stage = Stage::CommandSent(Box::new(sent));
        Ok(())
    }

    /// Takes the step from command sent to the last part of verification.
    ///
    /// # Errors
    /// See [`StepError`]; a request that is too late is wiped.
    pub fn take_command_sent(&self, jti: &Jti, now: u64) -> Result<CommandSent, StepError> {
        let mut requests = self.lock();
        let (exp, stage) = requests.get_mut(jti).ok_or(StepError::Unknown)?;
        match std::mem::replace(stage, Stage::Evidence) {
            Stage::CommandSent(sent)
                if now < *exp && now < sent.at.saturating_add(RESULT_WITHIN) =>
            {
                Ok(*sent)
            }
            Stage::CommandSent(_) | Stage::Overdue => {
                *stage = Stage::Decided;
                Err(StepError::Expired)
            }
            other => {
                *stage = other;
                Err(StepError::Repeated)
            }
        }
    }

    /// How many requests are under way: not decided, and their time not over.
    pub fn under_way(&self, now: u64) -> usize {
        let requests = self.lock();
        let open = requests
            .values()
            .filter(|(exp, stage)| *exp > now && !matches!(stage, Stage::Decided | Stage::Overdue));
        open.count()
    }

    /// Forgets a request, whatever its step; what it held is wiped.
    pub fn remove(&self, jti: &Jti) {
        self.lock().remove(jti);
    }

    /// Ends a request, whatever its step; what it held is wiped. Whether it was still open.
    pub fn decide(&self, jti: &Jti) -> bool {
        let mut requests = self.lock();
        requests.get_mut(jti).is_some_and(|(_, stage)| {
            !matches!(std::mem::replace(stage, Stage::Decided), Stage::Decided)
        })
    }
}
