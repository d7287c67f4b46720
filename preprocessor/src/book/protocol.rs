//! mdBook's side of the pipe: what it writes to our stdin, and which mdBook it is.

use mdbook_preprocessor::PreprocessorContext;
use mdbook_preprocessor::book::Book;
use serde::Deserialize;

/// What came is not what mdBook 0.5 sends.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// Another mdBook, with another protocol.
    #[error(
        "this mdbook-twin speaks with mdBook 0.5, but it was called by mdBook {0}\n  = to get 0.5: cargo install mdbook --version ^0.5 (or build the book with `mdbook-twin build`)"
    )]
    OtherMdbook(String),
    /// Nothing of mdBook's.
    #[error(
        "stdin does not hold what mdBook sends: {0}\n  = mdbook-twin without a subcommand is called by mdBook, see [preprocessor.twin] in book.toml; for you there is `mdbook-twin --help`"
    )]
    NotMdbook(String),
    /// mdBook 0.5, but not as we know it.
    #[error("mdBook {version} sent something that could not be read: {error}")]
    Unreadable {
        /// Its version.
        version: String,
        /// What the parser says.
        error: String,
    },
}

/// Of the context, what every mdBook has sent since preprocessors exist.
#[derive(Deserialize)]
struct Version {
    mdbook_version: String,
}

/// Context and book. A book of mdBook 0.4 can't be parsed as one of 0.5, so its version is only looked at when parsing
/// failed: a second look at the bytes costs nothing in the good case.
pub fn parse(input: &[u8]) -> Result<(PreprocessorContext, Book), ProtocolError> {
    let parsed: Result<(PreprocessorContext, Book), _> = serde_json::from_slice(input);
    match parsed {
        Ok((context, _)) if !is_ours(&context.mdbook_version) => {
            Err(ProtocolError::OtherMdbook(context.mdbook_version))
        }
        Ok(parsed) => Ok(parsed),
        Err(error) => Err(unreadable(input, &error)),
    }
}

fn unreadable(input: &[u8], error: &serde_json::Error) -> ProtocolError {
    match serde_json::from_slice::<(Version, serde::de::IgnoredAny)>(input) {
        Err(_) => ProtocolError::NotMdbook(error.to_string()),
        Ok((
            Version {
                mdbook_version: version,
            },
            _,
        )) if is_ours(&version) => ProtocolError::Unreadable {
            version,
            error: error.to_string(),
        },
        Ok((version, _)) => ProtocolError::OtherMdbook(version.mdbook_version),
    }
}

/// Below 1.0 the minor version is the one that may break.
fn is_ours(version: &str) -> bool {
    version == "0.5" || version.starts_with("0.5.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_mdbook_is_named() {
        let old = br#"[{"root":"/b","config":{"book":{}},"renderer":"html","mdbook_version":"0.4.52"},{"sections":[],"__non_exhaustive":null}]"#;
        assert_eq!(
            parse(old).unwrap_err(),
            ProtocolError::OtherMdbook("0.4.52".into())
        );
        assert!(matches!(
            parse(b"").unwrap_err(),
            ProtocolError::NotMdbook(_)
        ));
        assert!(matches!(
            parse(b"{}").unwrap_err(),
            ProtocolError::NotMdbook(_)
        ));
    }
}
