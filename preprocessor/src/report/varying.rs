//! What differed between the runs of a recording, and what to write about it.

use std::collections::BTreeMap;

use super::visible;
use crate::judge::learn::Freed;
use crate::judge::record::Varying;
use crate::tutorial::Tutorial;

/// How many values of which kind may be others from now on: `; 12 values vary: 8 float, 4 duration`. Empty for none.
pub fn free_values<'a>(freed: impl Iterator<Item = &'a Freed>) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for freed in freed {
        *kinds.entry(freed.kind).or_default() += 1;
    }
    let all: usize = kinds.values().sum();
    let list: Vec<_> = kinds
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    match all {
        0 => String::new(),
        1 => format!("; 1 value varies: {}", list.join(", ")),
        all => format!("; {all} values vary: {}", list.join(", ")),
    }
}

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
