//! All tutorials with their verdicts, for `{{#tutorials}}`.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use serde::Serialize;

use super::banner::{BannerView, banner};
use super::pieces::{Piece, push};
use crate::judge::Verification;

/// A tutorial and where it stands in the book.
#[derive(Clone, Debug)]
pub struct OverviewRow<'a> {
    /// What is said of it.
    pub verification: &'a Verification,
    /// The chapter that shows it, as a link from the chapter with the table; `None` when no chapter does.
    pub href: Option<String>,
}

#[derive(Serialize)]
pub(super) struct OverviewView {
    rows: Vec<RowView>,
}

#[derive(Serialize)]
struct RowView {
    href: String,
    summary: Vec<Piece>,
    banner: BannerView,
}

pub(super) fn overview(rows: &[OverviewRow<'_>]) -> OverviewView {
    let row = |row: &OverviewRow<'_>| RowView {
        href: row.href.clone().unwrap_or_default(),
        summary: summary(
            row.verification
                .tutorial
                .summary
                .as_deref()
                .unwrap_or_default(),
        ),
        banner: banner(row.verification, true),
    };
    OverviewView {
        rows: rows.iter().map(row).collect(),
    }
}

/// Inline markdown as pieces: in a table cell of a template there is no markdown.
fn summary(markdown: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut class = "";
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::Strong) => class = "twin-bold",
            Event::Start(Tag::Emphasis) => class = "twin-italic",
            Event::End(TagEnd::Strong | TagEnd::Emphasis) => class = "",
            Event::Text(text) => push(&mut pieces, Piece::new(class, text.as_ref())),
            Event::Code(text) => push(&mut pieces, Piece::new("twin-code", text.as_ref())),
            Event::SoftBreak | Event::HardBreak => push(&mut pieces, Piece::new(class, " ")),
            _ => {}
        }
    }
    pieces
}
