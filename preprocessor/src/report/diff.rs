//! A difference the way a person reads it: `-` what was expected, `+` what came, the first wrong character marked.

use std::fmt::Write as _;

use super::{Paint, visible};
use crate::judge::verdict::{Diff, DiffLine};

/// Equal lines kept around each difference; more of them fold.
const CONTEXT: usize = 3;

/// The lines of a diff, each ending in a newline, without indentation.
pub fn diff(diff: &Diff, paint: Paint) -> String {
    let mut text = String::new();
    for stretch in diff.lines.chunk_by(|a, b| is_same(a) == is_same(b)) {
        if is_same(&stretch[0]) {
            let is_first = std::ptr::eq(stretch.as_ptr(), diff.lines.as_ptr());
            let is_last = std::ptr::eq(stretch.as_ptr_range().end, diff.lines.as_ptr_range().end);
            equal(stretch, is_first, is_last, paint, &mut text);
        } else {
            changed(stretch, paint, &mut text);
        }
    }
    text
}

fn is_same(line: &DiffLine) -> bool {
    matches!(line, DiffLine::Same { .. })
}

/// Equal lines: those near a difference, and how many there are between.
fn equal(lines: &[DiffLine], is_first: bool, is_last: bool, paint: Paint, text: &mut String) {
    let head = if is_first { 0 } else { CONTEXT };
    let tail = if is_last { 0 } else { CONTEXT };
    let folded = lines.len().saturating_sub(head + tail);
    // Folding a single line would hide it to show a line about it.
    let (head, folded) = if folded > 1 {
        (head, folded)
    } else {
        (lines.len(), 0)
    };
    for line in &lines[..head] {
        push_equal(line, text);
    }
    if folded > 0 {
        let _ = writeln!(
            text,
            "{}",
            paint.faint(format_args!("  … {folded} equal lines …"))
        );
        for line in &lines[head + folded..] {
            push_equal(line, text);
        }
    }
}

fn push_equal(line: &DiffLine, text: &mut String) {
    if let DiffLine::Same { actual, .. } = line {
        let _ = writeln!(text, "{}", format!("  {}", visible(actual)).trim_end());
    }
}

fn changed(lines: &[DiffLine], paint: Paint, text: &mut String) {
    let missing = lines
        .iter()
        .filter(|line| matches!(line, DiffLine::Missing { .. }));
    let extra = lines
        .iter()
        .filter(|line| matches!(line, DiffLine::Extra { .. }));
    // One line against one line: both marks say more than one. In a longer stretch the marks would stand between lines
    // that belong together, so only the first pair has them.
    let mut marked = [false; 2];
    for line in missing.chain(extra) {
        let (side, sign, words, at) = match line {
            DiffLine::Missing {
                expected,
                first_difference,
            } => (0, '-', expected, first_difference),
            DiffLine::Extra {
                actual,
                first_difference,
            } => (1, '+', actual, first_difference),
            DiffLine::Same { .. } => continue,
        };
        let shown = format!("{sign} {}", visible(words));
        let shown = if side == 0 {
            paint.bad(shown)
        } else {
            paint.good(shown)
        };
        let _ = writeln!(text, "{shown}");
        if let (Some(at), false) = (at, marked[side]) {
            marked[side] = true;
            let _ = writeln!(text, "  {}{}", blank(words, *at), paint.bold("^"));
        }
    }
}

/// As wide as the first characters of a line, tabs as tabs.
fn blank(line: &str, characters: usize) -> String {
    let before: String = line.chars().take(characters).collect();
    let shown = visible(&before);
    shown
        .chars()
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect()
}
