//! How one lab starts differently from another, so that what depends on it shows itself in the output.
//!
//! In: a seed. Out: what is different, the same for the same seed. Not here: what is learnt from it (`judge/`).

use serde::{Deserialize, Serialize};

/// What differs. The default differs in nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variation {
    /// What is appended to each host's name for itself; the names by which others call it stay.
    pub(crate) hostname_suffix: String,
    /// How many pids each host has used up before its first shell.
    pub(crate) used_pids: u32,
    /// Minutes east of Greenwich.
    pub(crate) time_zone: i32,
    /// Seconds by which the hosts seem to have been up longer.
    pub(crate) uptime: u64,
}

impl Variation {
    /// The variation of a seed; 0 is none.
    pub fn of(seed: u64) -> Self {
        if seed == 0 {
            return Self::default();
        }
        // Every part takes another value with each seed of a row of a few: multiples of numbers that share no factor
        // with the range they are taken from.
        let step = |factor: u64, range: u64| seed.wrapping_mul(factor) % range;
        Self {
            hostname_suffix: format!("-{:02x}", step(37, 256)),
            // Pids above 300 are given again; less than the lab's bound on processes, so that it is no burden.
            used_pids: u32::try_from(step(53, 199) + 1).unwrap_or(1),
            // From -9 to +14 hours, in quarters of an hour, as zones are.
            time_zone: i32::try_from(step(41, 93)).unwrap_or(0) * 15 - 9 * 60,
            // Up to 50 days: past where 32 bits of milliseconds end.
            uptime: 3600 + step(1_234_577, 50 * 24 * 3600),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Variation;

    #[test]
    fn every_part_differs_from_seed_to_seed() {
        let all: Vec<Variation> = (0..8).map(Variation::of).collect();
        for (index, one) in all.iter().enumerate() {
            for other in &all[index + 1..] {
                assert_ne!(one.hostname_suffix, other.hostname_suffix);
                assert_ne!(one.used_pids, other.used_pids);
                assert_ne!(one.time_zone, other.time_zone);
                assert_ne!(one.uptime, other.uptime);
            }
        }
    }

    #[test]
    fn no_seed_differs_in_nothing() {
        assert_eq!(Variation::of(0), Variation::default());
    }
}
