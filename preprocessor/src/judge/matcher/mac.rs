//! `{{mac}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "mac",
    doc: "A MAC address, six bytes with colons.",
    regex: r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}",
    accepts: None,
    argument: Argument::Binding,
    examples: &["ae:e9:d8:1b:1b:1b"],
    not: &["ae:e9:d8:1b:1b", "0:0:0:0:0:0", ""],
};
