//! `<!-- twin: {…} -->` above a block, and READMEs that carry their whole tutorial.
//!
//! A comment holds a step's keys. A step of the spec that names the block overrides them, key by key; a spec without
//! steps runs every block of commands from top to bottom.

use std::sync::Arc;

use super::blocks::{commands, fence};
use super::{Resolver, UpstreamFile};
use crate::diagnostic::{Diagnostic, SourceFile, Span};
use crate::judge::transcript::AnnotatedBlock;
use crate::readme::{Annotation, Block, BlockAddress};
use crate::tutorial::keys::{Problems, Read, Spanned};
use crate::tutorial::model::{Phase, Step};
use crate::tutorial::spec::{ACTIONS, StepKeys};
use crate::tutorial::values::BlockKind;
use crate::tutorial::yaml;

impl Resolver<'_> {
    /// The keys that stand above a block in the README.
    pub(super) fn annotation(&mut self, address: &BlockAddress) -> Option<Spanned<StepKeys>> {
        if let Some(upstream) = self.sources.upstream {
            let block = upstream.readme.block(address).ok()?;
            let annotation = block.annotation.as_ref()?;
            self.keep_annotation(address, &annotation.yaml);
            return read(upstream, annotation, &mut self.problems);
        }
        let annotated = &self.sources.lock?.annotated;
        let name = address.to_string();
        let keys = &annotated.iter().find(|block| block.block == name)?.keys;
        locked(keys, &mut self.problems)
    }

    fn keep_annotation(&mut self, address: &BlockAddress, yaml: &str) {
        let block = address.to_string();
        if !self.annotated.iter().any(|other| other.block == block) {
            self.annotated.push(AnnotatedBlock {
                block,
                keys: yaml.to_owned(),
            });
        }
    }

    /// Every block of commands, from top to bottom, less what the spec lists under `not-run`.
    pub(super) fn annotated_readme(&mut self) -> Vec<Step> {
        let steps = match (self.sources.upstream, self.sources.lock) {
            (Some(upstream), _) => self.annotated_blocks(upstream),
            (None, Some(lock)) => lock
                .annotated
                .iter()
                .filter_map(|block| locked_step(block, &mut self.problems))
                .collect(),
            (None, None) => {
                self.unavailable = true;
                Vec::new()
            }
        };
        if steps.is_empty() && !self.unavailable {
            let at = self
                .spec
                .keys
                .upstream
                .as_ref()
                .map(|upstream| upstream.span.clone());
            self.problems.push(
                Diagnostic::error(
                    "no-steps",
                    "the spec has no steps, and the upstream file no commands",
                )
                .at(at.unwrap_or_else(|| self.start_of_spec()), ""),
            );
        }
        let steps = (1..).zip(&steps);
        steps
            .filter_map(|(number, step)| self.step(Phase::Main, number, step))
            .collect()
    }

    fn annotated_blocks(&mut self, upstream: &UpstreamFile) -> Vec<Spanned<StepKeys>> {
        for stray in &upstream.readme.stray_annotations {
            let at =
                yaml::offset(&upstream.file.text, stray.line, stray.column).unwrap_or_default();
            let range = at..(at + stray.yaml.len()).min(upstream.file.text.len());
            let file = Arc::clone(&upstream.file);
            self.problems.push(
                Diagnostic::error("stray-annotation", "this comment stands above no block")
                    .at(Span { file, range }, "")
                    .help("nothing but blank lines may stand between it and its block"),
            );
        }
        let passed_over: Vec<String> = self.addresses_not_run();
        let mut steps = Vec::new();
        for block in &upstream.readme.blocks {
            if passed_over.contains(&block.address.to_string()) {
                continue;
            }
            // What is wrong in the comment is said when its step is made.
            let mut quiet = Problems::default();
            let annotation = block.annotation.as_ref();
            let keys = annotation.and_then(|it| read(upstream, it, &mut quiet));
            let kind = keys
                .as_ref()
                .and_then(|keys| keys.value.r#as.as_ref())
                .map(|kind| kind.value);
            if kind == Some(BlockKind::Text) || commands(block, kind).is_none() {
                continue;
            }
            let yaml = block
                .annotation
                .as_ref()
                .map_or("", |annotation| &annotation.yaml);
            self.keep_annotation(&block.address, yaml);
            steps.push(step_of(upstream, block));
        }
        steps
    }
}

/// Whether a README itself says that a block, whatever it looks like, holds no commands.
pub(crate) fn is_declared_text(upstream: &UpstreamFile, block: &Block) -> bool {
    let annotation = block.annotation.as_ref();
    let keys = annotation.and_then(|it| read(upstream, it, &mut Problems::default()));
    let kind = keys.and_then(|keys| keys.value.r#as);
    kind.is_some_and(|kind| kind.value == BlockKind::Text)
}

/// The step that an annotated block is; its keys are laid under it when it is resolved.
fn step_of(upstream: &UpstreamFile, block: &Block) -> Spanned<StepKeys> {
    let span = fence(&upstream.file, block.line);
    block_step(&block.address.to_string(), span)
}

fn block_step(address: &str, span: Span) -> Spanned<StepKeys> {
    let block = Spanned {
        value: address.to_owned(),
        span: span.clone(),
    };
    Spanned {
        value: StepKeys {
            block: Some(block),
            written: vec![("block", span.clone())],
            ..StepKeys::default()
        },
        span,
    }
}

fn locked_step(block: &AnnotatedBlock, _: &mut Problems) -> Option<Spanned<StepKeys>> {
    let file = Arc::new(lock_file(&block.keys));
    let range = 0..file.text.len();
    Some(block_step(&block.block, Span { file, range }))
}

fn lock_file(keys: &str) -> SourceFile {
    SourceFile {
        path: "README.md".into(),
        text: keys.to_owned(),
    }
}

/// The keys of a comment, placed in the README.
fn read(
    upstream: &UpstreamFile,
    annotation: &Annotation,
    problems: &mut Problems,
) -> Option<Spanned<StepKeys>> {
    let start = yaml::offset(&upstream.file.text, annotation.line, annotation.column)?;
    let part = start..start + annotation.yaml.len();
    match upstream.file.text.get(part.clone()) == Some(annotation.yaml.as_str()) {
        true => keys(yaml::parse_part(&upstream.file, part), problems),
        // In a quote or a list, its lines carry what the file has in front of them: the place is near, not exact.
        false => locked(&annotation.yaml, problems),
    }
}

fn locked(text: &str, problems: &mut Problems) -> Option<Spanned<StepKeys>> {
    if text.is_empty() {
        return None;
    }
    keys(yaml::parse(&Arc::new(lock_file(text))), problems)
}

fn keys(
    node: Result<yaml::Node, Diagnostic>,
    problems: &mut Problems,
) -> Option<Spanned<StepKeys>> {
    let node = match node {
        Ok(node) => node,
        Err(error) => {
            problems.push(error);
            return None;
        }
    };
    let keys: Spanned<StepKeys> = Spanned::read(&node, problems)?;
    let mut right = true;
    for (key, span) in &keys.value.written {
        if ACTIONS.contains(key) {
            problems.push(
                Diagnostic::error(
                    "misplaced-key",
                    format!("a comment above a block has no `{key}`"),
                )
                .at(span.clone(), "the block below it is what is done"),
            );
            right = false;
        }
    }
    right.then_some(keys)
}
