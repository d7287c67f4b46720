//! Secrets: nothing that leaves the agent shows one, nor anything that the runner keeps.
//!
//! In: what a step gave. Out: the same, dots in the place of each secret. A secret is found as it stands, wherever colours,
//! blanks and ends of lines lie within it: a screen wraps, and so does `fold`. In another form (base64, a part of it) it is
//! not; SECURITY.md says so. Not here: which secrets a run has (`verify/machine.rs`).

use std::collections::BTreeMap;
use std::ops::Range;

use super::escape::Plain;
use super::screen::Screen;
use crate::outcome::{CommandRun, Ended, Failure, Output};

/// What stands in its place.
const MASK: &str = "••••••";

/// A mask for less would hit ordinary words, and where it does would tell the secret.
const SHORTEST: usize = 4;

/// Why a value can't be a secret, if it can't.
pub(crate) fn unfit_secret(value: &str) -> Option<&'static str> {
    if without_blanks(value).chars().count() < SHORTEST {
        return Some("has fewer than four characters that are no blanks");
    }
    let shown_otherwise = |c: char| c.is_control() && !c.is_whitespace();
    let any = value.chars().any(shown_otherwise);
    any.then_some("has control characters, which a terminal shows in another form")
}

/// The secrets of a run.
#[derive(Default)]
pub(crate) struct Mask {
    secrets: BTreeMap<String, String>,
    /// What is looked for, without blanks: each secret, as it is and as a screen shows it, and each line of it.
    hidden: Vec<String>,
}

impl Mask {
    /// Of these secrets, by name.
    pub(crate) fn new(secrets: BTreeMap<String, String>) -> Self {
        let whole = secrets
            .values()
            .flat_map(|secret| [secret.clone(), as_shown(secret)]);
        let lines = secrets.values().flat_map(|secret| secret.lines());
        // A line like `}` of a longer secret tells nothing, and stands everywhere.
        let lines = lines.filter(|line| unfit_secret(line).is_none());
        let mut hidden: Vec<String> = whole
            .chain(lines.map(str::to_owned))
            .map(|text| without_blanks(&text))
            .filter(|text| !text.is_empty())
            .collect();
        hidden.sort();
        hidden.dedup();
        Self { secrets, hidden }
    }

    /// The secret of this name.
    pub(super) fn secret(&self, name: &str) -> Option<&str> {
        self.secrets.get(name).map(String::as_str)
    }

    /// Masks the answer to a step.
    pub(crate) fn answer(&self, ended: &mut Ended, commands: &mut [CommandRun]) {
        match ended {
            Ended::Failed(failure) => self.failure(failure),
            Ended::DoneByInterrupt { program } => self.text(program),
            Ended::Done | Ended::NotReached | Ended::PassedOver => {}
        }
        for command in commands {
            self.command(command);
        }
    }

    /// Masks what a failure quotes.
    fn failure(&self, failure: &mut Failure) {
        match failure {
            Failure::Timeout { waiting_for, .. }
            | Failure::TutorialTimeout { waiting_for, .. }
            | Failure::EndedEarly { waiting_for, .. } => self.text(waiting_for),
            Failure::File { path, message } => {
                self.text(path);
                self.text(message);
            }
            Failure::Interrupted(why) => self.text(why),
            Failure::Capture { name } => self.text(name),
            Failure::Exit { .. }
            | Failure::TerminalGone { .. }
            | Failure::Unfinished
            | Failure::Busy => {}
        }
    }

    /// Masks all that is in a command's record.
    pub(crate) fn command(&self, run: &mut CommandRun) {
        if self.hidden.is_empty() {
            return;
        }
        self.text(&mut run.command);
        self.text(&mut run.prompt);
        for earlier in &mut run.earlier {
            self.output(earlier);
        }
        // Of the raw stream nothing is kept then: there are too many ways to draw the same letters.
        if self.output(&mut run.output) || self.is_in_stream(&run.chunks) {
            let text = run.output.text().replace('\n', "\r\n");
            run.chunks.truncate(1);
            if let Some((_, chunk)) = run.chunks.first_mut() {
                *chunk = text;
            }
        }
    }

    /// Masks a text.
    pub(crate) fn text(&self, text: &mut String) {
        if let Some(ranges) = self.found(&[text.as_str()], None).first() {
            *text = masked(text, ranges);
        }
    }

    /// Masks lines; whether there was anything.
    fn output(&self, output: &mut Output) -> bool {
        let pieces: Vec<&str> = output.lines.iter().map(|line| line.text.as_str()).collect();
        let gap = output.omitted.as_ref().map(|gap| gap.before_line);
        let found = self.found(&pieces, gap);
        let mut any = false;
        for (line, ranges) in output.lines.iter_mut().zip(found) {
            if !ranges.is_empty() {
                any = true;
                line.text = masked(&line.text, &ranges);
                // Its ranges are of another text; a masked line is not worth its colours.
                line.styles.clear();
            }
        }
        any
    }

    /// Whether a secret is in it, with its escape sequences or without.
    fn is_in_stream(&self, chunks: &[(u64, String)]) -> bool {
        let stream: String = chunks.iter().map(|(_, text)| text.as_str()).collect();
        let mut plain = Vec::new();
        Plain::default().push(stream.as_bytes(), &mut plain);
        let texts = [
            without_blanks(&stream),
            without_blanks(&String::from_utf8_lossy(&plain)),
        ];
        let mut hidden = self.hidden.iter();
        hidden.any(|secret| texts.iter().any(|text| text.contains(secret)))
    }

    /// Where secrets stand in the pieces, read one behind the other; nothing if there is none. At a gap before a piece a
    /// part of one counts too.
    fn found(&self, pieces: &[&str], gap: Option<usize>) -> Vec<Vec<Range<usize>>> {
        let squeezed: Vec<String> = pieces.iter().map(|piece| without_blanks(piece)).collect();
        let text = squeezed.concat();
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for secret in &self.hidden {
            ranges.extend(all_of(secret, &text));
        }
        if let Some(gap) = gap {
            let at: usize = squeezed.iter().take(gap).map(String::len).sum();
            let hidden = self.hidden.iter();
            ranges.extend(hidden.flat_map(|secret| parts_at(secret, &text, at)));
        }
        if ranges.is_empty() {
            return Vec::new();
        }
        in_pieces(pieces, &joined(ranges))
    }
}

/// Every place, those that overlap too.
fn all_of<'a>(secret: &'a str, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let first = secret.chars().next().map_or(1, char::len_utf8);
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + memchr::memmem::find(&text.as_bytes()[from..], secret.as_bytes())?;
        from = at + first;
        Some(at..at + secret.len())
    })
}

/// The beginning of a secret that stands right before `at`, and the end of one right behind it.
fn parts_at(secret: &str, text: &str, at: usize) -> Vec<Range<usize>> {
    let cuts = secret.char_indices().map(|(cut, _)| cut);
    let long = |part: &str| part.chars().count() >= SHORTEST;
    let (before, behind) = text.split_at(at);
    let mut parts = Vec::new();
    for (begins, ends) in cuts.map(|cut| secret.split_at(cut)) {
        if long(begins) && before.ends_with(begins) {
            parts.push(at - begins.len()..at);
        }
        if long(ends) && behind.starts_with(ends) {
            parts.push(at..at + ends.len());
        }
    }
    parts
}

/// In order, those that overlap as one.
fn joined(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut().filter(|last| range.start < last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => joined.push(range),
        }
    }
    joined
}

/// Ranges of the pieces' text without blanks → ranges of each piece, blanks between included.
fn in_pieces(pieces: &[&str], ranges: &[Range<usize>]) -> Vec<Vec<Range<usize>>> {
    let mut at = 0;
    let mut next = 0;
    let mut all = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let mut own: Vec<(usize, Range<usize>)> = Vec::new();
        for (byte, c) in piece.char_indices().filter(|(_, c)| !c.is_whitespace()) {
            while ranges.get(next).is_some_and(|range| range.end <= at) {
                next += 1;
            }
            if ranges.get(next).is_some_and(|range| range.start <= at) {
                let end = byte + c.len_utf8();
                match own.last_mut().filter(|(of, _)| *of == next) {
                    Some((_, range)) => range.end = end,
                    None => own.push((next, byte..end)),
                }
            }
            at += c.len_utf8();
        }
        all.push(own.into_iter().map(|(_, range)| range).collect());
    }
    all
}

fn masked(text: &str, ranges: &[Range<usize>]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut from = 0;
    for range in ranges {
        masked.push_str(&text[from..range.start]);
        masked.push_str(MASK);
        from = range.end;
    }
    masked.push_str(&text[from..]);
    masked
}

fn without_blanks(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// What a screen makes of it: it leaves out what has no width.
fn as_shown(secret: &str) -> String {
    let columns = u16::try_from(secret.len() + 1).unwrap_or(u16::MAX);
    let mut screen = Screen::new((columns, 1));
    screen.feed(secret.replace('\n', "\r\n").as_bytes());
    let (lines, _) = screen.take_lines();
    lines.into_iter().map(|line| line.text).collect()
}

#[cfg(test)]
mod tests {
    use super::{MASK, Mask, unfit_secret};
    use crate::outcome::{CommandRun, Ended, Failure, Line, Omitted, Output};

    fn mask(secrets: &[&str]) -> Mask {
        let named = secrets.iter().enumerate();
        Mask::new(
            named
                .map(|(name, value)| (name.to_string(), (*value).to_owned()))
                .collect(),
        )
    }

    fn output(shown: &str) -> Output {
        let line = |text: &str| Line {
            text: text.to_owned(),
            styles: Vec::new(),
        };
        Output {
            lines: shown.lines().map(line).collect(),
            ..Output::default()
        }
    }

    /// What is left of the lines and of the stream.
    fn masked(secrets: &[&str], shown: &str, chunks: &[&str]) -> (String, String) {
        let chunks = chunks.iter().map(|chunk| (7, (*chunk).to_owned()));
        let mut run = CommandRun {
            output: output(shown),
            chunks: chunks.collect(),
            ..CommandRun::default()
        };
        mask(secrets).command(&mut run);
        let stream = run.chunks.iter().map(|(_, text)| text.as_str()).collect();
        (run.output.text(), stream)
    }

    #[test]
    fn secret_that_begins_ends_or_overlaps_another_leaves_nothing_of_it() {
        let shown = |secrets: &[&str], text| masked(secrets, text, &[]).0;
        let prefix = ["abcd", "abcdef"];
        assert_eq!(shown(&prefix, "abcdef abcd"), format!("{MASK} {MASK}\n"));
        let overlap = ["hello-world", "world-peace"];
        assert_eq!(shown(&overlap, "hello-world-peace!"), format!("{MASK}!\n"));
        assert_eq!(shown(&["abab"], "ababab"), format!("{MASK}\n"));
    }

    #[test]
    fn a_secret_is_found_twice_in_a_line_and_across_lines() {
        let shown = |text| masked(&["s3cret word"], text, &[]).0;
        assert_eq!(
            shown("a s3cret words3cret word b"),
            format!("a {MASK}{MASK} b\n")
        );
        assert_eq!(
            shown("x s3cr\net wo\nrd y"),
            format!("x {MASK}\n{MASK}\n{MASK} y\n")
        );
        assert_eq!(shown("s3cret\tword"), format!("{MASK}\n"));
        assert_eq!(shown("s3cret wor"), "s3cret wor\n");
    }

    #[test]
    fn each_line_of_a_secret_is_masked_but_for_the_tiny_ones() {
        let shown = masked(
            &["first line\n}\nsecond line\n"],
            "first line\n> second line\n}",
            &[],
        )
        .0;
        assert_eq!(shown, format!("{MASK}\n> {MASK}\n}}\n"));
    }

    #[test]
    fn what_a_screen_leaves_out_does_not_hide_a_secret() {
        // A diaeresis that has no width of its own.
        let secret = "pa\u{308}sswort";
        let mut screen = super::Screen::new((40, 2));
        screen.feed(secret.as_bytes());
        let seen = &screen.lines().0[0].text;
        assert_eq!(masked(&[secret], seen, &[]).0, format!("{MASK}\n"));
    }

    #[test]
    fn stream_with_a_secret_in_any_form_becomes_what_was_shown() {
        let stream = |shown: &str, chunks: &[&str]| masked(&["s3cret"], shown, chunks).1;
        for chunks in [
            &["a s3c", "ret b"][..],
            &["a s3c\x1b[1mret b"],
            &["a s3c\r\nret b"],
            &["\x1b]0;s3cret\x07a b"],
        ] {
            assert_eq!(stream("a b", chunks), "a b\r\n", "{chunks:?}");
        }
        // Drawn in a way that only a screen understands.
        assert_eq!(stream("s3cret", &["s3x\x08cret"]), format!("{MASK}\r\n"));
        assert_eq!(stream("a b", &["a ", "b"]), "a b");
    }

    #[test]
    fn what_a_flood_has_cut_off_a_secret_is_masked() {
        let mut cut = output("head of correct-ho\nrse-battery and tail");
        cut.omitted = Some(Omitted {
            before_line: 1,
            bytes: 9,
            not_reconstructed: false,
        });
        let mut run = CommandRun {
            output: cut,
            ..CommandRun::default()
        };
        mask(&["correct-horse-battery"]).command(&mut run);
        assert_eq!(
            run.output.text(),
            format!("head of {MASK}\n{MASK} and tail\n")
        );
    }

    #[test]
    fn what_a_failure_quotes_is_masked() {
        let quoted = || "it was `s3cret`".to_owned();
        for failure in [
            Failure::EndedEarly {
                exit: None,
                waiting_for: quoted(),
            },
            Failure::File {
                path: quoted(),
                message: quoted(),
            },
            Failure::Interrupted(quoted()),
        ] {
            let mut ended = Ended::Failed(failure);
            mask(&["s3cret"]).answer(&mut ended, &mut []);
            let Ended::Failed(failure) = ended else {
                unreachable!("it stays a failure")
            };
            let said = failure.to_string();
            assert!(said.contains(MASK) && !said.contains("s3cret"), "{said}");
        }
    }

    #[test]
    fn the_tries_before_are_masked_too() {
        let mut run = CommandRun {
            earlier: vec![output("s3cret")],
            ..CommandRun::default()
        };
        mask(&["s3cret"]).command(&mut run);
        assert_eq!(run.earlier[0].text(), format!("{MASK}\n"));
    }

    #[test]
    fn a_value_that_no_mask_could_hide_is_no_secret() {
        assert!(unfit_secret("").is_some() && unfit_secret(" a b c ").is_some());
        assert!(unfit_secret("bell\x07").is_some());
        assert!(unfit_secret("1234").is_none() && unfit_secret("two\nlines\there").is_none());
    }
}
