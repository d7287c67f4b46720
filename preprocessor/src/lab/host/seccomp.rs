//! Which system calls a host's processes may make: an allow list, as the container engines have one.
//!
//! It allows what the engines' default profiles allow (compared with Debian's containers-common 0.50), less a few calls
//! that reach into the kernel or over the lab's edge, and more what tutorials need: see [`BEYOND`]. What is in no list
//! answers ENOSYS, as on a kernel that has no such call, so programs do without; what is refused on purpose answers
//! EPERM.

use nix::libc;
use oci_spec::OciSpecError;
use oci_spec::runtime::{
    LinuxSeccomp, LinuxSeccompAction, LinuxSeccompArg, LinuxSeccompArgBuilder, LinuxSeccompBuilder,
    LinuxSeccompOperator, LinuxSyscall, LinuxSyscallBuilder,
};

/// What every program may call, whatever its arguments.
const ALLOWED: [&[&str]; 7] = [
    // Files: open, read, write, describe, name.
    &[
        "open",
        "openat",
        "openat2",
        "creat",
        "close",
        "close_range",
        "dup",
        "dup2",
        "dup3",
        "fcntl",
        "fcntl64",
        "flock",
        "ioctl",
        "read",
        "readv",
        "pread64",
        "preadv",
        "preadv2",
        "write",
        "writev",
        "pwrite64",
        "pwritev",
        "pwritev2",
        "lseek",
        "_llseek",
        "sendfile",
        "sendfile64",
        "splice",
        "tee",
        "copy_file_range",
        "readahead",
        "fadvise64",
        "fadvise64_64",
        "sync_file_range",
        "arm_sync_file_range",
        "arm_fadvise64_64",
        "truncate",
        "truncate64",
        "ftruncate",
        "ftruncate64",
        "fallocate",
        "sync",
        "syncfs",
        "fsync",
        "fdatasync",
        "stat",
        "stat64",
        "lstat",
        "lstat64",
        "fstat",
        "fstat64",
        "newfstatat",
        "fstatat64",
        "statx",
        "statfs",
        "statfs64",
        "fstatfs",
        "fstatfs64",
        "access",
        "faccessat",
        "faccessat2",
        "readlink",
        "readlinkat",
        "getdents",
        "getdents64",
        "readdir",
        "getcwd",
        "chdir",
        "fchdir",
        "umask",
        "chmod",
        "fchmod",
        "fchmodat",
        "fchmodat2",
        "chown",
        "chown32",
        "fchown",
        "fchown32",
        "fchownat",
        "lchown",
        "lchown32",
        "utime",
        "utimes",
        "utimensat",
        "utimensat_time64",
        "futimesat",
        "link",
        "linkat",
        "symlink",
        "symlinkat",
        "unlink",
        "unlinkat",
        "rename",
        "renameat",
        "renameat2",
        "mkdir",
        "mkdirat",
        "rmdir",
        "mknod",
        "mknodat",
        "getxattr",
        "lgetxattr",
        "fgetxattr",
        "setxattr",
        "lsetxattr",
        "fsetxattr",
        "listxattr",
        "llistxattr",
        "flistxattr",
        "removexattr",
        "lremovexattr",
        "fremovexattr",
        "getxattrat",
        "setxattrat",
        "listxattrat",
        "removexattrat",
        "file_getattr",
        "file_setattr",
        "inotify_init",
        "inotify_init1",
        "inotify_add_watch",
        "inotify_rm_watch",
        "name_to_handle_at",
        "cachestat",
    ],
    // Waiting for descriptors, pipes, events, timers, asynchronous files.
    &[
        "select",
        "_newselect",
        "pselect6",
        "pselect6_time64",
        "poll",
        "ppoll",
        "ppoll_time64",
        "epoll_create",
        "epoll_create1",
        "epoll_ctl",
        "epoll_ctl_old",
        "epoll_wait",
        "epoll_wait_old",
        "epoll_pwait",
        "epoll_pwait2",
        "pipe",
        "pipe2",
        "eventfd",
        "eventfd2",
        "signalfd",
        "signalfd4",
        "memfd_create",
        "memfd_secret",
        "timerfd",
        "timerfd_create",
        "timerfd_gettime",
        "timerfd_gettime64",
        "timerfd_settime",
        "timerfd_settime64",
        "io_setup",
        "io_destroy",
        "io_submit",
        "io_cancel",
        "io_getevents",
        "io_pgetevents",
        "io_pgetevents_time64",
    ],
    // Memory.
    &[
        "brk",
        "mmap",
        "mmap2",
        "munmap",
        "mremap",
        "remap_file_pages",
        "mprotect",
        "madvise",
        "process_madvise",
        "mincore",
        "msync",
        "mseal",
        "map_shadow_stack",
        "mlock",
        "mlock2",
        "mlockall",
        "munlock",
        "munlockall",
        "membarrier",
        "pkey_alloc",
        "pkey_free",
        "pkey_mprotect",
    ],
    // Processes and threads, without the making of namespaces (see below).
    &[
        "execve",
        "execveat",
        "exit",
        "exit_group",
        "fork",
        "vfork",
        "wait4",
        "waitid",
        "waitpid",
        "getpid",
        "getppid",
        "gettid",
        "getpgid",
        "setpgid",
        "getpgrp",
        "getsid",
        "setsid",
        "set_tid_address",
        "futex",
        "futex_time64",
        "futex_wait",
        "futex_wake",
        "futex_requeue",
        "futex_waitv",
        "set_robust_list",
        "get_robust_list",
        "rseq",
        "restart_syscall",
        "set_thread_area",
        "get_thread_area",
        "arch_prctl",
        "modify_ldt",
        "set_tls",
        "breakpoint",
        "cacheflush",
        "riscv_flush_icache",
        "prctl",
        "seccomp",
        "landlock_create_ruleset",
        "landlock_add_rule",
        "landlock_restrict_self",
        "sched_yield",
        "sched_getaffinity",
        "sched_setaffinity",
        "sched_getattr",
        "sched_setattr",
        "sched_getparam",
        "sched_setparam",
        "sched_getscheduler",
        "sched_setscheduler",
        "sched_get_priority_max",
        "sched_get_priority_min",
        "sched_rr_get_interval",
        "sched_rr_get_interval_time64",
        "getpriority",
        "setpriority",
        "nice",
        "ioprio_get",
        "ioprio_set",
        "getcpu",
        "getrusage",
        "times",
        "getrlimit",
        "ugetrlimit",
        "setrlimit",
        "prlimit64",
        "sysinfo",
        "uname",
        "pidfd_open",
        "pidfd_getfd",
        "pidfd_send_signal",
        "process_mrelease",
    ],
    // Signals and time.
    &[
        "kill",
        "tkill",
        "tgkill",
        "rt_sigaction",
        "rt_sigpending",
        "rt_sigprocmask",
        "rt_sigqueueinfo",
        "rt_sigreturn",
        "rt_sigsuspend",
        "rt_sigtimedwait",
        "rt_sigtimedwait_time64",
        "rt_tgsigqueueinfo",
        "sigaction",
        "sigaltstack",
        "signal",
        "sigpending",
        "sigprocmask",
        "sigreturn",
        "sigsuspend",
        "sgetmask",
        "ssetmask",
        "pause",
        "alarm",
        "nanosleep",
        "getitimer",
        "setitimer",
        "timer_create",
        "timer_delete",
        "timer_getoverrun",
        "timer_gettime",
        "timer_gettime64",
        "timer_settime",
        "timer_settime64",
        "time",
        "gettimeofday",
        "clock_getres",
        "clock_getres_time64",
        "clock_gettime",
        "clock_gettime64",
        "clock_nanosleep",
        "clock_nanosleep_time64",
        "adjtimex",
        "clock_adjtime",
        "clock_adjtime64",
        "getrandom",
    ],
    // Users and capabilities.
    &[
        "getuid",
        "getuid32",
        "geteuid",
        "geteuid32",
        "getgid",
        "getgid32",
        "getegid",
        "getegid32",
        "getresuid",
        "getresuid32",
        "getresgid",
        "getresgid32",
        "setuid",
        "setuid32",
        "setgid",
        "setgid32",
        "setreuid",
        "setreuid32",
        "setregid",
        "setregid32",
        "setresuid",
        "setresuid32",
        "setresgid",
        "setresgid32",
        "setfsuid",
        "setfsuid32",
        "setfsgid",
        "setfsgid32",
        "getgroups",
        "getgroups32",
        "setgroups",
        "setgroups32",
        "capget",
        "capset",
    ],
    // Sockets, but for their making (see below), and System V's and POSIX's messages.
    &[
        "socketpair",
        "bind",
        "connect",
        "listen",
        "accept",
        "accept4",
        "shutdown",
        "getsockname",
        "getpeername",
        "getsockopt",
        "setsockopt",
        "send",
        "sendto",
        "sendmsg",
        "sendmmsg",
        "recv",
        "recvfrom",
        "recvmsg",
        "recvmmsg",
        "recvmmsg_time64",
        "ipc",
        "msgctl",
        "msgget",
        "msgrcv",
        "msgsnd",
        "semctl",
        "semget",
        "semop",
        "semtimedop",
        "semtimedop_time64",
        "shmat",
        "shmctl",
        "shmdt",
        "shmget",
        "mq_open",
        "mq_unlink",
        "mq_notify",
        "mq_getsetattr",
        "mq_timedreceive",
        "mq_timedreceive_time64",
        "mq_timedsend",
        "mq_timedsend_time64",
    ],
];

/// What tutorials need, and the engines open to CAP_SYS_ADMIN, CAP_SYS_CHROOT or CAP_SYS_PTRACE at most: mounts and
/// namespaces in a nested user namespace (vdens, LXC, FUSE, `unshare -Ur`), where the kernel's own checks decide; and
/// debuggers (gdb, strace), which the same checks keep to a user's own processes.
const BEYOND: &[&str] = &[
    "setns",
    "chroot",
    "pivot_root",
    "sethostname",
    "setdomainname",
    "mount",
    "umount",
    "umount2",
    "mount_setattr",
    "move_mount",
    "open_tree",
    "open_tree_attr",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "statmount",
    "listmount",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kcmp",
];

/// What answers EPERM, by what it would touch.
const DENIED: [&[&str]; 6] = [
    // Another kernel, or other code in this one; programs that run in it, and looks into it.
    &[
        "kexec_load",
        "kexec_file_load",
        "init_module",
        "finit_module",
        "delete_module",
        "create_module",
        "bpf",
        "perf_event_open",
        "lookup_dcookie",
        "fanotify_init",
        "fanotify_mark",
        "syslog",
    ],
    // Keys: the session's keyring is not in a namespace.
    &["add_key", "request_key", "keyctl"],
    // Files by handle: past every mount and namespace.
    &["open_by_handle_at"],
    // Page faults served from user space, pages moved and pinned: what exploits are built of.
    &[
        "userfaultfd",
        "vmsplice",
        "move_pages",
        "migrate_pages",
        "mbind",
        "set_mempolicy",
        "get_mempolicy",
        "set_mempolicy_home_node",
        "vm86",
        "vm86old",
        "io_uring_setup",
        "io_uring_enter",
        "io_uring_register",
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
        "clock_settime64",
        "iopl",
        "ioperm",
        "vhangup",
    ],
    // Long gone.
    &[
        "_sysctl",
        "sysfs",
        "uselib",
        "ustat",
        "nfsservctl",
        "get_kernel_syms",
        "query_module",
        "bdflush",
    ],
];

/// The kinds of sockets of a network that is the lab's own: Unix, IPv4, IPv6, netlink, packets.
///
/// Others load modules into the kernel, or are in no namespace: AF_VSOCK reaches the machine's hypervisor and what
/// listens on the machine itself.
const SOCKETS: [libc::c_int; 5] = [
    libc::AF_UNIX,
    libc::AF_INET,
    libc::AF_INET6,
    libc::AF_NETLINK,
    libc::AF_PACKET,
];

/// What `personality` may ask for: the engines' list (Linux, 32 bit, uname as 2.6, the question), and no randomisation of
/// addresses, which gdb and `setarch -R` ask for.
const PERSONALITIES: [u64; 6] = [0, 0x8, 0x2_0000, 0x2_0008, 0x4_0000, 0xffff_ffff];

/// The filter for a host; `cgroups` where it has a subtree of its own.
///
/// For the machine's own ABI. A program of another one (32 bit) is killed at its first call: each further ABI is a second
/// door to the kernel, and would add a third to the time that the runtime takes to compile the filter.
pub(super) fn profile(cgroups: bool) -> Result<LinuxSeccomp, OciSpecError> {
    let mut calls = vec![
        rule(
            &ALLOWED.concat(),
            LinuxSeccompAction::ScmpActAllow,
            None,
            &[],
        )?,
        rule(BEYOND, LinuxSeccompAction::ScmpActAllow, None, &[])?,
        rule(
            &DENIED.concat(),
            LinuxSeccompAction::ScmpActErrno,
            Some(libc::EPERM),
            &[],
        )?,
    ];
    calls.extend(of_sockets()?);
    calls.extend(of_namespaces(cgroups)?);
    for value in PERSONALITIES {
        let wanted = argument(LinuxSeccompOperator::ScmpCmpEq, value, None)?;
        calls.push(rule(
            &["personality"],
            LinuxSeccompAction::ScmpActAllow,
            None,
            &[wanted],
        )?);
    }
    LinuxSeccompBuilder::default()
        .default_action(LinuxSeccompAction::ScmpActErrno)
        .default_errno_ret(libc::ENOSYS.cast_unsigned())
        .syscalls(calls)
        .build()
}

/// `socketcall`, the door of 32-bit programs before Linux 4.3, has its arguments in memory, where no filter sees them: it
/// is in no list.
fn of_sockets() -> Result<Vec<LinuxSyscall>, OciSpecError> {
    let mut calls = Vec::new();
    for family in SOCKETS {
        let this = argument(LinuxSeccompOperator::ScmpCmpEq, number(family), None)?;
        calls.push(rule(
            &["socket"],
            LinuxSeccompAction::ScmpActAllow,
            None,
            &[this],
        )?);
    }
    Ok(calls)
}

/// New namespaces of every kind but cgroup: in one, the machine's cgroups could be mounted and read. `clone3` has its
/// flags in memory; glibc uses `clone` where it answers ENOSYS.
fn of_namespaces(cgroups: bool) -> Result<Vec<LinuxSyscall>, OciSpecError> {
    const MAKERS: &[&str] = &["clone", "unshare"];
    if cgroups {
        let all = [MAKERS, &["clone3"]].concat();
        return Ok(vec![rule(
            &all,
            LinuxSeccompAction::ScmpActAllow,
            None,
            &[],
        )?]);
    }
    let flag = number(libc::CLONE_NEWCGROUP);
    let without = argument(LinuxSeccompOperator::ScmpCmpMaskedEq, flag, Some(0))?;
    let with = argument(LinuxSeccompOperator::ScmpCmpMaskedEq, flag, Some(flag))?;
    let refused = Some(libc::EPERM);
    Ok(vec![
        rule(MAKERS, LinuxSeccompAction::ScmpActAllow, None, &[without])?,
        rule(MAKERS, LinuxSeccompAction::ScmpActErrno, refused, &[with])?,
    ])
}

fn number(constant: libc::c_int) -> u64 {
    u64::from(constant.cast_unsigned())
}

fn rule(
    names: &[&str],
    action: LinuxSeccompAction,
    errno: Option<libc::c_int>,
    arguments: &[LinuxSeccompArg],
) -> Result<LinuxSyscall, OciSpecError> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut rule = LinuxSyscallBuilder::default().names(names).action(action);
    if let Some(errno) = errno {
        rule = rule.errno_ret(errno.cast_unsigned());
    }
    if !arguments.is_empty() {
        rule = rule.args(arguments);
    }
    rule.build()
}

/// A condition on a call's first argument.
fn argument(
    operator: LinuxSeccompOperator,
    value: u64,
    masked: Option<u64>,
) -> Result<LinuxSeccompArg, OciSpecError> {
    let condition = LinuxSeccompArgBuilder::default()
        .index(0_usize)
        .value(value)
        .op(operator);
    match masked {
        Some(masked) => condition.value_two(masked).build(),
        None => condition.build(),
    }
}
