//! What root of a host may do, and with the permissions `fuse` and `cgroups`.
//!
//! The container engines' default, the network namespace, which is the lab's own, and looking into the host's processes:
//! the agent asks /proc for the working directory of a user's shell.
//!
//! CAP_SYS_ADMIN is only for hosts that have to mount: fusermount3 (setuid root) does it for an ordinary user, LXC for a
//! container. It is a capability in the *lab's* user namespace. What it opens there, and why the walls hold:
//!
//! - *The read-only flag* of the machine's /usr and of the kernel's files is the lab's to lift, and so is what masks them.
//!   Behind it stand the owners: these files belong to ids that the lab does not have, and nobody in it, root included,
//!   has more rights to them than a stranger. (A file of the machine that everybody may write to could be written to.)
//! - *nosuid and nodev* of those mounts too. A setuid program of an owner who is not in the lab stays a plain file, and
//!   the kernel opens no device on a file system that was mounted in a user namespace. The node has to be the machine's.
//! - *Mounting*: the kernel lets user namespaces mount what it holds safe for them (tmpfs, proc, sysfs, overlay, FUSE,
//!   cgroup). No disk, and no image without FUSE. An ordinary user can do the same in a user namespace of their own.
//!   A tmpfs counts against the lab's cgroup; without cgroups nothing bounds one that a tutorial mounts.
//! - *A fresh proc or sysfs* shows the host's processes and the lab's network, as those that are there do.
//! - *Kernel files* behind the masks (/proc/kcore, /proc/sysrq-trigger, /proc/sys) ask for a capability in the machine's
//!   user namespace, or for being their owner, the machine's root.
//! - *System calls* that seccomp refuses stay refused: it comes after the capability.

use oci_spec::OciSpecError;
use oci_spec::runtime::{Capabilities, Capability, LinuxCapabilities, LinuxCapabilitiesBuilder};

use crate::lab::plan::HostPlan;

/// Of every host.
const ALWAYS: [Capability; 16] = [
    Capability::AuditWrite,
    Capability::Chown,
    Capability::DacOverride,
    Capability::Fowner,
    Capability::Fsetid,
    Capability::Kill,
    Capability::Mknod,
    Capability::NetAdmin,
    Capability::NetBindService,
    Capability::NetRaw,
    Capability::Setfcap,
    Capability::Setgid,
    Capability::Setpcap,
    Capability::Setuid,
    Capability::SysChroot,
    Capability::SysPtrace,
];

/// The sets of a host's first process; what it starts as an ordinary user keeps the bounding set alone.
pub(super) fn of(host: &HostPlan) -> Result<LinuxCapabilities, OciSpecError> {
    let mut set: Capabilities = ALWAYS.into();
    if host.administrates {
        set.insert(Capability::SysAdmin);
    }
    LinuxCapabilitiesBuilder::default()
        .bounding(set.clone())
        .effective(set.clone())
        .permitted(set)
        .inheritable(Capabilities::new())
        .ambient(Capabilities::new())
        .build()
}
