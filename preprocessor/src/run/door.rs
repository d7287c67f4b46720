//! The door of a lab that is kept, for the caller in another terminal.
//!
//! A socket in the abstract namespace: it needs no folder, and nothing of it is left when its process is killed. Whoever
//! knocks and whoever opens must be the same user, which the kernel tells both. One JSON value a line.
//! Not here: what goes on behind it (`kept.rs`).

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::Path;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use nix::unistd::Uid;
use serde::{Deserialize, Serialize};
use sha2::Digest;

use super::attach::{Caller, Over, Screen};
use crate::agent::protocol::{Event, Request, Stream};

/// More than this is not taken from one side before the other has read it.
const MOST: usize = 256 << 10;

/// What comes in by the door.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum In {
    /// First of all: a command on a host, with a terminal of this size or with pipes.
    Enter {
        /// Its name; `None`: that of the first terminal.
        host: Option<String>,
        /// Empty: a login shell.
        command: Vec<String>,
        /// Columns and rows.
        size: Option<(u16, u16)>,
    },
    /// `Input`, `EndOfInput` or `Resize`.
    Say(Request),
}

/// What goes out.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Out {
    /// Nobody is let in; why.
    Refused(String),
    /// `Output` or `Exited`.
    Heard(Event),
}

/// Where a kept lab is entered.
#[derive(Debug)]
pub struct Door {
    pub(super) listener: UnixListener,
}

impl Door {
    /// Of a lab of this tutorial of the book that has this cache.
    ///
    /// # Errors
    /// [`ErrorKind::AddrInUse`]: a lab of it is kept already.
    pub fn of(cache: &Path, tutorial: &str) -> Result<Self> {
        let listener = UnixListener::bind_addr(&address(cache, tutorial)?)?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener })
    }
}

fn address(cache: &Path, tutorial: &str) -> Result<SocketAddr> {
    let cache = std::path::absolute(cache)?;
    let whose = format!("{}\0{tutorial}", cache.display());
    let digest = sha2::Sha256::digest(whose.as_bytes());
    let digest: String = digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    SocketAddr::from_abstract_name(format!("mdbook-twin/{}/{digest}", Uid::effective()))
}

/// Whether the other side is the caller's own.
pub(super) fn is_ours(stream: &UnixStream) -> bool {
    getsockopt(stream, PeerCredentials)
        .is_ok_and(|other| Uid::from_raw(other.uid()) == Uid::effective())
}

/// One side's end: lines out, lines in, never waiting for one while the other is full.
pub(super) struct Wire {
    pub(super) stream: UnixStream,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    pub(super) is_closed: bool,
}

impl Wire {
    pub(super) fn new(stream: UnixStream) -> Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            is_closed: false,
        })
    }

    /// Queues a line; it leaves in [`Wire::send`].
    pub(super) fn say(&mut self, value: &impl Serialize) -> Result<()> {
        serde_json::to_writer(&mut self.outgoing, value)?;
        self.outgoing.push(b'\n');
        Ok(())
    }

    /// Sends what can be sent without waiting.
    pub(super) fn send(&mut self) {
        while !self.outgoing.is_empty() && !self.is_closed {
            match self.stream.write(&self.outgoing) {
                Ok(count) => drop(self.outgoing.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.is_closed = true,
            }
        }
    }

    pub(super) fn is_sent(&self) -> bool {
        self.outgoing.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.outgoing.len() > MOST
    }

    /// Reads once and gives the lines that are complete.
    pub(super) fn receive<T: for<'d> Deserialize<'d>>(&mut self) -> Result<Vec<T>> {
        let start = self.incoming.len();
        self.incoming.resize(start + (64 << 10), 0);
        let read = self.stream.read(&mut self.incoming[start..]);
        self.incoming.truncate(start + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => self.is_closed = true,
            Ok(_) => {}
            Err(error) if is_later(&error) => {}
            Err(_) => self.is_closed = true,
        }
        let Some(end) = memchr::memrchr(b'\n', &self.incoming) else {
            return Ok(Vec::new());
        };
        let lines = self.incoming[..end].split(|&byte| byte == b'\n');
        let lines = lines.map(|line| serde_json::from_slice(line).map_err(Error::from));
        let lines = lines.collect();
        self.incoming.drain(..=end);
        lines
    }
}

fn is_later(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// Runs a command in the kept lab of a tutorial, on the named host or that of its first terminal; without a command the
/// login shell of the host's user. `None`: no lab of it is kept.
///
/// # Errors
/// Nobody is let in, or the caller's own streams fail.
pub fn enter_kept(
    cache: &Path,
    tutorial: &str,
    (host, command): (Option<&str>, &[String]),
    caller: Caller<'_>,
) -> Result<Option<Over>> {
    let stream = match UnixStream::connect_addr(&address(cache, tutorial)?) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Ok(None),
        stream => stream?,
    };
    if !is_ours(&stream) {
        return Err(Error::other("another user keeps it"));
    }
    let screen = match caller.person {
        true => Some(Screen::take(caller.input)?),
        false => None,
    };
    let mut wire = Wire::new(stream)?;
    wire.say(&In::Enter {
        host: host.map(str::to_owned),
        command: command.to_vec(),
        size: screen.as_ref().map(Screen::size),
    })?;
    let mut visitor = Visitor {
        wire,
        caller,
        screen,
        input_ended: false,
    };
    loop {
        match visitor.turn() {
            Ok(None) => {}
            Ok(Some(over)) => return Ok(Some(over)),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(Some(Over::Unread)),
            Err(error) => return Err(error),
        }
    }
}

struct Visitor<'a> {
    wire: Wire,
    caller: Caller<'a>,
    screen: Option<Screen<'a>>,
    input_ended: bool,
}

impl Visitor<'_> {
    /// Waits once, and deals with what came.
    fn turn(&mut self) -> Result<Option<Over>> {
        self.wire.send();
        let [heard, typed, resized, interrupted] = self.poll()?;
        if interrupted {
            return Ok(Some(Over::Interrupted));
        }
        if resized && let Some(screen) = &self.screen {
            let size = screen.new_size();
            self.wire.say(&In::Say(Request::Resize { size }))?;
        }
        if typed {
            self.read()?;
        }
        if !heard {
            return Ok(None);
        }
        for out in self.wire.receive()? {
            match out {
                Out::Refused(why) => return Err(Error::other(why)),
                Out::Heard(Event::Exited { status }) => return Ok(Some(Over::Exited(status))),
                Out::Heard(Event::Output { stream, bytes }) => {
                    let to = match stream {
                        Stream::Output => &mut self.caller.output,
                        Stream::Errors => &mut self.caller.errors,
                    };
                    to.write_all(&bytes)?;
                    to.flush()?;
                }
                Out::Heard(_) => {}
            }
        }
        let why = "it is no longer kept".to_owned();
        Ok(self.wire.is_closed.then_some(Over::Gone(why)))
    }

    /// Whether something came from the lab, from the caller, of the window, or the interrupt was raised.
    fn poll(&self) -> Result<[bool; 4]> {
        let mut flags = PollFlags::POLLIN;
        flags.set(PollFlags::POLLOUT, !self.wire.is_sent());
        let mut watched = vec![PollFd::new(self.wire.stream.as_fd(), flags)];
        let mut at = [0, usize::MAX, usize::MAX, usize::MAX];
        let others = [
            (!self.input_ended && self.wire.is_sent()).then_some(self.caller.input),
            self.screen.as_ref().map(|screen| screen.resized().as_fd()),
            self.caller
                .interrupt
                .map(|interrupt| interrupt.event(false)),
        ];
        for (at, other) in at[1..].iter_mut().zip(others) {
            if let Some(fd) = other {
                *at = watched.len();
                watched.push(PollFd::new(fd, PollFlags::POLLIN));
            }
        }
        match poll(&mut watched, PollTimeout::NONE) {
            Err(Errno::EINTR) => return Ok([false; 4]),
            count => count?,
        };
        Ok(at.map(|at| watched.get(at).is_some_and(|fd| fd.any().unwrap_or(false))))
    }

    fn read(&mut self) -> Result<()> {
        let Some(request) = self.caller.typed() else {
            return Ok(());
        };
        self.input_ended |= matches!(request, Request::EndOfInput);
        self.wire.say(&In::Say(request))
    }
}
