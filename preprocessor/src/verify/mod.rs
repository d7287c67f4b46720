//! The engine: which tutorials run, what an earlier run already shows, and what is said of each.
//!
//! In: names of tutorials and [`How`]. Out: one [`Answer`] for each, in the order asked. `mdbook build`, `verify` and
//! `record` all come through here, so that nothing runs twice and a lock, a cache and a judgement mean the same
//! everywhere. Not here: running (`run/`, reached through [`Machine`]), judging (`judge/`), and words (`report/`).

mod checkup;
mod clock;
mod engine;
#[cfg(all(feature = "run", target_os = "linux"))]
mod enter;
mod files;
#[cfg(all(feature = "run", target_os = "linux"))]
mod machine;
#[cfg(not(all(feature = "run", target_os = "linux")))]
#[path = "nowhere.rs"]
mod machine;
mod merge;
#[cfg(all(feature = "run", target_os = "linux"))]
mod part;
mod record;
mod review;
mod shard;
mod store;
mod summary;

#[cfg(all(feature = "run", target_os = "linux"))]
pub use crate::run::Interrupt;
#[cfg(not(all(feature = "run", target_os = "linux")))]
pub use machine::Interrupt;

pub use checkup::{Checkup, check_up};
pub use clock::today;
#[cfg(all(feature = "run", target_os = "linux"))]
pub use enter::{Entered, enter};
pub use files::Written;
pub use machine::Labs;
pub use merge::{Merged, kept_runs, merge, read_kept};
#[cfg(all(feature = "run", target_os = "linux"))]
pub use part::{Callers, Look, Looked, Part, Person, With, look};
pub use record::{Recorded, Recording, record, record_on, write_timings, write_transcript};
pub use review::{Pending, Review, Unusable, review, review_on, waiting};
pub use shard::{BadShard, Shard};
pub use store::{KeptRun, Key, Store, Unkept};
pub use summary::{Summary, exit};

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use engine::Engine;

use crate::config::Execute;
use crate::diagnostic::Diagnostic;
use crate::judge::transcript::Lock;
use crate::judge::{MaxAge, Missing, Timings, Transcript, Verdict, Verification};
use crate::outcome::{Facts, Run};
use crate::project::Project;
use crate::tutorial::{self, Permission, Suite, Tutorial};

/// What the caller wants.
#[derive(Clone, Debug, Default)]
pub struct How<'a> {
    /// When tutorials run. [`Execute::Auto`] is the caller's to resolve (it asks the environment); here it is `Never`.
    pub execute: Execute,
    /// Tutorials that run at the same time; 0: one for each core.
    pub jobs: usize,
    /// Permissions granted on the command line, besides those of book.toml.
    pub grants: Vec<Permission>,
    /// Makes labs start differently (see [`crate::lab::Variation`]); 0: not.
    pub vary: u64,
    /// The build this is a part of: all renderers of one build share one run. `None` on the command line.
    pub build: Option<Build>,
    /// The Debian that every host is made of instead of what the spec says. Judged against the transcript all the same,
    /// and never recorded.
    pub suite: Option<Suite>,
    /// How old a transcript, or a run in the cache, may be to stand for a run of today.
    pub max_age: Option<MaxAge>,
    /// Raised by ^C: what runs ends with its cleanup, nothing further begins.
    pub stop: Option<&'a Interrupt>,
}

/// One `mdbook build`, as far as we can tell: mdBook starts us once for each renderer and gives the builds no name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The same for all renderers of a build: the process that started us, and when that was started.
    pub id: String,
    /// The renderer that asks now. A second question by the same one is the next build (`mdbook serve`).
    pub renderer: String,
}

/// What became of one name.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The tutorial's name, as asked.
    pub name: String,
    /// What is said of it, or all mistakes in its spec, README or transcript.
    pub result: Result<Verification, Vec<Diagnostic>>,
}

impl Answer {
    /// Whether there is nothing to do about it.
    pub fn is_verified(&self) -> bool {
        let result = self.result.as_ref();
        result.is_ok_and(|it| matches!(it.verdict, Verdict::Verified { .. }))
    }
}

/// What happens meanwhile, for a progress display. Calls come from several threads.
pub trait Observer: Sync {
    /// So many tutorials are asked for, and each will be [`Progress::Finished`] or [`Progress::Mistaken`].
    fn expects(&self, _tutorials: usize) {}
    /// Something happened to this tutorial.
    fn progress(&self, name: &str, progress: Progress<'_>);
}

/// One thing that happened.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// Another build runs the very same tutorial; its result is waited for.
    Waiting,
    /// Something is made or fetched before its lab can be: what, in words.
    Preparing(&'a str),
    /// Its lab is being made.
    Running {
        /// How many steps it has.
        steps: usize,
    },
    /// A step begins.
    Step {
        /// Index into the tutorial's steps.
        step: usize,
        /// The tutorial.
        tutorial: &'a Tutorial,
    },
    /// Its lab is gone, or in other hands (`lab NAME`).
    Over,
    /// Its run could not be kept: the next look runs it again, and `review` has nothing of it.
    Unkept(&'a Unkept),
    /// The verdict is there.
    Finished(&'a Verification),
    /// There are mistakes in its files, so nothing can be said of it.
    Mistaken,
}

/// Nobody watches.
impl Observer for () {
    fn progress(&self, _: &str, _: Progress<'_>) {}
}

/// What a machine tells of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told<'a> {
    /// Something is made or fetched first: what, in words.
    Preparing(&'a str),
    /// The step of this index begins.
    Step(usize),
}

/// What tutorials run on: the machine's lab, or a test's.
pub trait Machine: Sync {
    /// What this machine lacks or does not grant.
    fn missing(&self, tutorial: &Tutorial) -> Vec<Missing>;
    /// What a run would run on now: the part of the cache's key that the spec does not decide.
    fn facts(&self, tutorial: &Tutorial) -> Facts;
    /// Runs it on the calling thread, which outlives the run, and tells what happens meanwhile. `vary` comes on top of
    /// [`How::vary`]: another number is a lab that starts differently.
    /// # Errors
    /// Nothing ran.
    fn run(
        &self,
        tutorial: &Tutorial,
        vary: u64,
        told: &mut dyn FnMut(Told<'_>),
    ) -> Result<Run, NotRun>;
    /// Whether ^C was pressed: nothing further begins.
    fn is_interrupted(&self) -> bool {
        false
    }
}

/// Why nothing ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRun {
    /// The machine lacks something after all: a skip.
    Missing(Vec<Missing>),
    /// No remedy is known; in words.
    Broken(String),
}

/// A tutorial and what was recorded of it.
#[derive(Clone, Debug)]
pub struct Subject {
    /// What runs.
    pub tutorial: Arc<Tutorial>,
    /// What was recorded.
    pub transcript: Option<Transcript>,
    /// How long the recorded run took, where that was written down.
    pub timings: Option<Timings>,
    /// Upstream's commands, for the next transcript.
    pub lock: Option<Lock>,
    /// Of what runs.
    pub digest: String,
    /// Why upstream could not be read, where it could not.
    pub unavailable: Option<String>,
}

/// Says of each tutorial what can be said, running what `how` asks for. Takes as long as the runs do.
pub fn verify(
    project: &Project,
    names: &[String],
    how: &How<'_>,
    observer: &dyn Observer,
) -> Vec<Answer> {
    let machine = Labs::new(project, how);
    let store = Store::new(&project.cache);
    let load = |name: &str| tutorial::load(project, name).map(Subject::from);
    verify_on(names, &load, how, &machine, &store, observer)
}

/// What is said of these without running anything, with all that upstream's files show: they are fetched where this
/// machine does not have them.
pub fn look_up(project: &Project, names: &[String]) -> Vec<Answer> {
    let how = How {
        execute: Execute::Never,
        ..How::default()
    };
    let machine = Labs::new(project, &how);
    let store = Store::new(&project.cache);
    let load = |name: &str| {
        let loaded = tutorial::load_with(project, name, tutorial::Fetch::Always);
        loaded.map(Subject::from)
    };
    verify_on(names, &load, &how, &machine, &store, &())
}

impl From<tutorial::Loaded> for Subject {
    fn from(loaded: tutorial::Loaded) -> Self {
        Self {
            tutorial: Arc::new(loaded.tutorial),
            transcript: loaded.transcript,
            timings: loaded.timings,
            lock: loaded.lock,
            digest: loaded.digest,
            unavailable: loaded.unavailable,
        }
    }
}

/// Where a tutorial comes from; mistakes in its files are the answer for that name.
pub type Load<'a> = &'a (dyn Fn(&str) -> Result<Subject, Vec<Diagnostic>> + Sync);

/// As [`verify`], on any machine and with tutorials from anywhere.
pub fn verify_on(
    names: &[String],
    load: Load<'_>,
    how: &How<'_>,
    machine: &dyn Machine,
    store: &Store,
    observer: &dyn Observer,
) -> Vec<Answer> {
    let engine = Engine {
        how,
        machine,
        store,
        observer,
    };
    observer.expects(names.len());
    let next = AtomicUsize::new(0);
    let answers: Vec<Mutex<Option<Answer>>> = names.iter().map(|_| Mutex::new(None)).collect();
    // A worker takes one tutorial after another and stays with each until it is over: a lab dies with its thread.
    let work = || {
        while let Some((index, name)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            names.get(index).map(|name| (index, name))
        } {
            let result = load(name).map(|subject| engine.verification(subject));
            if result.is_err() {
                observer.progress(name, Progress::Mistaken);
            }
            let name = name.clone();
            *answers[index]
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(Answer { name, result });
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..workers(how.jobs).min(names.len()) {
            scope.spawn(work);
        }
        work();
    });
    let answers = answers.into_iter();
    answers
        .filter_map(|answer| answer.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect()
}

fn workers(jobs: usize) -> usize {
    match jobs {
        0 => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
        jobs => jobs,
    }
}
