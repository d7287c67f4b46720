//! A transcript as this test understands `varies`, without the judge.

use std::collections::BTreeMap;
use std::ops::Range;

use mdbook_twin::judge::learn::{Ground, learn};
use mdbook_twin::judge::matcher;
use mdbook_twin::judge::transcript::TranscriptCommand;
use mdbook_twin::outcome::Facts;
use mdbook_twin::tutorial::Matching;
use regex::Regex;

/// What a transcript says of one command.
pub(crate) struct Recorded {
    /// Of its output.
    pub(crate) lines: Vec<Template>,
    /// Lines that may come at times, or more than once.
    loose: Vec<Template>,
    /// What other machines have in place of a line.
    instead: Vec<Template>,
    pub(crate) unordered: bool,
}

/// A recorded line as this test understands `varies`, without the judge.
pub(crate) struct Template {
    pub(crate) line: String,
    regex: Regex,
    /// The places of the recorded line that may hold something else.
    pub(crate) free: Vec<Free>,
}

pub(crate) struct Free {
    pub(crate) range: Range<usize>,
    kind: &'static str,
    /// The prior that frees it, if one does.
    pub(crate) prior: Option<&'static str>,
}

impl Free {
    /// What the machine itself says is one text on each machine, and so it is not free at all.
    pub(crate) fn is_known(&self) -> bool {
        matches!(self.prior, Some("the kernel" | "a package's version"))
    }
}

impl Template {
    fn new(line: &str, free: Vec<Free>) -> Self {
        let mut regex = String::from(r"\A");
        let mut at = 0;
        for Free { range, kind, .. } in &free {
            regex.push_str(&regex::escape(&line[at..range.start]));
            let kind = matcher::named(kind).expect("a kind that a transcript names");
            regex.push_str(&format!("({})", kind.regex));
            at = range.end;
        }
        regex.push_str(&regex::escape(line[at..].trim_end()));
        regex.push_str(r"\z");
        Self {
            line: line.to_owned(),
            regex: Regex::new(&regex).unwrap(),
            free,
        }
    }

    /// Where that line's free values stand, if it is such a line.
    pub(crate) fn spans(&self, line: &str) -> Option<Vec<Range<usize>>> {
        let found = self.regex.captures(line.trim_end())?;
        let spans = self.free.iter().enumerate().map(|(nth, free)| {
            let value = found.get(nth + 1)?;
            let kind = matcher::named(free.kind)?;
            let accepted = kind.accepts.is_none_or(|accepts| accepts(value.as_str()));
            accepted.then(|| value.range())
        });
        spans.collect()
    }
}

/// What priors alone free in a line: range, kind, the prior's name.
pub(crate) fn priors(
    line: &str,
    facts: &Facts,
    date: &str,
) -> Vec<(Range<usize>, &'static str, &'static str)> {
    let bare = TranscriptCommand {
        output: line.to_owned(),
        ..TranscriptCommand::default()
    };
    let freed = learn(&bare, &[], facts, date, Matching::Exact).freed;
    let freed = freed.into_iter().filter_map(|it| match it.ground {
        Ground::Prior(name) => Some((it.range, it.kind, name)),
        _ => None,
    });
    freed.collect()
}

impl Recorded {
    pub(crate) fn new(command: &TranscriptCommand, facts: &Facts, date: &str) -> Self {
        // What is said of the lines that come at times is asked as of an output of them.
        let templates = |output: String| {
            let command = TranscriptCommand {
                output: output.clone(),
                repeats: Vec::new(),
                sometimes: Vec::new(),
                instead: BTreeMap::new(),
                ..command.clone()
            };
            let learned = learn(&command, &[], facts, date, Matching::Exact);
            let of_line = |(at, line): (usize, &str)| {
                let priors = priors(line, facts, date);
                let free = learned.freed.iter();
                let free = free.filter(|it| it.line == at && it.ground == Ground::Recorded);
                let free = free.map(|it| {
                    let same = |(range, kind, _): &&(Range<usize>, _, _)| {
                        *range == it.range && *kind == it.kind
                    };
                    Free {
                        range: it.range.clone(),
                        kind: it.kind,
                        prior: priors.iter().find(same).map(|(_, _, name)| *name),
                    }
                });
                let mut free: Vec<Free> = free.collect();
                free.sort_by_key(|free| free.range.start);
                Template::new(line, free)
            };
            output.lines().enumerate().map(of_line).collect::<Vec<_>>()
        };
        let text =
            |lines: &[String]| -> String { lines.iter().map(|line| format!("{line}\n")).collect() };
        let loose = [text(&command.repeats), text(&command.sometimes)].concat();
        Self {
            lines: templates(command.output.clone()),
            loose: templates(loose),
            instead: command
                .instead
                .values()
                .flat_map(|it| templates(text(it)))
                .collect(),
            unordered: command.unordered,
        }
    }

    /// Where the free values of a line of a raw run stand. None: all of it is fixed.
    pub(crate) fn free(&self, at: usize, line: &str) -> Vec<Range<usize>> {
        let of = |template: &Template| template.spans(line);
        let beside = self.lines.get(at).and_then(of);
        let found = beside.or_else(|| self.all().find_map(of));
        found.unwrap_or_default()
    }

    fn all(&self) -> impl Iterator<Item = &Template> {
        self.lines.iter().chain(&self.loose).chain(&self.instead)
    }

    pub(crate) fn is_loose(&self, line: &str) -> bool {
        self.loose.iter().any(|it| it.spans(line).is_some())
    }

    /// Whether one line may stand where the other one does: they differ in nothing but values of free places.
    pub(crate) fn is_within(&self, at: usize, line: &str, mutant: &str) -> bool {
        let templates = self.lines.get(at).into_iter().chain(self.all());
        let mut templates = templates.filter_map(|template| {
            Some((template, template.spans(line)?, template.spans(mutant)?))
        });
        templates.any(|(template, one, other)| {
            let mut places = template.free.iter().zip(one.into_iter().zip(other));
            places.all(|(free, (one, other))| !free.is_known() || line[one] == mutant[other])
        })
    }
}

pub(crate) fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

/// Words, numbers and what is written together: letters and digits, and `.`, `:`, `_`, `-`, `/` between them, but no
/// `/` between decimal numbers, which are values of their own.
pub(crate) fn tokens(line: &str) -> Vec<Range<usize>> {
    let chars: Vec<(usize, char)> = line.char_indices().collect();
    let mut tokens: Vec<Range<usize>> = Vec::new();
    let mut last = None;
    for (nth, &(at, c)) in chars.iter().enumerate() {
        let behind = chars.get(nth + 1).map(|&(_, c)| c);
        let joins = ".:_-".contains(c)
            && last.is_some_and(char::is_alphanumeric)
            && behind.is_some_and(char::is_alphanumeric);
        if c.is_alphanumeric() || joins {
            let end = at + c.len_utf8();
            match tokens.last_mut() {
                Some(token) if token.end == at => token.end = end,
                _ => tokens.push(at..end),
            }
        }
        last = Some(c);
    }
    tokens
}
