//! The network namespaces of a lab, and the cables between them.
//!
//! In: the plan's networks. Out: a namespace for each host that has an interface, kept by a mount below `networks/` on
//! the lab's tmpfs, where the OCI runtime finds it. Not here: which address who has (`lab/addresses.rs`).
//!
//! A lone host without an address lives in the lab's own network namespace: a loopback that answers, and nothing else.
//! Several hosts have one each. In it are `lo` and `eth0`, the end of a cable (a veth pair) whose other end is a port of
//! a bridge in the lab's own namespace. All of them are on that one network, whatever prefixes their addresses have: each
//! has a route to its own prefix, one to every host outside of it, and no default route. So a host can play a place on the
//! Internet, and what no host plays is unreachable at once (after 0.3 s within a prefix, where neighbours are asked). In the words of `ip address` and `ip route`:
//!
//! ```text
//! 2: eth0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
//!     link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff link-netnsid 0
//!     inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0
//!     inet6 2001:db8::1/64 scope global
//!     inet6 fe80::ff:fe00:1/64 scope link
//!
//! 192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1
//! 203.0.113.5 dev eth0 scope link
//! 224.0.0.0/4 dev eth0 scope link
//! ```
//!
//! A lab with a host that is in the machine's network (`needs: [network]`) is made by a PID 1 that is in it too. It has no
//! capability there, because it has none outside of its user namespace. The bridge then has a namespace of its own.

mod netlink;

use std::fs::{self, File};
use std::io::{Error, Result};
use std::os::fd::OwnedFd;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

use crate::lab::addresses::{Address, Interface, has_ipv6};
use crate::lab::host::network_file;
use crate::lab::init::network::netlink::{LOOPBACK, MULTICAST_V4, MULTICAST_V6, Netlink, family};
use crate::lab::plan::Plan;

/// The calling thread's namespace. Of the thread, because the one that makes namespaces goes from one to the next.
const NAMESPACE: &str = "/proc/thread-self/ns/net";

/// Longer than any machine takes that is not at its end.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who is on the lab's network answers within microseconds. By the kernel's usual second, an address that nobody has
/// would cost three.
const RETRANSMISSION: Duration = Duration::from_millis(100);

/// The ends of cables that were laid, by namespace.
type Ends = Vec<(Netlink, Vec<u32>)>;

/// Namespaces and cables that are being made.
pub(super) struct Making(Option<JoinHandle<Result<Ends>>>);

/// Begins to make all that the plan's hosts are connected by; the rest goes on while the hosts' files are made, because
/// the kernel takes a millisecond or more for each namespace.
pub(super) fn make(plan: &Plan, place: &str) -> Result<Making> {
    if !plan.has_machine_network() {
        make_loopback()?;
    }
    if !plan
        .hosts
        .iter()
        .any(|host| host.network.interface().is_some())
    {
        return Ok(Making(None));
    }
    fs::create_dir(format!("{place}/networks"))?;
    let (plan, place) = (plan.clone(), place.to_owned());
    // A thread can leave the namespace that it is in, and take nobody along; PID 1 could not come back to the machine's.
    let maker = thread::Builder::new().spawn(move || join(&plan, &place))?;
    Ok(Making(Some(maker)))
}

impl Making {
    /// Waits until all is made, and every cable carries packets.
    pub(super) fn wait(self) -> Result<()> {
        let Some(maker) = self.0 else { return Ok(()) };
        let ends = maker
            .join()
            .unwrap_or_else(|_| Err(Error::other("a bug")))?;
        let deadline = Instant::now() + PATIENCE;
        for (mut netlink, interfaces) in ends {
            for interface in interfaces {
                netlink.wait_for_link(interface, deadline)?;
            }
        }
        Ok(())
    }
}

/// The lone host's, and what the lab's own namespace has in any case: `lo` with multicast, so that programs that look for
/// each other by it (vxvde) find each other on one host.
fn make_loopback() -> Result<()> {
    if has_ipv6() {
        switch_ipv6_on()?;
    }
    let mut netlink = Netlink::new()?;
    netlink.bring_up(LOOPBACK)?;
    netlink.add_route(MULTICAST_V4, LOOPBACK)?;
    if has_ipv6() {
        netlink.add_route(MULTICAST_V6, LOOPBACK)?;
    }
    open_ping()
}

/// ping without a capability: Debian 13's has none, and file capabilities of the machine don't hold in a lab.
fn open_ping() -> Result<()> {
    fs::write("/proc/sys/net/ipv4/ping_group_range", "0 65534")
}

fn join(plan: &Plan, place: &str) -> Result<Ends> {
    if plan.has_machine_network() {
        unshare(CloneFlags::CLONE_NEWNET)?;
        // Without a process in it, this mount is what keeps it. No host's name begins with a point.
        keep(&format!("{place}/networks/.bridge"))?;
    }
    let mut hub = Hub::new()?;
    let mut ends = Vec::new();
    for host in &plan.hosts {
        let Some(interface) = host.network.interface() else {
            continue;
        };
        let connected = connect(&mut hub, interface, plan, &network_file(host, place));
        let (netlink, eth0) = connected.map_err(|error| named(&host.name, &error))?;
        ends.push((netlink, vec![eth0]));
    }
    ends.push((hub.netlink, hub.ports));
    Ok(ends)
}

fn named(host: &str, error: &Error) -> Error {
    Error::new(error.kind(), format!("the network of {host}: {error}"))
}

/// The bridge, and the namespace that it is in.
struct Hub {
    netlink: Netlink,
    bridge: u32,
    ports: Vec<u32>,
}

impl Hub {
    fn new() -> Result<Self> {
        if has_ipv6() {
            // Nobody speaks from here; a bridge with an address of its own would be heard by who listens on `eth0`.
            set_ipv6("disable_ipv6", "1")?;
        }
        let mut netlink = Netlink::new()?;
        netlink.add_bridge("bridge")?;
        Ok(Self {
            bridge: netlink.index("bridge")?,
            netlink,
            ports: Vec::new(),
        })
    }

    /// A cable from the bridge to a new `eth0` in another namespace.
    fn lay_cable(&mut self, mac: [u8; 6], namespace: &OwnedFd) -> Result<()> {
        let port = format!("port{}", self.ports.len() + 1);
        let end = ("eth0", mac);
        self.netlink
            .add_cable((&port, self.bridge), end, namespace)?;
        self.ports.push(self.netlink.index(&port)?);
        Ok(())
    }
}

/// Moves this thread into a new namespace and connects that to the hub; gives its `eth0`.
fn connect(
    hub: &mut Hub,
    interface: &Interface,
    plan: &Plan,
    kept: &str,
) -> Result<(Netlink, u32)> {
    unshare(CloneFlags::CLONE_NEWNET)?;
    keep(kept)?;
    open_ping()?;
    if has_ipv6() {
        // Nobody has the same address, so nobody needs to be asked for a second before it may be used. And there is no
        // router to be looked for.
        set_ipv6("accept_dad", "0")?;
        set_ipv6("accept_ra", "0")?;
        switch_ipv6_on()?;
    }
    let mut netlink = Netlink::new()?;
    netlink.bring_up(LOOPBACK)?;
    hub.lay_cable(interface.mac, &File::open(NAMESPACE)?.into())?;
    let eth0 = netlink.index("eth0")?;
    netlink.bring_up(eth0)?;
    for &Address { ip, .. } in &interface.addresses {
        netlink.ask_neighbours_again_after(eth0, RETRANSMISSION, family(ip))?;
    }
    for &address in &interface.addresses {
        netlink.add_address(eth0, address)?;
    }
    for neighbour in beyond(interface, plan) {
        netlink.add_route(neighbour, eth0)?;
    }
    netlink.add_route(MULTICAST_V4, eth0)?;
    Ok((netlink, eth0))
}

/// The addresses of the lab that no prefix of this interface covers.
fn beyond(interface: &Interface, plan: &Plan) -> Vec<Address> {
    let others = plan
        .hosts
        .iter()
        .filter_map(|host| host.network.interface());
    let all = others.flat_map(|other| &other.addresses);
    let outside = all.filter(|other| !interface.addresses.iter().any(|own| own.covers(other.ip)));
    let alone = |address: &Address| Address {
        ip: address.ip,
        prefix: if address.ip.is_ipv4() { 32 } else { 128 },
    };
    outside.map(alone).collect()
}

/// Keeps the thread's namespace for as long as the lab's mounts live.
fn keep(path: &str) -> Result<()> {
    File::create(path)?;
    mount(
        Some(NAMESPACE),
        path,
        None::<&str>,
        MsFlags::MS_BIND,
        None::<&str>,
    )?;
    Ok(())
}

/// A machine that was booted with `ipv6.disable_ipv6=1` hands that down to each new namespace, and the kernel refuses
/// addresses and routes there.
fn switch_ipv6_on() -> Result<()> {
    set_ipv6("disable_ipv6", "0")
}

/// For interfaces that are there, and for those that come.
fn set_ipv6(key: &str, value: &str) -> Result<()> {
    for which in ["all", "default"] {
        fs::write(format!("/proc/sys/net/ipv6/conf/{which}/{key}"), value)?;
    }
    Ok(())
}
