//! `[preprocessor.twin]` of book.toml, as written.

use serde::Deserialize;

/// The table. Unknown keys are errors; the first five belong to mdBook itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// mdBook's: how we are started.
    pub command: Option<String>,
    /// mdBook's: preprocessors that come after us.
    pub before: Vec<String>,
    /// mdBook's: preprocessors that come before us.
    pub after: Vec<String>,
    /// mdBook's: whether a missing program stops the build.
    pub optional: bool,
    /// mdBook's: the renderers we are for.
    pub renderers: Option<Vec<String>>,
    /// When tutorials run in a build.
    pub execute: Execute,
    /// What a failed tutorial does to a build.
    pub on_failure: OnFailure,
    /// What a skipped one does.
    pub on_skip: OnSkip,
    /// Tutorials that must be verified in this build.
    pub require: Vec<String>,
    /// How old a transcript may be that is shown without a run; default: any age.
    pub max_age: Option<crate::judge::MaxAge>,
    /// Permissions that this machine grants.
    pub grant: Vec<crate::tutorial::Permission>,
    /// Tutorials that run at the same time; default: one for each core.
    pub jobs: Option<usize>,
    /// Folders with `OWNER/REPO/COMMIT/FILE`, relative to the book's root.
    pub upstream_dirs: Vec<std::path::PathBuf>,
    /// The OCI runtime; default `crun`.
    pub runtime: Option<String>,
    /// The archive that Debian systems are made from, `http://…/debian`; default: the machine's own.
    pub mirror: Option<String>,
    /// The version of the installed assets, written by `init`, checked by a build.
    pub assets_version: Option<String>,
}

/// When tutorials run in a build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Execute {
    /// `Changed` in CI, `Never` elsewhere.
    #[default]
    Auto,
    /// What this machine can host and what was not verified here since it changed.
    Changed,
    /// All that this machine can host.
    Always,
    /// Nothing: pages are rendered from transcripts.
    Never,
}

/// What a failed tutorial does to a build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// The build fails.
    #[default]
    Error,
    /// It is said, and shown on the page.
    Warn,
}

/// What a skipped tutorial does to a build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnSkip {
    /// The page says so.
    #[default]
    Note,
    /// The build fails.
    Error,
}
