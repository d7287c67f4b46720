//! One tutorial: does anything have to run, and what is said of it.

use std::sync::Arc;

use super::clock::today;
use super::store::{KeptRun, Key, Store, Unkept};
use super::{Build, How, Machine, NotRun, Observer, Progress, Subject, Told};
use crate::config::Execute;
use crate::judge::verdict::{Missing, Verdict, Verification, VerifiedBy};
use crate::judge::{is_unavailable, judge, standing};
use crate::outcome::Run;
use crate::tutorial::Tutorial;
use crate::tutorial::digest::digest;

/// All that the tutorials of one call share.
pub(super) struct Engine<'a> {
    pub(super) how: &'a How<'a>,
    pub(super) machine: &'a dyn Machine,
    pub(super) store: &'a Store,
    pub(super) observer: &'a dyn Observer,
}

impl Engine<'_> {
    pub(super) fn verification(&self, mut subject: Subject) -> Verification {
        if let Some(suite) = &self.how.suite {
            let tutorial = Arc::unwrap_or_clone(subject.tutorial);
            subject.tutorial = Arc::new(tutorial.on_suite(suite));
        }
        let (run, verdict) = match self.how.execute {
            Execute::Always | Execute::Changed if !is_unavailable(&subject.tutorial) => {
                self.executed(&subject)
            }
            _ => (None, self.standing(&subject)),
        };
        let verification = Verification {
            tutorial: subject.tutorial,
            transcript: subject.transcript,
            run,
            timings: subject.timings,
            verdict,
        };
        let name = &verification.tutorial.name;
        self.observer
            .progress(name, Progress::Finished(&verification));
        verification
    }

    fn executed(&self, subject: &Subject) -> (Option<Run>, Verdict) {
        let tutorial = &subject.tutorial;
        let digest = &self.digest(subject);
        let key = Key::new(digest, &self.machine.facts(tutorial));
        if let Some(found) = self.cached(subject, &key) {
            return found;
        }
        let missing = self.machine.missing(tutorial);
        if !missing.is_empty() {
            return (None, self.skipped(subject, missing));
        }
        let before = self.store.latest(digest);
        let _lock = self.store.lock(digest, || {
            self.observer.progress(&tutorial.name, Progress::Waiting);
        });
        if let Some(found) = self.cached(subject, &key) {
            return found;
        }
        if let Some(mut latest) = self.store.latest(digest) {
            let build = self.how.build.as_ref();
            let mine = build.is_some_and(|build: &Build| latest.is_for(build));
            // A run that ended since we asked is as good as one of our own, whatever it gave.
            if mine || latest.is_another_than(before.as_ref()) {
                self.store.take(digest, &mut latest, build);
                return subject.judged(latest.run);
            }
        }
        self.run(subject, digest)
    }

    /// What is said when nothing runs.
    fn standing(&self, subject: &Subject) -> Verdict {
        let max_age = self.how.max_age.as_ref();
        subject.standing().within(max_age, &today())
    }

    /// A skip hides nothing worse: what is stale or unrecorded is so on every machine.
    fn skipped(&self, subject: &Subject, missing: Vec<Missing>) -> Verdict {
        match self.standing(subject) {
            Verdict::Verified { .. } => Verdict::Skipped(missing),
            Verdict::Unrecorded(None) => {
                let what: Vec<_> = missing.iter().map(|it| it.what.as_str()).collect();
                Verdict::Unrecorded(Some(format!(
                    "it can't run here without {}",
                    what.join(", ")
                )))
            }
            worse => worse,
        }
    }

    /// Of what runs: on another suite that is not what the transcript is a transcript of.
    fn digest(&self, subject: &Subject) -> String {
        match self.how.suite {
            Some(_) => digest(&subject.tutorial),
            None => subject.digest.clone(),
        }
    }

    /// Under which name a failed run is kept.
    fn failed_name(&self, tutorial: &Tutorial) -> String {
        match &self.how.suite {
            Some(suite) => format!("{}.{}", tutorial.name, suite.name()),
            None => tutorial.name.clone(),
        }
    }

    /// A kept run, if it is one that may answer, and still says nothing bad. A failure is told from a fresh run only.
    fn cached(&self, subject: &Subject, key: &Key) -> Option<(Option<Run>, Verdict)> {
        if self.how.execute != Execute::Changed {
            return None;
        }
        let run = self.store.run(key)?;
        let max_age = self.how.max_age.as_ref();
        if max_age.is_some_and(|max_age| max_age.is_exceeded(&run.date, &today())) {
            return None;
        }
        let (run, verdict) = subject.judged(run);
        let verdict = match verdict {
            Verdict::Failed(_) => return None,
            Verdict::Verified { date, facts, .. } => Verdict::Verified {
                by: VerifiedBy::Cache,
                date,
                facts,
            },
            other => other,
        };
        Some((run, verdict))
    }

    fn run(&self, subject: &Subject, digest: &str) -> (Option<Run>, Verdict) {
        let tutorial = &subject.tutorial;
        let failed = self.failed_name(tutorial);
        match self.ran(subject, 0) {
            Ok(run) => {
                let build = self.how.build.as_ref();
                let mut kept = self.store.set_latest(digest, &run, build);
                let (run, verdict) = subject.judged(run);
                if let Some(run) = &run {
                    if let Verdict::Failed(_) = verdict {
                        let run = KeptRun::new(digest, self.how.suite.as_ref(), run);
                        kept = kept.and(self.store.keep_failed(&failed, &run));
                    } else {
                        self.store.forget_failed(&failed);
                        // Of what it really ran on: before, a system that was yet to be made had no versions.
                        let key = Key::new(digest, &run.facts);
                        kept = kept.and(self.store.keep(&key, tutorial, digest, run));
                    }
                }
                self.tell(tutorial, kept);
                (run, verdict)
            }
            Err(NotRun::Missing(missing)) => (None, self.skipped(subject, missing)),
            Err(NotRun::Broken(why)) => (None, Verdict::never_ran(why)),
        }
    }

    /// Tells that a run could not be kept, if so.
    pub(super) fn tell(&self, tutorial: &Tutorial, kept: Result<(), Unkept>) {
        if let Err(unkept) = kept {
            let unkept = Progress::Unkept(&unkept);
            self.observer.progress(&tutorial.name, unkept);
        }
    }

    /// One run, with the observer told about it. `vary` comes on top of what the caller asked for.
    pub(super) fn ran(&self, subject: &Subject, vary: u64) -> Result<Run, NotRun> {
        if self.machine.is_interrupted() {
            return Err(NotRun::Broken("interrupted before it began".to_owned()));
        }
        let tutorial = &*subject.tutorial;
        let steps = tutorial.steps.len();
        let tell = |progress: Progress<'_>| self.observer.progress(&tutorial.name, progress);
        tell(Progress::Running { steps });
        let ran = self.machine.run(tutorial, vary, &mut |told| {
            tell(match told {
                Told::Preparing(what) => Progress::Preparing(what),
                Told::Step(step) => Progress::Step { step, tutorial },
            })
        });
        tell(Progress::Over);
        ran
    }
}

impl Subject {
    fn standing(&self) -> Verdict {
        match standing(&self.tutorial, self.transcript.as_ref(), &self.digest) {
            Verdict::Unrecorded(reason) => {
                let unread = self.unavailable.as_ref();
                let unread = unread.map(|why| format!("its commands could not be read: {why}"));
                Verdict::Unrecorded(unread.or(reason))
            }
            other => other,
        }
    }

    fn judged(&self, run: Run) -> (Option<Run>, Verdict) {
        let verdict = judge(&self.tutorial, &run, self.transcript.as_ref(), &self.digest);
        (Some(run), verdict)
    }
}
