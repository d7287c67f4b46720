//! Output as regular expressions see it.

use super::escape::Plain;

/// The text that came since some moment, for conditions and questions.
pub(super) struct Watch {
    plain: Plain,
    /// The text, without escape sequences.
    text: Vec<u8>,
    /// So much of it was searched in vain.
    searched: usize,
}

impl Watch {
    /// A match is not longer than this, if it comes in pieces.
    const OVERLAP: usize = 4 << 10;
    /// More text than this is not kept.
    const LIMIT: usize = 256 << 10;

    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self {
            plain: Plain::default(),
            text: Vec::new(),
            searched: 0,
        }
    }

    /// Adds what came.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.text.len() > Self::LIMIT {
            let surplus = self.text.len() - Self::OVERLAP;
            self.text.drain(..surplus);
            self.searched = self.searched.saturating_sub(surplus);
        }
        self.plain.push(bytes, &mut self.text);
    }

    /// Whether `regex` matches; only what is new is searched, and a little before it.
    pub(super) fn matches(&mut self, regex: &regex::bytes::Regex) -> bool {
        let from = self.searched.saturating_sub(Self::OVERLAP);
        self.searched = self.text.len();
        regex.is_match_at(&self.text, from)
    }

    /// Another regex is asked from now on: all of it is new to it.
    pub(super) fn search_again(&mut self) {
        self.searched = 0;
    }
}
