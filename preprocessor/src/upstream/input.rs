//! What a tutorial takes from outside besides upstream: a file by its sha256, or a repository's tree by its commit.
//!
//! In: an [`Input`]. Out: a file or folder in the cache whose bytes are the pinned ones. Not here: where in a host it
//! is put (`run/supplies.rs`, `lab/host/files.rs`).

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use super::places::io_error;
use super::{PinError, Places, Reach, checkout, hex};
use crate::tutorial::{Input, InputSource};

/// The most bytes of one file: a quarter of what a lab may write.
const MOST_BYTES: u64 = 1 << 30;

/// Seconds after which curl gives up whatever it does, and a slower line than this for half a minute is none.
const TIMEOUT: &str = "600";

/// The input, from the first place that has it: the cache, an upstream directory (`inputs/SHA256`), curl or git. A file
/// is hashed wherever it came from, each time.
/// # Errors
/// [`PinError::Unreachable`]: no place had it, the run is skipped. [`PinError::InputDiffers`],
/// [`PinError::InputTooLarge`], [`PinError::Refused`]: stop.
pub fn input(places: &Places, input: &Input, reach: Reach) -> Result<PathBuf, PinError> {
    match &input.source {
        InputSource::Tree { url, commit } => checkout(places, url, commit, reach),
        InputSource::File { url, sha256 } => file(places, input, url, sha256, reach),
    }
}

/// Writes a file that is an input into an upstream directory; a tree as [`super::vendor_checkout`] does.
/// # Errors
/// As [`input()`].
pub fn vendor(places: &Places, of: &Input, dir: &Path) -> Result<Option<PathBuf>, PinError> {
    match &of.source {
        InputSource::Tree { url, commit } => super::vendor_checkout(places, url, commit, dir),
        InputSource::File { sha256, .. } => {
            let source = input(places, of, Reach::Network)?;
            let target = in_dir(dir, sha256);
            let copied = copy_whole(&source, &target);
            copied.map_err(|error| io_error(&target, error))?;
            Ok(Some(target))
        }
    }
}

/// Beside its place and renamed: a reader sees the whole file or none.
fn copy_whole(source: &Path, target: &Path) -> io::Result<()> {
    let folder = target.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut copy = tempfile::NamedTempFile::new_in(folder)?;
    io::copy(&mut File::open(source)?, &mut copy)?;
    copy.persist(target).map_err(|error| error.error)?;
    Ok(())
}

/// Its place in an upstream directory.
fn in_dir(dir: &Path, sha256: &str) -> PathBuf {
    dir.join("inputs").join(sha256)
}

fn file(
    places: &Places,
    input: &Input,
    url: &str,
    sha256: &str,
    reach: Reach,
) -> Result<PathBuf, PinError> {
    let cached = in_dir(&places.cache, sha256);
    // The cache is ours: what does not hash to its name was damaged, and is fetched again.
    if hashed(&cached)?.is_some_and(|found| found == sha256) {
        return Ok(cached);
    }
    let differs = |place: String, found: String| PinError::InputDiffers {
        at: input.at.clone(),
        place,
        found,
        pinned: sha256.to_owned(),
    };
    for path in places.dirs.iter().map(|dir| in_dir(dir, sha256)) {
        match hashed(&path)? {
            Some(found) if found == sha256 => return Ok(path),
            Some(found) => return Err(differs(path.display().to_string(), found)),
            None => {}
        }
    }
    if reach == Reach::Machine {
        return Err(unreachable(
            url,
            "it is neither in the cache nor in an upstream directory",
        ));
    }
    let folder = places.cache.join("inputs");
    let new = || {
        fs::create_dir_all(&folder)?;
        tempfile::NamedTempFile::new_in(&folder)
    };
    let mut new = new().map_err(|error| io_error(&folder, error))?;
    curl(url, &mut new, MOST_BYTES).map_err(|why| match why {
        NotGot::Unreachable(reason) => unreachable(url, &reason),
        NotGot::Local(error) => io_error(&folder, error),
        NotGot::TooLarge => PinError::InputTooLarge {
            at: input.at.clone(),
            url: url.to_owned(),
            most: MOST_BYTES >> 20,
        },
    })?;
    match hashed(new.path())? {
        Some(found) if found == sha256 => {}
        found => return Err(differs(url.to_owned(), found.unwrap_or_default())),
    }
    // Whole or not there: two at once put the same bytes to the same name.
    let kept = new.persist(&cached);
    kept.map_err(|error| io_error(&cached, error.error))?;
    Ok(cached)
}

/// A file's sha256; `None` when there is none.
fn hashed(path: &Path) -> Result<Option<String>, PinError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if super::places::is_absent(&error) => return Ok(None),
        Err(error) => return Err(io_error(path, error)),
    };
    let mut hash = Hasher(Sha256::new());
    io::copy(&mut file, &mut hash).map_err(|error| io_error(path, error))?;
    Ok(Some(hex(&hash.0.finalize())))
}

struct Hasher(Sha256);

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why curl did not bring it.
#[derive(Debug)]
enum NotGot {
    Unreachable(String),
    TooLarge,
    Local(io::Error),
}

/// By the program, which knows the reader's proxies and certificates. It gets no configuration file, which could make
/// it write elsewhere, and follows a redirection to no other kind of place. What it brings is counted by us: its own
/// bound holds only where a server says beforehand how much will come.
fn curl(url: &str, target: &mut impl io::Write, most: u64) -> Result<(), NotGot> {
    let mut child = Command::new("curl")
        .args(["-q", "--fail", "--location", "--silent", "--show-error"])
        .args([
            "--proto",
            "=https,http,file",
            "--proto-redir",
            "=https,http",
        ])
        .args(["--globoff", "--max-redirs", "10", "--max-time", TIMEOUT])
        .args([
            "--connect-timeout",
            "30",
            "--speed-limit",
            "1",
            "--speed-time",
            "30",
        ])
        .args(["--url", url])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| {
            NotGot::Unreachable(format!("the program curl can't be started: {error}"))
        })?;
    let copied = match child.stdout.take() {
        Some(stdout) => io::copy(&mut stdout.take(most + 1), target),
        None => Ok(0),
    };
    if !matches!(copied, Ok(bytes) if bytes <= most) {
        let _ = child.kill();
    }
    // One line at most, so it did not wait for us to read it.
    let output = child.wait_with_output().map_err(NotGot::Local)?;
    match copied.map_err(NotGot::Local)? {
        bytes if bytes > most => return Err(NotGot::TooLarge),
        _ if output.status.success() => return Ok(()),
        _ => {}
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().next().unwrap_or("curl failed without a word");
    Err(NotGot::Unreachable(
        line.trim_start_matches("curl: ").to_owned(),
    ))
}

fn unreachable(url: &str, reason: &str) -> PinError {
    PinError::Unreachable {
        url: url.to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{NotGot, curl};

    #[test]
    fn what_never_ends_is_stopped() {
        let mut kept = Vec::new();
        let got = curl("file:///dev/zero", &mut kept, 1 << 20);
        assert!(matches!(got, Err(NotGot::TooLarge)), "{got:?}");
        assert_eq!(kept.len(), (1 << 20) + 1);
    }
}
