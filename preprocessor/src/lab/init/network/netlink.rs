//! What the kernel is asked about interfaces, addresses and routes of one network namespace.
//!
//! In: what `ip` would be told. Out: done, or the kernel's refusal. A socket belongs to the namespace that its thread was
//! in when it was made, wherever that thread goes next.

use std::io::{Error, ErrorKind, Result};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage,
    NetlinkPayload,
};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{
    BridgeStpState, InfoBridge, InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo,
    LinkMessage, State,
};
use netlink_packet_route::neighbour_table::{
    NeighbourTableAttribute, NeighbourTableMessage, NeighbourTableParameter,
};
use netlink_packet_route::route::{
    RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::lab::addresses::Address;

/// The loopback is the first interface of every network namespace.
pub(super) const LOOPBACK: u32 = 1;

/// RTNLGRP_LINK: tells of every change of an interface.
const LINKS: u32 = 1;

/// A conversation with the kernel about one network namespace.
pub(super) struct Netlink {
    requests: Socket,
    /// Changes of interfaces since this was made.
    changes: Socket,
    sequence: u32,
}

impl Netlink {
    /// About the namespace of the calling thread.
    pub(super) fn new() -> Result<Self> {
        let mut requests = Socket::new(NETLINK_ROUTE)?;
        requests.bind_auto()?;
        requests.connect(&SocketAddr::new(0, 0))?;
        let mut changes = Socket::new(NETLINK_ROUTE)?;
        changes.bind_auto()?;
        changes.add_membership(LINKS)?;
        Ok(Self {
            requests,
            changes,
            sequence: 0,
        })
    }

    /// `ip link set INTERFACE up multicast on`
    pub(super) fn bring_up(&mut self, interface: u32) -> Result<()> {
        let mut link = LinkMessage::default();
        link.header.index = interface;
        link.header.flags = LinkFlags::Up | LinkFlags::Multicast;
        link.header.change_mask = link.header.flags;
        self.ask(RouteNetlinkMessage::SetLink(link), 0)
    }

    /// `ip link add NAME up type bridge stp_state 0 forward_delay 0 mcast_snooping 0`: every packet goes to whom it is
    /// for, a multicast to everybody, from the first moment on.
    pub(super) fn add_bridge(&mut self, name: &str) -> Result<()> {
        let details = vec![
            InfoBridge::ForwardDelay(0),
            InfoBridge::StpState(BridgeStpState::Disabled),
            InfoBridge::MulticastSnooping(false),
        ];
        let mut link = link_named(name);
        link.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Bridge),
            LinkInfo::Data(InfoData::Bridge(details)),
        ]));
        self.create(RouteNetlinkMessage::NewLink(link))
    }

    /// `ip link add PORT up master BRIDGE type veth peer name NAME address MAC netns NAMESPACE`. The other end can only be
    /// brought up when both are there.
    pub(super) fn add_cable(
        &mut self,
        (port, bridge): (&str, u32),
        (name, mac): (&str, [u8; 6]),
        namespace: &OwnedFd,
    ) -> Result<()> {
        let mut other_end = LinkMessage::default();
        other_end.attributes.extend([
            LinkAttribute::IfName(name.to_owned()),
            LinkAttribute::Address(mac.to_vec()),
            LinkAttribute::NetNsFd(namespace.as_raw_fd()),
        ]);
        let mut link = link_named(port);
        link.attributes.extend([
            LinkAttribute::Controller(bridge),
            LinkAttribute::LinkInfo(vec![
                LinkInfo::Kind(InfoKind::Veth),
                LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(other_end))),
            ]),
        ]);
        self.create(RouteNetlinkMessage::NewLink(link))
    }

    /// `ip address add ADDRESS dev INTERFACE`
    pub(super) fn add_address(&mut self, interface: u32, address: Address) -> Result<()> {
        let Address { ip, prefix } = address;
        let mut message = AddressMessage::default();
        message.header.family = family(ip);
        message.header.prefix_len = prefix;
        message.header.index = interface;
        message.attributes = vec![AddressAttribute::Address(ip), AddressAttribute::Local(ip)];
        if let (IpAddr::V4(ip), 0..=30) = (ip, prefix) {
            let all = u32::from(ip) | u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
            let all = AddressAttribute::Broadcast(Ipv4Addr::from(all));
            message.attributes.push(all);
        }
        self.create(RouteNetlinkMessage::NewAddress(message))
    }

    /// `ip route add DESTINATION dev INTERFACE`: its hosts are neighbours there.
    pub(super) fn add_route(&mut self, destination: Address, interface: u32) -> Result<()> {
        let mut message = RouteMessage::default();
        message.header = RouteHeader {
            address_family: family(destination.ip),
            destination_prefix_length: destination.prefix,
            table: RouteHeader::RT_TABLE_MAIN,
            // What `ip` itself writes, and therefore does not show.
            protocol: RouteProtocol::Boot,
            scope: match destination.ip {
                IpAddr::V4(_) => RouteScope::Link,
                IpAddr::V6(_) => RouteScope::Universe,
            },
            kind: RouteType::Unicast,
            ..RouteHeader::default()
        };
        message.attributes = vec![
            RouteAttribute::Destination(destination.ip.into()),
            RouteAttribute::Oif(interface),
        ];
        self.create(RouteNetlinkMessage::NewRoute(message))
    }

    /// `ip ntable change name arp_cache dev INTERFACE retrans TIME`, and the same for IPv6's `ndisc_cache`: how long the
    /// kernel waits for an answer before it asks a neighbour again. It asks three times.
    pub(super) fn ask_neighbours_again_after(
        &mut self,
        interface: u32,
        time: Duration,
        family: AddressFamily,
    ) -> Result<()> {
        let table = match family {
            AddressFamily::Inet6 => "ndisc_cache",
            _ => "arp_cache",
        };
        let mut message = NeighbourTableMessage::default();
        message.header.family = family;
        message.attributes = vec![
            NeighbourTableAttribute::Name(table.to_owned()),
            NeighbourTableAttribute::Parms(vec![
                NeighbourTableParameter::Ifindex(interface),
                NeighbourTableParameter::RetransTime(
                    u64::try_from(time.as_millis()).map_err(Error::other)?,
                ),
            ]),
        ];
        self.ask(RouteNetlinkMessage::SetNeighbourTable(message), 0)
    }

    /// Waits until the kernel's link watch, which works behind our back, has seen that the cable is in. Until then
    /// packets are dropped: the first ping would be lost, or be answered a second later.
    pub(super) fn wait_for_link(&mut self, interface: u32, deadline: Instant) -> Result<()> {
        while !self.is_up(interface)? {
            let time = deadline.saturating_duration_since(Instant::now());
            if time.is_zero() || !wait_readable(&self.changes, time)? {
                return Err(ErrorKind::TimedOut.into());
            }
            self.changes.recv_from_full()?;
        }
        Ok(())
    }

    fn is_up(&mut self, interface: u32) -> Result<bool> {
        let mut link = LinkMessage::default();
        link.header.index = interface;
        let link = self.look(link)?;
        Ok(link
            .attributes
            .contains(&LinkAttribute::OperState(State::Up)))
    }

    /// The number of an interface.
    pub(super) fn index(&mut self, name: &str) -> Result<u32> {
        let mut link = LinkMessage::default();
        link.attributes.push(LinkAttribute::IfName(name.to_owned()));
        Ok(self.look(link)?.header.index)
    }

    fn look(&mut self, link: LinkMessage) -> Result<LinkMessage> {
        match self.exchange(RouteNetlinkMessage::GetLink(link), 0)? {
            Some(RouteNetlinkMessage::NewLink(link)) => Ok(link),
            _ => Err(Error::other("no answer about an interface")),
        }
    }

    fn create(&mut self, message: RouteNetlinkMessage) -> Result<()> {
        self.ask(message, NLM_F_CREATE | NLM_F_EXCL)
    }

    fn ask(&mut self, message: RouteNetlinkMessage, flags: u16) -> Result<()> {
        self.exchange(message, NLM_F_ACK | flags).map(drop)
    }

    /// One request, and the answer to it: an acknowledgement, or what was asked for.
    fn exchange(
        &mut self,
        message: RouteNetlinkMessage,
        flags: u16,
    ) -> Result<Option<RouteNetlinkMessage>> {
        self.sequence += 1;
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | flags;
        header.sequence_number = self.sequence;
        let mut request = NetlinkMessage::new(header, NetlinkPayload::from(message));
        request.finalize();
        let mut bytes = vec![0; request.buffer_len()];
        request.serialize(&mut bytes);
        self.requests.send(&bytes, 0)?;
        let (answer, _) = self.requests.recv_from_full()?;
        let answer = NetlinkMessage::<RouteNetlinkMessage>::deserialize(&answer);
        match answer.map_err(Error::other)?.payload {
            NetlinkPayload::Error(error) if error.code.is_some() => Err(error.to_io()),
            NetlinkPayload::InnerMessage(inner) => Ok(Some(inner)),
            _ => Ok(None),
        }
    }
}

/// A link that is brought up as soon as it is made.
fn link_named(name: &str) -> LinkMessage {
    let mut link = LinkMessage::default();
    link.header.flags = LinkFlags::Up;
    link.header.change_mask = LinkFlags::Up;
    link.attributes.push(LinkAttribute::IfName(name.to_owned()));
    link
}

/// Whose messages are about such an address.
pub(super) fn family(ip: IpAddr) -> AddressFamily {
    match ip {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}

/// `224.0.0.0/4`
pub(super) const MULTICAST_V4: Address = Address {
    ip: IpAddr::V4(Ipv4Addr::new(224, 0, 0, 0)),
    prefix: 4,
};

/// `ff00::/8`
pub(super) const MULTICAST_V6: Address = Address {
    ip: IpAddr::V6(Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0)),
    prefix: 8,
};

#[expect(unsafe_code, reason = "this socket can't be lent otherwise")]
fn wait_readable(socket: &Socket, time: Duration) -> Result<bool> {
    // SAFETY: the socket is borrowed for longer than the descriptor.
    let fd = unsafe { BorrowedFd::borrow_raw(socket.as_raw_fd()) };
    let mut watched = [PollFd::new(fd, PollFlags::POLLIN)];
    // Rounded up: a wait of 0.4 ms must not become a busy loop.
    let time = PollTimeout::try_from(time + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
    Ok(poll(&mut watched, time)? > 0)
}
