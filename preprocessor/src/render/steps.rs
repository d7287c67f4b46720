//! Steps → blocks of a chapter, in order; neighbours in one terminal share its box.

use std::ops::Range;

use serde::Serialize;

use super::banner::file_link;
use super::template::TemplateError;
use super::{Pages, escape, failure, file, screen};
use crate::judge::{Verdict, Verification};
use crate::tutorial::{Action, Phase, Show, Step, Tutorial};

/// As fold.html takes it: once to open, once to close, because markdown stands between.
#[derive(Serialize)]
struct FoldView {
    opens: bool,
    /// `setup` or `cleanup`.
    phase: Phase,
    steps: usize,
    /// Something in it needs to be seen.
    unfolded: bool,
}

/// As unavailable.html takes it.
#[derive(Serialize)]
struct UnavailableView {
    id: String,
    address: String,
    href: String,
}

impl Pages {
    /// Setup or cleanup, folded away unless it failed there.
    pub(super) fn folded(
        &self,
        blocks: &mut Vec<String>,
        of: &Verification,
        range: Range<usize>,
        level: usize,
    ) -> Result<(), TemplateError> {
        let Some(first) = of.tutorial.steps.get(range.clone()).and_then(<[_]>::first) else {
            return Ok(());
        };
        let unfolded = failed_step(of).is_some_and(|step| range.contains(&step));
        let fold = |opens| FoldView {
            opens,
            phase: first.phase,
            steps: range.len(),
            unfolded,
        };
        blocks.push(self.templates.fill("fold.html", &fold(true))?);
        self.steps(blocks, of, range.clone(), level + 1)?;
        blocks.push(self.templates.fill("fold.html", &fold(false))?);
        Ok(())
    }

    /// These steps.
    pub(super) fn steps(
        &self,
        blocks: &mut Vec<String>,
        of: &Verification,
        range: Range<usize>,
        level: usize,
    ) -> Result<(), TemplateError> {
        let tutorial = &of.tutorial;
        let mut together: Vec<usize> = Vec::new();
        for index in range {
            let step = &tutorial.steps[index];
            if !continues(tutorial, &together, step) {
                self.terminal(blocks, of, &mut together)?;
            }
            prose(blocks, tutorial, step, level);
            match &step.action {
                Action::File(_) | Action::Unavailable => self.alone(blocks, tutorial, step)?,
                Action::Run(_) | Action::Press(_) | Action::Wait(_) | Action::Close => {
                    together.push(index)
                }
            }
            if let Verdict::Failed(failed) = &of.verdict
                && failed.step == index
            {
                self.terminal(blocks, of, &mut together)?;
                if let Some(view) = failure::failure(tutorial, failed) {
                    blocks.push(self.templates.fill("failure.html", &view)?);
                }
            }
        }
        self.terminal(blocks, of, &mut together)
    }

    fn terminal(
        &self,
        blocks: &mut Vec<String>,
        of: &Verification,
        together: &mut Vec<usize>,
    ) -> Result<(), TemplateError> {
        let steps = std::mem::take(together);
        if let Some(view) = screen::terminal(of, &steps, &self.highlighter) {
            blocks.push(self.templates.fill("terminal.html", &view)?);
        }
        Ok(())
    }

    fn alone(
        &self,
        blocks: &mut Vec<String>,
        tutorial: &Tutorial,
        step: &Step,
    ) -> Result<(), TemplateError> {
        if step.show == Show::None {
            return Ok(());
        }
        blocks.push(match &step.action {
            Action::File(edit) => {
                let view = file::file(tutorial, step, edit, &self.highlighter);
                self.templates.fill("file.html", &view)?
            }
            _ => self
                .templates
                .fill("unavailable.html", &unavailable(tutorial, step))?,
        });
        Ok(())
    }
}

/// Whether a step goes on in the box of those before it.
fn continues(tutorial: &Tutorial, together: &[usize], step: &Step) -> bool {
    let same_terminal = together
        .last()
        .is_some_and(|last| tutorial.steps[*last].terminal == step.terminal);
    same_terminal
        && step.title.is_none()
        && step.text.is_none()
        && !matches!(step.action, Action::File(_) | Action::Unavailable)
}

fn prose(blocks: &mut Vec<String>, tutorial: &Tutorial, step: &Step, level: usize) {
    if let Some(title) = &step.title {
        let hashes = "#".repeat(level.clamp(1, 6));
        let id = screen::anchor(tutorial, step);
        blocks.push(format!("{hashes} {} {{#{id}}}", escape::markdown(title)));
    }
    if let Some(text) = &step.text {
        blocks.push(text.trim_matches('\n').to_owned());
    }
}

pub(super) fn failed_step(of: &Verification) -> Option<usize> {
    match &of.verdict {
        Verdict::Failed(failed) => Some(failed.step),
        _ => None,
    }
}

fn unavailable(tutorial: &Tutorial, step: &Step) -> UnavailableView {
    let upstream = tutorial.upstream.as_ref();
    let block = step.block.as_ref();
    UnavailableView {
        id: screen::own_anchor(tutorial, step),
        address: block.map(|block| block.address.clone()).unwrap_or_default(),
        href: upstream
            .map(|it| file_link(it, block.and_then(|block| block.line)))
            .unwrap_or_default(),
    }
}
