//! `{{any}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "any",
    doc: "Anything to be found on one line, nothing too.",
    regex: r".*",
    accepts: None,
    argument: Argument::Binding,
    examples: &["", "all of  it"],
    not: &[],
};
