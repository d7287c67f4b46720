//! No script of a test sleeps to wait for something. (`clippy.toml` holds Rust to the same.)
//!
//! A `sleep` of ten seconds and more is a program that goes on until somebody ends it. A shorter one has its reason here.
#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;

/// What may sleep for a short time, since that time is the thing under test.
const REASONS: [(&str, &str); 12] = [
    (
        "cases/agent/a-greeting-that-comes-late-is-output/script.yaml",
        "a login that takes its time",
    ),
    (
        "cases/agent/what-takes-its-time-to-end-is-waited-for/script.yaml",
        "a connection that is slow to close",
    ),
    (
        "cases/run/the-tutorial-s-time-ends-a-wait-in-a-nested-shell-and-what-hears-no-key/tutorial.yaml",
        "a loop that hears no key",
    ),
    (
        "cases/run/the-tutorial-s-time-ends-the-step-that-runs/tutorial.yaml",
        "a cleanup that is longer than the tutorial's time",
    ),
    (
        "cases/agent/awkward-settings-of-the-shell/script.yaml",
        "a background job that ends",
    ),
    (
        "cases/agent/until-shows-what-came-until-then/script.yaml",
        "a program that says something now and then",
    ),
    (
        "cases/agent/a-cleanup-gets-a-shell-whatever-hangs/script.yaml",
        "a loop that ignores keys",
    ),
    (
        "cases/agent/waiting-for-paths-time-quiet-and-ports/script.yaml",
        "a path that comes after it is waited for",
    ),
    (
        "cases/agent/what-is-no-utf-8-is-replaced/script.yaml",
        "a character that comes in pieces",
    ),
    (
        "cases/agent/what-still-runs-at-the-end-is-shown-as-it-was/script.yaml",
        "a program that goes on",
    ),
    (
        "cases/run/steps-of-several-hosts-run-in-their-order/tutorial.yaml",
        "a step that is slower than the one after it",
    ),
    ("judge.rs", "a command that nobody runs"),
];

#[test]
fn no_script_sleeps_to_wait() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let sleep = Regex::new(r"\bsleep (\d*\.?\d+)").unwrap();
    let mut sleepers = BTreeSet::new();
    for path in files(&tests) {
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let is_short = |found: regex::Captures<'_>| found[1].parse::<f64>().unwrap() < 10.0;
        if sleep.captures_iter(&text).any(is_short) {
            let name = path.strip_prefix(&tests).unwrap();
            sleepers.insert(name.to_str().unwrap().to_owned());
        }
    }
    let known = BTreeSet::from(REASONS.map(|(path, _)| path.to_owned()));
    let new: Vec<_> = sleepers.difference(&known).collect();
    let gone: Vec<_> = known.difference(&sleepers).collect();
    assert!(
        new.is_empty(),
        "{new:#?} sleep for a short time: wait for what happens (`wait:`, a fifo, `wait -n`), or say here why not"
    );
    assert!(
        gone.is_empty(),
        "{gone:#?} don't sleep any more: their reason can go"
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
