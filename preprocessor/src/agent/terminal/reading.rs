//! What comes out of a terminal: bytes and markers, and what they change.

use std::io;
use std::time::Instant;

use super::{Doing, Kind, Level, Terminal};
use crate::agent::aside::Aside;
use crate::agent::marks::{Mark, Marker, Next};

impl Terminal {
    /// Nobody holds the other side any more.
    pub(in crate::agent) fn hang_up(&mut self) {
        self.hung_up = true;
    }

    /// The shell has ended.
    pub(in crate::agent) fn gone(&mut self, exit: Option<i32>, now: Instant) {
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
    pub(in crate::agent) fn fence(&mut self) -> io::Result<()> {
        self.pty.fence()?;
        self.fences += 1;
        Ok(())
    }

    /// Whether a fence has not come out yet.
    pub(in crate::agent) fn is_fenced(&self) -> bool {
        self.fences > 0
    }

    /// Takes what came: `micros` since the run began.
    pub(in crate::agent) fn receive(&mut self, bytes: &[u8], now: Instant, micros: u64) {
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
            if matches!(marker.mark, Mark::Prompt(_)) {
                self.has_come_to(marker, now);
            }
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
                // One of ours before the command is no sign of it: a ^C would hit ours.
                if self.recording {
                    self.doing = Doing::Running;
                }
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

    /// The first prompt of a shell that was being entered.
    fn has_come_to(&mut self, marker: Marker, now: Instant) {
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
}
