//! Plays the cases: personalises a chip for each run, inspects it under both profiles, and compares with what the guideline
//! wants.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};
use icao::apdu::Command;
use icao::pki::UnixTime;
use icao::pki::policy::Policy;
use icao::simulator::{Chip, SeededRandom, SimulatedLink};
use icao::transport::{Limits, Transport, TransportError};
use serde::Serialize;

use crate::case::{Case, Expected, Variant};
use crate::edit;
use crate::inspect::{Known, Verdict, inspect};
use crate::personalise::{self, Document, KIND, STATE};
use crate::saved;

/// How long one run may take, at a time when every core is busy. Runs take milliseconds, or seconds with the largest groups.
const PATIENCE: Duration = Duration::from_secs(120);

/// 2026-06-01: a day on which all certificates of the simulator are valid.
pub(crate) const TIME: UnixTime = UnixTime(1_780_272_000);

/// What a terminal accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// The test plan to the letter: [`Policy::inspection`].
    Inspection,
    /// What documents in use need, the default of the login server: [`Policy::field`].
    Field,
}

impl Profile {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Inspection, Self::Field];

    /// The policy of the verifier.
    #[must_use]
    pub fn policy(self) -> Policy {
        match self {
            Self::Inspection => Policy::inspection(),
            Self::Field => Policy::field(),
        }
    }

    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inspection => "inspection",
            Self::Field => "field",
        }
    }
}

/// How a case ended under one profile.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The profile.
    pub profile: Profile,
    /// Whether every run was a successful inspection.
    pub passed: bool,
    /// The verdict in words; of several runs the first that failed.
    pub verdict: String,
    /// Deviations that were met in successful inspections.
    pub tolerated: Vec<String>,
    /// Whether it is as the guideline wants.
    pub conforms: bool,
    /// A panic, a hang, a broken rule of the conversation, or a case that could not be played.
    pub trouble: Option<String>,
}

/// How the runs of a case ended under one profile.
struct Runs {
    verdicts: Vec<(String, Verdict)>,
    trouble: Option<String>,
}

/// Plays one case under one profile. Panics and hangs are caught and told.
#[must_use]
pub fn play(table: &Arc<dyn Table>, case: &Case, profile: Profile) -> Outcome {
    let (sender, receiver) = mpsc::channel();
    let (table, played) = (Arc::clone(table), case.clone());
    thread::spawn(move || {
        let runs = panic::catch_unwind(AssertUnwindSafe(|| runs(&*table, &played, profile)));
        // Nobody listens any more if it took too long.
        let _ = sender.send(runs);
    });
    let runs = match receiver.recv_timeout(PATIENCE) {
        Ok(Ok(Ok(runs))) => runs,
        Ok(Ok(Err(error))) => broken(format!("cannot be played: {error:#}")),
        Ok(Err(_)) => broken("panicked".to_owned()),
        Err(_) => broken("hangs".to_owned()),
    };
    outcome(case, profile, runs)
}

fn broken(trouble: String) -> Runs {
    Runs {
        verdicts: Vec::new(),
        trouble: Some(trouble),
    }
}

fn outcome(case: &Case, profile: Profile, runs: Runs) -> Outcome {
    let all_pass = runs.verdicts.iter().all(|(_, verdict)| verdict.passed());
    // A case that must fail fails in each of its runs.
    let wants_failure = case.expected == Expected::Fail;
    let telling = runs
        .verdicts
        .iter()
        .find(|(_, verdict)| verdict.passed() == wants_failure)
        .or(runs.verdicts.first());
    let verdict = telling.map_or_else(String::new, |(name, verdict)| {
        if name.is_empty() || (verdict.passed() != wants_failure) {
            verdict.to_string()
        } else {
            format!("{verdict} ({name})")
        }
    });
    let passed = telling.is_some_and(|(_, verdict)| verdict.passed());
    let mut tolerated: Vec<String> = runs
        .verdicts
        .iter()
        .filter(|(_, verdict)| verdict.passed())
        .flat_map(|(_, verdict)| verdict.tolerated.as_slice())
        .map(|tolerance| tolerance.name().to_owned())
        .collect();
    tolerated.sort();
    tolerated.dedup();
    let conforms = match case.expected {
        Expected::Pass => all_pass && !runs.verdicts.is_empty(),
        Expected::Fail => !runs.verdicts.is_empty() && !passed,
        Expected::Reported => !passed || !tolerated.is_empty(),
        Expected::Unknown => true,
    };
    Outcome {
        profile,
        passed,
        verdict,
        tolerated,
        conforms: conforms && runs.trouble.is_none(),
        trouble: runs.trouble,
    }
}

fn runs(table: &dyn Table, case: &Case, profile: Profile) -> Result<Runs> {
    let mut verdicts = Vec::new();
    let mut trouble = None;
    for variant in case.runs() {
        let times = if case.conversation.fresh.is_some() {
            3
        } else {
            1
        };
        let mut heard = Vec::new();
        for time in 0..times {
            let document = personalise::personalise(case.configuration, &variant)?;
            let ears = Arc::clone(&document.heard);
            let alone = match case.is_on_files() {
                true => Some(saved::inspect(&document, &profile.policy())?),
                false => None,
            };
            let verdict = on_table(table, document, profile, &seed(case, &variant, time))?;
            if let Some(alone) = alone {
                trouble = trouble.or(otherwise(case, &verdict, &alone));
            }
            verdicts.push((variant.name.clone(), verdict));
            heard.push(std::mem::take(
                &mut *ears.lock().unwrap_or_else(PoisonError::into_inner),
            ));
        }
        trouble = trouble.or(listen(case, &heard)?);
    }
    Ok(Runs { verdicts, trouble })
}

/// What is wrong if the files alone are judged otherwise than the chip with them, and the case does not say why.
fn otherwise(case: &Case, inspected: &Verdict, alone: &Verdict) -> Option<String> {
    let same = alone.passed() == inspected.passed()
        && (alone.tolerated == inspected.tolerated || !alone.passed());
    (!same && case.files.is_none())
        .then(|| format!("its files alone: {alone}; with the chip: {inspected}"))
}

/// The terminal's randomness: the same in every test, and another in each run.
fn seed(case: &Case, variant: &Variant, time: u8) -> Vec<u8> {
    format!("{} {} {time}", case.id, variant.name).into_bytes()
}

/// What is wrong with what the chip heard in the runs of one variant.
fn listen(case: &Case, heard: &[Vec<personalise::Command>]) -> Result<Option<String>> {
    let rules = &case.conversation;
    let all = || heard.iter().flatten();
    for never in &rules.never {
        if all().any(|command| command.name == never || command.protected && never == "protected") {
            return Ok(Some(format!("the terminal sent {never}")));
        }
    }
    if let Some((name, bytes)) = &rules.sent {
        let bytes = edit::hexadecimal(bytes)?;
        let mut sent = all().filter(|command| command.name == name);
        if !sent.any(|command| {
            command
                .data
                .windows(bytes.len())
                .any(|window| window == bytes)
        }) {
            return Ok(Some(format!("the terminal sent no such {name}")));
        }
    }
    if let Some(name) = &rules.fresh {
        let mut data: Vec<_> = all()
            .filter(|command| command.name == name)
            .map(|command| &command.data)
            .collect();
        let sent = data.len();
        data.sort();
        data.dedup();
        if sent < 3 || data.len() != sent {
            return Ok(Some(format!("{name} is not fresh in each run")));
        }
    }
    Ok(None)
}

/// Inspects a chip that lies on `table`.
fn on_table(
    table: &dyn Table,
    document: Document,
    profile: Profile,
    seed: &[u8],
) -> Result<Verdict> {
    let mut link = Checked {
        link: table.lay(document.chip, document.limits)?,
        malformed: false,
    };
    let known = Known {
        kind: KIND,
        state: STATE,
        printed: Some(&document.printed),
        store: &document.store,
        signers: &document.signers,
        time: TIME,
    };
    let mut random = SeededRandom::new(seed);
    let verdict = inspect(
        &mut link,
        &mut random,
        &document.keys,
        &known,
        &profile.policy(),
    );
    if link.malformed {
        return Err(anyhow!("the terminal sent bytes that are no command"));
    }
    Ok(verdict)
}

/// Where chips are laid to be inspected.
pub trait Table: Send + Sync {
    /// Lays `chip` down and returns the link to it, which carries no more than `limits`.
    ///
    /// # Errors
    /// If the reader does not work.
    fn lay(&self, chip: Chip, limits: Limits) -> Result<Box<dyn Transport>>;
}

/// In this process, without a reader.
pub struct InProcess;

impl Table for InProcess {
    fn lay(&self, chip: Chip, limits: Limits) -> Result<Box<dyn Transport>> {
        Ok(Box::new(SimulatedLink::new(chip).with_limits(limits)))
    }
}

/// The guideline wants every command of the terminal checked for its syntax.
struct Checked {
    link: Box<dyn Transport>,
    malformed: bool,
}

impl Transport for Checked {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let sound = Command::parse(command)
            .is_ok_and(|command| matches!(command.cla, 0x00 | 0x0C | 0x10 | 0x1C));
        self.malformed |= !sound;
        self.link.transmit(command)
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        self.link.reset()
    }

    fn limits(&self) -> Limits {
        self.link.limits()
    }
}

/// Plays all cases under both profiles, so many at a time; the outcomes stand in the order of the cases.
#[must_use]
pub fn play_all(table: &Arc<dyn Table>, cases: &[Case], at_a_time: usize) -> Vec<[Outcome; 2]> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(cases.len()));
    thread::scope(|scope| {
        for _ in 0..at_a_time {
            scope.spawn(|| {
                while let Some((index, case)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    cases.get(index).map(|case| (index, case))
                } {
                    let outcomes = Profile::ALL.map(|profile| play(table, case, profile));
                    done.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((index, outcomes));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, outcomes)| outcomes).collect()
}
