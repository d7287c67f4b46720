//! What `run/` and an agent say to each other: one JSON value a line, on the agent's stdin and stdout.
//!
//! The runner sends [`Request`]s ahead in batches; the agent works through them in order and, after a step that failed,
//! answers the rest with `NotReached` until a step of the cleanup comes. When its stdin closes it ends, and the host
//! with it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::outcome::{CommandRun, Ended, Failure};
use crate::tutorial::{Action, ExpectedExit, Phase};

/// Raised when an old agent would misread a new runner, or the other way round.
pub const VERSION: u32 = 3;

/// From the runner to the agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// First of all.
    Hello {
        /// [`VERSION`].
        version: u32,
        /// Secrets by name: what `{secret: NAME}` sends, and what is masked wherever it shows.
        secrets: BTreeMap<String, String>,
    },
    /// A new terminal.
    Open(OpenTerminal),
    /// The next step of this host.
    Step(StepRequest),
    /// The run ends early: the step that runs fails and says why, the steps behind it are not reached, cleanup runs.
    Interrupt {
        /// What ended it.
        why: Interruption,
    },
    /// A command with a person or a pipe behind it. Until its `Exited`, only `Input`, `EndOfInput`, `Resize` and `Leave`
    /// follow.
    Attach(Attach),
    /// What was typed, or came through the pipe.
    Input {
        /// As it came.
        #[serde(with = "super::bytes")]
        bytes: Vec<u8>,
    },
    /// No more input will come. A terminal knows no end: there a person types ^D.
    EndOfInput,
    /// The window has another size now.
    Resize {
        /// Columns and rows.
        size: (u16, u16),
    },
    /// A person comes into a terminal of the tutorial as it stands. Until its `Left`, only `Input`, `EndOfInput`, `Resize`
    /// and `Leave` follow.
    Join(Join),
    /// They leave it. In place of an attached command's input: its person has gone, so it has to end.
    Leave,
    /// A step failed, and those behind it are to be run all the same.
    GoOn,
    /// No more steps: end every terminal and exit 0.
    Bye,
}

/// Why a run ends early.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interruption {
    /// The reader asked for it, in words: `^C`.
    Asked(String),
    /// The tutorial's time is over: so much it had.
    TimeOver(Duration),
}

impl Interruption {
    /// What a step fails with that was waiting for this.
    pub fn failure(&self, waiting_for: impl FnOnce() -> String) -> Failure {
        match self {
            Self::Asked(why) => Failure::Interrupted(why.clone()),
            Self::TimeOver(after) => Failure::TutorialTimeout {
                after: *after,
                waiting_for: waiting_for(),
            },
        }
    }
}

/// A command to attach to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attach {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Who runs it.
    pub uid: u32,
    /// Their group.
    pub gid: u32,
    /// Its whole environment.
    pub env: BTreeMap<String, String>,
    /// Where it starts.
    pub cwd: String,
    /// Columns and rows of its terminal; `None`: it gets pipes.
    pub size: Option<(u16, u16)>,
}

/// A terminal to come into.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Join {
    /// Index into the tutorial's terminals.
    pub terminal: usize,
    /// Columns and rows of the person's own.
    pub size: (u16, u16),
    /// Shown where a shell wants a command: the shells of a tutorial say it to us alone.
    pub prompt: String,
}

/// How a terminal was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Left {
    /// At a prompt.
    Ready,
    /// Something runs in it, or the shell waits for the rest of a command.
    Busy,
    /// Its shell has ended.
    Ended,
}

/// Where an attached command wrote. In a terminal all is output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Errors,
}

/// A terminal to open.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpenTerminal {
    /// Index into the tutorial's terminals; names it from now on.
    pub terminal: usize,
    /// The shell's program and arguments, e.g. `["/bin/bash"]`; the integration is added by the agent.
    pub shell: Vec<String>,
    /// Who it belongs to.
    pub uid: u32,
    /// Their group.
    pub gid: u32,
    /// The whole environment of the shell.
    pub env: BTreeMap<String, String>,
    /// Where it starts.
    pub cwd: String,
    /// Columns and rows.
    pub size: (u16, u16),
}

/// A step to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StepRequest {
    /// Index into the tutorial's steps.
    pub step: usize,
    /// Cleanup runs after a failure too.
    pub phase: Phase,
    /// Index into the tutorial's terminals.
    pub terminal: usize,
    /// What happens.
    pub action: Action,
    /// For the whole step.
    pub timeout: Duration,
    /// Of the last command.
    pub exit: ExpectedExit,
    /// Patterns whose first group is reported back.
    pub capture: BTreeMap<String, String>,
    /// Bytes of output kept per command, head and tail together.
    pub keep: usize,
}

/// From the agent to the runner.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// Answer to `Hello`.
    Hello {
        /// [`VERSION`].
        version: u32,
        /// Whether the kernel asks a filter about each of the agent's system calls, and so about its descendants'.
        filtered: bool,
    },
    /// A terminal's shell is at its first prompt.
    Opened {
        /// Index into the tutorial's terminals.
        terminal: usize,
    },
    /// A step begins.
    Started {
        /// Index into the tutorial's steps.
        step: usize,
    },
    /// A step is over.
    Finished {
        /// Index into the tutorial's steps.
        step: usize,
        /// How it ended.
        ended: Ended,
        /// See [`crate::outcome::StepRun::commands`].
        commands: Vec<CommandRun>,
        /// What `capture` found.
        captured: BTreeMap<String, String>,
    },
    /// Output that came in a terminal after its step was over (a background command's), when the run ends.
    Later {
        /// Index into the tutorial's terminals.
        terminal: usize,
        /// Index of the step whose command wrote it.
        step: usize,
        /// The command's whole output, from its start.
        command: CommandRun,
    },
    /// What the attached command wrote.
    Output {
        /// Where.
        stream: Stream,
        /// As it came.
        #[serde(with = "super::bytes")]
        bytes: Vec<u8>,
    },
    /// The attached command has ended, and all that it wrote was sent.
    Exited {
        /// Its exit status; 128 + signal for a signal, 127 when it could not be started.
        status: i32,
    },
    /// The person has left the terminal; the last that is said of them.
    Left {
        /// How.
        left: Left,
    },
    /// The agent can't go on (a protocol error, no PTY left); it exits after this.
    Fatal {
        /// In words.
        message: String,
    },
}
