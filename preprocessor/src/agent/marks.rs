//! The nonce markers by which a shell says what it does.
//!
//! A marker is an OSC sequence, so a terminal that does not know it shows nothing:
//! `ESC ] 7717 ; NONCE ; SHELL ; KIND [; STATUS] BEL`. Each shell of a terminal, nested ones too, has a number of its
//! own, so the prompt of an outer shell says that the inner ones have ended. How shells come to print them is
//! `shell.rs`.

use memchr::memmem::Finder;

/// What a shell said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A command was read and starts now.
    Start,
    /// The next line of an unfinished command is wanted.
    More,
    /// The next command is wanted; the exit status of the last.
    Prompt(Option<i32>),
}

/// A marker in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marker {
    /// Which shell said it.
    pub(super) shell: u32,
    /// Whether that shell says when a command starts (bash), or only when it wants one (dash, ash).
    pub(super) says_start: bool,
    /// What it said.
    pub(super) mark: Mark,
}

/// What comes next in a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// So many bytes of output.
    Output(usize),
    /// A marker of so many bytes.
    Marker(usize, Marker),
    /// The rest may be the beginning of a marker: more is needed.
    Partial,
}

/// ESC ] 7717 ; + nonce + ; and then the shell's number, a letter and a status.
const LONGEST: usize = 80;

/// Finds one terminal's markers.
pub(super) struct Markers {
    prefix: Finder<'static>,
}

impl Markers {
    /// For a terminal with this nonce.
    pub(super) fn new(nonce: &str) -> Self {
        let prefix = format!("\x1b]7717;{nonce};");
        Self {
            prefix: Finder::new(&prefix).into_owned(),
        }
    }

    /// What `data`, which is not empty, begins with.
    pub(super) fn next(&self, data: &[u8]) -> Next {
        let prefix = self.prefix.needle();
        match self.prefix.find(data) {
            Some(0) => {
                let body = &data[prefix.len()..data.len().min(LONGEST)];
                let Some(end) = memchr::memchr(0x07, body) else {
                    return if data.len() < LONGEST {
                        Next::Partial
                    } else {
                        Next::Output(1)
                    };
                };
                match parse(&body[..end]) {
                    Some(marker) => Next::Marker(prefix.len() + end + 1, marker),
                    None => Next::Output(1),
                }
            }
            Some(at) => Next::Output(at),
            None => {
                let from = data.len().saturating_sub(prefix.len());
                let begun = memchr::memchr_iter(0x1b, &data[from..])
                    .map(|at| from + at)
                    .find(|&at| prefix.starts_with(&data[at..]));
                match begun {
                    Some(0) => Next::Partial,
                    Some(at) => Next::Output(at),
                    None => Next::Output(data.len()),
                }
            }
        }
    }
}

/// `SHELL;KIND` or `SHELL;KIND;STATUS`.
fn parse(body: &[u8]) -> Option<Marker> {
    let mut parts = std::str::from_utf8(body).ok()?.split(';');
    let shell = parts.next()?.parse().ok()?;
    let kind = parts.next()?;
    let status = parts.next();
    let mark = match (kind, status) {
        ("S", None) => Mark::Start,
        ("M" | "m", None) => Mark::More,
        ("P" | "p", Some(status)) => Mark::Prompt(Some(status.parse().ok()?)),
        _ => return None,
    };
    Some(Marker {
        shell,
        says_start: kind.starts_with(|letter: char| letter.is_ascii_uppercase()),
        mark,
    })
}

#[cfg(test)]
mod tests {
    use super::{Mark, Marker, Markers, Next};

    #[test]
    fn a_marker_split_at_every_byte_is_found() {
        let markers = Markers::new("abc");
        let whole = b"\x1b]7717;abc;1;P;130\x07";
        for at in 1..whole.len() {
            assert_eq!(markers.next(&whole[..at]), Next::Partial, "{at}");
        }
        let marker = Marker {
            shell: 1,
            says_start: true,
            mark: Mark::Prompt(Some(130)),
        };
        assert_eq!(markers.next(whole), Next::Marker(whole.len(), marker));
    }

    #[test]
    fn what_only_looks_like_a_marker_is_output() {
        let markers = Markers::new("abc");
        assert_eq!(markers.next(b"\x1b]7717;xyz;1;P;0\x07"), Next::Output(17));
        // dash's `set` shows PS1 with its `$?` as it stands.
        assert_eq!(markers.next(b"\x1b]7717;abc;1;p;$?\x07"), Next::Output(1));
        assert_eq!(markers.next(b"ab\x1b"), Next::Output(2));
    }
}
