//! The agent through its protocol, with real shells and no lab.
//!
//! A case is a folder below `cases/agent/`: `script.yaml` holds the steps, `events.txt` what came of them, as text that
//! a person can check. `TWIN_BLESS=1` rewrites the expectations, `TWIN_CASE=NAME` runs the cases so named. A case whose
//! `needs` are not on this machine says so.

#![cfg(all(feature = "run", target_os = "linux"))]
#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on should say where"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use mdbook_twin::agent::protocol::{Event, OpenTerminal, Request, StepRequest, VERSION};
use mdbook_twin::outcome::{CommandRun, Ended, Output, Style};
use mdbook_twin::tutorial::{
    Action, Background, Command as TypedCommand, Condition, DialogLine, ExpectedExit, FileEdit,
    Opens, Phase, Retry, RunCommands, Until,
};
use serde::Deserialize;

#[path = "agent/by_hand.rs"]
mod by_hand;

/// Set where nothing may be skipped, as in `.ci/run`, which installs what is needed.
const ALL: &str = "TWIN_TESTS_ALL";

/// No case takes that long on any machine: an agent that is not done by then hangs.
const HANGS: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    /// The shells of the terminals; one bash by default.
    #[serde(default = "one_bash")]
    terminals: Vec<Vec<String>>,
    /// Programs without which the case is skipped.
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    steps: Vec<Step>,
}

fn one_bash() -> Vec<Vec<String>> {
    vec![vec!["/bin/bash".to_owned(), "--norc".to_owned()]]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    run: Option<Vec<Typed>>,
    file: Option<FileEdit>,
    press: Option<Vec<String>>,
    wait: Option<Condition>,
    #[serde(default)]
    close: bool,
    #[serde(default)]
    terminal: usize,
    timeout: Option<f64>,
    exit: Option<i32>,
    #[serde(default)]
    any_exit: bool,
    /// What it shows is not told: it differs from machine to machine.
    #[serde(default)]
    unshown: bool,
    #[serde(default)]
    cleanup: bool,
    keep: Option<usize>,
    #[serde(default)]
    capture: BTreeMap<String, String>,
    background: Option<Background>,
    until: Option<Until>,
    retry: Option<Retry>,
    #[serde(default)]
    dialog: Vec<DialogLine>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Typed {
    Text(String),
    Full {
        text: String,
        opens: Option<Opens>,
        #[serde(default)]
        leaves: usize,
        #[serde(default)]
        exits: bool,
    },
}

impl Typed {
    fn command(self) -> TypedCommand {
        let (text, opens, leaves, exits) = match self {
            Self::Text(text) => (text, None, 0, false),
            Self::Full {
                text,
                opens,
                leaves,
                exits,
            } => (text, opens, leaves, exits),
        };
        TypedCommand {
            text: text.strip_suffix('\n').unwrap_or(&text).to_owned(),
            prompt: "$".to_owned(),
            opens,
            leaves,
            exits,
            readme_line: None,
            documented: Vec::new(),
        }
    }
}

impl Step {
    fn request(self, step: usize) -> Request {
        let exit = match (self.any_exit, self.exit) {
            (true, _) => ExpectedExit::Any,
            (false, code) => ExpectedExit::Code(code.unwrap_or(0)),
        };
        let action = if let Some(commands) = self.run {
            Action::Run(RunCommands {
                commands: commands.into_iter().map(Typed::command).collect(),
                background: self.background,
                until: self.until,
                retry: self.retry,
                dialog: self.dialog,
            })
        } else if let Some(edit) = self.file {
            Action::File(edit)
        } else if let Some(keys) = self.press {
            Action::Press(keys)
        } else if let Some(condition) = self.wait {
            Action::Wait(condition)
        } else {
            assert!(self.close, "a step without an action");
            Action::Close
        };
        Request::Step(StepRequest {
            step,
            phase: if self.cleanup {
                Phase::Cleanup
            } else {
                Phase::Main
            },
            terminal: self.terminal,
            action,
            timeout: Duration::from_secs_f64(self.timeout.unwrap_or(20.0)),
            exit,
            capture: self.capture,
            keep: self.keep.unwrap_or(1 << 20),
        })
    }
}

#[test]
fn every_case_gives_its_events() {
    let failed: Vec<String> = cases().iter().filter_map(|folder| check(folder)).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// The folders of the cases.
fn cases() -> Vec<PathBuf> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/agent");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&cases)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    let only = std::env::var("TWIN_CASE").unwrap_or_default();
    folders.retain(|folder| {
        folder
            .file_name()
            .unwrap()
            .to_string_lossy()
            .contains(&only)
    });
    assert!(!folders.is_empty(), "no case at all");
    folders
}

fn script(folder: &Path) -> Script {
    let text = std::fs::read_to_string(folder.join("script.yaml")).unwrap();
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
}

#[test]
fn nobody_is_left_when_the_runner_goes_away() {
    let mut agent = agent();
    let mut input = agent.stdin.take().unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut requests = opening(one_bash(), home.path().to_str().unwrap(), BTreeMap::new());
    // A background job, a daemon, and a program in the foreground, each with its pid.
    let steps = [
        "mkfifo up; sleep 1000 & setsid -f sh -c 'echo $$ >up; exec sleep 1000'; read daemon <up; echo $! $daemon",
        "sh -c 'echo $$; exec sleep 1000'",
    ];
    for (index, text) in steps.into_iter().enumerate() {
        let ready = serde_json::json!({"ready": {"output": r"^\d+$"}});
        let background = (index == 1).then_some(ready);
        let step = serde_json::json!({"run": [text], "background": background});
        let step: Step = serde_json::from_value(step).unwrap();
        requests.push(step.request(index));
    }
    send(&mut input, &requests);
    let events = BufReader::new(agent.stdout.take().unwrap()).lines();
    let shown = events.filter_map(|line| match serde_json::from_str(&line.unwrap()).unwrap() {
        Event::Finished { commands, .. } => Some(commands[0].output.text()),
        _ => None,
    });
    let shown: String = shown.take(steps.len()).collect();
    // bash tells of the job, too.
    let pids = shown
        .split_whitespace()
        .filter(|word| word.parse::<u32>().is_ok());
    let processes: BTreeSet<PathBuf> = pids.map(|pid| Path::new("/proc").join(pid)).collect();
    assert_eq!(processes.len(), 3, "{shown}");
    assert!(processes.iter().all(|process| process.exists()), "{shown}");
    drop(input);
    assert!(agent.wait().unwrap().success());
    for process in processes {
        assert!(!process.exists(), "{} is still there", process.display());
    }
}

/// A worker of the kernel's hands on what programs write, and under load it comes late: later than what they did next.
#[test]
fn what_was_written_before_something_is_shown_before_it() {
    const ROUNDS: usize = 40;
    const LOAD: usize = 4;
    let script = r#"
terminals: [[/bin/bash, --norc], [/bin/bash, --norc]]
steps:
  - run: ["mkfifo fifo; echo first; echo >up; read line <fifo; echo second; echo >done; exec sleep 1000"]
    background: {ready: {path: up}}
  - run: ["echo go >fifo; while [ ! -e done ]; do :; done"]
    terminal: 1
"#;
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..LOAD {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    std::hint::spin_loop()
                }
            });
        }
        let told: Vec<String> = (0..ROUNDS)
            .map(|_| play(serde_yaml::from_str(script).unwrap()))
            .collect();
        over.store(true, Ordering::Relaxed);
        for told in told {
            let (steps, later) = told.split_once("later, ").unwrap();
            assert!(
                steps.contains("| first\n") && later.contains("| first\n  | second\n"),
                "{told}"
            );
        }
    });
}

/// The difference, if there is one.
fn check(folder: &Path) -> Option<String> {
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(
            name == "script.yaml" || name == "events.txt",
            "{}: unknown file {name:?}",
            folder.display()
        );
    }
    let script = script(folder);
    if let Some(missing) = script.needs.iter().find(|program| !is_there(program)) {
        let skipped = format!("skipped, no {missing} here: {}", folder.display());
        assert!(std::env::var_os(ALL).is_none(), "{skipped}");
        eprintln!("{skipped}");
        return None;
    }
    let got = play(script);
    let expectation = folder.join("events.txt");
    if std::env::var_os("TWIN_BLESS").is_some() {
        std::fs::write(&expectation, &got).unwrap();
        return None;
    }
    let wanted = std::fs::read_to_string(&expectation).unwrap_or_default();
    (got != wanted).then(|| {
        let diff = similar::TextDiff::from_lines(&wanted, &got);
        format!("{}\n{}", folder.display(), diff.unified_diff())
    })
}

fn is_there(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':')
        .any(|folder| Path::new(folder).join(program).exists())
}

/// Runs a script and tells what happened.
fn play(script: Script) -> String {
    let home = tempfile::tempdir().unwrap();
    let here = home.path().canonicalize().unwrap();
    let here = here.to_str().unwrap();
    let unshown: Vec<bool> = script.steps.iter().map(|step| step.unshown).collect();
    let events = events_of(script, here);
    let busybox = regex::Regex::new(r"BusyBox v.*?\) ").unwrap();
    let text = told(&events, &unshown).replace(here, "$HOME");
    let text = busybox.replace_all(&text, "BusyBox v… ");
    let sqlite = regex::Regex::new("SQLite version .*").unwrap();
    sqlite.replace_all(&text, "SQLite version …").into_owned()
}

/// What the agent tells of a script.
fn events_of(script: Script, home: &str) -> Vec<Event> {
    let mut requests = opening(script.terminals, home, script.secrets);
    let steps = script.steps.into_iter().enumerate();
    requests.extend(steps.map(|(index, step)| step.request(index)));
    requests.push(Request::Bye);
    talk(&requests)
}

/// What comes before the steps.
fn opening(
    terminals: Vec<Vec<String>>,
    home: &str,
    secrets: BTreeMap<String, String>,
) -> Vec<Request> {
    let mut requests = vec![Request::Hello {
        version: VERSION,
        secrets,
    }];
    for (terminal, shell) in terminals.into_iter().enumerate() {
        requests.push(Request::Open(OpenTerminal {
            terminal,
            shell,
            uid: nix::unistd::getuid().as_raw(),
            gid: nix::unistd::getgid().as_raw(),
            env: environment(home),
            cwd: home.to_owned(),
            size: (80, 24),
        }));
    }
    requests
}

fn environment(home: &str) -> BTreeMap<String, String> {
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    [
        ("HOME", home),
        ("LANG", "C.UTF-8"),
        ("PATH", path),
        ("SHELL", "/bin/bash"),
        ("TERM", "xterm-256color"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// Started by somebody who ignores signals, as a shell does with what it puts into the background.
fn agent() -> Child {
    Command::new("/bin/sh")
        .args(["-c", "trap '' HUP INT QUIT TSTP TERM; exec \"$0\" agent"])
        .arg(env!("CARGO_BIN_EXE_mdbook-twin"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn send(input: &mut ChildStdin, requests: &[Request]) {
    for request in requests {
        writeln!(input, "{}", serde_json::to_string(request).unwrap()).unwrap();
    }
}

/// Sends all at once, as a runner does, and reads until the agent ends.
fn talk(requests: &[Request]) -> Vec<Event> {
    let mut agent = agent();
    let mut input = agent.stdin.take().unwrap();
    send(&mut input, requests);
    let output = BufReader::new(agent.stdout.take().unwrap());
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = output.lines().map(|line| line.unwrap());
        let events: Vec<Event> = lines
            .map(|line| serde_json::from_str(&line).unwrap())
            .collect();
        sender.send(events).unwrap();
    });
    let events = receiver.recv_timeout(HANGS);
    if events.is_err() {
        agent.kill().unwrap();
    }
    let status = agent.wait().unwrap();
    assert!(status.success(), "the agent: {status}");
    drop(input);
    events.unwrap()
}

/// Events as text; without what differs each time (durations, stamps), and without the order of what is independent.
fn told(events: &[Event], unshown: &[bool]) -> String {
    let mut text = String::new();
    for event in events {
        match event {
            Event::Output { .. } | Event::Exited { .. } | Event::Left { .. } => {
                panic!("nothing is attached")
            }
            Event::Finished {
                step,
                ended,
                commands,
                captured,
            } => {
                let ended = match ended {
                    Ended::DoneByInterrupt { program } if !unshown[*step] => {
                        format!("done, and ^C told {program}")
                    }
                    Ended::Done | Ended::DoneByInterrupt { .. } => "done".to_owned(),
                    Ended::NotReached => "not reached".to_owned(),
                    Ended::PassedOver => "passed over".to_owned(),
                    Ended::Failed(failure) => format!("failed: {failure}"),
                };
                writeln!(text, "step {step}: {ended}").unwrap();
                // What came in a step that types nothing is only told where it can be told.
                let told = |run: &&CommandRun| !unshown[*step] || !run.command.is_empty();
                for run in commands.iter().filter(told) {
                    tell_command(&mut text, run, !unshown[*step]);
                }
                for (name, value) in captured {
                    writeln!(text, "  {name} = {value}").unwrap();
                }
            }
            Event::Later {
                terminal,
                step,
                command,
            } => {
                writeln!(text, "later, in terminal {terminal}, of step {step}:").unwrap();
                tell_command(&mut text, command, !unshown[*step]);
            }
            Event::Fatal { message } => writeln!(text, "fatal: {message}").unwrap(),
            Event::Hello { .. } | Event::Opened { .. } | Event::Started { .. } => {}
        }
    }
    text
}

fn tell_command(text: &mut String, run: &CommandRun, shown_too: bool) {
    let shown: String = run.command.chars().take(200).collect();
    let mut lines = shown.lines();
    let first = lines.next().unwrap_or("(nothing typed)");
    writeln!(text, "  $ {first}").unwrap();
    lines.for_each(|line| writeln!(text, "  > {line}").unwrap());
    for (index, earlier) in run.earlier.iter().enumerate() {
        writeln!(text, "  try {}:", index + 1).unwrap();
        tell_output(text, earlier);
    }
    if !run.earlier.is_empty() {
        writeln!(text, "  last try:").unwrap();
    }
    if shown_too {
        tell_output(text, &run.output);
    }
    if let Some(exit) = run.exit {
        writeln!(text, "  exit {exit}").unwrap();
    }
}

/// Long outputs by their beginning and end.
fn tell_output(text: &mut String, output: &Output) {
    const SHOWN: usize = 12;
    let count = output.lines.len();
    for (index, line) in output.lines.iter().enumerate() {
        if output.omitted.as_ref().map(|gap| gap.before_line) == Some(index) {
            text.push_str("  ~ something is left out\n");
        }
        if count > 2 * SHOWN && (SHOWN..count - SHOWN).contains(&index) {
            continue;
        }
        let shown: String = line.text.chars().take(100).collect();
        let length = line.text.chars().count();
        let more = if length > 100 {
            format!(" … {length} characters")
        } else {
            String::new()
        };
        writeln!(text, "  | {shown}{more}").unwrap();
        for range in &line.styles {
            let styled = &line.text[range.start..range.end];
            writeln!(text, "  ^ {styled:?} {}", style(range.style)).unwrap();
        }
    }
    if output.no_newline {
        text.push_str("  | (no newline)\n");
    }
}

fn style(style: Style) -> String {
    let mut words = Vec::new();
    if let Some(color) = style.foreground {
        words.push(format!("foreground {color:#x}"));
    }
    if let Some(color) = style.background {
        words.push(format!("background {color:#x}"));
    }
    for (on, word) in [
        (style.bold, "bold"),
        (style.italic, "italic"),
        (style.underline, "underline"),
        (style.faint, "faint"),
        (style.inverse, "inverse"),
    ] {
        if on {
            words.push(word.to_owned());
        }
    }
    words.join(" ")
}
