//! Secrets: no event that leaves the agent shows one.

use std::collections::BTreeMap;

use crate::outcome::{CommandRun, Output};

/// What stands in its place.
const MASK: &str = "••••••";

/// The secrets of a run.
#[derive(Default)]
pub(super) struct Mask {
    secrets: BTreeMap<String, String>,
}

impl Mask {
    /// Of these secrets, by name.
    pub(super) fn new(secrets: BTreeMap<String, String>) -> Self {
        Self { secrets }
    }

    /// The secret of this name.
    pub(super) fn secret(&self, name: &str) -> Option<&str> {
        self.secrets.get(name).map(String::as_str)
    }

    /// Masks all that is in a command's record.
    pub(super) fn command(&self, run: &mut CommandRun) {
        for secret in self.secrets.values().filter(|secret| !secret.is_empty()) {
            run.command = run.command.replace(secret, MASK);
            output(&mut run.output, secret);
            let stream: String = run.chunks.iter().map(|(_, text)| text.as_str()).collect();
            if stream.contains(secret) {
                // It may lie across two chunks: they become one.
                let first = run.chunks.first().map_or(0, |chunk| chunk.0);
                run.chunks = vec![(first, stream.replace(secret, MASK))];
            }
        }
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
