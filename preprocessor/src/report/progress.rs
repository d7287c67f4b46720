//! A run that goes on, in one line: how far it is and what it waits for.
//!
//! In: a tutorial and the step that runs. Out: a line that a terminal may show, and a cut of it that fits. Not here: when
//! it is shown, and since when it runs (`cli/progress.rs`).

use std::fmt::Write as _;
use std::time::Duration;

use unicode_width::UnicodeWidthChar;

use super::visible;
use crate::tutorial::{Action, Opens, RunCommands, Tutorial};

/// `3/7 vpn: ping 10.0.0.2, until 3 lines`: the terminal is named where there are several.
pub fn step(tutorial: &Tutorial, index: usize) -> String {
    let count = tutorial.steps.len();
    let mut line = format!("{}/{count} ", index + 1);
    let Some(step) = tutorial.steps.get(index) else {
        return line;
    };
    if let [_, _, ..] = tutorial.terminals.as_slice() {
        let _ = write!(line, "{}: ", tutorial.terminals[step.terminal].name);
    }
    let waits = waits(&step.action);
    line.push_str(step.title.as_deref().unwrap_or(&waits.does));
    if let Some(until) = waits.until {
        let _ = write!(line, ", until {until}");
    }
    one_line(&line)
}

/// What a step does, and what it waits for where that is not the end of it.
struct Waits {
    does: String,
    until: Option<String>,
}

fn waits(action: &Action) -> Waits {
    let (does, until) = match action {
        Action::Run(run) => (commands(run), run_until(run)),
        Action::File(edit) => (format!("the file {}", edit.path), None),
        Action::Press(keys) => (format!("press {}", keys.join(" ")), None),
        Action::Wait(condition) => ("wait".to_owned(), Some(condition.to_string())),
        Action::Close => ("leave the shell".to_owned(), None),
        Action::Unavailable => ("nothing".to_owned(), None),
    };
    Waits { does, until }
}

/// The first line of what is typed.
fn commands(run: &RunCommands) -> String {
    let text = run.commands.first().map_or("", |first| first.text.as_str());
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    match run.commands.len() > 1 || lines.next().is_some() {
        true => format!("{first} …"),
        false => first.to_owned(),
    }
}

fn run_until(run: &RunCommands) -> Option<String> {
    let opens = run.commands.last().and_then(|last| last.opens.as_ref());
    let background = run.background.as_ref().and_then(|it| it.ready.as_ref());
    match (&run.until, background, opens) {
        (Some(until), _, _) => Some(until.condition.to_string()),
        (_, Some(ready), _) => Some(ready.to_string()),
        (_, _, Some(Opens::Shell | Opens::Prompt(_))) => Some("the prompt".to_owned()),
        (None, None, None) => None,
    }
}

/// Without what would move the cursor or turn the direction of writing.
pub fn one_line(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let text: String = text.chars().filter(|&c| !turns(c)).collect();
    visible(&text.replace(['\t', '\n'], " "))
}

/// As much of the text as fits before the tail into so many columns, and the tail. A terminal that is too narrow for the
/// tail gets the text alone.
pub fn fitted(text: &str, tail: &str, columns: usize) -> String {
    let room = columns.saturating_sub(columns_of(tail));
    match room {
        0 => cut(text, columns),
        room => cut(text, room) + tail,
    }
}

fn cut(text: &str, columns: usize) -> String {
    if columns_of(text) <= columns {
        return text.to_owned();
    }
    let mut room = columns.saturating_sub(1);
    let fits = |c: &char| {
        let fits = column_count(*c) <= room;
        room -= column_count(*c).min(room);
        fits
    };
    let kept: String = text.chars().take_while(fits).collect();
    match columns {
        0 => String::new(),
        _ => kept + "…",
    }
}

fn columns_of(text: &str) -> usize {
    text.chars().map(column_count).sum()
}

/// Columns of a terminal that a character takes.
pub(super) fn column_count(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// `12 s`, `3 min 20 s`: whole seconds, because it is looked at while it changes.
pub fn elapsed(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..60 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{elapsed, fitted, one_line, step};
    use crate::diagnostic::SourceFile;
    use crate::tutorial::{Sources, Spec, resolve};

    #[test]
    fn a_step_says_what_it_does_and_what_it_waits_for() {
        let spec = "title: x
terminals: [left, right]
steps:
  - run: ping 10.0.0.2
    until: {lines: 3}
  - {terminal: right, run: sshd -D, background: true, ready: {port: 2222}}
  - {run: bash, opens: shell}
  - {title: \"A \\e[2Jtitle\", run: make}
  - run: |
      make
      make install
  - {wait: {quiet: 2s}}
  - {press: [C-c, Enter]}
  - {file: notes, content: x}
  - {closes: left}
";
        let file = SourceFile {
            path: "x.yaml".into(),
            text: spec.to_owned(),
        };
        let spec = Spec::parse("x", file, &|_| unreachable!()).unwrap();
        let tutorial = resolve(&spec, &Sources::default()).unwrap().tutorial;
        let lines: Vec<_> = (0..9).map(|index| step(&tutorial, index)).collect();
        assert_eq!(
            lines,
            [
                "1/9 left: ping 10.0.0.2, until 3 lines",
                "2/9 right: sshd -D, until port 2222",
                "3/9 left: bash, until the prompt",
                "4/9 left: A \\u{1b}[2Jtitle",
                "5/9 left: make …",
                "6/9 left: wait, until 2 s without output",
                "7/9 left: press C-c Enter",
                "8/9 left: the file notes",
                "9/9 left: leave the shell",
            ]
        );
    }

    #[test]
    fn a_line_is_cut_before_its_tail() {
        assert_eq!(fitted("ping 10.0.0.2", " 12 s", 20), "ping 10.0.0.2 12 s");
        assert_eq!(fitted("ping 10.0.0.2", " 12 s", 18), "ping 10.0.0.2 12 s");
        assert_eq!(fitted("ping 10.0.0.2", " 12 s", 17), "ping 10.0.0… 12 s");
        assert_eq!(fitted("ping 10.0.0.2", " 12 s", 6), "… 12 s");
        assert_eq!(fitted("ping 10.0.0.2", " 12 s", 5), "ping…");
        assert_eq!(fitted("ping", "", 1), "…");
        assert_eq!(fitted("ping", "", 0), "");
    }

    #[test]
    fn a_wide_character_has_two_columns() {
        assert_eq!(fitted("終了する", "", 8), "終了する");
        assert_eq!(fitted("終了する", "", 7), "終了す…");
        assert_eq!(fitted("終了する", "", 6), "終了…");
        assert_eq!(fitted("e\u{301}e\u{301}", "", 2), "e\u{301}e\u{301}");
    }

    #[test]
    fn nothing_in_it_moves_the_cursor() {
        assert_eq!(
            one_line("a\tb\r\n\u{1b}[2J\u{202e}c\u{9b}1m"),
            "a b\\u{d} \\u{1b}[2Jc\\u{9b}1m"
        );
    }

    #[test]
    fn time_is_told_in_minutes_and_seconds() {
        assert_eq!(elapsed(Duration::from_millis(59_999)), "59 s");
        assert_eq!(elapsed(Duration::from_secs(200)), "3 min 20 s");
        assert_eq!(elapsed(Duration::from_secs(3603)), "60 min 03 s");
    }
}
