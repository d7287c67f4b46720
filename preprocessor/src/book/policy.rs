//! Verdicts → whether the build stands, and what it says at its end.

use crate::config::{Config, Execute, OnFailure, OnSkip};
use crate::judge::verdict::VerifiedBy;
use crate::judge::{Verdict, Verification};

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
            verdict if config.require.contains(name) && !holds(verdict, execute) => {
                lines.push(format!(
                    "{name}: {}, and `require` lists it",
                    verdict.word()
                ));
            }
            _ => {}
        }
    }
    lines
}

/// Whether a required tutorial is verified in this build. Where nothing may run, its transcript has to do: a reader's
/// build is no test.
fn holds(verdict: &Verdict, execute: Execute) -> bool {
    match verdict {
        Verdict::Verified {
            by: VerifiedBy::Run | VerifiedBy::Cache,
            ..
        } => true,
        Verdict::Verified {
            by: VerifiedBy::Transcript,
            ..
        } => execute == Execute::Never,
        _ => false,
    }
}

/// One line for each tutorial, and the total.
pub(super) fn summary(verifications: &[&Verification]) -> String {
    let mut text = String::new();
    for of in verifications {
        let mut line = format!("  {}: {}", of.tutorial.name, of.verdict.word());
        if let Some(detail) = detail(of) {
            line.push_str(&format!(" ({detail})"));
        }
        text.push_str(&line);
        text.push('\n');
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

fn detail(of: &Verification) -> Option<String> {
    match &of.verdict {
        Verdict::Verified {
            by: VerifiedBy::Run,
            ..
        } => Some("ran now".to_owned()),
        Verdict::Verified {
            by: VerifiedBy::Cache,
            date,
            ..
        } => Some(format!("ran here on {date}")),
        Verdict::Verified {
            by: VerifiedBy::Transcript,
            date,
            ..
        } => Some(format!("recorded on {date}")),
        Verdict::Failed(failed) => {
            let step = of.tutorial.steps.get(failed.step)?;
            Some(format!("step {} at {}", step.id, step.at))
        }
        Verdict::Stale(changes) => changes.first().cloned(),
        Verdict::Unrecorded(reason) => reason.clone(),
        Verdict::Skipped(missing) => {
            let what: Vec<&str> = missing.iter().map(|it| it.what.as_str()).collect();
            Some(what.join(", "))
        }
    }
}
