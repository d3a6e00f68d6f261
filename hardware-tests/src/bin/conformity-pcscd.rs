//! The official test plan over a real pcscd: each chip is laid on a virtual reader and inspected through PC/SC, with the
//! daemon's own reader code. Slower than in process, and the same verdicts: `conformity-pcscd`, `--only ID`, `--json`.

use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Parser;
use conformity::case;
use conformity::report::Report;
use conformity::run::{InProcess, Table, play_all};
use hardware_tests::need;
use hardware_tests::pcscd::{self, Pcscd};
use hardware_tests::vpcd::{self, Laid};
use icao::simulator::Chip;
use icao::transport::{Limits, Transport, TransportError};
use rda::reader::pcsc::PcscReaders;
use rda::reader::{Cancel, DocumentLink, DocumentSource as _};

/// Where the virtual reader of the parent listens. Only a program that starts with the socket in its environment can
/// reach a pcscd that is not the machine's, so this one starts itself.
const SLOT: &str = "RDA_CONFORMITY_SLOT";

/// Plays the cases of BSI TR-03105 part 5.1 that are in scope over a pcscd of its own.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Print JSON in place of a table.
    #[arg(long)]
    json: bool,
    /// Only cases whose id begins so.
    #[arg(long, value_name = "ID")]
    only: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match std::env::var(SLOT) {
        Ok(slot) => play(&arguments, slot),
        Err(_) => with_pcscd(),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            eprintln!("conformity-pcscd: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Starts a pcscd, and this program once more before it.
fn with_pcscd() -> Result<bool> {
    if !need::all("the test plan over pcscd", &pcscd::NEEDS)? {
        bail!("pcscd or its virtual reader is missing");
    }
    let pcscd = Pcscd::start()?;
    let mut again: Command = pcscd.client(std::env::current_exe()?);
    let status = again
        .args(std::env::args_os().skip(1))
        .env(SLOT, pcscd.slot(0).to_string())
        .status()?;
    match status.code() {
        Some(0) => Ok(true),
        Some(2) => Ok(false),
        _ => bail!("the run over pcscd broke off"),
    }
}

/// Whether every case ends over pcscd as it does in process.
fn play(arguments: &Arguments, slot: String) -> Result<bool> {
    let mut cases = case::all()?;
    if let Some(only) = &arguments.only {
        cases.retain(|case| case.id.starts_with(only));
    }
    let table: Arc<dyn Table> = Arc::new(Reader {
        slot,
        taken: Mutex::new(()),
    });
    let outcomes = play_all(&table, &cases, 1);
    let report = Report::new(&cases, &outcomes);
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", report.table());
    }
    let here: Arc<dyn Table> = Arc::new(InProcess);
    let mut same = true;
    for ((case, over_pcscd), in_process) in
        cases.iter().zip(&outcomes).zip(play_all(&here, &cases, 2))
    {
        for (one, other) in over_pcscd.iter().zip(&in_process) {
            if (one.passed, &one.trouble) != (other.passed, &other.trouble) {
                same = false;
                eprintln!("{}: in process {}", case.id, other.verdict);
            }
        }
    }
    let all = report.counts.get("all").copied().unwrap_or_default();
    Ok(same && all.required_met == all.required && all.troubles == 0)
}

/// The virtual reader, on which one chip at a time can lie.
struct Reader {
    slot: String,
    taken: Mutex<()>,
}

/// A simulated chip, as the virtual reader wants it.
struct Simulated(Chip);

impl vpcd::Chip for Simulated {
    fn process(&mut self, command: &[u8]) -> Option<Vec<u8>> {
        Some(self.0.process(command))
    }
    fn reset(&mut self) {
        self.0.reset();
    }
}

impl Table for Reader {
    fn lay(&self, chip: Chip, limits: Limits) -> Result<Box<dyn Transport>> {
        let _taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let atr = chip.atr().to_vec();
        let laid = Laid::new(Simulated(chip), self.slot.as_str(), &atr, None)
            .context("no virtual reader")?;
        let notify = Arc::new(|_| ());
        let mut readers = PcscReaders::new(None, Cancel::new(), notify, Arc::default());
        let link = readers
            .next_document()
            .map_err(|error| anyhow!("no document on the reader: {error}"))?;
        Ok(Box::new(OnReader {
            link,
            limits,
            _laid: laid,
        }))
    }
}

/// A chip on the reader. The link ends before the chip is lifted.
struct OnReader {
    link: Box<dyn DocumentLink>,
    limits: Limits,
    _laid: Laid<Simulated>,
}

impl Transport for OnReader {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.link.transmit(command)
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        self.link.reset()
    }

    fn limits(&self) -> Limits {
        let reader = self.link.limits();
        Limits {
            max_command: reader.max_command.min(self.limits.max_command),
            max_response: reader.max_response.min(self.limits.max_response),
        }
    }
}
