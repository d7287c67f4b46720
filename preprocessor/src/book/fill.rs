//! Pages with directives → pages with what these stand for.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use mdbook_preprocessor::book::Book;

use super::answers::{Answers, Content};
use super::directive::Directive;
use super::scan::{Page, Spot};
use crate::diagnostic::render_all;
use crate::judge::{Tally, Verification};
use crate::paint::Paint;
use crate::render::{InBook, Pages, TemplateError, plain};

/// For mdBook's HTML renderer.
/// # Errors
/// A template of the book can't be filled in.
pub(super) fn html(
    book: &mut Book,
    pages: &[Page],
    answers: &Answers,
    makes: &Pages,
) -> Result<(), TemplateError> {
    let homes = homes(pages);
    let spots: Vec<(&Page, &Spot)> = pages
        .iter()
        .flat_map(|page| page.directives.iter().map(move |spot| (page, spot)))
        .collect();
    let all: Vec<&Verification> = answers.verifications().collect();
    let tally = Tally::of(all.iter().copied());
    let texts = in_parallel(&spots, |(page, spot)| {
        let href = |name: &str| homes.get(name).map(|home| link(&page.path, home));
        let book = InBook {
            tally: &tally,
            href: &href,
        };
        match answers.content(spot) {
            Content::Tutorial(of, part) => makes.tutorial(of, &part, spot.level, &book),
            Content::Overview => makes.overview(&all, &book),
            Content::Mistakes(mistakes) => makes.error(&render_all(&mistakes, Paint::Plain)),
        }
    });
    let mut texts = texts.into_iter();
    // `replace` asks in the order of `spots`.
    replace(book, pages, |_, _| {
        texts.next().unwrap_or_else(|| Ok(String::new()))
    })
}

/// What `f` makes of each, in order, on all cores: reading a hundred pages' commands with a grammar takes a while.
fn in_parallel<T: Sync, R: Send>(items: &[T], f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let share = items.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = items
            .chunks(share)
            .map(|chunk| scope.spawn(|| chunk.iter().map(&f).collect::<Vec<_>>()))
            .collect();
        threads
            .into_iter()
            .flat_map(|it| {
                it.join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    })
}

/// For all others.
pub(super) fn markdown(
    book: &mut Book,
    pages: &[Page],
    answers: &Answers,
) -> Result<(), TemplateError> {
    let homes = homes(pages);
    let all: Vec<&Verification> = answers.verifications().collect();
    let tally = Tally::of(all.iter().copied());
    replace(book, pages, |page, spot| {
        let href = |name: &str| homes.get(name).map(|home| link(&page.path, home));
        let book = InBook {
            tally: &tally,
            href: &href,
        };
        Ok(match answers.content(spot) {
            Content::Tutorial(of, part) => plain::tutorial(of, &part, spot.level, &book),
            Content::Overview => plain::overview(&all, &book),
            Content::Mistakes(mistakes) => {
                plain::fenced("text", &render_all(&mistakes, Paint::Plain))
            }
        })
    })
}

/// For `mdbook test`: nothing that could be taken for a program.
pub(super) fn nothing(book: &mut Book, pages: &[Page]) -> Result<(), TemplateError> {
    replace(book, pages, |_, _| Ok(String::new()))
}

/// The chapter in which each tutorial begins.
fn homes(pages: &[Page]) -> BTreeMap<String, PathBuf> {
    let mut homes = BTreeMap::new();
    for page in pages {
        for spot in &page.directives {
            if let Ok(Directive::Tutorial { name, .. }) = &spot.asks {
                homes
                    .entry(name.clone())
                    .or_insert_with(|| page.path.clone());
            }
        }
    }
    homes
}

/// From one chapter to another, both relative to the source folder. mdBook makes `.html` of the `.md`.
fn link(from: &Path, to: &Path) -> String {
    let up = from
        .parent()
        .map_or(0, |folder| folder.components().count());
    let to: Vec<_> = to
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    "../".repeat(up) + &to.join("/")
}

/// Each directive's text gives way to what `with` makes of it, between empty lines.
fn replace(
    book: &mut Book,
    pages: &[Page],
    mut with: impl FnMut(&Page, &Spot) -> Result<String, TemplateError>,
) -> Result<(), TemplateError> {
    let mut pages = pages.iter().peekable();
    let mut visit = 0;
    let mut result = Ok(());
    book.for_each_chapter_mut(|chapter| {
        if let Some(page) = pages.next_if(|page| page.visit == visit) {
            match replaced(&chapter.content, page, &mut with) {
                Ok(content) => chapter.content = content,
                Err(error) => result = Err(error),
            }
        }
        visit += 1;
    });
    result
}

fn replaced(
    content: &str,
    page: &Page,
    with: &mut impl FnMut(&Page, &Spot) -> Result<String, TemplateError>,
) -> Result<String, TemplateError> {
    let mut out = String::with_capacity(content.len() * 4);
    let mut at = 0;
    for spot in &page.directives {
        out.push_str(content[at..spot.range.start].trim_end_matches([' ', '\t']));
        out.push_str("\n\n");
        out.push_str(&with(page, spot)?);
        out.push_str("\n\n");
        at = spot.range.end;
    }
    out.push_str(&content[at..]);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_go_up_and_down() {
        let link = |from: &str, to: &str| link(Path::new(from), Path::new(to));
        assert_eq!(link("a.md", "b.md"), "b.md");
        assert_eq!(link("x/y/a.md", "z/b.md"), "../../z/b.md");
    }
}
