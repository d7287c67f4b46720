//! `{{port}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "port",
    doc: "A TCP or UDP port, 1 to 65535.",
    regex: r"[0-9]{1,5}",
    accepts: Some(|text| text.parse::<u16>().is_ok_and(|port| port != 0)),
    argument: Argument::Binding,
    examples: &["22", "65535"],
    not: &["0", "65536", "-1"],
};
