//! Spec + blocks → [`Tutorial`]. Pure: all that was read comes in.
//!
//! In: a [`Spec`], and what is known of upstream: the file itself, or the lock of the last transcript. Out: a tutorial
//! with nothing left to look up and the lock for the next transcript, or everything that is wrong.

mod annotation;
mod blocks;
mod hosts;
mod inputs;
mod network;
mod not_run;
mod placeholders;
mod shells;
mod step;
mod steps;
mod upstream;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::keys::{Problems, Spanned};
use super::model::{Host, Phase, Step, Terminal, Tutorial, UpstreamSource};
use super::spec::{Spec, StepKeys};
use crate::diagnostic::{Diagnostic, SourceFile, Span};
use crate::judge::transcript::{AnnotatedBlock, Lock, LockedCommand};
use crate::readme::Readme;
use shells::Shells;

pub(crate) use annotation::is_declared_text;
pub use hosts::is_name;
pub use upstream::pin;
use upstream::pin_of;

/// The upstream file, hash checked.
#[derive(Debug)]
pub struct UpstreamFile {
    /// Its text, under the name that messages show.
    pub file: Arc<SourceFile>,
    /// Its blocks.
    pub readme: Readme,
}

/// What is known of upstream.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sources<'a> {
    /// The file, where it could be had.
    pub upstream: Option<&'a UpstreamFile>,
    /// The last transcript's lock; used where it speaks of the same file.
    pub lock: Option<&'a Lock>,
    /// The command that shows upstream's blocks, for messages.
    pub shown_by: Option<&'a str>,
}

/// A tutorial and its lock.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Ready to run, where its upstream is known.
    pub tutorial: Tutorial,
    /// Upstream's commands, for the next transcript.
    pub lock: Option<Lock>,
}

/// Makes every step concrete.
/// # Errors
/// Everything that does not fit together or does not fit upstream, in the order of the files.
pub fn resolve(spec: &Spec, sources: &Sources<'_>) -> Result<Resolved, Vec<Diagnostic>> {
    let mut problems = Problems::already(&spec.wrong);
    let pin = pin_of(spec, &mut problems);
    let keys = &spec.keys;
    // A lock of another file's bytes says nothing about this one.
    let sha256 = pin.as_ref().map(|pin| pin.sha256.as_str());
    let lock = sources
        .lock
        .filter(|lock| Some(lock.sha256.as_str()) == sha256);
    let hosts = hosts::hosts(keys, &mut problems);
    let terminals = hosts::terminals(keys, &hosts, &mut problems);
    let inputs = inputs::inputs(keys, &hosts, &mut problems);
    let mut resolver = Resolver {
        spec,
        sources: Sources { lock, ..*sources },
        has_upstream: keys.upstream.is_some(),
        shells: vec![Shells::default(); terminals.len()],
        hosts,
        terminals,
        terminals_are_made_up: !keys.has("terminals"),
        ids: BTreeMap::new(),
        captured: BTreeSet::new(),
        bound: BTreeSet::new(),
        blocks: BTreeMap::new(),
        text: BTreeSet::new(),
        annotated: Vec::new(),
        unavailable: false,
        problems,
    };
    let steps = resolver.all_steps();
    let not_run = resolver.not_run(&steps);
    let title = resolver.title();
    let upstream_note = resolver.upstream_note(&keys.upstream_note);
    let upstream = pin.map(|pin| resolver.upstream(&pin));
    let lock = upstream
        .as_ref()
        .and_then(|upstream| resolver.lock(upstream));
    let tutorial = Tutorial {
        name: spec.name.clone(),
        title,
        summary: keys.summary.as_ref().map(|summary| summary.value.clone()),
        upstream_note,
        spec: spec.file.path.clone(),
        upstream,
        steps,
        not_run,
        limits: hosts::limits(keys.limits.as_ref()),
        timeout: keys.timeout.as_ref().map(|time| time.value.0),
        inputs,
        hosts: resolver.hosts,
        terminals: resolver.terminals,
    };
    resolver.problems.none_or(Some(Resolved { tutorial, lock }))
}

/// What is known while the steps of one tutorial are made concrete, one after another.
struct Resolver<'a> {
    spec: &'a Spec,
    sources: Sources<'a>,
    has_upstream: bool,
    hosts: Vec<Host>,
    terminals: Vec<Terminal>,
    /// An annotated README may name terminals that no spec describes.
    terminals_are_made_up: bool,
    /// By terminal.
    shells: Vec<Shells>,
    ids: BTreeMap<String, Span>,
    captured: BTreeSet<String>,
    /// Names that `expect`s give to values, so far.
    bound: BTreeSet<String>,
    /// Blocks used or listed so far, for the lock.
    blocks: BTreeMap<String, Vec<LockedCommand>>,
    /// Those of them that the spec alone makes commands.
    text: BTreeSet<String>,
    annotated: Vec<AnnotatedBlock>,
    /// Whether a block was asked for that could not be had.
    unavailable: bool,
    problems: Problems,
}

impl Resolver<'_> {
    fn title(&mut self) -> String {
        match &self.spec.keys.title {
            Some(title) => title.value.clone(),
            None => {
                if !self.spec.keys.has("title") {
                    self.problems.push(
                        Diagnostic::error("no-title", "a tutorial has a title")
                            .at(self.start_of_spec(), "")
                            .help("add `title: …`"),
                    );
                }
                String::new()
            }
        }
    }

    /// Nobody would ever read one without upstream.
    fn upstream_note(&mut self, note: &Option<Spanned<String>>) -> Option<String> {
        let note = note.as_ref()?;
        if !self.has_upstream {
            self.problems.push(
                Diagnostic::error(
                    "misplaced-key",
                    "`upstream-note` says nothing without `upstream`",
                )
                .at(note.span.clone(), ""),
            );
        }
        Some(note.value.clone())
    }

    fn start_of_spec(&self) -> Span {
        Span {
            file: Arc::clone(&self.spec.file),
            range: 0..0,
        }
    }

    fn all_steps(&mut self) -> Vec<Step> {
        let keys = &self.spec.keys;
        let mut steps = self.phase(Phase::Setup, keys.setup.as_ref());
        let annotated = !keys.has("steps") && self.has_upstream;
        match annotated {
            true => steps.extend(self.annotated_readme()),
            false => steps.extend(self.phase(Phase::Main, keys.steps.as_ref())),
        }
        let none = match &keys.steps {
            Some(steps) => steps.value.is_empty() && self.spec.wrong.is_empty(),
            None => !keys.has("steps"),
        };
        if none && !annotated {
            self.problems.push(
                Diagnostic::error("no-steps", "a tutorial has steps")
                    .at(self.start_of_spec(), "")
                    .help("add `steps:`, or an `upstream:` with an annotated README"),
            );
        }
        steps.extend(self.phase(Phase::Cleanup, keys.cleanup.as_ref()));
        steps
    }

    fn phase(&mut self, phase: Phase, list: Option<&Spanned<Vec<Spanned<StepKeys>>>>) -> Vec<Step> {
        let written = list.iter().flat_map(|list| &list.value);
        (1..)
            .zip(written)
            .filter_map(|(number, step)| self.step(phase, number, step))
            .collect()
    }

    fn source(&self) -> UpstreamSource {
        match (self.sources.upstream, self.sources.lock) {
            (Some(_), _) => UpstreamSource::File,
            (None, Some(_)) if !self.unavailable => UpstreamSource::Lock,
            _ => UpstreamSource::Unavailable,
        }
    }
}
