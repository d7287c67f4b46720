//! `run:` and `block:` → commands with their prompts, nested shells, and endings.

use super::Resolver;
use super::blocks::{self, Lookup, SourceCommand};
use super::placeholders::check_text;
use crate::diagnostic::Diagnostic;
use crate::readme::{Reader, first_command};
use crate::tutorial::keys::Spanned;
use crate::tutorial::model::{
    Action, Background, BlockUse, Command, DialogLine, Opens, Retry, RunCommands, Until,
};
use crate::tutorial::spec::StepKeys;

impl Resolver<'_> {
    pub(super) fn run(
        &mut self,
        run: &Spanned<String>,
        keys: &StepKeys,
        terminal: usize,
    ) -> Option<RunCommands> {
        check_text(run, &self.captured, &mut self.problems);
        let mut commands = Vec::new();
        let mut rest = run.value.as_str();
        while let Some((text, below)) = first_command(rest, self.reader(terminal)) {
            rest = below;
            let opens = Self::opens(keys).filter(|_| rest.trim().is_empty());
            commands.push(self.own_command(text, opens, terminal));
        }
        if commands.is_empty() {
            self.problems.push(
                Diagnostic::error("no-commands", "there is nothing to run")
                    .at(run.span.clone(), ""),
            );
            return None;
        }
        Some(self.run_commands(commands, keys))
    }

    /// What reads the next command of a terminal.
    fn reader(&self, terminal: usize) -> Reader {
        match self.shells[terminal].is_in_program() {
            true => Reader::Program,
            false => Reader::Shell,
        }
    }

    /// A command of the author's own.
    fn own_command(&mut self, text: String, opens: Option<Opens>, terminal: usize) -> Command {
        let prompt = self.prompt(terminal);
        let shells = &mut self.shells[terminal];
        let exits = shells.exits(&text);
        if let Some(opens) = &opens {
            shells.open(opens.clone(), None);
        }
        Command {
            text,
            prompt,
            opens,
            leaves: 0,
            exits,
            readme_line: None,
            documented: Vec::new(),
        }
    }

    fn prompt(&self, terminal: usize) -> String {
        let user = &self.hosts[self.terminals[terminal].host].user;
        self.shells[terminal].prompt(user)
    }

    pub(super) fn block(
        &mut self,
        block: &Spanned<String>,
        keys: &StepKeys,
        terminal: usize,
    ) -> Option<(Action, Option<BlockUse>)> {
        let address = blocks::address(block, &mut self.problems)?;
        if !self.has_upstream {
            self.problems.push(
                Diagnostic::error(
                    "no-upstream",
                    "`block` takes commands from upstream, and there is no upstream",
                )
                .at(block.span.clone(), "")
                .help("add `upstream: {github: OWNER/REPO, commit: …, sha256: …}`"),
            );
            return None;
        }
        let mut used = BlockUse {
            address: address.to_string(),
            line: None,
            commands: Vec::new(),
            with: Vec::new(),
            upstream: Vec::new(),
            looks_like_text: false,
        };
        let kind = keys.r#as.as_ref().map(|kind| kind.value);
        let found = match blocks::look_up(
            &self.sources,
            &address,
            kind,
            &block.span,
            &mut self.problems,
        ) {
            Lookup::Found(found) => found,
            Lookup::Unavailable => {
                self.unavailable = true;
                return Some((Action::Unavailable, Some(used)));
            }
            Lookup::Wrong => return None,
        };
        self.blocks
            .entry(used.address.clone())
            .or_insert_with(|| found.commands.iter().map(Into::into).collect());
        used.line = found.line;
        used.looks_like_text = found.looks_like_text;
        if found.looks_like_text {
            self.text.insert(used.address.clone());
        }
        used.commands = blocks::selected(&found.commands, keys.lines.as_ref(), &mut self.problems)?;
        let mut commands: Vec<SourceCommand> = used
            .commands
            .iter()
            .map(|number| found.commands[number - 1].clone())
            .collect();
        used.upstream = commands.iter().map(Into::into).collect();
        if let Some(with) = &keys.with {
            used.with = blocks::replace(&mut commands, &with.value, &mut self.problems);
            for (_, new) in &with.value.0 {
                check_text(new, &self.captured, &mut self.problems);
            }
        }
        let last = commands.len() - 1;
        let commands = commands
            .into_iter()
            .enumerate()
            .map(|(index, command)| {
                let opens = Self::opens(keys).filter(|_| index == last);
                self.upstream_command(command, opens, terminal)
            })
            .collect();
        Some((Action::Run(self.run_commands(commands, keys)), Some(used)))
    }

    fn upstream_command(
        &mut self,
        command: SourceCommand,
        opens: Option<Opens>,
        terminal: usize,
    ) -> Command {
        let leaves = self.shells[terminal].leave_for(command.depth, command.line);
        let prompt = match command.prompt {
            Some(prompt) => {
                self.shells[terminal].seen_with(&prompt);
                prompt
            }
            None => self.prompt(terminal),
        };
        let shells = &mut self.shells[terminal];
        let exits = shells.exits(&command.text);
        // The README's prompts say that something opened, the spec says what.
        let by_readme = command.opens.then_some((command.depth, command.line));
        let opens = opens.or(command.opens.then_some(Opens::Shell));
        if let Some(opens) = &opens {
            shells.open(opens.clone(), by_readme);
        }
        Command {
            text: command.text,
            prompt,
            opens,
            leaves,
            exits,
            readme_line: Some(command.line),
            documented: command.documented,
        }
    }

    fn run_commands(&mut self, commands: Vec<Command>, keys: &StepKeys) -> RunCommands {
        let background = keys
            .background
            .as_ref()
            .is_some_and(|background| background.value);
        let ready = keys.ready.as_ref().map(|ready| ready.value.0.clone());
        let until = keys.until.as_ref().map(|until| Until {
            condition: until.value.0.clone(),
            then: keys
                .then
                .as_ref()
                .map_or_else(|| vec!["C-c".to_owned()], |then| then.value.0.clone()),
        });
        let run = RunCommands {
            commands,
            background: background.then_some(Background { ready }),
            until,
            retry: self.retry(keys),
            dialog: self.dialog(keys),
        };
        self.check_endings(keys, &run);
        run
    }

    fn retry(&mut self, keys: &StepKeys) -> Option<Retry> {
        let retry = keys.retry.as_ref()?;
        match (&retry.value.times, &retry.value.every) {
            (Some(times), Some(every)) => Some(Retry {
                times: times.value,
                every: every.value.0,
            }),
            _ if retry.value.written.len() == 2 => None,
            _ => {
                self.problems.push(
                    Diagnostic::error("missing-key", "`retry` has `times` and `every`")
                        .at(retry.span.clone(), "")
                        .help("for example `retry: {times: 10, every: 500ms}`"),
                );
                None
            }
        }
    }

    fn dialog(&mut self, keys: &StepKeys) -> Vec<DialogLine> {
        let mut lines = Vec::new();
        let Some(dialog) = &keys.dialog else {
            return lines;
        };
        for line in &dialog.value {
            match (&line.expect, &line.send) {
                (Some(expect), Some(send)) => lines.push(DialogLine {
                    expect: expect.value.0.clone(),
                    send: send.value.0.clone(),
                    optional: line
                        .optional
                        .as_ref()
                        .is_some_and(|optional| optional.value),
                }),
                _ => self.problems.push(
                    Diagnostic::error("missing-key", "a line of `dialog` has `expect` and `send`")
                        .at(dialog.span.clone(), ""),
                ),
            }
        }
        lines
    }
}
