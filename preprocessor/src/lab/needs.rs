//! What a tutorial needs of this machine, and whether it is there: one list for `doctor` and for every skip.
//!
//! In: a tutorial, what the machine grants, the OCI runtime. Out: needs, each met or with what mends it. Cheap enough to ask
//! for every tutorial of a book: what belongs to the machine is found out once. Not here: why a machine refuses a lab
//! (`refusal.rs`).

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use nix::unistd::Uid;

use crate::judge::Missing;
use crate::lab::hierarchies::{self, LimitsBy, limits_by};
use crate::lab::ids::{self, Ranges};
use crate::lab::permission::Device;
use crate::lab::{addresses, packages, probe, programs, refusal};
use crate::need::{Kind, Mend, Need, State};
use crate::tutorial::{Action, Host, Limits, Permission, System, Tutorial, UpstreamSource};

/// Everything that the tutorial needs, each once. The first call in a process makes an empty lab to see whether it can
/// (5 ms as root, 20 ms as an ordinary user).
pub fn needs(tutorial: &Tutorial, grants: &[Permission], runtime: &str) -> Vec<Need> {
    let mut all = needs_to_begin(tutorial, grants, runtime);
    if ids::of_caller().is_ok() {
        all.insert(2, probe::namespaces());
    }
    all
}

/// What of it this machine lacks or does not grant.
pub fn missing(tutorial: &Tutorial, grants: &[Permission], runtime: &str) -> Vec<Missing> {
    unmet(&needs(tutorial, grants, runtime))
}

/// What of [`needs_to_begin`] it does.
pub fn missing_for(tutorial: &Tutorial, grants: &[Permission], runtime: &str) -> Vec<Missing> {
    unmet(&needs_to_begin(tutorial, grants, runtime))
}

fn unmet(needs: &[Need]) -> Vec<Missing> {
    needs.iter().filter_map(Need::missing).collect()
}

/// The same without making a lab, for who makes one next and learns by that.
pub fn needs_to_begin(tutorial: &Tutorial, grants: &[Permission], runtime: &str) -> Vec<Need> {
    let mut all = vec![of_runtime(runtime), of_ids()];
    all.extend(of_limits(&tutorial.limits));
    all.extend(of_upstream(tutorial));
    for host in &tutorial.hosts {
        all.extend(of_host(host));
        let needs = host.needs.iter();
        all.extend(needs.flat_map(|&permission| of_permission(permission, grants)));
    }
    let mut once: Vec<Need> = Vec::new();
    for one in all {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}

fn of_runtime(runtime: &str) -> Need {
    let what = format!("the OCI runtime {runtime}");
    match programs::find(runtime) {
        Some(path) => Need::met(Kind::Runtime, what, path.display().to_string()),
        None if runtime == "crun" => Need::unmet(Kind::Runtime, what, install("crun")),
        None => Need::unmet(
            Kind::Runtime,
            what,
            words("set `runtime` in [preprocessor.twin] of book.toml"),
        ),
    }
}

fn of_ids() -> Need {
    Need {
        kind: Kind::Ids,
        what: "65,536 subordinate ids".to_owned(),
        state: match ids::of_caller() {
            Ok(Ranges { uid, gid }) => State::Met(format!("users from {uid}, groups from {gid}")),
            Err(why) => {
                let (lacks, mend) = refusal::no_ranges(&why);
                State::Unmet { lacks, mend }
            }
        },
    }
}

/// Bounds are always there; by what they hold is worth knowing.
fn of_limits(limits: &Limits) -> [Need; 2] {
    let by = match limits_by() {
        LimitsBy::Cgroups => "by cgroup, for the whole lab, its files in memory included",
        LimitsBy::Rlimits => "by rlimit for each process, and a watcher for all together",
    };
    let memory = format!("at most {} of memory", size(limits.memory));
    let processes = format!("{} processes", limits.pids);
    [
        Need::met(Kind::Limits, format!("{memory} and {processes}"), by),
        Need::met(
            Kind::Disk,
            format!("at most {} of files", size(limits.disk)),
            "a tmpfs, in memory",
        ),
    ]
}

/// `2 GB`, `512 MB`: as specs write them.
fn size(bytes: u64) -> String {
    let units = [(1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")];
    let unit = units.iter().find(|(unit, _)| bytes.is_multiple_of(*unit));
    unit.map_or_else(
        || format!("{bytes} bytes"),
        |(unit, name)| format!("{} {name}", bytes / unit),
    )
}

/// A block that nobody has can't be typed.
fn of_upstream(tutorial: &Tutorial) -> Option<Need> {
    let mut actions = tutorial.steps.iter().map(|step| &step.action);
    let upstream = tutorial.upstream.as_ref()?;
    let what = format!(
        "{} of {} at commit {}",
        upstream.file, upstream.url, upstream.commit
    );
    if actions.any(|action| *action == Action::Unavailable) {
        let mend = format!(
            "git must reach {}, or an upstream directory have it",
            upstream.url
        );
        return Some(Need::unmet(Kind::Upstream, what, Mend::Words(mend)));
    }
    let found = match upstream.source {
        UpstreamSource::File => "the file itself",
        UpstreamSource::Lock | UpstreamSource::Unavailable => "its lines, in the transcript",
    };
    Some(Need::met(Kind::Upstream, what, found))
}

fn of_host(host: &Host) -> Vec<Need> {
    let mut all = Vec::new();
    match &host.system {
        System::Machine { packages } => all.extend(of_packages(packages)),
        // What makes it is asked where the cache is known (`system/`).
        System::Debian { .. } => {}
    }
    all.extend(host.programs.iter().map(|program| of_program(program)));
    all.extend(host.address.as_deref().and_then(of_address));
    all
}

/// IPv4 is everywhere.
fn of_address(address: &str) -> Option<Need> {
    let what = "IPv6".to_owned();
    address.contains(':').then(|| match addresses::has_ipv6() {
        true => Need::met(Kind::Namespaces, what, "the kernel has it"),
        false => Need::unmet(
            Kind::Namespaces,
            what,
            words("start the kernel without `ipv6.disable=1`"),
        ),
    })
}

fn of_program(name: &str) -> Need {
    let what = format!("the program {name}");
    match programs::find_in_host(name) {
        Some(path) => Need::met(Kind::Program, what, path.display().to_string()),
        None => {
            let mend = format!(
                "install it below /usr, where a host can see it ({})",
                programs::HOST_PATH
            );
            Need::unmet(Kind::Program, what, Mend::Words(mend))
        }
    }
}

/// All that are missing have the same remedy, so that one command line mends them.
fn of_packages(names: &[String]) -> Vec<Need> {
    let found = packages::versions(names);
    let lacking = names.iter().filter(|name| !found.contains_key(*name));
    let mend = match packages::is_debian() {
        true => Mend::Install(lacking.cloned().collect()),
        false => {
            words("this machine has no dpkg: use one with Debian, or name `programs` in the spec")
        }
    };
    let need = |name: &String| {
        let what = format!("the package {name}");
        match found.get(name) {
            Some(version) => Need::met(Kind::Package, what, version),
            None => Need::unmet(Kind::Package, what, mend.clone()),
        }
    };
    names.iter().map(need).collect()
}

fn of_permission(permission: Permission, grants: &[Permission]) -> Vec<Need> {
    let word = permission.word();
    let what = format!("the permission {word}");
    if !grants.contains(&permission) {
        return vec![Need::unmet(Kind::Permission, what, Mend::Grant(permission))];
    }
    let mut needs = vec![Need::met(Kind::Permission, what, "granted")];
    needs.extend(permission.device().as_ref().map(of_device));
    needs.extend((permission == Permission::Cgroups).then(of_cgroups));
    needs
}

/// The drivers of the others are loaded when they are opened; this one is there only where the processor has it.
const KVM: &str = "/dev/kvm";

fn of_cgroups() -> Need {
    let what = "cgroups to hand out".to_owned();
    // Giving a group to the lab's root is a chown to an id that is not the caller's, even where one was delegated.
    if Uid::effective().is_root() && !hierarchies::usable().is_empty() {
        return Need::met(Kind::Cgroups, what, hierarchies::CGROUPS);
    }
    let (what, remedy) = match Uid::effective().is_root() {
        true => (
            "a cgroup hierarchy that can be written",
            "in a container: start it with `--privileged --cgroupns=host`, or run on the machine itself",
        ),
        false => (
            "cgroups to hand out, which only root can",
            "run mdbook-twin as root of the machine",
        ),
    };
    Need::unmet(Kind::Cgroups, what.to_owned(), words(remedy))
}

/// Root makes a node of the lab's own; anybody else gives the machine's, to which the lab's ids are "others".
fn of_device(device: &Device) -> Need {
    let Device { path, major, minor } = device;
    let what = format!("the device {path}");
    if *path == KVM && !Path::new(&format!("/sys/dev/char/{major}:{minor}")).exists() {
        let mend =
            "sudo modprobe -a kvm_intel kvm_amd (a virtual machine needs nested virtualisation)";
        return Need::unmet(Kind::Device, what, words(mend));
    }
    if Uid::effective().is_root() {
        return Need::met(Kind::Device, what, "a node of the lab's own, made by root");
    }
    let found = fs::metadata(path).ok();
    match found.filter(|found| found.file_type().is_char_device()) {
        None => {
            // A module has the name of its node here.
            let module = path.rsplit('/').next().unwrap_or_default();
            Need::unmet(
                Kind::Device,
                what,
                Mend::Run(format!("sudo modprobe {module}")),
            )
        }
        Some(found) if found.mode() & 0o006 == 0o006 => {
            let mode = found.mode() & 0o777;
            Need::met(Kind::Device, what, format!("{path}, mode {mode:04o}"))
        }
        _ => Need::unmet(
            Kind::Device,
            format!("{what}, open to everybody"),
            Mend::Run(format!("sudo chmod 0666 {path}")),
        ),
    }
}

/// A package by its name in Debian, whatever this machine calls it.
pub(crate) fn install(package: &str) -> Mend {
    match packages::is_debian() {
        true => Mend::Install(vec![package.to_owned()]),
        false => Mend::Words(format!("install {package}")),
    }
}

fn words(text: &str) -> Mend {
    Mend::Words(text.to_owned())
}
