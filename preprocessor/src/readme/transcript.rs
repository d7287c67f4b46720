//! Blocks with prompts: an alternation of prompt, command and output.

use super::command;
use super::fence::Fence;
use super::holes::{self, Holes};
use super::look::{self, Look, Names};
use super::prompt::{Prompt, Sort, prompt};
use super::prose;
use super::shells;
use super::words;

/// One prompt with what was typed at it and what came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// Index into the block's lines.
    pub(super) at: usize,
    pub(super) prompt: Option<String>,
    /// `None`: nothing was typed, the prompt only shows which shell is there.
    pub(super) command: Option<String>,
    pub(super) output: Vec<String>,
    pub(super) depth: usize,
    pub(super) opens: bool,
    /// The command is one that begins a shell, whatever comes after it.
    pub(super) opener: bool,
}

impl Item {
    pub(super) fn new(at: usize, prompt: Option<&str>, command: Option<String>) -> Self {
        let opener = command.as_deref().is_some_and(shells::opens_shell);
        let prompt = prompt.map(str::to_owned);
        Self {
            at,
            prompt,
            command,
            output: Vec::new(),
            depth: 0,
            opens: false,
            opener,
        }
    }
}

/// How the prompts of a block are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// What is in doubt is no prompt.
    Careful,
    /// The spec says that these are commands: any prompt is one, also of a program that is no shell.
    Told,
}

/// The commands of a block that has prompts; `None` if it has none, or what has them is no shell session.
pub(super) fn read(
    source: &str,
    fence: Fence,
    names: &Names<'_>,
    root: bool,
    trust: Trust,
) -> Option<Vec<Item>> {
    if trust == Trust::Careful && !may_be_session(source, fence) {
        return None;
    }
    let lines: &[&str] = &source.lines().collect::<Vec<_>>();
    let marks: Vec<Option<Prompt<'_>>> = lines.iter().map(|line| prompt(line)).collect();
    let session = Session {
        lines,
        marks: &marks,
        kind: prompts_of(lines, &marks, fence, trust, names, root)?,
        trust,
    };
    let items = session.items(root);
    let commands = items.iter().any(|i| i.command.is_some());
    if trust == Trust::Careful && all_have_holes(&items) {
        return None;
    }
    commands.then_some(items)
}

/// What can be said before a line is looked at twice.
fn may_be_session(source: &str, fence: Fence) -> bool {
    let of_another_language = || {
        let first = source
            .lines()
            .find(|l| !l.trim().is_empty())
            .and_then(prompt);
        !first.is_some_and(|m| m.sort == Sort::Shell && is_typed(&m))
    };
    match fence {
        Fence::Markup => false,
        Fence::Other => !of_another_language(),
        Fence::Shell | Fence::Silent | Fence::Text => {
            !is_a_file(source) && source.lines().any(|l| prompt(l).is_some())
        }
    }
}

/// A synopsis is the shape of a command. `ssh <host>` among real commands, or with what it printed, is a command
/// with a hole.
fn all_have_holes(items: &[Item]) -> bool {
    let mut all = true;
    let mut any = false;
    for item in items {
        let Some(command) = &item.command else {
            continue;
        };
        any = true;
        match holes::holes(command) {
            Holes::Synopsis => return true,
            Holes::Placeholder if item.output.is_empty() => {}
            Holes::Placeholder | Holes::None => all = false,
        }
    }
    any && all
}

/// Which prompts count in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind<'a> {
    /// Those that only shells have.
    Shell,
    /// This one, which elsewhere is something else.
    Only(&'a str),
    /// `#` and `##` of root.
    Root,
    Any,
}

/// Decides which prompts of a block are prompts.
fn prompts_of<'a>(
    lines: &[&str],
    marks: &[Option<Prompt<'a>>],
    fence: Fence,
    trust: Trust,
    names: &Names<'_>,
    root: bool,
) -> Option<Kind<'a>> {
    if trust == Trust::Told {
        return told(marks);
    }
    let first = lines.iter().position(|l| !l.trim().is_empty())?;
    let first_sure = marks
        .iter()
        .flatten()
        .find(|m| matches!(m.sort, Sort::Shell | Sort::Foreign));
    let shell = first_sure.is_some_and(|m| m.sort == Sort::Shell)
        && marks
            .iter()
            .flatten()
            .any(|m| m.sort == Sort::Shell && is_typed(m));
    if first_sure.is_some_and(|m| m.sort == Sort::Foreign) {
        return None;
    }
    if shell && explains_variables(lines) {
        return None;
    }
    if shell {
        return preamble_is_harmless(lines, marks).then_some(Kind::Shell);
    }
    if fence == Fence::Other {
        return None;
    }
    doubtful(marks, first, fence).or_else(|| root_alone(lines, marks, first, names, root))
}

fn told<'a>(marks: &[Option<Prompt<'a>>]) -> Option<Kind<'a>> {
    let all_root = marks.iter().flatten().all(|m| m.sort == Sort::Root);
    let any = marks.iter().flatten().next().is_some();
    // `# …` alone between lines without prompts is a comment, whoever says that there are commands.
    (any && (!all_root || marks.iter().all(Option::is_some))).then_some(Kind::Any)
}

/// Something that may be a command stands behind the prompt: no amount of money, formula, ellipsis or key.
fn is_typed(mark: &Prompt<'_>) -> bool {
    let rest = mark.rest;
    let first = rest.split([' ', '\t']).next().unwrap_or_default();
    !rest.is_empty()
        && first.starts_with(|c: char| {
            c.is_alphabetic() || "./~\"'({!\\$_:[-".contains(c) || c.is_ascii_digit()
        })
        && !first
            .bytes()
            .all(|b| b.is_ascii_digit() || b".,-:%".contains(&b))
        && !first.starts_with("...")
        && !rest.ends_with(" $")
        && !rest.starts_with("= ")
        && !(rest.starts_with('<') && rest.ends_with('>'))
        // `:` is a command, `:word` explains what stands before it.
        && !(first.len() > 1 && first.starts_with(':') && !first.starts_with(":("))
}

/// A table of the shell's own variables: `$$` and `$#` look like prompts, `$?` beside them like none.
fn explains_variables(lines: &[&str]) -> bool {
    let is = |line: &&str, signs: &[u8]| {
        let mut bytes = line.trim_start().bytes();
        bytes.next() == Some(b'$')
            && bytes.next().is_some_and(|b| signs.contains(&b))
            && matches!(bytes.next(), Some(b' ' | b'\t' | b':'))
    };
    lines.iter().any(|l| is(l, b"$#")) && lines.iter().any(|l| is(l, b"?!@*-_0123456789"))
}

/// Text before the first prompt. Labels are harmless; a manual or `--help` shows its examples indented below
/// its own text, and is none of our sessions.
fn preamble_is_harmless(lines: &[&str], marks: &[Option<Prompt<'_>>]) -> bool {
    let Some(at) = marks
        .iter()
        .position(|m| m.is_some_and(|m| m.sort == Sort::Shell))
    else {
        return false;
    };
    let indent = marks[at].map_or(0, |m| m.indent);
    lines[..at].iter().all(|line| {
        let text = line.trim_start();
        let usage = [
            "usage",
            "synopsis",
            "name",
            "options",
            "example",
            "description",
        ]
        .iter()
        .any(|w| text.to_ascii_lowercase().starts_with(w));
        text.is_empty() || text.starts_with('#') || (line.len() - text.len() >= indent && !usage)
    })
}

/// One prompt that is doubtful alone, as the first line, and each time with a command behind it that is not.
fn doubtful<'a>(marks: &[Option<Prompt<'a>>], first: usize, fence: Fence) -> Option<Kind<'a>> {
    let sign = marks[first].filter(|m| m.sort == Sort::Doubtful)?;
    let names = Names::default();
    // zsh's prompt begins a comment of TeX; a fence that says shell has no TeX.
    let of_zsh = sign.text == "%" && fence == Fence::Shell;
    let mut known = 0;
    let mut likely = 0;
    for mark in marks
        .iter()
        .flatten()
        .filter(|m| m.text == sign.text && !m.is_bare())
    {
        match look::look(mark.rest, &names) {
            Look::Known => known += 1,
            Look::Likely if sign.text == "%" || fence == Fence::Shell => likely += 1,
            Look::Setting if sign.text != ">" => {}
            Look::Not if of_zsh && may_be_typed(mark) => {}
            _ if is_leaving(mark.rest) && sign.text.starts_with('/') => known += 1,
            _ => return None,
        }
    }
    let enough = known > 0 || (fence == Fence::Shell && likely > 0);
    enough.then_some(Kind::Only(sign.text))
}

/// A program that nobody knows, with arguments that do not read like a sentence.
fn may_be_typed(mark: &Prompt<'_>) -> bool {
    let words = words::words(mark.rest);
    words.split_first().is_some_and(|(program, arguments)| {
        words::is_program_name(program)
            && !program.starts_with(|c: char| c.is_ascii_uppercase())
            && !prose::is_prose(arguments)
            && !prose::has_description(mark.rest)
    })
}

/// `#` at the first line and at each command, none of them a comment.
fn root_alone<'a>(
    lines: &[&str],
    marks: &[Option<Prompt<'a>>],
    first: usize,
    names: &Names<'_>,
    root: bool,
) -> Option<Kind<'a>> {
    marks[first].filter(|m| m.sort == Sort::Root)?;
    let mut known = 0;
    // Where something else stands in the block, an unknown program must at least be one of this README's.
    let alone = lines
        .iter()
        .zip(marks)
        .all(|(line, mark)| mark.is_some() || line.trim().is_empty());
    for mark in marks
        .iter()
        .flatten()
        .filter(|m| m.sort == Sort::Root && !m.is_bare())
    {
        match look::look(mark.rest, names) {
            Look::Known => known += 1,
            Look::Likely if alone || names.has(mark.rest) => known += 1,
            Look::Likely | Look::Setting => {}
            // `# udhcpc`: one word, between commands that are known.
            Look::Not if is_one_program(mark.rest) => {}
            // Root's shell goes on from the block above.
            Look::Not
                if root
                    && mark.text.len() > 1
                    && is_typed(mark)
                    && !prose::is_prose(&words::words(mark.rest)) => {}
            Look::Not => return None,
        }
    }
    // Below a comment, the commands have no prompt: then this `#` is no prompt either.
    let mut goes_on = false;
    let mut commands_without = false;
    for (line, mark) in lines.iter().zip(marks) {
        commands_without |= !goes_on && mark.is_none() && look::look(line, names) != Look::Not;
        goes_on = line.trim_end().ends_with('\\');
    }
    let is_root = |m: &Option<Prompt<'_>>| m.is_some_and(|m| m.sort == Sort::Root);
    let settings = lines
        .iter()
        .zip(marks)
        .any(|(line, mark)| !is_root(mark) && is_setting_line(line));
    (known > 0 && !commands_without && !settings).then_some(Kind::Root)
}

fn is_one_program(text: &str) -> bool {
    !text.contains(' ')
        && text.len() > 2
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
}

/// A line of a configuration file whose comments look like commands.
fn is_setting_line(line: &str) -> bool {
    let line = line.trim();
    line.starts_with('[') && line.ends_with(']')
        || line
            .split_once('=')
            .is_some_and(|(key, _)| !key.is_empty() && !key.trim().contains(' '))
        || line.ends_with('{')
        || line.ends_with(';')
        || line.starts_with('#')
}

/// What begins like a script, a patch or a page of a manual is no session, whatever is in it.
pub(super) fn is_a_file(source: &str) -> bool {
    let first = source
        .lines()
        .map(str::trim)
        .find(|l| !l.is_empty())
        .unwrap_or_default();
    let begins = |sign: &&str| {
        first
            .get(..sign.len())
            .is_some_and(|s| s.eq_ignore_ascii_case(sign))
    };
    let is = |sign: &&str| first.eq_ignore_ascii_case(sign);
    BEGINNINGS.iter().any(begins) || TITLES.iter().any(is)
}

/// How files, patches and help begin.
const BEGINNINGS: &[&str] = &[
    "#!",
    "#include",
    "diff --git ",
    "--- ",
    "+++ ",
    "@@ ",
    "index: ",
    "<?",
    "<!",
    "{",
    "commit ",
    "usage:",
    "options:",
    "commands:",
];

/// First lines of manual pages.
const TITLES: &[&str] = &["usage", "synopsis", "name", "options"];

struct Session<'a> {
    lines: &'a [&'a str],
    marks: &'a [Option<Prompt<'a>>],
    kind: Kind<'a>,
    trust: Trust,
}

impl<'a> Session<'a> {
    fn items(&self, root: bool) -> Vec<Item> {
        let mut items: Vec<Item> = Vec::new();
        let mut state = State {
            root,
            base: None,
            opener: root,
        };
        let mut at = 0;
        while at < self.lines.len() {
            let Some(mark) = self.marks[at].filter(|m| self.counts(at, m, &state, &items)) else {
                at += self.other_line(at, &mut items, &state);
                continue;
            };
            finish(items.last_mut());
            state.base.get_or_insert(mark.indent);
            state.root = mark.sort == Sort::Root;
            let typed = self.typed(&mark);
            let (command, taken) = typed.map_or((None, 1), |text| self.command(at, &mark, text));
            let item = Item::new(at, Some(mark.text), command);
            state.opener = item.opener || (state.opener && item.command.is_none());
            items.push(item);
            at += taken;
        }
        finish(items.last_mut());
        items
    }

    /// What was typed at a prompt; a comment, an ellipsis or a key are no commands.
    fn typed(&self, mark: &Prompt<'a>) -> Option<&'a str> {
        let comment =
            mark.rest.starts_with('#') && (mark.rest.len() == 1 || !mark.rest.starts_with("#!"));
        (is_typed(mark) && !comment && !mark.rest.starts_with("^")).then_some(mark.rest)
    }

    fn command(&self, at: usize, mark: &Prompt<'a>, text: &str) -> (Option<String>, usize) {
        let is_prompt = |line: &str| {
            prompt(line).is_some_and(|m| {
                m.indent <= mark.indent
                    && (m.text == mark.text && m.sort != Sort::Doubtful || m.sort == Sort::Shell)
            })
        };
        let rest = self.lines[at + 1..].iter().copied();
        let read = command::read(text, mark.indent, rest, is_prompt, true);
        (Some(read.text), read.lines)
    }

    /// Whether this prompt counts here.
    fn counts(&self, at: usize, mark: &Prompt<'_>, state: &State, items: &[Item]) -> bool {
        if self.kind == Kind::Any {
            return true;
        }
        let deeper = state.base.is_some_and(|base| mark.indent > base);
        let fresh = items
            .last()
            .is_some_and(|i| i.output.is_empty() && i.prompt.as_deref() != Some(mark.text));
        if deeper && !(fresh && state.opener) {
            return false;
        }
        match (self.kind, mark.sort) {
            (Kind::Only(text), Sort::Doubtful) => mark.text == text,
            (Kind::Root, Sort::Root) | (Kind::Only(_) | Kind::Root | Kind::Shell, Sort::Shell)
                if mark.sort != Sort::Root =>
            {
                is_typed(mark) || mark.is_bare() || mark.rest.starts_with(['#', '^', '.', '…'])
            }
            (Kind::Root, Sort::Root) => true,
            (Kind::Shell, Sort::Root) => self.is_root(at, mark, state),
            // A host's own prompt, right after a command that went there.
            (Kind::Shell, Sort::Doubtful) => {
                state.opener
                    && fresh
                    && (mark.is_bare()
                        || is_leaving(mark.rest)
                        || look::look(mark.rest, &Names::default()) == Look::Known)
            }
            _ => false,
        }
    }

    /// In a block with other prompts, `#` is root's after `su -` and in root's shell; elsewhere it is a comment.
    fn is_root(&self, at: usize, mark: &Prompt<'_>, state: &State) -> bool {
        if mark.is_bare() {
            return state.root && mark.text.len() > 1;
        }
        // One word at the start of a block is rather a comment, though root's shell was open above.
        let command = is_leaving(mark.rest)
            || (state.base.is_some() && is_one_program(mark.rest))
            || look::look(mark.rest, &Names::default()) != Look::Not;
        command && (state.root || state.opener || self.leads_out(at))
    }

    /// The block begins as root and says `exit` before the first other prompt.
    fn leads_out(&self, at: usize) -> bool {
        let mut left = false;
        // Nobody is root for longer before the first other prompt; it bounds the time.
        for mark in self.marks[at..].iter().take(100).flatten() {
            match mark.sort {
                Sort::Root => left = is_leaving(mark.rest),
                _ => break,
            }
        }
        left
    }

    /// A line without a prompt: output of the command above, or a first command that was shown without one.
    /// Gives how many lines it took.
    fn other_line(&self, at: usize, items: &mut Vec<Item>, state: &State) -> usize {
        let line = self.lines[at].trim_end();
        let white = line.len() - line.trim_start().len();
        if let Some(item) = items.last_mut() {
            if item.command.is_some() {
                item.output
                    .push(line[white.min(state.base.unwrap_or(0))..].to_owned());
            }
        } else if self.trust == Trust::Careful && look::look(line, &Names::default()) == Look::Known
        {
            let rest = self.lines[at + 1..].iter().copied();
            let read = command::read(line.trim(), white, rest, |l| prompt(l).is_some(), false);
            if read.complete {
                items.push(Item::new(at, None, Some(read.text)));
                return read.lines;
            }
        }
        1
    }
}

struct State {
    /// The shell at the last prompt is root's.
    root: bool,
    /// The column of the block's prompts; what is deeper is output.
    base: Option<usize>,
    /// The last command began a shell.
    opener: bool,
}

fn is_leaving(text: &str) -> bool {
    matches!(text, "exit" | "logout" | "exit 0")
}

/// Takes away what is not output: blank lines around it, and comments of the author right before the next prompt.
fn finish(item: Option<&mut Item>) {
    let Some(item) = item else { return };
    let is_comment = |line: &String| {
        prompt(line).is_some_and(|m| m.sort == Sort::Root && m.indent == 0)
            && !line.trim().is_empty()
    };
    let blank = |line: &String| line.trim().is_empty();
    let keep = item
        .output
        .iter()
        .rposition(|line| !is_comment(line) && !blank(line))
        .map_or(0, |n| n + 1);
    let apart = keep == 0 || item.output[keep..].first().is_some_and(blank);
    if apart {
        item.output.truncate(keep);
    }
    while item.output.last().is_some_and(blank) {
        item.output.pop();
    }
    let leading = item.output.iter().take_while(|l| blank(l)).count();
    item.output.drain(..leading);
}
