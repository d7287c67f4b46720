//! What is wrong with the failed step → the box below it.

use serde::Serialize;

use super::banner;
use super::pieces::Piece;
use crate::judge::verdict::{Diff, DiffLine, FailedStep, Why};
use crate::judge::{Folded, Stretch};
use crate::tutorial::Tutorial;

/// Values that don't go with others: more of them mostly come of the first.
const BROKEN: usize = 5;

/// As failure.html takes it.
#[derive(Debug, Serialize)]
pub(super) struct FailureView {
    why: String,
    /// What is not met, in the spec: `tutorials/x.yaml:12:5`.
    at: String,
    command: String,
    lines: Vec<DiffRow>,
    /// Whether a part of the expected lines may be another.
    varies: bool,
    /// Values that do not go with another place, a sentence each.
    broken: Vec<Vec<Piece>>,
}

/// A line of the diff, or what stands for many.
#[derive(Debug, Serialize)]
struct DiffRow {
    /// `same`, `removed` (expected), `added` (came), `folded`.
    kind: &'static str,
    /// What differs and what varies.
    pieces: Vec<Piece>,
    /// How many equal lines `folded` is.
    count: usize,
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
    let diff = match &failed.why {
        Why::Differs(diff) => Some(diff),
        Why::CouldNotGoOn(_) => failed.besides.as_ref(),
        Why::NotInTranscript | Why::NeverRan(_) => None,
    };
    let expected_at = diff.and_then(|diff| diff.expected_at(step));
    Some(FailureView {
        why: banner::why(&failed.why),
        at: expected_at.as_ref().unwrap_or(&step.at).to_string(),
        command: command.unwrap_or_default(),
        lines: diff.map(rows).unwrap_or_default(),
        varies: diff.is_some_and(Diff::has_varying),
        broken: diff.map_or_else(Vec::new, |diff| {
            let broken = diff.broken.iter().take(BROKEN);
            broken.map(|it| sentence(&it.sentence(tutorial))).collect()
        }),
    })
}

/// Values stand between backticks.
fn sentence(text: &str) -> Vec<Piece> {
    let parts = text.split('`').enumerate();
    let class = |nth| if nth % 2 == 1 { "twin-code" } else { "" };
    parts
        .map(|(nth, text)| Piece::new(class(nth), text))
        .collect()
}

fn rows(diff: &Diff) -> Vec<DiffRow> {
    let rows = diff.folded().into_iter().flat_map(|folded| match folded {
        Folded::Shown(lines) => lines.iter().map(row).collect(),
        Folded::Equal(lines) => vec![DiffRow {
            kind: "folded",
            pieces: Vec::new(),
            count: lines.len(),
        }],
    });
    rows.collect()
}

fn row(line: &DiffLine) -> DiffRow {
    DiffRow {
        kind: match line {
            DiffLine::Same { .. } => "same",
            DiffLine::Missing { .. } => "removed",
            DiffLine::Extra { .. } => "added",
        },
        pieces: line.stretches().iter().map(piece).collect(),
        count: 1,
    }
}

fn piece(part: &Stretch<'_>) -> Piece {
    let class = match (part.varies, part.differs) {
        (true, _) => "twin-varies",
        (false, true) => "twin-differs",
        (false, false) => "",
    };
    Piece::new(class, part.text)
}
