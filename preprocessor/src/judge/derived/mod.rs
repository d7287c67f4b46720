//! Values that belong together though they are not equal: a MAC address and the IPv6 address made from it, an address
//! and its network, the times of a `ping` and their mean.
//!
//! In: a transcript. Out: [`Ties`], which pairs of its varying values belong together; what held between two values of
//! the recorded runs has to hold between those that come in their places. A relation is one file with one [`Relation`]
//! and one line in [`RELATIONS`]; where a value is made of several others of the same output, with one [`Sum`] and a line in
//! [`SUMS`]. Two values that were never the same are tied too: they must not become the same. Not
//! here: which value came where (`bindings.rs`), and the pairs that another recorded run tore (`record.rs` finds them,
//! `apart` of the transcript has them).

mod eui64;
mod network;
mod round_trips;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::bindings::Name;
use super::recorded::{Known, pattern_with};
use super::transcript::Transcript;

/// A way in which two values belong together.
#[derive(Debug)]
pub struct Relation {
    /// Its file.
    pub name: &'static str,
    /// One line for the guide.
    pub doc: &'static str,
    /// What was so in every recorded run, in a sentence.
    pub said: &'static str,
    /// Whether the one is so made from the other; addresses come with the prefix length that stands behind them.
    pub holds: fn(&str, &str) -> bool,
    /// Pairs that belong together.
    pub examples: &'static [(&'static str, &'static str)],
    /// Pairs that don't.
    pub not: &'static [(&'static str, &'static str)],
}

impl PartialEq for Relation {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Relation {}

/// Every relation.
pub const RELATIONS: &[&Relation] = &[&eui64::RELATION, &network::RELATION];

/// A way in which a value is made of others, above it in the same output.
#[derive(Debug)]
pub struct Sum {
    /// Its file.
    pub name: &'static str,
    /// One line for the guide.
    pub doc: &'static str,
    /// The first value of an output's lines that is not made so, if there is one.
    torn: fn(&[&str]) -> Option<Torn>,
}

/// Every such way.
pub const SUMS: &[&Sum] = &[&round_trips::SUM];

/// A value that is not what the others make.
pub(super) struct Torn {
    /// Where it stands: line, and bytes of it.
    pub(super) line: usize,
    pub(super) range: Range<usize>,
    pub(super) should_be: String,
    /// The line of one that it is made of.
    pub(super) of: usize,
    /// What it should be, in words.
    pub(super) said: &'static str,
}

/// The first value that is not made as it was in the recorded output.
pub(super) fn torn(recorded: &str, actual: &[&str], ties: &Ties) -> Option<(&'static Sum, Torn)> {
    let recorded: Vec<&str> = recorded.lines().collect();
    let held = |sum: &Sum| !ties.apart.contains(sum.name) && (sum.torn)(&recorded).is_none();
    SUMS.iter()
        .find_map(|sum| Some((*sum, (sum.torn)(actual).filter(|_| held(sum))?)))
}

/// A transcript with more values than this is a flood, in which nobody looks for pairs.
const MOST: usize = 500;

/// A recorded value that has a name, and what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Shown {
    /// Name of a [`Matcher`](super::matcher::Matcher).
    pub(super) kind: &'static str,
    pub(super) value: String,
    /// `/24`, behind an address; else empty.
    pub(super) prefix: String,
}

impl Shown {
    /// `behind` is the text from the value to the end of the line, or to the next thing in it that varies.
    pub(super) fn new(kind: &'static str, value: &str, behind: &str) -> Self {
        let digits = behind.strip_prefix('/').map_or(0, |rest| {
            rest.bytes().take_while(u8::is_ascii_digit).count()
        });
        let prefix = match kind {
            "ipv4" | "ipv6" if (1..=3).contains(&digits) => &behind[..=digits],
            _ => "",
        };
        Self {
            kind,
            value: value.to_owned(),
            prefix: prefix.to_owned(),
        }
    }

    /// Another value in the same place.
    pub(super) fn with(&self, value: &str) -> String {
        format!("{value}{}", self.prefix)
    }
}

/// How two values belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tie {
    /// They were the same.
    Same,
    /// They were never the same.
    Different,
    /// The one is made from the other.
    Related(Related),
    /// The second is made of several, of which the first is one: the name of the [`Sum`], and what it should be in words.
    Made(&'static str, &'static str),
}

/// Two values between which a relation held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Which one.
    pub relation: &'static Relation,
    one: Shown,
    other: Shown,
}

impl Related {
    /// Whether it holds between values in the places of the two.
    pub(super) fn holds(&self, one: &str, other: &str) -> bool {
        (self.relation.holds)(&self.one.with(one), &self.other.with(other))
    }

    /// The recorded values.
    pub(super) fn values(&self) -> (&str, &str) {
        (&self.one.value, &self.other.value)
    }
}

impl Tie {
    /// Whether it still holds, with `value` in the place of the `recorded` one and `other` in that of its partner.
    pub(super) fn holds(&self, recorded: &str, value: &str, other: &str) -> bool {
        match self {
            Self::Same => value == other,
            Self::Different => value != other,
            Self::Made(..) => true,
            Self::Related(related) if related.one.value == recorded => related.holds(value, other),
            Self::Related(related) => related.holds(other, value),
        }
    }

    /// A value with as much of its line as matters.
    pub(super) fn shown(&self, name: &Name, value: &str) -> String {
        match (self, name) {
            (Self::Related(related), Name::Recorded(recorded)) => {
                let mut both = [&related.one, &related.other].into_iter();
                let shown = both.find(|shown| shown.value == *recorded);
                shown.map_or_else(|| value.to_owned(), |shown| shown.with(value))
            }
            _ => value.to_owned(),
        }
    }
}

/// Which values of a transcript belong together.
#[derive(Debug, Default)]
pub(super) struct Ties {
    /// Recorded value → ties, and the values of the others.
    related: HashMap<String, Vec<(Tie, String)>>,
    /// What is no pair, see [`pair`].
    apart: HashSet<String>,
}

impl Ties {
    pub(super) fn in_transcript(transcript: &Transcript) -> Self {
        let known = Known::of(transcript, &transcript.facts);
        let apart: HashSet<String> = transcript.apart.iter().cloned().collect();
        let shown = std::cell::RefCell::new(Vec::new());
        let commands = transcript.steps.iter().flat_map(|step| &step.commands);
        for command in commands.filter(|command| !command.varies.is_empty()) {
            pattern_with(command, known, &|value| {
                shown.borrow_mut().push(value.clone());
                None
            });
        }
        let shown = shown.into_inner();
        let shown: Vec<_> = shown
            .into_iter()
            .filter(|it| !apart.contains(&it.value))
            .collect();
        let mut related: HashMap<String, Vec<(Tie, String)>> = HashMap::new();
        for found in pairs(&shown) {
            let (one, other) = found.values();
            if apart.contains(&pair(one, other)) {
                continue;
            }
            let (one, other) = (one.to_owned(), other.to_owned());
            let mut tie = |to: &str, partner: &str| {
                let ties = related.entry(to.to_owned()).or_default();
                ties.push((Tie::Related(found.clone()), partner.to_owned()));
            };
            tie(&one, &other);
            tie(&other, &one);
        }
        Self { related, apart }
    }

    /// The ties of a recorded value, each with its partner.
    pub(super) fn of(&self, recorded: &str) -> impl Iterator<Item = (&Tie, &str)> {
        let ties = self.related.get(recorded).into_iter().flatten();
        ties.map(|(tie, partner)| (tie, partner.as_str()))
    }

    /// Whether two recorded values must not become one.
    pub(super) fn are_different(&self, one: &str, other: &str) -> bool {
        one != other && !self.apart.contains(&pair(one, other))
    }
}

/// Two values as one entry of `apart`: nothing is asked of them together.
pub(super) fn pair(one: &str, other: &str) -> String {
    let (one, other) = (one.min(other), one.max(other));
    format!("{one} {other}")
}

/// The pairs between which a relation holds, each once.
pub(super) fn pairs(shown: &[Shown]) -> Vec<Related> {
    let mut known = HashSet::new();
    let shown: Vec<&Shown> = shown
        .iter()
        .filter(|it| matches!(it.kind, "mac" | "ipv4" | "ipv6") && known.insert(*it))
        .take(MOST)
        .collect();
    let texts: Vec<String> = shown.iter().map(|it| it.with(&it.value)).collect();
    let mut pairs: Vec<Related> = Vec::new();
    for relation in RELATIONS {
        for (one, text) in shown.iter().zip(&texts) {
            for (other, other_text) in shown.iter().zip(&texts) {
                if one.value != other.value && (relation.holds)(text, other_text) {
                    pairs.push(Related {
                        relation,
                        one: (*one).clone(),
                        other: (*other).clone(),
                    });
                }
            }
        }
    }
    // `10.0.2.15` is in the network whether a prefix length stands behind it or not.
    let mut known = HashSet::new();
    pairs.retain(|found| {
        let (one, other) = (&found.one.value, &found.other);
        known.insert((found.relation.name, one.clone(), other.clone()))
    });
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_relation_holds_for_its_examples_alone() {
        for relation in RELATIONS {
            let holds = |pair: &(&str, &str)| (relation.holds)(pair.0, pair.1);
            assert!(!relation.examples.is_empty() && !relation.not.is_empty());
            for pair in relation.examples {
                assert!(holds(pair), "{} should hold for {pair:?}", relation.name);
            }
            for pair in relation.not {
                assert!(
                    !holds(pair),
                    "{} should not hold for {pair:?}",
                    relation.name
                );
            }
        }
    }

    #[test]
    fn every_file_of_the_folder_is_in_the_table() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/judge/derived");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("our own folder")
            .map(|file| file.expect("its name").file_name())
            .map(|name| name.to_string_lossy().replace(".rs", ""))
            .filter(|name| name != "mod")
            .collect();
        files.sort();
        let relations = RELATIONS.iter().map(|relation| relation.name);
        let mut names: Vec<_> = relations.chain(SUMS.iter().map(|sum| sum.name)).collect();
        names.sort_unstable();
        assert_eq!(files, names);
    }

    #[test]
    fn a_prefix_length_belongs_to_the_address_before_it() {
        let of = |kind, behind| Shown::new(kind, "x", behind).prefix;
        assert_eq!(of("ipv4", "/24 dev vde0"), "/24");
        assert_eq!(of("ipv6", "/128"), "/128");
        assert_eq!(of("ipv4", "/"), "");
        assert_eq!(of("ipv4", " /24"), "");
        assert_eq!(of("path", "/24"), "");
    }
}
