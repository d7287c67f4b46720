//! Where everything that a person or a program reads leaves: stdout for what was asked for, stderr for the rest.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::cli::screen;
use mdbook_twin::diagnostic::{self, Diagnostic, Severity};
use mdbook_twin::paint::Paint;
use mdbook_twin::project::Project;
use mdbook_twin::report;
use mdbook_twin::tutorial::Suite;
use mdbook_twin::verify::{Answer, exit};

/// When messages are coloured.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How much is shown, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown {
    pub(crate) color: Color,
    pub(crate) quiet: bool,
}

impl Shown {
    /// Whether stderr gets colours.
    pub(crate) fn paint(&self) -> Paint {
        self.paint_for(&std::io::stderr())
    }

    /// Whether stdout does.
    pub(crate) fn paint_out(&self) -> Paint {
        self.paint_for(&std::io::stdout())
    }

    fn paint_for(&self, stream: &impl IsTerminal) -> Paint {
        let auto = || std::env::var_os("NO_COLOR").is_none() && stream.is_terminal();
        match self.color {
            Color::Never => Paint::Plain,
            Color::Auto if !auto() => Paint::Plain,
            Color::Auto | Color::Always => Paint::Coloured,
        }
    }

    /// All messages about a spec, a README, a chapter; the exit code for them.
    pub(crate) fn diagnostics(&self, diagnostics: &[Diagnostic]) -> ExitCode {
        if !diagnostics.is_empty() {
            say(&diagnostic::render_all(diagnostics, self.paint()));
        }
        if diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
        {
            ExitCode::from(exit::BAD_INPUT)
        } else {
            ExitCode::from(exit::GOOD)
        }
    }

    /// What is said of one tutorial, on another suite than its own if it ran there.
    pub(crate) fn answer(&self, answer: &Answer, suite: Option<&Suite>) {
        match &answer.result {
            Ok(verification) => say(&report::verdict_on(suite, verification, self.paint())),
            Err(diagnostics) => {
                self.diagnostics(diagnostics);
            }
        }
    }

    /// A line for people who did not ask for quiet.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            say(text);
        }
    }
}

/// The book that a subcommand is about.
pub(crate) fn project(root: Option<&Path>) -> Result<Project, ExitCode> {
    Project::find(root).map_err(|error| self::error(&error.to_string()))
}

/// What was asked for, on stdout. A reader that has gone (`| head`) is no mistake.
pub(crate) fn out(text: &str) -> ExitCode {
    let mut stdout = std::io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            self::error(&format!("the output could not be written: {error}"))
        }
        _ => ExitCode::from(exit::GOOD),
    }
}

/// A line on stderr.
pub(crate) fn say(text: &str) {
    screen::say(text.trim_end());
}

/// A mistake that belongs to no file; the exit code for it.
pub(crate) fn error(text: &str) -> ExitCode {
    say(&format!("error: {text}"));
    ExitCode::from(exit::BAD_INPUT)
}
