//! `review` and `accept`: what a kept failed run shows, and what a person decides about it.
//!
//! In: the failed run in the cache, the tutorial as it is now. Out: a [`Review`] whose decisions are written as they are
//! made, so that nothing is lost by ^C: an accepted step into the transcript, a rejected one beside the kept run. When
//! nothing is left to decide, the kept run goes. Not here: what a transcript becomes (`judge/accept.rs`), asking
//! (`cli/review.rs`), words (`report/review.rs`).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Subject;
use super::record::write_transcript;
use super::store::{KeptRun, Store, Unkept};
use crate::diagnostic::Diagnostic;
use crate::judge::Transcript;
use crate::judge::accept::{Change, accepted, changes};
use crate::outcome::Run;
use crate::project::Project;
use crate::tutorial::{self, Tutorial};

/// What waits for a decision.
#[derive(Clone, Debug)]
pub enum Pending {
    /// Nothing: no failed run is kept.
    Nothing,
    /// Nothing any more: what the failed run shows is as expected by now, and it is gone.
    Settled,
    /// A failed run is kept, and nothing can be accepted from it.
    Unusable(Unusable),
    /// Steps, at least one.
    Steps(Box<Review>),
}

/// Why nothing can be accepted from a kept run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It is a run of other commands than the spec has now.
    Outdated,
    /// There is no transcript.
    Unrecorded,
    /// What would run has changed since the transcript.
    Stale,
}

/// The steps of one tutorial that a person has to decide on.
#[derive(Clone, Debug)]
pub struct Review {
    /// As it is now.
    pub tutorial: Arc<Tutorial>,
    /// What was recorded, with what was accepted so far.
    pub transcript: Transcript,
    kept: KeptRun,
    changes: Vec<Change>,
    store: Store,
    path: PathBuf,
}

/// The tutorials of which a failed run is kept, sorted.
/// # Errors
/// When `tutorials/` is there and can't be read.
pub fn waiting(project: &Project) -> io::Result<Vec<String>> {
    let store = Store::new(&project.cache);
    let mut names = tutorial::names(project)?;
    names.retain(|name| store.kept(name).is_some());
    Ok(names)
}

/// What there is to decide about one tutorial. Where that is nothing any more, the kept run goes.
/// # Errors
/// All mistakes in its files.
pub fn review(project: &Project, name: &str) -> Result<Pending, Vec<Diagnostic>> {
    let subject = tutorial::load(project, name)?.into();
    let path = tutorial::load::transcript_path(project, name);
    Ok(review_on(subject, &Store::new(&project.cache), &path))
}

/// As [`review`], of a tutorial from anywhere, with its transcript at `path`.
pub fn review_on(subject: Subject, store: &Store, path: &Path) -> Pending {
    // A run on another suite is judged and never recorded. It is kept under another name.
    let kept = store.kept(&subject.tutorial.name);
    let Some(kept) = kept.filter(|kept| kept.suite.is_none()) else {
        return Pending::Nothing;
    };
    if kept.digest != subject.digest {
        return Pending::Unusable(Unusable::Outdated);
    }
    let Some(transcript) = subject.transcript else {
        return Pending::Unusable(Unusable::Unrecorded);
    };
    if transcript.digest != subject.digest {
        return Pending::Unusable(Unusable::Stale);
    }
    let mut review = Review {
        tutorial: subject.tutorial,
        transcript,
        kept,
        changes: Vec::new(),
        store: store.clone(),
        path: path.to_owned(),
    };
    review.judge();
    match review.changes.is_empty() {
        true => Pending::Settled,
        false => Pending::Steps(Box::new(review)),
    }
}

impl Review {
    /// What is not decided yet, in the order of the steps; empty when all is, and then the kept run is gone.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The run that it is about.
    pub fn run(&self) -> &Run {
        &self.kept.run
    }

    /// The transcript's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes what came in these steps what is expected, and writes the transcript. Gives how many steps that has settled;
    /// 0: nothing was to be written.
    /// # Errors
    /// The transcript can't be written; then nothing is accepted.
    pub fn accept(&mut self, steps: &[usize]) -> io::Result<usize> {
        let transcript = accepted(&self.transcript, &self.tutorial, &self.kept.run, steps);
        if transcript.agrees_with(&self.transcript) {
            self.judge();
            return Ok(0);
        }
        write_transcript(&self.path, &transcript)?;
        self.transcript = transcript;
        self.judge();
        // A binding that is given up leaves its step's text as it was.
        let is_settled = |step: &&usize| self.changes.iter().all(|change| change.step != **step);
        Ok(steps.iter().filter(is_settled).count().max(1))
    }

    /// Leaves a step as it was recorded: the tutorial or what it runs has to be mended. It is not asked for again.
    /// # Errors
    /// The decision can't be kept; then the next review asks again.
    pub fn reject(&mut self, step: usize) -> Result<(), Unkept> {
        let id = &self.tutorial.steps[step].id;
        self.kept.rejected.push(id.clone());
        let kept = self.store.keep_failed(&self.tutorial.name, &self.kept);
        self.judge();
        kept
    }

    fn judge(&mut self) {
        self.changes = changes(&self.tutorial, &self.kept.run, &self.transcript);
        let rejected = &self.kept.rejected;
        let id = |change: &Change| &self.tutorial.steps[change.step].id;
        self.changes.retain(|change| !rejected.contains(id(change)));
        if self.changes.is_empty() {
            self.store.forget_failed(&self.tutorial.name);
        }
    }
}
