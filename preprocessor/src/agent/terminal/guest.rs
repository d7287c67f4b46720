//! A person in a terminal of the tutorial: what they see of it, and what of them stays.
//!
//! In: bytes that they type. Out: bytes that they see: what comes out, without our markers, and with a prompt where a
//! shell says that it wants a command, since its own prompt is a marker and nothing else. Nothing of it gets into a
//! record. Not here: who carries the bytes (`join.rs`).

use super::{Aside, Doing, Kind, Mark, Screen, Terminal};
use crate::agent::run::is_prompt;

/// Lines shown to somebody who comes in, so that they see where they are.
const LOOK_BACK: usize = 10;
/// A terminal's line editing forgets an unfinished line on it (VKILL).
const FORGET_LINE: u8 = 0x15;

/// See the module.
pub(super) struct Guest {
    /// What they have to see yet.
    shown: Vec<u8>,
    /// Shown when a shell wants a command.
    prompt: String,
    /// What they have typed has no end yet.
    unfinished: bool,
    /// Whether what is typed was echoed.
    echo: bool,
    /// The screen as it was.
    screen: Screen,
    /// Whether the running command's output was being recorded, and still is when they leave before its end.
    recording: bool,
}

impl Terminal {
    /// Somebody comes in, with a window of this size.
    pub(in crate::agent) fn welcome(&mut self, (columns, rows): (u16, u16), prompt: &str) {
        let mut shown = self.look_back();
        self.lines.clear();
        self.hidden = 0;
        self.watch = None;
        let mut screen = Screen::new(self.size);
        screen.feed(self.screen.last_line().as_bytes());
        let idle = self.doing == Doing::Idle && !self.is_repl();
        if idle {
            let kept = self.idle.as_ref().map(Aside::kept).unwrap_or_default();
            shown.extend(kept.concat());
            shown.extend_from_slice(prompt.as_bytes());
        }
        self.guest = Some(Guest {
            shown,
            prompt: prompt.to_owned(),
            unfinished: false,
            echo: self.pty.is_echoing(),
            screen: std::mem::replace(&mut self.screen, screen),
            recording: self.recording,
        });
        self.let_them_see();
        // A program that draws is told to draw again even where its window has the size that it had.
        self.pty.resize(columns, rows.saturating_sub(1).max(1));
        self.pty.resize(columns, rows);
    }

    /// What they typed.
    pub(in crate::agent) fn guest_types(&mut self, bytes: &[u8]) {
        let Some(guest) = &mut self.guest else { return };
        let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        if let Some(last) = bytes.last() {
            guest.unfinished = !is_end(last);
        }
        if self.doing == Doing::Idle && bytes.iter().any(is_end) {
            self.unfinished = false;
            self.doing = match self.is_repl() {
                true => Doing::Running,
                false => Doing::Typed,
            };
        }
        self.send(bytes);
    }

    /// What they have to see now.
    pub(in crate::agent) fn take_shown(&mut self) -> Vec<u8> {
        let shown = self.guest.as_mut().map(|guest| &mut guest.shown);
        shown.map(std::mem::take).unwrap_or_default()
    }

    /// Whether more was typed than the terminal takes now.
    pub(in crate::agent) fn is_full(&self) -> bool {
        const MOST: usize = 64 << 10;
        self.outgoing.len() > MOST
    }

    /// Notes that a REPL shows its prompt again: nothing else says so.
    pub(in crate::agent) fn look_for_repl_prompt(&mut self) {
        let Some(Kind::Repl(prompt)) = self.levels.last().map(|level| &level.kind) else {
            return;
        };
        if self.doing == Doing::Running && is_prompt(prompt, &self.screen.last_line()) {
            self.doing = Doing::Idle;
        }
    }

    /// They leave: the terminal is the tutorial's again.
    pub(in crate::agent) fn farewell(&mut self) {
        let Some(guest) = self.guest.take() else {
            return;
        };
        // Half a line of theirs must not become the beginning of the next command.
        if guest.unfinished && self.doing == Doing::Idle {
            self.send(&[FORGET_LINE]);
        }
        if !self.is_repl() {
            self.screen = guest.screen;
        }
        self.idle = None;
        self.recording = guest.recording;
        if self.pty.is_canonical() {
            self.pty.set_echo(guest.echo);
        }
        self.pty.resize(self.size.0, self.size.1);
    }

    /// Takes what came while somebody is here. Gives whether somebody is.
    pub(super) fn show_guest(&mut self, bytes: &[u8]) -> bool {
        let Some(guest) = &mut self.guest else {
            return false;
        };
        guest.shown.extend_from_slice(bytes);
        self.screen.feed(bytes);
        true
    }

    /// A shell has said something, which nobody but us sees.
    pub(super) fn tell_guest(&mut self, mark: Mark) {
        let Some(guest) = &mut self.guest else { return };
        match mark {
            Mark::Start => return,
            Mark::More => guest.shown.extend_from_slice(b"> "),
            Mark::Prompt(_) => {
                guest.shown.extend_from_slice(guest.prompt.as_bytes());
                guest.recording = false;
            }
        }
        self.let_them_see();
    }

    /// Echo, where the terminal collects lines; a program that takes each key shows it itself. Again at each prompt: a
    /// shell puts the modes back that it knows after a command that was killed.
    fn let_them_see(&self) {
        // Who asks with the echo off, where we had it on, asks for a password.
        let hides = self.is_seen() && self.doing == Doing::Running;
        if self.pty.is_canonical() && !hides {
            self.pty.set_echo(true);
        }
    }

    /// Whether a nested shell has a terminal of its own, elsewhere (ssh): ours hands on each key to it.
    pub(in crate::agent) fn is_elsewhere(&self) -> bool {
        let nested = self.levels.len() > 1 && !self.is_repl();
        nested && self.doing == Doing::Idle && !self.pty.is_canonical()
    }

    /// The end of what stands on the screen, for somebody who has not seen it.
    fn look_back(&self) -> Vec<u8> {
        // Before the first command there is nothing but the prompt that the shell had before it got ours.
        if self.doing == Doing::Idle && self.levels.len() == 1 && self.last_status.is_none() {
            return Vec::new();
        }
        let (lines, unfinished) = match self.screen.drawn() {
            Some(lines) => (lines, false),
            None => self.screen.lines(),
        };
        let from = lines.len().saturating_sub(LOOK_BACK);
        let texts: Vec<&str> = lines[from..]
            .iter()
            .map(|line| line.text.as_str())
            .collect();
        let mut shown = texts.join("\r\n");
        let at_repl = self.is_repl() && self.doing == Doing::Idle;
        if at_repl || unfinished && self.doing != Doing::Idle {
            // The cursor stands behind it, and blanks before it count.
            shown.truncate(shown.len() - texts.last().map_or(0, |last| last.len()));
            shown.push_str(&self.screen.last_line());
        } else if !texts.is_empty() {
            shown.push_str("\r\n");
        }
        shown.into_bytes()
    }
}
