//! `tutorials/NAME.transcript.yaml`: what really happened at the last `record`, and the lock of upstream's commands.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::outcome::Facts;

/// The format that is written; every earlier one stays readable.
pub const FORMAT: u32 = 1;

/// A whole transcript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// [`FORMAT`] of the writer.
    pub twin: u32,
    /// `YYYY-MM-DD`; the only line that a re-record which agrees may touch.
    pub recorded: String,
    /// Of what ran, see `tutorial/digest.rs`.
    pub digest: String,
    /// Upstream's commands as they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Lock>,
    /// What it ran on.
    pub facts: Facts,
    /// Every step that ran commands, in order.
    pub steps: Vec<TranscriptStep>,
}

/// What was read from upstream: while the spec's `sha256` equals this one, these lines are upstream's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The commit it was read at.
    pub commit: String,
    /// The file.
    pub file: String,
    /// Its sha256, hex.
    pub sha256: String,
    /// How many commands the file has.
    pub commands: usize,
    /// Each block that the tutorial uses or lists under `not-run`, by address.
    pub blocks: BTreeMap<String, Vec<LockedCommand>>,
    /// The annotations of those blocks, in the README's order; where the spec has no steps, every block that it runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub annotated: Vec<AnnotatedBlock>,
}

/// The keys that stand above a block in an annotated README.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnotatedBlock {
    /// The block's address.
    pub block: String,
    /// What the comment holds behind `twin:`, as written; empty without a comment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub keys: String,
}

/// A command of a block, as the lexer saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedCommand {
    /// 1-based line in the file. What was opened further down is not left by a command further up.
    pub line: usize,
    /// The prompt, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// The command's lines.
    pub command: String,
    /// How many nested shells deep.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub depth: usize,
    /// Whether it opens a nested shell.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub opens: bool,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TranscriptStep {
    /// The step's id.
    pub id: String,
    /// The terminal's name.
    pub terminal: String,
    /// Its commands; for `press`, `wait` and `closes` one without a command, with what came meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<TranscriptCommand>,
}

/// One command and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TranscriptCommand {
    /// The prompt it is shown with.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prompt: String,
    /// What was typed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub command: String,
    /// Exit status; absent where the terminal could not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// Its output, lines with newlines; a gap of a flood is a line `...`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
}
