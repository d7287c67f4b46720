//! Stylesheet and script of the pages: embedded here, written into a book by `init`, linked by its book.toml.
//!
//! mdBook gives a preprocessor no way to add files to the output, so they lie in the book. Their version stands beside
//! them in book.toml and is the digest of what this binary embeds, so that nobody has to remember to raise it.

use sha2::{Digest, Sha256};

use crate::config::Config;

/// A file that `init` writes.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Relative to the book's root; it stands so in `additional-css` or `additional-js`.
    pub path: &'static str,
    /// The key below `output.html` that lists it.
    pub key: &'static str,
    /// What it holds.
    pub text: &'static str,
}

/// All of them.
pub const ASSETS: &[Asset] = &[
    Asset {
        path: "theme/twin/twin.css",
        key: "additional-css",
        text: include_str!("../../theme/twin.css"),
    },
    Asset {
        path: "theme/twin/twin.js",
        key: "additional-js",
        text: include_str!("../../theme/twin.js"),
    },
];

/// `assets-version` in book.toml: eight hex digits.
pub fn assets_version() -> String {
    let mut digest = Sha256::new();
    for asset in ASSETS {
        digest.update(asset.text);
    }
    digest
        .finalize()
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What to say when the book's copies are not this binary's.
pub(super) fn complaint(config: &Config) -> Option<String> {
    match &config.assets_version {
        Some(version) if *version == assets_version() => None,
        Some(_) => {
            Some("the stylesheet and script in theme/twin/ are another mdbook-twin's".to_owned())
        }
        None => Some("the book has no stylesheet and script for tutorials".to_owned()),
    }
}
