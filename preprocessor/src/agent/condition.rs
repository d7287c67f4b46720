//! What steps can wait for.

use std::fs::Metadata;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use nix::unistd::Pid;
use regex::bytes::{Regex, RegexBuilder};

use super::pump::{Agent, Trouble};
use super::sockets;
use super::steps::Step;
use super::terminal::{Doing, Terminal};
use crate::outcome::Failure;
use crate::tutorial::Condition;

/// How often is looked for what nobody tells us of, while a step waits for it: sockets. (sock_diag tells of those that are
/// destroyed, not of those that listen.)
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How often for a path in a folder that is watched: /proc, /sys and network file systems change without a word, and
/// another file system may be mounted there.
const LOOK_AGAIN_ANYWAY: Duration = Duration::from_millis(200);

/// A condition that is being waited for.
pub(super) struct Waiting<'a> {
    condition: &'a Condition,
    regex: Option<Regex>,
    since: Instant,
    /// Newlines of the terminal's command when it began.
    lines: usize,
    /// Whether a command ran then.
    ran: bool,
    /// Whether it is what the command itself has to come to, not what a later step waits for.
    own: bool,
}

impl Waiting<'_> {
    /// Whether the command that ran has ended.
    pub(super) fn has_ended(&self, terminal: &Terminal) -> bool {
        self.ran && !matches!(terminal.doing(), Doing::Running | Doing::Typed)
    }
}

/// Whether a condition holds.
pub(super) enum Held {
    /// It does.
    Yes,
    /// Not yet; it may without any output at this moment.
    NotYet(Option<Instant>),
    /// It can't any more: the command has ended.
    Never(Option<i32>),
}

/// A condition in words, as [`Failure::Timeout`] wants them.
pub(super) fn in_words(condition: &Condition) -> String {
    condition.to_string()
}

/// A regex of a spec, `^` and `$` at line ends.
pub(super) fn regex(pattern: &str) -> Result<Regex, Failure> {
    RegexBuilder::new(pattern)
        .multi_line(true)
        .build()
        .map_err(|_| Failure::Interrupted(format!("/{pattern}/ is no regular expression")))
}

impl Agent {
    /// Begins to wait: from here on output counts. What the running command has written counts as well, lines but for
    /// a step that only waits (`lines_from_here`).
    pub(super) fn begin_wait<'a>(
        &mut self,
        index: usize,
        condition: &'a Condition,
        lines_from_here: bool,
    ) -> Result<Waiting<'a>, Trouble> {
        let pattern = match condition {
            Condition::Output(pattern) => Some(regex(pattern)?),
            _ => None,
        };
        let terminal = self.terminal(index)?;
        if pattern.is_some() {
            terminal.start_watch(lines_from_here);
        }
        Ok(Waiting {
            condition,
            regex: pattern,
            since: Instant::now(),
            lines: if lines_from_here {
                terminal.newlines
            } else {
                0
            },
            // A command's own wait: it ran, even if it has ended by now.
            own: !lines_from_here,
            ran: !lines_from_here || matches!(terminal.doing(), Doing::Running | Doing::Typed),
        })
    }

    /// Whether it holds now.
    pub(super) fn held(&mut self, index: usize, waiting: &Waiting<'_>) -> Result<Held, Trouble> {
        let now = Instant::now();
        let terminal = self.terminal(index)?;
        let ended = match terminal.doing() {
            Doing::Idle if waiting.ran => Some(terminal.status()),
            Doing::Gone { exit } => Some(exit),
            _ => None,
        };
        // With 0 a daemon has left its terminal, and may be on its way. Anything else was its end.
        let dead = waiting
            .own
            .then_some(ended)
            .flatten()
            .filter(|&exit| exit != Some(0));
        let at = |due: Instant| match (due <= now, dead) {
            (true, _) => Held::Yes,
            (false, Some(exit)) => Held::Never(exit),
            (false, None) => Held::NotYet(Some(due)),
        };
        let yes = match waiting.condition {
            Condition::Output(_) => match (&waiting.regex, &mut terminal.watch) {
                (Some(regex), Some(watch)) => watch.matches(regex),
                _ => false,
            },
            Condition::Lines(count) => terminal.newlines >= waiting.lines + count,
            Condition::Exit => !matches!(terminal.doing(), Doing::Running | Doing::Typed),
            Condition::Quiet(time) => {
                return Ok(at(terminal.last_output.max(waiting.since) + *time));
            }
            Condition::Elapsed(time) => return Ok(at(waiting.since + *time)),
            Condition::Port(port) => {
                let there = sockets::takes(*port, &self.foregrounds());
                return Ok(if there {
                    Held::Yes
                } else {
                    at(now + LOOK_AGAIN)
                });
            }
            Condition::Path(path) => {
                let path = self.path_of(index, path)?;
                // First watched, then looked for: what comes in between is told.
                self.watched = watch(&path);
                let metadata = path.symlink_metadata().ok();
                let is_socket = |it: &Metadata| it.file_type().is_socket();
                let is_there = match &metadata {
                    Some(it) if is_socket(it) => sockets::is_served(&path, &self.foregrounds()),
                    other => other.is_some(),
                };
                let again = match (&self.watched, &metadata) {
                    (Some(_), None) => LOOK_AGAIN_ANYWAY,
                    _ => LOOK_AGAIN,
                };
                return Ok(if is_there { Held::Yes } else { at(now + again) });
            }
        };
        Ok(match (yes, ended) {
            (true, _) => Held::Yes,
            (false, Some(exit)) => Held::Never(exit),
            (false, None) => Held::NotYet(None),
        })
    }

    /// Waits for it, at most until the step's deadline.
    pub(super) fn wait_for(
        &mut self,
        step: &Step<'_>,
        waiting: &Waiting<'_>,
    ) -> Result<(), Trouble> {
        let result = self.until_held(step, waiting);
        self.watched = None;
        result
    }

    fn until_held(&mut self, step: &Step<'_>, waiting: &Waiting<'_>) -> Result<(), Trouble> {
        let index = step.request.terminal;
        loop {
            let again = match self.held(index, waiting)? {
                Held::Yes => {
                    // What was written before it held belongs to it.
                    if let Condition::Port(_) | Condition::Path(_) = waiting.condition {
                        self.catch_up(index, step.deadline)?;
                    }
                    return Ok(());
                }
                Held::Never(exit) => {
                    return Err(Failure::EndedEarly {
                        exit,
                        waiting_for: in_words(waiting.condition),
                    }
                    .into());
                }
                Held::NotYet(again) => again,
            };
            self.check_time(step, || in_words(waiting.condition))?;
            self.pump(Some(
                again.map_or(step.deadline, |again| again.min(step.deadline)),
            ))?;
        }
    }

    /// Where a path of a spec lies: `~/` is the user's home, and a relative one starts where the terminal's foreground
    /// program is.
    pub(super) fn path_of(&mut self, index: usize, path: &str) -> Result<PathBuf, Trouble> {
        let terminal = self.terminal(index)?;
        if let Some(below) = path.strip_prefix("~/") {
            return Ok(PathBuf::from(terminal.home()).join(below));
        }
        let process = terminal.pty().foreground().unwrap_or(terminal.pid());
        Ok(PathBuf::from(format!("/proc/{process}/cwd")).join(path))
    }

    /// What runs in the terminals: some of it, perhaps, in a network namespace of its own.
    fn foregrounds(&self) -> Vec<Pid> {
        let all = self.terminals.values();
        all.filter_map(|terminal| terminal.pty().foreground())
            .collect()
    }
}

/// A watch on the folder that a path is in, or the nearest one that there is.
fn watch(path: &Path) -> Option<Inotify> {
    let watched = Inotify::init(InitFlags::IN_CLOEXEC).ok()?;
    let changes = AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVE | AddWatchFlags::IN_DELETE_SELF;
    let mut folders = path.ancestors().skip(1);
    folders
        .any(|folder| watched.add_watch(folder, changes).is_ok())
        .then_some(watched)
}
