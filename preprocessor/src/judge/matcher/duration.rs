//! `{{duration}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "duration",
    doc: "A length of time with its units: `12 ms`, `0.5s`, `1h 2m`, `0m0.004s`, `3 days`.",
    regex: r"(?:[0-9]+(?:\.[0-9]+)? ?(?:ns|us|µs|μs|ms|s|m|h|d|(?:nano|micro|milli)?sec(?:ond)?s?|min(?:ute)?s?|hours?|days?|weeks?)(?:, ?| and | )?)*[0-9]+(?:\.[0-9]+)? ?(?:ns|us|µs|μs|ms|s|m|h|d|(?:nano|micro|milli)?sec(?:ond)?s?|min(?:ute)?s?|hours?|days?|weeks?)",
    accepts: None,
    argument: Argument::Binding,
    examples: &["12 ms", "0.5s", "1h 2m", "0m0.004s", "3 days", "1 min 30 s"],
    not: &["12", "ms", "12 apples"],
};
