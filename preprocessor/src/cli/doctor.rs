//! `doctor`: what each tutorial needs, what of it is here, and what brings the rest.

use std::path::Path;
use std::process::ExitCode;

use mdbook_twin::report;
use mdbook_twin::tutorial::{self, Permission, Suite};
use mdbook_twin::verify::{self, Checkup, How};

use crate::cli::show::{self, Shown};
use crate::cli::workshop::permission;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Which tutorials [default: all]
    names: Vec<String>,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
    /// As `verify --suite`: what they would need on that Debian
    #[arg(long, value_name = "SUITE")]
    suite: Option<Suite>,
    /// Take a permission as granted: tun, fuse, kvm, cgroups or network; may be repeated
    #[arg(long, value_name = "PERMISSION", value_parser = permission)]
    grant: Vec<Permission>,
}

pub(crate) fn run(root: Option<&Path>, arguments: &Arguments, shown: &Shown) -> ExitCode {
    let project = match show::project(root) {
        Ok(project) => project,
        Err(code) => return code,
    };
    let names = match arguments.names.as_slice() {
        [] => tutorial::names(&project),
        names => Ok(names.to_vec()),
    };
    let names = match names {
        Ok(names) => names,
        Err(error) => return show::error(&format!("{}: {error}", project.tutorials().display())),
    };
    let how = How {
        grants: arguments.grant.clone(),
        suite: arguments.suite.clone(),
        ..How::default()
    };
    let all = verify::check_up(&project, &names, &how);
    for diagnostics in all.iter().filter_map(|one| one.needs.as_ref().err()) {
        shown.diagnostics(diagnostics);
    }
    let granted = [project.config.grant.as_slice(), &how.grants].concat();
    let text = if arguments.json {
        format!("{:#}\n", report::doctor_json(&all, &granted))
    } else {
        report::doctor(&all, &granted, shown.paint_out())
    };
    match show::out(&text) {
        written if written == ExitCode::SUCCESS => ExitCode::from(Checkup::exit_code(&all)),
        failed => failed,
    }
}
