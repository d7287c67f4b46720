//! Neither noise nor a rubber stamp: what `verify` makes of a run that is wrong in one place.
//!
//! A mutant is a raw run with one change: a digit, a letter, a line, an exit status, the name of an interface, two
//! values in each other's place. The generator draws all tokens equally and knows nothing of `varies`; only afterwards
//! it is asked whether what was changed had been free. Whatever else was changed has to fail.
//!
//! The raw runs are those that the committed transcripts show, and those of `cases/mutants` (one folder: one tutorial,
//! `run-N.txt`: one run of it, `$ ` before each command, `learned.yaml`: the transcript that is learned from them;
//! `TWIN_BLESS=1` rewrites the latter). `TWIN_MUTANTS` is how many are drawn of each, or `all`.
//! `TWIN_RUNS` is a folder with more runs of the committed tutorials, NAME.N.json, as the cache has them (the long tier
//! makes it, see `.ci/long learn`): each of them must verify, its mutants are drawn too, and each free value must have
//! been another in two of them unless a prior frees it.
#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use mdbook_twin::config::Config;
use mdbook_twin::judge::learn::{Ground, learn};
use mdbook_twin::judge::transcript::{Transcript, TranscriptCommand};
use mdbook_twin::judge::{Verdict, judge, matcher, transcript_of};
use mdbook_twin::outcome::{CommandRun, Ended, Facts, Line, Output, Run, StepRun};
use mdbook_twin::project::Project;
use mdbook_twin::tutorial::{self, ExpectedExit, Matching, Tutorial};
use regex::Regex;

/// Of the mutants of what is not free, at least so many are caught.
const CAUGHT: f64 = 0.98;

/// Of a transcript's tokens, at most so many are free.
const FREE: f64 = 0.10;

/// How many mutants of each run the short tier draws.
const DRAWN: usize = 250;

#[test]
fn a_run_that_is_wrong_in_one_place_fails() {
    let mut table = Table::default();
    for subject in committed().iter().chain(&cases()) {
        for (name, run) in &subject.runs {
            subject.is_verified(name, run);
            for mutant in subject.mutants(run) {
                table.count(subject, &mutant);
            }
        }
    }
    println!("{table}");
    assert!(table.is_good(), "{table}");
}

#[test]
fn little_is_free_and_each_has_its_ground() {
    let mut said = String::new();
    let mut wrong = Vec::new();
    for subject in committed() {
        let (free, all) = subject.free_tokens();
        let share = free as f64 / all.max(1) as f64;
        let grounds = subject.grounds();
        writeln!(
            said,
            "{:16} {free:3} of {all:3} tokens free ({:.1} %): {}",
            subject.tutorial.name,
            share * 100.0,
            grounds
        )
        .unwrap();
        if share > FREE {
            wrong.push(format!("{}: too much is free", subject.tutorial.name));
        }
        let groundless = grounds.without.iter();
        wrong.extend(groundless.map(|place| format!("{}: {place}", subject.tutorial.name)));
    }
    println!("{said}");
    assert!(wrong.is_empty(), "{said}{}", wrong.join("\n"));
}

/// What is mutated: a tutorial, its transcript, raw runs of it.
struct Subject {
    tutorial: Tutorial,
    digest: String,
    transcript: Transcript,
    /// With a name for messages.
    runs: Vec<(String, Run)>,
    /// Whether there are runs besides the one that the transcript shows.
    reran: bool,
    /// By step and command.
    templates: BTreeMap<(usize, usize), Recorded>,
}

/// What a transcript says of one command.
struct Recorded {
    /// Of its output.
    lines: Vec<Template>,
    /// Lines that may come at times, or more than once.
    loose: Vec<Template>,
    /// What other machines have in place of a line.
    instead: Vec<Template>,
    unordered: bool,
}

/// A recorded line as this test understands `varies`, without the judge.
struct Template {
    line: String,
    regex: Regex,
    /// The places of the recorded line that may hold something else.
    free: Vec<Free>,
}

struct Free {
    range: Range<usize>,
    kind: &'static str,
    /// The prior that frees it, if one does.
    prior: Option<&'static str>,
}

impl Free {
    /// What the machine itself says is one text on each machine, and so it is not free at all.
    fn is_known(&self) -> bool {
        matches!(self.prior, Some("the kernel" | "a package's version"))
    }
}

/// A run that is wrong in one place.
struct Mutant {
    class: &'static str,
    run: Run,
    /// Whether nothing but free values was changed, and each to another of its kind: no judge could know.
    within: bool,
    what: String,
}

/// The repository's tutorials that are recorded.
fn committed() -> Vec<Subject> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    // No test sees the caller's cache: the transcripts are the lock of what upstream holds.
    let cache = tempfile::tempdir().unwrap();
    let project = Project {
        places: mdbook_twin::upstream::Places {
            cache: cache.path().to_owned(),
            dirs: Vec::new(),
        },
        cache: cache.path().to_owned(),
        config: Config::default(),
        root,
    };
    let mut subjects = Vec::new();
    for name in tutorial::names(&project).unwrap() {
        let Ok(loaded) = tutorial::load_with(&project, &name, tutorial::Fetch::Never) else {
            continue;
        };
        let Some(transcript) = loaded.transcript.filter(|it| it.digest == loaded.digest) else {
            continue;
        };
        let shown = run_of(&loaded.tutorial, &transcript);
        let mut runs = vec![(name.clone(), shown)];
        runs.extend(more_runs(&name));
        subjects.push(Subject::new(
            loaded.tutorial,
            loaded.digest,
            transcript,
            runs,
        ));
    }
    assert!(subjects.len() >= 4, "the quick tutorials are recorded");
    subjects
}

/// Those of the long tier.
fn more_runs(name: &str) -> Vec<(String, Run)> {
    let Some(folder) = std::env::var_os("TWIN_RUNS") else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let named = |path: &PathBuf| {
        let file = path.file_name()?.to_str()?.to_owned();
        let rest = file.strip_prefix(name)?.strip_suffix(".json")?;
        rest.starts_with('.').then_some(file)
    };
    let read = |path: PathBuf| {
        #[derive(serde::Deserialize)]
        struct Latest {
            run: Run,
        }
        let file = named(&path)?;
        let latest: Latest = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        Some((file, latest.run))
    };
    files.into_iter().filter_map(read).collect()
}

/// The made ones: learned here, from their own runs.
fn cases() -> Vec<Subject> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/mutants");
    let mut subjects = Vec::new();
    let mut folders: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    for folder in folders {
        let mut files: Vec<PathBuf> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|it| it == "txt"))
            .collect();
        files.sort();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let texts: Vec<String> = files
            .iter()
            .map(|file| fs::read_to_string(file).unwrap())
            .collect();
        let (tutorial, runs): (Vec<Tutorial>, Vec<Run>) =
            texts.iter().map(|text| made(&name, text)).unzip();
        let others: Vec<&Run> = runs[1..].iter().collect();
        let lessons = transcript_of(&tutorial[0], &runs[0], &others, None, "made");
        assert!(
            lessons.unexplained.is_empty(),
            "{name}: {:#?}",
            lessons.unexplained
        );
        let learned = folder.join("learned.yaml");
        let text = lessons.transcript.to_yaml().unwrap();
        if std::env::var_os("TWIN_BLESS").is_some() {
            fs::write(&learned, &text).unwrap();
        }
        let expected = fs::read_to_string(&learned).unwrap_or_default();
        assert_eq!(text, expected, "{}", learned.display());
        let runs = files
            .iter()
            .map(|file| file.display().to_string())
            .zip(runs);
        subjects.push(Subject::new(
            tutorial[0].clone(),
            "made".to_owned(),
            lessons.transcript,
            runs.collect(),
        ));
    }
    subjects
}

/// A tutorial of one step for each command of the text.
fn made(name: &str, text: &str) -> (Tutorial, Run) {
    let mut steps = Vec::new();
    let mut runs: Vec<StepRun> = Vec::new();
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            let id = format!("step-{}", runs.len() + 1);
            steps.push(support::typed(&id, command));
            runs.push(step_run(&id, vec![command_run("$", command, Some(0), "")]));
        } else {
            let step = runs.last_mut().expect("a command comes first");
            step.commands[0].output.lines.push(Line {
                text: line.to_owned(),
                styles: Vec::new(),
            });
        }
    }
    let run = Run {
        date: "2026-11-30".to_owned(),
        facts: Facts::default(),
        steps: runs,
    };
    (support::tutorial(name, steps), run)
}

/// The run that a transcript was made of.
fn run_of(tutorial: &Tutorial, transcript: &Transcript) -> Run {
    let steps = tutorial.steps.iter().map(|step| {
        let recorded = transcript.steps.iter().find(|it| it.id == step.id);
        let commands = recorded
            .map(|it| it.commands.as_slice())
            .unwrap_or_default();
        let commands = commands
            .iter()
            .map(|it| command_run(&it.prompt, &it.command, it.exit, &it.output));
        step_run(&step.id, commands.collect())
    });
    Run {
        date: transcript.recorded.clone(),
        facts: transcript.facts.clone(),
        steps: steps.collect(),
    }
}

fn step_run(id: &str, commands: Vec<CommandRun>) -> StepRun {
    StepRun {
        id: id.to_owned(),
        ended: Ended::Done,
        commands,
    }
}

fn command_run(prompt: &str, command: &str, exit: Option<i32>, output: &str) -> CommandRun {
    let lines = output.lines().map(|text| Line {
        text: text.to_owned(),
        styles: Vec::new(),
    });
    CommandRun {
        command: command.to_owned(),
        prompt: prompt.to_owned(),
        exit,
        output: Output {
            lines: lines.collect(),
            ..Output::default()
        },
        ..CommandRun::default()
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
    fn spans(&self, line: &str) -> Option<Vec<Range<usize>>> {
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
fn priors(line: &str, facts: &Facts) -> Vec<(Range<usize>, &'static str, &'static str)> {
    let bare = TranscriptCommand {
        output: line.to_owned(),
        ..TranscriptCommand::default()
    };
    let freed = learn(&bare, &[], facts, Matching::Exact).freed;
    let freed = freed.into_iter().filter_map(|it| match it.ground {
        Ground::Prior(name) => Some((it.range, it.kind, name)),
        _ => None,
    });
    freed.collect()
}

impl Recorded {
    fn new(command: &TranscriptCommand, facts: &Facts) -> Self {
        // What is said of the lines that come at times is asked as of an output of them.
        let templates = |output: String| {
            let command = TranscriptCommand {
                output: output.clone(),
                repeats: Vec::new(),
                sometimes: Vec::new(),
                instead: BTreeMap::new(),
                ..command.clone()
            };
            let learned = learn(&command, &[], facts, Matching::Exact);
            let of_line = |(at, line): (usize, &str)| {
                let priors = priors(line, facts);
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
    fn free(&self, at: usize, line: &str) -> Vec<Range<usize>> {
        let of = |template: &Template| template.spans(line);
        let beside = self.lines.get(at).and_then(of);
        let found = beside.or_else(|| self.all().find_map(of));
        found.unwrap_or_default()
    }

    fn all(&self) -> impl Iterator<Item = &Template> {
        self.lines.iter().chain(&self.loose).chain(&self.instead)
    }

    fn is_loose(&self, line: &str) -> bool {
        self.loose.iter().any(|it| it.spans(line).is_some())
    }

    /// Whether one line may stand where the other one does: they differ in nothing but values of free places.
    fn is_within(&self, at: usize, line: &str, mutant: &str) -> bool {
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

impl Subject {
    fn new(
        tutorial: Tutorial,
        digest: String,
        transcript: Transcript,
        runs: Vec<(String, Run)>,
    ) -> Self {
        let mut templates = BTreeMap::new();
        for (index, step) in tutorial.steps.iter().enumerate() {
            let judged = step.expect.is_none() && step.matching != Matching::None;
            let recorded = transcript
                .steps
                .iter()
                .find(|it| it.id == step.id && judged);
            let commands = recorded
                .map(|it| it.commands.as_slice())
                .unwrap_or_default();
            for (nth, command) in commands.iter().enumerate() {
                templates.insert((index, nth), Recorded::new(command, &transcript.facts));
            }
        }
        Self {
            reran: runs.len() > 1,
            tutorial,
            digest,
            transcript,
            runs,
            templates,
        }
    }

    fn verdict(&self, run: &Run) -> Verdict {
        judge(&self.tutorial, run, Some(&self.transcript), &self.digest)
    }

    fn is_verified(&self, name: &str, run: &Run) {
        let verdict = self.verdict(run);
        assert!(
            matches!(verdict, Verdict::Verified { .. }),
            "a false alarm: {name}: {verdict:#?}"
        );
    }

    /// How many tokens of the recorded outputs are free, and how many there are.
    fn free_tokens(&self) -> (usize, usize) {
        let lines = self.templates.values().flat_map(|recorded| &recorded.lines);
        let (mut free, mut all) = (0, 0);
        for template in lines {
            for token in tokens(&template.line) {
                all += 1;
                let mut places = template.free.iter().filter(|free| !free.is_known());
                free += usize::from(places.any(|free| overlap(&free.range, &token)));
            }
        }
        (free, all)
    }
}

/// Why values are free.
struct Grounds {
    priors: BTreeMap<&'static str, usize>,
    /// How many were another in two runs.
    runs: usize,
    /// How many would have to be looked for in other runs, which are not here.
    unseen: usize,
    without: Vec<String>,
}

impl Subject {
    fn grounds(&self) -> Grounds {
        let mut grounds = Grounds {
            priors: BTreeMap::new(),
            runs: 0,
            unseen: 0,
            without: Vec::new(),
        };
        for ((index, nth), recorded) in &self.templates {
            let step = &self.tutorial.steps[*index];
            for (at, template) in recorded.lines.iter().enumerate() {
                for (place, free) in template.free.iter().enumerate() {
                    if let Some(name) = free.prior {
                        *grounds.priors.entry(name).or_default() += 1;
                        continue;
                    }
                    let values: BTreeSet<&str> = self
                        .runs
                        .iter()
                        .filter_map(|(_, run)| {
                            let command = run.steps.get(*index)?.commands.get(*nth)?;
                            let line = command.output.lines.get(at)?.text.as_str();
                            let span = template.spans(line)?.get(place)?.clone();
                            Some(&line[span])
                        })
                        .collect();
                    match values.len() {
                        2.. => grounds.runs += 1,
                        _ if !self.reran => grounds.unseen += 1,
                        _ => grounds.without.push(format!(
                            "step {}: nothing says why `{}` is free in: {}",
                            step.id,
                            &template.line[free.range.clone()],
                            template.line
                        )),
                    }
                }
            }
        }
        grounds
    }
}

impl std::fmt::Display for Grounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts: Vec<String> = self
            .priors
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        if self.runs > 0 {
            parts.push(format!("seen to differ {}", self.runs));
        }
        if self.unseen > 0 {
            parts.push(format!("to be seen in runs {}", self.unseen));
        }
        f.write_str(&parts.join(", "))
    }
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

/// Words, numbers and what is written together: letters and digits, and `.`, `:`, `_`, `-`, `/` between them, but no
/// `/` between decimal numbers, which are values of their own.
fn tokens(line: &str) -> Vec<Range<usize>> {
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

/// A place in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct At {
    step: usize,
    command: usize,
    line: usize,
}

/// What is done to a run.
enum Change {
    /// These lines are these now.
    Lines(Vec<(At, String)>),
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
const CLASSES: [&str; 9] = [
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
    fn mutants(&self, run: &Run) -> Vec<Mutant> {
        let mut changes = self.changes(run);
        let asked = std::env::var("TWIN_MUTANTS").ok();
        if asked.as_deref() != Some("all") {
            let count = asked.map_or(DRAWN, |count| count.parse().unwrap());
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
                for other in line + 1..lines.len() {
                    if lines[other].text != text {
                        let other = At { line: other, ..at };
                        changes.push((SWAP_LINES, Change::SwapLines(at, other)));
                    }
                }
                let tokens = tokens(text);
                for (nth, token) in tokens.iter().enumerate() {
                    for (from, c) in text[token.clone()].char_indices() {
                        let range = token.start + from..token.start + from + c.len_utf8();
                        let (class, new) = match c {
                            '0'..='8' => (DIGIT, char::from(c as u8 + 1)),
                            '9' => (DIGIT, '3'),
                            'z' => (LETTER, 'b'),
                            'Z' => (LETTER, 'B'),
                            'f' => (LETTER, 'a'),
                            'a'..='y' | 'A'..='Y' => (LETTER, char::from(c as u8 + 1)),
                            _ => continue,
                        };
                        let edited = replaced(text, &range, &new.to_string());
                        changes.push((class, Change::Lines(vec![(at, edited)])));
                    }
                    for other in &tokens[nth + 1..] {
                        let (one, two) = (&text[token.clone()], &text[other.clone()]);
                        if one != two {
                            let edited = replaced(text, other, one);
                            let edited = replaced(&edited, token, two);
                            changes.push((SWAP_TOKENS, Change::Lines(vec![(at, edited)])));
                        }
                    }
                }
                for found in interface.find_iter(text) {
                    let new = if found.as_str() == "eth1" {
                        "lo"
                    } else {
                        "eth1"
                    };
                    let edited = replaced(text, &found.range(), new);
                    changes.push((INTERFACE, Change::Lines(vec![(at, edited)])));
                }
                macs.extend(mac.find_iter(text).map(|found| (at, found.range())));
            }
        }
        let text = |at: &At| {
            let command = &run.steps[at.step].commands[at.command];
            command.output.lines[at.line].text.as_str()
        };
        for (nth, (at, one)) in macs.iter().enumerate() {
            for (other_at, other) in &macs[nth + 1..] {
                let (mine, theirs) = (&text(at)[one.clone()], &text(other_at)[other.clone()]);
                if mine == theirs {
                    continue;
                }
                // Both are of one length, so that the ranges of a line they share stay right.
                let edited = replaced(text(at), one, theirs);
                let change = if at == other_at {
                    vec![(*at, replaced(&edited, other, mine))]
                } else {
                    let other_line = replaced(text(other_at), other, mine);
                    vec![(*at, edited), (*other_at, other_line)]
                };
                changes.push((SWAP_MACS, Change::Lines(change)));
            }
        }
        changes
    }

    /// Whether no judge could know that this is wrong: what is free has another value of its kind, and nothing else is
    /// changed.
    fn is_within(&self, run: &Run, change: &Change) -> bool {
        let text = |at: &At| {
            let command = &run.steps[at.step].commands[at.command];
            command.output.lines[at.line].text.as_str()
        };
        let recorded = |at: &At| &self.templates[&(at.step, at.command)];
        match change {
            Change::Lines(lines) => lines.iter().all(|(at, new)| {
                let free = recorded(at).free(at.line, text(at));
                touched(text(at), new)
                    .iter()
                    .all(|token| free.iter().any(|range| overlap(range, token)))
                    && recorded(at).is_within(at.line, text(at), new)
            }),
            Change::Drop(at) | Change::Double(at) => recorded(at).is_loose(text(at)),
            Change::SwapLines(one, other) => {
                let within = |at: &At, new: &str| {
                    recorded(at).is_within(at.line, text(at), new)
                        || (recorded(at).is_loose(text(at)) && recorded(at).is_loose(new))
                };
                recorded(one).unordered || (within(one, text(other)) && within(other, text(one)))
            }
            // Where the spec leaves it open: what a key ends, and what goes on in the background.
            Change::Exit(step, command, _) => {
                let last = run.steps[*step].commands.len() - 1;
                *command == last && self.tutorial.steps[*step].exit == ExpectedExit::Any
            }
        }
    }
}

/// The tokens of a line that are others in the new one: from the first difference to the last.
fn touched(line: &str, new: &str) -> Vec<Range<usize>> {
    let common = |one: &mut dyn Iterator<Item = char>, other: &mut dyn Iterator<Item = char>| {
        let same = one.zip(other).take_while(|(a, b)| a == b);
        same.map(|(c, _)| c.len_utf8()).sum::<usize>()
    };
    let head = common(&mut line.chars(), &mut new.chars());
    let rest = (&line[head..], &new[head..]);
    let tail = common(&mut rest.0.chars().rev(), &mut rest.1.chars().rev());
    let changed = head..line.len() - tail;
    let same_length = line.len() == new.len();
    tokens(line)
        .into_iter()
        .filter(|token| overlap(token, &changed))
        // Between two that changed places there are others, which did not.
        .filter(|token| !same_length || line[token.clone()] != new[token.clone()])
        .collect()
}

fn replaced(line: &str, range: &Range<usize>, new: &str) -> String {
    [&line[..range.start], new, &line[range.end..]].concat()
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
fn changed(run: &Run, change: &Change) -> (Run, String) {
    let mut mutant = run.clone();
    let what = match change {
        Change::Lines(edits) => {
            let mut what = String::new();
            for (at, new) in edits {
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

/// What became of the mutants.
#[derive(Default)]
struct Table {
    rows: BTreeMap<&'static str, Row>,
    passed: Vec<String>,
}

#[derive(Default)]
struct Row {
    fixed: usize,
    caught: usize,
    within: usize,
    within_caught: usize,
}

impl Table {
    fn count(&mut self, subject: &Subject, mutant: &Mutant) {
        let caught = matches!(subject.verdict(&mutant.run), Verdict::Failed(_));
        let row = self.rows.entry(mutant.class).or_default();
        if mutant.within {
            row.within += 1;
            row.within_caught += usize::from(caught);
            return;
        }
        row.fixed += 1;
        row.caught += usize::from(caught);
        if !caught {
            let name = &subject.tutorial.name;
            self.passed
                .push(format!("{name}: {}: {}", mutant.class, mutant.what));
        }
    }

    /// In each class, and so in all of them.
    fn is_good(&self) -> bool {
        let good = |row: &Row| row.caught as f64 >= CAUGHT * row.fixed as f64;
        CLASSES
            .iter()
            .all(|class| self.rows.get(class).is_some_and(good))
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "{:26} {:>6} {:>6} {:>7}   {:>11} {:>6}",
            "mutant", "fixed", "caught", "", "within kind", "caught"
        )?;
        let mut all = Row::default();
        let mut line = |name: &str, row: &Row| {
            let share = 100.0 * row.caught as f64 / row.fixed.max(1) as f64;
            writeln!(
                f,
                "{name:26} {:6} {:6} {share:5.1} %   {:11} {:6}",
                row.fixed, row.caught, row.within, row.within_caught
            )
        };
        for class in CLASSES {
            let Some(row) = self.rows.get(class) else {
                continue;
            };
            line(class, row)?;
            all.fixed += row.fixed;
            all.caught += row.caught;
            all.within += row.within;
            all.within_caught += row.within_caught;
        }
        line("all", &all)?;
        for passed in self.passed.iter().take(40) {
            writeln!(f, "not caught: {passed}")?;
        }
        Ok(())
    }
}
