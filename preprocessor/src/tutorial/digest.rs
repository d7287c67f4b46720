//! One digest of what runs: it decides whether a transcript is stale, and keys the verification cache.
//!
//! In it: commands, files, keys, waits, terminals, hosts, packages, permissions, blocks. Not in it: matchers, `expect`,
//! prose, titles, display, timeouts, and where the lines were read from: judging is pure and simply repeated.

use serde_json::{Value, json};

use super::{Action, Step, Tutorial};
use crate::judge::Transcript;
use crate::upstream::sha256;

/// Raised when the same tutorial gets another digest than before.
const VERSION: u32 = 1;

/// Sha256 in hex over what runs.
pub fn digest(tutorial: &Tutorial) -> String {
    let steps: Vec<Value> = tutorial
        .steps
        .iter()
        .map(|step| canonical(tutorial, step))
        .collect();
    let hosts: Vec<Value> = tutorial.hosts.iter().map(|host| json!(host)).collect();
    let tree = tutorial
        .upstream
        .as_ref()
        .filter(|_| tutorial.hosts.iter().any(|host| host.checkout));
    let what_runs = json!({
        "version": VERSION,
        "hosts": hosts,
        "limits": tutorial.limits,
        "inputs": tutorial.inputs,
        "steps": steps,
        // The commit counts where its tree is there; else the lines of the blocks say all.
        "tree": tree.map(|upstream| [&upstream.url, &upstream.commit]),
    });
    // serde_json sorts the keys of a map, and a struct's keep their order.
    sha256(what_runs.to_string().as_bytes())
}

fn canonical(tutorial: &Tutorial, step: &Step) -> Value {
    let terminal = &tutorial.terminals[step.terminal];
    json!({
        "id": step.id,
        "phase": step.phase,
        "terminal": terminal.name,
        "host": tutorial.hosts[terminal.host].name,
        "action": action(&step.action),
        "exit": step.exit,
        "capture": step.capture,
        "when": step.when.as_ref().map(|when| [&when.suite, &when.arch]),
        "block": step.block.as_ref().map(|block| json!([block.address, block.commands])),
    })
}

fn action(action: &Action) -> Value {
    let Action::Run(run) = action else {
        return json!(action);
    };
    let mut run = run.clone();
    for command in &mut run.commands {
        // How it is shown, and what upstream says of it, is no part of what runs.
        command.prompt.clear();
        command.documented.clear();
        command.readme_line = None;
    }
    json!({ "run": run })
}

/// What a person would say has changed since the transcript; never empty.
pub fn changes(tutorial: &Tutorial, transcript: &Transcript) -> Vec<String> {
    let mut changes = Vec::new();
    let recorded = |id: &str| transcript.steps.iter().find(|step| step.id == id);
    for step in &tutorial.steps {
        let terminal = &tutorial.terminals[step.terminal].name;
        match recorded(&step.id) {
            Some(old) if old.terminal != *terminal => {
                changes.push(format!(
                    "the step {} moved from terminal {} to {terminal}",
                    step.id, old.terminal
                ));
            }
            Some(old) => changes.extend(command_change(step, old)),
            None if matches!(step.action, Action::Run(_)) => {
                changes.push(format!("the step {} is new", step.id))
            }
            None => {}
        }
    }
    for old in &transcript.steps {
        if !tutorial.steps.iter().any(|step| step.id == old.id) {
            changes.push(format!("the step {} is gone", old.id));
        }
    }
    if changes.is_empty() {
        changes.push(
            "hosts, packages, permissions, files or the way in which steps end changed".to_owned(),
        );
    }
    changes
}

fn command_change(step: &Step, old: &crate::judge::transcript::TranscriptStep) -> Option<String> {
    let new: Vec<&str> = match &step.action {
        Action::Run(run) => run
            .commands
            .iter()
            .map(|command| command.text.as_str())
            .collect(),
        _ => return None,
    };
    // A captured value is filled in when a command runs, so its text can't be compared.
    if new.iter().any(|text| text.contains("{{=")) {
        return None;
    }
    let old: Vec<&str> = old
        .commands
        .iter()
        .map(|command| command.command.as_str())
        .collect();
    if old == new {
        return None;
    }
    let first = new.iter().zip(&old).find(|(new, old)| new != old);
    Some(match first {
        Some((new, old)) => format!(
            "the command of the step {} changed: `{old}` is now `{new}`",
            step.id
        ),
        None => format!(
            "the step {} has {} commands, it had {}",
            step.id,
            new.len(),
            old.len()
        ),
    })
}
