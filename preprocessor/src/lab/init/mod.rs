//! `mdbook-twin lab-init`: what makes the lab, in two processes.
//!
//! This one is the *keeper*. It keeps the caller's id, does what only that id may do (device nodes, cgroups, id maps), and
//! waits: for PID 1 of the lab to end, or for the runner to let go of the socket, which it does when it is killed too (no
//! other process has that end: it is closed at every exec). Then it cleans up. The other, in `first.rs`, is that PID 1.

mod cgroups;
mod first;
mod memory;
mod mounts;
mod network;
mod nodes;
pub(in crate::lab) mod overlay;
mod process;
mod work;

pub(in crate::lab) use mounts::place;
pub(in crate::lab) use nodes::file_name as node_file;
pub(in crate::lab) use work::Work;
pub use work::work_main;

use std::io::{Error, PipeReader, PipeWriter, Result, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::lab::handover::{self, Doing, Refusal, Report};
use crate::lab::host::files;
use crate::lab::ids::{self, Ranges};
use crate::lab::init::cgroups::Groups;
use crate::lab::plan::Plan;
use crate::lab::refusal;

/// What went wrong, with what was being done.
type Made<T> = std::result::Result<T, Refusal>;

/// Says what was being done when something fails.
trait During<T> {
    fn during(self, doing: Doing, what: &str) -> Made<T>;
}

impl<T, E: Into<Error>> During<T> for std::result::Result<T, E> {
    fn during(self, doing: Doing, what: &str) -> Made<T> {
        self.map_err(|error| Refusal {
            doing,
            error: format!("{what}: {}", error.into()),
        })
    }
}

/// The whole life of a lab, from the plan on standard input (a socket) to its end.
///
/// For the command line only: it expects to be its process's main function, with one thread.
pub fn init_main() -> ExitCode {
    let control = process::take_standard_input();
    match keep(&control) {
        Ok(code) => code,
        Err(refusal) => {
            // When this can't be sent, the runner is gone, and nobody is left to tell.
            let _ = handover::send(&control, &Report::Refused(refusal), &[]);
            ExitCode::FAILURE
        }
    }
}

fn keep(control: &OwnedFd) -> Made<ExitCode> {
    process::forget_the_caller().during(Doing::Starting, "a process of its own")?;
    let Some((plan, fds)) =
        handover::receive::<Plan>(control).during(Doing::Starting, "the plan")?
    else {
        return Ok(ExitCode::FAILURE); // The runner went away between starting us and saying why.
    };
    let ranges = ranges()?;
    // Removed when this function ends, by which time no process is left in them.
    let groups = Groups::make(&plan, &ranges)?;
    // Before the devices, whose tmpfs may cover the cache.
    let files = plan.hosts.iter().map(|host| files::open(&host.files));
    let files: Result<Vec<_>> = files.collect();
    let files = files.during(Doing::Placing, "what it brings")?;
    let devices = nodes::prepare(&plan)?;
    let (go_reader, mut go_writer) = std::io::pipe().during(Doing::Starting, "a pipe")?;
    let inputs = first::Inputs {
        plan: &plan,
        nodes: &devices,
        files: &files,
        groups: &groups,
        control,
        fds: &fds,
    };
    let first = first::spawn(&inputs, &go_reader, &go_writer)?;
    // Nobody but PID 1 may hold the runner's pipes: their end is how it learns of the agent's end.
    drop((go_reader, fds, files));
    let result = map_and_wait(control, first, &ranges, &mut go_writer);
    // Whatever came: the kernel ends every process of the lab with its PID 1, and this returns when they are gone.
    let _ = kill(first, Signal::SIGKILL);
    let status = waitpid(first, None);
    result?;
    Ok(match status {
        Ok(WaitStatus::Exited(_, code)) => {
            u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
        }
        Ok(WaitStatus::Signaled(_, signal, _)) => ExitCode::from(128 + signal as u8),
        _ => ExitCode::FAILURE,
    })
}

fn ranges() -> Made<Ranges> {
    ids::of_caller().map_err(|why| Refusal {
        doing: Doing::Ids,
        error: refusal::no_ranges(&why).0,
    })
}

fn map_and_wait(control: &OwnedFd, first: Pid, ranges: &Ranges, go: &mut PipeWriter) -> Made<()> {
    ids::map(first, ranges).during(Doing::Ids, "mapping the ids")?;
    go.write_all(b"!").during(Doing::Starting, "PID 1")?;
    wait_for_either(control, first).during(Doing::Starting, "waiting for the lab")
}

/// Until the lab's PID 1 has ended, or the runner has closed its end of the socket, or somebody asks us to end.
fn wait_for_either(control: &OwnedFd, first: Pid) -> Result<()> {
    let first = process::pidfd(first)?;
    let asked = process::signals(&[Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM])?;
    loop {
        let mut watched = [
            PollFd::new(first.as_fd(), PollFlags::POLLIN),
            PollFd::new(control.as_fd(), PollFlags::POLLIN),
            PollFd::new(asked.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut watched, PollTimeout::NONE) {
            Ok(_) => return Ok(()),
            Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether the other end of the pipe is still open, without waiting.
fn is_open(reader: &PipeReader) -> bool {
    let mut watched = [PollFd::new(reader.as_fd(), PollFlags::POLLIN)];
    let polled = poll(&mut watched, PollTimeout::ZERO);
    let hung_up = watched[0]
        .revents()
        .is_some_and(|events| events.contains(PollFlags::POLLHUP));
    polled.is_ok() && !hung_up
}
