//! The lab's walls: what a script in it sees and can do.
//!
//! A case is a folder below `cases/lab/`: `script.sh` runs in a lab as its ordinary user (as its root where there is a
//! file `as-root`), `stdout.txt` is all that it prints. A file `needs` names permissions that this lab has, one a line; a
//! machine that can't give one says so, and the case does not run. `@HOME@` in a script is a folder of the caller's that
//! holds a secret; see [`Outside::fill`] for the others. Everything runs as whoever runs the tests, and, when that is
//! root, once more as an ordinary user. TWIN_BLESS=1 rewrites the expectations.
//!
//! What a wall keeps out is only proven by a script that gets at it without the wall: where that does no harm (a file
//! `on-the-machine`), the script runs there too, and has to print something else.
#![cfg(all(feature = "run", target_os = "linux"))]
#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

#[path = "labs/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;
use std::process::Command;

use mdbook_twin::lab::{self, Lab, Plan, Supplies};
use mdbook_twin::tutorial::{Limits, Permission, Tutorial};

/// Small enough for a test to fill.
const LIMITS: Limits = Limits {
    memory: 512 << 20,
    pids: 64,
    disk: 64 << 20,
};

#[test]
fn walls_hold() {
    each_case("crun");
}

#[test]
fn walls_hold_when_an_ordinary_user_makes_the_lab() {
    support::again_as_an_ordinary_user("walls_hold");
}

/// The second runtime; crun has to be there, this one need not.
const SECOND: &str = "runc";

#[test]
fn walls_hold_with_the_second_runtime() {
    match support::is_installed(SECOND) {
        true => each_case(SECOND),
        false => eprintln!("not run: {SECOND} is not installed"),
    }
}

#[test]
fn walls_hold_with_the_second_runtime_as_an_ordinary_user() {
    support::again_as_an_ordinary_user("walls_hold_with_the_second_runtime");
}

fn each_case(runtime: &str) {
    support::use_program();
    let tutorial = tutorial();
    let missing = lab::missing(&tutorial, &[Permission::Tun], runtime);
    assert!(
        missing.is_empty(),
        "this machine can't run labs: {missing:?}"
    );
    let outside = Outside::new();
    let folder = support::cases("lab");
    let mut failed = Vec::new();
    let mut count = 0;
    for case in fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        count += 1;
        if let Err(why) = check(&case, (&tutorial, runtime), &outside) {
            failed.push(format!("{}:\n{why}", case.file_name().unwrap().display()));
        }
    }
    assert!(count > 0, "no case in {}", folder.display());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn tutorial() -> Tutorial {
    let mut tutorial = support::tutorial("laptop");
    tutorial.hosts[0].names = vec!["laptop.example.org".to_owned()];
    tutorial.limits = LIMITS;
    // An ordinary user can only give the machine's own node, and its mode is not for a test to change.
    if support::is_root() {
        tutorial.hosts[0].needs = vec![Permission::Tun];
    }
    tutorial
}

/// What the caller has, and no lab must see. All of it is open to every user of the machine, so that nothing but the
/// lab keeps a lab out.
struct Outside {
    home: tempfile::TempDir,
    /// Every interface of the machine.
    v4: TcpListener,
    v6: TcpListener,
    _agent: UnixListener,
    _abstract: UnixListener,
    /// Left open for whatever this process starts.
    _inheritable: OwnedFd,
}

impl Outside {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let open_to_all = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        open_to_all(home.path(), 0o755);
        for folder in [".ssh", "cache", "repository"] {
            fs::create_dir(home.path().join(folder)).unwrap();
            open_to_all(&home.path().join(folder), 0o777);
        }
        let secret = home.path().join(".ssh/id_test");
        fs::write(&secret, "secret\n").unwrap();
        let agent = home.path().join("agent.sock");
        let listener = UnixListener::bind(&agent).unwrap();
        open_to_all(&agent, 0o777);
        let name = SocketAddr::from_abstract_name(abstract_name()).unwrap();
        // dup() leaves the new descriptor open at exec, which is the point.
        let inheritable = nix::unistd::dup(fs::File::open(&secret).unwrap()).unwrap();
        Self {
            home,
            v4: TcpListener::bind("0.0.0.0:0").unwrap(),
            v6: TcpListener::bind("[::1]:0").unwrap(),
            _agent: listener,
            _abstract: UnixListener::bind_addr(&name).unwrap(),
            _inheritable: inheritable,
        }
    }

    fn fill(&self, script: &str) -> String {
        let port = |listener: &TcpListener| listener.local_addr().unwrap().port().to_string();
        script
            .replace("@HOME@", self.home.path().to_str().unwrap())
            .replace("@PORT@", &port(&self.v4))
            .replace("@PORT6@", &port(&self.v6))
            .replace("@ABSTRACT@", &abstract_name())
            .replace("@ADDRESS@", &address_of_the_machine())
            .replace("@PID@", &std::process::id().to_string())
    }
}

fn abstract_name() -> String {
    let thread = format!("{:?}", std::thread::current().id());
    format!("twin-test-{}-{thread}", std::process::id())
}

/// An address that other machines know this one by; a machine without one still has a loopback.
fn address_of_the_machine() -> String {
    let all = nix::ifaddrs::getifaddrs().unwrap();
    let v4 = all.filter_map(|interface| Some(interface.address?.as_sockaddr_in()?.ip()));
    let others = v4.filter(|address| !address.is_loopback());
    others
        .map(|address| address.to_string())
        .next()
        .unwrap_or_else(|| "127.0.0.1".to_owned())
}

fn check(case: &Path, host: (&Tutorial, &str), outside: &Outside) -> Result<(), String> {
    let files: BTreeSet<String> = fs::read_dir(case)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let known = [
        "as-root",
        "needs",
        "needs-pid-max",
        "needs-root",
        "on-the-machine",
        "script.sh",
        "stdout.txt",
    ];
    let unknown: Vec<_> = files
        .iter()
        .filter(|file| !known.contains(&file.as_str()))
        .collect();
    if !unknown.is_empty() {
        return Err(format!("unknown files: {unknown:?}"));
    }
    if files.contains("needs-root") && !support::is_root() {
        eprintln!("{}: not run, the caller is not root", case.display());
        return Ok(());
    }
    if files.contains("needs-pid-max") && !pid_namespaces_have_a_bound() {
        eprintln!("{}: not run, Linux before 6.14", case.display());
        return Ok(());
    }
    let script =
        fs::read_to_string(case.join("script.sh")).map_err(|e| format!("script.sh: {e}"))?;
    let script = outside.fill(&script);
    let (tutorial, runtime) = host;
    let mut tutorial = tutorial.clone();
    if files.contains("needs") {
        let needs = permissions(&fs::read_to_string(case.join("needs")).unwrap())?;
        tutorial.hosts[0].needs.extend(&needs);
        let missing = lab::missing_for(&tutorial, &tutorial.hosts[0].needs, runtime);
        if !missing.is_empty() {
            eprintln!("{}: not run, {missing:?}", case.display());
            return Ok(());
        }
    }
    let actual = in_a_lab((&tutorial, runtime), &script, files.contains("as-root"));
    let path = case.join("stdout.txt");
    if support::blessing() {
        fs::write(path, &actual).unwrap();
        return Ok(());
    }
    let expected = fs::read_to_string(path).map_err(|e| format!("stdout.txt: {e}"))?;
    if actual != expected {
        return Err(format!("--- expected\n{expected}--- actual\n{actual}"));
    }
    if files.contains("on-the-machine") && on_the_machine(&script) == expected {
        return Err("it prints the same on the machine, so it proves nothing".to_owned());
    }
    Ok(())
}

/// Since Linux 6.14 a pid namespace has a `pid_max` of its own. Before, a lab's users have a bound each, not all together.
fn pid_namespaces_have_a_bound() -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release
        .split(['.', '-'])
        .map_while(|part| part.parse::<u32>().ok());
    (numbers.next().unwrap(), numbers.next().unwrap()) >= (6, 14)
}

fn permissions(words: &str) -> Result<Vec<Permission>, String> {
    let permission = |word: &str| {
        let word = serde_json::Value::String(word.to_owned());
        serde_json::from_value(word).map_err(|e| format!("needs: {e}"))
    };
    words.lines().map(permission).collect()
}

fn in_a_lab((tutorial, runtime): (&Tutorial, &str), script: &str, as_root: bool) -> String {
    let name = if as_root { "root" } else { "user" };
    let user = lab::login_user(name);
    let (uid, home) = (user.uid.to_string(), format!("--chdir={}", user.home));
    let env: Vec<String> = user
        .env
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let mut command = vec![
        "setpriv",
        "--reuid",
        &uid,
        "--regid",
        &uid,
        "--clear-groups",
    ];
    command.extend(["env", "-i", &home]);
    command.extend(env.iter().map(String::as_str));
    command.extend(["bash", "-c", script]);
    let plan = Plan::new(tutorial, runtime, Supplies::default()).with_command(&command);
    let mut lab = Lab::start(&plan).unwrap();
    lab.hosts[0].stdin = None;
    let mut output = Vec::new();
    lab.hosts[0].stdout.read_to_end(&mut output).unwrap();
    lab.end();
    let mut output = String::from_utf8(output).unwrap();
    output.push_str(&lab.last_words());
    output
}

fn on_the_machine(script: &str) -> String {
    let output = Command::new("bash").args(["-c", script]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}
