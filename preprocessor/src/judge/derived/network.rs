//! An address and the network it is in, where that is shown with its prefix length: 10.0.2.15 and 10.0.2.0/24.

use std::net::{IpAddr, Ipv6Addr};

use super::Relation;

pub(super) const RELATION: Relation = Relation {
    name: "network",
    doc: "an address and the network it is in, where that is shown with its prefix length (`10.0.2.15` and `10.0.2.0/24`)",
    said: "the address was in that network",
    holds,
    examples: &[
        ("10.0.2.15", "10.0.2.0/24"),
        ("10.0.2.15/24", "10.0.2.0/24"),
        ("fd00:1::5", "fd00:1::/64"),
    ],
    not: &[
        ("10.0.3.15", "10.0.2.0/24"),
        // An address of its own, not a network.
        ("10.0.2.15", "10.0.2.2/24"),
        ("10.0.2.15", "10.0.2.0"),
        ("10.0.2.0/24", "10.0.2.0/24"),
        ("10.0.2.15", "0.0.0.0/0"),
        ("10.0.2.15", "10.0.2.15/32"),
        ("fd00:1::5", "10.0.2.0/24"),
    ],
};

fn holds(address: &str, network: &str) -> bool {
    let address = address.split_once('/').map_or(address, |(it, _)| it);
    let Some((network, prefix)) = network.split_once('/') else {
        return false;
    };
    let (Ok(address), Ok(network), Ok(prefix)) = (
        address.parse::<IpAddr>(),
        network.parse::<IpAddr>(),
        prefix.parse::<u32>(),
    ) else {
        return false;
    };
    // As numbers of 128 bits, the network's bits on the left.
    let (address, network, bits) = match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let wide = |it: u32| u128::from(it) << 96;
            (wide(address.into()), wide(network.into()), 32)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let wide = |it: Ipv6Addr| u128::from(it);
            (wide(address), wide(network), 128)
        }
        _ => return false,
    };
    if prefix == 0 || prefix >= bits || address == network {
        return false;
    }
    let mask = u128::MAX << (128 - prefix);
    network & !mask == 0 && address & mask == network
}
