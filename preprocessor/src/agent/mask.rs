//! Secrets: no event that leaves the agent shows one.

use std::collections::BTreeMap;

use super::escape::Plain;
use crate::outcome::{CommandRun, Failure, Output};

/// What stands in its place.
const MASK: &str = "••••••";

/// The secrets of a run.
#[derive(Default)]
pub(super) struct Mask {
    secrets: BTreeMap<String, String>,
    /// What is masked: each line of each secret, the longest first, since one may begin another.
    hidden: Vec<String>,
}

impl Mask {
    /// Of these secrets, by name.
    pub(super) fn new(secrets: BTreeMap<String, String>) -> Self {
        let lines = secrets.values().flat_map(|secret| secret.lines());
        let mut hidden: Vec<String> = lines
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect();
        hidden.sort_by_key(|line| std::cmp::Reverse(line.len()));
        Self { secrets, hidden }
    }

    /// The secret of this name.
    pub(super) fn secret(&self, name: &str) -> Option<&str> {
        self.secrets.get(name).map(String::as_str)
    }

    /// Masks what a failure quotes.
    pub(super) fn failure(&self, failure: &mut Failure) {
        if let Failure::Timeout { waiting_for, .. }
        | Failure::TutorialTimeout { waiting_for, .. }
        | Failure::EndedEarly { waiting_for, .. } = failure
        {
            for secret in &self.hidden {
                *waiting_for = waiting_for.replace(secret, MASK);
            }
        }
    }

    /// Masks all that is in a command's record.
    pub(super) fn command(&self, run: &mut CommandRun) {
        for secret in &self.hidden {
            run.command = run.command.replace(secret, MASK);
            output(&mut run.output, secret);
            run.earlier
                .iter_mut()
                .for_each(|earlier| output(earlier, secret));
            mask_stream(&mut run.chunks, secret);
        }
    }
}

/// A secret may lie across two chunks: they become one. With escape sequences within it nothing of the stream is kept.
fn mask_stream(chunks: &mut Vec<(u64, String)>, secret: &str) {
    let stream: String = chunks.iter().map(|(_, text)| text.as_str()).collect();
    let first = chunks.first().map_or(0, |chunk| chunk.0);
    let masked = stream.replace(secret, MASK);
    let mut plain = Vec::new();
    Plain::default().push(masked.as_bytes(), &mut plain);
    if memchr::memmem::find(&plain, secret.as_bytes()).is_some() {
        chunks.clear();
    } else if masked != stream {
        *chunks = vec![(first, masked)];
    }
}

fn output(output: &mut Output, secret: &str) {
    for line in &mut output.lines {
        if line.text.contains(secret) {
            line.text = line.text.replace(secret, MASK);
            // Its ranges are of another text; a masked line is not worth its colours.
            line.styles.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MASK, Mask};
    use crate::outcome::{CommandRun, Failure, Line, Output};

    fn masked(secrets: &[(&str, &str)], shown: &str, chunks: &[&str]) -> (String, String) {
        let secrets = secrets
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let line = |text: &str| Line {
            text: text.to_owned(),
            styles: Vec::new(),
        };
        let mut run = CommandRun {
            output: Output {
                lines: shown.lines().map(line).collect(),
                ..Output::default()
            },
            chunks: chunks
                .iter()
                .map(|chunk| (7, (*chunk).to_owned()))
                .collect(),
            ..CommandRun::default()
        };
        Mask::new(secrets.collect()).command(&mut run);
        let stream = run.chunks.iter().map(|(_, text)| text.as_str()).collect();
        (run.output.text(), stream)
    }

    #[test]
    fn secret_that_begins_another_leaves_nothing_of_it() {
        let secrets = [("A", "abc"), ("B", "abcdef")];
        assert_eq!(
            masked(&secrets, "abcdef abc", &[]).0,
            format!("{MASK} {MASK}\n")
        );
    }

    #[test]
    fn each_line_of_a_secret_is_masked() {
        let shown = masked(
            &[("KEY", "first line\nsecond line\n")],
            "first line\n> second line",
            &[],
        )
        .0;
        assert_eq!(shown, format!("{MASK}\n> {MASK}\n"));
    }

    #[test]
    fn stream_with_the_secret_in_pieces_is_masked_or_not_kept() {
        let secrets = [("A", "s3cret")];
        assert_eq!(
            masked(&secrets, "", &["a s3c", "ret b"]).1,
            format!("a {MASK} b")
        );
        assert_eq!(masked(&secrets, "", &["a s3c\x1b[1mret b"]).1, "");
    }

    #[test]
    fn what_a_failure_quotes_is_masked() {
        let mut failure = Failure::EndedEarly {
            exit: None,
            waiting_for: "`s3cret`".to_owned(),
        };
        Mask::new([("A".to_owned(), "s3cret".to_owned())].into()).failure(&mut failure);
        assert!(!failure.to_string().contains("s3cret"), "{failure}");
    }
}
