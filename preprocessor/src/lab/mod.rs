//! What a tutorial runs in: all its hosts and their network, gone when it ends.
//!
//! In: a resolved tutorial, the machine's grants, an OCI runtime. Out: a running [`Lab`], each host's first process
//! talking on a pair of pipes; or everything that is [`missing()`]. Not here: what is said on the pipes (`run/`), and
//! what the first process does (`agent/`).
//!
//! Who starts whom, and who dies with whom:
//!
//! ```text
//! mdbook-twin ── thread of the run
//!   └ lab-init, keeper    the caller's id; makes device nodes, maps ids, waits      SIGKILL when that thread ends
//!       └ lab-init, PID 1 new user, mount, pid, network, ipc, uts namespaces        SIGKILL when the keeper ends
//!           └ crun, for each host ── its PID 1: mdbook-twin agent                   the kernel, with the pid namespace
//! ```
//!
//! Everything that a run leaves in the file system lies on a tmpfs of the lab's mount namespace, so the kernel cleans
//! up whoever is killed at whatever moment.

mod handover;
mod host;
mod ids;
mod init;
mod missing;
mod packages;
mod permission;
mod plan;
mod probe;
mod programs;
mod start;
pub mod system;

pub use host::{LoginUser, login_user};
pub use init::{init_main, work_main};
pub use missing::{missing, missing_for};
pub use packages::versions as package_versions;
pub use plan::{HostSupplies, Placed, Plan, Supplies};
pub use start::{Lab, Pipes, StartError, set_program};

/// The hidden subcommand under which `mdbook-twin` becomes [`init_main`].
pub const INIT_SUBCOMMAND: &str = "lab-init";

/// The hidden subcommand under which it becomes [`work_main`].
pub const WORK_SUBCOMMAND: &str = "lab-work";
