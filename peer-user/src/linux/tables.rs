//! The table of sockets in `/proc/net`: for every question the whole of it is made and read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};

/// State ESTABLISHED in the table. Rows of closed sockets have lost their user and say 0.
const ESTABLISHED: &str = "01";
/// Bytes that are taken from the kernel at a time.
const PIECE: usize = 32 * 1024;

/// How a table spells an address.
type Spell = fn(SocketAddr) -> Option<String>;

/// The kernel's tables, opened once: later the sandbox leaves no file outside the daemon's folders to open. Read from
/// its start, a table is made anew.
pub(crate) struct Tables {
    tables: Mutex<Vec<(Spell, BufReader<File>)>>,
}

impl Tables {
    /// Opens the tables.
    ///
    /// # Errors
    /// When one that exists cannot be opened.
    pub(super) fn open() -> io::Result<Self> {
        let mut tables = Vec::new();
        // An IPv6 socket can talk IPv4: its row is in the other table, with mapped addresses.
        for (path, spell) in [
            ("/proc/net/tcp", spell_v4 as Spell),
            ("/proc/net/tcp6", spell_v6),
        ] {
            match File::open(path) {
                Ok(file) => tables.push((spell, BufReader::with_capacity(PIECE, file))),
                // A kernel without IPv6 has no such table.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self {
            tables: Mutex::new(tables),
        })
    }

    /// User of the established socket that is at `from` and goes `to` there; both canonical.
    ///
    /// # Errors
    /// When a table cannot be read.
    pub(super) fn user(&self, from: SocketAddr, to: SocketAddr) -> io::Result<Option<u32>> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        for (spell, table) in tables.iter_mut() {
            let (Some(from), Some(to)) = (spell(from), spell(to)) else {
                continue;
            };
            table.rewind()?;
            if let Some(user) = find(table, &from, &to)? {
                return Ok(Some(user));
            }
        }
        Ok(None)
    }
}

/// User of the established socket that goes `from` here `to` there.
fn find(table: &mut impl BufRead, from: &str, to: &str) -> io::Result<Option<u32>> {
    let mut row = String::new();
    while {
        row.clear();
        table.read_line(&mut row)? > 0
    } {
        let mut columns = row.split_ascii_whitespace().skip(1);
        let matches = columns.next() == Some(from)
            && columns.next() == Some(to)
            && columns.next() == Some(ESTABLISHED);
        if matches {
            // Three columns with queues, timer and retransmissions stand before the user.
            return Ok(columns.nth(3).and_then(|user| user.parse().ok()));
        }
    }
    Ok(None)
}

/// The kernel prints addresses as words of 32 bits in its own byte order, ports as numbers.
fn spell_v4(address: SocketAddr) -> Option<String> {
    match address.ip() {
        IpAddr::V4(ip) => Some(format!("{}:{:04X}", words(&ip.octets()), address.port())),
        IpAddr::V6(_) => None,
    }
}

fn spell_v6(address: SocketAddr) -> Option<String> {
    let ip = match address.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    Some(format!("{}:{:04X}", words(&ip.octets()), address.port()))
}

fn words(octets: &[u8]) -> String {
    octets
        .as_chunks::<4>()
        .0
        .iter()
        .map(|word| format!("{:08X}", u32::from_ne_bytes(*word)))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rows_are_matched_whole() {
        let row = |user: &str, state: &str| {
            format!(
                "   5: 0100007F:D431 0100007F:2457 {state} 00000000:00000000 00:00000000 00000000 {user} 0 424242 1\n"
            )
        };
        let look =
            |row: String| find(&mut row.as_bytes(), "0100007F:D431", "0100007F:2457").unwrap();
        assert_eq!(look(row("1000", "01")), Some(1000));
        assert_eq!(look(row("0", "06")), None, "a closed socket has no user");
        assert_eq!(look(row("0", "06") + &row("1000", "01")), Some(1000));
        assert_eq!(look(row("x", "01")), None);
        let ours = find(
            &mut row("1000", "01").as_bytes(),
            "0100007F:2457",
            "0100007F:D431",
        );
        assert_eq!(ours.unwrap(), None, "our own end is not the peer's");
    }
}
