//! `verify`: tutorials run and are compared with what was recorded.

use std::path::Path;
use std::process::ExitCode;

use mdbook_twin::book::Tutorials;
use mdbook_twin::config::Execute;
use mdbook_twin::report::Report;
use mdbook_twin::tutorial::Suite;
use mdbook_twin::verify::{self, How, Shard, Summary};

#[cfg(all(feature = "run", target_os = "linux"))]
use crate::cli::look;
use crate::cli::show::{self, Shown};
use crate::cli::workshop::{Running, Workshop};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Which tutorials [default: all]
    names: Vec<String>,
    /// Take what was verified here since it last changed from the cache
    #[arg(long)]
    changed: bool,
    /// Only the Kth of N parts of them, for one machine of many
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,
    /// Make every host of this Debian instead of what the spec says; nothing is recorded
    #[arg(long, value_name = "SUITE")]
    suite: Option<Suite>,
    /// Write what is said of all to a file too, for programs: json=FILE; may be repeated
    #[arg(long = "report", value_name = "KIND=FILE")]
    reports: Vec<Report>,
    #[cfg(all(feature = "run", target_os = "linux"))]
    #[command(flatten)]
    look: look::Looking,
    #[command(flatten)]
    running: Running,
}

pub(crate) fn run(root: Option<&Path>, arguments: &Arguments, shown: &Shown) -> ExitCode {
    let project = match show::project(root) {
        Ok(project) => project,
        Err(code) => return code,
    };
    let workshop = Workshop::new(project, &arguments.running, *shown);
    #[cfg(all(feature = "run", target_os = "linux"))]
    if arguments.look.is_asked() {
        let suite = arguments.suite.as_ref();
        return look::run(&workshop, &arguments.names, &arguments.look, suite, shown);
    }
    let mut names = match arguments.names.as_slice() {
        [] => workshop.names(),
        names => names.to_vec(),
    };
    if let Some(shard) = arguments.shard {
        names = shard.of(&names);
    }
    let execute = if arguments.changed {
        Execute::Changed
    } else {
        Execute::Always
    };
    let how = How {
        suite: arguments.suite.clone(),
        ..workshop.how(execute)
    };
    let answers = verify::verify(&workshop.project, &names, &how, &workshop.display);
    for answer in &answers {
        // Where it ran, the line at its end has said all; the suite is told here alone.
        let is_told = answer.is_verified() && workshop.display.has_told(&answer.name);
        if !is_told || how.suite.is_some() {
            shown.answer(answer, how.suite.as_ref());
        }
    }
    let summary = Summary::of(&answers);
    shown.note(&summary.to_string());
    for report in &arguments.reports {
        let text = report.text(&answers, how.suite.as_ref());
        if let Err(error) = std::fs::write(&report.file, text) {
            return show::error(&format!("the report {}: {error}", report.file.display()));
        }
    }
    ExitCode::from(summary.exit_code())
}
