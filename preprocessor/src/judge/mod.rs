//! A run against what was recorded and expected: transcript, matchers, diff, verdict.
//!
//! Pure: no clock, no environment, no file system. Not here: running (`run/`), which tutorials run (`verify/`), showing
//! (`report/`, `render/`).

pub mod accept;
pub mod age;
pub mod bindings;
mod broken;
mod circumstances;
mod compare;
pub mod derived;
mod diff;
pub mod documented;
pub mod learn;
pub mod matcher;
pub mod pattern;
pub mod record;
mod recorded;
mod stale;
mod step;
pub mod tally;
mod timings;
pub mod transcript;
pub mod varies;
pub mod verdict;

pub use age::MaxAge;
pub use diff::{Folded, Stretch};
pub use record::{Lessons, transcript_of};
pub(crate) use stale::recorded_step;
pub use tally::Tally;
pub use timings::Timings;
pub use transcript::Transcript;
pub use verdict::{Missing, Verdict, Verification};

use std::ops::Range;

use crate::outcome::Run;
use crate::tutorial::{Action, Tutorial};
use bindings::Bindings;
use derived::Ties;
use recorded::Known;
use transcript::TranscriptCommand;
use verdict::{FailedStep, Stale, VerifiedBy, Why};

/// What a run says about a tutorial.
///
/// A step with `expect` is judged by it alone, a step without by the transcript, as long as that was recorded of the
/// same `digest`; exit statuses always count.
pub fn judge(
    tutorial: &Tutorial,
    run: &Run,
    transcript: Option<&Transcript>,
    digest: &str,
) -> Verdict {
    if let Some(first) = first_failed(tutorial, run, transcript, digest) {
        return Verdict::Failed(Box::new(first));
    }
    match standing(tutorial, transcript, digest) {
        Verdict::Verified { .. } => Verdict::Verified {
            by: VerifiedBy::Run,
            date: run.date.clone(),
            facts: run.facts.clone(),
        },
        other => other,
    }
}

/// The first step of a run that is not as it should be, whatever else is said of the tutorial: of a part of it, when
/// the rest was passed over.
pub fn first_failed(
    tutorial: &Tutorial,
    run: &Run,
    transcript: Option<&Transcript>,
    digest: &str,
) -> Option<FailedStep> {
    let fitting = transcript.filter(|transcript| transcript.digest == digest);
    let mut failed = failed_steps(tutorial, run, fitting);
    // What a background command had written when the run broke off is no more than that: where it only lacks lines, the
    // steps behind would have brought them about. What broke the run off is told first.
    let cut = |step: &FailedStep| match (&tutorial.steps[step.step].action, &step.why) {
        (Action::Run(run), Why::Differs(diff)) if run.background.is_some() => {
            Some(diff.lacks_only())
        }
        _ => None,
    };
    let broke_off = |step: &FailedStep| matches!(step.why, Why::CouldNotGoOn(_));
    if failed.iter().any(broke_off) {
        failed.retain(|step| cut(step) != Some(true));
        failed.sort_by_key(|step| cut(step).is_some());
    }
    let mut failed = failed.into_iter();
    let first = failed.next()?;
    Some(FailedStep {
        more: failed.collect(),
        ..first
    })
}

/// What is wrong with the last of the steps that a run has come to so far; `None`: nothing.
pub fn wrong_so_far(
    tutorial: &Tutorial,
    so_far: &Run,
    transcript: Option<&Transcript>,
    digest: &str,
) -> Option<FailedStep> {
    let last = so_far.steps.len().checked_sub(1)?;
    let fitting = transcript.filter(|transcript| transcript.digest == digest);
    let failed = failed_steps(tutorial, so_far, fitting);
    failed.into_iter().find(|failed| failed.step == last)
}

/// What can be said when nothing runs: never worse than stale, and verified as far as the transcript goes, however old
/// it is (see [`Verdict::within`]).
pub fn standing(tutorial: &Tutorial, transcript: Option<&Transcript>, digest: &str) -> Verdict {
    match transcript {
        None if is_unavailable(tutorial) => {
            Verdict::Unrecorded(Some("its upstream could not be read".to_owned()))
        }
        None => Verdict::Unrecorded(None),
        Some(transcript) if transcript.digest != digest => {
            Verdict::Stale(Stale::Changed(stale::changes(tutorial, transcript)))
        }
        Some(transcript) => match stale::contradictions(tutorial, transcript) {
            none if none.is_empty() => Verdict::Verified {
                by: VerifiedBy::Transcript,
                date: transcript.recorded.clone(),
                facts: transcript.facts.clone(),
            },
            words => Verdict::Stale(Stale::Changed(words)),
        },
    }
}

/// Which commands are others than recorded, each in a sentence; empty where all are the same.
pub fn changed_commands(tutorial: &Tutorial, transcript: &Transcript) -> Vec<(usize, String)> {
    stale::changed_steps(tutorial, transcript)
}

/// The bytes of each line of a recorded output that may be others the next time.
pub(crate) fn varying(command: &TranscriptCommand) -> Vec<Vec<Range<usize>>> {
    let lines: Vec<&str> = command.output.lines().collect();
    let places = varies::places(&lines, &command.varies).into_iter();
    let ranges = |places: Vec<varies::Place>| places.into_iter().map(|place| place.range);
    places.map(|places| ranges(places).collect()).collect()
}

/// Whether commands are missing because neither upstream nor a transcript could be read: nothing can run.
pub fn is_unavailable(tutorial: &Tutorial) -> bool {
    tutorial
        .steps
        .iter()
        .any(|step| step.action == Action::Unavailable)
}

/// Every step that is not as it should be, in order.
fn failed_steps(
    tutorial: &Tutorial,
    run: &Run,
    transcript: Option<&Transcript>,
) -> Vec<FailedStep> {
    let known = transcript.map(|transcript| Known::of(transcript, &run.facts));
    let mut bindings = Bindings::with(transcript.map(Ties::in_transcript).unwrap_or_default());
    let mut failed: Vec<FailedStep> = Vec::new();
    for (index, step) in tutorial.steps.iter().enumerate() {
        let recorded =
            transcript.map(|transcript| stale::recorded_step(tutorial, index, transcript));
        let wrong = match run.steps.get(index) {
            Some(ran) => step::judge(
                index,
                step,
                ran,
                recorded,
                known,
                !failed.is_empty(),
                &mut bindings,
            ),
            // Only a run that was cut off is shorter than its tutorial.
            None => step::not_reached(!failed.is_empty()),
        };
        if let Some((command, why)) = wrong {
            let besides = match (&why, run.steps.get(index)) {
                (Why::CouldNotGoOn(_), Some(ran)) => step::difference(
                    index,
                    step,
                    ran,
                    command,
                    recorded.flatten(),
                    known,
                    &bindings,
                ),
                _ => None,
            };
            failed.push(FailedStep {
                step: index,
                command,
                why,
                besides,
                more: Vec::new(),
            });
        }
    }
    failed
}

impl Verdict {
    /// A run that could not even begin.
    pub fn never_ran(why: String) -> Self {
        Self::Failed(Box::new(FailedStep {
            step: 0,
            command: 0,
            why: Why::NeverRan(why),
            besides: None,
            more: Vec::new(),
        }))
    }
}
