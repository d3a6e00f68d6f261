//! Whether the other end of a loopback connection is held by the operating-system user of this process.
//!
//! On a computer with several users every one of them can reach a loopback port. Each operating system knows who made the
//! other socket, and tells it in a way of its own. A crate by itself, so that the ways of systems on which the rest does
//! not run are compiled too: `cargo check -p peer-user --target x86_64-pc-windows-gnu`.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(target_os = "macos")]
use macos as system;
#[cfg(windows)]
use windows as system;

use std::io;
use std::net::SocketAddr;

/// The operating system, asked about the users of sockets.
pub struct PeerUsers(system::Sockets);

impl PeerUsers {
    /// Opens what is needed to ask. A sandbox may be entered afterwards.
    ///
    /// # Errors
    /// When this process may not ask.
    pub fn open() -> io::Result<Self> {
        system::Sockets::open().map(Self)
    }

    /// Whether the socket at `peer`, connected to our `local`, belongs to the user of this process. It has to match in
    /// all four of addresses and ports; IPv4 in the clothes of IPv6 is IPv4. A peer that is not found does not belong.
    ///
    /// # Errors
    /// When the system does not answer.
    pub fn is_same_user(&self, local: SocketAddr, peer: SocketAddr) -> io::Result<bool> {
        self.0.is_same_user(canonical(local), canonical(peer))
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::net::{TcpListener, TcpStream};

    /// Absent IPv6 is a skipped test on a developer's machine only.
    fn no_ipv6() {
        assert!(std::env::var_os("CI").is_none(), "no IPv6 here");
        println!("NOT TESTED: peers over IPv6. It needs: an IPv6 loopback address");
    }

    #[test]
    fn own_connections_are_found_over_both_families() {
        for users in system::tests::all_ways().map(PeerUsers) {
            for address in ["127.0.0.1:0", "[::1]:0"] {
                let Ok(listener) = TcpListener::bind(address) else {
                    assert!(address.starts_with('['), "no IPv4 loopback");
                    no_ipv6();
                    continue;
                };
                // Twice: what was opened once answers anew.
                for _ in 0..2 {
                    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                    let (server, peer) = listener.accept().unwrap();
                    let local = server.local_addr().unwrap();
                    assert!(users.is_same_user(local, peer).unwrap());
                    // The same peer port to another port of ours is another connection.
                    let elsewhere = SocketAddr::new(local.ip(), local.port() ^ 1);
                    assert!(!users.is_same_user(elsewhere, peer).unwrap());
                    // Closed by its user, it is nobody's.
                    drop(client);
                    assert!(!users.is_same_user(local, peer).unwrap());
                }
            }
        }
    }

    #[test]
    fn an_ipv6_socket_that_talks_ipv4_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let Ok(_client) = TcpStream::connect(format!("[::ffff:127.0.0.1]:{port}")) else {
            no_ipv6();
            return;
        };
        let (server, peer) = listener.accept().unwrap();
        for users in system::tests::all_ways().map(PeerUsers) {
            let local = server.local_addr().unwrap();
            assert!(users.is_same_user(local, peer).unwrap());
        }
    }
}
