//! Counts over the audit log, with nobody left in them: per day, action and network of the browser.
//!
//! Addresses lose their last six digits (IPv4: the last two of four numbers; IPv6: all but the first two groups), accounts,
//! sessions, requests, documents and browsers are left out, and what is counted fewer times than [`FEWEST`] is told together.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Deserialize;

use crate::date::Date;

/// Counts below this could point at one person.
pub const FEWEST: u64 = 5;

/// Longest line of the log that is read, in bytes.
const MAX_LINE: u64 = 64 * 1024;

/// Why there are no counts.
#[derive(Debug, thiserror::Error)]
pub enum StatisticsError {
    /// The log cannot be read, or the counts cannot be written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A line that no server of this kind has written.
    #[error("line {0} of the audit log is none of its lines")]
    Line(usize),
}

/// The part of a line that is counted.
#[derive(Deserialize)]
struct Line {
    at: u64,
    address: Option<IpAddr>,
    action: String,
    reason: Option<String>,
}

/// The network of an address: without the last two numbers of IPv4, the first 32 bits of IPv6.
#[must_use]
pub fn truncated(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            Ipv4Addr::new(a, b, 0, 0).into()
        }
        IpAddr::V6(v6) => {
            let [a, b, ..] = v6.segments();
            Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0).into()
        }
    }
}

/// Writes the counts as lines: day, action, reason, network, count; tabs between them.
///
/// # Errors
/// [`StatisticsError`].
pub fn write(log: impl BufRead, output: &mut dyn Write) -> Result<(), StatisticsError> {
    let mut counts: BTreeMap<(String, String, String, String), u64> = BTreeMap::new();
    let mut log = log;
    for number in 1.. {
        let mut line = String::new();
        let mut limited = std::io::Read::take(&mut log, MAX_LINE);
        if limited.read_line(&mut line)? == 0 {
            break;
        }
        let line: Line = serde_json::from_str(&line).map_err(|_| StatisticsError::Line(number))?;
        let day = Date::at(line.at).to_string();
        let network = line.address.map(|address| truncated(address).to_string());
        let reason = line.reason.unwrap_or_default();
        *counts
            .entry((day, line.action, reason, network.unwrap_or_default()))
            .or_default() += 1;
    }
    let mut few: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    for ((day, action, reason, network), count) in counts {
        if count < FEWEST {
            *few.entry((day, action, reason)).or_default() += count;
        } else {
            writeln!(output, "{day}\t{action}\t{reason}\t{network}\t{count}")?;
        }
    }
    for ((day, action, reason), count) in few {
        writeln!(output, "{day}\t{action}\t{reason}\tothers\t{count}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn lines(count: usize, address: &str, more: &str) -> String {
        let line = format!(
            "{{\"at\":1795305600,\"service\":\"demo\",\"address\":\"{address}\",\"browser\":\"Specimen/1.0\",\
             \"session\":\"s3cret\",\"account\":\"acc0unt\",\"action\":\"decided\"{more}}}\n"
        );
        line.repeat(count)
    }

    #[test]
    fn counts_name_nobody() {
        let reason = ",\"reason\":\"chip_not_genuine\",\"jti\":\"jt1\",\"document\":\"d0c\"";
        let log = lines(6, "192.0.2.77", reason)
            + &lines(1, "198.51.100.9", reason)
            + &lines(3, "203.0.113.5", "")
            + &lines(2, "2001:db8:1:2::3", "");
        let mut output = Vec::new();
        write(log.as_bytes(), &mut output).unwrap();
        let text = String::from_utf8(output).unwrap();
        assert_eq!(
            text,
            "2026-11-22\tdecided\tchip_not_genuine\t192.0.0.0\t6\n\
             2026-11-22\tdecided\t\tothers\t5\n\
             2026-11-22\tdecided\tchip_not_genuine\tothers\t1\n"
        );
    }

    #[test]
    fn addresses_lose_their_last_six_digits() {
        for (whole, cut) in [
            ("192.0.2.77", "192.0.0.0"),
            ("::ffff:192.0.2.77", "192.0.0.0"),
            ("2001:db8:1:2::3", "2001:db8::"),
        ] {
            let whole: IpAddr = whole.parse().unwrap();
            assert_eq!(truncated(whole).to_string(), cut);
        }
    }

    #[test]
    fn other_lines_are_named() {
        let log = lines(1, "192.0.2.1", "") + "no line\n";
        let error = write(log.as_bytes(), &mut Vec::new()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2 of the audit log is none of its lines"
        );
    }
}
