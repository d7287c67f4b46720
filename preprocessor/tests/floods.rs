//! Too much output: memory stays flat, time is kept to, head and tail are there, and what is missing is said.
//!
//! The agent through its protocol, with real programs and no lab; its memory is the kernel's own figure for its peak.
#![cfg(all(feature = "run", target_os = "linux"))]
#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on should say where"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use mdbook_twin::agent::protocol::{Event, OpenTerminal, Request, StepRequest, VERSION};
use mdbook_twin::outcome::{CommandRun, Ended, Failure, Output};
use mdbook_twin::tutorial::{Action, Background, Command as Typed, Condition};
use mdbook_twin::tutorial::{ExpectedExit, Phase, RunCommands};

/// What a flood may take, in KiB. A megabyte of it is kept, and becomes lines and an event. The shortest lines there are
/// (`yes`) take most: 46 MiB were seen, 8 MiB with lines of a hundred characters.
const ROOM: u64 = 96 << 10;
/// How much more ten gigabytes may take than a hundred megabytes.
const FLAT: u64 = 4 << 10;

/// An agent with one bash.
struct Talk {
    agent: Child,
    input: ChildStdin,
    events: Lines<BufReader<ChildStdout>>,
    step: usize,
}

impl Talk {
    fn new() -> Self {
        let mut agent = Command::new(env!("CARGO_BIN_EXE_mdbook-twin"))
            .arg("agent")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut talk = Self {
            input: agent.stdin.take().unwrap(),
            events: BufReader::new(agent.stdout.take().unwrap()).lines(),
            agent,
            step: 0,
        };
        let home = std::env::temp_dir();
        let path = std::env::var("PATH").unwrap();
        let env = [
            ("PATH", path.as_str()),
            ("TERM", "xterm"),
            ("LANG", "C.UTF-8"),
        ];
        talk.send(&Request::Hello {
            version: VERSION,
            secrets: BTreeMap::new(),
        });
        talk.send(&Request::Open(OpenTerminal {
            terminal: 0,
            shell: vec!["/bin/bash".to_owned(), "--norc".to_owned()],
            uid: nix::unistd::getuid().as_raw(),
            gid: nix::unistd::getgid().as_raw(),
            env: env
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            cwd: home.to_str().unwrap().to_owned(),
            size: (80, 24),
        }));
        talk
    }

    fn send(&mut self, request: &Request) {
        let line = serde_json::to_string(request).unwrap();
        writeln!(self.input, "{line}").unwrap();
    }

    fn act(&mut self, action: Action, seconds: u64, phase: Phase) -> (Ended, Vec<CommandRun>) {
        self.send(&Request::Step(StepRequest {
            step: self.step,
            phase,
            terminal: 0,
            action,
            timeout: Duration::from_secs(seconds),
            exit: ExpectedExit::Code(0),
            capture: BTreeMap::new(),
            keep: 1 << 20,
        }));
        self.step += 1;
        loop {
            let line = self.events.next().unwrap().unwrap();
            if let Event::Finished {
                ended, commands, ..
            } = serde_json::from_str(&line).unwrap()
            {
                return (ended, commands);
            }
        }
    }

    /// Runs a command to its end.
    fn run(&mut self, text: &str, seconds: u64) -> Output {
        let (ended, mut commands) = self.act(command(text, None), seconds, Phase::Main);
        assert_eq!(ended, Ended::Done, "{text}");
        commands.remove(0).output
    }

    /// The most memory that the agent has had so far, in KiB.
    fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.agent.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let figure = line.unwrap().split_whitespace().nth(1).unwrap();
        figure.parse().unwrap()
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.send(&Request::Bye);
        self.agent.wait().unwrap();
    }
}

fn command(text: &str, background: Option<Background>) -> Action {
    Action::Run(RunCommands {
        commands: vec![Typed {
            text: text.to_owned(),
            prompt: "$".to_owned(),
            opens: None,
            leaves: 0,
            exits: false,
            readme_line: None,
            documented: Vec::new(),
        }],
        background,
        until: None,
        retry: None,
        dialog: Vec::new(),
    })
}

/// Bytes that are missing, with lines before and behind the gap.
fn gap(output: &Output) -> u64 {
    let gap = output.omitted.as_ref().expect("something is left out");
    assert!(
        (1..output.lines.len()).contains(&gap.before_line),
        "{gap:?}"
    );
    gap.bytes
}

#[test]
fn yes_is_ended_by_its_time_and_leaves_head_and_tail() {
    let mut talk = Talk::new();
    talk.run("true", 20);
    let idle = talk.peak();
    let start = Instant::now();
    let (ended, commands) = talk.act(command("yes", None), 10, Phase::Main);
    let took = start.elapsed();
    assert!(
        matches!(ended, Ended::Failed(Failure::Timeout { after, .. }) if after == Duration::from_secs(10)),
        "{ended:?}"
    );
    // The rest of the time is that of a loaded machine.
    assert!(took < Duration::from_secs(20), "{took:?}");
    let output = &commands[0].output;
    assert!(gap(output) > 1 << 20, "{:?}", output.omitted);
    assert_eq!(
        (&*output.lines[0].text, &*output.lines.last().unwrap().text),
        ("y", "y")
    );
    // The cleanup still gets its shell, and shows nothing of the flood.
    let (ended, commands) = talk.act(command("echo cleaned", None), 60, Phase::Cleanup);
    assert_eq!(
        (ended, commands[0].output.text()),
        (Ended::Done, "cleaned\n".to_owned())
    );
    assert!(talk.peak() < idle + ROOM, "{idle} KiB, {} KiB", talk.peak());
}

#[test]
fn ten_gigabytes_take_no_more_memory_than_a_hundredth_of_it() {
    let mut talk = Talk::new();
    talk.run("true", 20);
    let idle = talk.peak();
    let flood =
        |size: &str| format!("yes \"$(printf %01000d 0)\" | head -c {size}; echo; echo the end");
    let mut peaks = Vec::new();
    for (size, bytes) in [("100M", 100 << 20), ("10G", 10_u64 << 30)] {
        let output = talk.run(&flood(size), 900);
        let missing = gap(&output);
        // What is kept is a megabyte at most, and the terminal has made \r\n of each newline.
        assert!(
            (bytes - (1 << 20)..bytes + bytes / 500).contains(&missing),
            "{missing} of {size}"
        );
        assert_eq!(output.lines[0].text, "0".repeat(1000));
        assert_eq!(output.lines.last().unwrap().text, "the end");
        peaks.push(talk.peak());
    }
    eprintln!("KiB: idle {idle}, after 100 MB and 10 GB {peaks:?}");
    assert!(
        peaks[1] < idle + ROOM && peaks[1] < peaks[0] + FLAT,
        "{idle}, {peaks:?}"
    );
}

#[test]
fn what_floods_without_lines_is_bounded_too() {
    let mut talk = Talk::new();
    talk.run("true", 20);
    let idle = talk.peak();
    for flood in [
        "head -c 50M /dev/zero",
        "head -c 50M /dev/zero | tr '\\0' x",
        "head -c 50M /dev/zero | tr '\\0' '\\033'",
        // Titles that never end, colours, the cursor all over the screen, and questions that nobody can be asked.
        "yes $'\\e]0;title' | tr -d '\\n' | head -c 50M; printf '\\a'",
        "yes $'\\e[31mred\\e[1mbold' | tr -d '\\n' | head -c 50M",
        "yes $'\\e[5;5Hx\\e[2J' | tr -d '\\n' | head -c 50M",
        "yes $'\\e[6n' | tr -d '\\n' | head -c 50M",
    ] {
        let output = talk.run(flood, 120);
        let missing = output.omitted.map_or(0, |gap| gap.bytes);
        assert!(missing > 48 << 20, "{flood}: {missing}");
        assert_eq!(
            talk.run("printf '\\033[m'; echo whole", 20).text(),
            "whole\n",
            "{flood}"
        );
    }
    assert!(talk.peak() < idle + ROOM, "{idle} KiB, {} KiB", talk.peak());
}

#[test]
fn flood_that_nobody_waits_for_is_bounded() {
    let mut talk = Talk::new();
    talk.run("true", 20);
    let idle = talk.peak();
    // A command in the background of its step, and what a step shows that waits meanwhile.
    let ready = Condition::Output("^y".to_owned());
    let flood = command("yes", Some(Background { ready: Some(ready) }));
    assert_eq!(talk.act(flood, 20, Phase::Main).0, Ended::Done);
    let wait = Action::Wait(Condition::Elapsed(Duration::from_secs(1)));
    let (ended, commands) = talk.act(wait, 20, Phase::Main);
    assert_eq!(ended, Ended::Done);
    gap(&commands[0].output);
    let stop = Action::Press(vec!["C-c".to_owned()]);
    assert_eq!(talk.act(stop, 20, Phase::Main).0, Ended::Done);
    talk.run("true", 20);
    // A job of the shell, while no command runs at all.
    talk.run(
        "{ head -c 50M /dev/zero | tr '\\0' x; echo; echo over; } & disown",
        20,
    );
    let over = Action::Wait(Condition::Output("over$".to_owned()));
    let (ended, _) = talk.act(over, 60, Phase::Main);
    assert_eq!(ended, Ended::Done);
    assert_eq!(talk.run("echo free", 20).text(), "free\n");
    assert!(talk.peak() < idle + ROOM, "{idle} KiB, {} KiB", talk.peak());
}
