//! `{{pid}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "pid",
    doc: "A process id.",
    regex: r"[1-9][0-9]{0,6}",
    accepts: None,
    argument: Argument::Binding,
    examples: &["1", "4194304"],
    not: &["0", "12345678", "-5"],
};
