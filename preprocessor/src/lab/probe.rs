//! Whether this machine lets us make a lab at all: by making one.

use std::sync::OnceLock;

use crate::lab::handover::Report;
use crate::lab::plan::Plan;
use crate::lab::refusal::{self, NAMESPACES};
use crate::lab::start::Lab;
use crate::need::{Kind, Mend, Need, State};

/// Whether the machine gives us an empty lab; asked once in a process, a few milliseconds.
pub(crate) fn namespaces() -> Need {
    static ANSWER: OnceLock<Need> = OnceLock::new();
    ANSWER.get_or_init(ask).clone()
}

fn ask() -> Need {
    let mut lab = match Lab::start(&Plan::empty()) {
        Ok(lab) => lab,
        Err(error) => return broken(&error.to_string()),
    };
    match lab.report() {
        Ok(Some(Report::Up)) => Need::met(Kind::Namespaces, NAMESPACES, "an empty lab was made"),
        Ok(Some(Report::Refused(refusal))) => refusal::refused(&refusal),
        Ok(None) => {
            lab.end();
            broken(&lab.last_words())
        }
        Err(error) => broken(&error.to_string()),
    }
}

fn broken(why: &str) -> Need {
    Need {
        kind: Kind::Namespaces,
        what: NAMESPACES.to_owned(),
        state: State::Unmet {
            lacks: format!("a lab can't be started: {why}"),
            mend: Mend::Words("no remedy is known; please report this message".to_owned()),
        },
    }
}
