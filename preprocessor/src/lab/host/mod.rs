//! What one host is: its files, and the OCI container that it is made into.
//!
//! In: its part of the plan, the limits, the lab's tmpfs. Out: a bundle that an OCI runtime starts. Not here: the
//! namespaces and mounts of the lab around it (`init/`).

mod capabilities;
mod clock;
pub(super) mod files;
mod filter;
mod names;
mod root;
mod seccomp;
mod spec;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Error, Result};

use crate::lab::init::overlay;
use crate::lab::plan::{HostPlan, Plan, Root};
use crate::lab::programs::HOST_PATH;

/// Who a terminal's shell belongs to, and what it finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginUser {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// The home, where the shell starts.
    pub home: String,
    /// The shell.
    pub shell: String,
    /// The whole environment.
    pub env: BTreeMap<String, String>,
}

/// A user of a host by name: `root`, or the ordinary `user`.
pub fn login_user(name: &str) -> LoginUser {
    let (id, home) = match name {
        "root" => (0, "/root".to_owned()),
        name => (1000, format!("/home/{name}")),
    };
    let shell = "/bin/bash".to_owned();
    let env = [
        ("HOME", home.as_str()),
        // UTF-8 without the words of a language: what is recorded here is compared elsewhere.
        ("LANG", "C.UTF-8"),
        ("LOGNAME", name),
        ("PATH", HOST_PATH),
        ("PWD", home.as_str()),
        ("SHELL", shell.as_str()),
        ("TERM", "xterm-256color"),
        ("USER", name),
    ];
    let env = env.map(|(key, value)| (key.to_owned(), value.to_owned()));
    LoginUser {
        uid: id,
        gid: id,
        env: env.into(),
        home,
        shell,
    }
}

/// The host's folder on the lab's tmpfs: what the runtime starts it from.
pub(super) fn bundle(host: &HostPlan, place: &str) -> String {
    format!("{place}/hosts/{}", host.name)
}

/// The host's own network namespace, where it has one.
pub(super) fn network_file(host: &HostPlan, place: &str) -> String {
    format!("{place}/networks/{}", host.name)
}

/// The host's root, below its bundle.
fn rootfs(host: &HostPlan, place: &str) -> String {
    format!("{}/rootfs", bundle(host, place))
}

/// Makes that folder, with the host's root and its `config.json`.
pub(super) fn make(plan: &Plan, host: &HostPlan, place: &str) -> Result<()> {
    let bundle = bundle(host, place);
    fs::create_dir(&bundle)?;
    let rootfs = rootfs(host, place);
    match &host.root {
        Root::Machine => root::make(&rootfs)?,
        Root::System { layers } => {
            let layers = layers.iter().filter_map(|layer| plan.layer_name(layer));
            let layers: Vec<String> = layers.map(|name| format!("{place}/{name}")).collect();
            // Not `nosuid`: `sudo` and `su` are the system's.
            overlay::mount_layers(plan.overlay, &layers, &bundle)?;
        }
    }
    names::write(plan, host, &rootfs)?;
    set_time_zone(plan.variation.time_zone, &rootfs)?;
    let spec = spec::of(host, &plan.limits, place).map_err(Error::other)?;
    fs::write(format!("{bundle}/config.json"), serde_json::to_vec(&spec)?)
}

/// A host without a file has the time of Greenwich.
fn set_time_zone(minutes_east: i32, rootfs: &str) -> Result<()> {
    if minutes_east == 0 {
        return Ok(());
    }
    let path = format!("{rootfs}/etc/localtime");
    // A Debian system has a link there, into a folder of zones that it need not have.
    if fs::symlink_metadata(&path).is_ok() {
        fs::remove_file(&path)?;
    }
    fs::write(&path, clock::localtime(minutes_east))
}
