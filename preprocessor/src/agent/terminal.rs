//! One terminal: its shells, what is typed into them, and what comes out.
//!
//! It reacts to bytes and markers; it never waits. Waiting for it is the business of the steps.

mod guest;
mod levels;
mod reading;
mod typing;

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use nix::unistd::Pid;

use super::arrival::Arrival;
use super::aside::Aside;
use super::marks::{Mark, Marker, Markers};
use super::process;
use super::protocol::OpenTerminal;
use super::pty::{Pty, TypedBy};
use super::record::Record;
use super::screen::Screen;
use super::shell;
use super::watch::Watch;
use crate::outcome::{CommandRun, Output};

/// Bytes kept of what comes before the first prompt.
const KEEP_OPENING: usize = 64 << 10;

/// What a terminal is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Its shell starts.
    Opening,
    /// Its innermost shell waits for a command.
    Idle,
    /// A command was typed, or some of its lines, and has not said that it started.
    Typed,
    /// A command runs in the foreground.
    Running,
    /// The shell has ended.
    Gone {
        /// Its exit status; 128 + signal for a signal.
        exit: Option<i32>,
    },
}

/// Something that takes commands in a terminal, and its number in markers.
pub(super) struct Level {
    /// 0 for a REPL, which has no markers.
    pub(super) shell: u32,
    /// The integration may have been typed again, before the first was seen to work: the last number typed.
    newest: u32,
    /// Whether its terminal echoes what is typed.
    echo: bool,
    /// How it speaks.
    pub(super) kind: Kind,
}

/// How a level says that it wants the next command.
pub(super) enum Kind {
    /// bash: by markers, the start of a command too.
    Bash,
    /// dash, busybox ash: by markers in its prompts.
    Posix,
    /// A program's own prompt.
    Repl(regex::Regex),
}

/// How the command ends that was typed to a program with prompts of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    /// As it stands.
    None,
    /// It ends within a block: an empty line may have to end that.
    Open,
    /// The empty one was typed.
    Ended,
}

impl Kind {
    /// Of the shell that said this.
    fn of(marker: Marker) -> Self {
        match marker.says_start {
            true => Self::Bash,
            false => Self::Posix,
        }
    }
}

/// See the module.
pub(super) struct Terminal {
    pty: Pty,
    size: (u16, u16),
    nonce: String,
    markers: Markers,
    /// Bytes that may begin a marker.
    held: Vec<u8>,
    screen: Screen,
    doing: Doing,
    levels: Vec<Level>,
    /// A shell is being entered, and this number or a higher one will be its own.
    entering: Option<u32>,
    /// The last command opened a shell.
    entered: bool,
    /// What comes while a shell is being entered.
    arrival: Option<Arrival>,
    shells: u32,
    /// How often a shell has asked for a command.
    prompts: usize,
    /// Lines of the typed command that the shell has not asked for yet.
    lines: VecDeque<String>,
    /// So many lines at the front, the typed one included, are commands of ours, which nobody sees.
    hidden: usize,
    /// Typed, and not yet taken by the terminal.
    outgoing: Vec<u8>,
    /// Something was typed since the last look.
    typed: bool,
    /// Output of the command.
    record: Record,
    recording: bool,
    started: Instant,
    ended: Option<Instant>,
    status: Option<i32>,
    /// `$?` of the shell at its last prompt.
    last_status: Option<i32>,
    /// Output since the last prompt, if there is any: jobs in the background of the shell.
    idle: Option<Aside>,
    /// Output during a step that types no command; `Some(None)` until there is any.
    meanwhile: Option<Option<Aside>>,
    /// What it was opened with, to open it again.
    open: OpenTerminal,
    /// Whether its first prompt was told.
    announced: bool,
    /// Whether the typed command, or a part of it, said that it started.
    command_started: bool,
    /// The shell wants more than was typed.
    unfinished: bool,
    /// The typed command may take the integration away: it speaks of prompts, or of another program in the shell's place.
    may_lose_marks: bool,
    /// The integration was typed again, since it was lost.
    renewing: bool,
    /// The shell's own process group: the foreground's, when the command was typed.
    shell_group: Option<Pid>,
    /// When the last output came.
    pub(super) last_output: Instant,
    /// Newlines since the command began.
    pub(super) newlines: usize,
    /// When the last line was typed to a program with prompts of its own, and how many newlines there were.
    repl_line: (Instant, usize),
    block: Block,
    /// What conditions look at, while one does.
    pub(super) watch: Option<Watch>,
    hung_up: bool,
    /// A person who is in it.
    guest: Option<guest::Guest>,
    /// Fences ([`Pty::fence`]) that have not come out.
    fences: usize,
}

impl Terminal {
    /// Starts the shell and types the integration; it reads it when it is up.
    pub(super) fn open(open: &OpenTerminal, now: Instant) -> io::Result<Self> {
        let nonce = shell::nonce();
        let mut terminal = Self {
            pty: Pty::spawn(open, TypedBy::Agent)?,
            size: open.size,
            markers: Markers::new(&nonce),
            nonce,
            held: Vec::new(),
            screen: Screen::new(open.size),
            doing: Doing::Opening,
            levels: Vec::new(),
            entering: Some(1),
            entered: false,
            arrival: None,
            shells: 1,
            prompts: 0,
            lines: VecDeque::new(),
            hidden: 0,
            outgoing: Vec::new(),
            typed: false,
            record: Record::new(KEEP_OPENING),
            recording: true,
            started: now,
            ended: None,
            status: None,
            last_status: None,
            idle: None,
            meanwhile: None,
            open: open.clone(),
            announced: false,
            command_started: false,
            unfinished: false,
            may_lose_marks: false,
            renewing: false,
            shell_group: None,
            last_output: now,
            newlines: 0,
            repl_line: (now, 0),
            block: Block::None,
            watch: None,
            hung_up: false,
            guest: None,
            fences: 0,
        };
        let line = shell::integration(&terminal.nonce, 1, false);
        terminal.send(line.as_bytes());
        Ok(terminal)
    }

    /// The PTY, for poll.
    pub(super) fn pty(&self) -> &Pty {
        &self.pty
    }

    /// The shell's process.
    pub(super) fn pid(&self) -> Pid {
        self.pty.pid()
    }

    /// What it is doing.
    pub(super) fn doing(&self) -> Doing {
        self.doing
    }

    /// Whether output can still come.
    pub(super) fn is_readable(&self) -> bool {
        !self.hung_up
    }

    /// Whether something that was typed waits for room.
    pub(super) fn wants_write(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Whether all was typed, and the shell wants more: a quote, a bracket or a here-document is open.
    pub(super) fn is_unfinished(&self) -> bool {
        self.unfinished && self.doing == Doing::Typed
    }

    /// Whether a command of the shell's has the terminal, and its keys are heard. Not at once: the shell makes a process
    /// first, which is the shell's for a moment.
    pub(super) fn has_taken_over(&self) -> bool {
        let group = self.pty.foreground();
        self.doing == Doing::Running
            && group != self.shell_group
            && group.is_none_or(|leader| !process::is_still_shell(leader, self.shell_group))
    }

    /// Whether all that has the terminal sleeps: a program that has asked something reads the answer now.
    pub(super) fn is_waited_at(&self) -> bool {
        self.pty.foreground().is_none_or(process::sleeps)
    }

    /// The exit status that the last prompt told.
    pub(super) fn status(&self) -> Option<i32> {
        self.status
    }

    /// What is watched from now on: the output of the command, and what comes; with `idle` and no command running, the
    /// output since the last prompt instead.
    pub(super) fn start_watch(&mut self, idle: bool) {
        let mut watch = Watch::new();
        let kept = match idle && self.doing == Doing::Idle {
            true => self.idle.as_ref().map(Aside::kept).unwrap_or_default(),
            false => self.record.kept(),
        };
        kept.into_iter().for_each(|part| watch.push(part));
        self.watch = Some(watch);
    }

    /// Collects what comes during a step that types no command.
    pub(super) fn start_meanwhile(&mut self) {
        let idle = self.idle.take();
        self.meanwhile = Some(idle.filter(|_| self.doing == Doing::Idle));
    }

    /// What came, as lines; `None` if nothing did. Where a program draws on the whole screen, the screen as it stands.
    pub(super) fn take_meanwhile(&mut self) -> Option<Output> {
        let meanwhile = self.meanwhile.take().flatten()?;
        if let Some(lines) = self.screen.drawn() {
            return Some(Output {
                lines,
                omitted: None,
                no_newline: false,
            });
        }
        Some(meanwhile.finish())
    }

    /// What is watched from now on: what comes.
    pub(super) fn start_fresh_watch(&mut self) {
        self.watch = Some(Watch::new());
    }

    /// Whether output is on the last line, without a newline: a prompt, perhaps.
    pub(super) fn last_line(&self) -> String {
        self.screen.last_line()
    }

    /// The home directory of its user.
    pub(super) fn home(&self) -> &str {
        self.open.env.get("HOME").map_or("/", String::as_str)
    }

    /// Ids of its user.
    pub(super) fn user(&self) -> (u32, u32) {
        (self.open.uid, self.open.gid)
    }

    /// What it was opened with.
    pub(super) fn origin(&self) -> &OpenTerminal {
        &self.open
    }

    /// Whether its first prompt has come and was not told yet; it is now.
    pub(super) fn take_announcement(&mut self) -> bool {
        let ready = !matches!(self.doing, Doing::Opening | Doing::Gone { .. });
        ready && !std::mem::replace(&mut self.announced, true)
    }

    /// Nobody needs to hear of its first prompt: it is opened again.
    pub(super) fn announce_nothing(&mut self) {
        self.announced = true;
    }

    /// Arrow keys in application mode?
    pub(super) fn application_keys(&self) -> bool {
        self.screen.application_keys()
    }

    /// The command's output when it is over.
    pub(super) fn finish(&mut self) -> Output {
        let output = self.record.finish(&mut self.screen);
        self.without_ours(output)
    }

    /// The command's output so far.
    pub(super) fn so_far(&self) -> Output {
        self.without_ours(self.record.so_far(&self.screen, self.size))
    }

    /// A `set -x` shows how our prompts are set, a `set` what they are.
    fn without_ours(&self, mut output: Output) -> Output {
        let lines = &mut output.lines;
        while let Some(ours) = lines
            .iter()
            .position(|line| line.text.contains(&self.nonce))
        {
            lines.remove(ours);
            if let Some(gap) = output.omitted.as_mut().filter(|gap| gap.before_line > ours) {
                gap.before_line -= 1;
            }
        }
        output
    }

    /// How long the command ran, or has run until now.
    pub(super) fn took(&self, now: Instant) -> Duration {
        self.ended.unwrap_or(now) - self.started
    }

    /// A command's record, its output taken with `output`.
    pub(super) fn command_run(
        &mut self,
        (command, prompt): (&str, &str),
        output: Output,
        exit: Option<i32>,
        now: Instant,
    ) -> CommandRun {
        CommandRun {
            command: command.to_owned(),
            earlier: Vec::new(),
            prompt: prompt.to_owned(),
            output,
            exit,
            took: self.took(now),
            chunks: self.record.take_chunks(),
        }
    }
}
