//! Output beside a command's own: while nothing runs, and during a step that types nothing.
//!
//! Bounded like a command's (`record.rs`), and on a screen of its own: the terminal's is the command's.

use super::record::Record;
use super::screen::Screen;
use crate::outcome::Output;

/// Bytes kept: it is what jobs in the background say, and what keys bring about.
const KEEP: usize = 64 << 10;

/// See the module.
pub(super) struct Aside {
    record: Record,
    screen: Screen,
}

impl Aside {
    /// Nothing yet, in a terminal of this size.
    pub(super) fn new(size: (u16, u16)) -> Self {
        Self {
            record: Record::new(KEEP),
            screen: Screen::new(size),
        }
    }

    /// Adds what came at `micros`.
    pub(super) fn push(&mut self, micros: u64, bytes: &[u8]) {
        self.record.push(micros, bytes, &mut self.screen);
    }

    /// What is kept, as it came.
    pub(super) fn kept(&self) -> [&[u8]; 3] {
        self.record.kept()
    }

    /// Whether a line has ended.
    pub(super) fn has_new_line(&self) -> bool {
        self.kept().iter().any(|part| part.contains(&b'\n'))
    }

    /// What stands on the last line.
    pub(super) fn last_line(&self) -> String {
        self.screen.last_line()
    }

    /// As lines.
    pub(super) fn finish(mut self) -> Output {
        self.record.finish(&mut self.screen)
    }
}
