//! `doctor` on this machine, and on this machine made worse: each refusal is a real one, told by its exact words.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::GREETING;
use crate::world::{Answer, World, program};

const TUNNEL: &str =
    "title: A tunnel\nhosts:\n  localhost: {needs: [tun]}\nsteps:\n  - run: test -c /dev/net/tun\n";

/// A user without a range of subordinate ids on any machine.
const NOBODY: &str = "setpriv --reuid 65534 --regid 65534 --clear-groups";

/// `/etc/subuid` and `/etc/subgid` that give that user one, in a mount namespace.
const RANGES: &str = "echo nobody:300000:65536 >$W/ranges; \
    for file in subuid subgid; do mount --bind $W/ranges /etc/$file; done; ";

/// What container engines hide of /proc.
const MASKED_PROC: &str = "for path in /proc/kcore /proc/keys /proc/timer_list; do \
        [ ! -e $path ] || mount --bind /dev/null $path; \
    done; \
    mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys; ";

/// A book whose only tutorial is this, readable for everybody, with the program beside it.
fn book(spec: &str) -> World {
    let world = World::new();
    world.tutorial("it", spec);
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(world.path(""), mode).expect("chmod");
    std::fs::copy(program(), world.path("twin")).expect("a copy");
    world
}

/// Runs a script by the shell, with $W and `twin`; through `unshare` with these arguments. `None`, said, where this machine
/// does not let us.
fn in_namespaces(world: &World, unshare: &str, script: &str) -> Option<Answer> {
    let mut tried = Command::new("unshare");
    let tried = tried.args(unshare.split(' ')).arg("true").output();
    let may = tried.is_ok_and(|answer| answer.status.success());
    if !may {
        eprintln!("skipped: `unshare {unshare}` is not allowed here");
        return None;
    }
    let folder = world.path("");
    let script = format!(
        "W={}; twin() {{ \"$W/twin\" --root $W/book \"$@\"; }}; {script}",
        folder.display()
    );
    let mut command = world.command("unshare");
    command
        .args(unshare.split(' '))
        .args(["sh", "-ec", &script]);
    command.env("TWIN_CACHE_DIR", "/nonexistent/cache");
    Some(Answer::of(command.output().expect("unshare runs")))
}

/// All but what is there.
fn lacks(answer: &Answer) -> String {
    let lines = answer
        .stdout
        .lines()
        .filter(|line| !line.starts_with("  ok"));
    lines.map(|line| format!("{line}\n")).collect()
}

#[track_caller]
fn told(answer: Option<Answer>, expected: &str) {
    if let Some(answer) = answer {
        let answer = answer.expect(3);
        assert_eq!(lacks(&answer), expected, "{}", answer.stderr);
    }
}

#[test]
fn user_namespaces_that_are_switched_off() {
    let world = book(GREETING);
    let script = "echo 0 >/proc/sys/user/max_user_namespaces; twin doctor";
    told(
        in_namespaces(&world, "-Ur", script),
        "it can't run: 1 of 5 missing
  missing  new Linux namespaces (new namespaces: No space left on device (os error 28))

to mend it
  sudo sysctl -w user.max_user_namespaces=65536
",
    );
}

#[test]
fn root_of_a_user_namespace_of_one_id() {
    let world = book(GREETING);
    told(
        in_namespaces(&world, "-Ur", "twin doctor"),
        "it can't run: 1 of 5 missing
  missing  subordinate ids for the lab (mapping the ids: Operation not permitted (os error 1))

by hand
  subordinate ids for the lab (mapping the ids: Operation not permitted (os error 1)): root of a container without ids to give away (/proc/self/uid_map): run it as root of the machine, or in a container without a user namespace
",
    );
}

#[test]
fn a_container_with_masked_proc_as_root_and_as_an_ordinary_user() {
    let world = book(GREETING);
    let expected = "it can't run: 1 of 5 missing
  missing  a /proc of the lab's own (a fresh /proc: Operation not permitted (os error 1))

by hand
  a /proc of the lab's own (a fresh /proc: Operation not permitted (os error 1)): in a container: start it with `--security-opt systempaths=unconfined` (a pod: `procMount: Unmasked`)
";
    let as_root = format!("{MASKED_PROC} twin doctor");
    told(in_namespaces(&world, "-m", &as_root), expected);
    let as_user = format!("{RANGES} {MASKED_PROC} {NOBODY} $W/twin --root $W/book doctor");
    told(in_namespaces(&world, "-m", &as_user), expected);
}

/// What container engines take from a container: their seccomp profile lets nobody make a user namespace.
fn container(world: &World) -> serde_json::Value {
    let refused = |name: &str, errno: u32| serde_json::json!({"names": [name], "action": "SCMP_ACT_ERRNO", "errnoRet": errno});
    let mut clone = refused("clone", 1);
    // CLONE_NEWUSER, in a mask of its own.
    clone["args"] = serde_json::json!([{"index": 0, "value": 0x1000_0000, "valueTwo": 0x1000_0000, "op": "SCMP_CMP_MASKED_EQ"}]);
    let capabilities = [
        "CAP_CHOWN",
        "CAP_DAC_OVERRIDE",
        "CAP_FOWNER",
        "CAP_MKNOD",
        "CAP_SETGID",
        "CAP_SETUID",
    ];
    let namespaces = ["pid", "mount", "ipc", "uts", "network"];
    let namespaces = namespaces.map(|kind| serde_json::json!({"type": kind}));
    serde_json::json!({
        "ociVersion": "1.0.2",
        "root": {"path": "rootfs", "readonly": true},
        "process": {
            "user": {"uid": 0, "gid": 0},
            "cwd": "/",
            "args": [world.path("twin"), "--root", world.path("book"), "doctor"],
            "env": ["PATH=/usr/sbin:/usr/bin", "TWIN_CACHE_DIR=/nonexistent/cache"],
            "capabilities": {"bounding": capabilities, "effective": capabilities, "permitted": capabilities},
            "noNewPrivileges": true,
        },
        // A /dev of its own: its root is the machine's, whose devices crun would replace.
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
        ],
        "linux": {
            "namespaces": namespaces,
            "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list"],
            "readonlyPaths": ["/proc/sys"],
            // 38: what there is no such system call for, so that clone is tried instead.
            "seccomp": {
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [clone, refused("clone3", 38), refused("unshare", 1), refused("mount", 1)],
            },
        },
    })
}

#[test]
fn a_container_as_an_engine_starts_it() {
    let world = book(GREETING);
    world.write("bundle/config.json", &container(&world).to_string());
    std::fs::create_dir_all(world.path("bundle/rootfs")).expect("a folder");
    // Without the machine's cgroups: crun refuses hybrid ones even where it is to make none.
    let script = "mount --rbind / $W/bundle/rootfs; mount -t tmpfs tmpfs /sys/fs/cgroup; \
        crun --cgroup-manager=disabled --root $W/state run --bundle $W/bundle it";
    told(
        in_namespaces(&world, "-m", script),
        "it can't run: 1 of 5 missing
  missing  new Linux namespaces (new namespaces: Operation not permitted (os error 1))

by hand
  new Linux namespaces (new namespaces: Operation not permitted (os error 1)): in a container: start it with `--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined`
",
    );
}

#[test]
fn a_user_without_subordinate_ids() {
    let world = book(GREETING);
    let script = format!(
        "echo somebody:100000:65536 >$W/ranges; for file in subuid subgid; do mount --bind $W/ranges /etc/$file; done; \
        {NOBODY} $W/twin --root $W/book doctor"
    );
    told(
        in_namespaces(&world, "-m", &script),
        "it can't run: 1 of 4 missing
  missing  65,536 subordinate ids for nobody in /etc/subuid and /etc/subgid

to mend it
  sudo usermod --add-subuids 165536-231071 --add-subgids 165536-231071 nobody
",
    );
}

#[test]
fn no_crun() {
    let world = book(GREETING);
    let hidden = "for path in /usr/bin/crun /usr/local/bin/crun; do \
        [ ! -e $path ] || mount --bind /dev/null $path; done; twin";
    told(
        in_namespaces(&world, "-m", &format!("{hidden} doctor")),
        "it can't run: 1 of 5 missing
  missing  the OCI runtime crun

to mend it
  sudo apt-get install -y crun
",
    );
    // The same words are the reason of a skip.
    world.twin(&["record", "--runs", "1", "it"]).expect(0);
    if let Some(answer) = in_namespaces(&world, "-m", &format!("{hidden} verify")) {
        let says = [
            "skipped it: it needs the OCI runtime crun",
            "the OCI runtime crun: sudo apt-get install -y crun",
        ];
        answer.expect(3).says(&says);
    }
}

#[test]
fn a_device_that_is_closed_to_an_ordinary_user() {
    let world = book(TUNNEL);
    let script = format!(
        "{RANGES} mount -t tmpfs tmpfs /dev/net; mknod -m 600 /dev/net/tun c 10 200; \
        {NOBODY} $W/twin --root $W/book doctor"
    );
    told(
        in_namespaces(&world, "-m", &script),
        "it can't run: 1 of 7 missing
  missing  the device /dev/net/tun, open to everybody

to mend it
  sudo chmod 0666 /dev/net/tun
",
    );
}

#[test]
fn a_device_that_is_not_there() {
    let world = book(TUNNEL);
    let script =
        format!("{RANGES} mount -t tmpfs tmpfs /dev/net; {NOBODY} $W/twin --root $W/book doctor");
    told(
        in_namespaces(&world, "-m", &script),
        "it can't run: 1 of 7 missing
  missing  the device /dev/net/tun

to mend it
  sudo modprobe tun
",
    );
}

#[test]
fn all_that_is_missing_is_one_command_and_one_line_of_book_toml() {
    let world = book(
        "title: Much\nhosts:\n  localhost: {needs: [tun], packages: [no-such-b, no-such-a]}\nsteps:\n  - run: 'true'\n",
    );
    world.tutorial("other", GREETING);
    world.edit("book/book.toml", "grant = [\"tun\"]\n", "");
    let answer = world.twin(&["doctor"]).expect(1);
    assert_eq!(
        lacks(&answer),
        "every tutorial

it can't run: 3 of 8 missing
  missing  the package no-such-b
  missing  the package no-such-a
  missing  the permission tun

other can run

to mend it
  sudo apt-get install -y no-such-a no-such-b

in book.toml, if you trust these tutorials with it
  [preprocessor.twin]
  grant = [\"tun\"]
"
    );
    let json = world
        .twin(&["doctor", "--json", "--grant", "tun"])
        .expect(1);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(
        json["repair"],
        serde_json::json!({
            "command": "sudo apt-get install -y no-such-a no-such-b",
            "book": [],
            "by_hand": [],
        })
    );
    let it = &json["tutorials"][0];
    assert_eq!((&it["name"], &it["can_run"]), (&"it".into(), &false.into()));
    let needs = it["needs"].as_array().expect("needs");
    let package = needs.iter().find(|need| need["kind"] == "package");
    assert_eq!(
        package,
        Some(&serde_json::json!({
            "kind": "package",
            "what": "the package no-such-b",
            "missing": "the package no-such-b",
            "remedy": "sudo apt-get install -y no-such-b no-such-a",
        }))
    );
}

#[test]
fn what_is_taken_from_outside_is_here_or_fetched_by_the_first_run() {
    let world = book(GREETING);
    let (commit, sha256) = world.upstream("twin/tree", "README.md", "# A tree\n");
    world.tutorial("it", &format!("title: A tree\nupstream: {{github: twin/tree, commit: {commit}, sha256: {sha256}}}\nhosts:\n  localhost: {{checkout: true}}\nsteps:\n  - run: ls\n"));
    let line =
        |found: &str| format!("  ok       the tree of twin/tree at {commit:.12} ({found})\n");
    let before = world.twin(&["doctor"]).expect(0).stdout;
    let fetched = line("the first run fetches it by git from https://github.com/twin/tree");
    assert!(before.contains(&fetched), "{before}");
    world.twin(&["record", "--runs", "1", "it"]).expect(0);
    let after = world.twin(&["doctor"]).expect(0).stdout;
    assert!(after.contains(&line("on this machine")), "{after}");
}

#[test]
fn the_exit_code_says_whether_all_some_or_none_can_run() {
    let world = book(GREETING);
    world.twin(&["doctor"]).expect(0);
    world.tutorial("more", "title: More\nhosts:\n  localhost: {programs: [no-such-program]}\nsteps:\n  - run: 'true'\n");
    world.twin(&["doctor"]).expect(1);
    world.twin(&["doctor", "it"]).expect(0);
    world.twin(&["doctor", "more"]).expect(3);
    world.twin(&["doctor", "none"]).expect(2).says(&["none"]);
}
