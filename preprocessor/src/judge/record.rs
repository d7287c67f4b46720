//! A run → the transcript that `record` writes. Nothing is learned yet: every output is taken as it is.

use super::step::output_text;
use super::transcript::{FORMAT, Lock, Transcript, TranscriptCommand, TranscriptStep};
use crate::outcome::{CommandRun, Run, StepRun};
use crate::tutorial::{Action, Ran, Step, Tutorial};

/// The transcript of a run in which every step is done.
pub fn transcript_of(
    tutorial: &Tutorial,
    run: &Run,
    lock: Option<Lock>,
    digest: &str,
) -> Transcript {
    let steps = tutorial.steps.iter().zip(&run.steps);
    Transcript {
        twin: FORMAT,
        recorded: run.date.clone(),
        digest: digest.to_owned(),
        upstream: lock,
        ran: Some(Ran::of(tutorial)),
        facts: run.facts.clone(),
        steps: steps
            // What came while something was waited for is another each time, and is in the running command's output.
            .filter(|(step, ran)| {
                !ran.commands.is_empty()
                    && !matches!(step.action, Action::Wait(_) | Action::Press(_))
            })
            .map(|(step, ran)| TranscriptStep {
                id: step.id.clone(),
                terminal: tutorial.terminals[step.terminal].name.clone(),
                commands: recorded_commands(step, ran),
            })
            .collect(),
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

/// What two runs of the same tutorial disagree in, where the transcript would decide (a step with `expect`, or
/// `match: none`, may vary).
pub fn varying(tutorial: &Tutorial, first: &Run, other: &Run) -> Vec<Varying> {
    let steps = tutorial
        .steps
        .iter()
        .zip(first.steps.iter().zip(&other.steps));
    steps
        .enumerate()
        .filter(|(_, (step, _))| super::step::is_judged_by_transcript(step))
        .flat_map(|(index, (_, (first, other)))| varying_lines(index, first, other))
        .collect()
}

fn varying_lines(step: usize, first: &StepRun, other: &StepRun) -> Vec<Varying> {
    let mut varying = Vec::new();
    for (command, (first, other)) in first.commands.iter().zip(&other.commands).enumerate() {
        let (first, other) = (output_text(first), output_text(other));
        let diff = similar::TextDiff::from_lines(&first, &other);
        for op in diff.ops() {
            let (old, new): (Vec<_>, Vec<_>) = diff
                .iter_changes(op)
                .filter(|change| change.tag() != similar::ChangeTag::Equal)
                .partition(|change| change.tag() == similar::ChangeTag::Delete);
            let text = |changes: &[similar::Change<&str>], at: usize| {
                changes
                    .get(at)
                    .map(|change| change.value().trim_end().to_owned())
            };
            varying.extend((0..old.len().max(new.len())).map(|at| Varying {
                step,
                command,
                first: text(&old, at),
                other: text(&new, at),
            }));
        }
    }
    varying
}
