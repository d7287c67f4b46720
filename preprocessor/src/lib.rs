//! Every tutorial has a twin that runs.
//!
//! mdbook-twin reads READMEs at a pinned commit, runs their commands in real terminals, compares what came out with
//! what was recorded, and renders the result into an mdBook. Data flows one way:
//!
//! ```text
//! src/*.md ─ {{#tutorial NAME}} ─┐
//! tutorials/NAME.yaml ── spec ───┤                                    ┌─ page
//! upstream file @ commit ─ blocks ─→ Tutorial ─→ run ─→ Run ─→ judge ─┼─ verdict
//! tutorials/NAME.transcript.yaml ┘   (resolved)  (in the lab)         └─ exports
//! ```
//!
//! Everything but reading and running is pure: no clock, no environment variable, no file system, no network.
//! The command line, the machine output and the file formats are the public interface; this library is not.

#[cfg(all(feature = "run", target_os = "linux"))]
pub mod agent;
pub mod book;
pub mod cache;
pub mod config;
pub mod diagnostic;
pub mod export;
pub mod init;
pub mod judge;
#[cfg(all(feature = "run", target_os = "linux"))]
pub mod lab;
pub mod need;
pub mod outcome;
pub mod paint;
pub mod project;
pub mod readme;
pub mod render;
pub mod report;
#[cfg(all(feature = "run", target_os = "linux"))]
pub mod run;
pub mod tutorial;
pub mod upstream;
pub mod verify;
