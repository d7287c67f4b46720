//! Text with looks: what the templates turn into spans.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use serde::Serialize;

use crate::outcome::{Line, Style};

/// A stretch of text that looks the same throughout.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Piece {
    /// CSS classes, empty for none.
    pub(super) class: String,
    /// Colours that no class stands for (the 256-colour cube and RGB), as CSS; empty for none.
    pub(super) style: String,
    /// The text.
    pub(super) text: String,
}

impl Piece {
    pub(super) fn new(class: &str, text: impl Into<String>) -> Self {
        Self {
            class: class.to_owned(),
            style: String::new(),
            text: text.into(),
        }
    }
}

/// Appends, joining what looks like the piece before it.
pub(super) fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    if piece.text.is_empty() {
        return;
    }
    match pieces.last_mut() {
        Some(last) if last.class == piece.class && last.style == piece.style => {
            last.text.push_str(&piece.text);
        }
        _ => pieces.push(piece),
    }
}

/// Inline markdown as pieces: in a table cell of a template there is no markdown.
pub(super) fn inline(markdown: &str) -> Vec<Piece> {
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

/// The lines of an output, each with a newline.
pub(super) fn of_lines(lines: &[Line]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for line in lines {
        let mut at = 0;
        for range in &line.styles {
            let (start, end) = (range.start.max(at), range.end);
            // A range that is not one of this text (a file edited by hand) loses its look, not its text.
            let (Some(before), Some(styled)) =
                (line.text.get(at..start), line.text.get(start..end))
            else {
                continue;
            };
            push(&mut pieces, Piece::new("", before));
            push(&mut pieces, styled_piece(range.style, styled));
            at = end;
        }
        push(&mut pieces, Piece::new("", &line.text[at..]));
        push(&mut pieces, Piece::new("", "\n"));
    }
    pieces
}

fn styled_piece(style: Style, text: &str) -> Piece {
    let mut classes: Vec<String> = Vec::new();
    let mut css = String::new();
    let (mut foreground, mut background) = (style.foreground, style.background);
    if style.inverse {
        std::mem::swap(&mut foreground, &mut background);
        // The terminal's own colours, swapped, have names of their own.
        foreground = foreground.or(Some(DEFAULT_BACKGROUND));
        background = background.or(Some(DEFAULT_FOREGROUND));
    }
    for (colour, prefix, property) in [
        (foreground, "twin-fg", "color"),
        (background, "twin-bg", "background-color"),
    ] {
        match colour {
            None => {}
            Some(DEFAULT_BACKGROUND) => classes.push(format!("{prefix}-screen")),
            Some(DEFAULT_FOREGROUND) => classes.push(format!("{prefix}-text")),
            Some(palette @ 0..=15) => classes.push(format!("{prefix}-{palette}")),
            Some(other) => css.push_str(&format!("{property}:#{:06x};", rgb(other))),
        }
    }
    let flags = [
        (style.bold, "twin-bold"),
        (style.italic, "twin-italic"),
        (style.underline, "twin-underline"),
        (style.faint, "twin-faint"),
        (style.varies, "twin-varies"),
    ];
    classes.extend(
        flags
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, class)| (*class).to_owned()),
    );
    Piece {
        class: classes.join(" "),
        style: css,
        text: text.to_owned(),
    }
}

const DEFAULT_FOREGROUND: u32 = u32::MAX;
const DEFAULT_BACKGROUND: u32 = u32::MAX - 1;

/// Colours 16–255 as every terminal emulator defines them: a cube of six levels, then 24 greys.
fn rgb(colour: u32) -> u32 {
    let level = |n: u32| if n == 0 { 0 } else { 55 + 40 * n };
    match colour {
        16..=231 => {
            let n = colour - 16;
            level(n / 36) << 16 | level(n / 6 % 6) << 8 | level(n % 6)
        }
        232..=255 => (8 + 10 * (colour - 232)) * 0x01_01_01,
        other => other & 0xff_ffff,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::StyledRange;

    #[test]
    fn styles_become_classes_and_text_stays_whole() {
        let style = Style {
            foreground: Some(1),
            bold: true,
            ..Style::default()
        };
        let line = Line {
            text: "a red b".into(),
            styles: vec![StyledRange {
                start: 2,
                end: 5,
                style,
            }],
        };
        let pieces = of_lines(&[line]);
        assert_eq!(pieces[1], Piece::new("twin-fg-1 twin-bold", "red"));
        let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(text, "a red b\n");
    }

    #[test]
    fn the_cube_has_its_colours() {
        assert_eq!(
            (rgb(196), rgb(255), rgb(0x0112_3456)),
            (0xff_0000, 0xee_eeee, 0x12_3456)
        );
    }
}
