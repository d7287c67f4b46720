//! What each permission is made of, one line each.
//!
//! A permission that widens a lab by a device node stands in [`Permission::device`]; the others come with their own
//! files. One that nothing here knows how to give is reported as missing, never ignored.

use serde::{Deserialize, Serialize};

use crate::tutorial::Permission;

/// A device node that a permission puts into a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Device {
    /// Its path, on the machine as in the host.
    pub(crate) path: String,
    pub(crate) major: u64,
    pub(crate) minor: u64,
}

impl Permission {
    /// Its word in specs and in book.toml.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tun => "tun",
            Self::Fuse => "fuse",
            Self::Kvm => "kvm",
            Self::Cgroups => "cgroups",
            Self::Network => "network",
        }
    }

    /// The node it puts into a host. `fuse` and `kvm` are nodes too, but a FUSE mount asks for more than the node, and
    /// neither was tried yet: until then they are [`missing`](crate::lab::missing()).
    pub(crate) fn device(self) -> Option<Device> {
        let (path, major, minor) = match self {
            // Documentation/admin-guide/devices.txt of Linux: 10 is misc.
            Self::Tun => ("/dev/net/tun", 10, 200),
            Self::Fuse | Self::Kvm | Self::Cgroups | Self::Network => return None,
        };
        Some(Device {
            path: path.to_owned(),
            major,
            minor,
        })
    }
}
