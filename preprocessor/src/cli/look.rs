//! `verify NAME --until STEP`: a part of one tutorial.

use std::process::ExitCode;

use mdbook_twin::config::Execute;
use mdbook_twin::report;
use mdbook_twin::tutorial::Suite;
use mdbook_twin::verify::{self, How, Looked, exit};

use crate::cli::show::{self, Shown};
use crate::cli::workshop::Workshop;

/// What makes `verify` look at one tutorial instead of giving verdicts.
#[derive(clap::Args)]
pub(crate) struct Look {
    /// Stop behind this step of the one tutorial named (its id, or its number), and run the cleanup
    #[arg(long, value_name = "STEP", conflicts_with_all = ["changed", "shard"])]
    until: Option<String>,
}

impl Look {
    /// Whether anything of it was asked for.
    pub(crate) fn is_asked(&self) -> bool {
        self.until.is_some()
    }
}

pub(crate) fn run(
    workshop: &Workshop,
    names: &[String],
    look: &Look,
    suite: Option<&Suite>,
    shown: &Shown,
) -> ExitCode {
    let [name] = names else {
        return show::error("--until is about one tutorial: mdbook-twin verify NAME --until STEP");
    };
    let how = How {
        suite: suite.cloned(),
        ..workshop.how(Execute::Always)
    };
    let until = look.until.as_deref();
    match verify::look(&workshop.project, name, until, &how, &workshop.lines) {
        Err(diagnostics) => shown.diagnostics(&diagnostics),
        Ok(Looked::Ran(part)) => {
            show::say(&report::part(suite, &part, shown.paint()));
            if part.until.is_some() {
                shown.note("only a part was run: it is no verdict, and nothing is kept of it");
            }
            ExitCode::from(part.exit_code())
        }
        Ok(Looked::Skipped(missing)) => {
            let reasons = report::reasons(&missing);
            show::say(&format!("{name} can't run here{reasons}"));
            ExitCode::from(exit::ALL_SKIPPED)
        }
        Ok(Looked::Broken(why)) => {
            show::error(&why);
            ExitCode::from(exit::NOT_VERIFIED)
        }
    }
}
