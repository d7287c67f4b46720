//! A tutorial's hosts and limits → what the lab's init has to make.
//!
//! The plan travels to `lab-init` as JSON, so it says everything: the init sees no tutorial, no configuration and no
//! environment.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::lab::addresses::{self, Network};
use crate::lab::init::overlay::Overlay;
use crate::lab::libraries;
use crate::lab::permission::Device;
use crate::lab::programs;
use crate::lab::variation::Variation;
use crate::tutorial::{Host, Limits, Permission, Tutorial};

/// Where the agent's binary is seen in a host.
pub(crate) const AGENT: &str = "/run/twin/agent";

/// What a lab is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The OCI runtime's absolute path; `None` makes the lab and starts nothing in it (see `probe.rs`).
    pub(crate) runtime: Option<PathBuf>,
    /// Bounds of the whole lab.
    pub(crate) limits: Limits,
    /// The hosts. The pairs of pipes of all of them are handed over beside the plan, in this order.
    pub(crate) hosts: Vec<HostPlan>,
    /// How it starts differently from others.
    pub(crate) variation: Variation,
    /// Who mounts the layers of systems.
    pub(crate) overlay: Overlay,
}

/// What one host is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HostPlan {
    /// Its name in the spec, by which others call it.
    pub(crate) name: String,
    /// What it calls itself: the same, unless the lab varies.
    pub(crate) hostname: String,
    /// Further names by which others call it.
    pub(crate) names: Vec<String>,
    /// What it is connected to.
    pub(crate) network: Network,
    /// Where its files come from.
    pub(crate) root: Root,
    /// Device nodes besides the usual ones.
    pub(crate) devices: Vec<Device>,
    /// Whether its root may mount (CAP_SYS_ADMIN).
    pub(crate) administrates: bool,
    /// Whether it has cgroups of its own.
    pub(crate) cgroups: bool,
    /// What is copied into it, in order.
    pub(crate) files: Vec<Placed>,
    /// Its first process and arguments.
    pub(crate) command: Vec<String>,
    /// How many pids that uses up before it starts anything.
    pub(crate) used_pids: u32,
}

/// Where the files of a host come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Root {
    /// The machine's own /usr, read-only.
    Machine,
    /// A system in layers, the lowest first, under a layer of the host's own.
    System {
        /// Folders of the machine.
        layers: Vec<PathBuf>,
    },
}

/// A file or folder that is copied into a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// Where it is on the machine.
    pub source: PathBuf,
    /// Where it is wanted in the host, an absolute path. It then belongs to `user`.
    pub target: String,
}

/// What a run takes from outside of the lab, fetched before the lab is made; one entry for each host, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Supplies {
    /// Of each host.
    pub hosts: Vec<HostSupplies>,
}

/// What one host takes from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostSupplies {
    /// The layers of its system, the lowest first; none for a host made of the machine.
    pub layers: Vec<PathBuf>,
    /// What is copied into it.
    pub files: Vec<Placed>,
}

impl Plan {
    /// The plan for a tutorial that misses nothing (see [`crate::lab::missing()`]), with the agent in each host.
    pub fn new(tutorial: &Tutorial, runtime: &str, supplies: Supplies) -> Self {
        let mut supplies = supplies.hosts.into_iter();
        let networks = addresses::networks(&tutorial.hosts, addresses::has_ipv6());
        let hosts = tutorial.hosts.iter().zip(networks);
        let hosts = hosts.map(|(host, network)| {
            HostPlan::new(host, network, supplies.next().unwrap_or_default())
        });
        Self {
            runtime: Some(programs::find(runtime).unwrap_or_else(|| runtime.into())),
            limits: tutorial.limits.clone(),
            hosts: hosts.collect(),
            variation: Variation::default(),
            overlay: Overlay::Any,
        }
    }

    /// The same lab, starting differently.
    pub fn with_variation(mut self, variation: Variation) -> Self {
        for host in &mut self.hosts {
            host.hostname.push_str(&variation.hostname_suffix);
            host.used_pids = variation.used_pids;
        }
        self.variation = variation;
        self
    }

    /// The same lab with another first process in each host: a command instead of the agent.
    pub fn with_command(mut self, command: &[&str]) -> Self {
        for host in &mut self.hosts {
            host.command = command.iter().map(|&word| word.to_owned()).collect();
        }
        self
    }

    /// Whether a host is connected to what the machine is connected to.
    pub(crate) fn has_machine_network(&self) -> bool {
        self.hosts
            .iter()
            .any(|host| host.network == Network::Machine)
    }

    /// A lab without hosts: shows whether this machine lets us make one.
    pub(crate) fn empty() -> Self {
        Self {
            runtime: None,
            limits: Limits::default(),
            hosts: Vec::new(),
            variation: Variation::default(),
            overlay: Overlay::Any,
        }
    }

    /// The same lab with the layers of its systems mounted by fuse-overlayfs, as on a kernel that refuses overlayfs.
    pub fn with_fuse_overlay(mut self) -> Self {
        self.overlay = Overlay::Fuse;
        self
    }

    /// The layers of all hosts, each once, and where on the lab's tmpfs each is seen.
    pub(crate) fn layers(&self) -> Vec<(&Path, String)> {
        let mut all: Vec<&Path> = Vec::new();
        for host in &self.hosts {
            if let Root::System { layers } = &host.root {
                all.extend(layers.iter().map(PathBuf::as_path));
            }
        }
        all.sort_unstable();
        all.dedup();
        let all = all.into_iter().enumerate();
        all.map(|(number, path)| (path, format!("layers/{number}")))
            .collect()
    }

    /// Where that layer is seen.
    pub(crate) fn layer_name(&self, layer: &Path) -> Option<String> {
        let mut all = self.layers().into_iter();
        all.find_map(|(path, name)| (path == layer).then_some(name))
    }
}

impl HostPlan {
    fn new(host: &Host, network: Network, supplies: HostSupplies) -> Self {
        let needs = host.needs.iter().copied();
        Self {
            name: host.name.clone(),
            hostname: host.name.clone(),
            names: host.names.clone(),
            network,
            command: match supplies.layers.is_empty() {
                true => vec![AGENT.to_owned(), "agent".to_owned()],
                false => libraries::agent_command(),
            },
            used_pids: 0,
            root: match supplies.layers {
                layers if layers.is_empty() => Root::Machine,
                layers => Root::System { layers },
            },
            devices: needs.clone().filter_map(Permission::device).collect(),
            administrates: needs.clone().any(Permission::administrates),
            cgroups: needs.clone().any(|need| need == Permission::Cgroups),
            files: supplies.files,
        }
    }
}
