//! The matrices: faults against documents in process, foreign readers against documents over pcscd.

use anyhow::{Result, bail};
use hardware_tests::matrix::{Table, faults, readers};
use std::process::ExitCode;

/// Tries faults and readers against every simulated document, prints the tables with their counts, and fails if one trial
/// did not come out as it must.
fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("matrix: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut tables: Vec<Table> = faults::tables()?.into();
    tables.extend(readers::table()?);
    let mut wrong = 0;
    for table in &tables {
        println!("{table}");
        wrong += table.wrong().len();
    }
    let runs: usize = tables.iter().map(Table::runs).sum();
    println!("matrices: {runs} runs, {wrong} wrong");
    if wrong > 0 {
        bail!("{wrong} trials did not come out as they must");
    }
    Ok(())
}
