//! What a program that took over this process would try, tried: for the tests of the sandbox, in test builds only.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

/// One attempt: its name, and how the system answered.
pub type Attempt = (&'static str, io::Result<()>);

/// Tries everything. `own` is a folder in which the daemon may write, `foreign` one that is none of its business and has
/// a file `secret`; `port` is a port on 127.0.0.1 on which somebody listens, `bus` a local socket on which somebody does.
#[must_use]
pub fn run(own: &Path, foreign: &Path, port: u16, bus: &Path) -> Vec<Attempt> {
    let loopback = (Ipv4Addr::LOCALHOST, port);
    vec![
        // What it needs.
        ("own file written", fs::write(own.join("trial"), "x")),
        ("own file read", fs::read(own.join("trial")).map(drop)),
        (
            "own file replaced",
            fs::rename(own.join("trial"), own.join("trial.new")),
        ),
        ("own file removed", fs::remove_file(own.join("trial.new"))),
        ("local socket", UnixStream::connect(bus).map(drop)),
        ("thread", std::thread::Builder::new().spawn(|| ()).map(drop)),
        // What nobody needs.
        (
            "foreign file read",
            fs::read(foreign.join("secret")).map(drop),
        ),
        ("foreign folder listed", fs::read_dir(foreign).map(drop)),
        ("foreign file made", fs::write(foreign.join("made"), "x")),
        (
            "foreign file removed",
            fs::remove_file(foreign.join("secret")),
        ),
        ("/etc/passwd read", fs::read("/etc/passwd").map(drop)),
        ("own memory read", File::open("/proc/self/mem").map(drop)),
        ("TCP dialled", TcpStream::connect(loopback).map(drop)),
        (
            "TCP listened",
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map(drop),
        ),
        (
            "UDP opened",
            UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map(drop),
        ),
        ("netlink opened", raw_socket(libc::AF_NETLINK)),
        ("packet socket opened", raw_socket(libc::AF_PACKET)),
        ("socket of the second numbering", second_numbering()),
        ("io_uring set up", io_uring()),
        (
            "program started",
            Command::new("/bin/true").output().map(drop),
        ),
    ]
}

#[allow(unsafe_code)] // Calls that the standard library has no word for.
fn raw_socket(family: libc::c_int) -> io::Result<()> {
    // SAFETY: `socket` takes numbers and gives a descriptor or -1.
    answer(unsafe { libc::syscall(libc::SYS_socket, family, libc::SOCK_RAW, 0) })
}

/// x86-64 has every call twice; under its second number `socket` would pass a filter that knows the first.
#[allow(unsafe_code)]
fn second_numbering() -> io::Result<()> {
    const X32_BIT: libc::c_long = 0x4000_0000;
    // SAFETY: as above.
    answer(unsafe {
        libc::syscall(
            X32_BIT | libc::SYS_socket,
            libc::AF_INET,
            libc::SOCK_STREAM,
            0,
        )
    })
}

#[allow(unsafe_code)]
fn io_uring() -> io::Result<()> {
    let mut parameters = [0u8; 120];
    // SAFETY: the kernel fills a struct io_uring_params, which is 120 bytes long.
    answer(unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, parameters.as_mut_ptr()) })
}

/// Closes the descriptor that such a call gives: whoever tries without a sandbox goes on afterwards.
#[allow(unsafe_code)]
fn answer(value: libc::c_long) -> io::Result<()> {
    match RawFd::try_from(value) {
        Ok(descriptor) if descriptor >= 0 => {
            // SAFETY: the kernel has just made it, and nobody else knows of it.
            drop(unsafe { OwnedFd::from_raw_fd(descriptor) });
            Ok(())
        }
        _ => Err(io::Error::last_os_error()),
    }
}
