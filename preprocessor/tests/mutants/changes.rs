//! The generator: every change of every class that a raw run can have, and a draw from them.

use std::fmt::Write as _;
use std::ops::Range;

use mdbook_twin::outcome::Run;
use mdbook_twin::tutorial::{Action, ExpectedExit};
use regex::Regex;

use crate::recorded::{overlap, tokens};
use crate::subject::Subject;

/// A run that is wrong in one place.
pub(crate) struct Mutant {
    pub(crate) class: &'static str,
    pub(crate) run: Run,
    /// Whether nothing but free values was changed, and each to another of its kind: no judge could know.
    pub(crate) within: bool,
    pub(crate) what: String,
}

/// A place in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) step: usize,
    pub(crate) command: usize,
    pub(crate) line: usize,
}

/// Another text of a line, and which bytes of the old one were changed.
pub(crate) struct Edit {
    at: At,
    new: String,
    changed: Vec<Range<usize>>,
}

impl Edit {
    /// Puts each text in the place of its range; the ranges are in order.
    fn new(at: At, line: &str, edits: &[(&Range<usize>, &str)]) -> Self {
        let mut new = line.to_owned();
        for (range, text) in edits.iter().rev() {
            new.replace_range((*range).clone(), text);
        }
        let changed = edits.iter().map(|(range, _)| (*range).clone());
        Self {
            at,
            new,
            changed: changed.collect(),
        }
    }
}

/// What is done to a run.
pub(crate) enum Change {
    Lines(Vec<Edit>),
    Drop(At),
    Double(At),
    SwapLines(At, At),
    Exit(usize, usize, i32),
}

/// xorshift64*: the same mutants each time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(drawn).unwrap() % end
    }
}

const DIGIT: &str = "a digit is another";
const LETTER: &str = "a letter is another";
const DROP: &str = "a line is missing";
const DOUBLE: &str = "a line comes twice";
const SWAP_LINES: &str = "two lines change places";
const EXIT: &str = "another exit status";
const INTERFACE: &str = "another interface";
const SWAP_MACS: &str = "two MACs change places";
const SWAP_TOKENS: &str = "two tokens of a line do";
pub(crate) const CLASSES: [&str; 9] = [
    DIGIT,
    LETTER,
    DROP,
    DOUBLE,
    SWAP_LINES,
    EXIT,
    INTERFACE,
    SWAP_MACS,
    SWAP_TOKENS,
];

impl Subject {
    /// All of them, or as many as are drawn.
    pub(crate) fn mutants(&self, run: &Run) -> Vec<Mutant> {
        let mut changes = self.changes(run);
        let asked = std::env::var("TWIN_MUTANTS").ok();
        if asked.as_deref() != Some("all") {
            let count = asked.map_or(crate::DRAWN, |count| count.parse().unwrap());
            changes = draw(changes, count);
        }
        let changes = changes.into_iter().map(|(class, change)| {
            let within = self.is_within(run, &change);
            let (run, what) = changed(run, &change);
            Mutant {
                class,
                run,
                within,
                what,
            }
        });
        changes.collect()
    }

    /// Every change of every class.
    fn changes(&self, run: &Run) -> Vec<(&'static str, Change)> {
        let mut changes = Vec::new();
        let mut macs: Vec<(At, Range<usize>)> = Vec::new();
        let mac = Regex::new(r"\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b").unwrap();
        let interface = Regex::new(r"\b(?:lo|(?:eth|vde|veth|tap|tun|br)[0-9]+)\b").unwrap();
        for &(step, command) in self.templates.keys() {
            let Some(ran) = run.steps.get(step).and_then(|it| it.commands.get(command)) else {
                continue;
            };
            if let Some(exit) = ran.exit {
                for other in [exit + 1, exit ^ 2, if exit == 0 { 127 } else { 0 }] {
                    changes.push((EXIT, Change::Exit(step, command, other)));
                }
            }
            let lines = &ran.output.lines;
            for (line, text) in lines.iter().enumerate() {
                let (at, text) = (
                    At {
                        step,
                        command,
                        line,
                    },
                    text.text.as_str(),
                );
                changes.push((DROP, Change::Drop(at)));
                changes.push((DOUBLE, Change::Double(at)));
                for (nth, other) in lines.iter().enumerate().skip(line + 1) {
                    if other.text != text {
                        let other = At { line: nth, ..at };
                        changes.push((SWAP_LINES, Change::SwapLines(at, other)));
                    }
                }
                let tokens = tokens(text);
                for (nth, token) in tokens.iter().enumerate() {
                    changes.extend(self.letters(run, at, token));
                    for other in &tokens[nth + 1..] {
                        let (one, two) = (&text[token.clone()], &text[other.clone()]);
                        if one != two {
                            let edit = Edit::new(at, text, &[(token, two), (other, one)]);
                            changes.push((SWAP_TOKENS, Change::Lines(vec![edit])));
                        }
                    }
                }
                for found in interface.find_iter(text) {
                    let new = if found.as_str() == "eth1" {
                        "lo"
                    } else {
                        "eth1"
                    };
                    let edit = Edit::new(at, text, &[(&found.range(), new)]);
                    changes.push((INTERFACE, Change::Lines(vec![edit])));
                }
                macs.extend(mac.find_iter(text).map(|found| (at, found.range())));
            }
        }
        let text = |at: &At| text(run, at);
        for (nth, (at, one)) in macs.iter().enumerate() {
            for (other_at, other) in &macs[nth + 1..] {
                let (mine, theirs) = (&text(at)[one.clone()], &text(other_at)[other.clone()]);
                if mine == theirs {
                    continue;
                }
                let change = if at == other_at {
                    vec![Edit::new(*at, text(at), &[(one, theirs), (other, mine)])]
                } else {
                    let edit = |at: &At, range, new| Edit::new(*at, text(at), &[(range, new)]);
                    vec![edit(at, one, theirs), edit(other_at, other, mine)]
                };
                changes.push((SWAP_MACS, Change::Lines(change)));
            }
        }
        changes
    }

    /// Every digit and every letter of a token, each in turn another.
    pub(crate) fn letters(
        &self,
        run: &Run,
        at: At,
        token: &Range<usize>,
    ) -> Vec<(&'static str, Change)> {
        let text = text(run, &at);
        let letters = text[token.clone()].char_indices();
        let changes = letters.filter_map(|(from, c)| {
            let range = token.start + from..token.start + from + c.len_utf8();
            let (class, new) = match c {
                '0'..='8' => (DIGIT, char::from(c as u8 + 1)),
                '9' => (DIGIT, '3'),
                'z' => (LETTER, 'b'),
                'Z' => (LETTER, 'B'),
                'f' => (LETTER, 'a'),
                'a'..='y' | 'A'..='Y' => (LETTER, char::from(c as u8 + 1)),
                _ => return None,
            };
            let edit = Edit::new(at, text, &[(&range, &new.to_string())]);
            Some((class, Change::Lines(vec![edit])))
        });
        changes.collect()
    }

    /// Whether no judge could know that this is wrong: what is free has another value of its kind, and nothing else is
    /// changed.
    fn is_within(&self, run: &Run, change: &Change) -> bool {
        let text = |at: &At| text(run, at);
        let recorded = |at: &At| &self.templates[&(at.step, at.command)];
        match change {
            Change::Lines(edits) => edits.iter().all(|edit| {
                let (at, line) = (&edit.at, text(&edit.at));
                let free = recorded(at).free(at.line, line);
                let is_free = |changed: &Range<usize>| free.iter().any(|it| overlap(it, changed));
                edit.changed.iter().all(is_free) && recorded(at).is_within(at.line, line, &edit.new)
            }),
            Change::Drop(at) | Change::Double(at) => recorded(at).is_loose(text(at)),
            Change::SwapLines(one, other) => {
                let within = |at: &At, new: &str| {
                    recorded(at).is_within(at.line, text(at), new)
                        || (recorded(at).is_loose(text(at)) && recorded(at).is_loose(new))
                };
                recorded(one).unordered || (within(one, text(other)) && within(other, text(one)))
            }
            // Where the spec leaves it open: what a key ends, what goes on in the background, and what is left of a
            // nested shell.
            Change::Exit(step, command, _) => {
                let last = run.steps[*step].commands.len() - 1;
                let step = &self.tutorial.steps[*step];
                let exits = match &step.action {
                    Action::Run(run) => run.commands[*command].exits,
                    _ => false,
                };
                (*command == last && step.exit == ExpectedExit::Any) || exits
            }
        }
    }
}

fn text<'r>(run: &'r Run, at: &At) -> &'r str {
    let command = &run.steps[at.step].commands[at.command];
    command.output.lines[at.line].text.as_str()
}

/// As many of them, every class in turn as long as it has any, none twice.
fn draw(changes: Vec<(&'static str, Change)>, count: usize) -> Vec<(&'static str, Change)> {
    let mut draw = Draw(0x7477_696E);
    let mut classes: Vec<Vec<(&'static str, Change)>> =
        CLASSES.iter().map(|_| Vec::new()).collect();
    for change in changes {
        let class = CLASSES.iter().position(|it| *it == change.0).unwrap();
        classes[class].push(change);
    }
    let mut drawn = Vec::new();
    while drawn.len() < count && classes.iter().any(|class| !class.is_empty()) {
        for class in classes.iter_mut().filter(|class| !class.is_empty()) {
            let nth = draw.below(class.len());
            drawn.push(class.swap_remove(nth));
        }
    }
    drawn
}

/// The run with that change, and the change in words.
pub(crate) fn changed(run: &Run, change: &Change) -> (Run, String) {
    let mut mutant = run.clone();
    let what = match change {
        Change::Lines(edits) => {
            let mut what = String::new();
            for Edit { at, new, .. } in edits {
                let lines = &mut mutant.steps[at.step].commands[at.command].output.lines;
                write!(what, "`{}` → `{new}` ", lines[at.line].text).unwrap();
                lines[at.line].text.clone_from(new);
            }
            what
        }
        Change::Drop(at) => {
            let lines = &mut mutant.steps[at.step].commands[at.command].output.lines;
            format!("without `{}`", lines.remove(at.line).text)
        }
        Change::Double(at) => {
            let lines = &mut mutant.steps[at.step].commands[at.command].output.lines;
            let line = lines[at.line].clone();
            let what = format!("twice `{}`", line.text);
            lines.insert(at.line, line);
            what
        }
        Change::SwapLines(one, other) => {
            let lines = &mut mutant.steps[one.step].commands[one.command].output.lines;
            let what = format!("`{}` ↔ `{}`", lines[one.line].text, lines[other.line].text);
            lines.swap(one.line, other.line);
            what
        }
        Change::Exit(step, command, exit) => {
            let command = &mut mutant.steps[*step].commands[*command];
            let what = format!("`{}` exits with {exit}", command.command);
            command.exit = Some(*exit);
            what
        }
    };
    (mutant, what)
}
