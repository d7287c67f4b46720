//! `{{ipv6}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "ipv6",
    doc: "An IPv6 address, without a prefix length, zone or port.",
    regex: r"[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*",
    accepts: Some(|text| text.parse::<std::net::Ipv6Addr>().is_ok()),
    argument: Argument::Binding,
    examples: &["fe80::ace9:d8ff:fe1b:1b1b", "::", "::ffff:10.0.0.2"],
    not: &["fe80::1::2", "fe80::1%eth0", "12:30"],
};
