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

    /// The node it puts into a host.
    pub(crate) fn device(self) -> Option<Device> {
        let (path, major, minor) = match self {
            // Documentation/admin-guide/devices.txt of Linux: 10 is misc.
            Self::Tun => ("/dev/net/tun", 10, 200),
            Self::Fuse => ("/dev/fuse", 10, 229),
            Self::Kvm => ("/dev/kvm", 10, 232),
            Self::Cgroups | Self::Network => return None,
        };
        Some(Device {
            path: path.to_owned(),
            major,
            minor,
        })
    }

    /// Whether programs that are root in a host may mount: fusermount3 has to, and so has LXC. What that opens, and what
    /// still holds, stands in `host/capabilities.rs`.
    pub(crate) fn administrates(self) -> bool {
        matches!(self, Self::Fuse | Self::Cgroups)
    }
}
