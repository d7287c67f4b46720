//! What the agent does with processes before it has any, and what it asks of them.

use nix::libc;
use nix::sched::{CloneFlags, clone};
use nix::sys::signal::Signal;
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
