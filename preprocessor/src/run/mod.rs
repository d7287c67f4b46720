//! Drives a lab: steps to the agent, events back, cleanup always.
//!
//! In: a resolved tutorial, and what a run may use. Out: a [`Run`], with the steps that failed or were not reached in
//! it; or a [`LabError`] when nothing ran at all. Not here: how a lab is made (`lab/`), what a terminal is (`agent/`),
//! whether the outputs are right (`judge/`).

pub mod attach;
mod conduct;
mod conversation;
mod course;
mod debug;
pub mod door;
mod facts;
pub mod interrupt;
mod kept;
mod link;
mod placeholders;
mod sound;
mod supplies;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::judge::Missing;
use crate::lab::system::{Sources, Unavailable};
use crate::lab::{self, StartError, Variation};
use crate::need::Need;
use crate::outcome::{Ended, Facts, Run};
use crate::tutorial::{Permission, Tutorial};
use crate::upstream::{PinError, Places};

pub(crate) use crate::agent::mask::unfit_secret;
pub use attach::Standing;
pub use debug::{Debug, Stand};
pub use door::Door;
pub use interrupt::Interrupt;
pub use kept::Keep;

use conduct::{AtEnd, Watch};
use conversation::Conversation;

/// What a run may use and has to know.
#[derive(Clone, Debug)]
pub struct Options {
    /// The OCI runtime, a name in PATH or a path: `crun`.
    pub runtime: String,
    /// Permissions that the machine grants.
    pub grants: Vec<Permission>,
    /// Bytes of output kept per command, head and tail together.
    pub keep: usize,
    /// Today, `YYYY-MM-DD`, UTC.
    pub date: String,
    /// Values of the secrets that dialogs send, by name.
    pub secrets: BTreeMap<String, String>,
    /// Columns and rows of the terminals.
    pub size: (u16, u16),
    /// What ends the run early, if anything does.
    pub interrupt: Option<Interrupt>,
    /// How the lab starts differently from others.
    pub variation: Variation,
    /// The last step that runs, but for cleanup: its index. Those behind it are passed over.
    pub until: Option<usize>,
    /// Where systems, trees and inputs are kept.
    pub cache: PathBuf,
    /// Where pinned files are looked for.
    pub places: Places,
    /// The archive that systems are made from.
    pub sources: Sources,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            runtime: "crun".to_owned(),
            grants: Vec::new(),
            keep: 1 << 20,
            date: String::new(),
            secrets: BTreeMap::new(),
            size: (80, 24),
            interrupt: None,
            variation: Variation::default(),
            until: None,
            cache: PathBuf::new(),
            places: Places::default(),
            sources: Sources::default(),
        }
    }
}

/// What a run tells while it goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress<'a> {
    /// Something is made or fetched before the lab can be: what, in words.
    Preparing(&'a str),
    /// A step begins.
    Started {
        /// Index into the tutorial's steps.
        step: usize,
    },
    /// A step is over.
    Finished {
        /// Index into the tutorial's steps.
        step: usize,
        /// How it ended.
        ended: &'a Ended,
        /// Its commands' time, together.
        took: Duration,
    },
}

/// Why nothing ran.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The machine lacks something after all, or does not grant it: the tutorial is skipped, with these reasons.
    #[error("{}", list(.0))]
    Missing(Vec<Missing>),
    /// The lab could not be started, for a reason that no remedy is known for.
    #[error(transparent)]
    Start(StartError),
    /// What it takes from outside is not what was pinned, or none to take. Nothing may run.
    #[error(transparent)]
    Supply(PinError),
    /// A system could not be made: the archive has no such package, or the build failed.
    #[error("{0}")]
    System(String),
    /// The agent is of another version than we are, or speaks nonsense.
    #[error("the agent in the lab: {0}")]
    Agent(String),
}

impl From<StartError> for LabError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Refused(missing) => Self::Missing(vec![missing]),
            error => Self::Start(error),
        }
    }
}

impl From<Unavailable> for LabError {
    fn from(why: Unavailable) -> Self {
        match why {
            Unavailable::Missing(missing) => Self::Missing(vec![missing]),
            why => Self::System(why.to_string()),
        }
    }
}

fn list(missing: &[Missing]) -> String {
    let one = |missing: &Missing| format!("{} is missing: {}", missing.what, missing.remedy);
    missing.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// What a run of the tutorial would run on now.
pub fn facts(tutorial: &Tutorial, cache: &Path, sources: &Sources) -> Facts {
    facts::of(tutorial, cache, sources)
}

/// What a run would take from outside, and whether it is on this machine.
pub fn supply_needs(tutorial: &Tutorial, places: &Places) -> Vec<Need> {
    supplies::needs(tutorial, places)
}

/// Runs a tutorial in a lab of its own and waits until nothing of it is left.
///
/// The lab lives no longer than the calling thread. A step that fails, an interrupt, and the death of the lab are part
/// of the result: its steps say what happened.
///
/// # Errors
/// [`LabError`]: nothing ran. With `Missing` the tutorial is to be skipped; the others are worth a report.
pub fn run(
    tutorial: &Tutorial,
    options: &Options,
    observer: &mut dyn FnMut(Progress<'_>),
) -> Result<Run, LabError> {
    let (run, _) = run_and(AtEnd::Leave, Watch::Nobody, tutorial, options, observer)?;
    Ok(run)
}

/// As [`run`], one step at a time: where it stands still, before its cleanup, the person is in its terminals.
///
/// # Errors
/// As [`run`].
pub fn debug(
    tutorial: &Tutorial,
    options: &Options,
    debug: Debug<'_, '_>,
    observer: &mut dyn FnMut(Progress<'_>),
) -> Result<Run, LabError> {
    let debug = Watch::Debug(debug);
    let (run, _) = run_and(AtEnd::Leave, debug, tutorial, options, observer)?;
    Ok(run)
}

/// As [`run`], and keeps the lab before its cleanup until it is to end.
///
/// # Errors
/// As [`run`].
pub fn run_and_keep(
    tutorial: &Tutorial,
    options: &Options,
    keep: Keep<'_>,
    observer: &mut dyn FnMut(Progress<'_>),
) -> Result<Run, LabError> {
    let keep = Watch::Keep(keep);
    let (run, _) = run_and(AtEnd::Leave, keep, tutorial, options, observer)?;
    Ok(run)
}

/// Runs the setup of a tutorial alone, and keeps the lab that it ran in; `None` where that did not survive it.
///
/// # Errors
/// As [`run`].
pub fn set_up(
    tutorial: &Tutorial,
    options: &Options,
    observer: &mut dyn FnMut(Progress<'_>),
) -> Result<(Run, Option<Standing>), LabError> {
    let (run, conversation) = run_and(AtEnd::Stay, Watch::Nobody, tutorial, options, observer)?;
    Ok((run, conversation.map(Standing::new)))
}

fn run_and(
    at_end: AtEnd,
    watch: Watch<'_, '_>,
    tutorial: &Tutorial,
    options: &Options,
    observer: &mut dyn FnMut(Progress<'_>),
) -> Result<(Run, Option<Conversation>), LabError> {
    let missing = lab::missing_for(tutorial, &options.grants, &options.runtime);
    if !missing.is_empty() {
        return Err(LabError::Missing(missing));
    }
    let supplies = supplies::gather(tutorial, options, observer)?;
    let facts = facts::of(tutorial, &options.cache, &options.sources);
    let begun = Instant::now();
    let (steps, conversation) = conduct::conduct(
        tutorial,
        &facts,
        supplies,
        options,
        (at_end, watch),
        observer,
    )?;
    let run = Run {
        date: options.date.clone(),
        facts,
        took: begun.elapsed(),
        steps,
    };
    Ok((run, conversation))
}
