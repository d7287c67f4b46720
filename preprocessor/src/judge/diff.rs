//! A difference in the parts that a person reads: which lines fold, and what within a line counts.
//!
//! In: a [`Diff`]. Out: the same in pieces, one cut for terminals, pages and programs alike. Not here: finding it
//! (`compare.rs`), how a piece looks (`report/`, `render/`).

use std::ops::Range;

use super::verdict::{Against, Diff, DiffLine};
use crate::diagnostic::Position;
use crate::tutorial::Step;

/// Equal lines kept around each difference; more of them fold.
const CONTEXT: usize = 3;

/// Lines in a row that are shown alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folded<'a> {
    /// Each of them.
    Shown(&'a [DiffLine]),
    /// Equal lines far from any difference: how many they are says enough.
    Equal(&'a [DiffLine]),
}

/// A part of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch<'a> {
    /// Its text.
    pub text: &'a str,
    /// Whether another value in its place is as good.
    pub varies: bool,
    /// Whether it stands at or behind the first difference of its line.
    pub differs: bool,
}

impl Diff {
    /// The line of the spec that is not met, where the spec says what was expected.
    pub fn expected_at(&self, step: &Step) -> Option<Position> {
        let expect = step
            .expect
            .as_ref()
            .filter(|_| self.against == Against::Expect)?;
        let mut at = expect.at.clone();
        at.line += self.expected_line;
        Some(at)
    }

    /// Whether anything that was expected and did not come may be another.
    pub fn has_varying(&self) -> bool {
        let missing = |line: &&DiffLine| matches!(line, DiffLine::Missing { .. });
        let mut missing = self.lines.iter().filter(missing);
        missing.any(|line| line.stretches().iter().any(|it| it.varies))
    }

    /// All lines, long stretches of equal ones set apart.
    pub fn folded(&self) -> Vec<Folded<'_>> {
        let mut rest = self.lines.as_slice();
        let mut all = Vec::new();
        for run in self.lines.chunk_by(|a, b| is_same(a) == is_same(b)) {
            let head = if rest.len() == self.lines.len() {
                0
            } else {
                CONTEXT
            };
            rest = &rest[run.len()..];
            let tail = if rest.is_empty() { 0 } else { CONTEXT };
            // Folding a single line would hide it to show a line about it.
            if !is_same(&run[0]) || run.len() <= head + tail + 1 {
                all.push(Folded::Shown(run));
                continue;
            }
            let (head, behind) = run.split_at(head);
            let (equal, tail) = behind.split_at(behind.len() - tail);
            all.extend([
                Folded::Shown(head),
                Folded::Equal(equal),
                Folded::Shown(tail),
            ]);
        }
        all.retain(|it| !matches!(it, Folded::Shown([])));
        all
    }
}

fn is_same(line: &DiffLine) -> bool {
    matches!(line, DiffLine::Same { .. })
}

impl DiffLine {
    /// The line as it is shown, cut where its look changes; what came, where that was expected. A line without text has
    /// no stretch.
    pub fn stretches(&self) -> Vec<Stretch<'_>> {
        let (text, mut varying, first) = match self {
            Self::Same {
                expected,
                varying,
                actual,
            } => (actual, in_actual(expected, varying, actual), None),
            Self::Missing {
                expected,
                varying,
                first_difference,
            } => (expected, varying.clone(), *first_difference),
            Self::Extra {
                actual,
                first_difference,
            } => (actual, Vec::new(), *first_difference),
        };
        let text = text.trim_end();
        let first = first.map(|nth| text.char_indices().nth(nth).map_or(text.len(), |it| it.0));
        // The placeholder that was not met is what the reader has to see, though other values would have done.
        varying.retain(|range| !first.is_some_and(|first| range.contains(&first)));
        let bounds = varying.iter().flat_map(|range| [range.start, range.end]);
        let mut cuts: Vec<usize> = bounds.chain(first).chain([0, text.len()]).collect();
        cuts.retain(|&at| text.is_char_boundary(at));
        cuts.sort_unstable();
        cuts.dedup();
        let stretch = |ends: &[usize]| Stretch {
            text: &text[ends[0]..ends[1]],
            varies: varying.iter().any(|range| range.contains(&ends[0])),
            differs: first.is_some_and(|first| ends[0] >= first),
        };
        cuts.windows(2).map(stretch).collect()
    }
}

/// Where the values of an expected line stand in the line that it matched: between the texts around them, each at the
/// first place where it is. Nothing where that does not come out: it is for the eye alone, the judgement is made.
fn in_actual(expected: &str, varying: &[Range<usize>], actual: &str) -> Vec<Range<usize>> {
    let find = || -> Option<Vec<Range<usize>>> {
        let (last, before) = varying.split_last()?;
        let text = |range: Range<usize>| Some(expected.get(range)?.replace("{{{{", "{{"));
        let first = varying.first().map_or(0, |range| range.start);
        let mut start = text(0..first)?.len();
        if !actual.starts_with(&text(0..first)?) {
            return None;
        }
        let mut found = Vec::new();
        for (range, next) in before.iter().zip(&varying[1..]) {
            let between = text(range.end..next.start)?;
            let end = start + actual.get(start..)?.find(&between)?;
            found.push(start..end);
            start = end + between.len();
        }
        let behind = text(last.end..expected.len())?;
        let end = actual.trim_end().strip_suffix(behind.trim_end())?.len();
        (start <= end).then(|| found.push(start..end))?;
        Some(found)
    };
    find().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(expected: &str, varying: &[(usize, usize)], actual: &str) -> DiffLine {
        DiffLine::Same {
            expected: expected.to_owned(),
            varying: varying.iter().map(|it| it.0..it.1).collect(),
            actual: actual.to_owned(),
        }
    }

    /// `[…]` varies, `!` is where it differs.
    fn drawn(line: &DiffLine) -> String {
        let mut text = String::new();
        for part in line.stretches() {
            if part.differs && !text.contains('!') {
                text.push('!');
            }
            text.push_str(&match part.varies {
                true => format!("[{}]", part.text),
                false => part.text.to_owned(),
            });
        }
        text
    }

    #[test]
    fn what_varied_is_found_in_what_came() {
        let line =
            |expected, varying: &[(usize, usize)], actual| drawn(&same(expected, varying, actual));
        assert_eq!(line("a {{int}} b", &[(2, 9)], "a 42 b"), "a [42] b");
        assert_eq!(
            line("{{int}}/{{int}} …", &[(0, 7), (8, 15), (16, 19)], "1/2 x y"),
            "[1]/[2] [x y]"
        );
        assert_eq!(line("...", &[(0, 3)], "any line"), "[any line]");
        assert_eq!(line("{{{{{{int}}", &[(4, 11)], "{{7"), "{{[7]");
        // The blank before `…` may be missing with it: it does not come out, so nothing is dimmed.
        assert_eq!(line("a {{int}} …", &[(2, 9), (10, 13)], "a 1"), "a 1");
        assert_eq!(line("as recorded", &[(3, 11)], "as today "), "as [today]");
        assert_eq!(line("", &[], ""), "");
    }

    #[test]
    fn what_was_not_met_is_not_dimmed() {
        let line = |first| {
            drawn(&DiffLine::Missing {
                expected: "ä {{int}} b {{int}}".to_owned(),
                varying: vec![3..10, 13..20],
                first_difference: first,
            })
        };
        assert_eq!(line(None), "ä [{{int}}] b [{{int}}]");
        assert_eq!(line(Some(2)), "ä !{{int}} b [{{int}}]");
        assert_eq!(line(Some(10)), "ä [{{int}}] !b [{{int}}]");
        assert_eq!(line(Some(99)), "ä [{{int}}] b [{{int}}]");
    }

    #[test]
    fn equal_lines_fold_away_from_differences_and_never_a_single_one() {
        let folded = |before, between, behind| -> String {
            let equal = |count| std::iter::repeat_n(same("x", &[], "x"), count);
            let extra = DiffLine::Extra {
                actual: "y".to_owned(),
                first_difference: None,
            };
            let lines = equal(before).chain([extra.clone()]).chain(equal(between));
            let diff = Diff {
                against: Against::Transcript,
                lines: lines.chain([extra]).chain(equal(behind)).collect(),
                expected_line: 0,
                bound: Vec::new(),
                broken: Vec::new(),
            };
            let all = diff.folded().into_iter().map(|it| match it {
                Folded::Shown(lines) => format!("{} ", lines.len()),
                Folded::Equal(lines) => format!("({}) ", lines.len()),
            });
            all.collect()
        };
        assert_eq!(folded(4, 7, 4), "4 1 7 1 4 ");
        assert_eq!(folded(5, 8, 5), "(2) 3 1 3 (2) 3 1 3 (2) ");
        assert_eq!(folded(0, 0, 0), "2 ");
    }
}
