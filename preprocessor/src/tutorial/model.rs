//! What a tutorial is once it is resolved: the value that is run, judged and rendered.
//!
//! Serializable, because the part of a step that a terminal needs travels to the agent as it stands.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::diagnostic::Position;

/// A tutorial in which every step is concrete. Nothing in it asks for a README, an environment or a clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Tutorial {
    /// The file's stem below `tutorials/`: lower case letters, digits, `-` and `_`.
    pub name: String,
    /// The title, plain text.
    pub title: String,
    /// One or two sentences of markdown, for overviews.
    pub summary: Option<String>,
    /// What upstream's authors should be told, markdown; no page shows it.
    pub upstream_note: Option<String>,
    /// The spec's path, relative to the book's root.
    pub spec: PathBuf,
    /// The upstream file whose blocks are used, if any are.
    pub upstream: Option<Upstream>,
    /// The hosts of the lab, in the spec's order; never empty.
    pub hosts: Vec<Host>,
    /// The terminals, in the spec's order; never empty, the first is the default.
    pub terminals: Vec<Terminal>,
    /// All steps in the order in which they run: setup, main, cleanup.
    pub steps: Vec<Step>,
    /// Upstream commands that are not run, each with its reason.
    pub not_run: Vec<NotRun>,
    /// Bounds of the lab.
    pub limits: Limits,
    /// How long setup and steps may take together, from the moment their lab is there. Cleanup has the time of its steps.
    pub timeout: Option<Duration>,
    /// What else it takes from outside.
    pub inputs: Vec<Input>,
}

/// Something that a tutorial takes from outside, besides upstream.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// What it is.
    pub source: InputSource,
    /// Index into [`Tutorial::hosts`].
    pub host: usize,
    /// Where it is put: absolute, or relative to the home of `user`; without `..`.
    pub path: String,
    /// Where it stands in the spec.
    pub at: Position,
}

/// What an input is, and what its bytes have to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputSource {
    /// A file.
    File {
        /// Its URL.
        url: String,
        /// Its sha256, 64 lower-case hex digits.
        sha256: String,
    },
    /// A repository's tree.
    Tree {
        /// What git fetches from.
        url: String,
        /// The full commit id, 40 lower-case hex digits.
        commit: String,
    },
}

impl InputSource {
    /// What it is fetched from.
    pub fn url(&self) -> &str {
        match self {
            Self::File { url, .. } | Self::Tree { url, .. } => url,
        }
    }
}

/// Where a tutorial's commands come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// What git fetches from, e.g. `https://github.com/virtualsquare/sshlirp`.
    pub url: String,
    /// `owner/repo` for a GitHub repository, for links and the layout of upstream directories.
    pub github: Option<String>,
    /// The full commit id, 40 lower-case hex digits.
    pub commit: String,
    /// The markdown file's path in the repository.
    pub file: String,
    /// Sha256 of that file, 64 lower-case hex digits.
    pub sha256: String,
    /// How many commands the file has, over all its command blocks.
    pub commands: usize,
    /// Where this tutorial's blocks were read from.
    pub source: UpstreamSource,
}

impl Upstream {
    /// What a reader is told that shows something.
    pub fn called(&self) -> &'static str {
        let name = self.file.rsplit('/').next().unwrap_or_default();
        match name.starts_with("README") {
            true => "the README",
            false => "upstream's page",
        }
    }
}

/// Where the lines of the used blocks came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpstreamSource {
    /// The file itself, hash checked; documented output is known.
    File,
    /// The transcript, which is also the lock: the file could not be had, or was not asked for.
    Lock,
    /// Neither could be had: its steps are [`Action::Unavailable`], and nothing can run.
    Unavailable,
}

/// One host of the lab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// Its name in the spec, and its host name.
    pub name: String,
    /// What it is made of.
    pub system: System,
    /// Permissions that its steps ask for.
    pub needs: Vec<Permission>,
    /// Programs that must be there (found in PATH), for a host made of the machine.
    pub programs: Vec<String>,
    /// The user whose shell the terminals run: `user` or `root`.
    pub user: String,
    /// Further names in /etc/hosts.
    pub names: Vec<String>,
    /// Its address with prefix length, where the author chose it.
    pub address: Option<String>,
    /// Whether upstream's tree at the commit is the first working directory.
    pub checkout: bool,
}

/// What a host is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum System {
    /// The machine's own /usr, read-only. `packages` are Debian's names of what must be installed there.
    Machine {
        /// Debian packages that the steps need: checked, and named in a skip's remedy.
        packages: Vec<String>,
    },
    /// A Debian system of its own.
    Debian {
        /// `bookworm`, `trixie`, …
        suite: String,
        /// The packages it has, besides the essential ones; `src:NAME` is a source package.
        packages: Vec<String>,
    },
}

/// What widens a lab, one word each.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// /dev/net/tun.
    Tun,
    /// /dev/fuse.
    Fuse,
    /// /dev/kvm.
    Kvm,
    /// A cgroup subtree of its own.
    Cgroups,
    /// The machine's network.
    Network,
}

/// What a lab may use at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of memory.
    pub memory: u64,
    /// Processes and threads.
    pub pids: u64,
    /// Bytes written to the copy-on-write layers, homes and /tmp, all hosts together.
    pub disk: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 2 << 30,
            pids: 512,
            disk: 4 << 30,
        }
    }
}

/// A terminal: a PTY with a shell on one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terminal {
    /// Its name in the spec.
    pub name: String,
    /// What the page calls it.
    pub title: String,
    /// Index into [`Tutorial::hosts`].
    pub host: usize,
}

/// When a step runs, and how much it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// First, folded away on the page.
    Setup,
    /// The tutorial itself.
    Main,
    /// Last, also after a failure or ^C.
    Cleanup,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Unique in the tutorial: the author's, else `setup-1`, `step-1`, `cleanup-1` by position in its phase.
    pub id: String,
    /// See [`Phase`].
    pub phase: Phase,
    /// Heading on the page, plain text.
    pub title: Option<String>,
    /// The author's prose before the step, markdown.
    pub text: Option<String>,
    /// What upstream's authors should be told of it, markdown; no page shows it.
    pub upstream_note: Option<String>,
    /// Index into [`Tutorial::terminals`].
    pub terminal: usize,
    /// What happens.
    pub action: Action,
    /// How long the whole step may take.
    pub timeout: Duration,
    /// What the last command's exit status must be; the others' must be 0.
    pub exit: ExpectedExit,
    /// The author's own expectation for the joined output; alone decides where it is given.
    pub expect: Option<Expect>,
    /// How output is compared.
    pub matching: Matching,
    /// What the page shows.
    pub show: Show,
    /// Where the step applies; elsewhere it is passed over.
    pub when: Option<When>,
    /// `{{=NAME}}` for later steps: the first group of the pattern (or all of it) in this step's output.
    pub capture: BTreeMap<String, String>,
    /// Where it stands in the spec (or in an included file, or in the README for an annotated block).
    pub at: Position,
    /// The upstream block it was taken from.
    pub block: Option<BlockUse>,
}

impl Step {
    /// The line of the upstream file that a command stands in, or its block begins in; from 1, where it is known.
    pub fn readme_line(&self, command: usize) -> Option<usize> {
        let own = match &self.action {
            Action::Run(run) => run.commands.get(command).and_then(|it| it.readme_line),
            _ => None,
        };
        own.or_else(|| self.block.as_ref()?.line)
    }
}

/// Which block a step was taken from, and what was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockUse {
    /// The address, e.g. `Install#2`.
    pub address: String,
    /// 1-based line of the block in the upstream file; unknown when it came from the lock.
    pub line: Option<usize>,
    /// 1-based numbers of the block's commands that the step uses.
    pub commands: Vec<usize>,
    /// `with`: what the author replaced, in order.
    pub with: Vec<(String, String)>,
    /// These commands as upstream has them; empty where that is not known.
    pub upstream: Vec<UpstreamCommand>,
    /// Whether it looks like text and is commands because the spec says so: the file's count does not have them.
    pub looks_like_text: bool,
}

/// A command in upstream's file. Its line is its name: no two begin in the same one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UpstreamCommand {
    /// 1-based line in the file.
    pub line: usize,
    /// The command's lines.
    pub text: String,
}

/// The author's expectation of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// Lines with matchers: `inet {{ipv4:client}}/24`, `...`.
    pub text: String,
    /// Where its first line stands in the spec.
    pub at: Position,
}

/// How a step's output is compared.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Matching {
    /// Line by line.
    #[default]
    Exact,
    /// The same lines in any order.
    Unordered,
    /// Not at all.
    None,
}

/// What of a step the page shows.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Show {
    /// Command and output.
    #[default]
    Both,
    /// The command alone.
    Command,
    /// The output alone.
    Output,
    /// Neither: the step runs, the page does not show it.
    None,
}

/// Where a step applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// Suites of its host.
    pub suite: Vec<String>,
    /// Machine architectures as `uname -m` says.
    pub arch: Vec<String>,
}

/// What an exit status must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExpectedExit {
    /// This number.
    Code(i32),
    /// Any.
    Any,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Types commands, one after another.
    Run(RunCommands),
    /// Writes or edits a file on the terminal's host.
    File(FileEdit),
    /// Presses keys: `C-c`, `Enter`, `Up`, … (names checked by resolve).
    Press(Vec<String>),
    /// Waits until something holds.
    Wait(Condition),
    /// Leaves the innermost nested shell of this terminal, or the terminal itself when there is none.
    Close,
    /// Commands of a block whose upstream can't be read and that no transcript holds: shown as a reference, never run.
    Unavailable,
}

/// The commands of a `run` or `block` step and how they end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunCommands {
    /// In order; never empty.
    pub commands: Vec<Command>,
    /// The last command goes on in the foreground of its terminal while other terminals go on; ready when this holds
    /// (`None`: at once).
    pub background: Option<Background>,
    /// The last command never ends by itself.
    pub until: Option<Until>,
    /// Repeats a single command until it exits as expected.
    pub retry: Option<Retry>,
    /// Questions that the last command asks.
    pub dialog: Vec<DialogLine>,
}

/// One command, of one or more lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// What is typed, without a final newline. `{{=NAME}}` stands for captured values.
    pub text: String,
    /// The prompt it is shown with: the README's, else `$` or `#`.
    pub prompt: String,
    /// What it starts that takes commands in its turn.
    pub opens: Option<Opens>,
    /// How many nested shells are left (by `exit`) before it is typed, because the README's prompts say so.
    pub leaves: usize,
    /// Whether this command itself is the `exit`/`logout` that leaves a nested shell.
    pub exits: bool,
    /// 1-based line in the upstream file.
    pub readme_line: Option<usize>,
    /// What the README shows as its output; empty when it shows none or is not known.
    pub documented: Vec<String>,
}

/// What a command opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Opens {
    /// A nested shell: bash, dash, busybox ash.
    Shell,
    /// A program with a prompt of its own: this regex matches at the start of the screen's last line.
    Prompt(String),
}

/// When a background command counts as ready.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Background {
    /// `None`: as soon as it is typed.
    pub ready: Option<Condition>,
}

/// When a program that never ends has shown enough.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Until {
    /// `output`, `lines` or `quiet`.
    pub condition: Condition,
    /// The keys then pressed; default `C-c`.
    pub then: Vec<String>,
}

/// Repeating a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Tries in all.
    pub times: u32,
    /// Pause between two.
    pub every: Duration,
}

/// A question and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialogLine {
    /// Regex that the output since the last answer must match.
    pub expect: String,
    /// What is typed, with Enter.
    pub send: Answer,
    /// Whether the command may end without asking it.
    pub optional: bool,
}

/// What answers a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// This text.
    Text(String),
    /// The environment variable of this name, masked wherever it shows.
    Secret(String),
}

/// Something that can be waited for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// The terminal's output since the step (or the running command) began matches this regex.
    Output(String),
    /// A TCP socket listens on this port of the host.
    Port(u16),
    /// This path exists on the host.
    Path(String),
    /// The terminal's foreground command has ended.
    Exit,
    /// So many lines came.
    Lines(usize),
    /// No output for this long.
    Quiet(Duration),
    /// This much time passed.
    Elapsed(Duration),
}

/// What is waited for, in words.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output(regex) => write!(f, "output /{regex}/"),
            Self::Port(port) => write!(f, "port {port}"),
            Self::Path(path) => write!(f, "the path {path}"),
            Self::Exit => f.write_str("the command's end"),
            Self::Lines(1) => f.write_str("a line"),
            Self::Lines(lines) => write!(f, "{lines} lines"),
            Self::Quiet(time) => write!(f, "{} s without output", time.as_secs_f64()),
            Self::Elapsed(time) => write!(f, "{} s to pass", time.as_secs_f64()),
        }
    }
}

/// A file that a step writes or edits. Relative paths start at the terminal's working directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEdit {
    /// As written; `~/` is the user's home.
    pub path: String,
    /// What happens to it.
    pub change: FileChange,
}

/// How a file changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileChange {
    /// It holds exactly this.
    Content(String),
    /// This comes behind what it holds.
    Append(String),
    /// Each `find` stands in it exactly once and is replaced, in order.
    Replace(Vec<(String, String)>),
}

/// Upstream commands that are not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotRun {
    /// The block, or `None` for `rest: true`.
    pub block: Option<String>,
    /// The commands in it that no step of the tutorial uses. Empty when upstream could not be read.
    pub commands: Vec<UpstreamCommand>,
    /// The author's reason.
    pub why: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_a_wiki_is_no_readme() {
        let called = |file: &str| {
            let upstream = Upstream {
                url: String::new(),
                github: None,
                commit: String::new(),
                file: file.to_owned(),
                sha256: String::new(),
                commands: 0,
                source: UpstreamSource::File,
            };
            upstream.called()
        };
        assert_eq!(called("README.md"), "the README");
        assert_eq!(called("tools/README.rst"), "the README");
        assert_eq!(called("tutorials/vde_ns.md"), "upstream's page");
    }
}
