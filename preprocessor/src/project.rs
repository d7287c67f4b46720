//! A book's folder and its settings (stands in for the branch `tutorial`'s until that is merged).

/// A book.
#[derive(Clone, Debug)]
pub struct Project {
    /// The folder of book.toml.
    pub root: std::path::PathBuf,
    /// `[preprocessor.twin]`.
    pub config: crate::config::Config,
    /// Where runs, locks and upstream files are kept.
    pub cache: std::path::PathBuf,
}
