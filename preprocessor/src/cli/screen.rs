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
    let wipe = if screen.drawn.is_empty() { "" } else { WIPE };
    write(&format!("{wipe}{text}\n{}", screen.drawn));
}

/// These lines are the ones that change from now on, all of them on the screen and each in a row of its own. They are
/// asked for when it is our turn, so that what is drawn last is the latest.
pub(super) fn draw(lines: impl FnOnce() -> Vec<String>) {
    let mut screen = screen();
    let lines = lines();
    let up = match lines.len() {
        0 if screen.drawn.is_empty() => return,
        0 | 1 => String::new(),
        lines => format!("\x1b[{}A", lines - 1),
    };
    screen.drawn = match lines.as_slice() {
        [] => String::new(),
        lines => format!("{}{up}\r", lines.join("\r\n")),
    };
    write(&format!("{WIPE}{}", screen.drawn));
}

fn screen() -> MutexGuard<'static, Screen> {
    SCREEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn write(text: &str) {
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
