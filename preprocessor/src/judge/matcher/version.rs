//! `{{version}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "version",
    doc: "The version of a program or a package.",
    regex: r"(?:[0-9]+:)?[0-9]+(?:[.+~-]?[0-9A-Za-z]+)*",
    accepts: None,
    argument: Argument::Binding,
    examples: &[
        "1.47.2",
        "10.0p1",
        "1:10.0p1-7+deb13u4",
        "3.17.2-3",
        "2.4~rc1",
    ],
    not: &["v1.2", "1..2", "one", ""],
};
