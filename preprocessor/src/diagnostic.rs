//! Messages about a file: what is wrong, where, what was expected, what to do next.
//!
//! A [`Diagnostic`] is data; [`render`](Diagnostic::render) makes the text. All mistakes of a file are collected before
//! one is shown.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// A text file that messages point into.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// As shown: relative to the book's root where it is below it.
    pub path: PathBuf,
    /// What it holds.
    pub text: String,
}

/// A place in a file that has to be named later, when its text is gone: line and column, both from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// As shown.
    pub path: PathBuf,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path.display(), self.line, self.column)
    }
}

/// One piece of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The file.
    pub file: Arc<SourceFile>,
    /// Bytes of its text.
    pub range: Range<usize>,
}

impl Span {
    /// Line and column of the first byte.
    pub fn position(&self) -> Position {
        let before = &self.file.text[..floor_char(&self.file.text, self.range.start)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Position {
            path: self.file.path.clone(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

fn floor_char(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look; nothing stops.
    Warning,
    /// Nothing runs before it is mended.
    Error,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// See [`Severity`].
    pub severity: Severity,
    /// Stable and documented, e.g. `unknown-block`.
    pub code: &'static str,
    /// The first line; stands alone.
    pub headline: String,
    /// The smallest wrong piece, and a label for it (may be empty).
    pub primary: Option<(Span, String)>,
    /// What would be right, the command that shows more; one line each.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error without a place yet.
    pub fn error(code: &'static str, headline: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            headline: headline.into(),
            primary: None,
            help: Vec::new(),
        }
    }

    /// Where, and in a few words what is wrong there.
    #[must_use]
    pub fn at(mut self, span: Span, label: impl Into<String>) -> Self {
        self.primary = Some((span, label.into()));
        self
    }

    /// What to do next.
    #[must_use]
    pub fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }
}
