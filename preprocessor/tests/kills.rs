//! Whoever is killed at whatever moment: nothing of a lab stays.
//!
//! A copy of this test starts a lab and is killed, a little later each time; then the lab's keeper, PID 1, the runtime and
//! the host's first process are. The last test does the same to the program itself and to every process that it starts,
//! with SIGINT, SIGTERM and SIGKILL in turn. TWIN_KILLS is how often (the long tier asks for hundreds).
#![cfg(all(feature = "run", target_os = "linux"))]
#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod events;
#[path = "labs/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mdbook_twin::lab::{Lab, Plan, Supplies};
use mdbook_twin::tutorial::Permission;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Set for the copy that is to be killed: its marker, the name of the host.
const VICTIM: &str = "TWIN_TEST_VICTIM";

/// What a victim's lab says when all of it is there.
const STANDS: &str = "it stands";

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
        the_moment_comes(moment);
        moments.insert(processes(&marker, victim.id()).len());
        kill(pid(&victim), signal(number)).unwrap();
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
    for (number, who) in ["keeper", "first", "crun", "agent", "command"]
        .iter()
        .enumerate()
    {
        let (marker, mut victim) = start_victim(1000 + number as u64);
        let before = Machine::now();
        wait_until_it_stands(&mut victim);
        let target = target(who, &marker, victim.id());
        kill(Pid::from_raw(target), Signal::SIGKILL).unwrap();
        // The victim's lab is over, so it ends by itself.
        victim.wait().unwrap();
        if *who == "keeper" {
            until_swept(victim.id());
        }
        nothing_is_left(&marker, victim.id(), &before);
    }
}

#[test]
fn nothing_stays_when_the_program_or_what_it_starts_is_killed() {
    if std::env::var_os(VICTIM).is_some() {
        return;
    }
    let who = ["program", "keeper", "first", "crun", "agent"];
    for number in 0..rounds() {
        let who = who[usize::try_from(number).unwrap() / 3 % who.len()];
        let book = tempfile::tempdir().unwrap();
        let (marker, mut program) = start_the_program(number, book.path());
        let before = Machine::now();
        the_moment_comes(Duration::from_micros(number * 7_900 % 163_000));
        // Who is not there yet can't be killed, and then it is the program.
        let target = of_the_program(who, program.id()).unwrap_or(pid(&program));
        // PID 1 of a namespace does not hear what it has no handler for.
        let signal = match who {
            "program" | "keeper" => signal(number),
            _ => Signal::SIGKILL,
        };
        match kill(target, signal) {
            Ok(()) | Err(nix::errno::Errno::ESRCH) => {} // It went by itself, with its parent's end.
            Err(error) => panic!("{who}: {error}"),
        }
        let id = program.id();
        events::until_ended("the program ends", || {
            let left = Some(id).filter(|id| lives(&id.to_string()));
            left.map(u32::cast_signed).into_iter().collect()
        });
        program.wait().unwrap();
        if who == "keeper" && target != pid(&program) {
            until_swept(program.id());
        }
        nothing_is_left(&marker, program.id(), &before);
    }
}

#[test]
fn nothing_stays_when_an_ordinary_user_kills_the_program_or_what_it_starts() {
    if std::env::var_os(VICTIM).is_none() {
        support::again_as_an_ordinary_user(
            "nothing_stays_when_the_program_or_what_it_starts_is_killed",
        );
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

/// A lab with a daemon in a session of its own, an interface, a mount and files; it says that it stands, and stays.
fn be_the_victim(marker: &str) {
    support::use_program();
    let mut tutorial = support::tutorial(marker);
    if support::is_root() {
        tutorial.hosts[0].needs = vec![Permission::Tun, Permission::Cgroups];
    }
    // `exit`: a shell becomes its last command, and the host's first process is to be another than that.
    let script = format!(
        "setsid sh -c 'trap \"\" TERM HUP; sleep 1000 # {marker}' & \
         ip link add {short} type dummy; mkdir /sys/fs/cgroup/*/{marker}; echo >/tmp/{marker}; echo >/dev/shm/{marker}; \
         unshare -Urm sh -c 'mount -t tmpfs {marker} /mnt; echo {STANDS}; sleep 1000 # {marker}'; exit",
        short = &marker[..marker.len().min(15)],
    );
    let plan =
        Plan::new(&tutorial, "crun", Supplies::default()).with_command(&["bash", "-c", &script]);
    let mut lab = Lab::start(&plan).unwrap();
    let mut line = String::new();
    let _ = BufReader::new(&mut lab.hosts[0].stdout).read_line(&mut line);
    // Nobody may listen.
    let _ = std::io::stdout().write_all(line.as_bytes());
    lab.wait().unwrap();
}

fn start_victim(number: u64) -> (String, Child) {
    let marker = format!("k{}-{number}", std::process::id());
    // What a caller in the background ignores, SIGINT, its children ignore too.
    let victim = Command::new("env")
        .arg("--default-signal")
        .arg(std::env::current_exe().unwrap())
        .args(["nothing_stays_when_mdbook_twin_is_killed", "--exact"])
        .env(VICTIM, &marker)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (marker, victim)
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

fn signal(number: u64) -> Signal {
    [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGINT][usize::try_from(number % 3).unwrap()]
}

/// `mdbook-twin record` of a tutorial that does not end by itself.
fn start_the_program(number: u64, book: &Path) -> (String, Child) {
    let marker = format!("p{}-{number}", std::process::id());
    let needs = if support::is_root() {
        "[tun, cgroups]"
    } else {
        "[]"
    };
    let spec = format!(
        "title: T\nhosts: {{{marker}: {{needs: {needs}}}}}\nsteps:\n  - run: |\n      echo >/tmp/{marker}\n      \
         sleep 1000\n    timeout: 1h\n"
    );
    fs::write(book.join("book.toml"), "[book]\ntitle = 'x'\n").unwrap();
    fs::create_dir(book.join("tutorials")).unwrap();
    fs::write(book.join(format!("tutorials/{marker}.yaml")), spec).unwrap();
    let program = Command::new("env")
        .arg("--default-signal")
        .arg(support::program())
        .args(["record", &marker, "--runs", "1", "--root"])
        .arg(book)
        .args(["--grant", "tun,cgroups"])
        .env("TWIN_CACHE_DIR", book.join("cache"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (marker, program)
}

/// One of the processes that the program has started, down the line of its children.
fn of_the_program(who: &str, program: u32) -> Option<Pid> {
    let line = ["program", "keeper", "first", "crun", "agent"];
    let depth = line.iter().position(|name| *name == who).unwrap();
    let mut pid = program.cast_signed();
    for _ in 0..depth {
        pid = child_of(pid)?;
    }
    Some(Pid::from_raw(pid))
}

fn child_of(parent: i32) -> Option<i32> {
    names("/proc")
        .filter_map(|name| name.parse().ok())
        .find(|pid: &i32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
            rest.split_whitespace().nth(1) == Some(&parent.to_string())
        })
}

/// A killed keeper's cgroups are for the next lab to remove, or the one after it: as long as PID 1 of the lab has not died
/// of the keeper's death, they can't be.
fn until_swept(victim: u32) {
    const LABS: usize = 100;
    let swept = (0..LABS).any(|_| {
        make_a_short_lab();
        orphans(victim).is_empty()
    });
    assert!(swept, "no later lab removes the cgroups");
}

fn make_a_short_lab() {
    support::use_program();
    let mut tutorial = support::tutorial("short");
    if support::is_root() {
        tutorial.hosts[0].needs = vec![Permission::Cgroups];
    }
    let plan = Plan::new(&tutorial, "crun", Supplies::default()).with_command(&["true"]);
    Lab::start(&plan).unwrap().wait().unwrap();
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
            mounts: mounts(),
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

/// Without those in temporary folders, where somebody else may be building a Debian system: a lab mounts on /mnt, /tmp,
/// /proc and /sys.
fn mounts() -> String {
    let all = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let elsewhere = |line: &&str| {
        let place = line.split(' ').nth(4).unwrap_or_default();
        !place.starts_with("/tmp/") && !place.starts_with("/var/tmp/")
    };
    let kept: Vec<&str> = all.lines().filter(elsewhere).collect();
    kept.join("\n")
}

/// Cgroups of the victim's lab when its keeper is gone. The keeper may have come and gone unseen; but pids are given in
/// turn, so its pid follows the victim's, with a few in between on a busy machine.
fn orphans(victim: u32) -> BTreeSet<String> {
    let found = Command::new("find")
        .args(["/sys/fs/cgroup", "-name", "mdbook-twin.*"])
        .output();
    let found = String::from_utf8(found.unwrap().stdout).unwrap();
    let maker = |path: &str| path.rsplit('.').nth(1).unwrap().to_owned();
    let is_near = |maker: &str| (victim..victim + 200).contains(&maker.parse::<u32>().unwrap());
    let paths = found.lines().map(str::to_owned);
    paths
        .filter(|path| is_near(&maker(path)) && !lives(&maker(path)))
        // Somebody else's lab may have ended since `find` has seen it.
        .filter(|path| Path::new(path).exists())
        .collect()
}

/// Dead processes that the machine's init has yet to wait for don't.
fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')')
        .is_some_and(|(_, rest)| !rest.starts_with(" Z"))
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

/// The victim hands on what its lab says, between what a test program says.
fn wait_until_it_stands(victim: &mut Child) {
    let said = BufReader::new(victim.stdout.take().unwrap());
    let mut lines = said.lines().map(Result::unwrap);
    assert!(lines.any(|line| line == STANDS), "the lab never stood");
}

#[expect(
    clippy::disallowed_methods,
    reason = "a kill at whatever moment is the thing under test; nothing is waited for"
)]
fn the_moment_comes(moment: Duration) {
    std::thread::sleep(moment);
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
        "agent" => starting("bash -c"),
        _ => starting("sh -c mount"),
    }
}

fn nothing_is_left(marker: &str, victim: u32, before: &Machine) {
    events::until_ended(&format!("no process of {marker} is left"), || {
        let left = processes(marker, victim).into_iter();
        left.map(|(pid, _)| pid).collect()
    });
    // The keeper's end is the program's, but for a program that was killed.
    events::until_removed(&format!("no cgroup of {marker} is left"), || {
        orphans(victim).into_iter().map(PathBuf::from).collect()
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
