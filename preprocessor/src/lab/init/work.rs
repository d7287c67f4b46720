//! `mdbook-twin lab-work`: a script as root of a user namespace, on the machine's network, with the caller's folders.
//!
//! This is how a system is built and removed: its files belong to ids of the lab, and its packages' scripts never run as
//! root of the machine. Keeper and PID 1 as for a lab (`mod.rs`, `first.rs`), so the end of whoever asked is the end of
//! every process and mount here. Only the network is the machine's: a mirror has to be reached.

use std::collections::BTreeMap;
use std::fs;
use std::io::{PipeReader, PipeWriter, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use nix::mount::{MsFlags, mount};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, clone};
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, close};
use serde::{Deserialize, Serialize};

use crate::lab::handover::{self, Doing, Report};
use crate::lab::init::overlay::{self, Overlay};
use crate::lab::init::{During, Made, first, is_open, map_and_wait, mounts, process};
use crate::lab::programs::HOST_PATH;
use crate::lab::worker;

/// What is to be done.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::lab) struct Work {
    /// Folders of the machine that the script gets, each by the name under which it finds it below its `$PLACE`.
    pub(in crate::lab) folders: Vec<(PathBuf, String)>,
    /// Which of them are the layers, the lowest first, that are mounted at `$PLACE/building/rootfs`; none mounts nothing.
    pub(in crate::lab) layers: Vec<String>,
    /// Who mounts them.
    pub(in crate::lab) overlay: Overlay,
    /// For `sh`.
    pub(in crate::lab) script: String,
    /// Its environment, besides `PATH`, `HOME` and `PLACE`.
    pub(in crate::lab) env: BTreeMap<String, String>,
}

/// Memory for what a script keeps beside the folders: a list of sources, a configuration.
const PLACE_OPTIONS: &str = "mode=0755,size=64m";

/// Enough for what PID 1 does before it starts the shell.
const STACK: usize = 1 << 20;

/// The whole of it, from the work on standard input (a socket) to its end.
///
/// For the command line only: it expects to be its process's main function, with one thread.
pub fn work_main() -> ExitCode {
    let control = process::take_standard_input();
    match keep(&control) {
        Ok(code) => code,
        Err(refusal) => {
            // When this can't be sent, nobody is left to tell.
            let _ = handover::send(&control, &Report::Refused(refusal), &[]);
            ExitCode::FAILURE
        }
    }
}

fn keep(control: &OwnedFd) -> Made<ExitCode> {
    process::forget_the_caller().during(Doing::Starting, "a process of its own")?;
    let Some((work, fds)) =
        handover::receive::<Work>(control).during(Doing::Starting, "the work")?
    else {
        return Ok(ExitCode::FAILURE); // Whoever asked went away before saying for what.
    };
    let ranges = super::ranges()?;
    let (go_reader, mut go_writer) = std::io::pipe().during(Doing::Starting, "a pipe")?;
    let first = spawn(&work, control, (&go_reader, &go_writer), &fds)?;
    drop((go_reader, fds));
    let result = map_and_wait(control, first, &ranges, &mut go_writer);
    let _ = kill(first, Signal::SIGKILL);
    let status = waitpid(first, None);
    if is_abandoned(control) {
        remove_what_was_begun(&work);
    }
    result?;
    Ok(match status {
        Ok(WaitStatus::Exited(_, 0)) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// Whether whoever asked has gone, and will therefore not look after what was begun.
fn is_abandoned(control: &OwnedFd) -> bool {
    let mut watched = [PollFd::new(control.as_fd(), PollFlags::POLLIN)];
    let polled = poll(&mut watched, PollTimeout::ZERO);
    let events = watched[0].revents().unwrap_or(PollFlags::empty());
    polled.is_ok() && events.contains(PollFlags::POLLHUP)
}

/// The first folder is what is worked at. What can't be removed is found by the next build.
fn remove_what_was_begun(work: &Work) {
    if let Some((folder, _)) = work.folders.first() {
        let _ = worker::remove(folder);
    }
}

#[expect(unsafe_code, reason = "clone is unsafe")]
fn spawn(
    work: &Work,
    control: &OwnedFd,
    go: (&PipeReader, &PipeWriter),
    fds: &[OwnedFd],
) -> Made<Pid> {
    let namespaces = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    let mut stack = vec![0; STACK];
    let (reader, writer) = go;
    let body = Box::new(|| {
        // The keeper alone may hold this end: its closing says that the keeper is dead.
        let _ = close(writer.as_raw_fd());
        match run(work, reader, fds) {
            Ok(code) => code as isize,
            Err(refusal) => {
                let _ = handover::send(control, &Report::Refused(refusal), &[]);
                1
            }
        }
    });
    // SAFETY: this process has one thread, so its copy is as good as the original: no lock is held, and the copy has
    // memory of its own.
    let first = unsafe { clone(body, &mut stack, namespaces, Some(Signal::SIGCHLD as i32)) };
    first.during(Doing::Namespaces, "new namespaces")
}

fn run(work: &Work, mut go: &PipeReader, fds: &[OwnedFd]) -> Made<i32> {
    let mut byte = [0];
    go.read_exact(&mut byte).during(Doing::Ids, "the keeper")?;
    let mut trees = Vec::new();
    for (path, name) in &work.folders {
        let path = path.display().to_string();
        trees.push((name, process::take_tree(&path).during(Doing::Files, &path)?));
    }
    first::become_root().during(Doing::Root, "root of the namespace")?;
    prctl::set_pdeathsig(Signal::SIGKILL).during(Doing::Starting, "dying with the keeper")?;
    if !is_open(go) {
        return Ok(1);
    }
    let place = mounts::place();
    make_place(&place)?;
    for (name, tree) in trees {
        let target = format!("{place}/{name}");
        process::put_tree(&tree, &target).during(Doing::Files, name)?;
    }
    if !work.layers.is_empty() {
        let layers: Vec<String> = work
            .layers
            .iter()
            .map(|name| format!("{place}/{name}"))
            .collect();
        overlay::mount_layers(work.overlay, &layers, &format!("{place}/building"))
            .during(Doing::Files, "an overlay")?;
    }
    mounts::hide_tmp(&place).during(Doing::Files, "a /tmp of its own")?;
    shell(work, &place, fds).during(Doing::Starting, "sh")
}

fn make_place(place: &str) -> Made<()> {
    let none = None::<&str>;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(none, "/", none, private, none).during(Doing::Files, "private mounts")?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(
        Some("twin"),
        place,
        Some("tmpfs"),
        flags,
        Some(PLACE_OPTIONS),
    )
    .during(Doing::Files, "a tmpfs")?;
    let flags = flags | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, none).during(Doing::Proc, "a fresh /proc")?;
    fs::create_dir(format!("{place}/home")).during(Doing::Files, "a home")
}

/// As PID 1 it does not look after orphans: there are none that would outlive the script by more than a moment.
fn shell(work: &Work, place: &str, fds: &[OwnedFd]) -> std::io::Result<i32> {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-euc", &work.script])
        .env_clear()
        .env("PATH", HOST_PATH)
        .env("HOME", format!("{place}/home"))
        .env("LC_ALL", "C.UTF-8")
        .env("PLACE", place)
        .envs(&work.env)
        .stdin(Stdio::null());
    if let Some(output) = fds.first() {
        command.stdout(Stdio::from(output.try_clone()?));
        command.stderr(Stdio::from(output.try_clone()?));
    }
    Ok(command.status()?.code().unwrap_or(1))
}
