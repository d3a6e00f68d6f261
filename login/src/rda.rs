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
    /// No such request: its session ended, it was superseded, or it has been swept out.
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
const KNOWN_AFTERWARDS: u64 = 300;

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
        exp.saturating_add(KNOWN_AFTERWARDS) > now
    });
}

/// Why a step is not taken that is not the next one.
fn late_or_repeated(exp: u64, now: u64) -> StepError {
    if now < exp {
        StepError::Repeated
    } else {
        StepError::Expired
    }
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
        match std::mem::replace(stage, Stage::Evidence) {
            Stage::Issued(issued) if now < *exp => Ok(*issued),
            Stage::Issued(_) => {
                *stage = Stage::Decided;
                Err(StepError::Expired)
            }
            other => {
                *stage = other;
                Err(late_or_repeated(*exp, now))
            }
        }
    }

    /// Takes the step from evidence to command sent.
    ///
    /// # Errors
    /// [`StepError::Repeated`] where the request was decided meanwhile, [`StepError::Unknown`] where its session ended or asked for
    /// another.
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
                Err(late_or_repeated(*exp, now))
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
            let was = std::mem::replace(stage, Stage::Decided);
            !matches!(was, Stage::Decided | Stage::Overdue)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use protocol::jws::KeyId;

    const NOW: u64 = 1_795_305_600;
    const EXP: u64 = NOW + 300;

    fn issued(jti: Jti) -> Issued {
        let key = p256::ecdsa::SigningKey::from_slice(&[1; 32]).unwrap();
        let enc = SecretKey::from_slice(&[2; 32]).unwrap();
        let claims = serde_json::json!({
            "ver": 1,
            "iss": "login.example",
            "aud": "https://login.example",
            "jti": protocol::encoding::encode(&jti),
            "iat": NOW,
            "exp": EXP,
            "service": {"en": "Specimen service"},
            "document": "passport",
            "enc": protocol::jwk::PublicJwk::from(enc.public_key()),
        });
        let kid = KeyId::try_from("k".to_owned()).unwrap();
        let (_, request) =
            Request::issue(serde_json::from_value(claims).unwrap(), &kid, &key).unwrap();
        Issued {
            request,
            enc,
            candidates: Vec::new(),
        }
    }

    /// Its secrets go at its end, and it itself some time later; it takes no room meanwhile.
    #[test]
    fn a_request_that_is_over_is_known_for_a_while() {
        let (first, second) = ([1; 32], [2; 32]);
        let proceedings = Proceedings::new(1);
        assert_eq!(proceedings.issue(issued(first), NOW), Ok(()));
        assert_eq!(
            proceedings.issue(issued(second), EXP - 1),
            Err(StepError::Full)
        );
        assert_eq!(proceedings.issue(issued(second), EXP), Ok(()));
        assert!(matches!(proceedings.lock()[&first].1, Stage::Overdue));
        let late = |now| proceedings.take_issued(&first, now).map(drop);
        assert_eq!(late(EXP), Err(StepError::Expired));
        proceedings.sweep(EXP + 299);
        assert_eq!(late(EXP + 299), Err(StepError::Expired));
        proceedings.sweep(EXP + 300);
        assert_eq!(late(EXP + 300), Err(StepError::Unknown));
        assert!(proceedings.lock().is_empty());
    }

    /// Whatever comes late or twice leaves the verification alone that came in time.
    #[test]
    fn a_step_under_way_is_left_alone() {
        let jti = [1; 32];
        let proceedings = Proceedings::new(1);
        proceedings.issue(issued(jti), NOW).unwrap();
        assert!(proceedings.take_issued(&jti, EXP - 1).is_ok());
        let again = |now| proceedings.take_issued(&jti, now).map(drop);
        let result = |now| proceedings.take_command_sent(&jti, now).map(drop);
        assert_eq!(again(EXP - 1), Err(StepError::Repeated));
        assert_eq!(result(EXP - 1), Err(StepError::Repeated));
        for swept in [false, true] {
            if swept {
                proceedings.sweep(EXP);
            }
            assert_eq!(again(EXP), Err(StepError::Expired));
            assert_eq!(result(EXP), Err(StepError::Expired));
        }
        assert!(proceedings.decide(&jti), "still open");
        assert!(!proceedings.decide(&jti));
    }
}
