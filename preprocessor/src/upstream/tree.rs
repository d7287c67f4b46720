//! What `git ls-tree` says of a commit → what may be written into a folder.
//!
//! In: the bytes of the listing, which a hostile repository chose. Out: a [`Tree`] of which every path stays inside
//! and no path leads through another, or why it is refused. Not here: fetching and writing (`checkout.rs`).

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What a tree may be at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Files, links and submodules.
    pub(super) entries: usize,
    /// Bytes of all its files.
    pub(super) bytes: u64,
}

/// All of it can be written below a folder that was empty.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tree {
    pub(super) entries: Vec<Entry>,
}

/// One file, link or submodule.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Relative, without `.`, `..` and `.git`.
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    /// git's name for the content.
    pub(super) object: String,
    /// Its bytes; a submodule has none.
    pub(super) size: u64,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Program,
    Link,
    /// Another repository's commit: an empty folder, as after `git clone`.
    Submodule,
}

/// Reads the output of `git ls-tree -r -z --long --full-tree`.
pub(super) fn parse(listing: &[u8], bounds: Bounds) -> Result<Tree, String> {
    let mut entries = Vec::new();
    let mut bytes = 0_u64;
    for line in listing.split(|&byte| byte == 0) {
        if line.is_empty() {
            continue;
        }
        let entry = entry(line)?;
        bytes = bytes.saturating_add(entry.size);
        entries.push(entry);
        if entries.len() > bounds.entries {
            return Err(format!("it has more than {} files", bounds.entries));
        }
        if bytes > bounds.bytes {
            return Err(format!(
                "its files have more than {} MiB",
                bounds.bytes >> 20
            ));
        }
    }
    no_path_through_another(&entries)?;
    Ok(Tree { entries })
}

/// `100644 blob 8baef1b…      27<TAB>README.md`
fn entry(line: &[u8]) -> Result<Entry, String> {
    let unread = || format!("git lists it as `{}`", shown(line));
    let tab = line.iter().position(|&byte| byte == b'\t');
    let (head, path) = line.split_at(tab.ok_or_else(unread)?);
    let path = &path[1..];
    let head = std::str::from_utf8(head).map_err(|_| unread())?;
    let mut words = head.split_ascii_whitespace();
    let (Some(mode), Some(_), Some(object), Some(size)) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(unread());
    };
    let mode = u32::from_str_radix(mode, 8).map_err(|_| unread())?;
    // By type and the owner's x, as git's own checkout does it: setuid and the like are never looked at.
    let kind = match (mode & 0o170_000, mode & 0o100) {
        (0o100_000, 0) => Kind::File,
        (0o100_000, _) => Kind::Program,
        (0o120_000, _) => Kind::Link,
        (0o160_000, _) => Kind::Submodule,
        _ => {
            return Err(format!(
                "`{}` is neither file, link, folder nor submodule",
                shown(path)
            ));
        }
    };
    let size = match kind {
        Kind::Submodule => 0,
        _ => size.parse().map_err(|_| unread())?,
    };
    if let Some(part) = path.split(|&byte| byte == b'/').find(|part| is_bad(part)) {
        return Err(match part {
            b"" => format!("`{}` has an empty part", shown(path)),
            part => format!("`{}` has the part `{}`", shown(path), shown(part)),
        });
    }
    Ok(Entry {
        path: PathBuf::from(OsStr::from_bytes(path)),
        kind,
        object: object.to_owned(),
        size,
    })
}

/// What git itself would not put into a tree or take out of one; `git~1` is `.git` to a file system of Windows.
fn is_bad(part: &[u8]) -> bool {
    let is = |name: &[u8]| part.eq_ignore_ascii_case(name);
    part.is_empty() || part == b"." || part == b".." || is(b".git") || is(b"git~1")
}

/// A file or link that is a folder too would be written through; one that is there twice would be written over.
fn no_path_through_another(entries: &[Entry]) -> Result<(), String> {
    let mut paths: BTreeSet<&Path> = BTreeSet::new();
    for entry in entries {
        if !paths.insert(&entry.path) {
            return Err(format!("`{}` is there twice", shown_path(&entry.path)));
        }
    }
    for entry in entries {
        let mut above = entry.path.ancestors().skip(1);
        if let Some(above) = above.find(|above| paths.contains(above)) {
            return Err(format!(
                "`{}` leads through `{}`, which is no folder",
                shown_path(&entry.path),
                shown_path(above)
            ));
        }
    }
    Ok(())
}

/// For a message: no line breaks, no control sequences.
fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).escape_debug().to_string()
}

pub(super) fn shown_path(path: &Path) -> String {
    shown(path.as_os_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Kind, parse};

    const BOUNDS: Bounds = Bounds {
        entries: 3,
        bytes: 100,
    };

    fn line(mode: &str, size: &str, path: &str) -> String {
        format!("{mode} blob {} {size:>7}\t{path}\0", "a".repeat(40))
    }

    fn refused(lines: &[String]) -> String {
        parse(lines.concat().as_bytes(), BOUNDS)
            .err()
            .unwrap_or_default()
    }

    #[test]
    fn modes_are_kinds_and_nothing_else() {
        let lines = [
            line("100644", "1", "a"),
            line("104755", "2", "b/c"),
            line("160000", "-", "d"),
        ];
        let tree = parse(lines.concat().as_bytes(), BOUNDS).expect("a right tree");
        let kinds: Vec<Kind> = tree.entries.iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, [Kind::File, Kind::Program, Kind::Submodule]);
    }

    #[test]
    fn names_that_leave_or_mean_something_to_git_are_refused() {
        for (path, why) in [
            ("../x", "`../x` has the part `..`"),
            ("/etc/x", "`/etc/x` has an empty part"),
            ("a/./b", "`a/./b` has the part `.`"),
            (".GiT/config", "`.GiT/config` has the part `.GiT`"),
            ("sub/GIT~1", "`sub/GIT~1` has the part `GIT~1`"),
            ("x\n/..", "`x\\n/..` has the part `..`"),
        ] {
            assert_eq!(refused(&[line("100644", "1", path)]), why);
        }
    }

    #[test]
    fn nothing_is_written_through_a_link_or_over_a_file() {
        let through = [line("120000", "4", "a"), line("100644", "1", "a/b")];
        assert_eq!(
            refused(&through),
            "`a/b` leads through `a`, which is no folder"
        );
        let twice = [line("120000", "4", "a"), line("100644", "1", "a")];
        assert_eq!(refused(&twice), "`a` is there twice");
    }

    #[test]
    fn a_tree_has_bounds() {
        let many: Vec<String> = ["a", "b", "c", "d"]
            .iter()
            .map(|path| line("100644", "1", path))
            .collect();
        assert_eq!(refused(&many), "it has more than 3 files");
        let large = [line("100644", "99", "a"), line("100644", "2", "b")];
        assert_eq!(refused(&large), "its files have more than 0 MiB");
    }

    #[test]
    fn other_modes_are_refused() {
        let node = [line("020644", "1", "null")];
        assert_eq!(
            refused(&node),
            "`null` is neither file, link, folder nor submodule"
        );
    }
}
