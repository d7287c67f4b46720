//! Messages about a file: what is wrong, where, what was expected, what to do next.
//!
//! A [`Diagnostic`] is data; [`render`](Diagnostic::render) makes the text. All mistakes of a file are collected before
//! one is shown.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::paint::{Paint, visible, visible_lines};
use annotate_snippets::{Annotation, AnnotationKind, Level, Renderer, Snippet};

/// A text file that messages point into.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// As shown: relative to the book's root where it is below it.
    pub path: PathBuf,
    /// What it holds.
    pub text: String,
}

/// A place in a file that has to be named later, when its text is gone: line and column, both from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// As shown.
    pub path: PathBuf,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path.display(), self.line, self.column)
    }
}

/// One piece of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The file.
    pub file: Arc<SourceFile>,
    /// Bytes of its text.
    pub range: Range<usize>,
}

impl Span {
    /// Line and column of the first byte.
    pub fn position(&self) -> Position {
        let before = &self.file.text[..floor_char(&self.file.text, self.range.start)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Position {
            path: self.file.path.clone(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

fn floor_char(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look; nothing stops.
    Warning,
    /// Nothing runs before it is mended.
    Error,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// See [`Severity`].
    pub severity: Severity,
    /// Stable and documented, e.g. `unknown-block`.
    pub code: &'static str,
    /// The first line; stands alone.
    pub headline: String,
    /// The smallest wrong piece, and a label for it (may be empty).
    pub primary: Option<(Span, String)>,
    /// What would be right, the command that shows more; one line each.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error without a place yet.
    pub fn error(code: &'static str, headline: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            headline: headline.into(),
            primary: None,
            help: Vec::new(),
        }
    }

    /// Where, and in a few words what is wrong there.
    #[must_use]
    pub fn at(mut self, span: Span, label: impl Into<String>) -> Self {
        self.primary = Some((span, label.into()));
        self
    }

    /// What to do next.
    #[must_use]
    pub fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }
}

impl Diagnostic {
    /// A warning without a place yet.
    pub fn warning(code: &'static str, headline: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, headline)
        }
    }

    /// The message as a person reads it, with the source line it is about; ends in a newline.
    pub fn render(&self, paint: Paint) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = level
            .primary_title(visible_lines(&self.headline))
            .id(self.code)
            .elements(self.primary.as_ref().map(snippet));
        // Without a source line the renderer draws its gutter all the same, so these lines are ours.
        let help: Vec<String> = self.help.iter().map(|line| visible_lines(line)).collect();
        let (inside, below) = match self.primary {
            Some(_) => (help.as_slice(), [].as_slice()),
            None => ([].as_slice(), help.as_slice()),
        };
        for line in inside {
            group = group.element(Level::NOTE.no_name().message(line.as_str()));
        }
        let renderer = match paint {
            Paint::Plain => Renderer::plain(),
            Paint::Coloured => Renderer::styled().hyperlink(false),
        };
        let below = below.iter().map(|line| format!("  = {line}\n"));
        renderer.render(&[group]) + "\n" + &below.collect::<String>()
    }
}

fn snippet((span, label): &(Span, String)) -> Snippet<'_, Annotation<'_>> {
    let text = span.file.text.as_str();
    let start = floor_char(text, span.range.start);
    // An empty piece gets one mark: the place where something is missing.
    let end = floor_char(text, span.range.end).max(start);
    // One line is marked, however far the piece goes: its beginning is where the eye has to be.
    let line_end = text[start..end].find('\n').map_or(end, |at| start + at);
    let annotation = AnnotationKind::Primary.span(start..line_end);
    Snippet::source(quotable(text))
        .path(visible(&span.file.path.to_string_lossy()))
        .annotation(match label.is_empty() {
            true => annotation,
            false => annotation.label(visible_lines(label)),
        })
}

/// The renderer shows the control characters of a source as pictures, but for those of U+0080 to U+009F, which control
/// terminals too. What stands for them has as many bytes, so that the mark stays in its place.
fn quotable(text: &str) -> Cow<'_, str> {
    let controls = |c: char| matches!(c, '\u{80}'..='\u{9f}');
    match text.contains(controls) {
        true => text.replace(controls, "·").into(),
        false => text.into(),
    }
}

/// All messages, in the order of their places, with an empty line between two.
pub fn render_all(diagnostics: &[Diagnostic], paint: Paint) -> String {
    let texts: Vec<String> = diagnostics.iter().map(|d| d.render(paint)).collect();
    texts.join("\n")
}

/// Sorts by file and place; messages without a place come first.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by(|a, b| {
        let key = |d: &Diagnostic| {
            let span = d.primary.as_ref().map(|(span, _)| span.clone());
            span.map(|s| (s.file.path.clone(), s.range.start))
        };
        key(a).cmp(&key(b))
    });
}

/// The candidate that was probably meant by `word`: as few slips of the keyboard away as is plausible for its length.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word_lower = word.to_lowercase();
    let allowed = (word.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|candidate| (slips(&word_lower, &candidate.to_lowercase()), candidate))
        .filter(|(slips, _)| *slips <= allowed)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours that make `a` of `b`.
fn slips(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let mut best = (rows[i - 1][j] + 1)
                .min(row[j - 1] + 1)
                .min(rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]));
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

/// `` `a`, `b` and `c` ``, for a list of what would be right.
pub fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|w| format!("`{w}`")).collect();
    match words.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_allows_slips_not_other_words() {
        let keys = ["terminal", "timeout", "title", "text"];
        assert_eq!(nearest("termnial", keys), Some("terminal"));
        assert_eq!(nearest("Tittle", keys), Some("title"));
        assert_eq!(nearest("needs", keys), None);
    }

    #[test]
    fn a_message_shows_the_line_the_mark_and_what_would_be_right() {
        let file = Arc::new(SourceFile {
            path: PathBuf::from("tutorials/a.yaml"),
            text: "steps:\n  - block: Instal#2\n".to_owned(),
        });
        let span = Span {
            file,
            range: 18..26,
        };
        let message = Diagnostic::error("unknown-block", "the README has no block `Instal#2`")
            .at(span, "nearest is `Install#2`")
            .help("blocks here: Install#1 and #2");
        assert_eq!(
            message.render(Paint::Plain),
            "error[unknown-block]: the README has no block `Instal#2`\n \
             --> tutorials/a.yaml:2:12\n  \
             |\n\
             2 |   - block: Instal#2\n  \
             |            ^^^^^^^^ nearest is `Install#2`\n  \
             |\n  \
             = blocks here: Install#1 and #2\n"
        );
    }

    #[test]
    fn no_text_of_others_controls_the_terminal() {
        let hostile = "\u{1b}]0;x\u{7}\u{9b}31m\u{202e}";
        let file = Arc::new(SourceFile {
            path: PathBuf::from(format!("{hostile}.md")),
            text: format!("{hostile} here\n"),
        });
        let range = hostile.len() + 1..hostile.len() + 5;
        let message = Diagnostic::error("x", hostile).help(hostile);
        let placed = message.clone().at(Span { file, range }, hostile);
        for message in [message, placed] {
            let text = message.render(Paint::Plain);
            let acts = |c: char| c != '\n' && c.is_control() || c == '\u{202e}';
            assert!(!text.contains(acts), "{text:?}");
        }
    }
}
