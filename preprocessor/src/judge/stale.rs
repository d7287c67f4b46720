//! What would run now against what was recorded: which step of a transcript is which, and what has changed.

use super::step::wanted_exit;
use super::transcript::{Transcript, TranscriptStep};
use crate::tutorial::{Action, Step, Tutorial};

/// The recorded step of the tutorial's `index`th one: by id, or, where only ids have changed, by its commands.
pub(crate) fn recorded_step<'a>(
    tutorial: &Tutorial,
    index: usize,
    transcript: &'a Transcript,
) -> Option<&'a TranscriptStep> {
    let step = &tutorial.steps[index];
    let same_commands = |recorded: &TranscriptStep| is_recorded_as(step, recorded);
    // A new step in front moves `step-3` to `step-4`: then the id is right and the commands are not.
    transcript
        .step(&step.id)
        .filter(|recorded| same_commands(recorded))
        .or_else(|| {
            let twins_before = tutorial.steps[..index]
                .iter()
                .filter(|earlier| earlier.id != step.id && commands(earlier) == commands(step))
                .count();
            let mut twins = transcript.steps.iter().filter(|step| same_commands(step));
            twins.nth(twins_before)
        })
}

/// Whether a recorded step ran the commands that this step would run. Captured values were filled in there.
fn is_recorded_as(step: &Step, recorded: &TranscriptStep) -> bool {
    match commands(step) {
        Some(now) => {
            now.len() == recorded.commands.len()
                && now
                    .iter()
                    .zip(&recorded.commands)
                    .all(|(now, then)| is_filled_in(now, &then.command))
        }
        None => {
            let typed = recorded.commands.iter().any(|it| !it.command.is_empty());
            step.id == recorded.id && !typed
        }
    }
}

fn commands(step: &Step) -> Option<Vec<&str>> {
    match &step.action {
        Action::Run(run) => Some(run.commands.iter().map(|c| c.text.as_str()).collect()),
        _ => None,
    }
}

/// Whether `typed` is `text` with something in place of each `{{=NAME}}`.
fn is_filled_in(text: &str, typed: &str) -> bool {
    let mut pieces = text.split("{{=");
    let Some(mut rest) = typed.strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let mut open = false;
    for piece in pieces {
        let literal = piece.split_once("}}").map_or(piece, |(_, literal)| literal);
        match rest.find(literal) {
            Some(at) => rest = &rest[at + literal.len()..],
            None => return false,
        }
        open = literal.is_empty();
    }
    rest.is_empty() || open
}

/// In words, one sentence for each; never empty.
pub(super) fn changes(tutorial: &Tutorial, transcript: &Transcript) -> Vec<String> {
    let mut words = upstream_moved(tutorial, transcript);
    let changed = changed_steps(tutorial, transcript).into_iter();
    words.extend(changed.map(|(_, words)| words));
    words.extend(gone_steps(tutorial, transcript));
    let Some(then) = &transcript.ran else {
        if words.is_empty() {
            words.push(
                "the commands are the same, but the order, the files, hosts, terminals, packages or permissions are not"
                    .to_owned(),
            );
        }
        return words;
    };
    words.extend(super::circumstances::changes(tutorial, transcript, then));
    if words.is_empty() {
        words.push(super::circumstances::other_order(tutorial, then));
    }
    words
}

/// Recorded exit statuses that the spec rules out: somebody has edited the transcript.
pub(super) fn contradictions(tutorial: &Tutorial, transcript: &Transcript) -> Vec<String> {
    let steps = tutorial.steps.iter().enumerate();
    let recorded =
        steps.filter_map(|(index, step)| Some((step, recorded_step(tutorial, index, transcript)?)));
    let words = recorded.flat_map(|(step, recorded)| {
        let commands = recorded.commands.iter().enumerate();
        commands.filter_map(move |(nth, command)| {
            let wanted = wanted_exit(step, nth)?;
            let then = command.exit.filter(|then| *then != wanted)?;
            let (id, at, text) = (&step.id, &step.at, &command.command);
            Some(format!(
                "step `{id}` ({at}): the exit status of `{text}` has to be {wanted}, recorded was {then}"
            ))
        })
    });
    words.collect()
}

/// For each step of the tutorial the index of the recorded one that it is.
fn claims(tutorial: &Tutorial, transcript: &Transcript) -> Vec<Option<usize>> {
    let steps = 0..tutorial.steps.len();
    let claim = |index| {
        let found = recorded_step(tutorial, index, transcript)?;
        let mut recorded = transcript.steps.iter();
        recorded.position(|step| std::ptr::eq(step, found))
    };
    steps.map(claim).collect()
}

/// The recorded step of the same id, unless it is another one by its commands.
fn namesake<'a>(
    step: &Step,
    transcript: &'a Transcript,
    claims: &[Option<usize>],
) -> Option<&'a TranscriptStep> {
    let at = transcript.steps.iter().position(|it| it.id == step.id)?;
    (!claims.contains(&Some(at))).then(|| &transcript.steps[at])
}

/// Recorded commands that no step types any more. Of those that gave way to others [`changed_steps`] tells.
fn gone_steps(tutorial: &Tutorial, transcript: &Transcript) -> Vec<String> {
    let claims = claims(tutorial, transcript);
    let gave_way = |recorded: &TranscriptStep| {
        let mut steps = tutorial.steps.iter().zip(&claims);
        steps.any(|(step, claim)| {
            step.id == recorded.id && claim.is_none() && commands(step).is_some()
        })
    };
    let gone = |(at, recorded): &(usize, &TranscriptStep)| {
        let types = recorded.commands.iter().any(|it| !it.command.is_empty());
        types && !claims.contains(&Some(*at)) && !gave_way(recorded)
    };
    let gone = transcript.steps.iter().enumerate().filter(gone);
    gone.map(|(_, recorded)| {
        let then = recorded.commands.iter().map(|it| it.command.as_str());
        let then: Vec<&str> = then.collect();
        format!("step `{}` is gone: {}", recorded.id, quoted(&then))
    })
    .collect()
}

/// Steps that run something else than was recorded, or elsewhere: which, and in words.
pub(super) fn changed_steps(tutorial: &Tutorial, transcript: &Transcript) -> Vec<(usize, String)> {
    let claims = claims(tutorial, transcript);
    let mut words = Vec::new();
    for (index, step) in tutorial.steps.iter().enumerate() {
        let Some(now) = commands(step) else { continue };
        let here = format!("step `{}` ({})", step.id, step.at);
        if let Some(then) = claims[index].map(|at| &transcript.steps[at]) {
            let terminal = &tutorial.terminals[step.terminal].name;
            if then.terminal != *terminal {
                let then = &then.terminal;
                words.push((
                    index,
                    format!("{here} moved from terminal `{then}` to `{terminal}`"),
                ));
            }
            continue;
        }
        match namesake(step, transcript, &claims) {
            // It did not apply where it was recorded.
            None if super::circumstances::is_known(step, transcript) => {}
            None => words.push((index, format!("{here} is new: {}", quoted(&now)))),
            Some(then) => {
                let then: Vec<_> = then.commands.iter().map(|c| c.command.as_str()).collect();
                words.push((index, first_change(&here, &now, &then)));
            }
        }
    }
    words
}

fn upstream_moved(tutorial: &Tutorial, transcript: &Transcript) -> Vec<String> {
    match (&tutorial.upstream, &transcript.upstream) {
        (Some(now), Some(then)) if now.commit != then.commit => vec![format!(
            "upstream moved from commit {} to {}",
            short(&then.commit),
            short(&now.commit)
        )],
        _ => Vec::new(),
    }
}

fn first_change(here: &str, now: &[&str], then: &[&str]) -> String {
    let pair = (0..now.len().max(then.len()))
        .map(|at| (now.get(at), then.get(at)))
        .find(|pair| match pair {
            (Some(now), Some(then)) => !is_filled_in(now, then),
            _ => true,
        });
    match pair {
        Some((Some(now), Some(then))) => {
            format!("{here}: the command is `{now}`, recorded was `{then}`")
        }
        Some((Some(now), None)) => format!("{here}: the command `{now}` is new"),
        Some((None, Some(then))) => format!("{here}: the command `{then}` is gone"),
        _ => format!("{here}: its commands have changed"),
    }
}

fn quoted(commands: &[&str]) -> String {
    let quoted: Vec<_> = commands.iter().map(|text| format!("`{text}`")).collect();
    quoted.join(", ")
}

fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}

#[cfg(test)]
mod tests {
    use super::is_filled_in;

    #[test]
    fn a_captured_value_may_be_anything() {
        assert!(is_filled_in("kill {{=pid}}", "kill 42"));
        assert!(is_filled_in("a {{=x}} b {{=y}}", "a 1 b 2"));
        assert!(is_filled_in("echo {{.Id}}", "echo {{.Id}}"));
        assert!(!is_filled_in("kill {{=pid}} x", "kill 42"));
        assert!(!is_filled_in("kill", "kill 42"));
        assert!(!is_filled_in("a {{=x}} b", "a 1 b c"));
    }
}
