//! Fault × profile over a real pcscd, with a reader of our own: a tear at every command of a login, the other faults at
//! some of them.
//!
//! The login server is that of [`crate::office`], the daemon's worker with its own PC/SC code is in this process. What
//! is played here takes as long as it takes at a reader: a second for each card that leaves.

use super::faults::{Place, is_genuine, judge};
use super::{Cell, Table};
use crate::fault::{Fault, FaultyChip, Plan};
use crate::ifd::{Event, Reader};
use crate::office::Office;
use crate::page::Verdict;
use crate::pcscd::Pcscd;
use anyhow::{Context as _, Result, anyhow, bail};
use icao::simulator::Profile;
use protocol::messages::{Hint, Step};
use rda::login_session::{LoginWorker, over_pcsc};
use std::ops::ControlFlow;
use std::os::unix::fs::symlink;
use std::path::Path;

/// The variable by which libpcsclite is told of another service than the machine's. It is read once, so a process that
/// wants to use a pcscd of its own starts with it.
pub const SOCKET: &str = "PCSCLITE_CSOCK_NAME";

/// How often a citizen lays a document down again that the page does not want, before giving up.
const PATIENCE: usize = 3;

/// At so many commands of a login, evenly spread, each fault but the tear strikes.
const PLACES: usize = 5;

struct Desk {
    office: Office,
    worker: LoginWorker,
    reader: Reader,
    pcscd: Pcscd,
}

/// Makes the table. `socket` is what [`SOCKET`] says, and the name of nothing yet.
///
/// # Errors
/// If pcscd does not start, or a document does not come out right without any fault.
pub fn table(socket: &Path) -> Result<Table> {
    let reader = Reader::new("Specimen Contactless Reader")?;
    let pcscd = Pcscd::with_readers(&[&reader])?;
    symlink(pcscd.socket(), socket).context("the socket's name")?;
    let mut desk = Desk {
        office: Office::open()?,
        worker: over_pcsc(None, false, Default::default()),
        reader,
        pcscd,
    };
    let mut lengths = Vec::new();
    for profile in Profile::ALL {
        let verdict = desk.log_in(profile, Plan::NONE)?;
        if matches!(verdict, Verdict::Raised(_)) != is_genuine(profile) {
            bail!("{} without a fault: {verdict:?}", profile.name());
        }
        lengths.push((profile, desk.reader.exchanges()));
    }
    let mut table = Table::new(
        "Fault × profile, over pcscd: the fault strikes once; a reader that delays or is short stays so",
        Profile::ALL.map(Profile::name).to_vec(),
    );
    for fault in Fault::ALL {
        // That another program holds the card is for another program to do.
        if fault == Fault::SharingViolation {
            continue;
        }
        let cells = lengths
            .iter()
            .map(|(profile, commands)| desk.cell(fault, *profile, *commands))
            .collect();
        table.row(fault.name(), cells);
    }
    Ok(table)
}

impl Desk {
    fn cell(&mut self, fault: Fault, profile: Profile, commands: usize) -> Cell {
        let mut cell = Cell::default();
        let place = Place {
            fault: fault.against(profile),
            for_good: matches!(fault, Fault::Delay(_) | Fault::ShortReader),
            profile,
        };
        // It takes half an hour: whoever waits sees that it goes on.
        eprintln!("{} on {}", fault.name(), profile.name());
        let step = match fault {
            Fault::Tear => 1,
            _ => commands.div_ceil(PLACES).max(1),
        };
        for at in (0..commands).step_by(step) {
            judge(&mut cell, &place, at, self.log_in(profile, place.plan(at)));
        }
        cell
    }

    /// One login, before a citizen who does to document, reader and service what the plan wants.
    fn log_in(&mut self, profile: Profile, plan: Plan) -> Result<Verdict> {
        self.reader.lay(FaultyChip::new(profile, plan)?);
        let Self {
            office,
            worker,
            reader,
            pcscd,
        } = self;
        let hand = reader.hand();
        let (office, worker) = (&*office, &*worker);
        std::thread::scope(|scope| {
            let login = scope.spawn(|| {
                let mut laid = 0;
                office.log_in_before(profile, worker, &mut |step, hint| {
                    if step == Step::Paused
                        && matches!(hint, Some(Hint::LayAgain | Hint::OtherDocument))
                        && hand.lay_anew()
                    {
                        laid += 1;
                    }
                    match laid > PATIENCE {
                        true => ControlFlow::Break(()),
                        false => ControlFlow::Continue(()),
                    }
                })
            });
            match plan.fault() {
                Some(Fault::ReaderUnplugged) => {
                    reader.wait_for(Event::Unplugged)?;
                    reader.plug();
                }
                Some(Fault::ServiceRestarted) => {
                    reader.wait_for(Event::ServiceToDie)?;
                    pcscd.kill();
                    pcscd.restart()?;
                }
                _ => {}
            }
            let ending = login.join().map_err(|_| anyhow!("the login panicked"))??;
            Ok(ending.verdict)
        })
    }
}
