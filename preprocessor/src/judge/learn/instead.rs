//! A line that another machine has in place of a recorded one: another version of a program says it in other words.
//!
//! In: the recorded line with its free places, and the other line. Out: the other line, with the recorded values where
//! it has values of its own, so that they stay free there, and bound. Not here: which lines are partners (`lines.rs`).

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::tokens::atoms;
use crate::judge::bindings::Bindings;
use crate::judge::pattern::LinePattern;
use crate::judge::varies::{Place, entries, places};

/// The line that is to be written down.
pub(super) fn of(line: &str, free: &[Place], other: &str) -> String {
    let varies = entries(&[line], &[free.to_vec()]);
    let own = in_words_of(line, free, other);
    let found = places(&[&own], &varies);
    match LinePattern::free(&own, &found[0]).matches(other, &Bindings::default()) {
        true => own,
        false => other.to_owned(),
    }
}

/// The recorded line, changed as the other one is, but for what is in its free places.
fn in_words_of(line: &str, free: &[Place], other: &str) -> String {
    let (ours, theirs) = (atoms(line), atoms(other));
    let texts = |line: &str, atoms: &[Range<usize>]| -> Vec<String> {
        let texts = atoms.iter().map(|range| line[range.clone()].to_owned());
        texts.collect()
    };
    let ops = capture_diff_slices(
        Algorithm::Myers,
        &texts(line, &ours),
        &texts(other, &theirs),
    );
    let place_at = |at: usize| free.iter().find(|place| place.range.contains(&at));
    let mut own = String::new();
    for op in ops {
        let (old, new) = (op.old_range(), op.new_range());
        let start = ours.get(old.start).map_or(line.len(), |range| range.start);
        let is_same = matches!(op, DiffOp::Equal { .. });
        // What is new within a value is another value.
        let within = place_at(start).is_some_and(|place| place.range.start < start);
        let mut is_told = is_same;
        for range in &ours[old] {
            if is_same || place_at(range.start).is_some() {
                own.push_str(&line[range.clone()]);
                is_told = true;
            }
        }
        if !is_told && !within {
            own.extend(theirs[new].iter().map(|range| &other[range.clone()]));
        }
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: &str, value: &str, kind: &'static str) -> Place {
        let start = line.find(value).expect("it is there");
        Place {
            range: start..start + value.len(),
            kind,
        }
    }

    #[test]
    fn other_words_with_the_recorded_values() {
        let line = "inet6 fe80::1/64 scope link";
        let free = [place(line, "fe80::1", "ipv6")];
        assert_eq!(
            of(line, &free, "inet6 fe80::a:2/64 scope link proto kernel_ll"),
            "inet6 fe80::1/64 scope link proto kernel_ll"
        );
    }

    #[test]
    fn what_is_nothing_alike_is_taken_as_it_is() {
        let line = "pid 12 is up";
        let free = [place(line, "12", "pid")];
        assert_eq!(of(line, &free, "no such process"), "no such process");
    }
}
