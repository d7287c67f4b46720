//! Verdicts → whether the build stands, and what it says at its end.

use crate::config::{Config, Execute, OnFailure, OnSkip};
use crate::judge::verdict::VerifiedBy;
use crate::judge::{Verdict, Verification};
use crate::report::{self, Paint};

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
            Verdict::Failed(_) => text.push_str(&report::verdict(of, Paint::Plain)),
            _ => text.push_str(&(report::line(of, Paint::Plain) + "\n")),
        }
    }
    text.push_str(&total(verifications));
    text.push('\n');
    text
}

/// `12 verified, 1 skipped`, the worse first behind what is good.
fn total(verifications: &[&Verification]) -> String {
    let words = ["verified", "failed", "stale", "unrecorded", "skipped"];
    let count = |word: &str| {
        verifications
            .iter()
            .filter(|it| it.verdict.word() == word)
            .count()
    };
    let parts: Vec<String> = words
        .iter()
        .map(|word| (count(word), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    format!(
        "mdbook-twin: {}",
        if parts.is_empty() {
            "no tutorial".to_owned()
        } else {
            parts.join(", ")
        }
    )
}
