//! One tutorial's verdict: where, what was expected, what came, what to do next.

use std::fmt::Write as _;
use std::time::Duration;

use super::diff::{diff, legend};
use super::{Paint, visible};
use crate::judge::record::merged;
use crate::judge::verdict::{Against, Diff, FailedStep, Missing, Stale, Verdict, VerifiedBy, Why};
use crate::judge::{Transcript, Verification, changed_commands, documented};
use crate::outcome::{CommandRun, Failure, Output, Run};
use crate::tutorial::{Action, Step, Suite, Tutorial, Upstream};

/// Lines of a terminal shown with a step that could not go on: its end says why.
pub(super) const TAIL: usize = 20;

/// Lines of a difference that are shown: the first one tells most, and a flood would hide what stands above it.
const DIFF: usize = 100;

/// Earlier tries that are shown, and lines of each: the latest say why.
const TRIES: usize = 3;
const OF_A_TRY: usize = 5;

/// Values that don't go with others, of one step: more of them mostly come of the first.
const BROKEN: usize = 5;

/// Changed commands that are named with a failure.
const CHANGES: usize = 5;

/// Further steps that are named: most come of the first, whose difference is shown.
const MORE: usize = 5;

/// One line: `verified first-steps: ran now`, `failed vde: step `ping``.
pub fn line(verification: &Verification, paint: Paint) -> String {
    line_on(None, verification, paint)
}

/// One line at the end of its run: `verified first-steps in 1.2 s`, and what else there is to say of it.
pub fn ended(verification: &Verification, took: Duration, paint: Paint) -> String {
    let line = format!(
        "{} {} in {:.1} s",
        word(&verification.verdict, paint),
        paint.bold(&verification.tutorial.name),
        took.as_secs_f64()
    );
    match &verification.verdict {
        Verdict::Verified { .. } => line + &remarks(verification),
        _ => format!("{line}: {}", in_short(verification)),
    }
}

fn line_on(suite: Option<&Suite>, verification: &Verification, paint: Paint) -> String {
    let on = suite.map(|suite| format!(" on Debian {}", suite.name()));
    format!(
        "{} {}{}: {}",
        word(&verification.verdict, paint),
        paint.bold(&verification.tutorial.name),
        on.unwrap_or_default(),
        in_short(verification)
    )
}

fn word(verdict: &Verdict, paint: Paint) -> String {
    match verdict {
        Verdict::Failed(_) | Verdict::Stale(_) => paint.bad(verdict.word()),
        Verdict::Unrecorded(_) | Verdict::Skipped(_) => paint.warn(verdict.word()),
        Verdict::Verified { .. } => paint.good(verdict.word()),
    }
}

fn in_short(verification: &Verification) -> String {
    match &verification.verdict {
        Verdict::Failed(failed) => match &failed.why {
            Why::NeverRan(why) => visible(first_line(why)),
            _ => step_in_short(&verification.tutorial, failed),
        },
        Verdict::Stale(why) => match why.reasons().as_slice() {
            [one] => visible(first_line(one)),
            [first, rest @ ..] => {
                format!("{}; and {} more", visible(first_line(first)), rest.len())
            }
            [] => "what would run has changed since it was recorded".to_owned(),
        },
        Verdict::Unrecorded(Some(why)) => format!("it has no transcript; {why}"),
        Verdict::Unrecorded(None) => "it has no transcript yet".to_owned(),
        Verdict::Skipped(missing) => format!("it needs {}", list(missing)),
        Verdict::Verified { by, date, .. } => {
            let by = match by {
                VerifiedBy::Run => "ran now".to_owned(),
                VerifiedBy::Cache => format!("ran here on {date} and has not changed since"),
                VerifiedBy::Transcript => format!("as recorded on {date}; nothing ran now"),
            };
            visible(&by) + &remarks(verification)
        }
    }
}

/// What decides nothing, and is told all the same: what upstream's file shows otherwise, which its authors may want to
/// know, and how steps went on that would not have by themselves.
fn remarks(verification: &Verification) -> String {
    let upstream = verification.tutorial.upstream.as_ref();
    let shown_by = upstream.map_or("", Upstream::called);
    let said = match documented::count(verification) {
        0 => String::new(),
        1 => format!("; {shown_by} shows 1 output otherwise"),
        count => format!("; {shown_by} shows {count} outputs otherwise"),
    };
    said + &verification.run.as_ref().map_or_else(String::new, helped)
}

/// How steps of a run went on that would not have by themselves, for the end of a line.
pub fn helped(run: &Run) -> String {
    let remarks = run.steps.iter().filter_map(|step| {
        let remark = step.remark()?;
        Some(format!("; step `{}`: {}", step.id, visible(&remark)))
    });
    remarks.collect()
}

/// `step `ping` (tutorials/vpn.yaml:21:5): exit status 1, expected 0`.
fn step_in_short(tutorial: &Tutorial, failed: &FailedStep) -> String {
    let step = &tutorial.steps[failed.step];
    format!(
        "step `{}` ({}): {}",
        step.id,
        step.at,
        sentence(&failed.why)
    )
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn list(missing: &[Missing]) -> String {
    let what: Vec<_> = missing
        .iter()
        .map(|missing| missing.what.as_str())
        .collect();
    what.join(", ")
}

/// What is wrong, in one sentence.
pub(super) fn sentence(why: &Why) -> String {
    match why {
        Why::CouldNotGoOn(failure) => visible(&failure.to_string()),
        Why::Differs(Diff {
            against: Against::Expect,
            ..
        }) => "its output is not what `expect` says".to_owned(),
        Why::Differs(Diff {
            against: Against::Transcript,
            ..
        }) => "its output is not what was recorded".to_owned(),
        Why::NotInTranscript => "the transcript does not have its commands".to_owned(),
        Why::NeverRan(why) => visible(why),
    }
}

/// A line for each reason of a skip, behind a sentence.
pub fn reasons(missing: &[Missing]) -> String {
    missing
        .iter()
        .map(|it| format!("\n  {} is missing: {}", it.what, it.remedy))
        .collect()
}

/// All there is to say; several lines where something is to be done. Ends in a newline.
pub fn verdict(verification: &Verification, paint: Paint) -> String {
    verdict_on(None, verification, paint)
}

/// The same of a tutorial that was put on another suite than its own.
pub fn verdict_on(suite: Option<&Suite>, verification: &Verification, paint: Paint) -> String {
    let mut text = line_on(suite, verification, paint) + "\n";
    let tutorial = &verification.tutorial;
    let record = format!("mdbook-twin record {}", tutorial.name);
    match &verification.verdict {
        Verdict::Failed(failed) => push_failed(suite, verification, failed, paint, &mut text),
        Verdict::Stale(Stale::Old { .. }) => {
            let verify = format!("mdbook-twin verify {}", tutorial.name);
            next(
                &mut text,
                &format!("to see whether it still holds: {verify}"),
                paint,
            );
            next(&mut text, &format!("to renew its date: {record}"), paint);
        }
        Verdict::Stale(Stale::Changed(changes)) => {
            if let [_, _, ..] = changes.as_slice() {
                for change in changes {
                    push(&mut text, &visible(change));
                }
            }
            next(
                &mut text,
                &format!("when it is right as it is now: {record}"),
                paint,
            );
        }
        Verdict::Unrecorded(_) => next(&mut text, &format!("to record it: {record}"), paint),
        Verdict::Skipped(missing) => {
            for missing in missing {
                next(
                    &mut text,
                    &format!("{}: {}", missing.what, missing.remedy),
                    paint,
                );
            }
        }
        Verdict::Verified { .. } => {}
    }
    text
}

fn push(text: &mut String, line: &str) {
    let _ = writeln!(text, "  {line}");
}

fn next(text: &mut String, line: &str, paint: Paint) {
    let _ = writeln!(text, "  {} {line}", paint.bold("="));
}

fn push_failed(
    suite: Option<&Suite>,
    verification: &Verification,
    failed: &FailedStep,
    paint: Paint,
    text: &mut String,
) {
    if let Why::NeverRan(why) = &failed.why {
        for line in why.lines().skip(1) {
            push(text, &visible(line));
        }
        return;
    }
    let (run, transcript) = (verification.run.as_ref(), verification.transcript.as_ref());
    let tutorial = &verification.tutorial;
    text.push_str(&what_is_wrong(tutorial, run, transcript, failed, paint));
    for more in failed.more.iter().take(MORE) {
        let short = step_in_short(tutorial, more);
        push(text, &format!("not as expected either: {short}"));
    }
    match failed.more.len().saturating_sub(MORE) {
        0 => {}
        1 => push(text, "1 more step is not as expected"),
        unnamed => push(text, &format!("{unnamed} more steps are not as expected")),
    }
    push_remedy(suite, verification, &failed.why, paint, text);
}

/// Where a step failed, and how what came differs: lines below a headline.
pub(super) fn what_is_wrong(
    tutorial: &Tutorial,
    run: Option<&Run>,
    transcript: Option<&Transcript>,
    failed: &FailedStep,
    paint: Paint,
) -> String {
    let mut shown = String::new();
    let text = &mut shown;
    let step = &tutorial.steps[failed.step];
    push_place(tutorial, step, failed.command, paint, text);
    let ran = run.and_then(|run| run.steps.get(failed.step)?.commands.get(failed.command));
    match (&failed.why, &failed.besides) {
        (Why::Differs(found), _) | (Why::CouldNotGoOn(_), Some(found)) => {
            push_diff(tutorial, step, found, paint, text);
        }
        (Why::CouldNotGoOn(_), None) => push_tail(ran.map(|command| &command.output), text),
        (Why::NotInTranscript | Why::NeverRan(_), _) => {}
    }
    if let Some(command) = ran {
        push_tries(command, text);
    }
    if let (Some(transcript), Why::CouldNotGoOn(_) | Why::Differs(_)) = (transcript, &failed.why) {
        let changes = changed_commands(tutorial, transcript).into_iter();
        // What changed behind the failed step is not why it failed.
        for (_, change) in changes
            .filter(|(step, _)| *step <= failed.step)
            .take(CHANGES)
        {
            push(text, &format!("not as recorded: {}", visible(&change)));
        }
    }
    shown
}

fn push_diff(tutorial: &Tutorial, step: &Step, found: &Diff, paint: Paint, text: &mut String) {
    if let Some(at) = found.expected_at(step) {
        push(text, &format!("expected at {at}"));
    }
    push(text, &legend(found, paint));
    let shown = diff(found, paint);
    for line in shown.lines().take(DIFF) {
        let _ = writeln!(text, "{}", format!("    {line}").trim_end());
    }
    let hidden = shown.lines().count().saturating_sub(DIFF);
    if hidden > 0 {
        let more = paint.faint(format_args!(
            "... {hidden} more lines of the difference ..."
        ));
        push(text, &format!("  {more}"));
    }
    let broken = found.broken.iter().map(|it| it.sentence(tutorial));
    let bound = found.bound.iter().map(|it| it.sentence(tutorial));
    for sentence in broken.chain(bound).take(BROKEN) {
        push(text, &visible(&sentence));
    }
}

/// Step, command, terminal and host; spec and README line.
fn push_place(tutorial: &Tutorial, step: &Step, number: usize, paint: Paint, text: &mut String) {
    if let Some(title) = &step.title {
        push(text, &format!("step `{}`: {}", step.id, visible(title)));
    }
    let terminal = &tutorial.terminals[step.terminal];
    let host = &tutorial.hosts[terminal.host].name;
    let place = format!("in terminal `{}` on host `{host}`", terminal.name);
    let Action::Run(run) = &step.action else {
        push(text, &place);
        return;
    };
    let count = run.commands.len();
    match run.commands.get(number) {
        Some(_) if count > 1 => push(
            text,
            &format!("command {} of {count}, {place}:", number + 1),
        ),
        _ => push(text, &format!("{place}:")),
    }
    let Some(command) = run.commands.get(number) else {
        return;
    };
    for (index, line) in command.text.lines().enumerate() {
        let prompt = if index == 0 {
            command.prompt.as_str()
        } else {
            ">"
        };
        let _ = writeln!(text, "    {} {}", paint.faint(prompt), visible(line));
    }
    if let (Some(upstream), Some(block)) = (&tutorial.upstream, &step.block) {
        let of = upstream.github.as_ref().unwrap_or(&upstream.url);
        let line = step
            .readme_line(number)
            .map(|line| format!(", line {line}"))
            .unwrap_or_default();
        push(
            text,
            &visible(&format!(
                "from {} of {of}{line} (block {})",
                upstream.file, block.address
            )),
        );
    }
}

/// The end of what was on the terminal.
fn push_tail(output: Option<&Output>, text: &mut String) {
    let lines = output.map_or(&[][..], |output| &output.lines);
    if lines.is_empty() {
        push(text, "nothing was printed");
        return;
    }
    let hidden = lines.len().saturating_sub(TAIL);
    let gap = output.and_then(|output| output.omitted.as_ref());
    let which = match gap {
        _ if hidden == 0 => String::new(),
        None => format!(" (the last {TAIL} of {} lines)", lines.len()),
        Some(gap) if gap.before_line <= hidden => format!(
            " (the last {TAIL} lines; {} bytes before them are left out)",
            gap.bytes
        ),
        Some(_) => format!(" (the last {TAIL} lines that were kept)"),
    };
    push(text, &format!("what it printed{which}:"));
    let gap = gap.filter(|gap| hidden == 0 || gap.before_line > hidden);
    for index in hidden..=lines.len() {
        if let Some(gap) = gap.filter(|gap| gap.before_line == index) {
            let _ = writeln!(text, "    ... {} bytes are left out ...", gap.bytes);
        }
        if let Some(line) = lines.get(index) {
            let line = format!("    | {}", visible(&line.text));
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
}

/// What a repeated command printed before.
fn push_tries(command: &CommandRun, text: &mut String) {
    let tries = command.earlier_tries();
    if tries.is_empty() {
        return;
    }
    let count = command.earlier.len() + 1;
    push(
        text,
        &format!("it was tried {count} times; before the last:"),
    );
    for (name, output) in &tries[tries.len().saturating_sub(TRIES)..] {
        let lines = &output.lines;
        let hidden = lines.len().saturating_sub(OF_A_TRY);
        let which = match (&output.omitted, hidden) {
            (Some(_), _) => " (not all was kept)".to_owned(),
            (None, 0) if lines.is_empty() => " (nothing)".to_owned(),
            (None, 0) => String::new(),
            (None, _) => format!(" (the last {OF_A_TRY} of {} lines)", lines.len()),
        };
        let _ = writeln!(text, "    {name}{which}");
        for line in &lines[hidden..] {
            let shown = format!("    | {}", visible(&line.text));
            let _ = writeln!(text, "{}", shown.trim_end());
        }
    }
}

/// Whether the transcript would allow for more with that run in it. It does not where the run has another kernel or host
/// name than the machine's own, which are held whatever was seen.
fn teaches(verification: &Verification) -> bool {
    let (Some(run), Some(transcript)) = (&verification.run, &verification.transcript) else {
        return true;
    };
    merged(&verification.tutorial, transcript, run).transcript != *transcript
}

fn push_remedy(
    suite: Option<&Suite>,
    verification: &Verification,
    why: &Why,
    paint: Paint,
    text: &mut String,
) {
    let name = &verification.tutorial.name;
    match why {
        Why::Differs(Diff {
            against: Against::Expect,
            ..
        }) => {
            next(
                text,
                "if what came is right, change `expect` there; `{{int}}`, `{{ipv4}}`, `…`, `...` stand for what varies",
                paint,
            );
        }
        Why::Differs(Diff {
            against: Against::Transcript,
            ..
        }) => {
            // What another suite gave is judged and never recorded.
            if suite.is_none() {
                next(
                    text,
                    &format!("if what came is right: mdbook-twin review {name}"),
                    paint,
                );
            }
            if teaches(verification) {
                next(
                    text,
                    &format!("if it may come either way: mdbook-twin record {name} --merge"),
                    paint,
                );
            }
        }
        Why::NotInTranscript => next(
            text,
            &format!("record it anew: mdbook-twin record {name}"),
            paint,
        ),
        Why::CouldNotGoOn(failure) => {
            // What was recorded once lacks nothing in its spec.
            let new = verification.transcript.is_none();
            if let Some(help) = way_out(failure).filter(|_| new) {
                next(text, help, paint);
            }
            next(
                text,
                &format!("to see it again: mdbook-twin verify {name}"),
                paint,
            );
        }
        Why::NeverRan(_) => {}
    }
}

/// The keys of a step that a failure mostly lacks.
fn way_out(failure: &Failure) -> Option<&'static str> {
    let waiting_for = match failure {
        Failure::Timeout { waiting_for, .. } => waiting_for.as_str(),
        Failure::TerminalGone { .. } => {
            return Some(
                "no command may end the terminal's own shell; to close the terminal: `closes: TERMINAL`",
            );
        }
        _ => return None,
    };
    let question = waiting_for.strip_prefix("the question /");
    if question.is_some_and(|rest| rest.contains('?') && !rest.contains(r"\?")) {
        return Some(
            r"`expect` of a `dialog` is a regular expression: a question mark is written `\?`",
        );
    }
    if !waiting_for.starts_with("the command's end") {
        return None;
    }
    Some(match waiting_for.contains("its last line is") {
        true => {
            "a question needs `dialog`, a shell or a program with a prompt `opens`, an editor `background` and `press`"
        }
        false => {
            "a command that never ends needs `until` or `background`, one that takes its time a longer `timeout`"
        }
    })
}
