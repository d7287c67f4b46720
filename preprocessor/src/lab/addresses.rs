//! Which network each host of a lab is in, and by which addresses others reach it there.
//!
//! In: the tutorial's hosts. Out: the same for the same hosts, so that a transcript shows no address that changes by
//! itself. Not here: the interfaces that carry them (`init/network/`), and the file that gives them names (`host/names.rs`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::tutorial::{Host, Permission};

/// What a host is connected to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Network {
    /// Itself: it is the only host, and nobody gave it an address.
    Alone,
    /// The lab's network, by its `eth0`.
    Lab(Interface),
    /// What the machine is connected to (`needs: [network]`).
    Machine,
}

/// The `eth0` of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Interface {
    /// Locally administered and numbered in the order of the spec: `02:00:00:00:00:01`. A random one would be another in
    /// each recording.
    pub(crate) mac: [u8; 6],
    /// One of each family that this machine has.
    pub(crate) addresses: Vec<Address>,
    /// What the host's names stand for: the address that the author chose, else both.
    pub(crate) named: Vec<IpAddr>,
}

/// An address with the length of its network's prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) ip: IpAddr,
    pub(crate) prefix: u8,
}

impl Address {
    /// `192.0.2.1/24`; `None` for what a spec that was resolved does not have.
    fn parse(text: &str) -> Option<Self> {
        let (ip, prefix) = text.split_once('/')?;
        Some(Self {
            ip: ip.parse().ok()?,
            prefix: prefix.parse().ok()?,
        })
    }

    /// Whether it is a neighbour on the network of this address, so that the route to that network leads there.
    pub(crate) fn covers(self, other: IpAddr) -> bool {
        let bits = |ip: IpAddr| match ip {
            IpAddr::V4(ip) => u128::from(u32::from(ip)) << 96,
            IpAddr::V6(ip) => u128::from(ip),
        };
        let hidden = 128 - u32::from(self.prefix);
        let network = |ip| bits(ip).checked_shr(hidden).unwrap_or(0);
        self.ip.is_ipv4() == other.is_ipv4() && network(self.ip) == network(other)
    }
}

impl Network {
    /// Its interface in the lab's network.
    pub(crate) fn interface(&self) -> Option<&Interface> {
        match self {
            Self::Lab(interface) => Some(interface),
            Self::Alone | Self::Machine => None,
        }
    }
}

/// Whether this machine's kernel has IPv6 at all; a lab on one that has not is without, too.
pub(crate) fn has_ipv6() -> bool {
    std::path::Path::new("/proc/sys/net/ipv6").exists()
}

/// The network of each host, in their order.
pub(crate) fn networks(hosts: &[Host], ipv6: bool) -> Vec<Network> {
    let chosen: Vec<Option<Address>> = hosts
        .iter()
        .map(|host| host.address.as_deref().and_then(Address::parse))
        .collect();
    let taken: Vec<IpAddr> = chosen.iter().flatten().map(|address| address.ip).collect();
    let network = |(index, host): (usize, &Host)| {
        if host.needs.contains(&Permission::Network) {
            return Network::Machine;
        }
        if hosts.len() == 1 && chosen[index].is_none() {
            return Network::Alone;
        }
        Network::Lab(interface(index, chosen[index], &taken, ipv6))
    };
    hosts.iter().enumerate().map(network).collect()
}

fn interface(index: usize, chosen: Option<Address>, taken: &[IpAddr], ipv6: bool) -> Interface {
    // A lab has 64 hosts at most (see `handover.rs`).
    let number = u8::try_from(index + 1).unwrap_or(u8::MAX);
    let mut addresses = vec![made_up_ipv4(number, taken)];
    addresses.extend(ipv6.then(|| made_up_ipv6(number, taken)));
    if let Some(chosen) = chosen {
        addresses.retain(|address| address.ip.is_ipv4() != chosen.ip.is_ipv4());
        addresses.push(chosen);
        addresses.sort_by_key(|address| address.ip.is_ipv6());
    }
    Interface {
        mac: [2, 0, 0, 0, 0, number],
        named: match chosen {
            Some(chosen) => vec![chosen.ip],
            None => addresses.iter().map(|address| address.ip).collect(),
        },
        addresses,
    }
}

/// 192.0.2.0/24, which RFC 5737 keeps for documentation: the host's number, unless the author gave that to another; the
/// upper half then has room.
fn made_up_ipv4(number: u8, taken: &[IpAddr]) -> Address {
    let ip = |number| IpAddr::V4(Ipv4Addr::new(192, 0, 2, number));
    let candidates = [ip(number), ip(number + 64), ip(number + 128)];
    Address {
        ip: free(&candidates, taken),
        prefix: 24,
    }
}

/// 2001:db8::/64 of RFC 3849, likewise.
fn made_up_ipv6(number: u8, taken: &[IpAddr]) -> Address {
    let ip = |high| {
        IpAddr::V6(Ipv6Addr::new(
            0x2001,
            0xdb8,
            0,
            0,
            0,
            0,
            high,
            number.into(),
        ))
    };
    let candidates = [ip(0), ip(1), ip(2)];
    Address {
        ip: free(&candidates, taken),
        prefix: 64,
    }
}

fn free(candidates: &[IpAddr; 3], taken: &[IpAddr]) -> IpAddr {
    let free = candidates.iter().find(|ip| !taken.contains(ip));
    *free.unwrap_or(&candidates[2])
}

#[cfg(test)]
mod tests {
    use super::{Address, Network, networks};
    use crate::tutorial::{Host, Permission, System};

    fn host(name: &str, address: Option<&str>) -> Host {
        Host {
            name: name.to_owned(),
            system: System::Machine {
                packages: Vec::new(),
            },
            needs: Vec::new(),
            programs: Vec::new(),
            user: "user".to_owned(),
            names: Vec::new(),
            address: address.map(str::to_owned),
            checkout: false,
        }
    }

    /// `192.0.2.1/24 2001:db8::1/64`
    fn shown(network: &Network) -> String {
        let addresses = network.interface().map(|one| one.addresses.clone());
        let shown = addresses.into_iter().flatten();
        let shown = shown.map(|Address { ip, prefix }| format!("{ip}/{prefix}"));
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn made_up_addresses_make_way_for_chosen_ones() {
        let hosts = [
            host("a", None),
            host("b", Some("192.0.2.1/24")),
            host("c", Some("2001:db8::1/48")),
        ];
        let all = networks(&hosts, true);
        assert_eq!(shown(&all[0]), "192.0.2.65/24 2001:db8::1:1/64");
        assert_eq!(shown(&all[1]), "192.0.2.1/24 2001:db8::2/64");
        assert_eq!(shown(&all[2]), "192.0.2.3/24 2001:db8::1/48");
        let named = |network: &Network| network.interface().map(|one| one.named.len());
        assert_eq!(
            all.iter().map(named).collect::<Vec<_>>(),
            [Some(2), Some(1), Some(1)]
        );
    }

    #[test]
    fn machine_without_ipv6_has_labs_without() {
        let all = networks(&[host("a", None), host("b", None)], false);
        assert_eq!(shown(&all[0]), "192.0.2.1/24");
    }

    #[test]
    fn lone_host_needs_no_interface() {
        assert_eq!(networks(&[host("a", None)], true), [Network::Alone]);
        let all = networks(&[host("a", Some("10.0.0.1/8"))], true);
        assert_eq!(shown(&all[0]), "10.0.0.1/8 2001:db8::1/64");
    }

    #[test]
    fn host_of_the_machine_s_network_is_in_no_other() {
        let mut gate = host("gate", None);
        gate.needs = vec![Permission::Network];
        let all = networks(&[gate, host("a", None)], true);
        assert_eq!(all[0], Network::Machine);
        assert_eq!(shown(&all[1]), "192.0.2.2/24 2001:db8::2/64");
    }

    #[test]
    fn prefix_says_who_is_a_neighbour() {
        let covers = |own: &str, other: &str| {
            let (own, other) = (Address::parse(own), other.parse());
            own.zip(other.ok()).is_some_and(|(own, ip)| own.covers(ip))
        };
        assert!(covers("192.0.2.1/24", "192.0.2.255"));
        assert!(!covers("192.0.2.1/24", "192.0.3.1"));
        assert!(covers("192.0.2.1/0", "203.0.113.5"));
        assert!(!covers("192.0.2.1/32", "192.0.2.2"));
        assert!(covers("2001:db8::1/64", "2001:db8::ffff"));
        assert!(!covers("2001:db8::1/64", "2001:db8:1::1"));
        assert!(!covers("0.0.0.0/0", "2001:db8::1"));
    }
}
