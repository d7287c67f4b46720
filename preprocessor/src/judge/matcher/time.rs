//! `{{time}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "time",
    doc: "A time of day: `22:17`, `22:17:32.5`, `10:17 PM`, with a zone or without.",
    regex: r"[0-2]?[0-9]:[0-5][0-9](?::[0-6][0-9](?:[.,][0-9]+)?)?(?: ?[AaPp][Mm])?(?: ?(?:Z|[A-Z]{3,5}|[+-][0-9]{2}:?[0-9]{2}))?",
    accepts: None,
    argument: Argument::Binding,
    examples: &[
        "22:17",
        "22:17:32",
        "22:17:32.123456",
        "10:17 PM",
        "22:17:32 UTC",
        "22:17:32+01:00",
    ],
    not: &["22", "22:60", "32:10"],
};
