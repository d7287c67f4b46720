//! The small values of a spec: durations, patterns, keys of a keyboard, conditions. A value that exists is right.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::keys::{CONDITIONS, Problems, Read, Spanned, keys, read_word};
use super::model::{Answer, Condition, ExpectedExit, Matching, Permission, Show};
use super::yaml::{Node, Value};
use crate::diagnostic::{Diagnostic, nearest};

/// A JSON Schema written by hand, for a type with a form of its own.
macro_rules! schema {
    ($Type:ident, $schema:expr) => {
        impl JsonSchema for $Type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($Type).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

/// `30s`, `5m`, `500ms`, `1h`, `180d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub Duration);

schema!(
    Time,
    json_schema!({"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? ?(ms|s|m|h|d)$", "examples": ["30s", "5m"]})
);

/// A number with a unit → a duration.
pub fn parse_time(text: &str) -> Option<Duration> {
    let digits = text.len()
        - text
            .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
            .len();
    let (number, unit) = text.split_at(digits);
    let seconds = match unit.trim() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
}

impl Read for Time {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let text = String::read(node, problems)?;
        let time = parse_time(&text).map(Self);
        if time.is_none() {
            let label = match text.parse::<f64>() {
                Ok(_) => format!("which unit? `{text}s`, `{text}m`"),
                Err(_) => String::new(),
            };
            problems.push(
                Diagnostic::error("bad-duration", format!("`{text}` is no duration"))
                    .at(node.span.clone(), label)
                    .help("a duration is a number with a unit: 500ms, 30s, 5m, 1h"),
            );
        }
        time
    }
}

/// A regular expression that compiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(pub String);

schema!(Pattern, json_schema!({"type": "string", "format": "regex"}));

impl Read for Pattern {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let text = String::read(node, problems)?;
        match regex::Regex::new(&text) {
            Ok(_) => Some(Self(text)),
            Err(error) => {
                let error = error.to_string();
                let reason = error.lines().last().unwrap_or_default();
                problems.push(
                    Diagnostic::error("bad-regex", "this is no regular expression")
                        .at(node.span.clone(), reason.trim_start_matches("error: "))
                        .help("the syntax: https://docs.rs/regex/latest/regex/#syntax"),
                );
                None
            }
        }
    }
}

/// Keys to press, one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys(pub Vec<String>);

schema!(
    Keys,
    json_schema!({"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}], "examples": ["C-c", "Up Enter"]})
);

/// The named keys, besides single characters, `C-x` and `M-x`.
pub const KEY_NAMES: &[&str] = &[
    "Enter",
    "Tab",
    "Escape",
    "Space",
    "Backspace",
    "Delete",
    "Insert",
    "Up",
    "Down",
    "Left",
    "Right",
    "Home",
    "End",
    "PageUp",
    "PageDown",
    "F1",
    "F2",
    "F3",
    "F4",
    "F5",
    "F6",
    "F7",
    "F8",
    "F9",
    "F10",
    "F11",
    "F12",
];

fn is_key(name: &str) -> bool {
    let plain = name
        .strip_prefix("M-")
        .filter(|rest| !rest.is_empty())
        .unwrap_or(name);
    if let Some(control) = plain.strip_prefix("C-") {
        // What a terminal has a control character for.
        return control.len() == 1
            && control
                .chars()
                .all(|c| c.is_ascii_lowercase() || "@[\\]^_?".contains(c));
    }
    plain.chars().count() == 1 || KEY_NAMES.contains(&plain)
}

impl Read for Keys {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let names: Vec<Spanned<String>> = match &node.value {
            Value::List(_) => Vec::read(node, problems)?,
            _ => {
                let text = String::read(node, problems)?;
                let one = |name: &str| Spanned {
                    value: name.to_owned(),
                    span: node.span.clone(),
                };
                text.split_whitespace().map(one).collect()
            }
        };
        if names.is_empty() {
            problems.wrong_type(node, "the name of a key");
            return None;
        }
        for name in names.iter().filter(|name| !is_key(&name.value)) {
            problems.push(unknown_key_name(name));
        }
        Some(Self(names.into_iter().map(|name| name.value).collect()))
    }
}

fn unknown_key_name(name: &Spanned<String>) -> Diagnostic {
    let text = name.value.as_str();
    let lower = text.to_lowercase();
    let hint = match lower
        .strip_prefix("ctrl-")
        .or(lower.strip_prefix("ctrl+"))
        .or(lower.strip_prefix("c-"))
        .or(lower.strip_prefix('^'))
    {
        Some(key) if key.chars().count() == 1 => Some(format!("C-{key}")),
        _ if lower == "return" => Some("Enter".to_owned()),
        _ if lower == "esc" => Some("Escape".to_owned()),
        _ => nearest(text, KEY_NAMES.iter().copied()).map(str::to_owned),
    };
    Diagnostic::error("unknown-key-name", format!("no keyboard has a key `{text}`"))
        .at(
            name.span.clone(),
            hint.map_or(String::new(), |hint| format!("did you mean `{hint}`?")),
        )
        .help("keys are single characters, C-a to C-z, M-x (Alt), Enter, Tab, Escape, Up, PageDown, F1, …")
        .help("to type text, use `run:`")
}

/// `0`, `1`, …, `any`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(pub ExpectedExit);

schema!(
    Exit,
    json_schema!({"oneOf": [{"type": "integer", "minimum": 0, "maximum": 255}, {"const": "any"}]})
);

impl Read for Exit {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Int(code @ 0..=255) => Some(Self(ExpectedExit::Code(*code as i32))),
            Value::Text(word) if word == "any" => Some(Self(ExpectedExit::Any)),
            _ => {
                problems.wrong_type(node, "an exit status from 0 to 255, or `any`,");
                None
            }
        }
    }
}

/// A list of texts, or one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOrMany(pub Vec<String>);

schema!(
    OneOrMany,
    json_schema!({"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})
);

impl Read for OneOrMany {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match node.value {
            Value::List(_) => Vec::read(node, problems).map(Self),
            _ => String::read(node, problems).map(|one| Self(vec![one])),
        }
    }
}

/// Commands of a block by number: `2`, `2-3`, `4-`, `1,3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines(pub Vec<(usize, Option<usize>)>);

schema!(
    Lines,
    json_schema!({"oneOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^[0-9]+(-[0-9]*)?(, *[0-9]+(-[0-9]*)?)*$"}], "examples": [2, "2-3"]})
);

fn parse_lines(text: &str) -> Option<Lines> {
    let range = |part: &str| {
        let part = part.trim();
        let (first, last) = match part.split_once('-') {
            None => (part, Some(part)),
            Some((first, "")) => (first, None),
            Some((first, last)) => (first, Some(last)),
        };
        let first: usize = first.trim().parse().ok()?;
        let last: Option<usize> = last.map(|n| n.trim().parse()).transpose().ok()?;
        (first > 0 && last.is_none_or(|last| last >= first)).then_some((first, last))
    };
    text.split(',').map(range).collect::<Option<_>>().map(Lines)
}

impl Read for Lines {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let text = String::read(node, problems)?;
        let lines = parse_lines(&text);
        if lines.is_none() {
            problems.push(
                Diagnostic::error(
                    "bad-lines",
                    format!("`{text}` names no commands of a block"),
                )
                .at(node.span.clone(), "")
                .help("commands are counted from 1: `2`, `2-3`, `4-` (to the last), `1,3`"),
            );
        }
        lines
    }
}

/// A number of bytes: `512M`, `2G`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

schema!(
    Size,
    json_schema!({"oneOf": [{"type": "integer"}, {"type": "string", "pattern": "^[0-9]+ ?[KMGT]?$"}], "examples": ["2G"]})
);

fn parse_size(text: &str) -> Option<u64> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let shift = match text[number.len()..].trim() {
        "" => 0,
        "K" | "KiB" => 10,
        "M" | "MiB" => 20,
        "G" | "GiB" => 30,
        "T" | "TiB" => 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

impl Read for Size {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let text = String::read(node, problems)?;
        let size = parse_size(&text).map(Self);
        if size.is_none() {
            problems.push(
                Diagnostic::error("bad-size", format!("`{text}` is no size"))
                    .at(node.span.clone(), "")
                    .help("a size is a number of bytes, or one with a unit: 512M, 2G"),
            );
        }
        size
    }
}

/// `shell`, or the pattern of a prompt.
#[derive(Clone, Debug)]
pub enum OpensSpec {
    /// A nested shell.
    Shell,
    /// A program with a prompt of its own.
    Prompt(Pattern),
}

schema!(
    OpensSpec,
    json_schema!({"oneOf": [{"const": "shell"}, {"type": "object", "properties": {"prompt": {"type": "string", "format": "regex"}}, "required": ["prompt"], "additionalProperties": false}]})
);

keys! {
    /// The long form of `opens`.
    "`opens`"
    struct OpensKeys {
        /// The prompt, at the start of the screen's last line.
        "prompt" => prompt: Pattern,
    }
}

impl Read for OpensSpec {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Text(word) if word == "shell" => Some(Self::Shell),
            Value::Map(_) => match OpensKeys::read(node, problems)?.prompt {
                Some(prompt) => Some(Self::Prompt(prompt.value)),
                None => {
                    problems.wrong_type(node, "`shell` or `{prompt: REGEX}`");
                    None
                }
            },
            _ => {
                problems.wrong_type(node, "`shell` or `{prompt: REGEX}`");
                None
            }
        }
    }
}

keys! {
    /// What can be waited for; exactly one.
    "a condition"
    struct ConditionKeys {
        /// A regular expression that the output since the step began must match.
        "output" => output: Pattern,
        /// A TCP port that is listened on.
        "port" => port: u16,
        /// A path that exists.
        "path" => path: String,
        /// So many lines of output.
        "lines" => lines: usize,
        /// No output for this long.
        "quiet" => quiet: Time,
        /// So many seconds.
        "seconds" => seconds: u32,
    }
}

/// Something that can be waited for.
#[derive(Clone, Debug)]
pub struct ConditionSpec(pub Condition);

impl JsonSchema for ConditionSpec {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Condition".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"oneOf": [{"const": "exit"}, generator.subschema_for::<ConditionKeys>()]})
    }
}

impl ConditionKeys {
    fn conditions(self) -> Vec<Condition> {
        [
            self.output.map(|it| Condition::Output(it.value.0)),
            self.port.map(|it| Condition::Port(it.value)),
            self.path.map(|it| Condition::Path(it.value)),
            self.lines.map(|it| Condition::Lines(it.value)),
            self.quiet.map(|it| Condition::Quiet(it.value.0)),
            self.seconds
                .map(|it| Condition::Elapsed(Duration::from_secs(it.value.into()))),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Read for ConditionSpec {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        if matches!(&node.value, Value::Text(word) if word == "exit") {
            return Some(Self(Condition::Exit));
        }
        let keys = ConditionKeys::read(node, problems)?;
        let written = match &node.value {
            Value::Map(entries) => entries.len(),
            _ => 0,
        };
        let mut conditions = keys.conditions();
        match (conditions.pop(), written) {
            (Some(condition), 1) => Some(Self(condition)),
            // What is wrong with the only one has been said.
            (None, 1..) => None,
            _ => {
                problems.push(
                    Diagnostic::error("one-condition", "a condition says exactly one thing")
                        .at(node.span.clone(), "")
                        .help(CONDITIONS),
                );
                None
            }
        }
    }
}

keys! {
    /// Repeats a command until it exits as expected.
    "`retry`"
    struct RetryKeys {
        /// Tries in all.
        "times" => times: u32,
        /// The pause between two.
        "every" => every: Time,
    }
}

keys! {
    /// A question that a command asks, and the answer.
    "a line of `dialog`"
    struct DialogKeys {
        /// The question.
        #[schemars(required)]
        "expect" => expect: Pattern,
        /// What is typed, with Enter.
        #[schemars(required)]
        "send" => send: AnswerSpec,
        /// Whether the command may end without asking.
        "optional" => optional: bool,
    }
}

/// Text, or `{secret: NAME}`.
#[derive(Clone, Debug)]
pub struct AnswerSpec(pub Answer);

schema!(
    AnswerSpec,
    json_schema!({"oneOf": [{"type": "string"}, {"type": "object", "properties": {"secret": {"type": "string"}}, "required": ["secret"], "additionalProperties": false}]})
);

keys! {
    /// The long form of an answer.
    "`send`"
    struct SecretKeys {
        /// The environment variable that holds the answer.
        "secret" => secret: String,
    }
}

impl Read for AnswerSpec {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        if !matches!(node.value, Value::Map(_)) {
            return String::read(node, problems).map(|text| Self(Answer::Text(text)));
        }
        let secret = SecretKeys::read(node, problems)?.secret;
        if secret.is_none() {
            problems.wrong_type(node, "text or `{secret: NAME}`");
        }
        secret.map(|name| Self(Answer::Secret(name.value)))
    }
}

keys! {
    /// One replacement in a file.
    "a replacement"
    struct ReplaceKeys {
        /// What stands in the file, exactly once.
        #[schemars(required)]
        "find" => find: String,
        /// What takes its place.
        #[schemars(required)]
        "with" => with: String,
    }
}

keys! {
    /// Where a step applies.
    "`when`"
    struct WhenKeys {
        /// Suites of its host.
        "suite" => suite: OneOrMany,
        /// Architectures, as `uname -m` says.
        "arch" => arch: OneOrMany,
    }
}

/// What a block is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum BlockKind {
    /// Commands, whatever the lexer thinks.
    Commands,
    /// No commands, whatever the lexer thinks.
    Text,
}

macro_rules! words {
    ($Type:ty, $code:literal, $thing:literal, [$($word:literal => $value:expr),* $(,)?]) => {
        impl Read for $Type {
            fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
                read_word(node, problems, $code, $thing, &[$(($word, $value)),*])
            }
        }
    };
}

words!(BlockKind, "unknown-word", "a kind of block", ["commands" => Self::Commands, "text" => Self::Text]);
words!(Matching, "unknown-word", "a way to compare", [
    "exact" => Self::Exact, "unordered" => Self::Unordered, "none" => Self::None,
]);
words!(Show, "unknown-word", "something to show", [
    "both" => Self::Both, "command" => Self::Command, "output" => Self::Output, "none" => Self::None,
]);
words!(Permission, "unknown-permission", "a permission", [
    "tun" => Self::Tun, "fuse" => Self::Fuse, "kvm" => Self::Kvm, "cgroups" => Self::Cgroups,
    "network" => Self::Network,
]);
