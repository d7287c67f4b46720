//! What a tutorial runs in: all its hosts and their network, gone when it ends.
//!
//! In: a resolved tutorial, the machine's grants, an OCI runtime. Out: a running [`Lab`], each host's first process
//! talking on a pair of pipes; or everything that is [`missing()`]. Not here: what is said on the pipes (`run/`), and
//! what the first process does (`agent/`).
//!
//! Who starts whom, and who dies with whom:
//!
//! ```text
//! mdbook-twin
//!   └ lab-init, keeper    the caller's id; makes nodes and cgroups, maps ids, waits its end of a socket is closed
//!       └ lab-init, PID 1 new user, mount, pid, network, ipc, uts namespaces        SIGKILL when the keeper ends
//!           └ crun, for each host ── its PID 1: mdbook-twin agent                   the kernel, with the pid namespace
//! ```
//!
//! Everything that a run leaves in the file system lies on a tmpfs of the lab's mount namespace, so the kernel cleans
//! up whoever is killed at whatever moment. Cgroups are the one thing that it does not: the keeper outlives mdbook-twin
//! by the milliseconds that it takes to remove them. One that is itself killed leaves them empty, for the next lab's
//! keeper to remove.

mod addresses;
mod handover;
mod hierarchies;
mod host;
mod ids;
mod init;
mod libraries;
mod needs;
mod packages;
mod permission;
mod plan;
mod probe;
mod programs;
mod refusal;
mod runtime;
mod start;
pub mod system;
mod variation;
mod worker;

pub use hierarchies::{LimitsBy, limits_by};
pub use host::{LoginUser, login_user};
pub use init::{init_main, work_main};
pub use needs::{missing, missing_for, needs, needs_to_begin};
pub use packages::versions as package_versions;
/// Whether the caller has a program of that name.
pub(crate) fn has_program(name: &str) -> bool {
    programs::find(name).is_some()
}

pub use plan::{HostSupplies, Placed, Plan, Supplies};
pub use start::{Lab, Pipes, StartError, set_program};
pub use variation::Variation;

/// The hidden subcommand under which `mdbook-twin` becomes [`init_main`].
pub const INIT_SUBCOMMAND: &str = "lab-init";

/// The hidden subcommand under which it becomes [`work_main`].
pub const WORK_SUBCOMMAND: &str = "lab-work";
