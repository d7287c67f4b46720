//! `{{word}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "word",
    doc: "Anything without a blank in it.",
    regex: r"\S+",
    accepts: None,
    argument: Argument::Binding,
    examples: &["vde0", "a-b_c!"],
    not: &["", "two words"],
};
