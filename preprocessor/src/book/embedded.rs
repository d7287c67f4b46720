//! The whole of `mdbook build` in this process, for a machine without mdbook.

use std::path::{Path, PathBuf};

use mdbook_driver::MDBook;
use mdbook_driver::config::Config;
use mdbook_preprocessor::book::Book;
use mdbook_preprocessor::errors::{Error, Result};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

use super::Tutorials;

/// mdBook could not build the book; the message is whole.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct EmbeddedError(String);

/// What the command line says against book.toml.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `execute` of `[preprocessor.twin]`.
    pub execute: Option<String>,
    /// Where the book goes.
    pub build_dir: Option<PathBuf>,
}

/// Builds the book below `root` with all its renderers; our own preprocessor runs in this process, all others as
/// book.toml says. `say` gets what belongs on stderr.
/// # Errors
/// mdBook, a preprocessor or we could not do it.
pub fn build<T: Tutorials + 'static>(
    root: &Path,
    settings: &Settings,
    tutorials: T,
    say: fn(&str),
) -> std::result::Result<(), EmbeddedError> {
    let failed = |error: Error| EmbeddedError(format!("{error:#}"));
    let mut config = match root.join("book.toml") {
        file if file.exists() => Config::from_disk(file).map_err(failed)?,
        _ => Config::default(),
    };
    config.update_from_env().map_err(failed)?;
    if let Some(execute) = &settings.execute {
        config
            .set("preprocessor.twin.execute", execute)
            .map_err(failed)?;
    }
    if let Some(folder) = &settings.build_dir {
        config.build.build_dir.clone_from(folder);
    }
    let mut book = MDBook::load_with_config(root, config).map_err(failed)?;
    // By our name it takes the place of the command in book.toml, and so its turn in the order of preprocessors.
    book.with_preprocessor(preprocessor(tutorials, say));
    book.build().map_err(failed)
}

/// Ourselves, as mdBook's driver takes a preprocessor.
pub fn preprocessor<T: Tutorials + 'static>(
    tutorials: T,
    say: fn(&str),
) -> impl Preprocessor + 'static {
    Twin { tutorials, say }
}

struct Twin<T> {
    tutorials: T,
    say: fn(&str),
}

impl<T: Tutorials> Preprocessor for Twin<T> {
    fn name(&self) -> &str {
        "twin"
    }

    fn run(&self, context: &PreprocessorContext, book: Book) -> Result<Book> {
        let made = super::make(context, book, &self.tutorials).map_err(Error::new)?;
        (self.say)(&made.messages);
        Ok(made.book)
    }
}
