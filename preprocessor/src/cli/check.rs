//! `check`: everything that can be said without running.

use std::path::Path;
use std::process::ExitCode;

use mdbook_twin::tutorial;

use crate::cli::show::{self, Shown};

pub(crate) fn run(root: Option<&Path>, shown: &Shown) -> ExitCode {
    let project = match show::project(root) {
        Ok(project) => project,
        Err(code) => return code,
    };
    let checked = tutorial::check(&project);
    let code = shown.diagnostics(&checked.diagnostics);
    shown.note(&checked.summary());
    code
}
