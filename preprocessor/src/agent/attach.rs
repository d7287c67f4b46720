//! A command with a person (or their pipe) behind it: bytes in, bytes out, its exit status.
//!
//! With a person it runs in a PTY, made here: the caller's own terminal never gets into the lab, where `TIOCSTI` could type
//! into it. Without one it has pipes, so bytes go through unchanged, stderr stays stderr, and the end of input is one.
//! Everything else goes on meanwhile: what setup left in the background is read by the same `poll`.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::PollFlags;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::process;
use super::protocol::{Attach, Event, OpenTerminal, Request, Stream};
use super::pty::{Pty, TypedBy};
use super::pump::{Agent, Stop};
use super::user::User;

/// More than this is not taken from the runner before the command has read it.
const MOST_INPUT: usize = 64 << 10;

/// See the module.
pub(super) struct Attached {
    pid: Pid,
    streams: Streams,
    /// What the command is to read.
    input: Vec<u8>,
    input_ended: bool,
    exit: Option<i32>,
}

enum Streams {
    Terminal(Pty, Open),
    Pipes {
        input: Option<File>,
        output: Option<File>,
        errors: Option<File>,
    },
}

/// Whether anything can still come out of a PTY.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Yes,
    No,
}

impl Agent {
    /// Runs one command and carries bytes until it has ended.
    pub(super) fn attach(&mut self, request: &Attach) -> Result<(), Stop> {
        match Attached::start(request) {
            Ok(attached) => self.attached = Some(attached),
            Err(error) => {
                let bytes = format!("{}: {error}\n", request.command.join(" ")).into_bytes();
                let stream = Stream::Errors;
                self.send(&Event::Output { stream, bytes });
                self.send(&Event::Exited { status: 127 });
                return Ok(());
            }
        }
        loop {
            self.take_input()?;
            let Some(attached) = &mut self.attached else {
                return Ok(());
            };
            attached.write();
            if let Some(status) = attached.over() {
                self.attached = None;
                self.send(&Event::Exited { status });
                return Ok(());
            }
            // A person waits for the echo of each key.
            self.link.flush();
            self.pump(None)?;
        }
    }

    fn take_input(&mut self) -> Result<(), Stop> {
        while let Some(attached) = &mut self.attached {
            let Some(request) = self.link.next().map_err(Stop::Fatal)? else {
                break;
            };
            match request {
                Request::Input { bytes } => attached.input.extend(bytes),
                Request::EndOfInput => attached.input_ended = true,
                Request::Resize { size } => attached.resize(size),
                Request::Leave => {
                    attached.hang_up();
                    self.attached = None;
                    self.send(&Event::Exited { status: 129 });
                }
                _ => return Err(Stop::Fatal("a request while a command is attached".into())),
            }
        }
        Ok(())
    }

    /// Sends on what the attached command has written.
    pub(super) fn serve_attached(&mut self) {
        let Some(attached) = &mut self.attached else {
            return;
        };
        for (stream, bytes) in attached.read(&mut self.buffer) {
            self.send(&Event::Output { stream, bytes });
        }
    }
}

impl Attached {
    fn start(request: &Attach) -> io::Result<Self> {
        let (pid, streams) = match request.size {
            Some(size) => {
                let pty = Pty::spawn(&terminal(request, size), TypedBy::Person)?;
                (pty.pid(), Streams::Terminal(pty, Open::Yes))
            }
            None => with_pipes(request)?,
        };
        Ok(Self {
            pid,
            streams,
            input: Vec::new(),
            input_ended: false,
            exit: None,
        })
    }

    /// The command's process, for who waits for children.
    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    /// It has ended.
    pub(super) fn ended(&mut self, exit: i32) {
        self.exit = Some(exit);
    }

    /// Whether the runner's next requests may wait in its pipe.
    pub(super) fn is_full(&self) -> bool {
        self.input.len() > MOST_INPUT
    }

    /// What to poll, and for what. `reads`: somebody takes what comes out.
    pub(super) fn polled(&self, reads: bool) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        let read = match reads {
            true => PollFlags::POLLIN,
            false => PollFlags::empty(),
        };
        let write = match self.input.is_empty() {
            true => PollFlags::empty(),
            false => PollFlags::POLLOUT,
        };
        let all = match &self.streams {
            Streams::Terminal(_, Open::No) => Vec::new(),
            Streams::Terminal(pty, Open::Yes) => vec![(pty.fd(), read | write)],
            Streams::Pipes {
                input,
                output,
                errors,
            } => [(input, write), (output, read), (errors, read)]
                .into_iter()
                .filter_map(|(file, flags)| Some((file.as_ref()?.as_fd(), flags)))
                .collect(),
        };
        // A closed one reports itself whatever it is asked for.
        let asked = |(_, flags): &(BorrowedFd<'_>, PollFlags)| !flags.is_empty();
        all.into_iter().filter(asked).collect()
    }

    /// Its person has gone. Closing their end is not enough for who reads nothing.
    fn hang_up(&self) {
        let foreground = match &self.streams {
            Streams::Terminal(pty, _) => pty.foreground(),
            Streams::Pipes { .. } => None,
        };
        for group in [Some(self.pid), foreground].into_iter().flatten() {
            let _ = killpg(group, Signal::SIGHUP);
            let _ = killpg(group, Signal::SIGCONT);
        }
    }

    /// Hands on as much of the input as the command takes now.
    fn write(&mut self) {
        let done = match &mut self.streams {
            Streams::Terminal(pty, _) => pty.write(&self.input),
            Streams::Pipes { input, .. } => {
                let count = match input.as_mut().map(|input| input.write(&self.input)) {
                    Some(Ok(count)) => count,
                    Some(Err(error)) if is_later(&error) => 0,
                    // Nobody reads: what comes is thrown away, as into a closed pipe.
                    Some(Err(_)) | None => {
                        *input = None;
                        self.input.len()
                    }
                };
                if self.input_ended && count == self.input.len() {
                    *input = None;
                }
                count
            }
        };
        self.input.drain(..done);
    }

    fn resize(&self, (columns, rows): (u16, u16)) {
        if let Streams::Terminal(pty, _) = &self.streams {
            pty.resize(columns, rows);
        }
    }

    /// What has come since; at most one piece of each stream.
    fn read(&mut self, buffer: &mut [u8]) -> Vec<(Stream, Vec<u8>)> {
        match &mut self.streams {
            Streams::Terminal(pty, open) => match pty.read(buffer) {
                None => Vec::new(),
                Some(0) => {
                    *open = Open::No;
                    Vec::new()
                }
                Some(count) => vec![(Stream::Output, buffer[..count].to_vec())],
            },
            Streams::Pipes { output, errors, .. } => {
                let both = [(Stream::Output, output), (Stream::Errors, errors)];
                both.into_iter()
                    .filter_map(|(stream, file)| Some((stream, piece(file, buffer)?)))
                    .collect()
            }
        }
    }

    /// Its exit status, when it has ended and all that it wrote was read. What holds its streams longer, a daemon, is not
    /// waited for.
    fn over(&self) -> Option<i32> {
        let exit = self.exit?;
        let anything = self.polled(true).into_iter().any(|(fd, flags)| {
            let mut fds = [nix::poll::PollFd::new(fd, flags & PollFlags::POLLIN)];
            let polled = nix::poll::poll(&mut fds, nix::poll::PollTimeout::ZERO);
            polled.is_ok_and(|ready| ready > 0) && fds[0].any().unwrap_or(false)
        });
        (!anything).then_some(exit)
    }
}

/// What there is to read; closes the file at its end.
fn piece(file: &mut Option<File>, buffer: &mut [u8]) -> Option<Vec<u8>> {
    match file.as_mut()?.read(buffer) {
        Ok(0) => *file = None,
        Ok(count) => return Some(buffer[..count].to_vec()),
        Err(error) if is_later(&error) => {}
        Err(_) => *file = None,
    }
    None
}

fn is_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn terminal(request: &Attach, size: (u16, u16)) -> OpenTerminal {
    OpenTerminal {
        terminal: 0,
        shell: request.command.clone(),
        uid: request.uid,
        gid: request.gid,
        env: request.env.clone(),
        cwd: request.cwd.clone(),
        size,
    }
}

fn with_pipes(request: &Attach) -> io::Result<(Pid, Streams)> {
    let Some((program, arguments)) = request.command.split_first() else {
        return Err(io::Error::other("no command"));
    };
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(&request.env);
    command.current_dir(&request.cwd);
    let pipe = Stdio::piped;
    command.stdin(pipe()).stdout(pipe()).stderr(pipe());
    let user = User::of(request.uid, request.gid);
    let prepare = move || {
        // A session of its own, as in a terminal: signals to its group reach nobody else.
        nix::unistd::setsid()?;
        process::hear_all_signals();
        user.become_it()
    };
    #[expect(unsafe_code, reason = "the only door between fork and exec")]
    // SAFETY: the agent has one thread, so no lock can be held by another one at the fork.
    unsafe {
        command.pre_exec(prepare);
    }
    let mut child = command.spawn()?;
    let pid = Pid::from_raw(child.id().cast_signed());
    let streams = Streams::Pipes {
        input: child
            .stdin
            .take()
            .map(|pipe| file(pipe.into()))
            .transpose()?,
        output: child
            .stdout
            .take()
            .map(|pipe| file(pipe.into()))
            .transpose()?,
        errors: child
            .stderr
            .take()
            .map(|pipe| file(pipe.into()))
            .transpose()?,
    };
    Ok((pid, streams))
}

fn file(pipe: OwnedFd) -> io::Result<File> {
    fcntl(&pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok(File::from(pipe))
}
