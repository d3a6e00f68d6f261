//! What an installation sets up: trust, start, confinement, clock.

use super::{Check, Finding, Fix, Machine, Problem};
use crate::sandbox::Held;
use crate::trust::TrustStore;

/// Units of this package that systemd starts with a user's session, wherever they were enabled.
const USER_UNIT: &str = "rda.socket";
const USER_WANTS: &str = "sockets.target.wants";
/// Started by desktops without systemd.
const AUTOSTART: &str = "etc/xdg/autostart/rda.desktop";

/// Before this second no computer can run this program: 1 January 2026.
const NOT_BEFORE: u64 = 1_767_225_600;
/// Touched by systemd-timesyncd while its clock is right, and so never later than now.
const LAST_RIGHT: &str = "var/lib/systemd/timesync/clock";
/// There while the clock is synchronised, by whoever does it under systemd.
const SYNCHRONISED: &str = "run/systemd/timesync/synchronized";
/// How far a clock may be behind its own past, in seconds: a file may be written a moment before it is looked at.
const SLACK: u64 = 60;

/// Which servers are trusted, and files that do not count.
pub(super) fn trust(machine: &Machine, store: &TrustStore) -> Vec<Finding> {
    let mut findings = Vec::new();
    let servers: Vec<&str> = store
        .entries()
        .map(|entry| entry.server.id().as_str())
        .collect();
    findings.push(if servers.is_empty() {
        let folders: Vec<String> = machine
            .trust
            .iter()
            .flatten()
            .map(|folder| machine.display(folder))
            .collect();
        Finding::of(Check::Trust, Problem::NobodyTrusted, folders.join(", "))
    } else {
        Finding::passed(Check::Trust, servers.join(", "))
    });
    for problem in store.problems() {
        let subject = format!("{}: {}", machine.display(&problem.path), problem.reason);
        findings.push(Finding::of(
            Check::Trust,
            Problem::TrustFileIgnored,
            subject,
        ));
    }
    findings
}

/// Whether something starts the daemon.
pub(super) fn autostart(machine: &Machine) -> Finding {
    let wants = |folder: String| machine.has(format!("{folder}/{USER_WANTS}/{USER_UNIT}"));
    let enabled = [
        "etc/systemd/user",
        "usr/lib/systemd/user",
        "lib/systemd/user",
    ]
    .iter()
    .any(|folder| wants((*folder).to_owned()))
        || machine.home.as_ref().is_some_and(|home| {
            let folder = home.join(".config/systemd/user").join(USER_WANTS);
            folder.join(USER_UNIT).symlink_metadata().is_ok()
        });
    if machine.has_systemd() && enabled {
        return Finding::passed(Check::Autostart, USER_UNIT);
    }
    if !machine.has_systemd() && machine.has(AUTOSTART) {
        return Finding::passed(Check::Autostart, format!("/{AUTOSTART}"));
    }
    let finding = Finding::of(Check::Autostart, Problem::NotStarted, USER_UNIT);
    if machine.has_systemd() {
        finding.with(Fix::Command(&[
            "systemctl",
            "--user",
            "enable",
            "--now",
            USER_UNIT,
        ]))
    } else {
        finding
    }
}

/// Whether the kernel has what the daemon locks itself in with, as it showed when that was tried.
pub(super) fn sandbox(machine: &Machine) -> Finding {
    let status = match &machine.sandbox {
        None => return Finding::skipped(Check::Sandbox),
        Some(Err(why)) => {
            return Finding::of(Check::Sandbox, Problem::SandboxUntried, why);
        }
        Some(Ok(status)) => status,
    };
    let lacks = |held: &Held| matches!(held, Held::No(_));
    if !lacks(&status.files) && !lacks(&status.system_calls) {
        return Finding::passed(Check::Sandbox, status.to_string());
    }
    let missing = status.measures().into_iter();
    let missing = missing.filter_map(|(name, held)| match held {
        Held::No(why) => Some(format!("{name} ({why})")),
        Held::Yes | Held::Partly(_) => None,
    });
    let missing: Vec<_> = missing.collect();
    Finding::of(
        Check::Sandbox,
        Problem::SandboxIncomplete,
        missing.join(", "),
    )
}

/// Whether the clock can be right. Asks nobody: that it is behind its own past shows that it is not.
pub(super) fn clock(machine: &Machine) -> Finding {
    let past = machine.changed(LAST_RIGHT).unwrap_or(0).max(NOT_BEFORE);
    if machine.now.saturating_add(SLACK) < past {
        return Finding::of(Check::Clock, Problem::ClockWrong, "");
    }
    if machine.has_systemd() && !machine.has(SYNCHRONISED) {
        return Finding::of(Check::Clock, Problem::ClockNotSet, "");
    }
    Finding::passed(Check::Clock, "")
}
