//! Questions that a command asks, and the answers a step has for them.

use std::time::{Duration, Instant};

use regex::bytes::Regex;

use super::condition::regex;
use super::mask::Mask;
use super::terminal::Terminal;
use crate::outcome::Failure;
use crate::tutorial::{Answer, DialogLine};

/// The questions that are still to come.
pub(super) struct Dialog<'a> {
    lines: Vec<(&'a DialogLine, Regex)>,
    /// The first that was not asked.
    next: usize,
    /// Newlines that had come when the last answer was given.
    answered: Option<usize>,
    /// Since when a question stands there without an answer.
    asked_since: Option<Instant>,
}

/// For a program to come from its question to reading the answer. One that never sleeps is answered all the same.
const PATIENCE: Duration = Duration::from_millis(200);
const LOOK_AGAIN: Duration = Duration::from_millis(1);

impl<'a> Dialog<'a> {
    /// Of a command that was just typed.
    pub(super) fn begin(lines: &'a [DialogLine], terminal: &mut Terminal) -> Result<Self, Failure> {
        let lines = lines
            .iter()
            .map(|line| Ok((line, regex(&line.expect)?)))
            .collect::<Result<Vec<_>, Failure>>()?;
        if !lines.is_empty() {
            terminal.start_watch(false);
        }
        Ok(Self {
            lines,
            next: 0,
            answered: None,
            asked_since: None,
        })
    }

    /// Answers what has been asked since the last answer, once the program waits for it: many ask first and turn the
    /// echo off then (`openssl`). A person is slower than that; we would see our password on the screen.
    pub(super) fn answer(&mut self, terminal: &mut Terminal, mask: &Mask) -> Result<(), Failure> {
        while let Some(asked) = self.asked(terminal) {
            let since = *self.asked_since.get_or_insert_with(Instant::now);
            if !terminal.is_waited_at() && since.elapsed() < PATIENCE {
                return Ok(());
            }
            self.asked_since = None;
            let answer = match &self.lines[asked].0.send {
                Answer::Text(text) => text.clone(),
                Answer::Secret(name) => mask
                    .secret(name)
                    .map(str::to_owned)
                    .ok_or_else(|| Failure::Interrupted(format!("the secret {name} is not set")))?,
            };
            self.next = asked + 1;
            self.answered = Some(terminal.newlines);
            terminal.start_fresh_watch();
            terminal.send(answer.as_bytes());
            terminal.send(b"\r");
        }
        Ok(())
    }

    /// Whether nothing shows yet that the last answer was read: its line, or that of its question, has not ended.
    pub(super) fn is_unheard(&self, terminal: &Terminal) -> bool {
        self.answered == Some(terminal.newlines)
    }

    /// When to look again, at the latest: at `due`, or soon while a question stands there.
    pub(super) fn look_again(&self, due: Instant) -> Instant {
        match self.asked_since {
            Some(_) => due.min(Instant::now() + LOOK_AGAIN),
            None => due,
        }
    }

    /// The question that must come before the command can end.
    pub(super) fn unasked(&self) -> Option<String> {
        self.lines[self.next..]
            .iter()
            .find(|(line, _)| !line.optional)
            .map(|(line, _)| format!("the question /{}/", line.expect))
    }

    /// The first question in turn that shows; optional ones may be passed over.
    fn asked(&self, terminal: &mut Terminal) -> Option<usize> {
        let watch = terminal.watch.as_mut()?;
        for (index, (line, regex)) in self.lines.iter().enumerate().skip(self.next) {
            watch.search_again();
            if watch.matches(regex) {
                return Some(index);
            }
            if !line.optional {
                break;
            }
        }
        None
    }
}
