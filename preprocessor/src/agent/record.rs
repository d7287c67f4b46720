//! The output of one command as it came: bounded, stamped, and shown on a screen.
//!
//! Head and tail are kept, `keep` bytes together: the head shows what ran, the tail how it ended. The middle of `yes`
//! shows nothing, and is only scanned for what changes the terminal's state. Where head and tail are cut depends on the
//! stream alone, not on the reads it came in: else every run of a flood would show other lines.

use std::collections::VecDeque;

use super::screen::Screen;
use crate::outcome::{Omitted, Output};

/// Less than this is no output to look at.
const LEAST: usize = 512;
/// A head ends, and a tail begins, with a whole line unless lines are longer than this.
const LONGEST_LINE: usize = 4096;
/// So much more than a tail is kept before the surplus is dropped, so that dropping is rare.
const SURPLUS: usize = 32 << 10;
/// Reads that are nearer to each other than this are one chunk.
const SAME_CHUNK: u64 = 1000;

/// See the module.
pub(super) struct Record {
    /// Bytes of head, and bytes of tail.
    half: usize,
    head: Vec<u8>,
    /// All that comes belongs to the tail.
    head_is_full: bool,
    tail: VecDeque<u8>,
    /// Bytes between head and tail that are gone.
    omitted: u64,
    /// When chunks began: microseconds, and the offset in the whole stream.
    stamps: VecDeque<(u64, u64)>,
    /// Nothing more will come.
    is_over: bool,
}

impl Record {
    /// An empty one that keeps so many bytes.
    pub(super) fn new(keep: usize) -> Self {
        Self {
            half: keep.max(LEAST) / 2,
            head: Vec::new(),
            head_is_full: false,
            tail: VecDeque::new(),
            omitted: 0,
            stamps: VecDeque::new(),
            is_over: false,
        }
    }

    /// Adds what came at `now`, and shows it while it is in the head.
    pub(super) fn push(&mut self, now: u64, bytes: &[u8], screen: &mut Screen) {
        self.stamp(now);
        let (head, tail) = bytes.split_at(self.part_of_head(bytes));
        if !head.is_empty() {
            self.head.extend_from_slice(head);
            screen.feed(head);
        }
        if !tail.is_empty() {
            if self.tail.capacity() == 0 {
                self.tail.reserve_exact(self.half + SURPLUS + (64 << 10));
            }
            self.tail.extend(tail);
            if self.tail.len() > self.half + SURPLUS {
                self.omit(self.tail.len() - self.half, screen);
            }
        }
    }

    /// How much of what came belongs to the head, which goes on to the end of the line that makes it full.
    fn part_of_head(&mut self, bytes: &[u8]) -> usize {
        let room = self.half.saturating_sub(self.head.len());
        if self.head_is_full {
            return 0;
        } else if bytes.len() <= room {
            return bytes.len();
        }
        let most = self.half + LONGEST_LINE - self.head.len();
        let window = &bytes[room..bytes.len().min(most)];
        let end = memchr::memchr(b'\n', window);
        self.head_is_full = end.is_some() || bytes.len() >= most;
        room + end.map_or(window.len(), |at| at + 1)
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
    pub(super) fn kept(&self) -> [&[u8]; 3] {
        let (front, back) = self.tail.as_slices();
        [&self.head, front, back]
    }

    /// The output when it is over.
    pub(super) fn finish(&mut self, screen: &mut Screen) -> Output {
        self.is_over = true;
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
        let mut copy = Self::new(self.half * 2);
        copy.tail.clone_from(&self.tail);
        copy.omitted = self.omitted;
        let mut screen = Screen::new(size);
        screen.feed(&self.head);
        copy.finish(&mut screen)
    }

    /// The raw stream that was kept; of a command that is over it can be had once.
    pub(super) fn take_chunks(&mut self) -> Vec<(u64, String)> {
        let mut offsets: Vec<usize> = (self.stamps.iter())
            .map(|&(_, at)| self.character_start(self.offset(at)))
            .collect();
        offsets.push(self.head.len() + self.tail.len());
        let mut chunks = Vec::new();
        for (&(time, _), range) in self.stamps.iter().zip(offsets.windows(2)) {
            if range[0] < range[1] {
                chunks.push((time, self.text(range[0], range[1])));
            }
        }
        if self.is_over {
            // They may be as large as all that the chunks hold.
            (self.head, self.tail) = (Vec::new(), VecDeque::new());
            self.stamps.clear();
        }
        chunks
    }

    /// Where in what is kept a byte of the stream is, or would be.
    fn offset(&self, at: u64) -> usize {
        match at.checked_sub(self.head.len() as u64 + self.omitted) {
            Some(in_tail) => self.head.len() + in_tail as usize,
            None => (at as usize).min(self.head.len()),
        }
    }

    /// A stretch of what is kept.
    fn text(&self, from: usize, to: usize) -> String {
        let mut bytes = Vec::with_capacity(to - from);
        let mut start = 0;
        for part in self.kept() {
            let within = |at: usize| at.saturating_sub(start).min(part.len());
            bytes.extend_from_slice(&part[within(from)..within(to)]);
            start += part.len();
        }
        String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// The start of the character that the byte at `at` belongs to.
    fn character_start(&self, at: usize) -> usize {
        let length = self.head.len();
        let byte = |at: usize| match at < length {
            true => self.head.get(at),
            false => self.tail.get(at - length),
        };
        let starts = |at: &usize| byte(*at).is_none_or(|byte| byte & 0xc0 != 0x80);
        let candidates = at.saturating_sub(3)..=at.min(length + self.tail.len());
        candidates.rev().find(starts).unwrap_or(at)
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
        let (front, back) = self.tail.as_slices();
        let in_front = count.min(front.len());
        screen.skip(&front[..in_front]);
        screen.skip(&back[..count - in_front]);
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
            let mut window = self.tail.iter().take(LONGEST_LINE);
            if let Some(end) = window.position(|&byte| byte == b'\n') {
                self.omit(end + 1, screen);
            }
            screen.end_skip();
            gap = Some(screen.line_count());
        }
        let (front, back) = self.tail.as_slices();
        screen.feed(front);
        screen.feed(back);
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

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::Record;
    use crate::agent::screen::Screen;

    #[test]
    fn a_flood_is_cut_at_the_same_lines_whatever_the_reads() {
        let mut stream = String::new();
        for line in 0..20_000 {
            let _ = write!(stream, "{line} ö\r\n");
        }
        let played = |read: usize| {
            let (mut record, mut screen) = (Record::new(16 << 10), Screen::new((80, 24)));
            for (now, bytes) in stream.as_bytes().chunks(read).enumerate() {
                record.push(2000 * now as u64, bytes, &mut screen);
            }
            let output = record.finish(&mut screen);
            let chunks = record.take_chunks();
            let text: String = chunks.iter().map(|(_, text)| text.as_str()).collect();
            (output, text)
        };
        let whole = played(stream.len());
        let gap = whole.0.omitted.clone().unwrap();
        assert_eq!(whole.1.len() as u64 + gap.bytes, stream.len() as u64);
        assert!(!whole.1.contains(char::REPLACEMENT_CHARACTER));
        let lines = &whole.0.lines;
        assert_eq!(
            (lines[0].text.as_str(), lines.last().unwrap().text.as_str()),
            ("0 ö", "19999 ö")
        );
        for read in [1, 7, 100, 4095, 4096, 65_536] {
            assert!(played(read) == whole, "reads of {read}");
        }
    }
}
