//! A machine that can't run anything: another system than Linux, or a program without the feature `run`.

use super::{How, Machine, NotRun, Told};
use crate::judge::Missing;
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
}

impl Machine for Labs {
    fn missing(&self, _: &Tutorial) -> Vec<Missing> {
        let (what, remedy) = if cfg!(target_os = "linux") {
            (
                "the feature `run`",
                "this mdbook-twin was built without the feature run: cargo install mdbook-twin",
            )
        } else {
            ("Linux", "run it on Linux, or in a virtual machine with it")
        };
        vec![Missing {
            what: what.to_owned(),
            remedy: remedy.to_owned(),
        }]
    }

    fn facts(&self, _: &Tutorial) -> Facts {
        Facts::default()
    }

    fn run(&self, tutorial: &Tutorial, _: &mut dyn FnMut(Told<'_>)) -> Result<Run, NotRun> {
        Err(NotRun::Missing(self.missing(tutorial)))
    }
}
