//! `vendor`: the upstream files of all tutorials, in the layout of an upstream directory.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mdbook_twin::tutorial;

use crate::cli::show::{self, Shown};
use mdbook_twin::verify::exit;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where OWNER/REPO/COMMIT/FILE goes
    dir: PathBuf,
}

pub(crate) fn run(root: Option<&Path>, arguments: &Arguments, shown: &Shown) -> ExitCode {
    let project = match show::project(root) {
        Ok(project) => project,
        Err(code) => return code,
    };
    match tutorial::vendor(&project, &arguments.dir) {
        Ok(written) => {
            written
                .iter()
                .for_each(|path| shown.note(&path.display().to_string()));
            ExitCode::from(exit::GOOD)
        }
        Err(diagnostics) => shown.diagnostics(&diagnostics),
    }
}
