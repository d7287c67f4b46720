//! Which outputs a page shows: the transcript's for a verified tutorial, else today's.

use std::ops::Range;

use serde::Serialize;

use crate::judge::transcript::TranscriptCommand;
use crate::judge::{self, Transcript, Verification, documented};
use crate::outcome::{CommandRun, Ended, Line, Omitted, Output, StepRun, Style, StyledRange};
use crate::tutorial::{Action, Command, Condition, Step, Tutorial};

/// Where a page's outputs come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Source {
    /// The transcript.
    Recorded,
    /// The run of this build.
    Today,
    /// Nowhere: the commands stand alone.
    #[default]
    Nothing,
}

/// One command as the page shows it.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchange {
    /// The prompt, without a blank behind it.
    pub(super) prompt: String,
    /// What is typed; empty where only output came (after a key, while waiting).
    pub(super) command: String,
    /// What came; `None` when nothing is known.
    pub(super) output: Option<Output>,
    /// What the tries before it showed, each with its name; of today's run alone, since nothing else keeps them.
    pub(super) tries: Vec<(String, Output)>,
    /// How many tries there were before it.
    pub(super) tried: usize,
    /// The exit status, where one is known.
    pub(super) exit: Option<i32>,
    /// What the README shows as its output, where that is something else.
    pub(super) documented: Vec<String>,
}

/// See [`Source`].
pub(super) fn source(of: &Verification) -> Source {
    match of.transcript {
        _ if documented::is_of_today(of) => Source::Today,
        Some(_) => Source::Recorded,
        None => Source::Nothing,
    }
}

/// The exchanges of one step, from where [`source`] says.
pub(super) fn exchanges(of: &Verification, step: usize) -> Vec<Exchange> {
    let Some(spec) = of.tutorial.steps.get(step) else {
        return Vec::new();
    };
    let happened = happened(of, step);
    let Action::Run(run) = &spec.action else {
        return happened;
    };
    let mut exchanges = aligned(&run.commands, happened);
    for at in documented::in_step(of, step) {
        exchanges[at]
            .documented
            .clone_from(&run.commands[at].documented);
    }
    if (run.background.is_some() || run.until.is_some())
        && let Some(last) = exchanges.last_mut()
    {
        // It was ended by a key, so its status says nothing about it.
        last.exit = None;
        if run.background.is_some() {
            leave_to_later_steps(&mut last.output, &later(of, step));
            leave_keys_to_later_steps(&mut last.output, &of.tutorial, step);
        }
    }
    exchanges
}

/// A step's exchanges as they are recorded.
fn happened(of: &Verification, step: usize) -> Vec<Exchange> {
    match (source(of), &of.run, &of.transcript) {
        (Source::Today, Some(run), _) => run.steps.get(step).map(today).unwrap_or_default(),
        (Source::Recorded, _, Some(transcript)) => recorded(of, step, transcript),
        _ => Vec::new(),
    }
}

/// Whether the page holds the end of a step's background command: its exit status is known, or a later step waits for
/// its end or presses a key.
pub(super) fn is_seen_to_end(of: &Verification, step: usize) -> bool {
    let steps = &of.tutorial.steps;
    let ends = |later: &Step| {
        later.terminal == steps[step].terminal
            && matches!(
                later.action,
                Action::Press(_) | Action::Wait(Condition::Exit)
            )
    };
    let last = happened(of, step).pop();
    last.is_some_and(|it| it.exit.is_some()) || steps[step + 1..].iter().any(ends)
}

/// What came in this step's terminal while later steps waited or pressed keys, up to the next command.
fn later(of: &Verification, step: usize) -> Vec<Line> {
    let steps = &of.tutorial.steps;
    let in_terminal =
        (step + 1..steps.len()).filter(|at| steps[*at].terminal == steps[step].terminal);
    in_terminal
        .take_while(|at| matches!(steps[*at].action, Action::Wait(_) | Action::Press(_)))
        .flat_map(|at| happened(of, at))
        .filter_map(|exchange| exchange.output)
        .flat_map(|output| output.lines)
        .collect()
}

/// A background command's output is recorded from its start to its end, so its later lines are a later step's as well.
/// They are shown there, where the reader is when they come.
fn leave_to_later_steps(output: &mut Option<Output>, later: &[Line]) {
    let Some(output) = output else {
        return;
    };
    let text = |line: &Line| line.text.clone();
    let later: Vec<String> = later.iter().map(text).collect();
    let lines: Vec<String> = output.lines.iter().map(text).collect();
    if lines.ends_with(&later) {
        output.lines.truncate(lines.len() - later.len());
    }
}

/// A terminal shows a pressed `C-c` as `^C`. Where the key has its own place on the page, that is all there is to say.
fn leave_keys_to_later_steps(output: &mut Option<Output>, tutorial: &Tutorial, step: usize) {
    let terminal = tutorial.steps[step].terminal;
    let mut later = tutorial.steps[step + 1..].iter();
    let is_pressed = later.any(|it| match &it.action {
        Action::Press(keys) => it.terminal == terminal && keys.iter().any(|key| key == "C-c"),
        _ => false,
    });
    if let Some(output) = output.as_mut().filter(|_| is_pressed)
        && output.lines.last().is_some_and(|line| line.text == "^C")
    {
        output.lines.pop();
    }
}

/// Why a step of today's run has nothing to show, where that is so.
pub(super) fn not_run_note(of: &Verification, step: usize) -> Option<&'static str> {
    let run = of.run.as_ref().filter(|_| source(of) == Source::Today)?;
    match run.steps.get(step)?.ended {
        Ended::NotReached => Some("(not reached)"),
        Ended::PassedOver => Some("(does not apply here)"),
        Ended::Done | Ended::DoneByInterrupt { .. } | Ended::Failed(_) => None,
    }
}

/// What the page calls a step: its title, else its id.
pub(super) fn step_label(step: &Step) -> &str {
    step.title.as_deref().unwrap_or(&step.id)
}

fn today(step: &StepRun) -> Vec<Exchange> {
    step.commands
        .iter()
        .map(|command: &CommandRun| Exchange {
            prompt: command.prompt.clone(),
            command: command.command.clone(),
            output: Some(command.output.clone()),
            tries: command
                .earlier_tries()
                .into_iter()
                .map(|(name, output)| (name, output.clone()))
                .collect(),
            tried: command.earlier.len(),
            exit: command.exit,
            ..Exchange::default()
        })
        .collect()
}

/// Of a step whose commands have changed, what was recorded of the others is still shown.
fn recorded(of: &Verification, step: usize, transcript: &Transcript) -> Vec<Exchange> {
    judge::recorded_step(&of.tutorial, step, transcript)
        .or_else(|| transcript.step(&of.tutorial.steps[step].id))
        .into_iter()
        .flat_map(|step| &step.commands)
        .map(|command| Exchange {
            prompt: command.prompt.clone(),
            command: command.command.clone(),
            output: Some(recorded_output(command)),
            exit: command.exit,
            ..Exchange::default()
        })
        .collect()
}

/// With what may be another the next time.
fn recorded_output(command: &TranscriptCommand) -> Output {
    let mut output = output_of(&command.output);
    let gap = || output.lines.iter().position(|line| line.text == "...");
    let gap = command.omitted.and_then(|bytes| Some((bytes, gap()?)));
    let style = Style {
        varies: true,
        ..Style::default()
    };
    for (line, ranges) in output.lines.iter_mut().zip(judge::varying(command)) {
        let styles = ranges.into_iter();
        line.styles = styles
            .map(|Range { start, end }| StyledRange { start, end, style })
            .collect();
    }
    if let Some((bytes, before_line)) = gap {
        output.lines.remove(before_line);
        output.omitted = Some(Omitted {
            before_line,
            bytes,
            not_reconstructed: false,
        });
    }
    output
}

fn output_of(text: &str) -> Output {
    Output {
        lines: text
            .lines()
            .map(|line| Line {
                text: line.to_owned(),
                styles: Vec::new(),
            })
            .collect(),
        omitted: None,
        no_newline: false,
    }
}

/// The tutorial's commands, each with what happened when it was typed. A stale transcript may have other commands:
/// those are passed over, and a command that it does not have stands without output.
fn aligned(commands: &[Command], mut happened: Vec<Exchange>) -> Vec<Exchange> {
    let mut next = |command: &Command| {
        let found = happened
            .iter()
            .position(|exchange| same(command, &exchange.command));
        let exchange = found.and_then(|at| happened.drain(..=at).next_back());
        let exchange = exchange.unwrap_or_else(|| Exchange {
            command: command.text.clone(),
            ..Exchange::default()
        });
        let prompt = if exchange.prompt.is_empty() {
            &command.prompt
        } else {
            &exchange.prompt
        };
        Exchange {
            prompt: prompt.clone(),
            ..exchange
        }
    };
    commands.iter().map(&mut next).collect()
}

/// Captured values and secrets are filled in when a command is typed, so only what stands around them can be compared.
fn same(command: &Command, typed: &str) -> bool {
    match command.text.split_once("{{=") {
        None => command.text.trim_end() == typed.trim_end(),
        Some((before, after)) => {
            typed.starts_with(before) && typed.ends_with(after.rsplit("}}").next().unwrap_or(""))
        }
    }
}
