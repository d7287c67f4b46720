//! `{{time}}`.

use super::{Argument, Matcher};

/// A zone behind a time. The names are those of the tz database and a few that it had: any capital letters would not do,
/// since a log has `INFO` and `ERROR` there. Where a zone has no name, `date` writes its hours.
macro_rules! zone {
    () => {
        concat!(
            r"(?:(?:Z|UTC|GMT|CES?T|MES?T|WES?T|EES?T|BST|IST|IDT|MSK|MSD|CAT|EAT|WAT|SAST",
            r"|[ECMPAN][SD]T|(?:AK|AE|AC|NZ)[SD]T|AWST|H[SD]T|BRS?T|ART",
            r"|ChST|SST|JST|KST|SGT|HKT|PKT|WIB|WITA?",
            r"|[+-][0-9]{2}(?::?[0-9]{2})?)\b)"
        )
    };
}
pub(in crate::judge) use zone;

/// A time of day with its seconds' parts.
macro_rules! clock {
    () => {
        r"[0-2]?[0-9]:[0-5][0-9](?::[0-6][0-9](?:[.,][0-9]+)?)?"
    };
}
pub(in crate::judge) use clock;

pub(super) const MATCHER: Matcher = Matcher {
    name: "time",
    doc: "A time of day: `22:17`, `22:17:32.5`, `10:17 PM`, with a zone or without.",
    regex: concat!(clock!(), r"(?: ?[AaPp][Mm]\b)?(?: ?", zone!(), ")?"),
    accepts: None,
    argument: Argument::Binding,
    examples: &[
        "22:17",
        "22:17:32",
        "22:17:32.123456",
        "10:17 PM",
        "22:17:32 UTC",
        "22:17:32+01:00",
        "22:17:32 -03",
    ],
    not: &["22", "22:60", "32:10", "22:17:32 INFO"],
};
