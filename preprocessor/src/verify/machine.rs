//! This machine: a lab for each run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{How, Machine, NotRun, Told};
use crate::judge::Missing;
use crate::lab::system::Sources;
use crate::lab::{self, Variation};
use crate::need::{Kind, Mend, Need};
use crate::outcome::{Facts, Run};
use crate::project::Project;
use crate::run::{self, Interrupt, LabError, Options};
use crate::tutorial::{Action, Answer, Permission, Tutorial};
use crate::upstream::Places;
use crate::verify::clock;

/// The machine's labs, with what the book and the command line grant.
#[derive(Debug)]
pub struct Labs {
    runtime: String,
    grants: Vec<Permission>,
    interrupt: Option<Interrupt>,
    vary: u64,
    cache: PathBuf,
    places: Places,
    sources: Sources,
}

impl Labs {
    /// The grants of `how` come on top of book.toml's.
    pub fn new(project: &Project, how: &How<'_>) -> Self {
        let mut all = project.config.grant.clone();
        all.extend_from_slice(&how.grants);
        let runtime = project.config.runtime.clone();
        Self {
            runtime: runtime.unwrap_or_else(|| "crun".to_owned()),
            grants: all,
            interrupt: how.stop.cloned(),
            vary: how.vary,
            cache: project.cache.clone(),
            places: project.places.clone(),
            sources: Sources::new(project.config.mirror.as_deref()),
        }
    }
}

impl Labs {
    /// Everything that a run of this tutorial needs, there or not.
    pub fn needs(&self, tutorial: &Tutorial) -> Vec<Need> {
        let needs = lab::needs(tutorial, &self.grants, &self.runtime);
        self.needs_besides(tutorial, needs)
    }

    /// The same, without what the machine is asked for by making a lab.
    fn needs_to_begin(&self, tutorial: &Tutorial) -> Vec<Need> {
        let needs = lab::needs_to_begin(tutorial, &self.grants, &self.runtime);
        self.needs_besides(tutorial, needs)
    }

    fn needs_besides(&self, tutorial: &Tutorial, mut needs: Vec<Need>) -> Vec<Need> {
        needs.extend(lab::system::needs(tutorial, &self.cache, &self.sources));
        let secrets = secrets(tutorial).into_iter();
        needs.extend(secrets.map(|(name, value)| {
            let what = format!("the secret {name}");
            let unfit = value.as_deref().map(run::unfit_secret);
            let mend = match unfit {
                Some(None) => return Need::met(Kind::Secret, what, "set"),
                Some(Some(why)) => {
                    format!("its value {why}, so it could not be masked: set {name} to another")
                }
                None => format!("set the environment variable {name}"),
            };
            Need::unmet(Kind::Secret, what, Mend::Words(mend))
        }));
        needs
    }

    /// The same and what it would take from outside; a run learns that by taking it.
    pub fn needs_and_supplies(&self, tutorial: &Tutorial) -> Vec<Need> {
        let mut needs = self.needs(tutorial);
        needs.extend(run::supply_needs(tutorial, &self.places));
        needs
    }

    /// What a run of it may use and has to know.
    pub(super) fn options(&self, tutorial: &Tutorial) -> Options {
        let secrets = secrets(tutorial).into_iter();
        Options {
            runtime: self.runtime.clone(),
            grants: self.grants.clone(),
            date: clock::today(),
            secrets: secrets
                .filter_map(|(name, value)| Some((name, value?)))
                .collect(),
            interrupt: self.interrupt.clone(),
            variation: Variation::of(self.vary),
            cache: self.cache.clone(),
            places: self.places.clone(),
            sources: self.sources.clone(),
            ..Options::default()
        }
    }
}

impl Machine for Labs {
    /// A run follows where nothing is missing, and says itself when the machine refuses its lab. Only a tutorial that is
    /// skipped anyway pays for an empty lab, so that its reasons are all there.
    fn missing(&self, tutorial: &Tutorial) -> Vec<Missing> {
        let needs = match self.needs_to_begin(tutorial) {
            met if met.iter().all(Need::is_met) => met,
            _ => self.needs(tutorial),
        };
        needs.iter().filter_map(Need::missing).collect()
    }

    fn facts(&self, tutorial: &Tutorial) -> Facts {
        run::facts(tutorial, &self.cache, &self.sources)
    }

    fn run(
        &self,
        tutorial: &Tutorial,
        vary: u64,
        told: &mut dyn FnMut(Told<'_>),
    ) -> Result<Run, NotRun> {
        let options = Options {
            variation: Variation::of(self.vary + vary),
            ..self.options(tutorial)
        };
        run::run(tutorial, &options, &mut |progress| match progress {
            run::Progress::Preparing(what) => told(Told::Preparing(what)),
            run::Progress::Started { step } => told(Told::Step(step)),
            run::Progress::Finished { .. } => {}
        })
        .map_err(|why| match why {
            LabError::Missing(missing) => NotRun::Missing(missing),
            why => NotRun::Broken(why.to_string()),
        })
    }

    fn is_interrupted(&self) -> bool {
        self.interrupt.as_ref().is_some_and(Interrupt::is_raised)
    }
}

/// The environment variables that the tutorial's dialogs send, and their values where they are set.
fn secrets(tutorial: &Tutorial) -> BTreeMap<String, Option<String>> {
    let runs = tutorial.steps.iter().filter_map(|step| match &step.action {
        Action::Run(run) => Some(run),
        _ => None,
    });
    runs.flat_map(|run| &run.dialog)
        .filter_map(|line| match &line.send {
            Answer::Secret(name) => Some((name.clone(), std::env::var(name).ok())),
            Answer::Text(_) => None,
        })
        .collect()
}
