//! A book → its directives, and everything that is wrong with them.

use std::ops::Range;
use std::path::{Path, PathBuf};

use mdbook_preprocessor::book::{Book, Chapter};

use super::directive::{self, Directive, Found, NEEDLE, Setting};
use super::place::{self, Place};
use crate::diagnostic::{Diagnostic, Span};

/// A chapter with something for us in it.
#[derive(Debug)]
pub(super) struct Page {
    /// Its number in mdBook's own order of visits.
    pub(super) visit: usize,
    /// Where it comes to lie, relative to the source folder: what links to it are made of.
    pub(super) path: PathBuf,
    /// In the order of the text.
    pub(super) directives: Vec<Spot>,
}

/// A directive that is to be replaced.
#[derive(Debug)]
pub(super) struct Spot {
    /// In the chapter's content.
    pub(super) range: Range<usize>,
    /// Level of the headings it brings.
    pub(super) level: usize,
    /// Where it was written.
    pub(super) span: Span,
    /// What it asks for, or what is wrong with it.
    pub(super) asks: Result<Directive, Diagnostic>,
}

/// All pages with directives, in the order of the book.
pub(super) fn scan(book: &mut Book, root: &Path, source_dir: &Path) -> Vec<Page> {
    let mut pages = Vec::new();
    let mut visit = 0;
    book.for_each_chapter_mut(|chapter| {
        if chapter.content.contains(NEEDLE) {
            pages.extend(page(chapter, visit, root, source_dir));
        }
        visit += 1;
    });
    pages
}

fn page(chapter: &Chapter, visit: usize, root: &Path, source_dir: &Path) -> Option<Page> {
    let found = directive::find(&chapter.content);
    let source = chapter
        .source_path
        .as_ref()
        .map(|path| source_dir.join(path));
    let places = place::places(root, source.as_deref(), &chapter.content, &found);
    let spots = found.into_iter().zip(places);
    let directives: Vec<Spot> = spots
        .filter(|(found, place)| found.setting != Setting::Text && !place.escaped)
        .map(|(found, place)| spot(&chapter.content, found, place))
        .collect();
    (!directives.is_empty()).then(|| Page {
        visit,
        path: chapter.path.clone().unwrap_or_default(),
        directives,
    })
}

fn spot(content: &str, found: Found, place: Place) -> Spot {
    let text = &content[found.range.clone()];
    let asks = directive::parse(text).map_err(|(range, label)| {
        // A file's and a content's directive have the same bytes, so a piece of one is the same piece of the other.
        let start = place.span.range.start;
        let span = Span {
            range: start + range.start..start + range.end,
            ..place.span.clone()
        };
        Diagnostic::error("bad-directive", format!("`{text}` can't be read"))
            .at(span, label)
            .help("what can be read: {{#tutorial NAME}}, {{#tutorial NAME steps=\"FROM..TO\"}}, {{#tutorials}}")
    });
    let asks = match found.setting {
        Setting::Inside(what) => asks.and_then(|_| Err(inside(text, what, &place))),
        Setting::Alone | Setting::Text => asks,
    };
    Spot {
        range: found.range,
        level: found.level,
        span: place.span,
        asks,
    }
}

fn inside(text: &str, what: &str, place: &Place) -> Diagnostic {
    Diagnostic::error("misplaced-directive", format!("`{text}` stands in {what}"))
        .at(
            place.span.clone(),
            "a tutorial needs a line of its own, outside of lists, quotes, tables and HTML",
        )
        .help("to show the text itself, put it in code or write a backslash before it")
}
