//! The lab's own file systems: a tmpfs for all that is written, and a fresh /proc.

use std::fs;
use std::io::Result;
use std::path::Path;

use nix::mount::{MsFlags, mount};
use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, statfs};

use crate::lab::handover::Doing;
use crate::lab::init::{During, Made};

const NONE: Option<&str> = None;

/// The folder that the lab's tmpfs covers. /mnt is on every Debian, and nothing that a lab reads lies in it; /srv and
/// /tmp are for machines that have done without.
pub(in crate::lab) fn place() -> String {
    place_apart_from(&[])
}

/// The same, for a tmpfs that must not cover these.
pub(super) fn place_apart_from(paths: &[&Path]) -> String {
    let covers = |folder: &str| paths.iter().any(|path| path.starts_with(folder));
    let mut candidates = ["/mnt", "/srv", "/tmp"].into_iter();
    let found = candidates.find(|path| Path::new(path).is_dir() && !covers(path));
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
    for folder in ["agent", "devices", "hosts", "layers", "libraries", "state"] {
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

/// Runtimes look at the machine's cgroups even when they are told to make none; none may be made or changed.
///
/// Version 1, and the hybrid layout: a tmpfs on all of them. crun refuses hybrid ones and takes this for a version 1
/// without a controller. runc reads in mountinfo where the controllers are mounted and makes a folder there: it passes
/// over a refusal (a read-only file system), not over a path that is not there. Version 2: what is there, read-only, as
/// runc misses the `devices` controller of version 1 otherwise.
fn hide_cgroups() -> Result<()> {
    const CGROUPS: &str = "/sys/fs/cgroup";
    const BOUND: MsFlags = MsFlags::MS_NOSUID
        .union(MsFlags::MS_NODEV)
        .union(MsFlags::MS_NOEXEC);
    let read_only = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | BOUND;
    if !Path::new(CGROUPS).is_dir() {
        return Ok(());
    }
    if statfs(CGROUPS)?.filesystem_type() == CGROUP2_SUPER_MAGIC {
        mount(Some(CGROUPS), CGROUPS, NONE, MsFlags::MS_BIND, NONE)?;
    } else {
        let controllers = mounted_below(CGROUPS)?;
        mount(
            Some("twin"),
            CGROUPS,
            Some("tmpfs"),
            BOUND,
            Some("size=64k"),
        )?;
        for controller in controllers {
            fs::create_dir_all(controller)?;
        }
    }
    mount(NONE, CGROUPS, NONE, read_only, NONE)?;
    Ok(())
}

/// The mount points below a folder. Cgroups have no names that mountinfo would have to escape.
fn mounted_below(folder: &str) -> Result<Vec<String>> {
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    let below = points.filter(|point| {
        point
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
    });
    Ok(below.map(str::to_owned).collect())
}
