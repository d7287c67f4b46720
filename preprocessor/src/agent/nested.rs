//! Going into nested shells and REPLs, and out of them.

use std::time::{Duration, Instant};

use super::dialog::Dialog;
use super::farewell::Farewell;
use super::pump::{Agent, Trouble};
use super::run::is_prompt;
use super::steps::Step;
use super::terminal::{Doing, Kind};
use crate::outcome::{Failure, Output};
use crate::tutorial::DialogLine;

/// A line without an end is a prompt when nothing follows it for so long.
const PROMPT_STANDS: Duration = Duration::from_millis(10);
/// A shell that shows no prompt at all is typed to after this.
const NO_PROMPT: Duration = Duration::from_millis(400);
/// The integration is typed again if the shell keeps silent: some programs throw away what was typed before they were
/// ready. Twice as long for each further time.
const TYPE_AGAIN: Duration = Duration::from_millis(700);
/// How long a program may take to react to what asks it to end.
const GRACE: Duration = Duration::from_secs(1);

impl Agent {
    /// Waits for the shell that a command opens, and makes it speak in markers. Gives the command's output.
    pub(super) fn enter_shell(
        &mut self,
        step: &Step<'_>,
        lines: &[DialogLine],
    ) -> Result<Output, Trouble> {
        let index = step.request.terminal;
        let mut dialog = Dialog::begin(lines, self.terminal(index)?)?;
        let mut typed: Option<Instant> = None;
        let mut patience = TYPE_AGAIN;
        let mut output = None;
        let began = Instant::now();
        loop {
            let Self {
                terminals, mask, ..
            } = self;
            let terminal = terminals
                .get_mut(&index)
                .ok_or(Failure::TerminalGone { exit: None })?;
            match terminal.doing() {
                Doing::Idle if terminal.has_entered() => {
                    let mut output = output.unwrap_or_else(|| terminal.finish());
                    output.lines.append(&mut terminal.take_late_lines());
                    return Ok(output);
                }
                Doing::Idle => return Err(ended_early(terminal.status())),
                Doing::Gone { exit } => return Err(Failure::TerminalGone { exit }.into()),
                _ => {}
            }
            dialog.answer(terminal, mask)?;
            let now = Instant::now();
            let quiet_since = terminal.last_output.max(typed.unwrap_or(began));
            let due = match (typed, dialog.unasked()) {
                (_, Some(_)) => step.deadline,
                (None, None) if terminal.last_line().trim().is_empty() => quiet_since + NO_PROMPT,
                // The question that was just answered is no prompt.
                (None, None) if dialog.is_unheard(terminal) => quiet_since + patience,
                (None, None) => quiet_since + PROMPT_STANDS,
                (Some(_), None) => quiet_since + patience,
            };
            if due <= now && now < step.deadline {
                if typed.is_some() {
                    patience *= 2;
                } else {
                    output = Some(without_prompt(terminal.so_far()));
                }
                terminal.enter();
                typed = Some(Instant::now());
                continue;
            }
            self.check_time(step, || {
                dialog
                    .unasked()
                    .unwrap_or_else(|| "the nested shell's prompt".to_owned())
            })?;
            self.pump(Some(dialog.look_again(due.min(step.deadline))))?;
        }
    }

    /// Waits for the prompt of a program that takes commands. Gives what it showed before.
    pub(super) fn enter_repl(
        &mut self,
        step: &Step<'_>,
        prompt: &str,
        lines: &[DialogLine],
    ) -> Result<Output, Trouble> {
        let index = step.request.terminal;
        let regex = regex::Regex::new(&format!("^(?:{prompt})\\s*$"))
            .map_err(|_| Failure::Interrupted(format!("/{prompt}/ is no regular expression")))?;
        let mut dialog = Dialog::begin(lines, self.terminal(index)?)?;
        loop {
            let Self {
                terminals, mask, ..
            } = self;
            let terminal = terminals
                .get_mut(&index)
                .ok_or(Failure::TerminalGone { exit: None })?;
            match terminal.doing() {
                Doing::Idle => return Err(ended_early(terminal.status())),
                Doing::Gone { exit } => return Err(Failure::TerminalGone { exit }.into()),
                _ => dialog.answer(terminal, mask)?,
            }
            let shown =
                terminal.doing() != Doing::Opening && is_prompt(&regex, &terminal.last_line());
            let silent = terminal.silent_until(&regex);
            if shown && silent <= Instant::now() {
                let output = without_prompt(terminal.so_far());
                terminal.repl_ready(Instant::now());
                terminal.enter_repl(regex);
                return Ok(output);
            }
            self.check_time(step, || format!("the prompt /{prompt}/"))?;
            let due = if shown {
                silent.min(step.deadline)
            } else {
                step.deadline
            };
            self.pump(Some(dialog.look_again(due)))?;
        }
    }

    /// `closes`: leaves the innermost nested shell, or the terminal.
    pub(super) fn close(&mut self, step: &mut Step<'_>) -> Result<(), Trouble> {
        if let Doing::Gone { .. } = self.terminal(step.request.terminal)?.doing() {
            return Ok(());
        }
        self.ready_terminal(step)?;
        self.leave(step)
    }

    /// Leaves the innermost nested shell or REPL.
    pub(super) fn leave(&mut self, step: &mut Step<'_>) -> Result<(), Trouble> {
        let index = step.request.terminal;
        self.settle_background(index);
        let levels = self.terminal(index)?.levels();
        let depth = levels.len();
        match levels.last().map(|level| &level.kind) {
            Some(Kind::Repl(_)) => self.leave_repl(step, depth),
            _ => self.leave_shell(step, depth),
        }
    }

    /// A REPL without ^D has a word for it.
    fn leave_repl(&mut self, step: &Step<'_>, depth: usize) -> Result<(), Trouble> {
        for ask in ["\x04", "exit\r", "quit\r"] {
            let terminal = self.terminal(step.request.terminal)?;
            terminal.send(ask.as_bytes());
            let until = step.deadline.min(Instant::now() + GRACE);
            while Instant::now() < until {
                if self.is_out_of(step, depth)? {
                    return Ok(());
                }
                self.pump(Some(until))?;
            }
        }
        Err(not_left(step, "the nested shell's end".to_owned()))
    }

    /// A shell with stopped jobs wants to be asked twice.
    fn leave_shell(&mut self, step: &mut Step<'_>, depth: usize) -> Result<(), Trouble> {
        let mut waiting_for = String::new();
        for _ in 0..3 {
            let terminal = self.terminal(step.request.terminal)?;
            let mut farewell = Farewell::begin(terminal);
            terminal.type_command("exit", 0, false, Instant::now());
            while Instant::now() < step.deadline {
                if self.is_out_of(step, depth)? {
                    step.missed = farewell.missed().map(|missed| missed.program);
                    return Ok(());
                }
                let terminal = self.terminal(step.request.terminal)?;
                if terminal.doing() == Doing::Idle {
                    break;
                }
                let look = farewell.heed(terminal, step.deadline);
                self.pump(Some(look))?;
            }
            waiting_for = farewell.waits_for();
        }
        Err(not_left(step, waiting_for))
    }

    fn is_out_of(&mut self, step: &Step<'_>, depth: usize) -> Result<bool, Trouble> {
        let terminal = self.terminal(step.request.terminal)?;
        Ok(matches!(terminal.doing(), Doing::Gone { .. }) || terminal.levels().len() < depth)
    }

    /// Ends what runs in the foreground of a terminal: asks, asks harder, does it.
    pub(super) fn interrupt(&mut self, step: &Step<'_>) -> Result<(), Trouble> {
        let index = step.request.terminal;
        // A ^C that comes while a shell starts its command hits the shell, which ignores it: a person presses it again.
        let ways: [(&[u8], Duration); 4] = [
            (b"\x03", GRACE / 4),
            (b"\x03", GRACE),
            (b"\x1c", GRACE),
            (b"", GRACE),
        ];
        for (keys, grace) in ways {
            let terminal = self.terminal(index)?;
            terminal.forget_lines();
            match (keys, terminal.pty().foreground()) {
                (b"", Some(group)) => {
                    let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
                }
                _ => terminal.send(keys),
            }
            let until = step.deadline.min(Instant::now() + grace);
            while Instant::now() < until {
                if let Doing::Idle | Doing::Gone { .. } = self.terminal(index)?.doing() {
                    return Ok(());
                }
                self.pump(Some(until))?;
            }
        }
        // The shell itself hangs, or what it runs can't be killed by us.
        let _ = nix::sys::signal::kill(
            self.terminal(index)?.pid(),
            nix::sys::signal::Signal::SIGKILL,
        );
        self.reopen(index)
    }

    /// Presses keys that end the running command, again if they were lost: a shell in a loop changes the foreground
    /// group all the time, and ^C may hit a group that has just ended.
    pub(super) fn press_until_end(&mut self, step: &Step<'_>, keys: &[u8]) -> Result<(), Trouble> {
        let index = step.request.terminal;
        let mut patience = GRACE / 4;
        loop {
            self.terminal(index)?.send(keys);
            let again = Instant::now() + patience;
            while Instant::now() < again {
                if let Doing::Idle | Doing::Gone { .. } = self.terminal(index)?.doing() {
                    return Ok(());
                }
                self.check_time(step, || "the command's end".to_owned())?;
                self.pump(Some(again.min(step.deadline)))?;
            }
            patience *= 2;
        }
    }
}

fn not_left(step: &Step<'_>, waiting_for: String) -> Trouble {
    let after = step.request.timeout;
    Failure::Timeout { after, waiting_for }.into()
}

fn ended_early(exit: Option<i32>) -> Trouble {
    let waiting_for = "the prompt of what it opens".to_owned();
    Failure::EndedEarly { exit, waiting_for }.into()
}

/// The last line without an end is the prompt of what was opened.
pub(super) fn without_prompt(mut output: Output) -> Output {
    if output.no_newline {
        output.lines.pop();
        output.no_newline = false;
    }
    output
}
