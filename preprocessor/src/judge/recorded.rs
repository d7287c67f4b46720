//! A recorded output as a pattern: what varies is free within its kind, and what was one value is one value again.
//!
//! In: a command of a transcript, and what both runs ran on. Out: a [`Pattern`]. Not here: comparing (`compare.rs`).

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::bindings::Name;
use super::derived::Shown;
use super::matcher;
use super::pattern::{Free, LinePattern, Pattern};
use super::transcript::{Transcript, TranscriptCommand};
use super::varies::{Place, places};
use crate::outcome::Facts;

/// What a value may be compared with, besides its own text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    /// What the recorded run ran on.
    pub(crate) then: &'a Facts,
    /// What this run ran on.
    pub(crate) now: &'a Facts,
    /// Values that are no binding.
    pub(crate) apart: &'a [String],
}

impl<'a> Known<'a> {
    /// Of a run against a transcript.
    pub(crate) fn of(transcript: &'a Transcript, now: &'a Facts) -> Self {
        Self {
            then: &transcript.facts,
            now,
            apart: &transcript.apart,
        }
    }
}

/// The recorded output of a command.
pub(crate) fn pattern(command: &TranscriptCommand, known: Known<'_>) -> Pattern {
    pattern_with(command, known, &|shown| {
        let is_apart = known.apart.contains(&shown.value);
        (!is_apart).then(|| Name::Recorded(shown.value.clone()))
    })
}

/// The same, with the names that the caller chooses for values that may have one.
pub(super) fn pattern_with(
    command: &TranscriptCommand,
    known: Known<'_>,
    naming: &dyn Fn(&Shown) -> Option<Name>,
) -> Pattern {
    let lines: Vec<&str> = command.output.lines().collect();
    let free = places(&lines, &command.varies);
    let shapes: Vec<String> = lines
        .iter()
        .zip(&free)
        .map(|(line, places)| shape(line, places))
        .collect();
    let shapes_of = |texts: &[String]| -> BTreeSet<String> {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let free = places(&texts, &command.varies);
        let shapes = texts.iter().zip(&free);
        shapes.map(|(line, places)| shape(line, places)).collect()
    };
    let repeats = shapes_of(&command.repeats);
    let sometimes = shapes_of(&command.sometimes);
    let line_at = |index: usize, naming: &dyn Fn(&Shown) -> Option<Name>| {
        let others = command.instead.get(lines[index]).into_iter().flatten();
        let others = others.map(|other| {
            let free = places(&[other], &command.varies);
            line_of(other, &free[0], known, naming)
        });
        line_of(lines[index], &free[index], known, naming)
            .from(index)
            .or(others.collect())
    };
    let mut pattern = Pattern::literal("");
    for (index, shape) in shapes.iter().enumerate() {
        if sometimes.contains(shape) {
            continue;
        }
        if !repeats.contains(shape) {
            pattern.lines.push(line_at(index, naming));
        } else if index == 0 || shapes[index - 1] != *shape {
            // Each of them may have other values, so that none of these is a binding.
            let line = || line_at(index, &|_| None);
            pattern.lines.extend([line(), line().many()]);
        }
    }
    let texts: Vec<&str> = command.sometimes.iter().map(String::as_str).collect();
    let free = places(&texts, &command.varies);
    let lines = texts.iter().zip(&free);
    pattern.anywhere = lines
        .map(|(line, places)| line_of(line, places, known, &|_| None).many())
        .collect();
    pattern
}

fn line_of(
    line: &str,
    places: &[Place],
    known: Known<'_>,
    naming: &dyn Fn(&Shown) -> Option<Name>,
) -> LinePattern {
    let free = places.iter().enumerate().filter_map(|(nth, place)| {
        let value = &line[place.range.clone()];
        let free = if let Some(texts) = of_the_machine(place.kind, value, known) {
            match place.kind {
                // A stable release's program may count its own updates: QEMU 7.2.22 is in the package 7.2+dfsg.
                "version" => Free::Looks(format!("(?:{})(?:\\.[0-9]+)*", any_of(&texts))),
                _ => Free::OneOf(texts),
            }
        } else if place.kind == "word" && known.then.systems.contains_key(value) {
            // A host's name for itself, which has a suffix where labs start differently.
            Free::Looks(format!("{}(?:-[0-9a-f]{{2}})?", regex::escape(value)))
        } else {
            let next = places.get(nth + 1);
            let end = next.map_or(line.len(), |next| next.range.start);
            let shown = Shown::new(place.kind, value, &line[place.range.end..end]);
            let name = is_binding(place.kind, value).then(|| naming(&shown));
            Free::Value(matcher::named(place.kind)?, name.flatten())
        };
        Some((place.range.clone(), free))
    });
    LinePattern::recorded(line, free.collect())
}

fn any_of(texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| regex::escape(text)).collect();
    texts.join("|")
}

/// The line with each free value as `{{kind}}`: lines of one shape differ in nothing else.
pub(crate) fn shape(line: &str, places: &[Place]) -> String {
    let mut shape = String::new();
    let mut at = 0;
    for place in places {
        shape.push_str(&line[at..place.range.start]);
        shape.push_str(&format!("{{{{{}}}}}", place.kind));
        at = place.range.end;
    }
    shape.push_str(line[at..].trim_end());
    shape
}

/// What the machine itself says about a value: the kernel that runs, the version of the package that had that one then.
/// `None` where nothing is known, and any value of the kind will do.
fn of_the_machine(kind: &str, value: &str, known: Known<'_>) -> Option<Vec<String>> {
    let texts: Vec<String> = match kind {
        "kernel" if value == known.then.kernel => vec![known.now.kernel.clone()],
        "kernel" if value == known.then.build => vec![known.now.build.clone()],
        "version" => {
            let then = known.then.packages.iter();
            let parts = then.filter_map(|(name, then)| {
                let part = version_parts(then).iter().position(|part| *part == value)?;
                let now = known.now.packages.get(name)?;
                Some(version_parts(now)[part].to_owned())
            });
            parts.collect()
        }
        _ => Vec::new(),
    };
    let texts: Vec<String> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then_some(texts)
}

/// A package's version as a whole, upstream's part of it, and the distribution's. `1:10.0p1-7+deb13u4` is
/// `[1:10.0p1-7+deb13u4, 10.0p1, 7+deb13u4]`.
pub(crate) fn version_parts(version: &str) -> [&str; 3] {
    let whole = version.split_once(':').map_or(version, |(_, rest)| rest);
    let (upstream, revision) = whole.rsplit_once('-').unwrap_or((whole, ""));
    // `7.88.1+dfsg`: what Debian left out of a source is not in what the program says.
    let upstream = upstream
        .split_once("+dfsg")
        .or_else(|| upstream.split_once("+ds"))
        .map_or(upstream, |(upstream, _)| upstream);
    [version, upstream, revision]
}

/// Whether a varying value is so long a one that two places have it for a reason only. No small number is, `pts/10` and
/// `eth12` are small numbers too, and "no address" and "everybody" are no addresses.
pub(crate) fn is_binding(kind: &str, value: &str) -> bool {
    let digits = || value.bytes().filter(u8::is_ascii_hexdigit);
    match kind {
        "mac" | "uuid" => digits().any(|digit| !matches!(digit, b'0' | b'f' | b'F')),
        "ipv4" => value.parse().is_ok_and(|address: Ipv4Addr| {
            !address.is_unspecified() && !address.is_loopback() && !address.is_broadcast()
        }),
        "ipv6" => value
            .parse()
            .is_ok_and(|address: Ipv6Addr| !address.is_unspecified() && !address.is_loopback()),
        "base64" => true,
        "hex" => {
            let digits = value.strip_prefix("0x").unwrap_or(value);
            digits.trim_start_matches('0').len() >= 8
        }
        "word" | "path" => value.len() >= 8 && is_mixed(value),
        _ => false,
    }
}

/// Whether a letter follows a digit somewhere, or there is a long number: no name with a small number behind it.
fn is_mixed(value: &str) -> bool {
    let bytes = value.as_bytes();
    let mut pairs = bytes.windows(2);
    let letter = pairs.any(|pair| pair[0].is_ascii_digit() && pair[1].is_ascii_alphabetic());
    let mut numbers = bytes.split(|byte| !byte.is_ascii_digit());
    letter || numbers.any(|number| number.len() >= 6)
}

/// Whether another thing has another such value: two addresses that were never the same must not become the same. A
/// path or a word may be the same for many reasons.
pub(super) fn is_one_of_a_kind(kind: &str, value: &str) -> bool {
    !matches!(kind, "word" | "path") && is_binding(kind, value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::bindings::Bindings;

    fn facts(kernel: &str, fuse: &str) -> Facts {
        Facts {
            kernel: kernel.to_owned(),
            packages: [("fuse3".to_owned(), fuse.to_owned())].into(),
            ..Facts::default()
        }
    }

    #[test]
    fn what_the_machine_knows_is_that_and_nothing_else() {
        let (then, now) = (
            facts("6.1.0-9-amd64", "3.17.2-3"),
            facts("6.12.1", "1:3.14.0-4"),
        );
        let known = Known {
            then: &then,
            now: &now,
            apart: &[],
        };
        let command = TranscriptCommand {
            output: "Linux 6.1.0-9-amd64\nfuse 3.17.2\nother 3.17.9\n".to_owned(),
            varies: [
                ("kernel".to_owned(), vec!["6.1.0-9-amd64".to_owned()]),
                (
                    "version".to_owned(),
                    vec!["3.17.2".to_owned(), "3.17.9".to_owned()],
                ),
            ]
            .into(),
            ..TranscriptCommand::default()
        };
        let pattern = pattern(&command, known);
        let is = |line: usize, text: &str| pattern.lines[line].matches(text, &Bindings::default());
        assert!(is(0, "Linux 6.12.1") && !is(0, "Linux 6.1.0-9-amd64"));
        assert!(is(1, "fuse 3.14.0") && !is(1, "fuse 3.17.2"));
        assert!(is(1, "fuse 3.14.0.7") && !is(1, "fuse 3.14.07"));
        assert!(is(2, "other 1.2"));
    }

    #[test]
    fn a_host_calls_itself_by_its_name_and_maybe_a_suffix() {
        let facts = Facts {
            systems: [("server".to_owned(), "Debian trixie".to_owned())].into(),
            ..Facts::default()
        };
        let known = Known {
            then: &facts,
            now: &facts,
            apart: &[],
        };
        let command = TranscriptCommand {
            output: "server\n".to_owned(),
            varies: [("word".to_owned(), vec!["server".to_owned()])].into(),
            ..TranscriptCommand::default()
        };
        let pattern = pattern(&command, known);
        let is = |text: &str| pattern.lines[0].matches(text, &Bindings::default());
        assert!(is("server") && is("server-4d"));
        assert!(!is("laptop") && !is("server-4d-4d") && !is("servers"));
    }

    #[test]
    fn small_values_are_no_bindings() {
        for (kind, value) in [
            ("mac", "ae:e9:d8:1b:1b:1b"),
            ("ipv4", "10.0.2.15"),
            ("ipv6", "fe80::1"),
            ("hex", "4d2e1f00"),
            ("word", "server-4d"),
            ("word", "session-1764510000"),
            ("path", "/tmp/tmp.Xa8sQ"),
        ] {
            assert!(is_binding(kind, value), "{kind} {value}");
        }
        for (kind, value) in [
            ("mac", "00:00:00:00:00:00"),
            ("mac", "ff:ff:ff:ff:ff:ff"),
            ("ipv4", "0.0.0.0"),
            ("ipv4", "127.0.0.1"),
            ("ipv6", "::"),
            ("hex", "4d2"),
            ("hex", "0x00000000000004d2"),
            ("word", "ethernet12"),
            ("path", "/dev/pts/10"),
        ] {
            assert!(!is_binding(kind, value), "{kind} {value}");
        }
        // However large: what is counted or measured is the same for no reason.
        for kind in matcher::MATCHERS {
            let numbers = [
                "int", "float", "pid", "port", "size", "duration", "time", "date",
            ];
            if numbers.contains(&kind.name) {
                for value in ["1", "4711", "55584", "1764510000", "18446744073709551615"] {
                    assert!(!is_binding(kind.name, value), "{} {value}", kind.name);
                }
            }
        }
    }
}
