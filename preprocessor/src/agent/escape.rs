//! Bytes of a terminal → text and escape sequences, whatever the reads they come in.
//!
//! It knows where a sequence begins and ends, and little of what it means: that is the emulator's (`screen.rs`). It
//! exists because three of us need to know without an emulator: what changes state in a part that is not emulated,
//! what asks for an answer, and what a regex should not see.

/// A piece of the stream.
pub(super) enum Token<'a> {
    /// Bytes outside of sequences, control characters included.
    Text(&'a [u8]),
    /// A whole CSI or short sequence, from ESC to its final byte.
    Sequence(&'a [u8]),
}

#[derive(Clone, Copy, Default, PartialEq)]
enum State {
    #[default]
    Ground,
    Escape,
    Csi,
    /// OSC, DCS and the like: a text that ends with BEL or ESC \.
    Words,
    WordsEscape,
}

/// No sequence that means something is longer; what is gets dropped.
const LONGEST: usize = 256;
const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;

/// Where in a sequence the last read ended.
#[derive(Clone, Default)]
pub(super) struct Scanner {
    state: State,
    begun: Vec<u8>,
}

impl Scanner {
    /// Tells `tell` of each piece, with the offset in `data` behind it.
    pub(super) fn scan(&mut self, data: &[u8], mut tell: impl FnMut(usize, Token<'_>)) {
        let mut at = 0;
        while at < data.len() {
            if self.state == State::Ground {
                let end = memchr::memchr(ESC, &data[at..]).map_or(data.len(), |found| at + found);
                if end > at {
                    tell(end, Token::Text(&data[at..end]));
                }
                if end == data.len() {
                    return;
                }
                // Most sequences lie in one read: they are not copied.
                if let Some(length) = whole_csi(&data[end..]) {
                    at = end + length;
                    tell(at, Token::Sequence(&data[end..at]));
                    continue;
                }
                at = end + 1;
                self.state = State::Escape;
                self.begun.clear();
                self.begun.push(ESC);
            } else {
                if self.step(data[at]) {
                    tell(at + 1, Token::Sequence(&self.begun));
                }
                at += 1;
            }
        }
    }

    /// One byte within a sequence; whether one has just become whole.
    fn step(&mut self, byte: u8) -> bool {
        match self.state {
            State::Words => {
                match byte {
                    BEL => self.state = State::Ground,
                    ESC => self.state = State::WordsEscape,
                    _ => {}
                }
                return false;
            }
            State::WordsEscape => {
                self.state = if byte == b'\\' {
                    State::Ground
                } else {
                    State::Words
                };
                return false;
            }
            _ => {}
        }
        if byte == ESC || self.begun.len() >= LONGEST {
            self.begun.clear();
            self.begun.push(ESC);
            self.state = if byte == ESC {
                State::Escape
            } else {
                State::Ground
            };
            return false;
        }
        self.begun.push(byte);
        match (self.state, byte) {
            (State::Escape, b'[') => self.state = State::Csi,
            (State::Escape, b']' | b'P' | b'X' | b'^' | b'_') => self.state = State::Words,
            (State::Escape, b' '..=b'/') => {}
            (State::Csi, 0..=0x3f) => {}
            _ => {
                self.state = State::Ground;
                return true;
            }
        }
        false
    }
}

/// The length of the CSI sequence that `data` begins with, if all of it is there.
fn whole_csi(data: &[u8]) -> Option<usize> {
    if data.get(1) != Some(&b'[') {
        return None;
    }
    let window = &data[2..data.len().min(LONGEST)];
    let end = window
        .iter()
        .position(|byte| !(0x20..=0x3f).contains(byte))?;
    (0x40..=0x7e).contains(&window[end]).then_some(end + 3)
}

/// Text for regular expressions: no sequences, line ends as `\n`.
#[derive(Default)]
pub(super) struct Plain {
    scanner: Scanner,
    carriage_return: bool,
}

impl Plain {
    /// Appends what a person would read of `data`.
    pub(super) fn push(&mut self, data: &[u8], to: &mut Vec<u8>) {
        let held = &mut self.carriage_return;
        self.scanner.scan(data, |_, token| {
            let Token::Text(text) = token else { return };
            for &byte in text {
                if std::mem::take(held) && byte != b'\n' {
                    to.push(b'\n');
                }
                match byte {
                    b'\r' => *held = true,
                    b'\n' | b'\t' => to.push(byte),
                    0..0x20 | 0x7f => {}
                    _ => to.push(byte),
                }
            }
        });
    }
}
