//! Whoever speaks in the agent's place: the runner ends with a clear message, and no failure passes for good.
//!
//! Two kinds: a process in the host, as root, that writes into the agent's pipe; and an OCI runtime of ours that starts
//! nothing and says whatever comes into our mind, which is quicker and can say anything. TWIN_FUZZ is how often (the
//! long tier asks for thousands).
#![cfg(all(feature = "run", target_os = "linux"))]
#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod labs;
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mdbook_twin::agent::protocol::{Event, VERSION};
use mdbook_twin::judge::{Verification, judge};
use mdbook_twin::outcome::{
    CommandRun, Ended, Failure, Line, Omitted, Output, Run, Style, StyledRange,
};
use mdbook_twin::render::Pages;
use mdbook_twin::run::{self, LabError, Options};
use mdbook_twin::tutorial::{ExpectedExit, FileChange, FileEdit, Permission, Step, Tutorial};
use support::{step, typed};

fn tutorial(user: &str, steps: Vec<Step>) -> Tutorial {
    let mut tutorial = support::tutorial("x", steps);
    tutorial.hosts = labs::tutorial("localhost").hosts;
    tutorial.hosts[0].user = user.to_owned();
    tutorial.terminals.truncate(1);
    tutorial.upstream = None;
    tutorial
}

fn all_done(run: &Run) -> bool {
    run.steps.iter().all(|step| step.ended == Ended::Done)
}

/// The events of a run in which every step is good.
fn good_events(tutorial: &Tutorial) -> Vec<Event> {
    let mut events = vec![
        Event::Hello {
            version: VERSION,
            filtered: true,
        },
        Event::Opened { terminal: 0 },
    ];
    for (step, run) in support::ran(tutorial, |_, _| vec![coloured()])
        .steps
        .into_iter()
        .enumerate()
    {
        events.push(Event::Started { step });
        events.push(finished(step, run.commands));
    }
    events
}

fn finished(step: usize, commands: Vec<CommandRun>) -> Event {
    Event::Finished {
        step,
        ended: Ended::Done,
        commands,
        captured: [("name".to_owned(), "value".to_owned())].into(),
    }
}

fn coloured() -> Line {
    let style = Style {
        bold: true,
        ..Style::default()
    };
    Line {
        text: "größer than".to_owned(),
        styles: vec![
            StyledRange {
                start: 0,
                end: 8,
                style,
            },
            StyledRange {
                start: 9,
                end: 13,
                style,
            },
        ],
    }
}

fn lines(events: &[Event]) -> String {
    let line = |event: &Event| serde_json::to_string(event).unwrap() + "\n";
    events.iter().map(line).collect()
}

/// An OCI runtime that says a file's text and ends.
struct Puppet {
    folder: tempfile::TempDir,
}

impl Puppet {
    fn new(then: &str) -> Self {
        labs::use_program();
        // Not below /tmp, where a lab has its own.
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        let puppet = Self { folder };
        let path = puppet.path("crun");
        let says = puppet.path("says");
        fs::write(&path, format!("#!/bin/sh\ncat {says}\n{then}\n")).unwrap();
        for path in [puppet.folder.path().to_str().unwrap(), &path] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        puppet
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, tutorial: &Tutorial, says: &[u8]) -> Result<Run, LabError> {
        fs::write(self.path("says"), says).unwrap();
        let options = Options {
            runtime: self.path("crun"),
            date: "2026-01-02".to_owned(),
            ..Options::default()
        };
        run::run(tutorial, &options, &mut |_| {})
    }
}

fn three_steps() -> Tutorial {
    let mut steps = vec![typed("one", "a"), typed("two", "b"), typed("three", "c")];
    steps[1].capture = [("name".to_owned(), "(x)".to_owned())].into();
    tutorial("user", steps)
}

#[test]
fn agent_that_says_what_an_agent_says_is_believed() {
    let tutorial = three_steps();
    let says = lines(&good_events(&tutorial));
    assert!(all_done(
        &Puppet::new("").run(&tutorial, says.as_bytes()).unwrap()
    ));
}

/// What is inserted before the third event, or at the end, and a part of the message that comes of it.
#[test]
fn agent_that_says_what_no_agent_says_is_not() {
    let tutorial = three_steps();
    let good = good_events(&tutorial);
    let command = CommandRun::default();
    let with = |output: Output| {
        let command = CommandRun {
            output,
            ..CommandRun::default()
        };
        finished(0, vec![command])
    };
    let text = |text: &str| Line {
        text: text.to_owned(),
        ..Line::default()
    };
    let styled = |ranges: &[(usize, usize)]| Line {
        text: "größer".to_owned(),
        styles: ranges
            .iter()
            .map(|&(start, end)| StyledRange {
                start,
                end,
                style: Style::default(),
            })
            .collect(),
    };
    let output = |line: Line| Output {
        lines: vec![line],
        ..Output::default()
    };
    let gap = Omitted {
        before_line: 2,
        bytes: u64::MAX,
        not_reconstructed: true,
    };
    let failed = Event::Finished {
        step: 0,
        ended: Ended::Failed(Failure::Exit {
            command: 7,
            got: 1,
            wanted: 0,
        }),
        commands: vec![command.clone()],
        captured: Default::default(),
    };
    let cases = [
        (Event::Started { step: 3 }, "it began step 3"),
        (Event::Started { step: usize::MAX }, "it began step"),
        (finished(3, vec![]), "it answered step 3"),
        (finished(usize::MAX, vec![]), "it answered step"),
        (
            Event::Hello {
                version: 0,
                filtered: true,
            },
            "version 0",
        ),
        (
            Event::Hello {
                version: VERSION,
                filtered: false,
            },
            "not filtered",
        ),
        (failed, "contradicts itself"),
        (with(output(text("a\u{1b}[2J"))), "contradicts itself"),
        (with(output(text("a\nb"))), "contradicts itself"),
        (with(output(styled(&[(0, 9)]))), "contradicts itself"),
        (with(output(styled(&[(0, 3)]))), "contradicts itself"),
        (with(output(styled(&[(4, 2)]))), "contradicts itself"),
        (
            with(output(styled(&[(0, 4), (1, 5)]))),
            "contradicts itself",
        ),
        (
            with(Output {
                omitted: Some(gap),
                ..output(text("a"))
            }),
            "contradicts itself",
        ),
        (
            Event::Fatal {
                message: "so be it".to_owned(),
            },
            "so be it",
        ),
    ];
    let puppet = Puppet::new("");
    for (event, expected) in cases {
        let mut events = good.clone();
        events.insert(2, event);
        let says = lines(&events);
        let run = puppet.run(&tutorial, says.as_bytes()).unwrap();
        let Ended::Failed(Failure::Interrupted(why)) = &run.steps[0].ended else {
            panic!("{says}{:?}", run.steps[0]);
        };
        assert!(why.contains(expected), "{why}");
    }
    // Once more, after all were good: the answer that really came, behind one that was forged.
    for late in [finished(1, vec![command]), Event::Started { step: 2 }] {
        let mut events = good.clone();
        events.push(late);
        let run = puppet.run(&tutorial, lines(&events).as_bytes()).unwrap();
        assert!(!all_done(&run), "{run:?}");
    }
}

#[test]
fn agent_that_answers_and_does_not_end_is_not_believed() {
    let tutorial = three_steps();
    let says = lines(&good_events(&tutorial));
    let run = Puppet::new("exec sleep 1000").run(&tutorial, says.as_bytes());
    assert!(!all_done(&run.unwrap()));
}

#[test]
fn durations_without_end_are_added() {
    let mut tutorial = tutorial("user", vec![typed("one", "a")]);
    tutorial.steps[0].exit = ExpectedExit::Any;
    let command = CommandRun {
        took: Duration::MAX,
        ..CommandRun::default()
    };
    let events = [
        Event::Hello {
            version: VERSION,
            filtered: true,
        },
        finished(0, vec![command.clone(), command]),
    ];
    let run = Puppet::new("").run(&tutorial, lines(&events).as_bytes());
    assert!(all_done(&run.unwrap()));
}

#[test]
fn line_without_end_is_bounded() {
    let tutorial = three_steps();
    let puppet = Puppet::new("head -c 300M /dev/zero");
    let says = lines(&good_events(&tutorial)[..2]);
    let run = puppet.run(&tutorial, says.as_bytes()).unwrap();
    let Ended::Failed(Failure::Interrupted(why)) = &run.steps[0].ended else {
        panic!("{run:?}");
    };
    assert_eq!(why, "the agent's events: an event without end");
}

#[test]
fn nonsense_is_never_good() {
    let rounds = std::env::var("TWIN_FUZZ").ok();
    let rounds: u64 = rounds.and_then(|rounds| rounds.parse().ok()).unwrap_or(60);
    let tutorial = three_steps();
    let good = lines(&good_events(&tutorial));
    let transcript = support::transcript(&tutorial, |_, _| "größer than\n".to_owned());
    let puppet = Puppet::new("");
    let pages = Pages::new(&[]).unwrap();
    let mut refused = 0;
    for seed in 1..=rounds {
        let says = Random(seed).spoil(&good);
        let started = Instant::now();
        match puppet.run(&tutorial, &says) {
            Ok(run) => {
                let shown = String::from_utf8_lossy(&says);
                assert!(!all_done(&run) || is_a_good_run(&says), "{seed}: {shown}");
                let verdict = judge(&tutorial, &run, Some(&transcript), &transcript.digest);
                let page = Verification {
                    tutorial: Arc::new(tutorial.clone()),
                    transcript: Some(transcript.clone()),
                    run: Some(run),
                    timings: None,
                    verdict,
                };
                support::page(&pages, &page);
            }
            Err(_) => refused += 1,
        }
        assert!(started.elapsed() < Duration::from_secs(10), "{seed}");
    }
    eprintln!("{rounds} rounds, {refused} without a run");
}

/// Whether every line is an event, and each step was answered once, with `Done`.
fn is_a_good_run(says: &[u8]) -> bool {
    let mut answers = [0; 3];
    for line in says.split_inclusive(|&byte| byte == b'\n') {
        match serde_json::from_slice(line) {
            Ok(Event::Finished {
                step,
                ended: Ended::Done,
                ..
            }) if step < 3 => answers[step] += 1,
            Ok(Event::Finished { .. }) => return false,
            Ok(_) => {}
            Err(_) if !line.ends_with(b"\n") => {} // Said by half, after everything else.
            Err(_) => return false,
        }
    }
    answers == [1, 1, 1]
}

/// Small and the same everywhere: xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d;
        self.0 ^= self.0 >> 29;
        (self.0 % bound.max(1) as u64) as usize
    }

    /// One to three things that no agent does.
    fn spoil(&mut self, good: &str) -> Vec<u8> {
        // Mostly behind the greeting, without which nothing is a run.
        let greeting = match self.below(8) {
            0 => 0,
            _ => good.find('\n').map_or(0, |end| end + 1),
        };
        let (greeting, rest) = good.split_at(greeting);
        let mut bytes = rest.as_bytes().to_vec();
        for _ in 0..1 + self.below(3) {
            let at = self.below(bytes.len());
            match self.below(7) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, self.below(256) as u8),
                2 => bytes[at] = self.below(256) as u8,
                3 => bytes = self.with_another_number(&bytes),
                4 => drop(bytes.splice(at..at, [b'['; 5000])),
                5 => bytes = self.with_lines_exchanged(&bytes),
                _ => drop(bytes.splice(at..at, "\\u0000\\ud800\u{202e}".bytes())),
            }
            if bytes.is_empty() {
                bytes.push(b'\n');
            }
        }
        [greeting.as_bytes(), &bytes].concat()
    }

    fn with_another_number(&mut self, bytes: &[u8]) -> Vec<u8> {
        const OTHERS: [&str; 8] = [
            "-1",
            "1",
            "2",
            "7",
            "2147483648",
            "18446744073709551615",
            "1e308",
            "null",
        ];
        let digits: Vec<usize> = (0..bytes.len())
            .filter(|&at| bytes[at].is_ascii_digit())
            .collect();
        let mut other = bytes.to_vec();
        if let Some(&at) = digits.get(self.below(digits.len())) {
            let with = OTHERS[self.below(OTHERS.len())];
            other.splice(at..=at, with.bytes());
        }
        other
    }

    fn with_lines_exchanged(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
        let (one, other) = (self.below(lines.len()), self.below(lines.len()));
        match self.below(3) {
            0 => lines.swap(one, other),
            1 => lines.insert(one, lines[other]),
            _ => drop(lines.remove(one)),
        }
        lines.concat()
    }
}

/// Root opens no file of the agent's (they belong to the machine's users), so it takes the descriptor itself:
/// `pidfd_open`, `pidfd_getfd`, `write`.
const TAKES_THE_PIPE: &str = r#"perl -e '
  my ($fd, $bytes, $times) = @ARGV;
  my $agent = syscall(434, 1, 0);
  my $pipe = syscall(438, $agent, 0 + $fd, 0);
  $pipe >= 0 or die "no pipe: $!\n";
  $bytes .= "\n" if $times == 1;
  syscall(1, $pipe, $bytes, length $bytes) for 1 .. $times;
' "#;

#[test]
fn root_of_a_host_gains_nothing_by_the_agent_s_pipe() {
    labs::use_program();
    let forged = |step: usize| {
        format!(r#"{{"finished":{{"step":{step},"ended":"done","commands":[],"captured":{{}}}}}}"#)
    };
    let forged = [forged(0), forged(1)].join("\n");
    let take =
        |fd: u32, bytes: &str, times: u32| format!("{TAKES_THE_PIPE} {fd} '{bytes}' {times}");
    let attacks = [
        take(1, "garbage", 1),
        take(1, &forged, 1),
        take(1, &forged, 1) + "; cat",
        take(1, &"x".repeat(500), 200_000),
        take(1, r#"{"started":{"step":99999}}"#, 1),
        take(1, r#"{"hello":{"version":9}}"#, 1),
    ];
    for attack in attacks {
        match attacked(&attack) {
            Ok(run) => assert!(!all_done(&run), "{attack}: {run:?}"),
            // It came before the agent's own greeting.
            Err(LabError::Agent(_)) => {}
            Err(error) => panic!("{attack}: {error}"),
        }
    }
}

#[test]
fn root_of_a_host_does_not_end_the_agent() {
    labs::use_program();
    for attack in [
        "kill -KILL 1; kill -STOP 1; kill -TERM 1; kill -SEGV 1; kill -KILL -1".to_owned(),
        "echo garbage >/proc/1/fd/1".to_owned(),
        "cat /proc/1/fd/0".to_owned(),
        // What the agent reads: it would end, or do something else, and its runner would wait.
        format!("{TAKES_THE_PIPE} 0 '\"bye\"' 1"),
    ] {
        let run = attacked(&attack).unwrap();
        assert!(!all_done(&run), "{attack}: {run:?}");
    }
}

/// An attack of root's, and a step behind it that fails.
fn attacked(attack: &str) -> Result<Run, LabError> {
    let mut attacking = typed("attack", attack);
    attacking.exit = ExpectedExit::Any;
    let tutorial = tutorial("root", vec![attacking, typed("fails", "false")]);
    let started = Instant::now();
    let run = run::run(&tutorial, &Options::default(), &mut |_| {});
    assert!(started.elapsed() < Duration::from_secs(60), "{attack}");
    run
}

#[test]
fn symbolic_link_of_a_file_step_stays_in_the_host() {
    labs::use_program();
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let victim = folder.path().join("victim");
    fs::write(&victim, "the machine's\n").unwrap();
    fs::set_permissions(&victim, fs::Permissions::from_mode(0o666)).unwrap();
    let (folder, victim) = (folder.path().to_str().unwrap(), victim.to_str().unwrap());
    let links =
        format!("mkdir -p {folder}; ln -s {victim} link; ln -s / root; ln -s /proc/1/root out");
    let write = |id: &str, path: String| {
        let edit = FileEdit {
            path,
            change: FileChange::Content("the host's\n".to_owned()),
        };
        step(
            id,
            mdbook_twin::tutorial::Phase::Main,
            mdbook_twin::tutorial::Action::File(edit),
        )
    };
    let run = |id: &str, path: String| {
        let steps = vec![
            typed("links", &links),
            write(id, path),
            typed("shown", &format!("cat {victim}")),
        ];
        run::run(&tutorial("user", steps), &Options::default(), &mut |_| {}).unwrap()
    };
    for path in [
        "link".to_owned(),
        format!("root{victim}"),
        format!("../../..{victim}"),
    ] {
        let run = run("writes", path);
        assert!(all_done(&run), "{run:?}");
        assert_eq!(run.steps[2].commands[0].output.text(), "the host's\n");
    }
    for (path, why) in [
        (format!("out{victim}"), "Permission denied"),
        ("/proc/1/root/tmp/x".to_owned(), "Permission denied"),
        ("/usr/twin".to_owned(), "Read-only file system"),
        ("/etc/passwd".to_owned(), "Permission denied"),
        (
            "/proc/sys/kernel/core_pattern".to_owned(),
            "Read-only file system",
        ),
    ] {
        match &run("fails", path.clone()).steps[1].ended {
            Ended::Failed(Failure::File { message, .. }) => assert_eq!(message, why, "{path}"),
            other => panic!("{path}: {other:?}"),
        }
    }
    assert_eq!(fs::read_to_string(victim).unwrap(), "the machine's\n");
}

#[test]
fn network_that_was_not_granted_runs_nothing() {
    let mut tutorial = three_steps();
    tutorial.hosts[0].needs = vec![Permission::Tun, Permission::Network];
    let options = Options {
        grants: vec![Permission::Tun],
        ..Options::default()
    };
    let mut seen = 0;
    match run::run(&tutorial, &options, &mut |_| seen += 1) {
        Err(LabError::Missing(missing)) => {
            let asked = missing
                .iter()
                .any(|missing| missing.what.contains("network"));
            assert!(asked, "{missing:?}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(seen, 0);
}
