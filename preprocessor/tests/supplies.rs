//! What a tutorial takes from outside, seen from inside: upstream's tree is where its terminals start, inputs lie where
//! the spec wants them, all of it belongs to `user`, and nothing of it gets anywhere else. As whoever runs the tests
//! and, when that is root, as an ordinary user too.
#![cfg(all(feature = "run", target_os = "linux"))]
#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod labs;
mod repository;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

use mdbook_twin::config::Config;
use mdbook_twin::diagnostic::render_all;
use mdbook_twin::outcome::{Ended, Run};
use mdbook_twin::paint::Paint;
use mdbook_twin::project::Project;
use mdbook_twin::run::{self, LabError, Options, Progress};
use mdbook_twin::tutorial::{Fetch, Tutorial, load_with};
use mdbook_twin::upstream::sha256;
use repository::World;

const README: &str = "# Lamp\n\n```\n$ lamp --on\n```\n";

#[test]
fn upstream_s_tree_and_inputs_are_in_the_host() {
    let (world, commit) = lamp();
    let disk = world.folder.path().join("disk.img");
    fs::write(&disk, "a disk\n").unwrap();
    let inputs = format!(
        "  - {{url: 'file://{disk}', sha256: {sha}, path: data/disk.img}}\n  \
           - {{git: '{url}', commit: '{commit}', path: /opt/other}}\n  \
           - {{git: '{url}', commit: '{commit}', path: lamp/sub}}\n",
        disk = disk.display(),
        sha = sha256(b"a disk\n"),
        url = world.url(),
    );
    let steps = "  - run: pwd\n  - run: stat -c '%n %U %G %A' . run.sh README.md up sub\n  \
        - run: stat -c %Y . README.md up sub /opt/other | uniq\n  - run: readlink up etc\n  - run: cat ~/data/disk.img\n  - run: stat -c '%U %A' ~/data /opt/other/run.sh\n  \
        - run: ls sub | cat\n  - run: ls -A | cat\n  - run: ./run.sh\n  - run: echo x > new && rm README.md\n";
    let tutorial = tutorial(&world, &commit, &inputs, steps);
    let mut prepared = Vec::new();
    let run = run(&world, &tutorial, &mut prepared).unwrap();
    assert_eq!(
        outputs(&run),
        "/home/user/lamp\n. user user drwxr-xr-x\nrun.sh user user -rwxr-xr-x\n\
         README.md user user -rw-r--r--\nup user user lrwxrwxrwx\nsub user user drwxr-xr-x\n981173106\n../..\n/etc\na disk\n\
         user drwxr-xr-x\nuser -rwxr-xr-x\nREADME.md\netc\nrun.sh\nsub\nup\n.gitmodules\nREADME.md\netc\nrun.sh\nsub\nup\n\
         it runs\n"
    );
    assert_eq!(prepared.len(), 2, "{prepared:?}");
    assert!(
        prepared[0].starts_with("fetching the tree of file://"),
        "{prepared:?}"
    );
    // What the lab did to its copies is not in the cache, and nothing is asked for twice.
    fs::remove_dir_all(world.work()).unwrap();
    fs::remove_file(disk).unwrap();
    prepared.clear();
    let again = self::run(&world, &tutorial, &mut prepared).unwrap();
    assert_eq!(outputs(&again), outputs(&run));
    assert_eq!(prepared, Vec::<String>::new());
}

#[test]
fn an_ordinary_user_gets_the_same() {
    labs::again_as_an_ordinary_user("upstream_s_tree_and_inputs_are_in_the_host");
}

#[test]
fn an_input_is_not_put_through_a_link_of_the_tree() {
    let (world, commit) = lamp();
    for (path, why) in [
        (
            "lamp/etc/x",
            "/home/user/lamp/etc/x: `etc` in it is no folder",
        ),
        ("lamp/up/x", "/home/user/lamp/up/x: `up` in it is no folder"),
        (
            "lamp/README.md",
            "/home/user/lamp/README.md: entity already exists",
        ),
        (
            "/usr/local/x",
            "/usr/local/x: /usr of this host is not its own",
        ),
        (
            "/etc/ssl/x",
            "/etc/ssl/x: /etc/ssl of this host is not its own",
        ),
        ("/etc", "/etc: entity already exists"),
    ] {
        let inputs = format!(
            "  - {{git: '{}', commit: '{commit}', path: {path}}}\n",
            world.url()
        );
        let tutorial = tutorial(&world, &commit, &inputs, "  - run: pwd\n");
        let error = run(&world, &tutorial, &mut Vec::new()).unwrap_err();
        let expected = format!("it can't be put into the lab: localhost: {why}");
        assert_eq!(error.to_string(), expected, "{path}");
    }
}

/// Links of the tree lead where they lead in the host, for its user: not to the caller's files, not to root's.
#[test]
fn a_step_gets_nowhere_by_a_link_of_the_tree() {
    let (world, _) = lamp();
    let secret = world.folder.path().join("secret");
    fs::write(&secret, "secret\n").unwrap();
    symlink(&secret, world.work().join("outside")).unwrap();
    let commit = world.commit();
    let steps = "  - run: cat outside\n    exit: 1\n  - {file: etc/passwd, append: x}\n";
    let tutorial = tutorial(&world, &commit, "", steps);
    let run = run(&world, &tutorial, &mut Vec::new()).unwrap();
    let said = &run.steps[0].commands[0].output.lines;
    assert_eq!(said[0].text, "cat: outside: No such file or directory");
    let Ended::Failed(failure) = &run.steps[1].ended else {
        panic!("{:?}", run.steps[1].ended);
    };
    assert_eq!(failure.to_string(), "etc/passwd: Permission denied");
    assert_eq!(fs::read_to_string(&secret).unwrap(), "secret\n");
}

#[test]
fn what_is_out_of_reach_is_missing() {
    let (world, commit) = lamp();
    let tutorial = tutorial(&world, &commit, "", "  - run: pwd\n");
    fs::remove_dir_all(world.work()).unwrap();
    match run(&world, &tutorial, &mut Vec::new()) {
        Err(LabError::Missing(missing)) => {
            let what = format!("the tree of {} at {commit:.12}", world.url());
            assert_eq!(missing[0].what, what);
            let remedy = "must be reachable, or an upstream directory have it (";
            let remedy = format!("{} {remedy}", world.url());
            assert!(missing[0].remedy.starts_with(&remedy), "{missing:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_hostile_tree_is_no_skip() {
    let world = World::new();
    let inner = world.tree(&[("100644", "x", &world.blob("x\n"))]);
    let readme = world.blob(README);
    let tree = world.tree(&[("40000", "..", &inner), ("100644", "README.md", &readme)]);
    let commit = world.commit_of(&tree);
    let tutorial = tutorial(&world, &commit, "", "  - run: pwd\n");
    let error = run(&world, &tutorial, &mut Vec::new()).unwrap_err();
    assert!(matches!(error, LabError::Supply(_)), "{error}");
    assert_eq!(
        error.to_string(),
        format!(
            "{} at commit {commit} is not checked out: `../x` has the part `..`",
            world.url()
        )
    );
}

/// The program itself, from fetching to the transcript; the second time there is neither git nor curl in PATH.
#[test]
fn the_second_record_needs_no_git() {
    let (world, commit) = lamp();
    let book = Book::new(&world, &spec(&world, &commit, "", "  - run: ls | cat\n"));
    let first = book.record(&[]);
    assert!(first.contains("run.sh"), "{first}");
    fs::remove_dir_all(world.work()).unwrap();
    assert_eq!(book.record(&[("PATH", "/nonexistent")]), first);
}

/// `vendor` writes all that a run takes from outside.
#[test]
fn a_vendored_book_needs_no_upstream() {
    let (world, commit) = lamp();
    let disk = world.folder.path().join("disk.img");
    fs::write(&disk, "a disk\n").unwrap();
    let input = format!(
        "  - {{url: 'file://{}', sha256: {}, path: disk.img}}\n",
        disk.display(),
        sha256(b"a disk\n")
    );
    let spec = spec(
        &world,
        &commit,
        &input,
        "  - run: ls | cat\n  - run: cat ~/disk.img\n",
    );
    let book = Book::new(&world, &spec);
    let first = book.record(&[]);
    let dirs = world.folder.path().join("vendored");
    let said = book.twin(&["vendor", dirs.to_str().unwrap()], &[]);
    assert_eq!(said.lines().count(), 3, "{said}");
    for gone in [world.work(), world.places().cache] {
        fs::remove_dir_all(gone).unwrap();
    }
    fs::remove_file(disk).unwrap();
    assert_eq!(
        book.record(&[("TWIN_UPSTREAM_DIRS", dirs.to_str().unwrap())]),
        first
    );
}

/// A book with one tutorial, and the program.
struct Book<'a> {
    world: &'a World,
    root: PathBuf,
}

impl<'a> Book<'a> {
    fn new(world: &'a World, spec: &str) -> Self {
        let root = world.folder.path().join("book");
        fs::create_dir_all(root.join("tutorials")).unwrap();
        fs::write(root.join("book.toml"), "[book]\ntitle = \"A book\"\n").unwrap();
        fs::write(root.join("tutorials/x.yaml"), spec).unwrap();
        Self { world, root }
    }

    fn twin(&self, arguments: &[&str], env: &[(&str, &str)]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_mdbook-twin"))
            .args(arguments)
            .arg("--root")
            .arg(&self.root)
            .env("TWIN_CACHE_DIR", self.world.places().cache)
            .envs(env.iter().copied())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        said
    }

    fn record(&self, env: &[(&str, &str)]) -> String {
        self.twin(&["record", "x"], env);
        fs::read_to_string(self.root.join("tutorials/x.transcript.yaml")).unwrap()
    }
}

/// A repository with a program, links that lead out, and a submodule.
fn lamp() -> (World, String) {
    let world = World::new();
    world.write("README.md", README);
    world.write("run.sh", "#!/bin/sh\necho it runs\n");
    let mode = PermissionsExt::from_mode(0o755);
    fs::set_permissions(world.work().join("run.sh"), mode).unwrap();
    symlink("/etc", world.work().join("etc")).unwrap();
    symlink("../..", world.work().join("up")).unwrap();
    world.write(
        ".gitmodules",
        "[submodule \"sub\"]\n\tpath = sub\n\turl = ../sub\n",
    );
    world.git(&["add", "--all"], b"");
    let link = format!("160000,{},sub", "1".repeat(40));
    world.git(&["update-index", "--add", "--cacheinfo", &link], b"");
    world.git(&["commit", "--quiet", "--message=a lamp"], b"");
    let commit = world.git(&["rev-parse", "HEAD"], b"");
    (world, commit)
}

fn spec(world: &World, commit: &str, inputs: &str, steps: &str) -> String {
    let inputs = match inputs {
        "" => String::new(),
        inputs => format!("inputs:\n{inputs}"),
    };
    format!(
        "title: A lamp\nupstream:\n  git: '{}'\n  commit: '{commit}'\n  sha256: {}\nhosts:\n  \
         localhost: {{checkout: true}}\n{inputs}steps:\n{steps}not-run:\n  - {{rest: true, why: a test}}\n",
        world.url(),
        sha256(README.as_bytes()),
    )
}

fn tutorial(world: &World, commit: &str, inputs: &str, steps: &str) -> Tutorial {
    labs::use_program();
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("tutorials")).unwrap();
    let text = spec(world, commit, inputs, steps);
    fs::write(root.path().join("tutorials/x.yaml"), text).unwrap();
    let project = Project {
        root: root.path().to_owned(),
        config: Config::default(),
        cache: world.places().cache,
        places: world.places(),
    };
    let loaded = load_with(&project, "x", Fetch::Never);
    loaded
        .unwrap_or_else(|wrong| panic!("{}", render_all(&wrong, Paint::Plain)))
        .tutorial
}

fn run(world: &World, tutorial: &Tutorial, prepared: &mut Vec<String>) -> Result<Run, LabError> {
    let options = Options {
        date: "2026-01-02".to_owned(),
        cache: world.places().cache,
        places: world.places(),
        ..Options::default()
    };
    run::run(tutorial, &options, &mut |progress| {
        if let Progress::Preparing(what) = progress {
            prepared.push(what.to_owned());
        }
    })
}

/// All output of a run whose steps all ended well.
fn outputs(run: &Run) -> String {
    let mut text = String::new();
    for command in run.steps.iter().flat_map(|step| &step.commands) {
        assert_eq!(command.exit, Some(0), "{command:?}");
        for line in &command.output.lines {
            text.push_str(&line.text);
            text.push('\n');
        }
    }
    text
}
