//! `doctor`: tutorials × needs, and what brings the rest.
//!
//! What every tutorial needs stands first, once; then each tutorial with its own needs; then the repair of all together.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Paint, visible};
use crate::need::{Need, Repair, State};
use crate::tutorial::Permission;
use crate::verify::Checkup;

/// The table for people. `granted` is what book.toml grants already.
pub fn doctor(all: &[Checkup], granted: &[Permission], paint: Paint) -> String {
    let mut text = String::new();
    let shared = shared(all);
    if !shared.is_empty() {
        let _ = writeln!(text, "{}", paint.bold("every tutorial"));
        push_needs(&shared, paint, &mut text);
    }
    for one in all {
        let gap = if text.is_empty() { "" } else { "\n" };
        let _ = writeln!(
            text,
            "{gap}{} {}",
            paint.bold(&one.name),
            verdict(one, paint)
        );
        let own = one.needs.as_deref().unwrap_or_default().iter();
        let own: Vec<&Need> = own.filter(|need| !shared.contains(need)).collect();
        push_needs(&own, paint, &mut text);
    }
    push_repair(&repair(all, granted), paint, &mut text);
    text
}

/// The same for programs, see the guide's page on CI.
pub fn doctor_json(all: &[Checkup], granted: &[Permission]) -> Value {
    let tutorials = all.iter().map(|one| {
        json!({
            "name": one.name,
            "can_run": one.can_run(),
            "needs": one.needs.as_deref().unwrap_or_default().iter().map(need_json).collect::<Vec<_>>(),
            "mistakes": one.needs.as_ref().err().map_or(0, Vec::len),
        })
    });
    json!({
        "tutorials": tutorials.collect::<Vec<_>>(),
        "repair": repair(all, granted),
    })
}

fn need_json(need: &Need) -> Value {
    match &need.state {
        State::Met(found) => json!({"kind": need.kind, "what": need.what, "found": found}),
        State::Unmet { lacks, mend } => json!({
            "kind": need.kind,
            "what": need.what,
            "missing": lacks,
            "remedy": mend.to_string(),
        }),
    }
}

fn repair(all: &[Checkup], granted: &[Permission]) -> Repair {
    let needs = all.iter().filter_map(|one| one.needs.as_ref().ok());
    Repair::of(needs.flatten(), granted)
}

/// What all of them need; nothing where there is but one.
fn shared(all: &[Checkup]) -> Vec<&Need> {
    let mut all = all.iter().filter_map(|one| one.needs.as_ref().ok());
    let Some(first) = all.next() else {
        return Vec::new();
    };
    let others: Vec<_> = all.collect();
    let in_all = |need: &&Need| others.iter().all(|needs| needs.contains(need));
    match others.is_empty() {
        true => Vec::new(),
        false => first.iter().filter(in_all).collect(),
    }
}

fn verdict(one: &Checkup, paint: Paint) -> String {
    let Ok(needs) = &one.needs else {
        return paint.bad("has mistakes in its files");
    };
    match needs.iter().filter(|need| !need.is_met()).count() {
        0 => paint.good("can run"),
        missing => paint.warn(format!("can't run: {missing} of {} missing", needs.len())),
    }
}

fn push_needs(needs: &[&Need], paint: Paint, text: &mut String) {
    for need in needs {
        let _ = match &need.state {
            State::Met(found) => writeln!(
                text,
                "  {}       {} {}",
                paint.good("ok"),
                visible(&need.what),
                paint.faint(format!("({})", visible(found)))
            ),
            State::Unmet { lacks, .. } => {
                writeln!(text, "  {}  {}", paint.warn("missing"), visible(lacks))
            }
        };
    }
}

fn push_repair(repair: &Repair, paint: Paint, text: &mut String) {
    if let Some(command) = &repair.command {
        let _ = writeln!(text, "\n{}\n  {command}", paint.bold("to mend it"));
    }
    if !repair.book.is_empty() {
        let title = paint.bold("in book.toml, if you trust these tutorials with it");
        let _ = writeln!(text, "\n{title}\n  [preprocessor.twin]");
    }
    for line in &repair.book {
        let _ = writeln!(text, "  {line}");
    }
    if !repair.by_hand.is_empty() {
        let _ = writeln!(text, "\n{}", paint.bold("by hand"));
    }
    for line in &repair.by_hand {
        let _ = writeln!(text, "  {}", visible(line));
    }
}
