//! Verdicts → whether the build stands, and what it says at its end.

use crate::config::{Config, Execute, OnFailure, OnSkip};
use crate::judge::verdict::VerifiedBy;
use crate::judge::{Verdict, Verification};
use crate::report::{self, Paint};
use crate::verify::Summary;

/// Why the build must fail, one line for each tutorial; empty when it stands.
pub(super) fn objections(
    config: &Config,
    execute: Execute,
    verifications: &[&Verification],
) -> Vec<String> {
    let mut lines = Vec::new();
    for of in verifications {
        let name = &of.tutorial.name;
        match &of.verdict {
            Verdict::Failed(_) if config.on_failure == OnFailure::Error => {
                lines.push(format!("{name}: failed"))
            }
            // While nothing runs, an author's half-made change is no failure: the page says it.
            Verdict::Stale(_)
                if config.on_failure == OnFailure::Error && execute != Execute::Never =>
            {
                lines.push(format!("{name}: stale"));
            }
            Verdict::Skipped(_) if config.on_skip == OnSkip::Error => {
                lines.push(format!("{name}: skipped, and on-skip is \"error\""));
            }
            verdict if config.require.contains(name) => {
                lines.extend(
                    lacking(verdict, execute)
                        .map(|why| format!("{name}: `require` lists it, and {why}")),
                );
            }
            _ => {}
        }
    }
    lines
}

/// What a required tutorial lacks. Where nothing may run, its transcript has to do: a reader's build is no test.
fn lacking(verdict: &Verdict, execute: Execute) -> Option<String> {
    match verdict {
        Verdict::Verified {
            by: VerifiedBy::Transcript,
            ..
        } if execute != Execute::Never => Some("it has not run in this build".to_owned()),
        Verdict::Verified { .. } => None,
        other => Some(format!("it is {}", other.word())),
    }
}

/// One line for each tutorial, with the difference where one failed; and the total.
pub(super) fn summary(verifications: &[&Verification]) -> String {
    let mut text = String::new();
    for of in verifications {
        match &of.verdict {
            Verdict::Failed(_) | Verdict::Stale(_) => {
                text.push_str(&report::verdict(of, Paint::Plain))
            }
            _ => text.push_str(&(report::line(of, Paint::Plain) + "\n")),
        }
    }
    let total = Summary::of_verifications(verifications.iter().copied());
    text + &format!("mdbook-twin: {total}\n")
}
