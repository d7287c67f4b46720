//! `upstream:` → a pin, what a page says of it, and the lock.

use super::{Resolver, is_declared_text};
use crate::diagnostic::Diagnostic;
use crate::judge::transcript::Lock;
use crate::tutorial::keys::{Problems, Spanned};
use crate::tutorial::model::{Upstream, UpstreamSource};
use crate::tutorial::spec::{Spec, UpstreamKeys, inside};
use crate::upstream::Pin;

/// The pin of a spec; `None` without `upstream:`, or after what is wrong has been said.
pub(crate) fn pin_of(spec: &Spec, problems: &mut Problems) -> Option<Pin> {
    let upstream = spec.keys.upstream.as_ref()?;
    let keys = &upstream.value;
    // All of it is looked at before anything is missed.
    let repository = repository(upstream, problems);
    let commit = hex(upstream, "commit", keys.commit.as_ref(), 40, problems);
    let sha256 = hex(upstream, "sha256", keys.sha256.as_ref(), 64, problems);
    let file = match &keys.file {
        None => Some("README.md".to_owned()),
        Some(file) => inside_repository(file, problems),
    };
    let (url, github) = repository?;
    Some(Pin {
        url,
        github,
        commit: commit?,
        file: file?,
        sha256: sha256?,
    })
}

/// The pin of a spec, if it has a right one. What is wrong with it is said by [`super::resolve`].
pub fn pin(spec: &Spec) -> Option<Pin> {
    pin_of(spec, &mut Problems::default())
}

fn repository(
    upstream: &Spanned<UpstreamKeys>,
    problems: &mut Problems,
) -> Option<(String, Option<String>)> {
    match (&upstream.value.github, &upstream.value.git) {
        (Some(github), None) => {
            if !is_github(&github.value) {
                problems.push(
                    Diagnostic::error("bad-upstream", format!("`{}` is no repository on GitHub", github.value))
                        .at(github.span.clone(), "")
                        .help("it is OWNER/REPO, like virtualsquare/sshlirp; any other forge: `git: https://…`"),
                );
                return None;
            }
            let url = format!("https://github.com/{}", github.value);
            Some((url, Some(github.value.clone())))
        }
        (None, Some(git)) => {
            if let Err(reason) = crate::upstream::check_url(&git.value) {
                problems.push(
                    Diagnostic::error(
                        "bad-upstream",
                        format!("`{}` is not fetched from", git.value),
                    )
                    .at(git.span.clone(), reason),
                );
                return None;
            }
            Some((git.value.clone(), None))
        }
        _ => {
            let both = upstream.value.github.is_some() && upstream.value.git.is_some();
            if both || !(upstream.value.has("github") || upstream.value.has("git")) {
                problems.push(
                    Diagnostic::error(
                        "bad-upstream",
                        "upstream is one repository: `github:` or `git:`",
                    )
                    .at(upstream.span.clone(), ""),
                );
            }
            None
        }
    }
}

fn is_github(text: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with(['-', '.'])
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    text.split_once('/')
        .is_some_and(|(owner, repo)| part(owner) && part(repo))
}

fn hex(
    upstream: &Spanned<UpstreamKeys>,
    key: &'static str,
    value: Option<&Spanned<String>>,
    digits: usize,
    problems: &mut Problems,
) -> Option<String> {
    let Some(value) = value else {
        if !upstream.value.has(key) {
            problems.push(
                Diagnostic::error(
                    "no-pin",
                    format!("upstream is not pinned: `{key}` is missing"),
                )
                .at(upstream.span.clone(), "")
                .help(
                    "`git rev-parse HEAD` and `sha256sum FILE`, in a clone of upstream, give both",
                ),
            );
        }
        return None;
    };
    let right = value.value.len() == digits
        && value
            .value
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
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

fn inside_repository(file: &Spanned<String>, problems: &mut Problems) -> Option<String> {
    // `:` and `..` would mean something else to git; the file is named from the root of its repository.
    let path = inside(&file.value).filter(|_| !file.value.contains([':', '\\']));
    if path.is_none() {
        problems.push(
            Diagnostic::error(
                "path-escapes",
                format!("`{}` leads out of the repository", file.value),
            )
            .at(file.span.clone(), "")
            .help("the file is named from the repository's root, without `../`"),
        );
    }
    path.map(|path| path.to_string_lossy().into_owned())
}

impl Resolver<'_> {
    pub(super) fn upstream(&self, pin: &Pin) -> Upstream {
        let commands = match (self.sources.upstream, self.sources.lock) {
            (Some(upstream), _) => {
                let blocks = upstream.readme.blocks.iter();
                let commands = blocks.filter(|block| !is_declared_text(upstream, block));
                commands.map(|block| block.commands().len()).sum()
            }
            (None, Some(lock)) => lock.commands,
            (None, None) => 0,
        };
        Upstream {
            url: pin.url.clone(),
            github: pin.github.clone(),
            commit: pin.commit.clone(),
            file: pin.file.clone(),
            sha256: pin.sha256.clone(),
            commands,
            source: self.source(),
        }
    }

    /// What the next transcript keeps of upstream; without the file, what the last one kept.
    pub(super) fn lock(&self, upstream: &Upstream) -> Option<Lock> {
        match upstream.source {
            UpstreamSource::File => Some(Lock {
                commit: upstream.commit.clone(),
                file: upstream.file.clone(),
                sha256: upstream.sha256.clone(),
                commands: upstream.commands,
                blocks: self.blocks.clone(),
                text: self.text.iter().cloned().collect(),
                annotated: self.annotated.clone(),
            }),
            UpstreamSource::Lock => self.sources.lock.cloned(),
            UpstreamSource::Unavailable => None,
        }
    }
}
