//! The end: last words, and nobody left.

use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, getpid};

use super::process;
use super::protocol::Event;
use super::pump::{Agent, Stop};
use super::terminal::Doing;

/// For last words after a hang-up.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// For the runner to read the last events.
const LAST_EVENTS: Duration = Duration::from_secs(2);

impl Agent {
    /// Ends every terminal and tells what background commands wrote.
    pub(super) fn bye(&mut self) -> Result<(), Stop> {
        // Before the hang-up: whether a program finds last words for it is chance.
        let indices: Vec<usize> = self.background.keys().copied().collect();
        for &index in &indices {
            self.catch_up(index, Instant::now() + LAST_WORDS)?;
            self.settle_background(index);
        }
        self.hang_up();
        let until = Instant::now() + LAST_WORDS;
        while self.is_anybody_there() && Instant::now() < until {
            self.pump(Some(until))?;
        }
        for index in indices {
            for background in self.background.remove(&index).unwrap_or_default() {
                if let Some(mut command) = background.over {
                    self.mask.command(&mut command);
                    self.send(&Event::Later {
                        terminal: index,
                        step: background.step,
                        command,
                    });
                }
            }
        }
        Ok(())
    }

    /// As when a person closes the window: to the foreground program and to the shell, which tells its jobs.
    fn hang_up(&self) {
        for terminal in self.terminals.values() {
            if let Doing::Gone { .. } = terminal.doing() {
                continue;
            }
            let shell = terminal.pid();
            if let Some(group) = terminal.pty().foreground().filter(|&group| group != shell) {
                let _ = killpg(group, Signal::SIGHUP);
                let _ = killpg(group, Signal::SIGCONT);
            }
            let _ = kill(shell, Signal::SIGHUP);
            let _ = kill(shell, Signal::SIGCONT);
        }
    }

    fn is_anybody_there(&self) -> bool {
        self.terminals
            .values()
            .any(|terminal| !matches!(terminal.doing(), Doing::Gone { .. }))
    }

    /// Lets the runner read what is left, then kills whatever this agent or its terminals started.
    pub(super) fn end(mut self) {
        self.link.flush();
        let until = Instant::now() + LAST_EVENTS;
        while self.link.wants_write() && !self.link.is_closed() && Instant::now() < until {
            if self.pump_while_closed(Some(until)).is_err() {
                break;
            }
        }
        kill_descendants();
    }
}

/// Orphans come to us, as PID 1 or as their subreaper, so killing our children until there are none gets all. Processes
/// that we may not kill (another user's) are left to the kernel, which takes them with the host.
fn kill_descendants() {
    const PATIENCE: Duration = Duration::from_secs(2);
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let mut killed = false;
        for child in children() {
            killed |= kill(child, Signal::SIGKILL) != Err(Errno::EPERM);
        }
        let flag = if killed {
            None
        } else {
            Some(WaitPidFlag::WNOHANG)
        };
        if waitpid(None, flag).is_err() || !killed {
            return;
        }
        while waitpid(None, Some(WaitPidFlag::WNOHANG))
            .is_ok_and(|status| status != nix::sys::wait::WaitStatus::StillAlive)
        {}
    }
}

/// Our children, by /proc.
fn children() -> Vec<Pid> {
    let me = getpid();
    let is_ours = |&pid: &Pid| process::stat(pid).is_some_and(|stat| stat.parent == me);
    process::all().filter(is_ours).collect()
}
