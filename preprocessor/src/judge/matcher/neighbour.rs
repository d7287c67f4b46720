//! `{{neighbour}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "neighbour",
    doc: "What the kernel thinks of a neighbour that answers: `REACHABLE`, `STALE`, `DELAY` or `PROBE`.",
    regex: r"REACHABLE|STALE|DELAY|PROBE",
    accepts: None,
    argument: Argument::Binding,
    examples: &["REACHABLE", "STALE", "DELAY", "PROBE"],
    not: &["FAILED", "INCOMPLETE", "stale", ""],
};
