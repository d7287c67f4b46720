//! What the README shows as output against what came.
//!
//! It is compared as the step's own output is: lines with the matchers of its `expect`, in any order for `match:
//! unordered`, not at all for `match: none`. A `...` of the README is any lines. It never decides a verdict; pages offer
//! both, and reports count. Where upstream's file was not read nothing is known of it, and nothing is said.

use super::bindings::Bindings;
use super::pattern::{LinePattern, Pattern};
use super::stale::recorded_step;
use super::step::output_text;
use super::transcript::TranscriptCommand;
use super::varies::places;
use super::verdict::{Verdict, Verification};
use crate::outcome::CommandRun;
use crate::tutorial::{Action, Command, Matching, RunCommands, Step};

/// How many outputs of a tutorial the README shows otherwise than they came.
pub fn count(of: &Verification) -> usize {
    let steps = 0..of.tutorial.steps.len();
    steps.map(|step| in_step(of, step).len()).sum()
}

/// Whether a page shows what came today, not what was recorded.
pub fn is_of_today(of: &Verification) -> bool {
    let is_as_recorded = matches!(of.verdict, Verdict::Verified { .. }) && of.transcript.is_some();
    of.run.is_some() && !is_as_recorded
}

/// The commands of a step (indices) whose output the README shows otherwise than it came: today where that is what its
/// page shows, else when it was recorded.
pub fn in_step(of: &Verification, index: usize) -> Vec<usize> {
    let step = &of.tutorial.steps[index];
    let Action::Run(run) = &step.action else {
        return Vec::new();
    };
    let is_shown = run.commands.iter().any(|it| !it.documented.is_empty());
    if !is_shown || !compares(step) {
        return Vec::new();
    }
    let came = came(of, index, run);
    let commands = run.commands.iter().enumerate();
    commands
        .filter(|(_, command)| !command.documented.is_empty())
        .filter(|(at, command)| {
            came[*at].is_some() && !is_as_documented(step, run, *at, command, &came)
        })
        .map(|(at, _)| at)
        .collect()
}

/// Whether a step's output is compared with anything.
pub fn compares(step: &Step) -> bool {
    step.matching != Matching::None || step.expect.is_some()
}

/// What a command of a step gave: today where that is what its page shows, else when it was recorded.
pub fn output(of: &Verification, index: usize, command: usize) -> Option<String> {
    if is_of_today(of) {
        let ran = of.run.as_ref()?.steps.get(index)?;
        return ran.commands.get(command).map(output_text);
    }
    let recorded = recorded_step(&of.tutorial, index, of.transcript.as_ref()?)?;
    recorded.commands.get(command).map(|it| it.output.clone())
}

/// The output of each command of a step; `None` where it is not known.
fn came(of: &Verification, index: usize, run: &RunCommands) -> Vec<Option<Vec<LinePattern>>> {
    let mut came: Vec<Option<Vec<LinePattern>>> = if is_of_today(of) {
        let ran = of.run.as_ref().and_then(|run| run.steps.get(index));
        let ran = ran.map_or(&[][..], |ran| &ran.commands);
        ran.iter().map(today).map(Some).collect()
    } else {
        let transcript = of.transcript.as_ref();
        let recorded = transcript.and_then(|it| recorded_step(&of.tutorial, index, it));
        let recorded = recorded.map_or(&[][..], |recorded| &recorded.commands);
        recorded.iter().map(recorded_lines).map(Some).collect()
    };
    came.resize_with(run.commands.len(), || None);
    came
}

fn today(command: &CommandRun) -> Vec<LinePattern> {
    lines(&output_text(command))
}

/// The lines of a recorded output, each with what is known of it.
fn recorded_lines(command: &TranscriptCommand) -> Vec<LinePattern> {
    let lines: Vec<&str> = command.output.lines().collect();
    let places = places(&lines, &command.varies);
    let lines = lines.iter().zip(places);
    lines
        .map(|(line, places)| match is_gap(line) {
            true => LinePattern::any_lines(),
            false => LinePattern::free(line, &places),
        })
        .collect()
}

/// Every line is itself, but that of a gap.
fn lines(text: &str) -> Vec<LinePattern> {
    let line = |line: &str| match is_gap(line) {
        true => LinePattern::any_lines(),
        false => LinePattern::literal(line),
    };
    text.lines().map(line).collect()
}

/// How a README leaves out lines.
fn is_gap(line: &str) -> bool {
    let line = line.trim();
    line == "…" || (line.len() >= 3 && line.bytes().all(|byte| byte == b'.'))
}

/// As it came, trailing blanks and empty lines around it aside; or as the step's `expect` would have it in its place.
fn is_as_documented(
    step: &Step,
    run: &RunCommands,
    at: usize,
    command: &Command,
    came: &[Option<Vec<LinePattern>>],
) -> bool {
    let mut shown: Vec<&str> = trimmed(&command.documented, |line| line.trim().is_empty())
        .iter()
        .map(String::as_str)
        .collect();
    if run.background.is_some() && at + 1 == run.commands.len() {
        // What it writes while other steps run belongs to it as well, and no README shows it here.
        shown.push("...");
    }
    let same = |expected: &[LinePattern], shown: &[&str]| match step.matching {
        Matching::Unordered => fits_unordered(shown, expected),
        Matching::Exact | Matching::None => fits(shown, expected),
    };
    let own = came[at].as_deref().unwrap_or_default();
    if same(trimmed(own, |line| line.written.trim().is_empty()), &shown) {
        return true;
    }
    let expect = step.expect.as_ref();
    let Some(pattern) = expect.and_then(|expect| Pattern::parse(&expect.text).ok()) else {
        return false;
    };
    // `expect` is of all outputs of a step: those of the others are taken as they came.
    let others = |range: std::ops::Range<usize>| {
        let lines = came[range].iter().flatten().flatten();
        lines.map(|line| line.written.as_str()).collect::<Vec<_>>()
    };
    let before = others(0..at);
    let after = others(at + 1..came.len());
    same(&pattern.lines, &[before, shown, after].concat())
}

fn trimmed<T>(mut lines: &[T], is_empty: impl Fn(&T) -> bool) -> &[T] {
    while let [rest @ .., last] = lines
        && is_empty(last)
    {
        lines = rest;
    }
    while let [first, rest @ ..] = lines
        && is_empty(first)
    {
        lines = rest;
    }
    lines
}

/// Whether some output would fit both. Gaps are on either side, so each line may stand against a gap of the other.
fn fits(shown: &[&str], expected: &[LinePattern]) -> bool {
    // Of the rest of `expected` behind each of its lines: whether the rest of `shown` fits it.
    let mut behind: Vec<bool> = vec![false; expected.len() + 1];
    for row in (0..=shown.len()).rev() {
        let line = shown.get(row);
        let mut fits = vec![false; expected.len() + 1];
        for column in (0..=expected.len()).rev() {
            let pattern = expected.get(column);
            fits[column] = match (line, pattern) {
                (None, None) => true,
                (Some(line), _) if is_gap(line) => {
                    behind[column] || (pattern.is_some() && fits[column + 1])
                }
                (_, Some(pattern)) if pattern.is_any_lines() => {
                    fits[column + 1] || (line.is_some() && behind[column])
                }
                (Some(line), Some(pattern)) => {
                    behind[column + 1] && pattern.matches(line, &Bindings::default())
                }
                (Some(_), None) | (None, Some(_)) => false,
            };
        }
        behind = fits;
    }
    behind[0]
}

/// Whether each line has one of its own on the other side, in whatever order; a gap allows any others.
fn fits_unordered(shown: &[&str], expected: &[LinePattern]) -> bool {
    let mut left: Vec<&LinePattern> = expected.iter().filter(|it| !it.is_any_lines()).collect();
    let mut more = 0;
    for line in shown.iter().filter(|line| !is_gap(line)) {
        let found = left
            .iter()
            .position(|pattern| pattern.matches(line, &Bindings::default()));
        match found {
            Some(at) => drop(left.remove(at)),
            None => more += 1,
        }
    }
    let allows_any = expected.iter().any(LinePattern::is_any_lines);
    let leaves_out = shown.iter().any(|line| is_gap(line));
    (more == 0 || allows_any) && (left.is_empty() || leaves_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(shown: &str, came: &str) -> bool {
        let shown: Vec<&str> = shown.lines().collect();
        fits(&shown, &lines(came))
    }

    #[test]
    fn an_ellipsis_of_the_readme_is_any_lines() {
        assert!(is("a\n...\nd", "a\nb\nc\nd\n"));
        assert!(is("....", "") && is("…", "a\nb\n") && is("a\n...", "a\n"));
        assert!(is("a\n...\nb\n...\nc", "a\nx\nb\nb\nc\n"));
        assert!(!is("a\n...\nd", "a\nb\n"));
        assert!(!is("a", "a\nb\n") && !is("a\nb", "a\n") && !is("a\nb", "b\na\n"));
    }

    #[test]
    fn what_was_left_out_of_a_flood_may_be_what_the_readme_shows() {
        assert!(is("a\nb\nc", "a\n...\nc\n"));
        assert!(is("a\n...\nz", "a\n...\nb\nz\n"));
        assert!(!is("a\nb\nd", "a\n...\nc\n"));
    }

    #[test]
    fn matchers_take_other_values_and_nothing_else() {
        let expect = Pattern::parse("...\ninet {{ipv4:client}}/24 …\n").unwrap();
        assert!(fits(&["1: vde0", "inet 10.0.2.15/24"], &expect.lines));
        assert!(fits(
            &["...", "inet 10.0.2.15/24 scope global"],
            &expect.lines
        ));
        assert!(!fits(&["inet 10.0.2.15/16"], &expect.lines));
    }

    #[test]
    fn in_any_order_every_line_counts_once() {
        let came = lines("a\nb\nb\n");
        assert!(fits_unordered(&["b", "a", "b"], &came));
        assert!(!fits_unordered(&["b", "a"], &came) && fits_unordered(&["b", "..."], &came));
        assert!(!fits_unordered(&["b", "a", "b", "c"], &came));
    }
}
