//! `github:OWNER/REPO[@REV][:PATH]`: a file that somebody wants to look at. Nothing that runs comes from here.

use std::str::FromStr;

/// A file of a GitHub repository, at a revision that need not be a full commit id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpinned {
    /// `owner/repo`.
    pub github: String,
    /// A commit, branch or tag; the newest commit of the default branch when `None`.
    pub rev: Option<String>,
    /// The file's path in the repository.
    pub path: String,
}

impl FromStr for Unpinned {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("`{text}`: {why}; expected github:OWNER/REPO[@REV][:PATH]");
        let rest = text
            .strip_prefix("github:")
            .ok_or_else(|| wrong("it does not begin with `github:`"))?;
        let (place, path) = rest.split_once(':').unwrap_or((rest, "README.md"));
        let (github, rev) = match place.split_once('@') {
            Some((github, rev)) => (github, Some(rev)),
            None => (place, None),
        };
        let name = |part: &str| {
            !part.is_empty()
                && !part.starts_with(['.', '-'])
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
        };
        if !github
            .split_once('/')
            .is_some_and(|(owner, repo)| name(owner) && name(repo))
        {
            return Err(wrong("there is no OWNER/REPO"));
        }
        if rev.is_some_and(|rev| {
            rev.is_empty() || rev.starts_with('-') || rev.contains(char::is_whitespace)
        }) {
            return Err(wrong("the revision is no name"));
        }
        if crate::tutorial::spec::inside(path).is_none() {
            return Err(wrong("the path leaves the repository"));
        }
        Ok(Self {
            github: github.to_owned(),
            rev: rev.map(str::to_owned),
            path: path.to_owned(),
        })
    }
}

impl Unpinned {
    /// What git fetches from.
    pub fn url(&self) -> String {
        format!("https://github.com/{}", self.github)
    }

    /// Whether this commit may be meant: an abbreviated id is a prefix, no revision is any.
    pub(super) fn is_rev_of(&self, commit: &str) -> bool {
        self.rev
            .as_deref()
            .is_none_or(|rev| commit.starts_with(rev))
    }
}

#[cfg(test)]
mod tests {
    use super::Unpinned;

    fn parsed(text: &str) -> Result<(String, Option<String>, String), String> {
        text.parse::<Unpinned>()
            .map(|file| (file.github, file.rev, file.path))
    }

    #[test]
    fn what_can_be_named() {
        let file = |rev: Option<&str>, path: &str| {
            Ok(("a/b".to_owned(), rev.map(str::to_owned), path.to_owned()))
        };
        assert_eq!(parsed("github:a/b"), file(None, "README.md"));
        assert_eq!(parsed("github:a/b@main"), file(Some("main"), "README.md"));
        assert_eq!(
            parsed("github:a/b@f80dde2:doc/x.md"),
            file(Some("f80dde2"), "doc/x.md")
        );
        for wrong in [
            "a/b",
            "github:a",
            "github:a/b@",
            "github:a/b@-x",
            "github:a/b:../x",
            "github:../b",
            "github:a/b/c",
        ] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
