//! What apt and mmdebstrap said → what a reader can do about it.

use crate::judge::Missing;
use crate::lab::needs::install;
use crate::lab::system::sources::Archive;
use crate::lab::system::{Unavailable, Wanted};

/// How many of the last lines are shown when none of them is understood.
const LAST: usize = 8;

/// What no mirror answers with.
const UNREACHED: [&str; 7] = [
    "Could not resolve",
    "Temporary failure resolving",
    "Could not connect",
    "Unable to connect",
    "Connection failed",
    "Connection timed out",
    "Network is unreachable",
];

/// Why the build failed, by its lines.
pub(super) fn explain(lines: &[String], wanted: &Wanted, archive: &Archive) -> Unavailable {
    let suite = &wanted.suite;
    if let Some(name) = lines.iter().find_map(|line| unknown_package(line)) {
        return Unavailable::Failed(format!(
            "Debian {suite} has no package {name}: look for its name in that suite (packages.debian.org), and mend `packages`"
        ));
    }
    let says = |what: &str| lines.iter().any(|line| line.contains(what));
    if UNREACHED.into_iter().any(says) {
        return Unavailable::Missing(Missing {
            what: format!("a way to the mirror for Debian {suite}"),
            remedy: "the network, apt's proxy, or [preprocessor.twin] mirror = \"http://…/debian\""
                .to_owned(),
        });
    }
    if says("does not have a Release file") || says("no longer has a Release file") {
        return Unavailable::Failed(format!(
            "the mirror has no suite {suite}: `debian:` takes a code name such as trixie; for an old one set `mirror` in [preprocessor.twin]"
        ));
    }
    if says("NO_PUBKEY") || says("is not signed") {
        return Unavailable::Missing(Missing {
            what: format!("the key that Debian {suite} is signed with"),
            remedy: install("debian-archive-keyring").to_string(),
        });
    }
    if says("No space left on device") {
        return Unavailable::Missing(Missing {
            what: format!("space on the disk for Debian {suite}"),
            remedy: "mdbook-twin clean, or another TWIN_CACHE_DIR".to_owned(),
        });
    }
    let last = lines.iter().skip(lines.len().saturating_sub(LAST));
    let last: Vec<String> = last
        .map(|line| format!("\n  {}", archive.without_address(line)))
        .collect();
    Unavailable::Failed(format!(
        "Debian {suite} could not be built:{}",
        last.concat()
    ))
}

/// `E: Unable to locate package vdenz`
fn unknown_package(line: &str) -> Option<String> {
    let line = line.strip_prefix("E: ")?;
    let name = line
        .strip_prefix("Unable to locate package ")
        .or_else(|| line.strip_prefix("Unable to find a source package for "))
        .or_else(|| {
            Some(
                line.strip_prefix("Package '")?
                    .split_once("' has no installation candidate")?
                    .0,
            )
        })
        .or_else(|| line.strip_prefix("Couldn't find any package by regex '"))?;
    Some(name.trim_end_matches('\'').to_owned())
}

#[cfg(test)]
mod tests {
    use super::unknown_package;

    #[test]
    fn apt_names_the_package_that_is_not_there() {
        for line in [
            "E: Unable to locate package vdenz",
            "E: Package 'vdenz' has no installation candidate",
            "E: Unable to find a source package for vdenz",
        ] {
            assert_eq!(unknown_package(line).as_deref(), Some("vdenz"), "{line}");
        }
        assert_eq!(unknown_package("E: Unmet dependencies"), None);
    }
}
