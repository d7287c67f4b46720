//! Verifications made by hand, for what is rendered from them.

#![allow(dead_code, reason = "each test program uses its own part of this")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mdbook_twin::diagnostic::Position;
use mdbook_twin::judge::transcript::{FORMAT, Transcript, TranscriptCommand, TranscriptStep};
use mdbook_twin::judge::verdict::VerifiedBy;
use mdbook_twin::judge::{Tally, Verdict, Verification};
use mdbook_twin::outcome::{CommandRun, Ended, Facts, Line, Output, Run, StepRun};
use mdbook_twin::render::{InBook, Pages, Part};
use mdbook_twin::tutorial::{
    Action, BlockUse, Command, ExpectedExit, Host, Limits, Matching, Permission, Phase,
    RunCommands, Show, Step, System, Terminal, Tutorial, Upstream, UpstreamSource,
};

/// A tutorial with one host and one terminal.
pub(crate) fn tutorial(name: &str, steps: Vec<Step>) -> Tutorial {
    Tutorial {
        name: name.to_owned(),
        title: format!("The tutorial {name}"),
        summary: Some("What `it` shows.".to_owned()),
        upstream_note: None,
        spec: PathBuf::from(format!("tutorials/{name}.yaml")),
        upstream: Some(Upstream {
            url: "https://github.com/example/project".to_owned(),
            github: Some("example/project".to_owned()),
            commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            file: "README.md".to_owned(),
            sha256: "0".repeat(64),
            commands: 3,
            source: UpstreamSource::File,
        }),
        hosts: vec![Host {
            name: "localhost".to_owned(),
            system: System::Machine {
                packages: vec!["vdens".to_owned()],
            },
            needs: vec![Permission::Tun],
            programs: Vec::new(),
            user: "user".to_owned(),
            names: Vec::new(),
            address: None,
            checkout: false,
        }],
        terminals: vec![
            Terminal {
                name: "main".to_owned(),
                title: "your machine".to_owned(),
                host: 0,
            },
            Terminal {
                name: "other".to_owned(),
                title: "the second terminal".to_owned(),
                host: 0,
            },
        ],
        steps,
        not_run: Vec::new(),
        limits: Limits::default(),
        timeout: None,
        inputs: Vec::new(),
    }
}

/// A step without anything that is optional.
pub(crate) fn step(id: &str, phase: Phase, action: Action) -> Step {
    Step {
        id: id.to_owned(),
        phase,
        title: None,
        text: None,
        upstream_note: None,
        terminal: 0,
        action,
        timeout: Duration::from_secs(30),
        exit: ExpectedExit::Code(0),
        expect: None,
        matching: Matching::default(),
        show: Show::default(),
        when: None,
        capture: BTreeMap::new(),
        at: Position {
            path: PathBuf::from("tutorials/x.yaml"),
            line: 12,
            column: 5,
        },
        block: None,
    }
}

/// A command at a prompt.
pub(crate) fn command(prompt: &str, text: &str) -> Command {
    Command {
        text: text.to_owned(),
        prompt: prompt.to_owned(),
        opens: None,
        leaves: 0,
        exits: false,
        readme_line: None,
        documented: Vec::new(),
    }
}

/// The action that types these.
pub(crate) fn run(commands: Vec<Command>) -> Action {
    Action::Run(RunCommands {
        commands,
        background: None,
        until: None,
        retry: None,
        dialog: Vec::new(),
    })
}

/// A main step with one command.
pub(crate) fn typed(id: &str, text: &str) -> Step {
    step(id, Phase::Main, run(vec![command("$", text)]))
}

/// Taken from a block.
pub(crate) fn block(address: &str, line: usize) -> Option<BlockUse> {
    Some(BlockUse {
        address: address.to_owned(),
        line: Some(line),
        commands: vec![1],
        with: Vec::new(),
        upstream: Vec::new(),
        looks_like_text: false,
    })
}

/// What it ran on.
pub(crate) fn facts() -> Facts {
    Facts {
        build: String::new(),
        kernel: "6.12.0".to_owned(),
        arch: "x86_64".to_owned(),
        systems: [(
            "localhost".to_owned(),
            "Debian GNU/Linux 13 (trixie)".to_owned(),
        )]
        .into(),
        packages: [("vdens".to_owned(), "0.1-2".to_owned())].into(),
    }
}

/// A transcript in which each command of the tutorial gave what `output` says.
pub(crate) fn transcript(tutorial: &Tutorial, output: impl Fn(&str, &str) -> String) -> Transcript {
    let step = |step: &Step| {
        let Action::Run(run) = &step.action else {
            return None;
        };
        let commands = run.commands.iter().map(|command| TranscriptCommand {
            prompt: command.prompt.clone(),
            command: command.text.clone(),
            exit: Some(0),
            output: output(&step.id, &command.text),
            ..TranscriptCommand::default()
        });
        Some(TranscriptStep {
            id: step.id.clone(),
            terminal: tutorial.terminals[step.terminal].name.clone(),
            commands: commands.collect(),
        })
    };
    Transcript {
        twin: FORMAT,
        recorded: "2026-03-14".to_owned(),
        digest: "d".repeat(64),
        upstream: None,
        ran: None,
        facts: facts(),
        apart: Vec::new(),
        steps: tutorial.steps.iter().filter_map(step).collect(),
    }
}

/// A run in which each command gave these lines.
pub(crate) fn ran(tutorial: &Tutorial, output: impl Fn(&str, &str) -> Vec<Line>) -> Run {
    let step = |step: &Step| {
        let commands = match &step.action {
            Action::Run(run) => run.commands.clone(),
            _ => Vec::new(),
        };
        let commands = commands.into_iter().map(|command| CommandRun {
            output: Output {
                lines: output(&step.id, &command.text),
                ..Output::default()
            },
            command: command.text,
            prompt: command.prompt,
            exit: Some(0),
            ..CommandRun::default()
        });
        StepRun {
            id: step.id.clone(),
            ended: Ended::Done,
            commands: commands.collect(),
        }
    };
    Run {
        date: "2026-04-01".to_owned(),
        facts: facts(),
        took: Duration::from_secs(4),
        steps: tutorial.steps.iter().map(step).collect(),
    }
}

/// As recorded, and nothing has changed since.
pub(crate) fn verified(tutorial: Tutorial, output: impl Fn(&str, &str) -> String) -> Verification {
    let transcript = transcript(&tutorial, output);
    Verification {
        transcript: Some(transcript),
        run: None,
        timings: None,
        verdict: Verdict::Verified {
            by: VerifiedBy::Transcript,
            date: "2026-03-14".to_owned(),
            facts: facts(),
        },
        tutorial: Arc::new(tutorial),
    }
}

/// The whole page of a tutorial that is alone in its book.
pub(crate) fn page(pages: &Pages, of: &Verification) -> String {
    let tally = Tally::of([of]);
    let book = InBook {
        tally: &tally,
        href: &|_| None,
    };
    let page = pages.tutorial(of, &Part::whole(&of.tutorial), 2, &book);
    page.expect("templates of our own")
}
