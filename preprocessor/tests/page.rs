//! Tutorials → pages. A case is a folder, its name the claim: `tutorial.yaml`, `transcript.yaml` where there is one (its
//! digest `current` stands for the tutorial's own), `run.json` where it just ran, `skipped.json` where it can't,
//! `max-age.txt` where it did not run and it is 2026-12-01, and what comes of it: `page.md`, and `plain.md` for other renderers than HTML. TWIN_BLESS=1 writes the expectations.

#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mdbook_twin::config::Config;
use mdbook_twin::diagnostic::render_all;
use mdbook_twin::judge::{self, Missing, Tally, Verdict, Verification};
use mdbook_twin::outcome::Run;
use mdbook_twin::paint::Paint;
use mdbook_twin::project::Project;
use mdbook_twin::render::{InBook, Pages, Part, plain};
use mdbook_twin::tutorial::{Fetch, load_with};
use mdbook_twin::upstream::Places;

const INPUTS: [&str; 5] = [
    "max-age.txt",
    "tutorial.yaml",
    "transcript.yaml",
    "run.json",
    "skipped.json",
];

fn verification(case: &Path) -> Verification {
    let root = tempfile::tempdir().unwrap();
    let tutorials = root.path().join("tutorials");
    fs::create_dir(&tutorials).unwrap();
    fs::copy(case.join("tutorial.yaml"), tutorials.join("x.yaml")).unwrap();
    if let Ok(transcript) = fs::read_to_string(case.join("transcript.yaml")) {
        fs::write(tutorials.join("x.transcript.yaml"), transcript).unwrap();
    }
    let project = Project {
        root: root.path().to_owned(),
        config: Config::default(),
        cache: root.path().join("cache"),
        places: Places {
            cache: root.path().join("cache"),
            dirs: Vec::new(),
        },
    };
    let loaded = load_with(&project, "x", Fetch::Never);
    let mut loaded = loaded.unwrap_or_else(|mistakes| {
        panic!(
            "{}\n{}",
            case.display(),
            render_all(&mistakes, Paint::Plain)
        )
    });
    if let Some(transcript) = loaded
        .transcript
        .as_mut()
        .filter(|it| it.digest == "current")
    {
        transcript.digest.clone_from(&loaded.digest);
    }
    let read = |name: &str| fs::read_to_string(case.join(name)).ok();
    let run: Option<Run> = read("run.json").map(|text| serde_json::from_str(&text).unwrap());
    let missing: Option<Vec<Missing>> =
        read("skipped.json").map(|text| serde_json::from_str(&text).unwrap());
    let transcript = loaded.transcript.as_ref();
    let verdict = match (missing, &run) {
        (Some(missing), _) => Verdict::Skipped(missing),
        (None, Some(run)) => judge::judge(&loaded.tutorial, run, transcript, &loaded.digest),
        (None, None) => {
            let max_age = read("max-age.txt");
            let max_age = max_age.map(|text| text.trim().parse().unwrap());
            judge::standing(&loaded.tutorial, transcript, &loaded.digest)
                .within(max_age.as_ref(), "2026-12-01")
        }
    };
    Verification {
        tutorial: Arc::new(loaded.tutorial),
        transcript: loaded.transcript,
        run,
        timings: None,
        verdict,
    }
}

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/page");
    let mut cases: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "no case in {}", folder.display());
    let pages = Pages::new(&[]).unwrap();
    let wrong: Vec<String> = cases.iter().flat_map(|case| check(case, &pages)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn check(case: &Path, pages: &Pages) -> Vec<String> {
    let of = verification(case);
    let part = Part::whole(&of.tutorial);
    let tally = Tally::of([&of]);
    let book = InBook {
        tally: &tally,
        href: &|_| None,
    };
    let page = pages.tutorial(&of, &part, 2, &book).unwrap() + "\n";
    let outputs = [
        ("page.md", page),
        ("plain.md", plain::tutorial(&of, &part, 2, &book) + "\n"),
    ];
    let mut wrong = Vec::new();
    for (file, came) in &outputs {
        let path = case.join(file);
        if std::env::var_os("TWIN_BLESS").is_some() {
            fs::write(&path, came).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if expected != *came {
            wrong.push(format!(
                "{}\n--- expected\n{expected}\n--- came\n{came}",
                path.display()
            ));
        }
    }
    for entry in fs::read_dir(case).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !INPUTS.contains(&name.as_str()) && outputs.iter().all(|(file, _)| *file != name) {
            wrong.push(format!(
                "{}: a file that is not looked at: {name}",
                case.display()
            ));
        }
    }
    wrong
}
