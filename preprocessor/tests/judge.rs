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
use mdbook_twin::judge::verdict::{Broken, Place, Verdict, Why};
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
    /// Values that are no bindings.
    #[serde(default)]
    apart: Vec<String>,
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
    /// `left@desk`: a terminal on a host; else `main` on `localhost`.
    #[serde(rename = "in")]
    terminal: Option<String>,
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

fn step(index: usize, terminal: usize, case: &CaseStep) -> Step {
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
        upstream_note: None,
        terminal,
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

/// `left@desk` → `left`, `desk`.
fn place(case: &CaseStep) -> (&str, &str) {
    let place = case.terminal.as_deref().unwrap_or("main@localhost");
    place.split_once('@').expect("TERMINAL@HOST")
}

fn host(name: &str) -> Host {
    Host {
        name: name.to_owned(),
        system: System::Machine {
            packages: Vec::new(),
        },
        needs: Vec::new(),
        programs: Vec::new(),
        user: "user".to_owned(),
        names: Vec::new(),
        address: None,
        checkout: false,
    }
}

fn tutorial(case: &Case) -> Tutorial {
    let (mut terminals, mut hosts) = (Vec::<Terminal>::new(), Vec::<Host>::new());
    let mut steps = Vec::new();
    for (index, case) in case.steps.iter().enumerate() {
        let (terminal, name) = place(case);
        let at = hosts.iter().position(|host| host.name == name);
        let at = at.unwrap_or_else(|| {
            hosts.push(host(name));
            hosts.len() - 1
        });
        let known = terminals.iter().position(|it| it.name == terminal);
        let known = known.unwrap_or_else(|| {
            terminals.push(Terminal {
                name: terminal.to_owned(),
                title: terminal.to_owned(),
                host: at,
            });
            terminals.len() - 1
        });
        steps.push(step(index, known, case));
    }
    Tutorial {
        name: "case".to_owned(),
        title: "A case".to_owned(),
        summary: None,
        upstream_note: None,
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
        hosts,
        terminals,
        steps,
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

fn transcript(case: &Case, tutorial: &Tutorial) -> Option<Transcript> {
    let steps = case.recorded.as_ref()?.iter().map(|step| TranscriptStep {
        id: step.id.clone(),
        terminal: match tutorial.steps.iter().find(|it| it.id == step.id) {
            Some(it) => tutorial.terminals[it.terminal].name.clone(),
            None => "main".to_owned(),
        },
        commands: step.commands.clone(),
    });
    Some(Transcript {
        twin: 1,
        recorded: "2026-01-01".to_owned(),
        digest: if case.changed { "old" } else { "now" }.to_owned(),
        upstream: None,
        ran: None,
        facts: Facts::default(),
        apart: case.apart.clone(),
        steps: steps.collect(),
    })
}

/// What is said of a case, in each of the files that say it.
fn said(folder: &Path) -> [(&'static str, String); 3] {
    let text = fs::read_to_string(folder.join("case.yaml")).expect("case.yaml");
    let case: Case = serde_yaml::from_str(&text).unwrap_or_else(|why| panic!("{folder:?}: {why}"));
    let tutorial = tutorial(&case);
    let run = run(&case, &tutorial);
    let transcript = transcript(&case, &tutorial);
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
            terminal: None,
            ended: Some(Ended::Failed(Failure::Timeout {
                after: Duration::from_secs(3),
                waiting_for: "the command's end".to_owned(),
            })),
        }],
        recorded: None,
        changed: false,
        apart: Vec::new(),
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

/// Random, and every time the same (xorshift64): failures can be repeated.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Values of one lab: kind, value, what always stands behind it. The second goes with the first, the fourth with
    /// the third.
    fn values(&mut self) -> Vec<(&'static str, String, &'static str)> {
        let [a, b, c, d, e, f, ..] = self.next().to_le_bytes();
        let mac = format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}");
        let own = u128::from_be_bytes([
            0xfe,
            0x80,
            0,
            0,
            0,
            0,
            0,
            0,
            a ^ 2,
            b,
            c,
            0xff,
            0xfe,
            d,
            e,
            f,
        ]);
        let [g, h, i, ..] = self.next().to_le_bytes();
        let uuid = self.next();
        vec![
            ("mac", mac, ""),
            ("ipv6", std::net::Ipv6Addr::from(own).to_string(), "/64"),
            ("ipv4", format!("10.{g}.{h}.0"), "/24"),
            ("ipv4", format!("10.{g}.{h}.{}", 1 + i % 254), ""),
            (
                "uuid",
                format!(
                    "{a:02x}{b:02x}{c:02x}{d:02x}-0000-4000-8000-{:012x}",
                    uuid >> 16
                ),
                "",
            ),
            ("hex", format!("{:016x}", self.next() | 1 << 63), ""),
        ]
    }
}

#[test]
fn whatever_place_of_a_binding_is_broken_it_is_seen_and_told() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut broken = 0;
    for _ in 0..60 {
        let (then, now) = (numbers.values(), numbers.values());
        // Each value twice, in any order, in any step.
        let mut places: Vec<usize> = (0..then.len()).flat_map(|value| [value, value]).collect();
        for at in (1..places.len()).rev() {
            places.swap(at, numbers.below(at + 1));
        }
        // What stands only once is held by what it goes with.
        for alone in [1, 3] {
            if numbers.below(2) == 0 {
                let at = places.iter().position(|value| *value == alone);
                places.remove(at.expect("it is there"));
            }
        }
        let mut steps: Vec<Vec<usize>> = Vec::new();
        while !places.is_empty() {
            let lines = 1 + numbers.below(places.len().min(4));
            steps.push(places.drain(..lines).collect());
        }
        type Values = Vec<(&'static str, String, &'static str)>;
        let output = |step: &[usize], values: &Values, other: Option<(usize, &str)>| -> String {
            let lines = step.iter().enumerate().map(|(line, value)| {
                let (_, text, behind) = &values[*value];
                let text = other
                    .filter(|other| other.0 == line)
                    .map_or(&**text, |it| it.1);
                format!("line {line} has {text}{behind} in it\n")
            });
            lines.collect()
        };
        let case = |other: Option<(usize, usize, String)>| {
            let in_order = match &other {
                Some((step, line, value)) => format!(" {step} {line} {value}"),
                None => String::new(),
            };
            let step_of = |(nth, step): (usize, &Vec<usize>)| {
                let other = other.as_ref().filter(|other| other.0 == nth);
                let other = other.map(|(_, line, value)| (*line, value.as_str()));
                let text = output(step, &now, other);
                format!("  - run: [{{command: c, output: {text:?}}}]\n")
            };
            let recorded_of = |(nth, step): (usize, &Vec<usize>)| {
                let varies = step.iter().fold(BTreeMap::new(), |mut varies, value| {
                    let (kind, text, _) = &then[*value];
                    let values: &mut Vec<_> = varies.entry(*kind).or_default();
                    values.push(text);
                    varies
                });
                let text = output(step, &then, None);
                format!(
                    "  - {{id: step-{}, commands: [{{command: c, output: {text:?}, varies: {varies:?}}}]}}\n",
                    nth + 1
                )
            };
            let text = format!(
                "steps:\n{}recorded:\n{}",
                steps.iter().enumerate().map(step_of).collect::<String>(),
                steps
                    .iter()
                    .enumerate()
                    .map(recorded_of)
                    .collect::<String>()
            );
            let case: Case =
                serde_yaml::from_str(&text).unwrap_or_else(|why| panic!("{why}\n{text}"));
            let tutorial = tutorial(&case);
            let transcript = transcript(&case, &tutorial);
            (
                judge(
                    &tutorial,
                    &run(&case, &tutorial),
                    transcript.as_ref(),
                    "now",
                ),
                text + &in_order,
            )
        };
        let (verdict, text) = case(None);
        assert_eq!(verdict.word(), "verified", "{text}\n{verdict:?}");
        for (step, lines) in steps.iter().enumerate() {
            for (line, value) in lines.iter().enumerate() {
                let (kind, ..) = now[*value];
                let fresh = numbers.values().swap_remove(*value).1;
                let of_kind = |at: &usize| now[*at].0 == kind && at != value;
                let swapped = (0..now.len()).find(of_kind).map(|at| now[at].1.clone());
                for other in [Some(fresh), swapped].into_iter().flatten() {
                    let (verdict, text) = case(Some((step, line, other)));
                    let Verdict::Failed(failed) = &verdict else {
                        panic!("{verdict:?}\n{text}")
                    };
                    let Why::Differs(diff) = &failed.why else {
                        panic!("{verdict:?}\n{text}")
                    };
                    let at = |place: &Place| (place.step, place.line) == (step, line);
                    let named = |it: &Broken| at(&it.first.place) || at(&it.second.place);
                    assert!(diff.broken.iter().any(named), "{verdict:#?}\n{text}");
                    broken += 1;
                }
            }
        }
    }
    assert!(broken > 600, "{broken}");
}
