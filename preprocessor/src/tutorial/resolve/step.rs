//! One step: what was written → a [`Step`].

use std::collections::BTreeMap;
use std::time::Duration;

use super::hosts::{is_name, made_up, unknown_name};
use super::placeholders::{check_expect, check_text};
use super::{Resolver, Shells};
use crate::diagnostic::Diagnostic;
use crate::judge::pattern::Pattern;
use crate::tutorial::keys::Spanned;
use crate::tutorial::model::{
    Action, Condition, Expect, ExpectedExit, FileChange, FileEdit, Opens, Phase, RunCommands, Step,
    When,
};
use crate::tutorial::spec::{ACTIONS, StepKeys};

/// A step's time when it names none.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Keys that go with some actions only.
const GO_WITH: &[(&str, &[&str])] = &[
    ("lines", &["block"]),
    ("with", &["block"]),
    ("as", &["block"]),
    ("content", &["file"]),
    ("append", &["file"]),
    ("replace", &["file"]),
    ("exit", &["run", "block"]),
    ("expect", &["run", "block", "press", "wait", "closes"]),
    ("match", &["run", "block", "press", "wait", "closes"]),
    ("capture", &["run", "block", "press", "wait"]),
    ("opens", &["run", "block"]),
    ("background", &["run", "block"]),
    ("ready", &["run", "block"]),
    ("until", &["run", "block"]),
    ("then", &["run", "block"]),
    ("retry", &["run", "block"]),
    ("dialog", &["run", "block"]),
];

/// Keys that mean something only beside another.
const NEEDS: &[(&str, &str)] = &[("ready", "background"), ("then", "until")];

/// Keys that contradict each other.
const EXCLUDES: &[(&str, &str)] = &[
    ("until", "background"),
    ("opens", "background"),
    ("opens", "until"),
    ("content", "append"),
    ("content", "replace"),
    ("append", "replace"),
];

impl Resolver<'_> {
    /// `None` after what is wrong has been said.
    pub(super) fn step(
        &mut self,
        phase: Phase,
        number: usize,
        written: &Spanned<StepKeys>,
    ) -> Option<Step> {
        let laid = self.with_annotation(written);
        let keys = &laid.value;
        let id = self.id(phase, number, keys);
        let action_key = self.action_key(&laid)?;
        self.check_company(keys, action_key);
        let terminal = self.terminal(keys)?;
        let expect = keys.expect.as_ref().map(|expect| self.expect(expect));
        let (action, block) = self.action(keys, terminal, &laid)?;
        let capture = self.capture(keys);
        let upstream_note = self.upstream_note(&keys.upstream_note);
        Some(Step {
            id,
            phase,
            title: text(&keys.title),
            text: text(&keys.text),
            upstream_note,
            terminal,
            exit: exit(keys),
            timeout: keys
                .timeout
                .as_ref()
                .map_or(DEFAULT_TIMEOUT, |time| time.value.0),
            expect,
            matching: keys
                .r#match
                .as_ref()
                .map(|word| word.value)
                .unwrap_or_default(),
            show: keys
                .show
                .as_ref()
                .map(|word| word.value)
                .unwrap_or_default(),
            when: keys.when.as_ref().map(|when| When {
                suite: when
                    .value
                    .suite
                    .as_ref()
                    .map(|it| it.value.0.clone())
                    .unwrap_or_default(),
                arch: when
                    .value
                    .arch
                    .as_ref()
                    .map(|it| it.value.0.clone())
                    .unwrap_or_default(),
            }),
            capture,
            at: laid.span.position(),
            action,
            block,
        })
    }

    fn with_annotation(&mut self, written: &Spanned<StepKeys>) -> Spanned<StepKeys> {
        let mut laid = written.clone();
        if let Some(block) = &written.value.block
            && let Ok(address) = block.value.parse()
            && let Some(below) = self.annotation(&address)
        {
            laid.value = laid.value.over(below.value);
        }
        laid
    }

    fn id(&mut self, phase: Phase, number: usize, keys: &StepKeys) -> String {
        let Some(id) = &keys.id else {
            let word = match phase {
                Phase::Setup => "setup",
                Phase::Main => "step",
                Phase::Cleanup => "cleanup",
            };
            return format!("{word}-{number}");
        };
        if !is_name(&id.value) || is_made_up(&id.value) {
            self.problems.push(
                Diagnostic::error("bad-name", format!("`{}` is no name for a step", id.value))
                    .at(id.span.clone(), "")
                    .help("names have lower case letters, digits, `-` and `_`, and begin with a letter or digit")
                    .help("`step-1`, `setup-1`, `cleanup-1` are taken: they name steps without an `id`"),
            );
        }
        if let Some(first) = self.ids.get(&id.value) {
            let first = first.position();
            self.problems.push(
                Diagnostic::error(
                    "duplicate-id",
                    format!("two steps are called `{}`", id.value),
                )
                .at(id.span.clone(), format!("the first is at {first}")),
            );
        } else {
            self.ids.insert(id.value.clone(), id.span.clone());
        }
        id.value.clone()
    }

    fn action_key(&mut self, step: &Spanned<StepKeys>) -> Option<&'static str> {
        match step.value.action_keys().as_slice() {
            [(key, _)] => Some(*key),
            [] => {
                self.problems.push(
                    Diagnostic::error("no-action", "the step does nothing")
                        .at(step.span.clone(), "no action")
                        .help(format!("a step has one of {}", ACTIONS.join(", "))),
                );
                None
            }
            [(first, _), (second, span), ..] => {
                self.problems.push(
                    Diagnostic::error(
                        "two-actions",
                        format!("the step has two actions, `{first}` and `{second}`"),
                    )
                    .at(span.clone(), "a second action")
                    .help("each is a step of its own: begin a new one with `- `"),
                );
                None
            }
        }
    }

    fn check_company(&mut self, keys: &StepKeys, action: &'static str) {
        let place = |key: &str| {
            keys.written
                .iter()
                .find(|(written, _)| *written == key)
                .map(|(_, span)| span.clone())
        };
        for (key, actions) in GO_WITH {
            if let Some(span) = place(key).filter(|_| !actions.contains(&action)) {
                self.problems.push(
                    Diagnostic::error(
                        "misplaced-key",
                        format!("`{key}` does not go with `{action}`"),
                    )
                    .at(span, "")
                    .help(format!("it goes with {}", actions.join(", "))),
                );
            }
        }
        for (key, needed) in NEEDS {
            if let Some(span) = place(key).filter(|_| place(needed).is_none()) {
                self.problems.push(
                    Diagnostic::error(
                        "misplaced-key",
                        format!("`{key}` says nothing without `{needed}`"),
                    )
                    .at(span, ""),
                );
            }
        }
        if let (Some(closes), Some(terminal)) = (&keys.closes, &keys.terminal)
            && closes.value != terminal.value
        {
            self.problems.push(
                Diagnostic::error(
                    "misplaced-key",
                    "`closes` names the terminal that the step happens in",
                )
                .at(
                    terminal.span.clone(),
                    format!("`closes` says `{}`", closes.value),
                ),
            );
        }
        for (one, other) in EXCLUDES {
            if let Some(span) = place(one).filter(|_| place(other).is_some()) {
                self.problems.push(
                    Diagnostic::error(
                        "misplaced-key",
                        format!("`{one}` and `{other}` contradict each other"),
                    )
                    .at(span, ""),
                );
            }
        }
    }

    fn terminal(&mut self, keys: &StepKeys) -> Option<usize> {
        let Some(name) = keys.closes.as_ref().or(keys.terminal.as_ref()) else {
            return Some(0);
        };
        if let Some(at) = self
            .terminals
            .iter()
            .position(|terminal| terminal.name == name.value)
        {
            return Some(at);
        }
        // An annotated README names its terminals itself; a spec that describes none says nothing against it.
        if self.terminals_are_made_up && self.spec.keys.steps.is_none() && is_name(&name.value) {
            self.terminals.push(made_up(&name.value));
            self.shells.push(Shells::default());
            return Some(self.terminals.len() - 1);
        }
        // Where `terminals:` could not be read, nobody knows which there are.
        if self.spec.keys.terminals.is_none() && !self.terminals_are_made_up {
            return Some(0);
        }
        let names: Vec<&str> = self
            .terminals
            .iter()
            .map(|terminal| terminal.name.as_str())
            .collect();
        let mut diagnostic = unknown_name("terminal", name, &names);
        if self.terminals_are_made_up {
            diagnostic = diagnostic.help(format!(
                "describe it: `terminals: {{{}: {{title: …}}}}`",
                name.value
            ));
        }
        self.problems.push(diagnostic);
        None
    }

    fn expect(&mut self, expect: &Spanned<String>) -> Expect {
        if let Ok(pattern) = Pattern::parse(&expect.value) {
            self.bound.extend(pattern.names().map(str::to_owned));
        }
        let known = self.captured.union(&self.bound).cloned().collect();
        check_expect(expect, &known, &mut self.problems);
        Expect {
            text: expect.value.clone(),
            at: expect.span.position(),
        }
    }

    fn capture(&mut self, keys: &StepKeys) -> BTreeMap<String, String> {
        let mut patterns = BTreeMap::new();
        for (name, pattern) in keys.capture.iter().flat_map(|capture| &capture.value.0) {
            let right = name
                .value
                .starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name
                    .value
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
            if !right {
                self.problems.push(
                    Diagnostic::error(
                        "bad-name",
                        format!("`{}` is no name for a value", name.value),
                    )
                    .at(name.span.clone(), "")
                    .help("names have letters, digits, `_` and `-`, and begin with a letter"),
                );
            }
            self.captured.insert(name.value.clone());
            patterns.insert(name.value.clone(), pattern.value.0.clone());
        }
        patterns
    }

    fn action(
        &mut self,
        keys: &StepKeys,
        terminal: usize,
        step: &Spanned<StepKeys>,
    ) -> Option<(Action, Option<crate::tutorial::BlockUse>)> {
        let action = if let Some(run) = &keys.run {
            Action::Run(self.run(run, keys, terminal)?)
        } else if let Some(block) = &keys.block {
            return self.block(block, keys, terminal);
        } else if let Some(path) = &keys.file {
            Action::File(self.file(path, keys)?)
        } else if let Some(press) = &keys.press {
            if press.value.0.iter().any(|key| key == "C-d") {
                self.shells[terminal].close();
            }
            Action::Press(press.value.0.clone())
        } else if let Some(wait) = &keys.wait {
            Action::Wait(wait.value.0.clone())
        } else if keys.closes.is_some() {
            self.shells[terminal].close();
            Action::Close
        } else if let Some(include) = &keys.include {
            // Included steps were put in place when the file was read: this one stood in a comment or another action.
            self.problems.push(
                Diagnostic::error("misplaced-key", "`include` stands alone")
                    .at(include.span.clone(), ""),
            );
            return None;
        } else {
            // The value of the action could not be read; that has been said.
            debug_assert!(
                !step.value.written.is_empty(),
                "a step without keys has no action"
            );
            return None;
        };
        Some((action, None))
    }

    fn file(&mut self, path: &Spanned<String>, keys: &StepKeys) -> Option<FileEdit> {
        for text in [Some(path), keys.content.as_ref(), keys.append.as_ref()]
            .into_iter()
            .flatten()
        {
            check_text(text, &self.captured, &mut self.problems);
        }
        let change = if let Some(content) = &keys.content {
            FileChange::Content(content.value.clone())
        } else if let Some(append) = &keys.append {
            FileChange::Append(append.value.clone())
        } else if let Some(replace) = &keys.replace {
            let mut pairs = Vec::new();
            for pair in &replace.value {
                match (&pair.find, &pair.with) {
                    (Some(find), Some(with)) => {
                        pairs.push((find.value.clone(), with.value.clone()))
                    }
                    _ => self.problems.push(
                        Diagnostic::error("missing-key", "a replacement has `find` and `with`")
                            .at(replace.span.clone(), ""),
                    ),
                }
            }
            FileChange::Replace(pairs)
        } else {
            if !["content", "append", "replace"]
                .iter()
                .any(|key| keys.has(key))
            {
                self.problems.push(
                    Diagnostic::error("missing-key", format!("what happens to `{}`?", path.value))
                        .at(path.span.clone(), "")
                        .help("say `content`, `append` or `replace`"),
                );
            }
            return None;
        };
        Some(FileEdit {
            path: path.value.clone(),
            change,
        })
    }

    /// What the last command of a step opens, as the spec says.
    pub(super) fn opens(keys: &StepKeys) -> Option<Opens> {
        use crate::tutorial::values::OpensSpec;
        keys.opens.as_ref().map(|opens| match &opens.value {
            OpensSpec::Shell => Opens::Shell,
            OpensSpec::Prompt(pattern) => Opens::Prompt(pattern.0.clone()),
        })
    }

    /// What a step says about how its commands end.
    pub(super) fn check_endings(&mut self, keys: &StepKeys, commands: &RunCommands) {
        if let Some(until) = &keys.until
            && !matches!(
                until.value.0,
                Condition::Output(_) | Condition::Lines(_) | Condition::Quiet(_)
            )
        {
            self.problems.push(
                Diagnostic::error("bad-until", "`until` speaks of the output")
                    .at(until.span.clone(), "")
                    .help("one of {output: REGEX}, {lines: 3}, {quiet: 2s}"),
            );
        }
        if let Some(retry) = keys.retry.as_ref().filter(|_| commands.commands.len() > 1) {
            self.problems.push(
                Diagnostic::error(
                    "misplaced-key",
                    "`retry` repeats a single command, the step has several",
                )
                .at(retry.span.clone(), ""),
            );
        }
    }
}

/// Whether an id is the kind that steps get which have none.
fn is_made_up(id: &str) -> bool {
    ["setup-", "step-", "cleanup-"]
        .iter()
        .filter_map(|word| id.strip_prefix(word))
        .any(|number| number.parse::<usize>().is_ok())
}

fn text(value: &Option<Spanned<String>>) -> Option<String> {
    value.as_ref().map(|value| value.value.clone())
}

fn exit(keys: &StepKeys) -> ExpectedExit {
    let background = keys
        .background
        .as_ref()
        .is_some_and(|background| background.value);
    match &keys.exit {
        Some(exit) => exit.value.0,
        // What is stopped, or still goes on, has no exit status of its own.
        None if keys.until.is_some() || background => ExpectedExit::Any,
        None => ExpectedExit::Code(0),
    }
}
