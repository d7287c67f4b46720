//! Whoever is killed at whatever moment: nothing of a lab stays.
//!
//! A copy of this test starts a lab and is killed, by SIGKILL, a little later each time; then the lab's keeper, PID 1 and
//! the runtime are. TWIN_KILLS is how often (the long tier asks for hundreds).
#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]
#![cfg(all(feature = "run", target_os = "linux"))]

#[path = "labs/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mdbook_twin::lab::{Lab, Plan, Supplies};
use mdbook_twin::tutorial::Permission;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Set for the copy that is to be killed: its marker, the name of the host.
const VICTIM: &str = "TWIN_TEST_VICTIM";

/// How long a killed lab may take to be gone. 17 ms were seen; the rest is for machines under load.
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn nothing_stays_when_mdbook_twin_is_killed() {
    if let Ok(marker) = std::env::var(VICTIM) {
        return be_the_victim(&marker);
    }
    let mut moments = BTreeSet::new();
    for number in 0..rounds() {
        // From before the first namespace to a lab that stands, in steps that don't repeat its own rhythm.
        let moment = Duration::from_micros(number * 1_700 % 41_000);
        let (marker, mut victim) = start_victim(number);
        let before = Machine::now();
        std::thread::sleep(moment);
        moments.insert(processes(&marker, victim.id()).len());
        victim.kill().unwrap();
        victim.wait().unwrap();
        nothing_is_left(&marker, victim.id(), &before);
    }
    eprintln!("processes of the lab at the moments of the kills: {moments:?}");
    assert!(
        moments.iter().any(|&count| count > 2),
        "no lab ever stood when it was killed"
    );
}

#[test]
fn nothing_stays_when_a_process_of_the_lab_is_killed() {
    if std::env::var_os(VICTIM).is_some() {
        return;
    }
    for (number, who) in ["keeper", "first", "crun", "command"].iter().enumerate() {
        let (marker, mut victim) = start_victim(1000 + number as u64);
        let before = Machine::now();
        wait_until_it_stands(&marker);
        let target = target(who, &marker, victim.id());
        kill(Pid::from_raw(target), Signal::SIGKILL).unwrap();
        // The victim's lab is over, so it ends by itself.
        victim.wait().unwrap();
        nothing_is_left(&marker, victim.id(), &before);
    }
}

#[test]
fn nothing_stays_when_an_ordinary_user_is_killed() {
    if std::env::var_os(VICTIM).is_none() {
        support::again_as_an_ordinary_user("nothing_stays_when_mdbook_twin_is_killed");
    }
}

fn rounds() -> u64 {
    std::env::var("TWIN_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(25)
}

/// A lab with a daemon in a session of its own, an interface, a mount and files; it says nothing and stays.
fn be_the_victim(marker: &str) {
    support::use_program();
    let mut tutorial = support::tutorial(marker);
    if support::is_root() {
        tutorial.hosts[0].needs = vec![Permission::Tun];
    }
    let script = format!(
        "setsid sh -c 'trap \"\" TERM HUP; sleep 1000 # {marker}' & \
         ip link add {short} type dummy; echo >/tmp/{marker}; echo >/dev/shm/{marker}; \
         unshare -Urm sh -c 'mount -t tmpfs {marker} /mnt; sleep 1000 # {marker}'",
        short = &marker[..marker.len().min(15)],
    );
    let plan =
        Plan::new(&tutorial, "crun", Supplies::default()).with_command(&["bash", "-c", &script]);
    let mut lab = Lab::start(&plan).unwrap();
    lab.wait().unwrap();
}

fn start_victim(number: u64) -> (String, Child) {
    let marker = format!("k{}-{number}", std::process::id());
    let victim = Command::new(std::env::current_exe().unwrap())
        .args(["nothing_stays_when_mdbook_twin_is_killed", "--exact"])
        .env(VICTIM, &marker)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (marker, victim)
}

/// What a lab could leave behind outside of itself.
#[derive(Debug, PartialEq)]
struct Machine {
    mounts: String,
    interfaces: BTreeSet<String>,
    files: BTreeSet<String>,
}

impl Machine {
    fn now() -> Self {
        Self {
            mounts: fs::read_to_string("/proc/self/mountinfo").unwrap(),
            interfaces: names("/sys/class/net").collect(),
            files: ["/run/crun", "/mnt", "/srv", "/run/user", "/dev/shm"]
                .into_iter()
                .flat_map(names)
                // A killed crun leaves the copy of itself that it had begun.
                .chain(names("/tmp").filter(|name| name.starts_with("crun.")))
                .collect(),
        }
    }
}

fn names(folder: &str) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
}

/// Processes whose command line names the marker, or that were started as the victim's lab.
fn processes(marker: &str, victim: u32) -> Vec<(i32, String)> {
    let ours = format!("lab-init {victim}");
    let mut found = Vec::new();
    for pid in names("/proc").filter_map(|name| name.parse::<i32>().ok()) {
        // A process that ended meanwhile, or a dead one, has no command line.
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(marker) || line.trim_end().ends_with(&ours) {
            found.push((pid, line));
        }
    }
    found
}

fn wait_until_it_stands(marker: &str) {
    until("the lab stands", || {
        processes(marker, 0)
            .iter()
            .any(|(_, line)| line.starts_with("sh -c mount"))
    });
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn target(who: &str, marker: &str, victim: u32) -> i32 {
    let all = processes(marker, victim);
    let mut inits: Vec<i32> = all
        .iter()
        .filter(|(_, line)| line.contains("lab-init"))
        .map(|(pid, _)| *pid)
        .collect();
    inits.sort_unstable(); // The keeper was started first.
    let starting = |start: &str| {
        all.iter()
            .find(|(_, line)| line.starts_with(start))
            .unwrap()
            .0
    };
    match who {
        "keeper" => inits[0],
        "first" => inits[1],
        "crun" => starting("crun"),
        _ => starting("sh -c mount"),
    }
}

fn nothing_is_left(marker: &str, victim: u32, before: &Machine) {
    until(&format!("no process of {marker} is left"), || {
        processes(marker, victim).is_empty()
    });
    assert_eq!(Machine::now(), *before, "{marker} left something");
    assert!(
        !Path::new("/tmp").join(marker).exists(),
        "{marker} left a file in /tmp"
    );
    let cgroups = Command::new("find")
        .args(["/sys/fs/cgroup", "-name"])
        .arg(format!("*{marker}*"))
        .output();
    assert_eq!(
        String::from_utf8_lossy(&cgroups.unwrap().stdout),
        "",
        "{marker} left a cgroup"
    );
}
