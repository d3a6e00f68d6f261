//! Which operating-system user holds the other end of a loopback connection, from the kernel's table of sockets.
//!
//! On a computer with several users every one of them can reach a loopback port. The row of the peer's own socket in
//! `/proc/net/tcp` (or `tcp6`) names the user who made it.

#[cfg(not(target_os = "linux"))]
compile_error!(
    "the gate asks Linux for the user of a peer; other systems need their own call here"
);

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, SocketAddr};

/// State ESTABLISHED in the table. Rows of closed sockets have lost their user and say 0.
const ESTABLISHED: &str = "01";

/// Whether the socket at `peer`, connected to our `local`, belongs to the user of this process. The row has to match
/// in all four of addresses and ports. A peer that is not found does not.
///
/// # Errors
/// When the kernel's tables cannot be read.
pub(crate) fn is_same_user(local: SocketAddr, peer: SocketAddr) -> io::Result<bool> {
    let own = rustix::process::getuid().as_raw();
    let (local, peer) = (canonical(local), canonical(peer));
    // An IPv6 socket can talk IPv4: its row is in the other table, with mapped addresses.
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let spell = if table.ends_with('6') {
            spell_v6
        } else {
            spell_v4
        };
        let (Some(from), Some(to)) = (spell(peer), spell(local)) else {
            continue;
        };
        let rows = match File::open(table) {
            Ok(file) => BufReader::new(file).lines(),
            // A kernel without IPv6 has no such table.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if let Some(user) = find(rows, &from, &to)? {
            return Ok(user == own);
        }
    }
    Ok(false)
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// User of the established socket that goes `from` here `to` there.
fn find(
    rows: impl Iterator<Item = io::Result<String>>,
    from: &str,
    to: &str,
) -> io::Result<Option<u32>> {
    for row in rows {
        let row = row?;
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
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn own_connections_are_found_over_both_families() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else {
                println!("skipped: no {address} here");
                continue;
            };
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (server, peer) = listener.accept().unwrap();
            let local = server.local_addr().unwrap();
            assert!(is_same_user(local, peer).unwrap());
            // The same peer port to another port of ours is another connection.
            let elsewhere = SocketAddr::new(local.ip(), local.port() ^ 1);
            assert!(!is_same_user(elsewhere, peer).unwrap());
            drop(client);
        }
    }

    #[test]
    fn an_ipv6_socket_that_talks_ipv4_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let Ok(_client) = TcpStream::connect(format!("[::ffff:127.0.0.1]:{port}")) else {
            println!("skipped: no IPv6 here");
            return;
        };
        let (server, peer) = listener.accept().unwrap();
        assert!(is_same_user(server.local_addr().unwrap(), peer).unwrap());
    }

    #[test]
    fn rows_are_matched_whole() {
        let row = |user: &str, state: &str| {
            format!(
                "   5: 0100007F:D431 0100007F:2457 {state} 00000000:00000000 00:00000000 00000000 {user} 0 424242 1"
            )
        };
        let look =
            |row: String| find([Ok(row)].into_iter(), "0100007F:D431", "0100007F:2457").unwrap();
        assert_eq!(look(row("1000", "01")), Some(1000));
        assert_eq!(look(row("0", "06")), None, "a closed socket has no user");
        assert_eq!(look(row("x", "01")), None);
        let ours = find(
            [Ok(row("1000", "01"))].into_iter(),
            "0100007F:2457",
            "0100007F:D431",
        );
        assert_eq!(ours.unwrap(), None, "our own end is not the peer's");
    }
}
