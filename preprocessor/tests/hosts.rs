//! What the network of a lab keeps apart: lab from lab, and every lab from the machine, unless that was granted.
//!
//! What hosts do with each other in one lab stands in `cases/run/`. No packet of these tests leaves the machine: the way
//! out is tried at addresses of the machine itself, where the test listens, and at one that is for documentation.
#![cfg(all(feature = "run", target_os = "linux"))]
#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod labs;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, TcpListener};
use std::time::{Duration, Instant};

use mdbook_twin::lab::{self, Lab, Plan, Supplies};
use mdbook_twin::tutorial::{Permission, Tutorial};

/// A tutorial of these hosts.
fn tutorial(names: &[&str]) -> Tutorial {
    labs::use_program();
    let mut tutorial = labs::tutorial("x");
    tutorial.hosts = names
        .iter()
        .flat_map(|name| labs::tutorial(name).hosts)
        .collect();
    tutorial
}

/// A lab in which this script is each host's first process, as root.
fn start(tutorial: &Tutorial, script: &str) -> Lab {
    let missing = lab::missing(tutorial, &[Permission::Network], "crun");
    assert!(
        missing.is_empty(),
        "this machine can't run labs: {missing:?}"
    );
    let plan = Plan::new(tutorial, "crun", Supplies::default());
    Lab::start(&plan.with_command(&["bash", "-c", script])).unwrap()
}

/// What each host says until it ends.
fn outputs(mut lab: Lab) -> Vec<String> {
    let mut all = Vec::new();
    for host in &mut lab.hosts {
        host.stdin = None;
        let mut said = String::new();
        host.stdout.read_to_string(&mut said).unwrap();
        all.push(said);
    }
    lab.end();
    let words = lab.last_words();
    assert_eq!(words, "", "{all:?}");
    all
}

/// Tries to connect, in words.
const TRY: &str = r#"try() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null && echo "reached $1" || echo "no way to $1"; };"#;

/// This machine's addresses, as far as a packet to somewhere else would bear them.
fn of_the_machine() -> Vec<IpAddr> {
    let all = nix::ifaddrs::getifaddrs().unwrap();
    let ips = all.filter_map(|interface| {
        let address = interface.address?;
        let v4 = address.as_sockaddr_in().map(|a| IpAddr::V4(a.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|a| IpAddr::V6(a.ip())))
    });
    let link_local = |ip: &IpAddr| matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
    ips.filter(|ip| !link_local(ip)).collect()
}

#[test]
fn nothing_of_the_machine_is_reached() {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut addresses = of_the_machine();
    addresses.retain(IpAddr::is_ipv4);
    assert!(addresses.contains(&IpAddr::from([127, 0, 0, 1])));
    let tries: String = addresses
        .iter()
        .map(|ip| format!("try {ip} {port}; "))
        .collect();
    let script = format!("{TRY} {tries} try 198.51.100.1 80; try 2001:db8:99::1 80");
    for names in [&["alone"][..], &["left", "right"]] {
        let start_of_all = Instant::now();
        let said = outputs(start(&tutorial(names), &script)).concat();
        // Refused by the lab's own kernel, not by silence.
        assert!(start_of_all.elapsed() < Duration::from_secs(3));
        assert!(!said.contains("reached"), "{said}");
        assert_eq!(said.lines().count(), names.len() * (addresses.len() + 2));
    }
}

/// Two labs with the same names and addresses, both alive: in one of them a host listens, and only that one's other host
/// reaches it.
#[test]
fn labs_do_not_see_each_other() {
    let both = tutorial(&["client", "server"]);
    let script = |server: &str| {
        format!(
            "{TRY} if [ $HOSTNAME = server ]; then {server}; else read go; try server 4000; fi; read end"
        )
    };
    let listen = "perl -MIO::Socket::INET -e '$| = 1; my $s = IO::Socket::INET->new(Listen => 9, \
         LocalPort => 4000, ReuseAddr => 1) or die; print \"up\\n\"; $s->accept; <STDIN>'";
    let mut one = start(&both, &script(listen));
    let mut other = start(&both, &script("echo up"));
    let answers = [&mut one, &mut other].map(|lab| {
        let mut line = String::new();
        let mut server = BufReader::new(&lab.hosts[1].stdout);
        server.read_line(&mut line).unwrap();
        assert_eq!(line, "up\n");
        writeln!(lab.hosts[0].stdin.as_ref().unwrap(), "go").unwrap();
        let mut answer = String::new();
        let mut client = BufReader::new(&lab.hosts[0].stdout);
        client.read_line(&mut answer).unwrap();
        answer
    });
    assert_eq!(answers, ["reached server\n", "no way to server\n"]);
}

/// The host that has the permission is in the machine's network, without any power over it; its neighbour is not, and
/// has a network all the same.
#[test]
fn machine_s_network_is_for_the_host_that_was_granted_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut tutorial = tutorial(&["gate", "left", "right"]);
    tutorial.hosts[0].needs = vec![Permission::Network];
    let before = interfaces();
    let script = format!(
        "{TRY} try 127.0.0.1 {port}; grep -c $'\\t'gate /etc/hosts; if [ $HOSTNAME = gate ]; then \
         ip link set lo down 2>&1; ip addr add 192.0.2.9/32 dev lo 2>&1; ls /sys | wc -l; \
         else ping -c 1 -W 2 left >/dev/null && ping -c 1 -W 2 right >/dev/null && echo neighbours; fi"
    );
    let said = outputs(start(&tutorial, &script));
    let refused = "RTNETLINK answers: Operation not permitted\n";
    assert_eq!(
        said[0],
        format!("reached 127.0.0.1\n1\n{refused}{refused}0\n")
    );
    assert_eq!(said[1], "no way to 127.0.0.1\n0\nneighbours\n");
    assert_eq!(said[2], said[1]);
    assert_eq!(interfaces(), before);
}

fn interfaces() -> String {
    let mut said = std::fs::read_to_string("/proc/net/fib_trie").unwrap();
    said.push_str(&std::fs::read_to_string("/proc/net/route").unwrap());
    said
}

#[test]
fn machine_s_network_is_granted_by_its_name_alone() {
    let mut tutorial = tutorial(&["gate"]);
    tutorial.hosts[0].needs = vec![Permission::Network];
    let all_others = [
        Permission::Tun,
        Permission::Fuse,
        Permission::Kvm,
        Permission::Cgroups,
    ];
    let missing = lab::missing_for(&tutorial, &all_others, "crun");
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!(missing[0].what, "the permission network");
    assert_eq!(
        missing[0].remedy,
        "[preprocessor.twin] grant = [\"network\"]"
    );
}

#[test]
fn ordinary_user_s_labs_are_the_same() {
    for test in [
        "nothing_of_the_machine_is_reached",
        "labs_do_not_see_each_other",
        "machine_s_network_is_for_the_host_that_was_granted_it",
    ] {
        labs::again_as_an_ordinary_user(test);
    }
}
