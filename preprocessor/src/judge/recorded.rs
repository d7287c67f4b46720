//! A recorded output as a pattern: what varies is free within its kind, and what was one value is one value again.
//!
//! In: a command of a transcript, and what both runs ran on. Out: a [`Pattern`]. Not here: comparing (`compare.rs`).

use std::collections::BTreeSet;

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
    pattern_with(command, known, &|_, kind, value| {
        is_binding(kind, value, known.apart).then(|| format!("{kind} {value}"))
    })
}

/// Names a value of a line (its index): line, kind, value.
type Naming<'a> = &'a dyn Fn(usize, &str, &str) -> Option<String>;

/// The same, with names for the values that the caller chooses.
pub(super) fn pattern_with(
    command: &TranscriptCommand,
    known: Known<'_>,
    naming: Naming<'_>,
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
    let line_at = |index: usize, naming: &dyn Fn(&str, &str) -> Option<String>| {
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
            let name = |kind: &str, value: &str| naming(index, kind, value);
            pattern.lines.push(line_at(index, &name));
        } else if index == 0 || shapes[index - 1] != *shape {
            // Each of them may have other values, so that none of these is a binding.
            let line = || line_at(index, &|_, _| None);
            pattern.lines.extend([line(), line().many()]);
        }
    }
    let texts: Vec<&str> = command.sometimes.iter().map(String::as_str).collect();
    let free = places(&texts, &command.varies);
    let lines = texts.iter().zip(&free);
    pattern.anywhere = lines
        .map(|(line, places)| line_of(line, places, known, &|_, _| None).many())
        .collect();
    pattern
}

fn line_of(
    line: &str,
    places: &[Place],
    known: Known<'_>,
    name: &dyn Fn(&str, &str) -> Option<String>,
) -> LinePattern {
    let free = places.iter().filter_map(|place| {
        let value = &line[place.range.clone()];
        let free = if let Some(texts) = of_the_machine(place.kind, value, known) {
            Free::OneOf(texts)
        } else if place.kind == "word" && known.then.systems.contains_key(value) {
            // A host's name for itself, which has a suffix where labs start differently.
            Free::Looks(format!("{}(?:-[0-9a-f]{{2}})?", regex::escape(value)))
        } else {
            Free::Value(matcher::named(place.kind)?, name(place.kind, value))
        };
        Some((place.range.clone(), free))
    });
    LinePattern::recorded(line, free.collect())
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

/// Whether a varying value is so long a one that two places have it for a reason only.
pub(crate) fn is_binding(kind: &str, value: &str, apart: &[String]) -> bool {
    if apart.iter().any(|it| it == value) {
        return false;
    }
    let has = |what: fn(&u8) -> bool| value.as_bytes().iter().any(what);
    let mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    match kind {
        "mac" | "ipv4" | "ipv6" | "uuid" | "base64" => true,
        "hex" => value.len() >= 8,
        "word" | "path" => value.len() >= 8 && mixed,
        _ => false,
    }
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
        assert!(is_binding("mac", "ae:e9:d8:1b:1b:1b", &[]));
        assert!(!is_binding(
            "mac",
            "ae:e9:d8:1b:1b:1b",
            &["ae:e9:d8:1b:1b:1b".to_owned()]
        ));
        for (kind, value) in [
            ("int", "55584"),
            ("pid", "4711"),
            ("word", "server-4d"),
            ("hex", "4d2"),
        ] {
            let expected = (kind, value) == ("word", "server-4d");
            assert_eq!(is_binding(kind, value, &[]), expected, "{kind} {value}");
        }
    }
}
