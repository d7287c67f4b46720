//! `{{float}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "float",
    doc: "A decimal number; a whole one too, since programs leave out `.0`.",
    regex: r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?",
    accepts: None,
    argument: Argument::Binding,
    examples: &["0.043", "12", "-1.5e-9"],
    not: &["1.2.3", ".", "1,5"],
};
