//! What a run brings from outside into a host: upstream's tree, inputs.
//!
//! In: files and folders of the caller's cache, opened while we still are the caller, and where each is wanted. Out:
//! copies of them below the host's root that belong to `user`. Not here: where they come from (`upstream/`).
//!
//! Nothing is written through a link, neither of the host's system nor of a tree that was copied before. No process of
//! the host runs yet, so what was looked at stays as it was.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Error, ErrorKind, Result};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, fchown, lchown, symlink};
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;

use crate::lab::plan::{HostPlan, Placed};

/// `user` of a host, and its group.
const USER: u32 = 1000;

/// A source that only the caller can open, and its target.
#[derive(Debug)]
pub(in crate::lab) struct Opened {
    source: File,
    target: String,
}

/// Opens the sources, in their order.
pub(in crate::lab) fn open(files: &[Placed]) -> Result<Vec<Opened>> {
    let open = |placed: &Placed| {
        let source = File::open(&placed.source);
        let source = source.map_err(|error| named(&placed.source.display().to_string(), error))?;
        Ok(Opened {
            source,
            target: placed.target.clone(),
        })
    };
    files.iter().map(open).collect()
}

/// Copies them to their targets below the host's root, which has been made at `place`, the lab's tmpfs.
pub(in crate::lab) fn copy(files: &[Opened], host: &HostPlan, place: &str) -> Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    let root = super::rootfs(host, place);
    let mounts = super::spec::mounts(host, place).map_err(Error::other)?;
    files.iter().try_for_each(|file| {
        let mut over = mounts.iter().map(|mount| mount.destination());
        let copied = match over.find(|over| Path::new(&file.target).starts_with(over)) {
            Some(over) => {
                let over = over.display();
                Err(Error::other(format!("{over} of this host is not its own")))
            }
            None => copy_one(file, Path::new(&root)),
        };
        copied.map_err(|error| named(&file.target, error))
    })
}

fn named(path: &str, error: Error) -> Error {
    Error::new(error.kind(), format!("{path}: {error}"))
}

fn copy_one(file: &Opened, root: &Path) -> Result<()> {
    let target = make_way(root, &file.target)?;
    if !file.source.metadata()?.is_dir() {
        return copy_file(&file.source, &target).map(drop);
    }
    // A submodule of a checkout is an empty folder, for an input to fill.
    match fs::symlink_metadata(&target) {
        Ok(found) if found.is_dir() && fs::read_dir(&target)?.next().is_none() => {}
        Ok(_) => return Err(ErrorKind::AlreadyExists.into()),
        Err(_) => make_folder(&target)?,
    }
    // The folder itself, wherever it is: its path may be hidden from us by now.
    let source = PathBuf::from(format!("/proc/self/fd/{}", file.source.as_raw_fd()));
    copy_folder(source, target)
}

/// The target's path below the root, with the folders above it: those that are there are folders and no links, those
/// that are not are made.
fn make_way(root: &Path, target: &str) -> Result<PathBuf> {
    let mut parts = Vec::new();
    for component in Path::new(target).components() {
        match component {
            Component::RootDir | Component::CurDir => {}
            Component::Normal(name) => parts.push(name),
            _ => return Err(Error::other("it leads out of the host")),
        }
    }
    let Some((last, above)) = parts.split_last() else {
        return Err(Error::other("it names no file"));
    };
    let mut path = root.to_owned();
    for name in above {
        path.push(name);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => {
                let name = name.display();
                return Err(Error::other(format!("`{name}` in it is no folder")));
            }
            Err(_) => make_folder(&path)?,
        }
    }
    path.push(last);
    Ok(path)
}

/// Everything in it gets the date of the folder itself, which is the commit's. Without recursion: a tree may be some
/// thousand folders deep, and PID 1's stack is small.
fn copy_folder(source: PathBuf, target: PathBuf) -> Result<()> {
    let date = fs::metadata(&source)?.modified()?;
    let mut folders = vec![(source, target)];
    let mut made = Vec::new();
    while let Some((source, target)) = folders.pop() {
        for entry in fs::read_dir(&source)? {
            let entry = entry?;
            let to = target.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                make_folder(&to)?;
                folders.push((entry.path(), to));
            } else if kind.is_symlink() {
                symlink(fs::read_link(entry.path())?, &to)?;
                lchown(&to, Some(USER), Some(USER))?;
                date_link(&to, date)?;
            } else if kind.is_file() {
                copy_file(&File::open(entry.path())?, &to)?.set_modified(date)?;
            }
            // Anything else was put into the cache by somebody else: no checkout has it.
        }
        made.push(target);
    }
    // Last, because what is written into a folder gives it a new date.
    made.iter()
        .try_for_each(|folder| File::open(folder)?.set_modified(date))
}

fn date_link(link: &Path, date: SystemTime) -> Result<()> {
    let since = date
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let date = TimeSpec::from_duration(since);
    Ok(utimensat(
        AT_FDCWD,
        link,
        &date,
        &date,
        UtimensatFlags::NoFollowSymlink,
    )?)
}

fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o755))?;
    chown(path, Some(USER), Some(USER))
}

/// A new file with the same content; of the mode counts who may execute it.
fn copy_file(mut source: &File, target: &Path) -> Result<File> {
    let mut copy = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(target)?;
    std::io::copy(&mut source, &mut copy)?;
    fchown(&copy, Some(USER), Some(USER))?;
    let mode = match source.metadata()?.mode() & 0o100 {
        0 => 0o644,
        _ => 0o755,
    };
    copy.set_permissions(Permissions::from_mode(mode))?;
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::make_way;

    #[test]
    fn no_target_leads_through_a_link_or_out() -> std::io::Result<()> {
        let root = tempfile::tempdir()?;
        fs::create_dir(root.path().join("outside"))?;
        fs::create_dir(root.path().join("root"))?;
        let host = root.path().join("root");
        symlink("../outside", host.join("out"))?;
        symlink("nowhere", host.join("dangling"))?;
        fs::write(host.join("file"), "")?;
        for (target, why) in [
            ("/out/x", "`out` in it is no folder"),
            ("/dangling/x", "`dangling` in it is no folder"),
            ("/file/x", "`file` in it is no folder"),
            ("/a/../../x", "it leads out of the host"),
            ("/", "it names no file"),
        ] {
            let error = make_way(&host, target).expect_err(target);
            assert_eq!(error.to_string(), why, "{target}");
        }
        assert_eq!(fs::read_dir(root.path().join("outside"))?.count(), 0);
        Ok(())
    }
}
