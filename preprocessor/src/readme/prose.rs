//! Signs that a line is not typed but read: a sentence, or a table that explains commands.

use super::words::is_evident;

/// Words of English that are no arguments, sorted.
pub(super) const STOP_WORDS: &[&str] = &[
    "a", "also", "an", "and", "are", "as", "be", "because", "been", "but", "by", "can", "does",
    "for", "has", "have", "how", "into", "is", "it", "its", "may", "must", "not", "of", "only",
    "or", "our", "should", "sure", "that", "the", "their", "there", "these", "they", "this", "to",
    "used", "using", "was", "we", "when", "where", "which", "will", "with", "you", "your",
];

/// The arguments read like a sentence.
pub(super) fn is_prose(arguments: &[&str]) -> bool {
    let stops = arguments
        .iter()
        .enumerate()
        .filter(|(at, w)| STOP_WORDS.binary_search(w).is_ok() && (*at > 0 || **w != "a"))
        .count();
    let evident = arguments.iter().filter(|a| is_evident(a)).count();
    let last = arguments.last().copied().unwrap_or_default();
    let ends = last.ends_with([':', ',', '!', '?'])
        || (last.ends_with('.') && last.len() > 2 && !last.contains('/'));
    stops >= 2
        || (stops == 1 && evident == 0)
        || (ends && !last.starts_with(['"', '\'']))
        || arguments
            .iter()
            .filter(|w| w.ends_with(',') && !w.contains('='))
            .count()
            > 1
}

/// Signs of a table or list that explains commands: an aligned second column in words, an arrow, a dash.
pub(super) fn has_description(line: &str) -> bool {
    let bytes = line.as_bytes();
    let mut quote = None;
    let mut before = 0;
    for (at, &b) in bytes.iter().enumerate() {
        match quote {
            Some(q) if b == q => quote = None,
            Some(_) => {}
            None if matches!(b, b'"' | b'\'') => quote = Some(b),
            None if matches!(b, b' ' | b'\t') => continue,
            None => {
                let gap = at - before;
                let wide = gap > 2 || (gap == 2 && bytes[at - 1] == b'\t');
                if before > 0
                    && ((wide && is_description(&line[at..])) || (gap == 2 && is_sign(&line[at..])))
                {
                    return true;
                }
            }
        }
        before = at;
    }
    false
}

/// Signs between a command and what it does, or between a key and its value.
fn is_sign(rest: &str) -> bool {
    let word = rest.split(' ').next().unwrap_or_default();
    let after = rest[word.len()..].trim_start();
    match word {
        "->" | "=>" | "→" | "—" | "–" | "=" | ":=" | "==" | ":" | "//" | "<-" | "←" | "::" => {
            !after.is_empty()
        }
        "-" => after.starts_with(|c: char| c.is_ascii_uppercase()),
        _ => false,
    }
}

fn is_description(text: &str) -> bool {
    let mut chars = text.chars();
    match chars.next() {
        None
        | Some('#' | '\\' | '|' | '-' | '&' | '>' | '<' | '/' | '.' | '$' | '"' | '\'' | '~') => {
            false
        }
        Some(c) if c.is_ascii_uppercase() => chars
            .next()
            .is_some_and(|c| c.is_ascii_lowercase() || c == ' '),
        Some(c) if c.is_ascii_lowercase() => {
            let mut words = text.split_whitespace();
            let is_word = |w: &str| w.bytes().all(|b| b.is_ascii_alphabetic());
            (0..3).all(|_| words.next().is_some_and(is_word))
        }
        Some(_) => true,
    }
}
