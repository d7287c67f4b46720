//! What is said of a tutorial of which a part ran.

use super::{Paint, verdict, visible};
use crate::judge::Verdict;
use crate::tutorial::Suite;
use crate::verify::Part;

/// The verdict on the steps that ran, which steps did not, and what it does not mean. Ends in a newline.
pub fn part(suite: Option<&Suite>, part: &Part, paint: Paint) -> String {
    let verification = &part.verification;
    let tutorial = &verification.tutorial;
    let Some(last) = part.until.map(|last| &tutorial.steps[last].id) else {
        return verdict::verdict_on(suite, verification, paint);
    };
    let mut text = match &verification.verdict {
        Verdict::Failed(_) => verdict::verdict_on(suite, verification, paint),
        other => {
            let name = paint.bold(&tutorial.name);
            let how = as_far_as_judged(other);
            format!("{} {name}: up to step `{last}` {how}\n", paint.good("good"))
        }
    };
    let left_out: Vec<_> = part
        .left_out()
        .map(|step| format!("`{}`", step.id))
        .collect();
    if !left_out.is_empty() {
        let left_out = left_out.join(", ");
        text.push_str(&format!("  not run: after --until: {left_out}\n"));
    }
    text + &cleanup(part)
}

/// Steps of the cleanup that could not go on, a line for each.
pub fn cleanup(part: &Part) -> String {
    let lines = part.failed_cleanup().into_iter().map(|(step, failure)| {
        let failure = visible(&failure.to_string());
        format!("  cleanup step `{step}`: {failure}\n")
    });
    lines.collect()
}

fn as_far_as_judged(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Unrecorded(_) => {
            "every step ended as it should, by exit status and `expect` alone: it has no transcript yet"
        }
        Verdict::Stale(_) => {
            "every step ended as it should, by exit status and `expect` alone: what would run has changed since it was recorded"
        }
        _ => "every step is as recorded",
    }
}
