//! `max-age = "180d"`: how long what was recorded may stand for a tutorial that does not run.
//!
//! In: two dates as they stand in transcripts, `YYYY-MM-DD`. Not here: what day it is (`verify/clock.rs`).

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

use super::verdict::{Stale, Verdict, VerifiedBy};
use crate::tutorial::values::parse_time;

const DAY: u64 = 86_400;

/// A number of days, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaxAge {
    days: u64,
    written: String,
}

/// Why a text is no such number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no age: it is a number of days, as in \"180d\"")]
pub struct BadAge(String);

impl FromStr for MaxAge {
    type Err = BadAge;

    fn from_str(text: &str) -> Result<Self, BadAge> {
        let bad = || BadAge(text.to_owned());
        let seconds = parse_time(text.trim()).ok_or_else(bad)?.as_secs();
        // Transcripts have no time of day: less than a day can't be told.
        match seconds / DAY {
            0 => Err(bad()),
            days => Ok(Self {
                days,
                written: text.trim().to_owned(),
            }),
        }
    }
}

impl<'de> Deserialize<'de> for MaxAge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl Visitor<'_> for Written {
            type Value = MaxAge;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of days with its unit, as in \"180d\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<MaxAge, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Written)
    }
}

impl fmt::Display for MaxAge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl MaxAge {
    /// Whether what happened on `date` lies further back. A text that is no date does: nobody knows when it was.
    pub fn is_exceeded(&self, date: &str, today: &str) -> bool {
        match (day(date), day(today)) {
            (Some(date), Some(today)) => today.saturating_sub(date) > self.days,
            _ => true,
        }
    }
}

impl Verdict {
    /// What is left of it when nothing ran: a transcript that is too old verifies nothing.
    #[must_use]
    pub fn within(self, max_age: Option<&MaxAge>, today: &str) -> Self {
        match (self, max_age) {
            (
                Self::Verified {
                    by: VerifiedBy::Transcript,
                    date,
                    ..
                },
                Some(max_age),
            ) if max_age.is_exceeded(&date, today) => Self::Stale(Stale::Old {
                recorded: date,
                max_age: max_age.clone(),
            }),
            (verdict, _) => verdict,
        }
    }
}

/// Days since 0000-03-01 (Howard Hinnant's `days_from_civil`); `None` when it is no date.
pub(super) fn day(date: &str) -> Option<u64> {
    let mut numbers = date.split('-').map(|number| number.parse::<u64>().ok());
    let (year, month, day) = (numbers.next()??, numbers.next()??, numbers.next()??);
    if numbers.next().is_some() || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // March is the first month, so that a leap day is the last day of its year.
    let year = if month < 3 {
        year.checked_sub(1)?
    } else {
        year
    };
    let march = (month + 9) % 12;
    Some(365 * year + year / 4 - year / 100 + year / 400 + (153 * march + 2) / 5 + day - 1)
}

#[cfg(test)]
mod tests {
    use super::{MaxAge, day};

    #[test]
    fn days_are_counted_over_leap_days_and_centuries() {
        for (from, to, days) in [
            ("1970-01-01", "1970-01-01", 0),
            ("2025-12-31", "2026-01-01", 1),
            ("2024-02-28", "2024-03-01", 2),
            ("2100-02-28", "2100-03-01", 1),
            ("2000-02-28", "2000-03-01", 2),
            ("1970-01-01", "2100-03-01", 47_541),
        ] {
            assert_eq!(day(to).unwrap() - day(from).unwrap(), days, "{from} {to}");
        }
        for text in [
            "",
            "2026",
            "2026-01",
            "2026-13-01",
            "2026-01-00",
            "2026-01-01-01",
            "soon",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn the_last_day_still_counts() {
        let age: MaxAge = "180d".parse().unwrap();
        assert!(!age.is_exceeded("2026-01-01", "2026-06-30"));
        assert!(age.is_exceeded("2026-01-01", "2026-07-01"));
        assert!(!age.is_exceeded("2026-07-02", "2026-07-01"), "tomorrow");
        assert!(age.is_exceeded("once", "2026-07-01"));
    }

    #[test]
    fn an_age_is_a_number_of_days() {
        assert_eq!("48h".parse::<MaxAge>().unwrap().days, 2);
        for text in ["180", "", "d", "5m", "-1d", "23h", "half a year"] {
            let bad = text.parse::<MaxAge>().unwrap_err();
            assert!(bad.to_string().contains("\"180d\""), "{text}");
        }
    }
}
