//! The folders of systems below the cache directory: names, locks, and what a killed build left.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions, TryLockError};
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};

use crate::lab::ids::Ranges;
use crate::lab::packages;
use crate::lab::system::Wanted;
use crate::lab::system::sources::Archive;
use crate::lab::worker::remove;

/// Raised when a system is made in another way, so that old ones are not found any more.
const FORMAT: u32 = 1;

const LAYER: &str = "layer";
const STAMP: &str = "stamp";

/// What this process has handed out, locked against removal until it ends. A run needs no more: its lab dies with it.
static HELD: Mutex<BTreeMap<PathBuf, File>> = Mutex::new(BTreeMap::new());

/// The systems of a cache directory.
#[derive(Clone, Debug)]
pub struct Shelf {
    cache: PathBuf,
    root: PathBuf,
}

/// A layer's folder, readable and yet different for everything that makes a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(String);

/// A layer that is being built by us, and by nobody else.
pub(super) struct Claim<'a> {
    shelf: &'a Shelf,
    name: Name,
    folder: PathBuf,
    /// What the sweep of another process looks for.
    _of_the_folder: File,
    _of_the_name: File,
}

impl Name {
    pub(super) fn of_base(suite: &str, archive: &Archive, ids: &Ranges) -> Self {
        let identity = format!(
            "{FORMAT} {suite} {} {} {} {}",
            packages::architecture(),
            archive.identity(),
            ids.uid,
            ids.gid
        );
        Self(format!("{suite}-{}", hash(&identity)))
    }

    /// Over a base that is known by its stamp, which stands for everything else.
    pub(super) fn of_packages(wanted: &Wanted, stamp: &str) -> Self {
        let identity = format!(
            "{stamp} {} {}",
            wanted.packages.join(" "),
            wanted.sources.join(" src:")
        );
        Self(format!("{}-packages-{}", wanted.suite, hash(&identity)))
    }
}

fn hash(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl Shelf {
    /// The shelf of a cache directory, which need not exist yet.
    pub fn new(cache: &Path) -> Self {
        Self {
            cache: cache.to_owned(),
            root: cache.join("systems"),
        }
    }

    /// Whether all layers of a system are there.
    pub(super) fn has(&self, wanted: &Wanted, archive: &Archive, ids: &Ranges) -> bool {
        let base = self.layer_path(&Name::of_base(&wanted.suite, archive, ids));
        if !base.is_dir() {
            return false;
        }
        let name = Name::of_packages(wanted, &self.stamp(&base));
        wanted.is_bare() || self.layer_path(&name).is_dir()
    }

    fn layer_path(&self, name: &Name) -> PathBuf {
        self.root.join(&name.0).join(LAYER)
    }

    /// What tells this build of a layer from an earlier one.
    pub(super) fn stamp(&self, layer: &Path) -> String {
        fs::read_to_string(layer.with_file_name(STAMP)).unwrap_or_default()
    }

    /// The layer, held until this process ends; `None` when it is not there. `wait` is called when a build of it goes on.
    pub(super) fn hold(&self, name: &Name, wait: &mut dyn FnMut(&str)) -> Result<Option<PathBuf>> {
        let layer = self.layer_path(name);
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        if held.contains_key(&layer) && layer.is_dir() {
            return Ok(Some(layer));
        }
        // Without the lock of the list: another thread of ours may be the one that builds it.
        drop(held);
        let lock = self.lock_file(&name.0)?;
        if let Err(TryLockError::WouldBlock) = lock.try_lock_shared() {
            wait(&name.0);
            lock.lock_shared()?;
        }
        if !layer.is_dir() {
            return Ok(None);
        }
        held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(layer.clone(), lock);
        Ok(Some(layer))
    }

    /// A folder to build it in; `None` when another one has built it meanwhile.
    pub(super) fn claim(
        &self,
        name: &Name,
        wait: &mut dyn FnMut(&str),
    ) -> Result<Option<Claim<'_>>> {
        let of_the_name = self.lock_file(&name.0)?;
        // Whoever builds it holds the lock alone, and afterwards shares it for as long as it runs: not to be waited for.
        while let Err(TryLockError::WouldBlock) = of_the_name.try_lock() {
            wait(&name.0);
            of_the_name.lock_shared()?;
            if self.layer_path(name).is_dir() {
                return Ok(None);
            }
            of_the_name.unlock()?;
        }
        if self.layer_path(name).is_dir() {
            return Ok(None);
        }
        self.sweep();
        let (folder, of_the_folder) = self.new_building(&name.0)?;
        Ok(Some(Claim {
            shelf: self,
            name: name.clone(),
            folder,
            _of_the_folder: of_the_folder,
            _of_the_name: of_the_name,
        }))
    }

    fn lock_file(&self, name: &str) -> Result<File> {
        // 0700: what lies here has setuid programs in it, which are nobody else's business.
        let private = |path: &Path| {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path)
        };
        private(&self.root)?;
        private(&self.root.join("building"))?;
        private(&self.root.join("locks"))?;
        let path = self.root.join("locks").join(name);
        File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
    }

    /// A new folder, locked. Open to everybody, since the ids of a lab are nobody here; what is above it is closed.
    fn new_building(&self, name: &str) -> Result<(PathBuf, File)> {
        let lock = self.lock_file("building")?;
        lock.lock()?;
        let folder = self
            .root
            .join("building")
            .join(format!("{name}-{}", unique()));
        fs::create_dir(&folder)?;
        fs::set_permissions(&folder, Permissions::from_mode(0o777))?;
        let held = File::open(&folder)?;
        held.lock()?;
        Ok((folder, held))
    }

    /// Removes what killed builds have left: whatever nobody holds.
    pub fn sweep(&self) {
        let building = self.root.join("building");
        for folder in folders(&building) {
            let Ok(lock) = self.lock_file("building") else {
                return;
            };
            let unheld = lock.lock().is_ok()
                && File::open(&folder).is_ok_and(|held| held.try_lock().is_ok());
            drop(lock);
            if unheld {
                // What can't be removed now is found by the next sweep.
                let _ = remove(&folder);
            }
        }
    }

    /// The names and folders of all systems, and of what killed builds have left.
    pub fn systems(&self) -> Vec<(String, PathBuf)> {
        let finished = folders(&self.root).into_iter();
        let finished = finished.filter(|path| path.join(LAYER).exists());
        let all = finished.chain(folders(&self.root.join("building")));
        let mut all: Vec<(String, PathBuf)> = all.map(|path| (file_name(&path), path)).collect();
        all.sort();
        all
    }

    /// Removes the system in a folder; `false` when a run or a build uses it.
    ///
    /// # Errors
    /// It can't be removed.
    pub fn free(&self, folder: &Path) -> Result<bool> {
        let building = self.root.join("building");
        if folder.parent() == Some(&building) {
            return match File::open(folder).map(|held| held.try_lock()) {
                Ok(Ok(())) => remove(folder).map(|()| true),
                Ok(Err(_)) => Ok(false),
                Err(_) => Ok(true),
            };
        }
        let name = file_name(folder);
        let lock = self.lock_file(&name)?;
        if lock.try_lock().is_err() {
            return Ok(false);
        }
        // By another name first: half a system must not be found under its own.
        let away = building.join(format!("{name}-{}", unique()));
        fs::rename(folder, &away)?;
        remove(&away).map(|()| true)
    }

    fn facts_path(&self, wanted: &Wanted, archive: &Archive) -> PathBuf {
        let identity = format!(
            "{} {} {} {} {}",
            wanted.suite,
            packages::architecture(),
            archive.identity(),
            wanted.packages.join(" "),
            wanted.sources.join(" src:")
        );
        let name = format!("{}-{}.json", wanted.suite, hash(&identity));
        self.cache.join("facts").join(name)
    }

    pub(super) fn facts(&self, wanted: &Wanted, archive: &Archive) -> BTreeMap<String, String> {
        let bytes = fs::read(self.facts_path(wanted, archive)).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Written when they have changed; a cache that can't be written costs a run, and is no reason to fail.
    pub(super) fn keep_facts(
        &self,
        wanted: &Wanted,
        archive: &Archive,
        versions: &BTreeMap<String, String>,
    ) {
        let path = self.facts_path(wanted, archive);
        let Ok(bytes) = serde_json::to_vec(versions) else {
            return;
        };
        if fs::read(&path).is_ok_and(|there| there == bytes) {
            return;
        }
        let Some(folder) = path.parent() else { return };
        let new = path.with_extension(unique());
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&new, bytes));
        let _ = written.and_then(|()| fs::rename(&new, &path));
    }
}

impl Claim<'_> {
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// It is whole: from now on it is found.
    pub(super) fn finish(self) -> Result<()> {
        if !self.folder.join(LAYER).is_dir() {
            return Err(Error::new(ErrorKind::NotFound, "the build left no layer"));
        }
        fs::write(self.folder.join(STAMP), unique())?;
        fs::set_permissions(&self.folder, Permissions::from_mode(0o755))?;
        fs::rename(&self.folder, self.shelf.root.join(&self.name.0))
    }

    /// It is not to be.
    pub(super) fn give_up(self) {
        let _ = remove(&self.folder);
    }
}

/// Another text each time, on this machine and others.
fn unique() -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    format!("{}-{}", std::process::id(), now.as_nanos())
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let folders = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir());
    let mut folders: Vec<PathBuf> = folders.collect();
    folders.sort();
    folders
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::{LAYER, Name, Shelf};

    /// Two ask at once: the one that did not build it comes for it when the other one has it already, for good.
    #[test]
    fn what_is_there_and_held_is_not_waited_for() {
        let cache = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(cache.path());
        let name = Name("trixie-0".to_owned());
        std::fs::create_dir_all(cache.path().join("systems/trixie-0").join(LAYER)).unwrap();
        let held = shelf.hold(&name, &mut |_| ()).unwrap();
        assert!(held.is_some());
        assert!(shelf.claim(&name, &mut |_| ()).unwrap().is_none());
    }
}
