//! What the runner and `lab-init` say to each other: one JSON value a message, file descriptors beside it.
//!
//! The socket is a lifeline too: when the runner closes its end, the lab ends.

use std::io::{Error, IoSlice, IoSliceMut, Result};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, UnixAddr,
    recvmsg, sendmsg, socketpair,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What `lab-init` reports, at most once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Report {
    /// The lab stands; the runtime is started next.
    Up,
    /// It could not be made.
    Refused(Refusal),
}

/// What the machine refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refusal {
    /// What was being done.
    pub(crate) doing: Doing,
    /// What the system said.
    pub(crate) error: String,
}

/// The parts of making a lab, by what can be refused about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Doing {
    /// Reading the plan, forking, and what else fails only when the machine is at its end.
    Starting,
    /// Nodes of the lab's own, as root.
    Devices,
    /// The lab's groups in the machine's cgroup hierarchies.
    Cgroups,
    /// The namespaces themselves.
    Namespaces,
    /// Mapping the ids.
    Ids,
    /// Becoming root in them.
    Root,
    /// The lab's tmpfs and what lies on it.
    Files,
    /// Copying upstream's tree and inputs into a host.
    Placing,
    /// A fresh /proc.
    Proc,
    /// The network namespace's loopback.
    Network,
    /// Starting the OCI runtime.
    Runtime,
}

/// The most hosts of a lab. A message carries at most 253 descriptors (SCM_MAX_FD), and has one bound for its bytes.
pub(crate) const MOST_HOSTS: usize = 64;

/// The most file descriptors that go with one message: a pair of pipes for each host.
const MOST_FDS: usize = 2 * MOST_HOSTS;

/// The most bytes of one message. A plan has a few hundred for each host; a socket takes 200 KiB at once.
const MOST_BYTES: usize = 128 << 10;

/// The runner's end and the init's. Messages keep their bounds (SOCK_SEQPACKET), so nothing is read too far.
pub(crate) fn pair() -> Result<(OwnedFd, OwnedFd)> {
    let flags = SockFlag::SOCK_CLOEXEC;
    Ok(socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        flags,
    )?)
}

/// Sends one value and copies of some file descriptors.
pub(crate) fn send(socket: impl AsFd, value: &impl Serialize, fds: &[RawFd]) -> Result<()> {
    let bytes = serde_json::to_vec(value)?;
    let rights = [ControlMessage::ScmRights(fds)];
    let rights = if fds.is_empty() {
        &rights[1..]
    } else {
        &rights
    };
    // A killed receiver is an error to handle, not a SIGPIPE to die of.
    sendmsg::<UnixAddr>(
        socket.as_fd().as_raw_fd(),
        &[IoSlice::new(&bytes)],
        rights,
        MsgFlags::MSG_NOSIGNAL,
        None,
    )?;
    Ok(())
}

/// Receives one value and what file descriptors came with it; `None` when the other end is closed.
pub(crate) fn receive<T: DeserializeOwned>(socket: impl AsFd) -> Result<Option<(T, Vec<OwnedFd>)>> {
    let mut bytes = vec![0; MOST_BYTES];
    let mut space = nix::cmsg_space!([RawFd; MOST_FDS]);
    let mut slices = [IoSliceMut::new(&mut bytes)];
    let message = recvmsg::<UnixAddr>(
        socket.as_fd().as_raw_fd(),
        &mut slices,
        Some(&mut space),
        MsgFlags::MSG_CMSG_CLOEXEC,
    )?;
    let mut fds = Vec::new();
    for part in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(raw) = part {
            fds.extend(raw.into_iter().map(own));
        }
    }
    let length = message.bytes;
    if length == 0 {
        return Ok(None);
    }
    let value = serde_json::from_slice(&bytes[..length]).map_err(Error::from)?;
    Ok(Some((value, fds)))
}

#[expect(unsafe_code, reason = "SCM_RIGHTS gives plain numbers")]
fn own(fd: RawFd) -> OwnedFd {
    // SAFETY: the kernel has just made this descriptor for us; nobody else knows it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}
