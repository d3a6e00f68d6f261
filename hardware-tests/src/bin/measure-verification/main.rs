//! What verification costs, each figure beside that of its parts or of other software in the same run:
//! `cargo xtask bench --only verification`. All on one core, the best of several rounds, since other programs run here too.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};

mod engines;
mod signers;
mod verdicts;

const ROUNDS: usize = 5;

fn main() -> Result<()> {
    // As the login server does.
    rda_login::accelerator::install();
    let engines = engines::measure()?;
    let signers = signers::measure()?;
    let verdicts = verdicts::measure()?;
    if std::env::args().any(|argument| argument == "--json") {
        println!(
            "{}",
            json!({ "engines": engines, "signers": signers, "verdicts": verdicts })
        );
        return Ok(());
    }
    engines::print(&engines);
    println!();
    signers::print(&signers);
    println!();
    verdicts::print(&verdicts);
    Ok(())
}

/// The shortest of some rounds.
fn best(mut work: impl FnMut()) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        work();
        best = best.min(begin.elapsed());
    }
    best
}

/// What one of `count` pieces of work takes, microseconds.
fn each(count: u32, mut work: impl FnMut()) -> f64 {
    let time = best(|| (0..count).for_each(|_| work()));
    time.as_secs_f64() * 1e6 / f64::from(count)
}

fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn rows(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
