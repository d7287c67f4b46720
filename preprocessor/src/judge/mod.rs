//! A run against what was recorded and expected: transcript, matchers, diff, verdict.
//!
//! Pure: no clock, no environment, no file system. Not here: running (`run/`), showing (`report/`, `render/`).

pub mod bindings;
pub mod matcher;
pub mod pattern;
pub mod transcript;
pub mod verdict;

pub use transcript::Transcript;
pub use verdict::{Missing, Verdict, Verification};
