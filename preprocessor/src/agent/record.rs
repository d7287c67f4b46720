//! The output of one command as it came: bounded, stamped, and shown on a screen.
//!
//! Head and tail are kept, `keep` bytes together: the head shows what ran, the tail how it ended. The middle of `yes`
//! shows nothing, and is only scanned for what changes the terminal's state.

use std::collections::VecDeque;

use super::screen::Screen;
use crate::outcome::{Omitted, Output};

/// Less than this is no output to look at.
const LEAST: usize = 512;
/// Reads that are nearer to each other than this are one chunk.
const SAME_CHUNK: u64 = 1000;

/// See the module.
pub(super) struct Record {
    /// Bytes of head, and bytes of tail.
    half: usize,
    head: Vec<u8>,
    /// Up to twice what is kept in the end, so that bytes are moved rarely.
    tail: Vec<u8>,
    /// Bytes between head and tail that are gone.
    omitted: u64,
    /// When chunks began: microseconds, and the offset in the whole stream.
    stamps: VecDeque<(u64, u64)>,
}

impl Record {
    /// An empty one that keeps so many bytes.
    pub(super) fn new(keep: usize) -> Self {
        Self {
            half: keep.max(LEAST) / 2,
            head: Vec::new(),
            tail: Vec::new(),
            omitted: 0,
            stamps: VecDeque::new(),
        }
    }

    /// Adds what came at `now`, and shows it while it is in the head.
    pub(super) fn push(&mut self, now: u64, bytes: &[u8], screen: &mut Screen) {
        self.stamp(now);
        let room = self.half - self.head.len();
        let in_head = if !self.tail.is_empty() || self.omitted > 0 {
            0
        } else if bytes.len() <= room {
            bytes.len()
        } else {
            // Cut behind a line, if there is one.
            memchr::memrchr(b'\n', &bytes[..room]).map_or(room, |at| at + 1)
        };
        let (head, tail) = bytes.split_at(in_head);
        if !head.is_empty() {
            self.head.extend_from_slice(head);
            screen.feed(head);
        }
        if !tail.is_empty() {
            self.tail.extend_from_slice(tail);
            if self.tail.len() > 2 * self.half {
                self.omit(self.tail.len() - self.half, screen);
            }
        }
    }

    /// Forgets all: the start was a false one.
    pub(super) fn restart(&mut self) {
        *self = Self::new(self.half * 2);
    }

    /// Whether anything came.
    pub(super) fn is_begun(&self) -> bool {
        !self.head.is_empty()
    }

    /// What is kept, with nothing in place of what is not.
    pub(super) fn kept(&self) -> [&[u8]; 2] {
        [&self.head, &self.tail]
    }

    /// The output when it is over.
    pub(super) fn finish(&mut self, screen: &mut Screen) -> Output {
        let gap = self.show_tail(screen);
        let (lines, no_newline) = screen.take_lines();
        output(lines, no_newline, gap, self.omitted, screen.lost())
    }

    /// The output so far; more can come.
    pub(super) fn so_far(&self, screen: &Screen, size: (u16, u16)) -> Output {
        if self.tail.is_empty() {
            let (lines, no_newline) = screen.lines();
            return output(lines, no_newline, None, 0, false);
        }
        let mut copy = Self {
            half: self.half,
            head: Vec::new(),
            tail: self.tail.clone(),
            omitted: self.omitted,
            stamps: VecDeque::new(),
        };
        let mut screen = Screen::new(size);
        screen.feed(&self.head);
        copy.finish(&mut screen)
    }

    /// The raw stream that was kept.
    pub(super) fn chunks(&self) -> Vec<(u64, String)> {
        let tail_at = self.head.len() as u64 + self.omitted;
        let kept = |at: u64| match at.checked_sub(tail_at) {
            Some(in_tail) => self.head.len() + in_tail as usize,
            None => (at as usize).min(self.head.len()),
        };
        let whole;
        let stream: &[u8] = if self.tail.is_empty() {
            &self.head
        } else {
            whole = [self.head.as_slice(), &self.tail].concat();
            &whole
        };
        let mut chunks = Vec::new();
        for (index, &(time, at)) in self.stamps.iter().enumerate() {
            let from = character_start(stream, kept(at));
            let to = self
                .stamps
                .get(index + 1)
                .map_or(stream.len(), |&(_, next)| {
                    character_start(stream, kept(next))
                });
            if from < to {
                let text = String::from_utf8_lossy(&stream[from..to]).into_owned();
                chunks.push((time, text));
            }
        }
        chunks
    }

    fn stamp(&mut self, now: u64) {
        let at = (self.head.len() + self.tail.len()) as u64 + self.omitted;
        if self
            .stamps
            .back()
            .is_none_or(|&(last, _)| now.saturating_sub(last) >= SAME_CHUNK)
        {
            self.stamps.push_back((now, at));
        }
    }

    /// Drops the first `count` bytes of the tail.
    fn omit(&mut self, count: usize, screen: &mut Screen) {
        screen.skip(&self.tail[..count]);
        self.tail.drain(..count);
        self.omitted += count as u64;
        // Stamps of what is gone go too, but for the last of them: what is left of its chunk keeps its time.
        let (head, tail_at) = (
            self.head.len() as u64,
            self.head.len() as u64 + self.omitted,
        );
        let first = self.stamps.partition_point(|&(_, at)| at < head);
        while self
            .stamps
            .get(first + 1)
            .is_some_and(|&(_, at)| at <= tail_at)
        {
            self.stamps.remove(first);
        }
    }

    /// Shows the tail; gives the index of its first line if something is missing before it.
    fn show_tail(&mut self, screen: &mut Screen) -> Option<usize> {
        if self.tail.is_empty() {
            return None;
        }
        let kept = self.head.len() + self.tail.len();
        if kept > 2 * self.half {
            self.omit(kept - 2 * self.half, screen);
        }
        let mut gap = None;
        if self.omitted > 0 {
            // A tail that begins within a line begins with half a line.
            const LONGEST_REST: usize = 4096;
            let window = &self.tail[..self.tail.len().min(LONGEST_REST)];
            if let Some(end) = memchr::memchr(b'\n', window) {
                self.omit(end + 1, screen);
            }
            screen.end_skip();
            gap = Some(screen.lines().0.len());
        }
        screen.feed(&self.tail);
        gap
    }
}

fn output(
    lines: Vec<crate::outcome::Line>,
    no_newline: bool,
    gap: Option<usize>,
    bytes: u64,
    not_reconstructed: bool,
) -> Output {
    Output {
        omitted: gap.map(|before_line| Omitted {
            before_line: before_line.min(lines.len()),
            bytes,
            not_reconstructed,
        }),
        lines,
        no_newline,
    }
}

/// The start of the character that the byte at `at` belongs to.
fn character_start(bytes: &[u8], at: usize) -> usize {
    (at.saturating_sub(3)..=at.min(bytes.len()))
        .rev()
        .find(|&at| bytes.get(at).is_none_or(|byte| byte & 0xc0 != 0x80))
        .unwrap_or(at)
}
