//! System calls that no tutorial's command makes: the kernel's surface that container engines close too.
//!
//! A deny list, since nested user namespaces (vdens, LXC) need mount, unshare, setns, clone and what else an engine's
//! allow list opens only together with CAP_SYS_ADMIN.

use oci_spec::OciSpecError;
use oci_spec::runtime::{
    Arch, LinuxSeccomp, LinuxSeccompAction, LinuxSeccompBuilder, LinuxSyscallBuilder,
};

/// What answers EPERM, by what it would touch. Docker's default profile denies every one of them to a container without
/// further capabilities.
const DENIED: [&[&str]; 7] = [
    // Another kernel, or other code in this one.
    &[
        "kexec_load",
        "kexec_file_load",
        "init_module",
        "finit_module",
        "delete_module",
        "create_module",
    ],
    // Programs that run in the kernel, and looking into it.
    &[
        "bpf",
        "perf_event_open",
        "lookup_dcookie",
        "kcmp",
        "fanotify_init",
    ],
    // Keys: the session's keyring is not in a namespace.
    &["add_key", "request_key", "keyctl"],
    // Files by handle: past every mount and namespace.
    &["open_by_handle_at"],
    // Page faults served from user space, memory moved between nodes: what exploits are built of.
    &[
        "userfaultfd",
        "move_pages",
        "migrate_pages",
        "mbind",
        "set_mempolicy",
        "get_mempolicy",
        "vm86",
        "vm86old",
    ],
    // The whole machine.
    &[
        "reboot",
        "swapon",
        "swapoff",
        "acct",
        "quotactl",
        "quotactl_fd",
        "settimeofday",
        "stime",
        "clock_settime",
        "syslog",
        "iopl",
        "ioperm",
        "vhangup",
    ],
    // Long gone, or never to be met, and still a door.
    &[
        "_sysctl",
        "sysfs",
        "uselib",
        "ustat",
        "nfsservctl",
        "get_kernel_syms",
        "query_module",
        "io_uring_setup",
        "io_uring_enter",
        "io_uring_register",
    ],
];

/// The filter. Calls of the machine's other ABIs (32 bit, x32) pass the same list; those of unknown ones are killed.
pub(super) fn profile() -> Result<LinuxSeccomp, OciSpecError> {
    let names: Vec<String> = DENIED
        .concat()
        .iter()
        .map(|&name| name.to_owned())
        .collect();
    let denied = LinuxSyscallBuilder::default()
        .names(names)
        .action(LinuxSeccompAction::ScmpActErrno)
        .build()?;
    LinuxSeccompBuilder::default()
        .default_action(LinuxSeccompAction::ScmpActAllow)
        .architectures(architectures())
        .syscalls(vec![denied])
        .build()
}

fn architectures() -> Vec<Arch> {
    match std::env::consts::ARCH {
        "x86_64" => vec![Arch::ScmpArchX86_64, Arch::ScmpArchX86, Arch::ScmpArchX32],
        "aarch64" => vec![Arch::ScmpArchAarch64, Arch::ScmpArchArm],
        _ => vec![Arch::ScmpArchNative],
    }
}
