//! PID 1 in a host: terminals, shell integration, screen.
//!
//! In: a script of steps on stdin. Out: events on stdout. Both are line-framed JSON, see [`protocol`]. Not here: how the
//! host came to be (`lab/`), and which tutorial this is (`run/`).

pub mod protocol;
