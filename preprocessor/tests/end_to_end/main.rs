//! The whole way, with the real program: READMEs in, verdicts and pages out.
//!
//! Each test makes a book and an upstream of its own; nothing outside its temporary folder is touched.
#![cfg(all(feature = "run", target_os = "linux"))]

mod attach;
mod debug;
mod doctor;
#[path = "../events/mod.rs"]
mod events;
mod export;
mod keep;
#[path = "../labs/mod.rs"]
#[expect(clippy::unwrap_used, reason = "a test that can't go on panics")]
mod labs;
mod learn;
mod look;
mod progress;
mod report;
mod review;
mod secrets;
mod shards;
mod world;

use world::World;

const GREETING: &str =
    "title: A greeting\nsteps:\n  - id: greet\n    run: |\n      echo Hello\n      echo World\n";

/// A README of our own that its authors want to keep executable.
const ANNOTATED: &str = "# Depths

Look where you are:

```
$ echo level $SHLVL
```

Go one shell deeper, and come back:

<!-- twin: {opens: shell} -->
```
$ bash --norc
```

<!-- twin: {expect: \"deeper: {{int}}\"} -->
```
$ echo deeper: $SHLVL
```

<!-- twin: {exit: 3} -->
```
$ exit 3
```
";

#[test]
fn a_tutorial_is_recorded_verified_and_built() {
    let world = World::new();
    world.tutorial("greeting", GREETING);
    world.twin(&["check"]).expect(0);
    world
        .twin(&["verify", "greeting"])
        .expect(1)
        .says(&["greeting", "unrecorded"]);
    world.twin(&["record", "greeting"]).expect(0);
    world
        .twin(&["verify", "greeting"])
        .expect(0)
        .says(&["1 verified"]);
    world
        .twin(&["build", "--execute", "always"])
        .expect(0)
        .says(&["1 verified"]);
    let page = world.read("book/book/chapter.html");
    assert!(page.contains("Hello") && page.contains("World"), "{page}");
    assert!(!page.contains("{{#tutorial"), "{page}");
}

#[test]
fn what_is_no_longer_true_fails_the_build_and_shows_where() {
    let world = World::new();
    world.tutorial("greeting", GREETING);
    world.twin(&["record", "greeting"]).expect(0);
    world.edit(
        "book/tutorials/greeting.transcript.yaml",
        "      World\n",
        "      Moon\n",
    );
    let says = [
        "greeting",
        "greet",
        "tutorials/greeting.yaml:3:5",
        "echo World",
        "Moon",
        "World",
    ];
    let answer = world.twin(&["build", "--execute", "always"]);
    assert_ne!(answer.code, Some(0), "{}", answer.stderr);
    answer.says(&says);
    if let Some(answer) = world.mdbook_build("always") {
        assert_ne!(answer.code, Some(0), "{}", answer.stderr);
        answer.says(&says);
    }
    // Without running anything, the transcript is what it is.
    world.twin(&["build", "--execute", "never"]).expect(0);
}

#[test]
fn a_changed_command_makes_it_stale() {
    let world = World::new();
    world.tutorial("greeting", GREETING);
    world.twin(&["record", "greeting"]).expect(0);
    world.edit("book/tutorials/greeting.yaml", "echo World", "echo Moon");
    world
        .twin(&["verify", "greeting"])
        .expect(1)
        .says(&["stale"]);
    let answer = world.twin(&["build", "--execute", "always"]);
    assert_ne!(answer.code, Some(0), "{}", answer.stderr);
    answer.says(&["tutorials/greeting.yaml:3:5", "echo Moon", "echo World"]);
    // A reader's build, and an author's who has not recorded yet.
    world.twin(&["build", "--execute", "never"]).expect(0);
}

#[test]
fn a_changed_expectation_fails_with_its_place() {
    let world = World::new();
    world.tutorial(
        "numbers",
        "title: Numbers\nsteps:\n  - run: echo 12 apples\n    expect: |\n      {{int}} apples\n",
    );
    world.twin(&["record", "numbers"]).expect(0);
    world.twin(&["verify", "numbers"]).expect(0);
    world.edit(
        "book/tutorials/numbers.yaml",
        "{{int}} apples",
        "{{int}} pears",
    );
    world.twin(&["verify", "numbers"]).expect(1).says(&[
        "numbers",
        "tutorials/numbers.yaml:3:5",
        "{{int}} pears",
        "12 apples",
    ]);
}

#[test]
fn an_annotated_readme_runs_with_title_and_upstream_alone_and_the_transcript_locks_it() {
    let world = World::new();
    let (commit, sha256) = world.upstream("twin/depths", "README.md", ANNOTATED);
    world.tutorial(
        "depths",
        &format!(
            "title: Depths\nupstream: {{github: twin/depths, commit: {commit}, sha256: {sha256}}}\n"
        ),
    );
    world.twin(&["check"]).expect(0);
    world.twin(&["record", "depths"]).expect(0);
    world.twin(&["verify", "depths"]).expect(0);
    // Neither cache nor upstream: the lock is enough.
    std::fs::remove_dir_all(world.path("cache")).unwrap();
    std::fs::remove_dir_all(world.path("upstream")).unwrap();
    world
        .twin(&["verify", "depths"])
        .expect(0)
        .says(&["1 verified"]);
    world.twin(&["check"]).expect(0);
}

#[test]
fn a_readme_with_another_hash_stops_everything() {
    let world = World::new();
    let (commit, sha256) = world.upstream("twin/depths", "README.md", ANNOTATED);
    let wrong = sha256.replace(|c: char| c.is_ascii_digit(), "0");
    world.tutorial(
        "depths",
        &format!(
            "title: Depths\nupstream: {{github: twin/depths, commit: {commit}, sha256: {wrong}}}\n"
        ),
    );
    world
        .twin(&["check"])
        .expect(2)
        .says(&["tutorials/depths.yaml:2:", &sha256, &wrong]);
    let answer = world.twin(&["build"]);
    assert_ne!(answer.code, Some(0), "{}", answer.stderr);
    assert!(!world.path("book/tutorials/depths.transcript.yaml").exists());
}

#[test]
fn a_commit_that_upstream_does_not_have_is_said() {
    let world = World::new();
    let (commit, sha256) = world.upstream("twin/depths", "README.md", ANNOTATED);
    let nowhere = "0123456789".repeat(4);
    world.tutorial(
        "depths",
        &format!("title: Depths\nupstream: {{github: twin/depths, commit: {nowhere}, sha256: {sha256}}}\n"),
    );
    world
        .twin(&["record", "depths"])
        .expect(2)
        .says(&[&nowhere, "tutorials/depths.yaml:2:"]);
    assert!(!commit.is_empty());
}

#[test]
fn an_unreachable_upstream_without_a_transcript_still_builds_as_unrecorded() {
    let world = World::new();
    world.upstream("twin/depths", "README.md", ANNOTATED);
    world.tutorial(
        "elsewhere",
        &format!(
            "title: Elsewhere\nupstream: {{github: twin/elsewhere, commit: {}, sha256: {}}}\nsteps:\n  - block: Install#1\n",
            "0123456789".repeat(4),
            "0123456789abcdef".repeat(4)
        ),
    );
    world
        .twin(&["build", "--execute", "always"])
        .expect(0)
        .says(&["1 unrecorded"]);
    let page = world.read("book/book/chapter.html");
    assert!(
        page.contains("unrecorded") && page.contains("Install#1"),
        "{page}"
    );
}

#[test]
fn a_second_build_with_nothing_changed_runs_nothing() {
    let world = World::new();
    world.tutorial("greeting", GREETING);
    world.twin(&["record", "greeting"]).expect(0);
    world.twin(&["build", "--execute", "changed"]).expect(0);
    // A runtime that would fail if it were started: whoever runs something now, runs into it.
    world.write("book/no-runtime", "#!/bin/sh\nexit 1\n");
    let set = std::process::Command::new("chmod")
        .arg("+x")
        .arg(world.path("book/no-runtime"))
        .status()
        .unwrap();
    assert!(set.success());
    world.edit(
        "book/book.toml",
        "grant =",
        &format!(
            "runtime = \"{}\"\ngrant =",
            world.path("book/no-runtime").display()
        ),
    );
    world
        .twin(&["build", "--execute", "changed"])
        .expect(0)
        .says(&["1 verified"]);
    let answer = world.twin(&["build", "--execute", "always"]);
    assert_ne!(
        answer.code,
        Some(0),
        "the runtime is not reached at all: {}",
        answer.stderr
    );
}

#[test]
fn editing_one_tutorial_runs_that_one_alone() {
    let world = World::new();
    world.tutorial("one", &GREETING.replace("greet", "one"));
    world.tutorial("two", &GREETING.replace("greet", "two"));
    world.write(
        "book/src/chapter.md",
        "# A chapter\n\n{{#tutorial one}}\n\n{{#tutorial two}}\n",
    );
    world.twin(&["record", "one", "two"]).expect(0);
    world.twin(&["build", "--execute", "changed"]).expect(0);
    world.edit("book/tutorials/two.yaml", "echo World", "echo Moon");
    world.twin(&["record", "two"]).expect(0);
    let answer = world.twin(&["build", "--execute", "changed"]).expect(0);
    assert!(answer.stderr.contains("2 verified"), "{}", answer.stderr);
}

#[test]
fn several_renderers_share_one_run() {
    let world = World::new();
    world.tutorial("greeting", GREETING);
    world.twin(&["record", "greeting"]).expect(0);
    world.edit(
        "book/book.toml",
        "[preprocessor.twin]",
        "[output.html]\n\n[output.markdown]\n\n[preprocessor.twin]",
    );
    let Some(answer) = world.mdbook_build("always") else {
        eprintln!("skipped: no mdbook on PATH");
        return;
    };
    let answer = answer.expect(0);
    assert_eq!(
        answer.stderr.matches("running").count(),
        1,
        "{}",
        answer.stderr
    );
    assert!(world.read("book/book/markdown/chapter.md").contains("```"));
    assert!(!world.read("book/book/markdown/chapter.md").contains("<div"));
}

#[test]
fn what_is_said_of_a_broken_transcript_mends_it() {
    let world = World::new();
    world.tutorial("greeting", GREETING);
    for broken in [&b"<<<<<<< HEAD\ntwin: 2\n"[..], b"\xff"] {
        let transcript = world.path("book/tutorials/greeting.transcript.yaml");
        std::fs::write(&transcript, broken).unwrap();
        let record = || world.twin(&["record", "greeting", "--runs", "1"]);
        record()
            .expect(2)
            .says(&["remove it: `mdbook-twin record greeting` writes another"]);
        std::fs::remove_file(&transcript).unwrap();
        record().expect(0);
    }
}

#[test]
fn what_runs_ends_with_the_mdbook_that_waits_for_it() {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::process::Stdio;

    let world = World::new();
    let spec = "title: Waits\nsteps:\n  - run: sleep 1000\n    timeout: 1h\n";
    world.tutorial("waits", spec);
    let chapter = serde_json::json!({"Chapter": {
        "name": "A chapter", "content": world.read("book/src/chapter.md"), "number": [1], "sub_items": [],
        "path": "chapter.md", "source_path": "chapter.md", "parent_names": [],
    }});
    let twin =
        serde_json::json!({"command": "mdbook-twin", "after": ["links"], "execute": "always"});
    let context = serde_json::json!({
        "root": world.path("book"), "config": {"preprocessor": {"twin": twin}}, "renderer": "html",
        "mdbook_version": mdbook_preprocessor::MDBOOK_VERSION,
    });
    let mut child = world
        .command(world.program())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let book = serde_json::json!([context, {"items": [chapter]}]);
    stdin.write_all(book.to_string().as_bytes()).unwrap();
    drop(stdin);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    stderr.read_line(&mut said).unwrap();
    assert_eq!(said, "running waits: 1 step\n");
    // As when mdBook is killed.
    drop(child.stdout.take());
    stderr.read_to_string(&mut said).unwrap();
    assert!(said.contains("step `step-1`"), "{said}");
    assert!(said.contains("interrupted"), "{said}");
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_required_tutorial_that_was_not_verified_fails_the_build() {
    let world = World::new();
    world.tutorial("greeting", GREETING);
    world.edit(
        "book/book.toml",
        "grant =",
        "require = [\"greeting\"]\ngrant =",
    );
    let answer = world.twin(&["build", "--execute", "always"]);
    assert_ne!(answer.code, Some(0), "{}", answer.stderr);
    answer.says(&["greeting", "require"]);
}

#[test]
fn a_chapter_that_names_a_missing_tutorial_is_told_where() {
    let world = World::new();
    world.write(
        "book/src/chapter.md",
        "# A chapter\n\nText.\n\n{{#tutorial nowhere}}\n",
    );
    let answer = world.twin(&["build"]);
    assert_ne!(answer.code, Some(0), "{}", answer.stderr);
    answer.says(&["src/chapter.md:5:", "nowhere"]);
}

#[test]
fn without_a_runtime_tutorials_are_skipped_with_that_reason_and_the_book_builds() {
    let world = World::new();
    world.tutorial("greeting", GREETING);
    world.twin(&["record", "greeting"]).expect(0);
    world.edit(
        "book/book.toml",
        "grant =",
        "runtime = \"no-such-runtime\"\ngrant =",
    );
    world
        .twin(&["build", "--execute", "always"])
        .expect(0)
        .says(&["1 skipped", "no-such-runtime"]);
    world.twin(&["verify"]).expect(3);
}

#[test]
fn a_permission_that_is_not_granted_is_a_skip_that_says_which_line_to_add() {
    let world = World::new();
    world.tutorial(
        "tunnel",
        "title: A tunnel\nhosts:\n  localhost: {needs: [tun]}\nsteps:\n  - run: test -c /dev/net/tun\n",
    );
    world.twin(&["record", "tunnel"]).expect(0);
    world.edit("book/book.toml", "grant = [\"tun\"]\n", "");
    world
        .twin(&["verify", "tunnel"])
        .expect(3)
        .says(&["tun", "grant = [\"tun\"]"]);
    world
        .twin(&["verify", "tunnel", "--grant", "tun"])
        .expect(0);
}

#[test]
fn a_retry_that_never_comes_true_shows_every_try() {
    let world = World::new();
    let step = "title: Patience\nsteps:\n  - run: echo x >> tries; wc -l < tries; test $(wc -l < tries) -gt LIMIT\n    retry: {times: 4, every: 10ms}\n";
    world.tutorial("patience", &step.replace("LIMIT", "2"));
    world.twin(&["record", "patience"]).expect(0);
    let transcript = world.read("book/tutorials/patience.transcript.yaml");
    assert!(
        transcript.contains("      3\n") && !transcript.contains("      2\n"),
        "{transcript}"
    );
    world.tutorial("patience", &step.replace("LIMIT", "9"));
    let tries = [
        "exit status 1",
        "    | 4\n",
        "it was tried 4 times; before the last:\n    try 1\n    | 1\n    try 2\n    | 2\n    try 3\n    | 3\n",
    ];
    world.twin(&["verify", "patience"]).expect(1).says(&tries);
    world.edit(
        "book/book.toml",
        "grant =",
        "on-failure = \"warn\"\ngrant =",
    );
    world.twin(&["build", "--execute", "always"]).expect(0);
    let page = world.read("book/book/chapter.html");
    assert!(page.contains("3 earlier tries"), "{page}");
}

#[test]
fn the_status_of_what_a_key_has_ended_may_be_any() {
    let world = World::new();
    world.tutorial(
        "endless",
        "title: Endless\nsteps:\n  - run: |\n      bash -c 'trap \"exit $((RANDOM % 200 + 1))\" INT; echo up; sleep 1000 & wait'\n    until: {output: up}\n",
    );
    world.twin(&["record", "endless"]).expect(0);
    let transcript = world.read("book/tutorials/endless.transcript.yaml");
    assert!(!transcript.contains("exit: "), "{transcript}");
    world.twin(&["verify", "endless"]).expect(0);
    world.twin(&["record", "endless"]).expect(0);
    let undated = |text: &str| -> String {
        let lines = text.lines().filter(|line| !line.starts_with("recorded:"));
        lines.collect::<Vec<_>>().join("\n")
    };
    let again = world.read("book/tutorials/endless.transcript.yaml");
    assert_eq!(undated(&again), undated(&transcript));
}

#[test]
fn extract_prints_json() {
    let world = World::new();
    world.write("book/README.md", ANNOTATED);
    let answer = world.twin(&["extract", "README.md", "--json"]).expect(0);
    let blocks: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(blocks.as_array().unwrap().len(), 4);
    assert_eq!(blocks[1]["commands"][0]["command"], "bash --norc");
    assert_eq!(blocks[1]["address"], "Depths#2");
}

#[test]
fn init_prepares_a_book_and_can_be_repeated() {
    let world = World::new();
    world.write(
        "book/book.toml",
        "# mine\n[book]\ntitle = \"A book\"   # and this\n",
    );
    world.twin(&["init"]).expect(0);
    let text = world.read("book/book.toml");
    assert!(
        text.contains("# mine") && text.contains("# and this"),
        "{text}"
    );
    world.twin(&["init"]).expect(0).says(&["nothing to do"]);
    assert_eq!(world.read("book/book.toml"), text);
    world.twin(&["check"]).expect(0);
    world.twin(&["record", "hello"]).expect(0);
    world.twin(&["build", "--execute", "changed"]).expect(0);
    let schema = world.read("book/tutorials/tutorial.schema.json");
    assert_eq!(schema, world.twin(&["schema"]).expect(0).stdout);
}

#[test]
fn vendor_writes_what_check_then_reads() {
    let world = World::new();
    let (commit, sha256) = world.upstream("twin/depths", "README.md", ANNOTATED);
    world.tutorial(
        "depths",
        &format!(
            "title: Depths\nupstream: {{github: twin/depths, commit: {commit}, sha256: {sha256}}}\n"
        ),
    );
    world.twin(&["vendor", "../upstream-dir"]).expect(0);
    assert_eq!(
        world.read(&format!("upstream-dir/twin/depths/{commit}/README.md")),
        ANNOTATED
    );
    std::fs::remove_dir_all(world.path("cache")).unwrap();
    std::fs::remove_dir_all(world.path("upstream")).unwrap();
    world.edit(
        "book/book.toml",
        "grant =",
        "upstream-dirs = [\"../upstream-dir\"]\ngrant =",
    );
    world
        .twin(&["check"])
        .expect(0)
        .says(&["1 tutorial, no mistakes"]);
}
