//! `--report json=FILE`: every verdict, and every step that is not as expected with its difference.
//!
//! The guide's page on transcripts names the keys. A key is added without notice; one that changes its meaning raises
//! `report`.

use serde_json::{Map, Value, json};

use super::kinds::Kind;
use super::verdict::{TAIL, sentence};
use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::judge::verdict::{
    Against, Broken, Diff, DiffLine, FailedStep, Seen, Tie, Verdict, VerifiedBy, Why,
};
use crate::judge::{Folded, Verification};
use crate::tutorial::{Action, Step, Suite, Tutorial};
use crate::verify::{Answer, Summary};

pub(super) const KIND: Kind = Kind {
    name: "json",
    text: |answers, suite| format!("{:#}\n", json(answers, suite)),
};

/// The format; raised when a reader of an older one would misread.
const VERSION: u32 = 1;

fn json(answers: &[Answer], suite: Option<&Suite>) -> Value {
    json!({
        "report": VERSION,
        "exit_code": Summary::of(answers).exit_code(),
        "suite": suite.map(Suite::name),
        "tutorials": answers.iter().map(tutorial).collect::<Vec<_>>(),
    })
}

fn tutorial(answer: &Answer) -> Value {
    match &answer.result {
        Ok(verification) => verdict(verification),
        Err(mistakes) => json!({
            "name": answer.name,
            "verdict": "mistakes",
            "mistakes": mistakes.iter().map(mistake).collect::<Vec<_>>(),
        }),
    }
}

fn mistake(diagnostic: &Diagnostic) -> Value {
    json!({
        "severity": match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "code": diagnostic.code,
        "message": diagnostic.headline,
        "at": diagnostic.primary.as_ref().map(|(span, _)| position(&span.position())),
        "help": diagnostic.help,
    })
}

fn verdict(of: &Verification) -> Value {
    let mut told = json!({
        "name": of.tutorial.name,
        "verdict": of.verdict.word(),
        "spec": of.tutorial.spec,
        "shown_otherwise": crate::judge::documented::count(of),
        "remarks": remarks(of),
    });
    let (key, value) = match &of.verdict {
        Verdict::Verified { by, date, .. } => {
            told["date"] = json!(date);
            let by = match by {
                VerifiedBy::Run => "run",
                VerifiedBy::Cache => "cache",
                VerifiedBy::Transcript => "transcript",
            };
            ("by", json!(by))
        }
        Verdict::Failed(first) => {
            let all = std::iter::once(&**first).chain(&first.more);
            (
                "failed",
                all.map(|failed| failed_step(of, failed)).collect(),
            )
        }
        Verdict::Stale(why) => ("changes", json!(why.reasons())),
        Verdict::Unrecorded(reason) => ("reason", json!(reason)),
        Verdict::Skipped(missing) => ("missing", json!(missing)),
    };
    told[key] = value;
    told
}

/// What is told of steps even where all is as it should be.
fn remarks(of: &Verification) -> Vec<Value> {
    let steps = of.run.iter().flat_map(|run| &run.steps);
    let remarks = steps.filter_map(|step| Some((step, step.remark()?)));
    remarks
        .map(|(step, remark)| json!({"step": step.id, "message": remark}))
        .collect()
}

fn failed_step(of: &Verification, failed: &FailedStep) -> Value {
    let (why, diff) = match &failed.why {
        Why::Differs(diff) => ("output", Some(diff)),
        Why::CouldNotGoOn(_) => ("could-not-go-on", failed.besides.as_ref()),
        Why::NotInTranscript => ("not-in-transcript", None),
        // There is no step that it is about.
        Why::NeverRan(why) => return json!({"why": "never-ran", "message": why}),
    };
    let tutorial = &of.tutorial;
    let step = &tutorial.steps[failed.step];
    let terminal = &tutorial.terminals[step.terminal];
    json!({
        "step": step.id,
        "title": step.title,
        "at": position(&step.at),
        "terminal": terminal.name,
        "host": tutorial.hosts[terminal.host].name,
        "command": command(step, failed.command),
        "readme": readme(tutorial, step, failed.command),
        "why": why,
        "message": sentence(&failed.why),
        "expected_at": diff.and_then(|diff| diff.expected_at(step)).as_ref().map(position),
        "diff": diff.map(|diff| difference(tutorial, diff)),
        "printed": match diff {
            None => printed(of, failed),
            Some(_) => Value::Null,
        },
    })
}

fn position(at: &Position) -> Value {
    json!({"file": at.path, "line": at.line, "column": at.column})
}

fn command(step: &Step, command: usize) -> Value {
    let Action::Run(run) = &step.action else {
        return Value::Null;
    };
    run.commands.get(command).map_or(Value::Null, |it| {
        json!({"number": command + 1, "of": run.commands.len(), "prompt": it.prompt, "text": it.text})
    })
}

fn readme(tutorial: &Tutorial, step: &Step, command: usize) -> Value {
    let (Some(upstream), Some(block)) = (&tutorial.upstream, &step.block) else {
        return Value::Null;
    };
    json!({
        "url": upstream.url,
        "commit": upstream.commit,
        "file": upstream.file,
        "block": block.address,
        "line": step.readme_line(command),
    })
}

/// As a person sees it: folded, each line in parts that say whether they vary and whether they differ.
fn difference(tutorial: &Tutorial, diff: &Diff) -> Value {
    let bound = diff.bound.iter();
    let bound = bound.map(|it| (it.written.clone(), json!(it.value)));
    let lines = diff.folded().into_iter().flat_map(|folded| match folded {
        Folded::Shown(lines) => lines.iter().map(line).collect(),
        Folded::Equal(lines) => vec![json!({"kind": "equal", "count": lines.len()})],
    });
    json!({
        "against": match diff.against {
            Against::Expect => "expect",
            Against::Transcript => "transcript",
        },
        "bound": bound.collect::<Map<_, _>>(),
        "broken": diff.broken.iter().map(|it| broken(tutorial, it)).collect::<Vec<_>>(),
        "lines": lines.collect::<Vec<_>>(),
    })
}

fn broken(tutorial: &Tutorial, broken: &Broken) -> Value {
    let seen = |seen: &Seen| {
        let step = &tutorial.steps[seen.place.step];
        json!({
            "expected": seen.written(),
            "kind": seen.kind,
            "value": seen.value,
            "step": step.id,
            "command": seen.place.command + 1,
            "line": seen.place.line + 1,
        })
    };
    json!({
        "tie": match &broken.tie {
            Tie::Same => "same",
            Tie::Different => "different",
            Tie::Related(related) => related.relation.name,
            Tie::Made(sum, _) => sum,
        },
        "message": broken.sentence(tutorial),
        "first": seen(&broken.first),
        "second": seen(&broken.second),
    })
}

fn line(line: &DiffLine) -> Value {
    let kind = match line {
        DiffLine::Same { .. } => "same",
        DiffLine::Missing { .. } => "missing",
        DiffLine::Extra { .. } => "extra",
    };
    let parts = line.stretches().into_iter().map(|part| {
        let flags = [("varies", part.varies), ("differs", part.differs)];
        let flags = flags.into_iter().filter(|(_, is)| *is);
        let mut told: Map<_, _> = flags
            .map(|(flag, is)| (flag.to_owned(), json!(is)))
            .collect();
        told.insert("text".to_owned(), json!(part.text));
        Value::Object(told)
    });
    json!({"kind": kind, "parts": parts.collect::<Vec<_>>()})
}

/// The last lines that the command showed.
fn printed(of: &Verification, failed: &FailedStep) -> Value {
    let step = of.run.as_ref().and_then(|run| run.steps.get(failed.step));
    let command = step.and_then(|step| step.commands.get(failed.command));
    let lines = command.map_or(&[][..], |command| &command.output.lines);
    let last = &lines[lines.len().saturating_sub(TAIL)..];
    last.iter().map(|line| json!(line.text)).collect()
}
