//! `review` and `accept`, as a person at a terminal drives them, and without one.

use rexpect::session::{PtySession, spawn_command};

use crate::world::{Answer, HANGS, World, ends_with};

const SPEC: &str = "title: Numbers\nsteps:\n  - id: first\n    run: |\n      echo one\n      echo two\n  - id: second\n    run: printf 'head\\nthree\\ntail\\n'\n  - id: third\n    run: echo four\n";
const TRANSCRIPT: &str = "book/tutorials/it.transcript.yaml";
const KEPT: &str = "cache/failed/it.run.json";

/// A tutorial that was recorded when the world was another, in every step of it; and what is right by now.
fn changed() -> (World, String) {
    let world = World::new();
    world.tutorial("it", SPEC);
    world.twin(&["record", "it", "--runs", "1"]).expect(0);
    let right = world.read(TRANSCRIPT);
    for (now, then) in [
        ("one", "eins"),
        ("two", "zwei"),
        ("three", "drei"),
        ("four", "vier"),
    ] {
        world.edit(
            TRANSCRIPT,
            &format!("      {now}\n"),
            &format!("      {then}\n"),
        );
    }
    world.edit(TRANSCRIPT, &date_of(&right), "recorded: \"2020-02-02\"");
    world
        .twin(&["verify", "it"])
        .expect(1)
        .says(&["if what came is right: mdbook-twin review it"]);
    (world, right)
}

fn date_of(transcript: &str) -> String {
    let mut lines = transcript.lines();
    let date = lines.find(|line| line.starts_with("recorded:"));
    date.expect("a date").to_owned()
}

fn person(world: &World, arguments: &[&str], ci: &str) -> PtySession {
    let mut command = world.command(world.program());
    command.args(["--color", "never"]).args(arguments);
    command.env("CI", ci);
    spawn_command(command, Some(HANGS)).expect("a terminal")
}

fn in_ci(world: &World, arguments: &[&str]) -> Answer {
    let mut command = world.command(world.program());
    let output = command.args(arguments).env("CI", "true").output();
    Answer::of(output.expect("mdbook-twin runs"))
}

#[track_caller]
fn answers(session: &mut PtySession, asked: &str, keys: &str, answer: &str) {
    session.exp_string(asked).expect("the step");
    session.exp_string(keys).expect("the question");
    session.send_line(answer).expect("typed");
}

const KEYS: &str = "a = accept, r = reject, s = skip, q = quit: ";

#[test]
fn a_person_decides_on_each_step_and_is_asked_once() {
    let (world, right) = changed();
    let mut session = person(&world, &["review"], "");
    session
        .exp_string("3 to decide: it: step `first` (tutorials/it.yaml:3:5)")
        .expect("the first step");
    // Both of its commands differ, and both are shown.
    session.exp_string("command 1 of 2").expect("the first");
    session.exp_string("- eins").expect("what was recorded");
    session.exp_string("+ one").expect("what came");
    session.exp_string("command 2 of 2").expect("the second");
    answers(&mut session, "+ two", KEYS, "what?");
    session.exp_string(KEYS).expect("the question again");
    session.send_line("a").expect("typed");
    answers(&mut session, "2 to decide: it: step `second`", KEYS, "r");
    answers(&mut session, "1 to decide: it: step `third`", KEYS, "s");
    let rest = ends_with(session, 1);
    assert!(rest.contains("1 accepted, 1 rejected, 1 pending"), "{rest}");
    let now = world.read(TRANSCRIPT);
    let expected = right.replace("      three\n", "      drei\n");
    assert_eq!(now, expected.replace("      four\n", "      vier\n"));

    let mut session = person(&world, &["review", "it"], "");
    answers(
        &mut session,
        "1 to decide: it: step `third`",
        KEYS,
        "accept",
    );
    let rest = ends_with(session, 0);
    assert!(rest.contains("1 accepted, 0 rejected, 0 pending"), "{rest}");
    assert_eq!(world.read(TRANSCRIPT), expected);
    assert!(!world.path(KEPT).exists());
    world
        .twin(&["review"])
        .expect(0)
        .says(&["nothing to review"]);
    // What was rejected is as wrong as it was.
    world.twin(&["verify", "it"]).expect(1).says(&["`second`"]);
}

#[test]
fn what_was_accepted_before_leaving_stays_accepted() {
    let (world, right) = changed();
    let mut session = person(&world, &["review", "it"], "");
    answers(&mut session, "step `first`", KEYS, "a");
    session.exp_string("step `second`").expect("the next step");
    session.exp_string(KEYS).expect("the question");
    session.send_control('c').expect("typed");
    drop(session);
    let session = person(&world, &["review", "it"], "");
    let mut session = session;
    answers(&mut session, "2 to decide: it: step `second`", KEYS, "q");
    let rest = ends_with(session, 1);
    assert!(rest.contains("2 pending; mdbook-twin review it"), "{rest}");
    // The end of the input is the end of the review.
    let mut session = person(&world, &["review", "it"], "");
    session.exp_string(KEYS).expect("the question");
    session.send_control('d').expect("typed");
    ends_with(session, 1);
    world.twin(&["accept", "it"]).expect(0);
    assert_eq!(world.read(TRANSCRIPT), right);
}

#[test]
fn accept_takes_all_and_the_next_run_verifies() {
    let (world, right) = changed();
    let answer = world.twin(&["accept", "it"]).expect(0);
    answer.says(&[
        "accepted 3 steps of it",
        "it.transcript.yaml; mdbook-twin verify it proves it",
    ]);
    assert_eq!(world.read(TRANSCRIPT), right);
    assert!(!world.path(KEPT).exists());
    world
        .twin(&["verify", "it"])
        .expect(0)
        .says(&["1 verified"]);
    world.twin(&["accept", "it"]).expect(0).says(&["nothing"]);
    world.twin(&["accept", "its"]).expect(2);
}

/// Two places show the same address, and other runs have two addresses there.
#[test]
fn a_binding_that_broke_is_given_up_by_accept_and_by_review() {
    for by_hand in [false, true] {
        let world = World::new();
        let spec = "title: Addresses\nsteps:\n  - id: first\n    run: echo at 02:00:00:00:00:01\n  - id: second\n    run: echo by 02:00:00:00:00:02\n";
        world.tutorial("it", spec);
        world.twin(&["record", "it", "--runs", "1"]).expect(0);
        let address = "02:00:00:00:00:09";
        for (word, now) in [("at", "02:00:00:00:00:01"), ("by", "02:00:00:00:00:02")] {
            world.edit(
                TRANSCRIPT,
                &format!("      {word} {now}\n"),
                &format!("      {word} {address}\n    varies:\n      mac: [{address}]\n"),
            );
        }
        let before = world.read(TRANSCRIPT);
        world.twin(&["verify", "it"]).expect(1);
        match by_hand {
            false => {
                let answer = world.twin(&["accept", "it"]).expect(0);
                answer.says(&["accepted 1 step of it"]);
            }
            true => {
                let mut session = person(&world, &["review", "it"], "");
                answers(&mut session, "step `second`", KEYS, "a");
                let rest = ends_with(session, 0);
                assert!(rest.contains("1 accepted, 0 rejected, 0 pending"), "{rest}");
            }
        }
        let apart = format!("apart:\n- {address}\n");
        assert!(
            world.read(TRANSCRIPT).contains(&apart),
            "{}",
            world.read(TRANSCRIPT)
        );
        assert_eq!(world.read(TRANSCRIPT).replace(&apart, ""), before);
        assert!(!world.path(KEPT).exists());
        world.twin(&["verify", "it"]).expect(0);
    }
}

#[test]
fn without_a_terminal_the_commands_that_do_the_same_are_printed() {
    let (world, right) = changed();
    let answer = world.twin(&["review"]).expect(1);
    for piece in [
        "it: step `first`",
        "- drei",
        "+ three",
        "  mdbook-twin accept it --step second\n",
        "  mdbook-twin accept it        # all of them\n",
    ] {
        assert!(answer.stdout.contains(piece), "{piece}: {}", answer.stdout);
    }
    assert_ne!(world.read(TRANSCRIPT), right);
    let lines = answer.stdout.lines();
    let commands: Vec<_> = lines.filter(|line| line.contains(" --step ")).collect();
    assert_eq!(commands.len(), 3, "{}", answer.stdout);
    world
        .twin(&["accept", "it", "--step", "fifth"])
        .expect(2)
        .says(&["`fifth`", "`first`, `second` and `third`"]);
    for (command, code) in commands.iter().zip([1, 1, 0]) {
        let arguments: Vec<_> = command.split_whitespace().skip(1).collect();
        world.twin(&arguments).expect(code);
    }
    assert_eq!(world.read(TRANSCRIPT), right);
    world.twin(&["review", "it"]).expect(0);
}

#[test]
fn nothing_is_accepted_in_ci() {
    let (world, _) = changed();
    let before = world.read(TRANSCRIPT);
    in_ci(&world, &["accept", "it"])
        .expect(2)
        .says(&["nothing is accepted in CI", "CI is set"]);
    in_ci(&world, &["record", "it", "--merge"])
        .expect(2)
        .says(&["nothing is accepted in CI"]);
    let session = person(&world, &["review", "it"], "1");
    let rest = ends_with(session, 2);
    assert!(rest.contains("nothing is accepted in CI"), "{rest}");
    // A log may show what there is to decide.
    in_ci(&world, &["review", "it"]).expect(1);
    assert_eq!(world.read(TRANSCRIPT), before);
    assert!(world.path(KEPT).exists());
}

#[test]
fn what_the_spec_decides_is_mended_there_and_needs_no_other_run() {
    let world = World::new();
    let spec =
        "title: Numbers\nsteps:\n  - id: says\n    run: echo one\n    expect: |\n      eins\n";
    world.tutorial("it", &spec.replace("eins", "one"));
    world.twin(&["record", "it", "--runs", "1"]).expect(0);
    let before = world.read(TRANSCRIPT);
    world.tutorial("it", spec);
    world.twin(&["verify", "it"]).expect(1);
    world.twin(&["accept", "it"]).expect(1).says(&[
        "the spec decides here",
        "change `expect` at tutorials/it.yaml:6:7",
    ]);
    let mut session = person(&world, &["review"], "");
    let keys = "\nr = reject, s = skip, q = quit: ";
    answers(&mut session, "change `expect` at", keys, "a");
    session
        .exp_string(keys.trim_start())
        .expect("the question again");
    session.send_line("s").expect("typed");
    ends_with(session, 1);
    assert_eq!(world.read(TRANSCRIPT), before);
    world.edit("book/tutorials/it.yaml", "eins", "one");
    world
        .twin(&["review", "it"])
        .expect(0)
        .says(&["is as expected by now"]);
    assert!(!world.path(KEPT).exists());
}

#[test]
fn a_wrong_exit_status_and_what_came_of_it_are_not_accepted() {
    let world = World::new();
    // A lab that is varied has another host name.
    let spec = "title: Breaks\nhosts:\n  one: {}\nsteps:\n  - id: breaks\n    run: hostname | grep -x one\n  - id: makes\n    run: touch made\ncleanup:\n  - id: cleans\n    run: ls\n";
    world.tutorial("it", spec);
    world.twin(&["record", "it", "--runs", "1"]).expect(0);
    let before = world.read(TRANSCRIPT);
    world.twin(&["verify", "it", "--vary", "3"]).expect(1);
    world.twin(&["accept", "it"]).expect(1).says(&[
        "it: step `breaks` (tutorials/it.yaml:5:5): exit status 1, expected 0",
        "if 1 is, say `exit: 1` (or `exit: any`) in the step at tutorials/it.yaml:5:5",
        "it: step `cleans`",
        "it may be so because step `breaks` could not go on",
    ]);
    let answer = world.twin(&["review", "it"]).expect(1);
    assert!(
        !answer.stdout.contains("mdbook-twin accept"),
        "{}",
        answer.stdout
    );
    assert_eq!(world.read(TRANSCRIPT), before);
    world.twin(&["verify", "it"]).expect(0);
    world.twin(&["review", "it"]).expect(0);
}

#[test]
fn a_kept_run_of_other_commands_is_refused() {
    let (world, _) = changed();
    let before = world.read(TRANSCRIPT);
    world.edit("book/tutorials/it.yaml", "echo four", "echo five");
    for arguments in [["accept", "it"], ["review", "it"]] {
        world.twin(&arguments).expect(1).says(&[
            "its failed run is one of other commands than the spec has now: mdbook-twin verify it",
        ]);
    }
    assert_eq!(world.read(TRANSCRIPT), before);
    // A file of an earlier mdbook-twin, which does not say what it was a run of.
    let kept: serde_json::Value = serde_json::from_str(&world.read(KEPT)).expect("JSON");
    world.edit("book/tutorials/it.yaml", "echo five", "echo four");
    world.write(KEPT, &kept["run"].to_string());
    world.twin(&["accept", "it"]).expect(0).says(&["nothing"]);
    assert_eq!(world.read(TRANSCRIPT), before);
}
