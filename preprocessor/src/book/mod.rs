//! mdBook in and out: a book whose directives have become pages.
//!
//! In: what mdBook sends (the stdin of a preprocessor, or a book in the same process), and a [`Tutorials`] that can say
//! what is true of them. Out: the book, and what is to be said on stderr; or why there is none. Not here: verdicts
//! (`verify/`), what a page looks like (`render/`), and the command line (`cli/`).

mod answers;
mod assets;
mod directive;
mod embedded;
mod fill;
mod place;
mod policy;
mod protocol;
mod scan;
mod session;

use mdbook_preprocessor::PreprocessorContext;
use mdbook_preprocessor::book::Book;

use crate::diagnostic::{self, Diagnostic};
use crate::render::TemplateError;
use crate::verify::{Answer, How};

pub use assets::{ASSETS, Asset, assets_version};
pub use embedded::{EmbeddedError, Settings, build, preprocessor};
pub use protocol::{ProtocolError, parse};

/// What a book asks of the stages below.
pub trait Tutorials: Sync {
    /// The names of all tutorials, sorted.
    fn names(&self) -> Vec<String>;
    /// What is said of these, in the order asked; see [`crate::verify::verify`].
    fn verify(&self, names: &[String], how: &How<'_>) -> Vec<Answer>;
}

/// A finished book.
#[derive(Debug)]
pub struct Made {
    /// As mdBook takes it back.
    pub book: Book,
    /// What is to be said on stderr: one line for each tutorial and the total, warnings; empty when no tutorial is
    /// in the book.
    pub messages: String,
}

/// Why there is no book.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// A chapter or a tutorial can't be read as it is written.
    #[error("{}", diagnostic::render_all(.0, crate::paint::Paint::Plain))]
    Diagnostics(Vec<Diagnostic>),
    /// Tutorials are not as the book demands. The first field says what became of all of them.
    #[error("{summary}\nthe book is not built:\n  {}", objections.join("\n  "))]
    Objections {
        /// One line for each tutorial, and the total.
        summary: String,
        /// Why each of these stops the build.
        objections: Vec<String>,
    },
    /// `[preprocessor.twin]` of book.toml.
    #[error("book.toml: [preprocessor.twin]: {0}")]
    Config(String),
    /// A template of the book's theme/twin/.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// Puts tutorials in the place of their directives. Tutorials run meanwhile, as `execute` says.
/// # Errors
/// See [`BookError`]. Under `mdbook serve` a mistake or a failure is shown on its page instead.
pub fn make(
    context: &PreprocessorContext,
    book: Book,
    tutorials: &dyn Tutorials,
) -> Result<Made, BookError> {
    session::Session::new(context)?.make(book, tutorials)
}
