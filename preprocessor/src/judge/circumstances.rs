//! What runs beyond the commands, now and when it was recorded: hosts, limits, inputs, and what a step does besides
//! typing.
//!
//! In: a tutorial and the [`Ran`] of its transcript. Out: a sentence for each difference. Not here: the commands
//! themselves (`stale.rs`).

use std::collections::BTreeSet;

use super::stale::recorded_step;
use super::transcript::Transcript;
use crate::tutorial::ran::{COMMANDS, Keys, LISTS, commands_trace};
use crate::tutorial::{Action, Ran, Step, Tutorial};

/// Whether a step without recorded commands was there all the same, or may have been: its `when` did not apply.
pub(super) fn is_known(step: &Step, transcript: &Transcript) -> bool {
    let Some(trace) = commands_trace(step) else {
        return false;
    };
    let Some(then) = &transcript.ran else {
        return step.when.is_some();
    };
    let own = format!("step {}", step.id);
    let is_it = |(name, keys): &(String, Keys)| {
        let before = keys.get(COMMANDS);
        before.is_some_and(|before| *before == trace || (*name == own && step.when.is_some()))
    };
    then.0.iter().any(is_it)
}

/// A sentence for each difference.
pub(super) fn changes(tutorial: &Tutorial, transcript: &Transcript, then: &Ran) -> Vec<String> {
    let now = Ran::of(tutorial);
    let (mut words, none) = (Vec::new(), Keys::new());
    let is_step = |name: &str| name.starts_with("step ");
    for (name, keys) in now.0.iter().filter(|(name, _)| !is_step(name)) {
        match (then.get(name), name.split_once(' ')) {
            (None, Some((kind, own))) => words.push(format!("the {kind} `{own}` is new")),
            (before, _) => words.extend(differences(&shown(name), keys, before.unwrap_or(&none))),
        }
    }
    for (name, keys) in then.0.iter().filter(|(name, _)| !is_step(name)) {
        match (now.get(name), name.split_once(' ')) {
            (Some(_), _) => {}
            (None, Some((kind, own))) => words.push(format!("the {kind} `{own}` is gone")),
            (None, None) => words.extend(differences(&shown(name), &none, keys)),
        }
    }
    words.extend(step_changes(tutorial, transcript, &now, then));
    words
}

/// `host laptop` → ``host `laptop` ``.
fn shown(name: &str) -> String {
    match name.split_once(' ') {
        Some((kind, own)) => format!("{kind} `{own}`"),
        None => format!("`{name}`"),
    }
}

fn step_changes(
    tutorial: &Tutorial,
    transcript: &Transcript,
    now: &Ran,
    then: &Ran,
) -> Vec<String> {
    let (mut words, none) = (Vec::new(), Keys::new());
    let mut left: Vec<(&str, &Keys)> = Vec::new();
    for (name, keys) in &then.0 {
        left.extend(name.strip_prefix("step ").map(|id| (id, keys)));
    }
    let mut take = |fits: &dyn Fn(&str, &Keys) -> bool| {
        let at = left.iter().position(|(id, keys)| fits(id, keys))?;
        Some(left.remove(at).1)
    };
    let keys_of = |step: &Step| now.get(&format!("step {}", step.id)).unwrap_or(&none);
    let mut open: Vec<&Step> = Vec::new();
    // Recorded commands say which step it is.
    for (index, step) in tutorial.steps.iter().enumerate() {
        let recorded = recorded_step(tutorial, index, transcript);
        let Some(recorded) = recorded.filter(|_| types(step)) else {
            open.push(step);
            continue;
        };
        let before = take(&|id, _| id == recorded.id).unwrap_or(&none);
        words.extend(differences(&here(step), keys_of(step), before));
    }
    // Of what typed nothing then, all that is written there does.
    open.retain(|step| {
        let keys = keys_of(step);
        let has_trace = !types(step) || keys.contains_key(COMMANDS);
        !has_trace || take(&|_, before| before == keys).is_none()
    });
    for step in open {
        let keys = keys_of(step);
        match take(&|id, before| id == step.id && is_alike(keys, before)) {
            Some(before) => words.extend(differences(&here(step), keys, before)),
            // Of new commands it is said already.
            None if types(step) => {}
            None => words.push(format!("{} is new: {}", here(step), in_short(keys))),
        }
    }
    for (id, keys) in left {
        // Of commands that are gone too.
        if KINDS.iter().any(|kind| keys.contains_key(*kind)) {
            words.push(format!("step `{id}` is gone: {}", in_short(keys)));
        }
    }
    words
}

fn types(step: &Step) -> bool {
    matches!(step.action, Action::Run(_))
}

/// Where a step stands for itself: the transcript has no commands of it.
const KINDS: &[&str] = &["file", "press", "wait", "closes", COMMANDS];

/// Whether two steps do the same kind of thing.
fn is_alike(now: &Keys, then: &Keys) -> bool {
    let kind = |keys: &Keys| {
        let mut kinds = KINDS.iter().filter(|kind| **kind != COMMANDS);
        kinds.find(|kind| keys.contains_key(**kind))
    };
    kind(now) == kind(then)
}

fn here(step: &Step) -> String {
    format!("step `{}` ({})", step.id, step.at)
}

fn in_short(keys: &Keys) -> String {
    let told = keys
        .iter()
        .filter(|(key, _)| !TRACES.contains(&key.as_str()));
    let all: Vec<String> = told
        .map(|(key, value)| format!("`{key}: {value}`"))
        .collect();
    all.join(", ")
}

/// Keys whose value is no more than a trace of what is written there.
const TRACES: &[&str] = &["content", "append", "replace", "dialog", COMMANDS];

/// Of one thing, a sentence for each key, of a list for each word of it.
fn differences(of: &str, now: &Keys, then: &Keys) -> Vec<String> {
    let mut words = Vec::new();
    let mut keys: BTreeSet<&String> = now.keys().chain(then.keys()).collect();
    if now.contains_key(COMMANDS) != then.contains_key(COMMANDS) {
        // Only one side has its commands and its terminal here: the other has them in the transcript.
        keys.retain(|key| *key != COMMANDS && *key != "terminal");
    }
    for key in keys {
        let (now, then) = (now.get(key), then.get(key));
        if now == then {
            continue;
        }
        if let Some((_, noun)) = LISTS.iter().find(|(list, _)| list == key) {
            words.extend(list_differences(of, noun, now, then));
            continue;
        }
        let is_trace = TRACES.contains(&key.as_str());
        let written = |value: &str| match is_trace {
            true => format!("`{key}`"),
            false => format!("`{key}: {value}`"),
        };
        words.push(match (now, then) {
            (Some(_), Some(_)) if is_trace => format!("{of}: `{key}` has changed"),
            (Some(now), Some(then)) => format!("{of}: `{key}` is `{now}`, recorded was `{then}`"),
            (Some(now), None) => format!("{of}: {} is new", written(now)),
            (None, then) => format!("{of}: {} is gone", written(then.map_or("", |it| it))),
        });
    }
    words
}

fn list_differences(
    of: &str,
    noun: &str,
    now: Option<&String>,
    then: Option<&String>,
) -> Vec<String> {
    let split = |list: Option<&String>| -> Vec<String> {
        let words = list.into_iter().flat_map(|list| list.split(' '));
        words.map(str::to_owned).collect()
    };
    let (now, then) = (split(now), split(then));
    let besides = |these: &[String], those: &[String], what: &str| -> Vec<String> {
        let only = these.iter().filter(|word| !those.contains(word));
        only.map(|word| format!("{of}: the {noun} `{word}` is {what}"))
            .collect()
    };
    let mut words = besides(&now, &then, "new");
    words.extend(besides(&then, &now, "gone"));
    if words.is_empty() {
        words.push(format!("{of}: its {noun}s stand in another order"));
    }
    words
}

/// When all things are the same, one by one, and every command too: their order is not.
pub(super) fn other_order(tutorial: &Tutorial, then: &Ran) -> String {
    let now = Ran::of(tutorial);
    let names = |of: &Ran, kind: &str| -> Vec<String> {
        let names = of.0.iter().map(|(name, _)| name.clone());
        names.filter(|name| name.starts_with(kind)).collect()
    };
    for (kind, what) in [("host ", "hosts"), ("input ", "inputs")] {
        if names(&now, kind) != names(then, kind) {
            return format!("the {what} stand in another order");
        }
    }
    "the steps stand in another order, or a `{{=NAME}}` in a command stands for something else"
        .to_owned()
}
