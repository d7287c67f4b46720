//! `{{path}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "path",
    doc: "A path, absolute or not, without blanks.",
    regex: r"(?:~|\.{1,2})?/[^\s:]*|[^\s:/]+(?:/[^\s:]*)?",
    accepts: None,
    argument: Argument::Binding,
    examples: &["/tmp/tmp.a8s7", "~/x", "./a", "a/b.c", "file"],
    not: &["", "/a b", "/a:"],
};
