//! macOS: the connection is looked for among the sockets of all processes of this user; found there, it is his.
//!
//! Compiled, and not run: the project has no such machine yet. The layouts are those of `sys/proc_info.h`.
#![allow(unsafe_code)] // Calls of the system that take pointers.

use std::ffi::{c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// `PROC_UID_ONLY`
const OF_USER: u32 = 4;
/// `PROX_FDTYPE_SOCKET`
const SOCKET: u32 = 2;
/// `PROC_PIDFDSOCKETINFO`
const SOCKET_INFO: c_int = 3;
/// `SOCKINFO_TCP`
const TCP: c_int = 2;
/// `INI_IPV4`, in the flags of an Internet socket.
const IPV4: u8 = 1;
/// `TSI_S_ESTABLISHED`
const ESTABLISHED: c_int = 4;

/// `struct proc_fileinfo`
#[repr(C)]
struct FileInfo {
    open_flags: u32,
    status: u32,
    offset: i64,
    kind: i32,
    guard_flags: u32,
}

/// `struct sockbuf_info`
#[repr(C)]
struct BufferInfo {
    sizes: [u32; 5],
    flags: i16,
    time: i16,
}

/// `struct in_sockinfo`
#[repr(C)]
struct InternetInfo {
    foreign_port: c_int,
    local_port: c_int,
    generation: u64,
    flags: u32,
    flow: u32,
    version: u8,
    time_to_live: u8,
    reserved: u32,
    foreign: [u8; 16],
    local: [u8; 16],
    service: u8,
    v6_hop_limit: u8,
    v6_checksum: c_int,
    v6_interface: u16,
    v6_hops: i16,
}

/// `struct tcp_sockinfo`, and room for the other members of the union that it is in.
#[repr(C)]
struct TcpInfo {
    internet: InternetInfo,
    state: c_int,
    rest: [u64; 128],
}

/// `struct socket_fdinfo`
#[repr(C)]
struct SocketInfo {
    file: FileInfo,
    stat: libc::vinfo_stat,
    socket: u64,
    block: u64,
    kind: c_int,
    protocol: c_int,
    family: c_int,
    queues: [i16; 7],
    error: u16,
    out_of_band: u32,
    receive: BufferInfo,
    send: BufferInfo,
    info_kind: c_int,
    reserved: u32,
    tcp: TcpInfo,
}

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
        Ok(processes()?
            .into_iter()
            .any(|process| sockets(process).any(|socket| socket == (peer, local))))
    }
}

/// The processes of this user.
fn processes() -> io::Result<Vec<libc::pid_t>> {
    let own = rustix::process::getuid().as_raw();
    // SAFETY: a null buffer asks for the size.
    let size = unsafe { libc::proc_listpids(OF_USER, own, std::ptr::null_mut(), 0) };
    let size = usize::try_from(size).map_err(|_| io::Error::last_os_error())?;
    // Room for processes that begin meanwhile.
    let mut processes = vec![0; size / size_of::<libc::pid_t>() + 64];
    let bytes = c_int::try_from(size_of_val(processes.as_slice())).unwrap_or(c_int::MAX);
    // SAFETY: the buffer has that many bytes.
    let filled = unsafe {
        libc::proc_listpids(OF_USER, own, processes.as_mut_ptr().cast::<c_void>(), bytes)
    };
    let filled = usize::try_from(filled).map_err(|_| io::Error::last_os_error())?;
    processes.truncate(filled / size_of::<libc::pid_t>());
    Ok(processes)
}

/// The established TCP connections of a process, its own end first. A process that has ended meanwhile has none.
fn sockets(process: libc::pid_t) -> impl Iterator<Item = (SocketAddr, SocketAddr)> {
    let list = |buffer: *mut c_void, bytes: c_int| {
        // SAFETY: null with 0 bytes asks for the size; otherwise the buffer has that many bytes.
        let filled =
            unsafe { libc::proc_pidinfo(process, libc::PROC_PIDLISTFDS, 0, buffer, bytes) };
        usize::try_from(filled).unwrap_or_default()
    };
    let one = size_of::<libc::proc_fdinfo>();
    let mut files: Vec<libc::proc_fdinfo> =
        Vec::with_capacity(list(std::ptr::null_mut(), 0) / one + 16);
    let bytes = c_int::try_from(files.capacity() * one).unwrap_or(c_int::MAX);
    let filled = list(files.as_mut_ptr().cast(), bytes) / one;
    // SAFETY: the system has filled so many, which are plain numbers.
    unsafe { files.set_len(filled.min(files.capacity())) };
    files
        .into_iter()
        .filter(|file| file.proc_fdtype == SOCKET)
        .filter_map(move |file| connection(process, file.proc_fd))
}

fn connection(process: libc::pid_t, file: i32) -> Option<(SocketAddr, SocketAddr)> {
    let mut info = MaybeUninit::<SocketInfo>::zeroed();
    let size = c_int::try_from(size_of::<SocketInfo>()).ok()?;
    // SAFETY: the buffer has that many bytes; what the system does not fill stays zero.
    let filled =
        unsafe { libc::proc_pidfdinfo(process, file, SOCKET_INFO, info.as_mut_ptr().cast(), size) };
    if filled <= 0 {
        return None;
    }
    // SAFETY: all members are numbers, for which zeros and whatever the system wrote are values.
    let info = unsafe { info.assume_init() };
    if info.info_kind != TCP || info.tcp.state != ESTABLISHED {
        return None;
    }
    let internet = &info.tcp.internet;
    let address = |octets: [u8; 16], port: c_int| {
        let ip = if internet.version & IPV4 != 0 {
            let [.., a, b, c, d] = octets;
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        } else {
            IpAddr::V6(Ipv6Addr::from(octets)).to_canonical()
        };
        // A port in the order of the network.
        let port = u16::from_be((port & 0xffff) as u16);
        SocketAddr::new(ip, port)
    };
    Some((
        address(internet.local, internet.local_port),
        address(internet.foreign, internet.foreign_port),
    ))
}

#[cfg(test)]
pub(super) mod tests {
    pub(crate) fn all_ways() -> [super::Sockets; 1] {
        [super::Sockets]
    }
}
