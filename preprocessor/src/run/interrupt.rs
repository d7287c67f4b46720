//! ^C, as a value that a run can wait for.
//!
//! The first one ends the step that runs, and cleanup follows. The second one ends the lab at once. The third, from a
//! signal, ends the process: labs die with it.

use std::io::Result;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use nix::errno::Errno;
use nix::libc;
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

/// Asks every run that was given it to end. Clones are the same interrupt.
#[derive(Clone, Debug)]
pub struct Interrupt(Arc<Events>);

/// Two event counters that are never read: once raised they stay readable, for every run that waits.
#[derive(Debug)]
struct Events {
    count: AtomicUsize,
    first: EventFd,
    second: EventFd,
}

impl Interrupt {
    /// One that only [`Interrupt::raise`] raises.
    ///
    /// # Errors
    /// When the process has no file descriptor left.
    pub fn new() -> Result<Self> {
        let event = || EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK);
        Ok(Self(Arc::new(Events {
            count: AtomicUsize::new(0),
            first: event()?,
            second: event()?,
        })))
    }

    /// Raises it: once for an end with cleanup, twice for one without.
    pub fn raise(&self) {
        let event = match self.0.count.fetch_add(1, Ordering::Relaxed) {
            0 => &self.0.first,
            _ => &self.0.second,
        };
        // Fails only when the counter is full, which it is raised by then.
        let _ = event.write(1);
    }

    /// Raises it when nobody reads this pipe any more. To be called on a thread of its own, which may wait for ever.
    pub fn raise_when_unread(&self, pipe: impl AsFd) {
        use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
        // Asked for nothing, poll tells what it always tells: that the other end is gone.
        let mut watched = [PollFd::new(pipe.as_fd(), PollFlags::empty())];
        while poll(&mut watched, PollTimeout::NONE) == Err(Errno::EINTR) {}
        self.raise();
    }

    /// Whether it was raised, by whomever.
    pub fn is_raised(&self) -> bool {
        use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
        let mut watched = [PollFd::new(self.0.first.as_fd(), PollFlags::POLLIN)];
        poll(&mut watched, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
    }

    /// Readable from the first (`already` false) or the second interrupt on.
    pub(super) fn event(&self, already: bool) -> BorrowedFd<'_> {
        match already {
            false => self.0.first.as_fd(),
            true => self.0.second.as_fd(),
        }
    }
}

static SIGNALS: AtomicUsize = AtomicUsize::new(0);
static FIRST: AtomicI32 = AtomicI32::new(-1);
static SECOND: AtomicI32 = AtomicI32::new(-1);

/// An interrupt that SIGINT, SIGTERM and SIGHUP raise, from now on for the whole process. To be called once, by the
/// command line.
///
/// # Errors
/// When the process has no file descriptor left.
#[expect(unsafe_code, reason = "sigaction")]
pub fn install() -> Result<Interrupt> {
    let interrupt = Interrupt::new()?;
    // The handler may run until the process ends, so its descriptors must stay.
    std::mem::forget(interrupt.clone());
    FIRST.store(interrupt.0.first.as_fd().as_raw_fd(), Ordering::SeqCst);
    SECOND.store(interrupt.0.second.as_fd().as_raw_fd(), Ordering::SeqCst);
    let handler = SigHandler::Handler(on_signal);
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        // SAFETY: the handler calls what signal-safety(7) allows and nothing else: atomics, write, _exit.
        unsafe { sigaction(signal, &action) }?;
    }
    Ok(interrupt)
}

#[expect(unsafe_code, reason = "system calls that are safe in a signal handler")]
extern "C" fn on_signal(signal: libc::c_int) {
    let errno = Errno::last_raw();
    let fd = match SIGNALS.fetch_add(1, Ordering::SeqCst) {
        0 => FIRST.load(Ordering::SeqCst),
        1 => SECOND.load(Ordering::SeqCst),
        // SAFETY: no destructor runs, and none has to: the kernel ends the labs.
        _ => unsafe { libc::_exit(128 + signal) },
    };
    let one = 1_u64;
    // SAFETY: eight bytes that live until the call returns; the descriptor is never closed.
    unsafe { libc::write(fd, (&raw const one).cast(), size_of::<u64>()) };
    Errno::set_raw(errno);
}
