//! Many answers → one line, and the exit code. The only place that counts verdicts.

use std::fmt;

use super::Answer;
use crate::judge::{Verdict, Verification};

/// Exit codes of the command line, which scripts rely on.
pub mod exit {
    /// Good.
    pub const GOOD: u8 = 0;
    /// A tutorial that was asked for is failed, stale or unrecorded.
    pub const NOT_VERIFIED: u8 = 1;
    /// Bad usage, spec or README.
    pub const BAD_INPUT: u8 = 2;
    /// All were skipped.
    pub const ALL_SKIPPED: u8 = 3;
}

/// How many of each, and the reasons of skips.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Tutorials with mistakes in their files.
    pub wrong: usize,
    /// See [`Verdict::Failed`].
    pub failed: usize,
    /// See [`Verdict::Stale`].
    pub stale: usize,
    /// See [`Verdict::Unrecorded`].
    pub unrecorded: usize,
    /// Of each skipped one: its name and what it lacks.
    pub skipped: Vec<(String, String)>,
    /// See [`Verdict::Verified`].
    pub verified: usize,
}

impl Summary {
    /// Of these.
    pub fn of(answers: &[Answer]) -> Self {
        let right = answers
            .iter()
            .filter_map(|answer| answer.result.as_ref().ok());
        Self {
            wrong: answers
                .iter()
                .filter(|answer| answer.result.is_err())
                .count(),
            ..Self::of_verifications(right)
        }
    }

    /// Of tutorials without mistakes in their files.
    pub fn of_verifications<'a>(verifications: impl Iterator<Item = &'a Verification>) -> Self {
        let mut summary = Self::default();
        for of in verifications {
            match &of.verdict {
                Verdict::Failed(_) => summary.failed += 1,
                Verdict::Stale(_) => summary.stale += 1,
                Verdict::Unrecorded(_) => summary.unrecorded += 1,
                Verdict::Verified { .. } => summary.verified += 1,
                Verdict::Skipped(missing) => {
                    let what: Vec<_> = missing.iter().map(|it| it.what.as_str()).collect();
                    summary
                        .skipped
                        .push((of.tutorial.name.clone(), what.join(", ")));
                }
            }
        }
        summary
    }

    /// See [`exit`]. No tutorial at all is good: nothing was asked for.
    pub fn exit_code(&self) -> u8 {
        if self.wrong > 0 {
            exit::BAD_INPUT
        } else if self.failed + self.stale + self.unrecorded > 0 {
            exit::NOT_VERIFIED
        } else if self.verified == 0 && !self.skipped.is_empty() {
            exit::ALL_SKIPPED
        } else {
            exit::GOOD
        }
    }
}

/// `12 verified, 1 skipped: sshlirp (the permission tun)`.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.verified, "verified"),
            (self.wrong, "with mistakes"),
            (self.failed, "failed"),
            (self.stale, "stale"),
            (self.unrecorded, "unrecorded"),
            (self.skipped.len(), "skipped"),
        ];
        let counts: Vec<_> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        if counts.is_empty() {
            return f.write_str("no tutorial");
        }
        f.write_str(&counts.join(", "))?;
        let skips: Vec<_> = self
            .skipped
            .iter()
            .map(|(name, what)| format!("{name} ({what})"))
            .collect();
        if skips.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", skips.join(", "))
    }
}
