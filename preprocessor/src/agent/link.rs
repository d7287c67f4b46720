//! The agent's end of the protocol: requests from stdin, events to stdout, one JSON value a line.
//!
//! Neither direction can stop the terminals: what does not fit into the pipe waits here, and no new step starts while
//! too much waits (see [`Link::is_clogged`]). Lines become requests, and the events of steps lines, while a shell works
//! on what was typed ([`Link::use_the_time`]): between two steps there is no time for it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use super::outgoing::{BATCH, Outgoing};
use super::protocol::{Event, Interruption, Request};

/// Events wait so long for others, so that a batch is one write.
const PATIENCE: Duration = Duration::from_millis(10);
/// More than this waits only if nobody reads.
const CLOGGED: usize = 8 << 20;

/// See the module.
pub(super) struct Link {
    input: File,
    /// Lines that came, the last perhaps not whole.
    incoming: Vec<u8>,
    /// So many bytes of them have become requests.
    taken: usize,
    /// So many are whole lines.
    whole: usize,
    /// The request after those that were taken.
    next: Option<Request>,
    /// Events that are not among `outgoing` yet.
    events: VecDeque<Event>,
    outgoing: Outgoing,
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
            incoming: Vec::new(),
            taken: 0,
            whole: 0,
            next: None,
            events: VecDeque::new(),
            outgoing: Outgoing::new(output),
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
        self.outgoing.fd()
    }

    /// The next request, if it has come.
    pub(super) fn next(&mut self) -> Result<Option<Request>, String> {
        self.look_ahead()?;
        Ok(self.next.take())
    }

    /// Whether requests wait.
    pub(super) fn has_next(&self) -> bool {
        self.next.is_some() || self.taken < self.whole
    }

    /// Does what has to be done anyway, while nothing else can be.
    pub(super) fn use_the_time(&mut self) -> Result<(), String> {
        self.write_out();
        self.look_ahead()
    }

    fn look_ahead(&mut self) -> Result<(), String> {
        while self.next.is_none() && self.taken < self.whole {
            let rest = &self.incoming[self.taken..self.whole];
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            match parse(&rest[..end])? {
                Request::Interrupt { why } => self.interrupted = Some(why),
                request => self.next = Some(request),
            }
            self.taken += end + 1;
        }
        Ok(())
    }

    /// Whether the other side is gone.
    pub(super) fn is_closed(&self) -> bool {
        self.closed || self.outgoing.is_closed()
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
        if self.taken > self.incoming.len() / 2 {
            self.incoming.drain(..self.taken);
            self.whole -= self.taken;
            self.taken = 0;
        }
        let from = self.incoming.len();
        self.incoming.extend_from_slice(&buffer[..count]);
        for end in memchr::memchr_iter(b'\n', &buffer[..count]) {
            let line = &self.incoming[self.whole..from + end];
            self.whole = from + end + 1;
            // The one request that is heard before its turn.
            if line.starts_with(b"{\"interrupt\"")
                && let Request::Interrupt { why } = parse(line)?
            {
                self.interrupted = Some(why);
            }
        }
        Ok(())
    }

    /// Why the reader wants it to end, if they do.
    pub(super) fn interrupted(&self) -> Option<&Interruption> {
        self.interrupted.as_ref()
    }

    /// Sends an event, soon.
    pub(super) fn send(&mut self, event: &Event, now: Instant) {
        self.write_out();
        self.append(event);
        let due = *self.flush_at.get_or_insert(now + PATIENCE);
        if self.outgoing.len() >= BATCH || due <= now {
            self.write();
        }
    }

    /// The same, at the next opportunity.
    pub(super) fn send_later(&mut self, event: Event, now: Instant) {
        self.events.push_back(event);
        self.flush_at.get_or_insert(now + PATIENCE);
    }

    fn append(&mut self, event: &Event) {
        // The types have no map with other keys than strings: nothing can fail.
        let _ = serde_json::to_writer(&mut self.outgoing, event);
        let _ = self.outgoing.write_all(b"\n");
    }

    fn write_out(&mut self) {
        while let Some(event) = self.events.pop_front() {
            self.append(&event);
        }
        if self.outgoing.len() >= BATCH && self.flush_at.is_some() {
            self.write();
        }
    }

    /// Writes as much as the pipe takes.
    pub(super) fn flush(&mut self) {
        while let Some(event) = self.events.pop_front() {
            self.append(&event);
        }
        self.write();
    }

    fn write(&mut self) {
        self.flush_at = None;
        self.outgoing.send();
    }

    /// When waiting events are due; `None`: there are none, or the pipe is full.
    pub(super) fn flush_at(&self) -> Option<Instant> {
        self.flush_at
    }

    /// Whether the pipe was full and poll should tell when it is not.
    pub(super) fn wants_write(&self) -> bool {
        self.flush_at.is_none() && self.outgoing.len() > 0
    }

    /// Whether nobody reads our events.
    pub(super) fn is_clogged(&self) -> bool {
        self.outgoing.len() > CLOGGED
    }
}

fn parse(line: &[u8]) -> Result<Request, String> {
    serde_json::from_slice(line).map_err(|error| format!("a request that is none: {error}"))
}
