//! What is typed into a terminal: a command line by line, each when it is asked for, and ours before it.

use std::collections::VecDeque;
use std::time::Instant;

use super::{Block, Doing, Kind, Terminal};
use crate::agent::record::Record;
use crate::agent::screen::Screen;
use crate::agent::shell;

impl Terminal {
    /// Types bytes as they are.
    pub(in crate::agent) fn send(&mut self, bytes: &[u8]) {
        self.outgoing.extend_from_slice(bytes);
        self.write();
    }

    /// Hands on what was typed, as far as there is room.
    pub(in crate::agent) fn write(&mut self) {
        let count = self.pty.write(&self.outgoing);
        self.outgoing.drain(..count);
        self.typed = true;
    }

    /// Whether something was typed since this was asked last.
    pub(in crate::agent) fn take_typed(&mut self) -> bool {
        std::mem::take(&mut self.typed)
    }

    /// Types a command and collects its output from now on.
    pub(in crate::agent) fn type_command(
        &mut self,
        text: &str,
        keep: usize,
        echo: bool,
        now: Instant,
    ) {
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
                self.block = match may_stay_open(text) {
                    true => Block::Open,
                    false => Block::None,
                };
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
    pub(super) fn is_seen(&self) -> bool {
        self.levels.last().is_some_and(|level| level.echo)
    }

    /// Types a command of ours, of which nothing is kept or shown.
    pub(in crate::agent) fn type_aside(&mut self, command: &str, now: Instant) {
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

    /// The next line, when the shell asks for it: never ahead, so that a program can't read what is meant for the shell.
    pub(super) fn type_line(&mut self) {
        if let Some(line) = self.lines.pop_front() {
            self.send(&shell::typed_line(&line));
        }
    }

    /// Whether a line has ended since the last line was typed.
    pub(in crate::agent) fn has_new_line(&self) -> bool {
        self.newlines > self.repl_line.1
    }

    /// Whether a program with prompts of its own is still to be given lines of the command, and since when it is silent.
    pub(in crate::agent) fn has_more_for_repl(&self) -> Option<Instant> {
        let more = self.is_repl() && !self.lines.is_empty();
        more.then(|| self.last_output.max(self.repl_line.0))
    }

    /// The next line for a program with prompts of its own.
    pub(in crate::agent) fn type_repl_line(&mut self, now: Instant) {
        if let Some(line) = self.lines.pop_front() {
            self.repl_line = (now, self.newlines);
            self.send(line.as_bytes());
            self.send(b"\r");
        }
    }

    /// Since when a program asks for more behind a block (`...`): Python wants an empty line.
    pub(in crate::agent) fn has_open_block(&self) -> Option<Instant> {
        let line = self.screen.last_line();
        let asks = !line.trim().is_empty() && !line.contains(char::is_alphanumeric);
        let open = self.is_repl() && self.block == Block::Open && self.has_new_line() && asks;
        open.then_some(self.last_output)
    }

    /// Types the empty line.
    pub(in crate::agent) fn end_block(&mut self, now: Instant) {
        self.block = Block::Ended;
        self.lines.push_back(String::new());
        self.type_repl_line(now);
    }

    /// Whether it was typed.
    pub(in crate::agent) fn has_ended_block(&self) -> bool {
        self.block == Block::Ended
    }

    /// Gives up what was typed and not asked for.
    pub(in crate::agent) fn forget_lines(&mut self) {
        self.lines.clear();
    }
}

/// Whether an empty line may have to end a command: its last line is indented, or a block in one line
/// (`for i in x: print(i)`). Not after any other: gdb takes an empty line for the last command once more.
fn may_stay_open(text: &str) -> bool {
    let (above, last) = text.rsplit_once('\n').unwrap_or(("", text));
    let word = last.split(|c: char| !c.is_ascii_alphanumeric()).next();
    let opens = [
        "async", "class", "def", "elif", "else", "except", "finally", "for", "if", "try", "while",
        "with",
    ];
    let in_one_line = last.contains(':') && word.is_some_and(|word| opens.contains(&word));
    in_one_line || (!above.is_empty() && last.starts_with([' ', '\t']))
}
