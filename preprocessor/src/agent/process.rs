//! What the agent does with processes before it has any, and what it asks of them.

use nix::libc;
use nix::sched::{CloneFlags, clone};
use nix::sys::signal::{SigHandler, Signal};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

/// Starts and ends so many processes, 20 µs each. (Writing ns_last_pid would be one step, but /proc/sys can't be written
/// in a host.)
#[expect(unsafe_code, reason = "clone is unsafe")]
pub(super) fn use_up_pids(count: u32) {
    let mut stack = [0; 4096];
    for _ in 0..count {
        // Our memory is lent to the child, and we wait: nothing is copied.
        let flags = CloneFlags::CLONE_VM | CloneFlags::CLONE_VFORK;
        // SAFETY: the child touches nothing but its stack, which lives until it has ended.
        let child = unsafe {
            clone(
                Box::new(|| 0),
                &mut stack,
                flags,
                Some(Signal::SIGCHLD as i32),
            )
        };
        let Ok(child) = child else { return };
        let _ = waitpid(child, None);
    }
}

/// Between fork and exec: every signal does what it does by default, as after a login. Who started us may ignore some
/// (a shell's `&` does ^C, `nohup` a hangup), and what a program ignores at its start, a shell never changes.
#[expect(unsafe_code, reason = "a signal's handler can be anything")]
pub(super) fn hear_all_signals() {
    for signal in Signal::iterator() {
        // SAFETY: the default is no handler of ours. KILL and STOP can't be set, and need not be.
        let _ = unsafe { nix::sys::signal::signal(signal, SigHandler::SigDfl) };
    }
}

/// Whether every process of a group sleeps or has ended, by /proc.
pub(super) fn sleeps(group: Pid) -> bool {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return true;
    };
    let group = group.to_string();
    let names = entries.flatten().map(|entry| entry.file_name());
    let processes = names.filter(|name| name.as_encoded_bytes()[0].is_ascii_digit());
    !processes.into_iter().any(|process| {
        let path = std::path::Path::new("/proc").join(process).join("stat");
        let stat = std::fs::read_to_string(path).unwrap_or_default();
        // `PID (NAME) STATE PARENT GROUP …`; a name may hold anything.
        let mut fields = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split(' ')
            .skip(1);
        let is_busy = matches!(fields.next(), Some("R" | "D"));
        is_busy && fields.nth(1) == Some(&group)
    })
}

/// Whether a filter decides about our system calls, by /proc.
pub(super) fn is_filtered() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mode = status
        .lines()
        .find_map(|line| line.strip_prefix("Seccomp:"));
    mode.is_some_and(|mode| mode.trim() == "2")
}

/// Whether a process ignores a signal, by /proc; not where that does not tell.
pub(super) fn ignores(process: Pid, signal: Signal) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (signal as i32 - 1)) != 0)
}

/// Whether a process waits for something to be typed, by /proc; not where that does not tell.
pub(super) fn reads_terminal(process: Pid) -> bool {
    // The number of the system call it is in, and its first argument.
    let call = std::fs::read_to_string(format!("/proc/{process}/syscall")).unwrap_or_default();
    let mut words = call.split_ascii_whitespace();
    let reads = words.next().and_then(|number| number.parse().ok()) == Some(libc::SYS_read);
    let from = words.next().and_then(|fd| fd.strip_prefix("0x"));
    let from = from.and_then(|fd| u64::from_str_radix(fd, 16).ok());
    reads
        && from.is_some_and(|fd| {
            std::fs::read_link(format!("/proc/{process}/fd/{fd}"))
                .is_ok_and(|file| file.starts_with("/dev/pts") || file.ends_with("dev/tty"))
        })
}
