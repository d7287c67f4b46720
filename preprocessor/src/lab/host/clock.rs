//! A host's /etc/localtime.

/// A time zone file (tzfile(5), RFC 9636) of one fixed offset: hosts need no tzdata for it.
pub(super) fn localtime(minutes_east: i32) -> Vec<u8> {
    let seconds = minutes_east * 60;
    let name = designation(minutes_east);
    // One local time type, one name, no transitions and no leap seconds.
    let block = || {
        let counts = [0, 0, 0, 0, 1, name.len() as u32 + 1];
        let mut bytes = b"TZif2".to_vec();
        bytes.extend([0; 15]);
        bytes.extend(counts.iter().flat_map(|count: &u32| count.to_be_bytes()));
        bytes.extend(seconds.to_be_bytes());
        bytes.extend([0, 0]); // No summer time, the name begins at 0.
        bytes.extend(name.bytes());
        bytes.push(0);
        bytes
    };
    // The second block is that of 64 bits, of the same form where there are no transitions.
    let mut file = [block(), block()].concat();
    // The rule for all later times: `<+03>-03:00`, with the sign of POSIX, which is west.
    let sign = if minutes_east > 0 { '-' } else { '+' };
    let (hours, minutes) = (minutes_east.abs() / 60, minutes_east.abs() % 60);
    file.extend(format!("\n<{name}>{sign}{hours:02}:{minutes:02}\n").bytes());
    file
}

/// `+03`, `-0930`: how tzdata calls a zone that has no name.
fn designation(minutes_east: i32) -> String {
    if minutes_east == 0 {
        return "UTC".to_owned();
    }
    let sign = if minutes_east < 0 { '-' } else { '+' };
    let (hours, minutes) = (minutes_east.abs() / 60, minutes_east.abs() % 60);
    match minutes {
        0 => format!("{sign}{hours:02}"),
        minutes => format!("{sign}{hours:02}{minutes:02}"),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::localtime;

    fn date(minutes_east: i32) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), localtime(minutes_east)).unwrap();
        let output = Command::new("date")
            .args(["--date=@1000000000", "+%F %R %z %Z"])
            .env("TZ", format!(":{}", file.path().display()))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn the_c_library_reads_it() {
        assert_eq!(date(0), "2001-09-09 01:46 +0000 UTC\n");
        assert_eq!(date(3 * 60), "2001-09-09 04:46 +0300 +03\n");
        assert_eq!(date(-(9 * 60 + 30)), "2001-09-08 16:16 -0930 -0930\n");
    }
}
