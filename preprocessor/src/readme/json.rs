//! What `mdbook-twin extract` prints: for a program, and for a person.

use std::fmt::Write;

use serde::Serialize;

use super::{Block, Kind, Readme};
use crate::paint::visible_lines;

/// One block of `mdbook-twin extract --json`. The names are a public format.
#[derive(Debug, Serialize)]
pub struct ExtractedBlock<'a> {
    address: String,
    heading: &'a str,
    kind: &'static str,
    line: usize,
    end_line: usize,
    info: &'a str,
    commands: Vec<ExtractedCommand<'a>>,
    /// Only where `kind` is `text`.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct ExtractedCommand<'a> {
    line: usize,
    prompt: Option<&'a str>,
    command: &'a str,
    output: &'a [String],
    depth: usize,
}

/// All blocks of a README, ready to be serialised as an array.
#[must_use]
pub fn extract_json(readme: &Readme) -> Vec<ExtractedBlock<'_>> {
    readme.blocks.iter().map(extracted).collect()
}

fn extracted(block: &Block) -> ExtractedBlock<'_> {
    let (kind, commands, text) = match &block.kind {
        Kind::Commands(exchanges) => {
            let commands = exchanges.iter().map(|e| ExtractedCommand {
                line: e.line,
                prompt: e.prompt.as_deref(),
                command: &e.command,
                output: &e.output,
                depth: e.depth,
            });
            ("commands", commands.collect(), None)
        }
        Kind::Text(text) => ("text", Vec::new(), Some(text.as_str())),
    };
    ExtractedBlock {
        address: block.address.to_string(),
        heading: &block.heading,
        kind,
        line: block.line,
        end_line: block.end_line,
        info: &block.info,
        commands,
        text,
    }
}

/// The blocks for a person: each with its address, its commands behind their prompts, how deep they nest.
#[must_use]
pub fn extract_text(readme: &Readme) -> String {
    let mut out = String::new();
    for block in &readme.blocks {
        let _ = write_block(&mut out, block);
    }
    // A README is looked at before anybody trusts it.
    let mut out = visible_lines(&out);
    let texts = readme
        .blocks
        .iter()
        .filter(|b| matches!(b.kind, Kind::Text(_)))
        .count();
    let commands = readme.blocks.len() - texts;
    let _ = writeln!(
        out,
        "{} with {}, {}",
        counted(commands, "command block"),
        counted(readme.command_count(), "command"),
        counted(texts, "text block")
    );
    out
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// Writing to a string does not fail.
fn write_block(out: &mut String, block: &Block) -> std::fmt::Result {
    let kind = if matches!(block.kind, Kind::Text(_)) {
        "text"
    } else {
        "commands"
    };
    writeln!(
        out,
        "{}  ({kind}, lines {}-{})",
        block.address, block.line, block.end_line
    )?;
    match &block.kind {
        Kind::Commands(exchanges) => {
            for exchange in exchanges {
                let indent = "    ".repeat(exchange.depth + 1);
                let prompt = exchange
                    .prompt
                    .as_deref()
                    .map_or(String::new(), |p| format!("{p} "));
                let mut lines = exchange.command.lines();
                writeln!(out, "{indent}{prompt}{}", lines.next().unwrap_or_default())?;
                for line in lines {
                    writeln!(out, "{indent}{}{line}", " ".repeat(prompt.chars().count()))?;
                }
                match exchange.output.len() {
                    0 => {}
                    n => writeln!(out, "{indent}  … {}", counted(n, "line"))?,
                }
            }
        }
        Kind::Text(text) => {
            if let Some(first) = text.lines().find(|l| !l.trim().is_empty()) {
                writeln!(out, "    | {}", first.trim())?;
            }
        }
    }
    writeln!(out)
}
