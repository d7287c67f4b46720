//! The text of a chapter → the directives in it, each with its place.
//!
//! `{{#tutorial NAME}}`, `{{#tutorial NAME steps="a..b"}}`, `{{#tutorials}}`, alone on a line. What stands in code or in
//! an HTML comment is text; so is what had a backslash before it, see [`super::place`]. Not here: what a name means.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// What every directive contains; a chapter without it is not looked at.
pub(super) const NEEDLE: &str = "#tutorial";

/// A directive as it stands in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// From `{{` (or the backslash before it) to `}}`.
    pub(super) range: Range<usize>,
    /// A backslash stands before it.
    pub(super) escaped: bool,
    /// Where it stands, as markdown sees it.
    pub(super) setting: Setting,
    /// The level of a heading below the one it stands under.
    pub(super) level: usize,
}

/// Where a directive stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// On a line of its own: what it stands for can be put there.
    Alone,
    /// In code or in a comment: it is text.
    Text,
    /// In a list, a quote, a table, HTML or between other words, where a whole tutorial can't stand.
    Inside(&'static str),
}

/// What a directive asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    /// A tutorial, or a part of it.
    Tutorial {
        name: String,
        /// `steps="from..to"`, each end optional.
        from: Option<String>,
        to: Option<String>,
    },
    /// The table of all.
    Overview,
}

/// Every `{{#tutorial…}}` of a text, whatever it stands in; cheap when there is none.
pub(super) fn occurrences(text: &str) -> Vec<(Range<usize>, bool)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find(NEEDLE).map(|at| from + at) {
        from = at + NEEDLE.len();
        let before = text[..at].trim_end_matches([' ', '\t']);
        if !before.ends_with("{{") {
            continue;
        }
        let line_end = text[at..].find('\n').map_or(text.len(), |end| at + end);
        let end = text[at..line_end]
            .find("}}")
            .map_or(line_end, |end| at + end + 2);
        let start = before.len() - 2;
        let escaped = text[..start].ends_with('\\');
        found.push((start - usize::from(escaped)..end, escaped));
        from = end;
    }
    found
}

/// The directives of a chapter.
pub(super) fn find(text: &str) -> Vec<Found> {
    let occurrences = occurrences(text);
    if occurrences.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<Found> = occurrences
        .into_iter()
        .map(|(range, escaped)| Found {
            setting: line_setting(text, &range),
            range,
            escaped,
            level: 2,
        })
        .collect();
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        let inside = match event {
            Event::Start(Tag::CodeBlock(_)) | Event::Code(_) => Setting::Text,
            Event::Start(Tag::HtmlBlock) | Event::InlineHtml(_) => {
                html_setting(&text[range.clone()])
            }
            Event::Start(Tag::Item) => Setting::Inside("a list"),
            Event::Start(Tag::BlockQuote(_)) => Setting::Inside("a quote"),
            Event::Start(Tag::Table(_)) => Setting::Inside("a table"),
            Event::Start(Tag::Heading { .. }) => Setting::Inside("a heading"),
            Event::Start(Tag::FootnoteDefinition(_)) => Setting::Inside("a footnote"),
            Event::End(TagEnd::Heading(level)) => {
                below(&mut found, range.end, level);
                continue;
            }
            _ => continue,
        };
        // Text wins over every container, whichever comes first.
        for it in found
            .iter_mut()
            .filter(|it| range.contains(&it.range.start))
        {
            if it.setting != Setting::Text {
                it.setting = inside;
            }
        }
    }
    found
}

fn below(found: &mut [Found], heading_end: usize, level: HeadingLevel) {
    for it in found.iter_mut().filter(|it| it.range.start >= heading_end) {
        it.level = level as usize + 1;
    }
}

fn html_setting(html: &str) -> Setting {
    let comment = html.trim_start().starts_with("<!--");
    if comment {
        Setting::Text
    } else {
        Setting::Inside("HTML")
    }
}

fn line_setting(text: &str, range: &Range<usize>) -> Setting {
    let start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[range.end..]
        .find('\n')
        .map_or(text.len(), |at| range.end + at);
    let alone =
        text[start..range.start].trim().is_empty() && text[range.end..end].trim().is_empty();
    if alone {
        Setting::Alone
    } else {
        Setting::Inside("a line with other words")
    }
}

/// As mdBook reads a chapter.
fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
}

/// What a directive says, or what is wrong with it and where (bytes of `text`).
pub(super) fn parse(text: &str) -> Result<Directive, (Range<usize>, String)> {
    let whole = 0..text.len();
    let Some(inner) = text
        .strip_suffix("}}")
        .and_then(|text| text.strip_prefix("{{"))
    else {
        return Err((whole, "`}}` is missing on this line".to_owned()));
    };
    let offset = |part: &str| part.as_ptr() as usize - text.as_ptr() as usize;
    let span = |part: &str| offset(part)..offset(part) + part.len();
    let inner = inner.trim();
    if inner == "#tutorials" {
        return Ok(Directive::Overview);
    }
    let Some(rest) = inner
        .strip_prefix(NEEDLE)
        .filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
    else {
        let word = inner.split_whitespace().next().unwrap_or(inner);
        return Err((
            span(word),
            "there are `#tutorial` and `#tutorials` (which takes nothing)".to_owned(),
        ));
    };
    let rest = rest.trim_start();
    let (name, rest) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
    if name.is_empty() {
        return Err((whole, "a tutorial's name is missing".to_owned()));
    }
    let rest = rest.trim();
    let (from, to) = match rest {
        "" => (None, None),
        rest => steps(rest).ok_or_else(|| {
            (
                span(rest),
                "only `steps=\"FROM..TO\"` may follow a name".to_owned(),
            )
        })?,
    };
    Ok(Directive::Tutorial {
        name: name.to_owned(),
        from,
        to,
    })
}

/// `steps="a..b"`, `"a.."`, `"..b"`, `"a"`.
fn steps(text: &str) -> Option<(Option<String>, Option<String>)> {
    let range = text
        .strip_prefix("steps")?
        .trim_start()
        .strip_prefix('=')?
        .trim_start();
    let range = range.strip_prefix('"')?.strip_suffix('"')?;
    let end = |id: &str| (!id.trim().is_empty()).then(|| id.trim().to_owned());
    match range.split_once("..") {
        Some((from, to)) => Some((end(from), end(to))),
        None => end(range).map(|id| (Some(id.clone()), Some(id))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Vec<Setting> {
        find(text).into_iter().map(|found| found.setting).collect()
    }

    #[test]
    fn a_directive_in_code_is_text() {
        let text = "{{#tutorial a}}\n\n```\n{{#tutorial b}}\n```\n\nx `{{#tutorial c}}` y\n\n    {{#tutorial d}}\n\n<!-- {{#tutorial e}} -->\n";
        assert_eq!(
            settings(text),
            [
                Setting::Alone,
                Setting::Text,
                Setting::Text,
                Setting::Text,
                Setting::Text
            ]
        );
    }

    #[test]
    fn a_tutorial_needs_a_line_of_the_page() {
        let text = "- x\n\n  {{#tutorial a}}\n\n> {{#tutorial b}}\n\nsee {{#tutorial c}}\n\n<div>\n{{#tutorial d}}\n</div>\n";
        assert!(
            settings(text)
                .iter()
                .all(|it| matches!(it, Setting::Inside(_))),
            "{:?}",
            settings(text)
        );
    }

    #[test]
    fn step_headings_go_below_the_heading_above() {
        let levels: Vec<_> = find("# A\n\n{{#tutorial a}}\n\n### B\n\n{{#tutorial b}}\n")
            .iter()
            .map(|it| it.level)
            .collect();
        assert_eq!(levels, [2, 4]);
    }

    #[test]
    fn ranges_have_four_forms() {
        let of = |steps: &str| match parse(&format!("{{{{#tutorial x steps=\"{steps}\"}}}}")) {
            Ok(Directive::Tutorial { from, to, .. }) => (from, to),
            other => panic!("{other:?}"),
        };
        let some = |id: &str| Some(id.to_owned());
        assert_eq!(of("a..b"), (some("a"), some("b")));
        assert_eq!(of("a.."), (some("a"), None));
        assert_eq!(of("..b"), (None, some("b")));
        assert_eq!(of("a"), (some("a"), some("a")));
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        assert_eq!(
            parse("{{#tutorial}}").unwrap_err().1,
            "a tutorial's name is missing"
        );
        assert_eq!(parse("{{#tutorial x step=3}}").unwrap_err().0, 14..20);
        assert_eq!(parse("{{#tutorialz x}}").unwrap_err().0, 2..12);
        assert_eq!(
            parse("{{#tutorial x").unwrap_err().1,
            "`}}` is missing on this line"
        );
    }
}
