//! `init`: an existing book gets what it needs.

use std::path::Path;
use std::process::ExitCode;

use mdbook_twin::init;

use crate::cli::show::{self, Shown};
use mdbook_twin::verify::exit;

pub(crate) fn run(root: Option<&Path>, shown: &Shown) -> ExitCode {
    let root = match show::project(root) {
        Ok(project) => project.root,
        Err(code) => return code,
    };
    match init::init(&root) {
        Ok(changes) if changes.is_empty() => {
            shown.note("nothing to do: this book has all it needs")
        }
        Ok(changes) => changes.iter().for_each(|change| shown.note(change)),
        Err(error) => return show::error(&error.to_string()),
    }
    ExitCode::from(exit::GOOD)
}
