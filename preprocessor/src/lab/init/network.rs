//! The lab's network namespace: a loopback that answers, and nothing else.
//!
//! A lone host lives in the lab's own network namespace, which is its own as nobody else is in it. Several hosts get one
//! each, joined by a bridge in this one.

use std::fs;
use std::io::{Error, Result};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

/// Brings `lo` up and gives it multicast, so that programs that look for each other by it (vxvde) find each other on
/// one host.
pub(super) fn make() -> Result<()> {
    let v4 = control_socket(AddressFamily::Inet)?;
    bring_up(&v4)?;
    route_multicast_v4(&v4)?;
    // A kernel without IPv6 is a machine without it, not a failure.
    if let Ok(v6) = control_socket(AddressFamily::Inet6) {
        route_multicast_v6(&v6)?;
    }
    // ping without a capability: Debian 13's has none, and file capabilities of the machine don't hold in a lab.
    fs::write("/proc/sys/net/ipv4/ping_group_range", "0 65534")
}

fn control_socket(family: AddressFamily) -> nix::Result<OwnedFd> {
    socket(family, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)
}

/// `ip link set lo up multicast on`
#[expect(unsafe_code, reason = "an ioctl")]
fn bring_up(socket: &OwnedFd) -> Result<()> {
    let flags = libc::IFF_UP | libc::IFF_RUNNING | libc::IFF_LOOPBACK | libc::IFF_MULTICAST;
    // SAFETY: all-zero is a valid ifreq, an empty name and an integer.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = libc::c_char::try_from(*from).map_err(Error::other)?;
    }
    request.ifr_ifru.ifru_flags = libc::c_short::try_from(flags).map_err(Error::other)?;
    // SAFETY: SIOCSIFFLAGS reads an ifreq, which lives until the call returns.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &request) };
    Errno::result(result)?;
    Ok(())
}

/// `ip route add 224.0.0.0/4 dev lo`
#[expect(unsafe_code, reason = "an ioctl")]
fn route_multicast_v4(socket: &OwnedFd) -> Result<()> {
    // SAFETY: all-zero is a valid rtentry: addresses of no family, null pointers, numbers.
    let mut route: libc::rtentry = unsafe { std::mem::zeroed() };
    route.rt_dst = inet([224, 0, 0, 0]);
    route.rt_genmask = inet([240, 0, 0, 0]);
    route.rt_flags = libc::RTF_UP;
    route.rt_dev = c"lo".as_ptr().cast_mut();
    // SAFETY: SIOCADDRT reads an rtentry and the name it points to; both live until the call returns.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCADDRT as _, &route) };
    Errno::result(result)?;
    Ok(())
}

#[expect(unsafe_code, reason = "one sockaddr seen as another")]
fn inet(address: [u8; 4]) -> libc::sockaddr {
    let address = libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: 0,
        sin_addr: libc::in_addr {
            s_addr: u32::from_ne_bytes(address),
        },
        sin_zero: [0; 8],
    };
    // SAFETY: sockaddr_in and sockaddr have the same size, and sockaddr takes any bytes.
    unsafe { std::mem::transmute::<libc::sockaddr_in, libc::sockaddr>(address) }
}

/// `struct in6_rtmsg` of linux/ipv6_route.h; libc's has private fields.
#[repr(C)]
#[derive(Default)]
struct Ipv6Route {
    destination: [u8; 16],
    source: [u8; 16],
    gateway: [u8; 16],
    kind: u32,
    destination_length: u16,
    source_length: u16,
    metric: u32,
    info: libc::c_ulong,
    flags: u32,
    interface: libc::c_int,
}

/// `ip -6 route add ff00::/8 dev lo`
#[expect(unsafe_code, reason = "an ioctl")]
fn route_multicast_v6(socket: &OwnedFd) -> Result<()> {
    let mut route = Ipv6Route {
        destination_length: 8,
        metric: 256,
        flags: u32::from(libc::RTF_UP),
        interface: 1, // The loopback is the first interface of every network namespace.
        ..Ipv6Route::default()
    };
    route.destination[0] = 0xff;
    // SAFETY: SIOCADDRT on an IPv6 socket reads an in6_rtmsg, which lives until the call returns.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCADDRT as _, &route) };
    Errno::result(result)?;
    Ok(())
}
