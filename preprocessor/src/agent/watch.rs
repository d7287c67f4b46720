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

#[cfg(test)]
mod tests {
    use regex::bytes::Regex;

    use super::Watch;

    #[test]
    fn a_question_is_found_wherever_the_reads_end() {
        let asked = "Schlüssel \x1b[1mkey\x1b[0m überschreiben (j/n)? ".as_bytes();
        let regex = Regex::new(r"key überschreiben \(j/n\)\? $").expect("a regex");
        for at in 0..=asked.len() {
            let mut watch = Watch::new();
            watch.push(&asked[..at]);
            assert_eq!(watch.matches(&regex), at == asked.len(), "cut at {at}");
            watch.push(&asked[at..]);
            assert!(watch.matches(&regex), "cut at {at}");
        }
        let mut watch = Watch::new();
        for (at, byte) in asked.iter().enumerate() {
            watch.push(&[*byte]);
            assert_eq!(watch.matches(&regex), at + 1 == asked.len(), "byte {at}");
        }
    }
}
