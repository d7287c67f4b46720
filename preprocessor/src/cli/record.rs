//! `record`: tutorials run, and what came out is written down.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mdbook_twin::config::Execute;
use mdbook_twin::tutorial;
use mdbook_twin::verify::{self, Recorded, Recording, Written, exit};
use mdbook_twin::{judge::Missing, report};

use crate::cli::accept::not_in_ci;
use crate::cli::merge;
use crate::cli::show::{self, Shown};
use crate::cli::workshop::{Running, Workshop};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Which tutorials
    #[arg(required = true)]
    names: Vec<String>,
    /// How often each runs; what differs between the runs varies
    #[arg(long, default_value_t = 3, value_name = "N")]
    runs: usize,
    /// Run nothing, but let the transcript allow for what a failed run saw: its NAME.run.json, of another machine or CI
    /// [without FILE: those that are kept here]
    #[arg(long, value_name = "FILE", num_args = 0.., conflicts_with = "runs")]
    merge: Option<Vec<PathBuf>>,
    #[command(flatten)]
    running: Running,
}

pub(crate) fn run(root: Option<&Path>, arguments: &Arguments, shown: &Shown) -> ExitCode {
    let project = match show::project(root) {
        Ok(project) => project,
        Err(code) => return code,
    };
    if let Some(files) = &arguments.merge {
        if let Err(code) = not_in_ci() {
            return code;
        }
        return match arguments.names.as_slice() {
            [name] => merge::run(&project, name, files, shown),
            _ => show::error(
                "--merge is for one tutorial at a time: mdbook-twin record NAME --merge FILE",
            ),
        };
    }
    let workshop = Workshop::new(project, &arguments.running, *shown);
    let codes = arguments
        .names
        .iter()
        .map(|name| one(&workshop, name, arguments.runs, shown));
    // The worst of all; a skip is worse than nothing, but not worse than a tutorial that is wrong.
    let severity = |code: &u8| {
        [
            exit::GOOD,
            exit::ALL_SKIPPED,
            exit::NOT_VERIFIED,
            exit::BAD_INPUT,
        ]
        .iter()
        .position(|it| it == code)
    };
    ExitCode::from(codes.max_by_key(severity).unwrap_or(exit::GOOD))
}

fn one(workshop: &Workshop, name: &str, runs: usize, shown: &Shown) -> u8 {
    let how = workshop.how(Execute::Always);
    match verify::record(&workshop.project, name, runs, &how, &workshop.display) {
        Err(diagnostics) => {
            shown.diagnostics(&diagnostics);
            exit::BAD_INPUT
        }
        Ok(Recorded::Failed(verification)) => {
            show::say(&report::verdict(&verification, shown.paint()));
            exit::NOT_VERIFIED
        }
        Ok(Recorded::Skipped(missing)) => {
            show::say(&skipped(name, &missing));
            exit::ALL_SKIPPED
        }
        Ok(Recorded::Done(recording)) => written(workshop, name, &recording, shown),
    }
}

fn skipped(name: &str, missing: &[Missing]) -> String {
    let reasons = report::reasons(missing);
    format!("{name} can't run here, nothing was recorded{reasons}")
}

fn written(workshop: &Workshop, name: &str, recording: &Recording, shown: &Shown) -> u8 {
    let path = tutorial::load::transcript_path(&workshop.project, name);
    for step in report::varying(&recording.tutorial, &recording.varying) {
        show::say(&step);
    }
    match verify::write_transcript(&path, &recording.transcript) {
        Ok(Written::New) => shown.note(&format!(
            "recorded {name}: {}{}{}",
            path.display(),
            report::free_values(recording.freed.iter()),
            report::helped(&recording.run)
        )),
        Ok(Written::Unchanged) => shown.note(&format!("recorded {name}: the same as before")),
        Err(error) => {
            show::error(&format!("{}: {error}", path.display()));
            return exit::BAD_INPUT;
        }
    }
    let path = tutorial::load::timings_path(&workshop.project, name);
    if let Err(error) = verify::write_timings(&path, recording) {
        show::error(&format!("{}: {error}", path.display()));
        return exit::BAD_INPUT;
    }
    exit::GOOD
}
