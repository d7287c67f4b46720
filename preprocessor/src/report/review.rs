//! What a person is asked to decide on, and what does the same without being asked.

use super::verdict::{sentence, what_is_wrong};
use super::{Paint, visible};
use crate::diagnostic::listed;
use crate::judge::accept::{Change, Obstacle};
use crate::tutorial::{Action, Step};
use crate::verify::{Review, Unusable};

/// One change: its step and place, the difference of each command, and what stands in the way of accepting it. Ends in
/// a newline.
pub fn change(review: &Review, change: &Change, paint: Paint) -> String {
    let tutorial = &review.tutorial;
    let step = &tutorial.steps[change.step];
    let mut text = format!(
        "{}: step `{}` ({})",
        paint.bold(&tutorial.name),
        step.id,
        step.at
    );
    if let Some(first) = change.wrong.first() {
        text += &format!(": {}", sentence(&first.why));
    }
    text.push('\n');
    for wrong in &change.wrong {
        let (run, transcript) = (Some(review.run()), Some(&review.transcript));
        text += &what_is_wrong(tutorial, run, transcript, wrong, paint);
    }
    if let Some(obstacle) = &change.obstacle {
        text += &format!(
            "  {} {}\n",
            paint.bold("="),
            self::obstacle(review, change.step, obstacle)
        );
    }
    text
}

/// Why it can't be accepted, and what to do instead.
fn obstacle(review: &Review, step: usize, obstacle: &Obstacle) -> String {
    let tutorial = &review.tutorial;
    let name = &tutorial.name;
    let step = &tutorial.steps[step];
    match obstacle {
        Obstacle::Expect => {
            let at = step.expect.as_ref().map_or(&step.at, |expect| &expect.at);
            format!(
                "the spec decides here, and no transcript: if what came is right, change `expect` at {at}"
            )
        }
        Obstacle::Exit { command, got } if is_last(step, *command) => format!(
            "the spec decides which exit status is right, and no transcript: if {got} is, say `exit: {got}` (or `exit: any`) in the step at {}, then mdbook-twin verify {name}",
            step.at
        ),
        Obstacle::Exit { .. } => format!(
            "no transcript makes this exit status right: of several commands only the last may end with another than 0; make it a step of its own at {}, with its `exit`",
            step.at
        ),
        Obstacle::CouldNotGoOn => format!(
            "it did not come to its end, so there is nothing to accept: mend the step at {}, then mdbook-twin verify {name}",
            step.at
        ),
        Obstacle::BrokenOff { at } => format!(
            "it may be so because step `{}` could not go on: mend that first, then mdbook-twin verify {name}",
            tutorial.steps[*at].id
        ),
        Obstacle::NotInTranscript => {
            format!("the transcript does not have its commands: mdbook-twin record {name}")
        }
    }
}

fn is_last(step: &Step, command: usize) -> bool {
    matches!(&step.action, Action::Run(run) if command + 1 == run.commands.len())
}

/// Why nothing can be accepted from a kept run, and what to do.
pub fn unusable(name: &str, why: Unusable) -> String {
    let (why, remedy) = match why {
        Unusable::Outdated => (
            "its failed run is one of other commands than the spec has now",
            "verify",
        ),
        Unusable::Unrecorded => (
            "it has no transcript into which anything could be accepted",
            "record",
        ),
        Unusable::Stale => ("what it runs has changed since it was recorded", "record"),
    };
    format!("{name}: {why}: mdbook-twin {remedy} {}", visible(name))
}

/// The command lines that accept what is pending, below a sentence; nothing where nothing can be accepted.
pub fn commands(review: &Review) -> String {
    let name = &review.tutorial.name;
    let changes = review.changes().iter();
    let open: Vec<_> = changes
        .filter(|change| change.obstacle.is_none())
        .map(|change| &review.tutorial.steps[change.step].id)
        .collect();
    let mut text = match open.as_slice() {
        [] => return String::new(),
        _ => "if what came is right:\n".to_owned(),
    };
    for id in &open {
        text += &format!("  mdbook-twin accept {name} --step {id}\n");
    }
    if open.len() > 1 {
        text += &format!("  mdbook-twin accept {name}        # all of them\n");
    }
    text
}

/// What a person has decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// Steps that are in the transcript now as they came.
    pub accepted: usize,
    /// Steps that stay as they were recorded.
    pub rejected: usize,
}

/// What became of a review, and what is next. Ends in a newline.
pub fn decided(review: &Review, decided: Decided) -> String {
    let name = &review.tutorial.name;
    let Decided { accepted, rejected } = decided;
    let pending = review.changes().len();
    let next = match (pending, rejected) {
        (1.., _) => format!("mdbook-twin review {name} goes on"),
        (0, 0) => format!("mdbook-twin verify {name} proves it"),
        (0, _) => format!("when what was rejected is mended: mdbook-twin verify {name}"),
    };
    format!("{name}: {accepted} accepted, {rejected} rejected, {pending} pending; {next}\n")
}

/// Steps were accepted at once.
pub fn accepted(review: &Review, steps: usize) -> String {
    let plural = if steps == 1 { "" } else { "s" };
    let (name, path) = (&review.tutorial.name, review.path().display());
    let next = match review.changes().len() {
        0 => format!("mdbook-twin verify {name} proves it"),
        left => format!("{left} left"),
    };
    format!("accepted {steps} step{plural} of {name}: {path}; {next}")
}

/// No failed run is kept.
pub fn nothing_kept(name: &str) -> String {
    format!(
        "{name}: nothing to review: no failed run is kept (mdbook-twin verify {name} keeps one)"
    )
}

/// There is nothing to decide any more.
pub fn settled(name: &str) -> String {
    format!(
        "{name}: what its failed run showed is as expected by now: mdbook-twin verify {name} proves it"
    )
}

/// A step was named that is not among the changes.
pub fn no_such_change(review: &Review, step: &str) -> String {
    let name = &review.tutorial.name;
    let ids = || {
        let changes = review.changes().iter();
        changes.map(|change| review.tutorial.steps[change.step].id.as_str())
    };
    format!(
        "nothing is pending in a step `{step}` of {name}; pending: {}",
        listed(ids())
    )
}
