//! `{{size}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "size",
    doc: "An amount of memory or disk: `4.0K`, `902Mi`, `12 MB`, `3 GiB`, `9.4 Gbits`, `512 bytes`, `4096`.",
    // `B` comes before `bytes`, so that what `record` learns of `1004 bytes` is a number: its unit stays.
    regex: r"[0-9]+(?:[.,][0-9]+)? ?(?:[kKMGTPE](?:i?[Bb]|i?[Bb](?:ytes?|its?)|i)?|[Bb]|[Bb](?:ytes?|its?))?",
    accepts: None,
    argument: Argument::Binding,
    examples: &[
        "4.0K",
        "902Mi",
        "1.5Gi",
        "12 MB",
        "3 GiB",
        "9.4 Gbits",
        "512 bytes",
        "4096",
    ],
    not: &["K", "4 apples", "4 i", "-4K"],
};
