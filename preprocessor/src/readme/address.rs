//! `Install#2`: how a block is named, and what is said when the name is wrong.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Block, Heading, Readme};

/// The name of a code block: the heading above it and its number below that heading. `A > B#1` goes through
/// the parent where a heading occurs twice; without `#N` the first block is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlockAddress {
    /// The heading, with its parents before it where they are needed.
    heading: String,
    /// From 1.
    number: usize,
}

/// A text that names no block, whatever the README.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no block address: it is HEADING#N, with N from 1")]
pub struct AddressError(String);

impl BlockAddress {
    pub(super) fn new(heading: String, number: usize) -> Self {
        Self { heading, number }
    }

    /// A heading may end like a number: `Step #1` is also the first block below "Step #1".
    fn whole_as_heading(&self) -> Self {
        Self {
            heading: self.to_string(),
            number: 1,
        }
    }
}

impl FromStr for BlockAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let wrong = || AddressError(text.to_owned());
        let (heading, number) = match text.rsplit_once('#') {
            Some((heading, digits))
                if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) =>
            {
                (heading, digits.parse().map_err(|_| wrong())?)
            }
            _ => (text, 1),
        };
        if number == 0 || text.is_empty() {
            return Err(wrong());
        }
        Ok(Self::new(heading.trim_end().to_owned(), number))
    }
}

impl fmt::Display for BlockAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.heading, self.number)
    }
}

impl TryFrom<String> for BlockAddress {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<BlockAddress> for String {
    fn from(address: BlockAddress) -> Self {
        address.to_string()
    }
}

/// Why an address leads to no block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// Nothing of that name.
    #[error("the README has no block `{address}`")]
    Unknown {
        /// What was asked for.
        address: BlockAddress,
        /// The block whose name is most like it.
        nearest: Option<BlockAddress>,
        /// All blocks of the README, in its order.
        all: Vec<BlockAddress>,
    },
    /// More than one heading of that name, or that begins so.
    #[error("`{address}` may be any of {}", list(matching))]
    Ambiguous {
        /// What was asked for.
        address: BlockAddress,
        /// The addresses that would be clear.
        matching: Vec<BlockAddress>,
    },
}

fn list(addresses: &[BlockAddress]) -> String {
    addresses
        .iter()
        .map(|a| format!("`{a}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The addresses of all blocks, from the headings they stand under.
///
/// Headings whose whole path is the same count on: the second `Usage` below the same parent goes on where the
/// first one stopped. So an address is unique without another syntax.
pub(super) fn addresses(headings: &[Heading], under: &[Option<usize>]) -> Vec<BlockAddress> {
    let names = longer_names(headings);
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let address = |heading: &Option<usize>| {
        let name = heading.map_or("", |at| {
            names.get(&at).unwrap_or(&headings[at].text).as_str()
        });
        let count = counts.entry(name).or_default();
        *count += 1;
        BlockAddress::new(name.to_owned(), *count)
    };
    under.iter().map(address).collect()
}

/// For each heading that is not the only one of its text: the text with as many parents before it as are needed.
fn longer_names(headings: &[Heading]) -> HashMap<usize, String> {
    let mut names = HashMap::new();
    let parents = parents(headings);
    // Groups of headings that have the same name so far, each heading with the ancestor reached.
    let mut groups = by_text(headings, (0..headings.len()).map(|at| (at, at)));
    while let Some(group) = groups.pop() {
        let went_up = group[0].0 != group[0].1;
        if went_up && group.iter().all(|(_, ancestor)| *ancestor == group[0].1) {
            continue;
        }
        let parent = |&(at, ancestor): &(usize, usize)| Some((at, parents[ancestor]?));
        let higher: Vec<(usize, usize)> = group.iter().filter_map(parent).collect();
        for &(at, parent) in &higher {
            let name = names.entry(at).or_insert_with(|| headings[at].text.clone());
            *name = format!("{} > {name}", headings[parent].text);
        }
        groups.extend(by_text(headings, higher.into_iter()));
    }
    names
}

/// What has an ancestor of the same text stands together; what is alone is left out. In the headings' order.
fn by_text(
    headings: &[Heading],
    members: impl Iterator<Item = (usize, usize)> + Clone,
) -> Vec<Vec<(usize, usize)>> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (_, ancestor) in members.clone() {
        *counts.entry(&headings[ancestor].text).or_default() += 1;
    }
    counts.retain(|_, count| *count > 1);
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<Vec<(usize, usize)>> = Vec::new();
    for member in members {
        let text = headings[member.1].text.as_str();
        if counts.contains_key(text) {
            let place = *places.entry(text).or_insert(groups.len());
            if place == groups.len() {
                groups.push(Vec::new());
            }
            groups[place].push(member);
        }
    }
    groups
}

/// For each heading the one above it.
fn parents(headings: &[Heading]) -> Vec<Option<usize>> {
    let mut above: Vec<usize> = Vec::new();
    let mut parents = Vec::with_capacity(headings.len());
    for (at, heading) in headings.iter().enumerate() {
        while above
            .last()
            .is_some_and(|&i| headings[i].level >= heading.level)
        {
            above.pop();
        }
        parents.push(above.last().copied());
        above.push(at);
    }
    parents
}

/// The block that an address means: an exact name beats a unique prefix.
pub(super) fn lookup<'a>(
    readme: &'a Readme,
    address: &BlockAddress,
) -> Result<&'a Block, LookupError> {
    for wanted in [address.clone(), address.whole_as_heading()] {
        if let Some(block) = readme.blocks.iter().find(|b| b.address == wanted) {
            return Ok(block);
        }
    }
    let exact = by_heading(readme, address, |name, wanted| name == wanted);
    let matching = if exact.is_empty() {
        by_heading(readme, address, |name, wanted| {
            !wanted.is_empty() && name.starts_with(wanted)
        })
    } else {
        exact
    };
    match matching.as_slice() {
        [] => Err(unknown(readme, address)),
        [block] => Ok(block),
        several => Err(LookupError::Ambiguous {
            address: address.clone(),
            matching: several.iter().map(|b| b.address.clone()).collect(),
        }),
    }
}

/// Blocks of that number whose heading, written in any of the ways a person would, is the wanted one.
fn by_heading<'a>(
    readme: &'a Readme,
    address: &BlockAddress,
    is: impl Fn(&str, &str) -> bool,
) -> Vec<&'a Block> {
    let wanted = plain(&address.heading);
    let numbered = |block: &&Block| block.address.number == address.number;
    let named = |block: &&Block| {
        let full = plain(&block.address.heading);
        is(&full, &wanted) || is(&plain(&block.heading), &wanted)
    };
    readme
        .blocks
        .iter()
        .filter(numbered)
        .filter(named)
        .collect()
}

/// A heading without its markup: `` `fuse` `` is found as `fuse`.
fn plain(heading: &str) -> String {
    heading
        .chars()
        .filter(|c| !matches!(c, '`' | '*' | '_'))
        .collect::<String>()
        .trim()
        .to_owned()
}

fn unknown(readme: &Readme, address: &BlockAddress) -> LookupError {
    let wanted = address.to_string();
    let all: Vec<BlockAddress> = readme.blocks.iter().map(|b| b.address.clone()).collect();
    let nearest = all
        .iter()
        .min_by_key(|a| distance(&a.to_string(), &wanted))
        .cloned();
    LookupError::Unknown {
        address: address.clone(),
        nearest,
        all,
    }
}

/// Levenshtein's distance, upper and lower case alike. Names are short; a README has some dozens of them.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# One\n\n## Install\n\n    $ a\n\n    x\n\n```\n$ b\n```\n\n# Two\n\n## Install\n\n    $ c\n\n\
                        ## `fuse`: a *module*\n\n    $ d\n\n## Step #1\n\n    $ e\n";

    fn line(address: &str) -> Result<usize, String> {
        let readme = Readme::parse(PAGE);
        let address: BlockAddress = address.parse().map_err(|e: AddressError| e.to_string())?;
        readme
            .block(&address)
            .map(|block| block.line)
            .map_err(|e| e.to_string())
    }

    #[test]
    fn a_block_has_several_names() {
        assert_eq!(line("One > Install#2"), Ok(9));
        assert_eq!(line("One > Install"), Ok(5));
        assert_eq!(line("Two > Install#1"), Ok(17));
        assert_eq!(line("`fuse`: a *module*"), Ok(21));
        assert_eq!(line("fuse: a module#1"), Ok(21), "without its markup");
        assert_eq!(
            line("`fu"),
            Ok(21),
            "the beginning, as long as it is the only one"
        );
        assert_eq!(line("Step #1"), Ok(25), "a heading that ends like a number");
        assert_eq!(line("Step #1#1"), Ok(25));
    }

    #[test]
    fn a_name_that_is_not_clear_says_which_would_be() {
        let message = line("Install#1").expect_err("two of them");
        assert_eq!(
            message,
            "`Install#1` may be any of `One > Install#1`, `Two > Install#1`"
        );
    }

    #[test]
    fn a_wrong_name_says_what_is_near() {
        let readme = Readme::parse(PAGE);
        let wrong = "One > Instal#7".parse().expect("an address");
        let Err(LookupError::Unknown { nearest, all, .. }) = readme.block(&wrong) else {
            panic!("unknown")
        };
        assert_eq!(nearest.expect("one").to_string(), "One > Install#1");
        assert_eq!(all.len(), 5);
    }

    #[test]
    fn numbers_begin_at_one() {
        assert_eq!(
            "A#0".parse::<BlockAddress>(),
            Err(AddressError("A#0".to_owned()))
        );
        assert!("".parse::<BlockAddress>().is_err());
        assert!("A#99999999999999999999999".parse::<BlockAddress>().is_err());
    }

    #[test]
    fn in_a_spec_it_is_text() {
        let address: BlockAddress = serde_json::from_str("\"A > B\"").expect("an address");
        assert_eq!(
            serde_json::to_string(&address).expect("text"),
            "\"A > B#1\""
        );
    }
}
