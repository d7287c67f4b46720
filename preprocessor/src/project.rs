//! A book on this machine: its root, its settings, the cache.
//!
//! Here the environment is looked at, once; what comes out is handed down as values.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::upstream::Places;

/// A book with mdbook-twin.
#[derive(Clone, Debug)]
pub struct Project {
    /// The folder of book.toml, absolute.
    pub root: PathBuf,
    /// `[preprocessor.twin]`; the defaults where the table is missing.
    pub config: Config,
    /// Where verdicts, systems and upstream files are kept.
    pub cache: PathBuf,
    /// Where pinned files are looked for.
    pub places: Places,
}

/// Why there is no project.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// No book.toml here or above.
    #[error("there is no book.toml in {} or above it", .0.display())]
    NoBook(PathBuf),
    /// book.toml can't be read, or holds what it should not.
    #[error("{}: {message}", path.display())]
    BadBook {
        /// The file.
        path: PathBuf,
        /// Why, maybe in several lines.
        message: String,
    },
    /// Neither of the variables that say where a cache may be is set.
    #[error("no place for a cache: set TWIN_CACHE_DIR")]
    NoCache,
}

impl Project {
    /// The book around `start`, which is the working directory when it is `None`.
    /// # Errors
    /// [`ProjectError`], ready to be shown.
    pub fn find(start: Option<&Path>) -> Result<Self, ProjectError> {
        let start = start.unwrap_or(Path::new("."));
        let start = std::path::absolute(start).unwrap_or_else(|_| start.to_owned());
        let root = start
            .ancestors()
            .find(|folder| folder.join("book.toml").is_file())
            .ok_or_else(|| ProjectError::NoBook(start.clone()))?;
        Self::at(root)
    }

    /// The book whose book.toml is in this folder.
    /// # Errors
    /// [`ProjectError`], ready to be shown.
    pub fn at(root: &Path) -> Result<Self, ProjectError> {
        let path = root.join("book.toml");
        let bad = |message: String| ProjectError::BadBook {
            path: path.clone(),
            message,
        };
        let mut book = mdbook_driver::config::Config::from_disk(&path)
            .map_err(|error| bad(format!("{error:#}")))?;
        // mdBook's own overrides, as its build would see them.
        book.update_from_env()
            .map_err(|error| bad(format!("{error:#}")))?;
        let config: Option<Config> = book
            .get("preprocessor.twin")
            .map_err(|error| bad(format!("[preprocessor.twin]: {error:#}")))?;
        Self::with_config(root.to_owned(), config.unwrap_or_default())
    }

    /// The book with settings that came in another way: mdBook hands them to a preprocessor.
    /// # Errors
    /// [`ProjectError::NoCache`].
    pub fn with_config(root: PathBuf, config: Config) -> Result<Self, ProjectError> {
        let cache = cache_dir().ok_or(ProjectError::NoCache)?;
        let places = Places {
            cache: cache.clone(),
            dirs: upstream_dirs(&root, &config),
        };
        Ok(Self {
            root,
            config,
            cache,
            places,
        })
    }

    /// The folder of the specs.
    pub fn tutorials(&self) -> PathBuf {
        self.root.join("tutorials")
    }
}

/// Where files are looked for when there is no book: the machine's own cache and upstream directories.
pub fn places() -> Places {
    Places {
        cache: cache_dir().unwrap_or_default(),
        dirs: upstream_dirs(Path::new("."), &Config::default()),
    }
}

/// `$TWIN_CACHE_DIR`, else `$XDG_CACHE_HOME/mdbook-twin`, else `~/.cache/mdbook-twin`.
fn cache_dir() -> Option<PathBuf> {
    let variable = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    variable("TWIN_CACHE_DIR")
        .or_else(|| variable("XDG_CACHE_HOME").map(|cache| cache.join("mdbook-twin")))
        .or_else(|| variable("HOME").map(|home| home.join(".cache/mdbook-twin")))
}

/// book.toml's first, since they belong to the book; then the machine's.
fn upstream_dirs(root: &Path, config: &Config) -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> = config
        .upstream_dirs
        .iter()
        .map(|dir| root.join(dir))
        .collect();
    if let Some(more) = std::env::var_os("TWIN_UPSTREAM_DIRS") {
        dirs.extend(std::env::split_paths(&more).filter(|dir| !dir.as_os_str().is_empty()));
    }
    dirs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Execute;

    fn book(toml: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("src/deep")).unwrap();
        std::fs::write(folder.path().join("book.toml"), toml).unwrap();
        folder
    }

    #[test]
    fn the_nearest_book_upwards_is_found_and_its_table_read() {
        let book = book(
            "[book]\ntitle = 'x'\n[preprocessor.twin]\nexecute = 'never'\nupstream-dirs = ['up']\ngrant = ['tun']\n",
        );
        let project = Project::find(Some(&book.path().join("src/deep"))).unwrap();
        assert_eq!(project.root, book.path());
        assert_eq!(project.config.execute, Execute::Never);
        assert_eq!(project.places.dirs[0], book.path().join("up"));
    }

    #[test]
    fn a_book_without_our_table_has_the_defaults() {
        let book = book("[book]\ntitle = 'x'\n");
        let project = Project::find(Some(book.path())).unwrap();
        assert_eq!(project.config.execute, Execute::Auto);
    }

    #[test]
    fn an_unknown_setting_is_an_error_with_its_name() {
        let book = book("[preprocessor.twin]\nexecut = 'never'\n");
        let error = Project::find(Some(book.path())).unwrap_err().to_string();
        assert!(
            error.contains("execut") && error.contains("book.toml"),
            "{error}"
        );
    }

    #[test]
    fn no_book_says_where_it_was_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        let error = Project::find(Some(folder.path())).unwrap_err();
        assert!(matches!(error, ProjectError::NoBook(_)), "{error}");
    }
}
