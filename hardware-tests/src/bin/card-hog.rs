//! Another program that wants the card: `card-hog exclusive` or `card-hog transaction` takes the first card there is,
//! says `holding`, and keeps it until it is killed.

use anyhow::{Context as _, Result, bail};
use pcsc::{Context, Protocols, Scope, ShareMode};
// Brings the PC/SC functions, which it loads from the system's library.
use rda as _;
use std::io::Write as _;
use std::process::ExitCode;

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
    let mut card = context
        .list_readers_owned()?
        .iter()
        .find_map(|reader| context.connect(reader, mode, Protocols::ANY).ok())
        .context("no card")?;
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
