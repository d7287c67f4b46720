//! `--shard K/N`: one part of many tutorials, for one machine of many.
//!
//! The parts of all K together are all tutorials, each once, whatever the order in which the names were given: every
//! machine works out its own part, and nobody tells it. What each finds is put together by copying the caches' folders
//! into one (`store.rs`).

use std::num::NonZeroUsize;
use std::str::FromStr;

/// The Kth of N parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 0 on.
    index: usize,
    of: NonZeroUsize,
}

/// Why a text is no shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadShard {
    /// It is not two numbers.
    #[error("expected K/N, two numbers: `2/4` is the second of four parts")]
    NotTwoNumbers,
    /// There is no such part.
    #[error("K goes from 1 to N: the parts of {of} are 1/{of} to {of}/{of}")]
    OutOfRange {
        /// N.
        of: NonZeroUsize,
    },
    /// Nothing can be cut into no parts.
    #[error("N is at least 1: `1/1` is everything")]
    NoParts,
}

impl FromStr for Shard {
    type Err = BadShard;

    fn from_str(text: &str) -> Result<Self, BadShard> {
        let (k, n) = text.split_once('/').ok_or(BadShard::NotTwoNumbers)?;
        let number = |text: &str| text.parse::<usize>().map_err(|_| BadShard::NotTwoNumbers);
        let (k, n) = (number(k)?, number(n)?);
        let of = NonZeroUsize::new(n).ok_or(BadShard::NoParts)?;
        match k {
            1.. if k <= n => Ok(Self { index: k - 1, of }),
            _ => Err(BadShard::OutOfRange { of }),
        }
    }
}

impl Shard {
    /// The names of this part, sorted. They are dealt out one by one: neighbours in the alphabet (`vde-a`, `vde-b`) tend
    /// to take equally long, and so end up on different machines.
    pub fn of(&self, names: &[String]) -> Vec<String> {
        let mut names = names.to_vec();
        names.sort();
        names.dedup();
        let own = names.into_iter().skip(self.index);
        own.step_by(self.of.get()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{BadShard, Shard};

    fn names(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn all_parts_together_are_everything_once_in_whatever_order_it_was_given() {
        let (given, turned) = (names("e d c b a"), names("a b c d e d"));
        for parts in 1..8 {
            let mut all = Vec::new();
            for k in 1..=parts {
                let shard: Shard = format!("{k}/{parts}").parse().unwrap();
                assert_eq!(shard.of(&given), shard.of(&turned));
                all.extend(shard.of(&given));
            }
            all.sort();
            assert_eq!(all, names("a b c d e"), "{parts} parts");
        }
        assert_eq!("2/3".parse::<Shard>().unwrap().of(&given), names("b e"));
    }

    #[test]
    fn what_is_no_part_says_what_would_be_one() {
        let bad = |text: &str| text.parse::<Shard>().unwrap_err();
        for text in ["", "2", "2/", "/2", "a/b", "-1/2", "1/2/3", "1 / 2"] {
            assert_eq!(bad(text), BadShard::NotTwoNumbers, "{text}");
        }
        assert_eq!(bad("1/0"), BadShard::NoParts);
        for text in ["0/4", "5/4"] {
            assert_eq!(
                bad(text).to_string(),
                "K goes from 1 to N: the parts of 4 are 1/4 to 4/4"
            );
        }
    }
}
