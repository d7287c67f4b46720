//! Each `dialog` case once more, played through rexpect's own session as a person would: a second opinion that shares
//! nothing with the agent but the script. Whoever is right, both have to come to the same text and exit status.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use mdbook_twin::agent::protocol::Event;
use mdbook_twin::outcome::{CommandRun, Ended, Failure};
use mdbook_twin::tutorial::{Answer, DialogLine};
use nix::sys::termios::LocalFlags;
use rexpect::ReadUntil;
use rexpect::reader::Regex;
use rexpect::session::{PtySession, spawn_command};

use super::{Script, Step, Typed, cases, environment, events_of, is_there, script};

/// Nothing that a person would type as a command, nor a program print.
const PROMPT: &str = "<by hand> ";
/// For one answer of a program on a machine with other work.
const PATIENCE: u64 = 20_000;
const MASK: &str = "••••••";

/// What a step came to, whoever played it.
#[derive(Debug, PartialEq)]
struct Came {
    lines: Vec<String>,
    exit: i32,
    /// Whether a question that had to come did not.
    unasked: bool,
}

#[test]
fn dialogs_played_by_hand_come_to_the_same() {
    let mut played = 0;
    for folder in cases() {
        let asks = |script: &Script| script.steps.iter().any(|step| !step.dialog.is_empty());
        let by_hand = script(&folder);
        // By hand no prompt tells a nested shell's commands from each other: those are `tests/nested.rs`'s.
        if !asks(&by_hand)
            || !is_plain(&by_hand)
            || !by_hand.needs.iter().all(|program| is_there(program))
        {
            continue;
        }
        compare(&folder, by_hand);
        played += 1;
    }
    assert!(played >= 3, "only {played} dialogs were played");
}

/// Whether every step types one command, into the first shell.
fn is_plain(script: &Script) -> bool {
    let plain = |step: &Step| matches!(step.run.as_deref(), Some([Typed::Text(_)]));
    script.steps.iter().all(plain)
}

fn compare(folder: &Path, by_hand: Script) {
    let home = tempfile::tempdir().unwrap();
    let events = events_of(script(folder), home.path().to_str().unwrap());
    let home = tempfile::tempdir().unwrap();
    let mut session = bash(home.path());
    for (index, step) in by_hand.steps.iter().enumerate() {
        let (ended, commands) = answer(&events, index);
        if step.timeout.is_some() {
            // A question that the script has no answer for: there is no end to wait for by hand either.
            assert!(
                matches!(ended, Ended::Failed(Failure::Timeout { .. })),
                "{}: step {index}: {ended:?}",
                folder.display()
            );
            break;
        }
        let mut came = play(&mut session, step, &by_hand.secrets);
        for secret in by_hand.secrets.values() {
            for line in &mut came.lines {
                *line = line.replace(secret, MASK);
            }
        }
        let mut agents = told(ended, commands);
        if step.unshown {
            came.lines.clear();
            agents.lines.clear();
        }
        assert_eq!(
            came,
            agents,
            "{}: step {index}, by hand and by the agent",
            folder.display()
        );
    }
    // A program that is still asking goes with its terminal.
    session.process_mut().set_kill_timeout(Some(0));
}

/// A shell with a terminal that echoes, as a person's does.
fn bash(home: &Path) -> PtySession {
    let mut command = Command::new("/bin/bash");
    command
        .args(["--norc", "--noediting"])
        .env_clear()
        .envs(environment(home.to_str().unwrap()))
        .envs([("PS1", PROMPT), ("PS2", "")])
        .current_dir(home);
    let mut session = spawn_command(command, Some(PATIENCE)).unwrap();
    session.exp_string(PROMPT).unwrap();
    session.send_line("stty echo").unwrap();
    session.exp_string(PROMPT).unwrap();
    session
}

/// Types the step's command and answers what it asks.
fn play(session: &mut PtySession, step: &Step, secrets: &BTreeMap<String, String>) -> Came {
    let typed = step.run.as_ref().unwrap();
    let [Typed::Text(command)] = typed.as_slice() else {
        panic!("a dialog's script has one plain command a step");
    };
    type_line(session, command);
    let mut text = String::new();
    let mut rest = step.dialog.as_slice();
    let unasked = loop {
        // The next question that must come, those before it that may, and the end.
        let may = rest.iter().take_while(|line| line.optional).count();
        let open = &rest[..rest.len().min(may + 1)];
        let mut needles: Vec<ReadUntil> = open.iter().map(|line| question(line).into()).collect();
        needles.push(ReadUntil::String(PROMPT.to_owned()));
        let (before, found) = session.exp_any(needles).unwrap();
        text.push_str(&before);
        if found == PROMPT {
            break rest.iter().any(|line| !line.optional);
        }
        text.push_str(&found);
        let asked = open
            .iter()
            .position(|line| question(line).0.is_match(&found))
            .unwrap();
        let answer = match &rest[asked].send {
            Answer::Text(text) => text,
            Answer::Secret(name) => {
                wait_for_silence(session);
                &secrets[name]
            }
        };
        session.send_line(answer).unwrap();
        rest = &rest[asked + 1..];
    };
    type_line(session, "echo status $?");
    let (_, status) = session.exp_regex(r"status \d+").unwrap();
    session.exp_string(PROMPT).unwrap();
    Came {
        lines: lines(&text),
        exit: status["status ".len()..].parse().unwrap(),
        unasked,
    }
}

/// Nobody types a password as fast as we do: `openssl` turns the echo off after it has asked.
#[expect(
    clippy::disallowed_methods,
    reason = "a terminal tells nobody that its echo is turned off"
)]
fn wait_for_silence(session: &PtySession) {
    let terminal = session.process().get_file_handle().unwrap();
    let since = Instant::now();
    let echoes = || {
        let modes = nix::sys::termios::tcgetattr(&terminal).unwrap();
        modes.local_flags.contains(LocalFlags::ECHO)
    };
    while echoes() {
        assert!(
            since.elapsed() < Duration::from_millis(PATIENCE),
            "a password would be seen"
        );
        std::thread::yield_now();
    }
}

/// A line at the prompt, and its echo.
fn type_line(session: &mut PtySession, line: &str) {
    session.send_line(line).unwrap();
    session.exp_string(&format!("{line}\r\n")).unwrap();
}

struct Question(Regex);

impl From<Question> for ReadUntil {
    fn from(question: Question) -> Self {
        Self::Regex(question.0)
    }
}

fn question(line: &DialogLine) -> Question {
    Question(Regex::new(&format!("(?m){}", line.expect)).unwrap())
}

/// What the agent told of a step.
fn answer(events: &[Event], wanted: usize) -> (&Ended, &[CommandRun]) {
    let found = events.iter().find_map(|event| match event {
        Event::Finished {
            step,
            ended,
            commands,
            ..
        } if *step == wanted => Some((ended, commands.as_slice())),
        _ => None,
    });
    found.unwrap()
}

fn told(ended: &Ended, commands: &[CommandRun]) -> Came {
    let run = commands.last().unwrap();
    Came {
        lines: lines(&run.output.text()),
        exit: run.exit.unwrap(),
        unasked: matches!(ended, Ended::Failed(Failure::EndedEarly { .. })),
    }
}

fn lines(text: &str) -> Vec<String> {
    let text = text.replace('\r', "");
    text.lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}
