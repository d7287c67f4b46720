//! What a tutorial needs and this machine lacks, each with what mends it.
//!
//! In: a tutorial, what the machine grants, the OCI runtime. Out: reasons to skip it; none means that it can run. Cheap
//! enough to ask for every tutorial of a book: what belongs to the machine is found out once.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use nix::unistd::Uid;

use crate::judge::Missing;
use crate::lab::handover::{Doing, Refusal};
use crate::lab::ids::{self, NoRanges};
use crate::lab::permission::Device;
use crate::lab::{packages, probe, programs};
use crate::tutorial::{Action, Host, Permission, System, Tutorial};

/// Everything that the tutorial needs and the machine lacks or does not grant, each once. The first call in a process
/// makes an empty lab to see whether it can (5 ms as root, 20 ms as an ordinary user).
pub fn missing(tutorial: &Tutorial, grants: &[Permission], runtime: &str) -> Vec<Missing> {
    let mut all = missing_for(tutorial, grants, runtime);
    if ids::of_caller().is_ok() {
        all.extend(probe::refusal());
    }
    all
}

/// The same without making a lab, for who makes one next and learns by that.
pub fn missing_for(tutorial: &Tutorial, grants: &[Permission], runtime: &str) -> Vec<Missing> {
    let mut all = of_the_lab(runtime);
    all.extend(of_upstream(tutorial));
    if tutorial.hosts.len() > 1 {
        all.push(not_yet(
            "a lab of several hosts",
            "several hosts come with a later version",
        ));
    }
    for host in &tutorial.hosts {
        all.extend(of_host(host));
        let needs = host.needs.iter();
        all.extend(needs.flat_map(|&permission| of_permission(permission, grants)));
    }
    let mut once: Vec<Missing> = Vec::new();
    for one in all {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}

fn of_the_lab(runtime: &str) -> Vec<Missing> {
    let mut all = Vec::new();
    if programs::find(runtime).is_none() {
        all.push(Missing {
            what: format!("the OCI runtime {runtime}"),
            remedy: match runtime {
                "crun" => apt(["crun"]),
                _ => "set `runtime` in [preprocessor.twin] of book.toml".to_owned(),
            },
        });
    }
    all.extend(ids::of_caller().err().map(|why| no_ranges(&why)));
    all
}

/// A block that nobody has can't be typed.
fn of_upstream(tutorial: &Tutorial) -> Option<Missing> {
    let mut actions = tutorial.steps.iter().map(|step| &step.action);
    let upstream = tutorial.upstream.as_ref()?;
    actions
        .any(|action| *action == Action::Unavailable)
        .then(|| Missing {
            what: format!(
                "{} of {} at commit {}",
                upstream.file, upstream.url, upstream.commit
            ),
            remedy: format!(
                "git must reach {}, or an upstream directory have it",
                upstream.url
            ),
        })
}

fn of_host(host: &Host) -> Vec<Missing> {
    let mut all = Vec::new();
    match &host.system {
        System::Machine { packages } => all.extend(of_packages(packages)),
        // Whether it can be built is asked of its cache: `system::missing_for`.
        System::Debian { .. } => {}
    }
    for program in &host.programs {
        if programs::find_in_host(program).is_none() {
            all.push(Missing {
                what: format!("the program {program}"),
                remedy: format!(
                    "install it below /usr, where a host can see it ({})",
                    programs::HOST_PATH
                ),
            });
        }
    }
    if host.checkout {
        all.push(not_yet(
            "upstream's tree as working directory",
            "`checkout: true` comes with a later version",
        ));
    }
    if host.address.is_some() {
        all.push(not_yet(
            "a network between hosts",
            "`network:` comes with several hosts, in a later version",
        ));
    }
    all
}

/// One entry for each missing package, all with the same remedy, so that one command line mends them.
fn of_packages(names: &[String]) -> Vec<Missing> {
    let found = packages::versions(names);
    let lacking: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|&name| !found.contains_key(name))
        .collect();
    let remedy = if packages::is_debian() {
        apt(lacking.iter().copied())
    } else {
        "this machine has no dpkg: use one with Debian, or name `programs` in the spec".to_owned()
    };
    let entry = |name: &&str| Missing {
        what: format!("the package {name}"),
        remedy: remedy.clone(),
    };
    lacking.iter().map(entry).collect()
}

fn of_permission(permission: Permission, grants: &[Permission]) -> Option<Missing> {
    let word = permission.word();
    let Some(device) = permission.device() else {
        return Some(not_yet(
            &format!("the permission {word}"),
            "no version can give it yet",
        ));
    };
    if !grants.contains(&permission) {
        return Some(Missing {
            what: format!("the permission {word}"),
            remedy: format!("[preprocessor.twin] grant = [\"{word}\"]"),
        });
    }
    of_device(&device)
}

/// Root makes a node of the lab's own; anybody else gives the machine's, to which the lab's ids are "others".
fn of_device(device: &Device) -> Option<Missing> {
    if Uid::effective().is_root() {
        return None;
    }
    let path = &device.path;
    let usable = fs::metadata(path)
        .is_ok_and(|found| found.file_type().is_char_device() && found.mode() & 0o006 == 0o006);
    (!usable).then(|| Missing {
        what: format!("the device {path}, open to everybody"),
        remedy: format!("sudo chmod 0666 {path}"),
    })
}

/// Why the caller has no ids to give to a lab.
pub(crate) fn no_ranges(why: &NoRanges) -> Missing {
    match why {
        NoRanges::NotGiven { user } => Missing {
            what: format!("65,536 subordinate ids for {user} in /etc/subuid and /etc/subgid"),
            remedy: format!(
                "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {user}"
            ),
        },
        NoRanges::NoProgram => Missing {
            what: "the programs newuidmap and newgidmap".to_owned(),
            remedy: apt(["uidmap"]),
        },
    }
}

/// What the machine refused of a lab → what would make it allow it.
pub(crate) fn refused(refusal: &Refusal) -> Missing {
    Missing {
        what: format!("{} ({})", in_words(refusal.doing), refusal.error),
        remedy: remedy(refusal.doing),
    }
}

fn in_words(doing: Doing) -> &'static str {
    match doing {
        Doing::Starting => "the start of a lab",
        Doing::Devices => "device nodes of the lab's own",
        Doing::Namespaces => "new Linux namespaces",
        Doing::Ids => "subordinate ids for the lab",
        Doing::Root => "being root in a user namespace",
        Doing::Files => "mounting in a user namespace",
        Doing::Proc => "a /proc of the lab's own",
        Doing::Network => "a network namespace of the lab's own",
        Doing::Runtime => "starting the OCI runtime",
    }
}

/// Told by what failed, and by the switches that this kernel has.
fn remedy(doing: Doing) -> String {
    if let Some(switch) = closed_switch() {
        return format!("sudo sysctl -w {switch}");
    }
    match doing {
        Doing::Namespaces | Doing::Root | Doing::Files | Doing::Network => {
            "in a container: start it with `--security-opt seccomp=unconfined --security-opt apparmor=unconfined`"
        }
        Doing::Proc => "in a container: start it with `--security-opt systempaths=unconfined` (a pod: `procMount: Unmasked`)",
        Doing::Ids => "look at /etc/subuid and /etc/subgid, and that newuidmap is setuid root (`sudo apt-get install --reinstall uidmap`)",
        Doing::Devices => "run as root of the machine (not of a container), or as an ordinary user where the device's mode is 0666",
        Doing::Starting | Doing::Runtime => "no remedy is known; please report this message",
    }
    .to_owned()
}

/// The sysctl that refuses user namespaces here, set to what allows them.
fn closed_switch() -> Option<&'static str> {
    let reads =
        |path: &str, closed: &str| fs::read_to_string(path).is_ok_and(|text| text.trim() == closed);
    if reads("/proc/sys/user/max_user_namespaces", "0") {
        return Some("user.max_user_namespaces=65536");
    }
    if reads("/proc/sys/kernel/unprivileged_userns_clone", "0") {
        return Some("kernel.unprivileged_userns_clone=1");
    }
    // Ubuntu since 24.04: namespaces are given, and everything in them is refused.
    if reads(
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
    ) && !Uid::effective().is_root()
    {
        return Some("kernel.apparmor_restrict_unprivileged_userns=0");
    }
    None
}

pub(crate) fn apt<'a>(packages: impl IntoIterator<Item = &'a str>) -> String {
    let packages: Vec<&str> = packages.into_iter().collect();
    format!("sudo apt-get install -y {}", packages.join(" "))
}

fn not_yet(what: &str, remedy: &str) -> Missing {
    Missing {
        what: what.to_owned(),
        remedy: remedy.to_owned(),
    }
}
