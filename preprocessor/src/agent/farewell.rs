//! A nested shell's end, and the program that started it.
//!
//! A program that looks for its shell's end at the wrong moment misses it, and waits for ever (vdens 0.2 does when a packet
//! comes just then): the shell's process is over, and nobody has taken its status. A person presses ^C then. Not seen
//! where the shell is behind a connection: its process is not ours to look at.

use std::time::{Duration, Instant};

use nix::unistd::Pid;

use super::process;
use super::terminal::Terminal;
use crate::outcome::Output;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(1);
/// How long a program may sleep and leave its shell's status. It may have other things to do first.
const GRACE: Duration = Duration::from_secs(2);

/// See the module.
pub(super) struct Farewell {
    shell: Option<Pid>,
    /// Since when the end is missed.
    since: Option<Instant>,
    /// `None` once ^C was pressed.
    look: Option<Instant>,
    missed: Option<Missed>,
}

/// An end that was missed.
pub(super) struct Missed {
    /// By this program.
    pub(super) program: String,
    /// What had come until ^C was pressed.
    pub(super) output: Output,
}

impl Farewell {
    /// To the innermost shell, in which something was just typed.
    pub(super) fn begin(terminal: &Terminal) -> Self {
        Self {
            shell: terminal.pty().foreground(),
            since: None,
            look: Some(Instant::now() + LOOK),
            missed: None,
        }
    }

    /// Presses ^C, once, if the end has been missed for so long. Gives when to look again, at the latest.
    pub(super) fn heed(&mut self, terminal: &mut Terminal, due: Instant) -> Instant {
        let now = Instant::now();
        let Some(look) = self.look.filter(|&look| look <= now) else {
            return self.look.map_or(due, |look| due.min(look));
        };
        let missed_by = self.shell.and_then(process::has_not_noticed_end);
        let since = missed_by.as_ref().map(|_| self.since.unwrap_or(look));
        self.since = since;
        self.look = Some(now + LOOK);
        if let (Some(program), Some(since)) = (missed_by, since)
            && since + GRACE <= now
        {
            self.look = None;
            let output = terminal.so_far();
            self.missed = Some(Missed { program, output });
            terminal.send(b"\x03");
        }
        self.look.map_or(due, |look| due.min(look))
    }

    /// Whether the end is missed, as far as was looked.
    pub(super) fn is_missed(&self) -> bool {
        self.since.is_some()
    }

    /// What was missed, if something was.
    pub(super) fn missed(self) -> Option<Missed> {
        self.missed
    }

    /// What is waited for, in words.
    pub(super) fn waits_for(&self) -> String {
        let end = "the nested shell's end";
        match &self.missed {
            Some(Missed { program, .. }) => {
                format!("{end}; it is over, but `{program}` missed that, and takes no notice of ^C")
            }
            None => end.to_owned(),
        }
    }
}
