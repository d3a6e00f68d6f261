//! The matrices: faults against documents in process, foreign readers against documents over pcscd; with `--pcscd` faults
//! against documents over pcscd, which takes half an hour.

use anyhow::{Context as _, Result, bail};
use hardware_tests::matrix::{Table, faults, over_pcscd, readers};
use hardware_tests::need;
use std::process::{Command, ExitCode};

/// Tries faults and readers against every simulated document, prints the tables with their counts, and fails if one trial
/// did not come out as it must.
fn main() -> ExitCode {
    let outcome = match std::env::args().nth(1).as_deref() {
        None => in_process(),
        Some("--pcscd") => at_a_reader(),
        Some(_) => Err(anyhow::anyhow!("--pcscd, or nothing")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("matrix: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn in_process() -> Result<()> {
    let mut tables: Vec<Table> = faults::tables()?.into();
    tables.extend(readers::table()?);
    print(&tables)
}

/// Only a program that starts with the socket in its environment can reach a pcscd that is not the machine's, so this one
/// starts itself.
fn at_a_reader() -> Result<()> {
    const AGAIN: &str = "RDA_MATRIX_AGAIN";
    if std::env::var_os(AGAIN).is_some() {
        let socket = std::env::var_os(over_pcscd::SOCKET).context(over_pcscd::SOCKET)?;
        return print(&[over_pcscd::table(socket.as_ref())?]);
    }
    if !need::all("faults over pcscd", &[&need::PCSCD])? {
        bail!("pcscd is missing");
    }
    let folder = tempfile::Builder::new().prefix("rda-matrix-").tempdir()?;
    let status = Command::new(std::env::current_exe()?)
        .arg("--pcscd")
        .env(AGAIN, "1")
        .env(over_pcscd::SOCKET, folder.path().join("socket"))
        .status()?;
    if !status.success() {
        bail!("over pcscd not all trials came out as they must");
    }
    Ok(())
}

fn print(tables: &[Table]) -> Result<()> {
    let mut wrong = 0;
    for table in tables {
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
