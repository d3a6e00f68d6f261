//! `cargo xtask`: the project's tasks. `demo` needs nothing installed but Rust; `test` and `matrix` install what they
//! need where they may; `packages` does only that; `audit` looks at the dependencies without a network.

mod audit;
mod bench;
mod cargo;
mod conformity;
mod demo;
mod librda;
mod long;
mod mutants;
mod package;
mod packages;
mod readers;
mod test;
#[cfg(test)]
mod threat_model;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The project's tasks.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build and start the login server and the daemon with a simulated document; `--help` tells of its options.
    #[command(disable_help_flag = true)]
    Demo {
        /// Passed on to the demonstration.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Run all tests: of the workspace, over a real pcscd, with foreign readers, in a browser, and the demonstration.
    Test {
        /// The tests at their large scale, and after them the jobs that take long.
        #[arg(long)]
        long: bool,
        /// Only this one of the long jobs, and no tests.
        #[arg(long, value_name = "JOB", value_parser = long::names())]
        only: Option<String>,
    },
    /// Measure, and print every figure beside its limit.
    Bench {
        /// One line of JSON instead of tables.
        #[arg(long)]
        json: bool,
        /// Only this section.
        #[arg(long, value_name = "SECTION", value_parser = bench::names())]
        only: Option<String>,
    },
    /// Play the official test plan for inspection systems; `--json`, `--page`, `--only ID`, `--pcscd`.
    #[command(disable_help_flag = true)]
    Conformity {
        /// Passed on to the test plan.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Take checks out of the library one by one, and see whether the test plan notices.
    Mutants,
    /// Print the matrices: faults and foreign readers against every simulated document, with counts.
    Matrix,
    /// Install the Debian packages that the tests need, or name them.
    Packages,
    /// Write the udev rules, the modprobe file and the page that are made from the table of readers.
    Readers,
    /// Build librda, the C interface, and lay it out as it is installed.
    Librda(librda::Arguments),
    /// Make the Debian packages, with manual pages, completions and lists of what is in them.
    Package,
    /// Check licences, sources and duplicates of all dependencies against deny.toml.
    Audit {
        /// A copy of the RustSec advisory database: its advisories are looked at too.
        #[arg(long, value_name = "PATH")]
        db: Option<std::path::PathBuf>,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Demo { options } => demo::run(&options),
        Task::Test { long, only } => match only {
            Some(job) => long::run(Some(&job)),
            None => test::run(long).and_then(|()| if long { long::run(None) } else { Ok(()) }),
        },
        Task::Bench { json, only } => bench::run(json, only.as_deref()),
        Task::Conformity { options } => conformity::run(&options),
        Task::Mutants => mutants::plan::all().map(|figures| println!("{figures}")),
        Task::Matrix => test::matrix(),
        Task::Packages => packages::ensure().map(drop),
        Task::Readers => readers::run(),
        Task::Librda(arguments) => librda::run(&arguments),
        Task::Package => package::run(),
        Task::Audit { db } => audit::run(db.as_deref()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
