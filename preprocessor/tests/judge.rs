//! Each folder of `cases/judge` is a claim: `case.yaml` (steps, what they gave, what was recorded or expected) and
//! `verdict.txt`, what the command line says. Where they are there, `coloured.txt` is the same on a terminal (`<2>` is
//! the start of a colour, `<0>` its end) and `report.json` what `--report json=` writes. `TWIN_BLESS=1` rewrites them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mdbook_twin::diagnostic::Position;
use mdbook_twin::judge::transcript::{Transcript, TranscriptCommand, TranscriptStep};
use mdbook_twin::judge::{Verification, judge};
use mdbook_twin::outcome::{
    CommandRun, Ended, Facts, Failure, Line, Omitted, Output, Run, StepRun,
};
use mdbook_twin::report::{self, Paint, Report};
use mdbook_twin::tutorial::{
    Action, Background, BlockUse, Command, Expect, ExpectedExit, Host, Limits, Matching, Phase,
    RunCommands, Show, Step, System, Terminal, Tutorial, Upstream, UpstreamSource, When,
};
use mdbook_twin::verify::Answer;
use serde::Deserialize;

/// A case as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    steps: Vec<CaseStep>,
    /// Absent: no transcript.
    recorded: Option<Vec<Recorded>>,
    /// Whether the transcript is of another digest.
    #[serde(default)]
    changed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseStep {
    id: Option<String>,
    title: Option<String>,
    #[serde(default)]
    run: Vec<Ran>,
    /// The last command goes on while other steps run.
    #[serde(default)]
    background: bool,
    #[serde(default)]
    press: Option<String>,
    #[serde(default)]
    wait: bool,
    expect: Option<String>,
    #[serde(default, rename = "match")]
    matching: Matching,
    exit: Option<i32>,
    #[serde(default)]
    any_exit: bool,
    #[serde(default)]
    capture: BTreeMap<String, String>,
    ended: Option<Ended>,
    /// The suite that the step is for alone.
    suite: Option<String>,
    /// The README's line that its first command stands in; the others follow.
    readme: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ran {
    command: String,
    typed: Option<String>,
    #[serde(default)]
    output: String,
    #[serde(default)]
    exit: i32,
    gap: Option<usize>,
    /// What the README shows.
    #[serde(default)]
    documented: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    id: String,
    #[serde(default)]
    commands: Vec<TranscriptCommand>,
}

fn step(index: usize, case: &CaseStep) -> Step {
    let commands: Vec<_> = case
        .run
        .iter()
        .enumerate()
        .map(|(nth, ran)| Command {
            text: ran.command.clone(),
            prompt: "$".to_owned(),
            opens: None,
            leaves: 0,
            exits: false,
            readme_line: case.readme.map(|line| line + nth),
            documented: ran.documented.lines().map(str::to_owned).collect(),
        })
        .collect();
    let at = |line| Position {
        path: "tutorials/case.yaml".into(),
        line,
        column: 5,
    };
    Step {
        id: case.id.clone().unwrap_or(format!("step-{}", index + 1)),
        phase: Phase::Main,
        title: case.title.clone(),
        text: None,
        terminal: 0,
        action: if let Some(key) = &case.press {
            Action::Press(vec![key.clone()])
        } else if case.wait {
            Action::Wait(mdbook_twin::tutorial::Condition::Exit)
        } else {
            Action::Run(RunCommands {
                commands,
                background: case.background.then_some(Background { ready: None }),
                until: None,
                retry: None,
                dialog: Vec::new(),
            })
        },
        timeout: Duration::from_secs(30),
        exit: match (case.any_exit, case.exit) {
            (true, _) => ExpectedExit::Any,
            (false, code) => ExpectedExit::Code(code.unwrap_or(0)),
        },
        expect: case.expect.clone().map(|text| Expect {
            text,
            at: at(100 * (index + 1) + 1),
        }),
        matching: case.matching,
        show: Show::Both,
        when: case.suite.clone().map(|suite| When {
            suite: vec![suite],
            arch: Vec::new(),
        }),
        capture: case.capture.clone(),
        at: at(100 * (index + 1)),
        block: case.readme.map(|line| BlockUse {
            address: "Use#1".to_owned(),
            line: Some(line),
            commands: Vec::new(),
            with: Vec::new(),
            upstream: Vec::new(),
            looks_like_text: false,
        }),
    }
}

fn tutorial(case: &Case) -> Tutorial {
    Tutorial {
        name: "case".to_owned(),
        title: "A case".to_owned(),
        summary: None,
        spec: "tutorials/case.yaml".into(),
        upstream: Some(Upstream {
            url: "https://example.org/it".to_owned(),
            github: None,
            commit: "0".repeat(40),
            file: "README.md".to_owned(),
            sha256: "0".repeat(64),
            commands: 1,
            source: UpstreamSource::File,
        }),
        hosts: vec![Host {
            name: "localhost".to_owned(),
            system: System::Machine {
                packages: Vec::new(),
            },
            needs: Vec::new(),
            programs: Vec::new(),
            user: "user".to_owned(),
            names: Vec::new(),
            address: None,
            checkout: false,
        }],
        terminals: vec![Terminal {
            name: "main".to_owned(),
            title: "main".to_owned(),
            host: 0,
        }],
        steps: case
            .steps
            .iter()
            .enumerate()
            .map(|(i, s)| step(i, s))
            .collect(),
        not_run: Vec::new(),
        limits: Limits::default(),
        timeout: None,
        inputs: Vec::new(),
    }
}

fn command_run(ran: &Ran) -> CommandRun {
    CommandRun {
        command: ran.typed.clone().unwrap_or(ran.command.clone()),
        prompt: "$".to_owned(),
        output: Output {
            lines: ran
                .output
                .lines()
                .map(|text| Line {
                    text: text.to_owned(),
                    styles: Vec::new(),
                })
                .collect(),
            omitted: ran.gap.map(|before_line| Omitted {
                before_line,
                bytes: 1,
                not_reconstructed: false,
            }),
            no_newline: false,
        },
        exit: Some(ran.exit),
        ..CommandRun::default()
    }
}

fn run(case: &Case, tutorial: &Tutorial) -> Run {
    Run {
        date: "2026-03-14".to_owned(),
        facts: Facts::default(),
        took: Duration::ZERO,
        steps: case
            .steps
            .iter()
            .zip(&tutorial.steps)
            .map(|(case, step)| StepRun {
                id: step.id.clone(),
                ended: case.ended.clone().unwrap_or(Ended::Done),
                commands: case.run.iter().map(command_run).collect(),
            })
            .collect(),
    }
}

fn transcript(case: &Case) -> Option<Transcript> {
    let steps = case.recorded.as_ref()?.iter().map(|step| TranscriptStep {
        id: step.id.clone(),
        terminal: "main".to_owned(),
        commands: step.commands.clone(),
    });
    Some(Transcript {
        twin: 1,
        recorded: "2026-01-01".to_owned(),
        digest: if case.changed { "old" } else { "now" }.to_owned(),
        upstream: None,
        ran: None,
        facts: Facts::default(),
        apart: Vec::new(),
        steps: steps.collect(),
    })
}

/// What is said of a case, in each of the files that say it.
fn said(folder: &Path) -> [(&'static str, String); 3] {
    let text = fs::read_to_string(folder.join("case.yaml")).expect("case.yaml");
    let case: Case = serde_yaml::from_str(&text).unwrap_or_else(|why| panic!("{folder:?}: {why}"));
    let tutorial = tutorial(&case);
    let run = run(&case, &tutorial);
    let transcript = transcript(&case);
    let verdict = judge(&tutorial, &run, transcript.as_ref(), "now");
    let verification = Verification {
        tutorial: Arc::new(tutorial),
        transcript,
        run: Some(run),
        timings: None,
        verdict,
    };
    let plain = report::verdict(&verification, Paint::Plain);
    let coloured = report::verdict(&verification, Paint::Coloured);
    let colour = regex::Regex::new("\x1b\\[([0-9]+)m").expect("a regex");
    let report: Report = "json=FILE".parse().expect("a report");
    let answer = Answer {
        name: "case".to_owned(),
        result: Ok(verification),
    };
    [
        (VERDICT, plain),
        ("coloured.txt", colour.replace_all(&coloured, "<$1>").into()),
        ("report.json", report.text(&[answer], None)),
    ]
}

/// The file that every case has.
const VERDICT: &str = "verdict.txt";

#[test]
fn every_case_is_judged_as_it_says() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/judge");
    let mut folders: Vec<PathBuf> = fs::read_dir(cases)
        .expect("tests/cases/judge")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    folders.sort();
    assert!(!folders.is_empty(), "no case at all");
    let mut wrong = Vec::new();
    for folder in &folders {
        let mut files: Vec<_> = fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        files.sort();
        files.retain(|file| file != "case.yaml");
        for (file, said) in said(folder) {
            let asked = files.iter().position(|it| *it == *file);
            let expected = folder.join(file);
            if asked.map(|at| files.swap_remove(at)).is_none() && file != VERDICT {
                continue;
            }
            if std::env::var_os("TWIN_BLESS").is_some() {
                fs::write(&expected, &said).expect("rewritten");
            }
            let wanted = fs::read_to_string(&expected).unwrap_or_default();
            if said != wanted {
                wrong.push(format!(
                    "{expected:?}\n--- wanted\n{wanted}--- said\n{said}"
                ));
            }
        }
        assert!(files.is_empty(), "{folder:?}: not looked at: {files:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_timeout_shows_the_end_of_the_terminal_and_colours_are_only_colours() {
    let output: String = (1..=30).map(|n| format!("line {n}\n")).collect();
    let case = Case {
        steps: vec![CaseStep {
            id: None,
            title: None,
            run: vec![Ran {
                command: "sleep 9".to_owned(),
                typed: None,
                output,
                exit: 0,
                gap: None,
                documented: String::new(),
            }],
            background: false,
            press: None,
            wait: false,
            expect: None,
            matching: Matching::Exact,
            exit: None,
            any_exit: false,
            capture: BTreeMap::new(),
            suite: None,
            readme: None,
            ended: Some(Ended::Failed(Failure::Timeout {
                after: Duration::from_secs(3),
                waiting_for: "the command's end".to_owned(),
            })),
        }],
        recorded: None,
        changed: false,
    };
    let tutorial = Arc::new(tutorial(&case));
    let run = run(&case, &tutorial);
    let verdict = judge(&tutorial, &run, None, "now");
    let verification = Verification {
        tutorial,
        transcript: None,
        run: Some(run),
        timings: None,
        verdict,
    };
    let plain = report::verdict(&verification, Paint::Plain);
    assert!(plain.contains("(the last 20 of 30 lines)"), "{plain}");
    assert!(
        plain.contains("| line 30\n") && !plain.contains("| line 10\n"),
        "{plain}"
    );
    let coloured = report::verdict(&verification, Paint::Coloured);
    let colours = regex::Regex::new("\x1b\\[[0-9]+m").expect("a regex");
    assert_eq!(colours.replace_all(&coloured, ""), plain);
}
