//! Blocks without prompts: commands only where each line is one, beyond doubt.

use super::command;
use super::fence::Fence;
use super::look::{self, Look, Names};
use super::transcript::{self, Item};
use super::words;

/// The commands of a block without prompts; `None` where one line is in doubt.
pub(super) fn read(
    source: &str,
    fence: Fence,
    introduction: &str,
    names: &Names<'_>,
) -> Option<Vec<Item>> {
    if !matches!(fence, Fence::Shell | Fence::Silent) || transcript::is_a_file(source) {
        return None;
    }
    let lines: Vec<&str> = source.lines().collect();
    let mut counts = Counts::default();
    let items = walk(&lines, |line, complete| {
        let look = of_command(line, fence, names);
        counts.add(look);
        complete && look != Look::Not
    })?;
    // A lone `export` or `source` may be a line for somebody's ~/.bashrc.
    let commands = match fence {
        Fence::Shell => counts.known + counts.likely > 0,
        // One that is only likely (`firefox`) among others that are known.
        _ => counts.known > counts.likely,
    };
    (commands && !is_list_of_paths(&items) && !speaks_of_a_file(introduction)).then_some(items)
}

/// Every line a command, because the spec says so. Comments and blank lines stay out.
pub(super) fn told(source: &str) -> Vec<Item> {
    let lines: Vec<&str> = source.lines().collect();
    walk(&lines, |_, _| true).unwrap_or_default()
}

#[derive(Default)]
struct Counts {
    known: usize,
    likely: usize,
}

impl Counts {
    fn add(&mut self, look: Look) {
        self.known += usize::from(look == Look::Known);
        self.likely += usize::from(look == Look::Likely);
    }
}

/// Goes from command to command as long as each `is_good`.
fn walk(lines: &[&str], mut is_good: impl FnMut(&str, bool) -> bool) -> Option<Vec<Item>> {
    let mut items = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at].trim_start();
        if line.trim_end().is_empty() || is_comment(line) {
            // A comment has no second line: this one is a command at a root prompt, or nobody knows.
            if line.trim_end().ends_with('\\') {
                return None;
            }
            at += 1;
            continue;
        }
        let indent = lines[at].len() - line.len();
        let read = command::read(
            line.trim_end(),
            indent,
            lines[at + 1..].iter().copied(),
            |_| false,
            false,
        );
        if !is_good(&read.text, read.complete) {
            return None;
        }
        items.push(Item::new(at, None, Some(read.text)));
        at += read.lines;
    }
    Some(items)
}

/// `# …`, `#…`; the preprocessor of C has words there.
fn is_comment(line: &str) -> bool {
    let word = line
        .strip_prefix('#')
        .map(|w| w.split([' ', '(']).next().unwrap_or_default());
    word.is_some_and(|w| {
        !matches!(
            w,
            "include" | "define" | "ifdef" | "ifndef" | "endif" | "pragma" | "if"
        )
    })
}

fn of_command(command: &str, fence: Fence, names: &Names<'_>) -> Look {
    let first = command.lines().next().unwrap_or_default();
    let keyword = first.split([' ', ';']).next().unwrap_or_default();
    if matches!(keyword, "for" | "while" | "until") {
        // A loop is a command where the fence says shell; elsewhere it may be any language's.
        let whole =
            fence == Fence::Shell && (command.ends_with("done") || command.contains("; done"));
        // A loop over several lines is rather an example of a script: it needs commands beside it.
        return match command.lines().count() {
            1 if whole => Look::Likely,
            _ if whole => Look::Setting,
            _ => Look::Not,
        };
    }
    let defines = first
        .split_once("()")
        .is_some_and(|(name, _)| words::is_program_name(name.trim()));
    if defines {
        return Look::Not;
    }
    let trimmed = first.trim_end_matches('\\').trim_end();
    match look::look(trimmed, names) {
        // `program \` and its options below: the first line alone says too little.
        Look::Not | Look::Setting if first.ends_with('\\') => look::look(&joined(command), names),
        look => look,
    }
}

/// The lines that end with `\`, and the one that they go on to, as one.
fn joined(command: &str) -> String {
    let mut whole = String::new();
    for line in command.lines() {
        whole.push_str(line.trim_end_matches('\\').trim());
        if !line.ends_with('\\') {
            break;
        }
        whole.push(' ');
    }
    whole
}

/// `find` prints `./a`, one on each line.
fn is_list_of_paths(items: &[Item]) -> bool {
    items.len() > 2
        && items.iter().all(|i| {
            i.command
                .as_deref()
                .is_some_and(|c| c.starts_with("./") && !c.contains(' '))
        })
}

/// The sentence before the block says that these lines belong into a file, or were printed.
fn speaks_of_a_file(introduction: &str) -> bool {
    // A list item goes on into its block; its own words end at the fence.
    let own = introduction.split("```").next().unwrap_or_default();
    let text = own.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| text.contains(w));
    let file = has(&[
        "bashrc",
        "zshrc",
        "profile",
        "config.fish",
        "crontab",
        "rc file",
        "config file",
        "configuration file",
        "dockerfile",
        "makefile",
        ".yml",
        ".yaml",
        "script:",
        "startup file",
        "rc.local",
        "your shell",
        ".conf",
        "vimrc",
        "zshenv",
    ]);
    let put = has(&[
        "add ",
        "append",
        "put ",
        "insert",
        "paste",
        "place ",
        "contain",
        "like this",
        "following line",
        "looks like",
        "edit ",
    ]);
    let printed = has(&[
        "you should see",
        "will output",
        "output:",
        "prints",
        "the output",
        "will print",
        "will show",
        "will look like",
        "usage:",
        "synopsis",
        "result:",
        "outputs",
    ]);
    (file && put) || printed
}
