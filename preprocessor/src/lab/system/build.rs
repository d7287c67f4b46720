//! One layer after the other: had, waited for, or built.

use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use crate::judge::Missing;
use crate::lab::ids::{self, Ranges};
use crate::lab::init::Work;
use crate::lab::init::overlay::Overlay;
use crate::lab::system::explain::explain;
use crate::lab::system::shelf::{Name, Shelf};
use crate::lab::system::sources::{self, Archive};
use crate::lab::system::{Sources, Unavailable, Wanted};
use crate::lab::worker::{self, Ended};
use crate::lab::{packages, refusal};
use crate::need::Need;

const BASE: &str = include_str!("base.sh");
const PACKAGES: &str = include_str!("packages.sh");

/// How many lines of a build are kept for the case that it fails.
const KEPT: usize = 400;

/// Builds a layer in a folder, telling what goes on.
type Build<'a, B> = &'a mut dyn FnMut(&B, &Path, &mut dyn FnMut(&str)) -> Result<(), Unavailable>;

/// All that a build takes.
struct Builder<'a> {
    wanted: &'a Wanted,
    shelf: Shelf,
    archive: Archive,
    ids: Ranges,
    stop: Option<BorrowedFd<'a>>,
}

pub(super) fn layers(
    wanted: &Wanted,
    cache: &Path,
    sources: &Sources,
    stop: Option<BorrowedFd<'_>>,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<PathBuf>, Unavailable> {
    let ids = ids::of_caller().map_err(|none| {
        let (what, mend) = refusal::no_ranges(&none);
        let remedy = mend.to_string();
        Unavailable::Missing(Missing { what, remedy })
    })?;
    if let Some(lacking) = wanted.needs(cache, sources).iter().find_map(Need::missing) {
        return Err(Unavailable::Missing(lacking));
    }
    let Some(archive) = sources.archive() else {
        return Err(Unavailable::Failed("the archive went away".to_owned()));
    };
    let builder = Builder {
        wanted,
        shelf: Shelf::new(cache),
        archive,
        ids,
        stop,
    };
    builder.layers(progress)
}

impl Builder<'_> {
    fn layers(&self, progress: &mut dyn FnMut(&str)) -> Result<Vec<PathBuf>, Unavailable> {
        let suite = &self.wanted.suite;
        let base = Name::of_base(suite, &self.archive, &self.ids);
        let what = format!("Debian {suite}");
        let base = self.layer(&base, &what, progress, &mut |builder, folder, progress| {
            builder.build_base(folder, progress)
        })?;
        let mut layers = vec![base];
        if !self.wanted.is_bare() {
            let name = Name::of_packages(self.wanted, &self.shelf.stamp(&layers[0]));
            let what = self.wanted.shown();
            let below = layers[0].clone();
            layers.push(
                self.layer(&name, &what, progress, &mut |builder, folder, progress| {
                    builder.build_packages(&below, folder, progress)
                })?,
            );
        }
        // Kept apart from the systems, so written even when the system was built by an older cache.
        let top = layers.last().map_or(Path::new(""), PathBuf::as_path);
        self.shelf
            .keep_facts(self.wanted, &self.archive, &self.versions(top));
        Ok(layers)
    }

    /// The layer of that name. Whoever finds it missing builds it; others wait.
    fn layer(
        &self,
        name: &Name,
        what: &str,
        progress: &mut dyn FnMut(&str),
        build: Build<'_, Self>,
    ) -> Result<PathBuf, Unavailable> {
        let broken = |error: std::io::Error| {
            Unavailable::Failed(format!("{what}: the cache can't be written: {error}"))
        };
        loop {
            let wait = &mut |_: &str| progress(&format!("waiting for another build of {what}"));
            if let Some(layer) = self.shelf.hold(name, wait).map_err(broken)? {
                return Ok(layer);
            }
            let Some(claim) = self.shelf.claim(name, wait).map_err(broken)? else {
                continue; // Another one has built it meanwhile.
            };
            progress(&format!("building {what} (once; it is kept)"));
            let mut tell = |phase: &str| progress(&format!("{what}: {phase}"));
            match build(self, claim.folder(), &mut tell) {
                Ok(()) => claim.finish().map_err(broken)?,
                Err(why) => {
                    claim.give_up();
                    return Err(why);
                }
            }
        }
    }

    fn build_base(&self, folder: &Path, progress: &mut dyn FnMut(&str)) -> Result<(), Unavailable> {
        let work = Work {
            folders: vec![(folder.to_owned(), "building".to_owned())],
            layers: Vec::new(),
            overlay: Overlay::Any,
            script: BASE.to_owned(),
            env: self.environment(),
        };
        self.run(&work, progress)?;
        Ok(())
    }

    fn build_packages(
        &self,
        base: &Path,
        folder: &Path,
        progress: &mut dyn FnMut(&str),
    ) -> Result<(), Unavailable> {
        let mut env = self.environment();
        env.insert("PACKAGES".to_owned(), self.wanted.packages.join(" "));
        env.insert("SOURCES".to_owned(), self.wanted.sources.join(" "));
        let work = Work {
            folders: vec![
                (folder.to_owned(), "building".to_owned()),
                (base.to_owned(), "base".to_owned()),
            ],
            layers: vec!["base".to_owned()],
            overlay: Overlay::Any,
            script: PACKAGES.to_owned(),
            env,
        };
        self.run(&work, progress)
    }

    fn environment(&self) -> BTreeMap<String, String> {
        let mut env = sources::proxies();
        let place = crate::lab::init::place();
        let source = self
            .archive
            .line("deb", &self.wanted.suite, &format!("{place}/key.asc"));
        env.extend([
            ("APT".to_owned(), sources::apt_configuration()),
            ("ARCH".to_owned(), packages::architecture().to_owned()),
            ("KEY".to_owned(), self.archive.inline_key().to_owned()),
            ("SOURCE".to_owned(), source),
            ("SUITE".to_owned(), self.wanted.suite.clone()),
        ]);
        env
    }

    fn run(&self, work: &Work, progress: &mut dyn FnMut(&str)) -> Result<(), Unavailable> {
        let mut lines = Vec::new();
        let ended = worker::run(work, self.stop, &mut |line| {
            if let Some(phase) = phase(line) {
                progress(phase);
            }
            if lines.len() == KEPT {
                lines.remove(0);
            }
            lines.push(line.to_owned());
        });
        match ended {
            Ok(Ended::Good) => Ok(()),
            Ok(Ended::Badly) => Err(explain(&lines, self.wanted, &self.archive)),
            Ok(Ended::Refused(missing)) => Err(Unavailable::Missing(missing)),
            Ok(Ended::Stopped) => Err(Unavailable::Interrupted),
            Err(error) => Err(Unavailable::Failed(format!(
                "Debian {}: {error}",
                self.wanted.suite
            ))),
        }
    }

    /// What is installed, by the system's own list; a source's version, by its changelog.
    fn versions(&self, top: &Path) -> BTreeMap<String, String> {
        let status = top.join("var/lib/dpkg/status");
        let mut versions = packages::versions_in(&status, &self.wanted.packages);
        for name in &self.wanted.sources {
            let changelog = top.join("usr/src").join(name).join("debian/changelog");
            let version = std::fs::read_to_string(changelog)
                .ok()
                .and_then(|text| changelog_version(&text));
            versions.extend(version.map(|version| (format!("src:{name}"), version)));
        }
        versions
    }
}

/// Lines that say what goes on, in mmdebstrap's words and ours.
fn phase(line: &str) -> Option<&str> {
    if let Some(phase) = line.strip_prefix("twin: ") {
        return Some(phase);
    }
    let phase = line.strip_prefix("I: ")?;
    let told = ["downloading", "extracting", "installing"];
    told.into_iter()
        .any(|word| phase.starts_with(word))
        .then(|| phase.trim_end_matches('.'))
}

/// `libslirp (4.8.0-1) unstable; urgency=medium`
fn changelog_version(changelog: &str) -> Option<String> {
    let (_, rest) = changelog.lines().next()?.split_once('(')?;
    Some(rest.split_once(')')?.0.to_owned())
}
