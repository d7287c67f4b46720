//! Which expected line is which actual one: an alignment with as few differences as possible, for people.
//!
//! Made only after a failure. Not here: whether an output matches (`compare.rs`).

use similar::algorithms::{Capture, Replace, myers};
use similar::{Algorithm, DiffOp};

use crate::judge::bindings::Bindings;
use crate::judge::pattern::{LinePattern, Pattern, common};
use crate::judge::verdict::Broken;

/// Larger tables (lines × lines) are not aligned but shown as two blocks: nobody reads them, and memory is dear.
const CELLS: usize = 1_000_000;

/// What becomes of one pair of lines in an alignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::judge) enum Edit {
    /// This expected line is this actual one (an expected `...` may be many).
    Pair(usize, usize),
    /// This expected line did not come.
    Missing(usize),
    /// This line came and was not expected.
    Extra(usize),
    /// A line that may come anywhere.
    Passing(usize),
}

/// An alignment.
pub(super) struct Aligned {
    pub(super) edits: Vec<Edit>,
    /// With the names that its pairs bind.
    pub(super) bindings: Bindings,
    pub(super) broken: Vec<Broken>,
}

/// The one with as few differences as possible.
pub(super) fn in_line(pattern: &Pattern, actual: &[&str], bindings: &Bindings) -> Aligned {
    let anywhere = &pattern.anywhere;
    let pattern = &pattern.lines[..];
    let plain = anywhere.is_empty();
    let small = pattern.len().saturating_mul(actual.len()) <= CELLS;
    let edits = if plain && pattern.iter().all(LinePattern::is_literal) {
        // Lines that can be hashed: fast enough for the outputs of floods.
        let expected: Vec<_> = pattern.iter().map(LinePattern::literal_text).collect();
        let actual: Vec<_> = actual.iter().map(|line| line.trim_end()).collect();
        edits(&similar::capture_diff_slices(
            Algorithm::Myers,
            &expected,
            &actual,
        ))
    } else if small
        && plain
        && !pattern
            .iter()
            .any(|line| line.is_many() || line.has_names())
    {
        by_similar(pattern, actual, bindings)
    } else if small {
        by_table(pattern, anywhere, actual, bindings)
    } else {
        let missing = (0..pattern.len()).map(Edit::Missing);
        missing.chain((0..actual.len()).map(Edit::Extra)).collect()
    };
    split_broken_bindings(edits, pattern, actual, bindings)
}

/// Lines that look right one by one, but not beside others: the later one is the difference.
fn split_broken_bindings(
    edits: Vec<Edit>,
    pattern: &[LinePattern],
    actual: &[&str],
    bindings: &Bindings,
) -> Aligned {
    let mut broken = Vec::new();
    let mut bindings = bindings.clone();
    let mut kept = Vec::with_capacity(edits.len());
    for edit in edits {
        match edit {
            Edit::Pair(p, a) => match pattern[p].found(actual[a], &bindings) {
                Some(found) => {
                    bindings.bind(found, a);
                    kept.push(edit);
                }
                None => {
                    broken.extend(pattern[p].broken(actual[a], a, &bindings));
                    kept.extend([Edit::Missing(p), Edit::Extra(a)]);
                }
            },
            Edit::Missing(_) | Edit::Extra(_) | Edit::Passing(_) => kept.push(edit),
        }
    }
    Aligned {
        edits: kept,
        bindings,
        broken,
    }
}

/// An actual line that knows how to be equal to an expected one.
struct Against<'a>(&'a str, &'a Bindings);

impl PartialEq<LinePattern> for Against<'_> {
    fn eq(&self, line: &LinePattern) -> bool {
        line.matches(self.0, self.1)
    }
}

fn by_similar(pattern: &[LinePattern], actual: &[&str], bindings: &Bindings) -> Vec<Edit> {
    let new: Vec<_> = actual.iter().map(|line| Against(line, bindings)).collect();
    let mut hook = Replace::new(Capture::new());
    let Ok(()) = myers::diff_deadline_raw(
        &mut hook,
        pattern,
        0..pattern.len(),
        &new[..],
        0..new.len(),
        None,
    );
    edits(&hook.into_inner().into_ops())
}

fn edits(ops: &[DiffOp]) -> Vec<Edit> {
    let mut edits = Vec::new();
    for op in ops {
        let (old, new) = (op.old_range(), op.new_range());
        if let DiffOp::Equal { .. } = op {
            edits.extend(old.zip(new).map(|(p, a)| Edit::Pair(p, a)));
        } else {
            edits.extend(old.map(Edit::Missing));
            edits.extend(new.map(Edit::Extra));
        }
    }
    edits
}

/// What a difference costs in an alignment: a line without a partner, and a pair of lines that begin alike (less, the
/// more they share, so that `inet {{ipv4}}/16 …` is shown against the one line with `inet`).
const ALONE: u32 = 100;

fn pair_cost(line: &LinePattern, actual: &str) -> Option<u32> {
    let (expected, actual) = (line.written.trim(), actual.trim());
    let shorter = expected.chars().count().min(actual.chars().count());
    let shared = common(expected, actual);
    (shared > 0 && shared * 5 >= shorter).then(|| ALONE - (shared * 50 / shorter) as u32)
}

/// The cheapest alignment where `...` takes lines for nothing; `similar` knows no such thing.
fn by_table(
    pattern: &[LinePattern],
    anywhere: &[LinePattern],
    actual: &[&str],
    bindings: &Bindings,
) -> Vec<Edit> {
    let width = actual.len() + 1;
    let passing: Vec<bool> = actual
        .iter()
        .map(|actual| anywhere.iter().any(|line| line.matches(actual, bindings)))
        .collect();
    let last = pattern.len() * width;
    // From expected line p and actual line a on, at p * width + a: the cost of what is left, and the step to take.
    let mut cost = vec![0_u32; last + width];
    let mut step = vec![Step::Extra; last + width];
    for a in (0..actual.len()).rev() {
        (cost[last + a], step[last + a]) = match passing[a] {
            true => (cost[last + a + 1], Step::Pass),
            false => (cost[last + a + 1] + ALONE, Step::Extra),
        };
    }
    for p in (0..pattern.len()).rev() {
        let line = &pattern[p];
        for a in (0..=actual.len()).rev() {
            let here = p * width + a;
            let (alone, skip) = match line.is_many() {
                true => (0, Step::Leave),
                false => (ALONE, Step::Missing),
            };
            // The order decides between equals: the first of the cheapest is taken.
            let mut ways = vec![(cost[here + width] + alone, skip)];
            if let Some(text) = actual.get(a) {
                if line.is_many() {
                    // Before leaving: so that what is missing is the last line that could be, not the first.
                    if line.matches(text, bindings) {
                        ways.insert(0, (cost[here + 1], Step::Take));
                    }
                } else if passing[a] && !line.matches(text, bindings) {
                    ways.insert(0, (cost[here + 1], Step::Pass));
                } else {
                    let both = cost[here + width + 1];
                    if line.matches(text, bindings) {
                        ways.insert(0, (both, Step::Same));
                    } else if line.is_alike(text, bindings) {
                        // Told as a pair, so that it is seen which value is the wrong one.
                        ways.insert(0, (both + ALONE / 4, Step::Same));
                    } else if let Some(pair) = pair_cost(line, text) {
                        ways.insert(0, (both + pair, Step::Differs));
                    }
                    ways.push((cost[here + 1] + ALONE, Step::Extra));
                }
            }
            (cost[here], step[here]) = ways.into_iter().min_by_key(|way| way.0).unwrap_or_default();
        }
    }
    walk(&step, pattern.len(), actual.len())
}

/// One step through the table.
#[derive(Clone, Copy, Debug, Default)]
enum Step {
    #[default]
    Extra,
    Missing,
    Same,
    Differs,
    /// A `...` takes this line.
    Take,
    /// It may come anywhere.
    Pass,
    /// A `...` is over.
    Leave,
}

fn walk(step: &[Step], expected: usize, actual: usize) -> Vec<Edit> {
    let (mut p, mut a) = (0, 0);
    let mut edits = Vec::new();
    while p < expected || a < actual {
        match step[p * (actual + 1) + a] {
            Step::Extra => edits.push(Edit::Extra(a)),
            Step::Missing => edits.push(Edit::Missing(p)),
            Step::Same | Step::Take => edits.push(Edit::Pair(p, a)),
            Step::Pass => edits.push(Edit::Passing(a)),
            Step::Differs => edits.extend([Edit::Missing(p), Edit::Extra(a)]),
            Step::Leave => {}
        }
        match step[p * (actual + 1) + a] {
            Step::Extra | Step::Take | Step::Pass => a += 1,
            Step::Missing | Step::Leave => p += 1,
            Step::Same | Step::Differs => (p, a) = (p + 1, a + 1),
        }
    }
    edits
}
