//! From a YAML tree to typed values, saying everything that is wrong on the way.
//!
//! [`keys!`] makes a struct, its JSON Schema and its reader out of one list of keys, so that the three cannot disagree.
//! Every field is optional here: what must be there, and what fits together, is the business of `resolve.rs`.

use schemars::JsonSchema;

use super::yaml::{Key, Node, Value};
use crate::diagnostic::{Diagnostic, Span, listed, nearest};

/// What was written, and where.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

impl Spanned<String> {
    /// The place where a piece of the text stands for the `nth` time, from 0; all of the text where the file writes it
    /// in another way.
    pub(crate) fn piece(&self, piece: &str, nth: usize) -> Span {
        let within = self
            .span
            .file
            .text
            .get(self.span.range.clone())
            .unwrap_or_default();
        let mut span = self.span.clone();
        if let Some((at, _)) = within.match_indices(piece).nth(nth) {
            span.range.start += at;
            span.range.end = span.range.start + piece.len();
        }
        span
    }
}

impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}

/// All that is wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: Vec<Diagnostic>,
}

impl Problems {
    pub(crate) fn already(found: &[Diagnostic]) -> Self {
        Self {
            found: found.to_vec(),
        }
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// The value if nothing was wrong, else all messages in the order of their places.
    pub(crate) fn none_or<T>(self, value: Option<T>) -> Result<T, Vec<Diagnostic>> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => Err(self.into_sorted()),
        }
    }

    pub(crate) fn into_sorted(self) -> Vec<Diagnostic> {
        let mut found = self.found;
        crate::diagnostic::sort(&mut found);
        found
    }

    /// `wanted` is a phrase: "a list of steps".
    pub(crate) fn wrong_type(&mut self, node: &Node, wanted: &str) {
        let text = match node.value {
            Value::Null => format!("a value is missing here: {wanted}"),
            _ => format!("{} stands where {wanted} belongs", node.kind()),
        };
        let mut diagnostic = Diagnostic::error("wrong-type", text).at(
            node.span.clone(),
            match node.value {
                Value::Null => "",
                _ => node.kind(),
            },
        );
        if let Some(help) = how_written(wanted, &node.value) {
            diagnostic = diagnostic.help(help);
        }
        self.push(diagnostic);
    }

    pub(crate) fn unknown_key(&mut self, key: &Key, thing: &str, known: &[&str]) {
        let hint = misnamed(&key.text)
            .filter(|meant| known.contains(meant))
            .or_else(|| nearest(&key.text, known.iter().copied()));
        let label = hint.map_or(String::new(), |hint| format!("did you mean `{hint}`?"));
        let mut diagnostic =
            Diagnostic::error("unknown-key", format!("{thing} has no key `{}`", key.text))
                .at(key.span.clone(), label);
        if let Some(place) = elsewhere(&key.text).filter(|_| hint.is_none()) {
            diagnostic = diagnostic.help(place);
        }
        self.push(diagnostic.help(format!("the keys of {thing}: {}", known.join(", "))));
    }

    pub(crate) fn duplicate_key(&mut self, key: &Key, first: &Span) {
        let line = first.position().line;
        self.push(
            Diagnostic::error(
                "duplicate-key",
                format!("the key `{}` stands here twice", key.text),
            )
            .at(key.span.clone(), format!("the first is in line {line}")),
        );
    }
}

/// Words that other tools use for our keys.
fn misnamed(word: &str) -> Option<&'static str> {
    Some(match word {
        "cmd" | "command" | "commands" | "script" | "shell" | "sh" | "exec" => "run",
        "expected" | "expects" | "output" | "stdout" | "assert" => "expect",
        "description" | "desc" | "prose" => "text",
        "name" | "label" => "title",
        "key" | "keys" | "send" => "press",
        "close" | "leave" => "closes",
        "code" | "status" | "exit-status" | "exit_code" => "exit",
        "tty" | "pane" | "window" | "term" => "terminal",
        "skip" | "notrun" | "not_run" | "unused" => "not-run",
        "teardown" | "finally" | "after" => "cleanup",
        "before" | "prepare" => "setup",
        "image" | "suite" | "distribution" => "debian",
        "permissions" | "capabilities" | "grant" | "require" => "needs",
        "rev" | "sha" | "ref" | "tag" => "commit",
        "repo" | "repository" => "github",
        "path" => "file",
        "url" => "git",
        "reason" | "because" => "why",
        _ => return None,
    })
}

/// Keys that exist, but somewhere else.
fn elsewhere(word: &str) -> Option<&'static str> {
    Some(match word {
        "needs" | "packages" | "debian" | "programs" | "checkout" => {
            "it belongs to a host: `hosts: {NAME: {…}}`"
        }
        "commit" | "sha256" | "github" | "git" => "it belongs to `upstream:`",
        "host" => "it belongs to a terminal, `terminals: {NAME: {host: …}}`, or an input",
        "run" | "block" | "press" | "wait" | "expect" => {
            "it belongs to a step, in the list `steps:`"
        }
        "why" | "rest" => "it belongs to an entry of `not-run:`",
        _ => return None,
    })
}

/// What can be read from a YAML tree.
pub(crate) trait Read: Sized {
    /// The value; `None` after what is wrong has been said.
    fn read(node: &Node, problems: &mut Problems) -> Option<Self>;
}

impl<T: Read> Read for Spanned<T> {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        Some(Self {
            value: T::read(node, problems)?,
            span: node.span.clone(),
        })
    }
}

impl Read for String {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let text = node.scalar_text();
        if text.is_none() {
            problems.wrong_type(node, "text");
        }
        text
    }
}

impl Read for bool {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match node.value {
            Value::Bool(value) => Some(value),
            _ => {
                problems.wrong_type(node, "`true` or `false`");
                None
            }
        }
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            // Each item says what is wrong with it; the others are still looked at.
            Value::List(items) => Some(
                items
                    .iter()
                    .filter_map(|item| T::read(item, problems))
                    .collect(),
            ),
            _ => {
                problems.wrong_type(node, "a list");
                None
            }
        }
    }
}

impl<T: Read> Read for Box<T> {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        T::read(node, problems).map(Self::new)
    }
}

/// How it is written what belongs where something else stands.
fn how_written(wanted: &str, found: &Value) -> Option<&'static str> {
    Some(match (wanted, found) {
        ("a list", _) => {
            "each item stands behind `- ` on a line of its own, or all in brackets: [a, b]"
        }
        ("a step", _) => "a step is a mapping: `- run: TEXT`, with a space behind the colon",
        ("a condition", _) => CONDITIONS,
        ("`retry`", _) => "as in `retry: {times: 5, every: 1s}`",
        ("text", Value::List(_)) => "several lines of text stand below `|`, indented, without `- `",
        ("text", Value::Map(_)) => "what YAML takes for something else has to be quoted: '…'",
        _ => return None,
    })
}

/// What can be waited for.
pub(crate) const CONDITIONS: &str = "one of: exit, {output: REGEX}, {port: 2222}, {path: /tmp/x}, {lines: 3}, {quiet: 2s}, {seconds: 5}";

macro_rules! whole_number {
    ($($type:ty),*) => { $(
        impl Read for $type {
            fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
                let value = match node.value {
                    Value::Int(value) => <$type>::try_from(value).ok(),
                    _ => None,
                };
                if value.is_none() {
                    // A port has an end that one may come to.
                    let wanted = match <$type>::BITS {
                        ..=16 => format!("a whole number up to {}", <$type>::MAX),
                        _ => "a whole number".to_owned(),
                    };
                    problems.wrong_type(node, &wanted);
                }
                value
            }
        }
    )* };
}
whole_number!(u16, u32, u64, usize);

/// A mapping with keys of the author's choice, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Named<T>(pub Vec<(Spanned<String>, T)>);

impl<T: Read> Read for Named<T> {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            problems.wrong_type(node, "a mapping");
            return None;
        };
        let mut named: Vec<(Spanned<String>, T)> = Vec::new();
        for (index, (key, node)) in entries.iter().enumerate() {
            if let Some((first, _)) = entries[..index].iter().find(|(k, _)| k.text == key.text) {
                problems.duplicate_key(key, &first.span);
                continue;
            }
            if let Some(value) = T::read(node, problems) {
                let (value_of_key, span) = (key.text.clone(), key.span.clone());
                named.push((
                    Spanned {
                        value: value_of_key,
                        span,
                    },
                    value,
                ));
            }
        }
        Some(Self(named))
    }
}

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Named{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "additionalProperties": generator.subschema_for::<T>(),
        })
    }
}

/// Reads one of a few words.
pub(crate) fn read_word<T: Copy>(
    node: &Node,
    problems: &mut Problems,
    code: &'static str,
    thing: &str,
    words: &[(&str, T)],
) -> Option<T> {
    let Some(text) = node.scalar_text() else {
        problems.wrong_type(node, thing);
        return None;
    };
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Some(*value);
    }
    let names = || words.iter().map(|(word, _)| *word);
    let label = nearest(&text, names()).map_or(String::new(), |w| format!("did you mean `{w}`?"));
    problems.push(
        Diagnostic::error(code, format!("`{text}` is not {thing}"))
            .at(node.span.clone(), label)
            .help(format!("there are {}", listed(names()))),
    );
    None
}

/// One list of keys → a struct of optional, placed values, its JSON Schema, and its reader.
macro_rules! keys {
    (
        $(#[$meta:meta])*
        $thing:literal
        struct $Name:ident {
            $( $(#[$field_meta:meta])* $key:literal => $field:ident : $type:ty, )*
        }
    ) => {
        #[derive(Clone, Debug, Default, schemars::JsonSchema)]
        #[schemars(default, deny_unknown_fields)]
        $(#[$meta])*
        pub struct $Name {
            $( $(#[$field_meta])* #[schemars(rename = $key)] pub $field: Option<$crate::tutorial::keys::Spanned<$type>>, )*
            /// The keys that are there, read or not, each with its place.
            #[schemars(skip)]
            pub(crate) written: Vec<(&'static str, $crate::diagnostic::Span)>,
        }

        impl $Name {
            /// Its keys, as they are written.
            pub(crate) const KEYS: &[&str] = &[$($key),*];

            /// These keys, and of `below` those that are not here.
            #[allow(dead_code, reason = "only steps are laid over each other")]
            pub(crate) fn over(mut self, below: Self) -> Self {
                $( self.$field = self.$field.or(below.$field); )*
                for (key, span) in below.written {
                    if !self.written.iter().any(|(own, _)| *own == key) {
                        self.written.push((key, span));
                    }
                }
                self
            }

            /// Whether a key is there, read or not.
            #[allow(dead_code, reason = "not every mapping asks")]
            pub(crate) fn has(&self, key: &str) -> bool {
                self.written.iter().any(|(written, _)| *written == key)
            }

            /// Reads one key; `None` when there is none of this name.
            fn read_key(&mut self, key: &str, node: &$crate::tutorial::yaml::Node, problems: &mut $crate::tutorial::keys::Problems) -> Option<&'static str> {
                match key {
                    $( $key => {
                        self.$field = $crate::tutorial::keys::Read::read(node, problems);
                        Some($key)
                    } )*
                    _ => None,
                }
            }
        }

        impl $crate::tutorial::keys::Read for $Name {
            fn read(node: &$crate::tutorial::yaml::Node, problems: &mut $crate::tutorial::keys::Problems) -> Option<Self> {
                let $crate::tutorial::yaml::Value::Map(entries) = &node.value else {
                    problems.wrong_type(node, $thing);
                    return None;
                };
                let mut read = Self::default();
                for (index, (key, node)) in entries.iter().enumerate() {
                    if let Some((first, _)) = entries[..index].iter().find(|(k, _)| k.text == key.text) {
                        problems.duplicate_key(key, &first.span);
                    } else if let Some(name) = read.read_key(&key.text, node, problems) {
                        read.written.push((name, key.span.clone()));
                    } else {
                        problems.unknown_key(key, $thing, Self::KEYS);
                    }
                }
                Some(read)
            }
        }
    };
}
pub(crate) use keys;
