//! stderr: what is said on it stays; below that, on a terminal, lines that change and go.
//!
//! The lines that change stand *below* the cursor, which rests at their beginning. Whoever else writes there (mdBook's
//! log, the terminal's echo of ^C) writes over them, and the next drawing wipes what is left of them; a window that is
//! made narrower wraps them without moving the cursor; and a process that is killed leaves a terminal that works, with
//! its cursor where the shell's prompt belongs.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// There is one stderr, and every thread may have something to say.
static SCREEN: Mutex<Screen> = Mutex::new(Screen {
    drawn: String::new(),
});

struct Screen {
    /// The lines that stand below the cursor, and how it came back to their beginning; empty when there are none.
    drawn: String,
}

/// To the first column, and nothing from there on.
const WIPE: &str = "\r\x1b[J";

/// A text that stays, with a newline behind it.
pub(super) fn say(text: &str) {
    let screen = screen();
    write(&screen.said(text));
}

/// These lines are the ones that change from now on, all of them on the screen and each in a row of its own. They are
/// asked for when it is our turn, so that what is drawn last is the latest.
pub(super) fn draw(lines: impl FnOnce() -> Vec<String>) {
    let mut screen = screen();
    write(&screen.redrawn(&lines()));
}

impl Screen {
    fn said(&self, text: &str) -> String {
        let wipe = if self.drawn.is_empty() { "" } else { WIPE };
        format!("{wipe}{text}\n{}", self.drawn)
    }

    fn redrawn(&mut self, lines: &[String]) -> String {
        let nothing_stood = self.drawn.is_empty();
        self.drawn = match lines.len() {
            0 if nothing_stood => return String::new(),
            0 => String::new(),
            1 => lines.join("") + "\r",
            count => format!("{}\x1b[{}A\r", lines.join("\r\n"), count - 1),
        };
        format!("{WIPE}{}", self.drawn)
    }
}

fn screen() -> MutexGuard<'static, Screen> {
    SCREEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn write(text: &str) {
    if text.is_empty() {
        return;
    }
    // Nobody is left to be told that stderr is closed.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Whether lines that change can be shown: on a terminal that knows how to move its cursor, and not in CI, where some
/// systems pretend to be one and keep every line.
pub(super) fn is_live() -> bool {
    let set = |name: &str| std::env::var(name).unwrap_or_default();
    let in_ci = !matches!(set("CI").as_str(), "" | "false");
    let moves = !matches!(set("TERM").as_str(), "" | "dumb");
    moves && !in_ci && std::io::stderr().is_terminal()
}

/// Columns and rows; the usual ones where nobody gave it a size.
pub(super) fn size() -> (usize, usize) {
    match terminal_size::terminal_size_of(std::io::stderr()) {
        Some((terminal_size::Width(columns @ 1..), terminal_size::Height(rows @ 1..))) => {
            (columns.into(), rows.into())
        }
        _ => (80, 24),
    }
}

#[cfg(all(test, feature = "run", target_os = "linux"))]
mod tests {
    use super::Screen;

    /// What a person sees of 6 rows and 20 columns, and the row of the cursor.
    fn seen(sent: &str) -> (Vec<String>, usize) {
        let mut terminal = avt::Terminal::new(20, 6).expect("a size");
        // As a terminal's line discipline passes it on.
        terminal.feed([&*sent.replace('\n', "\r\n")]);
        let row = terminal.cursor().row;
        let rows = terminal.screen().text();
        (
            rows.iter().map(|row| row.trim_end().to_owned()).collect(),
            row,
        )
    }

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    fn empty() -> Screen {
        Screen {
            drawn: String::new(),
        }
    }

    #[test]
    fn what_is_said_stands_above_the_lines_that_change() {
        let mut screen = empty();
        let mut sent = screen.said("first");
        sent += &screen.redrawn(&lines("a long line of one\ntwo\nthree"));
        sent += &screen.said("short");
        let expected = ["first", "short", "a long line of one", "two", "three", ""];
        assert_eq!(seen(&sent), (expected.map(str::to_owned).into(), 2));
        sent += &screen.redrawn(&lines("1"));
        let expected = ["first", "short", "1", "", "", ""];
        assert_eq!(seen(&sent), (expected.map(str::to_owned).into(), 2));
        sent += &screen.redrawn(&[]);
        let expected = ["first", "short", "", "", "", ""];
        assert_eq!(seen(&sent), (expected.map(str::to_owned).into(), 2));
    }

    #[test]
    fn they_scroll_at_the_bottom() {
        let mut screen = empty();
        let mut sent = screen.redrawn(&lines("one\ntwo"));
        for line in ["a", "b", "c", "d", "e"] {
            sent += &screen.said(line);
        }
        let expected = ["b", "c", "d", "e", "one", "two"];
        assert_eq!(seen(&sent), (expected.map(str::to_owned).into(), 4));
    }

    #[test]
    fn what_others_write_stays_and_garbles_nothing_below_it() {
        let mut screen = empty();
        let mut sent = screen.redrawn(&lines("one\ntwo")) + "from mdBook\n" + "^C";
        sent += &screen.redrawn(&lines("one\ntwo"));
        let expected = ["from mdBook", "one", "two", "", "", ""];
        assert_eq!(seen(&sent), (expected.map(str::to_owned).into(), 1));
    }

    #[test]
    fn nothing_is_sent_where_nothing_changes() {
        let mut screen = empty();
        assert_eq!(screen.redrawn(&[]), "");
        assert_eq!(screen.said("text"), "text\n");
    }
}
