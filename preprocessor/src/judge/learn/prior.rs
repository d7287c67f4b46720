//! What is taken to vary although all runs agreed: what one machine, on one day, can't show otherwise.
//!
//! Each prior is one line of [`PRIORS`]: its name, the kind, and what it looks like together with what stands around
//! it. What the machine itself says (its kernel, the packages' versions) is looked up in the facts.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::judge::age::day as days;
use crate::judge::matcher::date::{behind_day, behind_numbers, day, joined, month, weekday};
use crate::judge::matcher::time::{clock, zone};
use crate::judge::recorded::version_parts;
use crate::judge::varies::{Place, is_token};
use crate::outcome::Facts;

/// One rule.
struct Prior {
    /// Also what the author is told.
    name: &'static str,
    kind: &'static str,
    /// The group is the value.
    regex: &'static str,
    /// Lines with what it finds in braces, for the test.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the test"))]
    examples: &'static [&'static str],
}

const PRIORS: &[Prior] = &[
    Prior {
        name: "a date",
        kind: "date",
        regex: concat!("(", day!(), behind_day!(), ")"),
        examples: &[
            "Date:   {{Mon Nov 30 17:13:50 2026 +0000}}",
            "{{Mon Nov 30 13:12:40 UTC 2026}}",
            "{{Mon Nov 30 19:12:40 +06 2026}}",
            "{{Mon Nov 30 01:12:40 PM UTC 2026}}",
            "Date: {{Mon, 30 Nov 2026 13:12:40 GMT}}",
            "notAfter={{Nov 30 13:12:40 2026 GMT}}",
            "OpenSSL 3.5.4 {{30 Sep 2025}}",
            "-rw-r--r-- 1 root root 4096 {{Nov 30 17:21}} file",
            "-rw-r--r-- 1 root root 4096 {{Nov  3  2025}} file",
            "{{Nov 30 17:21:00}} DONE",
            "{{Nov 30 17:21:00.123456}} server sshd[1]: up",
        ],
    },
    Prior {
        name: "a date",
        kind: "date",
        regex: concat!(
            concat!("(", weekday!(), "(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]"),
            concat!("(?:", behind_numbers!(), ")?"),
            concat!("|(?:19|20)[0-9]{2}/[01][0-9]/[0-3][0-9]", behind_numbers!()),
            concat!("|", joined!()),
            "|[0-3]?[0-9][/.][0-3]?[0-9][/.](?:19|20)[0-9]{2})"
        ),
        examples: &[
            "{{2026-11-30}}",
            "{{Mon 2026-11-30 17:21:00 UTC}}",
            "{{2026-11-30T17:21:00Z}} up",
            "{{2026-11-30T17:21:00.331+01:00}} up",
            "file {{2026-11-30 17:21:00.331234567 -0300}}",
            "at {{2026-11-30 17:21:00 -03}}",
            "{{2026-11-30 17:21:00,331}} INFO the server is up",
            "{{2026/11/30 17:21:00}} up",
            "{{2026/11/30 17:21:00.123456}} main.go:1: up",
            "GET /2026/11/30/",
            "[{{30/Nov/2026:17:21:00 +0000}}] GET /",
            "[{{30/Nov/2026 17:21:00}}] GET /",
            "debugfs 1.47.2 ({{1-Jan-2025}})",
            "on {{30/11/2026}}",
        ],
    },
    Prior {
        name: "a time of day",
        kind: "time",
        regex: r"([0-2][0-9]:[0-5][0-9]:[0-6][0-9](?:[.,][0-9]+)?)",
        examples: &["{{13:12:40}} up", "at {{13:12:40.5}}"],
    },
    Prior {
        name: "a duration",
        kind: "duration",
        regex: r"([0-9]+m[0-9]+\.[0-9]{3}s)",
        examples: &["user\t{{0m0.001s}}"],
    },
    // The unit stays: what took milliseconds does not take days.
    Prior {
        name: "a duration",
        kind: "float",
        regex: r"([0-9]+(?:\.[0-9]+)?)(?:/[0-9]+\.[0-9]+)* ?(?:ns|us|µs|μs|ms|msec|s|secs?|seconds?)\b",
        examples: &[
            "time={{0.064}} ms",
            "time {{0}}ms",
            "valid_lft {{86399}}sec",
            "= {{0.064}}/{{0.064}}/{{0.000}} ms",
        ],
    },
    Prior {
        name: "a rate",
        kind: "size",
        regex: r"([0-9]+(?:[.,][0-9]+)? ?(?:[kKMGT]i?)?[Bb](?:ytes?|its?)?)(?:/s|/sec)\b",
        examples: &[
            "copied, {{34 MB}}/s",
            "{{9.42 Gbits}}/sec",
            "{{1.5MiB}}/s",
            "at {{12 bits}}/s",
        ],
    },
    Prior {
        name: "a process id",
        kind: "pid",
        regex: r"(?:^\[[0-9]+\] |(?i:\bpid)[ :=]*|(?i:\bprocess) (?:id )?)([1-9][0-9]{0,6})",
        examples: &[
            "[1] {{4711}}",
            "pid {{4711}}",
            "PID: {{4711}}",
            "Process id {{4711}}",
        ],
    },
    Prior {
        name: "a process id",
        kind: "pid",
        regex: r"\b[A-Za-z][A-Za-z0-9_.-]*\[([1-9][0-9]{0,6})\]:",
        examples: &["sshd[{{31}}]: listening"],
    },
    Prior {
        name: "a version",
        kind: "version",
        regex: r"(?:(?i:\bversion)[ :]*v?|\bv)([0-9]+(?:\.[0-9]+)+(?:[.+~-]?[0-9A-Za-z]+)*)",
        examples: &["started, v{{1.35.0}}", "version {{10.2+dfsg-1}}"],
    },
    Prior {
        name: "a version",
        kind: "version",
        regex: r"\b[A-Za-z][A-Za-z]+[ _/]([0-9]+(?:\.[0-9]+){2}(?:[+~-]?[0-9A-Za-z]+)*)",
        examples: &["OpenSSL {{3.5.4}}", "nginx/{{1.22.1}}"],
    },
    Prior {
        name: "a build id",
        kind: "hex",
        regex: r"(?i:build-?id)(?:\[[a-z0-9]+\])?[ :=]*([0-9a-f]{8,})",
        examples: &["BuildID[sha1]={{0123456789abcdef}}"],
    },
    Prior {
        name: "the state of a neighbour",
        kind: "neighbour",
        regex: r"\blladdr \S+ (?:router )?(REACHABLE|STALE|DELAY|PROBE)\b",
        examples: &["192.0.2.1 dev eth0 lladdr 02:00:00:00:00:01 {{DELAY}}"],
    },
    // Keys are made when a system is, so that all runs on it have the same.
    Prior {
        name: "a key's fingerprint",
        kind: "base64",
        regex: r"\bSHA256:([A-Za-z0-9+/]{43})",
        examples: &["key is SHA256:{{J7uC4eH3di/h8JaWXrbX9GkKDNbD0ZVL4bTpA0afAiw}}."],
    },
    Prior {
        name: "a public key",
        kind: "base64",
        regex: r"\b(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp[0-9]+) (AAAA[A-Za-z0-9+/]+={0,2})",
        examples: &["ssh-ed25519 {{AAAAC3NzaC1lZDI1NTE5AAAAIJ7uC4eH3di/h8JaWXrb}} me@host"],
    },
    Prior {
        name: "a key",
        kind: "base64",
        regex: r"(?:\bSHA256:|\bssh-[a-z0-9-]+ |\becdsa-sha2-[a-z0-9-]+ )([A-Za-z0-9+/]{40,}={0,2})",
        examples: &["ecdsa-sha2-x {{J7uC4eH3di/h8JaWXrbX9GkKDNbD0ZVL4bTpA0afAiw=}}"],
    },
    Prior {
        name: "a key's picture",
        kind: "randomart",
        regex: r"^\|([ .o+=*BOX@%&#/^SE]{17})\|$",
        examples: &["|{{      o*B*   ..+.}}|", "|{{                 }}|"],
    },
    // A packet more may have come before the capture ended.
    Prior {
        name: "what a capture's filter saw",
        kind: "int",
        regex: r"^([0-9]+) packets? received by filter",
        examples: &["{{1}} packet received by filter"],
    },
    Prior {
        name: "what a capture's filter saw",
        kind: "word",
        regex: r"^[0-9]+ (packets?) received by filter",
        examples: &["1 {{packet}} received by filter"],
    },
    // Of a file system in memory or in layers: as many as are mounted before it, anywhere on the machine.
    Prior {
        name: "a device's number",
        kind: "int",
        regex: r"\bDevice: 0,([0-9]+)",
        examples: &["Device: 0,{{59}}      Size: 55          Links: 1"],
    },
    Prior {
        name: "an inode's number",
        kind: "int",
        regex: r"\bInode: ([0-9]+)",
        examples: &["Device: 8,1      Inode: {{55}}          Links: 1"],
    },
    // Of `curl`: bytes for each second, which get a unit from five digits on.
    Prior {
        name: "a rate",
        kind: "size",
        regex: r"^ *(?:[0-9]+ +[0-9.]+[kMGTP]? +){3}([0-9.]+[kMGTP]?) +[0-9.]+[kMGTP]? +[0-9:-]{7,8} ",
        examples: &[
            "100   187  100   187    0     0  {{22405}}      0 --:--:-- --:--:-- --:--:-- {{23375}}",
            "100 10.0M  100 10.0M    0     0  {{1266k}}      0  0:00:08  0:00:08 --:--:-- {{1270k}}",
        ],
    },
    Prior {
        name: "a rate",
        kind: "size",
        regex: r"^ *(?:[0-9]+ +[0-9.]+[kMGTP]? +){3}[0-9.]+[kMGTP]? +[0-9.]+[kMGTP]?(?: +[0-9:-]{7,8}){3} +([0-9.]+[kMGTP]?)$",
        examples: &[
            "100   187  100   187    0     0  {{22405}}      0 --:--:-- --:--:-- --:--:-- {{23375}}",
            "100 10.0M  100 10.0M    0     0  {{1266k}}      0  0:00:08  0:00:08 --:--:--  {{106k}}",
        ],
    },
    Prior {
        name: "an address in memory",
        kind: "hex",
        regex: r"\b(0x[0-9a-f]{8,16})\b",
        examples: &["at {{0x7ffe12345678}}"],
    },
];

static REGEXES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let regexes = PRIORS.iter().map(|prior| Regex::new(prior.regex));
    regexes
        .map(|regex| regex.expect("a regex of ours"))
        .collect()
});

/// The places of a line that a prior frees, and the prior's name; none overlap. `date` is the day of the run.
pub(super) fn priors(line: &str, facts: &Facts, date: &str) -> Vec<(Place, &'static str)> {
    let mut found: Vec<(Place, &'static str)> = Vec::new();
    let mut add = |range: Range<usize>, kind: &'static str, name: &'static str| {
        let apart =
            |place: &Place| place.range.end <= range.start || range.end <= place.range.start;
        if is_token(line, &range) && found.iter().all(|(place, _)| apart(place)) {
            found.push((Place { range, kind }, name));
        }
    };
    for text in [&facts.build, &facts.kernel] {
        if !text.is_empty() {
            for (at, _) in line.match_indices(text.as_str()) {
                add(at..at + text.len(), "kernel", "the kernel");
            }
        }
    }
    for version in facts.packages.values() {
        for part in version_parts(version)
            .iter()
            .filter(|part| is_telling(part))
        {
            for (at, _) in line.match_indices(part) {
                add(at..at + part.len(), "version", "a package's version");
            }
        }
    }
    for (prior, regex) in PRIORS.iter().zip(REGEXES.iter()) {
        let mut from = 0;
        // A rule may find the next value behind the first one's: what follows a value may belong to the next match.
        while let Some(value) = regex.captures_at(line, from).and_then(|found| found.get(1)) {
            add(value.range(), prior.kind, prior.name);
            from = value.end();
        }
    }
    for (range, kind) in of_the_day(line, date) {
        add(range, kind, "the day of the run");
    }
    found.sort_by_key(|(place, _)| place.range.start);
    found
}

static DIGITS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"([0-9]{8,14})(?:[-_]([0-2][0-9][0-5][0-9][0-6][0-9])|\.[0-9]+)?")
        .expect("a regex of ours")
});

/// Numbers that say when it was: seconds since 1970, `20261130`, `20261130-172100`, `20261130172100`. A run's host may be
/// in another zone, so that the days beside count too.
fn of_the_day(line: &str, date: &str) -> Vec<(Range<usize>, &'static str)> {
    let (Some(today), Some(epoch)) = (days(date), days("1970-01-01")) else {
        return Vec::new();
    };
    let is_near = |day: u64| day.abs_diff(today) <= 1;
    let mut found = Vec::new();
    for digits in DIGITS.captures_iter(line) {
        let (Some(all), Some(number), time) = (digits.get(0), digits.get(1), digits.get(2)) else {
            continue;
        };
        let text = number.as_str();
        let seconds = text.parse::<u64>().ok();
        let written = format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..8]);
        let is_day = days(&written).is_some_and(is_near);
        match text.len() {
            10 if seconds.is_some_and(|it| is_near(epoch + it / 86_400)) && time.is_none() => {
                let kind = if all == number { "int" } else { "float" };
                found.push((all.range(), kind));
            }
            8 if is_day => {
                found.push((number.range(), "int"));
                found.extend(time.map(|time| (time.range(), "int")));
            }
            14 if is_day => found.push((number.range(), "int")),
            _ => {}
        }
    }
    found
}

/// `2` is a version too, but mostly something else.
fn is_telling(part: &str) -> bool {
    part.contains('.') || part.contains("deb")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::bindings::Bindings;
    use crate::judge::pattern::LinePattern;

    const TODAY: &str = "2026-11-30";

    #[track_caller]
    fn is(line: &str, expected: &[(&str, &str)]) {
        let facts = Facts {
            kernel: "6.1.0-9-amd64".to_owned(),
            build: "#1 SMP PREEMPT_DYNAMIC Debian 6.1.27-1 (2023-05-08)".to_owned(),
            packages: [("ssh".to_owned(), "1:10.0p1-7+deb13u4".to_owned())].into(),
            ..Facts::default()
        };
        let found = priors(line, &facts, TODAY);
        let found: Vec<_> = found
            .iter()
            .map(|(place, _)| (&line[place.range.clone()], place.kind))
            .collect();
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn each_prior_finds_its_own() {
        is(
            "rtt = 0.064/0.064/0.064/0.000 ms",
            &[
                ("0.064", "float"),
                ("0.064", "float"),
                ("0.064", "float"),
                ("0.000", "float"),
            ],
        );
        is("0% packet loss, time 0ms", &[("0", "float")]);
        is("icmp_seq=1 ttl=64 time=0.064 ms", &[("0.064", "float")]);
        is(
            "debugfs 1.47.2 (1-Jan-2025)",
            &[("1.47.2", "version"), ("1-Jan-2025", "date")],
        );
        is(
            "OpenSSH_10.0p1 Debian-7+deb13u4, OpenSSL 3.5.4 30 Sep 2025",
            &[
                ("10.0p1", "version"),
                ("7+deb13u4", "version"),
                ("3.5.4", "version"),
                ("30 Sep 2025", "date"),
            ],
        );
        is(
            "Linux server 6.1.0-9-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.27-1 (2023-05-08) x86_64",
            &[
                ("6.1.0-9-amd64", "kernel"),
                (
                    "#1 SMP PREEMPT_DYNAMIC Debian 6.1.27-1 (2023-05-08)",
                    "kernel",
                ),
            ],
        );
        is("udhcpc: started, v1.35.0", &[("1.35.0", "version")]);
        is("[1] 4711", &[("4711", "pid")]);
        is("sshd[31]: listening", &[("31", "pid")]);
        is(
            "Mon Nov 30 13:12:40 UTC 2026",
            &[("Mon Nov 30 13:12:40 UTC 2026", "date")],
        );
        is("2026-11-30", &[("2026-11-30", "date")]);
        is("13:12:40 up", &[("13:12:40", "time")]);
        is(
            "1 packet received by filter",
            &[("1", "int"), ("packet", "word")],
        );
        is(
            "copied, 1.2 s, 34 MB/s",
            &[("1.2", "float"), ("34 MB", "size")],
        );
        is(
            "192.0.2.1 dev eth0 lladdr 02:00:00:00:00:01 DELAY",
            &[("DELAY", "neighbour")],
        );
        is(
            "key is SHA256:J7uC4eH3di/h8JaWXrbX9GkKDNbD0ZVL4bTpA0afAiw.",
            &[("J7uC4eH3di/h8JaWXrbX9GkKDNbD0ZVL4bTpA0afAiw", "base64")],
        );
        is("valid_lft 86399sec", &[("86399", "float")]);
        is("now 1796059260", &[("1796059260", "int")]);
        is("1796059260.123456 read", &[("1796059260.123456", "float")]);
        is("log-20261130.gz", &[("20261130", "int")]);
        is("20261130_172100", &[("20261130", "int"), ("172100", "int")]);
        is("at 20261201001500", &[("20261201001500", "int")]);
    }

    /// A line without the braces, and what they were around.
    fn taken_out(example: &str) -> (String, Vec<&str>) {
        let pieces: Vec<&str> = example.split("{{").flat_map(|it| it.split("}}")).collect();
        (
            pieces.concat(),
            pieces.into_iter().skip(1).step_by(2).collect(),
        )
    }

    /// What it frees is a value of its kind, or the very line it was found in would not be verified.
    #[test]
    fn each_prior_finds_its_examples_and_they_are_of_its_kind() {
        for prior in PRIORS {
            assert!(!prior.examples.is_empty(), "{}", prior.name);
            for example in prior.examples {
                let (line, expected) = taken_out(example);
                let found = priors(&line, &Facts::default(), TODAY);
                let places: Vec<Place> = found.iter().map(|(place, _)| place.clone()).collect();
                let free = LinePattern::free(&line, &places);
                assert!(
                    free.matches(&line, &Bindings::default()),
                    "{example}: {places:?}"
                );
                let own = found
                    .iter()
                    .filter(|(place, name)| (place.kind, *name) == (prior.kind, prior.name));
                let own: Vec<&str> = own.map(|(place, _)| &line[place.range.clone()]).collect();
                assert_eq!(own, expected, "{example}");
            }
        }
    }

    #[test]
    fn what_is_none_stays() {
        for line in [
            "inet 127.0.0.1/8 scope host lo",
            "64 bytes from 10.0.0.11: icmp_seq=1 ttl=64",
            "disk.img: 13/1024 files (0.0% non-contiguous), 292/4096 blocks",
            "now 1736059260, in 20251130, of 17960592601, a17960592603, 20261130172",
            "1: lo: <LOOPBACK> mtu 65536 qdisc noop state DOWN group default qlen 1000",
        ] {
            is(line, &[]);
        }
    }
}
