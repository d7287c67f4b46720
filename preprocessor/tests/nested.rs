//! Shells behind a login, a network or a container: su, sudo, ssh to a real sshd, vdens, LXC. A case is a folder of
//! `cases/nested`, see `labs/runs.rs`; TWIN_BLESS=1 writes the expectations, TWIN_CASE=NAME runs the cases so named and
//! TWIN_ROUNDS=N each of them N times.
//!
//! All are made of the same Debian system, so it is built once, in TWIN_CACHE_DIR or a folder of this test. Without a mirror
//! within reach nothing can be built; then this says so, and is skipped.
#![cfg(all(feature = "run", target_os = "linux"))]
#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod labs;
#[path = "labs/runs.rs"]
mod runs;

use std::path::{Path, PathBuf};
use std::process::Command;

use mdbook_twin::lab;
use mdbook_twin::lab::system::{self, Sources, Unavailable, Wanted};
use mdbook_twin::run::{self, Options};
use mdbook_twin::tutorial::{Permission, Tutorial};
use regex::Regex;

/// Where the system is kept.
const CACHE: &str = "TWIN_CACHE_DIR";

/// Set where nothing may be skipped, as in `.ci/run`.
const ALL: &str = "TWIN_TESTS_ALL";

/// What the dialogs send; no case may show it.
const SECRET: (&str, &str) = ("PASSWORD", "open sesame 7");

#[test]
fn cases() {
    labs::use_program();
    let Some(cache) = std::env::var_os(CACHE).map(PathBuf::from) else {
        return with_a_cache();
    };
    let options = options(&cache);
    let only = std::env::var("TWIN_CASE").unwrap_or_default();
    let rounds = std::env::var("TWIN_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap());
    let mut wrong = Vec::new();
    for case in runs::folders("nested") {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        if !name.contains(&only) {
            continue;
        }
        let tutorial = runs::load(&case);
        let missing = lab::missing(&tutorial, &options.grants, "crun");
        if let Some(missing) = missing.first() {
            assert!(std::env::var_os(ALL).is_none(), "{name}: {}", missing.what);
            eprintln!("{name}: not run, {} is missing", missing.what);
            continue;
        }
        if !provide(&tutorial, &cache) {
            return;
        }
        for _ in 0..rounds {
            wrong.extend(check(&case, &tutorial, &options).err());
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

fn options(cache: &Path) -> Options {
    Options {
        grants: vec![Permission::Tun, Permission::Cgroups],
        date: "2026-01-02".to_owned(),
        secrets: [(SECRET.0.to_owned(), SECRET.1.to_owned())].into(),
        cache: cache.to_owned(),
        ..Options::default()
    }
}

fn check(case: &Path, tutorial: &Tutorial, options: &Options) -> Result<(), String> {
    let run = run::run(tutorial, options, &mut |_| {}).unwrap();
    assert!(
        !format!("{run:?}").contains(SECRET.1),
        "{}: the secret is shown",
        case.display()
    );
    runs::compare(case, &without_what_varies(&runs::in_words(&run)))
}

/// A login tells the time, the kernel and where one comes from.
fn without_what_varies(text: &str) -> String {
    let varies = [
        (r"(?m)^(  \| Last login: ).*", "$1…"),
        (r"(?m)^(  \| Linux \S+ ).*", "$1…"),
        // What ssh says of a connection that breaks, and whether, depends on how far it had noticed.
        (
            r"(?m)^  \| (Connection to \S+ closed by|Read from) remote host.*\n",
            "",
        ),
        (r"SHA256:\S+", "SHA256:…"),
        (r"BusyBox v.*?\) ", "BusyBox v… "),
    ];
    varies
        .iter()
        .fold(text.to_owned(), |text, (what, instead)| {
            Regex::new(what)
                .unwrap()
                .replace_all(&text, *instead)
                .into_owned()
        })
}

/// Builds what the hosts are made of, where it is not there yet; whether it is.
fn provide(tutorial: &Tutorial, cache: &Path) -> bool {
    tutorial.hosts.iter().all(|host| {
        let wanted = Wanted::of(&host.system).unwrap();
        let mut tell = |what: &str| eprintln!("{what}");
        match system::provide(&wanted, cache, &Sources::default(), None, &mut tell) {
            Ok(_) => true,
            Err(Unavailable::Missing(missing)) => {
                assert!(std::env::var_os(ALL).is_none(), "{missing:?}");
                eprintln!("skipped, no mirror or no tool: {missing:?}");
                false
            }
            Err(wrong) => panic!("{wrong}"),
        }
    })
}

/// Runs this test again with a cache of its own, and looks after that from outside: who has run in a system uses it.
fn with_a_cache() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let again = Command::new(std::env::current_exe().unwrap())
        .args(["cases", "--exact", "--nocapture"])
        .env(CACHE, &cache)
        .status();
    let cleaned = Command::new(labs::program())
        .arg("clean")
        .env(CACHE, &cache)
        .status();
    assert!(again.unwrap().success(), "what went wrong stands above");
    assert!(cleaned.unwrap().success());
}
