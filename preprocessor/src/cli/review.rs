//! `review`: a person goes through what failed runs have shown, step by step; without one, the commands that do the same.

use std::io::{BufRead, IsTerminal};
use std::path::Path;
use std::process::ExitCode;

use mdbook_twin::judge::accept::Change;
use mdbook_twin::report;
use mdbook_twin::verify::{self, Pending, Review, exit};

use crate::cli::accept::not_in_ci;
use crate::cli::show::{self, Shown};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Which tutorials [default: all of which a failed run is kept]
    names: Vec<String>,
}

/// What a person says to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Accept,
    Reject,
    Skip,
    Quit,
}

pub(crate) fn run(root: Option<&Path>, arguments: &Arguments, shown: &Shown) -> ExitCode {
    let project = match show::project(root) {
        Ok(project) => project,
        Err(code) => return code,
    };
    let has_person = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if has_person && let Err(code) = not_in_ci() {
        return code;
    }
    let names = match arguments.names.as_slice() {
        [] => match verify::waiting(&project) {
            Ok(names) => names,
            Err(error) => {
                return show::error(&format!("{}: {error}", project.tutorials().display()));
            }
        },
        names => names.to_vec(),
    };
    if names.is_empty() {
        shown.note("nothing to review: no failed run is kept");
    }
    let mut worst = exit::GOOD;
    for name in &names {
        let (code, goes_on) = match verify::review(&project, name) {
            Err(diagnostics) => {
                shown.diagnostics(&diagnostics);
                (exit::BAD_INPUT, true)
            }
            Ok(Pending::Nothing) => {
                shown.note(&report::nothing_kept(name));
                (exit::GOOD, true)
            }
            Ok(Pending::Settled) => {
                shown.note(&report::settled(name));
                (exit::GOOD, true)
            }
            Ok(Pending::Unusable(why)) => {
                show::say(&report::unusable(name, why));
                (exit::NOT_VERIFIED, true)
            }
            Ok(Pending::Steps(mut review)) if has_person => asked(&mut review, shown),
            Ok(Pending::Steps(review)) => (listed(&review, shown), true),
        };
        worst = worst.max(code);
        if !goes_on {
            break;
        }
    }
    ExitCode::from(worst)
}

/// Without anybody to ask.
fn listed(review: &Review, shown: &Shown) -> u8 {
    let changes = review.changes().iter();
    let shown: String = changes
        .map(|change| report::change(review, change, shown.paint_out()))
        .collect();
    show::out(&(shown + &report::commands(review)));
    exit::NOT_VERIFIED
}

/// Each step is asked for once; whether to go on with the next tutorial.
fn asked(review: &mut Review, shown: &Shown) -> (u8, bool) {
    let mut skipped = Vec::new();
    let mut count = report::Decided::default();
    let mut goes_on = true;
    while let Some(change) = next(review, &skipped) {
        let is_open = |change: &&Change| !skipped.contains(&change.step);
        let left = review.changes().iter().filter(is_open).count();
        let text = report::change(review, &change, shown.paint_out());
        show::out(&format!("\n{left} to decide: {text}"));
        match decision(&change) {
            Decision::Accept => match review.accept(&[change.step]) {
                Ok(_) => {
                    count.accepted += 1;
                    // It would be asked for again for ever, were there anything that an acceptance does not mend.
                    skipped.push(change.step);
                }
                Err(error) => {
                    show::error(&format!("{}: {error}", review.path().display()));
                    return (exit::BAD_INPUT, false);
                }
            },
            Decision::Reject => match review.reject(change.step) {
                Ok(()) => count.rejected += 1,
                Err(unkept) => {
                    show::error(&unkept.to_string());
                    return (exit::BAD_INPUT, false);
                }
            },
            Decision::Skip => skipped.push(change.step),
            Decision::Quit => {
                goes_on = false;
                break;
            }
        }
    }
    show::out(&report::decided(review, count));
    let code = match review.changes() {
        [] => exit::GOOD,
        _ => exit::NOT_VERIFIED,
    };
    (code, goes_on)
}

fn next(review: &Review, skipped: &[usize]) -> Option<Change> {
    let mut changes = review.changes().iter();
    changes
        .find(|change| !skipped.contains(&change.step))
        .cloned()
}

/// Asks until there is an answer; the end of the input is the end of the review.
fn decision(change: &Change) -> Decision {
    let can_accept = change.obstacle.is_none();
    let keys = match can_accept {
        true => "a = accept, r = reject, s = skip, q = quit",
        false => "r = reject, s = skip, q = quit",
    };
    loop {
        show::out(&format!("{keys}: "));
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        return match (read, line.trim()) {
            (Err(_) | Ok(0), _) => {
                show::out("\n");
                Decision::Quit
            }
            (_, "q" | "quit") => Decision::Quit,
            (_, "a" | "accept") if can_accept => Decision::Accept,
            (_, "r" | "reject") => Decision::Reject,
            (_, "s" | "skip") => Decision::Skip,
            _ => continue,
        };
    }
}
