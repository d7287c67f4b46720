//! What happens meanwhile, as plain lines on stderr.

use mdbook_twin::verify::{Observer, Progress};

use crate::cli::show::Shown;

/// A line when a tutorial begins, and one when it waits for another build.
pub(crate) struct Lines {
    shown: Shown,
}

impl Lines {
    pub(crate) fn new(shown: Shown) -> Self {
        Self { shown }
    }
}

impl Observer for Lines {
    fn progress(&self, name: &str, progress: Progress<'_>) {
        match progress {
            Progress::Waiting => self
                .shown
                .note(&format!("waiting for another run of {name}")),
            Progress::Running { steps } => {
                let plural = if steps == 1 { "" } else { "s" };
                self.shown
                    .note(&format!("running {name}: {steps} step{plural}"));
            }
            Progress::Preparing(what) => self.shown.note(&format!("{name}: {what}")),
            Progress::Step { .. } | Progress::Finished(_) => {}
        }
    }
}
