//! What is said of a tutorial as a whole: the banner above it, and its row in the table of all.

use serde::Serialize;

use super::InBook;
use super::commands::shares;
use super::overview::permissions;
use super::screen::anchor;
use super::shown::step_label;
use crate::judge::verdict::{Stale, VerifiedBy, Why};
use crate::judge::{Missing, Verdict, Verification};
use crate::outcome::Facts;
use crate::tutorial::{Host, Input, Permission, System, Tutorial, Upstream, UpstreamSource};

/// As banner.html takes it. Strings are empty and lists are empty where there is nothing to say.
#[derive(Debug, Serialize)]
pub(super) struct BannerView {
    name: String,
    title: String,
    /// `verified`, `failed`, `stale`, `skipped`, `unrecorded`.
    pub(super) verdict: &'static str,
    /// Only the verdict and a link to upstream: this is not the tutorial's first part.
    brief: bool,
    /// When it was verified, else when the shown outputs were recorded: `YYYY-MM-DD`.
    date: String,
    /// `run`, `cache`, `transcript`: what showed that it is true.
    by: &'static str,
    facts: FactsView,
    upstream: Option<UpstreamView>,
    needs: Vec<String>,
    /// `35 in all: 9 run here, 26 in other tutorials`.
    commands: String,
    failed: Option<FailedView>,
    /// What changed since the transcript.
    changes: Vec<String>,
    /// How old a transcript may be, where this one is older.
    max_age: String,
    /// Why there is no transcript.
    reason: String,
    missing: Vec<Missing>,
    /// The outputs are today's, not the transcript's.
    today: bool,
}

#[derive(Debug, Default, Serialize)]
struct FactsView {
    kernel: String,
    arch: String,
    systems: Vec<String>,
    /// By name; a map would lose their order in the template.
    packages: Vec<(String, String)>,
}

#[derive(Debug, Serialize)]
struct UpstreamView {
    label: String,
    commit: String,
    href: String,
    /// The file could not be read, so what the README shows as output is not known.
    locked: bool,
}

#[derive(Debug, Serialize)]
struct FailedView {
    step: String,
    href: String,
    why: String,
    more: usize,
}

/// The banner above a part of a tutorial; `brief` for one that is not the first.
pub(super) fn in_book(of: &Verification, brief: bool, book: &InBook<'_>) -> BannerView {
    let file = book.tally.file_of(&of.tutorial).filter(|_| !brief);
    let commands = file.map(|file| {
        let all = file.count().commands;
        format!("{all} in all: {}", shares(of, file))
    });
    BannerView {
        commands: commands.unwrap_or_default(),
        ..banner(of, brief)
    }
}

/// The banner without the book around it; `brief`: the verdict alone.
pub(super) fn banner(of: &Verification, brief: bool) -> BannerView {
    let tutorial = &of.tutorial;
    let mut view = BannerView {
        name: tutorial.name.clone(),
        title: tutorial.title.clone(),
        verdict: of.verdict.word(),
        brief,
        date: of
            .transcript
            .as_ref()
            .map(|it| it.recorded.clone())
            .unwrap_or_default(),
        by: "",
        facts: of
            .transcript
            .as_ref()
            .map(|it| facts(&it.facts))
            .unwrap_or_default(),
        upstream: tutorial.upstream.as_ref().map(upstream),
        needs: needs(tutorial),
        commands: String::new(),
        failed: None,
        changes: Vec::new(),
        max_age: String::new(),
        reason: String::new(),
        missing: Vec::new(),
        today: super::shown::source(of) == super::shown::Source::Today,
    };
    match &of.verdict {
        Verdict::Verified {
            by,
            date,
            facts: ran_on,
        } => {
            view.date.clone_from(date);
            view.by = by_word(*by);
            view.facts = facts(ran_on);
        }
        Verdict::Failed(failed) => {
            if let Some(run) = &of.run {
                view.date.clone_from(&run.date);
                view.facts = facts(&run.facts);
            }
            view.failed = tutorial.steps.get(failed.step).map(|step| FailedView {
                step: step_label(step).to_owned(),
                href: format!("#{}", anchor(tutorial, step)),
                why: why(&failed.why),
                more: failed.more.len(),
            });
        }
        Verdict::Stale(Stale::Changed(changes)) => view.changes.clone_from(changes),
        Verdict::Stale(Stale::Old { max_age, .. }) => view.max_age = max_age.to_string(),
        Verdict::Unrecorded(reason) => view.reason = reason.clone().unwrap_or_default(),
        Verdict::Skipped(missing) => view.missing.clone_from(missing),
    }
    view
}

/// In one line, for a banner; the diff stands at the step.
pub(super) fn why(why: &Why) -> String {
    match why {
        Why::CouldNotGoOn(failure) => failure.to_string(),
        Why::Differs(diff) => match diff.against {
            crate::judge::verdict::Against::Expect => {
                "its output is not what the tutorial expects".to_owned()
            }
            crate::judge::verdict::Against::Transcript => {
                "its output is not what was recorded".to_owned()
            }
        },
        Why::NotInTranscript => "the transcript has other commands for it".to_owned(),
        Why::NeverRan(why) => why.clone(),
    }
}

fn by_word(by: VerifiedBy) -> &'static str {
    match by {
        VerifiedBy::Run => "run",
        VerifiedBy::Cache => "cache",
        VerifiedBy::Transcript => "transcript",
    }
}

fn facts(facts: &Facts) -> FactsView {
    let mut systems: Vec<String> = Vec::new();
    for system in facts.systems.values() {
        if !systems.contains(system) {
            systems.push(system.clone());
        }
    }
    FactsView {
        kernel: facts.kernel.clone(),
        arch: facts.arch.clone(),
        systems,
        packages: facts.packages.clone().into_iter().collect(),
    }
}

fn upstream(of: &Upstream) -> UpstreamView {
    UpstreamView {
        label: upstream_label(of),
        commit: of.commit.chars().take(10).collect(),
        href: file_link(of, None),
        locked: of.source == UpstreamSource::Lock,
    }
}

/// `virtualsquare/sshlirp, README.md`.
pub(super) fn upstream_label(of: &Upstream) -> String {
    format!("{}, {}", of.github.as_deref().unwrap_or(&of.url), of.file)
}

/// Where a reader sees upstream's file at the commit; empty where we know no such place.
pub(super) fn file_link(upstream: &Upstream, line: Option<usize>) -> String {
    let Some(repository) = &upstream.github else {
        return String::new();
    };
    // `plain=1`: the text with line numbers, not the rendered page, which has no lines to point at.
    let line = line
        .map(|line| format!("?plain=1#L{line}"))
        .unwrap_or_default();
    format!(
        "https://github.com/{repository}/blob/{}/{}{line}",
        upstream.commit, upstream.file
    )
}

/// What a machine must have or grant: the permissions of all hosts, then host by host, each once.
fn needs(tutorial: &Tutorial) -> Vec<String> {
    let mut all = vec![listed("permission", &permissions(tutorial))];
    for need in tutorial.hosts.iter().map(needs_of_host) {
        if !all.contains(&need) {
            all.push(need);
        }
    }
    let input = |input: &Input| format!("{} (pinned)", input.source.url());
    all.extend(tutorial.inputs.iter().map(input));
    all.retain(|need| !need.is_empty());
    all
}

fn needs_of_host(host: &Host) -> String {
    let programs = listed("program", &host.programs);
    let system = match &host.system {
        System::Machine { packages } => listed("package", packages),
        System::Debian { suite, packages } if packages.is_empty() => {
            format!("Debian {suite} as {}", host.name)
        }
        System::Debian { suite, packages } => {
            format!(
                "Debian {suite} as {} with {}",
                host.name,
                packages.join(", ")
            )
        }
    };
    let said = [system, programs].into_iter().filter(|it| !it.is_empty());
    said.collect::<Vec<_>>().join("; ")
}

/// `the package vdens`, `the packages vdens, vdeplug`; nothing for none.
fn listed<T: std::borrow::Borrow<str>>(noun: &str, names: &[T]) -> String {
    match names.len() {
        0 => String::new(),
        1 => format!("the {noun} {}", names.join(", ")),
        _ => format!("the {noun}s {}", names.join(", ")),
    }
}

pub(super) fn permission_word(permission: Permission) -> &'static str {
    match permission {
        Permission::Tun => "tun",
        Permission::Fuse => "fuse",
        Permission::Kvm => "kvm",
        Permission::Cgroups => "cgroups",
        Permission::Network => "network",
    }
}
