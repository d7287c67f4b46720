//! The words of a command line, and what a word alone can prove.

/// A word as the shell splits it, with its quotes.
pub(super) fn words(line: &str) -> Vec<&str> {
    let bytes = line.as_bytes();
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut at = 0;
    while at < bytes.len() {
        let b = bytes[at];
        match quote {
            Some(q) if b == q => quote = None,
            Some(_) => {}
            None if matches!(b, b'\'' | b'"' | b'`') => {
                start.get_or_insert(at);
                quote = Some(b);
            }
            None if b.is_ascii_whitespace() => {
                if let Some(from) = start.take() {
                    words.push(&line[from..at]);
                }
            }
            None if b == b'#' && start.is_none() => break, // a comment
            None => {
                start.get_or_insert(at);
            }
        }
        at += if b == b'\\' && quote != Some(b'\'') && bytes.get(at + 1).is_some_and(u8::is_ascii) {
            2
        } else {
            1
        };
    }
    words.extend(start.map(|from| &line[from..]));
    words
}

pub(super) fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        let name = name.strip_suffix('+').unwrap_or(name);
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

/// The name of a program has no punctuation that prose, code or an error message has, and is no address or version.
pub(super) fn is_program_name(word: &str) -> bool {
    let bare = word.trim_matches('"');
    let name = bare
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"_.+-/~$@{}".contains(&b));
    bare == "."
        || (name
            && !is_number(bare)
            && !bare.starts_with(['-', '@', '{', '+'])
            && !bare.ends_with(['.', '{']))
}

/// `80`, `192.0.2.1`, `1.2.3`; nothing, too.
fn is_number(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

pub(super) fn is_option(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|o| {
        o.trim_start_matches('-')
            .starts_with(|c: char| c.is_ascii_alphanumeric())
    })
}

/// An argument that prose does not have.
pub(super) fn is_evident(word: &str) -> bool {
    let word = word.trim_end_matches([';', ')']);
    let first = word.bytes().next().unwrap_or_default();
    is_option(word)
        || matches!(first, b'.' | b'~' | b'$' | b'"' | b'\'' | b'/' | b'@') && word != "..."
        || word.contains(['=', '*', '$', '@', '|', '>', '&'])
        || word.contains("://")
        || word.contains('/') && !word.ends_with('/') && word.len() > 4
        || word.len() > 1 && word.ends_with('/')
        || word.split_once('.').is_some_and(|(a, b)| {
            !a.is_empty() && b.starts_with(|c: char| c.is_ascii_alphanumeric())
        })
        || word.bytes().all(|b| b.is_ascii_digit())
        || word.bytes().any(|b| b.is_ascii_digit()) && word.bytes().any(|b| b.is_ascii_alphabetic())
}

/// Where in `line` the slice `word` of it begins.
pub(super) fn offset(line: &str, word: &str) -> usize {
    (word.as_ptr() as usize)
        .saturating_sub(line.as_ptr() as usize)
        .min(line.len())
}
