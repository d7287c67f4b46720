//! The places that may have a pinned file, in their order.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::git;
use super::{Pin, PinError, Unpinned};

/// Where pinned files are looked for.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The cache: files by sha256, written here after git brought them.
    pub cache: PathBuf,
    /// Folders with `OWNER/REPO/COMMIT/FILE`.
    pub dirs: Vec<PathBuf>,
}

/// How far a look goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Cache and folders of this machine.
    Machine,
    /// Also git.
    Network,
}

/// A fetch of one commit takes seconds; one that takes longer has lost its way.
const GIT_TIMEOUT: Duration = Duration::from_secs(120);

impl Places {
    /// The file's bytes at the pinned commit, from the first place that has them. Their sha256 is checked wherever
    /// they came from. With [`Reach::Network`] it takes as long as one `git fetch`.
    /// # Errors
    /// [`PinError::Unreachable`]: no place had it, the transcript can still be shown. [`PinError::Differs`]: stop.
    pub fn read(&self, pin: &Pin, reach: Reach) -> Result<Vec<u8>, PinError> {
        let cached = self.cached(pin);
        match std::fs::read(&cached) {
            // The cache is ours: what does not hash to its name was damaged, and is fetched again.
            Ok(bytes) if super::sha256(&bytes) == pin.sha256 => return Ok(bytes),
            Ok(_) => {}
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(io_error(&cached, error)),
        }
        for path in self.dirs.iter().filter_map(|dir| pin.in_dir(dir)) {
            match std::fs::read(&path) {
                Ok(bytes) => return pin.check(bytes, || path.display().to_string()),
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(io_error(&path, error)),
            }
        }
        if reach == Reach::Machine {
            return Err(PinError::Unreachable {
                url: pin.url.clone(),
                reason: "it is neither in the cache nor in an upstream directory".to_owned(),
            });
        }
        let bytes = git::read(&pin.url, &pin.commit, &pin.file, GIT_TIMEOUT)?;
        let bytes = pin.check(bytes, || pin.url.clone())?;
        write_whole(&cached, &bytes)?;
        Ok(bytes)
    }

    /// A file to look at, never to run: from an upstream directory that has one commit that fits, else by git.
    /// # Errors
    /// As [`Places::read`], but for the hash, which nobody named.
    pub fn look(&self, file: &Unpinned) -> Result<Vec<u8>, PinError> {
        for dir in &self.dirs {
            let commits = std::fs::read_dir(dir.join(&file.github))
                .into_iter()
                .flatten()
                .flatten();
            let mut found = commits
                .filter(|commit| file.is_rev_of(&commit.file_name().to_string_lossy()))
                .filter_map(|commit| std::fs::read(commit.path().join(&file.path)).ok());
            // Two that fit are a question for git, which knows what the revision means.
            if let (Some(bytes), None) = (found.next(), found.next()) {
                return Ok(bytes);
            }
        }
        git::read(
            &file.url(),
            file.rev.as_deref().unwrap_or("HEAD"),
            &file.path,
            GIT_TIMEOUT,
        )
    }

    /// By content: the same file of two commits or forks is there once.
    fn cached(&self, pin: &Pin) -> PathBuf {
        self.cache.join("upstream").join(&pin.sha256)
    }
}

impl Pin {
    /// Its place in an upstream directory; `None` for a URL that names no owner and repository.
    pub fn in_dir(&self, dir: &Path) -> Option<PathBuf> {
        let repository = match &self.github {
            Some(github) => github.clone(),
            None => owner_and_repo(&self.url)?,
        };
        let inside = crate::tutorial::spec::inside(&self.file)?;
        Some(dir.join(repository).join(&self.commit).join(inside))
    }
}

/// The last two parts of a URL's path, without `.git`: how other forges name their repositories.
pub(super) fn owner_and_repo(url: &str) -> Option<String> {
    let path = url.trim_end_matches('/').trim_end_matches(".git");
    let mut parts = path.rsplit(['/', ':']);
    let (repo, owner) = (parts.next()?, parts.next()?);
    let right = |part: &str| !part.is_empty() && !part.starts_with('.');
    (right(repo) && right(owner)).then(|| format!("{owner}/{repo}"))
}

pub(super) fn is_absent(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
    )
}

pub(super) fn io_error(path: &Path, error: std::io::Error) -> PinError {
    PinError::Io {
        path: path.to_owned(),
        error,
    }
}

/// Writes a file beside its place and renames it: a reader sees the whole file or none.
/// # Errors
/// [`PinError::Io`].
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), PinError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error| io_error(path, error))
}
