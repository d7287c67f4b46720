//! A directive in a chapter's content → its place in the file that was written.
//!
//! mdBook hands over a chapter's content after includes, so its lines are not the file's, and with the backslash of
//! `\{{#tutorial …}}` taken off by mdBook's own preprocessor `links`. Both are in the file: the directives of the two
//! texts are matched in order.

use std::path::Path;
use std::sync::Arc;

use super::directive::{Found, occurrences};
use crate::diagnostic::{SourceFile, Span};

/// A directive's place.
pub(super) struct Place {
    /// Where it was written; in the content itself, when the file does not have it (it came by an include).
    pub(super) span: Span,
    /// It had a backslash before it.
    pub(super) escaped: bool,
}

/// One for each of `found`. `source` is the file, relative to `root`; `None` for a chapter without one.
pub(super) fn places(
    root: &Path,
    source: Option<&Path>,
    content: &str,
    found: &[Found],
) -> Vec<Place> {
    let shown = source.unwrap_or(Path::new("a chapter without a file"));
    let text = source.and_then(|path| std::fs::read_to_string(root.join(path)).ok());
    let written = Arc::new(SourceFile {
        path: shown.to_owned(),
        text: text.unwrap_or_else(|| content.to_owned()),
    });
    let included = Arc::new(SourceFile {
        path: shown.join("(with its includes)"),
        text: content.to_owned(),
    });
    let mut candidates = occurrences(&written.text).into_iter();
    found
        .iter()
        .map(|it| {
            let wanted = content[it.range.clone()].trim_start_matches('\\');
            let mut ahead = candidates.clone();
            let same = ahead
                .find(|(range, _)| written.text[range.clone()].trim_start_matches('\\') == wanted);
            let Some((range, escaped)) = same else {
                return Place {
                    span: Span {
                        file: Arc::clone(&included),
                        range: it.range.clone(),
                    },
                    escaped: it.escaped,
                };
            };
            candidates = ahead;
            Place {
                span: Span {
                    file: Arc::clone(&written),
                    range,
                },
                escaped: escaped || it.escaped,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::directive::find;

    #[test]
    fn the_file_has_the_line_and_the_backslash() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(
            root.path().join("a.md"),
            "{{#include x}}\n\\{{#tutorial a}}\n{{#tutorial a}}\n",
        )
        .unwrap();
        let content = "much\nincluded\ntext\n{{#tutorial a}}\n{{#tutorial a}}\n";
        let places = places(
            root.path(),
            Some(Path::new("a.md")),
            content,
            &find(content),
        );
        assert_eq!(
            places.iter().map(|it| it.escaped).collect::<Vec<_>>(),
            [true, false]
        );
        assert_eq!(places[1].span.position().to_string(), "a.md:3:1");
    }
}
