//! The few colours of messages and reports, and text of others that must bring none of its own.

use std::fmt::{self, Write as _};

/// Whether text is coloured; the caller knows its terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paint {
    /// As it is.
    #[default]
    Plain,
    /// With ANSI colours.
    Coloured,
}

impl Paint {
    /// What is wrong, and what was expected.
    pub fn bad(self, text: impl fmt::Display) -> String {
        self.with("31", text)
    }

    /// What is right, and what came.
    pub fn good(self, text: impl fmt::Display) -> String {
        self.with("32", text)
    }

    /// What wants attention.
    pub fn warn(self, text: impl fmt::Display) -> String {
        self.with("33", text)
    }

    /// What stands out.
    pub fn bold(self, text: impl fmt::Display) -> String {
        self.with("1", text)
    }

    /// What may be passed over.
    pub fn faint(self, text: impl fmt::Display) -> String {
        self.with("2", text)
    }

    fn with(self, code: &str, text: impl fmt::Display) -> String {
        match self {
            Self::Plain => text.to_string(),
            Self::Coloured => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

/// Text of a run, a spec or a README as one line that a terminal may show: what would control the terminal, or turn the
/// direction of what follows (so that a command looks like another one), is made visible.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if turns || c.is_control() && c != '\t' {
            let _ = write!(shown, "{}", c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The same for text of several lines, which stay lines.
pub fn visible_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(visible).collect();
    lines.join("\n")
}
