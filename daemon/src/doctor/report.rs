//! The bundle that a citizen can send to whoever helps: what the doctor found, and nothing that says who or where they are.

use std::path::Path;

use serde_json::{Value, json};

use super::text::{Language, advice};
use super::usb;
use super::{Check, Finding, Machine};

/// What the bundle holds.
#[must_use]
pub(super) fn bundle(machine: &Machine, findings: &[Finding]) -> Value {
    let redact = Redactor::new(machine);
    let findings: Vec<Value> = findings
        .iter()
        .map(|finding| {
            // Which services a citizen uses is theirs to say.
            let subject = match finding.check {
                Check::Trust => String::new(),
                _ => redact.text(&finding.subject),
            };
            let mut value = finding.to_json(Language::English, &subject);
            if let (Check::Trust, Some(problem)) = (finding.check, finding.problem)
                && let Some(map) = value.as_object_mut()
            {
                let words = advice(problem, Language::English, "", "");
                map.insert("sentence".to_owned(), words.sentence.into());
                map.insert("mend".to_owned(), words.mend.into());
            }
            value
        })
        .collect();
    let usb: Vec<Value> = readers::Table::builtin()
        .map(|table| usb::scan(machine, &table))
        .unwrap_or_default()
        .iter()
        .map(|reader| {
            json!({
                "usb": reader.usb.to_string(),
                "known": reader.known.is_some(),
                "exchange": reader.exchange.map(|level| format!("{level:?}")),
                "held_by": reader.held_by.as_ref().map(|(driver, _)| driver.name()),
            })
        })
        .collect();
    let system = machine.text("etc/os-release").and_then(|text| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
        Some(line.trim_matches('"').to_owned())
    });
    json!({
        "rda": env!("CARGO_PKG_VERSION"),
        "system": system,
        "kernel": machine.value("proc/sys/kernel/osrelease"),
        "architecture": std::env::consts::ARCH,
        "systemd": machine.has_systemd(),
        "findings": findings,
        "usb": usb,
    })
}

/// Takes out of a text what tells who and where: home folder, user, host, and what stands in parentheses in names of readers
/// (drivers put serial numbers there).
struct Redactor {
    words: Vec<(String, &'static str)>,
}

impl Redactor {
    fn new(machine: &Machine) -> Self {
        let mut words = Vec::new();
        if let Some(home) = &machine.home {
            words.push((home.display().to_string(), "~"));
            if let Some(user) = home.file_name().and_then(|name| name.to_str()) {
                words.push((user.to_owned(), "USER"));
            }
        }
        if let Some(host) = machine
            .value("proc/sys/kernel/hostname")
            .or_else(|| machine.value("etc/hostname"))
        {
            words.push((host, "HOST"));
        }
        // A name of one or two letters would be found everywhere.
        words.retain(|(word, _)| word.len() > 2 && Path::new(word) != Path::new("/"));
        Self { words }
    }

    fn text(&self, text: &str) -> String {
        self.words.iter().fold(text.to_owned(), |text, (word, by)| {
            text.replace(word.as_str(), by)
        })
    }
}
