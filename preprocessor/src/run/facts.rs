//! What a run ran on.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use nix::sys::utsname::uname;

use crate::lab;
use crate::lab::system::{self, Sources, Wanted};
use crate::outcome::Facts;
use crate::tutorial::{Host, System, Tutorial};

/// The kernel, the hosts' systems, the versions of the packages that the spec lists.
pub(super) fn of(tutorial: &Tutorial, cache: &Path, sources: &Sources) -> Facts {
    let uname = uname().ok();
    let field = |field: Option<&std::ffi::OsStr>| {
        field.map_or_else(String::new, |text| text.to_string_lossy().into_owned())
    };
    let systems = tutorial.hosts.iter();
    Facts {
        kernel: field(uname.as_ref().map(|uname| uname.release())),
        build: field(uname.as_ref().map(|uname| uname.version())),
        arch: field(uname.as_ref().map(|uname| uname.machine())),
        systems: systems
            .map(|host| (host.name.clone(), system_in_words(host)))
            .collect(),
        packages: packages(tutorial, cache, sources),
    }
}

fn system_in_words(host: &Host) -> String {
    match &host.system {
        System::Machine { .. } => os_release("PRETTY_NAME").unwrap_or_else(|| "Linux".to_owned()),
        System::Debian { suite, .. } => format!("Debian {suite}"),
    }
}

/// A package that two hosts have in different versions is named with the host the second time.
fn packages(tutorial: &Tutorial, cache: &Path, sources: &Sources) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for host in &tutorial.hosts {
        let versions = match &host.system {
            System::Machine { packages } => lab::package_versions(packages),
            debian @ System::Debian { .. } => Wanted::of(debian)
                .map(|wanted| system::versions(&wanted, cache, sources))
                .unwrap_or_default(),
        };
        for (name, version) in versions {
            let key = match all.get(&name) {
                Some(other) if *other != version => format!("{name} on {}", host.name),
                _ => name,
            };
            all.insert(key, version);
        }
    }
    all
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
