//! One step of a run against its expectation.

use regex::Regex;

use super::bindings::Bindings;
use super::compare::{Difference, compare, take, torn};
use super::pattern::Pattern;
use super::recorded::{self, Known};
use super::transcript::{TranscriptCommand, TranscriptStep};
use super::verdict::{Against, Diff, DiffLine, Why};
use crate::outcome::{CommandRun, Ended, Failure, StepRun};
use crate::tutorial::{Action, ExpectedExit, Matching, Step};

/// What is wrong with a step: the command in it, and why.
type Wrong = (usize, Why);

/// `recorded`: `None` when no transcript fits; `Some(None)` when one fits and does not have this step.
/// `after_failure`: whether a step before it failed, so that one which was not reached is no news.
/// `index` is the step's own.
pub(super) fn judge(
    index: usize,
    step: &Step,
    ran: &StepRun,
    recorded: Option<Option<&TranscriptStep>>,
    known: Option<Known<'_>>,
    after_failure: bool,
    bindings: &mut Bindings,
) -> Option<Wrong> {
    match &ran.ended {
        Ended::PassedOver => return None,
        Ended::NotReached => return not_reached(after_failure),
        Ended::Failed(failure) => {
            let last = ran.commands.len().saturating_sub(1);
            return Some((
                command_of(failure, last),
                Why::CouldNotGoOn(failure.clone()),
            ));
        }
        Ended::Done | Ended::DoneByInterrupt { .. } => {}
    }
    let wrong =
        wrong_exit(step, ran).or_else(|| wrong_output(index, step, ran, recorded, known, bindings));
    remember_captures(step, ran, bindings);
    wrong
}

/// A step that never began, though nothing before it says why.
pub(super) fn not_reached(after_failure: bool) -> Option<Wrong> {
    let failure = Failure::Interrupted("the run ended before this step".to_owned());
    (!after_failure).then_some((0, Why::CouldNotGoOn(failure)))
}

fn command_of(failure: &Failure, last: usize) -> usize {
    match failure {
        Failure::Exit { command, .. } => *command,
        _ => last,
    }
}

/// The agent stops at a wrong exit status by itself; a run from elsewhere (a cache, a file of CI) is held to it too.
pub(super) fn wrong_exit(step: &Step, ran: &StepRun) -> Option<Wrong> {
    ran.commands.iter().enumerate().find_map(|(command, ran)| {
        let wanted = wanted_exit(step, command)?;
        let got = ran.exit.filter(|&got| got != wanted)?;
        let failure = Failure::Exit {
            command,
            got,
            wanted,
        };
        Some((command, Why::CouldNotGoOn(failure)))
    })
}

/// The exit status that the spec says a command has; `None`: any.
pub(super) fn wanted_exit(step: &Step, command: usize) -> Option<i32> {
    let Action::Run(run) = &step.action else {
        return None;
    };
    let is_last = command + 1 >= run.commands.len();
    let is_farewell = run.commands.get(command).is_some_and(|it| it.exits);
    match step.exit {
        // What `exit` leaves behind is the status of whatever ran in the nested shell before it.
        ExpectedExit::Code(0) if is_farewell => None,
        _ if !is_last => (!is_farewell).then_some(0),
        ExpectedExit::Any => None,
        _ if run.until.is_some() || run.background.is_some() => None,
        ExpectedExit::Code(code) => Some(code),
    }
}

fn wrong_output(
    index: usize,
    step: &Step,
    ran: &StepRun,
    recorded: Option<Option<&TranscriptStep>>,
    known: Option<Known<'_>>,
    bindings: &mut Bindings,
) -> Option<Wrong> {
    if let Some(expect) = &step.expect {
        // `check` refuses wrong placeholders; what gets here in spite of it is taken as text.
        let pattern =
            Pattern::parse(&expect.text).unwrap_or_else(|_| Pattern::literal(&expect.text));
        let output: String = ran.commands.iter().map(output_text).collect();
        let actual: Vec<_> = output.lines().collect();
        let matching = match step.matching {
            Matching::None => Matching::Exact,
            other => other,
        };
        bindings.enter(index, 0, &lengths(&ran.commands));
        let Some(found) = compare(&pattern, &actual, matching, bindings) else {
            take_names(index, ran, recorded.flatten(), known, bindings);
            return None;
        };
        let command = command_at(ran, first_wrong_line(&found.lines));
        return Some((command, differs(Against::Expect, found)));
    }
    if !is_judged_by_transcript(step) {
        return None;
    }
    let Some(recorded) = recorded? else {
        // A step that did not apply where it was recorded (another suite, another architecture) has nothing to differ from.
        let is_known = step.when.is_none() && !ran.commands.is_empty();
        return is_known.then_some((0, Why::NotInTranscript));
    };
    if recorded.commands.len() != ran.commands.len() {
        return Some((0, Why::NotInTranscript));
    }
    let pairs = recorded.commands.iter().zip(&ran.commands).enumerate();
    pairs.into_iter().find_map(|(command, (recorded, ran))| {
        let output = output_text(ran);
        let actual: Vec<_> = output.lines().collect();
        let (pattern, matching) = recorded_pattern(step, recorded, known);
        bindings.enter(index, command, &[]);
        let found = compare(&pattern, &actual, matching, bindings)
            .or_else(|| torn(&recorded.output, &actual, bindings))?;
        Some((command, differs(Against::Transcript, found)))
    })
}

/// What a recorded command has to give again, line for line of its output, and how it is compared: as the author says,
/// else as was learned.
pub(super) fn recorded_pattern(
    step: &Step,
    recorded: &TranscriptCommand,
    known: Option<Known<'_>>,
) -> (Pattern, Matching) {
    let pattern = known.map_or_else(
        || Pattern::literal(&recorded.output),
        |known| recorded::pattern(recorded, known),
    );
    let matching = match step.matching {
        Matching::Exact if recorded.unordered => Matching::Unordered,
        other => other,
    };
    (pattern, matching)
}

/// What `expect` leaves free may be what a later step shows: where the output is as it was recorded too, it says which
/// recorded values have become which.
fn take_names(
    index: usize,
    ran: &StepRun,
    recorded: Option<&TranscriptStep>,
    known: Option<Known<'_>>,
    bindings: &mut Bindings,
) {
    let (Some(recorded), Some(known)) = (recorded, known) else {
        return;
    };
    let pairs = recorded.commands.iter().zip(&ran.commands).enumerate();
    for (command, (recorded, ran)) in pairs {
        let output = output_text(ran);
        let actual: Vec<_> = output.lines().collect();
        bindings.enter(index, command, &[]);
        take(&recorded::pattern(recorded, known), &actual, bindings);
    }
}

fn lengths(commands: &[CommandRun]) -> Vec<usize> {
    let lines = |command| output_text(command).lines().count();
    commands.iter().map(lines).collect()
}

fn differs(against: Against, found: Difference) -> Why {
    Why::Differs(diff_of(against, found))
}

fn diff_of(against: Against, found: Difference) -> Diff {
    Diff {
        against,
        lines: found.lines,
        expected_line: found.expected_line,
        bound: found.bound,
        broken: found.broken,
    }
}

/// How the output of a command that could not go on differs from what was expected of it.
pub(super) fn difference(
    index: usize,
    step: &Step,
    ran: &StepRun,
    command: usize,
    recorded: Option<&TranscriptStep>,
    known: Option<Known<'_>>,
    bindings: &Bindings,
) -> Option<Diff> {
    let mut bindings = bindings.clone();
    let (against, pattern, output) = match &step.expect {
        Some(expect) => {
            bindings.enter(index, 0, &lengths(&ran.commands));
            (
                Against::Expect,
                Pattern::parse(&expect.text).ok()?,
                ran.commands.iter().map(output_text).collect::<String>(),
            )
        }
        None => (
            Against::Transcript,
            recorded_pattern(step, recorded?.commands.get(command)?, known).0,
            output_text(ran.commands.get(command)?),
        ),
    };
    if step.expect.is_none() {
        bindings.enter(index, command, &[]);
    }
    let actual: Vec<_> = output.lines().collect();
    match step.matching {
        Matching::None if step.expect.is_none() => None,
        _ => compare(&pattern, &actual, Matching::Exact, &mut bindings)
            .map(|found| diff_of(against, found)),
    }
}

/// Whether the recorded output decides. What a terminal shows *while* something is waited for depends on the clock;
/// what was waited for came, and that was the question.
pub(super) fn is_judged_by_transcript(step: &Step) -> bool {
    step.expect.is_none()
        && step.matching != Matching::None
        && !matches!(step.action, Action::Wait(_) | Action::Press(_))
}

/// The output as a transcript has it: lines with newlines, a gap is a line `...`.
pub(super) fn output_text(command: &CommandRun) -> String {
    let output = &command.output;
    let Some(omitted) = &output.omitted else {
        return output.text();
    };
    let mut text = String::new();
    for (index, line) in output.lines.iter().enumerate() {
        if index == omitted.before_line {
            text.push_str("...\n");
        }
        text.push_str(&line.text);
        text.push('\n');
    }
    if omitted.before_line >= output.lines.len() {
        text.push_str("...\n");
    }
    text
}

/// Index of the first actual line that is wrong, or that stands where one is missing.
fn first_wrong_line(lines: &[DiffLine]) -> usize {
    lines
        .iter()
        .take_while(|line| matches!(line, DiffLine::Same { .. }))
        .count()
}

/// The command whose output has that line of the joined outputs.
fn command_at(ran: &StepRun, line: usize) -> usize {
    let mut end = 0;
    let last = ran.commands.len().saturating_sub(1);
    ran.commands
        .iter()
        .position(|command| {
            end += output_text(command).lines().count();
            line < end
        })
        .unwrap_or(last)
}

/// The same question that the agent answered, so that a run needs not carry the answers.
fn remember_captures(step: &Step, ran: &StepRun, bindings: &mut Bindings) {
    if step.capture.is_empty() {
        return;
    }
    let output: String = ran.commands.iter().map(output_text).collect();
    for (name, pattern) in &step.capture {
        let found = Regex::new(pattern).ok().and_then(|regex| {
            let found = regex.captures(&output)?;
            found
                .get(1)
                .or_else(|| found.get(0))
                .map(|m| m.as_str().to_owned())
        });
        if let Some(value) = found {
            bindings.capture(name.clone(), value);
        }
    }
}
