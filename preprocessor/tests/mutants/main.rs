//! Neither noise nor a rubber stamp: what `verify` makes of a run that is wrong in one place.
//!
//! A mutant is a raw run with one change: a digit, a letter, a line, an exit status, the name of an interface, two
//! values in each other's place. The generator draws all tokens equally and knows nothing of `varies`; only afterwards
//! it is asked whether what was changed had been free. Whatever else was changed has to fail.
//!
//! The raw runs are those that the committed transcripts show, and those of `cases/mutants` (one folder: one tutorial,
//! `run-N.txt`: one run of it, `$ ` before each command, `learned.yaml`: the transcript that is learned from them;
//! `TWIN_BLESS=1` rewrites the latter). `TWIN_MUTANTS` is how many are drawn of each, or `all`.
//! `TWIN_RUNS` is a folder with more runs of the committed tutorials, NAME.N.json, as the cache has them (the long tier
//! makes it, see `.ci/long learn`): each of them must verify, its mutants are drawn too, and each free value must have
//! been another in two of them unless a prior frees it.
#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod changes;
mod recorded;
mod subject;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mdbook_twin::judge::Verdict;

use changes::{CLASSES, Mutant};
use subject::{Subject, Tokens, cases, committed};

/// Of the mutants of what is not free, at least so many are caught.
const CAUGHT: f64 = 0.98;

/// Of a transcript's tokens, at most so many are free.
const FREE: f64 = 0.10;

/// These are always recorded.
const QUICK: [&str; 4] = ["first-steps", "fuse2fs", "two-hosts", "vde-namespaces"];

/// How many mutants of each run the short tier draws.
const DRAWN: usize = 250;

#[test]
fn a_run_that_is_wrong_in_one_place_fails() {
    let mut table = Table::default();
    for subject in committed().iter().chain(&cases()) {
        for (name, run) in &subject.runs {
            subject.is_verified(name, run);
            for mutant in subject.mutants(run) {
                table.count(subject, &mutant);
            }
        }
    }
    eprintln!("{table}");
    assert!(table.is_good(), "{table}");
}

#[test]
fn little_is_free_and_each_has_its_ground() {
    let mut said = String::new();
    let mut wrong = Vec::new();
    let mut all = Vec::new();
    for subject in committed() {
        let (name, tokens) = (&subject.tutorial.name, subject.tokens());
        let grounds = subject.grounds();
        writeln!(said, "{name:21} {tokens}: {grounds}").unwrap();
        if tokens.free_share() > FREE {
            wrong.push(format!("{name}: too much is free"));
        }
        let groundless = grounds.without.iter();
        wrong.extend(groundless.map(|place| format!("{name}: {place}")));
        all.push(tokens);
    }
    let all: Tokens = all.into_iter().sum();
    writeln!(said, "{:21} {all}", "all").unwrap();
    eprintln!("{said}");
    assert!(wrong.is_empty(), "{said}{}", wrong.join("\n"));
}

/// What became of the mutants.
#[derive(Default)]
struct Table {
    rows: BTreeMap<&'static str, Row>,
    passed: Vec<String>,
}

#[derive(Default)]
struct Row {
    fixed: usize,
    caught: usize,
    within: usize,
    within_caught: usize,
}

impl Table {
    fn count(&mut self, subject: &Subject, mutant: &Mutant) {
        let caught = matches!(subject.verdict(&mutant.run), Verdict::Failed(_));
        let row = self.rows.entry(mutant.class).or_default();
        if mutant.within {
            row.within += 1;
            row.within_caught += usize::from(caught);
            return;
        }
        row.fixed += 1;
        row.caught += usize::from(caught);
        if !caught {
            let name = &subject.tutorial.name;
            self.passed
                .push(format!("{name}: {}: {}", mutant.class, mutant.what));
        }
    }

    /// In each class, and so in all of them.
    fn is_good(&self) -> bool {
        let good = |row: &Row| row.caught as f64 >= CAUGHT * row.fixed as f64;
        CLASSES
            .iter()
            .all(|class| self.rows.get(class).is_some_and(good))
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "{:26} {:>6} {:>6} {:>7}   {:>11} {:>6}",
            "mutant", "fixed", "caught", "", "within kind", "caught"
        )?;
        let mut all = Row::default();
        let mut line = |name: &str, row: &Row| {
            let share = 100.0 * row.caught as f64 / row.fixed.max(1) as f64;
            writeln!(
                f,
                "{name:26} {:6} {:6} {share:5.1} %   {:11} {:6}",
                row.fixed, row.caught, row.within, row.within_caught
            )
        };
        for class in CLASSES {
            let Some(row) = self.rows.get(class) else {
                continue;
            };
            line(class, row)?;
            all.fixed += row.fixed;
            all.caught += row.caught;
            all.within += row.within;
            all.within_caught += row.within_caught;
        }
        line("all", &all)?;
        for passed in self.passed.iter().take(40) {
            writeln!(f, "not caught: {passed}")?;
        }
        Ok(())
    }
}
