//! `{{date}}`.

use super::time::{clock, zone};
use super::{Argument, Matcher};

macro_rules! month {
    () => {
        "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    };
}
pub(in crate::judge) use month;

/// `Tue `, which may stand before any date.
macro_rules! weekday {
    () => {
        "(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? +)?"
    };
}
pub(in crate::judge) use weekday;

/// `Tue Nov 24`, `24 Nov`.
macro_rules! day {
    () => {
        concat!(
            weekday!(),
            concat!("(?:[0-3]?[0-9] +", month!(), "[a-z]*"),
            concat!("|", month!(), r"[a-z]* +[0-3]?[0-9]\b)")
        )
    };
}
pub(in crate::judge) use day;

/// What stands behind a [`day`] and makes sure that it is one: a time, a year or both, in either order, with a zone.
macro_rules! behind_day {
    () => {
        concat!(
            concat!("(?:,? +", clock!(), r"(?: [AP]M\b)?(?: +", zone!(), ")?"),
            concat!(r"(?:,? +[0-9]{4}\b(?: +", zone!(), ")?)?"),
            concat!(r"|,? +[0-9]{4}\b(?: +", clock!(), r"(?: [AP]M\b)?"),
            concat!("(?: +", zone!(), ")?)?)")
        )
    };
}
pub(in crate::judge) use behind_day;

/// `24-Nov-2026`, and `24/Nov/2026:22:17:32 +0000` as servers log it.
macro_rules! joined {
    () => {
        concat!(
            concat!("[0-3]?[0-9](?:-", month!(), "-|/", month!(), "/)"),
            concat!(r"[0-9]{4}\b(?:[: ]", clock!(), "(?: +", zone!(), ")?)?")
        )
    };
}
pub(in crate::judge) use joined;

/// What may stand behind `2026-11-24`.
macro_rules! behind_numbers {
    () => {
        concat!("[T ]", clock!(), "(?: ?", zone!(), ")?")
    };
}
pub(in crate::judge) use behind_numbers;

pub(super) const MATCHER: Matcher = Matcher {
    name: "date",
    doc: "A date: `2026-11-24`, `2026/11/24`, `24/11/2026`, `24.11.2026`, `24-Nov-2026`, `24/Nov/2026`, `24 Nov 2026`, `Tue Nov 24`; with a time and zone as `date`, logs or ISO 8601 write them.",
    regex: concat!(
        concat!(
            "(?:",
            weekday!(),
            "[0-9]{4}(?:-[01][0-9]-|/[01][0-9]/)[0-3][0-9]"
        ),
        concat!("(?:", behind_numbers!(), ")?"),
        r"|[0-3]?[0-9][/.][0-3]?[0-9][/.][0-9]{4}",
        concat!("|", joined!()),
        concat!("|", day!(), behind_day!(), "?)")
    ),
    accepts: None,
    argument: Argument::Binding,
    examples: &[
        "2026-11-24",
        "2026-11-24T22:17:32Z",
        "2026-11-24 22:17:32,331",
        "Tue 2026-11-24 22:17:32 UTC",
        "2026/11/24 22:17:32",
        "24/11/2026",
        "24-Nov-2026",
        "24/Nov/2026:22:17:32 +0000",
        "24 Nov 2026",
        "Tue Nov 24 22:17:32 UTC 2026",
        "Tue Nov 24 22:17:32 +06 2026",
        "Tue Nov 24 22:17:32 2026 +0000",
        "Tue, 24 Nov 2026 22:17:32 +0000",
        "Nov 24 22:17",
        "Nov  4  2026",
    ],
    not: &[
        "2026",
        "22:17",
        "2026-31-24",
        "2026-11-24 22:17:32,331 INFO",
        "Nov 24 22:17:32 DONE",
    ],
};
