//! An upstream directory of all that a book's tutorials read, for machines that can't reach upstream.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::load::{Fetch, load_with, names};
use super::{Tutorial, pin};
use crate::diagnostic::Diagnostic;
use crate::project::Project;
use crate::upstream::{self, Reach};

/// Writes `OWNER/REPO/COMMIT/FILE` for each upstream file below `dir`, and what else the tutorials take from outside:
/// `OWNER/REPO/COMMIT.git` for each tree, `inputs/SHA256` for each file. The paths, sorted.
/// # Errors
/// A tutorial that can't be read, an upstream that can't be had, a folder that can't be written.
pub fn vendor(project: &Project, dir: &Path) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
    let failed = |message: String| vec![Diagnostic::error("not-vendored", message)];
    let names = names(project).map_err(|error| failed(error.to_string()))?;
    // All of them are had before the first is written.
    let mut files = BTreeMap::new();
    let mut tutorials = Vec::new();
    for name in names {
        let loaded = load_with(project, &name, Fetch::Never)?;
        tutorials.push(loaded.tutorial.clone());
        let Some(pin) = pin(&loaded.spec) else {
            continue;
        };
        let bytes = project
            .places
            .read(&pin, Reach::Network)
            .map_err(|error| failed(format!("{name}: {error}")))?;
        let path = pin.in_dir(dir).ok_or_else(|| {
            failed(format!(
                "{name}: {} has no OWNER/REPO to name a folder after",
                pin.url
            ))
        })?;
        files.insert(path, bytes);
    }
    for (path, bytes) in &files {
        upstream::write_whole(path, bytes).map_err(|error| failed(error.to_string()))?;
    }
    let mut written: BTreeSet<PathBuf> = files.into_keys().collect();
    for tutorial in &tutorials {
        written.extend(vendor_supplies(project, tutorial, dir)?);
    }
    Ok(written.into_iter().collect())
}

/// What a run of it would fetch.
#[cfg(unix)]
fn vendor_supplies(
    project: &Project,
    tutorial: &Tutorial,
    dir: &Path,
) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
    let checked_out = tutorial.hosts.iter().any(|host| host.checkout);
    let mut wanted = Vec::new();
    if let Some(of) = tutorial.upstream.as_ref().filter(|_| checked_out) {
        let got = upstream::vendor_checkout(&project.places, &of.url, &of.commit, dir);
        wanted.push((of.url.as_str(), got));
    }
    for input in &tutorial.inputs {
        let got = upstream::vendor_input(&project.places, input, dir);
        wanted.push((input.source.url(), got));
    }
    let failed = |message: String| {
        let message = format!("{}: {message}", tutorial.name);
        vec![Diagnostic::error("not-vendored", message)]
    };
    let paths = wanted.into_iter().map(|(url, got)| match got {
        Ok(Some(path)) => Ok(path),
        Ok(None) => Err(failed(format!(
            "{url} has no OWNER/REPO to name a folder after"
        ))),
        Err(error) => Err(failed(error.to_string())),
    });
    paths.collect()
}

/// Elsewhere nothing runs, so nothing is taken along.
#[cfg(not(unix))]
fn vendor_supplies(_: &Project, _: &Tutorial, _: &Path) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
    Ok(Vec::new())
}
