//! `tutorials/NAME.timings.json`: how long the recorded run took.
//!
//! Beside the transcript and not in it, because a time is another at every recording and no difference worth a look.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The format that is written; every earlier one stays readable.
const FORMAT: u32 = 1;

/// The times of one recorded run. Keys of later versions are passed over.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    twin: u32,
    /// From the lab's start to its end; to a tenth.
    seconds: f64,
}

impl Timings {
    /// Of a run that took this long.
    pub fn of(took: Duration) -> Self {
        Self {
            twin: FORMAT,
            seconds: (took.as_secs_f64() * 10.0).round() / 10.0,
        }
    }

    /// Reads the file's text.
    /// # Errors
    /// It is none, in words.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let read: Self = serde_json::from_str(text).map_err(|why| why.to_string())?;
        match read.total() {
            Some(_) => Ok(read),
            None => Err(format!("{} is no time", read.seconds)),
        }
    }

    /// The file's whole text.
    pub fn to_json(self) -> String {
        format!(
            "{{\"twin\": {}, \"seconds\": {:.1}}}\n",
            self.twin, self.seconds
        )
    }

    /// From the lab's start to its end.
    pub fn took(self) -> Duration {
        self.total().unwrap_or_default()
    }

    fn total(self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.seconds).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let timings = Timings::of(Duration::from_millis(4149));
        assert_eq!(timings.to_json(), "{\"twin\": 1, \"seconds\": 4.1}\n");
        assert_eq!(Timings::from_json(&timings.to_json()), Ok(timings));
        assert_eq!(timings.took(), Duration::from_secs_f64(4.1));
    }

    #[test]
    fn later_keys_are_passed_over_and_nonsense_is_not() {
        let later = "{\"twin\": 2, \"seconds\": 3.0, \"steps\": {}}";
        assert_eq!(
            Timings::from_json(later).map(Timings::took),
            Ok(Duration::from_secs(3))
        );
        for wrong in ["", "{}", "{\"twin\": 1, \"seconds\": -1}", "[]"] {
            assert!(Timings::from_json(wrong).is_err(), "{wrong}");
        }
    }
}
