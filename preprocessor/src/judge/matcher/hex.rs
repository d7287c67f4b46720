//! `{{hex}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "hex",
    doc: "Hexadecimal digits, with `0x` or without: a hash, an address in memory; a fingerprint in bytes with colons.",
    regex: r"(?:[0-9A-Fa-f]{2}:){7,}(?:[0-9A-Fa-f]{2})?|(?:0x)?[0-9A-Fa-f]+",
    accepts: None,
    argument: Argument::Binding,
    examples: &["deadbeef", "0x7ffe", "42", "a4:18:0a:ea:b6:7d:d2:4c"],
    not: &["0x", "deadbeeg", "a4:18:0a:ea", ""],
};
