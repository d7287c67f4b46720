//! Upstream's commands over a whole book: how many run, where, and why not the others. A case is a folder:
//!
//! - `README.md`: the upstream file of the repository `example/project` at the commit 1111…;
//! - `*.yaml`: the book's tutorials; in them `SHA256` stands for the README's hash;
//! - `came.json`: what commands gave when they were recorded, where that is not what the README shows;
//! - `unrecorded.txt`: names of tutorials without a transcript, one a line;
//! - `pages.md`: of every tutorial's page the last block; `overview.md`: the table of all; `plain.md`: both for other
//!   renderers than HTML; `notes.md`: `export --to upstream-notes`.
//!
//! Every case is counted once more as a clone sees it that has the transcripts alone. `TWIN_BLESS=1` rewrites what is
//! expected.

#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mdbook_twin::config::Config;
use mdbook_twin::diagnostic::render_all;
use mdbook_twin::export::{Asked, Target};
use mdbook_twin::judge::{Tally, Transcript, Verification, standing};
use mdbook_twin::paint::Paint;
use mdbook_twin::project::Project;
use mdbook_twin::render::{InBook, Pages, Part, plain};
use mdbook_twin::tutorial::coverage::check_coverage;
use mdbook_twin::tutorial::{self, Action, BlockUse, Fetch, Loaded, UpstreamCommand, When};
use mdbook_twin::upstream::{Places, sha256};

const COMMIT: &str = "1111111111111111111111111111111111111111";

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/counts");
    let mut cases: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "no case in {}", folder.display());
    let wrong: Vec<String> = cases.iter().flat_map(|case| check(case)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn check(case: &Path) -> Vec<String> {
    let book = tempfile::tempdir().unwrap();
    copy(case, book.path());
    record(case, book.path());
    let all = verifications(&project(book.path(), true));
    let expected = ["pages.md", "overview.md", "plain.md", "notes.md"];
    let came = [
        pages(&all),
        overview(&all),
        in_markdown(&all),
        notes(&all, &[]).unwrap_or_else(|why| why + "\n"),
    ];
    let mut wrong = Vec::new();
    for (file, came) in expected.iter().zip(came) {
        let path = case.join(file);
        if std::env::var_os("TWIN_BLESS").is_some() {
            fs::write(&path, &came).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if expected != came {
            wrong.push(format!(
                "{}\n--- expected\n{expected}\n--- came\n{came}",
                path.display()
            ));
        }
    }
    let locks = project(book.path(), false);
    let from_locks = verifications(&locks);
    let left_out = check_coverage(&loaded(&locks));
    if !case.join("unrecorded.txt").exists() && !left_out.is_empty() {
        wrong.push(render_all(&left_out, Paint::Plain));
    }
    if !case.join("unrecorded.txt").exists() && overview(&from_locks) != overview(&all) {
        wrong.push(format!(
            "{}: with locks alone\n{}",
            case.display(),
            overview(&from_locks)
        ));
    }
    wrong
}

fn copy(case: &Path, book: &Path) {
    let readme = fs::read(case.join("README.md")).unwrap();
    let upstream = book.join("upstream/example/project").join(COMMIT);
    fs::create_dir_all(&upstream).unwrap();
    fs::write(upstream.join("README.md"), &readme).unwrap();
    fs::create_dir(book.join("tutorials")).unwrap();
    for entry in fs::read_dir(case).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        match name {
            "README.md" | "came.json" | "unrecorded.txt" => {}
            "pages.md" | "overview.md" | "plain.md" | "notes.md" => {}
            name if name.ends_with(".yaml") => {
                let text = fs::read_to_string(&path).unwrap();
                let text = text.replace("SHA256", &sha256(&readme));
                fs::write(book.join("tutorials").join(name), text).unwrap();
            }
            name => panic!("what is {name} in {}?", case.display()),
        }
    }
}

/// Writes a transcript for each tutorial, of a run in which every command gave what the README shows, or `came.json`.
fn record(case: &Path, book: &Path) {
    let read = |name: &str| fs::read_to_string(case.join(name)).ok();
    let came: BTreeMap<String, String> =
        read("came.json").map_or_else(BTreeMap::new, |text| serde_json::from_str(&text).unwrap());
    let unrecorded = read("unrecorded.txt").unwrap_or_default();
    let loaded = loaded(&project(book, true));
    let mistakes = check_coverage(&loaded);
    assert!(
        mistakes.is_empty(),
        "{}:\n{}",
        case.display(),
        render_all(&mistakes, Paint::Plain)
    );
    for loaded in loaded {
        let name = &loaded.tutorial.name;
        if unrecorded.lines().any(|it| it == name) {
            continue;
        }
        let shown = documented(&loaded);
        let transcript = support::transcript(&loaded.tutorial, |_, command| {
            let output = came.get(command).or(shown.get(command));
            output.cloned().unwrap_or_default()
        });
        let transcript = Transcript {
            digest: loaded.digest.clone(),
            upstream: loaded.lock.clone(),
            ..transcript
        };
        let path = book.join(format!("tutorials/{name}.transcript.yaml"));
        fs::write(path, transcript.to_yaml().unwrap()).unwrap();
    }
}

fn documented(loaded: &Loaded) -> BTreeMap<String, String> {
    let steps = loaded.tutorial.steps.iter();
    let runs = steps.filter_map(|step| match &step.action {
        Action::Run(run) => Some(&run.commands),
        _ => None,
    });
    let lines = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect();
    runs.flatten()
        .map(|command| (command.text.clone(), lines(&command.documented)))
        .collect()
}

fn project(book: &Path, has_upstream: bool) -> Project {
    let cache = book.join(format!("cache-{has_upstream}"));
    let dirs = has_upstream.then(|| book.join("upstream"));
    Project {
        root: book.to_owned(),
        config: Config::default(),
        places: Places {
            cache: cache.clone(),
            dirs: dirs.into_iter().collect(),
        },
        cache,
    }
}

fn loaded(project: &Project) -> Vec<Loaded> {
    let names = tutorial::names(project).unwrap();
    let load = |name: &String| {
        tutorial::load_with(project, name, Fetch::Never)
            .unwrap_or_else(|mistakes| panic!("{}", render_all(&mistakes, Paint::Plain)))
    };
    names.iter().map(load).collect()
}

fn verifications(project: &Project) -> Vec<Verification> {
    let verification = |loaded: Loaded| Verification {
        verdict: standing(&loaded.tutorial, loaded.transcript.as_ref(), &loaded.digest),
        tutorial: Arc::new(loaded.tutorial),
        transcript: loaded.transcript,
        timings: loaded.timings,
        run: None,
    };
    loaded(project).into_iter().map(verification).collect()
}

/// What `make` makes of a book in which every tutorial has a chapter.
fn in_book(all: &[Verification], make: impl Fn(&InBook<'_>) -> String) -> String {
    let tally = Tally::of(all);
    make(&InBook {
        tally: &tally,
        href: &|name| Some(format!("{name}.md")),
    })
}

fn pages(all: &[Verification]) -> String {
    let pages = Pages::new(&[]).unwrap();
    in_book(all, |book| {
        let last = |of: &Verification| {
            let page = pages.tutorial(of, &Part::whole(&of.tutorial), 2, book);
            let page = page.unwrap();
            let fold = page.rsplit("\n\n").next().unwrap();
            // Line breaks for those who read the case.
            format!(
                "# {}\n\n{}\n\n",
                of.tutorial.name,
                fold.replace("><", ">\n<")
            )
        };
        all.iter().map(last).collect()
    })
}

fn overview(all: &[Verification]) -> String {
    let pages = Pages::new(&[]).unwrap();
    let references: Vec<&Verification> = all.iter().collect();
    in_book(all, |book| {
        let table = pages.overview(&references, book).unwrap();
        table.replace("><", ">\n<") + "\n"
    })
}

fn in_markdown(all: &[Verification]) -> String {
    let references: Vec<&Verification> = all.iter().collect();
    in_book(all, |book| {
        let end = |of: &Verification| {
            let page = plain::tutorial(of, &Part::whole(&of.tutorial), 2, book);
            let at = page.rfind("\n\nOf the ").unwrap();
            format!("# {}{}\n\n", of.tutorial.name, &page[at..])
        };
        let pages: String = all.iter().map(end).collect();
        pages + &plain::overview(&references, book) + "\n"
    })
}

fn notes(all: &[Verification], names: &[&str]) -> Result<String, String> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let target = Target::named("upstream-notes").unwrap();
    target
        .text(&Asked { all, names: &names })
        .map_err(|why| why.to_string())
}

/// `when` keeps a step from running; what was recorded says whether it did.
#[test]
fn a_step_that_did_not_apply_runs_nothing() {
    let mut step = support::typed("a", "lamp --on");
    step.when = Some(When {
        suite: vec!["sid".to_owned()],
        arch: Vec::new(),
    });
    step.block = support::block("Use#1", 3).map(|block| BlockUse {
        upstream: vec![UpstreamCommand {
            line: 4,
            text: "lamp --on".to_owned(),
        }],
        ..block
    });
    let applied = support::verified(support::tutorial("x", vec![step]), |_, _| String::new());
    let mut passed_over = applied.clone();
    passed_over.transcript.as_mut().unwrap().steps.clear();
    assert_eq!(Tally::of([&applied]).total().verified, 1);
    assert_eq!(Tally::of([&passed_over]).total().run, 0);
}

#[test]
fn notes_of_a_tutorial_without_upstream_are_none() {
    let mut own = support::tutorial("own", vec![support::typed("a", "true")]);
    own.upstream = None;
    let own = [support::verified(own, |_, _| String::new())];
    let why = notes(&own, &["own"]).unwrap_err();
    assert_eq!(why, "`own` has no upstream to be noted for");
    let why = notes(&own, &[]).unwrap_err();
    assert_eq!(
        why,
        "no command of an upstream file is known to these tutorials"
    );
}
