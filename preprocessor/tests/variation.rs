//! Labs that start differently: what a script in them sees of it.
#![cfg(all(feature = "run", target_os = "linux"))]
#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

#[path = "labs/mod.rs"]
mod support;

use std::fs;

use mdbook_twin::lab::Variation;
use mdbook_twin::outcome::StepRun;
use mdbook_twin::run::{self, Options};
use mdbook_twin::tutorial::{self, Tutorial};

/// Everything that a start varies, each as a command.
const COMMANDS: [&str; 6] = [
    "hostname",
    "echo $$",
    "date +%z",
    "cut -d. -f1 /proc/uptime",
    // The names by which a host is called stay, and the new one is known.
    "getent hosts laptop $(hostname) | wc -l",
    // What `ps` shows of the first process stays.
    "tr '\\0' ' ' </proc/1/cmdline",
];

#[test]
fn every_seed_shows_other_values_and_none_shows_the_plain_ones() {
    support::use_program();
    let tutorial = tutorial();
    let seen: Vec<Vec<String>> = (0..3).map(|seed| outputs(&tutorial, seed)).collect();
    for index in 0..4 {
        let values = [&seen[0][index], &seen[1][index], &seen[2][index]];
        assert!(
            values[0] != values[1] && values[1] != values[2] && values[0] != values[2],
            "{}: {values:?}",
            COMMANDS[index]
        );
    }
    assert_eq!(seen[0][0], "laptop");
    assert_eq!(seen[0][2], "+0000");
    assert!(seen[1][0].starts_with("laptop-"), "{}", seen[1][0]);
    assert!(seen.iter().all(|outputs| outputs[4] == "2"), "{seen:?}");
    assert!(
        seen.iter().all(|outputs| outputs[5] == seen[0][5]),
        "{seen:?}"
    );
    // The same seed, the same start: what is not the clock's is equal.
    assert_eq!(outputs(&tutorial, 1)[..3], seen[1][..3]);
}

fn outputs(tutorial: &Tutorial, seed: u64) -> Vec<String> {
    let options = Options {
        variation: Variation::of(seed),
        ..Options::default()
    };
    let run = run::run(tutorial, &options, &mut |_| {}).unwrap();
    let commands = run.steps.iter().flat_map(|step: &StepRun| &step.commands);
    commands
        .map(|command| command.output.text().trim_end().to_owned())
        .collect()
}

fn tutorial() -> Tutorial {
    let book = tempfile::tempdir().unwrap();
    fs::write(book.path().join("book.toml"), "[book]\ntitle = 'x'\n").unwrap();
    fs::create_dir(book.path().join("tutorials")).unwrap();
    let lines: String = COMMANDS.map(|line| format!("      {line}\n")).concat();
    let spec = format!("title: Starts\nhosts: {{laptop: {{}}}}\nsteps:\n  - run: |\n{lines}");
    fs::write(book.path().join("tutorials/starts.yaml"), spec).unwrap();
    let project = mdbook_twin::project::Project::at(book.path()).unwrap();
    let loaded = tutorial::load(&project, "starts").unwrap();
    loaded.tutorial
}
