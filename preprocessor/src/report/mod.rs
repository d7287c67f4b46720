//! Verdicts in words, for people at a terminal and in a log, and in files for programs.
//!
//! In: what `verify/` answers. Out: text, with colours or without; nothing is printed here. Not here: pages (`render/`),
//! and what an exit code is (`verify/summary.rs`).

mod diff;
mod doctor;
mod json;
mod kinds;
#[cfg(all(feature = "run", target_os = "linux"))]
mod part;
mod progress;
mod review;
mod varying;
mod verdict;

pub use crate::paint::{Paint, visible};
pub use diff::diff;
pub use doctor::{doctor, doctor_json};
pub use kinds::{BadReport, KINDS, Kind, Report};
#[cfg(all(feature = "run", target_os = "linux"))]
pub use part::{cleanup, part};
pub use progress::{elapsed, fitted, one_line, step};
pub use review::{
    Decided, accepted, change, commands, decided, no_such_change, nothing_kept, settled, unusable,
};
pub use varying::{free_values, varying};
pub use verdict::{ended, helped, line, reasons, verdict, verdict_on};
