//! Cases of whole runs: `tutorial.yaml` runs in a real lab, `run.txt` is what became of each step, as a person would tell it.

// Each test program compiles this file for itself and uses a part of it.
#![allow(dead_code, reason = "shared by several test programs")]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use mdbook_twin::config::Config;
use mdbook_twin::diagnostic::render_all;
use mdbook_twin::outcome::{CommandRun, Ended, Run};
use mdbook_twin::paint::Paint;
use mdbook_twin::project::Project;
use mdbook_twin::tutorial::{Fetch, Tutorial, load_with};
use mdbook_twin::upstream::Places;

use crate::labs;

/// The cases of a stage, in order. A folder with a file that nobody looks at is an error.
pub(crate) fn folders(stage: &str) -> Vec<PathBuf> {
    let folder = labs::cases(stage);
    let mut cases: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "no case in {}", folder.display());
    for case in &cases {
        let files: BTreeSet<_> = fs::read_dir(case)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        let unknown = files
            .iter()
            .find(|file| *file != "tutorial.yaml" && *file != "run.txt");
        assert_eq!(unknown, None, "{}: nobody looks at it", case.display());
    }
    cases
}

/// A case's tutorial, resolved.
pub(crate) fn load(case: &Path) -> Tutorial {
    let root = tempfile::tempdir().unwrap();
    let tutorials = root.path().join("tutorials");
    fs::create_dir(&tutorials).unwrap();
    fs::copy(case.join("tutorial.yaml"), tutorials.join("x.yaml")).unwrap();
    let cache = root.path().join("cache");
    let project = Project {
        root: root.path().to_owned(),
        config: Config::default(),
        cache: cache.clone(),
        places: Places {
            cache,
            dirs: Vec::new(),
        },
    };
    let loaded = load_with(&project, "x", Fetch::Never);
    loaded
        .unwrap_or_else(|wrong| panic!("{}\n{}", case.display(), render_all(&wrong, Paint::Plain)))
        .tutorial
}

/// Compares what came with what the case expects, or writes it there.
pub(crate) fn compare(case: &Path, came: &str) -> Result<(), String> {
    let name = case.file_name().unwrap().display();
    let path = case.join("run.txt");
    if labs::blessing() {
        fs::write(&path, came).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    match came == expected {
        true => Ok(()),
        false => Err(format!("{name}\n--- expected\n{expected}--- came\n{came}")),
    }
}

/// A run as a person would tell it; times are not in it.
pub(crate) fn in_words(run: &Run) -> String {
    let mut text = String::new();
    for step in &run.steps {
        let ended = match &step.ended {
            // When a program misses the end of its shell is chance.
            Ended::Done | Ended::DoneByInterrupt { .. } => "done".to_owned(),
            Ended::Failed(failure) => format!("failed: {failure}"),
            Ended::NotReached => "not reached".to_owned(),
            Ended::PassedOver => "passed over".to_owned(),
        };
        writeln!(text, "{}: {ended}", step.id).unwrap();
        for command in &step.commands {
            tell(&mut text, command);
        }
    }
    text
}

fn tell(text: &mut String, command: &CommandRun) {
    writeln!(text, "  {} {}", command.prompt, command.command).unwrap();
    for line in &command.output.lines {
        writeln!(text, "  | {}", line.text).unwrap();
    }
    let exit = command.exit.map_or("?".to_owned(), |exit| exit.to_string());
    writeln!(text, "  = {exit}").unwrap();
}
