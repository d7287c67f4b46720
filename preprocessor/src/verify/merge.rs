//! `record --merge`: what another machine saw becomes part of a transcript.
//!
//! In: the file that a failed run leaves (`NAME.run.json`, in the cache or among a CI's artifacts). Out: the transcript
//! that allows for it. Not here: how two outputs become one with places that vary (`judge/learn/`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Subject;
use super::store::{KeptRun, Store};
use crate::diagnostic::Diagnostic;
use crate::judge::judge;
use crate::judge::record::{Lessons, merged};
use crate::judge::verdict::{Verdict, Verification};
use crate::project::Project;
use crate::tutorial::digest::digest;
use crate::tutorial::{self, Suite};

/// What became of a run that was to be merged.
#[derive(Clone, Debug)]
pub enum Merged {
    /// The transcript allows for what that run saw, except for what is unexplained.
    Done(Box<Lessons>),
    /// It is a run of other commands, or of other hosts, than the transcript.
    OfOther,
    /// The transcript is not of what the spec says now, or there is none.
    Unrecorded,
    /// A step could not go on in that run: no transcript can allow for that.
    Failed(Box<Verification>),
}

/// What a kept run of another machine, or on another suite, adds to a tutorial's transcript. Nothing is written yet.
/// # Errors
/// All mistakes in the tutorial's files.
pub fn merge(project: &Project, name: &str, kept: KeptRun) -> Result<Merged, Vec<Diagnostic>> {
    let subject = Subject::from(tutorial::load(project, name)?);
    let Some(transcript) = subject
        .transcript
        .as_ref()
        .filter(|it| it.digest == subject.digest)
    else {
        return Ok(Merged::Unrecorded);
    };
    let suite = kept.suite.as_deref().map(str::parse::<Suite>);
    let there = match suite.and_then(Result::ok) {
        Some(suite) => Arc::new(subject.tutorial.as_ref().clone().on_suite(&suite)),
        None => subject.tutorial.clone(),
    };
    if digest(&there) != kept.digest {
        return Ok(Merged::OfOther);
    }
    // What `expect` says or a status decides is wrong whatever the transcript says.
    if let verdict @ Verdict::Failed(_) = judge(&subject.tutorial, &kept.run, None, "") {
        return Ok(Merged::Failed(Box::new(Verification {
            tutorial: there,
            transcript: Some(transcript.clone()),
            run: Some(kept.run),
            timings: subject.timings,
            verdict,
        })));
    }
    let lessons = merged(&subject.tutorial, transcript, &kept.run);
    Ok(Merged::Done(Box::new(lessons)))
}

/// The files of the failed runs of a tutorial that this machine's cache has: its own, and those on other suites.
pub fn kept_runs(project: &Project, name: &str) -> Vec<PathBuf> {
    let own = Store::new(&project.cache).failed_run(name);
    let folder = own
        .parent()
        .and_then(|folder| std::fs::read_dir(folder).ok());
    let files = folder.into_iter().flatten().flatten();
    let mut suites: Vec<PathBuf> = files
        .map(|file| file.path())
        .filter(|path| {
            let file = path.file_name().and_then(|file| file.to_str());
            let suite = file.and_then(|file| {
                file.strip_prefix(name)?
                    .strip_prefix('.')?
                    .strip_suffix(".run.json")
            });
            suite.is_some_and(|suite| suite.parse::<Suite>().is_ok())
        })
        .collect();
    suites.sort();
    if own.exists() {
        suites.insert(0, own);
    }
    suites
}

/// Reads the file of a failed run: `NAME.run.json` of the cache, or an artifact of CI.
/// # Errors
/// It can't be read, or is none; in words.
pub fn read_kept(path: &Path) -> Result<KeptRun, String> {
    let bytes = std::fs::read(path).map_err(|why| why.to_string())?;
    KeptRun::from_json(&bytes)
        .ok_or_else(|| "this is no failed run of this version of mdbook-twin".to_owned())
}
