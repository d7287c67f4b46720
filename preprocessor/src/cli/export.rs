//! `export`: what the book knows, in another form, on stdout.

use std::path::Path;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use mdbook_twin::export::{Asked, TARGETS, Target};
use mdbook_twin::tutorial;
use mdbook_twin::verify::{self, exit};

use crate::cli::show::{self, Shown};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Which tutorials [default: all]
    names: Vec<String>,
    /// The form
    #[arg(long, value_name = "TARGET", value_parser = targets())]
    to: String,
}

fn targets() -> PossibleValuesParser {
    let values = TARGETS
        .iter()
        .map(|target| clap::builder::PossibleValue::new(target.name).help(target.about));
    PossibleValuesParser::new(values)
}

pub(crate) fn run(root: Option<&Path>, arguments: &Arguments, shown: &Shown) -> ExitCode {
    let project = match show::project(root) {
        Ok(project) => project,
        Err(code) => return code,
    };
    let Some(target) = Target::named(&arguments.to) else {
        return show::error(&format!("there is no target `{}`", arguments.to));
    };
    let mut names = match tutorial::names(&project) {
        Ok(names) => names,
        Err(error) => return show::error(&format!("{}: {error}", project.tutorials().display())),
    };
    // A name that is none is asked for as well, for the message that it gives.
    names.extend(arguments.names.iter().cloned());
    names.sort();
    names.dedup();
    let mut all = Vec::new();
    let mut mistakes = Vec::new();
    for answer in verify::look_up(&project, &names) {
        match answer.result {
            Ok(verification) => all.push(verification),
            Err(more) => mistakes.extend(more),
        }
    }
    if !mistakes.is_empty() {
        shown.diagnostics(&mistakes);
        return ExitCode::from(exit::BAD_INPUT);
    }
    let asked = Asked {
        all: &all,
        names: &arguments.names,
    };
    match target.text(&asked) {
        Ok(text) => show::out(&text),
        Err(why) => show::error(&why.to_string()),
    }
}
