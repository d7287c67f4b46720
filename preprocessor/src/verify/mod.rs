//! The engine: which tutorials run, what an earlier run already shows, and what is said of each.
//!
//! In: names of tutorials and [`How`]. Out: one [`Answer`] for each, in the order asked. `mdbook build`, `verify` and
//! `record` all come through here, so that nothing runs twice and a lock, a cache and a judgement mean the same
//! everywhere. Not here: running (`run/`, reached through [`Machine`]), judging (`judge/`), and words (`report/`).

use std::sync::atomic::AtomicBool;

use crate::config::Execute;
use crate::diagnostic::Diagnostic;
use crate::judge::{Missing, Verdict, Verification};
use crate::outcome::{Facts, Run};
use crate::project::Project;
use crate::tutorial::{Permission, Tutorial};

/// What the caller wants.
#[derive(Clone, Debug, Default)]
pub struct How<'a> {
    /// When tutorials run. [`Execute::Auto`] is the caller's to resolve (it asks the environment); here it is `Never`.
    pub execute: Execute,
    /// Tutorials that run at the same time; 0: one for each core.
    pub jobs: usize,
    /// Permissions granted on the command line, besides those of book.toml.
    pub grants: Vec<Permission>,
    /// The build this is a part of: all renderers of one build share one run. `None` on the command line.
    pub build: Option<Build>,
    /// Set by ^C: no further tutorial starts.
    pub stop: Option<&'a AtomicBool>,
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

/// What happens meanwhile, for a progress display. Calls come from several threads.
pub trait Observer: Sync {
    /// Something happened to this tutorial.
    fn progress(&self, name: &str, progress: Progress<'_>);
}

/// One thing that happened.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// Another build runs the very same tutorial; its result is waited for.
    Waiting,
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
    /// The verdict is there.
    Finished(&'a Verdict),
}

/// Nobody watches.
impl Observer for () {
    fn progress(&self, _: &str, _: Progress<'_>) {}
}

/// What tutorials run on: the machine's lab, or a test's.
pub trait Machine: Sync {
    /// What this machine lacks or does not grant.
    fn missing(&self, tutorial: &Tutorial) -> Vec<Missing>;
    /// What a run would run on now: the part of the cache's key that the spec does not decide.
    fn facts(&self, tutorial: &Tutorial) -> Facts;
    /// Runs it. `step` is told the index of each step that begins.
    /// # Errors
    /// It never ran: in words, what could not be made and what mends it.
    fn run(&self, tutorial: &Tutorial, step: &dyn Fn(usize)) -> Result<Run, String>;
}

/// Says of each tutorial what can be said, running what `how` asks for.
pub fn verify(
    _project: &Project,
    _names: &[String],
    _how: &How<'_>,
    _observer: &dyn Observer,
) -> Vec<Answer> {
    Vec::new()
}
