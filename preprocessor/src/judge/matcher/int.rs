//! `{{int}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "int",
    doc: "A whole number, with a sign or without.",
    regex: r"[+-]?[0-9]+",
    accepts: None,
    argument: Argument::Binding,
    examples: &["0", "-12", "18446744073709551616"],
    not: &["1.5", "1,000", ""],
};
