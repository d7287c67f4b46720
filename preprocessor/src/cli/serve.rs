//! `serve`: the `mdbook` on PATH, with this very program as its preprocessor.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::cli::show::{self, Shown};
use mdbook_twin::verify::exit;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// When tutorials run: always, changed or never [default: book.toml's]
    #[arg(long, value_name = "WHEN")]
    execute: Option<String>,
    /// What `mdbook serve` gets, e.g. --open
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

pub(crate) fn run(root: Option<&Path>, arguments: &Arguments, _: &Shown) -> ExitCode {
    let project = match show::project(root) {
        Ok(project) => project,
        Err(code) => return code,
    };
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return show::error(&format!("this program has no path: {error}")),
    };
    let mut mdbook = Command::new("mdbook");
    mdbook.arg("serve").arg(&project.root).args(&arguments.rest);
    mdbook.env("MDBOOK_PREPROCESSOR__TWIN__COMMAND", program);
    if let Some(execute) = &arguments.execute {
        mdbook.env("MDBOOK_PREPROCESSOR__TWIN__EXECUTE", execute);
    }
    match mdbook.status() {
        Ok(status) if status.success() => ExitCode::from(exit::GOOD),
        Ok(_) => ExitCode::from(exit::NOT_VERIFIED),
        Err(error) => show::error(&format!(
            "mdbook could not be started: {error}\n  = mdBook's server is a part of its program, not of its library: cargo install mdbook\n  = without it: mdbook-twin build, and open the pages of the book's folder"
        )),
    }
}
