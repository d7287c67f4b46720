//! `clean`: what the cache directory holds, and its space back.

use std::path::Path;
use std::process::ExitCode;

use mdbook_twin::cache::{self, Freed, Holding, Kind};
use mdbook_twin::verify::exit;

use crate::cli::show::{self, Shown};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Which kinds [default: all]
    #[arg(value_enum)]
    kinds: Vec<Kind>,
    /// Show what there is, and free nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(root: Option<&Path>, arguments: &Arguments, shown: &Shown) -> ExitCode {
    let project = match show::project(root) {
        Ok(project) => project,
        Err(code) => return code,
    };
    let holdings = cache::holdings(&project.cache, &arguments.kinds);
    let mut code = exit::GOOD;
    let (mut total, mut stays) = (0, 0);
    for holding in &holdings {
        let became = match arguments.dry_run {
            true => "",
            false => match cache::free(&project.cache, holding) {
                Ok(Freed::Gone) => "",
                Ok(Freed::InUse) => {
                    stays += holding.size;
                    "  in use, so it stays"
                }
                Err(error) => {
                    show::error(&format!("{}: {error}", holding.name));
                    code = exit::NOT_VERIFIED;
                    stays += holding.size;
                    "  it stays"
                }
            },
        };
        total += holding.size;
        show::out(&format!("{}{became}\n", line(holding)));
    }
    shown.note(&match arguments.dry_run {
        true => format!("{} in {}", size(total), project.cache.display()),
        false => format!("{} freed", size(total - stays)),
    });
    ExitCode::from(code)
}

fn line(holding: &Holding) -> String {
    format!(
        "{:>9}  {:<9}  {}",
        size(holding.size),
        holding.kind.word(),
        holding.name
    )
}

/// `312 MB`: powers of 1000, as `df -H` and disks have them.
fn size(bytes: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match units.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) if bytes < 10 * unit => {
            format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit)
        }
        Some((unit, name)) => format!("{} {name}", bytes / unit),
        None => format!("{bytes} B"),
    }
}
