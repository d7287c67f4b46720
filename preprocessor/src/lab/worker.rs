//! The runner's side of `init/work.rs`: starts it, reads what the script says, ends it.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Error, PipeReader, Result};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Uid;

use crate::judge::Missing;
use crate::lab::handover::{self, Report};
use crate::lab::init::Work;
use crate::lab::{WORK_SUBCOMMAND, refusal, start};

/// How a script ended.
pub(in crate::lab) enum Ended {
    Good,
    /// It gave another status than 0.
    Badly,
    /// The machine refused the namespace.
    Refused(Missing),
    /// `stop` became readable.
    Stopped,
}

/// Runs a script and gives each line that it says, on either output, to `line`. Nothing of it is left when this
/// returns.
pub(in crate::lab) fn run(
    work: &Work,
    stop: Option<BorrowedFd<'_>>,
    line: &mut dyn FnMut(&str),
) -> Result<Ended> {
    let (control, theirs) = handover::pair()?;
    let (output, their_output) = std::io::pipe()?;
    let keeper = Command::new(start::program())
        .arg0("mdbook-twin")
        .args([WORK_SUBCOMMAND, &std::process::id().to_string()])
        .env_clear()
        // Where newuidmap is; all else is in the work.
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::from(theirs))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut keeper = Keeper(keeper);
    handover::send(&control, work, &[their_output.as_raw_fd()])?;
    drop(their_output);
    if !read(output, stop, line)? {
        drop(control);
        keeper.0.wait()?;
        return Ok(Ended::Stopped);
    }
    let report = handover::receive::<Report>(&control);
    drop(control);
    let status = keeper.0.wait()?;
    Ok(match report {
        Ok(Some((Report::Refused(refusal), _))) => Ended::Refused(refusal::missing(&refusal)),
        _ if status.success() => Ended::Good,
        _ => Ended::Badly,
    })
}

/// Waits for it whatever happens; its socket is closed by then, so it ends.
struct Keeper(Child);

impl Drop for Keeper {
    fn drop(&mut self) {
        let _ = self.0.wait();
    }
}

/// Until the script has ended; `false` when it is to be stopped.
fn read(
    output: PipeReader,
    stop: Option<BorrowedFd<'_>>,
    line: &mut dyn FnMut(&str),
) -> Result<bool> {
    let mut output = BufReader::new(output);
    loop {
        if output.buffer().is_empty() && !wait(output.get_ref(), stop)? {
            return Ok(false);
        }
        let mut text = Vec::new();
        if output.read_until(b'\n', &mut text)? == 0 {
            return Ok(true);
        }
        line(String::from_utf8_lossy(&text).trim_end());
    }
}

fn wait(output: &PipeReader, stop: Option<BorrowedFd<'_>>) -> Result<bool> {
    let mut watched = vec![PollFd::new(output.as_fd(), PollFlags::POLLIN)];
    watched.extend(stop.map(|stop| PollFd::new(stop, PollFlags::POLLIN)));
    loop {
        match poll(&mut watched, PollTimeout::NONE) {
            Ok(_) => {
                let raised =
                    |of: &PollFd<'_>| of.revents().is_some_and(|events| !events.is_empty());
                return Ok(!watched.get(1).is_some_and(raised));
            }
            Err(Errno::EINTR) => {}
            Err(error) => return Err(Error::from(error)),
        }
    }
}

/// Removes a folder in which a system is, or was to be. Root removes any file; for anybody else the files belong to ids
/// that only a user namespace can be.
pub(in crate::lab) fn remove(folder: &Path) -> Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o777))?;
    if !Uid::effective().is_root() {
        let work = Work {
            folders: vec![(folder.to_owned(), "building".to_owned())],
            script: "find \"$PLACE/building\" -mindepth 1 -delete".to_owned(),
            ..Work::default()
        };
        let mut said = String::new();
        let ended = run(&work, None, &mut |line| said = line.to_owned())?;
        if !matches!(ended, Ended::Good) {
            return Err(Error::other(format!("{}: {said}", folder.display())));
        }
    }
    fs::remove_dir_all(folder)
}
