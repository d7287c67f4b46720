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
        if let Failure::Timeout { waiting_for, .. } | Failure::EndedEarly { waiting_for, .. } =
            failure
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
