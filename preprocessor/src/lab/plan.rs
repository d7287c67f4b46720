//! A tutorial's hosts and limits → what the lab's init has to make.
//!
//! The plan travels to `lab-init` as JSON, so it says everything: the init sees no tutorial, no configuration and no
//! environment.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::lab::permission::Device;
use crate::lab::programs;
use crate::tutorial::{Limits, Tutorial};

/// Where the agent's binary is seen in a host.
pub(crate) const AGENT: &str = "/run/twin/agent";

/// What a lab is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The OCI runtime's absolute path; `None` makes the lab and starts nothing in it (see `probe.rs`).
    pub(crate) runtime: Option<PathBuf>,
    /// Bounds of the whole lab.
    pub(crate) limits: Limits,
    /// The hosts, each with its pair of pipes handed over beside the plan.
    pub(crate) hosts: Vec<HostPlan>,
}

/// What one host is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HostPlan {
    /// Its host name.
    pub(crate) name: String,
    /// Further names in its /etc/hosts.
    pub(crate) names: Vec<String>,
    /// Device nodes besides the usual ones.
    pub(crate) devices: Vec<Device>,
    /// Its first process and arguments.
    pub(crate) command: Vec<String>,
}

impl Plan {
    /// The plan for a tutorial that misses nothing (see [`crate::lab::missing()`]), with the agent in each host.
    pub fn new(tutorial: &Tutorial, runtime: &str) -> Self {
        let hosts = tutorial.hosts.iter().map(|host| HostPlan {
            name: host.name.clone(),
            names: host.names.clone(),
            devices: host.needs.iter().filter_map(|p| p.device()).collect(),
            command: vec![AGENT.to_owned(), "agent".to_owned()],
        });
        Self {
            runtime: Some(programs::find(runtime).unwrap_or_else(|| runtime.into())),
            limits: tutorial.limits.clone(),
            hosts: hosts.collect(),
        }
    }

    /// The same lab with another first process in each host: a command instead of the agent.
    pub fn with_command(mut self, command: &[&str]) -> Self {
        for host in &mut self.hosts {
            host.command = command.iter().map(|&word| word.to_owned()).collect();
        }
        self
    }

    /// A lab without hosts: shows whether this machine lets us make one.
    pub(crate) fn empty() -> Self {
        Self {
            runtime: None,
            limits: Limits::default(),
            hosts: Vec::new(),
        }
    }
}
