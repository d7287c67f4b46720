//! Whether this machine lets us make a lab at all: by making one.

use std::sync::OnceLock;

use crate::judge::Missing;
use crate::lab::handover::Report;
use crate::lab::missing;
use crate::lab::plan::Plan;
use crate::lab::start::Lab;

/// What the machine refuses of an empty lab; asked once in a process, a few milliseconds.
pub(crate) fn refusal() -> Option<Missing> {
    static ANSWER: OnceLock<Option<Missing>> = OnceLock::new();
    ANSWER.get_or_init(ask).clone()
}

fn ask() -> Option<Missing> {
    let mut lab = match Lab::start(&Plan::empty()) {
        Ok(lab) => lab,
        Err(error) => return Some(broken(&error.to_string())),
    };
    match lab.report() {
        Ok(Some(Report::Up)) => None,
        Ok(Some(Report::Refused(refusal))) => Some(missing::refused(&refusal)),
        Ok(None) => {
            lab.end();
            Some(broken(&lab.last_words()))
        }
        Err(error) => Some(broken(&error.to_string())),
    }
}

fn broken(why: &str) -> Missing {
    Missing {
        what: format!("a lab can't be started: {why}"),
        remedy: "no remedy is known; please report this message".to_owned(),
    }
}
