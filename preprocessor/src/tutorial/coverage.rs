//! The book against its upstream files: no command of theirs is silently left out.
//!
//! In: all tutorials of a book. Out: a message for every block with commands that no tutorial uses and none lists under
//! `not-run`. Several tutorials can share a file.

use std::collections::{BTreeMap, BTreeSet};

use super::load::Loaded;
use super::resolve::{UpstreamFile, is_declared_text};
use crate::diagnostic::{Diagnostic, Span};
use crate::readme::{Block, BlockAddress};

/// What is neither run nor listed; empty is good.
pub fn check_coverage(tutorials: &[Loaded]) -> Vec<Diagnostic> {
    let mut files: BTreeMap<(&str, &str, &str), Vec<&Loaded>> = BTreeMap::new();
    for loaded in tutorials {
        if let Some(upstream) = &loaded.tutorial.upstream {
            let file = (
                upstream.url.as_str(),
                upstream.commit.as_str(),
                upstream.file.as_str(),
            );
            files.entry(file).or_default().push(loaded);
        }
    }
    let left_out = files
        .values()
        .filter(|users| !users.iter().any(|user| lists_the_rest(user)));
    let mut diagnostics: Vec<Diagnostic> = left_out
        .flat_map(
            |users| match users.iter().find_map(|user| user.readme.as_ref()) {
                Some(file) => by_file(file, users),
                None => by_count(users).into_iter().collect(),
            },
        )
        .collect();
    crate::diagnostic::sort(&mut diagnostics);
    diagnostics
}

fn lists_the_rest(loaded: &Loaded) -> bool {
    loaded
        .tutorial
        .not_run
        .iter()
        .any(|entry| entry.block.is_none())
}

fn by_file(file: &UpstreamFile, users: &[&Loaded]) -> Vec<Diagnostic> {
    let canonical = |written: &str| -> Option<BlockAddress> {
        let block = file.readme.block(&written.parse().ok()?).ok()?;
        Some(block.address.clone())
    };
    let mut used: BTreeSet<(BlockAddress, usize)> = BTreeSet::new();
    let mut listed: BTreeSet<BlockAddress> = BTreeSet::new();
    for user in users {
        for block in user
            .tutorial
            .steps
            .iter()
            .filter_map(|step| step.block.as_ref())
        {
            if let Some(address) = canonical(&block.address) {
                used.extend(
                    block
                        .commands
                        .iter()
                        .map(|number| (address.clone(), *number)),
                );
            }
        }
        let entries = user
            .tutorial
            .not_run
            .iter()
            .filter_map(|entry| entry.block.as_deref());
        listed.extend(entries.filter_map(canonical));
    }
    let blocks = file.readme.blocks.iter();
    blocks
        .filter(|block| !listed.contains(&block.address) && !is_declared_text(file, block))
        .filter_map(|block| left_out(block, &used, users))
        .collect()
}

fn left_out(
    block: &Block,
    used: &BTreeSet<(BlockAddress, usize)>,
    users: &[&Loaded],
) -> Option<Diagnostic> {
    let left: Vec<_> = (1..)
        .zip(block.commands())
        .filter(|(number, _)| !used.contains(&(block.address.clone(), *number)))
        .map(|(_, command)| command)
        .collect();
    if left.is_empty() {
        return None;
    }
    let address = &block.address;
    let headline = match left.len() {
        1 => format!("a command of `{address}` is neither run nor listed under `not-run`"),
        several => {
            format!("{several} commands of `{address}` are neither run nor listed under `not-run`")
        }
    };
    let mut diagnostic = Diagnostic::error("left-out", headline).at(place(users)?, "of this file");
    for command in left {
        let first = command.command.lines().next().unwrap_or_default();
        diagnostic = diagnostic.help(format!("line {}: {first}", command.line));
    }
    Some(diagnostic.help(format!(
        "use it in a step (`block: \"{address}\"`), or say why not: `not-run: [{{block: \"{address}\", why: …}}]`"
    )))
}

/// Where only locks are known, each knows its own blocks and how many commands the file has.
fn by_count(users: &[&Loaded]) -> Option<Diagnostic> {
    // By their lines: a block may be named in more than one way.
    let mut known: BTreeSet<usize> = BTreeSet::new();
    for user in users {
        let lock = user.lock.as_ref()?;
        let steps = user.tutorial.steps.iter();
        let used = steps.filter_map(|step| step.block.as_ref());
        let counted = used.filter(|block| !block.looks_like_text);
        known.extend(counted.flat_map(|block| &block.upstream).map(|it| it.line));
        let entries = user.tutorial.not_run.iter();
        let listed = entries.filter_map(|entry| lock.blocks.get(entry.block.as_ref()?));
        known.extend(listed.flatten().map(|it| it.line));
    }
    let all = users.first()?.lock.as_ref()?.commands;
    let left = all.checked_sub(known.len()).filter(|left| *left > 0)?;
    Some(
        Diagnostic::error(
            "left-out",
            format!("{left} of upstream's {all} commands are neither run nor listed"),
        )
        .at(place(users)?, "of this file")
        .help("the file could not be read, so which they are is not known here"),
    )
}

/// The first tutorial's `upstream:`.
fn place(users: &[&Loaded]) -> Option<Span> {
    let keys = users.first()?.spec.keys.upstream.as_ref()?;
    let at = keys.value.github.as_ref().or(keys.value.git.as_ref());
    Some(at.map_or(&keys.span, |at| &at.span).clone())
}
