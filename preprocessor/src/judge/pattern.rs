//! The text of an `expect` → lines of literal text and matchers.
//!
//! In: what the author wrote. Out: a [`Pattern`] whose lines can be asked whether they match, or every mistake with its
//! byte offset (`check` shows them in the spec). Not here: comparing whole outputs (`compare.rs`).
//!
//! - `{{kind}}`, `{{kind:name}}`, `{{re:…}}`, `{{=NAME}}` stand for a value; `{{{{` is a literal `{{`.
//! - a line with nothing but `...` (or `…`) is any number of lines, none too;
//! - `…` at the end of a line is the rest of that line; a blank before it may be missing together with the rest.
//! - Everything else is itself, `...` behind text too: `Reading package lists...` has to be just that.

mod parse;

use std::ops::Range;
use std::sync::OnceLock;

use regex::Regex;

use super::bindings::{Bindings, Found, Name};
use super::matcher::{self, Matcher};
use super::varies::Place;
use super::verdict::{Bound, Broken};

/// A whole expectation.
#[derive(Debug)]
pub struct Pattern {
    /// In order.
    pub lines: Vec<LinePattern>,
    /// Lines that may come between any of them.
    pub(super) anywhere: Vec<LinePattern>,
}

/// One line of it.
#[derive(Debug)]
pub struct LinePattern {
    /// As written, or as recorded.
    pub written: String,
    kind: Kind,
    /// Whether it stands for any number of such lines in a row, none too.
    many: bool,
    /// 0-based line of the text that it was made from.
    pub(super) source: usize,
    /// Lines that are as good.
    instead: Vec<LinePattern>,
}

#[derive(Debug)]
enum Kind {
    /// Any number of lines.
    AnyLines,
    /// This text.
    Literal(String),
    /// Literal text and matchers.
    Pieces {
        pieces: Vec<Piece>,
        /// The whole line as long as none of its names is bound; most lines have no names, and are compiled once.
        unbound: OnceLock<Option<Regex>>,
    },
}

/// A stretch of a line.
#[derive(Debug)]
struct Piece {
    /// Bytes of the line as written.
    range: Range<usize>,
    what: What,
}

#[derive(Debug)]
enum What {
    Text(String),
    Value {
        kind: &'static Matcher,
        name: Option<Name>,
        /// What it looks like, where that is known better than by its kind.
        looks: Option<String>,
    },
    /// One of a few texts.
    OneOf(Vec<String>),
    /// What stands before a number so that it ends where others end: fewer for a longer one.
    Padding {
        may_be_none: bool,
    },
    Regex(String),
    Captured(String),
    RestOfLine {
        blank: bool,
    },
}

/// What may stand in place of a recorded value.
pub(super) enum Free {
    /// Another of its kind; with a name the same one wherever that stands.
    Value(&'static Matcher, Option<Name>),
    /// One of these.
    OneOf(Vec<String>),
    /// What this regular expression matches.
    Looks(String),
}

/// A placeholder that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// First byte of the wrong piece in the text.
    pub offset: usize,
    /// Its length in bytes.
    pub len: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
}

impl Pattern {
    /// Reads an `expect`. A final newline is no line of its own.
    /// # Errors
    /// Every placeholder that is none, in order.
    pub fn parse(text: &str) -> Result<Self, Vec<PatternError>> {
        let mut lines = Vec::new();
        let mut errors = Vec::new();
        let mut offset = 0;
        for (source, line) in text.split_inclusive('\n').enumerate() {
            let written = line.trim_end_matches(['\n', '\r']);
            match parse::parse_line(written.trim_end(), offset) {
                Ok(kind) => lines.push(LinePattern {
                    written: written.to_owned(),
                    kind,
                    many: false,
                    source,
                    instead: Vec::new(),
                }),
                Err(mut wrong) => errors.append(&mut wrong),
            }
            offset += line.len();
        }
        if errors.is_empty() {
            Ok(Self::of(lines))
        } else {
            Err(errors)
        }
    }

    /// The names that its placeholders give to values.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let pieces = self.lines.iter().flat_map(|line| match &line.kind {
            Kind::Pieces { pieces, .. } => pieces.as_slice(),
            Kind::AnyLines | Kind::Literal(_) => &[],
        });
        pieces.filter_map(|piece| match &piece.what {
            What::Value {
                name: Some(Name::Given(name)),
                ..
            } => Some(name.as_str()),
            _ => None,
        })
    }

    /// The lines of a recorded output: every one is itself.
    pub fn literal(text: &str) -> Self {
        let lines = text.lines().map(LinePattern::literal).enumerate();
        Self::of(lines.map(|(source, line)| line.from(source)).collect())
    }

    fn of(lines: Vec<LinePattern>) -> Self {
        Self {
            lines,
            anywhere: Vec::new(),
        }
    }
}

impl Piece {
    fn text((start, text): (usize, String), end: usize) -> Self {
        Self {
            range: start..end,
            what: What::Text(text),
        }
    }

    /// As a regex; a name that is bound is its value, if they are `asked`. The group collects what has to be looked at
    /// afterwards.
    fn regex(&self, group: usize, bindings: &Bindings, names: Names) -> String {
        match &self.what {
            What::Text(text) => regex::escape(text),
            What::Regex(regex) => format!("(?:{regex})"),
            What::Padding { may_be_none: false } => " +".to_owned(),
            What::Padding { may_be_none: true } => " *".to_owned(),
            What::OneOf(texts) => {
                let texts: Vec<_> = texts.iter().map(|text| regex::escape(text)).collect();
                format!("(?:{})", texts.join("|"))
            }
            What::RestOfLine { blank: true } => r"(?: .*)?".to_owned(),
            What::RestOfLine { blank: false } => ".*".to_owned(),
            What::Captured(name) => {
                regex::escape(bindings.value(name).unwrap_or(&format!("{{{{={name}}}}}")))
            }
            What::Value { kind, name, looks } => {
                let bound = name.as_ref().filter(|_| names == Names::Bound);
                match bound.and_then(|name| bindings.bound(name)) {
                    Some(value) => regex::escape(value),
                    None => format!("(?P<_{group}>{})", looks.as_deref().unwrap_or(kind.regex)),
                }
            }
        }
    }

    /// The text that it must be by now.
    fn fixed<'a>(&self, bindings: &'a Bindings) -> Option<&'a str> {
        match &self.what {
            What::Captured(name) => bindings.value(name),
            What::Value {
                name: Some(name), ..
            } => bindings.bound(name),
            _ => None,
        }
    }

    fn depends_on(&self, bindings: &Bindings) -> bool {
        matches!(self.what, What::Captured(_)) || self.fixed(bindings).is_some()
    }
}

/// Whether a bound name is its value, or any value of its kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    Bound,
    Free,
}

impl Kind {
    fn of(mut pieces: Vec<Piece>) -> Self {
        pieces.retain(|piece| !matches!(&piece.what, What::Text(text) if text.is_empty()));
        match pieces.as_slice() {
            [] => Self::Literal(String::new()),
            [
                Piece {
                    what: What::Text(text),
                    ..
                },
            ] => Self::Literal(text.clone()),
            _ => Self::Pieces {
                pieces,
                unbound: OnceLock::new(),
            },
        }
    }
}

/// An anchored regex of some pieces; `None` when it is larger than the crate allows.
fn compile(pieces: &[Piece], bindings: &Bindings, names: Names, end: &str) -> Option<Regex> {
    let mut regex = String::from(r"\A");
    for (group, piece) in pieces.iter().enumerate() {
        regex.push_str(&piece.regex(group, bindings, names));
    }
    regex.push_str(end);
    Regex::new(&regex).ok()
}

/// A hash or a fingerprint is as long the next time; leading zeros may be left out of a number.
fn looks(kind: &Matcher, value: &str) -> Option<String> {
    let digits = value.bytes().filter(u8::is_ascii_hexdigit).count();
    if kind.name != "hex" || digits < 32 || value.starts_with("0x") {
        return None;
    }
    let (least, most) = (digits - 4, digits + 4);
    Some(match value.contains(':') {
        true => format!("(?:[0-9A-Fa-f]{{2}}:?){{{},{}}}", least / 2, most / 2),
        false => format!("[0-9A-Fa-f]{{{least},{most}}}"),
    })
}

impl LinePattern {
    /// A line that is itself.
    pub fn literal(text: &str) -> Self {
        Self {
            written: text.to_owned(),
            kind: Kind::Literal(text.trim_end().to_owned()),
            many: false,
            source: 0,
            instead: Vec::new(),
        }
    }

    /// A recorded line: text, and stretches that may be others (none overlap, in order).
    pub(super) fn recorded(text: &str, free: Vec<(Range<usize>, Free)>) -> Self {
        let mut pieces = Vec::new();
        let mut at = 0;
        for (range, free) in free {
            let before = &text[at..range.start];
            let right_aligned = match &free {
                Free::Value(kind, _) if kind.is_number() => before.trim_end_matches(' '),
                _ => before,
            };
            let blanks = before.len() - right_aligned.len();
            // One blank may be what parts it from its neighbour; where it has none, a longer number takes it: `[ 9.5]`.
            let is_number = matches!(&free, Free::Value(kind, _) if kind.is_number());
            let is_first = range.start == blanks || right_aligned.ends_with(['[', '(']);
            let may_be_none = blanks > 1 || (is_number && is_first);
            pieces.push(Piece::text(
                (at, right_aligned.to_owned()),
                at + right_aligned.len(),
            ));
            if blanks > 0 || may_be_none {
                pieces.push(Piece {
                    range: range.start - blanks..range.start,
                    what: What::Padding { may_be_none },
                });
            }
            at = range.end;
            let what = match free {
                Free::Value(kind, name) => What::Value {
                    kind,
                    name,
                    looks: looks(kind, &text[range.clone()]),
                },
                Free::OneOf(texts) => What::OneOf(texts),
                Free::Looks(regex) => What::Regex(regex),
            };
            pieces.push(Piece { range, what });
        }
        let rest = text[at..].trim_end().to_owned();
        pieces.push(Piece::text((at, rest), text.len()));
        Self {
            written: text.to_owned(),
            kind: Kind::of(pieces),
            many: false,
            source: 0,
            instead: Vec::new(),
        }
    }

    /// A line whose places may each hold any value of their kind.
    pub(super) fn free(text: &str, places: &[Place]) -> Self {
        let free = places.iter().filter_map(|place| {
            let kind = matcher::named(place.kind)?;
            Some((place.range.clone(), Free::Value(kind, None)))
        });
        Self::recorded(text, free.collect())
    }

    /// The same, as that line of its text.
    pub(super) fn from(self, source: usize) -> Self {
        Self { source, ..self }
    }

    /// The same, or one of these.
    pub(super) fn or(self, instead: Vec<Self>) -> Self {
        Self { instead, ..self }
    }

    /// Any number of such lines, none too.
    pub(super) fn many(self) -> Self {
        Self { many: true, ..self }
    }

    /// A line `...`.
    pub(super) fn any_lines() -> Self {
        Self {
            written: "...".to_owned(),
            kind: Kind::AnyLines,
            many: false,
            source: 0,
            instead: Vec::new(),
        }
    }

    /// Whether it stands for any lines at all.
    pub fn is_any_lines(&self) -> bool {
        matches!(self.kind, Kind::AnyLines)
    }

    /// Whether it stands for any number of lines: all, or those that match.
    pub(super) fn is_many(&self) -> bool {
        self.many || self.is_any_lines()
    }

    /// Whether it is nothing but literal text.
    pub fn is_literal(&self) -> bool {
        matches!(self.kind, Kind::Literal(_)) && !self.many && self.instead.is_empty()
    }

    /// The text, of a literal line.
    pub(super) fn literal_text(&self) -> &str {
        match &self.kind {
            Kind::Literal(text) => text,
            Kind::AnyLines | Kind::Pieces { .. } => &self.written,
        }
    }

    /// Whether `line` is what this asks for. Trailing blanks count on neither side, since a screen has none.
    pub fn matches(&self, line: &str, bindings: &Bindings) -> bool {
        self.found(line, bindings).is_some()
    }

    /// Which bytes of it, as written, stand for a value: any of a kind, or one that an earlier step gave.
    pub fn varying(&self) -> Vec<Range<usize>> {
        let written = self.written.trim_end();
        let Kind::Pieces { pieces, .. } = &self.kind else {
            let any = self.is_any_lines() && !written.is_empty();
            return any.then_some(0..written.len()).into_iter().collect();
        };
        let placeholders = pieces
            .iter()
            .filter(|piece| !matches!(piece.what, What::Text(_) | What::Padding { .. }));
        placeholders.map(|piece| piece.range.clone()).collect()
    }

    /// Its placeholders whose value is known.
    pub(super) fn known_values(&self, bindings: &Bindings) -> Vec<Bound> {
        let Kind::Pieces { pieces, .. } = &self.kind else {
            return Vec::new();
        };
        let known = |piece: &Piece| match &piece.what {
            What::Captured(name) => Some(Bound {
                written: format!("{{{{={name}}}}}"),
                value: bindings.value(name)?.to_owned(),
                place: None,
            }),
            What::Value {
                kind,
                name: Some(name),
                ..
            } => bindings.known(kind.name, name),
            _ => None,
        };
        pieces.iter().filter_map(known).collect()
    }

    /// As [`matches`](Self::matches), with the values of names that are not bound yet.
    pub(super) fn found(&self, line: &str, bindings: &Bindings) -> Option<Vec<Found>> {
        let mut instead = self.instead.iter();
        self.found_here(line, bindings)
            .or_else(|| instead.find_map(|it| it.found(line, bindings)))
    }

    fn found_here(&self, line: &str, bindings: &Bindings) -> Option<Vec<Found>> {
        let line = line.trim_end();
        match &self.kind {
            Kind::AnyLines => Some(Vec::new()),
            Kind::Literal(text) => (text == line).then(Vec::new),
            Kind::Pieces { pieces, unbound } => {
                let compiled;
                let regex = if pieces.iter().any(|piece| piece.depends_on(bindings)) {
                    // Most lines are the wrong ones, and compiling is dear.
                    let mut fixed = pieces.iter().filter_map(|piece| piece.fixed(bindings));
                    if !fixed.all(|text| line.contains(text)) {
                        return None;
                    }
                    compiled = compile(pieces, bindings, Names::Bound, r"\z");
                    compiled.as_ref()?
                } else {
                    unbound
                        .get_or_init(|| compile(pieces, bindings, Names::Free, r"\z"))
                        .as_ref()?
                };
                values(pieces, &regex.captures(line)?, bindings)
            }
        }
    }

    /// Whether the values of names that are bound are all that can be wrong with `line`, and there are any.
    pub(super) fn is_alike(&self, line: &str, bindings: &Bindings) -> bool {
        !self.named(line, bindings).is_empty()
    }

    /// The first value in `line` (its number in the output is `at`) that can't be what it is, because of another place.
    pub(super) fn broken(&self, line: &str, at: usize, bindings: &Bindings) -> Option<Broken> {
        bindings.broken(&self.named(line, bindings), at)
    }

    /// Whether it has names of recorded values that are all bound.
    pub(super) fn is_settled(&self, bindings: &Bindings) -> bool {
        let mut names = self.names();
        self.has_names() && names.all(|name| bindings.bound(name).is_some())
    }

    /// Whether a value in it has a name.
    pub(super) fn has_names(&self) -> bool {
        self.names().next().is_some()
    }

    fn names(&self) -> impl Iterator<Item = &Name> {
        let pieces = match &self.kind {
            Kind::Pieces { pieces, .. } => &pieces[..],
            Kind::AnyLines | Kind::Literal(_) => &[],
        };
        pieces.iter().filter_map(|piece| match &piece.what {
            What::Value { name, .. } => name.as_ref(),
            _ => None,
        })
    }

    /// The values in the places of all names, bound or not; none where the line is another for other reasons.
    fn named(&self, line: &str, bindings: &Bindings) -> Vec<Found> {
        let line = line.trim_end();
        let Kind::Pieces { pieces, unbound } = &self.kind else {
            return Vec::new();
        };
        if !self.has_names() {
            return Vec::new();
        }
        let is_captured = |piece: &Piece| matches!(piece.what, What::Captured(_));
        let compile = || compile(pieces, bindings, Names::Free, r"\z");
        let compiled;
        let regex = match pieces.iter().any(is_captured) {
            true => {
                compiled = compile();
                compiled.as_ref()
            }
            false => unbound.get_or_init(compile).as_ref(),
        };
        let values = regex.and_then(|regex| all_values(pieces, &regex.captures(line)?));
        values.unwrap_or_default()
    }

    /// Where an actual line first differs from this one: a character of the line as written, one of the actual line.
    pub(super) fn first_difference(&self, line: &str, bindings: &Bindings) -> (usize, usize) {
        match &self.kind {
            Kind::AnyLines => (0, 0),
            Kind::Literal(text) => {
                let same = common(text, line);
                (same, same)
            }
            Kind::Pieces { pieces, .. } => {
                let reach = |n: usize| {
                    let regex = compile(&pieces[..n], bindings, Names::Bound, "")?;
                    let found = regex.captures(line)?;
                    values(&pieces[..n], &found, bindings)?;
                    Some(found.get(0)?.end())
                };
                let (n, end) = (0..pieces.len())
                    .rev()
                    .find_map(|n| reach(n).map(|end| (n, end)))
                    .unwrap_or((0, 0));
                let piece = &pieces[n];
                let same = match &piece.what {
                    What::Text(text) => common(text, &line[end..]),
                    _ => 0,
                };
                let written = self.written[..piece.range.start].chars().count();
                (written + same, line[..end].chars().count() + same)
            }
        }
    }
}

/// The values of new names, unless one is not what it looks like, or does not go with what is known.
fn values(
    pieces: &[Piece],
    found: &regex::Captures<'_>,
    bindings: &Bindings,
) -> Option<Vec<Found>> {
    let mut values: Vec<Found> = Vec::new();
    for found in all_values(pieces, found)? {
        if !bindings.admits(&values, &found) {
            return None;
        }
        if values.iter().all(|known| known.name != found.name) {
            values.push(found);
        }
    }
    Some(values)
}

/// The value of every name, unless one is not what it looks like.
fn all_values(pieces: &[Piece], found: &regex::Captures<'_>) -> Option<Vec<Found>> {
    let mut values: Vec<Found> = Vec::new();
    for (group, piece) in pieces.iter().enumerate() {
        let What::Value { kind, name, .. } = &piece.what else {
            continue;
        };
        let Some(value) = found.name(&format!("_{group}")) else {
            continue;
        };
        if kind.accepts.is_some_and(|accepts| !accepts(value.as_str())) {
            return None;
        }
        values.extend(name.as_ref().map(|name| Found {
            name: name.clone(),
            kind: kind.name,
            value: value.as_str().to_owned(),
        }));
    }
    Some(values)
}

/// How many characters two texts share at their start.
pub(super) fn common(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, line: &str) -> bool {
        let pattern = Pattern::parse(pattern).expect("a right pattern");
        pattern.lines[0].matches(line, &Bindings::default())
    }

    fn errors(text: &str) -> Vec<(usize, usize)> {
        let errors = Pattern::parse(text).expect_err("a wrong pattern");
        errors.iter().map(|e| (e.offset, e.len)).collect()
    }

    #[test]
    fn a_recorded_hash_is_as_long_the_next_time() {
        let matches = |value: &str, other: &str| {
            let place = Place {
                range: 0..value.len(),
                kind: "hex",
            };
            LinePattern::free(value, &[place]).matches(other, &Bindings::default())
        };
        let hash = "254871b6b61896bc57632859bd1e59e3b1fa633b";
        assert!(matches(hash, "1433652dad07e489ed902a4794bc9830558acb7e"));
        assert!(matches(hash, "1b6b61896bc57632859bd1e59e3b1fa633b0aa"));
        assert!(!matches(hash, "0"));
        assert!(!matches(hash, &hash[..32]));
        assert!(matches(&hash[..7], "deadbeef"));
        let fingerprint = "a4:18:0a:ea:b6:7d:d2:4c:10:74:48:2d:a3:2c:d4:a1";
        let other = "e8:e3:ef:d3:e4:c7:96:f9:40:ba:80:46:f6:7e:50:14";
        assert!(matches(fingerprint, other));
        assert!(!matches(fingerprint, "e8:e3:ef:d3:e4:c7:96:f9"));
    }

    #[test]
    fn text_is_itself_and_nothing_else() {
        assert!(matches("a.c (x) [y]* \\d", "a.c (x) [y]* \\d"));
        assert!(!matches("a.c", "abc"));
        assert!(matches(
            "Reading package lists...",
            "Reading package lists..."
        ));
        assert!(!matches(
            "Reading package lists...",
            "Reading package lists... Done"
        ));
    }

    #[test]
    fn the_rest_of_a_line_takes_its_blank_along() {
        for line in ["inet 10.0.2.15/24 scope global", "inet 10.0.2.15/24"] {
            assert!(matches("inet {{ipv4}}/24 …", line));
        }
        assert!(!matches("inet {{ipv4}}/24 …", "inet 10.0.2.15/240"));
        assert!(matches("ab…", "abc"));
    }

    #[test]
    fn braces_can_be_written() {
        assert!(matches("{{{{.Id}}", "{{.Id}}"));
        assert!(matches(r#"{"n": {{int}}}"#, r#"{"n": 3}"#));
        assert!(matches(r"{{re:\d{2}}}", "42"));
    }

    #[test]
    fn one_name_is_one_value_in_a_line() {
        assert!(matches("{{int:n}} of {{int:n}}", "3 of 3"));
        assert!(!matches("{{int:n}} of {{int:n}}", "3 of 4"));
    }

    #[test]
    fn every_wrong_placeholder_is_named_with_its_place() {
        assert_eq!(
            errors("a\nä {{mak}} {{int}} {{re:(}}\n{{"),
            [(5, 7), (21, 8), (30, 2)]
        );
        assert_eq!(errors("{{int:a b}} {{=}} {{re:}}").len(), 3);
    }

    #[test]
    fn the_first_difference_is_in_characters_of_both_sides() {
        let pattern = Pattern::parse("ä from {{ipv4}}: seq={{int}} ttl").expect("right");
        let at = pattern.lines[0].first_difference("ä from 10.0.0.22: seq=x", &Bindings::default());
        assert_eq!(at, (21, 22));
    }

    #[test]
    fn what_varies_in_a_line_is_what_is_no_text() {
        let varying = |text: &str| -> Vec<String> {
            let pattern = Pattern::parse(text).expect("a right pattern");
            let line = &pattern.lines[0];
            let ranges = line.varying().into_iter();
            ranges.map(|at| line.written[at].to_owned()).collect()
        };
        assert_eq!(
            varying("ä {{ipv4:a}}/{{re:\\d{2}}} …"),
            ["{{ipv4:a}}", "{{re:\\d{2}}}", "…"]
        );
        assert_eq!(varying("{{int}} …"), ["{{int}}", "…"]);
        assert_eq!(varying("{{{{a}} {{=it}}  "), ["{{=it}}"]);
        assert_eq!(varying("  ..."), ["  ..."]);
        assert!(varying("nothing, {{{{int}} neither").is_empty());
    }
}
