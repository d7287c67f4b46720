//! The groups of a lab in the machine's cgroup hierarchies: made and removed by the keeper, entered by PID 1.
//!
//! In each hierarchy a lab has one group, which bounds it, and in that one:
//!
//! ```text
//! mdbook-twin.NAMESPACE.PID.START    the machine's; the limits of the whole lab
//!   ├ lab                            the machine's; PID 1, and every host without the permission `cgroups`
//!   └ host-N                         lab root's: the N-th host, which has it
//! ```
//!
//! The keeper opens the files by which a process enters a group, and who enters writes to them: the kernel asks for the
//! rights of who opened. A process that moves itself, as one thread, also spares the lock over all processes of the
//! machine, which costs 10 ms and more.
//!
//! The name tells the maker (pid namespace, pid, start time), so that the next lab can remove what a killed keeper left.

use std::fs::{self, File, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{OpenOptionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{UnlinkatFlags, unlinkat};

use crate::lab::handover::Doing;
use crate::lab::hierarchies::{self, Hierarchy, Version};
use crate::lab::ids::Ranges;
use crate::lab::init::{During, Made};
use crate::lab::plan::Plan;

const PREFIX: &str = "mdbook-twin";

/// Processes of the lab that are not the tutorial's: PID 1, and for each host the runtime, which is two for a moment,
/// its first process and a helper of the agent.
const OWN_PROCESSES: u64 = 1;
const OWN_PROCESSES_OF_A_HOST: u64 = 4;

/// The groups of one lab. Dropping it removes them, so every process in them has to be dead by then.
pub(super) struct Groups {
    made: Vec<PathBuf>,
    /// The files by which PID 1 enters its groups.
    first: Vec<File>,
    /// Those of each host, in the plan's order.
    hosts: Vec<Option<HostGroups>>,
    bounded: bool,
}

/// The groups that a host is given.
pub(super) struct HostGroups {
    entrances: Vec<File>,
    /// The name of each hierarchy below /sys/fs/cgroup, and where the host's group in it is.
    pub(super) trees: Vec<(String, PathBuf)>,
}

impl Groups {
    /// Makes them, after what earlier keepers left is removed. A lab for which the machine allows none goes without,
    /// unless one of its hosts asks for them.
    pub(super) fn make(plan: &Plan, ranges: &Ranges) -> Made<Self> {
        let asked = plan.hosts.iter().any(|host| host.cgroups);
        let mut groups = Self::none(plan);
        match groups.fill(plan, ranges) {
            Ok(()) => Ok(groups),
            Err(_) if !asked => Ok(Self::none(plan)),
            Err(error) => Err(error).during(Doing::Cgroups, "the lab's cgroups"),
        }
    }

    fn none(plan: &Plan) -> Self {
        Self {
            made: Vec::new(),
            first: Vec::new(),
            hosts: plan.hosts.iter().map(|_| None).collect(),
            bounded: false,
        }
    }

    /// Whether the lab's memory is bounded by them.
    pub(super) fn bound_memory(&self) -> bool {
        self.bounded
    }

    /// The groups of a host that has the permission.
    pub(super) fn of_host(&self, index: usize) -> Option<&HostGroups> {
        self.hosts.get(index)?.as_ref()
    }

    /// Makes PID 1, which is to call it, a member.
    pub(super) fn enter(&self) -> Result<()> {
        enter(&self.first)
    }

    fn fill(&mut self, plan: &Plan, ranges: &Ranges) -> Result<()> {
        // A lab without hosts is a question to the machine, which is not about limits.
        if plan.hosts.is_empty() {
            return Ok(());
        }
        let asked = plan.hosts.iter().any(|host| host.cgroups);
        let name = own_name()?;
        for hierarchy in hierarchies::usable() {
            let bounds = hierarchy.hands_down("memory") || hierarchy.hands_down("pids");
            if !asked && !bounds {
                continue;
            }
            sweep(&hierarchy.parent);
            let group = hierarchy.parent.join(&name);
            make_group(&hierarchy, &group)?;
            self.made.push(group.clone());
            self.bounded |= bound(&hierarchy, &group, plan)?;
            let lab = group.join("lab");
            make_group(&hierarchy, &lab)?;
            self.first.push(entrance(&hierarchy, &lab)?);
            if asked && hierarchy.version == Version::Two {
                hand_down_all(&group);
            }
            for (index, host) in plan.hosts.iter().enumerate() {
                if host.cgroups {
                    self.give(index, &hierarchy, &group, ranges)?;
                }
            }
        }
        Ok(())
    }

    fn give(
        &mut self,
        index: usize,
        hierarchy: &Hierarchy,
        group: &Path,
        ranges: &Ranges,
    ) -> Result<()> {
        let own = group.join(format!("host-{index}"));
        make_group(hierarchy, &own)?;
        delegate(&own, ranges)?;
        let host = self.hosts[index].get_or_insert_with(|| HostGroups {
            entrances: Vec::new(),
            trees: Vec::new(),
        });
        host.entrances.push(entrance(hierarchy, &own)?);
        host.trees.push((hierarchy.name.clone(), own));
        Ok(())
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for group in &self.made {
            remove_patiently(group);
        }
    }
}

impl HostGroups {
    /// The files by which a process enters them, see [`enter`].
    pub(super) fn entrances(&self) -> Result<Vec<File>> {
        self.entrances.iter().map(File::try_clone).collect()
    }
}

/// Makes the calling process a member, and what it sees of the hierarchies begin there. Safe between fork and exec.
pub(super) fn enter(entrances: &[File]) -> Result<()> {
    for mut file in entrances {
        file.write_all(b"0")?;
    }
    Ok(unshare(CloneFlags::CLONE_NEWCGROUP)?)
}

fn entrance(hierarchy: &Hierarchy, group: &Path) -> Result<File> {
    let name = match hierarchy.version {
        Version::One => "tasks",
        Version::Two => "cgroup.procs",
    };
    OpenOptions::new().write(true).open(group.join(name))
}

fn make_group(hierarchy: &Hierarchy, group: &Path) -> Result<()> {
    fs::create_dir(group)?;
    // Version 1's cpuset begins empty, and a group without a processor takes no process.
    if hierarchy.version == Version::One && hierarchy.hands_down("cpuset") {
        let above = group.parent().unwrap_or(group);
        for file in ["cpuset.cpus", "cpuset.mems"] {
            fs::write(group.join(file), fs::read(above.join(file))?)?;
        }
    }
    Ok(())
}

/// Sets the limits that this hierarchy counts; says whether memory is one of them. Files of the lab lie in memory, so
/// they are counted with it: the bound is memory and disk together.
fn bound(hierarchy: &Hierarchy, group: &Path, plan: &Plan) -> Result<bool> {
    let bytes = plan.limits.memory.saturating_add(plan.limits.disk);
    let set = |file: &str, value: u64| fs::write(group.join(file), value.to_string());
    // A kernel that does not count swap has no such file.
    let set_if_there = |file: &str, value| match set(file, value) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    };
    if hierarchy.hands_down("pids") {
        let hosts = u64::try_from(plan.hosts.len()).map_err(Error::other)?;
        let own = OWN_PROCESSES + OWN_PROCESSES_OF_A_HOST * hosts;
        set("pids.max", plan.limits.pids.saturating_add(own))?;
    }
    if !hierarchy.hands_down("memory") {
        return Ok(false);
    }
    match hierarchy.version {
        Version::One => {
            set("memory.limit_in_bytes", bytes)?;
            set_if_there("memory.memsw.limit_in_bytes", bytes)?;
        }
        Version::Two => {
            set("memory.max", bytes)?;
            set_if_there("memory.swap.max", 0)?;
        }
    }
    Ok(true)
}

/// Version 2: what the lab's group has, its hosts' groups have too, as far as the kernel lets us.
fn hand_down_all(group: &Path) {
    let controllers = fs::read_to_string(group.join("cgroup.controllers")).unwrap_or_default();
    for controller in controllers.split_whitespace() {
        let _ = fs::write(
            group.join("cgroup.subtree_control"),
            format!("+{controller}"),
        );
    }
}

/// What cgroups(7) says to give away: the folder, and the files by which processes come in and controllers go down. The
/// limits in it stay the machine's.
fn delegate(group: &Path, ranges: &Ranges) -> Result<()> {
    let give = |path: &Path| chown(path, Some(ranges.uid), Some(ranges.gid));
    give(group)?;
    for file in [
        "cgroup.procs",
        "tasks",
        "cgroup.threads",
        "cgroup.subtree_control",
    ] {
        match give(&group.join(file)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// `mdbook-twin.NAMESPACE.PID.START`. The number of the pid namespace is there because containers can share a hierarchy
/// and not their pids.
fn own_name() -> Result<String> {
    let pid = std::process::id();
    let start = start_time(pid).ok_or_else(|| Error::other("/proc/self/stat can't be read"))?;
    Ok(format!("{PREFIX}.{}.{pid}.{start}", pid_namespace()?))
}

/// `pid:[4026531836]` → `4026531836`
fn pid_namespace() -> Result<String> {
    let link = fs::read_link("/proc/self/ns/pid")?;
    let digits = |c: &char| c.is_ascii_digit();
    Ok(link.to_string_lossy().chars().filter(digits).collect())
}

/// In clock ticks since boot: with the pid it names a process for ever. A dead one that nobody has waited for has none: a
/// machine's init can take its time.
fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in brackets, and may hold any character; the start is the 22nd.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let lives = !matches!(fields.next()?, "Z" | "X");
    lives.then(|| fields.nth(18)?.parse().ok())?
}

/// Removes the groups of keepers that are gone. What can't be removed yet is the next one's. A keeper's group lies below
/// its caller's: this caller's, or one beside it, as each session has one.
fn sweep(parent: &Path) {
    let Ok(namespace) = pid_namespace() else {
        return;
    };
    sweep_one(parent, &namespace);
    // At the top of a hierarchy, what is above is none.
    let above = parent
        .parent()
        .filter(|above| above.join("cgroup.procs").exists());
    for beside in above.iter().flat_map(fs::read_dir).flatten().flatten() {
        sweep_one(&beside.path(), &namespace);
    }
}

fn sweep_one(parent: &Path, namespace: &str) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| is_orphan(name, namespace)) {
            let _ = remove(&entry.path());
        }
    }
}

fn is_orphan(name: &str, namespace: &str) -> bool {
    let mut parts = name.split('.');
    let ours = parts.next() == Some(PREFIX) && parts.next() == Some(namespace);
    let mut number = || parts.next()?.parse::<u64>().ok();
    let (pid, start) = (number(), number());
    let (Some(pid), Some(start)) = (pid.and_then(|pid| u32::try_from(pid).ok()), start) else {
        return false;
    };
    ours && start_time(pid) != Some(start)
}

/// The kernel counts a dead process as a member until its last reference is gone, which can be a moment after its parent
/// was told.
#[expect(
    clippy::disallowed_methods,
    reason = "nothing tells of the last reference's end"
)]
fn remove_patiently(group: &Path) {
    const PAUSE: Duration = Duration::from_millis(2);
    const MOST: usize = 500;
    for _ in 0..MOST {
        match remove(group) {
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => std::thread::sleep(PAUSE),
            _ => return,
        }
    }
}

/// Removes a group and all below it. A host can make groups deeper than a path is long, so this goes down and up by
/// descriptors, two at a time.
fn remove(group: &Path) -> Result<()> {
    let mut folder = open_folder(group)?;
    let mut above: Vec<String> = Vec::new();
    loop {
        if let Some(below) = first_folder(&folder)? {
            folder = open_folder(&within(&folder, &below))?;
            above.push(below);
            continue;
        }
        let Some(name) = above.pop() else { break };
        folder = open_folder(&within(&folder, ".."))?;
        match unlinkat(&folder, name.as_str(), UnlinkatFlags::RemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(error) => return Err(error.into()),
        }
    }
    drop(folder);
    match fs::remove_dir(group) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn open_folder(path: &Path) -> Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_DIRECTORY)
        .open(path)
}

fn within(folder: &File, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{name}", folder.as_raw_fd()))
}

fn first_folder(folder: &File) -> Result<Option<String>> {
    for entry in fs::read_dir(within(folder, ""))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            return Ok(Some(entry.file_name().to_string_lossy().into_owned()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::{is_orphan, own_name, pid_namespace};

    #[test]
    fn a_group_of_a_process_that_lives_is_no_orphan() {
        let namespace = pid_namespace().unwrap_or_default();
        let own = own_name().unwrap_or_default();
        assert!(!is_orphan(&own, &namespace));
        assert!(is_orphan(&format!("{own}0"), &namespace)); // Another start time: the pid was given again.
    }

    #[test]
    fn what_is_not_named_like_one_is_left_alone() {
        let namespace = pid_namespace().unwrap_or_default();
        for name in [
            "mdbook-twin",
            "lxc.payload.c",
            "mdbook-twin.1.2.3",
            "user.slice",
        ] {
            assert!(!is_orphan(name, &namespace), "{name}");
        }
    }
}
