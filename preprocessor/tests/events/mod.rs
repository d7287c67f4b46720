//! What tests wait for: the ends of processes, and changes in folders. The kernel tells of each.
//!
//! Nobody sleeps and looks again: a test that does is slow where it waits too long, and fails where it waits too short.
//! `clippy.toml` has the rule for Rust, `tests/waits.rs` the one for the scripts of cases.

// Each test program compiles this file for itself and uses a part of it.
#![allow(dead_code, reason = "shared by several test programs")]

use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

/// Nothing takes that long on any machine: what has not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Until there is none of these processes any more; they are looked for again when those found have ended.
#[track_caller]
pub(crate) fn until_ended(what: &str, found: impl Fn() -> Vec<i32>) {
    let until = Instant::now() + PATIENCE;
    loop {
        let processes = found();
        if processes.is_empty() {
            return;
        }
        for process in processes.into_iter().filter_map(pidfd) {
            until_readable(what, process.as_fd(), until);
        }
    }
}

/// Until there is none of these files and folders any more.
#[track_caller]
pub(crate) fn until_removed(what: &str, found: impl Fn() -> Vec<PathBuf>) {
    let until = Instant::now() + PATIENCE;
    loop {
        let watcher = watcher();
        for path in found() {
            watch(&watcher, path.parent().unwrap_or(Path::new("/")), 0);
        }
        // Looked for again: what went before it was watched is not told.
        if found().is_empty() {
            return;
        }
        until_readable(what, watcher.as_fd(), until);
    }
}

/// Until something holds that comes with a file in `folder` or so many levels below it.
#[track_caller]
pub(crate) fn until_made(what: &str, folder: &Path, levels: usize, holds: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    loop {
        let watcher = watcher();
        watch(&watcher, folder, levels);
        if holds() {
            return;
        }
        until_readable(what, watcher.as_fd(), until);
    }
}

fn watcher() -> Inotify {
    Inotify::init(InitFlags::IN_CLOEXEC).expect("a watch on folders")
}

/// First the folder, then what is found in it: a folder that comes in between is told by the watch on its parent.
fn watch(watcher: &Inotify, folder: &Path, levels: usize) {
    let changes = AddWatchFlags::IN_CREATE
        | AddWatchFlags::IN_DELETE
        | AddWatchFlags::IN_MOVE
        | AddWatchFlags::IN_DELETE_SELF;
    // One that is not there is about to come, or has gone.
    let _ = watcher.add_watch(folder, changes | AddWatchFlags::IN_ONLYDIR);
    if levels > 0 {
        let inner = std::fs::read_dir(folder).into_iter().flatten().flatten();
        inner.for_each(|entry| watch(watcher, &entry.path(), levels - 1));
    }
}

/// `None` if it has gone.
fn pidfd(process: i32) -> Option<OwnedFd> {
    #[expect(unsafe_code, reason = "nix does not know pidfd_open")]
    // SAFETY: it takes numbers and gives a descriptor that nobody else has.
    unsafe {
        let fd = libc::syscall(libc::SYS_pidfd_open, process, 0);
        (fd >= 0).then(|| OwnedFd::from_raw_fd(i32::try_from(fd).expect("a descriptor")))
    }
}

#[track_caller]
fn until_readable(what: &str, fd: BorrowedFd<'_>, until: Instant) {
    let left = until.saturating_duration_since(Instant::now());
    let left = PollTimeout::try_from(left).expect("a short time");
    let came = poll(&mut [PollFd::new(fd, PollFlags::POLLIN)], left).expect("poll");
    assert!(came > 0, "{what}: not after {PATIENCE:?}");
}
