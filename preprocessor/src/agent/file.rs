//! `file`: writes or edits a file, as the terminal's user.
//!
//! A forked child takes on the user's ids and goes where the terminal is: what the user may not write, a step may not
//! either, and a symbolic link leads nowhere that the user could not go by himself.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::libc;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

use super::pump::{Agent, Trouble};
use super::steps::Step;
use super::terminal::{Doing, Terminal};
use super::user::User;
use crate::outcome::Failure;
use crate::tutorial::{FileChange, FileEdit};

impl Agent {
    /// Does what the step says.
    pub(super) fn edit_file(&mut self, step: &Step<'_>, edit: &FileEdit) -> Result<(), Trouble> {
        let index = step.request.terminal;
        while self.terminal(index)?.doing() == Doing::Opening {
            self.check_time(step, || "the terminal's first prompt".to_owned())?;
            self.pump(Some(step.deadline))?;
        }
        let terminal = self.terminal(index)?;
        if let Doing::Gone { exit } = terminal.doing() {
            return Err(Failure::TerminalGone { exit }.into());
        }
        as_user(terminal, edit).map_err(|message| {
            let path = edit.path.clone();
            Failure::File { path, message }.into()
        })
    }
}

/// Forks, and says what went wrong.
fn as_user(terminal: &Terminal, edit: &FileEdit) -> Result<(), String> {
    let (uid, gid) = terminal.user();
    let user = User::of(uid, gid);
    let process = terminal.pty().foreground().unwrap_or(terminal.pid());
    // Opened by us, since a process that has changed its ids hides its directory from its own user.
    let directory = File::open(format!("/proc/{process}/cwd")).map_err(in_words)?;
    let path = match edit.path.strip_prefix("~/") {
        Some(below) => Path::new(terminal.home()).join(below),
        None => PathBuf::from(&edit.path),
    };
    let (mut reader, mut writer) = io::pipe().map_err(in_words)?;
    #[expect(
        unsafe_code,
        reason = "ids belong to a process, so it takes another one"
    )]
    // SAFETY: the agent has one thread, so the child may use all of the library.
    match unsafe { fork() } {
        Ok(ForkResult::Child) => {
            drop(reader);
            let result = user
                .become_it()
                .and_then(|()| Ok(nix::unistd::fchdir(directory.as_fd())?))
                .map_err(in_words)
                .and_then(|()| {
                    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
                    change(&path, &edit.change)
                });
            if let Err(message) = result {
                let _ = writer.write_all(message.as_bytes());
            }
            // SAFETY: ends the child without the parent's exit handlers.
            unsafe { libc::_exit(0) }
        }
        Ok(ForkResult::Parent { child }) => {
            drop(writer);
            let mut message = String::new();
            let read = reader.read_to_string(&mut message).map_err(in_words);
            let _ = waitpid(child, None);
            read?;
            if message.is_empty() {
                Ok(())
            } else {
                Err(message)
            }
        }
        Err(error) => Err(in_words(error.into())),
    }
}

fn change(path: &Path, change: &FileChange) -> Result<(), String> {
    match change {
        FileChange::Content(content) => open(path, |options| {
            options.write(true).create(true).truncate(true)
        })?
        .write_all(content.as_bytes())
        .map_err(in_words),
        FileChange::Append(content) => open(path, |options| options.append(true).create(true))?
            .write_all(content.as_bytes())
            .map_err(in_words),
        FileChange::Replace(edits) => {
            let mut file = open(path, |options| options.read(true).write(true))?;
            let mut text = String::new();
            file.read_to_string(&mut text).map_err(in_words)?;
            for (find, with) in edits {
                text = replaced(&text, find, with)?;
            }
            file.rewind().map_err(in_words)?;
            file.set_len(0).map_err(in_words)?;
            file.write_all(text.as_bytes()).map_err(in_words)
        }
    }
}

/// A FIFO must not stop the agent, and a terminal must not become its own.
fn open(
    path: &Path,
    how: impl FnOnce(&mut OpenOptions) -> &mut OpenOptions,
) -> Result<File, String> {
    let mut options = OpenOptions::new();
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    how(&mut options).open(path).map_err(in_words)
}

/// `find` stands in the text exactly once.
fn replaced(text: &str, find: &str, with: &str) -> Result<String, String> {
    let short: String = find.chars().take(60).collect();
    match text.matches(find).count() {
        1 => Ok(text.replacen(find, with, 1)),
        0 => Err(format!("`{short}` does not stand in it")),
        count => Err(format!("`{short}` stands in it {count} times, not once")),
    }
}

/// Without the number that std appends.
fn in_words(error: io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}
