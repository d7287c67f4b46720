//! What a run gave: plain values that judging, reports and pages read.
//!
//! Not here: how it is brought about (`run/`, `lab/`, `agent/`, behind the feature `run`).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One run of one tutorial, from the first setup step to the last cleanup step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The date it began, `YYYY-MM-DD`, UTC.
    pub date: String,
    /// What it ran on.
    pub facts: Facts,
    /// From the lab's start to its end; zero where nobody looked at a clock.
    #[serde(default)]
    pub took: Duration,
    /// One for each step of the tutorial, in its order.
    pub steps: Vec<StepRun>,
}

/// The machine and systems of a run: what the transcript names and the cache's key holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Kernel release, as `uname -r`.
    pub kernel: String,
    /// Kernel build, as `uname -v`; empty where it was not looked at.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub build: String,
    /// Machine architecture, as `uname -m`.
    pub arch: String,
    /// Per host: what it is made of, in words (`Debian GNU/Linux 13 (trixie)`).
    pub systems: BTreeMap<String, String>,
    /// Versions of the packages that the spec lists.
    pub packages: BTreeMap<String, String>,
}

/// What became of one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRun {
    /// The step's id.
    pub id: String,
    /// How it ended.
    pub ended: Ended,
    /// One for each command that was started (a retried command once, with its last try). Steps without commands
    /// have at most one, with what came meanwhile.
    pub commands: Vec<CommandRun>,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// As it should, judging aside.
    Done,
    /// So too, but not by itself: it left a shell, and the program around it did not notice its end until ^C came.
    DoneByInterrupt {
        /// Its name.
        program: String,
    },
    /// It could not go on.
    Failed(Failure),
    /// A step before it failed.
    NotReached,
    /// Its `when` does not apply here.
    PassedOver,
}

/// Why a step could not go on. `Display` says it in one sentence, without the command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// Another exit status than asked for.
    #[error("exit status {got}, expected {wanted}")]
    Exit {
        /// Which command, 0-based in the step.
        command: usize,
        /// What came.
        got: i32,
        /// What was asked for.
        wanted: i32,
    },
    /// The step's time was over.
    #[error("no end after {} while waiting for {waiting_for}", human(*after))]
    Timeout {
        /// The step's timeout.
        after: Duration,
        /// In words: `the command's end`, `output /listening/`, `port 2222`.
        waiting_for: String,
    },
    /// The time of the whole tutorial was over.
    #[error("the tutorial's time ({}) is over while waiting for {waiting_for}", human(*after))]
    TutorialTimeout {
        /// The tutorial's timeout.
        after: Duration,
        /// In words, as in `Timeout`.
        waiting_for: String,
    },
    /// The shell of the terminal is gone, so nothing can be typed.
    #[error("the terminal's shell has ended{}", status(*exit))]
    TerminalGone {
        /// Its exit status, 128 + signal for a signal; `None` where it is unknown.
        exit: Option<i32>,
    },
    /// The command ended before what was waited for came.
    #[error("it ended{} before {waiting_for}", status(*exit))]
    EndedEarly {
        /// Its exit status.
        exit: Option<i32>,
        /// In words, as in `Timeout`.
        waiting_for: String,
    },
    /// All of a command was typed, and the shell waits for more.
    #[error(
        "the shell waits for the rest of the command: a quote, a bracket or a here-document is open"
    )]
    Unfinished,
    /// A terminal that still runs a foreground command was asked to run another.
    #[error("the terminal is busy: an earlier command still runs in it")]
    Busy,
    /// A file could not be written or edited.
    #[error("{path}: {message}")]
    File {
        /// The file's path on the host.
        path: String,
        /// What the system (or the edit) said.
        message: String,
    },
    /// A capture's pattern is not in the output.
    #[error("nothing in the output matches the capture `{name}`")]
    Capture {
        /// The capture's name.
        name: String,
    },
    /// The run was interrupted (^C, or the lab died).
    #[error("interrupted: {0}")]
    Interrupted(String),
}

fn human(d: Duration) -> String {
    if d.subsec_millis() == 0 {
        match d.as_secs() {
            seconds @ 1.. if seconds % 60 == 0 => format!("{} min", seconds / 60),
            seconds => format!("{seconds} s"),
        }
    } else {
        format!("{:.1} s", d.as_secs_f64())
    }
}

fn status(exit: Option<i32>) -> String {
    exit.map(|code| format!(" with exit status {code}"))
        .unwrap_or_default()
}

/// One command as it ran.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CommandRun {
    /// What was typed (captures filled in, secrets masked).
    pub command: String,
    /// The prompt it is shown with.
    pub prompt: String,
    /// Its output as a person would see it.
    pub output: Output,
    /// Exit status; `None` where the terminal can't say (REPLs, a command that opened a shell, one still running).
    pub exit: Option<i32>,
    /// From typing it to its end.
    pub took: Duration,
    /// What it showed when it was tried before (`retry`), first to last. All together no more than one output; what is
    /// above that is left out, the first and the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Output>,
    /// The raw stream in chunks, stamped with microseconds since the run began; bounded like the output.
    pub chunks: Vec<(u64, String)>,
}

/// The output of a command, as the screen showed it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Lines without line ends, trailing blanks cut off. Ordinary text: no control characters.
    pub lines: Vec<Line>,
    /// What was left out, and before which line.
    pub omitted: Option<Omitted>,
    /// Whether the output ended without a newline.
    pub no_newline: bool,
}

/// The part of a flood that was not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Omitted {
    /// Index in `lines` of the first line after the gap.
    pub before_line: usize,
    /// How many bytes are missing.
    pub bytes: u64,
    /// Whether cursor addressing in the gap means that the screen was not reconstructed.
    pub not_reconstructed: bool,
}

/// A line of a screen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its text.
    pub text: String,
    /// Stretches that have a style, in order, not overlapping; empty for plain text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub styles: Vec<StyledRange>,
}

/// A styled stretch of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StyledRange {
    /// First byte in the line's text.
    pub start: usize,
    /// Byte behind the last.
    pub end: usize,
    /// How it looks.
    pub style: Style,
}

/// How a stretch of text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Style {
    /// Foreground: 0–15 of the palette, 16–255 of the cube, or 0x0100_0000 | RGB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foreground: Option<u32>,
    /// Background, as `foreground`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<u32>,
    /// Bold.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub bold: bool,
    /// Italic.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub italic: bool,
    /// Underlined.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub underline: bool,
    /// Faint.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub faint: bool,
    /// Reverse video.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inverse: bool,
    /// Nothing that a terminal shows: a value that may be another the next time, for the page.
    #[serde(skip)]
    pub varies: bool,
}

impl Ended {
    /// Whether it ended as it should, judging aside.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done | Self::DoneByInterrupt { .. })
    }
}

impl StepRun {
    /// What is to be told of it even where all is as it should be, in a sentence.
    pub fn remark(&self) -> Option<String> {
        match &self.ended {
            Ended::DoneByInterrupt { program } => Some(format!(
                "`{program}` missed the end of its shell, and was left by Ctrl-C"
            )),
            _ => None,
        }
    }
}

impl CommandRun {
    /// The tries before the last, those that showed the same in a row as one, each with its name: `tries 1 to 3`.
    pub fn earlier_tries(&self) -> Vec<(String, &Output)> {
        let mut tries = Vec::new();
        let mut first = 1;
        for same in self.earlier.chunk_by(|one, next| one == next) {
            let name = match same.len() {
                1 => format!("try {first}"),
                count => format!("tries {first} to {}", first + count - 1),
            };
            first += same.len();
            tries.push((name, &same[0]));
        }
        tries
    }
}

impl Output {
    /// Forgets the lines; how much that was is known from then on.
    pub fn leave_out(&mut self) {
        let text: usize = self.lines.iter().map(|line| line.text.len() + 1).sum();
        let before = self.omitted.as_ref().map_or(0, |gap| gap.bytes);
        self.lines.clear();
        self.no_newline = false;
        self.omitted = Some(Omitted {
            before_line: 0,
            bytes: text as u64 + before,
            not_reconstructed: false,
        });
    }

    /// The lines' text, each with a newline.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            text.push_str(&line.text);
            text.push('\n');
        }
        text
    }
}
