//! A lab that is kept after its steps, before its cleanup, and those who are in it meanwhile.
//!
//! In: the lab, its door, what ends it. Each host has room for one caller at a time, since an agent attaches one command:
//! their bytes are handed on, both ways. Not here: how they knock (`door.rs`).

use std::io::{ErrorKind, Result};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use super::attach::request;
use super::conversation::{Conversation, Happened};
use super::door::{Door, In, Out, Wire, is_ours};
use super::{Interrupt, debug};
use crate::agent::protocol::{Event, Request};
use crate::diagnostic::listed;
use crate::outcome::StepRun;
use crate::tutorial::Tutorial;

/// A day and a half.
const FOR_EVER: Duration = Duration::from_secs(1 << 17);
/// For commands of callers to end when the lab does.
const GRACE: Duration = Duration::from_secs(5);

/// How a lab is kept.
pub struct Keep<'a> {
    /// Told when it stands, with all that ran.
    pub stands: &'a mut dyn FnMut(&[StepRun]),
    /// Where it is entered.
    pub door: Door,
    /// A line on it ends it; its own end does not.
    pub input: BorrowedFd<'a>,
    /// So does this.
    pub interrupt: Option<&'a Interrupt>,
}

/// Somebody who knocked.
struct Visitor {
    wire: Wire,
    /// The host that they are on.
    host: Option<usize>,
    /// What they want, when somebody has just left who still has to be seen off.
    wants: Option<Wanted>,
    /// What they are to be told was said: the rest is sent, and no more is heard.
    is_over: bool,
}

/// A command on a host.
struct Wanted {
    host: usize,
    command: Vec<String>,
    size: Option<(u16, u16)>,
}

struct Keeper<'k, 'a> {
    conversation: &'k mut Conversation,
    tutorial: &'k Tutorial,
    keep: Keep<'a>,
    visitors: Vec<Visitor>,
    /// By host: whether a command is attached there. It may outlive who asked for it, for a moment.
    busy: Vec<bool>,
    input_ended: bool,
    /// The lab ends; until when its commands are waited for.
    ends: Option<Instant>,
}

/// What one of the watched can be.
#[derive(Clone, Copy)]
enum Watched {
    Door,
    Input,
    Visitor(usize),
}

/// Keeps the lab until it is to end.
pub(super) fn keep(
    conversation: &mut Conversation,
    tutorial: &Tutorial,
    keep: Keep<'_>,
    so_far: &[StepRun],
) -> Result<debug::Over> {
    (keep.stands)(so_far);
    let mut keeper = Keeper {
        conversation,
        tutorial,
        keep,
        visitors: Vec::new(),
        busy: vec![false; tutorial.hosts.len()],
        input_ended: false,
        ends: None,
    };
    loop {
        if let Some(over) = keeper.turn()? {
            return Ok(over);
        }
    }
}

impl Keeper<'_, '_> {
    /// Waits once, and deals with what came.
    fn turn(&mut self) -> Result<Option<debug::Over>> {
        if let Some(until) = self.ends
            && (!self.busy.contains(&true) || until <= Instant::now())
        {
            return Ok(Some(debug::Over::Left(debug::Way::GoOn)));
        }
        self.send()?;
        // Further input waits in a visitor's socket until the agent has taken what came before.
        let hosts = 0..self.busy.len();
        let room: Vec<bool> = hosts.map(|host| self.conversation.is_sent(host)).collect();
        let mut watched = watched(&self.visitors, &room);
        if self.ends.is_none() {
            let door = self.keep.door.listener.as_fd();
            watched.push((Watched::Door, door, PollFlags::POLLIN));
            if !self.input_ended {
                watched.push((Watched::Input, self.keep.input, PollFlags::POLLIN));
            }
        }
        let others: Vec<_> = watched.iter().map(|&(_, fd, flags)| (fd, flags)).collect();
        let who: Vec<Watched> = watched.into_iter().map(|(who, _, _)| who).collect();
        let interrupt = self.keep.interrupt;
        let event = interrupt.map(|interrupt| interrupt.event(self.ends.is_some()));
        let time = self.ends.map_or(FOR_EVER, |until| {
            until.saturating_duration_since(Instant::now())
        });
        let (happened, others) = self.conversation.wait_also(event, &others, time)?;
        for other in others {
            match who[other] {
                Watched::Door => self.open()?,
                Watched::Input => self.read()?,
                Watched::Visitor(index) => self.hear(index)?,
            }
        }
        match happened {
            Happened::Interrupted if self.ends.is_some() => {
                return Ok(Some(debug::Over::Broken("^C".to_owned())));
            }
            Happened::Interrupted => self.end()?,
            Happened::TimedOut => {}
            Happened::Gone(host) => return Ok(Some(debug::Over::Gone(host))),
            Happened::Events(events) => {
                for (host, event) in events {
                    if let Some(over) = self.take(host, event)? {
                        return Ok(Some(over));
                    }
                }
            }
        }
        self.visitors
            .retain(|it| !(it.wire.is_closed || it.is_over && it.wire.is_sent()));
        Ok(None)
    }

    /// Sends what waits; a host whose caller does not read waits for them.
    fn send(&mut self) -> Result<()> {
        for host in 0..self.busy.len() {
            self.conversation.flush(host)?;
            self.conversation.pause(host, false);
        }
        for visitor in &mut self.visitors {
            visitor.wire.send();
            if let (Some(host), true) = (visitor.host, visitor.wire.is_full()) {
                self.conversation.pause(host, true);
            }
        }
        Ok(())
    }

    fn open(&mut self) -> Result<()> {
        match self.keep.door.listener.accept() {
            Ok((stream, _)) if is_ours(&stream) => self.visitors.push(Visitor {
                wire: Wire::new(stream)?,
                host: None,
                wants: None,
                is_over: false,
            }),
            Ok(_) => {}
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            // They went away before they were let in.
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn read(&mut self) -> Result<()> {
        let mut buffer = [0; 1 << 10];
        match nix::unistd::read(self.keep.input, &mut buffer) {
            Err(nix::errno::Errno::EINTR | nix::errno::Errno::EAGAIN) => {}
            Ok(0) | Err(_) => self.input_ended = true,
            Ok(_) => self.end()?,
        }
        Ok(())
    }

    /// Nobody is let in any more, and who is in has to go.
    fn end(&mut self) -> Result<()> {
        self.ends = Some(Instant::now() + GRACE);
        for host in 0..self.busy.len() {
            if self.busy[host] {
                self.conversation.say(host, &Request::Leave)?;
            }
        }
        Ok(())
    }

    /// What a caller says. Whoever talks nonsense, or has gone, is let go.
    fn hear(&mut self, index: usize) -> Result<()> {
        let visitor = &mut self.visitors[index];
        let heard = visitor.wire.receive().unwrap_or_else(|_| {
            visitor.wire.is_closed = true;
            Vec::new()
        });
        for request in heard {
            match request {
                In::Enter {
                    host,
                    command,
                    size,
                } => match self.host_of(host.as_deref()) {
                    Ok(host) => {
                        self.visitors[index].wants = Some(Wanted {
                            host,
                            command,
                            size,
                        });
                        self.enter(index)?;
                    }
                    Err(why) => self.refuse(index, why)?,
                },
                In::Say(
                    request
                    @ (Request::Input { .. } | Request::EndOfInput | Request::Resize { .. }),
                ) => {
                    let visitor = &self.visitors[index];
                    if let (Some(host), false) = (visitor.host, visitor.is_over) {
                        self.conversation.say(host, &request)?;
                    }
                }
                In::Say(_) => self.visitors[index].wire.is_closed = true,
            }
        }
        let visitor = &self.visitors[index];
        if let (Some(host), true, false) = (visitor.host, visitor.wire.is_closed, visitor.is_over) {
            self.conversation.say(host, &Request::Leave)?;
        }
        Ok(())
    }

    fn host_of(&self, name: Option<&str>) -> std::result::Result<usize, String> {
        let Some(name) = name else {
            let first = self.tutorial.terminals.first();
            return Ok(first.map_or(0, |first| first.host));
        };
        let names = || self.tutorial.hosts.iter().map(|host| host.name.as_str());
        let found = names().position(|host| host == name);
        found.ok_or_else(|| format!("it has no host `{name}`; its hosts: {}", listed(names())))
    }

    /// Lets in who wants to, if there is room on the host. Who comes while another one is seen off waits.
    fn enter(&mut self, index: usize) -> Result<()> {
        let visitor = &mut self.visitors[index];
        let (Some(wanted), None) = (visitor.wants.take(), visitor.host) else {
            return Ok(());
        };
        let host = wanted.host;
        if !self.busy[host] {
            visitor.host = Some(host);
            self.busy[host] = true;
            let attach = request(self.tutorial, host, &wanted.command, wanted.size);
            return self.conversation.say(host, &Request::Attach(attach));
        }
        let is_there = |it: &Visitor| it.host == Some(host) && !it.is_over && !it.wire.is_closed;
        if !self.visitors.iter().any(is_there) {
            self.visitors[index].wants = Some(wanted);
            return Ok(());
        }
        let name = &self.tutorial.hosts[host].name;
        let why = format!("somebody is on the host {name} already; one at a time");
        self.refuse(index, why)
    }

    fn refuse(&mut self, index: usize, why: String) -> Result<()> {
        let visitor = &mut self.visitors[index];
        visitor.is_over = true;
        visitor.wire.say(&Out::Refused(why))
    }

    fn take(&mut self, host: usize, event: Event) -> Result<Option<debug::Over>> {
        let is_end = matches!(event, Event::Exited { .. });
        match &event {
            Event::Fatal { message } => return Ok(Some(debug::Over::Broken(message.clone()))),
            Event::Output { .. } | Event::Exited { .. } => {}
            // Of the tutorial's own terminals.
            _ => return Ok(None),
        }
        let mut visitors = self.visitors.iter_mut();
        if let Some(visitor) = visitors.find(|it| it.host == Some(host) && !it.is_over) {
            visitor.wire.say(&Out::Heard(event))?;
            visitor.is_over = is_end;
            visitor.wire.send();
        }
        if is_end {
            self.busy[host] = false;
            for index in 0..self.visitors.len() {
                self.enter(index)?;
            }
        }
        Ok(None)
    }
}

fn watched<'v>(
    visitors: &'v [Visitor],
    room: &[bool],
) -> Vec<(Watched, BorrowedFd<'v>, PollFlags)> {
    let mut watched = Vec::new();
    for (index, visitor) in visitors.iter().enumerate() {
        let mut flags = PollFlags::empty();
        flags.set(
            PollFlags::POLLIN,
            visitor.host.is_none_or(|host| room[host]),
        );
        flags.set(PollFlags::POLLOUT, !visitor.wire.is_sent());
        if !flags.is_empty() {
            watched.push((Watched::Visitor(index), visitor.wire.stream.as_fd(), flags));
        }
    }
    watched
}
