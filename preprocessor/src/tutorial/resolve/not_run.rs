//! `not-run:`: upstream commands that the tutorial leaves out, each with its reason.

use super::blocks::{self, Lookup, SourceCommand};
use super::{Resolver, is_declared_text};
use crate::diagnostic::Diagnostic;
use crate::readme::{BlockAddress, Kind};
use crate::tutorial::keys::{Problems, Spanned};
use crate::tutorial::model::{NotRun, Step, UpstreamCommand};
use crate::tutorial::spec::NotRunKeys;

impl Resolver<'_> {
    /// The blocks that the spec lists, as their addresses are written.
    pub(super) fn addresses_not_run(&self) -> Vec<String> {
        let entries = self.spec.keys.not_run.iter().flat_map(|list| &list.value);
        let mut quiet = Problems::default();
        entries
            .filter_map(|entry| {
                let address = blocks::address(entry.value.block.as_ref()?, &mut quiet)?;
                let block = self.sources.upstream?.readme.block(&address).ok()?;
                Some(block.address.to_string())
            })
            .collect()
    }

    pub(super) fn not_run(&mut self, steps: &[Step]) -> Vec<NotRun> {
        let Some(list) = &self.spec.keys.not_run else {
            return Vec::new();
        };
        if !self.has_upstream {
            self.problems.push(
                Diagnostic::error(
                    "no-upstream",
                    "`not-run` is about upstream's commands, and there is no upstream",
                )
                .at(list.span.clone(), ""),
            );
            return Vec::new();
        }
        let mut entries: Vec<NotRun> = list
            .value
            .iter()
            .filter_map(|entry| self.entry(entry, steps))
            .collect();
        let listed: Vec<String> = entries
            .iter()
            .filter_map(|entry| entry.block.clone())
            .collect();
        let rest = self.rest(steps, &listed);
        if let Some(entry) = entries.iter_mut().find(|entry| entry.block.is_none()) {
            entry.commands = rest;
        }
        entries
    }

    fn entry(&mut self, entry: &Spanned<NotRunKeys>, steps: &[Step]) -> Option<NotRun> {
        let keys = &entry.value;
        if !keys.has("why") {
            self.problems.push(
                Diagnostic::error("no-reason", "what is not run has a reason: `why`")
                    .at(entry.span.clone(), "")
                    .help("the page shows it to the reader"),
            );
        }
        let why = keys
            .why
            .as_ref()
            .map(|why| why.value.clone())
            .unwrap_or_default();
        let rest = keys.rest.as_ref().is_some_and(|rest| rest.value);
        match (&keys.block, rest) {
            (Some(block), false) => {
                let (block, commands) = self.listed_block(block, steps)?;
                Some(NotRun {
                    block: Some(block),
                    commands,
                    why,
                })
            }
            (None, true) => Some(NotRun {
                block: None,
                commands: Vec::new(),
                why,
            }),
            _ => {
                self.problems.push(
                    Diagnostic::error(
                        "bad-not-run",
                        "an entry names a `block`, or says `rest: true`",
                    )
                    .at(entry.span.clone(), ""),
                );
                None
            }
        }
    }

    fn listed_block(
        &mut self,
        block: &Spanned<String>,
        steps: &[Step],
    ) -> Option<(String, Vec<UpstreamCommand>)> {
        let address = blocks::address(block, &mut self.problems)?;
        let name = address.to_string();
        let found = blocks::look_up(
            &self.sources,
            &address,
            None,
            &block.span,
            &mut self.problems,
        );
        let commands = match found {
            Lookup::Found(found) => found.commands,
            Lookup::Unavailable => {
                self.unavailable = true;
                return Some((name, Vec::new()));
            }
            Lookup::Wrong => return None,
        };
        self.blocks
            .entry(name.clone())
            .or_insert_with(|| commands.iter().map(Into::into).collect());
        let used = self.used(steps, &address);
        let left = unused(&commands, &used);
        if left.is_empty() {
            self.problems.push(
                Diagnostic::error(
                    "run-after-all",
                    format!("every command of `{name}` is run by a step"),
                )
                .at(block.span.clone(), ""),
            );
        }
        Some((name, left))
    }

    /// Commands of the file that no step uses and no entry lists. Empty where the file could not be read.
    fn rest(&self, steps: &[Step], listed: &[String]) -> Vec<UpstreamCommand> {
        let Some(upstream) = self.sources.upstream else {
            return Vec::new();
        };
        let listed: Vec<&BlockAddress> = listed
            .iter()
            .filter_map(|name| Some(&upstream.readme.block(&name.parse().ok()?).ok()?.address))
            .collect();
        let blocks = upstream.readme.blocks.iter();
        blocks
            .filter(|block| !listed.contains(&&block.address) && !is_declared_text(upstream, block))
            .filter_map(|block| match &block.kind {
                Kind::Commands(exchanges) => Some((block, exchanges)),
                Kind::Text(_) => None,
            })
            .flat_map(|(block, exchanges)| {
                let commands: Vec<SourceCommand> = exchanges.iter().map(Into::into).collect();
                unused(&commands, &self.used(steps, &block.address))
            })
            .collect()
    }

    /// The numbers of a block's commands that steps use, however they name the block.
    fn used(&self, steps: &[Step], address: &BlockAddress) -> Vec<usize> {
        let same = |written: &str| match self.sources.upstream {
            None => written == address.to_string(),
            Some(upstream) => {
                let canonical = |address: &BlockAddress| {
                    upstream
                        .readme
                        .block(address)
                        .map(|block| block.address.clone())
                        .ok()
                };
                written
                    .parse()
                    .is_ok_and(|written| canonical(&written) == canonical(address))
            }
        };
        let blocks = steps.iter().filter_map(|step| step.block.as_ref());
        blocks
            .filter(|block| same(&block.address))
            .flat_map(|block| block.commands.iter().copied())
            .collect()
    }
}

fn unused(commands: &[SourceCommand], used: &[usize]) -> Vec<UpstreamCommand> {
    (1..)
        .zip(commands)
        .filter(|(number, _)| !used.contains(number))
        .map(|(_, command)| command.into())
        .collect()
}
