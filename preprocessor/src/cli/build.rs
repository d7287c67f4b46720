//! `build`: the book, with the mdBook inside this program.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mdbook_twin::book;
use mdbook_twin::verify::exit;

use crate::cli::show::{self, Shown};
use crate::cli::workshop::{Running, Workshop};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// When tutorials run [default: book.toml's]
    #[arg(long, value_name = "WHEN", value_parser = ["always", "changed", "never"])]
    execute: Option<String>,
    /// Where the book goes [default: book.toml's]
    #[arg(long, short, value_name = "DIR")]
    dest_dir: Option<PathBuf>,
    #[command(flatten)]
    running: Running,
}

pub(crate) fn run(root: Option<&Path>, arguments: &Arguments, shown: &Shown) -> ExitCode {
    let project = match show::project(root) {
        Ok(project) => project,
        Err(code) => return code,
    };
    let root = project.root.clone();
    let settings = book::Settings {
        execute: arguments.execute.clone(),
        build_dir: arguments.dest_dir.clone(),
    };
    let workshop = Workshop::new(project, &arguments.running, *shown);
    match book::build(&root, &settings, workshop, show::say) {
        Ok(()) => ExitCode::from(exit::GOOD),
        Err(error) => {
            show::say(&error.to_string());
            ExitCode::from(exit::NOT_VERIFIED)
        }
    }
}
