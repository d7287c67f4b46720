//! The agent's end of the protocol: requests from stdin, events to stdout, one JSON value a line.
//!
//! Neither direction can stop the terminals: what does not fit into the pipe waits here, and no new step starts while
//! too much waits (see [`Link::is_clogged`]).

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use super::protocol::{Event, Interruption, Request};

/// Events wait so long for others, so that a batch is one write.
const PATIENCE: Duration = Duration::from_millis(10);
/// A pipe takes 64 KiB at once.
const BATCH: usize = 48 << 10;
/// More than this waits only if nobody reads.
const CLOGGED: usize = 8 << 20;

/// See the module.
pub(super) struct Link {
    input: File,
    output: File,
    /// Requests that came and were not taken yet.
    requests: VecDeque<Request>,
    /// The beginning of a line.
    partial: Vec<u8>,
    outgoing: Vec<u8>,
    flush_at: Option<Instant>,
    /// Why the reader wants it to end; told at once, past the requests that wait.
    interrupted: Option<Interruption>,
    /// The other side will send no more.
    closed: bool,
}

impl Link {
    /// On descriptors of our own, so that no buffer of std is in between.
    pub(super) fn open() -> io::Result<Self> {
        let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let flags = nix::fcntl::OFlag::O_NONBLOCK;
        nix::fcntl::fcntl(&output, nix::fcntl::FcntlArg::F_SETFL(flags))?;
        Ok(Self {
            input,
            output,
            requests: VecDeque::new(),
            partial: Vec::new(),
            outgoing: Vec::new(),
            flush_at: None,
            interrupted: None,
            closed: false,
        })
    }

    /// What to poll for input.
    pub(super) fn input(&self) -> BorrowedFd<'_> {
        self.input.as_fd()
    }

    /// What to poll for output.
    pub(super) fn output(&self) -> BorrowedFd<'_> {
        self.output.as_fd()
    }

    /// The next request, if it has come.
    pub(super) fn next(&mut self) -> Option<Request> {
        self.requests.pop_front()
    }

    /// Whether requests wait.
    pub(super) fn has_next(&self) -> bool {
        !self.requests.is_empty()
    }

    /// Whether the other side is gone.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Reads what has come; call when poll says so.
    pub(super) fn receive(&mut self) -> Result<(), String> {
        let mut buffer = [0; 64 << 10];
        let count = match self.input.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(_) => 0,
        };
        if count == 0 {
            self.closed = true;
            return Ok(());
        }
        let mut rest = &buffer[..count];
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, behind) = (&rest[..end], &rest[end + 1..]);
            if self.partial.is_empty() {
                self.take(parse(line)?);
            } else {
                self.partial.extend_from_slice(line);
                let request = parse(&self.partial)?;
                self.partial.clear();
                self.take(request);
            }
            rest = behind;
        }
        self.partial.extend_from_slice(rest);
        Ok(())
    }

    fn take(&mut self, request: Request) {
        match request {
            Request::Interrupt { why } => self.interrupted = Some(why),
            request => self.requests.push_back(request),
        }
    }

    /// Why the reader wants it to end, if they do.
    pub(super) fn interrupted(&self) -> Option<&Interruption> {
        self.interrupted.as_ref()
    }

    /// Sends an event, soon.
    pub(super) fn send(&mut self, event: &Event, now: Instant) {
        // The types have no map with other keys than strings: nothing can fail.
        let _ = serde_json::to_writer(&mut self.outgoing, event);
        self.outgoing.push(b'\n');
        let due = *self.flush_at.get_or_insert(now + PATIENCE);
        if self.outgoing.len() >= BATCH || due <= now {
            self.flush();
        }
    }

    /// Writes as much as the pipe takes.
    pub(super) fn flush(&mut self) {
        self.flush_at = None;
        let mut done = 0;
        while done < self.outgoing.len() {
            match self.output.write(&self.outgoing[done..]) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => {
                    self.closed = true;
                    break;
                }
            }
        }
        self.outgoing.drain(..done);
    }

    /// When waiting events are due; `None`: there are none, or the pipe is full.
    pub(super) fn flush_at(&self) -> Option<Instant> {
        self.flush_at
    }

    /// Whether the pipe was full and poll should tell when it is not.
    pub(super) fn wants_write(&self) -> bool {
        self.flush_at.is_none() && !self.outgoing.is_empty()
    }

    /// Whether nobody reads our events.
    pub(super) fn is_clogged(&self) -> bool {
        self.outgoing.len() > CLOGGED
    }
}

fn parse(line: &[u8]) -> Result<Request, String> {
    serde_json::from_slice(line).map_err(|error| format!("a request that is none: {error}"))
}
