//! Which sockets somebody serves, by the tables in /proc/net: here, and where the programs in the terminals are.

use std::path::Path;

use nix::unistd::Pid;

/// A TCP socket that takes connections.
const LISTENS: &str = "0A";
/// A UDP socket that nobody has connected: it takes what comes.
const BOUND: &str = "07";

/// Whether a socket waits on `port`, TCP or UDP, here or in the network namespace of one of these processes.
pub(super) fn takes(port: u16, processes: &[Pid]) -> bool {
    let kinds = [
        ("tcp", LISTENS),
        ("tcp6", LISTENS),
        ("udp", BOUND),
        ("udp6", BOUND),
    ];
    kinds.into_iter().any(|(kind, state)| {
        let mut tables = tables(kind, processes);
        tables.any(|table| table.lines().any(|line| waits_on(line, port, state)))
    })
}

/// Whether the socket at that path takes what comes. Between its making and that, who connects is refused. One that no
/// table knows by its name (it was renamed) counts: there is nothing more to be known of it.
pub(super) fn is_served(path: &Path, processes: &[Pid]) -> bool {
    let all: String = tables("unix", processes).collect();
    let mut known = all.lines().filter_map(UnixSocket::of);
    let mut known = known
        .by_ref()
        .filter(|socket| socket.has_name_of(path))
        .peekable();
    known.peek().is_none() || known.any(|socket| socket.takes)
}

/// The table of that kind here, and in the network namespaces of processes.
fn tables(kind: &str, processes: &[Pid]) -> impl Iterator<Item = String> {
    let elsewhere = processes.iter().map(ToString::to_string);
    let places = std::iter::once("self".to_owned()).chain(elsewhere);
    places.filter_map(move |process| {
        std::fs::read_to_string(format!("/proc/{process}/net/{kind}")).ok()
    })
}

/// `  0: 0100007F:1F90 00000000:0000 0A …`: the local port in hex, and the state.
fn waits_on(line: &str, port: u16, state: &str) -> bool {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let local = fields.next().and_then(|address| address.rsplit(':').next());
    let listens = fields.nth(1) == Some(state);
    listens && local.and_then(|hex| u16::from_str_radix(hex, 16).ok()) == Some(port)
}

struct UnixSocket<'a> {
    /// As it was bound: relative, perhaps.
    name: &'a Path,
    /// Connections, or, of a kind without them, whatever comes.
    takes: bool,
}

impl<'a> UnixSocket<'a> {
    /// `ffff8881: 00000002 00000000 00010000 0001 01 1234 /tmp/x`: flags, type and path are the fourth, fifth and eighth.
    fn of(line: &'a str) -> Option<Self> {
        const ACCEPTS: u32 = 1 << 16;
        const DATAGRAM: &str = "0002";
        let mut fields = line.split_ascii_whitespace().skip(3);
        let flags = u32::from_str_radix(fields.next()?, 16).ok()?;
        let kind = fields.next()?;
        Some(Self {
            name: Path::new(fields.nth(2)?),
            takes: flags & ACCEPTS != 0 || kind == DATAGRAM,
        })
    }

    fn has_name_of(&self, path: &Path) -> bool {
        self.name.file_name() == path.file_name()
    }
}
