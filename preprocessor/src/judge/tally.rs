//! Upstream's commands over all tutorials of a book: which run, as what they are typed, and why the others don't.
//!
//! In: what is said of each tutorial. Out: for each upstream file, command by command, where it runs; and the counts.
//! A command is known by the line that it begins in, so a clone that has no more than locks counts as one that has the
//! files does. Not here: whether something is left out by mistake (`tutorial/coverage.rs`), and words (`render/`, `export/`).

use std::collections::BTreeMap;
use std::iter::Sum;
use std::ops::Add;

use super::{Verdict, Verification, recorded_step};
use crate::outcome::Ended;
use crate::tutorial::{Action, BlockUse, NotRun, Step, Tutorial, Upstream, UpstreamSource};

/// The upstream files of a book.
#[derive(Debug, Default)]
pub struct Tally<'a> {
    /// By repository, path and commit.
    files: BTreeMap<[String; 3], FileTally<'a>>,
}

/// One upstream file and the tutorials that share it.
#[derive(Debug)]
pub struct FileTally<'a> {
    /// Which file.
    pub upstream: &'a Upstream,
    /// Those that are made of it, in the order of the book's tutorials.
    pub tutorials: Vec<&'a Verification>,
    /// By line: every command that some tutorial uses or lists as not run.
    pub commands: BTreeMap<usize, CommandTally<'a>>,
    /// Why all that is left is not run, where somebody says so.
    pub rest: Vec<Reason<'a>>,
}

/// One command of an upstream file.
#[derive(Debug)]
pub struct CommandTally<'a> {
    /// As upstream has it.
    pub text: &'a str,
    /// Where it is typed.
    pub uses: Vec<Use<'a>>,
    /// Why it is not run, in the words of those that say so.
    pub reasons: Vec<Reason<'a>>,
    looks_like_text: bool,
}

/// A place where a command is typed.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// The tutorial.
    pub of: &'a Verification,
    /// Index into its steps.
    pub step: usize,
    /// Index into the step's commands.
    pub command: usize,
    /// As what.
    pub typed: Typed,
}

/// As what a command is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// As upstream has it.
    Unchanged,
    /// With a part of it replaced (`with:`).
    Changed,
    /// Nothing of upstream's is left: another command in its place, which does not count as running it.
    Replaced,
}

/// Why a tutorial does not run something.
#[derive(Clone, Copy, Debug)]
pub struct Reason<'a> {
    /// The tutorial.
    pub of: &'a Verification,
    /// Its entry of `not-run`.
    pub entry: &'a NotRun,
}

/// How many commands. Each is counted once, however often it is typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// All of them.
    pub commands: usize,
    /// Typed unchanged or with a part replaced.
    pub run: usize,
    /// Of these: in a tutorial that is verified.
    pub verified: usize,
    /// Of `run`: typed unchanged somewhere.
    pub unchanged: usize,
    /// Not among `run`: another command stands in the place of each.
    pub replaced: usize,
    /// Not among `run`: nothing is typed for them.
    pub not_run: usize,
    /// Of `not_run`: nobody says why. `check` reports them.
    pub unexplained: usize,
}

impl<'a> Tally<'a> {
    /// Over these tutorials.
    pub fn of(all: impl IntoIterator<Item = &'a Verification>) -> Self {
        let mut tally = Self::default();
        let with_upstream: Vec<_> = all
            .into_iter()
            .filter_map(|of| Some((of, of.tutorial.upstream.as_ref()?)))
            .collect();
        for (of, upstream) in &with_upstream {
            let file = tally.files.entry(key(upstream));
            let file = file.or_insert_with(|| FileTally {
                upstream,
                tutorials: Vec::new(),
                commands: BTreeMap::new(),
                rest: Vec::new(),
            });
            file.add(of);
        }
        // What is left is known when all others have said what is not.
        for file in tally.files.values_mut() {
            file.add_rest();
        }
        tally
    }

    /// All files that something is known of.
    pub fn files(&self) -> impl Iterator<Item = &FileTally<'a>> {
        let files = self.files.values();
        files.filter(|file| file.count().commands > 0)
    }

    /// The file that a tutorial is made of, if something is known of it.
    pub fn file_of(&self, tutorial: &Tutorial) -> Option<&FileTally<'a>> {
        let file = self.files.get(&key(tutorial.upstream.as_ref()?));
        file.filter(|file| file.count().commands > 0)
    }

    /// Over all files.
    pub fn total(&self) -> Count {
        self.files.values().map(FileTally::count).sum()
    }
}

fn key(upstream: &Upstream) -> [String; 3] {
    [&upstream.url, &upstream.file, &upstream.commit].map(Clone::clone)
}

impl<'a> FileTally<'a> {
    fn add(&mut self, of: &'a Verification) {
        // One that knows the file knows it better than one that knows a lock of it.
        if self.upstream.source != UpstreamSource::File
            && let Some(upstream) = &of.tutorial.upstream
            && upstream.commands >= self.upstream.commands
        {
            self.upstream = upstream;
        }
        self.tutorials.push(of);
        for (index, step) in of.tutorial.steps.iter().enumerate() {
            if let Some(block) = step.block.as_ref().filter(|_| applies(of, index)) {
                self.add_block(of, index, step, block);
            }
        }
        for entry in &of.tutorial.not_run {
            let reason = Reason { of, entry };
            match entry.block {
                None => self.rest.push(reason),
                Some(_) => {
                    for command in &entry.commands {
                        let command = self.command(command.line, &command.text);
                        command.reasons.push(reason);
                    }
                }
            }
        }
    }

    fn add_block(
        &mut self,
        of: &'a Verification,
        index: usize,
        step: &'a Step,
        block: &'a BlockUse,
    ) {
        let Action::Run(run) = &step.action else {
            return;
        };
        for (at, (command, upstream)) in run.commands.iter().zip(&block.upstream).enumerate() {
            let tally = self.command(upstream.line, &upstream.text);
            tally.looks_like_text |= block.looks_like_text;
            tally.uses.push(Use {
                of,
                step: index,
                command: at,
                typed: typed(&upstream.text, &command.text, &block.with),
            });
        }
    }

    fn command(&mut self, line: usize, text: &'a str) -> &mut CommandTally<'a> {
        self.commands.entry(line).or_insert_with(|| CommandTally {
            text,
            uses: Vec::new(),
            reasons: Vec::new(),
            looks_like_text: false,
        })
    }

    fn add_rest(&mut self) {
        for reason in self.rest.clone() {
            for command in &reason.entry.commands {
                let known = self.command(command.line, &command.text);
                if known.uses.is_empty() && known.reasons.is_empty() {
                    known.reasons.push(reason);
                }
            }
        }
    }

    /// How many of its commands run.
    pub fn count(&self) -> Count {
        let count = |is: &dyn Fn(&CommandTally<'_>) -> bool| {
            self.commands.values().filter(|command| is(command)).count()
        };
        let on_top = count(&|command| command.looks_like_text);
        let commands = (self.upstream.commands + on_top).max(self.commands.len());
        let run = count(&|command| command.is_run());
        let replaced = count(&|command| command.is_replaced());
        Count {
            commands,
            run,
            verified: count(&|command| command.is_verified()),
            unchanged: count(&|command| command.is_typed(Typed::Unchanged)),
            replaced,
            not_run: commands - run - replaced,
            unexplained: match self.rest.is_empty() {
                true => self.unknown(commands),
                false => 0,
            },
        }
    }

    /// How many of its commands nobody names: with locks alone, those that `rest: true` stands for are among them.
    fn unknown(&self, commands: usize) -> usize {
        commands - self.commands.len()
    }

    /// How many commands nobody names.
    pub fn unnamed(&self) -> usize {
        self.unknown(self.count().commands)
    }

    /// How many of its commands a tutorial runs.
    pub fn run_by(&self, of: &Verification) -> usize {
        let commands = self.commands.values();
        commands.filter(|command| command.is_run_by(of)).count()
    }
}

impl CommandTally<'_> {
    /// Whether some tutorial runs it.
    pub fn is_run(&self) -> bool {
        self.uses.iter().any(Use::runs)
    }

    /// Whether this tutorial runs it.
    pub fn is_run_by(&self, of: &Verification) -> bool {
        self.uses.iter().any(|it| it.runs() && it.is_in(of))
    }

    /// Whether a verified tutorial runs it.
    pub fn is_verified(&self) -> bool {
        let is_verified = |of: &Verification| matches!(of.verdict, Verdict::Verified { .. });
        self.uses.iter().any(|it| it.runs() && is_verified(it.of))
    }

    /// Whether all that is typed for it is something else.
    pub fn is_replaced(&self) -> bool {
        !self.uses.is_empty() && !self.is_run()
    }

    /// Whether it is typed so somewhere.
    pub fn is_typed(&self, typed: Typed) -> bool {
        self.uses.iter().any(|it| it.typed == typed)
    }
}

impl<'a> Use<'a> {
    /// Whether upstream's command is run there, in whole or in part.
    pub fn runs(&self) -> bool {
        self.typed != Typed::Replaced
    }

    /// Whether it is this tutorial's.
    pub fn is_in(&self, of: &Verification) -> bool {
        self.of.tutorial.name == of.tutorial.name
    }

    /// The step.
    pub fn step(&self) -> &'a Step {
        &self.of.tutorial.steps[self.step]
    }

    /// What is typed.
    pub fn text(&self) -> &'a str {
        match &self.step().action {
            Action::Run(run) => &run.commands[self.command].text,
            _ => "",
        }
    }
}

/// Whether a step is one of those that ran, where its `when` can keep it from that.
fn applies(of: &Verification, index: usize) -> bool {
    if of.tutorial.steps[index].when.is_none() {
        return true;
    }
    match (&of.run, &of.transcript) {
        (Some(run), _) => {
            let ran = run.steps.get(index);
            ran.is_none_or(|ran| ran.ended != Ended::PassedOver)
        }
        (None, Some(transcript)) => {
            let recorded = recorded_step(&of.tutorial, index, transcript);
            recorded.is_some_and(|it| !it.commands.is_empty())
        }
        (None, None) => true,
    }
}

/// Whether something of upstream's text is left when all that `with` replaces is taken away.
fn typed(upstream: &str, typed: &str, with: &[(String, String)]) -> Typed {
    if upstream == typed {
        return Typed::Unchanged;
    }
    let mut left = upstream.to_owned();
    for (old, _) in with {
        left = left.replace(old, "");
    }
    match left.trim().is_empty() {
        true => Typed::Replaced,
        false => Typed::Changed,
    }
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            commands: self.commands + other.commands,
            run: self.run + other.run,
            verified: self.verified + other.verified,
            unchanged: self.unchanged + other.unchanged,
            replaced: self.replaced + other.replaced,
            not_run: self.not_run + other.not_run,
            unexplained: self.unexplained + other.unexplained,
        }
    }
}

impl Sum for Count {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_replaced_when_nothing_of_it_is_left() {
        let with = |pairs: &[(&str, &str)]| {
            let owned = |(old, new): &(&str, &str)| ((*old).to_owned(), (*new).to_owned());
            pairs.iter().map(owned).collect::<Vec<_>>()
        };
        let parts = with(&[("a.iso", "b.iso")]);
        assert_eq!(typed("boot a.iso", "boot a.iso", &[]), Typed::Unchanged);
        assert_eq!(typed("boot a.iso", "boot b.iso", &parts), Typed::Changed);
        // One that speaks of another command of the block.
        assert_eq!(typed("ls", "ls", &parts), Typed::Unchanged);
        let whole = with(&[("boot a.iso", "true")]);
        assert_eq!(typed("boot a.iso", "true", &whole), Typed::Replaced);
        let in_parts = with(&[("boot", "echo"), ("a.iso", "x")]);
        assert_eq!(typed("boot a.iso", "echo x", &in_parts), Typed::Replaced);
    }
}
