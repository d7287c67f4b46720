//! The agent's one loop: everything that can happen, and one `poll` for all of it.
//!
//! Steps are written as if they could wait (`run.rs`, `wait.rs`): they look at a terminal and, when what they want has
//! not come, [`Agent::pump`] until something happens or their deadline passes. There is no timer but such deadlines, so
//! an idle agent sleeps.

use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::Inotify;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

use super::attach::Attached;
use super::link::Link;
use super::mask::Mask;
use super::protocol::Event;
use super::terminal::Terminal;
use crate::outcome::Failure;

/// A shell that was just typed to is looked at for so long before we sleep. Going to sleep and being woken costs a third
/// of a step, and a built-in command has answered by then. Longer gains nothing. Never yield the processor meanwhile: on
/// a busy machine it comes back milliseconds later.
const ANSWERS_AT_ONCE: Duration = Duration::from_micros(30);

/// Why the agent has to stop.
pub(super) enum Stop {
    /// The runner is gone.
    Closed,
    /// It makes no sense to go on.
    Fatal(String),
}

/// Why a step can't go on.
pub(super) enum Trouble {
    /// The step failed.
    Failed(Failure),
    /// The agent stops.
    Stop(Stop),
}

impl From<Stop> for Trouble {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A command that goes on after its step.
pub(super) struct Background {
    /// The step that started it.
    pub(super) step: usize,
    /// As typed.
    pub(super) command: String,
    /// Shown with it.
    pub(super) prompt: String,
    /// The record, once the command has ended and another one was started.
    pub(super) over: Option<crate::outcome::CommandRun>,
}

/// Everything that the agent holds.
pub(super) struct Agent {
    pub(super) link: Link,
    pub(super) terminals: BTreeMap<usize, Terminal>,
    /// Background commands, by terminal.
    pub(super) background: BTreeMap<usize, Vec<Background>>,
    /// Keys were pressed since the running command began, so it may be about to end.
    pub(super) pressed: BTreeMap<usize, bool>,
    pub(super) mask: Mask,
    /// The command that a person is attached to.
    pub(super) attached: Option<Attached>,
    /// The terminal that a person is in.
    pub(super) joined: Option<usize>,
    /// A step failed: only the cleanup is run from now on.
    pub(super) failed: bool,
    /// The folder in which a path is waited for. Only that it has changed counts: nothing is read of it.
    pub(super) watched: Option<Inotify>,
    children: SignalFd,
    epoch: Instant,
    pub(super) buffer: Vec<u8>,
}

impl Agent {
    /// Takes over stdin, stdout and the children's ends.
    pub(super) fn new() -> std::io::Result<Self> {
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGCHLD);
        signals.thread_block()?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        Ok(Self {
            link: Link::open()?,
            terminals: BTreeMap::new(),
            background: BTreeMap::new(),
            pressed: BTreeMap::new(),
            mask: Mask::default(),
            attached: None,
            joined: None,
            failed: false,
            watched: None,
            children: SignalFd::with_flags(&signals, flags)?,
            epoch: Instant::now(),
            buffer: vec![0; 64 << 10],
        })
    }

    /// Sends an event.
    pub(super) fn send(&mut self, event: &Event) {
        self.link.send(event, Instant::now());
    }

    /// The same for an event of a step: it becomes a line while the next step's shell works.
    pub(super) fn send_later(&mut self, event: Event) {
        self.link.send_later(event, Instant::now());
    }

    /// Lets things happen: returns after the first, or at `until`.
    pub(super) fn pump(&mut self, until: Option<Instant>) -> Result<(), Stop> {
        self.pump_while_closed(until)?;
        if self.link.is_closed() {
            return Err(Stop::Closed);
        }
        Ok(())
    }

    /// As `pump`, but the runner may be gone (at the end).
    pub(super) fn pump_while_closed(&mut self, until: Option<Instant>) -> Result<(), Stop> {
        self.link.use_the_time().map_err(Stop::Fatal)?;
        let happened = self.wait(until)?;
        if self
            .link
            .flush_at()
            .is_some_and(|due| due <= Instant::now())
            || happened.link_writable
        {
            self.link.flush();
        }
        for (terminal, writable) in happened.terminals {
            self.serve_terminal(terminal, writable);
        }
        if happened.attached {
            self.serve_attached();
        }
        if happened.child {
            self.reap();
        }
        if happened.input {
            self.link.receive().map_err(Stop::Fatal)?;
        }
        Ok(())
    }

    /// The one poll.
    fn wait(&mut self, until: Option<Instant>) -> Result<Happened, Stop> {
        let typed = self.has_typed();
        let mut fds = Vec::with_capacity(3 + self.terminals.len());
        let joined = self.joined.and_then(|index| self.terminals.get(&index));
        let is_full = self.attached.as_ref().is_some_and(Attached::is_full)
            || joined.is_some_and(Terminal::is_full);
        let input = if self.link.is_closed() || self.link.is_clogged() || is_full {
            PollFlags::empty()
        } else {
            PollFlags::POLLIN
        };
        let output = if self.link.wants_write() && !self.link.is_closed() {
            PollFlags::POLLOUT
        } else {
            PollFlags::empty()
        };
        fds.push(PollFd::new(self.children.as_fd(), PollFlags::POLLIN));
        let mut polled = Vec::with_capacity(self.terminals.len());
        for (&index, terminal) in &self.terminals {
            if terminal.is_readable() {
                let mut flags = PollFlags::POLLIN;
                // A flood waits for the person who looks at it.
                if self.joined == Some(index) && self.link.is_clogged() {
                    flags = PollFlags::empty();
                }
                flags.set(PollFlags::POLLOUT, terminal.wants_write());
                if flags.is_empty() {
                    continue;
                }
                fds.push(PollFd::new(terminal.pty().fd(), flags));
                polled.push(index);
            }
        }
        let attached_at = fds.len();
        if let Some(attached) = &self.attached {
            let polled = attached.polled(!self.link.is_clogged());
            fds.extend(polled.into_iter().map(|(fd, flags)| PollFd::new(fd, flags)));
        }
        let watched_at = fds.len();
        if let Some(watched) = &self.watched {
            fds.push(PollFd::new(watched.as_fd(), PollFlags::POLLIN));
        }
        let links = fds.len();
        // A closed pipe reports itself whatever it is asked for: it must not be in the set then.
        if !input.is_empty() {
            fds.push(PollFd::new(self.link.input(), input));
        }
        if !output.is_empty() {
            fds.push(PollFd::new(self.link.output(), output));
        }
        let due = [until, self.link.flush_at()].into_iter().flatten().min();
        if !(typed && poll_briefly(&mut fds)?) {
            poll_once(&mut fds, timeout(due))?;
        }
        let any = |fd: &PollFd<'_>| fd.any().unwrap_or(false);
        let input_ready = !input.is_empty() && any(&fds[links]);
        let output_ready = !output.is_empty() && fds.last().is_some_and(any);
        Ok(Happened {
            child: any(&fds[0]),
            attached: fds[attached_at..watched_at].iter().any(any),
            terminals: polled
                .into_iter()
                .zip(&fds[1..attached_at])
                .filter(|(_, fd)| any(fd))
                .map(|(index, fd)| {
                    let flags = fd.revents().unwrap_or(PollFlags::empty());
                    (index, flags.contains(PollFlags::POLLOUT))
                })
                .collect(),
            input: input_ready,
            link_writable: output_ready,
        })
    }

    /// Whether something was typed since the last wait.
    fn has_typed(&mut self) -> bool {
        let mut typed = false;
        for terminal in self.terminals.values_mut() {
            typed |= terminal.take_typed();
        }
        typed
    }

    /// Reads what a terminal has, and writes what waits for it.
    fn serve_terminal(&mut self, index: usize, writable: bool) {
        // A flood comes in pieces of 4 KiB: several of them before the next poll, but not for ever.
        const READS: usize = 16;
        const FULL: usize = 2048;
        let Some(terminal) = self.terminals.get_mut(&index) else {
            return;
        };
        if writable {
            terminal.write();
        }
        let now = Instant::now();
        let micros = (now - self.epoch).as_micros() as u64;
        for _ in 0..READS {
            match terminal.pty().read(&mut self.buffer) {
                None => break,
                Some(0) => {
                    terminal.hang_up();
                    break;
                }
                Some(count) => {
                    terminal.receive(&self.buffer[..count], now, micros);
                    if count < FULL {
                        break;
                    }
                }
            }
        }
        if terminal.take_announcement() {
            self.send(&Event::Opened { terminal: index });
        }
    }

    /// Waits for children that have ended: shells, and as PID 1 whatever lost its parent.
    fn reap(&mut self) {
        while let Ok(Some(_)) = self.children.read_signal() {}
        loop {
            let (pid, exit) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) => (pid, code),
                Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, 128 + signal as i32),
                Ok(WaitStatus::StillAlive) | Err(_) => return,
                Ok(_) => continue,
            };
            let attached = self.attached.as_mut();
            if let Some(attached) = attached.filter(|attached| attached.pid() == pid) {
                attached.ended(exit);
            }
            let found = self
                .terminals
                .iter()
                .find(|(_, terminal)| terminal.pid() == pid)
                .map(|(&index, _)| index);
            if let Some(index) = found {
                // Its last words are still in the terminal.
                self.serve_terminal(index, false);
                if let Some(terminal) = self.terminals.get_mut(&index) {
                    terminal.gone(Some(exit), Instant::now());
                }
            }
        }
    }
}

/// Looks again and again, but not for long. Whether anything happened.
fn poll_briefly(fds: &mut [PollFd<'_>]) -> Result<bool, Stop> {
    let enough = Instant::now() + ANSWERS_AT_ONCE;
    while !poll_once(fds, PollTimeout::ZERO)? {
        if Instant::now() >= enough {
            return Ok(false);
        }
    }
    Ok(true)
}

fn poll_once(fds: &mut [PollFd<'_>], timeout: PollTimeout) -> Result<bool, Stop> {
    match poll(fds, timeout) {
        Ok(count) => Ok(count > 0),
        Err(Errno::EINTR) => Ok(false),
        Err(error) => Err(Stop::Fatal(format!("poll: {error}"))),
    }
}

struct Happened {
    child: bool,
    attached: bool,
    terminals: Vec<(usize, bool)>,
    input: bool,
    link_writable: bool,
}

/// Rounded up: a poll that returns too early would be a loop without sleep.
fn timeout(due: Option<Instant>) -> PollTimeout {
    let Some(due) = due else {
        return PollTimeout::NONE;
    };
    let rest = due.saturating_duration_since(Instant::now());
    let millis = rest.as_micros().div_ceil(1000).min(i32::MAX as u128);
    PollTimeout::try_from(Duration::from_millis(millis as u64)).unwrap_or(PollTimeout::MAX)
}
