//! Windows: the system's table of connections names the process at the other end, and the process its user.
//!
//! Compiled, and not run: the project has no Windows machine yet.
#![allow(unsafe_code)] // Calls of the system that take pointers.

use std::ffi::c_void;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::{
    CloseHandle, ERROR_INSUFFICIENT_BUFFER, ERROR_SUCCESS, HANDLE,
};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    GetExtendedTcpTable, MIB_TCP_STATE_ESTAB, MIB_TCP6ROW_OWNER_PID, MIB_TCPROW_OWNER_PID,
    TCP_TABLE_OWNER_PID_CONNECTIONS,
};
use windows_sys::Win32::Networking::WinSock::{AF_INET, AF_INET6};
use windows_sys::Win32::Security::{
    EqualSid, GetTokenInformation, TOKEN_QUERY, TOKEN_USER, TokenUser,
};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, OpenProcess, OpenProcessToken, PROCESS_QUERY_LIMITED_INFORMATION,
};

/// How often the table is asked for, when it grows between the question for its size and the one for itself.
const ATTEMPTS: usize = 8;

/// Nothing is held open.
pub(super) struct Sockets;

impl Sockets {
    #[allow(clippy::unnecessary_wraps)] // Other systems can fail here.
    pub(super) fn open() -> io::Result<Self> {
        Ok(Self)
    }

    /// # Errors
    /// When the system does not answer.
    pub(super) fn is_same_user(&self, local: SocketAddr, peer: SocketAddr) -> io::Result<bool> {
        match process(local, peer)? {
            Some(process) => is_of_own_user(process),
            None => Ok(false),
        }
    }
}

/// The process that holds the socket at `peer` which goes to `local`.
fn process(local: SocketAddr, peer: SocketAddr) -> io::Result<Option<u32>> {
    // Ports are numbers in the order of the network, in the lower half of a word.
    let port = |port: u16| u32::from(port.to_be());
    match (peer.ip(), local.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let address = |ip: std::net::Ipv4Addr| u32::from_ne_bytes(ip.octets());
            let rows: Vec<MIB_TCPROW_OWNER_PID> = table(u32::from(AF_INET))?;
            Ok(rows
                .iter()
                .find(|row| {
                    row.dwState == MIB_TCP_STATE_ESTAB as u32
                        && row.dwLocalAddr == address(from)
                        && row.dwRemoteAddr == address(to)
                        && row.dwLocalPort & 0xffff == port(peer.port())
                        && row.dwRemotePort & 0xffff == port(local.port())
                })
                .map(|row| row.dwOwningPid))
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let rows: Vec<MIB_TCP6ROW_OWNER_PID> = table(u32::from(AF_INET6))?;
            Ok(rows
                .iter()
                .find(|row| {
                    row.dwState == MIB_TCP_STATE_ESTAB as u32
                        && row.ucLocalAddr == from.octets()
                        && row.ucRemoteAddr == to.octets()
                        && row.dwLocalPort & 0xffff == port(peer.port())
                        && row.dwRemotePort & 0xffff == port(local.port())
                })
                .map(|row| row.dwOwningPid))
        }
        _ => Ok(None),
    }
}

/// The rows of the system's table for a family. `Row` is the type of row that the system gives for it.
fn table<Row: Copy>(family: u32) -> io::Result<Vec<Row>> {
    let mut size = 0u32;
    for _ in 0..ATTEMPTS {
        // In words, because a table begins with one and rows are made of them.
        let mut buffer = vec![0u32; (size as usize).div_ceil(4)];
        let place = if buffer.is_empty() {
            null_mut()
        } else {
            buffer.as_mut_ptr().cast::<c_void>()
        };
        // SAFETY: the buffer has `size` bytes, or is null with a size of 0, which asks for the size.
        let answer = unsafe {
            GetExtendedTcpTable(
                place,
                &mut size,
                0,
                family,
                TCP_TABLE_OWNER_PID_CONNECTIONS,
                0,
            )
        };
        match answer {
            ERROR_SUCCESS => {
                let count = buffer.first().map_or(0, |count| *count as usize);
                let words = size_of::<Row>() / 4;
                let rows = buffer.get(1..).unwrap_or_default();
                let row = |words: &[u32]| {
                    // SAFETY: the piece has the size of a row, is aligned as its words are, and a row is plain numbers.
                    unsafe { words.as_ptr().cast::<Row>().read() }
                };
                return Ok(rows.chunks_exact(words).take(count).map(row).collect());
            }
            ERROR_INSUFFICIENT_BUFFER => {}
            error => return Err(io::Error::from_raw_os_error(error.cast_signed())),
        }
    }
    Err(io::Error::other("the table of connections keeps growing"))
}

/// A handle that is closed.
struct Handle(HANDLE);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: it was opened by this module and is closed once.
        unsafe { CloseHandle(self.0) };
    }
}

/// A process of another user cannot be opened, or has another user in its token.
fn is_of_own_user(process: u32) -> io::Result<bool> {
    // SAFETY: takes numbers.
    let process = unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, process) };
    if process.is_null() {
        return Ok(false);
    }
    let process = Handle(process);
    let Ok(theirs) = user(process.0) else {
        return Ok(false);
    };
    // SAFETY: takes nothing; what it gives need not be closed.
    let ours = user(unsafe { GetCurrentProcess() })?;
    // SAFETY: both buffers begin with a TOKEN_USER that the system filled, whose pointers go into the same buffer.
    Ok(unsafe {
        let sid = |buffer: &Vec<u64>| buffer.as_ptr().cast::<TOKEN_USER>().read().User.Sid;
        EqualSid(sid(&theirs), sid(&ours)) != 0
    })
}

/// A `TOKEN_USER` with what it points to, in a buffer aligned for pointers.
fn user(process: HANDLE) -> io::Result<Vec<u64>> {
    let mut token = null_mut();
    // SAFETY: the process is open, and `token` takes the handle.
    if unsafe { OpenProcessToken(process, TOKEN_QUERY, &mut token) } == 0 {
        return Err(io::Error::last_os_error());
    }
    let token = Handle(token);
    // A security identifier has at most 68 bytes.
    let mut buffer = vec![0u64; 32];
    let mut length = 0;
    // SAFETY: the buffer has the length that is said.
    let filled = unsafe {
        GetTokenInformation(
            token.0,
            TokenUser,
            buffer.as_mut_ptr().cast(),
            256,
            &mut length,
        )
    };
    if filled == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(buffer)
}

#[cfg(test)]
pub(super) mod tests {
    pub(crate) fn all_ways() -> [super::Sockets; 1] {
        [super::Sockets]
    }
}
