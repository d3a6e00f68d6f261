//! The verb `doctor`.

use std::fs::OpenOptions;
use std::io::{self, BufRead, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Value, json};

use super::{Check, Finding, Language, Machine, Outcome, examine, report};
use crate::gate::system_clock;
use crate::sandbox::Status;

/// What is asked of the doctor.
#[derive(Args, Debug)]
pub struct DoctorArguments {
    /// Print what was found as JSON.
    #[arg(long, conflicts_with = "fix")]
    json: bool,
    /// Do what can be mended without harm, each after asking.
    #[arg(long)]
    fix: bool,
    /// Write what was found to a new file, without names and numbers that tell who you are.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Show these checks only.
    #[arg(long, value_name = "CHECK")]
    only: Vec<Check>,
    /// nl or en; otherwise as the environment says.
    #[arg(long, value_parser = language)]
    language: Option<Language>,
    /// The daemon was told to listen on this port.
    #[arg(long)]
    port: Option<u16>,
    /// Look at a computer whose files are in this folder.
    #[arg(long, value_name = "DIR", default_value = "/", hide = true)]
    root: PathBuf,
}

fn language(text: &str) -> Result<Language, String> {
    match text {
        "nl" => Ok(Language::Dutch),
        "en" => Ok(Language::English),
        _ => Err("nl or en".to_owned()),
    }
}

/// Runs the checks and shows them. Whether logins can work: nothing failed.
///
/// # Errors
/// If the report cannot be written or the terminal not be read.
pub fn run(arguments: &DoctorArguments, system_trust: &Path) -> Result<bool> {
    let machine = machine(arguments, system_trust);
    let language = arguments.language.unwrap_or_else(Language::of_environment);
    let mut findings = look(&machine, arguments)?;
    if let Some(file) = &arguments.report {
        write_report(file, &report::bundle(&machine, &findings))?;
    }
    if arguments.json {
        let list: Vec<Value> = findings
            .iter()
            .map(|finding| finding.to_json(language, &finding.subject))
            .collect();
        let all = json!({ "version": env!("CARGO_PKG_VERSION"), "findings": list });
        println!("{}", serde_json::to_string_pretty(&all)?);
    } else {
        show(&findings, language);
    }
    if arguments.fix && mend(&findings, language)? {
        findings = look(&machine, arguments)?;
        println!();
        show(&findings, language);
    }
    Ok(findings
        .iter()
        .all(|finding| finding.outcome != Outcome::Failed))
}

/// Has a process of its own enter the daemon's sandbox, from which there is no way back. The error is why it told nothing.
fn try_sandbox() -> Result<Status, String> {
    let output = std::env::current_exe()
        .and_then(|program| Command::new(program).arg("sandbox").output())
        .map_err(|error| error.to_string())?;
    serde_json::from_slice(&output.stdout).map_err(|_| output.status.to_string())
}

fn machine(arguments: &DoctorArguments, system_trust: &Path) -> Machine {
    let mut machine = Machine::new(&arguments.root);
    machine.now = system_clock()();
    let folders = directories::ProjectDirs::from("", "", "rda");
    machine.home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
    machine.trust = [
        Some(machine.path(system_trust.strip_prefix("/").unwrap_or(system_trust))),
        folders.map(|folders| folders.config_dir().join("servers.d")),
    ];
    if arguments.root == Path::new("/") {
        machine.sandbox = Some(try_sandbox());
    }
    if let Some(port) = arguments.port {
        machine.ports = vec![port];
    }
    machine
}

fn look(machine: &Machine, arguments: &DoctorArguments) -> Result<Vec<Finding>> {
    let mut findings = examine(machine)?;
    if !arguments.only.is_empty() {
        findings.retain(|finding| arguments.only.contains(&finding.check));
    }
    Ok(findings)
}

fn show(findings: &[Finding], language: Language) {
    for finding in findings {
        let mark = match finding.outcome {
            Outcome::Passed => "ok  ",
            Outcome::Noted => "note",
            Outcome::Failed => "FAIL",
            Outcome::Skipped => "-   ",
        };
        let check = finding.check.name();
        match finding.advice(language) {
            None => println!("{mark} {check:10} {}", finding.subject),
            Some(advice) => {
                let code = finding
                    .problem
                    .and_then(super::Problem::code)
                    .map_or(String::new(), |code| format!(" [{}]", code.symbol()));
                println!("{mark} {check:10} {}{code}", advice.sentence);
                println!("     {:10} → {}", "", advice.mend);
            }
        }
    }
}

/// Offers the mends. Whether one was made.
fn mend(findings: &[Finding], language: Language) -> Result<bool> {
    let mut made = false;
    let (ask, yes, no) = match language {
        Language::Dutch => ("Doen? [j/N] ", "gedaan", "lukt niet"),
        Language::English => ("Do it? [y/N] ", "done", "failed"),
    };
    for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
        print!("\n{}\n{ask}", fix.describe());
        io::stdout().flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        if !matches!(answer.trim(), "y" | "Y" | "yes" | "j" | "J" | "ja") {
            continue;
        }
        match fix.apply() {
            Ok(()) => {
                made = true;
                println!("{yes}");
            }
            Err(error) => println!("{no}: {error}"),
        }
    }
    Ok(made)
}

/// To a file that did not exist, for its owner to read.
fn write_report(path: &Path, bundle: &Value) -> Result<()> {
    let text = serde_json::to_string_pretty(bundle)?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| path.display().to_string())
}
