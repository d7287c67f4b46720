//! What differs in a run, and what becomes of a transcript when a person says that it is right.
//!
//! Everything that a step's recorded lines still say is left as it was recorded: what is changed in the file is what has
//! changed in the world, and nothing else. Not here: asking the person (`cli/review.rs`), and the files (`verify/review.rs`).

use std::iter::successors;

use super::bindings::Bindings;
use super::compare::{Edit, aligned, compare};
use super::derived::{Tie, Ties, pair};
use super::pattern::Pattern;
use super::recorded::Known;
use super::step::{is_judged_by_transcript, output_text, recorded_pattern};
use super::transcript::{Transcript, TranscriptCommand};
use super::verdict::{Against, Diff, FailedStep, Why};
use super::{failed_steps, stale, step};
use crate::outcome::{CommandRun, Ended, Failure, Run, StepRun};
use crate::tutorial::{Action, ExpectedExit, Phase, Step, Tutorial};

/// A step that is not as it should be, as something to decide on.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Index into the tutorial's steps.
    pub step: usize,
    /// What is wrong, once for each of its commands that differs; never empty.
    pub wrong: Vec<FailedStep>,
    /// Why no transcript can make it right.
    pub obstacle: Option<Obstacle>,
}

/// Why a transcript can't make a step right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The spec's `expect` decides.
    Expect,
    /// The spec decides which exit status is right.
    Exit {
        /// Index into the step's commands.
        command: usize,
        /// What came.
        got: i32,
    },
    /// It did not come to its end: it has no output that could be recorded.
    CouldNotGoOn,
    /// A step before or beside it could not go on, and what this one showed came of that.
    BrokenOff {
        /// Index of the step that could not go on.
        at: usize,
    },
    /// The transcript does not have its commands.
    NotInTranscript,
}

/// Every step of a run that is not as it should be, in order, where the transcript is one of what ran.
pub fn changes(tutorial: &Tutorial, run: &Run, transcript: &Transcript) -> Vec<Change> {
    let failed = failed_steps(tutorial, run, Some(transcript)).into_iter();
    failed
        .map(|first| Change {
            step: first.step,
            obstacle: obstacle(tutorial, run, transcript, first.step),
            wrong: all_commands(tutorial, run, transcript, first),
        })
        .collect()
}

/// Judging ends at a step's first wrong command. The next one shows itself when that one is accepted.
fn all_commands(
    tutorial: &Tutorial,
    run: &Run,
    transcript: &Transcript,
    first: FailedStep,
) -> Vec<FailedStep> {
    let next = |last: &FailedStep| {
        let against = |diff: &Diff| diff.against == Against::Transcript;
        if !matches!(&last.why, Why::Differs(diff) if against(diff)) {
            return None;
        }
        let up_to = taken(transcript, tutorial, run, &[(last.step, last.command)]);
        failed_steps(tutorial, run, Some(&up_to))
            .into_iter()
            .find(|next| next.step == last.step && next.command > last.command)
    };
    successors(Some(first), next).collect()
}

/// The transcript in which these steps are as they were in the run; steps that no transcript can make right stay as they
/// are. Date and facts are the run's as soon as anything is.
///
/// In a step's output the lines that still match keep the recorded text with all that varies in it; the others are
/// replaced by what came, as fixed text. Values that did not go with others are set apart.
pub fn accepted(
    transcript: &Transcript,
    tutorial: &Tutorial,
    run: &Run,
    steps: &[usize],
) -> Transcript {
    let whole: Vec<_> = steps.iter().map(|&step| (step, usize::MAX)).collect();
    taken(transcript, tutorial, run, &whole)
}

/// As [`accepted`], of each step up to and with a command.
fn taken(
    transcript: &Transcript,
    tutorial: &Tutorial,
    run: &Run,
    steps: &[(usize, usize)],
) -> Transcript {
    let mut taken = transcript.clone();
    // Who accepts two values that don't go together says that they need not.
    while set_apart(&mut taken, tutorial, run, steps) {}
    let known = taken.clone();
    // What names stand for when a step's turn comes decides which of its lines match.
    let mut bindings = Bindings::with(Ties::in_transcript(&known));
    for (index, (step, ran)) in tutorial.steps.iter().zip(&run.steps).enumerate() {
        let wanted = steps.iter().find(|(step, _)| *step == index);
        if let Some((_, last)) = wanted
            && obstacle(tutorial, run, &taken, index).is_none()
            && let Some(at) = recorded_at(tutorial, index, &taken)
        {
            let mut bindings = bindings.clone();
            let pairs = taken.steps[at].commands.iter_mut().zip(&ran.commands);
            for (command, (recorded, ran)) in pairs.enumerate().take_while(|(at, _)| at <= last) {
                let known = Known::of(&known, &run.facts);
                take_output(step, recorded, ran, known, &mut bindings);
                if is_any_exit(step, command) {
                    recorded.exit = ran.exit;
                }
            }
        }
        let recorded = stale::recorded_step(tutorial, index, &taken);
        let known = Some(Known::of(&known, &run.facts));
        step::judge(index, step, ran, Some(recorded), known, true, &mut bindings);
    }
    if (&taken.steps, &taken.apart) != (&transcript.steps, &transcript.apart) {
        taken.recorded.clone_from(&run.date);
        taken.facts.clone_from(&run.facts);
    }
    taken
}

/// Takes up what these steps say of values that did not go together; false: nothing new.
fn set_apart(
    taken: &mut Transcript,
    tutorial: &Tutorial,
    run: &Run,
    steps: &[(usize, usize)],
) -> bool {
    let failed = failed_steps(tutorial, run, Some(taken)).into_iter();
    let wanted = failed.filter(|failed| {
        let mut steps = steps.iter();
        steps.any(|(step, last)| *step == failed.step && failed.command <= *last)
    });
    let broken = wanted.filter_map(|failed| match failed.why {
        Why::Differs(diff) if diff.against == Against::Transcript => Some(diff.broken),
        _ => None,
    });
    let before = taken.apart.len();
    for broken in broken.flatten() {
        let (one, other) = (broken.first.written(), broken.second.written());
        let apart = match broken.tie {
            Tie::Same => one,
            Tie::Different | Tie::Related(_) => pair(&one, &other),
            Tie::Made(sum, _) => sum.to_owned(),
        };
        if !taken.apart.contains(&apart) {
            taken.apart.push(apart);
        }
    }
    taken.apart.sort();
    taken.apart.len() > before
}

/// Index into the transcript's steps.
fn recorded_at(tutorial: &Tutorial, index: usize, transcript: &Transcript) -> Option<usize> {
    let recorded = stale::recorded_step(tutorial, index, transcript)?;
    let mut steps = transcript.steps.iter();
    steps.position(|step| std::ptr::eq(step, recorded))
}

fn obstacle(
    tutorial: &Tutorial,
    run: &Run,
    transcript: &Transcript,
    index: usize,
) -> Option<Obstacle> {
    let step = &tutorial.steps[index];
    let Some(ran) = run.steps.get(index) else {
        return Some(Obstacle::CouldNotGoOn);
    };
    if let Some(failure) = failure(step, ran) {
        return Some(match failure {
            Failure::Exit { command, got, .. } => Obstacle::Exit { command, got },
            _ => Obstacle::CouldNotGoOn,
        });
    }
    if !ran.ended.is_done() {
        return Some(Obstacle::CouldNotGoOn);
    }
    if step.expect.is_some() {
        return Some(Obstacle::Expect);
    }
    if let Some(at) = broke_off_at(tutorial, run)
        && (is_background(step) || index > at)
    {
        return Some(Obstacle::BrokenOff { at });
    }
    let recorded = stale::recorded_step(tutorial, index, transcript);
    let has_all = recorded.is_some_and(|it| it.commands.len() == ran.commands.len());
    (!has_all || !is_judged_by_transcript(step)).then_some(Obstacle::NotInTranscript)
}

/// The step at which a run broke off. What stands behind it, the cleanup, found the place as no good run leaves it.
fn broke_off_at(tutorial: &Tutorial, run: &Run) -> Option<usize> {
    let mut steps = tutorial.steps.iter().zip(&run.steps);
    let at = steps.position(|(step, ran)| failure(step, ran).is_some())?;
    // A cleanup that fails breaks nothing off: the steps had all been there.
    (tutorial.steps[at].phase != Phase::Cleanup).then_some(at)
}

fn failure(step: &Step, ran: &StepRun) -> Option<Failure> {
    match &ran.ended {
        Ended::Failed(failure) => Some(failure.clone()),
        Ended::Done | Ended::DoneByInterrupt { .. } => match step::wrong_exit(step, ran)? {
            (_, Why::CouldNotGoOn(failure)) => Some(failure),
            _ => None,
        },
        Ended::NotReached | Ended::PassedOver => None,
    }
}

fn is_background(step: &Step) -> bool {
    matches!(&step.action, Action::Run(run) if run.background.is_some())
}

/// Whether the spec leaves it to the transcript which status this command had.
fn is_any_exit(step: &Step, command: usize) -> bool {
    let Action::Run(run) = &step.action else {
        return false;
    };
    let is_last = command + 1 == run.commands.len();
    let has_own = run.until.is_none() && run.background.is_none();
    is_last && has_own && step.exit == ExpectedExit::Any
}

fn take_output(
    step: &Step,
    recorded: &mut TranscriptCommand,
    ran: &CommandRun,
    known: Known<'_>,
    bindings: &mut Bindings,
) {
    let output = output_text(ran);
    let actual: Vec<_> = output.lines().collect();
    let (pattern, matching) = recorded_pattern(step, recorded, Some(known));
    if compare(&pattern, &actual, matching, bindings).is_none() {
        return;
    }
    let edits = aligned(&pattern, &actual, matching, bindings);
    let lines: Vec<_> = recorded.output.lines().collect();
    recorded.output = rewritten(&lines, &actual, &pattern, &edits);
    recorded.omitted = ran.output.omitted.as_ref().map(|gap| gap.bytes);
    forget_what_is_gone(recorded);
    let (pattern, matching) = recorded_pattern(step, recorded, Some(known));
    if compare(&pattern, &actual, matching, bindings).is_some() {
        // A new line happens to hold what varies in another, or the like: then what came is all fixed text.
        *recorded = TranscriptCommand {
            prompt: std::mem::take(&mut recorded.prompt),
            command: std::mem::take(&mut recorded.command),
            exit: recorded.exit,
            output,
            omitted: recorded.omitted,
            ..TranscriptCommand::default()
        };
    }
}

/// The recorded lines with the new ones in their places.
fn rewritten(recorded: &[&str], actual: &[&str], pattern: &Pattern, edits: &[Edit]) -> String {
    let mut lines: Vec<&str> = Vec::with_capacity(recorded.len());
    let mut next = 0;
    for edit in edits {
        match *edit {
            Edit::Extra(at) => lines.push(actual[at]),
            // It may come anywhere, and says nothing new.
            Edit::Passing(_) => {}
            Edit::Pair(line, _) | Edit::Missing(line) => {
                let line = pattern.lines[line].source;
                // A recorded line that may come several times has been written already.
                if line < next {
                    continue;
                }
                // Those that no edit speaks of need not come: they did not, and stay.
                lines.extend(&recorded[next..line]);
                if let Edit::Pair(..) = edit {
                    lines.push(recorded[line]);
                }
                next = line + 1;
            }
        }
    }
    lines.extend(&recorded[next..]);
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

/// What is said of values and lines that the output has no longer.
fn forget_what_is_gone(recorded: &mut TranscriptCommand) {
    let output = &recorded.output;
    // `time {{0}}ms` is there as `time 0ms`.
    let is_there = |value: &String| {
        let bare = value.replace("{{", "").replace("}}", "");
        output.contains(value) || output.contains(&bare)
    };
    for values in recorded.varies.values_mut() {
        values.retain(is_there);
    }
    recorded.varies.retain(|_, values| !values.is_empty());
    let is_line = |line: &String| output.lines().any(|it| it == line);
    recorded.repeats.retain(is_line);
    recorded.instead.retain(|line, _| is_line(line));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::diagnostic::Position;
    use crate::judge::record::merged;
    use crate::judge::transcript_of;
    use crate::outcome::{Facts, Line, Output};
    use crate::tutorial::{
        Background, Command, Expect, Host, Limits, Matching, RunCommands, Show, System, Terminal,
    };

    /// A step of these commands.
    fn step(id: &str, commands: &[&str]) -> Step {
        let command = |text: &&str| Command {
            text: (*text).to_owned(),
            prompt: "$".to_owned(),
            opens: None,
            leaves: 0,
            exits: false,
            readme_line: None,
            documented: Vec::new(),
        };
        Step {
            id: id.to_owned(),
            phase: Phase::Main,
            title: None,
            text: None,
            upstream_note: None,
            terminal: 0,
            action: Action::Run(RunCommands {
                commands: commands.iter().map(command).collect(),
                background: None,
                until: None,
                retry: None,
                dialog: Vec::new(),
            }),
            timeout: Duration::from_secs(30),
            exit: ExpectedExit::Code(0),
            expect: None,
            matching: Matching::Exact,
            show: Show::Both,
            when: None,
            capture: BTreeMap::new(),
            at: Position::default(),
            block: None,
        }
    }

    fn tutorial(steps: Vec<Step>) -> Tutorial {
        Tutorial {
            name: "it".to_owned(),
            title: "It".to_owned(),
            summary: None,
            upstream_note: None,
            spec: "tutorials/it.yaml".into(),
            upstream: None,
            hosts: vec![Host {
                name: "localhost".to_owned(),
                system: System::Machine {
                    packages: Vec::new(),
                },
                needs: Vec::new(),
                programs: Vec::new(),
                user: "user".to_owned(),
                names: Vec::new(),
                address: None,
                checkout: false,
            }],
            terminals: vec![Terminal {
                name: "main".to_owned(),
                title: "main".to_owned(),
                host: 0,
            }],
            steps,
            not_run: Vec::new(),
            limits: Limits::default(),
            timeout: None,
            inputs: Vec::new(),
        }
    }

    /// A run on that day, in which every command gave what is said here, step by step.
    fn run(tutorial: &Tutorial, date: &str, outputs: &[&[&str]]) -> Run {
        let lines = |output: &str| {
            let line = |text: &str| Line {
                text: text.to_owned(),
                styles: Vec::new(),
            };
            output.lines().map(line).collect()
        };
        let ran = |(step, outputs): (&Step, &&[&str])| {
            let Action::Run(run) = &step.action else {
                panic!("a step of commands")
            };
            let commands = run.commands.iter().zip(*outputs);
            StepRun {
                id: step.id.clone(),
                ended: Ended::Done,
                commands: commands
                    .map(|(command, output)| CommandRun {
                        command: command.text.clone(),
                        prompt: command.prompt.clone(),
                        exit: Some(0),
                        output: Output {
                            lines: lines(output),
                            ..Output::default()
                        },
                        ..CommandRun::default()
                    })
                    .collect(),
            }
        };
        Run {
            date: date.to_owned(),
            took: std::time::Duration::ZERO,
            facts: Facts {
                kernel: date.to_owned(),
                ..Facts::default()
            },
            steps: tutorial.steps.iter().zip(outputs).map(ran).collect(),
        }
    }

    const THEN: &str = "2026-03-14";
    const NOW: &str = "2026-04-01";

    fn recorded(tutorial: &Tutorial, outputs: &[&[&str]]) -> Transcript {
        transcript_of(tutorial, &run(tutorial, THEN, outputs), &[], None, "d").transcript
    }

    fn outputs(transcript: &Transcript) -> Vec<String> {
        transcript.steps.iter().map(|step| step.output()).collect()
    }

    /// What each change is about: step, commands, and whether it can be accepted.
    fn open(tutorial: &Tutorial, run: &Run, transcript: &Transcript) -> Vec<(usize, usize, bool)> {
        let changes = changes(tutorial, run, transcript).into_iter();
        changes
            .map(|change| (change.step, change.wrong.len(), change.obstacle.is_none()))
            .collect()
    }

    #[test]
    fn only_what_is_accepted_changes_and_then_the_date() {
        let tutorial = tutorial(vec![step("a", &["one", "two"]), step("b", &["three"])]);
        let old = recorded(&tutorial, &[&["1", "2\nsame"], &["3"]]);
        let now = run(&tutorial, NOW, &[&["I", "II\nsame"], &["III"]]);
        assert_eq!(open(&tutorial, &now, &old), [(0, 2, true), (1, 1, true)]);
        assert_eq!(accepted(&old, &tutorial, &now, &[]), old);
        let new = accepted(&old, &tutorial, &now, &[0]);
        assert_eq!(outputs(&new), ["I\nII\nsame\n", "3\n"]);
        assert_eq!(
            (new.recorded.as_str(), new.facts.kernel.as_str()),
            (NOW, NOW)
        );
        assert_eq!(new.steps[1], old.steps[1]);
        assert_eq!(open(&tutorial, &now, &new), [(1, 1, true)]);
        // One after another is the same as all at once.
        let both = accepted(&old, &tutorial, &now, &[0, 1]);
        assert_eq!(accepted(&new, &tutorial, &now, &[1]), both);
        assert_eq!(open(&tutorial, &now, &both), []);
        // What agrees is not touched, however often it is accepted.
        let same = run(&tutorial, NOW, &[&["1", "2\nsame"], &["3"]]);
        assert_eq!(accepted(&old, &tutorial, &same, &[0, 1]), old);
    }

    #[test]
    fn what_is_said_of_a_line_goes_with_it() {
        let values = |values: &[&str]| values.iter().map(|it| (*it).to_owned()).collect();
        let mut command = TranscriptCommand {
            output: "seq 1 time 4ms\nfrom nowhere\nretry\n".to_owned(),
            varies: BTreeMap::from([
                ("int".to_owned(), values(&["time {{4}}ms", "{{2}} left"])),
                ("ipv4".to_owned(), values(&["10.0.0.2"])),
                ("word".to_owned(), values(&["nowhere"])),
            ]),
            repeats: values(&["retry", "late"]),
            sometimes: values(&["re"]),
            unordered: true,
            ..TranscriptCommand::default()
        };
        forget_what_is_gone(&mut command);
        let varies = BTreeMap::from([
            ("int".to_owned(), values(&["time {{4}}ms"])),
            ("word".to_owned(), values(&["nowhere"])),
        ]);
        assert_eq!(command.varies, varies);
        assert_eq!(command.repeats, ["retry"]);
        assert_eq!(command.sometimes, ["re"]);
        assert!(command.unordered);

        let tutorial = tutorial(vec![step("a", &["ping"])]);
        let mut old = recorded(&tutorial, &[&["seq 1\nfrom 10.0.0.2"]]);
        let ipv4 = ("ipv4".to_owned(), values(&["10.0.0.2"]));
        old.steps[0].commands[0].varies = BTreeMap::from([ipv4]);
        let now = run(&tutorial, NOW, &[&["seq 1\nfrom nowhere"]]);
        let new = accepted(&old, &tutorial, &now, &[0]);
        assert_eq!(outputs(&new), ["seq 1\nfrom nowhere\n"]);
        assert_eq!(new.steps[0].commands[0].varies, BTreeMap::new());
    }

    #[test]
    fn what_varies_and_what_repeats_keeps_its_recorded_text() {
        let tutorial = tutorial(vec![step("a", &["ping"])]);
        let mut old = recorded(&tutorial, &[&["wait\nwait\nseq 1 of 4\nend"]]);
        let command = &mut old.steps[0].commands[0];
        command.varies = BTreeMap::from([("int".to_owned(), vec!["seq {{1}}".to_owned()])]);
        command.repeats = vec!["wait".to_owned()];
        command.sometimes = vec!["late".to_owned()];
        let now = run(&tutorial, NOW, &[&["wait\nseq 7 of 4\nlate\nEND"]]);
        let new = accepted(&old, &tutorial, &now, &[0]);
        assert_eq!(outputs(&new), ["wait\nwait\nseq 1 of 4\nEND\n"]);
        assert_eq!(open(&tutorial, &now, &new), []);
    }

    #[test]
    fn who_accepts_a_broken_binding_sets_the_values_apart() {
        let tutorial = tutorial(vec![step("a", &["link"]), step("b", &["neigh", "arp"])]);
        let mac = "ae:e9:d8:1b:1b:1b";
        let neigh = format!("10.0.0.1 {mac}");
        let mut old = recorded(&tutorial, &[&[mac], &[&neigh, &neigh]]);
        for command in old.steps.iter_mut().flat_map(|step| &mut step.commands) {
            command.varies = BTreeMap::from([("mac".to_owned(), vec![mac.to_owned()])]);
        }
        let (one, other) = ("ae:00:00:00:00:01", "10.0.0.1 ae:00:00:00:00:02");
        let now = run(&tutorial, NOW, &[&[one], &[other, other]]);
        assert_eq!(open(&tutorial, &now, &old), [(1, 1, true)]);
        assert_eq!(accepted(&old, &tutorial, &now, &[0]), old);
        let new = accepted(&old, &tutorial, &now, &[1]);
        assert_eq!(new.steps, old.steps);
        assert_eq!(new.apart, [mac]);
        assert_eq!(new.recorded, NOW);
        assert_eq!(open(&tutorial, &now, &new), []);
        // And so does who merges the run, of all its steps.
        let merged = merged(&tutorial, &old, &now);
        assert_eq!(merged.unexplained, []);
        assert_eq!(merged.transcript.steps, old.steps);
        assert_eq!(merged.transcript.apart, [mac]);
    }

    #[test]
    fn lines_that_no_edit_speaks_of_stay_and_those_that_repeat_stand_once() {
        let recorded = ["head", "...", "mid", "rep", "maybe", "tail"];
        let actual = ["head", "MID", "rep", "rep", "tail", "more"];
        let edits = [
            Edit::Pair(0, 0),
            Edit::Missing(2),
            Edit::Extra(1),
            Edit::Pair(3, 2),
            Edit::Pair(3, 3),
            Edit::Pair(5, 4),
            Edit::Extra(5),
        ];
        assert_eq!(
            rewritten(
                &recorded,
                &actual,
                &Pattern::literal(&recorded.join("\n")),
                &edits
            ),
            "head\n...\nMID\nrep\nmaybe\ntail\nmore\n"
        );
        assert_eq!(
            rewritten(
                &["gone"],
                &[],
                &Pattern::literal("gone"),
                &[Edit::Missing(0)]
            ),
            ""
        );
        assert_eq!(
            rewritten(&[], &["new"], &Pattern::literal(""), &[Edit::Extra(0)]),
            "new\n"
        );
    }

    #[test]
    fn lines_without_an_order_keep_that_of_the_recording() {
        let mut unordered = step("a", &["ls"]);
        unordered.matching = Matching::Unordered;
        let tutorial = tutorial(vec![unordered]);
        let old = recorded(&tutorial, &[&["a\nb\nc"]]);
        let now = run(&tutorial, NOW, &[&["new\nc\nnewer\na"]]);
        let new = accepted(&old, &tutorial, &now, &[0]);
        assert_eq!(outputs(&new), ["a\nnew\nc\nnewer\n"]);
        assert_eq!(open(&tutorial, &now, &new), []);
    }

    #[test]
    fn what_the_spec_decides_no_transcript_can() {
        let mut expects = step("a", &["one"]);
        expects.expect = Some(Expect {
            text: "1\n".to_owned(),
            at: Position::default(),
        });
        let tutorial = tutorial(vec![expects, step("b", &["two", "three"])]);
        let old = recorded(&tutorial, &[&["1"], &["2", "3"]]);
        let mut now = run(&tutorial, NOW, &[&["I"], &["II", "III"]]);
        now.steps[1].commands[0].exit = Some(4);
        let changes = changes(&tutorial, &now, &old);
        let obstacles: Vec<_> = changes.iter().map(|it| it.obstacle.as_ref()).collect();
        let exit = Obstacle::Exit { command: 0, got: 4 };
        assert_eq!(obstacles, [Some(&Obstacle::Expect), Some(&exit)]);
        assert_eq!(accepted(&old, &tutorial, &now, &[0, 1]), old);
    }

    #[test]
    fn a_status_that_may_be_any_goes_with_the_output() {
        let mut any = step("a", &["one"]);
        any.exit = ExpectedExit::Any;
        let tutorial = tutorial(vec![any]);
        let old = recorded(&tutorial, &[&["1"]]);
        let mut now = run(&tutorial, NOW, &[&["I"]]);
        now.steps[0].commands[0].exit = Some(4);
        let new = accepted(&old, &tutorial, &now, &[0]);
        assert_eq!(new.steps[0].commands[0].exit, Some(4));
        assert_eq!(outputs(&new), ["I\n"]);
    }

    #[test]
    fn what_a_broken_run_cut_off_or_left_behind_is_not_to_be_accepted() {
        let mut daemon = step("a", &["daemon"]);
        if let Action::Run(run) = &mut daemon.action {
            run.background = Some(Background { ready: None });
        }
        let mut cleanup = step("z", &["rm it"]);
        cleanup.phase = Phase::Cleanup;
        let (before, breaks) = (step("b", &["two"]), step("c", &["three"]));
        let tutorial = tutorial(vec![daemon, before, breaks, cleanup]);
        let old = recorded(&tutorial, &[&["up\nserved"], &["2"], &["3"], &[""]]);
        let mut now = run(
            &tutorial,
            NOW,
            &[&["up"], &["II"], &["what"], &["no such file"]],
        );
        now.steps[2].ended = Ended::Failed(Failure::Timeout {
            after: Duration::from_secs(30),
            waiting_for: "the command's end".to_owned(),
        });
        let broken = Some(Obstacle::BrokenOff { at: 2 });
        let timeout = Some(Obstacle::CouldNotGoOn);
        let obstacles: Vec<_> = changes(&tutorial, &now, &old)
            .into_iter()
            .map(|change| change.obstacle)
            .collect();
        assert_eq!(obstacles, [broken.clone(), None, timeout, broken]);
        let new = accepted(&old, &tutorial, &now, &[0, 1, 2, 3]);
        assert_eq!(outputs(&new), ["up\nserved\n", "II\n", "3\n", ""]);
    }
}
