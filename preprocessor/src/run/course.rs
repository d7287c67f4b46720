//! Where a run stands: what was sent, what was answered, what is to be sent next. No I/O.

use std::collections::BTreeMap;

use crate::agent::protocol::StepRequest;
use crate::outcome::{CommandRun, Ended, Facts, Failure, StepRun};
use crate::run::facts;
use crate::run::placeholders::{Filled, fill};
use crate::tutorial::{Action, Phase, Step, Tutorial};

/// The course of one run.
pub(super) struct Course<'a> {
    tutorial: &'a Tutorial,
    results: Vec<Option<StepRun>>,
    captured: BTreeMap<String, String>,
    /// Index of the first step that was neither sent nor decided.
    next: usize,
    /// Steps that were sent and not answered.
    open: usize,
    /// The host of the latest of them. Steps of one host are sent ahead; the next host waits for their answers, so that
    /// steps happen one after another whatever terminal they are in.
    host: usize,
    /// Nothing but cleanup from here on.
    broken_off: bool,
    /// Why, until a step has failed of it: if none was under way, the first that is not reached does.
    reason: Option<Failure>,
    pace: Pace,
    /// Cleanup waits.
    holds_cleanup: bool,
    /// Steps that ran again, as they went the first time: that is what counts.
    first: BTreeMap<usize, StepRun>,
}

/// How steps are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// As many as can be.
    Ahead,
    /// Each after the answer to the one before, which somebody looks at.
    OneByOne,
}

impl<'a> Course<'a> {
    /// A run that has not begun. Steps that don't apply here are passed over from the start.
    pub(super) fn new(tutorial: &'a Tutorial, facts: &Facts) -> Self {
        let result =
            |step: &Step| (!applies(tutorial, step, facts)).then(|| ended(step, Ended::PassedOver));
        Self {
            tutorial,
            results: tutorial.steps.iter().map(result).collect(),
            captured: BTreeMap::new(),
            next: 0,
            open: 0,
            host: 0,
            broken_off: false,
            pace: Pace::Ahead,
            holds_cleanup: false,
            first: BTreeMap::new(),
            reason: None,
        }
    }

    /// So are those behind the last that is to run, but for cleanup.
    pub(super) fn up_to(mut self, last: Option<usize>) -> Self {
        let behind = last.map_or(usize::MAX, |last| last + 1);
        let steps = self.tutorial.steps.iter().zip(&mut self.results);
        for (step, result) in steps.skip(behind) {
            if step.phase != Phase::Cleanup {
                *result = Some(ended(step, Ended::PassedOver));
            }
        }
        self
    }

    /// At this pace.
    pub(super) fn at_pace(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// All steps that can be sent now, ahead of the answers to those before them, each with its host. A value that is
    /// yet to be captured holds the rest back, and so does another host.
    pub(super) fn next_batch(&mut self, keep: usize) -> Vec<(usize, StepRequest)> {
        let mut batch = Vec::new();
        while let Some(step) = self.tutorial.steps.get(self.next) {
            if self.pace == Pace::OneByOne && (self.open > 0 || self.has_just_failed()) {
                break;
            }
            if self.holds_cleanup && step.phase == Phase::Cleanup {
                break;
            }
            let index = self.next;
            if self.results[index].is_none() {
                match self.decide(step) {
                    Decision::Send(action) => {
                        self.open += 1;
                        self.host = self.host_of(step);
                        batch.push((self.host, request(index, step, *action, keep)));
                    }
                    Decision::Hold => break,
                    Decision::Over(end) => self.results[index] = Some(ended(step, end)),
                }
            }
            self.next += 1;
        }
        batch
    }

    /// Whether the step before the next could not even be sent.
    fn has_just_failed(&self) -> bool {
        let before = self
            .next
            .checked_sub(1)
            .and_then(|before| self.results[before].as_ref());
        self.broken_off
            && before
                .is_some_and(|step| matches!(step.ended, Ended::Failed(Failure::Capture { .. })))
    }

    fn host_of(&self, step: &Step) -> usize {
        self.tutorial.terminals[step.terminal].host
    }

    fn decide(&mut self, step: &Step) -> Decision {
        if self.open > 0 && self.host_of(step) != self.host {
            return Decision::Hold;
        }
        if self.broken_off && step.phase != Phase::Cleanup {
            // A step that was sent before may yet fail of it.
            let reason = self.reason.take_if(|_| self.open == 0);
            return Decision::Over(reason.map_or(Ended::NotReached, Ended::Failed));
        }
        match fill(&step.action, &self.captured) {
            Filled::Complete(action) => Decision::Send(Box::new(action)),
            Filled::Lacks(_) if self.open > 0 => Decision::Hold,
            // A cleanup step for something that was never made.
            Filled::Lacks(_) if self.broken_off => Decision::Over(Ended::NotReached),
            Filled::Lacks(name) => {
                self.broken_off = true;
                Decision::Over(Ended::Failed(Failure::Capture { name }))
            }
        }
    }

    /// Whether a step was sent to this host and not answered.
    pub(super) fn awaits(&self, host: usize, step: usize) -> bool {
        let was_sent = step < self.next && self.results[step].is_none();
        was_sent && self.host_of(&self.tutorial.steps[step]) == host
    }

    /// Takes an answer to a step that is awaited.
    pub(super) fn finished(
        &mut self,
        step: usize,
        mut ended: Ended,
        commands: Vec<CommandRun>,
        mut captured: BTreeMap<String, String>,
    ) {
        self.broken_off |= matches!(ended, Ended::Failed(_) | Ended::NotReached)
            && self.tutorial.steps[step].phase != Phase::Cleanup;
        match (&ended, self.reason.take()) {
            (Ended::NotReached, Some(reason)) => ended = Ended::Failed(reason),

            (Ended::Failed(_), _) => {}
            (_, reason) => self.reason = reason,
        }
        captured.retain(|name, _| self.tutorial.steps[step].capture.contains_key(name));
        self.captured.extend(captured);
        self.open -= 1;
        self.results[step] = Some(StepRun {
            id: self.tutorial.steps[step].id.clone(),
            ended,
            commands,
        });
    }

    /// Takes what a background command of a host wrote after its step was over. Another command writes nothing then.
    pub(super) fn later(&mut self, host: usize, step: usize, command: CommandRun) {
        let Some(asked) = self.tutorial.steps.get(step) else {
            return;
        };
        let in_background = matches!(&asked.action, Action::Run(run) if run.background.is_some());
        if !in_background || self.host_of(asked) != host {
            return;
        }
        let result = self.results.get_mut(step).and_then(Option::as_mut);
        if let Some(last) = result.and_then(|result| result.commands.last_mut()) {
            *last = command;
        }
    }

    /// The results of the steps up to the first that is not decided.
    pub(super) fn decided(&self) -> &[Option<StepRun>] {
        let open = self.results.iter().position(Option::is_none);
        &self.results[..open.unwrap_or(self.results.len())]
    }

    /// Cleanup waits until it is released.
    pub(super) fn hold_cleanup(self) -> Self {
        Self {
            holds_cleanup: true,
            ..self
        }
    }

    /// Nobody looks at each step any more, and cleanup need not wait.
    pub(super) fn release(&mut self) {
        self.pace = Pace::Ahead;
        self.holds_cleanup = false;
    }

    /// Whether nothing but cleanup is left.
    pub(super) fn is_before_cleanup(&self) -> bool {
        let next = self.tutorial.steps.get(self.next);
        self.open == 0 && next.is_none_or(|step| step.phase == Phase::Cleanup)
    }

    /// A failure is no reason to break off.
    pub(super) fn go_on(&mut self) {
        self.broken_off = false;
        self.reason = None;
    }

    /// Runs a step that is decided once more, and those behind it after it.
    pub(super) fn again(&mut self, step: usize) {
        if let Some(ran) = self.results[step].take() {
            self.first.entry(step).or_insert(ran);
            self.next = step;
        }
    }

    /// No further step but cleanup, for this reason.
    pub(super) fn break_off(&mut self, reason: Failure) {
        if !self.broken_off {
            self.reason = Some(reason);
        }
        self.broken_off = true;
    }

    /// Whether all that is not cleanup is decided.
    pub(super) fn is_cleaning_up(&self) -> bool {
        let steps = self.tutorial.steps.iter().zip(&self.results);
        steps
            .filter(|(step, _)| step.phase != Phase::Cleanup)
            .all(|(_, result)| result.is_some())
    }

    /// Whether every step is decided.
    pub(super) fn is_over(&self) -> bool {
        self.open == 0 && self.next >= self.tutorial.steps.len()
    }

    /// The results, when the answers can't be trusted any more. Where every step has one already, the last is not good
    /// all the same: a process that writes into the agent's pipe must not make a run good by answering for it.
    pub(super) fn broken(mut self, why: &str) -> Vec<StepRun> {
        if self.results.iter().all(Option::is_some)
            && let Some(Some(last)) = self.results.last_mut()
        {
            last.ended = Ended::Failed(Failure::Interrupted(why.to_owned()));
        }
        self.end(why)
    }

    /// The results, when no answer will come any more. The first step without one was interrupted, if one was sent.
    pub(super) fn end(mut self, why: &str) -> Vec<StepRun> {
        for (step, ran) in std::mem::take(&mut self.first) {
            self.results[step] = Some(ran);
        }
        let mut interrupted = self.open > 0 || !self.broken_off;
        let steps = self.tutorial.steps.iter();
        steps
            .zip(self.results.drain(..))
            .map(|(step, result)| {
                result.unwrap_or_else(|| match std::mem::take(&mut interrupted) {
                    true => ended(step, Ended::Failed(Failure::Interrupted(why.to_owned()))),
                    false => ended(step, Ended::NotReached),
                })
            })
            .collect()
    }
}

enum Decision {
    Send(Box<crate::tutorial::Action>),
    Hold,
    Over(Ended),
}

fn applies(tutorial: &Tutorial, step: &Step, facts: &Facts) -> bool {
    let Some(when) = &step.when else { return true };
    let one_of = |wanted: &[String], is: &str| wanted.is_empty() || wanted.iter().any(|w| w == is);
    let terminal = tutorial.terminals.get(step.terminal);
    let host = terminal.and_then(|terminal| tutorial.hosts.get(terminal.host));
    one_of(&when.arch, &facts.arch)
        && one_of(&when.suite, &host.map(facts::suite).unwrap_or_default())
}

fn ended(step: &Step, ended: Ended) -> StepRun {
    StepRun {
        id: step.id.clone(),
        ended,
        commands: Vec::new(),
    }
}

fn request(index: usize, step: &Step, action: crate::tutorial::Action, keep: usize) -> StepRequest {
    StepRequest {
        step: index,
        phase: step.phase,
        terminal: step.terminal,
        action,
        timeout: step.timeout,
        exit: step.exit,
        capture: step.capture.clone(),
        keep,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Course;
    use crate::diagnostic::SourceFile;
    use crate::outcome::{Ended, Facts, Failure};
    use crate::tutorial::{Sources, Spec, Tutorial, resolve};

    /// The second step waits for what the first one captures.
    const SPEC: &str = "title: x\nsteps:\n  - run: date\n    capture: {NOW: .*}\n  - run: echo {{=NOW}}\n  - run: echo\ncleanup:\n  - run: echo\n";

    fn tutorial() -> Tutorial {
        let file = SourceFile {
            path: "x.yaml".into(),
            text: SPEC.to_owned(),
        };
        let spec = Spec::parse("x", file, &|_| unreachable!()).unwrap();
        resolve(&spec, &Sources::default()).unwrap().tutorial
    }

    fn ends(course: Course<'_>) -> Vec<Ended> {
        let steps = course.end("").into_iter();
        steps.map(|step| step.ended).collect()
    }

    fn reason() -> Failure {
        Failure::Interrupted("it is over".to_owned())
    }

    #[test]
    fn breaking_off_between_two_steps_fails_the_next_one() {
        let tutorial = tutorial();
        let mut course = Course::new(&tutorial, &Facts::default());
        course.next_batch(0);
        let now = [("NOW".to_owned(), "today".to_owned())];
        course.finished(0, Ended::Done, Vec::new(), now.into());
        course.break_off(reason());
        assert_eq!(course.next_batch(0)[0].1.step, 3, "the cleanup");
        course.finished(3, Ended::Done, Vec::new(), BTreeMap::new());
        let failed = Ended::Failed(reason());
        let expected = [Ended::Done, failed, Ended::NotReached, Ended::Done];
        assert_eq!(ends(course), expected);
    }

    #[test]
    fn breaking_off_says_so_once() {
        for first in [Ended::NotReached, Ended::Failed(reason())] {
            let tutorial = tutorial();
            let mut course = Course::new(&tutorial, &Facts::default());
            course.next_batch(0);
            course.break_off(reason());
            course.finished(0, first, Vec::new(), BTreeMap::new());
            course.next_batch(0);
            course.finished(3, Ended::Done, Vec::new(), BTreeMap::new());
            let not_reached = Ended::NotReached;
            let failed = Ended::Failed(reason());
            let expected = [failed, not_reached.clone(), not_reached, Ended::Done];
            assert_eq!(ends(course), expected);
        }
    }
}
