//! A broken binding in the sentence that a person reads: both places, and what was so in the recorded runs.
//!
//! In: a [`Broken`] and its tutorial. Out: one sentence for terminals, pages and programs alike, values between
//! backticks. Not here: finding it (`bindings.rs`, `compare.rs`).

use super::bindings::Name;
use super::derived::Tie;
use super::verdict::{Bound, Broken, Place};
use crate::tutorial::{Action, Tutorial};

impl Broken {
    /// What is wrong, and where.
    pub fn sentence(&self, tutorial: &Tutorial) -> String {
        let Self { tie, first, second } = self;
        let Place {
            step,
            command,
            line,
        } = second.place;
        let here = match (step, command) == (first.place.step, first.place.command) {
            true => format!("line {} of the same output", line + 1),
            false => place(tutorial, second.place),
        };
        let one = format!("`{}` in {}", first.value, place(tutorial, first.place));
        let other = format!("`{}` in {here}", second.value);
        let kind = noun(first.kind);
        match (tie, &first.name) {
            (Tie::Same, Name::Given(_)) => {
                let name = second.written();
                format!("`{name}` is {one}, and {other}: one name is one value in the whole run")
            }
            (Tie::Same, _) => {
                let recorded = first.written();
                format!(
                    "the {kind} that was recorded as `{recorded}` is {one}, and {other}: in every recorded run they were the same"
                )
            }
            (Tie::Different, _) => {
                let recorded = format!("`{}` and `{}`", first.written(), second.written());
                format!(
                    "the {} that were recorded as {recorded} are both {one}, and in {here}: in every recorded run they were different",
                    plural(kind)
                )
            }
            (Tie::Made(_, said), _) => {
                let (at, is) = (place(tutorial, second.place), &second.value);
                format!("`{is}` in {at} should be {said}, which is {}", first.value)
            }
            (Tie::Related(related), _) => {
                let was = related.relation.said;
                format!(
                    "the {kind} {one} and the {} {other} do not belong together: in every recorded run {was}",
                    noun(second.kind)
                )
            }
        }
    }
}

impl Bound {
    /// What the placeholder stands for, and since when.
    pub fn sentence(&self, tutorial: &Tutorial) -> String {
        let Self { written, value, .. } = self;
        match self.place {
            Some(at) => format!("`{written}` is `{value}` since {}", place(tutorial, at)),
            None => format!("`{written}` is `{value}` by then"),
        }
    }
}

/// Step, terminal, host, line.
fn place(tutorial: &Tutorial, place: Place) -> String {
    let step = &tutorial.steps[place.step];
    let terminal = &tutorial.terminals[step.terminal];
    let host = &tutorial.hosts[terminal.host].name;
    let command = match &step.action {
        Action::Run(run) if run.commands.len() > 1 => format!("command {}, ", place.command + 1),
        _ => String::new(),
    };
    let (name, line) = (&terminal.name, place.line + 1);
    format!(
        "step `{}` (terminal `{name}` on host `{host}`, {command}line {line})",
        step.id
    )
}

/// What a reader calls a value of that kind.
fn noun(kind: &str) -> &str {
    match kind {
        "mac" => "MAC address",
        "ipv4" => "IPv4 address",
        "ipv6" => "IPv6 address",
        "uuid" => "UUID",
        "hex" => "hexadecimal number",
        "base64" => "key",
        other => other,
    }
}

fn plural(noun: &str) -> String {
    let ending = if noun.ends_with('s') { "es" } else { "s" };
    format!("{noun}{ending}")
}
