//! What takes too long for every change: `cargo xtask test --long` runs it after the tests, `--only JOB` one of it.
//!
//! A job is a module here and a line in [`JOBS`]. It ends with one line of figures: what it did, how often, for how long.

mod cargo_deny;
mod constant_time;
mod faults;
mod fresh_root;
mod fuzz;
mod librda;
mod other_systems;
mod reproducible;

use anyhow::{Context as _, Result, bail};
use std::time::Instant;

/// Name, and what does it.
type Job = (&'static str, fn() -> Result<String>);

const JOBS: &[Job] = &[
    ("mutants", crate::mutants::plan::all),
    ("attacks", crate::mutants::attacks::run),
    ("fuzz", fuzz::run),
    ("faults", faults::run),
    ("librda", librda::run),
    ("fresh-root", fresh_root::run),
    ("reproducible", reproducible::run),
    ("other-systems", other_systems::run),
    ("constant-time", constant_time::run),
    ("cargo-deny", cargo_deny::run),
];

/// The names of all jobs.
pub(crate) fn names() -> Vec<&'static str> {
    JOBS.iter().map(|(name, _)| *name).collect()
}

/// Runs all jobs, or the one named, each to its end also after another failed.
///
/// # Errors
/// If one of them failed, or none has this name.
pub(crate) fn run(only: Option<&str>) -> Result<()> {
    let wanted: Vec<_> = JOBS
        .iter()
        .filter(|(name, _)| only.is_none_or(|only| only == *name))
        .collect();
    if wanted.is_empty() {
        bail!("no long job of this name");
    }
    let mut failed = Vec::new();
    for (name, job) in wanted {
        let began = Instant::now();
        let figures = job().with_context(|| format!("long job {name}"));
        let minutes = began.elapsed().as_secs_f64() / 60.0;
        match figures {
            Ok(figures) => println!("long {name}: {figures} ({minutes:.1} min)"),
            Err(error) => {
                eprintln!("long {name}: FAILED after {minutes:.1} min: {error:#}");
                failed.push(*name);
            }
        }
    }
    if !failed.is_empty() {
        bail!("not all long jobs passed: {}", failed.join(" "));
    }
    Ok(())
}
