//! Text → HTML or markdown that shows this text and is nothing else.
//!
//! The one place that escapes. Whatever a terminal, a README or a spec held reaches a page through tera's autoescape,
//! which is [`html`] here, or through [`markdown`] where mdBook needs markdown (headings). [`visible`] is both's first
//! half: what would act on a reader's screen is shown instead.

use std::borrow::Cow;
use std::io::{self, Write};

/// For HTML text and attribute values, inside a chapter.
///
/// A newline becomes a reference: a raw blank line would end mdBook's HTML block, and what follows would be markdown.
/// Braces, dollars, backticks and backslashes too, since preprocessors behind us (includes, formulas, diagrams) read a
/// chapter as plain text and know nothing of HTML.
pub(crate) fn html(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let text = visible(text);
    let last = text.len().saturating_sub(1);
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        // A blank at an end could meet a line end of the template, where blanks are layout.
        let at_end = byte == b' ' && (at == 0 || at == last);
        let Some(reference) = reference(byte).or(at_end.then_some("&#32;")) else {
            continue;
        };
        out.write_all(&text.as_bytes()[plain_from..at])?;
        out.write_all(reference.as_bytes())?;
        plain_from = at + 1;
    }
    out.write_all(&text.as_bytes()[plain_from..])
}

fn reference(byte: u8) -> Option<&'static str> {
    Some(match byte {
        b'&' => "&amp;",
        b'<' => "&lt;",
        b'>' => "&gt;",
        b'"' => "&quot;",
        b'\'' => "&#39;",
        b'\n' => "&#10;",
        b'\t' => "&#9;",
        b'{' => "&#123;",
        b'}' => "&#125;",
        b'$' => "&#36;",
        b'`' => "&#96;",
        b'\\' => "&#92;",
        _ => return None,
    })
}

/// For one line of markdown, where nothing of `text` is to be read as markdown: a mark that could mean something there
/// becomes a reference, which markdown decodes but never interprets.
pub(crate) fn markdown(text: &str) -> String {
    let visible = visible(text);
    let mut out = String::with_capacity(visible.len() * 2);
    let mut before = None;
    let mut rest = visible.trim().chars().peekable();
    let mut in_words = false;
    while let Some(c) = rest.next() {
        in_words |= c.is_alphabetic();
        let means = match c {
            // Before the first letter they make a list or a rule; doubled, smart punctuation makes a dash of them.
            '-' | '.' | ')' | '+' | '=' => {
                !in_words || before == Some(c) || rest.peek() == Some(&c)
            }
            ',' | ';' | '/' | '?' | '%' | '(' | '@' => false,
            c => c.is_ascii_punctuation(),
        };
        if means {
            out.push_str("&#");
            out.push_str(&u32::from(c).to_string());
            out.push(';');
        } else {
            out.push(if c.is_whitespace() { ' ' } else { c });
        }
        before = Some(c);
    }
    out
}

/// The text with a picture for every control character, and a name for every character that turns the direction of
/// what follows (it could make a command look like another one). Tabs and newlines stay.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| picture(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match picture(c) {
            Some(Picture::Sign(sign)) => out.push(sign),
            Some(Picture::Name(name)) => out.push_str(name),
            None => out.push(c),
        }
    }
    Cow::Owned(out)
}

enum Picture {
    Sign(char),
    Name(&'static str),
}

fn picture(c: char) -> Option<Picture> {
    Some(match c {
        '\t' | '\n' => return None,
        // U+2400 to U+241F are the pictures of U+0000 to U+001F.
        '\0'..='\x1f' => Picture::Sign(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}')),
        '\x7f' => Picture::Sign('\u{2421}'),
        '\u{80}'..='\u{9f}' => Picture::Sign('\u{fffd}'),
        '\u{202a}' => Picture::Name("[U+202A]"),
        '\u{202b}' => Picture::Name("[U+202B]"),
        '\u{202c}' => Picture::Name("[U+202C]"),
        '\u{202d}' => Picture::Name("[U+202D]"),
        '\u{202e}' => Picture::Name("[U+202E]"),
        '\u{2066}' => Picture::Name("[U+2066]"),
        '\u{2067}' => Picture::Name("[U+2067]"),
        '\u{2068}' => Picture::Name("[U+2068]"),
        '\u{2069}' => Picture::Name("[U+2069]"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_has_no_raw_newline_and_no_brace() {
        let mut out = Vec::new();
        html("a\n\n<b> {{#include x}} \u{1b}[1m\u{202e}", &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "a&#10;&#10;&lt;b&gt; &#123;&#123;#include x&#125;&#125; ␛[1m[U+202E]"
        );
    }

    #[test]
    fn markdown_is_words_and_references() {
        assert_eq!(markdown(" 1. a*b, c-d "), "1&#46; a&#42;b, c-d");
        assert_eq!(markdown("a -- b..."), "a &#45;&#45; b&#46;&#46;&#46;");
        assert_eq!(markdown("- x"), "&#45; x");
    }
}
