//! What a terminal shows while a nested shell comes up, after the integration was typed into it.
//!
//! In: the bytes from then until the shell's first marker. Out: the lines that are none of our doing. A shell that takes
//! its time (a login over a slow line, a busy machine) is typed to before it is there, and its greeting comes after
//! that. Not here: when something is typed (`nested.rs`), and what (`shell.rs`).

use super::screen::Screen;
use crate::outcome::Line;

/// Bytes that are looked at: no greeting is longer.
const KEEP: usize = 64 << 10;

/// See the module.
pub(super) struct Arrival {
    screen: Screen,
    room: usize,
    /// What was typed, each time.
    typed: Vec<String>,
    /// When the last of it came, in microseconds since the run began.
    pub(super) last: u64,
}

impl Arrival {
    /// On a terminal of this size, with the cursor behind `last_line`.
    pub(super) fn new(size: (u16, u16), last_line: &str) -> Self {
        let mut screen = Screen::new(size);
        screen.feed(last_line.as_bytes());
        Self {
            screen,
            room: KEEP,
            typed: Vec::new(),
            last: 0,
        }
    }

    /// Notes what was typed.
    pub(super) fn typed(&mut self, text: &str) {
        self.typed.push(without_blanks(text));
    }

    /// Takes what came.
    pub(super) fn push(&mut self, micros: u64, bytes: &[u8]) {
        self.last = micros;
        let count = bytes.len().min(self.room);
        self.room -= count;
        self.screen.feed(&bytes[..count]);
    }

    /// The lines that are neither an echo of what was typed nor the prompt that it was typed behind. bash ends that
    /// prompt's line even where nothing is echoed.
    pub(super) fn lines(mut self, is_bash: bool) -> Vec<Line> {
        let (mut lines, unfinished) = self.screen.take_lines();
        let echoed_last = self.echo_at_end_of(&lines).is_some();
        if unfinished || (is_bash && !echoed_last) {
            lines.pop();
        }
        let mut kept = Vec::new();
        for line in lines {
            kept.push(line);
            if let Some(from) = self.echo_at_end_of(&kept) {
                kept.truncate(from);
            }
        }
        kept
    }

    /// Where the echo begins that ends with the last line: an editor of lines may break it into several.
    fn echo_at_end_of(&self, lines: &[Line]) -> Option<usize> {
        let mut text = String::new();
        let longest = self.typed.iter().map(String::len).max()?;
        for (index, line) in lines.iter().enumerate().rev() {
            text.insert_str(0, &without_blanks(&line.text));
            if self.typed.iter().any(|typed| text.ends_with(typed)) {
                return Some(index);
            }
            if text.len() > longest {
                return None;
            }
        }
        None
    }
}

/// A line that is broken behind a blank loses it.
fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::Arrival;

    /// As real shells were seen to answer.
    fn shown(last_line: &str, came: &str, is_bash: bool) -> Vec<String> {
        let mut arrival = Arrival::new((20, 24), last_line);
        arrival.typed("echo one two three four five\n");
        arrival.push(1, came.as_bytes());
        let lines = arrival.lines(is_bash).into_iter();
        lines.map(|line| line.text).collect()
    }

    #[test]
    fn a_prompt_and_the_echo_behind_it_are_ours() {
        let echo = "echo one two three four five\r\n";
        let ash = "echo one two\r\r\n three four five\r\n";
        assert_eq!(shown("# ", "", false), [""; 0], "dash, no echo");
        assert_eq!(shown("# ", echo, false), [""; 0], "dash");
        assert_eq!(shown("~ # ", ash, false), [""; 0], "busybox ash");
        let silent = "\x1b[?2004l\r\r\n";
        assert_eq!(shown("# ", silent, true), [""; 0], "bash, no echo");
        let bash = format!("{echo}\x1b[?2004l\r");
        assert_eq!(shown("# ", &bash, true), [""; 0], "bash");
    }

    #[test]
    fn what_comes_later_is_kept() {
        let echo = "echo one two three four five\r\n";
        let late = format!("{echo}Welcome.\r\nYou have mail.\r\n# {echo}");
        assert_eq!(shown("", &late, true), ["Welcome.", "You have mail."]);
        assert_eq!(shown("", "Welcome.\r\n# ", false), ["Welcome."]);
        assert_eq!(shown("", "Welcome.\r\n", false), ["Welcome."]);
        let half = format!(" to the lab\r\n# {echo}");
        assert_eq!(shown("Welcome", &half, true), ["Welcome to the lab"]);
    }
}
