//! Runs → the transcript that `record` writes, with what `learn/` finds in them.

use super::learn::{Freed, Ground, Seen, learn};
use super::stale::recorded_step;
use super::step::{is_judged_by_transcript, output_text};
use super::transcript::{FORMAT, Lock, Transcript, TranscriptCommand, TranscriptStep};
use crate::outcome::{CommandRun, Ended, Facts, Run, StepRun};
use crate::tutorial::{Action, Ran, Step, Tutorial};

/// What several runs of one tutorial say.
#[derive(Clone, Debug)]
pub struct Lessons {
    /// The first run, with what varies.
    pub transcript: Transcript,
    /// Lines in which the runs differ though neither a kind of value nor an `expect` allows for it.
    pub unexplained: Vec<Varying>,
    /// What is free now, by step and command.
    pub freed: Vec<(usize, usize, Freed)>,
}

/// The transcript of runs in which every step is done: the first one's text, and what the others had differently.
pub fn transcript_of(
    tutorial: &Tutorial,
    run: &Run,
    others: &[&Run],
    lock: Option<Lock>,
    digest: &str,
) -> Lessons {
    let mut lessons = Lessons {
        transcript: Transcript {
            twin: FORMAT,
            recorded: run.date.clone(),
            digest: digest.to_owned(),
            upstream: lock,
            ran: Some(Ran::of(tutorial)),
            facts: run.facts.clone(),
            apart: Vec::new(),
            steps: Vec::new(),
        },
        unexplained: Vec::new(),
        freed: Vec::new(),
    };
    let mut values = Values::default();
    for (index, (step, ran)) in tutorial.steps.iter().zip(&run.steps).enumerate() {
        // What came while something was waited for is another each time, and is in the running command's output.
        if ran.commands.is_empty() || matches!(step.action, Action::Wait(_) | Action::Press(_)) {
            continue;
        }
        let mut commands = recorded_commands(step, ran);
        for (nth, command) in commands.iter_mut().enumerate() {
            let others: Vec<(String, &Facts)> = others
                .iter()
                .filter_map(|run| {
                    let command = run.steps.get(index)?.commands.get(nth)?;
                    Some((output_text(command), &run.facts))
                })
                .collect();
            let others: Vec<Seen<'_>> = others
                .iter()
                .map(|(output, facts)| Seen { output, facts })
                .collect();
            let learned = learn(command, &others, &run.facts, step.matching);
            *command = learned.command;
            values.extend(learned.values);
            let freed = learned.freed.into_iter();
            lessons.freed.extend(freed.map(|freed| (index, nth, freed)));
            if is_judged_by_transcript(step) {
                lessons.unexplained(index, nth, learned.unexplained);
            }
        }
        lessons.transcript.steps.push(TranscriptStep {
            id: step.id.clone(),
            terminal: tutorial.terminals[step.terminal].name.clone(),
            commands,
        });
    }
    lessons.transcript.apart = values.apart();
    lessons
}

impl Lessons {
    fn unexplained(
        &mut self,
        step: usize,
        command: usize,
        pairs: Vec<(Option<String>, Option<String>)>,
    ) {
        let pairs = pairs.into_iter().map(|(first, other)| Varying {
            step,
            command,
            first,
            other,
        });
        self.unexplained.extend(pairs);
    }
}

/// What a run from elsewhere adds to a transcript of the same commands: what it saw differently varies from then on. The
/// recorded text stays. Steps that did not end in that run, or are judged by `expect`, teach nothing.
pub fn merged(tutorial: &Tutorial, transcript: &Transcript, run: &Run) -> Lessons {
    let mut lessons = Lessons {
        transcript: transcript.clone(),
        unexplained: Vec::new(),
        freed: Vec::new(),
    };
    for (index, (step, ran)) in tutorial.steps.iter().zip(&run.steps).enumerate() {
        let Some(recorded) = recorded_step(tutorial, index, transcript) else {
            continue;
        };
        let mut steps = transcript.steps.iter();
        let at = steps.position(|step| std::ptr::eq(step, recorded));
        let is_whole = ran.ended == Ended::Done && recorded.commands.len() == ran.commands.len();
        let (Some(at), true) = (at, is_whole && is_judged_by_transcript(step)) else {
            continue;
        };
        for (nth, ran) in ran.commands.iter().enumerate() {
            let seen = [Seen {
                output: &output_text(ran),
                facts: &run.facts,
            }];
            let before = &recorded.commands[nth];
            let learned = learn(before, &seen, &transcript.facts, step.matching);
            if !learned.unexplained.is_empty() {
                lessons.unexplained(index, nth, learned.unexplained);
                continue;
            }
            let is_new = |freed: &Freed| matches!(freed.ground, Ground::Runs(_));
            let freed = learned.freed.into_iter().filter(is_new);
            lessons.freed.extend(freed.map(|freed| (index, nth, freed)));
            lessons.transcript.steps[at].commands[nth] = learned.command;
        }
    }
    lessons
}

/// Values that look like bindings, and what stood in their places in the other runs.
#[derive(Default)]
struct Values(Vec<(String, Vec<Option<String>>)>);

impl Values {
    fn extend(&mut self, values: Vec<(String, Vec<Option<String>>)>) {
        self.0.extend(values);
    }

    /// Those that were the same in two places of the first run alone.
    fn apart(self) -> Vec<String> {
        let mut apart: Vec<String> = Vec::new();
        for (nth, (value, others)) in self.0.iter().enumerate() {
            let differ = |(one, other): (&Option<String>, &Option<String>)| match (one, other) {
                (Some(one), Some(other)) => one != other,
                _ => false,
            };
            let by_chance = self.0[..nth].iter().any(|(earlier, earlier_others)| {
                earlier == value && earlier_others.iter().zip(others).any(differ)
            });
            if by_chance && !apart.contains(value) {
                apart.push(value.clone());
            }
        }
        apart.sort();
        apart
    }
}

/// What a key has ended has a status too, but whatever it is it is right, and it may be another the next time.
fn recorded_commands(step: &Step, ran: &StepRun) -> Vec<TranscriptCommand> {
    let mut commands: Vec<_> = ran.commands.iter().map(recorded).collect();
    if matches!(&step.action, Action::Run(run) if run.until.is_some())
        && let Some(last) = commands.last_mut()
    {
        last.exit = None;
    }
    commands
}

fn recorded(command: &CommandRun) -> TranscriptCommand {
    TranscriptCommand {
        prompt: command.prompt.clone(),
        command: command.command.clone(),
        exit: command.exit,
        output: output_text(command),
        ..TranscriptCommand::default()
    }
}

/// A line of a step's output that was another in a second run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Varying {
    /// Index into the tutorial's steps.
    pub step: usize,
    /// Index into the step's commands.
    pub command: usize,
    /// The line in the first run, if it has one there.
    pub first: Option<String>,
    /// The line in the other run.
    pub other: Option<String>,
}
