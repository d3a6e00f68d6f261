//! Plays the official test plan and prints what came of it: `conformity`, `conformity --json`, `conformity --only LDS_H_01`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::Parser;
use conformity::case;
use conformity::report::Report;
use conformity::run::{InProcess, Table, play_all};

/// Plays the cases of BSI TR-03105 part 5.1 that are in scope, each under the profile of the test plan and in the field's.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Print JSON in place of a table.
    #[arg(long, conflicts_with = "page")]
    json: bool,
    /// Print the page that docs/conformity.md is.
    #[arg(long)]
    page: bool,
    /// Only cases whose id begins so.
    #[arg(long, value_name = "ID")]
    only: Option<String>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            eprintln!("conformity: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every required case is met and nothing went wrong.
fn run(arguments: &Arguments) -> Result<bool> {
    let mut cases = case::all()?;
    if let Some(only) = &arguments.only {
        cases.retain(|case| case.id.starts_with(only));
    }
    if cases.is_empty() {
        bail!("no case of this name");
    }
    let began = Instant::now();
    let table: Arc<dyn Table> = Arc::new(InProcess);
    let outcomes = play_all(&table, &cases, 2);
    let report = Report::new(&cases, &outcomes);
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else if arguments.page {
        print!("{}", report.page()?);
    } else {
        print!("{}", report.table());
        println!(
            "{} cases in {:.1} s",
            cases.len(),
            began.elapsed().as_secs_f64()
        );
    }
    let all = report.counts.get("all").copied().unwrap_or_default();
    Ok(all.required_met == all.required && all.troubles == 0)
}
