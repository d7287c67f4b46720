//! What Linux lets a process say about itself, and std does not.

use std::fs::File;
use std::io::{Error, Result};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::stat::{Mode, SFlag, fstat, umask};
use nix::unistd::{Pid, chdir, setsid};

/// Standard input as a value; the number is not to be used otherwise.
#[expect(unsafe_code, reason = "std can only lend it")]
pub(super) fn take_standard_input() -> OwnedFd {
    // SAFETY: this runs once, first of all, and nothing in lab-init reads from std::io::stdin().
    unsafe { OwnedFd::from_raw_fd(0) }
}

/// Leaves behind what a lab must not inherit: descriptors, working directory, session and terminal, umask, signals.
pub(super) fn forget_the_caller() -> Result<()> {
    close_on_exec_from(0)?;
    // `setsid`: /dev/tty in a lab would be the caller's terminal, and typing into it an escape.
    match setsid() {
        Ok(_) | Err(Errno::EPERM) => {} // EPERM: already a leader, so of a session made for us.
        Err(error) => return Err(error.into()),
    }
    chdir("/")?;
    umask(Mode::from_bits_truncate(0o022));
    default_signals()
}

/// Descriptors that a careless part of mdbook left inheritable end at the next exec.
#[expect(unsafe_code, reason = "nix does not know close_range")]
fn close_on_exec_from(first: RawFd) -> Result<()> {
    // Standard output and error stay open in what we start; our standard input is the socket and does not.
    // SAFETY: changes flags of descriptors, no memory.
    let result = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            first,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
    Errno::result(result)?;
    for fd in [1, 2] {
        // SAFETY: lent for one call; a closed descriptor is answered by an error.
        let fd = unsafe { std::os::fd::BorrowedFd::borrow_raw(fd) };
        fcntl(fd, FcntlArg::F_SETFD(FdFlag::empty()))?;
    }
    Ok(())
}

/// `nohup` and mdBook ignore signals; a tutorial's commands should find them as a fresh login does.
#[expect(unsafe_code, reason = "sigaction is unsafe in nix")]
fn default_signals() -> Result<()> {
    for number in Signal::iterator() {
        // SIGPIPE: std ignores it for us and gives it back to whom we start.
        if matches!(number, Signal::SIGKILL | Signal::SIGSTOP | Signal::SIGPIPE) {
            continue;
        }
        // SAFETY: no handler, so no code that could run at a bad moment.
        unsafe { signal(number, SigHandler::SigDfl) }?;
    }
    Ok(())
}

/// A descriptor that becomes readable when one of the signals comes, which is thereby all that it does.
pub(super) fn signals(wanted: &[Signal]) -> Result<SignalFd> {
    let set: SigSet = wanted.iter().copied().collect();
    // Children that std starts get an empty mask again.
    set.thread_block()?;
    Ok(SignalFd::with_flags(
        &set,
        SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK,
    )?)
}

/// A descriptor that becomes readable when a child ends.
#[expect(unsafe_code, reason = "nix does not know pidfd_open")]
pub(super) fn pidfd(child: Pid) -> Result<OwnedFd> {
    // SAFETY: takes two numbers, gives a descriptor.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, child.as_raw(), 0) };
    own(fd)
}

/// Returns when one of the signals has come, or the time is there.
pub(super) fn wait_for_signal(signals: &SignalFd, until: Option<Instant>) -> Result<()> {
    let timeout = until.map_or(PollTimeout::NONE, |until| {
        // Rounded up, else the last fraction of a millisecond is a busy loop.
        let left = until.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
        PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
    });
    let mut watched = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
    match poll(&mut watched, timeout) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    while signals.read_signal()?.is_some() {}
    Ok(())
}

/// A mount of one file (or folder) that is nowhere yet, to be put somewhere by [`put_tree`]. Whoever may open the path
/// now need not be able to later.
#[expect(unsafe_code, reason = "nix does not know open_tree")]
pub(super) fn take_tree(path: &str) -> Result<OwnedFd> {
    let path = std::ffi::CString::new(path)?;
    let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC;
    // SAFETY: the path lives until the call returns.
    let fd = unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags) };
    own(fd)
}

/// Makes what [`take_tree`] took read-only, wherever it is then put. Linux before 5.12 can't.
#[expect(unsafe_code, reason = "nix does not know mount_setattr")]
pub(super) fn make_read_only(tree: &OwnedFd) -> Result<()> {
    let wanted = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_RDONLY,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: the path and the wishes live until the call returns, and it is told how long they are.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            &raw const wanted,
            size_of::<libc::mount_attr>(),
        )
    };
    Errno::result(result)?;
    Ok(())
}

/// Mounts what [`take_tree`] took on a file, or a folder, that is made for it.
#[expect(unsafe_code, reason = "nix does not know move_mount")]
pub(super) fn put_tree(tree: &OwnedFd, target: &str) -> Result<()> {
    match fstat(tree)?.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFDIR.bits() {
        true => std::fs::create_dir_all(target)?,
        false => drop(File::create(target)?),
    }
    let target = std::ffi::CString::new(target)?;
    // SAFETY: both paths live until the call returns.
    let result = unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            tree.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_FDCWD,
            target.as_ptr(),
            libc::MOVE_MOUNT_F_EMPTY_PATH,
        )
    };
    Errno::result(result)?;
    Ok(())
}

#[expect(unsafe_code, reason = "a system call gives plain numbers")]
fn own(fd: libc::c_long) -> Result<OwnedFd> {
    let fd = Errno::result(fd)?;
    let fd = RawFd::try_from(fd).map_err(Error::other)?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
