//! The steps of one terminal → its box on the page: commands, outputs, folds, and what is said below it.

use serde::Serialize;

use super::highlight::{Highlighter, Language};
use super::pieces::{self, Piece};
use super::shown::{self, Exchange, Source};
use crate::judge::Verification;
use crate::outcome::{Omitted, Output};
use crate::tutorial::{Action, Condition, RunCommands, Show, Step, Tutorial, Upstream};

/// More lines than this fold; a page stays a page.
const FOLD_ABOVE: usize = 30;
/// What stays in sight of a folded output: enough to see what it is, and how it ends.
const FOLD_HEAD: usize = 12;
const FOLD_TAIL: usize = 4;

/// A terminal's box, as terminal.html takes it.
#[derive(Debug, Default, Serialize)]
pub(super) struct TerminalView {
    pub(super) title: String,
    /// `user@laptop`.
    pub(super) login: String,
    pub(super) source: Source,
    pub(super) segments: Vec<Segment>,
    /// Where the commands come from.
    pub(super) origins: Vec<Origin>,
    /// Outputs that upstream's file shows otherwise.
    pub(super) documented: Vec<Documented>,
    /// What that file is called.
    pub(super) shown_by: &'static str,
}

/// A stretch of a screen that is either in sight or folded.
#[derive(Debug, Default, Serialize)]
pub(super) struct Segment {
    pub(super) folded: bool,
    /// Lines in a folded one.
    pub(super) lines: usize,
    /// Where the tries before the last are folded: how many there were.
    pub(super) tries: usize,
    pub(super) rows: Vec<Row>,
}

impl Segment {
    /// Its rows, or a word in their place: there is no fold within a fold.
    fn in_sight(self) -> Vec<Row> {
        match self.folded {
            true => vec![Row::Note {
                text: format!("… {} more lines …", self.lines),
            }],
            false => self.rows,
        }
    }
}

/// Rows of a screen.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Row {
    /// A prompt and what is typed at it.
    Command {
        id: String,
        prompt: String,
        pieces: Vec<Piece>,
    },
    /// What came.
    Output { pieces: Vec<Piece> },
    /// What the tutorial does besides typing, or what is to be known of an output.
    Note { text: String },
    /// An exit status that is not 0.
    Exit { code: i32 },
}

/// A block of upstream's file.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Origin {
    pub(super) label: String,
    /// Empty when there is nothing to link to.
    pub(super) href: String,
    /// What the author replaced: from, to.
    pub(super) with: Vec<(String, String)>,
}

/// What upstream's file shows as the output of a command.
#[derive(Debug, Serialize)]
pub(super) struct Documented {
    pub(super) command: String,
    pub(super) text: String,
}

/// The box for `steps` (indices), which all belong to one terminal and show commands or keys. `None` when there is
/// nothing to show.
pub(super) fn terminal(
    of: &Verification,
    steps: &[usize],
    highlighter: &Highlighter,
) -> Option<TerminalView> {
    let tutorial = &of.tutorial;
    let terminal = &tutorial.terminals[tutorial.steps[*steps.first()?].terminal];
    let host = &tutorial.hosts[terminal.host];
    let mut view = TerminalView {
        title: terminal.title.clone(),
        login: format!("{}@{}", host.user, host.name),
        source: shown::source(of),
        segments: vec![Segment::default()],
        origins: Vec::new(),
        documented: Vec::new(),
        shown_by: tutorial.upstream.as_ref().map_or("", Upstream::called),
    };
    for index in steps {
        add_step(&mut view, of, *index, highlighter);
    }
    view.segments.retain(|segment| !segment.rows.is_empty());
    (!view.segments.is_empty()).then_some(view)
}

fn add_step(view: &mut TerminalView, of: &Verification, index: usize, highlighter: &Highlighter) {
    let step = &of.tutorial.steps[index];
    if step.show == Show::None {
        return;
    }
    let exchanges = shown::exchanges(of, index);
    if !matches!(step.action, Action::Run(_))
        && let Some(note) = step_note(of, index)
    {
        view.note(note);
    }
    let mut id = own_anchor(&of.tutorial, step);
    for exchange in &exchanges {
        add_exchange(view, step, exchange, std::mem::take(&mut id), highlighter);
    }
    if matches!(step.action, Action::Run(_))
        && step.show != Show::Output
        && let Some(note) = step_note(of, index)
    {
        view.note(note);
    }
    if let Some(note) = shown::not_run_note(of, index) {
        view.note(note.to_owned());
    }
    if let Some(origin) = origin(&of.tutorial, step)
        && !view.origins.contains(&origin)
    {
        view.origins.push(origin);
    }
}

fn add_exchange(
    view: &mut TerminalView,
    step: &Step,
    exchange: &Exchange,
    id: String,
    highlighter: &Highlighter,
) {
    if step.show != Show::Output && !exchange.command.is_empty() {
        view.row(Row::Command {
            id,
            prompt: exchange.prompt.clone(),
            pieces: typed(exchange, highlighter),
        });
    }
    let Some(output) = exchange
        .output
        .as_ref()
        .filter(|_| step.show != Show::Command)
    else {
        return;
    };
    if exchange.tried > 0 {
        view.tries(exchange);
    }
    view.output(output);
    if let Some(code) = exchange.exit.filter(|code| *code != 0) {
        view.row(Row::Exit { code });
    }
    if !exchange.documented.is_empty() {
        view.documented.push(Documented {
            command: exchange.command.clone(),
            text: exchange.documented.join("\n"),
        });
    }
}

/// The command's words, with the shell's continuation prompt before each further line.
fn typed(exchange: &Exchange, highlighter: &Highlighter) -> Vec<Piece> {
    let (language, continuation) = match exchange.prompt.trim_end() {
        prompt if prompt.ends_with(">>>") => (Language::Python, "... "),
        prompt if prompt.ends_with(['$', '#', '%', '❯']) || prompt.is_empty() => {
            (Language::Shell, "> ")
        }
        _ => (Language::Unknown, ""),
    };
    let mut pieces = Vec::new();
    for piece in highlighter.pieces(&exchange.command, language) {
        for (nth, text) in piece.text.split('\n').enumerate() {
            if nth > 0 {
                pieces::push(&mut pieces, Piece::new("", "\n"));
                pieces::push(&mut pieces, Piece::new("twin-prompt", continuation));
            }
            pieces::push(
                &mut pieces,
                Piece {
                    text: text.to_owned(),
                    ..piece.clone()
                },
            );
        }
    }
    pieces
}

impl TerminalView {
    fn row(&mut self, row: Row) {
        if self.segments.last().is_none_or(|segment| segment.folded) {
            self.segments.push(Segment::default());
        }
        if let Some(segment) = self.segments.last_mut() {
            segment.rows.push(row);
        }
    }

    fn note(&mut self, text: String) {
        self.row(Row::Note { text });
    }

    /// What a repeated command showed before it ended well, or was given up.
    fn tries(&mut self, exchange: &Exchange) {
        let mut within = Self::default();
        for (name, output) in &exchange.tries {
            within.note(format!("{name}:"));
            within.output(output);
        }
        let lines = exchange.tries.iter().map(|(_, output)| output.lines.len());
        self.segments.push(Segment {
            folded: true,
            lines: lines.sum(),
            tries: exchange.tried,
            rows: within
                .segments
                .into_iter()
                .flat_map(Segment::in_sight)
                .collect(),
        });
    }

    fn output(&mut self, output: &Output) {
        let lines = &output.lines;
        if let Some(gap) = &output.omitted {
            let at = gap.before_line.min(lines.len());
            self.lines(&lines[..at]);
            self.note(gap_note(gap));
            self.lines(&lines[at..]);
        } else {
            self.lines(lines);
        }
    }

    fn lines(&mut self, lines: &[crate::outcome::Line]) {
        let row = |lines| Row::Output {
            pieces: pieces::of_lines(lines),
        };
        if lines.len() <= FOLD_ABOVE {
            if !lines.is_empty() {
                self.row(row(lines));
            }
            return;
        }
        let (head, rest) = lines.split_at(FOLD_HEAD);
        let (middle, tail) = rest.split_at(rest.len() - FOLD_TAIL);
        self.row(row(head));
        self.segments.push(Segment {
            folded: true,
            lines: middle.len(),
            rows: vec![row(middle)],
            ..Segment::default()
        });
        self.row(row(tail));
    }
}

/// The `id` of a step on the page: unique among several tutorials in one chapter.
pub(super) fn anchor(tutorial: &Tutorial, step: &Step) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' {
            c
        } else {
            '-'
        }
    };
    format!("{}-{}", tutorial.name, step.id)
        .chars()
        .map(plain)
        .collect()
}

/// The `id` that a step's box has to bear itself: a titled step has it in its heading.
pub(super) fn own_anchor(tutorial: &Tutorial, step: &Step) -> String {
    match step.title {
        Some(_) => String::new(),
        None => anchor(tutorial, step),
    }
}

fn origin(tutorial: &Tutorial, step: &Step) -> Option<Origin> {
    let block = step.block.as_ref()?;
    let upstream = tutorial.upstream.as_ref()?;
    Some(Origin {
        label: format!("{}, {}", upstream.file, block.address),
        href: super::banner::file_link(upstream, block.line),
        with: block.with.clone(),
    })
}

/// What is missing of a flood, in words.
pub(super) fn gap_note(gap: &Omitted) -> String {
    let unsure = match gap.not_reconstructed {
        true => ", screen not reconstructed",
        false => "",
    };
    format!("… {} bytes are left out{unsure} …", gap.bytes)
}

/// What a step does besides typing, in words.
pub(super) fn step_note(of: &Verification, index: usize) -> Option<String> {
    match &of.tutorial.steps[index].action {
        Action::Press(keys) => Some(format!("[{}]", keys.join(" "))),
        Action::Wait(condition) => Some(format!("(waits {})", condition_words(condition))),
        Action::Close => Some("(the shell is left)".to_owned()),
        Action::Run(RunCommands {
            until: Some(until), ..
        }) => Some(format!(
            "[{}] pressed {}",
            until.then.join(" "),
            after_words(&until.condition)
        )),
        Action::Run(RunCommands {
            background: Some(_),
            ..
        }) if !shown::is_seen_to_end(of, index) => {
            Some("(goes on; what it says later stands here too)".to_owned())
        }
        Action::Run(_) => None,
        Action::File(_) | Action::Unavailable => None,
    }
}

fn condition_words(condition: &Condition) -> String {
    match condition {
        Condition::Output(regex) => format!("until the output matches {regex}"),
        Condition::Port(port) => format!("until port {port} is open"),
        Condition::Path(path) => format!("until {path} is there"),
        Condition::Exit => "until the command has ended".to_owned(),
        Condition::Lines(lines) => format!("for {lines} lines of output"),
        Condition::Quiet(time) => format!("until nothing came for {} s", time.as_secs_f64()),
        Condition::Elapsed(time) => format!("for {} s", time.as_secs_f64()),
    }
}

fn after_words(condition: &Condition) -> String {
    match condition {
        Condition::Lines(lines) => format!("after {lines} lines"),
        Condition::Output(regex) => format!("when the output matched {regex}"),
        Condition::Quiet(time) => format!("when nothing came for {} s", time.as_secs_f64()),
        other => condition_words(other),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_keys_of_until_come_after_what_was_waited_for() {
        let quiet = Condition::Quiet(Duration::from_secs(1));
        assert_eq!(after_words(&quiet), "when nothing came for 1 s");
        assert_eq!(condition_words(&quiet), "until nothing came for 1 s");
        assert_eq!(after_words(&Condition::Lines(4)), "after 4 lines");
    }
}
