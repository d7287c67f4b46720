//! Debian systems that hosts are made of: built once, in layers, below the cache directory.
//!
//! In: a suite, packages, an archive. Out: folders for an overlay, the lowest first: the suite's base, which all of its
//! systems share, and the packages over it. Not here: mounting them (`init/overlay.rs`), and what a run adds
//! (`host/system.rs`).
//!
//! ```text
//! systems/NAME/layer/      a layer, its owners being ids of the lab; NAME is the suite and a hash
//! systems/NAME/stamp       another one for each build, so that what was built over a base is found only over that one
//! systems/building/NAME/   a build that goes on, or that was killed: locked as long as it goes on
//! systems/locks/NAME       locked by a build, shared by runs
//! facts/HASH.json          the versions of a system's packages, for caches that are merged without the systems
//! ```

mod build;
mod explain;
mod shelf;
mod sources;

use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use crate::judge::Missing;
use crate::lab::needs::install;
use crate::lab::{ids, programs};
use crate::need::{Kind, Mend, Need};
use crate::tutorial::{self, Tutorial};

pub use shelf::Shelf;
pub use sources::Sources;

/// A system as a spec asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    suite: String,
    /// Sorted, each once.
    packages: Vec<String>,
    /// Source packages, without `src:`.
    sources: Vec<String>,
}

/// Why there is no system.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// The machine lacks something, or reaches no mirror: a skip.
    #[error("{} is missing: {}", .0.what, .0.remedy)]
    Missing(Missing),
    /// The archive has no such suite or package, or the build failed; in words.
    #[error("{0}")]
    Failed(String),
    /// It was asked to stop.
    #[error("interrupted while a system was built")]
    Interrupted,
}

impl Wanted {
    /// What a host asks for; `None` when it is made of the machine.
    pub fn of(system: &tutorial::System) -> Option<Self> {
        match system {
            tutorial::System::Machine { .. } => None,
            tutorial::System::Debian { suite, packages } => Some(Self::new(suite, packages)),
        }
    }

    /// A suite and packages; `src:NAME` is a source package.
    pub fn new(suite: &str, packages: &[String]) -> Self {
        let (sources, mut packages): (Vec<String>, Vec<String>) = packages
            .iter()
            .cloned()
            .partition(|name| name.starts_with("src:"));
        let mut sources: Vec<String> = sources
            .iter()
            .map(|name| name["src:".len()..].to_owned())
            .collect();
        for names in [&mut packages, &mut sources] {
            names.sort();
            names.dedup();
        }
        Self {
            suite: suite.to_owned(),
            packages,
            sources,
        }
    }

    fn in_words(&self) -> String {
        let sources = self
            .sources
            .iter()
            .map(|name| format!("the source of {name}"));
        let all: Vec<String> = self.packages.iter().cloned().chain(sources).collect();
        all.join(", ")
    }

    fn is_bare(&self) -> bool {
        self.packages.is_empty() && self.sources.is_empty()
    }
}

/// The layers of a system, the lowest first, built where they are not there yet (half a minute for a base, seconds for
/// packages). They are kept from [`Shelf::free`] until this process ends.
///
/// `progress` is told what is waited for; `stop` ends a build when it becomes readable.
///
/// # Errors
/// [`Unavailable`]: nothing is left behind.
pub fn provide(
    wanted: &Wanted,
    cache: &Path,
    sources: &Sources,
    stop: Option<BorrowedFd<'_>>,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<PathBuf>, Unavailable> {
    build::layers(wanted, cache, sources, stop, progress)
}

/// The versions of the packages that the spec lists, as its system has them; none before it was built.
pub fn versions(wanted: &Wanted, cache: &Path, sources: &Sources) -> BTreeMap<String, String> {
    let archive = sources.archive();
    archive.map_or_else(BTreeMap::new, |archive| {
        Shelf::new(cache).facts(wanted, &archive)
    })
}

/// The systems that a tutorial needs: there, to be built, or impossible to build on this machine.
pub fn needs(tutorial: &Tutorial, cache: &Path, sources: &Sources) -> Vec<Need> {
    let hosts = tutorial.hosts.iter();
    let wanted = hosts.filter_map(|host| Wanted::of(&host.system));
    let mut all: Vec<Need> = Vec::new();
    for one in wanted.flat_map(|wanted| wanted.needs(cache, sources)) {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

impl Wanted {
    fn needs(&self, cache: &Path, sources: &Sources) -> Vec<Need> {
        let what = self.shown();
        let Some(archive) = sources.archive() else {
            let remedy = "[preprocessor.twin] mirror = \"http://…/debian\"".to_owned();
            let what = "an archive of Debian in the sources of this machine's apt".to_owned();
            return vec![Need::unmet(Kind::System, what, Mend::Words(remedy))];
        };
        if ids::of_caller().is_ok_and(|ids| Shelf::new(cache).has(self, &archive, &ids)) {
            return vec![Need::met(Kind::System, what, "built")];
        }
        let lacking: Vec<Need> = self.tools().filter_map(lacks).collect();
        if lacking.is_empty() {
            return vec![Need::met(
                Kind::System,
                what,
                "is built before the first run",
            )];
        }
        lacking
    }

    /// What builds it: programs, each with its package.
    fn tools(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let always = [("mmdebstrap", "mmdebstrap"), ("apt-get", "apt")];
        let for_sources = (!self.sources.is_empty()).then_some(("dpkg-source", "dpkg-dev"));
        always.into_iter().chain(for_sources)
    }

    fn shown(&self) -> String {
        match self.is_bare() {
            true => format!("Debian {}", self.suite),
            false => format!("Debian {} with {}", self.suite, self.in_words()),
        }
    }
}

fn lacks((program, package): (&str, &str)) -> Option<Need> {
    let there = programs::find(program).is_some();
    (!there).then(|| {
        Need::unmet(
            Kind::Program,
            format!("the program {program}"),
            install(package),
        )
    })
}
