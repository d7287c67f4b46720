//! `{{kernel}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "kernel",
    doc: "A kernel's release, as `uname -r` says it, or its build, as `uname -v` does.",
    regex: r"(?:[0-9]+\.[0-9]+[0-9A-Za-z.+_~-]*|#[0-9]+(?: \S+)*)",
    accepts: None,
    argument: Argument::Binding,
    examples: &[
        "6.12.43+deb13-amd64",
        "6.1",
        "#1 SMP PREEMPT_DYNAMIC Debian 6.12.43-1 (2025-08-27)",
    ],
    not: &["6", "linux", ""],
};
