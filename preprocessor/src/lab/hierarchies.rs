//! In which of the machine's cgroup hierarchies the caller can make groups, and where.
//!
//! In: /proc/self/mountinfo and /proc/self/cgroup. Out: a [`Hierarchy`] for each that can be written: of version 1 (a
//! hierarchy for each controller, or for a name), of version 2, or a hybrid of both. Not here: the groups of a lab
//! (`init/cgroups.rs`).
//!
//! A lab's groups are made below the caller's own, so that what bounds the caller bounds its labs. Version 2 refuses
//! controllers below a group that has processes, as the caller's own has: there it is the nearest group above that hands
//! its controllers down.

use std::fs;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, Uid, access};

/// Where hierarchies are mounted, on the machine as in a host.
pub(crate) const CGROUPS: &str = "/sys/fs/cgroup";

/// What bounds the memory and the number of processes of a whole lab on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitsBy {
    /// The kernel counts: memory, files in memory and processes of the lab, all together.
    Cgroups,
    /// Limits of each process, and a watcher in the lab that adds up the memory of all.
    Rlimits,
}

/// Which of the two holds for a lab that is started now.
pub fn limits_by() -> LimitsBy {
    match usable().iter().any(|found| found.hands_down("memory")) {
        true => LimitsBy::Cgroups,
        false => LimitsBy::Rlimits,
    }
}

/// The kernel's two kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    One,
    Two,
}

/// A hierarchy in which the caller can make groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hierarchy {
    pub(crate) version: Version,
    /// The folder's name below [`CGROUPS`]: `memory`, `cpu,cpuacct`, `unified`; empty for a version 2 mounted on it.
    pub(crate) name: String,
    /// The group below which a lab's are made.
    pub(crate) parent: PathBuf,
    /// The controllers that a group below it has.
    controllers: Vec<String>,
}

impl Hierarchy {
    /// Whether a group made below the parent has this controller.
    pub(crate) fn hands_down(&self, controller: &str) -> bool {
        self.controllers.iter().any(|found| found == controller)
    }
}

/// All of them. As an ordinary user only what was delegated: groups of version 2 that belong to the caller.
pub(crate) fn usable() -> Vec<Hierarchy> {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let own = read("/proc/self/cgroup");
    let found = find(&read("/proc/self/mountinfo"), &own);
    let root = Uid::effective().is_root();
    let allowed = found
        .into_iter()
        .filter(|mounted| root || mounted.version == Version::Two);
    allowed.filter_map(hierarchy).collect()
}

/// A hierarchy as it is mounted, with the caller's own group in it.
#[derive(Debug, PartialEq, Eq)]
struct Mounted {
    version: Version,
    top: PathBuf,
    own: PathBuf,
    controllers: Vec<String>,
}

fn find(mountinfo: &str, own: &str) -> Vec<Mounted> {
    mountinfo
        .lines()
        .filter_map(|line| mounted(line, own))
        .collect()
}

/// `36 31 0:33 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory`, see proc_pid_mountinfo(5). What is
/// mounted elsewhere (a container's own view, a test's) is none of ours.
fn mounted(line: &str, own: &str) -> Option<Mounted> {
    let (left, right) = line.split_once(" - ")?;
    let left: Vec<&str> = left.split(' ').collect();
    let right: Vec<&str> = right.split(' ').collect();
    let (&root, &top) = (left.get(3)?, left.get(4)?);
    let (&kind, &options) = (right.first()?, right.get(2)?);
    if Path::new(top) != Path::new(CGROUPS) && Path::new(top).parent() != Some(Path::new(CGROUPS)) {
        return None;
    }
    let version = match kind {
        "cgroup" => Version::One,
        "cgroup2" => Version::Two,
        _ => return None,
    };
    let options: Vec<&str> = options.split(',').collect();
    let (controllers, path) = own.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        let ours = match version {
            Version::One => options.contains(&controllers.split(',').next()?),
            Version::Two => controllers.is_empty(),
        };
        ours.then_some((controllers, path))
    })?;
    // A container without a cgroup namespace sees the top of its mount as a path in the machine's hierarchy.
    let below = Path::new(path).strip_prefix(root).ok()?;
    Some(Mounted {
        version,
        top: top.into(),
        own: Path::new(top).join(below),
        controllers: controllers.split(',').map(str::to_owned).collect(),
    })
}

fn hierarchy(mounted: Mounted) -> Option<Hierarchy> {
    let name = mounted.top.strip_prefix(CGROUPS).ok()?.to_str()?.to_owned();
    let (parent, controllers) = match mounted.version {
        Version::One => (mounted.own, mounted.controllers),
        Version::Two => {
            let parent = nearest_that_hands_down(&mounted.own, &mounted.top)
                .unwrap_or_else(|| mounted.own.clone());
            let controllers = handed_down(&parent);
            (parent, controllers)
        }
    };
    let writable = is_writable(&parent);
    writable.then_some(Hierarchy {
        version: mounted.version,
        name,
        parent,
        controllers,
    })
}

/// Moving a process asks for the right to write to the group that is above both of its places.
fn is_writable(group: &Path) -> bool {
    let allowed = |path: &Path| access(path, AccessFlags::W_OK).is_ok();
    allowed(group) && allowed(&group.join("cgroup.procs"))
}

fn nearest_that_hands_down(own: &Path, top: &Path) -> Option<PathBuf> {
    let mut groups = own.ancestors().take_while(|group| group.starts_with(top));
    let found = groups
        .find(|group| handed_down(group).iter().any(|c| c == "memory") && is_writable(group))?;
    Some(found.to_owned())
}

fn handed_down(group: &Path) -> Vec<String> {
    let text = fs::read_to_string(group.join("cgroup.subtree_control")).unwrap_or_default();
    text.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Version, find};

    /// The tops and own groups that are found.
    fn found(mountinfo: &str, own: &str) -> Vec<(Version, PathBuf, PathBuf)> {
        let found = find(mountinfo, own).into_iter();
        found.map(|m| (m.version, m.top, m.own)).collect()
    }

    #[test]
    fn a_hybrid_machine_has_both_kinds() {
        let mountinfo = "\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
";
        let own = "5:cpu,cpuacct:/a/b\n1:name=systemd:/c\n0::/d\n";
        let group = |version, top: &str, own: &str| {
            let top = PathBuf::from("/sys/fs/cgroup").join(top);
            (version, top.clone(), top.join(own))
        };
        assert_eq!(
            found(mountinfo, own),
            [
                group(Version::One, "cpu,cpuacct", "a/b"),
                group(Version::One, "systemd", "c"),
                group(Version::Two, "unified", "d"),
            ]
        );
    }

    #[test]
    fn a_container_s_own_group_is_the_top_of_its_mount() {
        let mountinfo =
            "9 8 0:9 /docker/1f /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory\n";
        let top = PathBuf::from("/sys/fs/cgroup/memory");
        assert_eq!(
            found(mountinfo, "4:memory:/docker/1f\n"),
            [(Version::One, top.clone(), top.join(""))]
        );
    }

    #[test]
    fn a_group_outside_of_the_mount_is_not_to_be_had() {
        let mountinfo =
            "9 8 0:9 /docker/1f /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory\n";
        assert_eq!(found(mountinfo, "4:memory:/other\n"), []);
    }
}
