//! The lab's own file systems: a tmpfs for all that is written, and a fresh /proc.

use std::fs;
use std::io::Result;
use std::path::Path;

use nix::mount::{MsFlags, mount};

use crate::lab::handover::Doing;
use crate::lab::init::{During, Made};

const NONE: Option<&str> = None;

/// The folder that the lab's tmpfs covers. /mnt is on every Debian, and nothing that a lab reads lies in it; /srv and
/// /tmp are for machines that have done without.
pub(in crate::lab) fn place() -> String {
    let candidates = ["/mnt", "/srv", "/tmp"];
    let found = candidates.into_iter().find(|path| Path::new(path).is_dir());
    found.unwrap_or("/tmp").to_owned()
}

/// Mounts the tmpfs and /proc. What was there before stays as it was for everybody outside.
pub(super) fn make(place: &str, bytes: u64) -> Made<()> {
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(NONE, "/", NONE, private, NONE).during(Doing::Files, "private mounts")?;
    // One inode for each 4 KiB, as tmpfs itself does it for half the memory: so many empty files fill the disk too.
    let inodes = bytes / 4096 + 1024;
    let options = format!("mode=0755,uid=0,gid=0,size={bytes},nr_inodes={inodes}");
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(
        Some("twin"),
        place,
        Some("tmpfs"),
        flags,
        Some(options.as_str()),
    )
    .during(Doing::Files, "the lab's tmpfs")?;
    let flags = flags | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, NONE).during(Doing::Proc, "a fresh /proc")?;
    hide_cgroups().during(Doing::Files, "hiding the cgroups")?;
    for folder in ["agent", "devices", "hosts", "layers", "state"] {
        fs::create_dir(format!("{place}/{folder}")).during(Doing::Files, folder)?;
    }
    Ok(())
}

/// crun copies itself to a file in /tmp before it does anything, and leaves it there when it is killed meanwhile (seen in
/// 5 of some hundred kills). So the lab has a /tmp of its own.
pub(super) fn hide_tmp(place: &str) -> Result<()> {
    const TMP: &str = "/tmp";
    if place == TMP {
        return Ok(());
    }
    let own = format!("{place}/tmp");
    fs::create_dir(&own)?;
    mount(Some(own.as_str()), TMP, NONE, MsFlags::MS_BIND, NONE)?;
    Ok(())
}

/// crun looks at the machine's cgroups even when it is told to make none, and refuses hybrid ones. An empty tmpfs looks
/// to it like cgroup v1 without a controller, and keeps it (and us) from touching any.
fn hide_cgroups() -> nix::Result<()> {
    const CGROUPS: &str = "/sys/fs/cgroup";
    if !Path::new(CGROUPS).is_dir() {
        return Ok(());
    }
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC | MsFlags::MS_RDONLY;
    mount(Some("twin"), CGROUPS, Some("tmpfs"), flags, Some("size=4k"))
}
