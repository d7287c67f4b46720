//! Names and addresses of hosts: each means one host, and can be had by one.

use std::net::IpAddr;

use crate::diagnostic::Diagnostic;
use crate::tutorial::keys::{Problems, Spanned};
use crate::tutorial::model::{Host, Permission};
use crate::tutorial::resolve::hosts::unknown_host;
use crate::tutorial::spec::SpecKeys;

/// What every host's /etc/hosts has for itself.
const RESERVED: [&str; 3] = ["localhost", "ip6-localhost", "ip6-loopback"];

/// Each name once in a tutorial. (Upper and lower case are the same in a host name.)
pub(super) fn check_names(keys: &SpecKeys, problems: &mut Problems) {
    let Some(hosts) = &keys.hosts else { return };
    let hosts = &hosts.value.0;
    let mut known: Vec<(String, &Spanned<String>, &str)> = Vec::new();
    for (host, spec) in hosts {
        let more = spec.0.names.iter().flat_map(|names| &names.value);
        for name in std::iter::once(host).chain(more) {
            let lower = name.value.to_ascii_lowercase();
            // A lone host may have the name that it has without a spec.
            let alone = hosts.len() == 1 && std::ptr::eq(name, host);
            if RESERVED.contains(&lower.as_str()) && !alone {
                problems.push(reserved(name));
            }
            match known.iter().find(|(other, ..)| *other == lower) {
                Some((_, first, owner)) => problems.push(twice(name, first, owner)),
                None => known.push((lower, name, &host.value)),
            }
        }
    }
}

fn reserved(name: &Spanned<String>) -> Diagnostic {
    let headline = format!("`{}` is every host's name for itself", name.value);
    Diagnostic::error("reserved-name", headline)
        .at(name.span.clone(), "others can't call it so")
        .help("a lone host is called `localhost` when it has no name; several need names of their own")
}

fn twice(name: &Spanned<String>, first: &Spanned<String>, owner: &str) -> Diagnostic {
    let headline = format!("the name `{}` stands for two hosts", name.value);
    Diagnostic::error("name-used-twice", headline)
        .at(name.span.clone(), "")
        .help(format!(
            "`{owner}` has it already, at {}",
            first.span.position()
        ))
}

/// Gives hosts the addresses that their author chose.
pub(super) fn addresses(hosts: &mut [Host], keys: &SpecKeys, problems: &mut Problems) {
    let mut known: Vec<(IpAddr, &Spanned<String>, &str)> = Vec::new();
    for (name, address) in keys.network.iter().flat_map(|network| &network.value.0) {
        let ip = match read(&address.value) {
            Ok(ip) => Some(ip),
            Err(why) => {
                problems.push(bad(address, why));
                None
            }
        };
        if let Some(ip) = ip {
            match known.iter().find(|(other, ..)| *other == ip) {
                Some((_, first, owner)) => problems.push(same(address, first, owner)),
                None => known.push((ip, address, &name.value)),
            }
        }
        match hosts.iter_mut().find(|host| host.name == name.value) {
            Some(host) if host.needs.contains(&Permission::Network) => {
                problems.push(misplaced(address, &host.name));
            }
            Some(host) => host.address = Some(address.value.clone()),
            None => unknown_host(name, hosts, keys, problems),
        }
    }
}

const FORM: &str = "an address has a prefix length: 192.0.2.1/24";

fn read(text: &str) -> Result<IpAddr, &'static str> {
    let (ip, prefix) = text.split_once('/').ok_or(FORM)?;
    let ip: IpAddr = ip.parse().map_err(|_| FORM)?;
    let prefix: u8 = prefix.parse().map_err(|_| FORM)?;
    let (longest, broadcast) = match ip {
        IpAddr::V4(ip) => (32, ip.is_broadcast()),
        IpAddr::V6(_) => (128, false),
    };
    match () {
        () if prefix > longest => Err(FORM),
        () if ip.is_loopback() => Err("every host has it already, for itself"),
        () if ip.is_multicast() || ip.is_unspecified() || broadcast => {
            Err("no single host can have this one")
        }
        () => Ok(ip),
    }
}

fn bad(address: &Spanned<String>, why: &str) -> Diagnostic {
    let headline = match why == FORM {
        true => format!("`{}` is no address", address.value),
        false => format!("`{}` is no address for a host", address.value),
    };
    Diagnostic::error("bad-address", headline)
        .at(address.span.clone(), "")
        .help(why)
}

fn same(address: &Spanned<String>, first: &Spanned<String>, owner: &str) -> Diagnostic {
    let headline = format!("the address `{}` is given to two hosts", address.value);
    Diagnostic::error("address-used-twice", headline)
        .at(address.span.clone(), "")
        .help(format!(
            "`{owner}` has it already, at {}",
            first.span.position()
        ))
}

fn misplaced(address: &Spanned<String>, host: &str) -> Diagnostic {
    let headline = format!("`{host}` is in the machine's network, where addresses are not ours");
    Diagnostic::error("misplaced-key", headline)
        .at(address.span.clone(), "it has none in the lab's network")
        .help("leave it out of `network:`, or leave `network` out of its `needs`")
}
