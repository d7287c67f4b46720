//! Debian systems, for real: built, shared, run, killed, freed.
//!
//! A base takes half a minute to build, so one cache serves everything here: a copy of this test does all that has to do
//! with a system, one claim after the other, and this one looks after it from outside. As root and as an ordinary user.
//! Without a mirror within reach nothing can be built; then this says so, and is skipped.
#![cfg(all(feature = "run", target_os = "linux"))]
#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod events;
#[path = "labs/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mdbook_twin::lab::system::{self, Shelf, Sources, Unavailable, Wanted};
use mdbook_twin::lab::{self, HostSupplies, Lab, Plan, Supplies};
use mdbook_twin::tutorial::System;
use nix::sys::signal::Signal;

const SUITE: &str = "trixie";

/// Set for the copy that does the work: its cache.
const CACHE: &str = "TWIN_TEST_SYSTEMS";
/// Set for the copy that is killed: its cache.
const VICTIM: &str = "TWIN_TEST_BUILDER";

#[test]
fn systems() {
    support::use_program();
    if let Ok(cache) = std::env::var(VICTIM) {
        let _ = provide(Path::new(&cache), &["bc"]);
        return;
    }
    if let Ok(cache) = std::env::var(CACHE) {
        return with_systems(Path::new(&cache));
    }
    let missing = lab::missing(&support::tutorial("laptop"), &[], "crun");
    assert!(
        missing.is_empty(),
        "this machine can't run labs: {missing:?}"
    );
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let worker = copy(CACHE, &cache).output().unwrap();
    let said = String::from_utf8_lossy(&worker.stderr).into_owned();
    let said = said + &String::from_utf8_lossy(&worker.stdout);
    eprintln!("{said}");
    if worker.status.success() && said.contains("no mirror") {
        return;
    }
    assert!(worker.status.success(), "{said}");
    clean_frees_all(&cache);
}

#[test]
fn systems_of_an_ordinary_user() {
    if std::env::var_os(CACHE).is_none() && std::env::var_os(VICTIM).is_none() {
        support::again_as_an_ordinary_user("systems");
    }
}

fn copy(variable: &str, cache: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["systems", "--exact", "--nocapture"])
        .env(variable, cache);
    command
}

/// All claims about systems, on one cache.
fn with_systems(cache: &Path) {
    let start = Instant::now();
    let mut base = match two_at_once_build_once(cache) {
        Err(Unavailable::Missing(missing)) => {
            eprintln!("skipped, no mirror or no tool: {missing:?}");
            return;
        }
        base => base.unwrap(),
    };
    eprintln!("the base: {:?}", start.elapsed());
    assert_eq!(base.len(), 1);
    let start = Instant::now();
    let layers = provide(cache, &["tree", "src:libslirp"]).unwrap();
    eprintln!("packages: {:?}", start.elapsed());
    assert_eq!(layers[0], base[0], "the suite's base is shared");
    base.extend(layers[1..].iter().cloned());
    the_versions_are_known(cache);
    a_user_is_at_home(&layers);
    a_run_starts_from_the_same_files(&layers);
    what_is_wrong_is_named(cache);
    a_killed_build_leaves_nothing(cache);
    what_a_killed_keeper_leaves_is_swept(cache);
    it_starts_quickly(&layers);
    one_in_use_stays(cache);
}

fn provide(cache: &Path, packages: &[&str]) -> Result<Vec<PathBuf>, Unavailable> {
    provide_of(SUITE, cache, packages)
}

fn provide_of(suite: &str, cache: &Path, packages: &[&str]) -> Result<Vec<PathBuf>, Unavailable> {
    let wanted = wanted(suite, packages);
    system::provide(&wanted, cache, &Sources::default(), None, &mut |what| {
        eprintln!("{what}")
    })
}

fn wanted(suite: &str, packages: &[&str]) -> Wanted {
    let packages = packages.iter().map(|&name| name.to_owned()).collect();
    let system = System::Debian {
        suite: suite.to_owned(),
        packages,
    };
    Wanted::of(&system).unwrap()
}

fn two_at_once_build_once(cache: &Path) -> Result<Vec<PathBuf>, Unavailable> {
    let build = || {
        let mut said = Vec::new();
        let sources = Sources::default();
        let wanted = wanted(SUITE, &[]);
        let layers = system::provide(&wanted, cache, &sources, None, &mut |what| {
            said.push(what.to_owned())
        });
        layers.map(|layers| (layers, said))
    };
    let (first, second) = std::thread::scope(|scope| {
        let other = scope.spawn(build);
        (build(), other.join().unwrap())
    });
    let ((first, said_first), (second, said_second)) = (first?, second?);
    assert_eq!(first, second);
    let said = [said_first, said_second];
    let with = |word: &str| {
        said.iter()
            .filter(|said| said.iter().any(|line| line.starts_with(word)))
            .count()
    };
    assert_eq!((with("building"), with("waiting")), (1, 1), "{said:?}");
    Ok(first)
}

fn the_versions_are_known(cache: &Path) {
    let names = ["src:libslirp", "tree"];
    let versions = system::versions(&wanted(SUITE, &names), cache, &Sources::default());
    assert_eq!(versions.keys().collect::<Vec<_>>(), names);
    assert!(
        versions
            .values()
            .all(|version| version.starts_with(|c: char| c.is_ascii_digit())),
        "{versions:?}"
    );
    let unknown = system::versions(&wanted(SUITE, &["bc"]), cache, &Sources::default());
    assert_eq!(unknown, BTreeMap::new(), "nothing was built with bc");
}

/// What a person at a fresh Debian machine can do, over every kind of overlay.
fn a_user_is_at_home(layers: &[PathBuf]) {
    let script = "id -un; pwd; ls -A; sudo -n id -u; su -c 'id -u'; su - -c pwd; bash -lc 'echo $HOME'; hostname
        getent hosts laptop | tr -s ' '; locale charmap; stat -c %a /tmp; echo >/usr/x || echo no; tree --version | cut -c -4
        sudo -u '#1000' ls /usr/src/libslirp | head -n 3; cat /etc/resolv.conf /etc/apt/sources.list /etc/apt/sources.list.d/* | wc -c
        sudo sh -c 'rm -r /usr/src/libslirp; ls /usr/src; mkdir /usr/src/libslirp; ls -A /usr/src/libslirp'
        dpkg --audit; ls /dev/null /var/cache/apt/archives/*.deb /usr/sbin/policy-rc.d";
    let expected = "user\n/home/user\n0\n0\n/root\n/home/user\nlaptop\n127.0.1.1 laptop\nUTF-8\n1777\nno\ntree\n\
        CHANGELOG.md\nCOPYRIGHT\nREADME.md\n0\n/dev/null\n";
    type With = fn(Plan) -> Plan;
    let kinds: [(&str, With); 2] = [
        ("the kernel", |plan| plan),
        ("fuse-overlayfs", Plan::with_fuse_overlay),
    ];
    for (kind, with) in kinds {
        // A lab has other ids than its caller.
        let is_open_to_all = |device: std::fs::Metadata| device.mode() & 0o006 == 0o006;
        let is_here = || {
            let device = std::fs::metadata("/dev/fuse");
            Path::new("/usr/bin/fuse-overlayfs").exists() && device.is_ok_and(is_open_to_all)
        };
        if kind != "the kernel" && !is_here() {
            eprintln!("skipped: {kind} is not installed, or /dev/fuse is not open to all");
            continue;
        }
        assert_eq!(run(layers, script, with), expected, "by {kind}");
    }
}

fn a_run_starts_from_the_same_files(layers: &[PathBuf]) {
    let script = "sudo sh -c 'rm /usr/bin/tree; echo >/usr/new; echo >/home/user/new; ls /usr/new'";
    assert_eq!(run(layers, script, |plan| plan), "/usr/new\n");
    assert_eq!(
        run(
            layers,
            "ls /usr/bin/tree; ls -A; ls /usr | grep -c new",
            |plan| plan
        ),
        "/usr/bin/tree\n0\n"
    );
}

/// Runs a script as the ordinary user of a host made of these layers; gives what it prints on its standard output.
fn run(layers: &[PathBuf], script: &str, with: impl Fn(Plan) -> Plan) -> String {
    let user = lab::login_user("user");
    let home = format!("--chdir={}", user.home);
    let env: Vec<String> = user
        .env
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let mut command = vec![
        "setpriv",
        "--reuid",
        "1000",
        "--regid",
        "1000",
        "--init-groups",
        "env",
        "-i",
        &home,
    ];
    command.extend(env.iter().map(String::as_str));
    command.extend(["bash", "-c", script]);
    let supplies = Supplies {
        hosts: vec![HostSupplies {
            layers: layers.to_owned(),
            files: Vec::new(),
        }],
    };
    let tutorial = support::tutorial("laptop");
    let plan = with(Plan::new(&tutorial, "crun", supplies).with_command(&command));
    let mut lab = Lab::start(&plan).unwrap();
    let mut output = String::new();
    lab.hosts[0].stdin = None;
    lab.hosts[0].stdout.read_to_string(&mut output).unwrap();
    if output.is_empty() {
        let why = lab.post_mortem();
        panic!("{why}");
    }
    lab.end();
    output
}

fn what_is_wrong_is_named(cache: &Path) {
    let error = provide(cache, &["no-such-package"]).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("Debian trixie has no package no-such-package"),
        "{error}"
    );
    let error = provide(cache, &["src:no-such-source"]).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("Debian trixie has no package no-such-source"),
        "{error}"
    );
    let error = provide_of("nosuchsuite", cache, &[]).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the mirror has no suite nosuchsuite"),
        "{error}"
    );
    let nowhere = Sources::new(Some("http://127.0.0.1:9/debian"));
    let error =
        system::provide(&wanted(SUITE, &[]), cache, &nowhere, None, &mut |_| ()).unwrap_err();
    assert!(matches!(&error, Unavailable::Missing(_)), "{error}");
    assert!(!error.to_string().contains("127.0.0.1"), "{error}");
    assert_eq!(names(&cache.join("systems/building")), [""; 0]);
}

fn a_killed_build_leaves_nothing(cache: &Path) {
    let building = cache.join("systems/building");
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let mut victim = victim(cache);
    victim.kill().unwrap();
    victim.wait().unwrap();
    events::until_ended("no process is left", || keepers(victim.id()));
    events::until_removed("no file is left", || {
        let left = names(&building).into_iter();
        left.map(|name| building.join(name)).collect()
    });
    assert_eq!(fs::read_to_string("/proc/self/mountinfo").unwrap(), mounts);
}

/// Then nobody is left who could clean up.
fn what_a_killed_keeper_leaves_is_swept(cache: &Path) {
    let building = cache.join("systems/building");
    let mut victim = victim(cache);
    for pid in keepers(victim.id()) {
        // The lab's PID 1 may have died with its keeper.
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), Signal::SIGKILL);
    }
    victim.kill().unwrap();
    victim.wait().unwrap();
    events::until_ended("no process is left", || keepers(victim.id()));
    assert_eq!(names(&building).len(), 1, "what was killed is swept later");
    provide(cache, &["bc"]).unwrap();
    assert_eq!(names(&building), [""; 0], "it was swept");
}

/// A process that builds, its build's overlay with a file in it: apt is at work.
fn victim(cache: &Path) -> Child {
    let building = cache.join("systems/building");
    let victim = copy(VICTIM, cache)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // building/NAME/apt/sources.list
    events::until_made("a build goes on", &building, 2, || {
        let folders = names(&building);
        let begun = |name: &String| building.join(name).join("apt/sources.list").exists();
        folders.iter().any(begun)
    });
    victim
}

/// The processes of a victim's build that live: keeper and PID 1.
fn keepers(victim: u32) -> Vec<i32> {
    let ours = format!("lab-work {victim}");
    let pids = names(Path::new("/proc")).into_iter();
    pids.filter_map(|pid| pid.parse().ok())
        .filter(|pid: &i32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            line.trim_end().ends_with(&ours)
        })
        .collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// The limit is 150 ms over a host made of the machine; a machine under load is given more.
fn it_starts_quickly(layers: &[PathBuf]) {
    let time = |layers: &[PathBuf]| {
        let mut times: Vec<Duration> = (0..9)
            .map(|_| {
                let start = Instant::now();
                run(layers, "echo", |plan| plan);
                start.elapsed()
            })
            .collect();
        times.sort();
        times[times.len() / 2]
    };
    let (machine, system) = (time(&[]), time(layers));
    eprintln!("a start, with its end: over the machine {machine:?}, over a system {system:?}");
    assert!(
        system < machine + Duration::from_millis(150) * 3,
        "{machine:?}, {system:?}"
    );
}

fn one_in_use_stays(cache: &Path) {
    let before = Shelf::new(cache).systems().len();
    let said = clean(cache, &["systems"]);
    assert_eq!(said.matches("in use").count(), 3, "{said}");
    assert_eq!(Shelf::new(cache).systems().len(), before);
}

fn clean_frees_all(cache: &Path) {
    let dry = clean(cache, &["--dry-run"]);
    assert!(dry.contains("trixie"), "{dry}");
    assert_eq!(Shelf::new(cache).systems().len(), 3);
    let said = clean(cache, &[]);
    assert_eq!(Shelf::new(cache).systems(), [], "{said}");
    assert!(!said.contains("in use"), "{said}");
}

fn clean(cache: &Path, arguments: &[&str]) -> String {
    let output = Command::new(support::program())
        .arg("clean")
        .args(arguments)
        .env("TWIN_CACHE_DIR", cache)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8(said).unwrap()
}
