//! What is mutated: the repository's tutorials and the made ones, with their transcripts and raw runs; what is free in
//! them, and why.

use std::time::Duration;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use mdbook_twin::config::Config;
use mdbook_twin::judge::transcript::Transcript;
use mdbook_twin::judge::{Verdict, judge, transcript_of};
use mdbook_twin::outcome::{CommandRun, Ended, Facts, Line, Output, Run, StepRun};
use mdbook_twin::project::Project;
use mdbook_twin::tutorial::{self, Matching, Tutorial};

use crate::changes::{At, changed};
use crate::recorded::{Recorded, overlap};
use crate::support;

/// What is mutated: a tutorial, its transcript, raw runs of it.
pub(crate) struct Subject {
    pub(crate) tutorial: Tutorial,
    digest: String,
    transcript: Transcript,
    /// With a name for messages.
    pub(crate) runs: Vec<(String, Run)>,
    /// Whether there are runs besides the one that the transcript shows.
    reran: bool,
    /// By step and command.
    pub(crate) templates: BTreeMap<(usize, usize), Recorded>,
}

/// The repository's tutorials that are recorded.
pub(crate) fn committed() -> Vec<Subject> {
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
    for name in crate::QUICK {
        let is_here = subjects.iter().any(|it| it.tutorial.name == name);
        assert!(
            is_here,
            "{name} has no transcript of what its spec says: mdbook-twin record {name}"
        );
    }
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
pub(crate) fn cases() -> Vec<Subject> {
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
        took: Duration::ZERO,
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
        took: Duration::ZERO,
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
                templates.insert(
                    (index, nth),
                    Recorded::new(command, &transcript.facts, &transcript.recorded),
                );
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

    pub(crate) fn verdict(&self, run: &Run) -> Verdict {
        judge(&self.tutorial, run, Some(&self.transcript), &self.digest)
    }

    pub(crate) fn is_verified(&self, name: &str, run: &Run) {
        let verdict = self.verdict(run);
        assert!(
            matches!(verdict, Verdict::Verified { .. }),
            "a false alarm: {name}: {verdict:#?}"
        );
    }

    /// The tokens of the recorded outputs. A value is one token.
    pub(crate) fn tokens(&self) -> Tokens {
        let mut tokens = Tokens::default();
        for (&(step, command), recorded) in &self.templates {
            for (line, template) in recorded.lines.iter().enumerate() {
                let varying = || template.free.iter().filter(|free| !free.is_known());
                let fixed = crate::recorded::tokens(&template.line).into_iter();
                let fixed = fixed.filter(|token| !varying().any(|it| overlap(&it.range, token)));
                tokens.all += fixed.count() + varying().count();
                tokens.varying += varying().count();
                let at = At {
                    step,
                    command,
                    line,
                };
                tokens.free += varying()
                    .filter(|it| self.may_be_another(at, &it.range))
                    .count();
            }
        }
        tokens
    }

    /// Whether a value of the recorded run may be another without a failure: it is not held by the places that have the
    /// same one, or are made of it.
    fn may_be_another(&self, at: At, range: &Range<usize>) -> bool {
        let (_, run) = &self.runs[0];
        let mut changes = self.letters(run, at, range).into_iter();
        changes.any(|(_, change)| {
            matches!(
                self.verdict(&changed(run, &change).0),
                Verdict::Verified { .. }
            )
        })
    }
}

/// How many tokens there are, and of them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tokens {
    pub(crate) all: usize,
    /// That may be others, alone or together with the places that have the same value or are made of it.
    pub(crate) varying: usize,
    /// That may be others alone.
    pub(crate) free: usize,
}

impl std::ops::Add for Tokens {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            all: self.all + other.all,
            varying: self.varying + other.varying,
            free: self.free + other.free,
        }
    }
}

impl std::iter::Sum for Tokens {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, it| sum + it)
    }
}

impl Tokens {
    pub(crate) fn free_share(self) -> f64 {
        self.free as f64 / self.all.max(1) as f64
    }
}

impl std::fmt::Display for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { all, varying, free } = self;
        let share = 100.0 * self.free_share();
        write!(
            f,
            "{varying:3} of {all:4} tokens vary, {free:3} are free ({share:4.1} %)"
        )
    }
}

/// Why values are free.
pub(crate) struct Grounds {
    priors: BTreeMap<&'static str, usize>,
    /// How many were another in two runs.
    runs: usize,
    /// How many would have to be looked for in other runs, which are not here.
    unseen: usize,
    pub(crate) without: Vec<String>,
}

impl Subject {
    pub(crate) fn grounds(&self) -> Grounds {
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
