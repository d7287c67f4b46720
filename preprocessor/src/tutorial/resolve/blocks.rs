//! A block's commands, from the upstream file or, where that can't be had, from the lock.

use super::Sources;
use crate::diagnostic::{Diagnostic, SourceFile, Span};
use crate::judge::transcript::{Lock, LockedCommand};
use crate::readme::{Block, BlockAddress, Exchange, Kind, LookupError};
use crate::tutorial::keys::{Named, Problems, Spanned};
use crate::tutorial::model::UpstreamCommand;
use crate::tutorial::values::{BlockKind, Lines};

/// One command as upstream has it.
#[derive(Clone, Debug)]
pub(crate) struct SourceCommand {
    pub(crate) prompt: Option<String>,
    pub(crate) text: String,
    pub(crate) documented: Vec<String>,
    pub(crate) depth: usize,
    pub(crate) opens: bool,
    /// 1-based line in the file.
    pub(crate) line: usize,
}

/// A block that was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) line: Option<usize>,
    /// It is commands because the spec says so.
    pub(crate) looks_like_text: bool,
    pub(crate) commands: Vec<SourceCommand>,
}

/// What looking for a block gave.
pub(crate) enum Lookup {
    Found(Found),
    /// Neither the file nor a lock that has it could be had.
    Unavailable,
    /// It does not exist, or holds no commands; said already.
    Wrong,
}

impl From<&Exchange> for SourceCommand {
    fn from(exchange: &Exchange) -> Self {
        Self {
            prompt: exchange.prompt.clone(),
            text: exchange.command.clone(),
            documented: exchange.output.clone(),
            depth: exchange.depth,
            opens: exchange.opens,
            line: exchange.line,
        }
    }
}

impl From<&LockedCommand> for SourceCommand {
    fn from(locked: &LockedCommand) -> Self {
        Self {
            prompt: locked.prompt.clone(),
            text: locked.command.clone(),
            documented: Vec::new(),
            depth: locked.depth,
            opens: locked.opens,
            line: locked.line,
        }
    }
}

impl From<&SourceCommand> for LockedCommand {
    fn from(command: &SourceCommand) -> Self {
        Self {
            line: command.line,
            prompt: command.prompt.clone(),
            command: command.text.clone(),
            depth: command.depth,
            opens: command.opens,
        }
    }
}

impl From<&SourceCommand> for UpstreamCommand {
    fn from(command: &SourceCommand) -> Self {
        Self {
            line: command.line,
            text: command.text.clone(),
        }
    }
}

/// The address as it is written, in its one form.
pub(crate) fn address(written: &Spanned<String>, problems: &mut Problems) -> Option<BlockAddress> {
    match written.value.parse() {
        Ok(address) => Some(address),
        Err(error) => {
            let error: crate::readme::AddressError = error;
            problems.push(
                Diagnostic::error("bad-block-address", error.to_string())
                    .at(written.span.clone(), "")
                    .help("a block is named by its heading and its number below it: `Install#2`"),
            );
            None
        }
    }
}

/// Looks a block up; what is wrong is said at `span`.
pub(crate) fn look_up(
    sources: &Sources<'_>,
    address: &BlockAddress,
    kind: Option<BlockKind>,
    span: &Span,
    problems: &mut Problems,
) -> Lookup {
    if let Some(upstream) = sources.upstream {
        return match upstream.readme.block(address) {
            Ok(block) => match commands(block, kind) {
                Some(commands) => Lookup::Found(Found {
                    line: Some(block.line),
                    looks_like_text: matches!(block.kind, Kind::Text(_)),
                    commands,
                }),
                None => {
                    problems.push(no_commands(block, kind, span));
                    Lookup::Wrong
                }
            },
            Err(error) => {
                problems.push(unknown(&error, sources, span));
                Lookup::Wrong
            }
        };
    }
    match sources.lock.and_then(|lock| locked(lock, address)) {
        Some(found) => Lookup::Found(found),
        None => Lookup::Unavailable,
    }
}

/// The commands of a block, if it has any.
pub(crate) fn commands(block: &Block, kind: Option<BlockKind>) -> Option<Vec<SourceCommand>> {
    let commands: Vec<SourceCommand> = match (kind, &block.kind) {
        (Some(BlockKind::Text), _) | (None, Kind::Text(_)) => return None,
        (_, Kind::Commands(exchanges)) => exchanges.iter().map(Into::into).collect(),
        (Some(BlockKind::Commands), Kind::Text(_)) => {
            block.as_commands().iter().map(Into::into).collect()
        }
    };
    (!commands.is_empty()).then_some(commands)
}

fn locked(lock: &Lock, address: &BlockAddress) -> Option<Found> {
    let name = address.to_string();
    let commands = lock.blocks.get(&name)?;
    Some(Found {
        line: None,
        looks_like_text: lock.text.contains(&name),
        commands: commands.iter().map(Into::into).collect(),
    })
}

fn no_commands(block: &Block, kind: Option<BlockKind>, span: &Span) -> Diagnostic {
    let address = &block.address;
    let lines = format!("it is in lines {} to {}", block.line, block.end_line);
    let diagnostic = Diagnostic::error(
        "no-commands",
        format!("the block `{address}` has no commands"),
    )
    .at(span.clone(), lines);
    match kind {
        Some(BlockKind::Text) => {
            diagnostic.help("`as: text` leaves nothing to run: leave the step out")
        }
        _ => diagnostic.help("if it does hold commands, say so: `as: commands`"),
    }
}

fn unknown(error: &LookupError, sources: &Sources<'_>, span: &Span) -> Diagnostic {
    let diagnostic = Diagnostic::error("unknown-block", error.to_string());
    let diagnostic = match error {
        LookupError::Unknown { nearest, all, .. } => {
            let label = nearest.as_ref().map_or(String::new(), |near| {
                format!("nearest is `{near}`{}", holds(sources, near))
            });
            let all: Vec<String> = all.iter().map(ToString::to_string).collect();
            diagnostic
                .at(span.clone(), label)
                .help(format!("blocks here: {}", all.join(", ")))
        }
        LookupError::Ambiguous { .. } => diagnostic.at(span.clone(), "more than one"),
    };
    match sources.shown_by {
        Some(command) => diagnostic.help(format!("to see them: {command}")),
        None => diagnostic,
    }
}

/// What the nearest block holds, so that the reader knows whether it is the one.
fn holds(sources: &Sources<'_>, address: &BlockAddress) -> String {
    let block = sources
        .upstream
        .and_then(|upstream| upstream.readme.block(address).ok());
    let commands = block
        .and_then(|block| commands(block, None))
        .unwrap_or_default();
    let line = |command: &SourceCommand| command.text.lines().next().unwrap_or_default().to_owned();
    match commands.as_slice() {
        [] => String::new(),
        [one] => format!(", one command: `{}`", line(one)),
        [first, .., last] => {
            let count = commands.len();
            format!(
                ", {count} commands from `{}` to `{}`",
                line(first),
                line(last)
            )
        }
    }
}

/// The numbers, from 1, of the commands that a step takes; all without `lines`.
pub(crate) fn selected(
    commands: &[SourceCommand],
    lines: Option<&Spanned<Lines>>,
    problems: &mut Problems,
) -> Option<Vec<usize>> {
    let count = commands.len();
    let Some(lines) = lines else {
        return Some((1..=count).collect());
    };
    let mut numbers = Vec::new();
    for (first, last) in &lines.value.0 {
        let last = last.unwrap_or(count.max(*first));
        if last > count {
            let mut diagnostic = Diagnostic::error(
                "lines-out-of-range",
                format!("the block has {count} commands"),
            )
            .at(
                lines.span.clone(),
                format!("there is no {}", (*first).max(count + 1)),
            );
            for (number, command) in (1..).zip(commands) {
                let line = command.text.lines().next().unwrap_or_default();
                diagnostic = diagnostic.help(format!("{number}: {line}"));
            }
            problems.push(diagnostic);
            return None;
        }
        numbers.extend(*first..=last);
    }
    Some(numbers)
}

/// Makes the author's replacements; each old text must occur.
pub(crate) fn replace(
    commands: &mut [SourceCommand],
    with: &Named<Spanned<String>>,
    problems: &mut Problems,
) -> Vec<(String, String)> {
    let mut made = Vec::new();
    for (old, new) in &with.0 {
        let mut occurs = false;
        for command in commands
            .iter_mut()
            .filter(|command| command.text.contains(&old.value))
        {
            command.text = command.text.replace(&old.value, &new.value);
            occurs = true;
        }
        if !occurs || old.value.is_empty() {
            let mut diagnostic = Diagnostic::error(
                "with-does-not-occur",
                format!("`{}` does not occur in the commands", old.value),
            )
            .at(old.span.clone(), "");
            for command in commands.iter() {
                diagnostic = diagnostic.help(format!("command: {}", command.text));
            }
            problems.push(diagnostic);
        }
        made.push((old.value.clone(), new.value.clone()));
    }
    made
}

/// The place of a block's fence in its file.
pub(crate) fn fence(file: &std::sync::Arc<SourceFile>, line: usize) -> Span {
    let start = crate::tutorial::yaml::offset(&file.text, line, 1).unwrap_or_default();
    let end = file.text[start..]
        .find('\n')
        .map_or(file.text.len(), |at| start + at);
    Span {
        file: std::sync::Arc::clone(file),
        range: start..end,
    }
}
