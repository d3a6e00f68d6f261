//! What a process takes of the computer, as proc(5) tells of it.

use anyhow::{Context as _, Result};
use std::fs;
use std::time::Duration;

/// A figure of the process' status, without its unit: `VmRSS`, what is resident, and `VmHWM`, the most that ever was, in KiB;
/// `Threads`.
///
/// # Errors
/// If there is no such process or figure.
pub fn figure(process: u32, name: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let figure = status
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find_map(|(found, figure)| (found == name).then_some(figure))
        .and_then(|figure| figure.split_whitespace().next())
        .with_context(|| format!("no {name}"))?;
    Ok(figure.parse()?)
}

/// What it has taken of a core since it began: user and system time, to ten milliseconds.
///
/// # Errors
/// If there is no such process.
pub fn processor(process: u32) -> Result<Duration> {
    times(&process.to_string(), 0)
}

/// What the children of this process have taken of a core, those that have ended and were waited for.
///
/// # Errors
/// If proc(5) is not there.
pub fn processor_of_children() -> Result<Duration> {
    times("self", 2)
}

/// The sum of two times of its `stat`, counted from `utime`.
fn times(process: &str, skipped: usize) -> Result<Duration> {
    /// Of the kernel's ABI, whatever its timer is.
    const TICKS_PER_SECOND: u64 = 100;
    /// Fields between the name, which may hold anything, and `utime`.
    const BEFORE: usize = 11;
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
    let mut ticks = 0;
    let mut fields = fields.split_whitespace().skip(BEFORE + skipped);
    for _ in 0..2 {
        ticks += fields.next().context("stat is short")?.parse::<u64>()?;
    }
    Ok(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
}
