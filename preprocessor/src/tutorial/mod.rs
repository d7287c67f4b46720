//! Spec (YAML) + README blocks → a resolved [`Tutorial`].
//!
//! In: what an author wrote and what upstream holds. Out: a value with nothing left to look up, or every mistake at
//! once. Not here: where upstream's text comes from (`upstream/`), and running (`run/`).

mod check;
pub mod coverage;
pub mod digest;
mod keys;
pub mod load;
pub mod model;
pub mod ran;
mod resolve;
pub mod schema;
pub mod spec;
mod suite;
pub mod values;
mod vendor;
mod yaml;

pub use check::{Checked, check};
pub use keys::{Named, Spanned};
pub use load::{Fetch, Loaded, load, load_with, names};
pub use model::*;
pub use ran::Ran;
pub use resolve::{Resolved, Sources, UpstreamFile, is_name, pin, resolve};
pub use schema::schema;
pub use spec::Spec;
pub use suite::{BadSuite, Suite};
pub use vendor::vendor;
