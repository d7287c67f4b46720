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

/// So many lines of a step are shown; the others are like them, as all lines of a key are.
const SHOWN: usize = 3;

/// A few lines for each step: which one, what it gave, what to do.
pub fn varying(tutorial: &Tutorial, all: &[Varying]) -> Vec<String> {
    let of_step = |of_step: &[Varying]| {
        let step = &tutorial.steps[of_step[0].step];
        format!(
            "warning: {}: step `{}` ({}) does not give the same every time\n{}  = say what may vary by `expect`, for example with {{{{int}}}}, {{{{mac}}}} or a line `...`; or `match: none`",
            tutorial.name,
            step.id,
            step.at,
            once_and_again(of_step),
        )
    };
    let by_step = all.chunk_by(|one, next| one.step == next.step);
    by_step.map(of_step).collect()
}

fn once_and_again(all: &[Varying]) -> String {
    let line = |line: &Option<String>| {
        line.as_deref()
            .map_or_else(|| "(no such line)".to_owned(), visible)
    };
    let shown = all.iter().take(SHOWN);
    let mut text: String = shown
        .map(|it| {
            format!(
                "  once:  {}\n  again: {}\n",
                line(&it.first),
                line(&it.other)
            )
        })
        .collect();
    match all.len().saturating_sub(SHOWN) {
        0 => {}
        1 => text.push_str("  and 1 more line\n"),
        more => text.push_str(&format!("  and {more} more lines\n")),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_many_lines_shows_a_few() {
        let line = |nth: usize| Varying {
            step: 0,
            command: 0,
            first: Some(format!("|{nth}|")),
            other: None,
        };
        let all: Vec<_> = (0..9).map(line).collect();
        assert_eq!(
            once_and_again(&all[..1]),
            "  once:  |0|\n  again: (no such line)\n"
        );
        let text = once_and_again(&all);
        assert_eq!(text.matches("once:").count(), SHOWN);
        assert!(text.ends_with("  and 6 more lines\n"), "{text}");
    }
}
