//! `{{hex}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "hex",
    doc: "Hexadecimal digits, with `0x` or without: a hash, an address in memory.",
    regex: r"(?:0x)?[0-9A-Fa-f]+",
    accepts: None,
    argument: Argument::Binding,
    examples: &["deadbeef", "0x7ffe", "42"],
    not: &["0x", "deadbeeg", ""],
};
