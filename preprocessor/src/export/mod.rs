//! `export --to TARGET`: what the book knows, for others.
//!
//! In: what is said of all tutorials, and which of them are meant. Out: a text. A target is a file of this folder and a
//! line of [`TARGETS`]. Not here: where the text goes (`cli/`).

mod upstream_notes;

use crate::judge::Verification;

/// All of them.
pub const TARGETS: &[Target] = &[upstream_notes::TARGET];

/// One form.
#[derive(Debug)]
pub struct Target {
    /// What it is asked for by.
    pub name: &'static str,
    /// What it is, for `--help`.
    pub about: &'static str,
    text: fn(&Asked<'_>) -> Result<String, Nothing>,
}

/// What is to be exported.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Every tutorial of the book.
    pub all: &'a [Verification],
    /// The names of those that are meant; empty for all.
    pub names: &'a [String],
}

/// There is nothing to export, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Nothing(String);

impl Target {
    /// The one of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// The whole text.
    /// # Errors
    /// There is nothing to export.
    pub fn text(&self, asked: &Asked<'_>) -> Result<String, Nothing> {
        (self.text)(asked)
    }
}

impl Asked<'_> {
    /// Whether this tutorial is meant.
    fn means(&self, of: &Verification) -> bool {
        self.names.is_empty() || self.names.contains(&of.tutorial.name)
    }
}
