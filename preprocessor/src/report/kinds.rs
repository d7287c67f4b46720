//! `--report KIND=FILE`: the same verdicts, for programs.
//!
//! A kind is a file of this folder and a line of [`KINDS`]. Not here: writing the file (`cli/`).

use std::path::PathBuf;
use std::str::FromStr;

use super::json;
use crate::tutorial::Suite;
use crate::verify::Answer;

/// All of them.
pub const KINDS: &[Kind] = &[json::KIND];

/// One kind of report.
#[derive(Debug)]
pub struct Kind {
    /// What it is asked for by.
    pub name: &'static str,
    /// The whole file.
    pub(super) text: fn(&[Answer], Option<&Suite>) -> String,
}

/// A report that was asked for.
#[derive(Clone, Debug)]
pub struct Report {
    kind: &'static Kind,
    /// Where it goes.
    pub file: PathBuf,
}

/// Why a text asks for no report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected KIND=FILE, where KIND is {}", names())]
pub struct BadReport;

fn names() -> String {
    let names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
    names.join(", ")
}

impl FromStr for Report {
    type Err = BadReport;

    fn from_str(text: &str) -> Result<Self, BadReport> {
        let (name, file) = text.split_once('=').ok_or(BadReport)?;
        let kind = KINDS.iter().find(|kind| kind.name == name);
        match (kind, file) {
            (None, _) | (_, "") => Err(BadReport),
            (Some(kind), file) => Ok(Self {
                kind,
                file: file.into(),
            }),
        }
    }
}

impl Report {
    /// What to write; `suite` is the one that all ran on instead of their own.
    pub fn text(&self, answers: &[Answer], suite: Option<&Suite>) -> String {
        (self.kind.text)(answers, suite)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_a_kind_and_a_file() {
        let report: Report = "json=a=b.json".parse().expect("a report");
        assert_eq!((report.kind.name, report.file), ("json", "a=b.json".into()));
        for wrong in ["json", "json=", "yaml=x", "=x", ""] {
            assert!(wrong.parse::<Report>().is_err(), "{wrong}");
        }
        assert_eq!(
            BadReport.to_string(),
            "expected KIND=FILE, where KIND is json"
        );
    }
}
