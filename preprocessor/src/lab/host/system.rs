//! The files of a host made of a system: its layers, and over them what is this host's own.
//!
//! Not here: how a system is built (`lab/system/`), and the mount itself (`init/overlay.rs`).

use std::fs;
use std::io::{ErrorKind, Result};
use std::os::unix::fs::symlink;

use crate::lab::host::root::hosts;
use crate::lab::init::overlay::{self, Overlay};
use crate::lab::plan::HostPlan;

/// Mounts the layers (folders of the lab, the lowest first) at `bundle/rootfs` and writes what each run has of its own.
/// All that is written lies on the lab's tmpfs. The mount is not `nosuid`: `sudo` and `su` are the system's.
pub(super) fn make(host: &HostPlan, how: Overlay, layers: &[String], bundle: &str) -> Result<()> {
    overlay::mount_layers(how, layers, bundle)?;
    let root = format!("{bundle}/rootfs");
    let etc = |name: &str, text: &str| {
        let path = format!("{root}/etc/{name}");
        remove_file(&path)?;
        fs::write(path, text)
    };
    etc("hostname", &format!("{}\n", host.name))?;
    etc("hosts", &hosts(host))?;
    // Empty: a lab has no name server. glibc then asks 127.0.0.1, which refuses at once.
    etc("resolv.conf", "")?;
    let mtab = format!("{root}/etc/mtab");
    remove_file(&mtab)?;
    symlink("/proc/self/mounts", mtab)
}

/// A package may have put a link there, and what it leads to is not to be written.
fn remove_file(path: &str) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
