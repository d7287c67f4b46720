//! Where pinned files come from: cache, folders, git. The repositories are made here, and hold our own words.
//!
//! At the end the book's own specs against the files that they pin, where `$TWIN_SHARED/upstream` (default:
//! `../../shared`) has them.

#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mdbook_twin::config::Config;
use mdbook_twin::diagnostic::render_all;
use mdbook_twin::paint::Paint;
use mdbook_twin::project::Project;
use mdbook_twin::tutorial::coverage::check_coverage;
use mdbook_twin::tutorial::{self, Action, Fetch, UpstreamSource};
use mdbook_twin::upstream::{Pin, PinError, Places, Reach, sha256};

const README: &str = "# Lamp\n\n```\n$ lamp --on\n```\n";

/// A bare repository with one commit, and what else a test needs.
struct World {
    folder: tempfile::TempDir,
    commit: String,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let work = folder.path().join("work");
        fs::create_dir(&work).unwrap();
        git(&work, &["init", "--quiet", "--initial-branch=main"]);
        fs::write(work.join("README.md"), README).unwrap();
        git(&work, &["add", "README.md"]);
        git(&work, &["commit", "--quiet", "--message=a lamp"]);
        let commit = git(&work, &["rev-parse", "HEAD"]).trim().to_owned();
        git(
            folder.path(),
            &["clone", "--quiet", "--bare", "work", "lamp.git"],
        );
        Self { folder, commit }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn pin(&self) -> Pin {
        Pin {
            url: format!("file://{}", self.path("lamp.git").display()),
            github: None,
            commit: self.commit.clone(),
            file: "README.md".to_owned(),
            sha256: sha256(README.as_bytes()),
        }
    }

    fn places(&self) -> Places {
        Places {
            cache: self.path("cache"),
            dirs: vec![self.path("dirs")],
        }
    }

    fn project(&self) -> Project {
        Project {
            root: self.folder.path().to_owned(),
            config: Config::default(),
            cache: self.path("cache"),
            places: self.places(),
        }
    }

    /// A spec with one block, and a transcript when `recorded`.
    fn write_spec(&self, url: &str, recorded: bool) {
        fs::create_dir_all(self.path("tutorials")).unwrap();
        let (commit, sha256) = (&self.commit, sha256(README.as_bytes()));
        let spec = format!(
            "title: A lamp\nupstream:\n  git: {url}\n  commit: \"{commit}\"\n  sha256: {sha256}\nsteps:\n  - block: Lamp#1\n"
        );
        fs::write(self.path("tutorials/lamp.yaml"), spec).unwrap();
        let transcript = format!(
            "twin: 1\nrecorded: 2026-01-02\ndigest: \"00\"\nupstream:\n  commit: \"{commit}\"\n  file: README.md\n  \
             sha256: {sha256}\n  commands: 1\n  blocks:\n    Lamp#1:\n      - {{line: 4, prompt: $, command: lamp --on}}\n\
             facts: {{kernel: '6', arch: x86_64, systems: {{}}, packages: {{}}}}\nsteps: []\n"
        );
        if recorded {
            fs::write(self.path("tutorials/lamp.transcript.yaml"), transcript).unwrap();
        }
    }
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@example.org",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn nothing_is_cached(world: &World) {
    let files = fs::read_dir(world.path("cache/upstream"))
        .map(Iterator::count)
        .unwrap_or_default();
    assert_eq!(files, 0, "a file was left in the cache");
}

#[test]
fn git_brings_it_and_the_cache_keeps_it() {
    let world = World::new();
    let places = world.places();
    assert!(matches!(
        places.read(&world.pin(), Reach::Machine),
        Err(PinError::Unreachable { .. })
    ));
    assert_eq!(
        places.read(&world.pin(), Reach::Network).unwrap(),
        README.as_bytes()
    );
    fs::remove_dir_all(world.path("lamp.git")).unwrap();
    assert_eq!(
        places.read(&world.pin(), Reach::Machine).unwrap(),
        README.as_bytes()
    );
}

#[test]
fn a_damaged_cache_is_not_believed() {
    let world = World::new();
    let places = world.places();
    places.read(&world.pin(), Reach::Network).unwrap();
    let cached = world.path("cache/upstream").join(world.pin().sha256);
    fs::write(&cached, "# Something else\n").unwrap();
    assert_eq!(
        places.read(&world.pin(), Reach::Network).unwrap(),
        README.as_bytes()
    );
    assert_eq!(fs::read(&cached).unwrap(), README.as_bytes());
}

#[test]
fn a_folder_comes_before_git_and_is_checked() {
    let world = World::new();
    let mut pin = world.pin();
    pin.github = Some("example/lamp".to_owned());
    pin.url = "file:///nowhere".to_owned();
    let folder = world.path("dirs/example/lamp").join(&pin.commit);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("README.md"), README).unwrap();
    assert_eq!(
        world.places().read(&pin, Reach::Network).unwrap(),
        README.as_bytes()
    );

    fs::write(folder.join("README.md"), "# Another\n").unwrap();
    let error = world.places().read(&pin, Reach::Network).unwrap_err();
    let found = sha256(b"# Another\n");
    assert!(
        matches!(&error, PinError::Differs { found: f, pinned: p, .. } if *f == found && *p == pin.sha256)
    );
    assert!(
        error.to_string().contains(&found) && error.to_string().contains(&pin.sha256),
        "{error}"
    );
}

#[test]
fn what_git_brings_is_checked() {
    let world = World::new();
    let pin = Pin {
        sha256: "0".repeat(64),
        ..world.pin()
    };
    let error = world.places().read(&pin, Reach::Network).unwrap_err();
    assert!(matches!(error, PinError::Differs { .. }), "{error}");
    nothing_is_cached(&world);
}

#[test]
fn a_commit_that_does_not_exist_has_its_own_message() {
    let world = World::new();
    let pin = Pin {
        commit: "1".repeat(40),
        ..world.pin()
    };
    let error = world.places().read(&pin, Reach::Network).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{} has no commit {}", pin.url, pin.commit)
    );
    nothing_is_cached(&world);
}

#[test]
fn a_file_that_does_not_exist_has_its_own_message() {
    let world = World::new();
    let pin = Pin {
        file: "docs/other.md".to_owned(),
        ..world.pin()
    };
    let error = world.places().read(&pin, Reach::Network).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{} has no file docs/other.md at commit {}",
            pin.url, pin.commit
        )
    );
}

#[test]
fn an_unreachable_upstream_says_what_git_said() {
    let world = World::new();
    fs::remove_dir_all(world.path("lamp.git")).unwrap();
    let pin = world.pin();
    let error = world.places().read(&pin, Reach::Network).unwrap_err();
    let PinError::Unreachable { url, reason } = &error else {
        panic!("{error}");
    };
    assert_eq!(*url, pin.url);
    assert!(
        reason.contains("does not appear to be a git repository"),
        "{reason}"
    );
}

#[test]
fn a_tutorial_of_an_unreachable_upstream_has_its_lines_from_the_lock() {
    let world = World::new();
    world.write_spec("file:///nowhere/lamp.git", true);
    let loaded = tutorial::load(&world.project(), "lamp").unwrap();
    assert_eq!(
        loaded.tutorial.upstream.as_ref().unwrap().source,
        UpstreamSource::Lock
    );
    let Action::Run(run) = &loaded.tutorial.steps[0].action else {
        panic!("{:?}", loaded.tutorial.steps[0].action);
    };
    assert_eq!(run.commands[0].text, "lamp --on");
}

#[test]
fn without_a_lock_its_steps_are_unavailable_and_it_says_why() {
    let world = World::new();
    world.write_spec("file:///nowhere/lamp.git", false);
    let loaded = tutorial::load(&world.project(), "lamp").unwrap();
    assert_eq!(
        loaded.tutorial.upstream.as_ref().unwrap().source,
        UpstreamSource::Unavailable
    );
    assert_eq!(loaded.tutorial.steps[0].action, Action::Unavailable);
    let why = loaded.unavailable.unwrap();
    assert!(
        why.starts_with("file:///nowhere/lamp.git could not be reached: "),
        "{why}"
    );
}

#[test]
fn the_digest_does_not_tell_the_file_from_the_lock() {
    let world = World::new();
    world.write_spec(&world.pin().url, true);
    let by_lock = tutorial::load_with(&world.project(), "lamp", Fetch::Never).unwrap();
    let by_file = tutorial::load_with(&world.project(), "lamp", Fetch::Always).unwrap();
    assert_eq!(
        by_lock.tutorial.upstream.unwrap().source,
        UpstreamSource::Lock
    );
    assert_eq!(
        by_file.tutorial.upstream.unwrap().source,
        UpstreamSource::File
    );
    assert_eq!(by_lock.digest, by_file.digest);
    assert_eq!(by_lock.lock, by_file.lock);
}

#[test]
fn a_missing_commit_is_said_at_its_key_of_the_spec() {
    let mut world = World::new();
    let url = world.pin().url;
    world.commit = "1".repeat(40);
    world.write_spec(&url, false);
    let messages = tutorial::load(&world.project(), "lamp").unwrap_err();
    let text = render_all(&messages, Paint::Plain);
    assert_eq!(messages.len(), 1, "{text}");
    assert_eq!(messages[0].code, "no-commit", "{text}");
    assert!(text.contains(" --> tutorials/lamp.yaml:4:11\n"), "{text}");
}

/// Every spec of this book resolves against its pinned file and passes `check`.
#[test]
fn the_specs_of_this_book_are_right() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let shared =
        std::env::var_os("TWIN_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    if !shared.join("upstream").is_dir() {
        eprintln!("SKIPPED: no upstream files in {}", shared.display());
        return;
    }
    let cache = tempfile::tempdir().unwrap();
    let project = Project {
        root: root.canonicalize().unwrap(),
        config: Config::default(),
        cache: cache.path().to_owned(),
        places: Places {
            cache: cache.path().to_owned(),
            dirs: vec![shared.join("upstream")],
        },
    };
    let mut loaded = Vec::new();
    for name in tutorial::names(&project).unwrap() {
        match tutorial::load_with(&project, &name, Fetch::Never) {
            Ok(tutorial) => loaded.push(tutorial),
            Err(messages) => panic!("{}", render_all(&messages, Paint::Plain)),
        }
    }
    for tutorial in &loaded {
        let source = tutorial
            .tutorial
            .upstream
            .as_ref()
            .map(|upstream| upstream.source);
        assert!(
            matches!(source, None | Some(UpstreamSource::File)),
            "{}",
            tutorial.tutorial.name
        );
    }
    let messages = check_coverage(&loaded);
    assert!(
        messages.is_empty(),
        "{}",
        render_all(&messages, Paint::Plain)
    );
}
