//! One tutorial looked at: a part of it, or with a person who stands by.
//!
//! In: a name, the last step that is to run, the person's terminal. Out: what ran, judged as `verify` judges it. Nothing
//! of it is worth more than a look, so nothing is recorded, and nothing gets into the cache or comes out of it.

use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::Duration;

use super::summary::exit;
use super::{How, Labs, Machine, Observer, Progress, Subject};
use crate::diagnostic::{Diagnostic, listed, nearest};
use crate::judge::{Missing, Verdict, Verification, is_unavailable, judge, wrong_so_far};
use crate::outcome::{Ended, Facts, Failure, Run, StepRun};
use crate::project::Project;
use crate::run::attach::Caller;
use crate::run::{self, Debug, Door, Keep, LabError, Options, Stand};
use crate::tutorial::{self, Phase, Tutorial};

/// What came of it.
#[derive(Debug)]
pub enum Looked {
    /// It ran.
    Ran(Box<Part>),
    /// It can't run here.
    Skipped(Vec<Missing>),
    /// No remedy is known; in words.
    Broken(String),
}

/// What ran of a tutorial.
#[derive(Debug)]
pub struct Part {
    /// What is said of the steps that ran; `Stale` and `Unrecorded` where only exit statuses and `expect` could be judged.
    pub verification: Verification,
    /// Index of the last step that was to run, cleanup aside.
    pub until: Option<usize>,
}

impl Part {
    /// See [`exit`]: a part is good when nothing in it failed.
    pub fn exit_code(&self) -> u8 {
        match &self.verification.verdict {
            Verdict::Failed(_) => exit::NOT_VERIFIED,
            Verdict::Skipped(_) => exit::ALL_SKIPPED,
            Verdict::Stale(_) | Verdict::Unrecorded(_) if self.until.is_none() => {
                exit::NOT_VERIFIED
            }
            Verdict::Stale(_) | Verdict::Unrecorded(_) | Verdict::Verified { .. } => exit::GOOD,
        }
    }

    /// Steps of the cleanup that could not go on, each with the reason. They don't count where only a part ran.
    pub fn failed_cleanup(&self) -> Vec<(&str, &Failure)> {
        let run = self.verification.run.as_ref();
        let ran = run.map_or(&[][..], |run| &run.steps);
        let steps = self.verification.tutorial.steps.iter().zip(ran);
        steps
            .filter(|(step, _)| step.phase == Phase::Cleanup)
            .filter_map(|(step, ran)| match &ran.ended {
                Ended::Failed(failure) => Some((step.id.as_str(), failure)),
                _ => None,
            })
            .collect()
    }

    /// The steps that were not to run.
    pub fn left_out(&self) -> impl Iterator<Item = &crate::tutorial::Step> {
        let behind = self.until.map_or(usize::MAX, |until| until + 1);
        let steps = self.verification.tutorial.steps.iter().skip(behind);
        steps.filter(|step| step.phase != Phase::Cleanup)
    }
}

/// How one tutorial is looked at.
#[derive(Default)]
pub struct Look<'a> {
    /// The last step that runs.
    pub until: Option<&'a str>,
    /// Who stands by, or comes later.
    pub with: With<'a>,
}

/// Who sees more of it than what comes out.
#[derive(Default)]
pub enum With<'a> {
    /// Nobody.
    #[default]
    Nobody,
    /// Who is let in where a step is not as it should be, and behind the last.
    Person(Person<'a>),
    /// Who comes into the lab when all but the cleanup is over.
    Callers(Callers<'a>),
}

/// A lab that is kept for those who come.
pub struct Callers<'a> {
    /// Told when it stands, with the judgement.
    pub stands: &'a mut dyn FnMut(&Part),
    /// A line on it ends the lab.
    pub input: BorrowedFd<'a>,
}

/// Who stands by.
pub struct Person<'a> {
    /// Their terminal.
    pub caller: Caller<'a>,
    /// How a step that is not as it should be is told to them; everything is known that ran up to it.
    pub words: &'a dyn Fn(&Verification) -> String,
}

/// Runs a tutorial up to and with the step `until` (its id, or its number among the steps that are neither setup nor
/// cleanup), then its cleanup.
/// # Errors
/// All mistakes in its files, or a step that it does not have.
pub fn look(
    project: &Project,
    name: &str,
    look: Look<'_>,
    how: &How<'_>,
    observer: &dyn Observer,
) -> Result<Looked, Vec<Diagnostic>> {
    let mut subject = Subject::from(tutorial::load(project, name)?);
    if let Some(suite) = &how.suite {
        let tutorial = Arc::unwrap_or_clone(subject.tutorial);
        subject.tutorial = Arc::new(tutorial.on_suite(suite));
    }
    let until = look.until.map(|step| step_of(&subject.tutorial, step));
    let until = until.transpose().map_err(|unknown| vec![unknown])?;
    let tutorial = &*subject.tutorial;
    if is_unavailable(tutorial) {
        let why = subject.unavailable.unwrap_or_default();
        let why = format!("its commands could not be read: {why}");
        return Ok(Looked::Broken(why));
    }
    let labs = Labs::new(project, how);
    let missing = labs.missing(tutorial);
    if !missing.is_empty() {
        return Ok(Looked::Skipped(missing));
    }
    let options = Options {
        until,
        ..labs.options(tutorial)
    };
    let steps = tutorial.steps.len();
    observer.progress(name, Progress::Running { steps });
    let mut told = |progress: run::Progress<'_>| match progress {
        run::Progress::Preparing(what) => observer.progress(name, Progress::Preparing(what)),
        run::Progress::Started { step } => {
            observer.progress(name, Progress::Step { step, tutorial });
        }
        run::Progress::Finished { .. } => {}
    };
    let mut is_kept = false;
    let run = match look.with {
        With::Nobody => run::run(tutorial, &options, &mut told),
        With::Callers(callers) => {
            let door = match Door::of(&project.cache, name) {
                Ok(door) => door,
                Err(why) => return Ok(Looked::Broken(no_door(name, &why))),
            };
            is_kept = true;
            let keep = Keep {
                stands: &mut |so_far| {
                    let run = with_cleanup_to_come(tutorial, so_far);
                    (callers.stands)(&part(subject.clone(), run, until, is_kept));
                },
                door,
                input: callers.input,
                interrupt: how.stop,
            };
            run::run_and_keep(tutorial, &options, keep, &mut told)
        }
        With::Person(person) => {
            let debug = Debug {
                stands_still: &mut |so_far| stand(&subject, until, so_far, person.words),
                caller: person.caller,
            };
            run::debug(tutorial, &options, debug, &mut told)
        }
    };
    Ok(match run {
        Ok(run) => Looked::Ran(Box::new(part(subject, run, until, is_kept))),
        Err(LabError::Missing(missing)) => Looked::Skipped(missing),
        Err(why) => Looked::Broken(why.to_string()),
    })
}

/// Whether a run stands still behind the last of the steps that it has come to, and why.
fn stand(
    subject: &Subject,
    until: Option<usize>,
    so_far: &[StepRun],
    words: &dyn Fn(&Verification) -> String,
) -> Option<Stand> {
    let last = so_far.len().checked_sub(1)?;
    let ended = &so_far[last].ended;
    let is_cleanup = subject.tutorial.steps[last].phase == Phase::Cleanup;
    if is_cleanup || matches!(ended, Ended::PassedOver | Ended::NotReached) {
        return None;
    }
    let run = Run {
        steps: so_far.to_vec(),
        date: String::new(),
        facts: Facts::default(),
        took: Duration::ZERO,
    };
    let transcript = subject.transcript.as_ref();
    let Some(failed) = wrong_so_far(&subject.tutorial, &run, transcript, &subject.digest) else {
        return (until == Some(last)).then_some(Stand::Here);
    };
    Some(Stand::Failed(words(&Verification {
        tutorial: subject.tutorial.clone(),
        transcript: subject.transcript.clone(),
        run: Some(run),
        timings: subject.timings,
        verdict: Verdict::Failed(Box::new(failed)),
    })))
}

fn part(subject: Subject, run: Run, until: Option<usize>, is_kept: bool) -> Part {
    let transcript = subject.transcript.as_ref();
    let judged = match until.is_some() || is_kept {
        true => without_cleanup(&subject.tutorial, run.clone()),
        false => run.clone(),
    };
    let verdict = judge(&subject.tutorial, &judged, transcript, &subject.digest);
    Part {
        verification: Verification {
            tutorial: subject.tutorial,
            transcript: subject.transcript,
            run: Some(run),
            timings: subject.timings,
            verdict,
        },
        until,
    }
}

/// A run before its cleanup.
fn with_cleanup_to_come(tutorial: &Tutorial, so_far: &[StepRun]) -> Run {
    let to_come = tutorial.steps.iter().skip(so_far.len());
    let to_come = to_come.map(|step| StepRun {
        id: step.id.clone(),
        ended: Ended::PassedOver,
        commands: Vec::new(),
    });
    Run {
        date: String::new(),
        facts: Facts::default(),
        took: Duration::ZERO,
        steps: so_far.iter().cloned().chain(to_come).collect(),
    }
}

fn no_door(name: &str, why: &std::io::Error) -> String {
    match why.kind() {
        std::io::ErrorKind::AddrInUse => format!(
            "a lab of {name} is kept already: mdbook-twin lab {name} --kept is in it; Enter where it was started ends it"
        ),
        _ => format!("the lab could not be kept, since nobody could enter it: {why}"),
    }
}

/// What a cleanup undoes may not have been done, or callers may have done it: it says nothing about the steps.
fn without_cleanup(tutorial: &Tutorial, mut run: Run) -> Run {
    for (step, ran) in tutorial.steps.iter().zip(&mut run.steps) {
        if step.phase == Phase::Cleanup {
            ran.ended = Ended::PassedOver;
        }
    }
    run
}

/// The step of this id, else the one of this number, counted as `step-1` and `step-2` are.
fn step_of(tutorial: &Tutorial, wanted: &str) -> Result<usize, Diagnostic> {
    let steps = || {
        let all = tutorial.steps.iter().enumerate();
        all.filter(|(_, step)| step.phase != Phase::Cleanup)
    };
    let mut main = steps().filter(|(_, step)| step.phase == Phase::Main);
    let by_id = steps().find(|(_, step)| step.id == wanted);
    let by_number = || {
        let number: usize = wanted.parse().ok()?;
        main.nth(number.checked_sub(1)?)
    };
    if let Some((index, _)) = by_id.or_else(by_number) {
        return Ok(index);
    }
    let message = format!("{} has no step `{wanted}`", tutorial.name);
    let mut diagnostic = Diagnostic::error("unknown-step", message);
    let ids = || steps().map(|(_, step)| step.id.as_str());
    if let Some(near) = nearest(wanted, ids()) {
        diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
    }
    let listed = listed(ids());
    Err(diagnostic.help(format!("its steps: {listed}; or a number, from 1 on")))
}
