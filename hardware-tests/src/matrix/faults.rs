//! Fault × profile, in process: every fault at every command of a whole login, once and for good.
//!
//! A login ends in one of three ways, and each must be one that the fault explains. A fault that passes must cost nothing
//! but time where only the link suffered. A forged document is never accepted, whatever happens to the link.

use super::{Cell, Table};
use crate::fault::in_process::Desk;
use crate::fault::{Fault, Plan};
use crate::office::Office;
use crate::page::Verdict;
use anyhow::{Context as _, Result, bail};
use icao::simulator::Profile;
use rda::login_session::LoginWorker;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One place of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) fault: Fault,
    pub(super) for_good: bool,
    pub(super) profile: Profile,
}

impl Place {
    /// At the command with this number, in words.
    pub(super) fn at(&self, number: usize) -> String {
        format!(
            "{} {} at command {number} of {}",
            self.fault.name(),
            if self.for_good { "for good" } else { "once" },
            self.profile.name(),
        )
    }

    pub(super) fn plan(&self, at: usize) -> Plan {
        match self.for_good {
            true => Plan::for_good(self.fault, at),
            false => Plan::once(self.fault, at),
        }
    }

    fn is_genuine(&self) -> bool {
        is_genuine(self.profile)
    }
}

/// Whether a document is what it says.
pub(super) fn is_genuine(profile: Profile) -> bool {
    !matches!(profile, Profile::Clone | Profile::Tampered)
}

/// How a login under a plan ends, and how many commands it took.
///
/// # Errors
/// If the worker panics, breaks the protocol, or leaves a link to the document open.
pub fn log_in(office: &Office, profile: Profile, plan: Plan) -> Result<(Verdict, usize)> {
    let desk = Desk::new(profile, plan)?;
    let worker = LoginWorker::new(desk.source());
    let ending = office.log_in(profile, &worker)?;
    if desk.open_links() != 0 {
        bail!("{} links to the document stayed open", desk.open_links());
    }
    Ok((ending.verdict, desk.exchanges()))
}

/// Makes the table of faults that pass, and that of faults that stay.
///
/// # Errors
/// If a document does not come out right without any fault.
pub fn tables() -> Result<[Table; 2]> {
    let office = Office::open()?;
    let mut lengths = BTreeMap::new();
    for profile in Profile::ALL {
        let (verdict, commands) = log_in(&office, profile, Plan::NONE)
            .with_context(|| format!("{} without a fault", profile.name()))?;
        let raised = matches!(verdict, Verdict::Raised(_));
        if raised != is_genuine(profile) || matches!(verdict, Verdict::Stopped(_)) {
            bail!("{} without a fault: {verdict:?}", profile.name());
        }
        lengths.insert(profile.name(), commands);
    }

    let places: Vec<Place> = [false, true]
        .into_iter()
        .flat_map(|for_good| Fault::ALL.map(|fault| (for_good, fault)))
        .flat_map(|(for_good, fault)| {
            Profile::ALL.map(|profile| Place {
                fault: fault.against(profile),
                for_good,
                profile,
            })
        })
        .collect();

    let cells = in_parallel(&places, |place| {
        let commands = lengths.get(place.profile.name());
        cell(&office, place, commands.copied().unwrap_or_default())
    });
    let names = Profile::ALL.map(Profile::name).to_vec();
    let mut tables = [
        Table::new(
            "Fault × profile, in process: the fault strikes once, at each command of a login",
            names.clone(),
        ),
        Table::new(
            "Fault × profile, in process: the fault strikes at a command and at all later ones",
            names,
        ),
    ];
    let mut cells = cells.into_iter();
    for table in &mut tables {
        for fault in Fault::ALL {
            table.row(
                fault.name(),
                cells.by_ref().take(Profile::ALL.len()).collect(),
            );
        }
    }
    Ok(tables)
}

fn cell(office: &Office, place: &Place, commands: usize) -> Cell {
    let mut cell = Cell::default();
    for at in 0..commands {
        judge(
            &mut cell,
            place,
            at,
            log_in(office, place.profile, place.plan(at)).map(|(verdict, _)| verdict),
        );
    }
    cell
}

/// Notes how a login ended in which the fault struck at the command with this number.
pub(super) fn judge(cell: &mut Cell, place: &Place, at: usize, verdict: Result<Verdict>) {
    let (ending, why) = match verdict {
        Ok(verdict) => (name(&verdict), complaint(place, &verdict)),
        Err(error) => ("broken".to_owned(), Some(format!("{error:#}"))),
    };
    cell.note(ending, why.map(|why| format!("{}: {why}", place.at(at))));
}

fn name(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Raised(level) => format!("level {level}"),
        Verdict::Refused(reason) => format!("refused by the server: {reason}"),
        Verdict::Stopped(code) => format!("stopped by the daemon: {code}"),
    }
}

/// What is wrong with this ending, if anything is.
fn complaint(place: &Place, verdict: &Verdict) -> Option<String> {
    let fitting = match verdict {
        Verdict::Raised(_) if !place.is_genuine() => return Some(format!("{verdict:?}")),
        Verdict::Raised(_) => may_pass(place),
        Verdict::Refused(reason) if !place.is_genuine() => {
            // What is wrong with the document, and nothing that only the link did.
            ["chip_not_genuine", "document_altered"].contains(&reason.as_str())
        }
        // An answer of the chip that only the server can check, spoilt on the way to it.
        Verdict::Refused(reason) => spoils_answers(place.fault) && reason == "chip_not_genuine",
        Verdict::Stopped(code) => stops(place).contains(&code.as_str()),
    };
    (!fitting).then(|| format!("{verdict:?}"))
}

/// Whether a login of a genuine document may go well. It must where [`stops`] knows no way to stop.
fn may_pass(place: &Place) -> bool {
    // Late answers are answers, and a reader for short APDUs is enough. For the rest: at the last command the chip may have
    // done its part.
    !place.for_good
        || matches!(place.fault, Fault::Delay(_) | Fault::ShortReader)
        || spoils_answers(place.fault)
}

fn spoils_answers(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::Garble | Fault::Truncate | Fault::NakedStatus(_)
    )
}

/// The codes with which the daemon may stop.
fn stops(place: &Place) -> &'static [&'static str] {
    // Between a spoilt answer and a bad chip nobody can tell before the chip is opened; afterwards the MAC can.
    const SPOILT: &[&str] = &[
        "access_data_wrong",
        "access_failed",
        "access_slow",
        "active_authentication_failed",
        "cancelled",
        "chip_authentication_failed",
        "document_lost",
        "document_swapped",
        "file_malformed",
        "file_unreadable",
        "pace_only",
        "reader_failed",
        "secure_messaging_failed",
    ];
    match (place.fault, place.for_good) {
        (Fault::Delay(_) | Fault::ShortReader, _) => &[],
        (Fault::Mute, false) => &["access_slow"],
        (Fault::Mute, true) => &["access_slow", "document_unreadable"],
        // Before the document was opened it is simply another one, which has no travel document application.
        (Fault::Swapped(_), _) => &[
            "document_swapped",
            "access_data_wrong",
            "access_failed",
            "cancelled",
            "document_lost",
            "pace_only",
        ],
        (Fault::Garble | Fault::Truncate | Fault::NakedStatus(_), _) => SPOILT,
        (_, false) => &[],
        (Fault::Tear | Fault::TearAfter | Fault::ResetByOther, true) => &["document_lost"],
        (Fault::ReaderUnplugged | Fault::ServiceRestarted, true) => &["reader_lost"],
        (Fault::SharingViolation, true) => &["document_in_use"],
    }
}

/// Runs `work` on every item, on as many threads as there are processors, and gives the outcomes in order.
fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let mut outcomes: Vec<(usize, R)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut done = Vec::new();
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(item) = items.get(index) else {
                            return done;
                        };
                        done.push((index, work(item)));
                    }
                })
            })
            .collect();
        workers
            .into_iter()
            // This thread runs no code of the daemon: if it panics the test itself is broken.
            .flat_map(|worker| match worker.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    });
    outcomes.sort_by_key(|(index, _)| *index);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}
