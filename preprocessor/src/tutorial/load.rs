//! A tutorial by its name: spec, upstream and transcript are read, and resolved.
//!
//! The one place below `tutorial/` that opens files. What can be said about a tutorial without running it is said here.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::digest::digest;
use super::resolve::{Resolved, Sources, UpstreamFile, is_name, pin, resolve};
use super::spec::Spec;
use super::{Tutorial, UpstreamSource};
use crate::diagnostic::{Diagnostic, SourceFile, Span};
use crate::judge::transcript::{Lock, from_yaml};
use crate::judge::{Timings, Transcript};
use crate::project::Project;
use crate::readme::Readme;
use crate::upstream::{Pin, PinError, Reach};

/// All that is known of a tutorial before it runs.
#[derive(Debug)]
pub struct Loaded {
    /// As written, for messages that come later.
    pub spec: Spec,
    /// Ready to run, where its upstream is known.
    pub tutorial: Tutorial,
    /// Of what runs.
    pub digest: String,
    /// What was recorded.
    pub transcript: Option<Transcript>,
    /// How long the recorded run took, where that was written down.
    pub timings: Option<Timings>,
    /// Upstream's commands, for the next transcript.
    pub lock: Option<Lock>,
    /// The upstream file, where it could be had.
    pub readme: Option<UpstreamFile>,
    /// Why upstream could not be read, where it could not and was asked for.
    pub unavailable: Option<String>,
}

/// When the upstream file is looked for beyond this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// Never: the lock and the cache are what there is.
    Never,
    /// Where the lock does not have every block that is used.
    IfNeeded,
    /// Unless it is in the cache: a recording wants documented output.
    Always,
}

/// The names of all tutorials, sorted: `tutorials/NAME.yaml`.
/// # Errors
/// When `tutorials/` is there and can't be read.
pub fn names(project: &Project) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(project.tutorials()) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let file = entry?.file_name();
        let name = file.to_str().and_then(|file| file.strip_suffix(".yaml"));
        // A transcript's name has a dot, which no tutorial's has.
        names.extend(
            name.filter(|name| !name.ends_with(".transcript"))
                .map(str::to_owned),
        );
    }
    names.sort();
    Ok(names)
}

/// Reads and resolves a tutorial; fetches its upstream where neither cache nor lock has it.
/// # Errors
/// Everything that is wrong with it.
pub fn load(project: &Project, name: &str) -> Result<Loaded, Vec<Diagnostic>> {
    load_with(project, name, Fetch::IfNeeded)
}

/// As [`load`], and says when git is asked.
/// # Errors
/// Everything that is wrong with it.
pub fn load_with(project: &Project, name: &str, fetch: Fetch) -> Result<Loaded, Vec<Diagnostic>> {
    let spec = read_spec(project, name)?;
    let transcript = read_transcript(project, name).map_err(|error| vec![error])?;
    let timings = read_timings(project, name).map_err(|error| vec![error])?;
    let lock = transcript
        .as_ref()
        .and_then(|transcript| transcript.upstream.as_ref());
    let pin = pin(&spec);
    let (readme, unavailable, mut problems) = match &pin {
        Some(pin) => upstream(project, &spec, pin, lock, fetch),
        None => (None, None, Vec::new()),
    };
    // `extract` fetches from GitHub alone.
    let shown_by = pin
        .as_ref()
        .filter(|pin| pin.github.is_some())
        .map(|pin| format!("mdbook-twin extract {}", word(&pin.shown())));
    let sources = Sources {
        upstream: readme.as_ref(),
        lock,
        shown_by: shown_by.as_deref(),
    };
    match resolve(&spec, &sources) {
        Ok(Resolved { tutorial, lock }) if problems.is_empty() => Ok(Loaded {
            digest: digest(&tutorial),
            spec,
            tutorial,
            transcript,
            timings,
            lock,
            readme,
            unavailable,
        }),
        Ok(_) => Err(problems),
        Err(more) => {
            problems.extend(more);
            crate::diagnostic::sort(&mut problems);
            Err(problems)
        }
    }
}

fn read_spec(project: &Project, name: &str) -> Result<Spec, Vec<Diagnostic>> {
    check_name(project, name).map_err(|error| vec![error])?;
    let tutorials = project.tutorials();
    let read = |relative: &Path| read_source(project, &tutorials.join(relative));
    let file = match read(Path::new(&format!("{name}.yaml"))) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(vec![unknown(project, name)]);
        }
        Err(error) => {
            let message = format!("tutorials/{name}.yaml can't be read: {error}");
            return Err(vec![Diagnostic::error("unreadable", message)]);
        }
    };
    Spec::parse(name, file, &|relative| {
        inside_tutorials(&tutorials, relative).and_then(|_| read(relative))
    })
}

/// A symbolic link must not lead where a name may not.
fn inside_tutorials(tutorials: &Path, relative: &Path) -> io::Result<()> {
    let real = tutorials.join(relative).canonicalize()?;
    match real.starts_with(tutorials.canonicalize()?) {
        true => Ok(()),
        false => Err(io::Error::other(
            "it is a link that leads out of tutorials/",
        )),
    }
}

fn read_source(project: &Project, path: &Path) -> io::Result<SourceFile> {
    let text = std::fs::read_to_string(path)?;
    let path = path.strip_prefix(&project.root).unwrap_or(path).to_owned();
    Ok(SourceFile { path, text })
}

/// Whether a text may be a tutorial's name at all.
/// # Errors
/// The message that says why not.
pub fn check_name(_: &Project, name: &str) -> Result<(), Diagnostic> {
    if is_name(name) {
        return Ok(());
    }
    Err(
        Diagnostic::error("bad-name", format!("`{name}` is no name of a tutorial"))
            .help("names have lower case letters, digits, `-` and `_`: the tutorial `a` is tutorials/a.yaml"),
    )
}

fn unknown(project: &Project, name: &str) -> Diagnostic {
    let all = names(project).unwrap_or_default();
    let mut diagnostic =
        Diagnostic::error("unknown-tutorial", format!("there is no tutorial `{name}`"));
    if let Some(near) = crate::diagnostic::nearest(name, all.iter().map(String::as_str)) {
        diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
    }
    let all = crate::diagnostic::listed(all.iter().map(String::as_str));
    diagnostic.help(format!(
        "tutorials/{name}.yaml does not exist; there are {all}"
    ))
}

/// Where a tutorial's transcript is.
pub fn transcript_path(project: &Project, name: &str) -> PathBuf {
    project.tutorials().join(format!("{name}.transcript.yaml"))
}

fn read_transcript(project: &Project, name: &str) -> Result<Option<Transcript>, Diagnostic> {
    match read_source(project, &transcript_path(project, name)) {
        Ok(file) => from_yaml(&Arc::new(file)).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Diagnostic::error(
            "bad-transcript",
            format!("tutorials/{name}.transcript.yaml can't be read: {error}"),
        )
        .help(format!(
            "mend it by git, or remove it: `mdbook-twin record {name}` writes another"
        ))),
    }
}

/// Where the times of a tutorial's recorded run are.
pub fn timings_path(project: &Project, name: &str) -> PathBuf {
    project.tutorials().join(format!("{name}.timings.json"))
}

fn read_timings(project: &Project, name: &str) -> Result<Option<Timings>, Diagnostic> {
    let wrong = |why: String| {
        Diagnostic::error(
            "bad-timings",
            format!("tutorials/{name}.timings.json can't be read: {why}"),
        )
        .help(format!(
            "mend it by git, or remove it: `mdbook-twin record {name}` writes another"
        ))
    };
    match std::fs::read_to_string(timings_path(project, name)) {
        Ok(text) => Timings::from_json(&text).map(Some).map_err(wrong),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// The upstream file, why it could not be had, and what is wrong with the pin.
fn upstream(
    project: &Project,
    spec: &Spec,
    pin: &Pin,
    lock: Option<&Lock>,
    fetch: Fetch,
) -> (Option<UpstreamFile>, Option<String>, Vec<Diagnostic>) {
    let reach = match fetch {
        Fetch::Always => Reach::Network,
        Fetch::IfNeeded if !lock_suffices(spec, lock) => Reach::Network,
        Fetch::IfNeeded | Fetch::Never => Reach::Machine,
    };
    match project
        .places
        .read(pin, reach)
        .and_then(|bytes| upstream_file(pin, bytes))
    {
        Ok(file) => (Some(file), None, Vec::new()),
        Err(error @ PinError::Unreachable { .. }) => (None, Some(error.to_string()), Vec::new()),
        Err(error) => (None, None, vec![pin_problem(spec, &error)]),
    }
}

fn lock_suffices(spec: &Spec, lock: Option<&Lock>) -> bool {
    let sources = Sources {
        lock,
        ..Sources::default()
    };
    resolve(spec, &sources).is_ok_and(|resolved| {
        let source = resolved.tutorial.upstream.map(|upstream| upstream.source);
        source == Some(UpstreamSource::Lock)
    })
}

fn upstream_file(pin: &Pin, bytes: Vec<u8>) -> Result<UpstreamFile, PinError> {
    // A README with a stray byte of another encoding is still a README; its hash was checked before.
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    };
    let readme = Readme::parse(&text);
    let shown = pin.shown();
    let path = match shown.ends_with(&pin.file) {
        true => shown,
        false => format!("{shown}:{}", pin.file),
    };
    let file = SourceFile {
        path: path.into(),
        text,
    };
    Ok(UpstreamFile {
        file: Arc::new(file),
        readme,
    })
}

/// An error of the pin, at the key that says what is wrong.
fn pin_problem(spec: &Spec, error: &PinError) -> Diagnostic {
    let keys = spec.keys.upstream.as_ref().map(|upstream| &upstream.value);
    let span =
        |value: Option<&crate::tutorial::Spanned<String>>| value.map(|value| value.span.clone());
    let (code, place): (_, Option<Span>) = match error {
        PinError::Differs { .. } => (
            "hash-differs",
            keys.and_then(|keys| span(keys.sha256.as_ref())),
        ),
        PinError::NoCommit { .. } => (
            "no-commit",
            keys.and_then(|keys| span(keys.commit.as_ref())),
        ),
        PinError::NoFile { .. } => (
            "no-file",
            keys.and_then(|keys| span(keys.file.as_ref().or(keys.commit.as_ref()))),
        ),
        PinError::Unreachable { .. }
        | PinError::Refused { .. }
        | PinError::InputDiffers { .. }
        | PinError::InputTooLarge { .. }
        | PinError::Io { .. } => ("upstream", None),
    };
    let (headline, label, help) = words(error);
    let mut diagnostic = Diagnostic::error(code, headline);
    if let Some(place) = place {
        diagnostic = diagnostic.at(place, label);
    }
    help.into_iter().fold(diagnostic, Diagnostic::help)
}

fn words(error: &PinError) -> (String, String, Vec<String>) {
    match error {
        PinError::Differs {
            file,
            place,
            found,
            pinned,
        } => (
            format!("{file} is not the pinned file"),
            "its sha256 is another".to_owned(),
            vec![
                format!("the pin says {pinned}"),
                format!("the file has {found}"),
                format!("it came from {place}"),
                "if upstream is meant to have changed: read it, then write its commit and this sha256 into the spec".to_owned(),
            ],
        ),
        other => (other.to_string(), String::new(), Vec::new()),
    }
}

/// As one word of a shell: the command is there to be copied, and a file's name may hold what a shell acts on.
pub fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./@:+".contains(c);
    match text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_it_for_one_word() {
        assert_eq!(word("github:o/r@abc:a_b.md"), "github:o/r@abc:a_b.md");
        assert_eq!(word("a b;c$(d)'e.md"), r"'a b;c$(d)'\''e.md'");
    }
}
