//! What a command leaves open: placeholders, and the shape of commands that manuals call a synopsis.

use super::words::{offset, words};

/// Holes that the reader must fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holes {
    None,
    /// `<your-name>`: a command with a hole.
    Placeholder,
    /// `[options]`, `FILE...`: the shape of commands, not one of them.
    Synopsis,
}

/// Words in capitals that stand for an argument.
#[rustfmt::skip] // words side by side
const CAPITALS: &[&str] = &[
    "ARG", "ARGS", "ARGUMENTS", "COMMAND", "COMMANDS", "DEST", "DIR", "DIRECTORY", "FILE",
    "FILENAME", "FILES", "FLAGS", "INPUT", "NAME", "OPTION", "OPTIONS", "OUTPUT", "PATH",
    "PATTERN", "SOURCE", "SRC", "SUBCOMMAND", "TARGET", "URL", "VALUE",
];

/// What a command leaves open.
pub(super) fn holes(command: &str) -> Holes {
    let mut found = Holes::None;
    for line in command.lines().filter(|line| may_have_holes(line)) {
        let close = line.rfind(']').unwrap_or(0);
        for (at, word) in words(line).iter().enumerate() {
            let place = offset(line, word);
            if is_synopsis_word(word, close > place, at) {
                return Holes::Synopsis;
            }
            if is_placeholder(word, &line[place..]) {
                found = Holes::Placeholder;
            }
        }
    }
    found
}

/// Most lines have none of the signs.
fn may_have_holes(line: &str) -> bool {
    let (mut capitals, mut dots) = (0, 0);
    line.bytes().any(|b| {
        capitals = if b.is_ascii_uppercase() {
            capitals + 1
        } else {
            0
        };
        dots = if b == b'.' { dots + 1 } else { 0 };
        // 0xE2 begins `…`.
        matches!(b, b'[' | b'<' | b'{' | 0xE2) || capitals == 3 || dots == 3
    })
}

fn is_synopsis_word(word: &str, closes: bool, at: usize) -> bool {
    let optional = word
        .strip_prefix('[')
        .or_else(|| word.strip_prefix("(["))
        .is_some_and(|inner| {
            inner.starts_with(|c: char| c.is_ascii_alphabetic() || "-<.{".contains(c))
                && closes
                && !inner.starts_with("a-z")
        });
    let ellipsis = (word.ends_with("...") || word.ends_with('…'))
        && !word.ends_with("/...")
        && !word.starts_with(['"', '\'']);
    // `{start|stop}`, but not `{|i| …` of Ruby.
    let choice = word.starts_with('{')
        && word.ends_with('}')
        && word.contains('|')
        && !word.contains(['\'', '"']);
    optional || ellipsis || choice || (at > 0 && CAPITALS.contains(&word))
}

/// `<name>`, `<your name>`, `user@<host>`, `{{ name }}`; not `< file` and not `<(command)`.
fn is_placeholder(word: &str, rest: &str) -> bool {
    let angle = word.find('<').is_some_and(|at| {
        let inner: &str = &rest[at + 1..];
        // Names of holes are short; further on, a `>` belongs to something else.
        let inner = &inner[..inner.floor_char_boundary(60)];
        inner.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '$')
            && inner.find('>').is_some_and(|end| {
                !inner[..end].contains(['|', '&', ';']) && !inner[..end].ends_with(' ')
            })
    });
    let braces = word
        .strip_prefix('{')
        .and_then(|w| w.strip_suffix('}'))
        .is_some_and(|name| {
            name.len() > 1
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_'))
        });
    angle || braces || word.starts_with("{{")
}
