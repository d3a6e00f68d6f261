//! All tests, with one closing line.

use crate::{cargo, mutants, packages};
use anyhow::{Context as _, Result, bail};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// What the runners counted.
#[derive(Default)]
struct Count {
    passed: u64,
    failed: u64,
    skipped: u64,
}

/// Builds everything, runs all tests, and prints one line with their sums. With `long` the tests run at their large scale.
///
/// # Errors
/// If something does not build or a test fails.
pub(crate) fn run(long: bool) -> Result<()> {
    let complete = packages::ensure()?;
    let root = cargo::root();
    // All targets in one build: the programs that the tests start are then never older than the tests, and
    // no dependency is built twice for another set of features.
    cargo::run(&mut cargo::command(
        &root,
        &["build", "--workspace", "--all-features", "--all-targets"],
    ))?;
    if complete {
        cargo::run(&mut cargo::command(&cargo::peers(), &["build", "--locked"]))?;
    }

    let mut count = Count::default();
    let mut tests = cargo::command(
        &root,
        &["test", "--workspace", "--all-features", "--no-fail-fast"],
    );
    if long {
        tests.env("RDA_LONG", "1");
    }
    let ended_well = watch(&mut tests, &mut count)?;
    count.program("demo", &["--headless"])?;
    count.program("matrix", &[])?;
    if complete {
        // That the benchmark works; its figures mean something in a release build only.
        count.program("measure-contact", &["--smoke"])?;
        count.program("measure-server", &["--waiting", "8", "--logins", "4"])?;
    }
    mutants(&mut count);

    println!(
        "{} passed, {} failed, {} skipped",
        count.passed, count.failed, count.skipped
    );
    if count.failed > 0 || !ended_well {
        bail!("not all tests passed");
    }
    Ok(())
}

/// Builds what the matrices need, and prints them.
///
/// # Errors
/// If something does not build, or one trial did not come out as it must.
pub(crate) fn matrix() -> Result<()> {
    let complete = packages::ensure()?;
    let build = ["build", "--workspace", "--all-features"];
    cargo::run(&mut cargo::command(&cargo::root(), &build))?;
    if complete {
        cargo::run(&mut cargo::command(&cargo::peers(), &["build", "--locked"]))?;
    }
    cargo::run(&mut Command::new(cargo::built("matrix")))
}

/// The five mutants that every change repeats: one test.
fn mutants(count: &mut Count) {
    match mutants::plan::some() {
        Ok(figures) => {
            println!("mutants: {figures}");
            count.passed += 1;
        }
        Err(error) => {
            eprintln!("mutants: {error:#}");
            count.failed += 1;
        }
    }
}

/// Runs a test runner, shows what it prints, and adds up its closing lines. `false` if it failed.
fn watch(command: &mut Command, count: &mut Count) -> Result<bool> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the tests")?;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            println!("{line}");
            if let Some(result) = line.strip_prefix("test result: ") {
                count.add(result);
            }
        }
    }
    Ok(child.wait()?.success())
}

impl Count {
    /// A program as a person starts it (the demonstration, the matrices): it counts as one test.
    fn program(&mut self, name: &str, arguments: &[&str]) -> Result<()> {
        let status = Command::new(cargo::built(name))
            .args(arguments)
            .status()
            .with_context(|| format!("cannot start {name}"))?;
        if status.success() {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
        Ok(())
    }

    /// `ok. 3 passed; 0 failed; 1 ignored; …`
    fn add(&mut self, result: &str) {
        let number = |name: &str| {
            let (before, _) = result.split_once(name)?;
            before
                .trim_end()
                .rsplit(|character: char| !character.is_ascii_digit())
                .next()?
                .parse::<u64>()
                .ok()
        };
        self.passed += number("passed").unwrap_or(0);
        self.failed += number("failed").unwrap_or(0);
        self.skipped += number("ignored").unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[test]
    fn closing_lines_add_up() {
        let mut count = Count::default();
        count.add(
            "ok. 13 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.02s",
        );
        count.add(
            "FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 4 filtered out; finished in 1.02s",
        );
        assert_eq!((count.passed, count.failed, count.skipped), (14, 2, 1));
    }
}
