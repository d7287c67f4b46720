//! The kinds of value that an `expect` can stand for: `{{mac}}`, `{{ipv4:client}}`, `{{re:…}}`.
//!
//! A kind is one file with one [`Matcher`] and one line in [`MATCHERS`]; the reference page, the messages about an
//! unknown kind and a common test are made from that table. Not here: how a line is put together (`pattern.rs`), and
//! that a name stands for one value (`bindings.rs`).

mod any;
mod base64;
pub(super) mod date;
mod duration;
mod float;
mod hex;
mod int;
mod ipv4;
mod ipv6;
mod kernel;
mod mac;
mod neighbour;
mod path;
mod pid;
mod port;
mod randomart;
mod re;
mod size;
pub(super) mod time;
mod uuid;
mod version;
mod word;

/// A kind of value.
#[derive(Debug)]
pub struct Matcher {
    /// What stands between the braces.
    pub name: &'static str,
    /// One line for the reference page.
    pub doc: &'static str,
    /// What a value looks like; a regex of the `regex` crate without groups that capture. The longest that fits the line.
    pub regex: &'static str,
    /// What a regex can't say about a value that has the looks.
    pub accepts: Option<fn(&str) -> bool>,
    /// What may follow the name behind a colon.
    pub argument: Argument,
    /// Values that it is, for the reference page and the test.
    pub examples: &'static [&'static str],
    /// Values that it is not, though one might think so.
    pub not: &'static [&'static str],
}

impl Matcher {
    /// Whether a program may pad it so that a column of it ends in one place.
    pub(super) fn is_number(&self) -> bool {
        ["int", "float", "size", "duration", "pid", "port"].contains(&self.name)
    }
}

/// What `{{kind:…}}` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A name: the same name is the same value in the whole run.
    Binding,
    /// A regular expression, which is needed.
    Regex,
}

/// Every kind, in the order of the reference page.
pub const MATCHERS: &[&Matcher] = &[
    &mac::MATCHER,
    &ipv4::MATCHER,
    &ipv6::MATCHER,
    &port::MATCHER,
    &pid::MATCHER,
    &int::MATCHER,
    &float::MATCHER,
    &duration::MATCHER,
    &time::MATCHER,
    &date::MATCHER,
    &size::MATCHER,
    &uuid::MATCHER,
    &hex::MATCHER,
    &base64::MATCHER,
    &version::MATCHER,
    &kernel::MATCHER,
    &neighbour::MATCHER,
    &randomart::MATCHER,
    &path::MATCHER,
    &word::MATCHER,
    &any::MATCHER,
    &re::MATCHER,
];

/// The kind of that name.
pub fn named(name: &str) -> Option<&'static Matcher> {
    MATCHERS.iter().copied().find(|kind| kind.name == name)
}

/// `mac, ipv4, …`, for messages.
pub fn names() -> String {
    let names: Vec<_> = MATCHERS.iter().map(|kind| kind.name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::bindings::Bindings;
    use crate::judge::pattern::Pattern;

    /// Whether a line `<{{kind}}>` matches `<value>`.
    fn is(kind: &Matcher, value: &str) -> bool {
        let written = match kind.argument {
            Argument::Binding => format!("<{{{{{}}}}}>", kind.name),
            Argument::Regex => format!("<{{{{{}:[a-c]{{2}}}}}}>", kind.name),
        };
        let pattern = Pattern::parse(&written).expect("a kind of the table");
        pattern.lines[0].matches(&format!("<{value}>"), &Bindings::default())
    }

    #[test]
    fn every_kind_is_its_examples_and_not_its_counterexamples() {
        for kind in MATCHERS {
            assert!(
                !kind.examples.is_empty() && !kind.doc.is_empty(),
                "{}",
                kind.name
            );
            for value in kind.examples {
                assert!(is(kind, value), "{} should be {value:?}", kind.name);
            }
            for value in kind.not {
                assert!(!is(kind, value), "{} should not be {value:?}", kind.name);
            }
        }
    }

    #[test]
    fn every_file_of_the_folder_is_in_the_table() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/judge/matcher");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("our own folder")
            .map(|file| file.expect("its name").file_name())
            .map(|name| name.to_string_lossy().replace(".rs", ""))
            .filter(|name| name != "mod")
            .collect();
        files.sort();
        let mut names: Vec<_> = MATCHERS.iter().map(|kind| kind.name).collect();
        names.sort_unstable();
        assert_eq!(files, names);
    }
}
