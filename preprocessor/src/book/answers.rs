//! What is said of each tutorial, and what a directive shows of it: the tutorial, or what is wrong.

use std::collections::BTreeMap;

use super::directive::Directive;
use super::scan::{Page, Spot};
use crate::diagnostic::{self, Diagnostic};
use crate::judge::Verification;
use crate::render::{Part, PartError};
use crate::verify::Answer;

/// The verdicts of a build.
pub(super) struct Answers {
    /// The names of all tutorials there are.
    known: Vec<String>,
    said: BTreeMap<String, Result<Verification, Vec<Diagnostic>>>,
}

/// What stands in the place of a directive.
pub(super) enum Content<'a> {
    Tutorial(&'a Verification, Part),
    Overview,
    /// Shown under `mdbook serve` alone.
    Mistakes(Vec<Diagnostic>),
}

impl Answers {
    pub(super) fn new(known: Vec<String>, answers: Vec<Answer>) -> Self {
        let said = answers
            .into_iter()
            .map(|Answer { name, result }| (name, result));
        Self {
            known,
            said: said.collect(),
        }
    }

    /// Of every tutorial that could be read, sorted by name.
    pub(super) fn verifications(&self) -> impl Iterator<Item = &Verification> {
        self.said.values().filter_map(|it| it.as_ref().ok())
    }

    pub(super) fn content(&self, spot: &Spot) -> Content<'_> {
        if let Some(mistake) = self.mistake(spot) {
            return Content::Mistakes(vec![mistake]);
        }
        let Ok(Directive::Tutorial { name, from, to }) = &spot.asks else {
            return Content::Overview;
        };
        match self.said.get(name) {
            Some(Ok(of)) => match part(of, from.as_deref(), to.as_deref()) {
                Ok(part) => Content::Tutorial(of, part),
                // `mistake` has looked at it.
                Err(_) => Content::Mistakes(Vec::new()),
            },
            // The spec's own mistakes, which have their places there.
            Some(Err(mistakes)) => Content::Mistakes(mistakes.clone()),
            None => Content::Mistakes(Vec::new()),
        }
    }

    /// Everything that is wrong with chapters, tutorials and `require`, each once, in the order of the places.
    pub(super) fn mistakes(&self, pages: &[Page], require: &[String]) -> Vec<Diagnostic> {
        let own = self
            .said
            .values()
            .filter_map(|it| it.as_ref().err())
            .flatten()
            .cloned();
        let spots = pages.iter().flat_map(|page| &page.directives);
        let of_spots = spots.filter_map(|spot| self.mistake(spot));
        let required = require.iter().filter(|name| !self.known.contains(name));
        let of_require = required.map(|name| {
            let headline = format!("`require` in book.toml lists `{name}`, which is no tutorial");
            self.with_nearest(Diagnostic::error("unknown-tutorial", headline), name)
        });
        let mut all: Vec<Diagnostic> = own.chain(of_spots).chain(of_require).collect();
        diagnostic::sort(&mut all);
        all
    }

    /// What is wrong with the directive itself, or with the name or the steps it has.
    fn mistake(&self, spot: &Spot) -> Option<Diagnostic> {
        let (name, from, to) = match &spot.asks {
            Err(mistake) => return Some(mistake.clone()),
            Ok(Directive::Overview) => return None,
            Ok(Directive::Tutorial { name, from, to }) => (name, from, to),
        };
        if !self.known.contains(name) {
            let unknown =
                Diagnostic::error("unknown-tutorial", format!("there is no tutorial `{name}`"));
            let unknown = unknown.at(spot.span.clone(), format!("no tutorials/{name}.yaml"));
            return Some(self.with_nearest(unknown, name));
        }
        let Some(Ok(of)) = self.said.get(name) else {
            return None;
        };
        let error = part(of, from.as_deref(), to.as_deref()).err()?;
        let unknown =
            Diagnostic::error("unknown-step", format!("{name}: {error}")).at(spot.span.clone(), "");
        Some(match error {
            PartError::UnknownStep { known, .. } => {
                unknown.help(format!("its steps: {}", known.join(", ")))
            }
            PartError::Backwards { .. } => unknown,
        })
    }

    fn with_nearest(&self, mistake: Diagnostic, name: &str) -> Diagnostic {
        let nearest = diagnostic::nearest(name, self.known.iter().map(String::as_str));
        let mistake = match nearest {
            Some(nearest) => mistake.help(format!("nearest is `{nearest}`")),
            None => mistake,
        };
        match self.known.as_slice() {
            [] => mistake.help("there is no tutorial in tutorials/ yet"),
            // Fifty names help nobody; `nearest` has looked at all of them.
            known if known.len() > 20 => {
                mistake.help(format!("there are {} in tutorials/", known.len()))
            }
            known => mistake.help(format!("there are: {}", known.join(", "))),
        }
    }
}

fn part(of: &Verification, from: Option<&str>, to: Option<&str>) -> Result<Part, PartError> {
    match (from, to) {
        (None, None) => Ok(Part::whole(&of.tutorial)),
        (from, to) => Part::between(&of.tutorial, from, to),
    }
}
