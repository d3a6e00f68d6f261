//! Another program that wants the card: `card-hog exclusive` or `card-hog transaction` takes the first card there is,
//! says `holding`, and keeps it until it is killed.

use anyhow::{Result, bail};
use pcsc::{Context, Protocols, ReaderState, Scope, ShareMode, State};
// Brings the PC/SC functions, which it loads from the system's library.
use rda as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("card-hog: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let how = std::env::args().nth(1).unwrap_or_default();
    let context = Context::establish(Scope::User)?;
    let mode = match how.as_str() {
        "exclusive" => ShareMode::Exclusive,
        "transaction" => ShareMode::Shared,
        _ => bail!("exclusive or transaction?"),
    };
    let mut states: Vec<ReaderState> = context
        .list_readers_owned()?
        .into_iter()
        .map(|reader| ReaderState::new(reader, State::UNAWARE))
        .collect();
    let reader = loop {
        context.get_status_change(PATIENCE, &mut states)?;
        let present = |state: &&ReaderState| state.event_state().contains(State::PRESENT);
        if let Some(state) = states.iter().find(present) {
            break state.name().to_owned();
        }
        states.iter_mut().for_each(ReaderState::sync_current_state);
    };
    let mut card = context.connect(&reader, mode, Protocols::ANY)?;
    let transaction = match mode {
        ShareMode::Shared => Some(card.transaction()?),
        _ => None,
    };
    println!("holding");
    std::io::stdout().flush()?;
    let _held = transaction;
    loop {
        std::thread::park();
    }
}
