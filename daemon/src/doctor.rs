//! `rda doctor`: why no login works on this computer, and what mends it.
//!
//! Each check looks at one thing and says what it found. A problem that a login would meet carries the code that the page is
//! told then, so that page, doctor and whoever helps speak of the same thing. Nothing leaves the computer, and nothing is
//! changed unless `--fix` asked first.

pub mod command;
mod fix;
mod machine;
mod pcscd;
mod ports;
mod problem;
mod readers;
mod report;
mod service;
mod setup;
mod text;
mod usb;

mod browser;

use std::path::Path;

use protocol::error::Code;
use serde_json::{Value, json};

pub use fix::Fix;
pub use machine::Machine;
pub use problem::Problem;
pub use text::Language;

use crate::pcsc_loader;
use crate::reader::ReaderError;
use crate::trust::TrustStore;
use service::Service;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Check {
    /// The PC/SC library.
    Library,
    /// The PC/SC service.
    Service,
    /// Its start by systemd.
    Activation,
    /// Readers on the bus, with their drivers.
    Driver,
    /// Readers that PC/SC shows.
    Reader,
    /// Slots for contactless documents.
    Slot,
    /// Programs that hold a card.
    Exclusive,
    /// Length of APDUs.
    Apdu,
    /// Trusted login servers.
    Trust,
    /// The daemon's port.
    Port,
    /// What starts the daemon.
    Autostart,
    /// Policies of browsers.
    Browser,
    /// What the daemon's sandbox has of its measures where it was tried.
    Sandbox,
    /// The clock.
    Clock,
}

impl Check {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Library => "library",
            Self::Service => "service",
            Self::Activation => "activation",
            Self::Driver => "driver",
            Self::Reader => "reader",
            Self::Slot => "slot",
            Self::Exclusive => "exclusive",
            Self::Apdu => "apdu",
            Self::Trust => "trust",
            Self::Port => "port",
            Self::Autostart => "autostart",
            Self::Browser => "browser",
            Self::Sandbox => "sandbox",
            Self::Clock => "clock",
        }
    }
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Passed,
    /// Not as it should be, and logins go on.
    Noted,
    /// Logins fail because of it.
    Failed,
    /// Not looked at, because something else must be mended first or it is of no use here.
    Skipped,
}

impl Outcome {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Noted => "noted",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// What one check found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// How it came out.
    pub outcome: Outcome,
    /// What is wrong, if anything.
    pub problem: Option<Problem>,
    /// What it was found at. Names of readers, files and programs; no personal data.
    pub subject: String,
    /// The package or program that the mend names.
    name: &'static str,
    /// What the doctor can do by itself.
    pub fix: Option<Fix>,
}

impl Finding {
    fn new(check: Check, outcome: Outcome, subject: impl Into<String>) -> Self {
        Self {
            check,
            outcome,
            problem: None,
            subject: subject.into(),
            name: "",
            fix: None,
        }
    }

    fn passed(check: Check, subject: impl Into<String>) -> Self {
        Self::new(check, Outcome::Passed, subject)
    }

    fn skipped(check: Check) -> Self {
        Self::new(check, Outcome::Skipped, "")
    }

    fn of(check: Check, problem: Problem, subject: impl Into<String>) -> Self {
        let outcome = if problem.is_minor() {
            Outcome::Noted
        } else {
            Outcome::Failed
        };
        Self {
            problem: Some(problem),
            ..Self::new(check, outcome, subject)
        }
    }

    fn with(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    fn naming(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Sentence and mend, if something is wrong.
    #[must_use]
    pub fn advice(&self, language: Language) -> Option<text::Advice> {
        let problem = self.problem?;
        Some(text::advice(problem, language, &self.subject, self.name))
    }

    /// For programs. The subject is given apart so that a report can leave things out of it.
    fn to_json(&self, language: Language, subject: &str) -> Value {
        let advice = self
            .problem
            .map(|problem| text::advice(problem, language, subject, self.name));
        let code = self.problem.and_then(Problem::code);
        json!({
            "check": self.check.name(),
            "outcome": self.outcome.name(),
            "problem": self.problem,
            "code": code,
            "who": code.map(Code::who),
            "subject": subject,
            "sentence": advice.as_ref().map(|advice| &advice.sentence),
            "mend": advice.as_ref().map(|advice| &advice.mend),
        })
    }
}

/// Makes all checks.
///
/// # Errors
/// Only if the program's own table of readers is not sound.
pub fn examine(machine: &Machine) -> Result<Vec<Finding>, ::readers::TableError> {
    let table = ::readers::Table::builtin()?;
    let service = Service::ask(machine);
    let usb = usb::scan(machine, &table);
    let [system, user] = &machine.trust;
    let store = TrustStore::load(system.as_deref(), user.as_deref());

    let mut findings = vec![
        service::library(&service),
        service::service(machine, &service),
        service::activation(machine),
    ];
    findings.extend(readers::drivers(machine, &usb, &service));
    findings.push(readers::attached(&usb, &service));
    findings.push(readers::slots(&service));
    findings.push(readers::exclusive(machine, &service));
    findings.extend(readers::apdus(&usb));
    findings.extend(setup::trust(machine, &store));
    findings.push(ports::ports(machine));
    findings.push(setup::autostart(machine));
    findings.extend(browser::policies(machine, &store));
    findings.push(setup::sandbox(machine));
    findings.push(setup::clock(machine));
    Ok(findings)
}

/// The code for a page when the service cannot be used: finer than what the library alone can tell.
#[must_use]
pub fn service_code(error: ReaderError) -> Code {
    if !pcsc_loader::is_installed() {
        return Code::ServiceAbsent;
    }
    let machine = Machine::new(Path::new("/"));
    let (problem, _) = service::diagnose(&machine, error);
    problem.code().unwrap_or(Code::ServiceStopped)
}

/// The code for a page when PC/SC shows no reader: one that is on the bus all the same, and why it does not show.
/// `None` where no reader is attached, and the wait for one goes on.
#[must_use]
pub fn missing_reader_code() -> Option<Code> {
    let machine = Machine::new(Path::new("/"));
    let table = ::readers::Table::builtin().ok()?;
    let usb = usb::scan(&machine, &table);
    readers::drivers(&machine, &usb, &Service::Readers(Vec::new()))
        .iter()
        .find_map(|finding| match finding.problem? {
            // It may have been attached this moment.
            Problem::ReaderSilent => None,
            problem => problem.code(),
        })
}
