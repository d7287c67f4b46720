//! An upstream directory of all that a book's tutorials read, for machines that can't reach upstream.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::load::{Fetch, load_with, names};
use super::pin;
use crate::diagnostic::Diagnostic;
use crate::project::Project;
use crate::upstream::Reach;

/// Writes `OWNER/REPO/COMMIT/FILE` for each upstream file below `dir`; the paths, sorted.
/// # Errors
/// A tutorial that can't be read, an upstream that can't be had, a folder that can't be written.
pub fn vendor(project: &Project, dir: &Path) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
    let failed = |message: String| vec![Diagnostic::error("not-vendored", message)];
    let names = names(project).map_err(|error| failed(error.to_string()))?;
    // All of them are had before the first is written.
    let mut files = BTreeMap::new();
    for name in names {
        let loaded = load_with(project, &name, Fetch::Never)?;
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
        crate::upstream::write_whole(path, bytes).map_err(|error| failed(error.to_string()))?;
    }
    Ok(files.into_keys().collect())
}
