//! `{{re:…}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "re",
    doc: "What the regular expression behind the colon matches, in the syntax of Rust's crate regex: `{{re:eth[0-9]+}}`.",
    regex: "",
    accepts: None,
    argument: Argument::Regex,
    // Here the expression is `[a-c]{2}`.
    examples: &["ab"],
    not: &["abc", "x"],
};
