//! The kernel's answer about one socket (`sock_diag`, netlink): one question, one answer, however many sockets there are.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

/// `SOCK_DIAG_BY_FAMILY`: type of the question and of its answer.
const BY_FAMILY: u16 = 20;
/// `NLMSG_ERROR`
const ERROR: u16 = 2;
/// `NLM_F_REQUEST`
const REQUEST: u16 = 1;
const TCP: u8 = 6;
const ESTABLISHED: u8 = 1;
/// Octets of the question: `struct nlmsghdr` and `struct inet_diag_req_v2`.
const QUESTION: usize = 16 + 56;
/// Where in the answer, after `struct nlmsghdr`, `struct inet_diag_msg` has state, addresses, and user.
const STATE: usize = 16 + 1;
const SOCKET: std::ops::Range<usize> = 16 + 4..16 + 4 + 36;
const USER: std::ops::Range<usize> = 16 + 64..16 + 68;

/// A socket to the kernel, opened once: later the sandbox opens no other.
pub(crate) struct Diagnosis {
    /// The socket, and the number of the last question.
    kernel: Mutex<(OwnedFd, u32)>,
}

impl Diagnosis {
    /// # Errors
    /// When the kernel has no such socket, or this process may not open it.
    pub(super) fn open() -> io::Result<Self> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC,
            Some(netlink::SOCK_DIAG),
        )?;
        Ok(Self {
            kernel: Mutex::new((socket, 0)),
        })
    }

    /// User of the established socket that is at `from` and goes `to` there; both canonical.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub(super) fn user(&self, from: SocketAddr, to: SocketAddr) -> io::Result<Option<u32>> {
        let mut kernel = self.kernel.lock().unwrap_or_else(PoisonError::into_inner);
        let (socket, number) = &mut *kernel;
        *number = number.wrapping_add(1);
        let question = question(from, to, *number);
        send(&*socket, &question, SendFlags::empty())?;
        let mut answer = [0u8; 1024];
        loop {
            let (length, _) = recv(&*socket, &mut answer[..], RecvFlags::empty())?;
            let answer = answer.get(..length).unwrap_or_default();
            // What is left of an earlier question, whose answer was not waited for.
            if word(answer, 8..12) != Some(*number) {
                continue;
            }
            return user_in(answer, from, to);
        }
    }
}

/// Ports and addresses as the kernel writes a connection: of both ends, in the order of the network.
fn place(from: SocketAddr, to: SocketAddr) -> Vec<u8> {
    let mut place = Vec::with_capacity(SOCKET.len());
    place.extend(from.port().to_be_bytes());
    place.extend(to.port().to_be_bytes());
    for ip in [from.ip(), to.ip()] {
        let mut octets = match ip {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        octets.resize(16, 0);
        place.extend(octets);
    }
    place
}

fn question(from: SocketAddr, to: SocketAddr, number: u32) -> Vec<u8> {
    let family = match from.ip() {
        IpAddr::V4(_) => libc::AF_INET,
        IpAddr::V6(_) => libc::AF_INET6,
    };
    let mut message = Vec::with_capacity(QUESTION);
    message.extend((QUESTION as u32).to_ne_bytes());
    message.extend(BY_FAMILY.to_ne_bytes());
    message.extend(REQUEST.to_ne_bytes());
    message.extend(number.to_ne_bytes());
    message.extend([0; 4]);
    // Both numbers of families are small.
    message.extend([family as u8, TCP, 0, 0]);
    message.extend((1u32 << ESTABLISHED).to_ne_bytes());
    message.extend(place(from, to));
    // On any interface; no cookie.
    message.extend([0; 4]);
    message.extend([0xff; 8]);
    message
}

/// The address as a socket of IPv6 has it that talks IPv4.
fn mapped(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) => SocketAddr::new(ip.to_ipv6_mapped().into(), address.port()),
        IpAddr::V6(_) => address,
    }
}

fn user_in(answer: &[u8], from: SocketAddr, to: SocketAddr) -> io::Result<Option<u32>> {
    let kind = answer
        .get(4..6)
        .and_then(|kind| kind.try_into().ok())
        .map(u16::from_ne_bytes);
    match kind {
        Some(BY_FAMILY) => {
            // Where there is no such connection, the kernel answers with the socket that listens at the place.
            let found = answer.get(SOCKET);
            let same = found == Some(&place(from, to)[..])
                || found == Some(&place(mapped(from), mapped(to))[..]);
            let established = answer.get(STATE) == Some(&ESTABLISHED);
            Ok(word(answer, USER).filter(|_| same && established))
        }
        Some(ERROR) => match word(answer, 16..20).map(|code| (code as i32).wrapping_neg()) {
            Some(code) if code == Errno::NOENT.raw_os_error() => Ok(None),
            Some(code) => Err(io::Error::from_raw_os_error(code)),
            None => Err(io::ErrorKind::InvalidData.into()),
        },
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn word(message: &[u8], at: std::ops::Range<usize>) -> Option<u32> {
    let octets = message.get(at)?.try_into().ok()?;
    Some(u32::from_ne_bytes(octets))
}
