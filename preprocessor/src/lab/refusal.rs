//! What a machine refuses of a lab → what would make it allow it.
//!
//! Told by what failed, and by the switches that this kernel has: nothing here asks whether it is Ubuntu, Docker or a pod.

use std::fs;
use std::path::Path;

use nix::errno::Errno;
use nix::unistd::Uid;

use crate::judge::Missing;
use crate::lab::handover::{Doing, Refusal};
use crate::lab::ids::{self, NoRanges};
use crate::lab::needs::install;
use crate::need::{Kind, Mend, Need, State};

/// The need that a machine without namespaces does not meet.
pub(crate) const NAMESPACES: &str = "Linux namespaces";

/// Where a kernel shows its switches.
const SWITCHES: &str = "/proc/sys";

/// Why the caller has no ids to give to a lab: what is missing, and what mends it.
pub(crate) fn no_ranges(why: &NoRanges) -> (String, Mend) {
    match why {
        NoRanges::NotGiven { user, free } => (
            format!("65,536 subordinate ids for {user} in /etc/subuid and /etc/subgid"),
            Mend::Run({
                let range = format!("{free}-{}", free.saturating_add(ids::COUNT - 1));
                format!("sudo usermod --add-subuids {range} --add-subgids {range} {user}")
            }),
        ),
        NoRanges::NoProgram => (
            "the programs newuidmap and newgidmap".to_owned(),
            install("uidmap"),
        ),
    }
}

/// A refused lab as the reason of a skip.
pub(crate) fn missing(refusal: &Refusal) -> Missing {
    Missing {
        what: lacks(refusal),
        remedy: mend(refusal, Path::new(SWITCHES)).to_string(),
    }
}

/// The need that a refused lab does not meet.
pub(crate) fn refused(refusal: &Refusal) -> Need {
    Need {
        kind: Kind::Namespaces,
        what: NAMESPACES.to_owned(),
        state: State::Unmet {
            lacks: lacks(refusal),
            mend: mend(refusal, Path::new(SWITCHES)),
        },
    }
}

/// What a machine of which too much is asked at once can do about it.
const FEWER: &str = "run fewer tutorials side by side (`--jobs`)";

/// A system's error, and behind it the remedy, where one is known.
pub(super) fn with_remedy(error: &std::io::Error) -> String {
    let limit = match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EMFILE) => ", or raise the limit of open files: ulimit -n",
        Some(Errno::EAGAIN) => ", or raise the limit of processes: ulimit -u",
        Some(Errno::ENFILE | Errno::ENOMEM) => "",
        _ => return error.to_string(),
    };
    format!("{error}: {FEWER}{limit}")
}

fn lacks(refusal: &Refusal) -> String {
    format!("{} ({})", in_words(refusal.doing), refusal.error)
}

fn in_words(doing: Doing) -> &'static str {
    match doing {
        Doing::Starting => "the start of a lab",
        Doing::Devices => "device nodes of the lab's own",
        Doing::Cgroups => "cgroups of the lab's own",
        Doing::Namespaces => "new Linux namespaces",
        Doing::Ids => "subordinate ids for the lab",
        Doing::Root => "being root in a user namespace",
        Doing::Files => "mounting in a user namespace",
        Doing::Placing => "copying into a host",
        Doing::Proc => "a /proc of the lab's own",
        Doing::Network => "a network namespace of the lab's own",
        Doing::Runtime => "starting the OCI runtime",
    }
}

fn mend(refusal: &Refusal, switches: &Path) -> Mend {
    let words = match refusal.doing {
        Doing::Namespaces | Doing::Root | Doing::Files | Doing::Network => {
            if let Some(switch) = closed_switch(switches, Uid::effective()) {
                return Mend::Run(format!("sudo sysctl -w {switch}"));
            }
            // What the kernel says when as many are there as `user.max_*_namespaces` allows.
            if refusal.error.ends_with("(os error 28)") {
                return Mend::Words(format!("{FEWER}, or raise user.max_*_namespaces by sysctl"));
            }
            "in a container: start it with `--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined`"
        }
        Doing::Proc => {
            "in a container: start it with `--security-opt systempaths=unconfined` (a pod: `procMount: Unmasked`)"
        }
        Doing::Ids if Uid::effective().is_root() => {
            "root of a container without ids to give away (/proc/self/uid_map): run it as root of the machine, or in a container without a user namespace"
        }
        Doing::Ids => {
            "look at /etc/subuid and /etc/subgid, and that newuidmap is setuid root (`sudo apt-get install --reinstall uidmap`)"
        }
        Doing::Devices => {
            "run as root of the machine (not of a container), or as an ordinary user where the device's mode is 0666"
        }
        Doing::Cgroups => "run as root of the machine",
        Doing::Starting | Doing::Placing | Doing::Runtime => {
            "no remedy is known; please report this message"
        }
    };
    Mend::Words(words.to_owned())
}

/// The sysctl that refuses user namespaces here, set to what allows them.
fn closed_switch(switches: &Path, user: Uid) -> Option<&'static str> {
    let reads = |name: &str, closed: &str| {
        fs::read_to_string(switches.join(name)).is_ok_and(|text| text.trim() == closed)
    };
    if reads("user/max_user_namespaces", "0") {
        return Some("user.max_user_namespaces=65536");
    }
    if reads("kernel/unprivileged_userns_clone", "0") && !user.is_root() {
        return Some("kernel.unprivileged_userns_clone=1");
    }
    // Ubuntu since 24.04: namespaces are given, and everything in them is refused.
    if reads("kernel/apparmor_restrict_unprivileged_userns", "1") && !user.is_root() {
        return Some("kernel.apparmor_restrict_unprivileged_userns=0");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Uid, closed_switch};

    #[test]
    fn a_closed_switch_is_named_for_whom_it_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["user", "kernel"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let switch = |uid| closed_switch(folder.path(), Uid::from_raw(uid));
        let set = |name: &str, value: &str| {
            std::fs::write(folder.path().join(name), format!("{value}\n")).unwrap();
        };
        assert_eq!(switch(1000), None);
        set("kernel/apparmor_restrict_unprivileged_userns", "1");
        assert_eq!(
            switch(1000),
            Some("kernel.apparmor_restrict_unprivileged_userns=0")
        );
        assert_eq!(switch(0), None);
        set("kernel/unprivileged_userns_clone", "0");
        assert_eq!(switch(1000), Some("kernel.unprivileged_userns_clone=1"));
        set("user/max_user_namespaces", "0");
        assert_eq!(switch(0), Some("user.max_user_namespaces=65536"));
    }
}
