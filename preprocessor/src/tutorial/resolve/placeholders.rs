//! `{{…}}` in a spec's texts: known ones, and captured values that exist by then.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, listed, nearest};
use crate::tutorial::keys::{Problems, Spanned};

/// The matchers that an `expect` may hold, as `judge/` knows them.
pub const MATCHERS: &[&str] = &[
    "mac", "ipv4", "ipv6", "port", "int", "float", "duration", "pid", "time", "date", "size",
    "uuid", "hex", "path", "word", "re", "any",
];

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

/// Looks at every placeholder of an `expect`.
pub(crate) fn check_expect(
    expect: &Spanned<String>,
    captured: &BTreeSet<String>,
    problems: &mut Problems,
) {
    for inner in placeholders(&expect.value) {
        let whole = format!("{{{{{inner}}}}}");
        let (name, rest) = inner.split_once(':').unwrap_or((inner, ""));
        if let Some(capture) = inner.strip_prefix('=') {
            check_capture(capture, &whole, expect, captured, problems);
        } else if !MATCHERS.contains(&name) {
            let label = nearest(name, MATCHERS.iter().copied()).map_or(String::new(), |near| {
                format!("did you mean `{{{{{near}}}}}`?")
            });
            problems.push(
                Diagnostic::error(
                    "unknown-placeholder",
                    format!("there is no placeholder `{whole}`"),
                )
                .at(expect.piece(&whole), label)
                .help(format!("there are {}", MATCHERS.join(", ")))
                .help("and `{{=NAME}}` for a captured value"),
            );
        } else if name == "re"
            && let Err(error) = regex::Regex::new(rest)
        {
            let error = error.to_string();
            let reason = error.lines().last().unwrap_or_default();
            problems.push(
                Diagnostic::error("bad-regex", "this is no regular expression")
                    .at(expect.piece(rest), reason.trim_start_matches("error: ")),
            );
        }
    }
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
        .at(text.piece(whole), label)
        .help(format!("captured so far: {}", listed(names()))),
    );
}
