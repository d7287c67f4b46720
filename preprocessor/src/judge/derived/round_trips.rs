//! The last line of a `ping`, and the times above it: the least, the mean and the greatest of them.
//!
//! Ping counts microseconds. A time below 1 ms is shown with all of them, a longer one rounded; the mean is cut off.

use std::sync::LazyLock;

use regex::Regex;

use super::{Sum, Torn};

pub(super) const SUM: Sum = Sum {
    name: "round_trips",
    doc: "the last line of a `ping` and the times above it: it has the least, the mean and the greatest of them",
    torn,
};

const SAID: [&str; 3] = [
    "the least of the times above it",
    "the mean of the times above it",
    "the greatest of the times above it",
];

static TIME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r" time=([0-9]+(?:\.[0-9]{1,3})?) ms\b").ok());
static COUNT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"transmitted, ([0-9]+) (?:packets )?received").ok());
static SUMMARY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let value = r"([0-9]+\.[0-9]{3})";
    Regex::new(&format!(
        "^(?:rtt|round-trip) min/avg/max(?:/mdev)? = {value}/{value}/{value}"
    ))
    .ok()
});

/// A time as it is shown, in microseconds.
struct Shown {
    line: usize,
    micros: u64,
    /// By so much it may be rounded.
    slack: u64,
}

fn torn(lines: &[&str]) -> Option<Torn> {
    let (time, count) = (TIME.as_ref()?, COUNT.as_ref()?);
    let summary = SUMMARY.as_ref()?;
    let mut times: Vec<Shown> = Vec::new();
    let mut received = None;
    for (at, line) in lines.iter().enumerate() {
        if line.starts_with("PING ") {
            // The one before was ended before it had a last line.
            times.clear();
            received = None;
        } else if let Some(found) = time.captures(line) {
            let (micros, slack) = micros(&found[1])?;
            times.push(Shown {
                line: at,
                micros,
                slack,
            });
        } else if let Some(found) = count.captures(line) {
            received = found[1].parse().ok();
        } else if let Some(found) = summary.captures(line) {
            // Not all were shown (`-q`), or one was shown twice.
            let is_whole = received.take() == Some(times.len());
            for (nth, of) in wanted(&times).into_iter().flatten().enumerate() {
                let value = found.get(nth + 1)?;
                let (is, _) = micros(value.as_str())?;
                if is_whole && is.abs_diff(of.micros) > of.slack {
                    return Some(Torn {
                        line: at,
                        range: value.range(),
                        should_be: format!("{}.{:03}", of.micros / 1000, of.micros % 1000),
                        of: of.line,
                        said: SAID[nth],
                    });
                }
            }
            times.clear();
        }
    }
    None
}

/// The least, the mean and the greatest of them.
fn wanted(times: &[Shown]) -> Option<[Shown; 3]> {
    let of = |time: &Shown| Shown { ..*time };
    let sum: u64 = times.iter().map(|time| time.micros).sum();
    let slack = times.iter().map(|time| time.slack).max()?;
    Some([
        of(times.iter().min_by_key(|time| time.micros)?),
        Shown {
            line: times.first()?.line,
            micros: sum / times.len() as u64,
            slack,
        },
        of(times.iter().max_by_key(|time| time.micros)?),
    ])
}

/// Milliseconds with at most three decimals in microseconds, and one unit of the last of them; of three: they are all.
fn micros(shown: &str) -> Option<(u64, u64)> {
    let (whole, decimals) = shown.split_once('.').unwrap_or((shown, ""));
    let unit = 10_u64.pow(3_u32.checked_sub(decimals.len().try_into().ok()?)?);
    let decimals = match decimals {
        "" => 0,
        decimals => decimals.parse::<u64>().ok()?,
    };
    let micros = whole.parse::<u64>().ok()?.checked_mul(1000)? + decimals * unit;
    Some((micros, if unit == 1 { 0 } else { unit }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which value is torn, and what it should be.
    fn found(times: &[&str], summary: &str) -> Option<(String, String)> {
        let mut lines = vec!["PING 10.0.0.1 (10.0.0.1) 56(84) bytes of data.".to_owned()];
        let time =
            |time: &&str| format!("64 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time={time} ms");
        lines.extend(times.iter().map(time));
        lines.push("3 packets transmitted, 3 received, 0% packet loss, time 2042ms".to_owned());
        lines.push(format!("rtt min/avg/max/mdev = {summary} ms"));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let torn = torn(&lines)?;
        Some((lines[torn.line][torn.range].to_owned(), torn.should_be))
    }

    #[test]
    fn a_summary_is_made_of_the_times_above_it() {
        let times = ["0.378", "0.334", "0.258"];
        assert_eq!(found(&times, "0.258/0.323/0.378/0.049"), None);
        let torn = |is: &str, should_be: &str| Some((is.to_owned(), should_be.to_owned()));
        assert_eq!(
            found(&times, "0.259/0.323/0.378/0.049"),
            torn("0.259", "0.258")
        );
        assert_eq!(
            found(&times, "0.258/0.324/0.378/0.049"),
            torn("0.324", "0.323")
        );
        assert_eq!(
            found(&times, "0.258/0.323/1.378/0.049"),
            torn("1.378", "0.378")
        );
    }

    #[test]
    fn a_ping_that_was_killed_has_no_part_in_the_next_ones_summary() {
        let text = "PING 10.0.0.1 (10.0.0.1) 56(84) bytes of data.\n\
            64 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time=0.100 ms\n\
            PING 10.0.0.2 (10.0.0.2) 56(84) bytes of data.\n\
            64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=0.378 ms\n\
            1 packets transmitted, 1 received, 0% packet loss, time 0ms\n\
            rtt min/avg/max/mdev = 0.379/0.378/0.378/0.000 ms";
        let lines: Vec<&str> = text.lines().collect();
        let torn = torn(&lines).expect("the least is not the least");
        assert_eq!(
            (torn.line, torn.of, torn.should_be.as_str()),
            (5, 3, "0.378")
        );
    }

    #[test]
    fn long_times_are_rounded() {
        let times = ["101", "12.3", "1.25"];
        assert_eq!(found(&times, "1.246/38.200/101.449/40.2"), None);
        assert!(found(&times, "1.266/38.200/101.449/40.2").is_some());
    }

    #[test]
    fn nothing_is_said_where_not_all_is_shown() {
        assert_eq!(found(&["0.3", "0.2"], "0.100/0.200/0.900/0.1"), None);
        assert_eq!(found(&[], "0.100/0.200/0.900/0.1"), None);
    }
}
