//! What is said of a tutorial → the part of a chapter that shows it.
//!
//! In: a [`Verification`] and which steps of it. Out: markdown with blocks of HTML (for mdBook's HTML renderer) or
//! markdown alone ([`plain`], for all others). Pure: templates that a book overrides come in as text, no clock is asked.
//! Not here: finding the directives and reading files (`book/`), and what the verdict is (`judge/`).
//!
//! Headings and the author's text are markdown, so that mdBook gives them anchors, search and smart punctuation.
//! Everything that was captured is HTML out of tera templates, each block one line that begins with a tag in column 0.

mod banner;
mod commands;
mod escape;
mod failure;
mod file;
mod highlight;
mod overview;
mod pieces;
pub mod plain;
mod screen;
mod shown;
mod steps;
mod template;

use std::ops::Range;

use serde::Serialize;

use crate::judge::{Tally, Verification};
use crate::tutorial::{Phase, Tutorial};
pub use commands::counted;
pub use template::{DEFAULTS, TemplateError};

/// Makes pages: templates and grammars, read once.
pub struct Pages {
    templates: template::Templates,
    highlighter: highlight::Highlighter,
}

/// What of the book a page speaks of, besides its own tutorial.
#[derive(Clone, Copy)]
pub struct InBook<'a> {
    /// Upstream's commands over all tutorials.
    pub tally: &'a Tally<'a>,
    /// The chapter that shows a tutorial of this name, as a link from the chapter that is made; `None` when none does.
    pub href: &'a dyn Fn(&str) -> Option<String>,
}

/// Which steps of a tutorial a directive shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Indices into the tutorial's steps; main steps only.
    steps: Range<usize>,
    /// It begins with the first main step: banner in full, and the setup before it.
    first: bool,
    /// It ends with the last main step: cleanup and what is not run behind it.
    last: bool,
}

/// `steps="…"` names a step that the tutorial does not have, or a range that goes backwards.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// No main step has this id.
    #[error("the tutorial has no step `{id}`")]
    UnknownStep {
        /// As written.
        id: String,
        /// The ids there are, in order.
        known: Vec<String>,
    },
    /// The first step comes after the last.
    #[error("the step `{from}` comes after `{to}`")]
    Backwards {
        /// The first.
        from: String,
        /// The last.
        to: String,
    },
}

impl Part {
    /// The whole tutorial.
    pub fn whole(tutorial: &Tutorial) -> Self {
        Self {
            steps: main_steps(tutorial),
            first: true,
            last: true,
        }
    }

    /// From one step to another, both included; an open end is the tutorial's.
    /// # Errors
    /// A step is not there, or the two stand the other way round.
    pub fn between(
        tutorial: &Tutorial,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<Self, PartError> {
        let main = main_steps(tutorial);
        let find = |id: &str| {
            let found = main.clone().find(|index| tutorial.steps[*index].id == id);
            found.ok_or_else(|| PartError::UnknownStep {
                id: id.to_owned(),
                known: tutorial.steps[main.clone()]
                    .iter()
                    .map(|step| step.id.clone())
                    .collect(),
            })
        };
        let start = from.map(find).transpose()?.unwrap_or(main.start);
        let end = to
            .map(find)
            .transpose()?
            .map_or(main.end, |index| index + 1);
        if start >= end && from.is_some() {
            return Err(PartError::Backwards {
                from: from.unwrap_or_default().to_owned(),
                to: to.unwrap_or_default().to_owned(),
            });
        }
        Ok(Self {
            first: start == main.start,
            last: end == main.end,
            steps: start..end,
        })
    }
}

/// Setup, main and cleanup steps stand in this order, so the main ones are a range.
fn main_steps(tutorial: &Tutorial) -> Range<usize> {
    let phase = |wanted| {
        tutorial
            .steps
            .iter()
            .filter(|step| step.phase == wanted)
            .count()
    };
    let start = phase(Phase::Setup);
    start..start + phase(Phase::Main)
}

impl Pages {
    /// With the embedded templates, but for `overrides`: names of [`DEFAULTS`] and the text of the book's own.
    /// # Errors
    /// A template can't be parsed.
    pub fn new(overrides: &[(String, String)]) -> Result<Self, TemplateError> {
        Ok(Self {
            templates: template::Templates::new(overrides)?,
            highlighter: highlight::Highlighter::new().warm(),
        })
    }

    /// A part of a tutorial, for a place below a heading of level `level - 1`.
    /// # Errors
    /// A template of the book can't be filled in.
    pub fn tutorial(
        &self,
        of: &Verification,
        part: &Part,
        level: usize,
        book: &InBook<'_>,
    ) -> Result<String, TemplateError> {
        let mut blocks = vec![
            self.templates
                .fill("banner.html", &banner::in_book(of, !part.first, book))?,
        ];
        if part.first {
            self.folded(&mut blocks, of, 0..main_steps(&of.tutorial).start, level)?;
        }
        self.steps(&mut blocks, of, part.steps.clone(), level)?;
        if part.last {
            self.folded(
                &mut blocks,
                of,
                main_steps(&of.tutorial).end..of.tutorial.steps.len(),
                level,
            )?;
            if let Some(view) = commands::commands(of, book) {
                blocks.push(self.templates.fill("commands.html", &view)?);
            }
        }
        Ok(blocks.join("\n\n"))
    }

    /// The table of all tutorials.
    /// # Errors
    /// A template of the book can't be filled in.
    pub fn overview(
        &self,
        all: &[&Verification],
        book: &InBook<'_>,
    ) -> Result<String, TemplateError> {
        self.templates
            .fill("overview.html", &overview::overview(all, book))
    }

    /// A message where a page can't be made, for `mdbook serve`.
    /// # Errors
    /// A template of the book can't be filled in.
    pub fn error(&self, text: &str) -> Result<String, TemplateError> {
        #[derive(Serialize)]
        struct View<'a> {
            text: &'a str,
        }
        self.templates.fill("error.html", &View { text })
    }
}
