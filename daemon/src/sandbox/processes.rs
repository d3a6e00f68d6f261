//! Measures about the process as a whole.

use rustix::io;
use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};

/// Locked memory that is enough for every login with its threads, in bytes. Below it, locking everything would make
/// allocations fail.
const ENOUGH_TO_LOCK: u64 = 1 << 30;

/// Release of the running kernel.
pub(super) fn kernel() -> String {
    rustix::system::uname()
        .release()
        .to_string_lossy()
        .into_owned()
}

/// Also makes `/proc/PID` of this process the administrator's: memory, file descriptors and environment are closed to
/// other programs of the user.
pub(super) fn forbid_tracing() -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

pub(super) fn forbid_core_dumps() -> io::Result<()> {
    setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )
}

pub(super) fn forbid_new_privileges() -> io::Result<()> {
    rustix::thread::set_no_new_privs(true)
}

/// Keeps all memory, present and future, out of swap space. The usual limit on desktops (8 MiB) does not allow it.
pub(super) fn lock_memory() -> Result<(), String> {
    match getrlimit(Resource::Memlock).current {
        None => {}
        Some(limit) if limit >= ENOUGH_TO_LOCK => {}
        Some(limit) => return Err(format!("the limit on locked memory is {} KiB", limit >> 10)),
    }
    // On fault: pages that are never touched, most of every thread's stack, take no memory.
    mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT)
        .map_err(|error| error.to_string())
}
