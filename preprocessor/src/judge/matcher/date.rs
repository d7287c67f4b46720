//! `{{date}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "date",
    doc: "A date: `2026-11-24`, `24/11/2026`, `24.11.2026`, `24-Nov-2026`, `24 Nov 2026`, `Tue Nov 24`; with a time and zone as `date` or ISO 8601 write them.",
    regex: r"(?:[0-9]{4}-[01][0-9]-[0-3][0-9](?:[T ][0-2][0-9]:[0-5][0-9](?::[0-6][0-9](?:[.,][0-9]+)?)?(?: ?(?:Z|[A-Z]{3,5}|[+-][0-9]{2}:?[0-9]{2}))?)?|[0-3]?[0-9][/.][0-3]?[0-9][/.][0-9]{4}|[0-3]?[0-9]-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-[0-9]{4}|(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? +)?(?:[0-3]?[0-9] +(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* +[0-3]?[0-9])(?:,? +[0-2]?[0-9]:[0-5][0-9](?::[0-6][0-9])?(?: [AP]M)?(?: +(?:[A-Z]{3,5}|[+-][0-9]{4}))?)?(?:,? +[0-9]{4})?(?: +[0-2]?[0-9]:[0-5][0-9](?::[0-6][0-9])?(?: [AP]M)?(?: +(?:[A-Z]{3,5}|[+-][0-9]{4}))?)?)",
    accepts: None,
    argument: Argument::Binding,
    examples: &[
        "2026-11-24",
        "2026-11-24T22:17:32Z",
        "24/11/2026",
        "24-Nov-2026",
        "24 Nov 2026",
        "Tue Nov 24 22:17:32 UTC 2026",
        "Tue, 24 Nov 2026 22:17:32 +0000",
        "Nov 24 22:17",
        "Nov  4  2026",
    ],
    not: &["2026", "22:17", "2026-31-24"],
};
