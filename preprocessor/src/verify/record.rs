//! `record`: runs a tutorial and makes its transcript.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::engine::Engine;
use super::files::write_whole;
use super::store::{KeptRun, Key, Store};
use super::{How, Labs, Machine, NotRun, Observer, Subject, Written};
use crate::diagnostic::Diagnostic;
use crate::judge::learn::Freed;
use crate::judge::record::{Lessons, Varying, take_over};
use crate::judge::verdict::{FailedStep, Missing, Verdict, Verification};
use crate::judge::{Timings, Transcript, is_unavailable, judge, transcript_of};
use crate::outcome::Run;
use crate::project::Project;
use crate::tutorial::{self, Tutorial};

/// What `record` gave.
#[derive(Clone, Debug)]
pub enum Recorded {
    /// Every run did what the spec says.
    Done(Box<Recording>),
    /// A step did not end as it should, or its `expect` does not hold; nothing is written. The verdict tells.
    Failed(Box<Verification>),
    /// It can't run here.
    Skipped(Vec<Missing>),
}

/// A new transcript, not written yet.
#[derive(Clone, Debug)]
pub struct Recording {
    /// What was recorded.
    pub tutorial: Arc<Tutorial>,
    /// What is to be written.
    pub transcript: Transcript,
    /// The first run, which it was made from.
    pub run: Run,
    /// Lines in which the runs differ though neither what was learned nor an `expect` allows for it: the next `verify`
    /// may fail there. Always empty with one run.
    pub varying: Vec<Varying>,
    /// The values that may be others from now on.
    pub freed: Vec<Freed>,
    /// Whether it says the same as the transcript that was there, but for the date.
    pub agrees: bool,
}

/// Runs the tutorial `runs` times, each in a lab of its own, one after another. Nothing is written yet, see
/// [`write_transcript`].
/// # Errors
/// All mistakes in its files.
pub fn record(
    project: &Project,
    name: &str,
    runs: usize,
    how: &How<'_>,
    observer: &dyn Observer,
) -> Result<Recorded, Vec<Diagnostic>> {
    // Documented output belongs on the page of what is recorded, and the lock needs the whole file.
    let loaded = tutorial::load_with(project, name, tutorial::Fetch::Always)?;
    let machine = Labs::new(project, how);
    let store = Store::new(&project.cache);
    Ok(record_on(&loaded.into(), runs, &machine, &store, observer))
}

/// As [`record`], on any machine and with a tutorial from anywhere.
pub fn record_on(
    subject: &Subject,
    runs: usize,
    machine: &dyn Machine,
    store: &Store,
    observer: &dyn Observer,
) -> Recorded {
    let how = How::default();
    let engine = Engine {
        how: &how,
        machine,
        store,
        observer,
    };
    let mut missing = machine.missing(&subject.tutorial);
    if is_unavailable(&subject.tutorial) {
        missing.insert(0, upstream(subject));
    }
    if !missing.is_empty() {
        return Recorded::Skipped(missing);
    }
    let _lock = store.lock(&subject.digest, || {
        observer.progress(&subject.tutorial.name, super::Progress::Waiting);
    });
    let mut done: Vec<Run> = Vec::new();
    let mut begun: Option<Instant> = None;
    for run in 0..runs.max(1) as u64 {
        if let Some(begun) = begun {
            wait_for_another_second(begun);
        }
        begun = Some(Instant::now());
        // The first one is what the page shows; the others start differently, so that what depends on it shows itself.
        match one(&engine, subject, run) {
            Ok(run) => done.push(run),
            Err(recorded) => return recorded,
        }
    }
    let first = done.remove(0);
    let others: Vec<&Run> = done.iter().collect();
    let Lessons {
        mut transcript,
        unexplained,
        freed,
    } = transcript_of(
        &subject.tutorial,
        &first,
        &others,
        subject.lock.clone(),
        &subject.digest,
    );
    if let Some(before) = &subject.transcript {
        take_over(before, &mut transcript);
    }
    let transcript = still_agreed(subject, &first, &others, &transcript).unwrap_or(transcript);
    // One run agrees with its own transcript, which proves nothing; a second one that agrees is a verification.
    if !done.is_empty() && unexplained.is_empty() {
        let key = Key::new(&subject.digest, &machine.facts(&subject.tutorial));
        let kept = store.keep(&key, &subject.tutorial, &subject.digest, &first);
        engine.tell(&subject.tutorial, kept);
    }
    store.forget_failed(&subject.tutorial.name);
    Recorded::Done(Box::new(Recording {
        tutorial: subject.tutorial.clone(),
        agrees: subject
            .transcript
            .as_ref()
            .is_some_and(|old| old.agrees_with(&transcript)),
        transcript,
        run: first,
        varying: unexplained,
        freed: freed.into_iter().map(|(_, _, freed)| freed).collect(),
    }))
}

/// Runs that begin in one second show the same time, which would then be taken for fixed.
#[expect(
    clippy::disallowed_methods,
    reason = "the clock is what is waited for, for less than a second"
)]
fn wait_for_another_second(begun: Instant) {
    std::thread::sleep(Duration::from_secs(1).saturating_sub(begun.elapsed()));
}

/// The transcript that was there, of today, where every run agrees with it and nothing else has changed: a recording that
/// agrees touches the date alone.
fn still_agreed(
    subject: &Subject,
    first: &Run,
    others: &[&Run],
    new: &Transcript,
) -> Option<Transcript> {
    let old = subject.transcript.as_ref()?;
    let circumstances = |it: &Transcript| {
        (
            it.twin,
            it.ran.clone(),
            it.upstream.clone(),
            it.facts.clone(),
        )
    };
    let agrees = |run: &Run| {
        let verdict = judge(&subject.tutorial, run, Some(old), &subject.digest);
        matches!(verdict, Verdict::Verified { .. })
    };
    let holds = circumstances(old) == circumstances(new)
        && agrees(first)
        && others.iter().all(|run| agrees(run));
    holds.then(|| Transcript {
        recorded: new.recorded.clone(),
        ..old.clone()
    })
}

fn upstream(subject: &Subject) -> Missing {
    Missing {
        what: "its upstream".to_owned(),
        remedy: subject
            .unavailable
            .clone()
            .unwrap_or_else(|| "it could not be read".to_owned()),
    }
}

/// One run in which every step is done and every `expect` holds.
fn one(engine: &Engine<'_>, subject: &Subject, vary: u64) -> Result<Run, Recorded> {
    let failed = |run: Option<Run>, failed: Verdict| {
        Recorded::Failed(Box::new(Verification {
            tutorial: subject.tutorial.clone(),
            transcript: subject.transcript.clone(),
            run,
            timings: subject.timings,
            verdict: failed,
        }))
    };
    let run = engine.ran(subject, vary).map_err(|why| match why {
        NotRun::Missing(missing) => Recorded::Skipped(missing),
        NotRun::Broken(why) => failed(None, Verdict::never_ran(why)),
    })?;
    // Without a transcript only steps and `expect` are judged.
    match judge(&subject.tutorial, &run, None, &subject.digest) {
        Verdict::Failed(step) => {
            let kept = KeptRun::new(&subject.digest, None, &run);
            let kept = engine.store.keep_failed(&subject.tutorial.name, &kept);
            engine.tell(&subject.tutorial, kept);
            let step: Box<FailedStep> = step;
            Err(failed(Some(run), Verdict::Failed(step)))
        }
        _ => Ok(run),
    }
}

/// Writes a transcript, whole or not at all. The very same text is not written again.
/// # Errors
/// The folder can't be written.
pub fn write_transcript(path: &Path, transcript: &Transcript) -> io::Result<Written> {
    let text = transcript.to_yaml().map_err(io::Error::other)?;
    write_whole(path, text.as_bytes())
}

/// Writes how long the recorded run took, beside its transcript. A recording that agrees with the one that was there
/// leaves the old time as well: another time alone is no change.
/// # Errors
/// The folder can't be written.
pub fn write_timings(path: &Path, recording: &Recording) -> io::Result<Written> {
    if recording.agrees && path.exists() {
        return Ok(Written::Unchanged);
    }
    let timings = Timings::of(recording.run.took);
    write_whole(path, timings.to_json().as_bytes())
}
