//! What of a host's /etc is another one in each lab: its name, /etc/hosts and what else glibc looks into.
//!
//! In: the plan. Out: files below the host's /etc. The same for a host made of the machine and for a system of its own.

use std::fs;
use std::io::Result;
use std::net::IpAddr;
use std::os::unix::fs::symlink;

use crate::lab::addresses::Network;
use crate::lab::plan::{HostPlan, Plan};

const LOOPBACK: &str = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";

/// A name that stands for an address of each family means the IPv4 one first: many a program that a tutorial starts
/// listens to IPv4 alone. `getent hosts` does not ask this file.
const IPV4_FIRST: &str = "precedence ::ffff:0:0/96 100\n";

/// As Debian has it. Without it glibc takes the first line of a name in /etc/hosts and leaves the other family's.
const ALL_LINES: &str = "multi on\n";

/// Writes them.
pub(super) fn write(plan: &Plan, host: &HostPlan, root: &str) -> Result<()> {
    let etc = |name: &str, text: &str| replace(&format!("{root}/etc/{name}"), text);
    etc("hostname", &format!("{}\n", host.hostname))?;
    etc("host.conf", ALL_LINES)?;
    link_mtab(root)?;
    let of_the_machine = |path: &str| fs::read_to_string(path).unwrap_or_default();
    match host.network {
        Network::Alone => {}
        Network::Lab(_) => etc("gai.conf", IPV4_FIRST)?,
        Network::Machine => {
            let own = own_line(host) + &of_the_machine("/etc/hosts");
            etc("hosts", &own)?;
            return etc("resolv.conf", &of_the_machine("/etc/resolv.conf"));
        }
    }
    etc("hosts", &hosts(plan, host))?;
    // Empty: a lab has no name server. glibc then asks 127.0.0.1, which refuses at once.
    etc("resolv.conf", "")
}

/// What `mount` and `df` of old read. Debian makes it at its first boot, which a host never has.
fn link_mtab(root: &str) -> Result<()> {
    let path = format!("{root}/etc/mtab");
    match fs::symlink_metadata(&path) {
        Ok(_) => Ok(()),
        Err(_) => symlink("/proc/self/mounts", path),
    }
}

/// A file of its own, whatever a system has there: a link would be followed.
fn replace(path: &str, text: &str) -> Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        fs::remove_file(path)?;
    }
    fs::write(path, text)
}

fn hosts(plan: &Plan, host: &HostPlan) -> String {
    let mut text = LOOPBACK.to_owned();
    if host.network == Network::Alone {
        return text + &own_line(host);
    }
    for other in &plan.hosts {
        let Some(interface) = other.network.interface() else {
            continue;
        };
        let names = match other.name == host.name {
            true => own_names(host),
            false => names(other),
        };
        for ip in &interface.named {
            text.push_str(&line(ip, &names));
        }
    }
    text
}

/// As Debian's installer writes it: 127.0.1.1 is the machine's own name.
fn own_line(host: &HostPlan) -> String {
    let mut names = own_names(host);
    names.retain(|&name| name != "localhost");
    match names.as_slice() {
        [] => String::new(),
        names => line(&IpAddr::from([127, 0, 1, 1]), names),
    }
}

fn line(ip: &IpAddr, names: &[&str]) -> String {
    format!("{ip}\t{}\n", names.join(" "))
}

/// What it calls itself may differ from what others call it.
fn own_names(host: &HostPlan) -> Vec<&str> {
    let mut all = names(host);
    all.extend((host.hostname != host.name).then_some(host.hostname.as_str()));
    all
}

/// The full ones first, as on any Debian machine: the first is the one that `ping` shows and `hostname -f` gives.
fn names(host: &HostPlan) -> Vec<&str> {
    let is_full = |name: &&str| name.contains('.');
    let more = || host.names.iter().map(String::as_str);
    let mut all: Vec<&str> = more().filter(is_full).collect();
    all.push(&host.name);
    all.extend(more().filter(|name| !is_full(name)));
    all
}

#[cfg(test)]
mod tests {
    use super::hosts;
    use crate::lab::plan::{Plan, Supplies};
    use crate::lab::variation::Variation;
    use crate::tutorial::{Host, Limits, System, Tutorial};

    fn plan(names: &[(&str, &[&str])]) -> Plan {
        let host = |(name, more): &(&str, &[&str])| Host {
            name: (*name).to_owned(),
            system: System::Machine {
                packages: Vec::new(),
            },
            needs: Vec::new(),
            programs: Vec::new(),
            user: "user".to_owned(),
            names: more.iter().map(|&name| name.to_owned()).collect(),
            address: Some("192.0.2.9/24".to_owned()).filter(|_| names.len() > 1),
            checkout: false,
        };
        let tutorial = Tutorial {
            name: "test".to_owned(),
            title: "A test".to_owned(),
            summary: None,
            upstream_note: None,
            spec: "test.yaml".into(),
            upstream: None,
            hosts: names.iter().map(host).collect(),
            terminals: Vec::new(),
            steps: Vec::new(),
            not_run: Vec::new(),
            limits: Limits::default(),
            timeout: None,
            inputs: Vec::new(),
        };
        Plan::new(&tutorial, "crun", Supplies::default())
    }

    fn last_line(plan: &Plan, host: usize) -> String {
        let text = hosts(plan, &plan.hosts[host]);
        text.lines().last().unwrap_or_default().to_owned()
    }

    #[test]
    fn lone_host_knows_its_own_names_the_full_one_first() {
        let plan = plan(&[("remote", &["mail", "remote.mydomain.org"])]);
        let expected = "127.0.1.1\tremote.mydomain.org remote mail";
        assert_eq!(last_line(&plan, 0), expected);
    }

    #[test]
    fn localhost_is_known_once() {
        let plan = plan(&[("localhost", &[])]);
        assert_eq!(hosts(&plan, &plan.hosts[0]).matches("127.0").count(), 1);
    }

    #[test]
    fn only_a_host_itself_knows_what_it_calls_itself() {
        let plan = plan(&[("a", &[]), ("b", &[])]).with_variation(Variation::of(1));
        assert_eq!(last_line(&plan, 0), "192.0.2.9\tb");
        assert_eq!(last_line(&plan, 1), "192.0.2.9\tb b-25");
    }
}
