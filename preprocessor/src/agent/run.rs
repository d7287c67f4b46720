//! `run`: types commands, one after another, and waits for each.

use std::time::{Duration, Instant};

use super::condition;
use super::dialog::Dialog;
use super::farewell::{Farewell, Missed};
use super::nested::without_prompt;
use super::process;
use super::pump::{Agent, Background, Trouble};
use super::steps::Step;
use super::terminal::{Doing, Kind, Terminal};
use crate::outcome::{Failure, Output};
use crate::tutorial::{Command, Condition, ExpectedExit, Opens, RunCommands};

/// A program with prompts of its own that shows nothing for so long wants the next line of its command.
const MORE_STANDS: Duration = Duration::from_millis(200);

/// How a command's turn came to its end.
enum Over {
    /// It ended.
    Ended(Option<i32>),
    /// It goes on, or something of it does; this is what it showed.
    Shown(Output),
    /// Its keys have ended it; what it had shown until then.
    Cut(Output, Option<i32>),
    /// It goes on, and its record with it.
    GoesOn,
}

impl Agent {
    /// Runs the commands of a step.
    pub(super) fn run(&mut self, step: &mut Step<'_>, run: &RunCommands) -> Result<(), Trouble> {
        let last = run.commands.len().saturating_sub(1);
        for (index, command) in run.commands.iter().enumerate() {
            self.ready_terminal(step)?;
            for _ in 0..command.leaves {
                self.leave(step)?;
            }
            if index < last {
                let plain = RunCommands {
                    commands: Vec::new(),
                    background: None,
                    until: None,
                    retry: None,
                    dialog: Vec::new(),
                };
                self.command(step, &plain, command)?;
                self.check_exit(step, index, command, ExpectedExit::Code(0))?;
            } else {
                self.last_command(step, run, index, command)?;
            }
        }
        Ok(())
    }

    /// The last command, which `exit:` and `retry:` speak of.
    fn last_command(
        &mut self,
        step: &mut Step<'_>,
        run: &RunCommands,
        index: usize,
        command: &Command,
    ) -> Result<(), Trouble> {
        let mut earlier = Vec::new();
        let mut tries = run.retry.as_ref().map_or(1, |retry| retry.times.max(1));
        loop {
            let before = step.commands.len();
            let tried = self.command(step, run, command);
            if let Some(record) = step.commands.get_mut(before) {
                earlier.append(&mut record.earlier);
                record.earlier = std::mem::take(&mut earlier);
            }
            tried?;
            let checked = match run.until {
                Some(_) => Ok(()),
                None => self.check_exit(step, index, command, step.request.exit),
            };
            tries -= 1;
            let (Err(_), Some(retry), true) = (&checked, &run.retry, tries > 0) else {
                return checked;
            };
            let next = Instant::now() + retry.every;
            while Instant::now() < next {
                self.check_time(step, || "the next try".to_owned())?;
                self.pump(Some(next.min(step.deadline)))?;
            }
            if let Some(tried) = step.commands.pop() {
                earlier = tried.earlier;
                earlier.push(tried.output);
                bound(&mut earlier, step.request.keep);
            }
        }
    }

    /// Types one command, waits, and adds its record to the step, whatever became of it.
    fn command(
        &mut self,
        step: &mut Step<'_>,
        run: &RunCommands,
        command: &Command,
    ) -> Result<(), Trouble> {
        let index = step.request.terminal;
        self.settle_background(index);
        self.pressed.remove(&index);
        let interactive = run.background.is_some()
            || run.until.is_some()
            || !run.dialog.is_empty()
            || matches!(command.opens, Some(Opens::Prompt(_)));
        let now = Instant::now();
        let terminal = self.terminal(index)?;
        let repl = match terminal.levels().last().map(|level| &level.kind) {
            Some(Kind::Repl(prompt)) => Some(prompt.clone()),
            _ => None,
        };
        let depth = terminal.levels().len();
        terminal.type_command(&command.text, step.request.keep, interactive, now);
        let mut over = self.follow(step, run, command);
        let mut earlier = Vec::new();
        if self.has_refused_to_exit(index, command, &over, depth)? {
            // A shell with stopped jobs says so, and wants to be told twice.
            let terminal = self.terminal(index)?;
            earlier.push(terminal.finish());
            terminal.type_command(&command.text, step.request.keep, interactive, now);
            over = self.follow(step, run, command);
            if self.has_refused_to_exit(index, command, &over, depth)? {
                let exit = self.terminal(index)?.status();
                let waiting_for = "the nested shell did".to_owned();
                over = Err(Failure::EndedEarly { exit, waiting_for }.into());
            }
        }
        let now = Instant::now();
        let terminal = self.terminal(index)?;
        let (mut output, exit, trouble) = match over {
            Ok(Over::Ended(exit)) if terminal.take_renewed() => {
                (without_prompt(terminal.finish()), exit, None)
            }
            Ok(Over::Ended(exit)) => (terminal.finish(), exit, None),
            Ok(Over::Shown(output)) => (output, None, None),
            Ok(Over::Cut(output, exit)) => (output, exit, None),
            Ok(Over::GoesOn) => (terminal.so_far(), None, None),
            Err(trouble) => (terminal.so_far(), terminal.status(), Some(trouble)),
        };
        if let Some(prompt) = repl {
            let ended = terminal.has_ended_block().then_some("");
            let typed = command.text.split('\n').chain(ended);
            without_echo(&mut output, typed, &prompt);
        }
        terminal.watch = None;
        let mut record = terminal.command_run((&command.text, &command.prompt), output, exit, now);
        record.earlier = earlier;
        step.commands.push(record);
        trouble.map_or(Ok(()), Err)
    }

    /// Whether a command has ended that is to end the innermost shell, and the shell has not.
    fn has_refused_to_exit(
        &mut self,
        index: usize,
        command: &Command,
        over: &Result<Over, Trouble>,
        depth: usize,
    ) -> Result<bool, Trouble> {
        let has_ended = command.exits && matches!(over, Ok(Over::Ended(_)));
        let terminal = self.terminal(index)?;
        Ok(has_ended && terminal.doing() == Doing::Idle && terminal.levels().len() == depth)
    }

    /// Waits for what the command is meant to come to.
    fn follow(
        &mut self,
        step: &mut Step<'_>,
        run: &RunCommands,
        command: &Command,
    ) -> Result<Over, Trouble> {
        let index = step.request.terminal;
        match &command.opens {
            Some(Opens::Shell) => return self.enter_shell(step, &run.dialog).map(Over::Shown),
            Some(Opens::Prompt(prompt)) => {
                return self.enter_repl(step, prompt, &run.dialog).map(Over::Shown);
            }
            None => {}
        }
        if let Some(background) = &run.background {
            self.background.entry(index).or_default().push(Background {
                step: step.request.step,
                command: command.text.clone(),
                prompt: command.prompt.clone(),
                over: None,
            });
            self.wait_start(step)?;
            if let Some(ready) = &background.ready {
                let waiting = self.begin_wait(index, ready, false)?;
                self.wait_for(step, &waiting)?;
            }
            return Ok(Over::GoesOn);
        }
        if let Some(until) = &run.until {
            let waiting = self.begin_wait(index, &until.condition, false)?;
            self.wait_for(step, &waiting)?;
            let terminal = self.terminal(index)?;
            let output = cut(terminal.so_far(), &until.condition);
            let running = matches!(terminal.doing(), Doing::Running | Doing::Typed);
            if running {
                let keys = super::keys::bytes(&until.then, terminal.application_keys());
                self.press_until_end(step, &keys)?;
            }
            let exit = self.terminal(index)?.status();
            return Ok(Over::Cut(output, exit));
        }
        let terminal = self.terminal(index)?;
        // A status that is asked for must come: ^C would take its place.
        let asks_for_status = matches!(step.request.exit, ExpectedExit::Code(1..));
        let is_nested = terminal.levels().len() > 1 && !asks_for_status;
        let mut farewell = is_nested.then(|| Farewell::begin(terminal));
        let mut dialog = Dialog::begin(&run.dialog, terminal)?;
        let exit = self.wait_end(step, &mut dialog, command.exits, farewell.as_mut())?;
        Ok(match farewell.and_then(Farewell::missed) {
            None => Over::Ended(exit),
            Some(Missed { program, output }) => {
                step.missed = Some(program);
                Over::Cut(output, None)
            }
        })
    }

    /// Waits until the command has ended, answering its questions.
    pub(super) fn wait_end(
        &mut self,
        step: &Step<'_>,
        dialog: &mut Dialog<'_>,
        may_end_terminal: bool,
        mut farewell: Option<&mut Farewell>,
    ) -> Result<Option<i32>, Trouble> {
        let index = step.request.terminal;
        loop {
            let Self {
                terminals, mask, ..
            } = self;
            let terminal = terminals
                .get_mut(&index)
                .ok_or(Failure::TerminalGone { exit: None })?;
            let mut look_again = step.deadline;
            let now = Instant::now();
            match terminal.strange_prompt_at(now) {
                Some(due) if due <= now => terminal.renew(),
                due => look_again = due.unwrap_or(look_again).min(look_again),
            }
            if terminal.doing() == Doing::Running {
                if let Some(since) = terminal.has_more_for_repl() {
                    let now = Instant::now();
                    if shows_new_line(terminal) || since + MORE_STANDS <= now {
                        terminal.type_repl_line(now);
                        continue;
                    }
                    look_again = look_again.min(since + MORE_STANDS);
                } else if at_repl_prompt(terminal) {
                    terminal.repl_ready(Instant::now());
                } else if let Some(since) = terminal.has_open_block() {
                    let now = Instant::now();
                    if since + MORE_STANDS <= now {
                        terminal.end_block(now);
                        continue;
                    }
                    look_again = look_again.min(since + MORE_STANDS);
                } else {
                    look_again = look_again.min(silent_at(terminal).unwrap_or(look_again));
                }
            }
            match terminal.doing() {
                Doing::Idle => {
                    let exit = terminal.status();
                    return match dialog.unasked() {
                        Some(waiting_for) => Err(Failure::EndedEarly { exit, waiting_for }.into()),
                        None => Ok(exit),
                    };
                }
                Doing::Gone { exit } if may_end_terminal => return Ok(exit),
                Doing::Gone { exit } => return Err(Failure::TerminalGone { exit }.into()),
                _ if terminal.is_unfinished() => return Err(Failure::Unfinished.into()),
                _ => dialog.answer(terminal, mask)?,
            }
            if let Some(farewell) = farewell.as_mut() {
                look_again = farewell.heed(terminal, look_again);
            }
            self.check_time(step, || {
                let last_line = self.terminals.get(&index).map(Terminal::last_line);
                let end = || {
                    self.terminals
                        .get(&index)
                        .map_or("", end_in_words)
                        .to_owned()
                };
                let waiting_for = dialog.unasked().unwrap_or_else(end);
                with_last_line(waiting_for, &last_line.unwrap_or_default())
            })?;
            self.pump(Some(dialog.look_again(look_again)))?;
        }
    }

    /// Waits until the command has begun.
    fn wait_start(&mut self, step: &Step<'_>) -> Result<(), Trouble> {
        loop {
            let terminal = self.terminal(step.request.terminal)?;
            let silent_shell = matches!(
                terminal.levels().last().map(|level| &level.kind),
                Some(Kind::Posix | Kind::Repl(_))
            );
            match terminal.doing() {
                Doing::Typed if !silent_shell => {}
                Doing::Gone { exit } => return Err(Failure::TerminalGone { exit }.into()),
                _ => return Ok(()),
            }
            self.check_time(step, || "the command's start".to_owned())?;
            self.pump(Some(step.deadline))?;
        }
    }

    /// Whether the command that was just run ended as it should.
    fn check_exit(
        &self,
        step: &Step<'_>,
        command: usize,
        typed: &Command,
        expected: ExpectedExit,
    ) -> Result<(), Trouble> {
        let got = step.commands.last().and_then(|run| run.exit);
        match (expected, got) {
            // What `exit` leaves behind is the status of whatever ran in the nested shell before it.
            (ExpectedExit::Code(0), _) if typed.exits => Ok(()),
            (ExpectedExit::Code(wanted), Some(got)) if got != wanted => Err(Failure::Exit {
                command,
                got,
                wanted,
            }
            .into()),
            _ => Ok(()),
        }
    }

    /// Another command comes: what a background command of this terminal has written until its end is put aside.
    pub(super) fn settle_background(&mut self, index: usize) {
        let Some(background) = self
            .background
            .get_mut(&index)
            .and_then(|all| all.last_mut())
        else {
            return;
        };
        let Some(terminal) = self.terminals.get_mut(&index) else {
            return;
        };
        if background.over.is_none() {
            // Its own status, if it had ended before the shell did.
            let exit = terminal.status().or(match terminal.doing() {
                Doing::Gone { exit } => exit,
                _ => None,
            });
            let output = terminal.finish();
            let typed = (background.command.as_str(), background.prompt.as_str());
            background.over = Some(terminal.command_run(typed, output, exit, Instant::now()));
        }
    }
}

/// What a command that does not end is waited for, and whether it waits itself: for somebody to type.
fn end_in_words(terminal: &Terminal) -> &'static str {
    match terminal.pty().foreground() {
        Some(leader) if process::reads_terminal(leader) => {
            "the command's end; it reads what is typed"
        }
        _ => "the command's end",
    }
}

/// All tries together are kept as one output would be: what is above that is left out, the second try first.
fn bound(tries: &mut [Output], keep: usize) {
    let size = |output: &Output| -> usize { output.lines.iter().map(|line| line.text.len()).sum() };
    let mut all: usize = tries.iter().map(size).sum();
    for output in tries.iter_mut().skip(1) {
        if all <= keep {
            return;
        }
        if !output.lines.is_empty() {
            all -= size(output);
            output.leave_out();
        }
    }
}

/// What is waited for, with the question that stands there and that nobody answers, perhaps.
fn with_last_line(waiting_for: String, last_line: &str) -> String {
    match last_line.trim() {
        "" => waiting_for,
        last_line => format!("{waiting_for}; its last line is `{last_line}`"),
    }
}

/// When the innermost program, if it has no prompt, will have been silent for long enough; `None` once it has.
fn silent_at(terminal: &Terminal) -> Option<Instant> {
    match terminal.levels().last().map(|level| &level.kind) {
        Some(Kind::Repl(prompt)) => {
            Some(terminal.silent_until(prompt)).filter(|&due| due > Instant::now())
        }
        _ => None,
    }
}

/// Whether the innermost program shows its prompt again, on a line of its own.
pub(super) fn at_repl_prompt(terminal: &Terminal) -> bool {
    let Some(Kind::Repl(prompt)) = terminal.levels().last().map(|level| &level.kind) else {
        return false;
    };
    let is_silent = terminal.silent_until(prompt) <= Instant::now();
    // The echo of what was typed ends the first line.
    is_silent && terminal.has_new_line() && is_prompt(prompt, &terminal.last_line())
}

/// Whether the last line is this prompt and nothing else.
pub(super) fn is_prompt(prompt: &regex::Regex, last_line: &str) -> bool {
    prompt.is_match(last_line) || prompt.is_match(last_line.trim_end())
}

/// Whether something stands behind the line that was typed last: a prompt for more, mostly.
fn shows_new_line(terminal: &Terminal) -> bool {
    terminal.has_new_line() && !terminal.last_line().trim().is_empty()
}

/// What a REPL showed, without the echo of what was typed and without its next prompt.
fn without_echo<'a>(
    output: &mut Output,
    typed: impl Iterator<Item = &'a str>,
    prompt: &regex::Regex,
) {
    if output.no_newline {
        output.lines.pop();
        output.no_newline = false;
    }
    let mut from = 0;
    for line in typed {
        let mut shown = output.lines.iter().skip(from);
        if let Some(at) = shown.position(|shown| is_echo(&shown.text, line.trim_end(), prompt)) {
            from += at;
            output.lines.remove(from);
        }
    }
}

/// Whether a line shows what was typed, behind a prompt: the program's, or one that asks for more (`...`, `   ...>`).
fn is_echo(shown: &str, typed: &str, prompt: &regex::Regex) -> bool {
    let before = shown.trim_end().strip_suffix(typed);
    before
        .is_some_and(|before| is_prompt(prompt, before) || !before.contains(char::is_alphanumeric))
}

/// What had come when the condition held: what came in the same moment behind it is cut off.
fn cut(mut output: Output, condition: &Condition) -> Output {
    let keep = match condition {
        Condition::Lines(count) => *count,
        Condition::Output(pattern) => match condition::regex(pattern) {
            Ok(regex) => {
                let text = output.text();
                let end = regex.find(text.as_bytes()).map(|found| found.end());
                end.map_or(output.lines.len(), |end| {
                    1 + memchr::memchr_iter(b'\n', &text.as_bytes()[..end.saturating_sub(1)])
                        .count()
                })
            }
            Err(_) => output.lines.len(),
        },
        _ => output.lines.len(),
    };
    if keep < output.lines.len() {
        output.lines.truncate(keep);
        output.no_newline = false;
    }
    output
}

#[cfg(test)]
mod tests {
    use super::bound;
    use crate::outcome::{Line, Output};

    #[test]
    fn tries_together_are_kept_as_one_output_would_be() {
        let line = |_| Line {
            text: "0123456789".to_owned(),
            styles: Vec::new(),
        };
        let output = Output {
            lines: (0..10).map(line).collect(),
            ..Output::default()
        };
        let mut tries = Vec::new();
        for _ in 0..5 {
            tries.push(output.clone());
            bound(&mut tries, 300);
        }
        let kept: Vec<usize> = tries.iter().map(|output| output.lines.len()).collect();
        assert_eq!(kept, [10, 0, 0, 10, 10]);
        assert_eq!(tries[1].omitted.as_ref().map(|gap| gap.bytes), Some(110));
    }
}
