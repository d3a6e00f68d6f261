//! Fuzzing with cargo-fuzz (libFuzzer) on a nightly compiler.
//!
//! `RDA_FUZZ_MINUTES` is the processor time for each target (30 minutes unless set), `RDA_FUZZ_TARGETS` a choice of them, with
//! spaces between. As many run at once as there are processors. What is found new gathers in `fuzz/target/corpus`; the small
//! corpora of `fuzz/corpus`, which every run begins with, are replayed by ordinary tests.

use crate::cargo;
use anyhow::{Context as _, Result, anyhow, bail};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

/// Largest input in bytes: beyond what one frame of the socket may hold. The fuzzer begins with short ones.
const LONGEST_INPUT: usize = 70 * 1024;
/// Memory in mebibytes after which an input counts as one that makes the code allocate without bounds.
const MOST_MEMORY: usize = 1024;
/// Seconds after which an input counts as one that makes the code hang. By the clock, so that a machine with other work may
/// need some of them for an input of a moment.
const LONGEST_RUN: usize = 60;
/// Part of its time that a target may lack at the end: what is left would go into reading its corpus again.
const LACKING: f64 = 0.02;

/// Runs each target for its time; one line of figures.
pub(super) fn run() -> Result<String> {
    ensure_tools()?;
    let minutes: f64 = match std::env::var("RDA_FUZZ_MINUTES") {
        Ok(text) => text.parse().context("RDA_FUZZ_MINUTES is no number")?,
        Err(_) => 30.0,
    };
    let targets = targets()?;
    for target in &targets {
        // One after the other: two builds would wait for one another's lock.
        let mut build = nightly(&["fuzz", "build", "--sanitizer", "none", target]);
        cargo::run(&mut build)?;
    }
    let waiting = Mutex::new(targets.iter());
    let done = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers.min(targets.len()) {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().ok().and_then(|mut left| left.next());
                    let Some(target) = next else { return };
                    let outcome = fuzz(target, minutes);
                    if let Ok(mut done) = done.lock() {
                        done.push((target, outcome));
                    }
                }
            });
        }
    });
    let mut done = done
        .into_inner()
        .map_err(|_| anyhow!("a fuzzer panicked"))?;
    done.sort_by_key(|(target, _)| *target);
    let (mut lines, mut failed) = (Vec::new(), false);
    for (target, outcome) in done {
        lines.push(match outcome {
            Ok(figures) => format!(
                "{target} {} runs, {} edges, {:.1} min",
                figures.runs, figures.edges, figures.minutes
            ),
            Err(error) => {
                failed = true;
                format!("{target} FAILED: {error:#}")
            }
        });
    }
    let said = format!("{minutes} min of processor each: {}", lines.join("; "));
    if failed || lines.len() != targets.len() {
        bail!("not every target has run to its end. {said}");
    }
    Ok(said)
}

/// The targets chosen, or all that fuzz/Cargo.toml has.
fn targets() -> Result<Vec<String>> {
    let manifest = std::fs::read_to_string(cargo::fuzz().join("Cargo.toml"))?;
    let manifest: toml::Table = toml::from_str(&manifest)?;
    let all: Vec<String> = manifest
        .get("bin")
        .and_then(toml::Value::as_array)
        .context("fuzz/Cargo.toml has no targets")?
        .iter()
        .filter_map(|target| Some(target.get("name")?.as_str()?.to_owned()))
        .collect();
    let Ok(chosen) = std::env::var("RDA_FUZZ_TARGETS") else {
        return Ok(all);
    };
    chosen
        .split_whitespace()
        .map(|name| match all.iter().any(|target| target == name) {
            true => Ok(name.to_owned()),
            false => Err(anyhow!(
                "no fuzz target {name}; there are {}",
                all.join(" ")
            )),
        })
        .collect()
}

/// What libFuzzer says at the end, and what the kernel counted.
#[derive(Default)]
struct Figures {
    runs: u64,
    edges: u64,
    /// Of processor time.
    minutes: f64,
}

/// Fuzzes a target until the processor has worked on it for so long: beside other work the clock runs ahead of that.
fn fuzz(target: &str, minutes: f64) -> Result<Figures> {
    let mut all = Figures::default();
    while all.minutes < minutes * (1.0 - LACKING) {
        let piece = fuzz_by_the_clock(target, minutes - all.minutes)?;
        if piece.minutes <= 0.0 {
            bail!("the kernel counted no time");
        }
        all.runs += piece.runs;
        all.edges = piece.edges;
        all.minutes += piece.minutes;
    }
    Ok(all)
}

fn fuzz_by_the_clock(target: &str, minutes: f64) -> Result<Figures> {
    let gathered = cargo::fuzz().join("target/corpus").join(target);
    std::fs::create_dir_all(&gathered)?;
    let small = cargo::fuzz().join("corpus").join(target);
    let options = [
        "-max_total_time=".to_owned() + &format!("{:.0}", (minutes * 60.0).max(1.0)),
        format!("-max_len={LONGEST_INPUT}"),
        format!("-rss_limit_mb={MOST_MEMORY}"),
        format!("-timeout={LONGEST_RUN}"),
        "-print_final_stats=1".to_owned(),
    ];
    let text = |path: &Path| path.display().to_string();
    let mut command = nightly(&["fuzz", "run", "--sanitizer", "none", target]);
    command
        .args([text(&gathered), text(&small)])
        .arg("--")
        .args(options)
        .stderr(Stdio::piped());
    let mut child = command.spawn().context("cannot start cargo fuzz")?;
    let mut figures = Figures::default();
    let mut reasons: Vec<String> = Vec::new();
    let mut reason_goes_on = 0;
    let stderr = child.stderr.take().context("no output of cargo fuzz")?;
    for line in BufReader::new(stderr).lines() {
        let line = line?;
        figures.read(&line);
        if line.contains("panicked at")
            || line.contains("ERROR: ")
            || line.contains("Failing input")
        {
            reason_goes_on = 4;
        }
        if reason_goes_on > 0 {
            reason_goes_on -= 1;
            reasons.push(line);
        }
    }
    // Its output has ended, so it waited for the fuzzer, and nobody waited for it yet.
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id()))?;
    figures.minutes = minutes_of_children(&stat).context("no times in /proc/PID/stat")?;
    if !child.wait()?.success() {
        bail!("stopped at an input:\n{}", reasons.join("\n"));
    }
    Ok(figures)
}

/// Processor time of the children that a process waited for, `cutime` and `cstime` of proc_pid_stat(5). They are in ticks,
/// of which Linux shows 100 a second on every machine this runs on.
fn minutes_of_children(stat: &str) -> Option<f64> {
    // The name of the program, in parentheses, may contain blanks.
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut times = after_name.split(' ').skip(13);
    let ticks = times.next()?.parse::<f64>().ok()? + times.next()?.parse::<f64>().ok()?;
    Some(ticks / 100.0 / 60.0)
}

impl Figures {
    /// `#123 NEW cov: 45 ft: …` and `stat::number_of_executed_units: 123`.
    fn read(&mut self, line: &str) {
        let number = |text: &str| text.split_whitespace().next()?.parse().ok();
        if let Some(runs) = line.strip_prefix("stat::number_of_executed_units:") {
            self.runs = number(runs).unwrap_or(self.runs);
        } else if let Some((_, edges)) = line.split_once(" cov: ") {
            self.edges = number(edges).unwrap_or(self.edges);
        }
    }
}

/// A nightly cargo in the fuzz workspace. `cargo +nightly` would not do: the cargo that runs this task is no proxy.
fn nightly(arguments: &[&str]) -> Command {
    let mut command = Command::new("rustup");
    command
        .args(["run", "nightly", "cargo"])
        .args(arguments)
        .current_dir(cargo::root())
        .env_remove("CARGO")
        .env_remove("RUSTC")
        .env_remove("CARGO_TARGET_DIR");
    command
}

/// cargo-fuzz is installed where it is missing; a nightly compiler has to be there.
fn ensure_tools() -> Result<()> {
    let there = |arguments: &[&str]| {
        let mut command = nightly(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if !there(&["--version"]) {
        bail!("fuzzing needs a nightly compiler: rustup toolchain install nightly");
    }
    if !there(&["fuzz", "--version"]) {
        cargo::run(&mut cargo::command(
            &cargo::root(),
            &["install", "--locked", "cargo-fuzz"],
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Figures, minutes_of_children};

    #[test]
    fn figures_are_those_of_the_last_line() {
        let mut figures = Figures::default();
        for line in [
            "#12\tNEW    cov: 345 ft: 346 corp: 2/3b lim: 4 exec/s: 0 rss: 31Mb",
            "#99\tDONE   cov: 400 ft: 900 corp: 20/3Kb lim: 4096 exec/s: 9 rss: 40Mb",
            "stat::number_of_executed_units: 99",
        ] {
            figures.read(line);
        }
        assert_eq!((figures.runs, figures.edges), (99, 400));
    }

    #[test]
    fn time_is_that_of_the_children() {
        let stat = "7 (a (b) c) Z 1 7 7 0 -1 4228 1 2 3 4 50000 60000 5400 600 20 0 1 0 9";
        assert_eq!(minutes_of_children(stat), Some(1.0));
        assert_eq!(minutes_of_children("7 (cargo) Z 1"), None);
    }
}
