//! What a tutorial needs of a machine, whether it is there, and what mends it.
//!
//! Plain values: found out by `lab/`, and shown by `report/`. `verify` skips a tutorial for the very same list that `doctor`
//! shows, so a skip always has a reason that `doctor` explains.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::judge::Missing;
use crate::tutorial::Permission;

/// One thing that a tutorial needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// What sort of thing it is.
    pub kind: Kind,
    /// What it is: `the package vdens`.
    pub what: String,
    /// Whether it is there.
    pub state: State,
}

/// The sorts of things that a tutorial can need, as `doctor --json` writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Something that this version can't do.
    Version,
    /// The OCI runtime.
    Runtime,
    /// A range of subordinate ids, and the programs that map them.
    Ids,
    /// User, mount, pid, network, ipc and uts namespaces, and what has to work in them.
    Namespaces,
    /// Bounds of memory and processes.
    Limits,
    /// Room for files.
    Disk,
    /// A program of the machine's.
    Program,
    /// A Debian package of the machine's.
    Package,
    /// A Debian system of a host's own.
    System,
    /// Something that the machine's owner has to grant.
    Permission,
    /// A device node.
    Device,
    /// Cgroups that can be handed out.
    Cgroups,
    /// Upstream's file or tree.
    Upstream,
    /// An environment variable that a dialog sends.
    Secret,
}

/// Whether a need is met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is there: what was found, in words.
    Met(String),
    /// It is not.
    Unmet {
        /// What exactly is missing: the need itself, or a part of it with what the system said.
        lacks: String,
        /// What mends it.
        mend: Mend,
    },
}

/// What mends it. `Display` is the remedy as a skip says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mend {
    /// These Debian packages.
    Install(Vec<String>),
    /// A command line.
    Run(String),
    /// A permission in book.toml.
    Grant(Permission),
    /// Nothing that could be pasted.
    Words(String),
}

impl Need {
    /// One that is met.
    pub fn met(kind: Kind, what: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            state: State::Met(found.into()),
        }
    }

    /// One that is not.
    pub fn unmet(kind: Kind, what: impl Into<String>, mend: Mend) -> Self {
        let what = what.into();
        Self {
            kind,
            state: State::Unmet {
                lacks: what.clone(),
                mend,
            },
            what,
        }
    }

    /// One whose reason to skip is known in words.
    pub fn lacking(kind: Kind, what: impl Into<String>, missing: Missing) -> Self {
        Self {
            kind,
            what: what.into(),
            state: State::Unmet {
                lacks: missing.what,
                mend: Mend::of(missing.remedy),
            },
        }
    }

    /// The reason of a skip, unless it is met.
    pub fn missing(&self) -> Option<Missing> {
        match &self.state {
            State::Met(_) => None,
            State::Unmet { lacks, mend } => Some(Missing {
                what: lacks.clone(),
                remedy: mend.to_string(),
            }),
        }
    }

    /// Whether it is there.
    pub fn is_met(&self) -> bool {
        matches!(self.state, State::Met(_))
    }
}

/// How Debian packages are installed.
const APT: &str = "sudo apt-get install -y ";

impl Mend {
    /// A remedy as a skip says it, taken for what it is.
    pub fn of(remedy: String) -> Self {
        if let Some(packages) = remedy.strip_prefix(APT) {
            return Self::Install(packages.split_whitespace().map(str::to_owned).collect());
        }
        match remedy.starts_with("sudo ") {
            true => Self::Run(remedy),
            false => Self::Words(remedy),
        }
    }
}

impl fmt::Display for Mend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Install(packages) => f.write_str(&apt(packages.iter().map(String::as_str))),
            Self::Run(command) => f.write_str(command),
            Self::Grant(permission) => {
                write!(f, "[preprocessor.twin] {}", grant_line(&[*permission]))
            }
            Self::Words(words) => f.write_str(words),
        }
    }
}

/// What mends many needs at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Repair {
    /// One command line; all packages are in one call of apt-get.
    pub command: Option<String>,
    /// Lines for `[preprocessor.twin]` of book.toml.
    pub book: Vec<String>,
    /// What no command line does, in words.
    pub by_hand: Vec<String>,
}

impl Repair {
    /// Of all that is unmet; `granted` is what book.toml grants already.
    pub fn of<'a>(needs: impl IntoIterator<Item = &'a Need>, granted: &[Permission]) -> Self {
        let (mut packages, mut commands) = (BTreeSet::new(), Vec::new());
        let mut grants = granted.to_vec();
        let mut by_hand = Vec::new();
        for need in needs {
            let State::Unmet { lacks, mend } = &need.state else {
                continue;
            };
            match mend {
                Mend::Install(names) => packages.extend(names.iter().map(String::as_str)),
                Mend::Run(command) => push_once(&mut commands, command.clone()),
                Mend::Grant(permission) => push_once(&mut grants, *permission),
                Mend::Words(words) => push_once(&mut by_hand, format!("{lacks}: {words}")),
            }
        }
        if !packages.is_empty() {
            commands.insert(0, apt(packages));
        }
        let book = (grants.len() > granted.len()).then(|| grant_line(&grants));
        Self {
            command: (!commands.is_empty()).then(|| commands.join(" && ")),
            book: book.into_iter().collect(),
            by_hand,
        }
    }
}

fn push_once<T: PartialEq>(all: &mut Vec<T>, one: T) {
    if !all.contains(&one) {
        all.push(one);
    }
}

fn apt<'a>(packages: impl IntoIterator<Item = &'a str>) -> String {
    let packages: Vec<&str> = packages.into_iter().collect();
    format!("{APT}{}", packages.join(" "))
}

fn grant_line(permissions: &[Permission]) -> String {
    // The word of a permission is its name in YAML; a unit variant can always be written.
    let words = serde_json::to_string(permissions).unwrap_or_default();
    format!("grant = {}", words.replace(',', ", "))
}

#[cfg(test)]
mod tests {
    use super::{Kind, Mend, Need, Repair};
    use crate::tutorial::Permission;

    #[test]
    fn packages_are_one_command_and_grants_one_line_with_what_was_granted_before() {
        let install = |name: &str| Mend::Install(vec![name.to_owned()]);
        let needs = [
            Need::met(Kind::Ids, "ids", "there"),
            Need::unmet(Kind::Device, "tun", Mend::Run("sudo chmod 0666 x".into())),
            Need::unmet(Kind::Package, "b", install("b")),
            Need::unmet(Kind::Package, "a", install("a")),
            Need::unmet(Kind::Package, "a", install("a")),
            Need::unmet(Kind::Permission, "tun", Mend::Grant(Permission::Tun)),
            Need::unmet(Kind::Secret, "the secret X", Mend::Words("set it".into())),
        ];
        let repair = Repair::of(&needs, &[Permission::Fuse]);
        assert_eq!(
            repair.command.as_deref(),
            Some("sudo apt-get install -y a b && sudo chmod 0666 x")
        );
        assert_eq!(repair.book, ["grant = [\"fuse\", \"tun\"]"]);
        assert_eq!(repair.by_hand, ["the secret X: set it"]);
        assert_eq!(Repair::of(&needs[..1], &[]), Repair::default());
    }

    #[test]
    fn a_remedy_in_words_is_taken_for_what_it_is() {
        for mend in [
            Mend::Install(vec!["a".into(), "b".into()]),
            Mend::Run("sudo chmod 0666 x".into()),
            Mend::Words("set it".into()),
        ] {
            assert_eq!(Mend::of(mend.to_string()), mend);
        }
    }

    #[test]
    fn a_skip_says_the_same_remedy() {
        let need = Need::unmet(Kind::Permission, "tun", Mend::Grant(Permission::Tun));
        assert_eq!(
            need.missing().unwrap().remedy,
            "[preprocessor.twin] grant = [\"tun\"]"
        );
    }
}
