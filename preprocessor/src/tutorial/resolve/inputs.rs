//! `inputs:` and `checkout:` → what a run takes from outside, each with its pin and its place.

use crate::diagnostic::{Diagnostic, Span};
use crate::tutorial::keys::{Problems, Spanned};
use crate::tutorial::model::{Host, Input, InputSource};
use crate::tutorial::spec::{InputKeys, SpecKeys};

use super::hosts::unknown_host;

/// A file's URL begins with one of these; `curl` is told to follow no other.
const SCHEMES: [&str; 3] = ["https://", "http://", "file:///"];

pub(crate) fn inputs(keys: &SpecKeys, hosts: &[Host], problems: &mut Problems) -> Vec<Input> {
    checkouts(keys, problems);
    let mut inputs: Vec<Input> = Vec::new();
    for written in keys.inputs.iter().flat_map(|inputs| &inputs.value) {
        let Some(input) = input(written, keys, hosts, problems) else {
            continue;
        };
        let same = |other: &&Input| (other.host, &other.path) == (input.host, &input.path);
        if let Some(first) = inputs.iter().find(same) {
            let first = first.at.line;
            problems.push(
                Diagnostic::error(
                    "same-path",
                    format!("two inputs are put to `{}`", input.path),
                )
                .at(
                    written.span.clone(),
                    format!("the first is in line {first}"),
                ),
            );
            continue;
        }
        inputs.push(input);
    }
    inputs
}

/// A checkout is of upstream: there has to be one.
fn checkouts(keys: &SpecKeys, problems: &mut Problems) {
    if keys.has("upstream") {
        return;
    }
    let hosts = keys.hosts.iter().flat_map(|hosts| &hosts.value.0);
    for (_, host) in hosts {
        let checkout = host.0.checkout.as_ref();
        if let Some(checkout) = checkout.filter(|checkout| checkout.value) {
            problems.push(
                Diagnostic::error("no-upstream", "there is no upstream to check out")
                    .at(checkout.span.clone(), "this is upstream's tree at the commit")
                    .help("add `upstream:`, or take the tree of another repository: `inputs: [{git: …, commit: …, path: …}]`"),
            );
        }
    }
}

fn input(
    written: &Spanned<InputKeys>,
    keys: &SpecKeys,
    hosts: &[Host],
    problems: &mut Problems,
) -> Option<Input> {
    // All of it is looked at before anything is missed.
    let source = source(written, problems);
    let path = path(written, problems);
    let host = match &written.value.host {
        None => Some(0),
        Some(name) => {
            let found = hosts.iter().position(|host| host.name == name.value);
            if found.is_none() {
                unknown_host(name, hosts, keys, problems);
            }
            found
        }
    };
    Some(Input {
        source: source?,
        host: host?,
        path: path?,
        at: written.span.position(),
    })
}

fn source(written: &Spanned<InputKeys>, problems: &mut Problems) -> Option<InputSource> {
    let keys = &written.value;
    match (keys.has("url"), keys.has("git")) {
        (true, false) => {
            stray(written, "commit", "sha256", problems);
            let sha256 = pin(written, "sha256", keys.sha256.as_ref(), 64, problems);
            let url = keys.url.as_ref()?;
            let wrong = match is_url(&url.value) {
                true => None,
                false => Some("it begins with none of https://, http://, file:///"),
            };
            Some(InputSource::File {
                url: checked(url, wrong, problems)?,
                sha256: sha256?,
            })
        }
        (false, true) => {
            stray(written, "sha256", "commit", problems);
            let commit = pin(written, "commit", keys.commit.as_ref(), 40, problems);
            let git = keys.git.as_ref()?;
            let wrong = crate::upstream::check_url(&git.value).err();
            Some(InputSource::Tree {
                url: checked(git, wrong, problems)?,
                commit: commit?,
            })
        }
        _ => {
            problems.push(
                Diagnostic::error("bad-input", "an input is one file or one repository: `url:` or `git:`")
                    .at(written.span.clone(), "")
                    .help("`{url: https://…, sha256: …, path: …}` or `{git: https://…, commit: …, path: …}`"),
            );
            None
        }
    }
}

fn is_url(text: &str) -> bool {
    let known = SCHEMES
        .iter()
        .any(|scheme| text.starts_with(scheme) && text != *scheme);
    known && !text.chars().any(|c| c.is_control() || c == ' ')
}

fn checked(
    url: &Spanned<String>,
    wrong: Option<&'static str>,
    problems: &mut Problems,
) -> Option<String> {
    let Some(reason) = wrong else {
        return Some(url.value.clone());
    };
    problems.push(
        Diagnostic::error("bad-input", format!("`{}` is not fetched from", url.value))
            .at(url.span.clone(), reason),
    );
    None
}

/// A pin of the other kind.
fn stray(
    written: &Spanned<InputKeys>,
    key: &'static str,
    instead: &'static str,
    problems: &mut Problems,
) {
    let span = |(_, span): &(&'static str, Span)| span.clone();
    let found = written.value.written.iter().find(|(name, _)| *name == key);
    if let Some(span) = found.map(span) {
        let kind = if key == "commit" {
            "a file"
        } else {
            "a repository"
        };
        problems.push(
            Diagnostic::error("misplaced-key", format!("{kind} has no `{key}`"))
                .at(span, format!("it is pinned by `{instead}`")),
        );
    }
}

fn pin(
    written: &Spanned<InputKeys>,
    key: &'static str,
    value: Option<&Spanned<String>>,
    digits: usize,
    problems: &mut Problems,
) -> Option<String> {
    let Some(value) = value else {
        if !written.value.has(key) {
            problems.push(
                Diagnostic::error(
                    "no-pin",
                    format!("this input is not pinned: `{key}` is missing"),
                )
                .at(written.span.clone(), "")
                .help(match key {
                    "sha256" => "`sha256sum FILE` gives it",
                    _ => "`git rev-parse HEAD`, in a clone, gives it",
                }),
            );
        }
        return None;
    };
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let right = value.value.len() == digits && value.value.bytes().all(hex);
    if !right {
        let count = value.value.chars().count();
        problems.push(
            Diagnostic::error(
                "bad-pin",
                format!("`{key}` is {digits} lower-case hex digits"),
            )
            .at(value.span.clone(), format!("{count} characters")),
        );
    }
    right.then(|| value.value.clone())
}

/// `a/./b//` is `a/b`; the root and the home itself are no place for an input, and `..` is none for anybody.
fn path(written: &Spanned<InputKeys>, problems: &mut Problems) -> Option<String> {
    let Some(path) = &written.value.path else {
        if !written.value.has("path") {
            problems.push(
                Diagnostic::error("no-path", "this input has no place: `path` is missing")
                    .at(written.span.clone(), "")
                    .help("`path: NAME` is below the home of `user`, `path: /opt/NAME` anywhere"),
            );
        }
        return None;
    };
    let inside = crate::tutorial::spec::inside(path.value.trim_start_matches('/'));
    let clean = inside.filter(|_| !path.value.chars().any(char::is_control));
    let Some(clean) = clean.and_then(|clean| clean.to_str().map(str::to_owned)) else {
        problems.push(
            Diagnostic::error("bad-path", format!("`{}` is no place for an input", path.value.escape_debug()))
                .at(path.span.clone(), "")
                .help("it is a path without `..`: `NAME` is below the home of `user`, `/opt/NAME` anywhere"),
        );
        return None;
    };
    match path.value.starts_with('/') {
        true => Some(format!("/{clean}")),
        false => Some(clean),
    }
}
