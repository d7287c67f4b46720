//! A tutorial as markdown alone, for renderers that do not make HTML (an EPUB, a PDF, plain text).
//!
//! The same results, in fenced blocks. Not here: what the HTML page shows beside them (folds, colours, buttons).

use super::escape::{markdown, visible};
use super::{InBook, Part, banner, commands, main_steps, overview as table, screen, shown};
use crate::judge::{Verdict, Verification};
use crate::outcome::{Line, Output};
use crate::tutorial::{Action, FileChange, FileEdit, Show, Step, Tutorial};

/// A part of a tutorial, for a place below a heading of level `level - 1`.
pub fn tutorial(of: &Verification, part: &Part, level: usize, book: &InBook<'_>) -> String {
    let tutorial = &of.tutorial;
    let main = main_steps(tutorial);
    let start = if part.first { 0 } else { part.steps.start };
    let end = if part.last {
        tutorial.steps.len()
    } else {
        part.steps.end
    };
    let mut blocks = vec![verdict(of)];
    for index in start..end {
        let step = &tutorial.steps[index];
        if index == 0 && main.start > 0 {
            blocks.push("**Setup**".to_owned());
        } else if index == main.end {
            blocks.push("**Cleanup**".to_owned());
        }
        if let Some(title) = &step.title {
            blocks.push(format!(
                "{} {}",
                "#".repeat(level.clamp(1, 6)),
                markdown(title)
            ));
        }
        blocks.extend(
            step.text
                .as_ref()
                .map(|text| text.trim_matches('\n').to_owned()),
        );
        if step.show != Show::None {
            blocks.extend(action(of, tutorial, index, step));
        }
    }
    if part.last {
        blocks.extend(not_run(of, book));
    }
    blocks.join("\n\n")
}

/// The list of all tutorials, and how many of upstream's commands they run.
pub fn overview(all: &[&Verification], book: &InBook<'_>) -> String {
    let line = |of: &&Verification| {
        let tutorial = &of.tutorial;
        let title = markdown(&tutorial.title);
        let title = (book.href)(&tutorial.name)
            .map_or(title.clone(), |href| format!("[{title}](<{href}>)"));
        let mut needs = vec![markdown(&table::hosts(tutorial))];
        needs.extend(
            table::permissions(tutorial)
                .iter()
                .map(|it| (*it).to_owned()),
        );
        needs.extend(table::took(of).map(table::words));
        format!("- {title}: {} ({})", of.verdict.word(), needs.join(", "))
    };
    let lines: Vec<String> = all.iter().map(line).collect();
    let mut blocks = vec![lines.join("\n")];
    blocks.extend(commands::total(book).map(|total| total.plain()));
    blocks.join("\n\n")
}

/// A fence longer than any run of backticks in the text.
pub fn fenced(info: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let text = visible(text);
    format!("{fence}{info}\n{}\n{fence}", text.trim_end_matches('\n'))
}

fn verdict(of: &Verification) -> String {
    let detail = match &of.verdict {
        Verdict::Verified { date, .. } => date.clone(),
        Verdict::Failed(failed) => {
            let step = of
                .tutorial
                .steps
                .get(failed.step)
                .map_or("", |step| shown::step_label(step));
            format!("step {step}: {}", banner::why(&failed.why))
        }
        Verdict::Stale(why) => why.reasons().join("; "),
        Verdict::Unrecorded(reason) => reason.clone().unwrap_or_default(),
        Verdict::Skipped(missing) => {
            let missing: Vec<&str> = missing.iter().map(|it| it.what.as_str()).collect();
            missing.join(", ")
        }
    };
    let mut line = format!("**{}**", of.verdict.word());
    if !detail.is_empty() {
        line.push_str(", ");
        line.push_str(&markdown(&detail));
    }
    line
}

fn action(of: &Verification, tutorial: &Tutorial, index: usize, step: &Step) -> Vec<String> {
    match &step.action {
        Action::File(edit) => vec![file(edit)],
        Action::Unavailable => {
            let block = step.block.as_ref().map_or("", |block| &block.address);
            vec![format!(
                "(The commands of {} stand in upstream's file.)",
                markdown(block)
            )]
        }
        _ => {
            let terminal = &tutorial.terminals[step.terminal];
            let text = exchanges(of, index, step);
            if text.is_empty() {
                return Vec::new();
            }
            vec![
                format!("*{}*", markdown(&terminal.title)),
                fenced("text", &text),
            ]
        }
    }
}

/// Its lines, with a note where some are missing.
fn output_text(output: &Output) -> String {
    let Some(gap) = &output.omitted else {
        return output.text();
    };
    let (head, tail) = output
        .lines
        .split_at(gap.before_line.min(output.lines.len()));
    let lines = |lines: &[Line]| -> String {
        lines
            .iter()
            .map(|line| format!("{}\n", line.text))
            .collect()
    };
    format!("{}{}\n{}", lines(head), screen::gap_note(gap), lines(tail))
}

fn exchanges(of: &Verification, index: usize, step: &Step) -> String {
    let mut text = String::new();
    let note = screen::step_note(of, index)
        .map(|note| note + "\n")
        .unwrap_or_default();
    let types = matches!(step.action, Action::Run(_));
    if !types {
        text.push_str(&note);
    }
    for exchange in shown::exchanges(of, index) {
        if step.show != Show::Output && !exchange.command.is_empty() {
            let prompt = &exchange.prompt;
            let blank = if prompt.is_empty() { "" } else { " " };
            text.push_str(&format!("{prompt}{blank}{}\n", exchange.command));
        }
        if step.show != Show::Command {
            text.push_str(
                &exchange
                    .output
                    .map(|output| output_text(&output))
                    .unwrap_or_default(),
            );
            if let Some(code) = exchange.exit.filter(|code| *code != 0) {
                text.push_str(&format!("(exit status {code})\n"));
            }
        }
    }
    if types {
        text.push_str(&note);
    }
    text
}

fn file(edit: &FileEdit) -> String {
    let (verb, info, text) = match &edit.change {
        FileChange::Content(text) => ("holds", "text", text.clone()),
        FileChange::Append(text) => ("gets behind its end", "text", text.clone()),
        FileChange::Replace(pairs) => {
            let signed = |sign, text: &str| {
                text.lines()
                    .map(|line| format!("{sign}{line}\n"))
                    .collect::<String>()
            };
            let diff = pairs
                .iter()
                .map(|(find, with)| signed('-', find) + &signed('+', with));
            ("is edited", "diff", diff.collect())
        }
    };
    format!(
        "The file {} {verb}:\n\n{}",
        markdown(&edit.path),
        fenced(info, &text)
    )
}

fn not_run(of: &Verification, book: &InBook<'_>) -> Vec<String> {
    let Some(file) = book.tally.file_of(&of.tutorial) else {
        return Vec::new();
    };
    let mut list = Vec::new();
    for group in commands::groups(of, file) {
        list.push(format!(
            "- {}: {}",
            markdown(group.label()),
            markdown(group.why())
        ));
    }
    for (command, typed) in commands::replaced(file) {
        list.push(format!(
            "- {}: replaced by {}",
            markdown(command.text),
            markdown(typed)
        ));
    }
    let mut blocks = vec![markdown(&commands::summary(of, file))];
    blocks.extend((!list.is_empty()).then(|| list.join("\n")));
    blocks
}
