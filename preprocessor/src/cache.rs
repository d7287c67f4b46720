//! What the cache directory holds, by kind, and how it is freed. All of it can be had again.
//!
//! In: the cache directory. Out: one [`Holding`] for each thing in it that goes as a whole. Not here: who writes them
//! (`upstream/`, `lab/system/`, `verify/store.rs`).

use std::fs;
use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};

/// The kinds of things, by what it costs to have them again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Kind {
    /// Debian systems: half a minute each, and a mirror
    Systems,
    /// Trees of upstream: git
    Checkouts,
    /// Inputs: their servers
    Inputs,
    /// Upstream's files: git
    Upstream,
    /// What was verified here: a run each
    Runs,
}

/// One thing in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// What sort of thing it is.
    pub kind: Kind,
    /// For people: the name of its file or folder, or `12 files`.
    pub name: String,
    /// Bytes.
    pub size: u64,
    paths: Vec<PathBuf>,
}

/// What became of a thing that was to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freed {
    /// It is gone.
    Gone,
    /// A run or a build uses it, so it stays.
    InUse,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Systems,
        Self::Checkouts,
        Self::Inputs,
        Self::Upstream,
        Self::Runs,
    ];

    /// Its word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Systems => "systems",
            Self::Checkouts => "checkouts",
            Self::Inputs => "inputs",
            Self::Upstream => "upstream",
            Self::Runs => "runs",
        }
    }

    /// Where it lies below the cache directory.
    fn folders(self) -> &'static [&'static str] {
        match self {
            Self::Systems => &["systems"],
            Self::Checkouts => &["checkouts"],
            Self::Inputs => &["inputs"],
            Self::Upstream => &["upstream"],
            Self::Runs => &["verdicts", "latest", "failed"],
        }
    }
}

/// What the cache holds of these kinds; of all kinds when none is named.
pub fn holdings(cache: &Path, kinds: &[Kind]) -> Vec<Holding> {
    let wanted = |kind: &Kind| kinds.is_empty() || kinds.contains(kind);
    let kinds = Kind::ALL.into_iter().filter(wanted);
    kinds.flat_map(|kind| of_kind(cache, kind)).collect()
}

fn of_kind(cache: &Path, kind: Kind) -> Vec<Holding> {
    let holding = |name: String, paths: Vec<PathBuf>| Holding {
        kind,
        name,
        size: paths.iter().map(|path| size_of_tree(path)).sum(),
        paths,
    };
    match kind {
        Kind::Systems => systems(cache),
        // Each is worth a line of its own: a tree has a size that is noticed.
        Kind::Checkouts => entries(&cache.join("checkouts"))
            .into_iter()
            .map(|path| holding(file_name(&path), vec![path]))
            .collect(),
        kind => {
            let folders = kind.folders().iter();
            let paths: Vec<PathBuf> = folders
                .flat_map(|name| entries(&cache.join(name)))
                .collect();
            let plural = if paths.len() == 1 { "" } else { "s" };
            let name = format!("{} file{plural}", paths.len());
            (!paths.is_empty())
                .then(|| holding(name, paths))
                .into_iter()
                .collect()
        }
    }
}

#[cfg(all(feature = "run", target_os = "linux"))]
fn systems(cache: &Path) -> Vec<Holding> {
    let systems = crate::lab::system::Shelf::new(cache).systems();
    let holding = |(name, path): (String, PathBuf)| Holding {
        kind: Kind::Systems,
        name,
        size: size_of_tree(&path),
        paths: vec![path],
    };
    systems.into_iter().map(holding).collect()
}

/// Nothing makes systems here.
#[cfg(not(all(feature = "run", target_os = "linux")))]
fn systems(_: &Path) -> Vec<Holding> {
    Vec::new()
}

/// Frees one thing.
///
/// # Errors
/// It can't be removed; a part of it may be gone.
pub fn free(cache: &Path, holding: &Holding) -> Result<Freed> {
    let mut all = Freed::Gone;
    for path in &holding.paths {
        let freed = match holding.kind {
            Kind::Systems => free_system(cache, path)?,
            _ => remove(path).map(|()| Freed::Gone)?,
        };
        if freed == Freed::InUse {
            all = freed;
        }
    }
    Ok(all)
}

#[cfg(all(feature = "run", target_os = "linux"))]
fn free_system(cache: &Path, path: &Path) -> Result<Freed> {
    let gone = crate::lab::system::Shelf::new(cache).free(path)?;
    Ok(if gone { Freed::Gone } else { Freed::InUse })
}

#[cfg(not(all(feature = "run", target_os = "linux")))]
fn free_system(_: &Path, _: &Path) -> Result<Freed> {
    Ok(Freed::InUse)
}

fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        _ => fs::remove_file(path),
    };
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Nothing where there is no such folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Bytes of what the caller can see of it.
fn size_of_tree(path: &Path) -> u64 {
    let Ok(found) = fs::symlink_metadata(path) else {
        return 0;
    };
    let own = found.len();
    match found.is_dir() {
        true => {
            own + entries(path)
                .iter()
                .map(|path| size_of_tree(path))
                .sum::<u64>()
        }
        false => own,
    }
}
