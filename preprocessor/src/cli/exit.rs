//! What the exit code says. Under `mdbook` itself any failure is simply non-zero.

/// Good.
pub(crate) const GOOD: u8 = 0;
/// A tutorial that was asked for is failed, stale or unrecorded.
pub(crate) const NOT_TRUE: u8 = 1;
/// Bad usage, spec or README.
pub(crate) const BAD_INPUT: u8 = 2;
/// All were skipped.
pub(crate) const ALL_SKIPPED: u8 = 3;
