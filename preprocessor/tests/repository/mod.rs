//! Repositories that are made by git, the hostile ones object by object, and what came out of them.

// Each test program compiles this file for itself and uses a part of it.
#![allow(dead_code, reason = "shared by several test programs")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mdbook_twin::upstream::{self, PinError, Places, Reach};

/// A repository to check out from, and a cache.
pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { folder };
        fs::create_dir_all(world.work()).unwrap();
        world.git(&["init", "--quiet", "--initial-branch=main"], b"");
        world
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("owner/lamp")
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.work().display())
    }

    pub(crate) fn places(&self) -> Places {
        Places {
            cache: self.folder.path().join("cache"),
            dirs: vec![self.folder.path().join("dirs")],
        }
    }

    pub(crate) fn git(&self, arguments: &[&str], input: &[u8]) -> String {
        let mut child = Command::new("git")
            .args(["-c", "user.name=A", "-c", "user.email=a@example.org"])
            .args(["-c", "commit.gpgsign=false", "-c", "core.autocrlf=false"])
            .args(arguments)
            .env("GIT_COMMITTER_DATE", "2001-02-03T04:05:06Z")
            .current_dir(self.work())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "git {arguments:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.work().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn commit(&self) -> String {
        self.git(&["add", "--all"], b"");
        self.git(&["commit", "--quiet", "--message=a lamp"], b"");
        self.git(&["rev-parse", "HEAD"], b"")
    }

    /// A tree that no `git add` would make: entries as `mode name object`, written byte by byte.
    pub(crate) fn tree(&self, entries: &[(&str, &str, &str)]) -> String {
        let mut bytes = Vec::new();
        for (mode, name, object) in entries {
            bytes.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            let digit = |at: usize| u8::from_str_radix(&object[at..at + 2], 16).unwrap();
            bytes.extend((0..40).step_by(2).map(digit));
        }
        let hash = ["hash-object", "-t", "tree", "-w", "--literally", "--stdin"];
        self.git(&hash, &bytes)
    }

    pub(crate) fn blob(&self, text: &str) -> String {
        self.git(&["hash-object", "-w", "--stdin"], text.as_bytes())
    }

    pub(crate) fn commit_of(&self, tree: &str) -> String {
        let commit = self.git(&["commit-tree", "-m", "a lamp", tree], b"");
        self.git(&["update-ref", "refs/heads/main", &commit], b"");
        commit
    }

    pub(crate) fn checkout(&self, commit: &str) -> Result<PathBuf, PinError> {
        upstream::checkout(&self.places(), &self.url(), commit, Reach::Network)
    }

    /// Why it is refused, without the repository's name; and nothing of it is left.
    pub(crate) fn refusal(&self, commit: &str) -> String {
        let error = self.checkout(commit).unwrap_err();
        assert!(matches!(error, PinError::Refused { .. }), "{error}");
        self.only_locks_are_left();
        let before = format!("{} at commit {commit} is not checked out: ", self.url());
        error.to_string().strip_prefix(&before).unwrap().to_owned()
    }

    pub(crate) fn only_locks_are_left(&self) {
        for entry in fs::read_dir(self.places().cache.join("checkouts")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(name.ends_with(".lock"), "{name} was left");
        }
    }
}

/// Every path below a folder with its mode and what it holds, sorted.
pub(crate) fn listing(folder: &Path) -> String {
    let mut lines = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let found = path.symlink_metadata().unwrap();
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
            let mode = found.mode() & 0o7777;
            lines.push(if found.is_symlink() {
                format!("{name} -> {}\n", fs::read_link(&path).unwrap().display())
            } else if found.is_dir() {
                format!("{name}/ {mode:o}\n")
            } else {
                format!("{name} {mode:o} {:?}\n", fs::read_to_string(&path).unwrap())
            });
            if found.is_dir() {
                folders.push(path);
            }
        }
    }
    lines.sort();
    lines.concat()
}
