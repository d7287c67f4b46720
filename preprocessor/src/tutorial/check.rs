//! Everything that can be said of a book's tutorials without running them.
//!
//! Each is resolved, and all together are held to the upstream files that they share.

use super::coverage::check_coverage;
use super::load::{Fetch, Loaded, load_with, names};
use crate::diagnostic::{Diagnostic, Severity};
use crate::project::Project;
use crate::tutorial::UpstreamSource;

/// What a check found.
#[derive(Debug)]
pub struct Checked {
    /// All that is wrong; warnings too.
    pub diagnostics: Vec<Diagnostic>,
    /// How many tutorials there are.
    pub tutorials: usize,
}

impl Checked {
    /// One line: how many were checked and what came of it.
    pub fn summary(&self) -> String {
        let errors = self
            .diagnostics
            .iter()
            .filter(|found| found.severity == Severity::Error)
            .count();
        let tutorials = counted(self.tutorials, "tutorial");
        match errors {
            0 => format!("{tutorials}, no mistakes"),
            errors => format!("{tutorials}, {}", counted(errors, "mistake")),
        }
    }
}

fn counted(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// Checks every tutorial of the book. Asks git for what neither cache nor lock has.
pub fn check(project: &Project) -> Checked {
    let names = match names(project) {
        Ok(names) => names,
        Err(error) => {
            let message = format!("{}: {error}", project.tutorials().display());
            return Checked {
                diagnostics: vec![Diagnostic::error("unreadable", message)],
                tutorials: 0,
            };
        }
    };
    let mut diagnostics = Vec::new();
    let mut loaded = Vec::new();
    for name in &names {
        match load_with(project, name, Fetch::IfNeeded) {
            Ok(tutorial) => {
                diagnostics.extend(unread(&tutorial));
                loaded.push(tutorial);
            }
            Err(mistakes) => diagnostics.extend(mistakes),
        }
    }
    // With a tutorial missing, its commands would be reported as left out.
    if loaded.len() == names.len() {
        diagnostics.extend(check_coverage(&loaded));
    }
    Checked {
        diagnostics,
        tutorials: names.len(),
    }
}

/// A tutorial whose blocks could not be looked at is not wrong; but nobody should think that it was checked.
fn unread(loaded: &Loaded) -> Option<Diagnostic> {
    let is_unread = loaded
        .tutorial
        .upstream
        .as_ref()
        .is_some_and(|it| it.source == UpstreamSource::Unavailable);
    let reason = loaded.unavailable.as_deref().filter(|_| is_unread)?;
    let spec = loaded.tutorial.spec.display();
    let mut warning = Diagnostic::error(
        "upstream-unread",
        format!("{spec}: its blocks could not be checked: {reason}"),
    );
    warning.severity = Severity::Warning;
    Some(warning.help("where upstream can't be reached: upstream-dirs in book.toml, or TWIN_UPSTREAM_DIRS; `mdbook-twin vendor DIR` writes such a folder"))
}
