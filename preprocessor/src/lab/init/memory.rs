//! The bound of a whole lab's memory where the kernel does not count it: PID 1 adds it up, and kills the biggest.
//!
//! In: the lab's own /proc. Out: when to look again. Not here: limits of each process (`host/spec.rs`), cgroups, with
//! which nobody has to watch (`cgroups.rs`).
//!
//! Counted is what a process has for itself (anonymous memory, swapped or not) and shared memory that it has mapped. Not
//! seen is memory that no process has mapped, the content of a memfd or of a tmpfs that a tutorial mounts itself.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// As fast as processes fill memory: the next look comes before the rest of it can be taken at this rate. 2.5 GB/s were
/// seen for each processor, page by page.
const BYTES_PER_SECOND: u64 = 8_000_000_000;

const SOONEST: Duration = Duration::from_millis(20);
const LATEST: Duration = Duration::from_secs(1);

/// Between two looks passes this often what one took: looking costs a fifth of a processor at most.
const REST: u32 = 4;

/// Watches over one lab.
pub(super) struct Watcher {
    limit: u64,
    /// Killed, and not gone yet.
    dying: BTreeSet<i32>,
}

/// A process and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    pid: i32,
    bytes: u64,
}

impl Watcher {
    pub(super) fn new(limit: u64) -> Self {
        Self {
            limit,
            dying: BTreeSet::new(),
        }
    }

    /// Looks once, kills what has to be killed, says how long nobody needs to look.
    pub(super) fn look(&mut self) -> Duration {
        let start = Instant::now();
        let used = self.used();
        let wait = match self.limit.checked_sub(used) {
            Some(room) => time_to_fill(room),
            None => SOONEST,
        };
        wait.max(start.elapsed() * REST)
    }

    /// Bytes of the lab, without those of who was just killed.
    fn used(&mut self) -> u64 {
        let mut processes = read_all(rough);
        self.dying
            .retain(|pid| processes.iter().any(|process| process.pid == *pid));
        processes.retain(|process| !self.dying.contains(&process.pid));
        if sum(&processes) <= self.limit {
            return sum(&processes);
        }
        // Memory that a fork shares with its parent was counted twice: once more, exactly, which takes longer.
        for process in &mut processes {
            process.bytes = exact(process.pid).unwrap_or(process.bytes);
        }
        let used = sum(&processes);
        if used > self.limit {
            self.kill_the_biggest(&processes);
        }
        used
    }

    fn kill_the_biggest(&mut self, processes: &[Process]) {
        let tutorial_s = processes.iter().filter(|process| process.pid != 1);
        if let Some(biggest) = tutorial_s.max_by_key(|process| process.bytes) {
            let _ = kill(Pid::from_raw(biggest.pid), Signal::SIGKILL);
            self.dying.insert(biggest.pid);
        }
    }
}

fn time_to_fill(room: u64) -> Duration {
    let micros = room / (BYTES_PER_SECOND / 1_000_000);
    Duration::from_micros(micros).clamp(SOONEST, LATEST)
}

fn sum(processes: &[Process]) -> u64 {
    processes.iter().map(|process| process.bytes).sum()
}

/// All processes that have memory. One that ended meanwhile, or is dead and not waited for, has none.
fn read_all(bytes: impl Fn(i32) -> Option<u64>) -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| {
        let bytes = bytes(pid).filter(|&bytes| bytes > 0)?;
        Some(Process { pid, bytes })
    })
    .collect()
}

/// Cheap, and too much where processes share.
fn rough(pid: i32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(fields(&status, &["RssAnon:", "RssShmem:", "VmSwap:"]))
}

/// Each page divided by how many have it; the kernel walks the page tables for it, 10 ms for a gigabyte or two.
fn exact(pid: i32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    Some(fields(&rollup, &["Pss_Anon:", "Pss_Shmem:", "SwapPss:"]))
}

/// The sum of some lines `NAME  123 kB`, in bytes.
fn fields(text: &str, names: &[&str]) -> u64 {
    let value = |line: &str| {
        let mut words = line.split_whitespace();
        let wanted = names.contains(&words.next()?);
        wanted.then(|| words.next()?.parse::<u64>().ok())?
    };
    text.lines().filter_map(value).sum::<u64>() * 1024
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{fields, time_to_fill};

    #[test]
    fn the_nearer_the_limit_the_sooner_the_next_look() {
        assert_eq!(time_to_fill(0), Duration::from_millis(20));
        assert_eq!(time_to_fill(800_000_000), Duration::from_millis(100));
        assert_eq!(time_to_fill(u64::MAX), Duration::from_secs(1));
    }

    #[test]
    fn the_fields_asked_for_are_added() {
        let status = "Name:\tx\nRssAnon:\t     100 kB\nRssFile:\t  7 kB\nVmSwap:\t 1 kB\n";
        assert_eq!(fields(status, &["RssAnon:", "VmSwap:"]), 101 * 1024);
    }
}
