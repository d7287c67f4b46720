//! Device nodes that a permission puts into a host.
//!
//! Root makes them on a tmpfs that root itself mounts: what lab root mounts later is `nodev` by the kernel's rule. The
//! mode is 0666, so that the host's ordinary user can open them, as on a Debian machine with udev. An ordinary user
//! gives the machine's own nodes, where their mode lets others in.

use std::path::Path;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{Mode, SFlag, makedev, mknod, umask};
use nix::unistd::Uid;

use crate::lab::handover::Doing;
use crate::lab::init::{During, Made, mounts};
use crate::lab::permission::Device;
use crate::lab::plan::Plan;

/// A node: as it is called in the host, and where it is now.
pub(super) struct Node {
    pub(super) device: Device,
    pub(super) source: String,
}

/// The nodes of all hosts, each once.
pub(super) fn prepare(plan: &Plan) -> Made<Vec<Node>> {
    let mut devices: Vec<Device> = Vec::new();
    for device in plan.hosts.iter().flat_map(|host| &host.devices) {
        if !devices.contains(device) {
            devices.push(device.clone());
        }
    }
    if devices.is_empty() {
        return Ok(Vec::new());
    }
    if !Uid::effective().is_root() {
        return Ok(devices.into_iter().map(of_the_machine).collect());
    }
    // The layers are opened later, from the same mounts.
    let layers: Vec<_> = plan.layers().into_iter().map(|(path, _)| path).collect();
    let folder = mounts::place_apart_from(&layers);
    private_tmpfs(&folder).during(Doing::Devices, "a tmpfs for device nodes")?;
    devices.into_iter().map(|d| make(d, &folder)).collect()
}

fn of_the_machine(device: Device) -> Node {
    let source = device.path.clone();
    Node { device, source }
}

/// Only the keeper's mount namespace (and PID 1's, which is a copy) sees it.
fn private_tmpfs(folder: &str) -> nix::Result<()> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    let options = Some("mode=0755,size=64k,nr_inodes=64");
    mount(Some("twin-devices"), folder, Some("tmpfs"), flags, options)
}

fn make(device: Device, folder: &str) -> Made<Node> {
    let name = file_name(&device);
    let source = format!("{folder}/{name}");
    let before = umask(Mode::empty());
    let mode = Mode::from_bits_truncate(0o666);
    let number = makedev(device.major, device.minor);
    let made = mknod(source.as_str(), SFlag::S_IFCHR, mode, number);
    umask(before);
    made.during(Doing::Devices, &device.path)?;
    Ok(Node { device, source })
}

/// `tun` of `/dev/net/tun`; no two permissions share one.
pub(in crate::lab) fn file_name(device: &Device) -> &str {
    let name = Path::new(&device.path).file_name();
    name.and_then(|name| name.to_str()).unwrap_or(&device.path)
}
