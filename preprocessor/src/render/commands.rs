//! Upstream's commands on a page: how many run here, which don't, and why.

use serde::Serialize;

use super::pieces::{self, Piece};
use super::{InBook, banner};
use crate::judge::Verification;
use crate::judge::tally::{CommandTally, Count, FileTally, Reason};

/// As commands.html takes it.
#[derive(Serialize)]
pub(super) struct CommandsView {
    /// `Of the 35 commands of tutorials/vde_ns.md: 9 run here, 24 in other tutorials, 2 not run`.
    summary: String,
    /// The other tutorials that run some.
    others: Vec<OtherView>,
    replaced: Vec<ReplacedView>,
    not_run: Vec<NotRunView>,
}

#[derive(Serialize)]
struct OtherView {
    title: String,
    href: String,
    /// Of those that do not run here.
    run: usize,
}

#[derive(Serialize)]
struct ReplacedView {
    command: String,
    typed: String,
}

#[derive(Serialize)]
struct NotRunView {
    /// What it speaks of: a block, or the rest.
    label: String,
    why: Vec<Piece>,
    commands: Vec<String>,
    /// How many more there are that can't be named here.
    unnamed: usize,
    /// How many of `commands` another tutorial runs.
    elsewhere: usize,
}

/// Commands that are not run for the same reason.
pub(super) struct Group<'a> {
    reason: Option<Reason<'a>>,
    /// Each with whether another tutorial runs it.
    commands: Vec<(&'a str, bool)>,
    unnamed: usize,
}

impl Group<'_> {
    /// What it speaks of.
    pub(super) fn label(&self) -> &str {
        let block = self.reason.and_then(|reason| reason.entry.block.as_deref());
        block.unwrap_or("the rest")
    }

    /// The author's reason, markdown.
    pub(super) fn why(&self) -> &str {
        let why = self.reason.map(|reason| reason.entry.why.as_str());
        why.map_or("no reason is given", str::trim)
    }
}

/// What a tutorial's page says of its upstream file; nothing where there is none, or nothing is known of it.
pub(super) fn commands(of: &Verification, book: &InBook<'_>) -> Option<CommandsView> {
    let file = book.tally.file_of(&of.tutorial)?;
    let other = |other: &&Verification| OtherView {
        title: other.tutorial.title.clone(),
        href: (book.href)(&other.tutorial.name).unwrap_or_default(),
        run: file
            .commands
            .values()
            .filter(|it| it.is_run_by(other) && !it.is_run_by(of))
            .count(),
    };
    let others = file.tutorials.iter();
    Some(CommandsView {
        summary: summary(of, file),
        others: others
            .filter(|other| other.tutorial.name != of.tutorial.name)
            .map(other)
            .filter(|other| other.run > 0)
            .collect(),
        replaced: replaced(file)
            .map(|(command, typed)| ReplacedView {
                command: command.text.to_owned(),
                typed: typed.to_owned(),
            })
            .collect(),
        not_run: groups(of, file).iter().map(not_run).collect(),
    })
}

fn not_run(group: &Group<'_>) -> NotRunView {
    let commands = group.commands.iter();
    NotRunView {
        label: group.label().to_owned(),
        why: pieces::inline(group.why()),
        commands: commands.map(|(text, _)| (*text).to_owned()).collect(),
        unnamed: group.unnamed,
        elsewhere: group.commands.iter().filter(|(_, is)| *is).count(),
    }
}

/// One sentence, without the full stop.
pub(super) fn summary(of: &Verification, file: &FileTally<'_>) -> String {
    format!(
        "Of the {} of {}: {}",
        counted(file.count().commands),
        file.upstream.file,
        shares(of, file)
    )
}

/// `9 run here, 24 in other tutorials, 2 not run`.
pub(super) fn shares(of: &Verification, file: &FileTally<'_>) -> String {
    let Count {
        run,
        replaced,
        not_run,
        ..
    } = file.count();
    let here = file.run_by(of);
    let mut words = match here {
        0 => "none run here".to_owned(),
        1 => "1 runs here".to_owned(),
        here => format!("{here} run here"),
    };
    let more = [
        (run - here, "in other tutorials"),
        (replaced, "replaced by another"),
        (not_run, "not run"),
    ];
    for (count, what) in more.into_iter().filter(|(count, _)| *count > 0) {
        words.push_str(&format!(", {count} {what}"));
    }
    words
}

/// `1 command`, `35 commands`.
pub fn counted(commands: usize) -> String {
    let s = if commands == 1 { "" } else { "s" };
    format!("{commands} command{s}")
}

/// Commands in whose place others are typed, with one of these.
pub(super) fn replaced<'a>(
    file: &'a FileTally<'a>,
) -> impl Iterator<Item = (&'a CommandTally<'a>, &'a str)> {
    let commands = file.commands.values().filter(|it| it.is_replaced());
    commands.filter_map(|it| Some((it, it.uses.first()?.text())))
}

/// What is not run, by reason and in upstream's order: all that no tutorial runs, and what this one says it leaves to others.
pub(super) fn groups<'a>(of: &Verification, file: &'a FileTally<'a>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut group_of = |reason: Option<Reason<'a>>| {
        let same = |group: &Group<'a>| match (group.reason, reason) {
            (Some(one), Some(other)) => std::ptr::eq(one.entry, other.entry),
            (None, None) => true,
            _ => false,
        };
        groups.iter().position(same).unwrap_or_else(|| {
            groups.push(Group {
                reason,
                commands: Vec::new(),
                unnamed: 0,
            });
            groups.len() - 1
        })
    };
    let mut placed = Vec::new();
    for command in file.commands.values() {
        let mut reasons = command.reasons.iter();
        let own = reasons.find(|it| it.of.tutorial.name == of.tutorial.name);
        let reason = match own {
            Some(own) => own,
            None if command.uses.is_empty() => match command.reasons.first() {
                Some(first) => first,
                None => continue,
            },
            None => continue,
        };
        placed.push((group_of(Some(*reason)), command));
    }
    let unnamed = file.unnamed();
    let rest = (unnamed > 0).then(|| group_of(file.rest.first().copied()));
    for (at, command) in placed {
        groups[at].commands.push((command.text, command.is_run()));
    }
    if let Some(at) = rest {
        groups[at].unnamed = unnamed;
    }
    groups
}

/// As overview.html takes it: the one number, and a row for each file.
#[derive(Serialize)]
pub(super) struct TotalView {
    commands: usize,
    verified: usize,
    files: Vec<FileView>,
}

#[derive(Serialize)]
struct FileView {
    label: String,
    href: String,
    commands: usize,
    run: usize,
    verified: usize,
    /// Replaced ones among them.
    not_run: usize,
}

/// Over all files; `None` without any.
pub(super) fn total(book: &InBook<'_>) -> Option<TotalView> {
    let file = |file: &FileTally<'_>| {
        let count = file.count();
        FileView {
            label: banner::upstream_label(file.upstream),
            href: banner::file_link(file.upstream, None),
            commands: count.commands,
            run: count.run,
            verified: count.verified,
            not_run: count.commands - count.run,
        }
    };
    let files: Vec<FileView> = book.tally.files().map(file).collect();
    let Count {
        commands, verified, ..
    } = book.tally.total();
    (!files.is_empty()).then_some(TotalView {
        commands,
        verified,
        files,
    })
}

impl TotalView {
    /// In markdown.
    pub(super) fn plain(&self) -> String {
        let line = |file: &FileView| {
            format!(
                "- {}: {}, {} run, {} verified, {} not run",
                super::escape::markdown(&file.label),
                counted(file.commands),
                file.run,
                file.verified,
                file.not_run
            )
        };
        let lines: Vec<String> = self.files.iter().map(line).collect();
        format!(
            "{} of {} upstream commands are run and verified.\n\n{}",
            self.verified,
            self.commands,
            lines.join("\n")
        )
    }
}
