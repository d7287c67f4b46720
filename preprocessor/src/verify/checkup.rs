//! What `doctor` knows: of each tutorial, everything that it needs here. Nothing runs.

use super::summary::exit;
use super::{How, Labs};
use crate::diagnostic::Diagnostic;
use crate::need::Need;
use crate::project::Project;
use crate::tutorial;

/// One tutorial's needs.
#[derive(Clone, Debug)]
pub struct Checkup {
    /// The tutorial's name, as asked.
    pub name: String,
    /// Each need, met or not; or all mistakes in its files.
    pub needs: Result<Vec<Need>, Vec<Diagnostic>>,
}

/// Looks at what these tutorials need and at what is here: files, programs, devices, and an empty lab.
pub fn check_up(project: &Project, names: &[String], how: &How<'_>) -> Vec<Checkup> {
    let labs = Labs::new(project, how);
    let of = |name: &String| Checkup {
        name: name.clone(),
        needs: tutorial::load(project, name).map(|loaded| match &how.suite {
            Some(suite) => labs.needs_and_supplies(&loaded.tutorial.on_suite(suite)),
            None => labs.needs_and_supplies(&loaded.tutorial),
        }),
    };
    names.iter().map(of).collect()
}

impl Checkup {
    /// Whether it can run here.
    pub fn can_run(&self) -> bool {
        let needs = self.needs.as_ref();
        needs.is_ok_and(|needs| needs.iter().all(Need::is_met))
    }

    /// 0 when all can run (also when there is none), 1 when some can, 3 when none can; 2 with mistakes in files.
    pub fn exit_code(all: &[Self]) -> u8 {
        let can = all.iter().filter(|one| one.can_run()).count();
        if all.iter().any(|one| one.needs.is_err()) {
            exit::BAD_INPUT
        } else if can == all.len() {
            exit::GOOD
        } else if can == 0 {
            exit::ALL_SKIPPED
        } else {
            exit::NOT_VERIFIED
        }
    }
}
