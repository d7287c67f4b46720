//! Layers of the machine's disk under a layer of one's own, as one folder.
//!
//! In: folders, the lowest first, and one to write to. Out: their union, mounted. Overlayfs by the kernel with `userxattr`,
//! the only way that an unprivileged user namespace has (Linux 5.11 and later); where it is refused, by fuse-overlayfs.
//! Not here: where the layers come from (`system/`).

use std::fs;
use std::io::{Error, Result};
use std::path::Path;
use std::process::{Command, Stdio};

use nix::mount::{MsFlags, mount};

use crate::lab::programs::{self, HOST_PATH};

/// Which of the two mounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Overlay {
    /// The kernel, else fuse-overlayfs.
    #[default]
    Any,
    /// Fuse-overlayfs even where the kernel could: for a test, which can't have both kinds of kernel.
    Fuse,
}

/// Mounts the union of the layers at `folder/rootfs`. What is written goes to `folder/upper`. All folders below `folder`
/// are made here, on one file system, as overlayfs wants it.
pub(in crate::lab) fn mount_layers(
    how: Overlay,
    lowest_first: &[String],
    folder: &str,
) -> Result<()> {
    let part = |name: &str| format!("{folder}/{name}");
    for name in ["upper", "work", "rootfs"] {
        match fs::create_dir(part(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    // The first one that overlayfs is told is the highest.
    let lower: Vec<&str> = lowest_first.iter().rev().map(String::as_str).collect();
    let options = format!(
        "lowerdir={},upperdir={},workdir={}",
        lower.join(":"),
        part("upper"),
        part("work")
    );
    let target = part("rootfs");
    if how == Overlay::Fuse {
        return by_fuse(&options, &target);
    }
    let by_kernel = mount(
        Some("overlay"),
        target.as_str(),
        Some("overlay"),
        MsFlags::empty(),
        Some(format!("{options},userxattr").as_str()),
    );
    by_kernel.or_else(|refused| {
        by_fuse(&options, &target)
            .map_err(|error| Error::other(format!("overlayfs: {}; {error}", refused.desc())))
    })
}

fn by_fuse(options: &str, target: &str) -> Result<()> {
    const NAME: &str = "fuse-overlayfs";
    let program =
        programs::find(NAME).ok_or_else(|| Error::other(format!("{NAME} is not installed")))?;
    if !Path::new("/dev/fuse").exists() {
        return Err(Error::other("there is no /dev/fuse"));
    }
    // It returns when the mount stands, and goes on as a process of the lab. `suid,dev`: it mounts nosuid otherwise.
    let output = Command::new(program)
        .args(["-o", &format!("{options},suid,dev"), target])
        .env_clear()
        .env("PATH", HOST_PATH)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::other(format!("{NAME}: {}", said.trim())))
}
