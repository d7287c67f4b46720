//! Spec (YAML) + README blocks → a resolved [`Tutorial`].
//!
//! In: what an author wrote and what upstream holds. Out: a value with nothing left to look up, or every mistake at
//! once. Not here: where upstream's text comes from (`upstream/`), and running (`run/`).

pub mod model;

pub use model::*;
