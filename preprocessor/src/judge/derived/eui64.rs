//! The interface identifier of an IPv6 address, made from the MAC address (RFC 4291, appendix A): `ff:fe` in the middle,
//! and the second-lowest bit of the first byte flipped.

use std::net::Ipv6Addr;

use super::Relation;

pub(super) const RELATION: Relation = Relation {
    name: "eui64",
    doc: "an IPv6 address and the MAC address that it is made from, as the kernel makes `fe80::…` addresses (EUI-64)",
    said: "the IPv6 address was made from the MAC address",
    holds,
    examples: &[
        ("fe80::ace9:d8ff:fe1b:1b1b", "ae:e9:d8:1b:1b:1b"),
        ("fe80::ace9:d8ff:fe1b:1b1b/64", "ae:e9:d8:1b:1b:1b"),
        ("fd00:1:2:3:5054:ff:fe12:3456", "52:54:00:12:34:56"),
    ],
    not: &[
        ("fe80::ace9:d8ff:fe1b:1b1c", "ae:e9:d8:1b:1b:1b"),
        ("fe80::aee9:d8ff:fe1b:1b1b", "ae:e9:d8:1b:1b:1b"),
        ("fe80::ace9:d8ff:fe1b:1b1b", "10.0.0.1"),
        ("10.0.0.1", "ae:e9:d8:1b:1b:1b"),
    ],
};

fn holds(address: &str, mac: &str) -> bool {
    let address = address.split_once('/').map_or(address, |(it, _)| it);
    let (Ok(address), Some(mac)) = (address.parse::<Ipv6Addr>(), bytes(mac)) else {
        return false;
    };
    let [a, b, c, d, e, f] = mac;
    address.octets()[8..] == [a ^ 2, b, c, 0xff, 0xfe, d, e, f]
}

fn bytes(mac: &str) -> Option<[u8; 6]> {
    let bytes: Option<Vec<u8>> = mac
        .split(':')
        .map(|byte| u8::from_str_radix(byte, 16).ok())
        .collect();
    bytes?.try_into().ok()
}
