//! A machine that can't run anything: another system than Linux, or a program without the feature `run`.

use super::{How, Machine, NotRun, Told};
use crate::judge::Missing;
use crate::need::{Kind, Mend, Need};
use crate::outcome::{Facts, Run};
use crate::project::Project;
use crate::tutorial::Tutorial;

/// Nothing runs here.
#[derive(Debug)]
pub struct Labs;

/// What could stop a run, if there were one.
#[derive(Clone, Debug)]
pub enum Interrupt {}

impl Labs {
    /// As where labs can be made.
    pub fn new(_: &Project, _: &How<'_>) -> Self {
        Self
    }

    /// As [`Labs::needs`].
    pub fn needs_and_supplies(&self, tutorial: &Tutorial) -> Vec<Need> {
        self.needs(tutorial)
    }

    /// The one thing that is missing for everything.
    pub fn needs(&self, _: &Tutorial) -> Vec<Need> {
        let (what, remedy) = if cfg!(target_os = "linux") {
            (
                "the feature `run`",
                "this mdbook-twin was built without the feature run: cargo install mdbook-twin",
            )
        } else {
            ("Linux", "run it on Linux, or in a virtual machine with it")
        };
        let mend = Mend::Words(remedy.to_owned());
        vec![Need::unmet(Kind::Version, what, mend)]
    }
}

impl Machine for Labs {
    fn missing(&self, tutorial: &Tutorial) -> Vec<Missing> {
        let needs = self.needs(tutorial);
        needs.iter().filter_map(Need::missing).collect()
    }

    fn facts(&self, _: &Tutorial) -> Facts {
        Facts::default()
    }

    fn run(&self, tutorial: &Tutorial, _: u64, _: &mut dyn FnMut(Told<'_>)) -> Result<Run, NotRun> {
        Err(NotRun::Missing(self.missing(tutorial)))
    }
}
