//! All agents of one lab: requests to each, events from any, and what the runtime has to say.

use std::io::{ErrorKind, Read, Result};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::agent::protocol::{Event, Request};
use crate::lab::{Lab, StartError};
use crate::run::link::Link;

/// How much of what the runtime says is kept: its last words tell why it ended.
const WORDS_KEPT: usize = 16 << 10;

/// What came of waiting.
pub(super) enum Happened {
    /// These events, each with its host's index, in order; none when only something was sent.
    Events(Vec<(usize, Event)>),
    /// The interrupt was raised.
    Interrupted,
    /// Nothing, for so long.
    TimedOut,
    /// The agent of this host closed its end.
    Gone(usize),
}

/// A lab and what is under way to it and from it.
pub(super) struct Conversation {
    lab: Lab,
    links: Vec<Link>,
    /// Hosts that are gone, and nobody was told yet.
    untold: Vec<usize>,
    words: Vec<u8>,
    silent: bool,
}

impl Conversation {
    pub(super) fn new(mut lab: Lab) -> Result<Self> {
        let pipes = std::mem::take(&mut lab.hosts);
        let links = pipes.into_iter().map(Link::new).collect::<Result<_>>()?;
        Ok(Self {
            lab,
            links,
            untold: Vec::new(),
            words: Vec::new(),
            silent: false,
        })
    }

    /// Queues a request for a host's agent; it leaves in [`Conversation::wait`].
    pub(super) fn say(&mut self, host: usize, request: &Request) -> Result<()> {
        self.links[host].say(request)
    }

    /// Queues a request for all of them.
    pub(super) fn say_to_all(&mut self, request: &Request) -> Result<()> {
        self.links.iter_mut().try_for_each(|link| link.say(request))
    }

    /// Whether every agent has closed its end.
    pub(super) fn is_over(&self) -> bool {
        self.links.iter().all(Link::is_gone)
    }

    /// Sends to a host what can be sent without waiting. Gives whether that was all.
    pub(super) fn flush(&mut self, host: usize) -> Result<bool> {
        self.links[host].send()?;
        Ok(self.links[host].unsent().is_none())
    }

    /// Whether all was sent to a host.
    pub(super) fn is_sent(&self, host: usize) -> bool {
        self.links[host].unsent().is_none()
    }

    /// Whether a host's events wait in its pipe, because who is to read them does not.
    pub(super) fn pause(&mut self, host: usize, paused: bool) {
        self.links[host].pause(paused);
    }

    /// Sends what is queued and waits until something comes, or the time is over.
    pub(super) fn wait(
        &mut self,
        interrupt: Option<BorrowedFd<'_>>,
        time: Duration,
    ) -> Result<Happened> {
        self.links.iter_mut().try_for_each(Link::send)?;
        self.wait_also(interrupt, &[], time)
            .map(|(happened, _)| happened)
    }

    /// The same, and which of these others became ready meanwhile. Sends nothing by itself: whoever left out an input
    /// because not all was sent is woken when it can be, and not left waiting for an input that nobody polls.
    pub(super) fn wait_also(
        &mut self,
        interrupt: Option<BorrowedFd<'_>>,
        others: &[(BorrowedFd<'_>, PollFlags)],
        time: Duration,
    ) -> Result<(Happened, Vec<usize>)> {
        if let Some(host) = self.untold.pop() {
            return Ok((Happened::Gone(host), Vec::new()));
        }
        let mut ready = self.poll(interrupt, others, time)?;
        let others = std::mem::take(&mut ready.others);
        Ok((self.happened(ready)?, others))
    }

    fn happened(&mut self, ready: Ready) -> Result<Happened> {
        if ready.interrupted {
            return Ok(Happened::Interrupted);
        }
        if ready.words {
            self.listen()?;
        }
        let mut all = Vec::new();
        for host in ready.hosts {
            let link = &mut self.links[host];
            let events = link.receive()?;
            if link.is_gone() {
                self.untold.push(host);
            }
            all.extend(events.into_iter().map(|event| (host, event)));
        }
        match ready.timed_out {
            true => Ok(Happened::TimedOut),
            false => Ok(Happened::Events(all)),
        }
    }

    fn poll(
        &self,
        interrupt: Option<BorrowedFd<'_>>,
        others: &[(BorrowedFd<'_>, PollFlags)],
        time: Duration,
    ) -> Result<Ready> {
        // Rounded up: a wait of 0.4 ms must not become a busy loop.
        let time = time + Duration::from_millis(1);
        let time = PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX);
        let (mut who, mut watched) = (Vec::new(), Vec::new());
        let mut watch = |one, fd, flags| {
            who.push(one);
            watched.push(PollFd::new(fd, flags));
        };
        for (host, link) in self.links.iter().enumerate() {
            if let Some(fd) = link.events() {
                watch(Who::Host(host), fd, PollFlags::POLLIN);
            }
            if let Some(fd) = link.unsent() {
                watch(Who::Unsent, fd, PollFlags::POLLOUT);
            }
        }
        if !self.silent {
            watch(Who::Runtime, self.lab.stderr.as_fd(), PollFlags::POLLIN);
        }
        if let Some(fd) = interrupt {
            watch(Who::Interrupt, fd, PollFlags::POLLIN);
        }
        for (index, &(fd, flags)) in others.iter().enumerate() {
            watch(Who::Other(index), fd, flags);
        }
        let count = match poll(&mut watched, time) {
            Err(Errno::EINTR) => return Ok(Ready::default()),
            count => count?,
        };
        let mut ready = Ready {
            timed_out: count == 0,
            ..Ready::default()
        };
        let is_ready = |fd: &PollFd<'_>| fd.any().unwrap_or(false);
        for (one, _) in who.iter().zip(&watched).filter(|(_, fd)| is_ready(fd)) {
            match *one {
                Who::Host(host) => ready.hosts.push(host),
                Who::Unsent => {}
                Who::Runtime => ready.words = true,
                Who::Interrupt => ready.interrupted = true,
                Who::Other(index) => ready.others.push(index),
            }
        }
        Ok(ready)
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
        self.links.clear();
        match self.lab.post_mortem() {
            StartError::Runtime(rest) => StartError::Runtime(self.joined(&rest)),
            error => error,
        }
    }

    /// Ends the lab and gives what its runtime said last.
    pub(super) fn last_words(mut self) -> String {
        self.links.clear();
        self.lab.end();
        let rest = self.lab.last_words();
        self.joined(&rest)
    }

    fn joined(&mut self, rest: &str) -> String {
        let words = String::from_utf8_lossy(&self.words);
        let both = format!("{words}{rest}");
        match both.trim() {
            "" => format!("it said nothing, and ended with {}", self.lab.ended()),
            both => both.to_owned(),
        }
    }
}

#[derive(Clone, Copy)]
enum Who {
    Host(usize),
    Unsent,
    Runtime,
    Interrupt,
    Other(usize),
}

/// What poll found.
#[derive(Default)]
struct Ready {
    hosts: Vec<usize>,
    words: bool,
    interrupted: bool,
    others: Vec<usize>,
    timed_out: bool,
}
