//! The few colours of messages and reports.

use std::fmt;

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
