//! What is said about a tutorial, the worse first.

use std::ops::Range;
use std::sync::Arc;

pub use crate::judge::bindings::Name;
pub use crate::judge::derived::Tie;
use crate::judge::{MaxAge, Timings, Transcript};
use crate::outcome::{Facts, Failure, Run};
use crate::tutorial::Tutorial;

/// All that a page, a report or an exit code needs to know of one tutorial.
#[derive(Clone, Debug)]
pub struct Verification {
    /// What was to be verified.
    pub tutorial: Arc<Tutorial>,
    /// What was recorded, whether it still fits or not.
    pub transcript: Option<Transcript>,
    /// What ran, now or earlier on this machine (the verdict says which); `None` when only the transcript is known.
    pub run: Option<Run>,
    /// How long the recorded run took, where that is known.
    pub timings: Option<Timings>,
    /// The judgement.
    pub verdict: Verdict,
}

/// The judgement. A difference is an answer, no error.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// A step did not end as it should, or its output differs.
    Failed(Box<FailedStep>),
    /// The transcript no longer stands for it.
    Stale(Stale),
    /// There is no transcript; why, where there is more to say (upstream could not be read).
    Unrecorded(Option<String>),
    /// It can't run here.
    Skipped(Vec<Missing>),
    /// It ran and agreed.
    Verified {
        /// When it was established.
        by: VerifiedBy,
        /// `YYYY-MM-DD` of the run that showed it.
        date: String,
        /// What that run ran on.
        facts: Facts,
    },
}

/// Why a transcript no longer stands for its tutorial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stale {
    /// What would run has changed since: what, in words.
    Changed(Vec<String>),
    /// Nothing ran, and it was recorded too long ago.
    Old {
        /// `YYYY-MM-DD`.
        recorded: String,
        /// How old it may be.
        max_age: MaxAge,
    },
}

impl Stale {
    /// A sentence for each reason.
    pub fn reasons(&self) -> Vec<String> {
        match self {
            Self::Changed(changes) => changes.clone(),
            Self::Old { recorded, max_age } => {
                vec![format!(
                    "recorded on {recorded}, older than max-age {max_age}"
                )]
            }
        }
    }
}

/// Which run shows that a tutorial is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifiedBy {
    /// One just now.
    Run,
    /// An earlier one on this machine, in the verification cache, of the very same tutorial.
    Cache,
    /// The recorded one: nothing ran, and what would run is what ran then.
    Transcript,
}

/// The first step that is not as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct FailedStep {
    /// Index into the tutorial's steps.
    pub step: usize,
    /// Index into the step's commands.
    pub command: usize,
    /// What is wrong.
    pub why: Why,
    /// Where it could not go on: how far its output is what was expected, if that is known.
    pub besides: Option<Diff>,
    /// The further steps that are not as expected, in order; each has none of its own.
    pub more: Vec<FailedStep>,
}

/// What is wrong with a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// It could not go on.
    CouldNotGoOn(Failure),
    /// Its output differs from the spec's `expect`, or from the transcript.
    Differs(Diff),
    /// The transcript has other commands for this step (it was recorded by another resolve).
    NotInTranscript,
    /// Nothing ran, for a reason that is none of [`Missing`]: the lab could not be made, in words.
    NeverRan(String),
}

/// Expected and actual, line by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff {
    /// Where the expectation stands: `expect` of the spec, or the transcript.
    pub against: Against,
    /// All lines, in order.
    pub lines: Vec<DiffLine>,
    /// 0-based line of the expectation at which the first difference stands.
    pub expected_line: usize,
    /// Placeholders in expected lines that are not there, whose value was known.
    pub bound: Vec<Bound>,
    /// Values in lines that look right, but not beside another place of the run.
    pub broken: Vec<Broken>,
}

impl Diff {
    /// Whether all that came was expected.
    pub(super) fn lacks_only(&self) -> bool {
        !self
            .lines
            .iter()
            .any(|line| matches!(line, DiffLine::Extra { .. }))
    }
}

/// A placeholder whose value was known by then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// As written: `{{mac:laptop}}`, `{{=NAME}}`.
    pub written: String,
    /// What it stands for in this run.
    pub value: String,
    /// Where it got that; `None`: captured.
    pub place: Option<Place>,
}

/// Two values that do not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// How they should.
    pub tie: Tie,
    /// The one that came first.
    pub first: Seen,
    /// The one because of which the step fails.
    pub second: Seen,
}

/// A value in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What it is known by: the author's name, or the recorded value.
    pub name: Name,
    /// Name of its matcher.
    pub kind: &'static str,
    /// What it is in this run.
    pub value: String,
    /// Where.
    pub place: Place,
}

impl Seen {
    /// As the expectation has it: `{{mac:laptop}}`, or the recorded value.
    pub fn written(&self) -> String {
        self.name.written(self.kind)
    }
}

/// A line of a run's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index into the tutorial's steps.
    pub step: usize,
    /// Index into the step's commands.
    pub command: usize,
    /// 0-based line of the command's output.
    pub line: usize,
}

/// What an output was compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// The step's `expect`.
    Expect,
    /// The transcript.
    Transcript,
}

/// One line of a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiffLine {
    /// Expected (as written) and there.
    Same {
        /// The expectation as written, with its matchers.
        expected: String,
        /// Bytes of `expected` that stand for a value: another one is as good.
        varying: Vec<Range<usize>>,
        /// What it matched.
        actual: String,
    },
    /// Expected, not there.
    Missing {
        /// The expectation as written.
        expected: String,
        /// Bytes of `expected` that stand for a value: another one is as good.
        varying: Vec<Range<usize>>,
        /// First differing character, when the line stands against an `Extra` one.
        first_difference: Option<usize>,
    },
    /// There, not expected.
    Extra {
        /// The line.
        actual: String,
        /// First differing character, when it stands against a `Missing` one.
        first_difference: Option<usize>,
    },
}

/// Something that a tutorial needs and this machine lacks or does not grant.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Missing {
    /// `crun`, `the permission tun`, `the package vdens`, …
    pub what: String,
    /// What mends it: a command line, or a line for book.toml.
    pub remedy: String,
}

impl Verdict {
    /// The word for it, as the command line and pages say it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Failed(_) => "failed",
            Self::Stale(_) => "stale",
            Self::Unrecorded(_) => "unrecorded",
            Self::Skipped(_) => "skipped",
            Self::Verified { .. } => "verified",
        }
    }
}
