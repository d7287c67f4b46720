//! What is taken from outside, pinned: upstream's file, its tree, other inputs; from the cache, from upstream directories,
//! by git or curl.
//!
//! In: a pin. Out: bytes that are the pinned ones, whatever place they came from. Not here: what is in them
//! (`readme/`), and the lock that stands in when no place has them (`tutorial/`).

#[cfg(unix)]
mod checkout;
mod git;
#[cfg(unix)]
mod input;
mod places;
#[cfg(unix)]
mod tree;
mod unpinned;

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::diagnostic::Position;

#[cfg(unix)]
pub use checkout::{checkout, vendor as vendor_checkout};
pub use git::check_url;
#[cfg(unix)]
pub use input::{input, vendor as vendor_input};
pub use places::{Places, Reach, write_whole};
pub use unpinned::Unpinned;

/// A file of a repository at a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// What git fetches from.
    pub url: String,
    /// `owner/repo` for a GitHub repository.
    pub github: Option<String>,
    /// The full commit id, 40 lower-case hex digits.
    pub commit: String,
    /// The file's path in the repository.
    pub file: String,
    /// Its sha256, 64 lower-case hex digits.
    pub sha256: String,
}

/// Why a file could not be had.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// Its bytes are not the pinned ones: nothing may run.
    #[error(
        "{file} from {place} is not the pinned file: its sha256 is {found}, the pin says {pinned}"
    )]
    Differs {
        /// The file's path in the repository.
        file: String,
        /// Where the other bytes came from.
        place: String,
        /// What they hash to.
        found: String,
        /// What they should hash to.
        pinned: String,
    },
    /// The repository answered, and has no such commit.
    #[error("{url} has no commit {commit}")]
    NoCommit {
        /// The repository.
        url: String,
        /// The commit.
        commit: String,
    },
    /// The commit is there, the file is not.
    #[error("{url} has no file {file} at commit {commit}")]
    NoFile {
        /// The repository.
        url: String,
        /// The commit.
        commit: String,
        /// The file.
        file: String,
    },
    /// No place has it: a tutorial can still be shown from its transcript.
    #[error("{url} could not be reached: {reason}")]
    Unreachable {
        /// The repository.
        url: String,
        /// What git said, in one line.
        reason: String,
    },
    /// The commit's tree is none that is written: it is hostile, damaged, or too large. Nothing may run.
    #[error("{url} at commit {commit} is not checked out: {reason}")]
    Refused {
        /// The repository.
        url: String,
        /// The commit.
        commit: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An input's bytes are not the pinned ones: nothing may run.
    #[error(
        "{at}: {place} does not give the pinned file: its sha256 is {found}, the spec says {pinned}"
    )]
    InputDiffers {
        /// The input in the spec.
        at: Position,
        /// Where the other bytes came from.
        place: String,
        /// What they hash to.
        found: String,
        /// What they should hash to.
        pinned: String,
    },
    /// An input that does not end. Nothing may run.
    #[error("{at}: {url} has more than {most} MiB, which no input may have")]
    InputTooLarge {
        /// The input in the spec.
        at: Position,
        /// The input's URL.
        url: String,
        /// The bound, in MiB.
        most: u64,
    },
    /// A place on this machine can't be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

impl Pin {
    /// A name for it in messages, which `mdbook-twin extract` understands for GitHub: `github:OWNER/REPO@REV:FILE`.
    pub fn shown(&self) -> String {
        let rev = &self.commit[..self.commit.len().min(7)];
        let place = match &self.github {
            Some(github) => format!("github:{github}@{rev}"),
            None => format!("{}@{rev}", self.url),
        };
        match self.file.as_str() {
            "README.md" => place,
            file => format!("{place}:{file}"),
        }
    }

    fn check(&self, bytes: Vec<u8>, place: impl FnOnce() -> String) -> Result<Vec<u8>, PinError> {
        let found = sha256(&bytes);
        if found == self.sha256 {
            return Ok(bytes);
        }
        Err(PinError::Differs {
            file: self.file.clone(),
            place: place(),
            found,
            pinned: self.sha256.clone(),
        })
    }
}

/// What a clone of a repository is called: the last part of its URL, without `.git`.
pub fn repository_name(url: &str) -> &str {
    let path = url.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let name = path.rsplit(['/', ':']).next().unwrap_or_default();
    // It becomes a folder, and a word on command lines.
    match name.is_empty() || name.starts_with(['.', '-', '~']) {
        true => "upstream",
        false => name,
    }
}

/// Sha256 in lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut hex = String::with_capacity(64);
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
