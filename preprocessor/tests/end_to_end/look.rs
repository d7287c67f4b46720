//! `verify NAME --until STEP`, as a person would use it.

use crate::world::World;

const STAIRS: &str = "title: Stairs\nsetup:\n  - run: echo set >setup\nsteps:\n  - id: first\n    run: cat setup\n  - id: second\n    run: echo two >two; cat two\n  - id: third\n    run: echo three\ncleanup:\n  - run: rm two\n";

fn recorded(spec: &str) -> World {
    let world = World::new();
    world.tutorial("it", spec);
    world.twin(&["record", "it"]).expect(0);
    world
}

#[test]
fn a_part_runs_and_is_judged_and_nothing_is_kept_of_it() {
    let world = recorded(STAIRS);
    let says = [
        "good it: up to step `second` every step is as recorded",
        "not run: after --until: `third`",
        "only a part was run",
    ];
    for step in ["second", "2"] {
        let answer = world.twin(&["verify", "it", "--until", step]);
        answer.expect(0).says(&says);
    }
    // The last step is behind the part: what is wrong with it is not seen, and not taken for verified later.
    let recorded = "book/tutorials/it.transcript.yaml";
    world.edit(recorded, "      three\n", "      four\n");
    let part = ["verify", "it", "--until", "second"];
    world.twin(&part).expect(0).says(&says);
    let whole = ["verify", "it", "--changed"];
    world.twin(&whole).expect(1).says(&["failed it", "third"]);
    world.edit(recorded, "      two\n", "      three\n");
    let answer = world.twin(&part).expect(1);
    answer.says(&["failed it", "second", "- three", "+ two", "`third`"]);
}

#[test]
fn a_part_of_what_was_never_recorded_is_judged_by_statuses_and_expect() {
    let world = World::new();
    world.tutorial("it", STAIRS);
    let part = ["verify", "it", "--until", "setup-1"];
    world.twin(&part).expect(0).says(&[
        "it has no transcript yet",
        "not run: after --until: `first`, `second`, `third`",
        // It undoes what did not run.
        "cleanup step `cleanup-1`: exit status 1, expected 0",
    ]);
    world.edit(
        "book/tutorials/it.yaml",
        "run: cat setup",
        "run: cat nothing",
    );
    let part = ["verify", "it", "--until", "1"];
    world.twin(&part).expect(1).says(&["failed it", "first"]);
}

#[test]
fn a_step_that_is_not_there_is_told_with_those_that_are() {
    let world = World::new();
    world.tutorial("it", STAIRS);
    for step in ["thrid", "4", "0", "cleanup-1"] {
        let answer = world.twin(&["verify", "it", "--until", step]).expect(2);
        answer.says(&[
            &format!("it has no step `{step}`"),
            "its steps: `setup-1`, `first`, `second` and `third`",
        ]);
    }
    let answer = world.twin(&["verify", "it", "--until", "thrid"]);
    answer.expect(2).says(&["did you mean `third`?"]);
    let answer = world.twin(&["verify", "--until", "first"]);
    answer.expect(2).says(&["one tutorial"]);
}
