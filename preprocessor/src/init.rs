//! An existing book gets what it needs: lines in book.toml, the pages' stylesheet and script, a folder for tutorials.
//!
//! Doing it again changes nothing, and book.toml keeps its comments and its order. Not here: what the assets hold
//! (`book/assets.rs`).

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use toml_edit::{Array, DocumentMut, Item, Table, TableLike, value};

use crate::book::{ASSETS, assets_version};

/// The tutorial that an empty folder gets.
const SAMPLE: &str = include_str!("../theme/hello.yaml");

/// What could not be done.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is no book.
    #[error("{} is not there\n  = a new book: mdbook init", .0.display())]
    NoBook(PathBuf),
    /// book.toml is not TOML, or has something else where a table or a list has to be.
    #[error("book.toml: {0}")]
    Unreadable(String),
    /// A file could not be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
}

/// Prepares the book below `root`. Says what was changed, a line for each file; nothing when all was there.
/// # Errors
/// See [`InitError`]; book.toml is written last and whole, so that a failure leaves it as it was.
pub fn init(root: &Path) -> Result<Vec<String>, InitError> {
    let file = root.join("book.toml");
    if !file.exists() {
        return Err(InitError::NoBook(file));
    }
    let text = fs::read_to_string(&file).map_err(at(&file))?;
    let edited = edited(&text)?;
    let mut changes = Vec::new();
    for asset in ASSETS {
        changes.extend(write(root, asset.path, asset.text)?);
    }
    let schema = crate::tutorial::schema();
    changes.extend(write(root, "tutorials/tutorial.schema.json", &schema)?);
    changes.extend(sample(root)?);
    changes.extend(write(root, "book.toml", &edited)?);
    Ok(changes)
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> InitError + '_ {
    move |error| InitError::File {
        path: path.to_owned(),
        error,
    }
}

/// The text of book.toml with all that is missing.
fn edited(text: &str) -> Result<String, InitError> {
    let mut book: DocumentMut = text
        .parse()
        .map_err(|error| InitError::Unreadable(format!("{error}")))?;
    let twin = table(book.as_table_mut(), &["preprocessor", "twin"])?;
    if !twin.contains_key("command") {
        twin.insert("command", value("mdbook-twin"));
    }
    // Behind `links`: were we first, a captured `{{#include …}}` would be expanded.
    add(twin, "after", "links")?;
    twin.insert("assets-version", value(assets_version()));
    add(
        table(book.as_table_mut(), &["build"])?,
        "extra-watch-dirs",
        "tutorials",
    )?;
    let other_renderers_only = book
        .get("output")
        .is_some_and(|output| output.get("html").is_none());
    if !other_renderers_only {
        let html = table(book.as_table_mut(), &["output", "html"])?;
        for asset in ASSETS {
            add(html, asset.key, asset.path)?;
        }
    }
    Ok(book.to_string())
}

/// The table of this name, made where it is missing.
fn table<'a>(from: &'a mut Table, path: &[&str]) -> Result<&'a mut dyn TableLike, InitError> {
    let mut here: &mut dyn TableLike = from;
    for (depth, key) in path.iter().enumerate() {
        let mut made = Table::new();
        // `[output.html]` needs no empty `[output]` above it.
        made.set_implicit(depth + 1 < path.len());
        let item = here.entry(key).or_insert(Item::Table(made));
        here = item.as_table_like_mut().ok_or_else(|| {
            InitError::Unreadable(format!("`{}` is not a table", path[..=depth].join(".")))
        })?;
    }
    Ok(here)
}

/// The list below `key` has this entry.
fn add(table: &mut dyn TableLike, key: &str, entry: &str) -> Result<(), InitError> {
    let item = table.entry(key).or_insert(value(Array::new()));
    let list = item
        .as_array_mut()
        .ok_or_else(|| InitError::Unreadable(format!("`{key}` is not a list")))?;
    let same = |there: &str| there.trim_start_matches("./").trim_end_matches('/') == entry;
    if !list.iter().filter_map(|it| it.as_str()).any(same) {
        list.push(entry);
    }
    Ok(())
}

/// A first tutorial, where there is none.
fn sample(root: &Path) -> Result<Option<String>, InitError> {
    let folder = root.join("tutorials");
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    let is_spec = |entry: fs::DirEntry| entry.path().extension().is_some_and(|it| it == "yaml");
    if fs::read_dir(&folder)
        .map_err(at(&folder))?
        .flatten()
        .any(is_spec)
    {
        return Ok(None);
    }
    let written = write(root, "tutorials/hello.yaml", SAMPLE)?;
    Ok(written.map(|line| line + "; to show it, write {{#tutorial hello}} in a chapter"))
}

/// Whole or not at all, and only what is not so already: mdBook watches these files.
fn write(root: &Path, path: &str, text: &str) -> Result<Option<String>, InitError> {
    let file = root.join(path);
    let there = fs::read_to_string(&file).ok();
    if there.as_deref() == Some(text) {
        return Ok(None);
    }
    let folder = file.parent().unwrap_or(root);
    fs::create_dir_all(folder).map_err(at(&file))?;
    let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(at(&file))?;
    temporary.write_all(text.as_bytes()).map_err(at(&file))?;
    readable_as_before(&file, temporary.path()).map_err(at(&file))?;
    temporary
        .persist(&file)
        .map_err(|error| at(&file)(error.error))?;
    let verb = if there.is_some() {
        "changed"
    } else {
        "written"
    };
    Ok(Some(format!("{verb}: {path}")))
}

/// A temporary file is for its owner alone; a book is for all.
#[cfg(unix)]
fn readable_as_before(file: &Path, temporary: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(file).map_or(0o644, |there| there.permissions().mode());
    fs::set_permissions(temporary, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn readable_as_before(_: &Path, _: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOK: &str = "# My book\n[book]\ntitle = \"x\" # a title\n\n[output.html]\nadditional-css = [\"own.css\"] # mine\n";

    #[test]
    fn comments_and_entries_stay() {
        let edited = edited(BOOK).unwrap();
        assert!(
            edited.starts_with("# My book\n[book]\ntitle = \"x\" # a title\n"),
            "{edited}"
        );
        assert!(
            edited.contains("additional-css = [\"own.css\", \"theme/twin/twin.css\"] # mine\n"),
            "{edited}"
        );
        assert!(
            edited
                .contains("[preprocessor.twin]\ncommand = \"mdbook-twin\"\nafter = [\"links\"]\n"),
            "{edited}"
        );
        assert!(
            edited.contains("extra-watch-dirs = [\"tutorials\"]"),
            "{edited}"
        );
        assert!(
            !edited.contains("[output]") && !edited.contains("[preprocessor]"),
            "{edited}"
        );
    }

    #[test]
    fn a_second_time_changes_nothing() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("book.toml"), BOOK).unwrap();
        let changes = init(root.path()).unwrap();
        assert_eq!(changes.len(), 5, "{changes:?}");
        assert_eq!(init(root.path()).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_book_without_html_stays_without() {
        assert!(!edited("[output.markdown]\n").unwrap().contains("html"));
        assert!(edited("").unwrap().contains("[output.html]"));
        assert!(edited("build = 3\n").is_err());
    }
}
