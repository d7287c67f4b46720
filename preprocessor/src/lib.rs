//! Every tutorial has a twin that runs.
#[cfg(all(feature = "run", target_os = "linux"))]
pub mod agent;
pub mod config;
pub mod diagnostic;
pub mod judge;
pub mod outcome;
pub mod readme;
pub mod tutorial;
