//! Ten processes that want more memory than the whole lab may have: some end, and the machine does not notice.
//!
//! Once with what this machine has (as root mostly cgroups), once as an ordinary user, for whom PID 1 of the lab watches.
#![cfg(all(feature = "run", target_os = "linux"))]
#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

#[path = "labs/mod.rs"]
mod support;

use std::fs;
use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;
use std::time::Duration;

use mdbook_twin::lab::{self, Lab, LimitsBy, Plan, Supplies};
use mdbook_twin::tutorial::Limits;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Memory and disk together, by cgroups, are less than half of what the ten want.
const LIMITS: Limits = Limits {
    memory: 2 << 30,
    pids: 64,
    disk: 256 << 20,
};

/// Each stays below its own limit. None ends by itself: it holds what it wanted, or is ended, and a line says so. When
/// three have, the memory was full for a while.
const TEN: &str = r#"
mkfifo /tmp/lines
exec 3<>/tmp/lines
for number in $(seq 10); do
  (perl -e '
    my @held; push @held, "x" x (16 << 20) for 1 .. 100;
    syswrite STDOUT, "holds all\n";
    sleep 1000' >&3
   ended=$?; echo ended >&3; exit $ended) &
done
sleep 30 & # Without a limit, this is the first.
wait -n; echo "the first ended: $?"
for number in 1 2 3; do read -u 3; done
echo over
"#;

#[test]
fn ten_processes_end_at_the_limit_of_the_lab() {
    support::use_program();
    let by = lab::limits_by();
    eprintln!("the limits hold by {by:?}");
    let before = available();
    let mut tutorial = support::tutorial("laptop");
    tutorial.limits = LIMITS;
    let plan = Plan::new(&tutorial, "crun", Supplies::default()).with_command(&["bash", "-c", TEN]);
    let mut lab = Lab::start(&plan).unwrap();
    let (said, most) = read_and_look(&mut lab, before);
    // 137: SIGKILL. The shell that started them goes on.
    assert!(said.starts_with("the first ended: 137\n"), "{said}");
    assert!(said.ends_with("over\n"), "{said}");
    eprintln!(
        "at most {} MiB less were available to the machine",
        most >> 20
    );
    let allowed = match by {
        LimitsBy::Cgroups => LIMITS.memory + LIMITS.disk,
        LimitsBy::Rlimits => LIMITS.memory,
    };
    // What others do on the machine meanwhile is in the figure too; without the limit it is 16 GiB.
    assert!(most < allowed + (3 << 30), "{most} bytes were taken");
}

#[test]
fn ten_processes_end_when_an_ordinary_user_makes_the_lab() {
    support::again_as_an_ordinary_user("ten_processes_end_at_the_limit_of_the_lab");
}

/// All that the host says, and how much less memory than before the machine had meanwhile.
fn read_and_look(lab: &mut Lab, before: u64) -> (String, u64) {
    let look = PollTimeout::try_from(Duration::from_millis(5)).unwrap();
    let (mut said, mut most) = (String::new(), 0);
    loop {
        most = most.max(before.saturating_sub(available()));
        let stdout = &mut lab.hosts[0].stdout;
        let mut watched = [PollFd::new(stdout.as_fd(), PollFlags::POLLIN)];
        if poll(&mut watched, look).unwrap() == 0 {
            continue;
        }
        let mut chunk = [0; 4096];
        match stdout.read(&mut chunk) {
            Ok(0) => return (said, most),
            Ok(length) => said.push_str(&String::from_utf8_lossy(&chunk[..length])),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Bytes that the machine could still give.
fn available() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap();
    let line = text.lines().find(|line| line.starts_with("MemAvailable:"));
    let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kilobytes.parse::<u64>().unwrap() * 1024
}
