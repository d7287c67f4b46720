//! Tutorials → runs, in real labs. A case is a folder, its name the claim: `tutorial.yaml` runs, `run.txt` is what became
//! of each step. `cases/interrupt` has the same files, and is interrupted when the step `wait` begins. TWIN_BLESS=1 writes
//! the expectations.
#![cfg(all(feature = "run", target_os = "linux"))]
#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod labs;
#[path = "labs/runs.rs"]
mod runs;

use std::fs;
use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use mdbook_twin::lab;
use mdbook_twin::outcome::{Ended, Failure, Run};
use mdbook_twin::run::{self, Interrupt, LabError, Options, Progress};
use mdbook_twin::tutorial::{Permission, Tutorial};

#[test]
fn cases() {
    each_case("run", |tutorial| {
        run::run(tutorial, &options(), &mut |_| {}).unwrap()
    });
}

/// What comes of a run does not tell the runtime.
#[test]
fn cases_with_the_second_runtime() {
    const SECOND: &str = "runc";
    if !labs::is_installed(SECOND) {
        return eprintln!("not run: {SECOND} is not installed");
    }
    each_case("run", |tutorial| {
        let options = Options {
            runtime: SECOND.to_owned(),
            ..options()
        };
        run::run(tutorial, &options, &mut |_| {}).unwrap()
    });
}

#[test]
fn interrupted_cases() {
    each_case("interrupt", |tutorial| {
        let interrupt = Interrupt::new().unwrap();
        let options = Options {
            interrupt: Some(interrupt.clone()),
            ..options()
        };
        let mut observer = |progress: Progress<'_>| match progress {
            Progress::Started { step } if tutorial.steps[step].id == "wait" => interrupt.raise(),
            _ => {}
        };
        run::run(tutorial, &options, &mut observer).unwrap()
    });
}

/// Whatever it was about to wait for at that moment: somebody has to say why the run is over.
#[test]
fn time_that_is_over_at_once_fails_a_step() {
    labs::use_program();
    let case = labs::cases("run").join("the-tutorial-s-time-ends-the-step-that-runs");
    let mut tutorial = runs::load(&case);
    tutorial.timeout = Some(Duration::ZERO);
    let run = run::run(&tutorial, &options(), &mut |_| {}).unwrap();
    let mut ended = run.steps.iter().map(|step| &step.ended);
    let first = ended.find(|ended| **ended != Ended::Done).unwrap();
    let timeout = matches!(first, Ended::Failed(Failure::TutorialTimeout { .. }));
    assert!(timeout, "{first:?}");
}

#[test]
fn ordinary_user_gets_the_same() {
    labs::again_as_an_ordinary_user("cases");
}

#[test]
fn second_interrupt_ends_the_lab_at_once() {
    labs::use_program();
    let case = labs::cases("interrupt").join("cleanup-runs-after-an-interrupt");
    let tutorial = runs::load(&case);
    let interrupt = Interrupt::new().unwrap();
    let options = Options {
        interrupt: Some(interrupt.clone()),
        ..options()
    };
    let mut observer = |progress: Progress<'_>| {
        if let Progress::Started { .. } = progress {
            interrupt.raise();
            interrupt.raise();
        }
    };
    let run = run::run(&tutorial, &options, &mut observer).unwrap();
    assert!(
        run.steps
            .iter()
            .any(|step| matches!(step.ended, Ended::Failed(_)))
    );
    assert_eq!(run.steps.last().unwrap().ended, Ended::NotReached);
}

#[test]
fn what_was_not_granted_does_not_run() {
    labs::use_program();
    let mut tutorial = labs::tutorial("localhost");
    tutorial.hosts[0].needs = vec![Permission::Tun];
    let options = Options {
        grants: Vec::new(),
        ..options()
    };
    match run::run(&tutorial, &options, &mut |_| {}) {
        Err(LabError::Missing(missing)) => {
            assert_eq!(missing[0].what, "the permission tun");
            assert_eq!(missing[0].remedy, "[preprocessor.twin] grant = [\"tun\"]");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn runtime_that_fails_is_quoted() {
    labs::use_program();
    let folder = tempfile::tempdir().unwrap();
    let runtime = folder.path().join("crun");
    fs::write(&runtime, "#!/bin/sh\necho 'no such thing' >&2\nexit 1\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&runtime, mode).unwrap();
    fs::set_permissions(
        folder.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let options = Options {
        runtime: runtime.to_str().unwrap().to_owned(),
        ..options()
    };
    let error = run::run(&labs::tutorial("localhost"), &options, &mut |_| {}).unwrap_err();
    let said = error.to_string();
    assert_eq!(
        said,
        "the OCI runtime could not start the host: no such thing"
    );
}

fn options() -> Options {
    Options {
        grants: vec![Permission::Tun],
        date: "2026-01-02".to_owned(),
        ..Options::default()
    }
}

fn each_case(stage: &str, run: impl Fn(&Tutorial) -> Run) {
    static PROGRAM: Once = Once::new();
    PROGRAM.call_once(labs::use_program);
    let wrong: Vec<String> = runs::folders(stage)
        .iter()
        .filter_map(|case| check(case, &run).err())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn check(case: &Path, run: impl Fn(&Tutorial) -> Run) -> Result<(), String> {
    let name = case.file_name().unwrap().display();
    let tutorial = runs::load(case);
    let missing = lab::missing(&tutorial, &options().grants, "crun");
    if !missing.is_empty() {
        // Only the node of /dev/net/tun may be closed to an ordinary user; all else the tests ask for.
        let device = missing
            .iter()
            .all(|missing| missing.what.starts_with("the device"));
        assert!(device, "{name}: {missing:?}");
        eprintln!("{name}: not run, {} is missing", missing[0].what);
        return Ok(());
    }
    runs::compare(case, &runs::in_words(&run(&tutorial)))
}
