//! Files that are there whole or not at all, whoever is killed when.

use std::io::{Error, Result, Write as _};
use std::path::Path;

/// Writes a file by a new one beside it, which then takes its place. The same bytes are not written again: whoever
/// watches the file sees nothing happen.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<Written> {
    if std::fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(Written::Unchanged);
    }
    let folder = path
        .parent()
        .ok_or_else(|| Error::other("a path without a folder"))?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".mdbook-twin-");
    #[cfg(unix)]
    let permissions = {
        use std::os::unix::fs::PermissionsExt as _;
        // As any new file: what the umask leaves of it. A temporary file is otherwise the owner's alone.
        std::fs::Permissions::from_mode(0o666)
    };
    #[cfg(unix)]
    builder.permissions(permissions);
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(Written::New)
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It has these bytes now.
    New,
    /// It had them before, and was not touched.
    Unchanged,
}
