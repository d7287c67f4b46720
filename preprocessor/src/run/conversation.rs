//! One lab's pipes: requests out, events in, never waiting for one while the other is full.

use std::io::{ErrorKind, Read, Result, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::agent::protocol::{Event, Request};
use crate::lab::{Lab, StartError};

/// The most bytes of one event: a step of many commands, each with its output kept and its chunks.
const LONGEST_EVENT: usize = 256 << 20;

/// How much of what the runtime says is kept: its last words tell why it ended.
const WORDS_KEPT: usize = 16 << 10;

/// What came of waiting.
pub(super) enum Happened {
    /// These events, in order; none when only something was sent.
    Events(Vec<Event>),
    /// The interrupt was raised.
    Interrupted,
    /// Nothing, for so long.
    TimedOut,
    /// The lab closed its end.
    Gone,
}

/// A lab and what is under way to it and from it.
pub(super) struct Conversation {
    lab: Lab,
    outgoing: Vec<u8>,
    incoming: Vec<u8>,
    /// How many bytes of `incoming` were searched for a line's end.
    searched: usize,
    words: Vec<u8>,
    silent: bool,
}

impl Conversation {
    pub(super) fn new(lab: Lab) -> Result<Self> {
        if let Some(stdin) = &lab.stdin {
            fcntl(stdin, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        Ok(Self {
            lab,
            outgoing: Vec::new(),
            incoming: Vec::new(),
            searched: 0,
            words: Vec::new(),
            silent: false,
        })
    }

    /// Queues a request; it leaves in [`Conversation::wait`].
    pub(super) fn say(&mut self, request: &Request) -> Result<()> {
        serde_json::to_writer(&mut self.outgoing, request)?;
        self.outgoing.push(b'\n');
        Ok(())
    }

    /// Sends what is queued and waits until something comes, or the time is over.
    pub(super) fn wait(
        &mut self,
        interrupt: Option<BorrowedFd<'_>>,
        time: Duration,
    ) -> Result<Happened> {
        self.send()?;
        let ready = self.poll(interrupt, time)?;
        if ready.interrupted {
            return Ok(Happened::Interrupted);
        }
        if ready.words {
            self.listen()?;
        }
        if ready.events {
            return self.receive();
        }
        match ready.timed_out {
            true => Ok(Happened::TimedOut),
            false => Ok(Happened::Events(Vec::new())),
        }
    }

    fn poll(&self, interrupt: Option<BorrowedFd<'_>>, time: Duration) -> Result<Ready> {
        // Rounded up: a wait of 0.4 ms must not become a busy loop.
        let time = time + Duration::from_millis(1);
        let time = PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX);
        let words = (!self.silent).then(|| self.lab.stderr.as_fd());
        let unsent = self
            .lab
            .stdin
            .as_ref()
            .filter(|_| !self.outgoing.is_empty());
        let optional = [
            words.map(|fd| PollFd::new(fd, PollFlags::POLLIN)),
            unsent.map(|fd| PollFd::new(fd.as_fd(), PollFlags::POLLOUT)),
            interrupt.map(|fd| PollFd::new(fd, PollFlags::POLLIN)),
        ];
        let mut watched = vec![PollFd::new(self.lab.stdout.as_fd(), PollFlags::POLLIN)];
        watched.extend(optional.iter().flatten().cloned());
        let count = match poll(&mut watched, time) {
            Err(Errno::EINTR) => return Ok(Ready::default()),
            count => count?,
        };
        let mut ready = watched.iter().map(|fd| fd.any().unwrap_or(false));
        let mut next = |is_there: bool| is_there && ready.next().unwrap_or(false);
        let events = next(true);
        let words = next(optional[0].is_some());
        next(optional[1].is_some());
        Ok(Ready {
            events,
            words,
            interrupted: next(optional[2].is_some()),
            timed_out: count == 0,
        })
    }

    fn send(&mut self) -> Result<()> {
        while let (Some(stdin), false) = (&mut self.lab.stdin, self.outgoing.is_empty()) {
            match stdin.write(&self.outgoing) {
                Ok(length) => drop(self.outgoing.drain(..length)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Nobody reads any more: why, its last events and words will tell.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => self.lab.stdin = None,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn receive(&mut self) -> Result<Happened> {
        let start = self.incoming.len();
        self.incoming.resize(start + (64 << 10), 0);
        let length = self.lab.stdout.read(&mut self.incoming[start..]);
        self.incoming
            .truncate(start + *length.as_ref().unwrap_or(&0));
        match length {
            Ok(0) => return Ok(Happened::Gone),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        self.take_events().map(Happened::Events)
    }

    fn take_events(&mut self) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        let mut taken = 0;
        while let Some(end) = self.incoming[self.searched..]
            .iter()
            .position(|&b| b == b'\n')
        {
            let end = self.searched + end;
            events.push(serde_json::from_slice(&self.incoming[taken..end])?);
            (taken, self.searched) = (end + 1, end + 1);
        }
        self.incoming.drain(..taken);
        self.searched = self.incoming.len();
        if self.searched > LONGEST_EVENT {
            return Err(std::io::Error::other("an event without end"));
        }
        Ok(events)
    }

    /// Takes what the runtime says, so that it never waits for us, and keeps the last of it.
    fn listen(&mut self) -> Result<()> {
        let mut chunk = [0; 4096];
        match self.lab.stderr.read(&mut chunk) {
            Ok(0) => self.silent = true,
            Ok(length) => self.words.extend_from_slice(&chunk[..length]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        let excess = self.words.len().saturating_sub(WORDS_KEPT);
        self.words.drain(..excess);
        Ok(())
    }

    /// Ends the lab and says why it never spoke.
    pub(super) fn post_mortem(mut self) -> StartError {
        match self.lab.post_mortem() {
            StartError::Runtime(rest) => StartError::Runtime(joined(&self.words, &rest)),
            error => error,
        }
    }

    /// Ends the lab and gives what its runtime said last.
    pub(super) fn last_words(mut self) -> String {
        self.lab.end();
        let rest = self.lab.last_words();
        joined(&self.words, &rest)
    }
}

fn joined(words: &[u8], rest: &str) -> String {
    let words = String::from_utf8_lossy(words);
    let both = format!("{words}{rest}");
    match both.trim() {
        "" => "it said nothing".to_owned(),
        both => both.to_owned(),
    }
}

/// What poll found.
#[derive(Default)]
struct Ready {
    events: bool,
    words: bool,
    interrupted: bool,
    timed_out: bool,
}
