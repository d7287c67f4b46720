//! What differed between the runs of a recording, and what to write about it.

use super::visible;
use crate::judge::record::Varying;
use crate::tutorial::Tutorial;

/// A few lines: the step, both lines, what to do.
pub fn varying(tutorial: &Tutorial, varying: &Varying) -> String {
    let step = &tutorial.steps[varying.step];
    let line = |line: &Option<String>| {
        line.as_deref()
            .map_or_else(|| "(no such line)".to_owned(), visible)
    };
    format!(
        "warning: {}: step `{}` ({}) does not give the same every time\n  once:  {}\n  again: {}\n  = say what may vary by `expect`, for example with {{{{int}}}}, {{{{mac}}}} or a line `...`; or `match: none`",
        tutorial.name,
        step.id,
        step.at,
        line(&varying.first),
        line(&varying.other),
    )
}
