//! Shells in shells, and programs with prompts of their own: what takes the commands, the innermost last.

use std::time::{Duration, Instant};

use super::{Doing, Kind, Level, Terminal};
use crate::agent::arrival::Arrival;
use crate::agent::{process, shell};
use crate::outcome::Line;

impl Terminal {
    /// What takes commands now, the innermost last.
    pub(in crate::agent) fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// Changes when a shell asks for a command: how deep it is, and how often one has asked.
    pub(in crate::agent) fn place(&self) -> (usize, usize) {
        (self.levels.len(), self.prompts)
    }

    /// Expects a new shell to be entered, and types the integration into it. What was typed and came out is the
    /// output of the command that opened it, but for the unfinished last line: the new shell's prompt.
    pub(in crate::agent) fn enter(&mut self) {
        self.shells += 1;
        self.entering.get_or_insert(self.shells);
        self.recording = false;
        let line = shell::integration(&self.nonce, self.shells, true);
        let arrival = || Arrival::new(self.size, &self.screen.last_line());
        self.arrival.get_or_insert_with(arrival).typed(&line);
        self.send(line.as_bytes());
    }

    /// What the shell that was entered has shown only after it was typed to: more output of the command.
    pub(in crate::agent) fn take_late_lines(&mut self) -> Vec<Line> {
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

    /// Whether the command that was typed last has opened a shell, and that one has answered.
    pub(in crate::agent) fn has_entered(&self) -> bool {
        self.entered
    }

    /// The levels from this one on have ended.
    pub(super) fn leave_levels(&mut self, from: usize) {
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

    /// When to look whether a prompt stands that is not ours, or none where nobody sees it: the command took our prompts
    /// away. If it is over already, one does. A program that asks a question has a process group of its own.
    pub(in crate::agent) fn strange_prompt_at(&self, now: Instant) -> Option<Instant> {
        const STANDS: Duration = Duration::from_millis(300);
        let may_stand = self.may_lose_marks
            && !self.renewing
            && matches!(self.doing, Doing::Typed | Doing::Running)
            && self.lines.is_empty();
        let due = self.last_output.max(self.started) + STANDS;
        if !may_stand || due > now {
            return may_stand.then_some(due);
        }
        let stands = self.pty.foreground() == self.shell_group
            && (!self.last_line().trim().is_empty() || self.is_silenced());
        Some(if stands { due } else { now + STANDS })
    }

    /// Whether the shell waits for a command, and its prompts go where its standard error does: not to the terminal.
    fn is_silenced(&self) -> bool {
        self.shell_group
            .is_some_and(process::reads_and_hides_errors)
    }

    /// Types the integration again into the shell that has lost it. Its next prompt ends the command, with a status that
    /// nobody knows.
    pub(in crate::agent) fn renew(&mut self) {
        self.shells += 1;
        if let Some(level) = self.levels.last_mut() {
            level.newest = self.shells;
        }
        self.renewing = true;
        self.recording = false;
        let line = match self.is_silenced() {
            true => shell::integration_aside(&self.nonce, self.shells),
            false => shell::integration(&self.nonce, self.shells, true),
        };
        self.send(line.as_bytes());
    }

    /// Whether the command's output ends with the prompt that it set itself; asked once.
    pub(in crate::agent) fn take_renewed(&mut self) -> bool {
        std::mem::take(&mut self.renewing)
    }

    /// A program with prompts of its own takes the commands from now on.
    pub(in crate::agent) fn enter_repl(&mut self, prompt: regex::Regex) {
        self.levels.push(Level {
            shell: 0,
            newest: 0,
            echo: true,
            kind: Kind::Repl(prompt),
        });
        self.doing = Doing::Idle;
    }

    /// Notes that the REPL wants the next command.
    pub(in crate::agent) fn repl_ready(&mut self, now: Instant) {
        self.doing = Doing::Idle;
        self.recording = false;
        self.ended = Some(now);
    }

    /// Since when a program without a prompt (an empty one) counts as waiting: nothing else tells that it does.
    pub(in crate::agent) fn silent_until(&self, prompt: &regex::Regex) -> Instant {
        const SILENCE: Duration = Duration::from_millis(200);
        match prompt.is_match("") {
            true => self.last_output.max(self.started) + SILENCE,
            false => self.started,
        }
    }

    /// Whether a program shows its own prompt again, in a step that types no command.
    pub(in crate::agent) fn shows_prompt_meanwhile(&self) -> bool {
        let Some(Kind::Repl(prompt)) = self.levels.last().map(|level| &level.kind) else {
            return false;
        };
        let Some(Some(came)) = &self.meanwhile else {
            return false;
        };
        let last_line = came.last_line();
        came.has_new_line() && !last_line.is_empty() && prompt.is_match(&last_line)
    }

    pub(super) fn is_repl(&self) -> bool {
        matches!(
            self.levels.last().map(|level| &level.kind),
            Some(Kind::Repl(_))
        )
    }

    pub(super) fn is_bash(&self) -> bool {
        matches!(
            self.levels.last().map(|level| &level.kind),
            Some(Kind::Bash)
        )
    }
}
