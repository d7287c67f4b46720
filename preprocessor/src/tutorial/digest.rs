//! One digest of what runs: it decides whether a transcript is stale, and keys the verification cache.
//!
//! In it: commands, files, keys, waits, terminals, hosts, packages, permissions, blocks. Not in it: matchers, `expect`,
//! prose, ids, titles, display, timeouts, and where the lines were read from: judging is pure and simply repeated.

use serde_json::{Value, json};

use super::{Action, Step, Tutorial};
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
    let inputs = tutorial.inputs.iter();
    let inputs = inputs.map(|it| json!([it.source, tutorial.hosts[it.host].name, it.path]));
    let inputs: Vec<Value> = inputs.collect();
    let tree = tutorial
        .upstream
        .as_ref()
        .filter(|_| tutorial.hosts.iter().any(|host| host.checkout));
    let what_runs = json!({
        "version": VERSION,
        "hosts": hosts,
        "limits": tutorial.limits,
        "inputs": inputs,
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
