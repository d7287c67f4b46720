//! Where a program is.

use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What a host's PATH is. With the sbin folders: `ip` and `vde_switch`'s friends live there, for users too.
pub(crate) const HOST_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A program of the caller's: a path as it stands, a name by the caller's PATH and then the usual folders.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        let path = std::path::absolute(name).ok()?;
        return is_program(&path).then_some(path);
    }
    let path = env::var("PATH").unwrap_or_default();
    in_path(name, &path).or_else(|| in_path(name, HOST_PATH))
}

/// A program as a host made of the machine would find it.
pub(crate) fn find_in_host(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return is_program(Path::new(name)).then(|| name.into());
    }
    in_path(name, HOST_PATH)
}

fn in_path(name: &str, path: &str) -> Option<PathBuf> {
    path.split(':')
        .filter(|folder| folder.starts_with('/'))
        .map(|folder| Path::new(folder).join(name))
        .find(|candidate| is_program(candidate))
}

fn is_program(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
