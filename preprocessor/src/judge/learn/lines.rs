//! Which line of one run is which line of another.

use std::ops::Range;

use super::tokens::likeness;
use crate::judge::bindings::Bindings;
use crate::judge::pattern::LinePattern;

/// Larger tables are not aligned: what differs in a flood is left to the author.
const CELLS: usize = 250_000;

/// Thousandths that two lines must share to be one line that varies.
const ALIKE: usize = 300;

/// Whether two outputs are small enough for every line of one to be held against every line of the other.
pub(super) fn is_small(lines: usize, other: usize) -> bool {
    lines.saturating_mul(other) <= CELLS
}

/// For each line of the first its index in the other, where it has a partner. In order.
pub(super) fn align(lines: &[LinePattern], other: &[&str]) -> Vec<Option<usize>> {
    let same = |(line, other): &(&LinePattern, &&str)| line.matches(other, &Bindings::default());
    let head = lines.iter().zip(other).take_while(same).count();
    let (rest, rest_other) = (&lines[head..], &other[head..]);
    let tail = rest.iter().rev().zip(rest_other.iter().rev());
    let tail = tail.take_while(same).count();
    let middle = &rest[..rest.len() - tail];
    let middle_other = &rest_other[..rest_other.len() - tail];
    let mut partners: Vec<Option<usize>> = (0..head).map(Some).collect();
    let found = side_by_side(middle, middle_other)
        .or_else(|| is_small(middle.len(), middle_other.len()).then(|| table(middle, middle_other)))
        .unwrap_or_else(|| vec![None; middle.len()]);
    partners.extend(found.into_iter().map(|at| at.map(|at| at + head)));
    partners.extend((other.len() - tail..other.len()).map(Some));
    fill_gaps(&mut partners, other.len());
    partners
}

/// As many lines on both sides, each like the one beside it: mostly nothing more has to be looked for.
fn side_by_side(lines: &[LinePattern], other: &[&str]) -> Option<Vec<Option<usize>>> {
    let alike = |(line, other): (&LinePattern, &&str)| {
        line.matches(other, &Bindings::default()) || likeness(&line.written, other) >= ALIKE
    };
    (lines.len() == other.len() && lines.iter().zip(other).all(alike))
        .then(|| (0..lines.len()).map(Some).collect())
}

/// A gap between two runs of one line each: its lines and those of the other, by index.
pub(super) struct Gap {
    pub(super) lines: Range<usize>,
    pub(super) other: Range<usize>,
}

/// Where lines have no partner, on one side or on both.
pub(super) fn gaps(partners: &[Option<usize>], other: usize) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let (mut line, mut at) = (0, 0);
    let paired = partners.iter().enumerate();
    let paired = paired.filter_map(|(line, partner)| Some((line, (*partner)?)));
    for (next_line, next_at) in paired.chain([(partners.len(), other)]) {
        if line < next_line || at < next_at {
            gaps.push(Gap {
                lines: line..next_line,
                other: at..next_at,
            });
        }
        (line, at) = (next_line + 1, next_at + 1);
    }
    gaps
}

/// As many lines here as there, with nothing in common: a number each time, and nothing but a number.
fn fill_gaps(partners: &mut [Option<usize>], other: usize) {
    for gap in gaps(partners, other) {
        if gap.lines.len() == gap.other.len() {
            for (line, at) in gap.lines.zip(gap.other) {
                partners[line] = Some(at);
            }
        }
    }
}

fn table(lines: &[LinePattern], other: &[&str]) -> Vec<Option<usize>> {
    let (rows, columns) = (lines.len(), other.len());
    let width = columns + 1;
    let gain = |row: usize, column: usize| {
        if lines[row].matches(other[column], &Bindings::default()) {
            return 1001;
        }
        let alike = likeness(&lines[row].written, other[column]);
        if alike >= ALIKE { alike } else { 0 }
    };
    // The best from there on, at row * width + column.
    let mut best = vec![0; (rows + 1) * width];
    let mut gains = vec![0; rows * columns];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            let pair = gain(row, column);
            gains[row * columns + column] = pair;
            let here = row * width + column;
            let alone = best[here + width].max(best[here + 1]);
            let both = if pair > 0 {
                best[here + width + 1] + pair
            } else {
                0
            };
            best[here] = alone.max(both);
        }
    }
    let mut partners = vec![None; rows];
    let (mut row, mut column) = (0, 0);
    while row < rows && column < columns {
        let here = row * width + column;
        let pair = gains[row * columns + column];
        if pair > 0 && best[here] == best[here + width + 1] + pair {
            partners[row] = Some(column);
            (row, column) = (row + 1, column + 1);
        } else if best[here] == best[here + width] {
            row += 1;
        } else {
            column += 1;
        }
    }
    partners
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aligned(lines: &[&str], other: &[&str]) -> Vec<Option<usize>> {
        let lines: Vec<_> = lines
            .iter()
            .map(|line| LinePattern::literal(line))
            .collect();
        align(&lines, other)
    }

    #[test]
    fn a_line_is_the_one_that_it_looks_like() {
        assert_eq!(
            aligned(
                &["start", "lease of 10.0.0.1 obtained", "end"],
                &[
                    "start",
                    "sending discover",
                    "lease of 10.0.0.9 obtained",
                    "end"
                ]
            ),
            [Some(0), Some(2), Some(3)]
        );
        assert_eq!(aligned(&["a", "b"], &["b"]), [None, Some(0)]);
        assert_eq!(aligned(&["17"], &["104"]), [Some(0)]);
        assert_eq!(aligned(&["17"], &["one", "two"]), [None]);
    }
}
