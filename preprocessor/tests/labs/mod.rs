//! What the tests of labs share: the binary, a tutorial of one host, an ordinary user.

// Each test program compiles this file for itself and uses a part of it.
#![allow(dead_code, reason = "shared by several test programs")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use mdbook_twin::lab;
use mdbook_twin::tutorial::{Host, Limits, System, Tutorial};

/// Names the program for the copies that an ordinary user runs.
const PROGRAM: &str = "TWIN_TEST_PROGRAM";

/// The real binary.
pub(crate) fn program() -> PathBuf {
    let path = std::env::var_os(PROGRAM).map(PathBuf::from);
    path.unwrap_or_else(|| env!("CARGO_BIN_EXE_mdbook-twin").into())
}

/// Makes the library start the real binary instead of this test.
pub(crate) fn use_program() {
    lab::set_program(&program());
}

/// Where the cases of a stage are.
pub(crate) fn cases(stage: &str) -> PathBuf {
    let here = std::env::var_os("TWIN_TEST_CASES").map(PathBuf::from);
    let cases = here.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases"));
    cases.join(stage)
}

/// Whether expectations are to be rewritten.
pub(crate) fn blessing() -> bool {
    std::env::var_os("TWIN_BLESS").is_some()
}

/// A tutorial without steps, on one host made of the machine.
pub(crate) fn tutorial(host: &str) -> Tutorial {
    Tutorial {
        name: "test".to_owned(),
        title: "A test".to_owned(),
        summary: None,
        upstream_note: None,
        spec: "tutorials/test.yaml".into(),
        upstream: None,
        hosts: vec![Host {
            name: host.to_owned(),
            system: System::Machine {
                packages: Vec::new(),
            },
            needs: Vec::new(),
            programs: Vec::new(),
            user: "user".to_owned(),
            names: Vec::new(),
            address: None,
            checkout: false,
        }],
        terminals: Vec::new(),
        steps: Vec::new(),
        not_run: Vec::new(),
        limits: Limits::default(),
        timeout: None,
        inputs: Vec::new(),
    }
}

/// Whether the tests run as root.
pub(crate) fn is_root() -> bool {
    nix::unistd::Uid::effective().is_root()
}

/// Whether the usual folders have a program.
pub(crate) fn is_installed(program: &str) -> bool {
    let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"];
    folders
        .iter()
        .any(|folder| Path::new(folder).join(program).exists())
}

/// Runs one test of this program again as an ordinary user, who is made for it and removed afterwards. Only root can;
/// says so otherwise, and then the test itself has run as an ordinary user anyway.
pub(crate) fn again_as_an_ordinary_user(test: &str) {
    if !is_root() {
        eprintln!("not root: {test} has run as an ordinary user anyway");
        return;
    }
    let user = User::new();
    // The user need not be able to read the folder that all this was built in.
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (test_program, program) = (
        folder.path().join("test"),
        folder.path().join("mdbook-twin"),
    );
    fs::copy(std::env::current_exe().unwrap(), &test_program).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_mdbook-twin"), &program).unwrap();
    let copied = Command::new("cp")
        .arg("-r")
        .arg(cases(""))
        .arg(folder.path().join("cases"))
        .status();
    assert!(copied.unwrap().success());
    let output = Command::new("setpriv")
        .args([
            "--reuid",
            &user.name,
            "--regid",
            &user.name,
            "--init-groups",
        ])
        .arg(test_program)
        .args([test, "--exact", "--nocapture"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env(
            "TWIN_KILLS",
            std::env::var("TWIN_KILLS").unwrap_or_default(),
        )
        .env(PROGRAM, program)
        .env("TWIN_TEST_CASES", folder.path().join("cases"))
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "as an ordinary user:\n{said}");
    assert!(said.contains("1 passed"), "no test ran:\n{said}");
}

/// A user of this machine for as long as the value lives.
pub(crate) struct User {
    pub(crate) name: String,
}

impl User {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("twin{}x{count}", std::process::id());
        let made = alone("useradd", &["--no-create-home", &name]);
        assert!(made, "useradd {name}");
        Self { name }
    }
}

impl Drop for User {
    fn drop(&mut self) {
        alone("userdel", &[&self.name]);
    }
}

/// These commands give up at once when another one has their files. Tests run side by side, in other programs too: they
/// take turns by a lock on the folder of these files.
fn alone(program: &str, arguments: &[&str]) -> bool {
    let turn = fs::File::open("/etc").unwrap();
    turn.lock().unwrap();
    let output = Command::new(program).args(arguments).output();
    output.is_ok_and(|output| output.status.success())
}
