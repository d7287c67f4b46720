//! `verify NAME --until STEP`, `--debug`, `--keep`: one tutorial, to find out why it is not as it should be.

use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::process::ExitCode;

use mdbook_twin::config::Execute;
use mdbook_twin::judge::verdict::{Verdict, Verification, Why};
use mdbook_twin::report;
use mdbook_twin::run::attach::Caller;
use mdbook_twin::tutorial::Suite;
use mdbook_twin::verify::{
    self, Callers, How, Look, Looked, Observer, Part, Person, Progress, With, exit,
};

use crate::cli::show::{self, Shown};
use crate::cli::workshop::Workshop;

/// What makes `verify` look at one tutorial instead of giving verdicts.
#[derive(clap::Args)]
pub(crate) struct Looking {
    /// Stop behind this step of the one tutorial named (its id, or its number), and run the cleanup
    #[arg(long, value_name = "STEP", conflicts_with_all = ["changed", "shard", "reports"])]
    until: Option<String>,
    /// Where a step of the one tutorial named is not as it should be (or behind that of --until), put this terminal into
    /// the step's own, as it stands
    #[arg(long, conflicts_with_all = ["changed", "shard", "reports"])]
    debug: bool,
    /// Leave the lab of the one tutorial named up before its cleanup, and say how to enter it
    #[arg(long, conflicts_with_all = ["changed", "shard", "debug", "reports"])]
    keep: bool,
}

impl Looking {
    /// Whether anything of it was asked for.
    pub(crate) fn is_asked(&self) -> bool {
        self.until.is_some() || self.debug || self.keep
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
            "--until, --debug and --keep are about one tutorial: mdbook-twin verify NAME …",
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
             without one, mdbook-twin verify {name} --keep leaves the lab up, and mdbook-twin lab {name} --kept -- CMD \
             runs a command in it"
        ));
    }
    let words = |wrong: &Verification| words(wrong, shown);
    let mut stood = false;
    let mut stands = |part: &Part| {
        stood = true;
        show::say(&report::part(suite, part, shown.paint()));
        show::say(&how_to_enter(workshop, part));
    };
    let with = match (arguments.debug, arguments.keep) {
        (true, _) => With::Person(Person {
            caller: Caller {
                input: input.as_fd(),
                output: &mut output,
                errors: &mut errors,
                person: true,
                interrupt: how.stop,
            },
            words: &words,
        }),
        (_, true) => With::Callers(Callers {
            stands: &mut stands,
            input: input.as_fd(),
        }),
        (false, false) => With::Nobody,
    };
    let until = arguments.until.as_deref();
    let look = Look { until, with };
    let notes = Notes {
        shown: *shown,
        each_step: arguments.debug,
    };
    let looked = verify::look(&workshop.project, name, look, &how, &notes);
    match looked {
        Ok(Looked::Ran(part)) if stood => {
            let cleanup = report::cleanup(&part);
            if !cleanup.is_empty() {
                show::say(&cleanup);
            }
            shown.note("its cleanup has run, and the lab is gone; nothing is kept of the run");
            ExitCode::from(part.exit_code())
        }
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

/// A command line for each host.
fn how_to_enter(workshop: &Workshop, part: &Part) -> String {
    let tutorial = &part.verification.tutorial;
    let root = mdbook_twin::tutorial::load::word(&workshop.project.root.display().to_string());
    let mut text =
        "the lab stands, before its cleanup. To enter it, in another terminal:\n".to_owned();
    for host in &tutorial.hosts {
        let (name, host) = (&tutorial.name, &host.name);
        text.push_str(&format!(
            "  mdbook-twin --root {root} lab {name} --kept --host {host}\n"
        ));
    }
    text + "Enter or ^C here ends it, with its cleanup."
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

/// Lines and nothing else: what stands on the terminal is the person's.
struct Notes {
    shown: Shown,
    /// Who stands by should know where they are.
    each_step: bool,
}

impl Observer for Notes {
    fn progress(&self, name: &str, progress: Progress<'_>) {
        match progress {
            Progress::Preparing(what) => self.shown.note(&format!("{name}: {what}")),
            Progress::Running { .. } if self.each_step => {
                self.shown.note(&format!("running {name}, step by step"));
            }
            Progress::Running { .. } => self.shown.note(&format!("running {name}")),
            Progress::Step { step, tutorial } if self.each_step => {
                let step = &tutorial.steps[step];
                let terminal = &tutorial.terminals[step.terminal].name;
                let note = format!("step `{}` in the terminal `{terminal}`", step.id);
                self.shown.note(&note);
            }
            _ => {}
        }
    }
}
