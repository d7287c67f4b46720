//! A repository's tree at a pinned commit, as a folder in the cache.
//!
//! In: a URL and a full commit id. Out: a folder with the bytes of that commit's files, as they lie in the repository:
//! no `.git`, no filter, no line ends changed, submodules empty. The second time it is there without git. Not here:
//! which paths are written (`tree.rs`), and what puts it into a host (`lab/`).
//!
//! git only fetches and lists; the files are written here. A checkout by git would run what a configuration or a
//! `.gitattributes` names (smudge filters, hooks, LFS), and trust the tree where its own checks end. That objects are
//! what they are called is checked by git, which computes their names from their bytes.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use super::git::{self, Git, check_url};
use super::places::{io_error, owner_and_repo};
use super::tree::{self, Bounds, Entry, Kind, Tree, shown_path};
use super::{PinError, Places, Reach};

/// A tree of 1 GiB takes minutes on a slow line; git gives up by itself when nothing comes any more.
const TIMEOUT: Duration = Duration::from_secs(600);

/// What a lab's disk (4 GiB unless a spec says otherwise) can hold beside what is built from it.
const BOUNDS: Bounds = Bounds {
    entries: 100_000,
    bytes: 1 << 30,
};

/// A link's target is a path; longer ones the kernel refuses.
const MOST_TARGET: u64 = 4095;

/// The tree at a commit, from the cache, else by git: a folder that nobody may change. With [`Reach::Network`] it takes
/// as long as one `git fetch`; a second caller, in this process or another, waits for the first and takes its result.
/// # Errors
/// [`PinError::Unreachable`]: no place had it, the run is skipped. [`PinError::Refused`]: the tree is none to write.
pub fn checkout(
    places: &Places,
    url: &str,
    commit: &str,
    reach: Reach,
) -> Result<PathBuf, PinError> {
    let unreachable = |reason: &str| PinError::Unreachable {
        url: url.to_owned(),
        reason: reason.to_owned(),
    };
    if !is_commit(commit) {
        return Err(unreachable("the commit is no full commit id"));
    }
    check_url(url).map_err(unreachable)?;
    let folder = places.cache.join("checkouts");
    let whole = folder.join(commit);
    if whole.is_dir() {
        return Ok(whole);
    }
    let source = match vendored(places, url, commit) {
        Some(path) => path.display().to_string(),
        None if reach == Reach::Network => url.to_owned(),
        None => {
            return Err(unreachable(
                "its tree is neither in the cache nor in an upstream directory",
            ));
        }
    };
    let part = Part::alone(&folder, commit)?;
    // Somebody else may have made it while we waited.
    if !whole.is_dir() {
        part.fill(&source, url, commit)?;
        let tree = part.tree();
        fs::rename(&tree, &whole).map_err(|error| io_error(&whole, error))?;
    }
    Ok(whole)
}

/// Writes the repository of a commit, without history, into an upstream directory: `OWNER/REPO/COMMIT.git`, from which
/// git fetches it as from its URL, so that what is in it is checked again. `None`: the URL names no OWNER/REPO.
/// # Errors
/// As [`checkout`].
pub fn vendor(
    places: &Places,
    url: &str,
    commit: &str,
    dir: &Path,
) -> Result<Option<PathBuf>, PinError> {
    let Some(target) = in_dir(dir, url, commit) else {
        return Ok(None);
    };
    if target.is_dir() {
        return Ok(Some(target));
    }
    // It has to be one that can be checked out, or vendoring it helps nobody.
    checkout(places, url, commit, Reach::Network)?;
    let source = vendored(places, url, commit)
        .map_or_else(|| url.to_owned(), |path| path.display().to_string());
    let above = target.parent().unwrap_or(dir);
    let part = Part::alone(above, commit)?;
    let git = Git::new(&part.git, TIMEOUT);
    git.fetch(&source, commit)
        .map_err(|error| named(error, url))?;
    let answer = git.run(&["update-ref", "refs/heads/pinned", commit]);
    let answer = answer.map_err(|why| refused(url, commit, why.to_string()))?;
    if !answer.good {
        return Err(refused(url, commit, answer.last_line()));
    }
    fs::rename(&part.git, &target).map_err(|error| io_error(&target, error))?;
    Ok(Some(target))
}

fn vendored(places: &Places, url: &str, commit: &str) -> Option<PathBuf> {
    let mut paths = places
        .dirs
        .iter()
        .filter_map(|dir| in_dir(dir, url, commit));
    let found = paths.find(|path| path.is_dir())?;
    std::path::absolute(found).ok()
}

fn in_dir(dir: &Path, url: &str, commit: &str) -> Option<PathBuf> {
    let repository = owner_and_repo(url)?;
    Some(dir.join(repository).join(format!("{commit}.git")))
}

pub(crate) fn is_commit(text: &str) -> bool {
    text.len() == 40
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn refused(url: &str, commit: &str, reason: String) -> PinError {
    PinError::Refused {
        url: url.to_owned(),
        commit: commit.to_owned(),
        reason,
    }
}

/// Of an upstream directory, too, a message names the URL that the reader knows.
fn named(error: PinError, of: &str) -> PinError {
    match error {
        PinError::Unreachable { url, reason } if url != of => PinError::Unreachable {
            reason: format!("{url}: {reason}"),
            url: of.to_owned(),
        },
        PinError::Refused { commit, reason, .. } => refused(of, &commit, reason),
        error => error,
    }
}

/// What is being made, by one at a time. What a killed one left is removed by the next, what we leave by its drop.
struct Part {
    /// With a name of its own: a git whose caller was killed may still write into the last one's.
    folder: tempfile::TempDir,
    /// The bare repository.
    git: PathBuf,
    /// Held as long as the value lives, and let go by the kernel should we be killed.
    _lock: File,
}

impl Part {
    fn alone(above: &Path, commit: &str) -> Result<Self, PinError> {
        let path = above.join(format!(".{commit}.lock"));
        let lock = || {
            fs::create_dir_all(above)?;
            let lock = OpenOptions::new()
                .create(true)
                .append(true)
                .mode(0o600)
                .open(&path)?;
            lock.lock()?;
            Ok(lock)
        };
        let lock = lock().map_err(|error| io_error(&path, error))?;
        let prefix = format!(".{commit}.part");
        remove_parts(above, &prefix);
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(above);
        let folder = folder.map_err(|error| io_error(above, error))?;
        let git = folder.path().join("git");
        fs::create_dir(&git).map_err(|error| io_error(&git, error))?;
        Ok(Self {
            folder,
            git,
            _lock: lock,
        })
    }

    fn tree(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    fn fill(&self, source: &str, url: &str, commit: &str) -> Result<(), PinError> {
        let refused = |reason: String| refused(url, commit, reason);
        let git = Git::new(&self.git, TIMEOUT);
        git.fetch(source, commit)
            .map_err(|error| named(error, url))?;
        let list = ["ls-tree", "-r", "-z", "--long", "--full-tree", commit];
        let answer = git.run(&list).map_err(|why| refused(why.to_string()))?;
        if answer.stdout.len() as u64 == git::MOST_SAID {
            return Err(refused(format!(
                "it has more than {} files",
                BOUNDS.entries
            )));
        }
        if !answer.good {
            return Err(refused(answer.last_line()));
        }
        let tree = tree::parse(&answer.stdout, BOUNDS).map_err(refused)?;
        let written = write(
            &git,
            &tree,
            &self.folder.path().join("objects"),
            &self.tree(),
        );
        written.map_err(|(path, error)| refused(format!("{path}: {error}")))?;
        let date = date(&git, commit);
        let folder = File::open(self.tree()).and_then(|folder| folder.set_modified(date));
        folder.map_err(|error| io_error(&self.tree(), error))
    }
}

/// What can't be removed is in nobody's way.
fn remove_parts(above: &Path, prefix: &str) {
    for entry in fs::read_dir(above).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The commit's date, which the folder bears: so in every lab `ls -l` shows the same, and no file is newer than another
/// by chance, which would make `make` rebuild it. One that is out of all bounds is 1970.
fn date(git: &Git<'_>, commit: &str) -> SystemTime {
    let answer = git.run(&["log", "-1", "--no-show-signature", "--format=%ct", commit]);
    let said = answer.map(|answer| answer.stdout).unwrap_or_default();
    let seconds: u32 = String::from_utf8_lossy(&said)
        .trim()
        .parse()
        .unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.into())
}

/// What could not be written, and why.
type Written = Result<(), (String, io::Error)>;

/// Writes all of a tree into a folder that is made here. Links come last: while files are written there is none that
/// one could be written through, even where a file system takes two names for one.
fn write(git: &Git<'_>, tree: &Tree, list: &Path, folder: &Path) -> Written {
    let general = |error: io::Error| ("the tree".to_owned(), error);
    fs::create_dir(folder).map_err(general)?;
    let (mut links, mut files) = (Vec::new(), Vec::new());
    for entry in &tree.entries {
        match entry.kind {
            Kind::Submodule => make_folder(&folder.join(&entry.path)).map_err(|e| at(entry, e))?,
            Kind::Link => links.push(entry),
            Kind::File | Kind::Program => files.push(entry),
        }
    }
    let contents: Vec<&Entry> = files.into_iter().chain(links).collect();
    let objects: String = contents
        .iter()
        .map(|it| format!("{}\n", it.object))
        .collect();
    // A file, not a pipe: git may answer before it has read all, and so nobody waits for the other.
    fs::write(list, objects).map_err(general)?;
    let stdin = File::open(list).map_err(general)?;
    let mut child = git
        .command(&["cat-file", "--batch", "--buffer"])
        .stdin(stdin)
        .stderr(Stdio::null())
        .spawn()
        .map_err(general)?;
    let Some(stdout) = child.stdout.take() else {
        return Err(general(io::Error::other("git has no output")));
    };
    let mut said = BufReader::with_capacity(1 << 16, stdout);
    let written = contents.iter().try_for_each(|entry| {
        content(&mut said, entry, &folder.join(&entry.path)).map_err(|error| at(entry, error))
    });
    // When we stop early, git dies of the closed pipe.
    drop(said);
    let ended = child.wait().map_err(general)?;
    written?;
    match ended.success() {
        true => Ok(()),
        false => Err(general(io::Error::other("git cat-file failed"))),
    }
}

fn at(entry: &Entry, error: io::Error) -> (String, io::Error) {
    (format!("`{}`", shown_path(&entry.path)), error)
}

/// Takes one answer of `git cat-file --batch`: `OBJECT blob SIZE`, the bytes, a newline.
fn content(said: &mut impl BufRead, entry: &Entry, path: &Path) -> io::Result<()> {
    let expected = format!("{} blob {}\n", entry.object, entry.size);
    let mut header = Vec::new();
    said.take(expected.len() as u64).read_to_end(&mut header)?;
    if header != expected.as_bytes() {
        return Err(io::Error::other("git does not give its content"));
    }
    if let Some(above) = path.parent() {
        make_folder(above)?;
    }
    let mut bytes = said.take(entry.size);
    match entry.kind {
        Kind::Link => link(&mut bytes, path)?,
        Kind::Program => file(&mut bytes, path, 0o755)?,
        _ => file(&mut bytes, path, 0o644)?,
    }
    let left = bytes.limit();
    let mut newline = [0];
    said.read_exact(&mut newline)?;
    match left == 0 && newline == *b"\n" {
        true => Ok(()),
        false => Err(io::Error::other("git does not give all of its content")),
    }
}

/// Modes are set, not left to the umask: a tutorial's `ls -l` shows the same everywhere.
fn file(bytes: &mut impl Read, path: &Path, mode: u32) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let mut writer = BufWriter::new(&file);
    io::copy(bytes, &mut writer)?;
    writer.flush()?;
    drop(writer);
    file.set_permissions(Permissions::from_mode(mode))
}

/// As it stands: it is read by nobody before it is in a host.
fn link(bytes: &mut impl Read, path: &Path) -> io::Result<()> {
    let mut target = Vec::new();
    bytes.take(MOST_TARGET).read_to_end(&mut target)?;
    std::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(&target), path)
}

fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent() {
        make_folder(above)?;
    }
    fs::create_dir(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o755))
}
