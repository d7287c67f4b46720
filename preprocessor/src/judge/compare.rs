//! An expectation against an output: does it match, and if not, which lines differ.
//!
//! Two questions, two ways. Whether it matches is decided from top to bottom, each stretch between two `...` at the
//! first place where it fits: never exponential, and what an author can follow with a finger. Where it differs is an
//! alignment with as few differences as possible, made only after a failure, for people.

mod align;

use std::collections::HashMap;

pub(super) use align::Edit;
use align::{Aligned, in_line};

use super::bindings::{Bindings, Name};
use super::pattern::{LinePattern, Pattern};
use super::verdict::{Bound, Broken, DiffLine};
use crate::tutorial::Matching;

/// All lines of both sides.
pub(super) struct Difference {
    pub(super) lines: Vec<DiffLine>,
    /// Index of the expected line at which the first difference stands.
    pub(super) expected_line: usize,
    /// Placeholders in expected lines that are not there, whose value was known.
    pub(super) bound: Vec<Bound>,
    /// Values that do not go with another place.
    pub(super) broken: Vec<Broken>,
}

/// `None`: it matches, and its new names are bound.
pub(super) fn compare(
    pattern: &Pattern,
    actual: &[&str],
    matching: Matching,
    bindings: &mut Bindings,
) -> Option<Difference> {
    match matching {
        Matching::None => None,
        Matching::Exact => {
            let mut tried = bindings.clone();
            if in_order(pattern, actual, &mut tried) {
                *bindings = tried;
                return None;
            }
            // With the names that were bound on the way, so that the difference shown is the one that decided.
            Some(diff(pattern, actual, &tried))
        }
        Matching::Unordered => unordered(pattern, actual, bindings),
    }
}

/// The difference of an output that matches, but has a value that is not made of others as it was in the recorded one.
pub(super) fn torn(recorded: &str, actual: &[&str], bindings: &Bindings) -> Option<Difference> {
    let (broken, range) = bindings.torn(recorded, actual)?;
    let at = broken.second.place.line;
    let mut lines: Vec<_> = actual
        .iter()
        .map(|line| same(&LinePattern::literal(line), line))
        .collect();
    let mut should_be = actual[at].to_owned();
    should_be.replace_range(range.clone(), &broken.first.value);
    let equal = should_be
        .bytes()
        .zip(actual[at].bytes())
        .take_while(|(one, other)| one == other);
    let first_difference = Some(equal.count());
    let extra = DiffLine::Extra {
        actual: actual[at].to_owned(),
        first_difference,
    };
    let missing = DiffLine::Missing {
        expected: should_be,
        varying: Vec::new(),
        first_difference,
    };
    lines.splice(at..=at, [missing, extra]);
    Some(Difference {
        lines,
        expected_line: at,
        bound: Vec::new(),
        broken: vec![broken],
    })
}

/// Binds the new names of an output that matches; one that does not is no news.
pub(super) fn take(pattern: &Pattern, actual: &[&str], bindings: &mut Bindings) {
    let mut tried = bindings.clone();
    if in_order(pattern, actual, &mut tried) {
        *bindings = tried;
    }
}

/// Whether the lines match from top to bottom. A stretch after `...` is taken where it first fits, the last one at the
/// end; in both cases with the names bound so far.
fn in_order(pattern: &Pattern, actual: &[&str], bindings: &mut Bindings) -> bool {
    let of_any_length = |line: &LinePattern| line.is_many() && !line.is_any_lines();
    if !pattern.anywhere.is_empty() || pattern.lines.iter().any(of_any_length) {
        return as_recorded(pattern, actual, bindings);
    }
    let mut stretches = pattern.lines.split(LinePattern::is_any_lines);
    let Some(first) = stretches.next() else {
        return actual.is_empty();
    };
    let rest: Vec<_> = stretches.collect();
    let Some((last, middle)) = rest.split_last() else {
        return actual.len() == first.len() && stretch(first, actual, 0, bindings);
    };
    if actual.len() < first.len() || !stretch(first, actual, 0, bindings) {
        return false;
    }
    let mut at = first.len();
    for lines in middle {
        let found = (at..=actual.len().saturating_sub(lines.len()))
            .find(|&start| stretch(lines, actual, start, bindings));
        match found {
            Some(start) => at = start + lines.len(),
            None => return false,
        }
    }
    actual.len() >= at + last.len() && stretch(last, actual, actual.len() - last.len(), bindings)
}

/// Whether each line matches the one beside it, from an actual line on; only then its names are bound.
fn stretch(
    pattern: &[LinePattern],
    actual: &[&str],
    start: usize,
    bindings: &mut Bindings,
) -> bool {
    let actual = &actual[start..];
    if actual.len() < pattern.len() {
        return false;
    }
    if pattern.iter().all(LinePattern::is_literal) {
        return pattern
            .iter()
            .zip(actual)
            .all(|(p, a)| p.matches(a, bindings));
    }
    let mut tried = bindings.clone();
    for (at, (line, actual)) in pattern.iter().zip(actual).enumerate() {
        match line.found(actual, &tried) {
            Some(found) => tried.bind(found, start + at),
            None => return false,
        }
    }
    *bindings = tried;
    true
}

/// A recorded output has lines that repeat, and lines that come at times, but no `...`: each line takes what it can.
fn as_recorded(pattern: &Pattern, actual: &[&str], bindings: &mut Bindings) -> bool {
    let mut rest = actual;
    let passing = |line: &str, bindings: &Bindings| {
        let mut lines = pattern.anywhere.iter();
        lines.any(|pattern| pattern.matches(line, bindings))
    };
    for line in &pattern.lines {
        loop {
            let found = rest.first().map(|actual| line.found(actual, bindings));
            match found {
                Some(Some(_)) if line.is_many() => rest = &rest[1..],
                _ if line.is_many() => break,
                Some(Some(values)) => {
                    bindings.bind(values, actual.len() - rest.len());
                    rest = &rest[1..];
                    break;
                }
                Some(None) if passing(rest[0], bindings) => rest = &rest[1..],
                _ => return false,
            }
        }
    }
    rest.iter().all(|line| passing(line, bindings))
}

/// The expected line that each actual one is, and the expected lines that are none: each expected line takes the first
/// line that fits and is still free, literal lines before those with matchers, and of these the ones whose values are all
/// known before the others.
fn partners(
    pattern: &[LinePattern],
    actual: &[&str],
    tried: &mut Bindings,
) -> (Vec<Option<usize>>, Vec<usize>) {
    let mut partner: Vec<Option<usize>> = vec![None; actual.len()];
    let mut missing = Vec::new();
    let (literal, other): (Vec<_>, Vec<_>) = (0..pattern.len())
        .filter(|&line| !pattern[line].is_many())
        .partition(|&line| pattern[line].is_literal());
    // A flood has many lines, but each of them is looked up once.
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, line) in actual.iter().enumerate().rev() {
        places.entry(line.trim_end()).or_default().push(at);
    }
    for line in literal {
        let place = places.get_mut(pattern[line].literal_text());
        match place.and_then(Vec::pop) {
            Some(at) => partner[at] = Some(line),
            None => missing.push(line),
        }
    }
    let (settled, other): (Vec<_>, Vec<_>) = other
        .into_iter()
        .partition(|&line| pattern[line].is_settled(tried));
    let count = settled.len();
    let mut doubtful: Option<Vec<bool>> = None;
    for (nth, line) in settled.iter().chain(&other).copied().enumerate() {
        let mut free = (0..actual.len()).filter(|&at| partner[at].is_none());
        if nth >= count {
            // Which of several lines it is nobody knows, so nothing is said of what else has to have their values.
            let open: Vec<_> = free.clone().map(|at| actual[at]).collect();
            let of_other = || {
                other.iter().map(|&line| {
                    let mut fitting = open
                        .iter()
                        .filter(|actual| pattern[line].is_alike(actual, tried));
                    fitting.nth(1).is_some()
                })
            };
            doubtful.get_or_insert_with(|| of_other().collect());
        }
        let found = free.find_map(|at| Some((at, pattern[line].found(actual[at], tried)?)));
        match found {
            Some((at, mut values)) => {
                partner[at] = Some(line);
                if nth >= count && doubtful.as_ref().is_some_and(|it| it[nth - count]) {
                    values.retain(|found| matches!(found.name, Name::Given(_)));
                }
                tried.bind(values, at);
            }
            None => missing.push(line),
        }
    }
    missing.sort_unstable();
    (partner, missing)
}

/// The lines that take any others of their looks.
fn open(pattern: &Pattern) -> Vec<&LinePattern> {
    let many = pattern.lines.iter().filter(|line| line.is_many());
    many.chain(&pattern.anywhere).collect()
}

/// The same lines in any order. A `...` allows any others.
fn unordered(pattern: &Pattern, actual: &[&str], bindings: &mut Bindings) -> Option<Difference> {
    let mut tried = bindings.clone();
    let (partner, missing) = partners(&pattern.lines, actual, &mut tried);
    let open = open(pattern);
    let pattern = &pattern.lines;
    let is_open = |at: usize| open.iter().any(|line| line.matches(actual[at], &tried));
    let mut lines = partner.iter().enumerate();
    if missing.is_empty() && lines.all(|(at, partner)| partner.is_some() || is_open(at)) {
        *bindings = tried;
        return None;
    }
    let expected_line = missing.first().copied().unwrap_or(0);
    let mut broken = Vec::new();
    let mut taken = vec![false; actual.len()];
    for &line in &missing {
        let alone = |at: &usize| partner[*at].is_none() && !taken[*at];
        let mut alike = (0..actual.len()).filter(alone);
        let found = alike.find_map(|at| Some((at, pattern[line].broken(actual[at], at, &tried)?)));
        if let Some((at, found)) = found {
            taken[at] = true;
            broken.push(found);
        }
    }
    let bound = bound_in(missing.iter().map(|&line| &pattern[line]), &tried, &broken);
    let open: Vec<Option<&LinePattern>> = actual
        .iter()
        .map(|actual| {
            let mut open = open.iter().copied();
            open.find(|line| line.matches(actual, &tried))
        })
        .collect();
    let there = actual.iter().zip(partner.iter().zip(open));
    let there = there.map(|(actual, partner)| match partner {
        (Some(line), _) => same(&pattern[*line], actual),
        (None, Some(line)) => same(line, actual),
        (None, None) => DiffLine::Extra {
            actual: (*actual).to_owned(),
            first_difference: None,
        },
    });
    let not_there = missing
        .into_iter()
        .map(|line| lacking(&pattern[line], None));
    Some(Difference {
        lines: there.chain(not_there).collect(),
        expected_line,
        bound,
        broken,
    })
}

fn same(line: &LinePattern, actual: &str) -> DiffLine {
    DiffLine::Same {
        expected: line.written.clone(),
        varying: line.varying(),
        actual: actual.to_owned(),
    }
}

fn lacking(line: &LinePattern, first_difference: Option<usize>) -> DiffLine {
    DiffLine::Missing {
        expected: line.written.clone(),
        varying: line.varying(),
        first_difference,
    }
}

/// Which expected line is which actual one, in the order of the expected lines.
pub(super) fn aligned(
    pattern: &Pattern,
    actual: &[&str],
    matching: Matching,
    bindings: &Bindings,
) -> Vec<Edit> {
    if matching != Matching::Unordered {
        return in_line(pattern, actual, bindings).edits;
    }
    let mut tried = bindings.clone();
    let (partner, missing) = partners(&pattern.lines, actual, &mut tried);
    let pairs = partner.iter().enumerate();
    let pairs = pairs.filter_map(|(at, line)| Some(Edit::Pair((*line)?, at)));
    let mut edits: Vec<_> = pairs
        .chain(missing.into_iter().map(Edit::Missing))
        .collect();
    edits.sort_by_key(|edit| match *edit {
        Edit::Pair(line, _) | Edit::Missing(line) | Edit::Extra(line) | Edit::Passing(line) => line,
    });
    // Where lines have no order, one that is new stands best where one is gone.
    let open = open(pattern);
    let is_open = |at: usize| open.iter().any(|line| line.matches(actual[at], &tried));
    let mut new = (0..actual.len())
        .filter(|&at| partner[at].is_none() && !is_open(at))
        .map(Edit::Extra);
    let mut all = Vec::with_capacity(edits.len());
    for edit in edits {
        all.push(edit);
        if let Edit::Missing(_) = edit {
            all.extend(new.next());
        }
    }
    all.extend(new);
    all
}

/// All lines of both sides, aligned.
fn diff(pattern: &Pattern, actual: &[&str], bindings: &Bindings) -> Difference {
    let Aligned {
        edits,
        bindings,
        broken,
    } = in_line(pattern, actual, bindings);
    let pattern = &pattern.lines[..];
    let mut lines = Vec::with_capacity(edits.len());
    for change in edits.chunk_by(|a, b| is_pair(*a) == is_pair(*b)) {
        if is_pair(change[0]) {
            lines.extend(change.iter().filter_map(|edit| match *edit {
                Edit::Pair(p, a) => Some(same(&pattern[p], actual[a])),
                Edit::Passing(a) => Some(same(&LinePattern::literal(actual[a]), actual[a])),
                Edit::Missing(_) | Edit::Extra(_) => None,
            }));
        } else {
            push_change(change, pattern, actual, &bindings, &mut lines);
        }
    }
    let expected_line = first_changed(&edits).min(pattern.len().saturating_sub(1));
    let missing = edits.iter().filter_map(|edit| match *edit {
        Edit::Missing(p) => Some(&pattern[p]),
        Edit::Pair(..) | Edit::Extra(_) | Edit::Passing(_) => None,
    });
    let bound = bound_in(missing, &bindings, &broken);
    Difference {
        lines,
        expected_line,
        bound,
        broken,
    }
}

/// Known placeholders, but for those of which more is to be said.
fn bound_in<'a>(
    lines: impl Iterator<Item = &'a LinePattern>,
    bindings: &Bindings,
    broken: &[Broken],
) -> Vec<Bound> {
    let mut bound: Vec<_> = lines.flat_map(|line| line.known_values(bindings)).collect();
    bound.sort_by(|a, b| a.written.cmp(&b.written));
    bound.dedup();
    bound.retain(|bound| broken.iter().all(|it| it.second.written() != bound.written));
    bound
}

/// The expected line of the first difference; behind the last pair when it is an actual line too many.
fn first_changed(edits: &[Edit]) -> usize {
    let mut next = 0;
    for edit in edits {
        match *edit {
            Edit::Pair(p, _) => next = p + 1,
            Edit::Missing(p) => return p,
            Edit::Extra(_) => return next,
            Edit::Passing(_) => {}
        }
    }
    next
}

fn is_pair(edit: Edit) -> bool {
    matches!(edit, Edit::Pair(..) | Edit::Passing(_))
}

/// A stretch of differences: all missing lines, then all extra ones, those that stand against each other marked.
fn push_change(
    change: &[Edit],
    pattern: &[LinePattern],
    actual: &[&str],
    bindings: &Bindings,
    lines: &mut Vec<DiffLine>,
) {
    let missing: Vec<_> = change
        .iter()
        .filter_map(|edit| match *edit {
            Edit::Missing(p) => Some(&pattern[p]),
            _ => None,
        })
        .collect();
    let extra: Vec<_> = change
        .iter()
        .filter_map(|edit| match *edit {
            Edit::Extra(a) => Some(actual[a]),
            _ => None,
        })
        .collect();
    let first: Vec<_> = missing
        .iter()
        .zip(&extra)
        .map(|(line, actual)| line.first_difference(actual, bindings))
        .collect();
    for (at, line) in missing.iter().enumerate() {
        lines.push(lacking(line, first.get(at).map(|at| at.0)));
    }
    for (at, actual) in extra.iter().enumerate() {
        lines.push(DiffLine::Extra {
            actual: (*actual).to_owned(),
            first_difference: first.get(at).map(|at| at.1),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the lines match in any way at all; exponential, for short ones without names.
    fn brute(pattern: &[LinePattern], actual: &[&str]) -> bool {
        let Some((first, rest)) = pattern.split_first() else {
            return actual.is_empty();
        };
        if first.is_any_lines() {
            return (0..=actual.len()).any(|at| brute(rest, &actual[at..]));
        }
        actual.split_first().is_some_and(|(line, below)| {
            first.matches(line, &Bindings::default()) && brute(rest, below)
        })
    }

    #[test]
    fn a_match_is_a_match_and_a_difference_can_be_seen() {
        const EXPECTED: &[&str] = &[
            "...",
            "a",
            "b",
            "{{int}}",
            "x {{int}} …",
            "{{int:n}}",
            "x {{int:n}}",
        ];
        const ACTUAL: &[&str] = &["a", "b", "1", "2", "x 1", "x 2 y", ""];
        // A fixed pseudo-random sequence (xorshift64): failures can be repeated.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut some = |from: &[&'static str]| -> Vec<&'static str> {
            let mut next = |below: usize| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state % below as u64) as usize
            };
            (0..next(7)).map(|_| from[next(from.len())]).collect()
        };
        let (mut matched, mut differed) = (0, 0);
        for round in 0..20_000 {
            let expected = some(if round % 2 == 0 {
                &EXPECTED[..5]
            } else {
                EXPECTED
            })
            .join("\n");
            let actual = some(ACTUAL);
            let pattern = Pattern::parse(&expected).expect("a right pattern");
            let found = compare(&pattern, &actual, Matching::Exact, &mut Bindings::default());
            if round % 2 == 0 {
                assert_eq!(
                    found.is_none(),
                    brute(&pattern.lines, &actual),
                    "{expected:?} {actual:?}"
                );
            }
            let Some(found) = found else {
                matched += 1;
                continue;
            };
            differed += 1;
            let seen = |line: &DiffLine| !matches!(line, DiffLine::Same { .. });
            assert!(found.lines.iter().any(seen), "{expected:?} {actual:?}");
            let came = found
                .lines
                .iter()
                .filter(|line| !matches!(line, DiffLine::Missing { .. }));
            assert_eq!(came.count(), actual.len(), "{expected:?} {actual:?}");
        }
        assert!(matched > 500 && differed > 500, "{matched} {differed}");
    }
}
