//! The ports on which the daemon of this user listens, and who holds them: from the kernel's table of sockets.

use std::fs;
use std::path::Path;

use super::{Check, Finding, Machine, Problem};

/// State LISTEN in the table.
const LISTEN: &str = "0A";
/// Programs in whose hands a port is ours: the daemon, and systemd that hands it over.
const OURS: [&str; 2] = [DAEMON, "systemd"];
const DAEMON: &str = "rda";

/// Who listens.
#[derive(Debug, PartialEq, Eq)]
struct Holder {
    user: u32,
    inode: u64,
}

/// Whether a port is there for the daemon of this user.
pub(super) fn ports(machine: &Machine) -> Finding {
    let tables: Vec<String> = ["proc/net/tcp", "proc/net/tcp6"]
        .iter()
        .filter_map(|table| machine.text(table))
        .collect();
    let mut others = Vec::new();
    for &port in &machine.ports {
        let holder = tables.iter().find_map(|table| holder(table, port));
        let Some(holder) = holder else {
            return verdict(port, &others);
        };
        let name = (holder.user == machine.user)
            .then(|| process(machine, holder.inode).or_else(|| closed_daemon(machine)))
            .flatten();
        match name {
            Some(name) if OURS.contains(&name.as_str()) => return verdict(port, &others),
            Some(name) => others.push(format!("{port}: {name}")),
            None if holder.user == machine.user => others.push(format!("{port}: ?")),
            None => others.push(format!("{port}: uid {}", holder.user)),
        }
    }
    Finding::of(Check::Port, Problem::PortsTaken, others.join(", "))
}

/// A port is ours or free; those before it are others'.
fn verdict(port: u16, others: &[String]) -> Finding {
    if others.is_empty() {
        Finding::passed(Check::Port, port.to_string())
    } else {
        let subject = format!("{} → {port}", others.join(", "));
        Finding::of(Check::Port, Problem::FirstPortTaken, subject)
    }
}

/// Who listens on a port, whatever the address: one that is taken on any of ours is not ours.
fn holder(table: &str, port: u16) -> Option<Holder> {
    let wanted = format!(":{port:04X}");
    table.lines().skip(1).find_map(|row| {
        let columns: Vec<&str> = row.split_ascii_whitespace().collect();
        // Number, local address, remote address, state, queues, timer, retransmissions, user, timeout, inode.
        let (&[_, local, _, state, _, _, _, user], rest) = columns.split_first_chunk::<8>()?;
        (state == LISTEN && local.ends_with(&wanted)).then_some(())?;
        Some(Holder {
            user: user.parse().ok()?,
            inode: rest.get(1)?.parse().ok()?,
        })
    })
}

/// A daemon of this user that runs. It has closed itself to all others, so that no socket is seen with it; every other program
/// of this user shows those that it has.
fn closed_daemon(machine: &Machine) -> Option<String> {
    let mut processes = machine.processes().into_iter();
    let daemon = processes.find(|(user, name)| *user == machine.user && name == DAEMON);
    daemon.map(|(_, name)| name)
}

/// Name of the process of ours that has a socket.
fn process(machine: &Machine, inode: u64) -> Option<String> {
    let wanted = format!("socket:[{inode}]");
    machine
        .names("proc")
        .iter()
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .find_map(|pid| {
            let folder = Path::new("proc").join(pid);
            // Those of others cannot be read, and are not ours.
            let sockets = fs::read_dir(machine.path(folder.join("fd"))).ok()?;
            let has = sockets.filter_map(Result::ok).any(|entry| {
                fs::read_link(entry.path())
                    .is_ok_and(|target| target.as_os_str() == wanted.as_str())
            });
            has.then(|| machine.value(folder.join("comm"))).flatten()
        })
}
