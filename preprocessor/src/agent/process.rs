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

/// What /proc tells of a process.
pub(super) struct Stat {
    /// Its program, as far as the kernel keeps the name.
    name: String,
    /// `R`unning, `S`leeping, `D`isk, `Z`ombie, …
    state: char,
    pub(super) parent: Pid,
    group: Pid,
}

/// What /proc tells of a process, while there is one.
pub(super) fn stat(process: Pid) -> Option<Stat> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // `PID (NAME) STATE PARENT GROUP …`; a name may hold anything.
    let (before, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    Some(Stat {
        name: before.split_once(" (")?.1.to_owned(),
        state: fields.next()?.chars().next()?,
        parent: Pid::from_raw(fields.next()?.parse().ok()?),
        group: Pid::from_raw(fields.next()?.parse().ok()?),
    })
}

/// All processes, by /proc.
pub(super) fn all() -> impl Iterator<Item = Pid> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok().map(Pid::from_raw))
}

/// Whether every process of a group sleeps or has ended, by /proc.
pub(super) fn sleeps(group: Pid) -> bool {
    let is_busy = |stat: Stat| stat.group == group && matches!(stat.state, 'R' | 'D');
    !all().filter_map(stat).any(is_busy)
}

/// The program that started a process and sleeps though that is over, by /proc; not where it has noticed, or is busy.
pub(super) fn has_not_noticed_end(process: Pid) -> Option<String> {
    let ended = stat(process).filter(|stat| stat.state == 'Z')?;
    let parent = stat(ended.parent).filter(|stat| stat.state == 'S')?;
    Some(parent.name)
}

/// Whether a filter decides about our system calls, by /proc.
pub(super) fn is_filtered() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mode = status
        .lines()
        .find_map(|line| line.strip_prefix("Seccomp:"));
    mode.is_some_and(|mode| mode.trim() == "2")
}

/// Whether a process that a shell has made is still that shell, by /proc; not where that does not tell. It ignores ^Z for
/// a while, and hears ^C as the shell does, to no effect, until it becomes the command.
pub(super) fn is_still_shell(process: Pid, shell: Option<Pid>) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let holds = |set: &str, signal: Signal| {
        let mask = status.lines().find_map(|line| line.strip_prefix(set));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_some_and(|mask| mask & (1 << (signal as i32 - 1)) != 0)
    };
    let command = |process: Pid| std::fs::read(format!("/proc/{process}/cmdline")).ok();
    holds("SigIgn:", Signal::SIGTSTP)
        || holds("SigCgt:", Signal::SIGINT)
            && shell.is_some_and(|shell| command(shell) == command(process))
}

/// Whether a process waits for something to be typed, by /proc; not where that does not tell.
pub(super) fn reads_terminal(process: Pid) -> bool {
    // The number of the system call it is in, and its first argument.
    let call = std::fs::read_to_string(format!("/proc/{process}/syscall")).unwrap_or_default();
    let mut words = call.split_ascii_whitespace();
    let reads = words.next().and_then(|number| number.parse().ok()) == Some(libc::SYS_read);
    let from = words.next().and_then(|fd| fd.strip_prefix("0x"));
    let from = from.and_then(|fd| u64::from_str_radix(fd, 16).ok());
    reads && from.is_some_and(|fd| is_terminal(process, fd))
}

/// Whether a process waits for something to be typed, and its standard error goes elsewhere, by /proc.
pub(super) fn reads_and_hides_errors(process: Pid) -> bool {
    reads_terminal(process) && !is_terminal(process, 2)
}

fn is_terminal(process: Pid, fd: u64) -> bool {
    std::fs::read_link(format!("/proc/{process}/fd/{fd}"))
        .is_ok_and(|file| file.starts_with("/dev/pts") || file.ends_with("dev/tty"))
}
