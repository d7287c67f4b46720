//! The tutorials of a book on this machine.

use super::Tutorials;
use crate::project::Project;
use crate::tutorial::load;
use crate::verify::{self, Answer, How, Observer};

/// A book's own tutorials, and who watches while they run.
pub struct OnDisk<O> {
    /// The book.
    pub project: Project,
    /// Told what happens; `()` for nobody.
    pub observer: O,
}

impl<O: Observer> Tutorials for OnDisk<O> {
    fn names(&self) -> Vec<String> {
        // A folder that can't be read has no tutorials: every directive then says that it finds none.
        load::names(&self.project).unwrap_or_default()
    }

    fn verify(&self, names: &[String], how: &How<'_>) -> Vec<Answer> {
        verify::verify(&self.project, names, how, &self.observer)
    }
}
