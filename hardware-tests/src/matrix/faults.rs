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
use std::sync::atomic::{AtomicUsize, Ordering};

/// The documents of a login, and whether each is genuine.
const PROFILES: [(Profile, bool); 6] = [
    (Profile::NlPassport2011, true),
    (Profile::NlId2014, true),
    (Profile::NlPassport2024, true),
    (Profile::PaceP256, true),
    (Profile::Clone, false),
    (Profile::Tampered, false),
];

/// One place of the table.
struct Place {
    fault: Fault,
    for_good: bool,
    profile: Profile,
    genuine: bool,
    /// How many commands a login takes.
    commands: usize,
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
    let mut lengths = Vec::new();
    for (profile, genuine) in PROFILES {
        let (verdict, commands) = log_in(&office, profile, Plan::NONE)
            .with_context(|| format!("{} without a fault", profile.name()))?;
        let raised = matches!(verdict, Verdict::Raised(_));
        if raised != genuine || matches!(verdict, Verdict::Stopped(_)) {
            bail!("{} without a fault: {verdict:?}", profile.name());
        }
        lengths.push(commands);
    }

    let mut places = Vec::new();
    for for_good in [false, true] {
        for fault in Fault::ALL {
            for (index, (profile, genuine)) in PROFILES.into_iter().enumerate() {
                places.push(Place {
                    fault,
                    for_good,
                    profile,
                    genuine,
                    commands: lengths.get(index).copied().unwrap_or_default(),
                });
            }
        }
    }

    let cells = in_parallel(&places, |place| cell(&office, place));
    let names: Vec<_> = PROFILES.iter().map(|(profile, _)| profile.name()).collect();
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
            table.row(fault.name(), cells.by_ref().take(PROFILES.len()).collect());
        }
    }
    Ok(tables)
}

fn cell(office: &Office, place: &Place) -> Cell {
    let mut cell = Cell::default();
    for at in 0..place.commands {
        let plan = match place.for_good {
            true => Plan::for_good(place.fault, at),
            false => Plan::once(place.fault, at),
        };
        let what = format!(
            "{} {} at command {at} of {}",
            place.fault.name(),
            if place.for_good { "for good" } else { "once" },
            place.profile.name(),
        );
        let (ending, wrong) = match log_in(office, place.profile, plan) {
            Ok((verdict, _)) => {
                let wrong = complaint(place, &verdict).map(|why| format!("{what}: {why}"));
                (name(&verdict), wrong)
            }
            Err(error) => ("broken".to_owned(), Some(format!("{what}: {error:#}"))),
        };
        cell.note(ending, wrong);
    }
    cell
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
        Verdict::Raised(_) if !place.genuine => return Some(format!("{verdict:?}")),
        Verdict::Raised(_) => may_pass(place),
        Verdict::Refused(reason) if !place.genuine => {
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
            // A trial that panics is caught where its worker is joined; this thread runs no code of the daemon.
            .flat_map(|worker| worker.join().unwrap_or_default())
            .collect()
    });
    outcomes.sort_by_key(|(index, _)| *index);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}
