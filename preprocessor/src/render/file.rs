//! A step that writes or edits a file → its box on the page.

use serde::Serialize;

use super::highlight::{Highlighter, Language};
use super::pieces::{Piece, push};
use crate::tutorial::{FileChange, FileEdit, Step, Tutorial};

/// As file.html takes it.
#[derive(Debug, Serialize)]
pub(super) struct FileView {
    id: String,
    path: String,
    login: String,
    /// `written`, `appended`, `edited`.
    change: &'static str,
    rows: Vec<FileRow>,
}

/// One line.
#[derive(Clone, Debug, Serialize)]
struct FileRow {
    /// `same`, `added`, `removed`.
    kind: &'static str,
    pieces: Vec<Piece>,
}

/// The box of a file step.
pub(super) fn file(
    tutorial: &Tutorial,
    step: &Step,
    edit: &FileEdit,
    highlighter: &Highlighter,
) -> FileView {
    let host = &tutorial.hosts[tutorial.terminals[step.terminal].host];
    let rows = |text: &str, kind| rows(&highlighter.pieces(text, Language::File(&edit.path)), kind);
    let (change, rows) = match &edit.change {
        FileChange::Content(text) => ("written", rows(text, "same")),
        FileChange::Append(text) => ("appended", rows(text, "added")),
        FileChange::Replace(pairs) => {
            let pair = |(find, with): &(String, String)| {
                [rows(find, "removed"), rows(with, "added")].concat()
            };
            ("edited", pairs.iter().flat_map(pair).collect())
        }
    };
    FileView {
        id: super::screen::own_anchor(tutorial, step),
        path: edit.path.clone(),
        login: format!("{}@{}", host.user, host.name),
        change,
        rows,
    }
}

fn rows(pieces: &[Piece], kind: &'static str) -> Vec<FileRow> {
    let mut rows = vec![FileRow {
        kind,
        pieces: Vec::new(),
    }];
    for piece in pieces {
        for (nth, text) in piece.text.split('\n').enumerate() {
            if nth > 0 {
                rows.push(FileRow {
                    kind,
                    pieces: Vec::new(),
                });
            }
            if let Some(row) = rows.last_mut() {
                push(
                    &mut row.pieces,
                    Piece {
                        text: text.to_owned(),
                        ..piece.clone()
                    },
                );
            }
        }
    }
    if rows.last().is_some_and(|row| row.pieces.is_empty()) {
        rows.pop();
    }
    rows
}
