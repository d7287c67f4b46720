//! One line that came differently: which stretches of it vary, and of what kind each is.
//!
//! In: the line, and the lines that stood in its place in other runs. Out: places whose kinds match all of them, tight
//! kinds before loose ones; or nothing, when no kinds do. The answer is proved by the pattern that judges later.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::judge::bindings::{Bindings, Name};
use crate::judge::matcher::{self, Matcher};
use crate::judge::pattern::{Free, LinePattern};
use crate::judge::varies::{Place, is_token, is_unit};

/// A place, and what stood there in the other lines.
pub(super) struct Found {
    pub(super) place: Place,
    pub(super) values: Vec<String>,
}

/// Lines with more ways than this to be explained are left to the author.
const TRIES: usize = 400;

/// How far to the left of a difference a value may begin, in bytes: a long date with its weekday.
const REACH: usize = 48;

/// `known` are places of the line that are free already.
pub(super) fn explain(line: &str, others: &[&str], known: &[Place]) -> Option<Vec<Found>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for other in others {
        ranges.extend(differing(line, other));
    }
    ranges.extend(known.iter().map(|place| place.range.clone()));
    ranges.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
    ranges.dedup();
    let mut search = Search {
        line,
        others,
        known,
        ranges: &ranges,
        tries: TRIES,
        chosen: Vec::new(),
    };
    search.from(0)
}

struct Search<'a> {
    line: &'a str,
    others: &'a [&'a str],
    known: &'a [Place],
    ranges: &'a [Range<usize>],
    tries: usize,
    chosen: Vec<Place>,
}

impl Search<'_> {
    /// Chooses a kind for the first range at `at` or behind it that none covers yet, and so on.
    fn from(&mut self, at: usize) -> Option<Vec<Found>> {
        let end = self.chosen.last().map_or(0, |place| place.range.end);
        let next = (at..self.ranges.len()).find(|&index| self.ranges[index].end > end);
        let Some(next) = next else {
            return self.proved();
        };
        for candidate in candidates(self.line, &self.ranges[next], self.known) {
            if candidate.range.start < end {
                continue;
            }
            self.chosen.push(candidate);
            let found = self.from(next + 1);
            if found.is_some() || self.tries == 0 {
                return found;
            }
            self.chosen.pop();
        }
        None
    }

    fn proved(&mut self) -> Option<Vec<Found>> {
        self.tries = self.tries.checked_sub(1)?;
        let free = self.chosen.iter().enumerate().filter_map(|(nth, place)| {
            let kind = matcher::named(place.kind)?;
            Some((place.range.clone(), Free::Value(kind, Some(Name::Nth(nth)))))
        });
        let pattern = LinePattern::recorded(self.line, free.collect());
        let mut found: Vec<Found> = self
            .chosen
            .iter()
            .map(|place| Found {
                place: place.clone(),
                values: Vec::new(),
            })
            .collect();
        for line in std::iter::once(&self.line).chain(self.others) {
            for one in pattern.found(line, &Bindings::default())? {
                if let Name::Nth(nth) = one.name {
                    found[nth].values.push(one.value);
                }
            }
        }
        for one in &mut found {
            one.values.remove(0);
        }
        Some(found)
    }
}

/// A run of letters, digits and `_`, or one other character.
pub(super) fn atoms(line: &str) -> Vec<Range<usize>> {
    let mut atoms: Vec<Range<usize>> = Vec::new();
    let mut in_word = false;
    for (at, c) in line.char_indices() {
        let word = c.is_alphanumeric() || c == '_';
        match atoms.last_mut() {
            Some(last) if word && in_word => last.end = at + c.len_utf8(),
            _ => atoms.push(at..at + c.len_utf8()),
        }
        in_word = word;
    }
    atoms
}

/// How much of two lines is the same, in thousandths of the longer one's atoms.
pub(super) fn likeness(one: &str, other: &str) -> usize {
    let texts = |line: &'_ str| -> Vec<String> {
        let atoms = atoms(line).into_iter();
        let words = atoms.filter(|range| !line[range.clone()].trim().is_empty());
        words.map(|range| line[range].to_owned()).collect()
    };
    let (one, other) = (texts(one), texts(other));
    let longer = one.len().max(other.len());
    if longer == 0 {
        return 1000;
    }
    let same: usize = capture_diff_slices(Algorithm::Myers, &one, &other)
        .iter()
        .filter(|op| matches!(op, DiffOp::Equal { .. }))
        .map(|op| op.old_range().len())
        .sum();
    same * 1000 / longer
}

/// The same, with all blanks of a row in one.
fn padded(line: &str) -> Vec<Range<usize>> {
    let is_blank = |range: &Range<usize>| &line[range.clone()] == " ";
    let mut padded: Vec<Range<usize>> = Vec::new();
    let mut blank = false;
    for atom in atoms(line) {
        let also = is_blank(&atom);
        match padded.last_mut() {
            Some(last) if blank && also => last.end = atom.end,
            _ => padded.push(atom),
        }
        blank = also;
    }
    padded
}

/// The stretches of `line` that `other` has differently. Where only `other` has something, its neighbour.
fn differing(line: &str, other: &str) -> Vec<Range<usize>> {
    let (mut ours, mut theirs) = (padded(line), padded(other));
    // What a first number is short of would be taken for the blank behind it.
    for (line, atoms) in [(line, &mut ours), (other, &mut theirs)] {
        atoms.retain(|range| range.start > 0 || !line[range.clone()].trim().is_empty());
    }
    // Blanks only make a value end where others end. Where they do not, the proof fails.
    let texts = |line: &str, atoms: &[Range<usize>]| -> Vec<String> {
        let text = |range: &Range<usize>| match line[range.clone()].trim() {
            "" => " ".to_owned(),
            text => text.to_owned(),
        };
        atoms.iter().map(text).collect()
    };
    let ops = capture_diff_slices(
        Algorithm::Myers,
        &texts(line, &ours),
        &texts(other, &theirs),
    );
    let differ = ops.iter().filter(|op| !matches!(op, DiffOp::Equal { .. }));
    differ
        .filter_map(|op| {
            let old = op.old_range();
            let is_blank = |range: &&Range<usize>| line[(*range).clone()].trim().is_empty();
            let mut told = ours[old.clone()].iter().filter(|range| !is_blank(range));
            if let Some(first) = told.next() {
                return Some(first.start..told.next_back().unwrap_or(first).end);
            }
            if let Some(blank) = ours[old.clone()].first() {
                return Some(blank.clone());
            }
            let before = old.start.checked_sub(1).and_then(|at| ours.get(at));
            let beside = before.filter(|range| !is_blank(range));
            beside.or_else(|| ours.get(old.start)).cloned()
        })
        .collect()
}

/// What a kind needs besides its looks, to be thought of.
struct Kind {
    name: &'static str,
    /// What stands before it.
    before: Option<&'static LazyLock<Regex>>,
    /// What the value must have.
    has: fn(&str) -> bool,
}

// Behind an address of either family: what follows another number (`3.53 8`) or a time of day is no port.
static BEFORE_PORT: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r"(?:(?i:port)[ :=]*|(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}|\*",
        r"|[0-9a-f:]*::[0-9a-f:.]*|(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4})(?:%[\w.-]+)?\]?[ :.])$"
    ))
});
static BEFORE_PID: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?:(?i:pid|process)[ :=]*|^\[[0-9]+\] )$"));

fn regex(text: &str) -> Regex {
    Regex::new(text).expect("a regex of ours")
}

const fn plain(name: &'static str) -> Kind {
    Kind {
        name,
        before: None,
        has: |_| true,
    }
}

fn has_letter(value: &str) -> bool {
    value.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Tight ones before loose ones.
const KINDS: &[Kind] = &[
    plain("uuid"),
    // Before numbers: each of its bytes may be one.
    Kind {
        name: "hex",
        before: None,
        has: |value| value.contains(':'),
    },
    plain("mac"),
    plain("date"),
    plain("time"),
    plain("ipv6"),
    plain("ipv4"),
    Kind {
        name: "port",
        before: Some(&BEFORE_PORT),
        has: |_| true,
    },
    Kind {
        name: "pid",
        before: Some(&BEFORE_PID),
        has: |_| true,
    },
    plain("duration"),
    Kind {
        name: "size",
        before: None,
        has: has_letter,
    },
    plain("int"),
    plain("float"),
    Kind {
        name: "hex",
        before: None,
        has: |value| value.len() >= 4,
    },
    Kind {
        name: "version",
        before: None,
        has: |value| value.contains('.'),
    },
    plain("base64"),
    Kind {
        name: "path",
        before: None,
        has: |value| value.contains('/'),
    },
    plain("word"),
];

/// Each kind of [`KINDS`], and what a value of it looks like from its start on.
static LOOKS: LazyLock<Vec<(&'static Matcher, Regex)>> = LazyLock::new(|| {
    let looks = |kind: &Kind| {
        let matcher = matcher::named(kind.name)?;
        // A word is as long as it is: punctuation around it is the line's.
        let looks = match kind.name {
            "word" => r"[\p{L}\p{N}_.+@%~-]*[\p{L}\p{N}_]",
            "path" => r"[\p{L}\p{N}_.+@%~/-]*[\p{L}\p{N}_/]",
            _ => matcher.regex,
        };
        Some((matcher, regex(&format!(r"\A(?:{looks})"))))
    };
    let all: Option<Vec<_>> = KINDS.iter().map(looks).collect();
    all.expect("kinds of the table")
});

/// What may stand at that range, tight kinds first; what it was known as before all.
fn candidates(line: &str, range: &Range<usize>, known: &[Place]) -> Vec<Place> {
    let mut found: Vec<Place> = known
        .iter()
        .filter(|place| place.range.start <= range.start && range.end <= place.range.end)
        .cloned()
        .collect();
    for (kind, (matcher, regex)) in KINDS.iter().zip(LOOKS.iter()) {
        let place = covering(line, range, matcher, regex).filter(|place| {
            let before = &line[..place.start];
            (kind.has)(&line[place.clone()])
                && kind.before.is_none_or(|regex| regex.is_match(before))
                && !(kind.name == "word" && is_unit_of_a_number(line, place))
        });
        if let Some(range) = place {
            found.push(Place {
                range,
                kind: kind.name,
            });
        }
    }
    found.dedup();
    found
}

/// `ms` in `12 ms`: a number with another unit is another length of time, and no two values.
fn is_unit_of_a_number(line: &str, place: &Range<usize>) -> bool {
    let before = line[..place.start].trim_end_matches(' ');
    before.ends_with(|c: char| c.is_ascii_digit()) && is_unit(&line[place.clone()])
}

/// The value of a kind that covers the range, the one that begins first.
fn covering(
    line: &str,
    range: &Range<usize>,
    kind: &Matcher,
    regex: &Regex,
) -> Option<Range<usize>> {
    let from = range.start.saturating_sub(REACH);
    let starts = line.char_indices().map(|(at, _)| at);
    let mut starts = starts.filter(|at| (from..=range.start).contains(at));
    starts.find_map(|start| {
        let len = regex.find(&line[start..])?.end();
        // A colon behind an address may have been taken along.
        let short = line[start..start + len].trim_end_matches(':').len();
        [len, short].into_iter().find_map(|len| {
            let found = start..start + len;
            let fits = range.end <= found.end
                && is_token(line, &found)
                && kind
                    .accepts
                    .is_none_or(|accepts| accepts(&line[found.clone()]));
            fits.then_some(found)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(line: &str, others: &[&str]) -> Option<Vec<(String, &'static str)>> {
        let found = explain(line, others, &[])?;
        let found = found.into_iter();
        let found = found.map(|it| (line[it.place.range].to_owned(), it.place.kind));
        Some(found.collect())
    }

    #[track_caller]
    fn is(line: &str, other: &str, expected: &[(&str, &'static str)]) {
        let found = kinds(line, &[other]).unwrap_or_else(|| panic!("unexplained: {line} {other}"));
        let found: Vec<_> = found
            .iter()
            .map(|(value, kind)| (value.as_str(), *kind))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn each_kind_is_seen() {
        is(
            "link/ether ae:e9:d8:1b:1b:1b brd",
            "link/ether ae:0a:d8:1b:1b:1c brd",
            &[("ae:e9:d8:1b:1b:1b", "mac")],
        );
        is(
            "inet 10.0.2.15/24",
            "inet 10.0.2.16/24",
            &[("10.0.2.15", "ipv4")],
        );
        is(
            "inet6 fe80::1/64",
            "inet6 fe80::a:1/64",
            &[("fe80::1", "ipv6")],
        );
        is(
            "seq=1 time=0.064 ms",
            "seq=1 time=0.1 ms",
            &[("0.064 ms", "duration")],
        );
        is(
            "192.0.2.1 55584 192.0.2.2 22",
            "192.0.2.1 50012 192.0.2.2 22",
            &[("55584", "port")],
        );
        is(
            "this shell is process 2",
            "this shell is process 104",
            &[("2", "pid")],
        );
        is("[1] 17", "[1] 1234", &[("17", "pid")]);
        is(
            "= 0.064/0.1",
            "= 0.07/0.2",
            &[("0.064", "float"), ("0.1", "float")],
        );
        is("4.0K f", "12M f", &[("4.0K", "size")]);
        is("free 902Mi", "free 1.1Gi", &[("902Mi", "size")]);
        is(
            "2026-11-30 17:21:00,331 INFO up",
            "2026-11-30 18:21:01,007 INFO up",
            &[("2026-11-30 17:21:00,331", "date")],
        );
        is("id deadbeef", "id cafe0123", &[("deadbeef", "hex")]);
        is("server", "server-4d", &[("server", "word")]);
        is(
            "it 100%  24.3MB/s",
            "it 100% 232.8MB/s",
            &[("24.3MB", "size")],
        );
        is("[    9.4] up", "[   10.7] up", &[("9.4", "float")]);
        is(
            "in /tmp/tmp.Xa8s:",
            "in /tmp/tmp.kk1s:",
            &[("/tmp/tmp.Xa8s", "path")],
        );
        is("fuse 3.17.2", "fuse 3.14.0", &[("3.17.2", "version")]);
        is(
            "Mon Nov 30 13:12:40 UTC 2026",
            "Tue Dec  1 02:12:41 CET 2026",
            &[("Mon Nov 30 13:12:40 UTC 2026", "date")],
        );
        is(
            "key SHA256:ry4OPq1z1b6hSdKHC7fVI8YLP/WIxt6plP+DXcSB4TU.",
            "key SHA256:aaaOPq1z1b6hSdKHC7fVI8YLP/WIxt6plP+DXcSB4TU.",
            &[("ry4OPq1z1b6hSdKHC7fVI8YLP/WIxt6plP+DXcSB4TU", "base64")],
        );
    }

    #[test]
    fn a_value_behind_blanks_may_begin_with_a_digit_or_not() {
        is(
            "vde1    de:91:87:fb:f7:e9 <UP>",
            "vde1    3e:68:74:b1:b7:70 <UP>",
            &[("de:91:87:fb:f7:e9", "mac")],
        );
    }

    #[test]
    fn blanks_before_a_number_may_all_be_gone() {
        is(
            "[ 4980.670000] up",
            "[1243158.680000] up",
            &[("4980.670000", "float")],
        );
        is(
            "[1243158.680000] up",
            "[ 4980.670000] up",
            &[("1243158.680000", "float")],
        );
        is(" 8  0 busy", "10  0 busy", &[("8", "int")]);
        is("10  0 busy", " 8  0 busy", &[("10", "int")]);
        assert_eq!(kinds("seq 8 busy", &["seq10 busy"]), None);
    }

    #[test]
    fn a_number_behind_an_address_is_a_port_and_behind_others_is_none() {
        is("load 3.53 8/275", "load 3.53 9/275", &[("8", "int")]);
        is("22:26:54 8 clients", "22:26:54 9 clients", &[("8", "int")]);
        is("127.0.0.1:4711", "127.0.0.1:4712", &[("4711", "port")]);
        is("[::1]:4711 up", "[::1]:4712 up", &[("4711", "port")]);
    }

    #[test]
    fn what_stands_behind_an_address_is_no_part_of_it() {
        is(
            "64 bytes from 2001:db8::54a: icmp_seq=1",
            "64 bytes from 2001:db8::77: icmp_seq=1",
            &[("2001:db8::54a", "ipv6")],
        );
        is(
            "IP 10.0.2.15.4711 > 10.0.2.2.80: Flags",
            "IP 10.0.2.16.4712 > 10.0.2.2.80: Flags",
            &[("10.0.2.15", "ipv4"), ("4711", "port")],
        );
        is("fe80::1.4711 > a", "fe80::1.4712 > a", &[("4711", "port")]);
    }

    #[test]
    fn a_fingerprint_may_have_colons() {
        is(
            "256 MD5:a4:18:0a:ea:b6:7d:d2:4c:10:74:48:2d:a3:2c:d4:a1 me",
            "256 MD5:e8:e3:ef:d3:e4:c7:96:f9:40:ba:80:46:f6:7e:50:14 me",
            &[("a4:18:0a:ea:b6:7d:d2:4c:10:74:48:2d:a3:2c:d4:a1", "hex")],
        );
        is(
            "Fingerprint=24:97:00:5C:CC:1F:8A:DE:D0:22:63:7A:45:21:CF:62:07:C1:01:4C",
            "Fingerprint=46:E3:91:F9:83:02:C6:B6:0C:C6:5D:7E:41:CD:4F:16:77:AD:8C:90",
            &[(
                "24:97:00:5C:CC:1F:8A:DE:D0:22:63:7A:45:21:CF:62:07:C1:01:4C",
                "hex",
            )],
        );
        is(
            "    43:c1:f1:e6:36:cd:05:01:00:",
            "    5f:6c:d6:79:49:b3:0f:ba:80:",
            &[("43:c1:f1:e6:36:cd:05:01:00:", "hex")],
        );
    }

    #[test]
    fn what_fits_no_kind_is_not_explained() {
        assert_eq!(kinds("up 2 days, 3 users", &["down"]), None);
        assert_eq!(kinds("one", &["one two"]), None);
    }
}
