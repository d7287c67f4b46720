//! The engine on a machine that only pretends: what runs, what does not, and what is said. A folder per case would have
//! to write down what happens *when*, so these are plain tests.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends there")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::time::{Duration, Instant};

use mdbook_twin::config::Execute;
use mdbook_twin::diagnostic::{Diagnostic, Position};
use mdbook_twin::judge::verdict::{Missing, Stale, Verdict, VerifiedBy};
use mdbook_twin::judge::{Transcript, transcript_of};
use mdbook_twin::outcome::{CommandRun, Ended, Facts, Line, Output, Run, StepRun};
use mdbook_twin::tutorial::{
    Action, Command, Expect, ExpectedExit, Host, Limits, Matching, Permission, Phase, RunCommands,
    Show, Step, System, Terminal, Tutorial,
};
use mdbook_twin::verify::{
    Answer, Build, How, Machine, NotRun, Observer, Progress, Recorded, Store, Subject, Summary,
    Told, Written, record_on, verify_on, write_transcript,
};

/// A tutorial of one step.
fn tutorial(name: &str) -> Tutorial {
    let at = Position {
        path: format!("tutorials/{name}.yaml").into(),
        line: 3,
        column: 5,
    };
    Tutorial {
        name: name.to_owned(),
        title: name.to_owned(),
        summary: None,
        upstream_note: None,
        spec: at.path.clone(),
        upstream: None,
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
        steps: vec![Step {
            id: "step-1".to_owned(),
            phase: Phase::Main,
            title: None,
            text: None,
            upstream_note: None,
            terminal: 0,
            action: Action::Run(RunCommands {
                commands: vec![Command {
                    text: "cat /proc/uptime".to_owned(),
                    prompt: "$".to_owned(),
                    opens: None,
                    leaves: 0,
                    exits: false,
                    readme_line: None,
                    documented: Vec::new(),
                }],
                background: None,
                until: None,
                retry: None,
                dialog: Vec::new(),
            }),
            timeout: Duration::from_secs(30),
            exit: ExpectedExit::Code(0),
            expect: None,
            matching: Matching::Exact,
            show: Show::Both,
            when: None,
            capture: BTreeMap::new(),
            at,
            block: None,
        }],
        not_run: Vec::new(),
        limits: Limits::default(),
        timeout: None,
        inputs: Vec::new(),
    }
}

/// What its step gave.
fn run(output: &str) -> Run {
    Run {
        date: "2026-03-14".to_owned(),
        facts: Facts::default(),
        took: Duration::ZERO,
        steps: vec![StepRun {
            id: "step-1".to_owned(),
            ended: Ended::Done,
            commands: vec![CommandRun {
                command: "cat /proc/uptime".to_owned(),
                prompt: "$".to_owned(),
                output: Output {
                    lines: output
                        .lines()
                        .map(|text| Line {
                            text: text.to_owned(),
                            styles: Vec::new(),
                        })
                        .collect(),
                    ..Output::default()
                },
                exit: Some(0),
                chunks: vec![(1, output.to_owned())],
                ..CommandRun::default()
            }],
        }],
    }
}

fn subject(tutorial: Tutorial, transcript: Option<Transcript>, digest: &str) -> Subject {
    Subject {
        tutorial: Arc::new(tutorial),
        transcript,
        timings: None,
        lock: None,
        digest: digest.to_owned(),
        unavailable: None,
    }
}

/// A machine that counts, and gives one output after another (the last one for ever).
struct Pretender {
    outputs: Mutex<Vec<&'static str>>,
    runs: AtomicUsize,
    missing: Vec<Missing>,
    kernel: Mutex<String>,
    seen: Mutex<Vec<Host>>,
    during: Box<dyn Fn() + Sync>,
}

impl Pretender {
    fn new(outputs: &[&'static str]) -> Self {
        Self {
            outputs: Mutex::new(outputs.iter().rev().copied().collect()),
            runs: AtomicUsize::new(0),
            missing: Vec::new(),
            kernel: Mutex::default(),
            seen: Mutex::default(),
            during: Box::new(|| {}),
        }
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }
}

impl Machine for Pretender {
    fn missing(&self, _: &Tutorial) -> Vec<Missing> {
        self.missing.clone()
    }

    fn facts(&self, _: &Tutorial) -> Facts {
        Facts {
            build: String::new(),
            kernel: self.kernel.lock().unwrap().clone(),
            ..Facts::default()
        }
    }

    fn run(
        &self,
        tutorial: &Tutorial,
        _: u64,
        told: &mut dyn FnMut(Told<'_>),
    ) -> Result<Run, NotRun> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        self.seen.lock().unwrap().push(tutorial.hosts[0].clone());
        told(Told::Step(0));
        (self.during)();
        let mut outputs = self.outputs.lock().unwrap();
        let output = match outputs.len() {
            1 => outputs[0],
            _ => outputs.pop().unwrap(),
        };
        Ok(Run {
            facts: self.facts(tutorial),
            ..run(output)
        })
    }
}

/// A cache of its own, and a tutorial that was recorded with the output `a`.
struct World {
    _folder: tempfile::TempDir,
    cache: PathBuf,
    store: Store,
    subject: Subject,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache");
        let tutorial = tutorial("one");
        let transcript = transcript_of(&tutorial, &run("a\n"), &[], None, "d1").transcript;
        Self {
            store: Store::new(&cache),
            cache,
            _folder: folder,
            subject: subject(tutorial, Some(transcript), "d1"),
        }
    }

    fn tutorial(&mut self) -> &mut Tutorial {
        Arc::make_mut(&mut self.subject.tutorial)
    }

    fn ask(&self, how: &How<'_>, machine: &Pretender) -> Verdict {
        self.ask_watched(how, machine, &())
    }

    fn ask_watched(&self, how: &How<'_>, machine: &Pretender, observer: &dyn Observer) -> Verdict {
        let names = ["one".to_owned()];
        let load = |_: &str| Ok(self.subject.clone());
        let mut answers = verify_on(&names, &load, how, machine, &self.store, observer);
        answers.remove(0).result.unwrap().verdict
    }
}

fn how(execute: Execute) -> How<'static> {
    How {
        execute,
        ..How::default()
    }
}

fn renderer(execute: Execute, build: &str, renderer: &str) -> How<'static> {
    How {
        build: Some(Build {
            id: build.to_owned(),
            renderer: renderer.to_owned(),
        }),
        ..how(execute)
    }
}

fn by(verdict: &Verdict) -> Option<VerifiedBy> {
    match verdict {
        Verdict::Verified { by, .. } => Some(*by),
        _ => None,
    }
}

#[test]
fn never_means_that_the_transcript_speaks() {
    let world = World::new();
    let machine = Pretender::new(&["a"]);
    for execute in [Execute::Never, Execute::Auto] {
        let verdict = world.ask(&how(execute), &machine);
        assert_eq!(by(&verdict), Some(VerifiedBy::Transcript));
    }
    assert_eq!(machine.runs(), 0);
}

#[test]
fn what_was_verified_does_not_run_again_until_something_changes() {
    let mut world = World::new();
    let machine = Pretender::new(&["a"]);
    let changed = how(Execute::Changed);
    assert_eq!(by(&world.ask(&changed, &machine)), Some(VerifiedBy::Run));
    assert_eq!(by(&world.ask(&changed, &machine)), Some(VerifiedBy::Cache));
    assert_eq!(machine.runs(), 1);
    *machine.kernel.lock().unwrap() = "another".to_owned();
    assert_eq!(by(&world.ask(&changed, &machine)), Some(VerifiedBy::Run));
    world.subject.digest = "d2".to_owned();
    assert_eq!(world.ask(&changed, &machine).word(), "stale");
    assert_eq!(world.ask(&changed, &machine).word(), "stale");
    assert_eq!(machine.runs(), 3);
}

#[test]
fn on_another_suite_it_is_judged_by_the_transcript_and_kept_apart() {
    let mut world = World::new();
    let System::Machine { packages } = &mut world.tutorial().hosts[0].system else {
        panic!("made of the machine")
    };
    packages.push("vdens".to_owned());
    let machine = Pretender::new(&["a", "a", "b"]);
    let on_sid = How {
        suite: Some("sid".parse().unwrap()),
        ..how(Execute::Changed)
    };
    let machine_made = how(Execute::Changed);
    assert_eq!(by(&world.ask(&on_sid, &machine)), Some(VerifiedBy::Run));
    let seen = machine.seen.lock().unwrap().clone();
    assert_eq!(
        seen[0].system,
        System::Debian {
            suite: "sid".to_owned(),
            packages: vec!["vdens".to_owned()]
        }
    );
    // What was seen on sid says nothing of the spec's own system.
    assert_eq!(
        by(&world.ask(&machine_made, &machine)),
        Some(VerifiedBy::Run)
    );
    for how in [&on_sid, &machine_made] {
        assert_eq!(by(&world.ask(how, &machine)), Some(VerifiedBy::Cache));
    }
    assert_eq!(machine.runs(), 2);
    // A failure there is not a failure here.
    let always = How {
        execute: Execute::Always,
        ..on_sid
    };
    assert_eq!(world.ask(&always, &machine).word(), "failed");
    let kept = world.store.kept("one.sid").unwrap();
    assert_eq!(kept.suite.as_deref(), Some("sid"));
    assert!(!world.store.failed_run("one").exists());
}

#[test]
fn on_another_suite_it_is_stale_when_its_spec_has_changed() {
    let mut world = World::new();
    world.subject.digest = "d2".to_owned();
    let on_sid = How {
        suite: Some("sid".parse().unwrap()),
        ..how(Execute::Always)
    };
    let verdict = world.ask(&on_sid, &Pretender::new(&["a"]));
    assert_eq!(verdict.word(), "stale");
}

#[test]
fn a_changed_expectation_is_judged_again_and_fails_only_by_a_fresh_run() {
    let mut world = World::new();
    let machine = Pretender::new(&["a"]);
    let changed = how(Execute::Changed);
    world.ask(&changed, &machine);
    let expect = |text: &str| {
        Some(Expect {
            text: text.to_owned(),
            at: Position::default(),
        })
    };
    world.tutorial().steps[0].expect = expect("{{word}}");
    assert_eq!(by(&world.ask(&changed, &machine)), Some(VerifiedBy::Cache));
    assert_eq!(machine.runs(), 1);
    world.tutorial().steps[0].expect = expect("b");
    assert_eq!(world.ask(&changed, &machine).word(), "failed");
    assert_eq!(machine.runs(), 2);
}

#[test]
fn failures_are_not_kept_but_can_be_looked_at() {
    let world = World::new();
    let machine = Pretender::new(&["b", "b", "a"]);
    let changed = how(Execute::Changed);
    assert_eq!(world.ask(&changed, &machine).word(), "failed");
    let failed = world.store.failed_run("one");
    let kept = world.store.kept("one").unwrap();
    assert_eq!((kept.run, kept.suite), (run("b"), None));
    assert_eq!(kept.digest, world.subject.digest);
    assert_eq!(world.ask(&changed, &machine).word(), "failed");
    assert_eq!(world.ask(&changed, &machine).word(), "verified");
    assert!(!failed.exists());
    assert_eq!(machine.runs(), 3);
}

#[test]
fn runs_on_the_machines_network_are_not_kept() {
    let mut world = World::new();
    world.tutorial().hosts[0].needs.push(Permission::Network);
    let machine = Pretender::new(&["a"]);
    for _ in 0..2 {
        let verdict = world.ask(&how(Execute::Changed), &machine);
        assert_eq!(by(&verdict), Some(VerifiedBy::Run));
    }
    assert_eq!(machine.runs(), 2);
}

#[test]
fn all_renderers_of_a_build_share_one_run_even_a_failed_one() {
    for (execute, output, word) in [
        (Execute::Always, "a", "verified"),
        (Execute::Always, "b", "failed"),
        (Execute::Changed, "b", "failed"),
    ] {
        let world = World::new();
        let machine = Pretender::new(&[output]);
        let mut builds = 0;
        // `mdbook serve` builds twice in one process, then another process builds.
        for build in ["1-1", "1-1", "2-1"] {
            builds += 1;
            for name in ["html", "epub", "pdf"] {
                let verdict = world.ask(&renderer(execute, build, name), &machine);
                assert_eq!(verdict.word(), word);
            }
            assert_eq!(machine.runs(), builds, "{execute:?} {output}");
        }
    }
}

/// Lets a run go on when somebody waits for it.
#[derive(Default)]
struct Gate(Mutex<bool>, Condvar);

impl Gate {
    fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }

    fn wait(&self) {
        let mut open = self.0.lock().unwrap();
        while !*open {
            open = self.1.wait(open).unwrap();
        }
    }
}

struct OpensWhenWaiting(Arc<Gate>);

impl Observer for OpensWhenWaiting {
    fn progress(&self, _: &str, progress: Progress<'_>) {
        if let Progress::Waiting = progress {
            self.0.open();
        }
    }
}

#[test]
fn the_second_of_two_builds_waits_and_takes_the_result() {
    for (execute, output) in [
        (Execute::Changed, "a"),
        (Execute::Always, "a"),
        (Execute::Always, "b"),
    ] {
        let world = World::new();
        let (started, second) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
        let mut machine = Pretender::new(&[output]);
        let (begun, waits) = (Arc::clone(&started), Arc::clone(&second));
        machine.during = Box::new(move || {
            begun.open();
            waits.wait();
        });
        let (one, two) = std::thread::scope(|scope| {
            let one = scope.spawn(|| world.ask(&renderer(execute, "1", "html"), &machine));
            started.wait();
            let observer = OpensWhenWaiting(Arc::clone(&second));
            let two = world.ask_watched(&renderer(execute, "2", "html"), &machine, &observer);
            (one.join().unwrap(), two)
        });
        assert_eq!(machine.runs(), 1, "{execute:?} {output}");
        assert_eq!(one.word(), two.word());
        // The second build's other renderers have it too.
        world.ask(&renderer(execute, "2", "epub"), &machine);
        assert_eq!(machine.runs(), 1, "{execute:?} {output}");
    }
}

#[test]
fn what_can_not_be_read_is_not_in_the_cache() {
    let world = World::new();
    let machine = Pretender::new(&["a"]);
    let changed = how(Execute::Changed);
    world.ask(&changed, &machine);
    let verdicts = std::fs::read_dir(world.cache.join("verdicts")).unwrap();
    let files: Vec<_> = verdicts.map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    std::fs::write(&files[0], "{\"format\": 1,").unwrap();
    assert_eq!(by(&world.ask(&changed, &machine)), Some(VerifiedBy::Run));
    assert_eq!(by(&world.ask(&changed, &machine)), Some(VerifiedBy::Cache));
    assert_eq!(machine.runs(), 2);
}

struct CountsUnkept(AtomicUsize);

impl Observer for CountsUnkept {
    fn progress(&self, _: &str, progress: Progress<'_>) {
        if let Progress::Unkept(_) = progress {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn a_cache_that_can_not_be_written_is_told_and_fails_nothing() {
    for output in ["a", "b"] {
        let world = World::new();
        let counts = CountsUnkept(AtomicUsize::new(0));
        let machine = Pretender::new(&[output]);
        let ask = || world.ask_watched(&how(Execute::Changed), &machine, &counts);
        let told = || counts.0.load(Ordering::Relaxed);
        // Of a disk that is full, a part may still be written.
        std::fs::create_dir_all(&world.cache).unwrap();
        for folder in ["verdicts", "failed"] {
            std::fs::write(world.cache.join(folder), "in its place").unwrap();
        }
        let verdict = ask();
        assert_eq!(told(), 1, "{output}");
        std::fs::remove_dir_all(&world.cache).unwrap();
        std::fs::write(&world.cache, "in its place").unwrap();
        assert_eq!(ask().word(), verdict.word());
        assert_eq!((told(), machine.runs()), (2, 2), "{output}");
    }
}

#[test]
fn caches_are_merged_by_copying() {
    let (one, two) = (World::new(), World::new());
    let machine = Pretender::new(&["a"]);
    one.ask(&how(Execute::Changed), &machine);
    let (from, to) = (one.cache.join("verdicts"), two.cache.join("verdicts"));
    std::fs::create_dir_all(&to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
    let verdict = two.ask(&how(Execute::Changed), &machine);
    assert_eq!(by(&verdict), Some(VerifiedBy::Cache));
}

#[test]
fn a_skip_has_its_reasons_and_hides_nothing_worse() {
    let mut world = World::new();
    let mut machine = Pretender::new(&["a"]);
    machine.missing = vec![Missing {
        what: "the OCI runtime crun".to_owned(),
        remedy: "apt-get install crun".to_owned(),
    }];
    let always = how(Execute::Always);
    let verdict = world.ask(&always, &machine);
    assert_eq!(verdict, Verdict::Skipped(machine.missing.clone()));
    world.subject.digest = "d2".to_owned();
    assert_eq!(world.ask(&always, &machine).word(), "stale");
    world.subject.transcript = None;
    assert_eq!(
        world.ask(&always, &machine),
        Verdict::Unrecorded(Some(
            "it can't run here without the OCI runtime crun".to_owned()
        ))
    );
    assert_eq!(machine.runs(), 0);
}

#[test]
fn tutorials_run_side_by_side_and_are_answered_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let together = Arc::new(Barrier::new(2));
    let mut machine = Pretender::new(&["a"]);
    machine.during = Box::new(move || {
        together.wait();
    });
    let names: Vec<String> = ["b", "a", "broken", "d", "c"].map(str::to_owned).into();
    let load = |name: &str| match name {
        "broken" => Err(vec![Diagnostic::error("x", "y")]),
        _ => Ok(subject(tutorial(name), None, name)),
    };
    let how = How {
        jobs: 2,
        ..how(Execute::Changed)
    };
    let answers = verify_on(&names, &load, &how, &machine, &store, &());
    let of: Vec<_> = answers.iter().map(|answer| answer.name.clone()).collect();
    assert_eq!(of, names);
    let summary = Summary::of(&answers);
    assert_eq!(summary.to_string(), "1 with mistakes, 4 unrecorded");
    assert_eq!(summary.exit_code(), 2);
}

#[test]
fn an_exit_code_is_of_the_worst() {
    let world = World::new();
    let answer = |verdict: Verdict| Answer {
        name: "one".to_owned(),
        result: Ok(mdbook_twin::judge::Verification {
            tutorial: world.subject.tutorial.clone(),
            transcript: None,
            run: None,
            timings: None,
            verdict,
        }),
    };
    let verified = || {
        answer(Verdict::Verified {
            by: VerifiedBy::Run,
            date: String::new(),
            facts: Facts::default(),
        })
    };
    let skipped = || {
        answer(Verdict::Skipped(vec![Missing {
            what: "crun".to_owned(),
            remedy: String::new(),
        }]))
    };
    let code = |answers: &[Answer]| Summary::of(answers).exit_code();
    assert_eq!(code(&[]), 0);
    assert_eq!(code(&[verified(), skipped()]), 0);
    assert_eq!(code(&[skipped(), skipped()]), 3);
    assert_eq!(code(&[skipped(), answer(Verdict::Unrecorded(None))]), 1);
    assert_eq!(
        code(&[
            verified(),
            answer(Verdict::Stale(Stale::Changed(Vec::new())))
        ]),
        1
    );
    assert_eq!(
        Summary::of(&[verified(), skipped()]).to_string(),
        "1 verified, 1 skipped: one (crun)"
    );
}

fn recorded(world: &World, runs: usize, machine: &Pretender) -> Recorded {
    record_on(&world.subject, runs, machine, &world.store, &())
}

#[test]
fn a_recording_is_what_ran_and_two_that_agree_need_no_further_run() {
    let mut world = World::new();
    let machine = Pretender::new(&["a"]);
    let Recorded::Done(recording) = recorded(&world, 1, &machine) else {
        panic!("not recorded")
    };
    assert!(recording.agrees && recording.varying.is_empty());
    let path = world.cache.join("one.transcript.yaml");
    let write = |transcript: &Transcript| write_transcript(&path, transcript).unwrap();
    assert_eq!(write(&recording.transcript), Written::New);
    assert_eq!(write(&recording.transcript), Written::Unchanged);
    world.subject.transcript = Some(recording.transcript);
    recorded(&world, 2, &machine);
    let verdict = world.ask(&how(Execute::Changed), &machine);
    assert_eq!(by(&verdict), Some(VerifiedBy::Cache));
    assert_eq!(machine.runs(), 3);
    let names: Vec<_> = std::fs::read_dir(&world.cache)
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .filter(|name| name.to_string_lossy().starts_with('.'))
        .collect();
    assert_eq!(names, Vec::<std::ffi::OsString>::new());
}

#[test]
fn a_recording_says_which_lines_vary() {
    let world = World::new();
    // The third run has other words there still: one warning says enough.
    let machine = Pretender::new(&["a\nb\nc", "a\nx y\nc", "a\nu v w\nc"]);
    let begun = Instant::now();
    let Recorded::Done(recording) = recorded(&world, 3, &machine) else {
        panic!("not recorded")
    };
    assert!(!recording.agrees);
    assert_eq!(machine.runs(), 3);
    // Runs in one second would show the same time of day.
    assert!(begun.elapsed() >= Duration::from_secs(2));
    let [line] = recording.varying.as_slice() else {
        panic!("{:?}", recording.varying)
    };
    assert_eq!(line.first.as_deref(), Some("b"));
    assert_eq!(line.other.as_deref(), Some("x y"));
}

#[test]
fn nothing_is_recorded_of_a_run_that_breaks_an_expectation() {
    let mut world = World::new();
    world.tutorial().steps[0].expect = Some(Expect {
        text: "b".to_owned(),
        at: Position::default(),
    });
    let machine = Pretender::new(&["a"]);
    let Recorded::Failed(verification) = recorded(&world, 3, &machine) else {
        panic!("recorded")
    };
    assert_eq!(verification.verdict.word(), "failed");
    assert_eq!(machine.runs(), 1);
    assert!(world.store.failed_run("one").exists());
}

fn aged(execute: Execute, max_age: &str) -> How<'static> {
    How {
        max_age: Some(max_age.parse().unwrap()),
        ..how(execute)
    }
}

#[test]
fn a_transcript_that_is_too_old_is_stale_until_something_runs() {
    let mut world = World::new();
    let mut transcript = world.subject.transcript.clone().unwrap();
    transcript.recorded = "2001-02-03".to_owned();
    world.subject.transcript = Some(transcript);
    let mut machine = Pretender::new(&["a"]);
    let never = world.ask(&aged(Execute::Never, "180d"), &machine);
    let Verdict::Stale(why) = never else {
        panic!("{never:?}")
    };
    assert_eq!(
        why.reasons(),
        ["recorded on 2001-02-03, older than max-age 180d"]
    );
    let young_enough = world.ask(&aged(Execute::Never, "99999d"), &machine);
    assert_eq!(by(&young_enough), Some(VerifiedBy::Transcript));

    let ran = world.ask(&aged(Execute::Always, "180d"), &machine);
    assert_eq!(by(&ran), Some(VerifiedBy::Run));

    // Where it can't run, it is shown without a run.
    machine.missing = vec![Missing {
        what: "crun".to_owned(),
        remedy: String::new(),
    }];
    let skipped = world.ask(&aged(Execute::Always, "180d"), &machine);
    assert!(
        matches!(skipped, Verdict::Stale(Stale::Old { .. })),
        "{skipped:?}"
    );
}

#[test]
fn a_run_in_the_cache_that_is_too_old_is_run_again() {
    let world = World::new();
    // The pretended runs are of March 2026, and today is later.
    let machine = Pretender::new(&["a"]);
    world.ask(&how(Execute::Changed), &machine);
    let kept = world.ask(&aged(Execute::Changed, "99999d"), &machine);
    assert_eq!((by(&kept), machine.runs()), (Some(VerifiedBy::Cache), 1));
    let again = world.ask(&aged(Execute::Changed, "1d"), &machine);
    assert_eq!((by(&again), machine.runs()), (Some(VerifiedBy::Run), 2));
}
