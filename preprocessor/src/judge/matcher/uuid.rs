//! `{{uuid}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "uuid",
    doc: "A UUID.",
    regex: r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    accepts: None,
    argument: Argument::Binding,
    examples: &["6f2cd7c8-7d5d-4e24-9d7b-5b2d34f0a1c3"],
    not: &["6f2cd7c8", "6f2cd7c87d5d4e249d7b5b2d34f0a1c3"],
};
