//! PID 1 of the lab: makes what lies in it and starts the OCI runtime there.
//!
//! It begins with the caller's id and every capability in its new user namespace, opens what only the caller can open,
//! becomes root of the lab, and from then on has nothing of the caller's.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{PipeReader, PipeWriter, Read, Result};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sched::{CloneFlags, clone, unshare};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Gid, Pid, Uid, close, setgroups, setresgid, setresuid};

use crate::lab::handover::{self, Doing, Report};
use crate::lab::host;
use crate::lab::host::files::{self, Opened};
use crate::lab::init::cgroups::{self, Groups, HostGroups};
use crate::lab::init::memory::Watcher;
use crate::lab::init::nodes::{self, Node};
use crate::lab::init::{During, Made, is_open, mounts, network, process};
use crate::lab::libraries;
use crate::lab::plan::{HostPlan, Plan};
use crate::lab::programs::HOST_PATH;
use crate::lab::runtime;

/// The runtime's place on the lab's tmpfs: the machine's own may lie below /tmp, which is hidden when it starts.
const RUNTIME: &str = "runtime";

/// Enough for what PID 1 does before it starts the runtime; the main thread's would be 8 MiB.
const STACK: usize = 1 << 20;

/// What the keeper gives to PID 1.
pub(super) struct Inputs<'a> {
    pub(super) plan: &'a Plan,
    pub(super) nodes: &'a [Node],
    /// What is copied into each host.
    pub(super) files: &'a [Vec<Opened>],
    pub(super) groups: &'a Groups,
    /// The socket to the runner.
    pub(super) control: &'a OwnedFd,
    /// A pair for each host.
    pub(super) fds: &'a [OwnedFd],
}

/// Starts PID 1 in namespaces of its own. It waits for a byte on `go`, which says that its ids are mapped.
#[expect(unsafe_code, reason = "clone is unsafe")]
pub(super) fn spawn(inputs: &Inputs<'_>, go: &PipeReader, writer: &PipeWriter) -> Made<Pid> {
    let mut namespaces = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    namespaces.set(CloneFlags::CLONE_NEWNET, !inputs.plan.has_machine_network());
    let mut stack = vec![0; STACK];
    let body = Box::new(|| {
        // The keeper alone may hold this end: its closing says that the keeper is dead.
        let _ = close(writer.as_raw_fd());
        match run(inputs, go) {
            Ok(code) => code as isize,
            Err(refusal) => {
                let _ = handover::send(inputs.control, &Report::Refused(refusal), &[]);
                1
            }
        }
    });
    // SAFETY: this process has one thread, so its copy is as good as the original: no lock is held, and the copy has
    // memory of its own.
    let first = unsafe { clone(body, &mut stack, namespaces, Some(Signal::SIGCHLD as i32)) };
    first.during(Doing::Namespaces, "new namespaces")
}

fn run(inputs: &Inputs<'_>, mut go: &PipeReader) -> Made<i32> {
    let (plan, groups, control) = (inputs.plan, inputs.groups, inputs.control);
    let mut byte = [0];
    go.read_exact(&mut byte).during(Doing::Ids, "the keeper")?;
    groups.enter().during(Doing::Cgroups, "the lab's cgroups")?;
    let taken = take(inputs)?;
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
    let networks = network::make(plan, &place).during(Doing::Network, "interfaces")?;
    bound_processes(plan.limits.pids);
    let Some(runtime) = &plan.runtime else {
        handover::send(control, &Report::Up, &[]).during(Doing::Starting, "the report")?;
        return Ok(0);
    };
    for (host, files) in plan.hosts.iter().zip(inputs.files) {
        host::make(plan, host, &place).during(Doing::Files, "the host's files")?;
        files::copy(files, host, &place).during(Doing::Placing, &host.name)?;
    }
    networks
        .wait()
        .during(Doing::Network, "the lab's network")?;
    mounts::hide_tmp(&place).during(Doing::Files, "a /tmp of the lab's own")?;
    handover::send(control, &Report::Up, &[]).during(Doing::Starting, "the report")?;
    set_uptime(plan.variation.uptime);
    let mut running = Vec::new();
    for (index, pipes) in inputs.fds.chunks_exact(2).enumerate() {
        let host = &plan.hosts[index];
        let child = start(runtime, host, &place, pipes, groups.of_host(index));
        running.push(child.during(Doing::Runtime, &runtime.display().to_string())?);
    }
    // A host's pipes are its runtime's alone now: with a second holder, a host that ends while others go on would not be
    // missed.
    for fd in inputs.fds {
        let _ = close(fd.as_raw_fd());
    }
    // From here on the keeper alone holds the socket: its closing is the signal that we are gone.
    let watcher = (!groups.bound_memory()).then(|| Watcher::new(plan.limits.memory));
    reap_until_over(running, watcher).during(Doing::Starting, "waiting")
}

/// A file for the lab, opened while we still were the caller: a home may have mode 0700.
enum Taken {
    /// Mounted where it is wanted.
    Tree(OwnedFd),
    /// Copied there.
    File(File),
}

/// Our own binary, the runtime, device nodes and cgroups, each with its place on the lab's tmpfs.
fn take(inputs: &Inputs<'_>) -> Made<Vec<(String, Taken)>> {
    let Inputs { plan, nodes, .. } = inputs;
    let own = take_own_binary().during(Doing::Files, "our own binary")?;
    let mut all = vec![("agent/agent".to_owned(), own)];
    if let Some(path) = &plan.runtime {
        let shown = path.display().to_string();
        let tree = process::take_tree(&shown).during(Doing::Runtime, &shown)?;
        // crun makes itself a read-only copy, and starts anew from it, where it does not lie on something read-only
        // (CVE-2019-5736): 2 ms. Where this can't be done it goes on doing that.
        let _ = process::make_read_only(&tree);
        all.push((RUNTIME.to_owned(), Taken::Tree(tree)));
    }
    for node in *nodes {
        let tree = process::take_tree(&node.source).during(Doing::Devices, &node.device.path)?;
        let name = format!("devices/{}", nodes::file_name(&node.device));
        all.push((name, Taken::Tree(tree)));
    }
    for (index, host) in plan.hosts.iter().enumerate() {
        let groups = inputs.groups.of_host(index).into_iter();
        for (name, path) in groups.flat_map(|groups| &groups.trees) {
            let shown = path.display().to_string();
            let tree = process::take_tree(&shown).during(Doing::Cgroups, &shown)?;
            all.push((format!("cgroups/{}/{name}", host.name), Taken::Tree(tree)));
        }
    }
    if !plan.layers().is_empty() {
        for (path, name) in libraries::of_this_process() {
            let shown = path.display().to_string();
            let tree = process::take_tree(&shown).during(Doing::Files, &shown)?;
            all.push((format!("libraries/{name}"), Taken::Tree(tree)));
        }
    }
    for (layer, name) in plan.layers() {
        let shown = layer.display().to_string();
        let tree = process::take_tree(&shown).during(Doing::Files, &shown)?;
        all.push((name, Taken::Tree(tree)));
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

/// Puts all that is started from here on into a time namespace. A kernel without them has nothing to vary there.
fn set_uptime(seconds: u64) {
    const NEW_TIME: CloneFlags = CloneFlags::from_bits_retain(nix::libc::CLONE_NEWTIME);
    if seconds == 0 || unshare(NEW_TIME).is_err() {
        return;
    }
    let offsets = format!("monotonic {seconds} 0\nboottime {seconds} 0\n");
    // The change of ids has given our own files in /proc to the machine's root: only a dumpable process owns its.
    let _ = prctl::set_dumpable(true);
    let _ = fs::write("/proc/self/timens_offsets", offsets);
    let _ = prctl::set_dumpable(false);
}

#[expect(unsafe_code, reason = "code between fork and exec")]
fn start(
    path: &Path,
    host: &HostPlan,
    place: &str,
    pipes: &[OwnedFd],
    groups: Option<&HostGroups>,
) -> Result<Pid> {
    let (state, bundle) = (format!("{place}/state"), host::bundle(host, place));
    let mut command = Command::new(format!("{place}/{RUNTIME}"));
    command
        .arg0(path.file_name().unwrap_or(path.as_os_str()))
        .args(runtime::arguments(path, &state, &bundle, &host.name))
        .env_clear()
        .env("PATH", HOST_PATH)
        .stdin(Stdio::from(pipes[0].try_clone()?))
        .stdout(Stdio::from(pipes[1].try_clone()?));
    if let Some(groups) = groups {
        let entrances = groups.entrances()?;
        // SAFETY: system calls on descriptors that live until the exec, and no memory is asked for.
        unsafe { command.pre_exec(move || cgroups::enter(&entrances)) };
    }
    let child = command.spawn()?;
    Ok(Pid::from_raw(child.id().cast_signed()))
}

/// Waits for everything that ends up as a child of PID 1, until every runtime is over, and looks after the memory in
/// between; gives the worst exit status.
fn reap_until_over(mut runtimes: Vec<Pid>, mut watcher: Option<Watcher>) -> Result<i32> {
    let died = process::signals(&[Signal::SIGCHLD])?;
    let mut next_look = Instant::now();
    let mut worst = 0;
    while !runtimes.is_empty() {
        let (ended, code) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) => (pid, code),
            Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, 128 + signal as i32),
            Ok(WaitStatus::StillAlive) => {
                if let Some(watcher) = &mut watcher
                    && next_look <= Instant::now()
                {
                    next_look = Instant::now() + watcher.look();
                }
                let until = watcher.is_some().then_some(next_look);
                process::wait_for_signal(&died, until)?;
                continue;
            }
            Ok(_) | Err(nix::errno::Errno::EINTR) => continue,
            Err(error) => return Err(error.into()),
        };
        if let Some(index) = runtimes.iter().position(|&pid| pid == ended) {
            runtimes.swap_remove(index);
            worst = worst.max(code);
        }
    }
    Ok(worst)
}
