//! What earlier runs have shown, in the cache directory.
//!
//! ```text
//! verdicts/KEY.json      a run without a failure, under everything that decides what it would give; kept
//! latest/DIGEST.json     the latest run of a digest, whatever it gave: for the other renderers of the same build and
//!                        for a build that waited; never an answer to a later build
//! locks/DIGEST.lock      held while a digest runs; empty
//! failed/NAME.run.json   the latest failed run of a tutorial and what it was a run of, for `review`, people and CI
//! ```
//!
//! A verdict's file holds the run, not a word: judging is pure and is repeated at each look, so a changed `expect` or
//! transcript is judged without running anything. Names of verdicts are made from what is in them, so caches are merged
//! by copying. Whatever can't be read is not there: it is a cache. Not here: who asks when (`engine.rs`).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Build;
use super::files::write_whole;
use crate::outcome::{Facts, Run};
use crate::tutorial::{Permission, Suite, Tutorial};

/// Raised when an old entry would be misread; then old ones are simply not found.
const FORMAT: u32 = 1;

/// Of [`KeptRun`]; the files before the first were a bare run.
const KEPT_FORMAT: u32 = 1;

/// The cache directory of runs.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

/// All that decides what a run would give, as one file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

#[derive(Serialize)]
struct KeyParts<'a> {
    format: u32,
    tool: &'a str,
    digest: &'a str,
    facts: &'a Facts,
}

/// A run that was good, and what it was a run of.
#[derive(Serialize, Deserialize)]
struct Entry {
    format: u32,
    tool: String,
    digest: String,
    run: Run,
}

/// A failed run, and what it was a run of: the file says by itself what may be made of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptRun {
    /// Raised when an old reader would misread it. What has another one, or none, is as good as not there.
    pub format: u32,
    /// Of what ran, see `tutorial/digest.rs`: a run of other commands says nothing of these.
    pub digest: String,
    /// The suite that all its hosts were put on instead of the spec's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<String>,
    /// Ids of steps that a person has decided on without changing the transcript.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<String>,
    /// All that the terminals showed.
    pub run: Run,
}

/// See the module's table.
#[derive(Serialize, Deserialize)]
pub(super) struct Latest {
    /// Another one for each run, to see whether there was a new one while waiting.
    serial: String,
    /// The renderers that have had it, by build.
    taken: BTreeMap<String, Vec<String>>,
    pub(super) run: Run,
}

/// A run that could not be kept: it costs another one, and is no reason to fail a build.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", path.display())]
pub struct Unkept {
    path: PathBuf,
    error: std::io::Error,
}

/// Held while a digest runs.
#[derive(Debug)]
pub(super) struct Lock {
    /// Closing it unlocks; `None` when the cache can't be written, and nobody shares it then.
    _file: Option<File>,
}

impl Key {
    /// The key of a tutorial of this digest on what it would run on now.
    pub fn new(digest: &str, facts: &Facts) -> Self {
        let parts = KeyParts {
            format: FORMAT,
            tool: env!("CARGO_PKG_VERSION"),
            digest,
            facts,
        };
        // Plain values and maps sorted by key: the text is always the same, and can always be written.
        let text = serde_json::to_string(&parts).unwrap_or_default();
        let hash = Sha256::digest(text.as_bytes());
        Self(hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl Store {
    /// The store below a cache directory, which need not exist yet.
    pub fn new(cache: &Path) -> Self {
        Self {
            root: cache.to_owned(),
        }
    }

    /// A good run under that key.
    pub(super) fn run(&self, key: &Key) -> Option<Run> {
        let entry: Entry = read(&self.verdict(key))?;
        (entry.format == FORMAT).then_some(entry.run)
    }

    /// Keeps a good run. What used the machine's network is not kept: the next time it may be another.
    pub(super) fn keep(
        &self,
        key: &Key,
        tutorial: &Tutorial,
        digest: &str,
        run: &Run,
    ) -> Result<(), Unkept> {
        let network = |permissions: &[Permission]| permissions.contains(&Permission::Network);
        if tutorial.hosts.iter().any(|host| network(&host.needs)) {
            return Ok(());
        }
        let entry = Entry {
            format: FORMAT,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            digest: digest.to_owned(),
            run: without_chunks(run),
        };
        write(&self.verdict(key), &entry)
    }

    fn verdict(&self, key: &Key) -> PathBuf {
        self.root
            .join("verdicts")
            .join(&key.0)
            .with_extension("json")
    }

    /// Waits until nobody runs that digest. `waiting` is called when somebody does.
    pub(super) fn lock(&self, digest: &str, waiting: impl FnOnce()) -> Lock {
        let folder = self.root.join("locks");
        let path = folder.join(format!("{digest}.lock"));
        let opened = fs::create_dir_all(&folder).and_then(|()| File::create(path));
        let Ok(file) = opened else {
            return Lock { _file: None };
        };
        if file.try_lock().is_err() {
            waiting();
            // An error means that this file system knows no locks, and then nobody has one.
            let _ = file.lock();
        }
        Lock { _file: Some(file) }
    }

    fn latest_path(&self, digest: &str) -> PathBuf {
        self.root.join("latest").join(format!("{digest}.json"))
    }

    /// The latest run of a digest, whatever it gave.
    pub(super) fn latest(&self, digest: &str) -> Option<Latest> {
        read(&self.latest_path(digest))
    }

    /// Remembers that this renderer has had it.
    pub(super) fn take(&self, digest: &str, latest: &mut Latest, build: Option<&Build>) {
        if let Some(build) = build {
            latest.take(build);
            // Whoever could not write the run itself has said so.
            let _ = write(&self.latest_path(digest), latest);
        }
    }

    /// A run is over.
    pub(super) fn set_latest(
        &self,
        digest: &str,
        run: &Run,
        build: Option<&Build>,
    ) -> Result<(), Unkept> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let mut latest = Latest {
            serial: format!(
                "{}-{}",
                std::process::id(),
                now.unwrap_or_default().as_nanos()
            ),
            taken: BTreeMap::new(),
            run: without_chunks(run),
        };
        if let Some(build) = build {
            latest.take(build);
        }
        write(&self.latest_path(digest), &latest)
    }

    /// Where a failed run of that tutorial is kept, with all that the terminals showed.
    pub fn failed_run(&self, name: &str) -> PathBuf {
        self.root.join("failed").join(format!("{name}.run.json"))
    }

    /// The failed run of that tutorial, if one is kept.
    pub fn kept(&self, name: &str) -> Option<KeptRun> {
        KeptRun::from_json(&fs::read(self.failed_run(name)).ok()?)
    }

    pub(super) fn keep_failed(&self, name: &str, kept: &KeptRun) -> Result<(), Unkept> {
        write(&self.failed_run(name), kept)
    }

    pub(super) fn forget_failed(&self, name: &str) {
        // Mostly it is not there.
        let _ = fs::remove_file(self.failed_run(name));
    }
}

impl KeptRun {
    /// `None` where it is none, or one of another format.
    pub(super) fn from_json(bytes: &[u8]) -> Option<Self> {
        let kept: Self = serde_json::from_slice(bytes).ok()?;
        (kept.format == KEPT_FORMAT).then_some(kept)
    }

    /// A run that has just failed.
    pub(super) fn new(digest: &str, suite: Option<&Suite>, run: &Run) -> Self {
        Self {
            format: KEPT_FORMAT,
            digest: digest.to_owned(),
            suite: suite.map(|suite| suite.name().to_owned()),
            rejected: Vec::new(),
            run: run.clone(),
        }
    }
}

impl Latest {
    /// Whether it is this build's, and this renderer has not had it. One that has is in its next build: `mdbook serve`
    /// is one process for all of its builds.
    pub(super) fn is_for(&self, build: &Build) -> bool {
        let renderers = self.taken.get(&build.id);
        renderers.is_some_and(|renderers| !renderers.contains(&build.renderer))
    }

    pub(super) fn is_another_than(&self, earlier: Option<&Self>) -> bool {
        earlier.is_none_or(|earlier| earlier.serial != self.serial)
    }

    fn take(&mut self, build: &Build) {
        let renderers = self.taken.entry(build.id.clone()).or_default();
        renderers.push(build.renderer.clone());
    }
}

/// Without the raw stream, which no verdict and no page needs: entries stay small.
fn without_chunks(run: &Run) -> Run {
    let mut run = run.clone();
    for command in run.steps.iter_mut().flat_map(|step| &mut step.commands) {
        command.chunks.clear();
    }
    run
}

fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), Unkept> {
    let written = || -> std::io::Result<()> {
        let bytes = serde_json::to_vec(value)?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        write_whole(path, &bytes).map(|_| ())
    };
    written().map_err(|error| Unkept {
        path: path.to_owned(),
        error,
    })
}
