//! One host → the OCI runtime's `config.json`.

use std::collections::HashMap;
use std::path::PathBuf;

use nix::sys::resource::{Resource, getrlimit};
use oci_spec::OciSpecError;
use oci_spec::runtime::{
    Linux, LinuxBuilder, LinuxNamespaceBuilder, LinuxNamespaceType, Mount, MountBuilder,
    PosixRlimit, PosixRlimitBuilder, PosixRlimitType, Process, ProcessBuilder, RootBuilder, Spec,
    SpecBuilder,
};

use crate::agent::USED_PIDS;
use crate::lab::addresses::Network;
use crate::lab::hierarchies::CGROUPS;
use crate::lab::host::{capabilities, filter, login_user, network_file, root, seccomp};
use crate::lab::init::node_file;
use crate::lab::libraries;
use crate::lab::plan::{AGENT, HostPlan, Root};
use crate::tutorial::Limits;

/// Paths that look empty in a host: what the container engines mask.
const MASKED: [&str; 12] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];

/// Paths that can only be read, besides the kernel's [`switches`].
const READ_ONLY: [&str; 4] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sysrq-trigger"];

/// Where the kernel is configured.
const SWITCHES: &str = "/proc/sys";

/// The container. `place` is where the lab's tmpfs lies.
pub(super) fn of(host: &HostPlan, limits: &Limits, place: &str) -> Result<Spec, OciSpecError> {
    let root = RootBuilder::default()
        .path("rootfs")
        .readonly(false)
        .build()?;
    let linux = linux(host, place)?;
    let seccomp = linux.seccomp().as_ref();
    let filter = seccomp.and_then(filter::in_base64);
    let annotation = filter.map(|filter| (filter::ANNOTATION.to_owned(), filter));
    let spec = SpecBuilder::default()
        .version("1.0.0") // What crun 1.8 knows; nothing here needs more.
        .root(root)
        .hostname(host.hostname.clone())
        .mounts(mounts(host, place)?)
        .process(process(host, limits)?)
        .linux(linux)
        .annotations(annotation.into_iter().collect::<HashMap<_, _>>());
    spec.build()
}

fn linux(host: &HostPlan, place: &str) -> Result<Linux, OciSpecError> {
    // No user namespace: the lab's is the host's. Nor a network namespace for a host that has no interface in the lab's
    // network: the one that PID 1 is in then is the host's, its own or the machine's.
    let kinds = [
        LinuxNamespaceType::Pid,
        LinuxNamespaceType::Mount,
        LinuxNamespaceType::Ipc,
        LinuxNamespaceType::Uts,
    ];
    let namespaces = kinds.map(|kind| LinuxNamespaceBuilder::default().typ(kind).build());
    let network = host.network.interface().map(|_| {
        LinuxNamespaceBuilder::default()
            .typ(LinuxNamespaceType::Network)
            .path(network_file(host, place))
            .build()
    });
    let namespaces = namespaces.into_iter().chain(network);
    LinuxBuilder::default()
        .namespaces(namespaces.collect::<Result<Vec<_>, _>>()?)
        .masked_paths(MASKED.map(str::to_owned))
        .readonly_paths(read_only(host))
        .seccomp(seccomp::profile(host.cgroups)?)
        .build()
}

fn read_only(host: &HostPlan) -> Vec<String> {
    let switches = match host.network {
        Network::Machine => vec![SWITCHES.to_owned()],
        _ => switches(),
    };
    let fixed = READ_ONLY.map(str::to_owned).into_iter();
    fixed.chain(switches).collect()
}

/// All of /proc/sys but `net`: a README that makes a router sets `net.ipv4.ip_forward`, in a namespace of its own too.
/// What is there belongs to the network namespace of whoever looks, and the kernel asks for a capability in *its* user
/// namespace. What concerns the whole machine is only in the machine's own network namespace, or can't be written elsewhere.
fn switches() -> Vec<String> {
    let Ok(folder) = std::fs::read_dir(SWITCHES) else {
        return vec![SWITCHES.to_owned()];
    };
    let paths = folder.flatten().map(|entry| entry.path());
    let mut paths: Vec<String> = paths
        .filter(|path| !path.ends_with("net"))
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    paths.sort();
    paths
}

fn process(host: &HostPlan, limits: &Limits) -> Result<Process, OciSpecError> {
    let env = login_user("root").env;
    let env: Vec<String> = env
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .chain((host.used_pids > 0).then(|| format!("{USED_PIDS}={}", host.used_pids)))
        .collect();
    ProcessBuilder::default()
        .terminal(false)
        .args(host.command.clone())
        .env(env)
        .cwd("/")
        .capabilities(capabilities::of(host)?)
        .rlimits(rlimits(limits)?)
        // sudo and su work in a lab: its root is nobody outside.
        .no_new_privileges(false)
        // When memory runs out, the machine's own programs are not the first to go.
        .oom_score_adj(500)
        .build()
}

/// What holds without cgroups. Memory is each process's own writable memory (RLIMIT_DATA), not its address space, of
/// which Go and Java reserve more than any machine has.
fn rlimits(limits: &Limits) -> Result<Vec<PosixRlimit>, OciSpecError> {
    let files = hard_limit(Resource::RLIMIT_NOFILE).min(1 << 20);
    [
        // 1, not 0: the kernel still starts a `|program` of core_pattern, outside the lab and as root, for 0.
        (PosixRlimitType::RlimitCore, 1, 1),
        (PosixRlimitType::RlimitData, limits.memory, limits.memory),
        (PosixRlimitType::RlimitNofile, files.min(1024), files),
        (PosixRlimitType::RlimitNproc, limits.pids, limits.pids),
    ]
    .into_iter()
    .map(|(kind, soft, hard)| {
        PosixRlimitBuilder::default()
            .typ(kind)
            .soft(soft)
            .hard(hard)
            .build()
    })
    .collect()
}

/// Raising a hard limit needs a capability outside of the lab, so ours is the most.
fn hard_limit(resource: Resource) -> u64 {
    getrlimit(resource).map_or(1024, |(_, hard)| hard)
}

pub(super) fn mounts(host: &HostPlan, place: &str) -> Result<Vec<Mount>, OciSpecError> {
    // Files of the machine that are setuid, or have capabilities, are plain files in a lab: nosuid.
    let read_only = ["rbind", "ro", "nosuid", "nodev"];
    let mut mounts = Vec::new();
    if host.root == Root::Machine {
        for path in root::of_the_machine() {
            mounts.push(mount(&path, "bind", &path, &read_only)?);
        }
    }
    mounts.push(mount(
        "/proc",
        "proc",
        "proc",
        &["nosuid", "nodev", "noexec"],
    )?);
    // Who may mount it must own the network namespace that it shows. The machine's own /sys would be more than a host with
    // the machine's network asked for: it goes without.
    if host.network != Network::Machine {
        let options = ["nosuid", "nodev", "noexec", "ro"];
        mounts.push(mount("/sys", "sysfs", "sysfs", &options)?);
    }
    let dev = ["nosuid", "noexec", "strictatime", "mode=755", "size=1m"];
    mounts.push(mount("/dev", "tmpfs", "tmpfs", &dev)?);
    // gid 5 is tty: `mesg` and `write` ask for it.
    let pts = [
        "nosuid",
        "noexec",
        "newinstance",
        "ptmxmode=0666",
        "mode=0620",
        "gid=5",
    ];
    mounts.push(mount("/dev/pts", "devpts", "devpts", &pts)?);
    let shm = ["nosuid", "nodev", "noexec", "mode=1777", "size=64m"];
    mounts.push(mount("/dev/shm", "tmpfs", "shm", &shm)?);
    mounts.push(mount(
        "/dev/mqueue",
        "mqueue",
        "mqueue",
        &["nosuid", "nodev", "noexec"],
    )?);
    for device in &host.devices {
        let source = format!("{place}/devices/{}", node_file(device));
        mounts.push(mount(
            &device.path,
            "bind",
            &source,
            &["bind", "nosuid", "noexec"],
        )?);
    }
    if host.cgroups {
        let source = format!("{place}/cgroups/{}", host.name);
        let options = ["rbind", "rw", "nosuid", "nodev", "noexec"];
        mounts.push(mount(CGROUPS, "bind", &source, &options)?);
    }
    let agent = format!("{place}/agent/agent");
    mounts.push(mount(
        AGENT,
        "bind",
        &agent,
        &["bind", "ro", "nosuid", "nodev"],
    )?);
    if host.root != Root::Machine {
        mounts.extend(of_libraries(place)?);
    }
    Ok(mounts)
}

/// One by one: a read-only mount of the folder would leave the files in it writable to their owner.
fn of_libraries(place: &str) -> Result<Vec<Mount>, OciSpecError> {
    let folder = std::fs::read_dir(format!("{place}/libraries"));
    let names = folder.into_iter().flatten().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let options = ["bind", "ro", "nosuid", "nodev"];
    let one = |name: String| {
        let target = format!("{}/{name}", libraries::FOLDER);
        mount(
            &target,
            "bind",
            &format!("{place}/libraries/{name}"),
            &options,
        )
    };
    names.map(one).collect()
}

fn mount(target: &str, kind: &str, source: &str, options: &[&str]) -> Result<Mount, OciSpecError> {
    let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
    MountBuilder::default()
        .destination(PathBuf::from(target))
        .typ(kind)
        .source(PathBuf::from(source))
        .options(options)
        .build()
}
