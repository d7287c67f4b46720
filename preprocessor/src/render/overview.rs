//! All tutorials with what they need and their verdicts, for `{{#tutorials}}`.

use std::time::Duration;

use serde::Serialize;

use super::InBook;
use super::banner::{BannerView, banner, permission_word};
use super::commands::{TotalView, total};
use super::pieces::{self, Piece};
use crate::judge::Verification;
use crate::report;
use crate::tutorial::{System, Tutorial};

/// As overview.html takes it.
#[derive(Serialize)]
pub(super) struct OverviewView {
    rows: Vec<RowView>,
    upstream: Option<TotalView>,
}

#[derive(Serialize)]
struct RowView {
    href: String,
    summary: Vec<Piece>,
    hosts: String,
    permissions: Vec<&'static str>,
    took: String,
    banner: BannerView,
}

pub(super) fn overview(all: &[&Verification], book: &InBook<'_>) -> OverviewView {
    let row = |of: &&Verification| {
        let tutorial = &of.tutorial;
        RowView {
            href: (book.href)(&tutorial.name).unwrap_or_default(),
            summary: pieces::inline(tutorial.summary.as_deref().unwrap_or_default()),
            hosts: hosts(tutorial),
            permissions: permissions(tutorial),
            took: took(of).map(words).unwrap_or_default(),
            banner: banner(of, true),
        }
    };
    OverviewView {
        rows: all.iter().map(row).collect(),
        upstream: total(book),
    }
}

/// `3 hosts of Debian trixie`.
pub(super) fn hosts(tutorial: &Tutorial) -> String {
    let mut systems: Vec<String> = Vec::new();
    for host in &tutorial.hosts {
        let system = match &host.system {
            System::Machine { .. } => "the machine".to_owned(),
            System::Debian { suite, .. } => format!("Debian {suite}"),
        };
        if !systems.contains(&system) {
            systems.push(system);
        }
    }
    let count = tutorial.hosts.len();
    let s = if count == 1 { "" } else { "s" };
    format!("{count} host{s}: {}", systems.join(", "))
}

/// In the order of their hosts, each once.
pub(super) fn permissions(tutorial: &Tutorial) -> Vec<&'static str> {
    let mut all = Vec::new();
    for permission in tutorial.hosts.iter().flat_map(|host| &host.needs) {
        let word = permission_word(*permission);
        if !all.contains(&word) {
            all.push(word);
        }
    }
    all
}

/// Of the recorded run, else of the one that the page tells of.
pub(super) fn took(of: &Verification) -> Option<Duration> {
    let recorded = of.timings.map(|timings| timings.took());
    let ran = of.run.as_ref().map(|run| run.took);
    recorded.or(ran).filter(|took| !took.is_zero())
}

/// `4 s`, `1 min 05 s`.
pub(super) fn words(took: Duration) -> String {
    match took.as_secs() {
        0 => "under 1 s".to_owned(),
        _ => report::elapsed(took),
    }
}
