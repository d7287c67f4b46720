//! What `record` finds out by itself, and what it takes from another machine's failed run.

use crate::world::World;

const SPEC: &str = "title: Facts\nsteps:\n  - id: who\n    run: |\n      hostname\n      echo $$\n  - id: when\n    run: date\n  - id: id\n    run: |\n      cat /proc/sys/kernel/random/uuid > id\n      cat id\n  - id: again\n    run: cat id\n  - id: fixed\n    run: echo 42 is 42\n";
const TRANSCRIPT: &str = "book/tutorials/it.transcript.yaml";

#[test]
fn a_recording_learns_what_varies_and_another_start_verifies() {
    let world = World::new();
    world.tutorial("it", SPEC);
    world
        .twin(&["record", "it"])
        .expect(0)
        .says(&["5 values vary: 1 date, 1 int, 2 uuid, 1 word"]);
    let transcript = world.read(TRANSCRIPT);
    assert!(!transcript.contains("varies:\n      int: [\"42\"]"));
    world.twin(&["verify", "it", "--vary", "9"]).expect(0);
    // A recording that agrees touches nothing but the date.
    world
        .twin(&["record", "it"])
        .expect(0)
        .says(&["the same as before"]);
    assert_eq!(world.read(TRANSCRIPT), transcript);
    // What is fixed is fixed.
    world.edit(TRANSCRIPT, "      42 is 42\n", "      42 is 43\n");
    world.twin(&["verify", "it"]).expect(1).says(&["`fixed`"]);
}

#[test]
fn what_another_machine_saw_is_merged_and_both_verify() {
    let world = World::new();
    world.tutorial(
        "it",
        "title: Name\nsteps:\n  - id: who\n    run: hostname\n",
    );
    world.twin(&["record", "it", "--runs", "1"]).expect(0);
    let alone = world.read(TRANSCRIPT);
    world
        .twin(&["verify", "it", "--vary", "3"])
        .expect(1)
        .says(&["if it may come either way: mdbook-twin record it --merge"]);
    let file = world.path("elsewhere.run.json");
    std::fs::copy(world.path("cache/failed/it.run.json"), &file).expect("it is kept");
    world
        .twin(&["record", "it", "--merge", file.to_str().expect("a path")])
        .expect(0)
        .says(&["merged", "1 value varies: 1 word"]);
    let both = world.read(TRANSCRIPT);
    assert!(
        both.starts_with(&alone) && both[alone.len()..].contains("word: ["),
        "{both}"
    );
    world.twin(&["verify", "it", "--vary", "3"]).expect(0);
    world.twin(&["verify", "it"]).expect(0);
    world
        .twin(&["record", "it", "--merge", file.to_str().expect("a path")])
        .expect(0)
        .says(&["nothing new"]);
}

#[test]
fn what_no_merge_can_allow_for_is_not_said_to_be_merged() {
    let world = World::new();
    let spec = "title: Name\nhosts:\n  one: {}\nsteps:\n  - id: who\n    run: test $(hostname) = one && echo one || echo two\n";
    world.tutorial("it", spec);
    world.twin(&["record", "it", "--runs", "1"]).expect(0);
    // A host's name for itself may have a suffix, and is none but that whatever was seen.
    let output = "    output: |\n      one\n";
    let varies = "    varies:\n      word: [one]\n";
    world.edit(TRANSCRIPT, output, &[output, varies].concat());
    let before = world.read(TRANSCRIPT);
    let answer = world.twin(&["verify", "it", "--vary", "3"]).expect(1);
    let answer = answer.says(&["if what came is right: mdbook-twin review it"]);
    assert!(!answer.stderr.contains("--merge"), "{}", answer.stderr);
    world.twin(&["record", "it", "--merge"]).expect(1);
    assert_eq!(world.read(TRANSCRIPT), before);
}

#[test]
fn what_says_nothing_of_this_tutorial_is_not_merged() {
    let world = World::new();
    world.tutorial(
        "it",
        "title: Name\nsteps:\n  - id: who\n    run: hostname\n",
    );
    let file = world.path("elsewhere.run.json");
    let file = file.to_str().expect("a path");
    world
        .twin(&["record", "it", "--merge", file])
        .expect(2)
        .says(&["elsewhere.run.json: No such file"]);
    world
        .twin(&["record", "it", "--merge"])
        .expect(0)
        .says(&["no failed run of it is kept here"]);
    world.twin(&["record", "it", "--runs", "1"]).expect(0);
    world.twin(&["verify", "it", "--vary", "3"]).expect(1);
    std::fs::copy(world.path("cache/failed/it.run.json"), file).expect("it is kept");
    world.edit(
        "book/tutorials/it.yaml",
        "run: hostname",
        "run: hostname -s",
    );
    world
        .twin(&["record", "it", "--merge", file])
        .expect(2)
        .says(&["has no transcript of what its spec says now"]);
    world.twin(&["record", "it", "--runs", "1"]).expect(0);
    world
        .twin(&["record", "it", "--merge", file])
        .expect(2)
        .says(&["this is no run of what it does now"]);
    std::fs::write(file, "{}").expect("written");
    world
        .twin(&["record", "it", "--merge", file])
        .expect(2)
        .says(&["this is no failed run"]);
}

#[test]
fn what_a_nested_shell_ends_with_is_no_failure() {
    let world = World::new();
    let spec = "title: A shell\nsteps:\n  - {run: bash, opens: shell}\n  - {run: grep x /dev/null, exit: 1}\n  - run: exit\n  - run: echo out\n";
    world.tutorial("shell", spec);
    world.twin(&["record", "--runs", "1", "shell"]).expect(0);
    assert!(
        world
            .read("book/tutorials/shell.transcript.yaml")
            .contains("exit: 1\n    output: |\n      exit\n")
    );
    world.twin(&["verify", "shell"]).expect(0);
    world
        .twin(&["build", "--execute", "never"])
        .expect(0)
        .says(&["1 verified"]);
}
