//! `{{…}}` in a spec's texts: known ones, and captured values that exist by then.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, listed, nearest};
use crate::judge::matcher::MATCHERS;
use crate::judge::pattern::Pattern;
use crate::tutorial::keys::{Problems, Spanned};

/// The `{{…}}` of a text, without the braces. A pattern may hold braces itself: `{{re:a{2}}}` ends at the last of
/// them.
fn placeholders(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let inner = &rest[at + 2..];
        let Some(mut end) = inner.find("}}") else {
            break;
        };
        while inner[end + 2..].starts_with('}') {
            end += 1;
        }
        found.push(&inner[..end]);
        rest = &inner[end + 2..];
    }
    found
}

/// Looks at every placeholder of an `expect`. What there is, `judge/` knows.
pub(crate) fn check_expect(
    expect: &Spanned<String>,
    captured: &BTreeSet<String>,
    problems: &mut Problems,
) {
    for error in Pattern::parse(&expect.value).err().into_iter().flatten() {
        let piece = expect
            .value
            .get(error.offset..error.offset + error.len)
            .unwrap_or_default();
        let name = piece
            .trim_start_matches('{')
            .split([':', '}'])
            .next()
            .unwrap_or_default();
        let known = MATCHERS.iter().map(|kind| kind.name);
        let label = match nearest(name, known).filter(|near| *near != name) {
            Some(near) => format!("did you mean `{{{{{near}}}}}`?"),
            None => String::new(),
        };
        let nth = expect.value[..error.offset].matches(piece).count();
        problems.push(
            Diagnostic::error("unknown-placeholder", error.message)
                .at(expect.piece(piece, nth), label)
                .help(error.help),
        );
    }
    check_text(expect, captured, problems);
}

/// Looks at the captured values of a text that is typed or written; any other `{{…}}` in it is its own.
pub(crate) fn check_text(
    text: &Spanned<String>,
    captured: &BTreeSet<String>,
    problems: &mut Problems,
) {
    for inner in placeholders(&text.value) {
        if let Some(name) = inner.strip_prefix('=') {
            check_capture(name, &format!("{{{{{inner}}}}}"), text, captured, problems);
        }
    }
}

fn check_capture(
    name: &str,
    whole: &str,
    text: &Spanned<String>,
    captured: &BTreeSet<String>,
    problems: &mut Problems,
) {
    if captured.contains(name) {
        return;
    }
    let names = || captured.iter().map(String::as_str);
    let label =
        nearest(name, names()).map_or(String::new(), |near| format!("did you mean `{near}`?"));
    problems.push(
        Diagnostic::error(
            "unknown-placeholder",
            format!("no step before this one captures `{name}`"),
        )
        .at(text.piece(whole, 0), label)
        .help(format!("captured so far: {}", listed(names()))),
    );
}
