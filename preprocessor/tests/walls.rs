//! Walls that one script can't show: between two labs at the same time, after a lab's end, before the caller's terminal.
//! What one script can show is in `lab.rs`.
#![cfg(all(feature = "run", target_os = "linux"))]
#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod labs;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mdbook_twin::lab::{Lab, Plan, Supplies};

/// A lab whose only host runs this script as its root.
fn start(script: &str) -> Lab {
    labs::use_program();
    let plan = Plan::new(&labs::tutorial("laptop"), "crun", Supplies::default());
    Lab::start(&plan.with_command(&["bash", "-c", script])).unwrap()
}

/// What the script printed until its end.
fn printed(mut lab: Lab) -> String {
    lab.hosts[0].stdin = None;
    let mut text = String::new();
    lab.hosts[0].stdout.read_to_string(&mut text).unwrap();
    lab.end();
    text + &lab.last_words()
}

/// The next line of a script that goes on.
fn next_line(lab: &mut Lab) -> String {
    let mut line = String::new();
    BufReader::with_capacity(1, &mut lab.hosts[0].stdout)
        .read_line(&mut line)
        .unwrap();
    line
}

/// Says on every way that there is between processes of one machine that it is there.
const SHOWS_ITSELF: &str = r#"
perl -e '
  use Socket qw(:DEFAULT pack_sockaddr_in6);
  my @all;
  sub offer {
    my ($family, $address) = @_;
    socket(my $socket, $family, SOCK_STREAM, 0) or die "$!\n";
    bind($socket, $address) && listen($socket, 1) or die "$!\n";
    push @all, $socket;
  }
  offer(AF_INET, pack_sockaddr_in(7777, INADDR_ANY));
  offer(AF_INET6, pack_sockaddr_in6(7778, "\0" x 16));
  offer(AF_UNIX, pack_sockaddr_un("\0twin"));
  offer(AF_UNIX, pack_sockaddr_un("/tmp/twin"));
  shmget(4242, 100, 01666) // die "shmget: $!\n";
  my $name = "twin";
  syscall(240, $name, 0102, 0666, 0) >= 0 or die "mq_open: $!\n";
  open(my $file, ">", "/dev/shm/twin") or die "$!\n";
  $| = 1;
  print "there\n";
  sleep 1000'
"#;

/// What it sees of the other.
const LOOKS: &str = r#"
perl -e '
  use Socket qw(:DEFAULT pack_sockaddr_in6 inet_pton);
  sub try {
    my ($what, $family, $address) = @_;
    socket(my $socket, $family, SOCK_STREAM, 0) or die "$!\n";
    print "$what\n" if connect($socket, $address);
  }
  try("IPv4", AF_INET, pack_sockaddr_in(7777, inet_aton("127.0.0.1")));
  try("IPv6", AF_INET6, pack_sockaddr_in6(7778, inet_pton(AF_INET6, "::1")));
  try("abstract", AF_UNIX, pack_sockaddr_un("\0twin"));
  try("path", AF_UNIX, pack_sockaddr_un("/tmp/twin"));
  print "shared memory\n" if defined shmget(4242, 100, 0666);
  my $name = "twin";
  print "message queue\n" if syscall(240, $name, 2, 0, 0) >= 0;
  print "file\n" if -e "/dev/shm/twin";
'
pgrep -f 'sleep 100[0]'
ip -o link | cut -d: -f2
"#;

#[test]
fn two_labs_do_not_see_each_other() {
    let mut one = start(SHOWS_ITSELF);
    assert_eq!(next_line(&mut one), "there\n");
    assert_eq!(printed(start(LOOKS)), " lo\n");
    // That it would be seen is shown by who is in the same lab.
    let both = format!("exec 3< <({SHOWS_ITSELF}); read -u 3; {LOOKS}");
    let seen = printed(start(&both));
    for what in [
        "IPv4",
        "IPv6",
        "abstract",
        "path",
        "shared memory",
        "message queue",
        "file",
    ] {
        assert!(seen.contains(&format!("{what}\n")), "{what} in {seen}");
    }
}

#[test]
fn daemon_does_not_outlive_its_lab() {
    let marker = format!("daemon-of-{}", std::process::id());
    // Twice forked, in a session of its own, deaf to signals, without the pipes.
    let daemon = format!(
        "setsid perl -e 'fork && exit; $SIG{{$_}} = \"IGNORE\" for keys %SIG; fork && exit; sleep 1000 for 1 .. 9' \
         {marker} </dev/null >/dev/null 2>&1"
    );
    // Its host's first process goes on and is ended from outside, or ends by itself.
    for then in ["read", "true"] {
        let mut lab = start(&format!(
            "{daemon} & wait; while ! pgrep -f '^perl.*{marker}' >/dev/null; do :; done; echo there; {then}"
        ));
        assert_eq!(next_line(&mut lab), "there\n");
        if then == "read" {
            assert!(!processes(&marker).is_empty(), "the daemon was never there");
        }
        lab.end();
        assert_eq!(processes(&marker), Vec::<String>::new(), "after {then}");
    }
}

/// Processes of the machine that have the marker in their arguments.
fn processes(marker: &str) -> Vec<String> {
    let all = fs::read_dir("/proc").unwrap();
    let lines = all.filter_map(|entry| fs::read(entry.unwrap().path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(marker)).collect()
}

#[test]
fn caller_s_terminal_is_not_reached() {
    const INSIDE: &str = "TWIN_TEST_TERMINAL";
    if std::env::var_os(INSIDE).is_none() {
        // `script` gives this test a controlling terminal.
        let this = std::env::current_exe().unwrap();
        let again = format!(
            "{} --exact caller_s_terminal_is_not_reached --nocapture",
            this.display()
        );
        let output = Command::new("script")
            .args(["-qec", &again, "/dev/null"])
            .env(INSIDE, "1")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}"
        );
        return;
    }
    assert!(fs::File::open("/dev/tty").is_ok(), "no terminal to defend");
    let seen = printed(start(
        r#"
for path in /dev/tty /dev/console; do (: <$path) 2>&1 | sed 's/.*: //'; done
perl -e '
  # TIOCSTI and TIOCLINUX on all that is open here
  for my $fd (0 .. 20) {
    for my $call (0x5412, 0x541C) {
      my $byte = "x";
      print "fd $fd: $call\n" if syscall(16, $fd, $call, $byte) >= 0;
    }
  }'
ps -o tty= -p 1
ls /dev/pts
"#,
    ));
    assert_eq!(
        seen,
        "No such device or address\nNo such file or directory\n?\nptmx\n"
    );
}

#[test]
fn lab_that_forks_without_end_ends_at_once() {
    // As many processes as there may be, each starting others all the time.
    let mut lab = start(
        "bomb() { bomb | bomb & }; bomb 2>/dev/null; echo there; while :; do read -t 1; done",
    );
    assert_eq!(next_line(&mut lab), "there\n");
    let started = Instant::now();
    lab.end();
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
}
