//! One book on four machines: each verifies its part into a cache of its own, and the caches are put together by copying.

use std::path::Path;

use crate::GREETING;
use crate::world::{Answer, World, program};

const NAMES: [&str; 6] = ["five", "four", "one", "six", "three", "two"];

/// A book of six tutorials, recorded.
fn book() -> World {
    let world = World::new();
    let mut record = vec!["record", "--runs", "1"];
    let mut chapter = "# A chapter\n".to_owned();
    for name in NAMES {
        chapter += &format!("\n{{{{#tutorial {name}}}}}\n");
        world.tutorial(name, &GREETING.replace("World", name));
        record.push(name);
    }
    world.write("book/src/chapter.md", &chapter);
    world.twin(&record).expect(0);
    world
}

fn on_machine(world: &World, cache: &str, arguments: &[&str]) -> Answer {
    let mut command = world.command(program());
    command.env("TWIN_CACHE_DIR", world.path(cache));
    Answer::of(command.args(arguments).output().expect("mdbook-twin runs"))
}

/// The names of what ran, sorted.
fn ran(answer: &Answer) -> Vec<String> {
    let lines = answer.stderr.lines();
    let mut names: Vec<String> = lines
        .filter_map(|line| line.strip_prefix("running ")?.split(':').next())
        .map(str::to_owned)
        .collect();
    names.sort();
    names
}

fn merge(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .args([&from.join("."), to])
        .status();
    assert!(copied.expect("cp runs").success());
}

#[test]
fn four_shards_run_everything_once_and_with_their_caches_merged_nothing_runs_again() {
    let world = book();
    let merged = world.path("merged");
    std::fs::create_dir_all(&merged).expect("a folder");
    let mut all = Vec::new();
    for k in 1..=4 {
        let cache = format!("cache-{k}");
        let shard = format!("{k}/4");
        let answer = on_machine(&world, &cache, &["verify", "--changed", "--shard", &shard]);
        let answer = answer.expect(0);
        all.extend(ran(&answer));
        merge(&world.path(&cache), &merged);
    }
    all.sort();
    assert_eq!(all, NAMES);
    let verify = on_machine(&world, "merged", &["verify", "--changed"])
        .expect(0)
        .says(&["6 verified"]);
    let build = on_machine(&world, "merged", &["build", "--execute", "changed"])
        .expect(0)
        .says(&["6 verified"]);
    assert_eq!(ran(&verify).len() + ran(&build).len(), 0);
    // Whether anything would be seen to run.
    let empty = on_machine(&world, "empty", &["verify", "--changed"]);
    assert_eq!(ran(&empty), NAMES);
}

#[test]
fn a_shard_of_named_tutorials_is_a_part_of_those() {
    let world = book();
    let named = ["verify", "two", "one", "three", "--shard", "2/2"];
    let answer = world.twin(&named).expect(0).says(&["1 verified"]);
    assert_eq!(ran(&answer), ["three"]);
    // More machines than tutorials is no mistake.
    world
        .twin(&["verify", "one", "--shard", "2/2"])
        .expect(0)
        .says(&["no tutorial"]);
}

#[test]
fn a_suite_that_is_none_is_said() {
    let answer = World::new().twin(&["verify", "--suite", "../trixie"]);
    answer
        .expect(2)
        .says(&["--suite", "such as bookworm, trixie or sid"]);
}

#[test]
fn a_shard_that_is_none_is_said() {
    let world = World::new();
    for (shard, says) in [
        ("5/4", "the parts of 4 are 1/4 to 4/4"),
        ("2", "`2/4` is the second of four parts"),
        ("1/0", "N is at least 1"),
    ] {
        world
            .twin(&["verify", "--shard", shard])
            .expect(2)
            .says(&[says, "--shard"]);
    }
}
