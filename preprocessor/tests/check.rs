//! What can be said about tutorials without running them. A case is a folder below `cases/check` or `cases/resolve`:
//!
//! - `*.yaml`: the book's tutorials; `shared/`: what they include; `README.md`: the upstream file of the repository
//!   `example/project` at the commit 1111…; `transcript.yaml`: the transcript of `tutorial.yaml`;
//! - `stderr.txt` (check): every message, as a person sees it; empty where nothing is wrong;
//! - `steps.txt` (resolve): every step with its terminal, its commands and what opens and ends.
//!
//! In a spec, `SHA256` stands for the README's hash. `TWIN_BLESS=1` rewrites what is expected.

#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use mdbook_twin::config::Config;
use mdbook_twin::diagnostic::{Diagnostic, render_all};
use mdbook_twin::paint::Paint;
use mdbook_twin::project::Project;
use mdbook_twin::tutorial::coverage::check_coverage;
use mdbook_twin::tutorial::{self, Action, Loaded, Opens};
use mdbook_twin::upstream::{Places, sha256};

const COMMIT: &str = "1111111111111111111111111111111111111111";

#[test]
fn check() {
    walk("check", "stderr.txt", |_, checked| match checked {
        Ok(_) => String::new(),
        Err(messages) => render_all(&messages, Paint::Plain),
    });
}

#[test]
fn resolve() {
    walk("resolve", "steps.txt", |case, checked| match checked {
        Ok(tutorials) => tutorials.iter().map(steps).collect(),
        Err(messages) => panic!("{case}:\n{}", render_all(&messages, Paint::Plain)),
    });
}

#[test]
fn a_name_with_dots_is_no_name() {
    let book = tempfile::tempdir().unwrap();
    let project = project(book.path());
    for name in ["../secret", "a/b", "", "A", ".x", "/etc/passwd"] {
        let messages = tutorial::load(&project, name).unwrap_err();
        assert_eq!(messages[0].code, "bad-name", "{name}");
    }
}

#[test]
fn a_tutorial_that_is_not_there_names_the_nearest() {
    let book = tempfile::tempdir().unwrap();
    fs::create_dir(book.path().join("tutorials")).unwrap();
    fs::write(book.path().join("tutorials/first-steps.yaml"), "title: x\n").unwrap();
    let messages = tutorial::load(&project(book.path()), "frist-steps").unwrap_err();
    assert_eq!(
        render_all(&messages, Paint::Plain),
        "error[unknown-tutorial]: there is no tutorial `frist-steps`\n  \
         = did you mean `first-steps`?\n  \
         = tutorials/frist-steps.yaml does not exist; there are `first-steps`\n"
    );
}

#[test]
fn the_committed_schema_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tutorials/tutorial.schema.json");
    let schema = tutorial::schema::schema();
    if blessing() {
        fs::write(&path, &schema).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == schema,
        "run the tests with TWIN_BLESS=1 and commit tutorials/tutorial.schema.json"
    );
}

fn blessing() -> bool {
    std::env::var_os("TWIN_BLESS").is_some_and(|value| value == "1")
}

fn walk(
    stage: &str,
    expectation: &str,
    said: impl Fn(&str, Result<Vec<Loaded>, Vec<Diagnostic>>) -> String,
) {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(stage);
    let mut count = 0;
    let mut wrong = Vec::new();
    let mut folders: Vec<PathBuf> = fs::read_dir(&cases)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    for folder in folders {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let book = tempfile::tempdir().unwrap();
        copy_case(&folder, book.path(), expectation);
        let actual = said(&name, checked(&project(book.path())));
        let path = folder.join(expectation);
        if blessing() {
            fs::write(&path, &actual).unwrap();
        }
        let expected =
            fs::read_to_string(&path).unwrap_or_else(|_| panic!("{name} has no {expectation}"));
        if actual != expected {
            wrong.push(format!(
                "== {stage}/{name}\n-- expected\n{expected}-- actual\n{actual}"
            ));
        }
        count += 1;
    }
    assert!(count > 0, "there is no case in {}", cases.display());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Makes a book of a case; fails on a file that has no meaning.
fn copy_case(case: &Path, book: &Path, expectation: &str) {
    let tutorials = book.join("tutorials");
    fs::create_dir_all(tutorials.join("shared")).unwrap();
    let readme = fs::read(case.join("README.md")).unwrap_or_default();
    for entry in fs::read_dir(case).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        match name {
            "README.md" => {
                let upstream = book.join("upstream/example/project").join(COMMIT);
                fs::create_dir_all(&upstream).unwrap();
                fs::write(upstream.join("README.md"), &readme).unwrap();
            }
            "transcript.yaml" => put(&path, &tutorials.join("tutorial.transcript.yaml"), &readme),
            "shared" => {
                for entry in fs::read_dir(&path).unwrap() {
                    let path = entry.unwrap().path();
                    put(
                        &path,
                        &tutorials.join("shared").join(path.file_name().unwrap()),
                        &readme,
                    );
                }
            }
            name if name == expectation => {}
            name if name.ends_with(".yaml") => put(&path, &tutorials.join(name), &readme),
            name => panic!("what is {name} in {}?", case.display()),
        }
    }
}

fn put(from: &Path, to: &Path, readme: &[u8]) {
    let text = fs::read_to_string(from).unwrap();
    fs::write(to, text.replace("SHA256", &sha256(readme))).unwrap();
}

fn project(root: &Path) -> Project {
    Project {
        root: root.to_owned(),
        config: Config::default(),
        cache: root.join("cache"),
        places: Places {
            cache: root.join("cache"),
            dirs: vec![root.join("upstream")],
        },
    }
}

fn checked(project: &Project) -> Result<Vec<Loaded>, Vec<Diagnostic>> {
    let mut loaded = Vec::new();
    let mut messages = Vec::new();
    for name in tutorial::names(project).unwrap() {
        match tutorial::load(project, &name) {
            Ok(tutorial) => loaded.push(tutorial),
            Err(more) => messages.extend(more),
        }
    }
    if messages.is_empty() {
        messages = check_coverage(&loaded);
    }
    // A temporary folder has another name each time.
    let root = project.root.display().to_string();
    for message in &mut messages {
        for line in message.help.iter_mut().chain([&mut message.headline]) {
            *line = line.replace(&root, "BOOK");
        }
    }
    if messages.is_empty() {
        Ok(loaded)
    } else {
        Err(messages)
    }
}

fn steps(loaded: &Loaded) -> String {
    let tutorial = &loaded.tutorial;
    let mut text = String::new();
    if let Some(upstream) = &tutorial.upstream {
        writeln!(
            text,
            "upstream: {:?}, {} commands",
            upstream.source, upstream.commands
        )
        .unwrap();
    }
    for step in &tutorial.steps {
        let terminal = &tutorial.terminals[step.terminal].name;
        let at = &step.at;
        write!(
            text,
            "{} in {terminal} ({}:{}:{})",
            step.id,
            at.path.display(),
            at.line,
            at.column
        )
        .unwrap();
        if let Some(block) = &step.block {
            write!(text, ", {} commands {:?}", block.address, block.commands).unwrap();
        }
        text.push('\n');
        match &step.action {
            Action::Run(run) => run
                .commands
                .iter()
                .for_each(|command| text.push_str(&line(command))),
            other => writeln!(text, "  {other:?}").unwrap(),
        }
    }
    for entry in &tutorial.not_run {
        let block = entry.block.as_deref().unwrap_or("the rest");
        let commands = entry.commands.iter().map(|it| &it.text);
        writeln!(text, "not run: {block} {:?}", commands.collect::<Vec<_>>()).unwrap();
    }
    text
}

fn line(command: &tutorial::Command) -> String {
    let mut line = format!(
        "  {} {}",
        command.prompt,
        command.text.replace('\n', "\n    ")
    );
    if command.leaves > 0 {
        write!(line, "   (leaves {} before)", command.leaves).unwrap();
    }
    if command.exits {
        line.push_str("   (leaves)");
    }
    match &command.opens {
        Some(Opens::Shell) => line.push_str("   (opens a shell)"),
        Some(Opens::Prompt(prompt)) => write!(line, "   (opens {prompt})").unwrap(),
        None => {}
    }
    line.push('\n');
    for output in &command.documented {
        writeln!(line, "  | {output}").unwrap();
    }
    line
}

/// Loads a tutorial of this text from a book that holds nothing else.
fn load_text(spec: &str) -> Loaded {
    let book = tempfile::tempdir().unwrap();
    fs::create_dir(book.path().join("tutorials")).unwrap();
    fs::write(book.path().join("tutorials/a.yaml"), spec).unwrap();
    tutorial::load(&project(book.path()), "a")
        .unwrap_or_else(|e| panic!("{}", render_all(&e, Paint::Plain)))
}

#[test]
fn the_digest_is_of_what_runs_alone() {
    let spec =
        "title: A\nhosts: {box: {packages: [coreutils]}}\nsteps:\n  - id: one\n    run: echo 1\n";
    let digest = load_text(spec).digest;
    let same = [
        spec.replace("title: A", "title: Another\nsummary: Words."),
        format!(
            "{spec}    text: Prose.\n    timeout: 5m\n    show: output\n    match: none\n    expect: '{{{{int}}}}'\n"
        ),
        format!("# a comment\n{spec}"),
        format!("timeout: 5m\n{spec}"),
        spec.replace("id: one", "id: two"),
    ];
    for same in same {
        assert_eq!(load_text(&same).digest, digest, "{same}");
    }
    let commit = "1".repeat(40);
    let input = |path: &str, commit: &str| {
        format!(
            "{spec}inputs:\n  - {{git: 'https://example.org/a', commit: '{commit}', path: {path}}}\n"
        )
    };
    let with_input = load_text(&input("a", &commit)).digest;
    for other in [input("b", &commit), input("a", &"2".repeat(40))] {
        assert_ne!(load_text(&other).digest, with_input, "{other}");
    }
    let elsewhere = input("a", &commit).replace("{box:", "{box: {}, other:");
    assert_ne!(
        load_text(&elsewhere).digest,
        load_text(&elsewhere.replace("path: a", "path: a, host: other")).digest
    );
    let others = [
        input("a", &commit),
        spec.replace("echo 1", "echo 2"),
        spec.replace("coreutils", "bash"),
        spec.replace("{packages", "{needs: [tun], packages"),
        spec.replace("{packages", "{user: root, packages"),
        format!("{spec}    exit: 1\n"),
        format!("{spec}    opens: shell\n"),
        format!("{spec}    until: {{lines: 3}}\n"),
        format!("{spec}    background: true\n"),
        format!("{spec}  - press: C-c\n"),
        format!("terminals: {{other: x}}\n{spec}"),
    ];
    for other in others {
        assert_ne!(load_text(&other).digest, digest, "{other}");
    }
}
