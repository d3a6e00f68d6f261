//! System calls that the daemon has no use for once it listens: seccomp.
//!
//! A list of what is refused rather than of what is allowed: the libraries below (libc, libpcsclite) differ from system to
//! system, and a call that one of them begins to make must not end a login.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, sock_filter,
};

/// Calls that are refused whatever their arguments.
const REFUSED: [i64; 41] = [
    // io_uring opens sockets and files past this filter.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // It listens already, and dials no address that would have to be bound.
    libc::SYS_bind,
    libc::SYS_listen,
    // No other program is started, looked into, or changed.
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    // Ways into the kernel that have had many faults and that no program of this kind uses.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_personality,
];

/// Why the filter is not in force.
#[derive(Debug, thiserror::Error)]
pub(super) enum FilterError {
    /// The crate has no such processor.
    #[error("no filter for this kind of processor")]
    Architecture,
    /// The rules could not be put together.
    #[error("the filter cannot be made: {0}")]
    Rules(#[from] seccompiler::BackendError),
    /// The kernel did not take them.
    #[error("{0}")]
    Kernel(#[from] seccompiler::Error),
}

/// Restricts all threads of the process.
pub(super) fn restrict() -> Result<(), FilterError> {
    let architecture =
        TargetArch::try_from(std::env::consts::ARCH).map_err(|_| FilterError::Architecture)?;
    // Two filters, because one has one answer: who asks for a socket of another family is told that there is no such
    // family, as on a kernel without it, and libraries know what to do then. The kernel obeys the stricter of the two.
    for (rules, answer) in [
        (foreign_sockets()?, libc::EAFNOSUPPORT),
        (refused(), libc::EPERM),
    ] {
        let filter = SeccompFilter::new(
            rules,
            SeccompAction::Allow,
            SeccompAction::Errno(answer.unsigned_abs()),
            architecture,
        )?;
        let program = without_second_numbering(filter.try_into()?);
        seccompiler::apply_filter_all_threads(&program)?;
    }
    Ok(())
}

fn foreign_sockets() -> Result<BTreeMap<i64, Vec<SeccompRule>>, FilterError> {
    let foreign = SeccompCondition::new(
        0,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::Ne,
        libc::AF_UNIX.unsigned_abs().into(),
    )?;
    let rule = SeccompRule::new(vec![foreign])?;
    Ok([libc::SYS_socket, libc::SYS_socketpair]
        .map(|call| (call, vec![rule.clone()]))
        .into())
}

fn refused() -> BTreeMap<i64, Vec<SeccompRule>> {
    REFUSED.map(|call| (call, Vec::new())).into()
}

/// On x86-64 the same calls can be made under a second set of numbers (x32): all of that set is refused, since no number
/// of it is in the lists above.
fn without_second_numbering(program: BpfProgram) -> BpfProgram {
    #[cfg(target_arch = "x86_64")]
    {
        use libc::{BPF_ABS, BPF_JGE, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W};
        const X32_BIT: u32 = 0x4000_0000;
        let step = |code: u32, jt, jf, k| sock_filter {
            // The classes and modes of these instructions are all below 2^16.
            code: u16::try_from(code).unwrap_or_default(),
            jt,
            jf,
            k,
        };
        let refusal = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs();
        let mut whole = vec![
            // The number of the call is the first word of what a filter sees.
            step(BPF_LD | BPF_W | BPF_ABS, 0, 0, 0),
            step(BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32_BIT),
            step(BPF_RET | BPF_K, 0, 0, refusal),
        ];
        whole.extend(program);
        whole
    }
    #[cfg(not(target_arch = "x86_64"))]
    program
}
