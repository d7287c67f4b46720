//! `{{size}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "size",
    doc: "An amount of memory or disk: `4.0K`, `12 MB`, `3 GiB`, `512 bytes`, `4096`.",
    regex: r"[0-9]+(?:[.,][0-9]+)? ?(?:[kKMGTPE](?:i?[Bb])?|[Bb]|[Bb]ytes?)?",
    accepts: None,
    argument: Argument::Binding,
    examples: &["4.0K", "12 MB", "3 GiB", "512 bytes", "4096"],
    not: &["K", "4 apples", "-4K"],
};
