//! `{{ipv4}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "ipv4",
    doc: "An IPv4 address, without a prefix length or port.",
    regex: r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}",
    accepts: Some(|text| text.parse::<std::net::Ipv4Addr>().is_ok()),
    argument: Argument::Binding,
    examples: &["10.0.0.2", "255.255.255.255"],
    not: &["10.0.0", "10.0.0.256", "10.0.0.2/24"],
};
