//! What of a recorded output may be another the next time: `varies`, as a transcript has it, and the places it means.
//!
//! In a transcript values stand by kind: `varies: {mac: ["ae:e9:d8:1b:1b:1b"]}`. Each means every place in the command's
//! output where it stands as a whole token. Where the same text stands in another place that does not vary, the entry
//! has as much of its line as tells the two apart, with the value in braces: `"time {{0}}ms"`. Not here: how places are
//! found (`learn/`), and how a line with such places is compared (`pattern.rs`).

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use serde::Serializer;

use super::matcher;

/// Kind → values, as in the file.
pub type Varies = BTreeMap<String, Vec<String>>;

/// One line for each kind, so that a pull request shows what is new.
pub(super) fn one_line_each<S: Serializer>(varies: &Varies, to: S) -> Result<S::Ok, S::Error> {
    let lines = varies.iter();
    to.collect_map(lines.map(|(kind, values)| (kind, serde_yaml::FlowSeq(values))))
}

/// A place in a line that may hold another value of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Bytes of the line.
    pub(crate) range: Range<usize>,
    /// Name of a [`matcher::Matcher`].
    pub(crate) kind: &'static str,
}

impl Place {
    /// Whether they have nothing of the line in common.
    pub(crate) fn is_apart(&self, other: &Self) -> bool {
        self.range.end <= other.range.start || other.range.end <= self.range.start
    }
}

/// One entry, taken apart.
struct Entry<'a> {
    kind: &'static str,
    before: &'a str,
    value: &'a str,
    after: &'a str,
}

impl<'a> Entry<'a> {
    /// A value whose kind this mdbook-twin does not know is fixed text.
    fn of(kind: &str, text: &'a str) -> Option<Self> {
        let kind = matcher::named(kind)?.name;
        let parts = text
            .split_once(OPEN)
            .and_then(|(before, rest)| Some((before, rest.split_once(CLOSE)?)));
        let (before, value, after) = match parts {
            Some((before, (value, after))) => (before, value, after),
            None => ("", text, ""),
        };
        (!value.is_empty()).then_some(Self {
            kind,
            before,
            value,
            after,
        })
    }

    fn places_in(&self, line: &str) -> Vec<Range<usize>> {
        let whole = [self.before, self.value, self.after].concat();
        let starts = line.match_indices(&whole).map(|(at, _)| at);
        starts
            .map(|at| at + self.before.len())
            .map(|start| start..start + self.value.len())
            .filter(|range| is_token(line, range))
            .collect()
    }
}

const OPEN: &str = "{{";
const CLOSE: &str = "}}";

/// The places in each line; none overlap, and the entries that say most come first.
pub(crate) fn places(lines: &[&str], varies: &Varies) -> Vec<Vec<Place>> {
    let mut entries: Vec<Entry<'_>> = varies
        .iter()
        .flat_map(|(kind, values)| values.iter().filter_map(|text| Entry::of(kind, text)))
        .collect();
    entries.sort_by_key(|entry| {
        let around = entry.before.len() + entry.after.len();
        std::cmp::Reverse((entry.value.len(), around))
    });
    let in_line = |line: &&str| {
        let mut places: Vec<Place> = Vec::new();
        for entry in &entries {
            for range in entry.places_in(line) {
                let place = Place {
                    range,
                    kind: entry.kind,
                };
                if places.iter().all(|it| it.is_apart(&place)) {
                    places.push(place);
                }
            }
        }
        places.sort_by_key(|place| place.range.start);
        places
    };
    lines.iter().map(in_line).collect()
}

/// The entries that mean these places, and as few others as can be told apart.
pub(crate) fn entries(lines: &[&str], places: &[Vec<Place>]) -> Varies {
    let mut varies = Varies::new();
    let is_place = |line: usize, range: &Range<usize>, kind: &str| {
        let mut of_line = places[line].iter();
        of_line.any(|place| {
            let same = place.range == *range && place.kind == kind;
            // What lies within another place is taken by that one, which is the longer.
            let within = place.range.start <= range.start && range.end <= place.range.end;
            same || (within && place.range.len() > range.len())
        })
    };
    let means_no_other = |entry: &Entry<'_>| {
        lines.iter().enumerate().all(|(at, line)| {
            let mut found = entry.places_in(line).into_iter();
            found.all(|range| is_place(at, &range, entry.kind))
        })
    };
    for (line, of_line) in lines.iter().zip(places) {
        for place in of_line {
            let text = shortest(line, place, &means_no_other);
            let values = varies.entry(place.kind.to_owned()).or_default();
            if !values.contains(&text) {
                values.push(text);
            }
        }
    }
    varies
}

/// The value alone, else with more and more of its line around it.
fn shortest(line: &str, place: &Place, fits: &dyn Fn(&Entry<'_>) -> bool) -> String {
    let Range { start, end } = place.range;
    let value = &line[start..end];
    let entry = |from: usize, to: usize| Entry {
        kind: place.kind,
        before: &line[from..start],
        value,
        after: &line[end..to],
    };
    if !value.contains(OPEN) && fits(&entry(start, end)) {
        return value.to_owned();
    }
    let (mut from, mut to) = (start, end);
    while !fits(&entry(from, to)) && (from, to) != (0, line.len()) {
        // A token to the left, then one to the right: what stands before a number mostly says what it is.
        if from > 0 && (to == line.len() || start - from <= to - end) {
            from = token_before(line, from);
        } else {
            to = token_behind(line, to);
        }
    }
    format!(
        "{}{OPEN}{value}{CLOSE}{}",
        &line[from..start],
        &line[end..to]
    )
}

fn token_before(line: &str, at: usize) -> usize {
    let mut from = at;
    for c in line[..at].chars().rev() {
        if from < at && !c.is_alphanumeric() {
            break;
        }
        from -= c.len_utf8();
        if !c.is_alphanumeric() && c != ' ' {
            break;
        }
    }
    from
}

fn token_behind(line: &str, at: usize) -> usize {
    let mut to = at;
    for c in line[at..].chars() {
        if to > at && !c.is_alphanumeric() {
            break;
        }
        to += c.len_utf8();
        if !c.is_alphanumeric() && c != ' ' {
            break;
        }
    }
    to
}

/// Whether nothing of the same token stands before or behind: `2` is none in `10.0.0.2`, `vde0` or `2.5`.
pub(crate) fn is_token(line: &str, range: &Range<usize>) -> bool {
    let value = &line[range.clone()];
    let (before, behind) = (&line[..range.start], &line[range.end..]);
    let word = char::is_alphanumeric;
    let number = value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    // `00:00:00` is no time of day in `00:00:00:00:00:00`.
    let colons = value.contains(':') && value.starts_with(|c: char| c.is_ascii_hexdigit());
    if colons && (is_more_of_it(before.chars().rev()) || is_more_of_it(behind.chars())) {
        return false;
    }
    let starts = match (value.chars().next(), before.chars().next_back()) {
        (Some(first), Some(last)) if word(first) => {
            let decimal = number && last == '.' && {
                let mut chars = before.chars().rev().skip(1);
                chars.next().is_some_and(char::is_alphanumeric) && !is_behind_address(before)
            };
            // `v1.35.0`
            let version = number && last == 'v' && {
                let mut chars = before.chars().rev().skip(1);
                !chars.next().is_some_and(word)
            };
            (!word(last) || version) && !decimal
        }
        _ => true,
    };
    let mut next = behind.chars();
    let ends = match (value.chars().next_back(), next.next()) {
        (Some(last), Some(first)) if word(last) => {
            let decimal = number && first == '.' && next.next().is_some_and(|c| c.is_ascii_digit());
            // `tcpdump` has a port behind an address: `10.0.0.1.4711`.
            let decimal = decimal && value.parse::<Ipv4Addr>().is_err();
            // A unit may stand at its number: `0ms`, `1.5K`, `100%`.
            let unit = number && first.is_alphabetic() && is_unit(behind);
            (!word(first) || unit) && !decimal
        }
        _ => true,
    };
    starts && ends
}

/// Whether a text ends with an address and a full stop, as `tcpdump` has it before a port.
fn is_behind_address(before: &str) -> bool {
    let address = before.strip_suffix('.').map(|text| {
        let is_part = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.');
        &text[text.trim_end_matches(is_part).len()..]
    });
    address.is_some_and(|text| text.parse::<IpAddr>().is_ok())
}

/// Whether a value with colons goes on, away from it: not in `13:12:40: up`, nor in `MD5:a4:18:0a`.
fn is_more_of_it(mut chars: impl Iterator<Item = char>) -> bool {
    if chars.next() != Some(':') {
        return false;
    }
    let mut digits = 0;
    for c in chars {
        match c {
            _ if c.is_ascii_hexdigit() => digits += 1,
            ':' if digits == 0 => return true,
            _ if c.is_alphanumeric() => return false,
            _ => break,
        }
    }
    (1..=4).contains(&digits)
}

/// Whether a text begins with a unit.
pub(super) fn is_unit(text: &str) -> bool {
    const UNITS: &[&str] = &[
        "ns", "us", "µs", "μs", "ms", "s", "m", "h", "d", "k", "K", "M", "G", "T", "B", "kB", "KB",
        "MB", "GB", "KiB", "MiB", "GiB", "sec", "secs", "min",
    ];
    let word: String = text.chars().take_while(|c| c.is_alphabetic()).collect();
    let behind = text[word.len()..].chars().next();
    UNITS.contains(&word.as_str()) && behind.is_none_or(|c| !c.is_ascii_digit() && c != '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: &str, value: &str, nth: usize, kind: &'static str) -> Place {
        let start = line.match_indices(value).nth(nth).expect("it is there").0;
        Place {
            range: start..start + value.len(),
            kind,
        }
    }

    fn round(lines: &[&str], places_of: Vec<Vec<Place>>, written: &[(&str, &[&str])]) {
        let varies = entries(lines, &places_of);
        let expected: Varies = written
            .iter()
            .map(|(kind, values)| {
                let values = values.iter().map(|value| (*value).to_owned());
                ((*kind).to_owned(), values.collect())
            })
            .collect();
        assert_eq!(varies, expected);
        assert_eq!(places(lines, &varies), places_of);
    }

    #[test]
    fn a_value_is_itself_wherever_it_stands() {
        let line = "a ae:e9:d8:1b:1b:1b brd ae:e9:d8:1b:1b:1b";
        let both = (0..2).map(|nth| place(line, "ae:e9:d8:1b:1b:1b", nth, "mac"));
        round(
            &[line],
            vec![both.collect()],
            &[("mac", &["ae:e9:d8:1b:1b:1b"])],
        );
    }

    #[test]
    fn what_stands_around_tells_a_varying_number_from_a_fixed_one() {
        let line = "1 received, 0% packet loss, time 0ms";
        let zero = place(line, "0", 1, "int");
        round(&[line], vec![vec![zero]], &[("int", &["time {{0}}"])]);
    }

    #[test]
    fn a_line_that_stands_twice_is_told_apart_by_nothing() {
        let lines = ["same 1", "same 1"];
        let varies = entries(&lines, &[vec![place(lines[0], "1", 0, "int")], Vec::new()]);
        assert_eq!(varies["int"], ["same {{1}}"]);
    }

    #[test]
    fn a_token_is_whole() {
        let is = |line: &str, value: &str, nth: usize| {
            is_token(line, &place(line, value, nth, "int").range)
        };
        assert!(is("seq=2 ttl", "2", 0));
        assert!(is("took 2.", "2", 0));
        assert!(is("time 0ms", "0", 0));
        assert!(is("0.064/0.064", "0.064", 1));
        assert!(is("program v1.35.0", "1.35.0", 0));
        assert!(is("from 2001:db8::5: icmp_seq=1", "2001:db8::5", 0));
        assert!(is("13:12:40: up", "13:12:40", 0));
        assert!(is("IP 10.0.0.1.3129 > 10.0.0.2.80:", "10.0.0.1", 0));
        assert!(is("IP 10.0.0.1.3129 > 10.0.0.2.80:", "3129", 0));
        assert!(is("IP6 fe80::1.3129 >", "3129", 0));
        assert!(!is("IP 10.0.0.1 >", "1", 1));
        assert!(!is("1.10.0.0.1 >", "10.0.0.1", 0));
        assert!(is("MD5:a4:18:0a:ea me", "a4:18:0a:ea", 0));
        assert!(!is("a4:18:0a:ea", "18:0a:ea", 0));
        assert!(!is("fe80::12:30", "12:30", 0));
        assert!(!is("12:30::", "12:30", 0));
        assert!(!is("10.0.0.2", "2", 0));
        assert!(!is("vde0", "0", 0));
        assert!(!is("2.5", "2", 0));
        assert!(!is("6b7", "6", 0));
        assert!(!is("00:00:00:00:00:00", "00:00:00", 0));
    }
}
