//! `accept`: what a failed run has shown is what is expected from now on.

use std::path::Path;
use std::process::ExitCode;

use mdbook_twin::project::Project;
use mdbook_twin::report;
use mdbook_twin::verify::{self, Pending, Review, exit};

use crate::cli::show::{self, Shown};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Which tutorials
    #[arg(required = true)]
    names: Vec<String>,
    /// Only this step of the one tutorial named; may be repeated
    #[arg(long, value_name = "STEP")]
    step: Vec<String>,
}

pub(crate) fn run(root: Option<&Path>, arguments: &Arguments, shown: &Shown) -> ExitCode {
    let project = match show::project(root) {
        Ok(project) => project,
        Err(code) => return code,
    };
    if let Err(code) = not_in_ci() {
        return code;
    }
    if !arguments.step.is_empty() && arguments.names.len() > 1 {
        return show::error("--step is about one tutorial: mdbook-twin accept NAME --step STEP");
    }
    let names = arguments.names.iter();
    let codes = names.map(|name| one(&project, name, &arguments.step, shown));
    ExitCode::from(codes.max().unwrap_or(exit::GOOD))
}

/// Nobody has looked at it there: a transcript that a machine accepts proves nothing.
pub(crate) fn not_in_ci() -> Result<(), ExitCode> {
    match std::env::var_os("CI") {
        Some(value) if !value.is_empty() => Err(show::error(
            "nothing is accepted in CI (the variable CI is set), where nobody looks at it: \
             run mdbook-twin verify and review on a machine of your own, and commit the transcript",
        )),
        _ => Ok(()),
    }
}

fn one(project: &Project, name: &str, steps: &[String], shown: &Shown) -> u8 {
    let mut review = match verify::review(project, name) {
        Err(diagnostics) => {
            shown.diagnostics(&diagnostics);
            return exit::BAD_INPUT;
        }
        Ok(Pending::Nothing) => {
            shown.note(&report::nothing_kept(name));
            return exit::GOOD;
        }
        Ok(Pending::Settled) => {
            shown.note(&report::settled(name));
            return exit::GOOD;
        }
        Ok(Pending::Unusable(why)) => {
            show::say(&report::unusable(name, why));
            return exit::NOT_VERIFIED;
        }
        Ok(Pending::Steps(review)) => review,
    };
    let wanted = match wanted(&review, steps) {
        Ok(wanted) => wanted,
        Err(wrong) => {
            show::error(&wrong);
            return exit::BAD_INPUT;
        }
    };
    let accepted = match review.accept(&wanted) {
        Ok(accepted) => accepted,
        Err(error) => {
            show::error(&format!("{}: {error}", review.path().display()));
            return exit::BAD_INPUT;
        }
    };
    if accepted > 0 {
        shown.note(&report::accepted(&review, accepted));
    }
    for change in review.changes() {
        show::say(&report::change(&review, change, shown.paint()));
    }
    match review.changes() {
        [] => exit::GOOD,
        _ => exit::NOT_VERIFIED,
    }
}

/// Indexes of the steps named, else of all that are pending.
fn wanted(review: &Review, steps: &[String]) -> Result<Vec<usize>, String> {
    let pending = || review.changes().iter().map(|change| change.step);
    if steps.is_empty() {
        return Ok(pending().collect());
    }
    let index = |id: &String| {
        let mut all = pending();
        all.find(|&step| review.tutorial.steps[step].id == *id)
            .ok_or_else(|| report::no_such_change(review, id))
    };
    steps.iter().map(index).collect()
}
