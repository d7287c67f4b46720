//! A shell that was told to end, and the program that started it.
//!
//! A program that looks for its shell's end at the wrong moment misses it, and waits for ever (vdens 0.2 does when a packet
//! comes just then): the shell's process is over, and nobody has taken its status. A person presses ^C then.

use std::time::{Duration, Instant};

use nix::unistd::Pid;

use super::process;
use super::terminal::Terminal;
use crate::outcome::Output;

/// How long a program may take to notice.
const GRACE: Duration = Duration::from_secs(1);

/// See the module.
pub(super) struct Farewell {
    shell: Option<Pid>,
    /// `None` once it was looked.
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
    /// To the innermost shell, which is being told to end now.
    pub(super) fn begin(terminal: &Terminal) -> Self {
        Self {
            shell: terminal.pty().foreground(),
            look: Some(Instant::now() + GRACE),
            missed: None,
        }
    }

    /// Presses ^C, once, if the end has been missed for so long. Gives when to look again, at the latest.
    pub(super) fn heed(&mut self, terminal: &mut Terminal, due: Instant) -> Instant {
        let Some(look) = self.look else { return due };
        if Instant::now() < look {
            return due.min(look);
        }
        self.look = None;
        if let Some(program) = self.shell.and_then(process::has_not_noticed_end) {
            let output = terminal.so_far();
            self.missed = Some(Missed { program, output });
            terminal.send(b"\x03");
        }
        due
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
