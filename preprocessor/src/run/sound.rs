//! Whether what an agent answers holds together, before anything reads it.
//!
//! The agent's pipe can be found by root of its host, so an event is data from a stranger: every index in it is checked
//! here, once, and whatever reads a run may rely on it.

use crate::outcome::{CommandRun, Ended, Failure, Line, Output};

/// Whether the answer speaks of commands and lines that it has.
pub(super) fn is_sound(ended: &Ended, commands: &[CommandRun]) -> bool {
    let of_a_command = match ended {
        Ended::Failed(Failure::Exit { command, .. }) => *command < commands.len(),
        _ => true,
    };
    of_a_command && commands.iter().all(is_sound_command)
}

/// The same for one command.
pub(super) fn is_sound_command(command: &CommandRun) -> bool {
    is_sound_output(&command.output) && command.earlier.iter().all(is_sound_output)
}

fn is_sound_output(output: &Output) -> bool {
    let gap = output.omitted.as_ref();
    let gap_is_inside = gap.is_none_or(|gap| gap.before_line <= output.lines.len());
    gap_is_inside && output.lines.iter().all(is_sound_line)
}

/// Styles in order, each of whole characters of the text, which has no control characters.
fn is_sound_line(line: &Line) -> bool {
    let mut behind = 0;
    let styles_fit = line.styles.iter().all(|range| {
        let fits = behind <= range.start && line.text.get(range.start..range.end).is_some();
        behind = range.end;
        fits
    });
    styles_fit && !line.text.chars().any(char::is_control)
}
