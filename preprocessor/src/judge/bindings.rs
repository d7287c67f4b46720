//! The values of one run that stand for the same thing in several places: names, captured values, and what ties names
//! to each other.
//!
//! A name is bound by the first place that has it, and knows that place, so that a failure can tell of both. Not here:
//! which recorded values get a name (`recorded.rs`), and which of them belong together (`derived/`).

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::derived::{self, Tie, Ties};
use super::verdict::{Bound, Broken, Place, Seen};

/// What a value is known by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// The author's: `laptop` of `{{mac:laptop}}`.
    Given(String),
    /// The value that the recorded run had.
    Recorded(String),
    /// A place of its own, while something is learned.
    Nth(usize),
}

impl Name {
    /// As the expectation has it.
    pub(super) fn written(&self, kind: &str) -> String {
        match self {
            Self::Given(name) => format!("{{{{{kind}:{name}}}}}"),
            Self::Recorded(value) => value.clone(),
            Self::Nth(nth) => nth.to_string(),
        }
    }
}

/// A named value, as a line has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: Name,
    /// Name of a [`Matcher`](super::matcher::Matcher).
    pub(super) kind: &'static str,
    pub(super) value: String,
}

/// What a run has established so far: names from placeholders and recorded values, and captured values.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    bound: HashMap<Name, (Found, Place)>,
    /// Whose value it is, of the names that recorded values have.
    holders: HashMap<String, Name>,
    captured: HashMap<String, String>,
    ties: Arc<Ties>,
    /// The step that is judged, its first command, and the first line of that and each further command.
    here: (usize, usize, Vec<usize>),
}

/// Why a value can't be what it is: how it belongs to another, and that one.
type Conflict = (Tie, Found, Option<Place>);

impl Bindings {
    /// Of a run that is held against what these tie.
    pub(super) fn with(ties: Ties) -> Self {
        Self {
            ties: Arc::new(ties),
            ..Self::default()
        }
    }

    /// Whose output is compared from now on: that command of the step; where several are compared as one, with how many
    /// lines each of them has.
    pub(super) fn enter(&mut self, step: usize, command: usize, lengths: &[usize]) {
        let mut first = 0;
        let starts = lengths.iter().map(|lines| {
            first += lines;
            first - lines
        });
        self.here = (step, command, starts.collect());
    }

    fn place(&self, line: usize) -> Place {
        let (step, command, starts) = &self.here;
        let nth = starts.partition_point(|start| *start <= line);
        let nth = nth.saturating_sub(1);
        Place {
            step: *step,
            command: command + nth,
            line: line - starts.get(nth).copied().unwrap_or(0),
        }
    }

    /// The first value of an output that is not made of others as it was in the recorded one; the step's output is as
    /// recorded otherwise.
    pub(super) fn torn(&self, recorded: &str, actual: &[&str]) -> Option<(Broken, Range<usize>)> {
        let (sum, torn) = derived::torn(recorded, actual, &self.ties)?;
        let seen = |value: &str, line: usize| Seen {
            name: Name::Recorded(value.to_owned()),
            kind: "float",
            value: value.to_owned(),
            place: self.place(line),
        };
        let broken = Broken {
            tie: Tie::Made(sum.name, torn.said),
            first: seen(&torn.should_be, torn.of),
            second: seen(&actual[torn.line][torn.range.clone()], torn.line),
        };
        Some((broken, torn.range))
    }

    /// The value a name has been bound to.
    pub fn bound(&self, name: &Name) -> Option<&str> {
        self.bound.get(name).map(|(found, _)| found.value.as_str())
    }

    /// What `{{=NAME}}` stands for: the value that a step captured, else what `{{kind:NAME}}` was.
    pub fn value(&self, name: &str) -> Option<&str> {
        let captured = self.captured.get(name).map(String::as_str);
        captured.or_else(|| self.bound(&Name::Given(name.to_owned())))
    }

    /// Binds names that are not bound yet, of a line of the output that is compared.
    pub(super) fn bind(&mut self, found: Vec<Found>, line: usize) {
        let place = self.place(line);
        for found in found {
            if self.bound.contains_key(&found.name) {
                continue;
            }
            if matches!(found.name, Name::Recorded(_)) {
                let holder = self.holders.entry(found.value.clone());
                holder.or_insert_with(|| found.name.clone());
            }
            self.bound.insert(found.name.clone(), (found, place));
        }
    }

    /// A step's `capture`; a later one of the same name replaces it, as in the run.
    pub(super) fn capture(&mut self, name: String, value: String) {
        self.captured.insert(name, value);
    }

    /// Whether a value goes with all that is known, and with what stands `before` it in the same line.
    pub(super) fn admits(&self, before: &[Found], new: &Found) -> bool {
        self.conflict(before, new).is_none()
    }

    fn conflict(&self, before: &[Found], new: &Found) -> Option<Conflict> {
        let known = |name: &Name| -> Option<(Found, Option<Place>)> {
            if let Some((found, place)) = self.bound.get(name) {
                return Some((found.clone(), Some(*place)));
            }
            let found = before.iter().find(|found| found.name == *name)?;
            Some((found.clone(), None))
        };
        if let Some((other, place)) = known(&new.name) {
            return (other.value != new.value).then_some((Tie::Same, other, place));
        }
        let Name::Recorded(recorded) = &new.name else {
            return None;
        };
        for (tie, partner) in self.ties.of(recorded) {
            if let Some((other, place)) = known(&Name::Recorded(partner.to_owned()))
                && !tie.holds(recorded, &new.value, &other.value)
            {
                return Some((tie.clone(), other, place));
            }
        }
        let before = before.iter().filter(|found| found.value == new.value);
        let same = before.map(|found| &found.name);
        let mut same = same.chain(self.holders.get(&new.value));
        same.find_map(|name| {
            let (other, place) = known(name)?;
            let Name::Recorded(other_recorded) = name else {
                return None;
            };
            let apart = self.ties.are_different(recorded, other_recorded);
            (apart
                && other.kind == new.kind
                && super::recorded::is_one_of_a_kind(new.kind, &new.value))
            .then_some((Tie::Different, other, place))
        })
    }

    /// The first of a line's values that can't be what it is, told with the place of the other.
    pub(super) fn broken(&self, found: &[Found], line: usize) -> Option<Broken> {
        let here = self.place(line);
        found.iter().enumerate().find_map(|(nth, new)| {
            let (tie, other, place) = self.conflict(&found[..nth], new)?;
            let seen = |found: &Found, place: Place| Seen {
                name: found.name.clone(),
                kind: found.kind,
                value: tie.shown(&found.name, &found.value),
                place,
            };
            Some(Broken {
                first: seen(&other, place.unwrap_or(here)),
                second: seen(new, here),
                tie,
            })
        })
    }

    /// What an author's placeholder stands for by now.
    pub(super) fn known(&self, kind: &str, name: &Name) -> Option<Bound> {
        let (found, place) = self.bound.get(name)?;
        matches!(name, Name::Given(_)).then(|| Bound {
            written: name.written(kind),
            value: found.value.clone(),
            place: Some(*place),
        })
    }
}
