//! `extract`: the command blocks of a README.

use std::process::ExitCode;

use mdbook_twin::project::{self, Project};
use mdbook_twin::readme::{Readme, extract_json, extract_text};
use mdbook_twin::upstream::{Places, Unpinned};

use crate::cli::show::{self, Shown};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A markdown file, or github:OWNER/REPO[@REV][:PATH]
    source: String,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(root: Option<&std::path::Path>, arguments: &Arguments, _: &Shown) -> ExitCode {
    let bytes = match read(root, &arguments.source) {
        Ok(bytes) => bytes,
        Err(message) => return show::error(&message),
    };
    let readme = Readme::parse(&String::from_utf8_lossy(&bytes));
    if !arguments.json {
        return show::out(&extract_text(&readme));
    }
    match serde_json::to_string_pretty(&extract_json(&readme)) {
        Ok(json) => show::out(&(json + "\n")),
        Err(error) => show::error(&error.to_string()),
    }
}

fn read(root: Option<&std::path::Path>, source: &str) -> Result<Vec<u8>, String> {
    if !source.starts_with("github:") {
        return std::fs::read(source).map_err(|error| {
            format!("{source}: {error}\n  = a file, or github:OWNER/REPO[@REV][:PATH]")
        });
    }
    let file: Unpinned = source.parse()?;
    places(root).look(&file).map_err(|error| error.to_string())
}

/// Those of the book around here, or of this machine: a README can be looked at without a book.
fn places(root: Option<&std::path::Path>) -> Places {
    Project::find(root).map_or_else(|_| project::places(), |project| project.places)
}
