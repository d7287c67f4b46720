//! `export`, and the time that `record` writes down.

use crate::world::World;

const LAMP: &str = "# Lamp

## Use

```
$ echo on
on
$ echo version 1
version 0
```

## Off

```
$ reboot
```
";

fn book() -> World {
    let world = World::new();
    let (commit, sha256) = world.upstream("twin/lamp", "README.md", LAMP);
    let upstream = format!("upstream: {{github: twin/lamp, commit: {commit}, sha256: {sha256}}}");
    world.tutorial(
        "lamp",
        &format!(
            "title: A lamp\n{upstream}\nsteps:\n  - block: Use#1\nnot-run:\n  - {{block: Off#1, why: It would.}}\n"
        ),
    );
    world.twin(&["record", "--runs", "1", "lamp"]).expect(0);
    world
}

#[test]
fn the_notes_come_on_stdout_and_say_what_differs() {
    let world = book();
    // Without the cache the file is fetched again: what it shows is in no lock.
    std::fs::remove_dir_all(world.path("cache")).expect("a cache");
    let notes = world.twin(&["export", "--to", "upstream-notes", "lamp"]);
    let notes = notes.expect(0).stdout;
    assert!(
        notes.starts_with("# Notes on twin/lamp\n\n## README.md\n"),
        "{notes}"
    );
    for piece in [
        "Of 3 commands 2 are run (2 as they stand), 2 of these in tutorials that are verified; 1 not run.",
        "- A lamp: verified on ",
        "- line 15\n\n  ```sh\n  reboot\n  ```\n\n  It would.\n",
        "- line 8, `echo version 1`\n\n  The file shows\n\n  ```text\n  version 0\n  ```\n",
    ] {
        assert!(notes.contains(piece), "{piece}\n{notes}");
    }
    // As an author gets it who has no more than a clone.
    std::fs::remove_dir_all(world.path("cache")).expect("a cache");
    std::fs::remove_dir_all(world.path("upstream")).expect("upstream");
    let notes = world
        .twin(&["export", "--to", "upstream-notes"])
        .expect(0)
        .stdout;
    assert!(notes.contains("Of 3 commands 2 are run"), "{notes}");
    assert!(notes.contains("The file itself was not at hand"), "{notes}");
}

#[test]
fn what_can_not_be_exported_is_said() {
    let world = book();
    world
        .twin(&["export", "--to", "a-poem"])
        .expect(2)
        .says(&["a-poem", "upstream-notes"]);
    world
        .twin(&["export", "--to", "upstream-notes", "lmap"])
        .expect(2)
        .says(&["there is no tutorial `lmap`", "did you mean `lamp`?"]);
    world.tutorial("own", crate::GREETING);
    world
        .twin(&["export", "--to", "upstream-notes", "own"])
        .expect(2)
        .says(&["`own` has no upstream"]);
    world.write("book/tutorials/broken.yaml", "title: 1\nsteps: [{}]\n");
    let all = world.twin(&["export", "--to", "upstream-notes"]).expect(2);
    assert_eq!(all.says(&["tutorials/broken.yaml:2:"]).stdout, "");
}

#[test]
fn a_recording_that_agrees_leaves_the_time_that_it_took() {
    let world = World::new();
    world.tutorial("greeting", crate::GREETING);
    world.twin(&["record", "--runs", "1", "greeting"]).expect(0);
    let file = "book/tutorials/greeting.timings.json";
    let written = world.read(file);
    assert!(
        written.starts_with("{\"twin\": 1, \"seconds\": "),
        "{written}"
    );
    let slow = "{\"twin\": 1, \"seconds\": 4000.0}\n";
    world.write(file, slow);
    world.twin(&["record", "--runs", "1", "greeting"]).expect(0);
    assert_eq!(world.read(file), slow);
    world.edit("book/tutorials/greeting.yaml", "World", "moon");
    world.twin(&["record", "--runs", "1", "greeting"]).expect(0);
    assert_ne!(world.read(file), slow);
    world.write(file, "{}");
    world.twin(&["check"]).expect(2).says(&[
        "tutorials/greeting.timings.json",
        "mdbook-twin record greeting",
    ]);
}
