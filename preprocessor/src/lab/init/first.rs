//! PID 1 of the lab: makes what lies in it and starts the OCI runtime there.
//!
//! It begins with the caller's id and every capability in its new user namespace, opens what only the caller can open,
//! becomes root of the lab, and from then on has nothing of the caller's.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{PipeReader, PipeWriter, Read, Result};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::sched::{CloneFlags, clone};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::{Gid, Pid, Uid, close, setgroups, setresgid, setresuid};

use crate::lab::handover::{self, Doing, Report};
use crate::lab::host;
use crate::lab::init::nodes::{self, Node};
use crate::lab::init::{During, Made, is_open, mounts, network, process};
use crate::lab::plan::{HostPlan, Plan};
use crate::lab::programs::HOST_PATH;

/// The runtime's place on the lab's tmpfs: the machine's own may lie below /tmp, which is hidden when it starts.
const RUNTIME: &str = "runtime";

/// Enough for what PID 1 does before it starts the runtime; the main thread's would be 8 MiB.
const STACK: usize = 1 << 20;

/// Starts PID 1 in namespaces of its own. It waits for a byte on `go`, which says that its ids are mapped.
#[expect(unsafe_code, reason = "clone is unsafe")]
pub(super) fn spawn(
    plan: &Plan,
    nodes: &[Node],
    control: &OwnedFd,
    go: (&PipeReader, &PipeWriter),
    fds: &[OwnedFd],
) -> Made<Pid> {
    let namespaces = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    let mut stack = vec![0; STACK];
    let (reader, writer) = go;
    let body = Box::new(|| {
        // The keeper alone may hold this end: its closing says that the keeper is dead.
        let _ = close(writer.as_raw_fd());
        match run(plan, nodes, control, reader, fds) {
            Ok(code) => code as isize,
            Err(refusal) => {
                let _ = handover::send(control, &Report::Refused(refusal), &[]);
                1
            }
        }
    });
    // SAFETY: this process has one thread, so its copy is as good as the original: no lock is held, and the copy has
    // memory of its own.
    let first = unsafe { clone(body, &mut stack, namespaces, Some(Signal::SIGCHLD as i32)) };
    first.during(Doing::Namespaces, "new namespaces")
}

fn run(
    plan: &Plan,
    nodes: &[Node],
    control: &OwnedFd,
    mut go: &PipeReader,
    fds: &[OwnedFd],
) -> Made<i32> {
    let mut byte = [0];
    go.read_exact(&mut byte).during(Doing::Ids, "the keeper")?;
    let taken = take(plan, nodes)?;
    become_root().during(Doing::Root, "root of the lab")?;
    // After the change of ids, which would undo it. The keeper may have died in between: then its end of the pipe is
    // closed.
    prctl::set_pdeathsig(Signal::SIGKILL).during(Doing::Starting, "dying with the keeper")?;
    if !is_open(go) {
        return Ok(1);
    }
    let place = mounts::place();
    mounts::make(&place, plan.limits.disk)?;
    put(taken, &place)?;
    network::make().during(Doing::Network, "the loopback interface")?;
    bound_processes(plan.limits.pids);
    let Some(runtime) = &plan.runtime else {
        handover::send(control, &Report::Up, &[]).during(Doing::Starting, "the report")?;
        return Ok(0);
    };
    for host in &plan.hosts {
        host::make(host, plan, &place).during(Doing::Files, "the host's files")?;
    }
    mounts::hide_tmp(&place).during(Doing::Files, "a /tmp of the lab's own")?;
    handover::send(control, &Report::Up, &[]).during(Doing::Starting, "the report")?;
    let mut running = Vec::new();
    for (host, pipes) in plan.hosts.iter().zip(fds.chunks_exact(2)) {
        let child = start(host, &place, pipes);
        running.push(child.during(Doing::Runtime, &runtime.display().to_string())?);
    }
    // From here on the keeper alone holds the socket: its closing is the signal that we are gone.
    Ok(reap_until_over(running))
}

/// A file for the lab, opened while we still were the caller: a home may have mode 0700.
enum Taken {
    /// Mounted where it is wanted.
    Tree(OwnedFd),
    /// The same for a folder.
    Folder(OwnedFd),
    /// Copied there.
    File(File),
}

/// Our own binary, the runtime and the device nodes, each with its place on the lab's tmpfs.
fn take(plan: &Plan, nodes: &[Node]) -> Made<Vec<(String, Taken)>> {
    let own = take_own_binary().during(Doing::Files, "our own binary")?;
    let mut all = vec![("agent/agent".to_owned(), own)];
    if let Some(path) = &plan.runtime {
        let shown = path.display().to_string();
        let tree = process::take_tree(&shown).during(Doing::Runtime, &shown)?;
        all.push((RUNTIME.to_owned(), Taken::Tree(tree)));
    }
    for node in nodes {
        let tree = process::take_tree(&node.source).during(Doing::Devices, &node.device.path)?;
        let name = format!("devices/{}", nodes::file_name(&node.device));
        all.push((name, Taken::Tree(tree)));
    }
    for (layer, name) in plan.layers() {
        let shown = layer.display().to_string();
        let tree = process::take_tree(&shown).during(Doing::Files, &shown)?;
        all.push((name, Taken::Folder(tree)));
    }
    Ok(all)
}

/// The link /proc/self/exe leads into the machine's mount namespace, from which nothing can be mounted here; the path
/// that it shows does as long as the same file is there. A build that replaced it meanwhile costs a copy (15 MB).
fn take_own_binary() -> Result<Taken> {
    const LINK: &str = "/proc/self/exe";
    let path = fs::read_link(LINK)?;
    let own = fs::metadata(LINK)?;
    let same = |found: Metadata| (found.dev(), found.ino()) == (own.dev(), own.ino());
    match path.to_str() {
        Some(path) if fs::metadata(path).is_ok_and(same) => {
            process::take_tree(path).map(Taken::Tree)
        }
        _ => File::open(LINK).map(Taken::File),
    }
}

fn put(all: Vec<(String, Taken)>, place: &str) -> Made<()> {
    all.into_iter().try_for_each(|(name, taken)| {
        let target = format!("{place}/{name}");
        let done = match taken {
            Taken::Tree(tree) => process::put_tree(&tree, &target),
            Taken::Folder(tree) => process::put_folder(&tree, &target),
            Taken::File(file) => copy(file, &target),
        };
        done.during(Doing::Files, &name)
    })
}

fn copy(mut file: File, target: &str) -> Result<()> {
    let mut copy = File::create(target)?;
    std::io::copy(&mut file, &mut copy)?;
    copy.set_permissions(Permissions::from_mode(0o755))
}

pub(super) fn become_root() -> nix::Result<()> {
    let (uid, gid) = (Uid::from_raw(0), Gid::from_raw(0));
    setgroups(&[])?;
    setresgid(gid, gid, gid)?;
    setresuid(uid, uid, uid)
}

/// Since Linux 6.14 a pid namespace has a `pid_max` of its own, which bounds all processes of the lab together; before,
/// the write is refused and the rlimit of the host's processes has to do (see `host/spec.rs`). Pids below 300 are given
/// once and not again, so the bound stands above them.
fn bound_processes(pids: u64) {
    let _ = fs::write("/proc/sys/kernel/pid_max", (pids + 300).to_string());
}

fn start(host: &HostPlan, place: &str, pipes: &[OwnedFd]) -> Result<Pid> {
    let bundle = host::bundle(host, place);
    let mut command = Command::new(format!("{place}/{RUNTIME}"));
    command
        .arg0("crun")
        .args(["--root", &format!("{place}/state")])
        // No cgroup is made: v1 and hybrid machines refuse it, and one that is made is left behind by a SIGKILL.
        .arg("--cgroup-manager=disabled")
        .args(["run", "--bundle", &bundle, &host.name])
        .env_clear()
        .env("PATH", HOST_PATH)
        .stdin(Stdio::from(pipes[0].try_clone()?))
        .stdout(Stdio::from(pipes[1].try_clone()?));
    let child = command.spawn()?;
    Ok(Pid::from_raw(child.id().cast_signed()))
}

/// Waits for everything that ends up as a child of PID 1, until every runtime is over; gives the worst exit status.
fn reap_until_over(mut runtimes: Vec<Pid>) -> i32 {
    let mut worst = 0;
    while !runtimes.is_empty() {
        let (ended, code) = match wait() {
            Ok(WaitStatus::Exited(pid, code)) => (pid, code),
            Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, 128 + signal as i32),
            Ok(_) | Err(nix::errno::Errno::EINTR) => continue,
            Err(_) => return 1,
        };
        if let Some(index) = runtimes.iter().position(|&pid| pid == ended) {
            runtimes.swap_remove(index);
            worst = worst.max(code);
        }
    }
    worst
}
