//! `tutorials/NAME.transcript.yaml`: what really happened at the last `record`, and the lock of upstream's commands.
//!
//! In and out: text, read by [`from_yaml`] and written by [`Transcript::to_yaml`]; what is written is read back equal.
//! The file is read in pull requests, so outputs are block scalars and nothing in it changes by itself. Not here: the
//! file on disk (`verify/files.rs`), and how a run becomes a transcript (`judge/record.rs`).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::varies::{self, Varies};
use crate::diagnostic::{Diagnostic, SourceFile, Span};
use crate::outcome::Facts;
use crate::tutorial::Ran;

/// The format that is written; every earlier one stays readable.
pub const FORMAT: u32 = 2;

/// A whole transcript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// [`FORMAT`] of the writer.
    pub twin: u32,
    /// `YYYY-MM-DD`; the only line that a re-record which agrees may touch.
    pub recorded: String,
    /// Of what ran, see `tutorial/digest.rs`.
    pub digest: String,
    /// Upstream's commands as they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Lock>,
    /// What the digest was made of beyond the commands; absent in older transcripts, whose changes can't be named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran: Option<Ran>,
    /// What it ran on.
    pub facts: Facts,
    /// Values that were the same in two places by chance: each place is judged by itself. Two values (`A B`): that they
    /// belong together, or differ, was by chance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apart: Vec<String>,
    /// Every step that ran commands, in order.
    pub steps: Vec<TranscriptStep>,
}

/// What was read from upstream: while the spec's `sha256` equals this one, these lines are upstream's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The commit it was read at.
    pub commit: String,
    /// The file.
    pub file: String,
    /// Its sha256, hex.
    pub sha256: String,
    /// How many commands the file has, those of `text` left out.
    pub commands: usize,
    /// Each block that the tutorial uses or lists under `not-run`, by address.
    pub blocks: BTreeMap<String, Vec<LockedCommand>>,
    /// Those of them that look like text, and are commands because the spec says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<String>,
    /// The annotations of those blocks, in the README's order; where the spec has no steps, every block that it runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub annotated: Vec<AnnotatedBlock>,
}

/// The keys that stand above a block in an annotated README.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnotatedBlock {
    /// The block's address.
    pub block: String,
    /// What the comment holds behind `twin:`, as written; empty without a comment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub keys: String,
}

/// A command of a block, as the lexer saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedCommand {
    /// 1-based line in the file. What was opened further down is not left by a command further up.
    pub line: usize,
    /// The prompt, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// The command's lines.
    pub command: String,
    /// How many nested shells deep.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub depth: usize,
    /// Whether it opens a nested shell.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub opens: bool,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TranscriptStep {
    /// The step's id.
    pub id: String,
    /// The terminal's name.
    pub terminal: String,
    /// Its commands; for `press`, `wait` and `closes` one without a command, with what came meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<TranscriptCommand>,
}

/// One command and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TranscriptCommand {
    /// The prompt it is shown with.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prompt: String,
    /// What was typed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub command: String,
    /// Exit status; absent where the terminal could not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// Its output, lines with newlines; a gap of a flood is a line `...`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
    /// Bytes that are not in the output, in the place of its first line `...`. Nothing is compared with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub omitted: Option<u64>,
    /// What of it may be another the next time, see `judge/varies.rs`. From format 2 on, as all that follows.
    #[serde(
        default,
        skip_serializing_if = "Varies::is_empty",
        serialize_with = "varies::one_line_each"
    )]
    pub varies: Varies,
    /// Lines of the output that may come once or more often in a row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeats: Vec<String>,
    /// Lines that may come or not, as often as they like, anywhere in the output.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sometimes: Vec<String>,
    /// Lines of the output, and what other machines have in their places.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub instead: BTreeMap<String, Vec<String>>,
    /// Whether the lines come in any order.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unordered: bool,
}

/// What can be read of every format, past and future.
#[derive(Deserialize)]
struct Head {
    twin: u32,
}

/// Reads a transcript of any format up to [`FORMAT`].
/// # Errors
/// It is no transcript, or one of a newer mdbook-twin: the message says what to do.
pub fn from_yaml(file: &Arc<SourceFile>) -> Result<Transcript, Diagnostic> {
    let head: Head = parse(file)?;
    if head.twin > FORMAT {
        let start = file.text.find("twin:").unwrap_or(0);
        let end = file.text[start..]
            .find('\n')
            .map_or(file.text.len(), |len| start + len);
        return Err(Diagnostic::error(
            "newer-transcript",
            format!(
                "this transcript has format {}, and this mdbook-twin reads formats up to {FORMAT}",
                head.twin
            ),
        )
        .at(span(file, start..end), "written by a newer mdbook-twin")
        .help("install the newer one: cargo install mdbook-twin"));
    }
    parse(file)
}

impl Transcript {
    /// The file's whole text.
    /// # Errors
    /// Never seen; the writer's own, in words.
    pub fn to_yaml(&self) -> Result<String, String> {
        let options = serde_yaml::ser_options! {
            // Long lines stay as they are: a folded command is a riddle.
            folded_wrap_chars: usize::MAX,
        };
        let body =
            serde_yaml::to_string_with_options(self, options).map_err(|why| why.to_string())?;
        Ok(format!("{HEADING}{body}"))
    }

    /// The step of that id.
    pub fn step(&self, id: &str) -> Option<&TranscriptStep> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// Whether both tell the same, whatever the date.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let dated = Self {
            recorded: other.recorded.clone(),
            ..self.clone()
        };
        dated == *other
    }
}

impl TranscriptStep {
    /// The outputs of its commands, joined.
    pub fn output(&self) -> String {
        self.commands
            .iter()
            .map(|command| command.output.as_str())
            .collect()
    }
}

const HEADING: &str =
    "# Written by `mdbook-twin record`: what these commands really gave. Not to be edited.\n";

fn parse<T: serde::de::DeserializeOwned>(file: &Arc<SourceFile>) -> Result<T, Diagnostic> {
    let options = serde_yaml::options! { with_snippet: false };
    serde_yaml::from_str_with_options(&file.text, options).map_err(|why| {
        let message = why.to_string();
        let at = why.location().map_or(0, |location| {
            let (line, column) = (location.line() as usize, location.column() as usize);
            let before: usize = file
                .text
                .split_inclusive('\n')
                .take(line.saturating_sub(1))
                .map(str::len)
                .sum();
            let rest = &file.text[before..];
            let inside: usize = rest
                .chars()
                .take(column.saturating_sub(1))
                .map(char::len_utf8)
                .sum();
            before + inside
        });
        let len = file.text[at..].find(['\n', ':']).unwrap_or(0);
        Diagnostic::error("bad-transcript", "this is no transcript of mdbook-twin")
            .at(span(file, at..at + len), message)
            .help(
                // `record` reads it as well: what of it still holds is taken over.
                "mend it by git, or remove it: `mdbook-twin record NAME` writes another"
                    .replace("NAME", name_of(file).unwrap_or("NAME")),
            )
    })
}

/// `tutorials/NAME.transcript.yaml` → `NAME`.
fn name_of(file: &SourceFile) -> Option<&str> {
    file.path
        .file_name()?
        .to_str()?
        .strip_suffix(".transcript.yaml")
}

fn span(file: &Arc<SourceFile>, range: std::ops::Range<usize>) -> Span {
    Span {
        file: Arc::clone(file),
        range,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_output(output: &str) -> Transcript {
        Transcript {
            twin: FORMAT,
            recorded: "2026-03-14".to_owned(),
            digest: "00".repeat(32),
            upstream: None,
            ran: None,
            facts: Facts::default(),
            apart: Vec::new(),
            steps: vec![TranscriptStep {
                id: "step-1".to_owned(),
                terminal: "main".to_owned(),
                commands: vec![TranscriptCommand {
                    prompt: "$".to_owned(),
                    command: output.to_owned(),
                    exit: Some(0),
                    output: output.to_owned(),
                    ..TranscriptCommand::default()
                }],
            }],
        }
    }

    fn read(text: &str) -> Result<Transcript, Diagnostic> {
        from_yaml(&Arc::new(SourceFile {
            path: "tutorials/a.transcript.yaml".into(),
            text: text.to_owned(),
        }))
    }

    /// Pieces that have a meaning in YAML, or that writers of YAML are known to get wrong.
    const PIECES: &[&str] = &[
        " ",
        "  ",
        "\n",
        "\n\n",
        "\t",
        "\r",
        "\r\n",
        "a",
        "b c",
        "...",
        "---",
        "# x",
        "- ",
        ": ",
        ":",
        "'",
        "\"",
        "|",
        ">",
        "|-",
        "&a",
        "*a",
        "!t",
        "%",
        "@",
        "`",
        "{",
        "}",
        "[",
        "]",
        "\\",
        "\\n",
        "~",
        "null",
        "yes",
        "0x1f",
        "1_000",
        "1e3",
        "ä",
        "…",
        "\u{1f600}",
        "\u{7f}",
        "\u{85}",
        "\u{a0}",
        "\u{2028}",
        "\u{2029}",
        "\u{feff}",
        "\u{0}",
        "\u{1b}[31m",
        "\u{7}",
        "\u{fffd}",
        "\u{e000}",
        "<script>",
        "{{int}}",
        "?",
        "? ",
        ",",
        "=",
        "<<",
    ];

    #[test]
    fn what_is_written_is_read_back_whatever_came_out() {
        // A fixed pseudo-random sequence (xorshift64): failures can be repeated.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        for round in 0..20_000 {
            let mut output = String::new();
            for _ in 0..next(9) {
                output.push_str(PIECES[next(PIECES.len())]);
            }
            if round % 2 == 0 && !output.is_empty() {
                output.push('\n');
            }
            let transcript = with_output(&output);
            let text = transcript.to_yaml().expect("written");
            let back = read(&text);
            assert_eq!(
                back.as_ref().ok(),
                Some(&transcript),
                "{output:?} was written as\n{text}\n{back:?}"
            );
        }
    }

    #[test]
    fn outputs_are_block_scalars_and_long_lines_stay_whole() {
        let long = "word ".repeat(40) + "end\n  indented\n\nlast\n";
        let text = with_output(&long).to_yaml().expect("written");
        assert!(text.contains("output: |\n"), "{text}");
        assert!(
            text.lines().any(|line| line.ends_with("word end")),
            "{text}"
        );
    }

    #[test]
    fn a_newer_format_is_named_and_not_misread() {
        let error = read("twin: 3\nsomething: new\n").expect_err("too new");
        assert_eq!(error.code, "newer-transcript");
        assert_eq!(
            read("nothing").expect_err("no transcript").code,
            "bad-transcript"
        );
        let error = read("twin: 1\nrecorded: x\nunknown: 1\n").expect_err("unknown key");
        let (span, label) = error.primary.expect("a place");
        assert_eq!(
            span.position().to_string(),
            "tutorials/a.transcript.yaml:3:1",
            "{label}"
        );
    }
}
