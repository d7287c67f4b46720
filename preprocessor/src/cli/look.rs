//! `verify NAME --until STEP`, `--debug`: one tutorial, to find out why it is not as it should be.

use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::process::ExitCode;

use mdbook_twin::config::Execute;
use mdbook_twin::judge::verdict::{Verdict, Verification, Why};
use mdbook_twin::report;
use mdbook_twin::run::attach::Caller;
use mdbook_twin::tutorial::Suite;
use mdbook_twin::verify::{self, How, Look, Looked, Observer, Part, Person, Progress, exit};

use crate::cli::show::{self, Shown};
use crate::cli::workshop::Workshop;

/// What makes `verify` look at one tutorial instead of giving verdicts.
#[derive(clap::Args)]
pub(crate) struct Looking {
    /// Stop behind this step of the one tutorial named (its id, or its number), and run the cleanup
    #[arg(long, value_name = "STEP", conflicts_with_all = ["changed", "shard"])]
    until: Option<String>,
    /// Where a step of the one tutorial named is not as it should be (or behind that of --until), put this terminal into
    /// the step's own, as it stands
    #[arg(long, conflicts_with_all = ["changed", "shard"])]
    debug: bool,
}

impl Looking {
    /// Whether anything of it was asked for.
    pub(crate) fn is_asked(&self) -> bool {
        self.until.is_some() || self.debug
    }
}

pub(crate) fn run(
    workshop: &Workshop,
    names: &[String],
    arguments: &Looking,
    suite: Option<&Suite>,
    shown: &Shown,
) -> ExitCode {
    let [name] = names else {
        return show::error(
            "--until and --debug are about one tutorial: mdbook-twin verify NAME …",
        );
    };
    let how = How {
        suite: suite.cloned(),
        ..workshop.how(Execute::Always)
    };
    let (input, mut output) = (std::io::stdin(), std::io::stdout());
    let mut errors = std::io::sink();
    if arguments.debug && !(input.is_terminal() && output.is_terminal()) {
        return show::error(&format!(
            "--debug puts your terminal into the tutorial's, and here is none (stdin and stdout have to be one); \
             without one: mdbook-twin lab {name} -- CMD"
        ));
    }
    let words = |wrong: &Verification| words(wrong, shown);
    let look = Look {
        until: arguments.until.as_deref(),
        person: arguments.debug.then(|| Person {
            caller: Caller {
                input: input.as_fd(),
                output: &mut output,
                errors: &mut errors,
                person: true,
                interrupt: how.stop,
            },
            words: &words,
        }),
    };
    let steps = Steps { shown: *shown };
    let observer: &dyn Observer = match arguments.debug {
        true => &steps,
        false => &workshop.lines,
    };
    match verify::look(&workshop.project, name, look, &how, observer) {
        Err(diagnostics) => shown.diagnostics(&diagnostics),
        Ok(Looked::Ran(part)) => told(&part, arguments, suite, shown),
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

fn told(part: &Part, arguments: &Looking, suite: Option<&Suite>, shown: &Shown) -> ExitCode {
    show::say(&report::part(suite, part, shown.paint()));
    if arguments.until.is_some() {
        shown.note("only a part was run: it is no verdict, and nothing is kept of it");
    } else {
        shown.note("it was run to be debugged: nothing is kept of it");
    }
    ExitCode::from(part.exit_code())
}

/// What the terminal itself shows needs no words.
fn words(wrong: &Verification, shown: &Shown) -> String {
    match &wrong.verdict {
        Verdict::Failed(failed) if matches!(failed.why, Why::CouldNotGoOn(_)) => {
            report::line(wrong, shown.paint())
        }
        _ => report::verdict(wrong, shown.paint()),
    }
}

/// A line for each step, so that the one who stands by knows where they are.
struct Steps {
    shown: Shown,
}

impl Observer for Steps {
    fn progress(&self, name: &str, progress: Progress<'_>) {
        match progress {
            Progress::Preparing(what) => self.shown.note(&format!("{name}: {what}")),
            Progress::Running { .. } => self.shown.note(&format!("running {name}, step by step")),
            Progress::Step { step, tutorial } => {
                let step = &tutorial.steps[step];
                let terminal = &tutorial.terminals[step.terminal].name;
                let note = format!("step `{}` in the terminal `{terminal}`", step.id);
                self.shown.note(&note);
            }
            Progress::Waiting | Progress::Finished(_) => {}
        }
    }
}
