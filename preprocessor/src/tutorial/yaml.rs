//! YAML text → a tree in which every key and value knows its place.
//!
//! In: a spec, an included file, or the mapping of a README's `<!-- twin: {…} -->`. Out: [`Node`]s, duplicate keys kept,
//! so that one pass (`keys.rs`) can say everything that is wrong. Only what is no YAML at all ends here, at once.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess, Visitor};

use crate::diagnostic::{Diagnostic, SourceFile, Span};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: Value,
}

/// What a value is, as YAML sees it.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) span: Span,
    pub(crate) text: String,
}

impl Node {
    /// Scalars as they were written: `1.10` is text where text is asked for.
    pub(crate) fn scalar_text(&self) -> Option<String> {
        match &self.value {
            Value::Text(text) => Some(text.clone()),
            Value::Bool(_) | Value::Int(_) | Value::Float => {
                Some(self.span.file.text.get(self.span.range.clone())?.to_owned())
            }
            _ => None,
        }
    }

    /// What stands here, in words, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a yes or no",
            Value::Int(_) | Value::Float => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// The tree of a whole file.
pub(crate) fn parse(file: &Arc<SourceFile>) -> Result<Node, Diagnostic> {
    parse_part(file, 0..file.text.len())
}

/// The tree of a part of a file, with places in the whole file.
pub(crate) fn parse_part(file: &Arc<SourceFile>, part: Range<usize>) -> Result<Node, Diagnostic> {
    let base = part.start;
    let text = &file.text[part];
    // Duplicates are passed on and reported with everything else; anchors stay within the default budget.
    let options = serde_yaml::options! {
        duplicate_keys: serde_yaml::DuplicateKeyPolicy::PassThrough,
        with_snippet: false,
    };
    let raw: Raw = serde_yaml::from_str_with_options(text, options)
        .map_err(|error| syntax(file, base, text, &error))?;
    let node = place(raw, file, base);
    tag(&node).map_or(Ok(node), Err)
}

fn syntax(
    file: &Arc<SourceFile>,
    base: usize,
    text: &str,
    error: &serde_yaml::Error,
) -> Diagnostic {
    let error = error.without_snippet();
    let message = error.render_with_formatter(&serde_yaml::DefaultMessageFormatter);
    // The place is told by the mark, so its numbers are cut off the sentence; and advice for programmers with it.
    let message = message.split(" at line ").next().unwrap_or_default();
    let message = message.split(';').next().unwrap_or_default();
    let line = error
        .location()
        .map_or(1, |location| location.line() as usize);
    if let Some(at) = tab_in_indentation(text, line) {
        return Diagnostic::error("yaml-tab", "YAML is indented with spaces, here is a tab")
            .at(span(file, base, at..at + 1), "a tab")
            .help("most editors can be told to write spaces in .yaml files");
    }
    let at = error
        .location()
        .and_then(|location| offset(text, line, location.column() as usize))
        .unwrap_or(text.trim_end().len());
    let end = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
    let diagnostic = Diagnostic::error("yaml-syntax", format!("this is not YAML: {message}"))
        .at(span(file, base, at..end), "");
    let source = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    match way_out(message, source) {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// What mends it, where the message and the line tell.
fn way_out(message: &str, line: &str) -> Option<String> {
    let says = |words: &str| message.contains(words);
    let first = value_of(line).chars().next();
    Some(match first {
        _ if says("mapping values") => "a value that holds `: ` has to be quoted: \"…\"".into(),
        _ if says("unexpected character") => {
            "a value that begins with this character has to be quoted: \"…\"".into()
        }
        _ if says("escape") => "within \"…\" a backslash is written `\\\\`, within '…' as it is".into(),
        Some('\'') => "the whole value has to be quoted, a `'` in it written twice, or it stands below `|`".into(),
        Some('"') => "the whole value has to be quoted, a `\"` in it written `\\\"`, or it stands below `|`".into(),
        Some(first @ ('*' | '[' | '{' | '>' | '|')) => {
            format!("a value that begins with `{first}` has to be quoted: '…', or it stands below `|`")
        }
        _ if says("did not find expected") => {
            "the keys of one step stand below each other in one column, the `- ` of all steps in another".into()
        }
        _ => return None,
    })
}

/// The value that begins on a line, without the `- ` and the key before it.
fn value_of(line: &str) -> &str {
    let line = line.trim_start_matches([' ', '-']);
    match line.split_once(": ") {
        Some((key, value)) if !key.contains(' ') => value.trim_start(),
        _ => line,
    }
}

/// A `!word` before a value, which YAML takes for the value's type: the word would be lost in silence.
fn tag(node: &Node) -> Option<Diagnostic> {
    let Span { file, range } = &node.span;
    let before = file.text[..range.start].trim_end_matches([' ', '\t']);
    let start = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let word = &before[start..];
    let found = (word.starts_with('!') && !word.ends_with(':')).then(|| {
        let mut span = node.span.clone();
        span.range = start..before.len();
        Diagnostic::error(
            "yaml-tag",
            format!("to YAML `{word}` is no part of the value"),
        )
        .at(span, "")
        .help("a value that begins with `!` has to be quoted: '…'")
    });
    found.or_else(|| match &node.value {
        Value::List(list) => list.iter().find_map(tag),
        Value::Map(entries) => entries.iter().find_map(|(_, node)| tag(node)),
        _ => None,
    })
}

/// A tab where indentation is expected, on the line at which the parser stopped or beside it. Looked for only when
/// it did stop: in a block scalar's text a tab is text.
fn tab_in_indentation(text: &str, line: usize) -> Option<usize> {
    let mut start = 0;
    for (number, text) in (1..).zip(text.split_inclusive('\n')) {
        let indentation = text.len() - text.trim_start_matches([' ', '\t']).len();
        if number + 1 >= line
            && number <= line + 1
            && let Some(tab) = text[..indentation].find('\t')
        {
            return Some(start + tab);
        }
        start += text.len();
    }
    None
}

/// The byte at which a line and a column (both from 1, in characters) stand.
pub(crate) fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let start: usize = text
        .split_inclusive('\n')
        .take(line.checked_sub(1)?)
        .map(str::len)
        .sum();
    let rest = text.get(start..)?;
    let within: usize = rest
        .chars()
        .take(column.checked_sub(1)?)
        .map(char::len_utf8)
        .sum();
    Some(start + within)
}

/// The tree as serde gives it, with the parser's places.
struct Raw(serde_yaml::Spanned<RawValue>);

enum RawValue {
    Scalar(Value),
    List(Vec<Raw>),
    Map(Vec<(serde_yaml::Spanned<String>, Raw)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_yaml::Spanned::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = RawValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Int(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(
            i64::try_from(value).map_or(Value::Float, Value::Int),
        ))
    }

    fn visit_f64<E>(self, _: f64) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Float))
    }

    fn visit_str<E>(self, value: &str) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Text(value.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawValue, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(RawValue::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<RawValue, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(RawValue::Map(map))
    }
}

fn place(raw: Raw, file: &Arc<SourceFile>, base: usize) -> Node {
    let Raw(spanned) = raw;
    let mut range = bytes(spanned.defined);
    let value = match spanned.value {
        RawValue::Scalar(value) => value,
        RawValue::List(list) => {
            Value::List(list.into_iter().map(|n| place(n, file, base)).collect())
        }
        RawValue::Map(map) => {
            let entries: Vec<(Key, Node)> = map
                .into_iter()
                .map(|(key, node)| {
                    let span = span(file, base, bytes(key.defined));
                    (
                        Key {
                            span,
                            text: key.value,
                        },
                        place(node, file, base),
                    )
                })
                .collect();
            // The parser places a block mapping at its first colon; a reader looks for it at its first key.
            if let Some((key, _)) = entries.first() {
                range.start = range.start.min(key.span.range.start - base);
                range.end = range.end.max(key.span.range.end - base);
            }
            Value::Map(entries)
        }
    };
    Node {
        span: span(file, base, range),
        value,
    }
}

fn bytes(location: serde_yaml::Location) -> Range<usize> {
    let span = location.span();
    let start = span.byte_offset().unwrap_or_default() as usize;
    start..start + span.byte_len().unwrap_or_default() as usize
}

fn span(file: &Arc<SourceFile>, base: usize, range: Range<usize>) -> Span {
    Span {
        file: Arc::clone(file),
        range: base + range.start..base + range.end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Arc<SourceFile> {
        Arc::new(SourceFile {
            path: "a.yaml".into(),
            text: text.to_owned(),
        })
    }

    fn dump(node: &Node, out: &mut Vec<String>) {
        let text = &node.span.file.text[node.span.range.clone()];
        out.push(format!("{} {text:?}", node.kind()));
        match &node.value {
            Value::List(list) => list.iter().for_each(|n| dump(n, out)),
            Value::Map(map) => {
                for (key, node) in map {
                    out.push(format!(
                        "key {:?}",
                        &key.span.file.text[key.span.range.clone()]
                    ));
                    dump(node, out);
                }
            }
            _ => {}
        }
    }

    #[test]
    fn every_value_knows_its_place() {
        let file = file(
            "ä: 1.10\nb:\n  - run: |\n      one\n      two\n    id: \"x y\"\n  - {é: C-c, é: [1, ]}\nnone:\n",
        );
        let mut seen = Vec::new();
        dump(&parse(&file).unwrap(), &mut seen);
        let expected = [
            r#"a mapping "ä""#,
            r#"key "ä""#,
            r#"a number "1.10""#,
            r#"key "b""#,
            r#"a list """#,
            r#"a mapping "run""#,
            r#"key "run""#,
            // From the first line of the text, so that a line of an `expect` can be found in its file.
            r#"text "one\n      two\n    ""#,
            r#"key "id""#,
            r#"text "\"x y\"""#,
            r#"a mapping "{é""#,
            r#"key "é""#,
            r#"text "C-c""#,
            r#"key "é""#,
            r#"a list "[""#,
            r#"a number "1""#,
            r#"key "none""#,
            r#"nothing """#,
        ];
        assert_eq!(seen, expected);
    }
}
