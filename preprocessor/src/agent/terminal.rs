//! One terminal: its shells, what is typed into them, and what comes out.
//!
//! It reacts to bytes and markers; it never waits. Waiting for it is the business of the steps.

mod guest;

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::arrival::Arrival;
use super::aside::Aside;
use super::marks::{Mark, Marker, Markers, Next};
use super::process;
use super::protocol::OpenTerminal;
use super::pty::{Pty, TypedBy};
use super::record::Record;
use super::screen::Screen;
use super::shell;
use super::watch::Watch;
use crate::outcome::{CommandRun, Line, Output};

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
    /// first, which ignores ^Z until it is the command's.
    pub(super) fn has_taken_over(&self) -> bool {
        let group = self.pty.foreground();
        self.doing == Doing::Running
            && group != self.shell_group
            && group.is_none_or(|leader| !process::ignores(leader, Signal::SIGTSTP))
    }

    /// Whether all that has the terminal sleeps: a program that has asked something reads the answer now.
    pub(super) fn is_waited_at(&self) -> bool {
        self.pty.foreground().is_none_or(process::sleeps)
    }

    /// What takes commands now, the innermost last.
    pub(super) fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// Changes when a shell asks for a command: how deep it is, and how often one has asked.
    pub(super) fn place(&self) -> (usize, usize) {
        (self.levels.len(), self.prompts)
    }

    /// Whether a program shows its own prompt again, in a step that types no command.
    pub(super) fn shows_prompt_meanwhile(&self) -> bool {
        let Some(Kind::Repl(prompt)) = self.levels.last().map(|level| &level.kind) else {
            return false;
        };
        let Some(Some(came)) = &self.meanwhile else {
            return false;
        };
        let last_line = came.last_line();
        came.has_new_line() && !last_line.is_empty() && prompt.is_match(&last_line)
    }

    /// The exit status that the last prompt told.
    pub(super) fn status(&self) -> Option<i32> {
        self.status
    }

    /// Types bytes as they are.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.outgoing.extend_from_slice(bytes);
        self.write();
    }

    /// Hands on what was typed, as far as there is room.
    pub(super) fn write(&mut self) {
        let count = self.pty.write(&self.outgoing);
        self.outgoing.drain(..count);
        self.typed = true;
    }

    /// Whether something was typed since this was asked last.
    pub(super) fn take_typed(&mut self) -> bool {
        std::mem::take(&mut self.typed)
    }

    /// Types a command and collects its output from now on.
    pub(super) fn type_command(&mut self, text: &str, keep: usize, echo: bool, now: Instant) {
        self.started = now;
        self.entered = false;
        self.arrival = None;
        self.command_started = false;
        self.unfinished = false;
        let marks = ["PS1", "PROMPT_COMMAND", "exec"];
        self.may_lose_marks = marks.iter().any(|word| text.contains(word));
        // Asked only where it can matter: an ordinary command is waited for, and no key comes before its end.
        let matters = echo || self.may_lose_marks;
        self.shell_group = matters.then(|| self.pty.foreground()).flatten();
        self.ended = None;
        self.status = None;
        self.newlines = 0;
        self.idle = None;
        self.record = Record::new(keep);
        self.doing = Doing::Typed;
        self.watch = None;
        match self.levels.last().map(|level| &level.kind) {
            Some(Kind::Repl(_)) => {
                let prompt = self.screen.last_line();
                self.screen.clear();
                // The cursor stands behind the prompt, as the program believes.
                self.screen.feed(prompt.as_bytes());
                self.recording = true;
                self.doing = Doing::Running;
                self.lines = text.split('\n').map(str::to_owned).collect();
                self.hidden = 0;
                self.type_repl_line(now);
            }
            kind => {
                let posix = matches!(kind, Some(Kind::Posix));
                self.screen.clear();
                let pieces = shell::in_pieces(text, posix).map(VecDeque::from);
                let ours = pieces.as_ref().map_or(0, |pieces| pieces.len() - 1);
                let lines = || text.split('\n').map(str::to_owned).collect();
                self.lines = pieces.unwrap_or_else(lines);
                self.hidden = ours;
                if !posix && text.contains("DEBUG") {
                    self.type_before(&shell::hush());
                }
                self.prepare_echo(echo, posix);
                // What bash says of a command that it can't start (a syntax error) comes before any start.
                self.recording = self.hidden == 0 && (posix || !echo);
                self.type_line();
            }
        }
    }

    /// Whether the command was typed for somebody who is to see the answers that are typed.
    fn is_seen(&self) -> bool {
        self.levels.last().is_some_and(|level| level.echo)
    }

    /// Types a command of ours, of which nothing is kept or shown.
    pub(super) fn type_aside(&mut self, command: &str, now: Instant) {
        let screen = std::mem::replace(&mut self.screen, Screen::new(self.size));
        self.type_command(command, 0, false, now);
        self.screen = screen;
    }

    /// Lets the command find a terminal that echoes what is typed, or does not. Nobody sees what we type: bash is told
    /// before the command and says when it starts; the others are told in the same line. The terminal of a nested shell
    /// need not be ours (ssh), so the shell itself changes it.
    fn prepare_echo(&mut self, echo: bool, posix: bool) {
        let is_ours = self.levels.len() < 2;
        let Some(level) = self.levels.last_mut() else {
            return;
        };
        let was = std::mem::replace(&mut level.echo, echo);
        if is_ours && was != (echo && !posix) {
            self.pty.set_echo(echo && !posix);
        } else if !is_ours && !posix && was != echo {
            self.type_before(shell::echo(echo));
        } else if !is_ours && posix && was {
            self.type_before(shell::echo(false));
        }
        if let Some(first) = self.lines.get_mut(self.hidden).filter(|_| echo && posix) {
            first.insert_str(0, &format!("{};", shell::echo(true)));
        }
    }

    /// Types a command of ours before what is to be typed.
    fn type_before(&mut self, line: &str) {
        self.lines.push_front(line.to_owned());
        self.hidden += 1;
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

    /// Expects a new shell to be entered, and types the integration into it. What was typed and came out is the
    /// output of the command that opened it, but for the unfinished last line: the new shell's prompt.
    pub(super) fn enter(&mut self) {
        self.shells += 1;
        self.entering.get_or_insert(self.shells);
        self.recording = false;
        let line = shell::integration(&self.nonce, self.shells, true);
        let arrival = || Arrival::new(self.size, &self.screen.last_line());
        self.arrival.get_or_insert_with(arrival).typed(&line);
        self.send(line.as_bytes());
    }

    /// What the shell that was entered has shown only after it was typed to: more output of the command.
    pub(super) fn take_late_lines(&mut self) -> Vec<Line> {
        let Some(arrival) = self.arrival.take() else {
            return Vec::new();
        };
        let micros = arrival.last;
        let late = arrival.lines(self.is_bash());
        for line in &late {
            let shown = format!("{}\r\n", line.text);
            self.record.push(micros, shown.as_bytes(), &mut self.screen);
        }
        late
    }

    /// When a prompt that is not ours will have stood long enough to be one: the command took our prompts away. A program
    /// that asks a question has a process group of its own.
    pub(super) fn strange_prompt_at(&self) -> Option<Instant> {
        const STANDS: Duration = Duration::from_millis(300);
        let waits = self.may_lose_marks && !self.renewing;
        let is_prompt = waits
            && matches!(self.doing, Doing::Typed | Doing::Running)
            && self.lines.is_empty()
            && !self.last_line().trim().is_empty()
            && self.pty.foreground() == self.shell_group;
        is_prompt.then(|| self.last_output + STANDS)
    }

    /// Types the integration again into the shell that has lost it. Its next prompt ends the command, with a status that
    /// nobody knows.
    pub(super) fn renew(&mut self) {
        self.shells += 1;
        if let Some(level) = self.levels.last_mut() {
            level.newest = self.shells;
        }
        self.renewing = true;
        self.recording = false;
        let line = shell::integration(&self.nonce, self.shells, true);
        self.send(line.as_bytes());
    }

    /// Whether the command's output ends with the prompt that it set itself; asked once.
    pub(super) fn take_renewed(&mut self) -> bool {
        std::mem::take(&mut self.renewing)
    }

    /// Whether the command that was typed last has opened a shell, and that one has answered.
    pub(super) fn has_entered(&self) -> bool {
        self.entered
    }

    /// A program with prompts of its own takes the commands from now on.
    pub(super) fn enter_repl(&mut self, prompt: regex::Regex) {
        self.levels.push(Level {
            shell: 0,
            newest: 0,
            echo: true,
            kind: Kind::Repl(prompt),
        });
        self.doing = Doing::Idle;
    }

    /// Notes that the REPL wants the next command.
    pub(super) fn repl_ready(&mut self, now: Instant) {
        self.doing = Doing::Idle;
        self.recording = false;
        self.ended = Some(now);
    }

    /// Whether output is on the last line, without a newline: a prompt, perhaps.
    pub(super) fn last_line(&self) -> String {
        self.screen.last_line()
    }

    /// Since when a program without a prompt (an empty one) counts as waiting: nothing else tells that it does.
    pub(super) fn silent_until(&self, prompt: &regex::Regex) -> Instant {
        const SILENCE: Duration = Duration::from_millis(200);
        match prompt.is_match("") {
            true => self.last_output.max(self.started) + SILENCE,
            false => self.started,
        }
    }

    /// Whether a line has ended since the last line was typed.
    pub(super) fn has_new_line(&self) -> bool {
        self.newlines > self.repl_line.1
    }

    /// Whether a program with prompts of its own is still to be given lines of the command, and since when it is silent.
    pub(super) fn has_more_for_repl(&self) -> Option<Instant> {
        let more = self.is_repl() && !self.lines.is_empty();
        more.then(|| self.last_output.max(self.repl_line.0))
    }

    /// The next line for a program with prompts of its own.
    pub(super) fn type_repl_line(&mut self, now: Instant) {
        if let Some(line) = self.lines.pop_front() {
            self.repl_line = (now, self.newlines);
            self.send(line.as_bytes());
            self.send(b"\r");
        }
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

    /// Nobody holds the other side any more.
    pub(super) fn hang_up(&mut self) {
        self.hung_up = true;
    }

    /// The shell has ended.
    pub(super) fn gone(&mut self, exit: Option<i32>, now: Instant) {
        let held = std::mem::take(&mut self.held);
        self.output(&held, 0);
        self.doing = Doing::Gone { exit };
        self.ended = Some(now);
        self.recording = false;
        self.levels.clear();
    }

    /// Puts a fence behind what programs have written until now.
    ///
    /// # Errors
    /// As [`Pty::fence`].
    pub(super) fn fence(&mut self) -> io::Result<()> {
        self.pty.fence()?;
        self.fences += 1;
        Ok(())
    }

    /// Whether a fence has not come out yet.
    pub(super) fn is_fenced(&self) -> bool {
        self.fences > 0
    }

    /// Takes what came: `micros` since the run began.
    pub(super) fn receive(&mut self, bytes: &[u8], now: Instant, micros: u64) {
        let mut rest = bytes;
        while self.fences > 0
            && let Some(fence) = memchr::memchr(0, rest)
        {
            self.fences -= 1;
            self.take(&rest[..fence], now, micros);
            rest = &rest[fence + 1..];
        }
        self.take(rest, now, micros);
    }

    fn take(&mut self, bytes: &[u8], now: Instant, micros: u64) {
        if bytes.is_empty() {
            return;
        }
        self.last_output = now;
        if self.held.is_empty() {
            let rest = self.consume(bytes, now, micros);
            self.held.extend_from_slice(&bytes[rest..]);
        } else {
            let mut joined = std::mem::take(&mut self.held);
            joined.extend_from_slice(bytes);
            let rest = self.consume(&joined, now, micros);
            joined.drain(..rest);
            self.held = joined;
        }
        let replies = self.screen.take_replies();
        // A program that asks reads keys. In a terminal that hands on lines, the answer would become the next command.
        // A person's own terminal answers itself.
        if !replies.is_empty() && !self.pty.is_canonical() && self.guest.is_none() {
            self.send(&replies);
        }
    }

    /// How much of `bytes` was understood.
    fn consume(&mut self, bytes: &[u8], now: Instant, micros: u64) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            match self.markers.next(&bytes[at..]) {
                Next::Output(count) => {
                    self.output(&bytes[at..at + count], micros);
                    at += count;
                }
                Next::Marker(count, marker) => {
                    self.on_marker(marker, now);
                    at += count;
                }
                Next::Partial => break,
            }
        }
        at
    }

    fn output(&mut self, bytes: &[u8], micros: u64) {
        if bytes.is_empty() || self.show_guest(bytes) {
            return;
        }
        // Never the echo of what is typed: a question that stands in the command itself is not asked yet.
        if let Some(watch) = &mut self.watch
            && (self.recording || self.doing == Doing::Idle)
        {
            watch.push(bytes);
        }
        let size = self.size;
        let add = |aside: &mut Option<Aside>| {
            let aside = aside.get_or_insert_with(|| Aside::new(size));
            aside.push(micros, bytes);
        };
        self.meanwhile.iter_mut().for_each(add);
        if let Some(arrival) = &mut self.arrival
            && self.entering.is_some()
        {
            arrival.push(micros, bytes);
        }
        if self.recording {
            self.newlines += memchr::memchr_iter(b'\n', bytes).count();
            self.record.push(micros, bytes, &mut self.screen);
        } else if self.doing == Doing::Idle {
            add(&mut self.idle);
        }
    }

    fn on_marker(&mut self, marker: Marker, now: Instant) {
        if self.entering.is_some_and(|first| first <= marker.shell) {
            if !matches!(marker.mark, Mark::Prompt(_)) {
                return;
            }
            self.entering = None;
            self.entered = true;
            self.levels.push(Level {
                shell: marker.shell,
                newest: self.shells,
                echo: false,
                kind: Kind::of(marker),
            });
            self.prompt(None, now);
            self.tell_guest(marker.mark);
            return;
        }
        let Some(level) = self
            .levels
            .iter()
            .position(|level| (level.shell..=level.newest).contains(&marker.shell))
        else {
            return;
        };
        if self.levels[level].shell != marker.shell {
            // The second integration works now, too. Its prompt ends no command, unless the first was lost.
            self.levels[level].shell = marker.shell;
            if self.renewing && matches!(marker.mark, Mark::Prompt(_)) {
                self.levels[level].kind = Kind::of(marker);
                self.prompt(None, now);
            }
            return;
        }
        match marker.mark {
            Mark::Start => {
                self.recording = self.hidden == 0;
                if self.recording && !self.command_started && self.record.is_begun() {
                    self.record.restart();
                    self.screen.clear();
                    self.newlines = 0;
                }
                self.command_started = self.recording;
                self.doing = Doing::Running;
            }
            Mark::More if self.doing == Doing::Typed && !self.lines.is_empty() => {
                if !marker.says_start {
                    self.record.restart();
                    self.screen.clear();
                }
                self.type_line();
            }
            Mark::More => self.unfinished = self.doing == Doing::Typed,
            Mark::Prompt(status) => {
                // An outer shell that wants a command: the inner ones have ended.
                self.leave_levels(level + 1);
                self.entering = None;
                self.prompt(status, now);
            }
        }
        self.tell_guest(marker.mark);
    }

    /// The levels from this one on have ended.
    fn leave_levels(&mut self, from: usize) {
        let left: Vec<Level> = self.levels.drain(from..).collect();
        if left.iter().any(|level| matches!(level.kind, Kind::Repl(_))) {
            // What it did not ask for is not for the shell.
            self.lines.clear();
        }
        if let Some(outer) = self.levels.last_mut() {
            // It may have been the same terminal.
            outer.echo |= left.iter().any(|level| level.echo);
        }
    }

    fn prompt(&mut self, status: Option<i32>, now: Instant) {
        self.prompts += 1;
        self.hidden = self.hidden.saturating_sub(1);
        // A comment runs nothing, and `$?` is still that of the command before: not its own failure.
        let said_nothing = !self.command_started && !self.record.is_begun();
        let nothing_ran = self.is_bash() && said_nothing && status == self.last_status;
        self.last_status = status;
        self.status = if nothing_ran { Some(0) } else { status };
        if !self.lines.is_empty() {
            // Not the end yet: it was a line of several, or one of ours before it.
            self.status = None;
            self.doing = Doing::Typed;
            self.recording = !matches!(
                self.levels.last().map(|level| &level.kind),
                Some(Kind::Bash)
            );
            self.type_line();
            return;
        }
        self.doing = Doing::Idle;
        self.recording = false;
        self.ended = Some(now);
    }

    fn is_repl(&self) -> bool {
        matches!(
            self.levels.last().map(|level| &level.kind),
            Some(Kind::Repl(_))
        )
    }

    fn is_bash(&self) -> bool {
        matches!(
            self.levels.last().map(|level| &level.kind),
            Some(Kind::Bash)
        )
    }

    /// The next line, when the shell asks for it: never ahead, so that a program can't read what is meant for the shell.
    fn type_line(&mut self) {
        if let Some(line) = self.lines.pop_front() {
            self.send(&shell::typed_line(&line));
        }
    }

    /// Gives up what was typed and not asked for.
    pub(super) fn forget_lines(&mut self) {
        self.lines.clear();
    }
}
