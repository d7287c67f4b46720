//! No script of a test lets time pass to wait for something. (`clippy.toml` holds Rust to the same.)
//!
//! A `sleep` of ten seconds and more is a program that goes on until somebody ends it. A shorter one has its reason here,
//! and so has each file that waits for silence (`quiet:`) or for a time in its shell (`read -t`).
#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;

/// What may let a short time pass, since that time is the thing under test.
const REASONS: [(&str, &str, &str); 17] = [
    (
        "cases/agent/a-greeting-that-comes-late-is-output/script.yaml",
        "sleep",
        "a login that takes its time",
    ),
    (
        "cases/agent/what-takes-its-time-to-end-is-waited-for/script.yaml",
        "sleep",
        "a connection that is slow to close",
    ),
    (
        "cases/run/the-tutorial-s-time-ends-a-wait-in-a-nested-shell-and-what-hears-no-key/tutorial.yaml",
        "sleep",
        "a loop that hears no key",
    ),
    (
        "cases/run/the-tutorial-s-time-ends-the-step-that-runs/tutorial.yaml",
        "sleep",
        "a cleanup that is longer than the tutorial's time",
    ),
    (
        "cases/agent/awkward-settings-of-the-shell/script.yaml",
        "sleep",
        "a background job that ends",
    ),
    (
        "cases/agent/until-shows-what-came-until-then/script.yaml",
        "sleep",
        "a program that says something now and then",
    ),
    (
        "cases/agent/a-cleanup-gets-a-shell-whatever-hangs/script.yaml",
        "sleep",
        "a loop that ignores keys",
    ),
    (
        "cases/agent/waiting-for-paths-time-quiet-and-ports/script.yaml",
        "sleep",
        "a path that comes after it is waited for",
    ),
    (
        "cases/agent/what-is-no-utf-8-is-replaced/script.yaml",
        "sleep",
        "a character that comes in pieces",
    ),
    (
        "cases/agent/what-still-runs-at-the-end-is-shown-as-it-was/script.yaml",
        "sleep",
        "a program that goes on",
    ),
    (
        "cases/run/steps-of-several-hosts-run-in-their-order/tutorial.yaml",
        "sleep",
        "a step that is slower than the one after it",
    ),
    ("judge.rs", "sleep", "a command that nobody runs"),
    (
        "cases/agent/programs-that-never-end-are-ended/script.yaml",
        "quiet",
        "`until: {quiet: …}` itself",
    ),
    (
        "cases/agent/waiting-for-paths-time-quiet-and-ports/script.yaml",
        "quiet",
        "`wait: {quiet: …}` itself",
    ),
    ("stale.rs", "quiet", "a spec that nobody runs"),
    (
        "cases/lab/fork-bomb-is-bounded/script.sh",
        "read -t",
        "a bomb that has time to grow",
    ),
    (
        "walls.rs",
        "read -t",
        "a shell that goes on and can start nothing any more",
    ),
];

#[test]
fn no_script_lets_time_pass_to_wait() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let ways = Regex::new(r"\b(?:(sleep) (\d*\.?\d+)|(quiet): ?[\d{]|(read -t))").unwrap();
    let mut found = BTreeSet::new();
    for path in files(&tests) {
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let name = path.strip_prefix(&tests).unwrap().to_str().unwrap();
        for way in ways.captures_iter(&text) {
            let goes_on = |time: regex::Match<'_>| time.as_str().parse::<f64>().unwrap() >= 10.0;
            if !way.get(2).is_some_and(goes_on) {
                let way = way.get(1).or(way.get(3)).or(way.get(4)).unwrap();
                found.insert((name.to_owned(), way.as_str().to_owned()));
            }
        }
    }
    let known = REASONS.map(|(path, way, _)| (path.to_owned(), way.to_owned()));
    let known = BTreeSet::from(known);
    let new: Vec<_> = found.difference(&known).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(
        new.is_empty(),
        "{new:#?} let a short time pass: wait for what happens (`wait:`, a fifo, `wait -n`), or say here why not"
    );
    assert!(
        gone.is_empty(),
        "{gone:#?} are no more: their reason can go"
    );
}

/// Every file below `folder` that is written by hand: what a case expects repeats its commands.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_expected = path.extension().is_some_and(|end| end == "txt");
        if path.is_dir() {
            found.extend(files(&path));
        } else if !is_expected && path.file_name().unwrap() != "waits.rs" {
            found.push(path);
        }
    }
    found
}
