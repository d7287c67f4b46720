//! Nothing of upstream's prose is in this repository: commands and their output alone are taken from there.
//!
//! The check needs upstream's files (`TWIN_UPSTREAM_DIRS`) and git, and says so where they are missing. Of each markdown
//! file it takes all runs of eight words, code blocks left out, and looks for them in every tracked file but transcripts,
//! which hold commands and what they printed.

#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// So many words in a row are nobody's by chance.
const RUN: usize = 8;

/// A word, and whether it stands in `code`, where it may be a part of a command.
type Word = (String, bool);

/// The passages of a markdown text: paragraphs, headings, items, cells; none of its code blocks.
fn passages(markdown: &str) -> Vec<Vec<Word>> {
    let mut passages = vec![Vec::new()];
    let mut in_code = false;
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        let last = passages.last_mut().unwrap();
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Text(text) if !in_code => last.extend(words(&text).map(|word| (word, false))),
            Event::Code(text) => last.extend(words(&text).map(|word| (word, true))),
            Event::End(
                TagEnd::Paragraph
                | TagEnd::Heading(_)
                | TagEnd::Item
                | TagEnd::TableCell
                | TagEnd::BlockQuote(_),
            ) => passages.push(Vec::new()),
            _ => {}
        }
    }
    passages
}

/// Lower case, letters and digits alone: no markup, no line break, no mark of a comment hides a run.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// Every run of words, and which file it is from. A run of code alone is a command.
fn runs(files: &[(String, String)]) -> HashMap<Vec<String>, &str> {
    let mut runs = HashMap::new();
    for (name, text) in files {
        for passage in passages(text) {
            for run in passage.windows(RUN) {
                if !run.iter().all(|(_, is_code)| *is_code) {
                    let run = run.iter().map(|(word, _)| word.clone());
                    runs.insert(run.collect(), name.as_str());
                }
            }
        }
    }
    runs
}

/// What of it a text has: each run that begins no more than one word behind the last one told is the same find.
fn found<'a>(text: &str, runs: &HashMap<Vec<String>, &'a str>) -> Vec<(String, &'a str)> {
    let words: Vec<String> = words(text).collect();
    let mut found = Vec::new();
    let mut last = None;
    for (at, run) in words.windows(RUN).enumerate() {
        if let Some(from) = runs.get(run) {
            if last.is_none_or(|last| last + 1 < at) {
                found.push((run.join(" "), *from));
            }
            last = Some(at);
        }
    }
    found
}

fn markdown_below(folder: &Path, into: &mut Vec<(String, String)>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            markdown_below(&path, into);
        } else if path.extension().is_some_and(|it| it == "md") {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            into.push((path.display().to_string(), text));
        }
    }
}

fn tracked(repository: &Path) -> Option<Vec<PathBuf>> {
    let listed = Command::new("git")
        .arg("ls-files")
        .arg("-z")
        .current_dir(repository)
        .output();
    let listed = listed.ok().filter(|it| it.status.success())?;
    let names = String::from_utf8(listed.stdout).unwrap();
    let paths = names.split_terminator('\0').map(PathBuf::from);
    Some(paths.collect())
}

fn holds_commands_alone(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.ends_with(".transcript.yaml"))
}

#[test]
fn no_run_of_eight_words_is_upstream_s() {
    let Some(dirs) = std::env::var_os("TWIN_UPSTREAM_DIRS") else {
        eprintln!("skipped: TWIN_UPSTREAM_DIRS is not set, so upstream's prose is not known");
        return;
    };
    let mut files = Vec::new();
    for dir in std::env::split_paths(&dirs) {
        markdown_below(&dir, &mut files);
    }
    if files.is_empty() {
        eprintln!("skipped: there is no markdown file in TWIN_UPSTREAM_DIRS");
        return;
    }
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let Some(tracked) = tracked(&repository) else {
        eprintln!("skipped: this is no clone, or git is missing");
        return;
    };
    let runs = runs(&files);
    let mut wrong = Vec::new();
    let mut looked_at = 0;
    for path in tracked.iter().filter(|path| !holds_commands_alone(path)) {
        // One that is tracked and gone, or is no text, has no prose.
        let Ok(text) = fs::read_to_string(repository.join(path)) else {
            continue;
        };
        looked_at += 1;
        for (run, from) in found(&text, &runs) {
            wrong.push(format!("{}: “{run}” is from {from}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(looked_at > 100, "only {looked_at} files");
    eprintln!(
        "{} runs of {} files, {looked_at} files",
        runs.len(),
        files.len()
    );
}

#[test]
fn a_run_is_found_whatever_stands_between_its_words() {
    let upstream = "# A lamp\n\nThe *lamp* shines for whom it likes, see `lamp --help` for more.\n\n```\n$ one two three four five six seven eight nine\n```\n\nUse `lamp --on --for alice --colour red --until noon --quiet`.\n";
    let files = [("lamp.md".to_owned(), upstream.to_owned())];
    let runs = runs(&files);
    let hit = |text: &str| found(text, &runs).len();
    assert_eq!(hit("the lamp shines for whom it likes, see"), 1);
    assert_eq!(
        hit("/// The lamp shines\n/// for whom\n/// it likes: see \"lamp\" -- help"),
        1
    );
    assert_eq!(hit("A lamp shines for whom it likes."), 0);
    // The end of one passage and the beginning of the next are no run.
    assert_eq!(hit("a lamp the lamp shines for whom it"), 0);
    // Code blocks and commands.
    assert_eq!(hit("one two three four five six seven eight nine"), 0);
    assert_eq!(hit("lamp --on --for alice --colour red --until noon"), 0);
    assert_eq!(hit("use lamp on for alice colour red until noon"), 1);
}
