//! One host's pair of pipes: requests out, events in, never waiting for one while the other is full.

use std::io::{ErrorKind, Read, Result, Write};
use std::os::fd::{AsFd, BorrowedFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::agent::protocol::{Event, Request};
use crate::lab::Pipes;

/// The most bytes of one event: a step of many commands, each with its output kept and its chunks.
const LONGEST_EVENT: usize = 256 << 20;

/// To and from one agent.
pub(super) struct Link {
    pipes: Pipes,
    outgoing: Vec<u8>,
    incoming: Vec<u8>,
    /// How many bytes of `incoming` were searched for a line's end.
    searched: usize,
    gone: bool,
    paused: bool,
}

impl Link {
    pub(super) fn new(pipes: Pipes) -> Result<Self> {
        if let Some(stdin) = &pipes.stdin {
            fcntl(stdin, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        Ok(Self {
            pipes,
            outgoing: Vec::new(),
            incoming: Vec::new(),
            searched: 0,
            gone: false,
            paused: false,
        })
    }

    /// Queues a request; it leaves in [`Link::send`].
    pub(super) fn say(&mut self, request: &Request) -> Result<()> {
        serde_json::to_writer(&mut self.outgoing, request)?;
        self.outgoing.push(b'\n');
        Ok(())
    }

    /// Whether events wait in the pipe.
    pub(super) fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// What becomes readable when there are events; `None` when none will come any more, or for now.
    pub(super) fn events(&self) -> Option<BorrowedFd<'_>> {
        (!self.gone && !self.paused).then(|| self.pipes.stdout.as_fd())
    }

    /// What becomes writable when more can leave; `None` when nothing is queued.
    pub(super) fn unsent(&self) -> Option<BorrowedFd<'_>> {
        let stdin = self.pipes.stdin.as_ref()?;
        (!self.outgoing.is_empty()).then(|| stdin.as_fd())
    }

    /// Whether the agent closed its end.
    pub(super) fn is_gone(&self) -> bool {
        self.gone
    }

    /// Sends what can be sent without waiting.
    pub(super) fn send(&mut self) -> Result<()> {
        while let (Some(stdin), false) = (&mut self.pipes.stdin, self.outgoing.is_empty()) {
            match stdin.write(&self.outgoing) {
                Ok(length) => drop(self.outgoing.drain(..length)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Nobody reads any more: why, its last events and words will tell.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => self.pipes.stdin = None,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads once and gives the events that are complete.
    pub(super) fn receive(&mut self) -> Result<Vec<Event>> {
        let start = self.incoming.len();
        self.incoming.resize(start + (64 << 10), 0);
        let length = self.pipes.stdout.read(&mut self.incoming[start..]);
        self.incoming
            .truncate(start + *length.as_ref().unwrap_or(&0));
        match length {
            Ok(0) => self.gone = true,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        self.take_events()
    }

    fn take_events(&mut self) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        let mut taken = 0;
        let mut nonsense = false;
        while let Some(end) = self.incoming[self.searched..]
            .iter()
            .position(|&b| b == b'\n')
        {
            let end = self.searched + end;
            match serde_json::from_slice(&self.incoming[taken..end]) {
                Ok(event) => events.push(event),
                // What came before it counts; it is met again with what comes next, if only the end.
                Err(_) if !events.is_empty() => {
                    nonsense = true;
                    break;
                }
                Err(error) => return Err(error.into()),
            }
            (taken, self.searched) = (end + 1, end + 1);
        }
        self.incoming.drain(..taken);
        self.searched = match nonsense {
            true => 0,
            false => self.incoming.len(),
        };
        if self.incoming.len() > LONGEST_EVENT {
            return Err(std::io::Error::other("an event without end"));
        }
        Ok(events)
    }
}
