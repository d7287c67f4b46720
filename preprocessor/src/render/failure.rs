//! What is wrong with the failed step → the box below it.

use serde::Serialize;

use super::banner;
use crate::judge::verdict::{Diff, DiffLine, FailedStep, Why};
use crate::tutorial::Tutorial;

/// As failure.html takes it.
#[derive(Debug, Serialize)]
pub(super) struct FailureView {
    why: String,
    /// The step in the spec: `tutorials/x.yaml:12:5`.
    at: String,
    command: String,
    lines: Vec<DiffRow>,
}

/// A line of the diff, cut where the first difference is.
#[derive(Debug, Serialize)]
struct DiffRow {
    /// `same`, `removed` (expected), `added` (came).
    kind: &'static str,
    before: String,
    /// From the first differing character on.
    after: String,
}

/// The box for a failed step.
pub(super) fn failure(tutorial: &Tutorial, failed: &FailedStep) -> Option<FailureView> {
    let step = tutorial.steps.get(failed.step)?;
    let command = match &step.action {
        crate::tutorial::Action::Run(run) => {
            run.commands.get(failed.command).map(|it| it.text.clone())
        }
        _ => None,
    };
    Some(FailureView {
        why: banner::why(&failed.why),
        at: step.at.to_string(),
        command: command.unwrap_or_default(),
        lines: match &failed.why {
            Why::Differs(diff) => rows(diff),
            Why::CouldNotGoOn(_) | Why::NotInTranscript | Why::NeverRan(_) => Vec::new(),
        },
    })
}

fn rows(diff: &Diff) -> Vec<DiffRow> {
    diff.lines
        .iter()
        .map(|line| match line {
            DiffLine::Same { actual, .. } => cut("same", actual, None),
            DiffLine::Missing {
                expected,
                first_difference,
            } => cut("removed", expected, *first_difference),
            DiffLine::Extra {
                actual,
                first_difference,
            } => cut("added", actual, *first_difference),
        })
        .collect()
}

fn cut(kind: &'static str, text: &str, at: Option<usize>) -> DiffRow {
    let at = at
        .and_then(|nth| text.char_indices().nth(nth))
        .map_or(text.len(), |(at, _)| at);
    DiffRow {
        kind,
        before: text[..at].to_owned(),
        after: text[at..].to_owned(),
    }
}
