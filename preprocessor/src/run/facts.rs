//! What a run ran on.

use std::collections::BTreeMap;
use std::fs;

use nix::sys::utsname::uname;

use crate::lab;
use crate::outcome::Facts;
use crate::tutorial::{Host, System, Tutorial};

/// The kernel, the hosts' systems, the versions of the packages that the spec lists.
pub(super) fn of(tutorial: &Tutorial) -> Facts {
    let uname = uname().ok();
    let field = |field: Option<&std::ffi::OsStr>| {
        field.map_or_else(String::new, |text| text.to_string_lossy().into_owned())
    };
    let systems = tutorial.hosts.iter();
    Facts {
        kernel: field(uname.as_ref().map(|uname| uname.release())),
        arch: field(uname.as_ref().map(|uname| uname.machine())),
        systems: systems
            .map(|host| (host.name.clone(), system(host)))
            .collect(),
        packages: packages(tutorial),
    }
}

fn system(host: &Host) -> String {
    match &host.system {
        System::Machine { .. } => os_release("PRETTY_NAME").unwrap_or_else(|| "Linux".to_owned()),
        System::Debian { suite, .. } => format!("Debian {suite}"),
    }
}

fn packages(tutorial: &Tutorial) -> BTreeMap<String, String> {
    let mut names = Vec::new();
    for host in &tutorial.hosts {
        if let System::Machine { packages } = &host.system {
            names.extend(packages.iter().cloned());
        }
    }
    lab::package_versions(&names)
}

/// The suite that `when: {suite: …}` is compared with: `bookworm`, `trixie`; empty where a machine has none.
pub(super) fn suite(host: &Host) -> String {
    match &host.system {
        System::Machine { .. } => os_release("VERSION_CODENAME").unwrap_or_default(),
        System::Debian { suite, .. } => suite.clone(),
    }
}

/// A value of os-release(5). Its quotes are the shell's; the values that are read here have nothing escaped in them.
fn os_release(key: &str) -> Option<String> {
    let text = fs::read_to_string("/etc/os-release").ok()?;
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
    Some(value.trim_matches(['"', '\'']).to_owned())
}
