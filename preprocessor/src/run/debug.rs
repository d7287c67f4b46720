//! A run that stands still at a step, and its person in the terminals as they stand.
//!
//! In: the lab before its cleanup, the step, the caller's streams. Out: how the run goes on. The caller's terminal itself
//! stays outside, as in `attach.rs`: bytes are carried to the agent and back (`agent/join.rs`). One key, ^], is ours.

use std::io::Result;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::poll::PollFlags;

use super::attach::{Caller, Screen};
use super::conversation::{Conversation, Happened};
use crate::agent::protocol::{Event, Join, Left, Request};
use crate::outcome::StepRun;
use crate::tutorial::Tutorial;

/// ^], as in telnet: no shell and few programs have a use for it.
const OURS: u8 = 0x1d;
/// A person may look about for as long as they like.
const FOR_EVER: Duration = Duration::from_secs(1 << 17);

/// A person who stands by while a tutorial runs, one step at a time.
pub struct Debug<'a, 'c> {
    /// Asked after each step, with all that ran so far: whether the run stands still there.
    pub stands_still: &'a mut dyn FnMut(&[StepRun]) -> Option<Stand>,
    /// Their terminal: both input and output are one.
    pub caller: Caller<'c>,
}

/// Why a run stands still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stand {
    /// The step is not as it should be: why, in lines.
    Failed(String),
    /// The step is the last that was to run.
    Here,
}

/// How it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// With the next step.
    GoOn,
    /// With this step again.
    Again,
    /// With the cleanup.
    GiveUp,
}

/// What became of the person.
pub(super) enum Over {
    /// They have left, and want it to go on so.
    Left(Way),
    /// This host's agent closed its pipe.
    Gone(usize),
    /// This happened before.
    Broken(String),
}

/// Lets the person into the terminal of a step, and says why.
pub(super) fn stand(
    conversation: &mut Conversation,
    tutorial: &Tutorial,
    debug: &mut Debug<'_, '_>,
    (step, ran): (usize, &StepRun),
    why: &Stand,
) -> Result<Over> {
    let screen = Screen::take(debug.caller.input)?;
    let mut visit = Visit {
        conversation,
        tutorial,
        caller: &mut debug.caller,
        screen,
        terminal: tutorial.steps[step].terminal,
        is_in: false,
        asks: false,
        next: None,
        interrupted: false,
    };
    let introduction = visit.introduction(step, ran, why);
    visit.say(&introduction);
    visit.come_in()?;
    loop {
        if let Some(over) = visit.turn()? {
            return Ok(over);
        }
    }
}

struct Visit<'v, 'a> {
    conversation: &'v mut Conversation,
    tutorial: &'v Tutorial,
    caller: &'v mut Caller<'a>,
    screen: Screen<'a>,
    /// The terminal that they are in, or were last.
    terminal: usize,
    is_in: bool,
    /// The next key is for us.
    asks: bool,
    /// What comes when they have left the terminal.
    next: Option<Next>,
    interrupted: bool,
}

#[derive(Clone, Copy)]
enum Next {
    Way(Way),
    Terminal(usize),
}

impl Visit<'_, '_> {
    fn introduction(&self, step: usize, ran: &StepRun, why: &Stand) -> String {
        let name = &self.tutorial.terminals[self.terminal].name;
        let id = &self.tutorial.steps[step].id;
        let mut text = match why {
            Stand::Failed(why) => format!("{}\nstep `{id}` failed", why.trim_end()),
            Stand::Here => format!("step `{id}` is done"),
        };
        text.push_str(&format!(
            " in the terminal `{name}`. You are in it now, as it stands.\nC-] then {}\n",
            self.keys()
        ));
        let typed = ran
            .commands
            .last()
            .filter(|typed| !typed.command.is_empty());
        if let Some(typed) = typed {
            text.push_str(&format!("{} {}\n", typed.prompt, typed.command));
        }
        text
    }

    fn keys(&self) -> String {
        let mut keys = vec![
            "c = go on with the next step".to_owned(),
            "r = run this step again".to_owned(),
            "q = give up (cleanup runs)".to_owned(),
        ];
        let terminals = self.tutorial.terminals.iter().zip(1..=9);
        if self.tutorial.terminals.len() > 1 {
            keys.extend(
                terminals.map(|(terminal, digit)| format!("{digit} = `{}`", terminal.name)),
            );
        }
        keys.join(", ")
    }

    /// Says something on the person's terminal, which is raw.
    fn say(&mut self, text: &str) {
        self.show(text.replace('\n', "\r\n").as_bytes());
    }

    /// A terminal that is gone shows nothing; that its person is, its input tells.
    fn show(&mut self, bytes: &[u8]) {
        let output = &mut self.caller.output;
        let _ = output.write_all(bytes).and_then(|()| output.flush());
    }

    fn host(&self) -> usize {
        self.tutorial.terminals[self.terminal].host
    }

    fn come_in(&mut self) -> Result<()> {
        self.is_in = true;
        let join = Join {
            terminal: self.terminal,
            size: self.screen.size(),
            prompt: format!("{}$ ", self.tutorial.terminals[self.terminal].name),
        };
        self.conversation.say(self.host(), &Request::Join(join))
    }

    /// They leave the terminal first, if they are in one.
    fn go(&mut self, next: Next) -> Result<Option<Over>> {
        if self.is_in {
            self.next = Some(next);
            self.conversation.say(self.host(), &Request::Leave)?;
            return Ok(None);
        }
        match next {
            Next::Way(way) => Ok(Some(Over::Left(way))),
            Next::Terminal(terminal) => {
                self.terminal = terminal;
                let name = self.tutorial.terminals[terminal].name.clone();
                self.say(&format!("\nthe terminal `{name}`:\n"));
                self.come_in()?;
                Ok(None)
            }
        }
    }

    /// Waits once, and deals with what came.
    fn turn(&mut self) -> Result<Option<Over>> {
        // Further keys wait in the person's terminal until those before have left.
        let reads = self.conversation.flush(self.host())? && self.next.is_none();
        let mut others = vec![(self.screen.resized().as_fd(), PollFlags::POLLIN)];
        if reads {
            others.push((self.caller.input, PollFlags::POLLIN));
        }
        let interrupt = self.caller.interrupt;
        let event = interrupt.map(|interrupt| interrupt.event(self.interrupted));
        let (happened, others) = self.conversation.wait_also(event, &others, FOR_EVER)?;
        for other in others {
            let over = match other {
                0 => self.resize().map(|()| None),
                _ => self.read(),
            }?;
            if over.is_some() {
                return Ok(over);
            }
        }
        match happened {
            Happened::Interrupted if self.interrupted => Ok(Some(Over::Broken("^C".to_owned()))),
            Happened::Interrupted => {
                self.interrupted = true;
                self.go(Next::Way(Way::GiveUp))
            }
            Happened::TimedOut => Ok(None),
            Happened::Gone(host) => Ok(Some(Over::Gone(host))),
            Happened::Events(events) => {
                for (_, event) in events {
                    if let Some(over) = self.take(event)? {
                        return Ok(Some(over));
                    }
                }
                Ok(None)
            }
        }
    }

    fn take(&mut self, event: Event) -> Result<Option<Over>> {
        match event {
            Event::Output { bytes, .. } if self.is_in => {
                self.show(&bytes);
                Ok(None)
            }
            Event::Left { left } if self.is_in => self.left(left),
            Event::Fatal { message } => Ok(Some(Over::Broken(message))),
            // Of terminals that nobody looks at now.
            _ => Ok(None),
        }
    }

    fn left(&mut self, left: Left) -> Result<Option<Over>> {
        self.is_in = false;
        let name = self.tutorial.terminals[self.terminal].name.clone();
        match (self.next.take(), left) {
            (Some(next), Left::Busy) if !matches!(next, Next::Way(Way::GiveUp)) => {
                self.say(&format!(
                    "\nsomething still runs in the terminal `{name}`: no step can type a command there\n"
                ));
                self.go(next)
            }
            (Some(next), _) => {
                // What a program that draws has left behind.
                self.say("\x1b[?1049l\x1b[?25h\x1b[m\n");
                self.go(next)
            }
            (None, _) => {
                self.asks = true;
                let keys = self.keys();
                self.say(&format!(
                    "\nthe shell of the terminal `{name}` has ended. {keys}, any other key = a new shell in it\n"
                ));
                Ok(None)
            }
        }
    }

    fn read(&mut self) -> Result<Option<Over>> {
        let mut buffer = [0; 4 << 10];
        let count = match nix::unistd::read(self.caller.input, &mut buffer) {
            Err(nix::errno::Errno::EINTR | nix::errno::Errno::EAGAIN) => return Ok(None),
            // The person's terminal is gone, and they with it.
            Ok(0) | Err(_) => return self.go(Next::Way(Way::GiveUp)),
            Ok(count) => count,
        };
        let mut rest = &buffer[..count];
        while let Some((&key, behind)) = rest.split_first() {
            if self.asks {
                self.asks = false;
                if let Some(next) = self.answer(key)? {
                    return self.go(next);
                }
                rest = behind;
            } else if key == OURS {
                self.asks = true;
                let keys = self.keys();
                self.say(&format!(
                    "\n[{keys}, C-] = type a C-], any other key = stay]\n"
                ));
                rest = behind;
            } else {
                let end = rest.iter().position(|&key| key == OURS);
                let (typed, behind) = rest.split_at(end.unwrap_or(rest.len()));
                self.type_there(typed)?;
                rest = behind;
            }
        }
        Ok(None)
    }

    /// What a key means that is for us.
    fn answer(&mut self, key: u8) -> Result<Option<Next>> {
        let terminals = self.tutorial.terminals.len();
        let next = match key {
            b'c' => Next::Way(Way::GoOn),
            b'r' => Next::Way(Way::Again),
            b'q' => Next::Way(Way::GiveUp),
            b'1'..=b'9' if usize::from(key - b'1') < terminals => {
                Next::Terminal(usize::from(key - b'1'))
            }
            OURS => {
                self.type_there(&[OURS])?;
                return Ok(None);
            }
            _ if self.is_in => return Ok(None),
            _ => Next::Terminal(self.terminal),
        };
        Ok(Some(next))
    }

    fn type_there(&mut self, bytes: &[u8]) -> Result<()> {
        let bytes = bytes.to_vec();
        match self.is_in {
            true => self
                .conversation
                .say(self.host(), &Request::Input { bytes }),
            false => Ok(()),
        }
    }

    fn resize(&mut self) -> Result<()> {
        let size = self.screen.new_size();
        match self.is_in {
            true => self
                .conversation
                .say(self.host(), &Request::Resize { size }),
            false => Ok(()),
        }
    }
}
