//! A tutorial on another Debian than its author's: `verify --suite`.

use std::str::FromStr;

use super::{System, Tutorial};

/// The name of a Debian suite: `bookworm`, `trixie`, `sid`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suite(String);

/// The text is no name of a suite.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the name of a Debian suite, such as bookworm, trixie or sid")]
pub struct BadSuite;

impl FromStr for Suite {
    type Err = BadSuite;

    /// It ends up on the command line of mmdebstrap and in paths.
    fn from_str(text: &str) -> Result<Self, BadSuite> {
        let right = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c));
        right.then(|| Self(text.to_owned())).ok_or(BadSuite)
    }
}

impl Suite {
    /// As Debian writes it.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl Tutorial {
    /// The same tutorial with every host made of this Debian, with the packages that the spec lists. The `programs` of a
    /// host made of the machine fall away: nobody knows which packages they would come from.
    pub fn on_suite(mut self, suite: &Suite) -> Self {
        for host in &mut self.hosts {
            let (System::Machine { packages } | System::Debian { packages, .. }) = &mut host.system;
            host.system = System::Debian {
                suite: suite.0.clone(),
                packages: std::mem::take(packages),
            };
            host.programs.clear();
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{BadSuite, Suite};

    #[test]
    fn a_suite_is_a_word() {
        for good in ["trixie", "sid", "bookworm-backports", "noble"] {
            assert_eq!(good.parse::<Suite>().unwrap().name(), good);
        }
        for bad in ["", "Trixie", "../x", "-x", "a b", "a/b"] {
            assert_eq!(bad.parse::<Suite>(), Err(BadSuite), "{bad}");
        }
    }
}
