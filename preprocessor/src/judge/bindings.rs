//! Names that stand for one value in the whole run: `{{ipv4:client}}`, and captures as `{{=NAME}}`.
//!
//! The first place where a name matches binds it; from then on it is that text and nothing else.

use std::collections::BTreeMap;

/// The values known so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bindings {
    bound: BTreeMap<String, String>,
    captured: BTreeMap<String, String>,
}

impl Bindings {
    /// What `{{kind:name}}` was when it first matched.
    pub fn bound(&self, name: &str) -> Option<&str> {
        self.bound.get(name).map(String::as_str)
    }

    /// What `{{=name}}` stands for.
    pub fn captured(&self, name: &str) -> Option<&str> {
        self.captured.get(name).map(String::as_str)
    }

    /// Binds names that are not bound yet.
    pub(super) fn bind(&mut self, found: Vec<(String, String)>) {
        for (name, value) in found {
            self.bound.entry(name).or_insert(value);
        }
    }

    /// A step's `capture`; a later one of the same name replaces it, as in the run.
    pub(super) fn capture(&mut self, name: String, value: String) {
        self.captured.insert(name, value);
    }
}
