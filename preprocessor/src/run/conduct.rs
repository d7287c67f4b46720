//! One run from the first request to the last event.

use std::time::{Duration, Instant};

use crate::agent::mask::Mask;
use crate::agent::protocol::{Event, Interruption, OpenTerminal, Request, VERSION};
use crate::lab::{self, Lab, Plan, Supplies};
use crate::outcome::{CommandRun, Ended, Facts, Failure, StepRun};
use crate::run::conversation::{Conversation, Happened};
use crate::run::course::{Course, Pace};
use crate::run::debug::{self, Debug, Way};
use crate::run::kept::{self, Keep};
use crate::run::{LabError, Options, Progress, sound, supplies};
use crate::tutorial::{Terminal, Tutorial};

/// How much longer than a step's own timeout we wait for the agent, which holds that timeout itself: past it the agent
/// is not to be trusted any more. It also has to start a shell and end it in this time.
const GRACE: Duration = Duration::from_secs(15);

/// Who stands by.
pub(super) enum Watch<'d, 'c> {
    /// Nobody.
    Nobody,
    /// A person, step by step.
    Debug(Debug<'d, 'c>),
    /// Whoever comes when the steps are over.
    Keep(Keep<'d>),
}

type Observer<'a> = &'a mut dyn FnMut(Progress<'_>);

/// What happens to the lab when every step is decided.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AtEnd {
    /// It ends.
    Leave,
    /// It stands until its [`Conversation`] is dropped.
    Stay,
}

/// Starts the lab and runs every step. Gives the lab too if it is to stay and does.
pub(super) fn conduct(
    tutorial: &Tutorial,
    facts: &Facts,
    supplies: Supplies,
    options: &Options,
    (at_end, watch): (AtEnd, Watch<'_, '_>),
    observer: Observer<'_>,
) -> Result<(Vec<StepRun>, Option<Conversation>), LabError> {
    let plan =
        Plan::new(tutorial, &options.runtime, supplies).with_variation(options.variation.clone());
    let lab = Lab::start(&plan)?;
    let conversation = Conversation::new(lab).map_err(agent_error)?;
    let mut course = Course::new(tutorial, facts).up_to(options.until);
    let (debug, keep) = match watch {
        Watch::Nobody => (None, None),
        Watch::Debug(debug) => {
            course = course.at_pace(Pace::OneByOne);
            (Some(debug), None)
        }
        Watch::Keep(keep) => {
            course = course.hold_cleanup();
            (None, Some(keep))
        }
    };
    let conductor = Conductor {
        tutorial,
        options,
        observer,
        course,
        greeted: vec![false; tutorial.hosts.len()],
        phase: Phase::Greeting,
        at_end,
        deadline: Instant::now() + GRACE,
        interrupted: false,
        over_at: tutorial
            .timeout
            .filter(|_| debug.is_none())
            .map(|time| Instant::now() + time),
        debug,
        looked_at: 0,
        keep,
        mask: Mask::new(options.secrets.clone()),
    };
    conductor.conduct(conversation)
}

struct Conductor<'a, 'd, 'c> {
    tutorial: &'a Tutorial,
    options: &'a Options,
    observer: Observer<'a>,
    course: Course<'a>,
    /// Which agents have spoken, by host.
    greeted: Vec<bool>,
    phase: Phase,
    at_end: AtEnd,
    /// When the agent counts as dead, unless it speaks.
    deadline: Instant,
    interrupted: bool,
    /// Who stands by.
    debug: Option<Debug<'d, 'c>>,
    /// Steps that they were told of.
    looked_at: usize,
    /// How the lab is kept before cleanup.
    keep: Option<Keep<'d>>,
    /// When the tutorial's own time is over, unless it has been cut short by then.
    over_at: Option<Instant>,
    /// The agent masks too; but what comes is whatever was written into its pipe.
    mask: Mask,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Not every agent has spoken.
    Greeting,
    /// Steps are under way.
    Steps,
    /// All are answered, and the agents were told to end.
    Leaving,
    /// All are answered, and the lab stays.
    Standing,
}

/// Why no further event is waited for.
enum Over {
    /// The agent has ended after all steps.
    Good,
    /// This happened before.
    Broken(String),
    /// This host's agent closed its pipe.
    Gone(usize),
}

impl Conductor<'_, '_, '_> {
    fn conduct(
        mut self,
        mut conversation: Conversation,
    ) -> Result<(Vec<StepRun>, Option<Conversation>), LabError> {
        self.greet(&mut conversation).map_err(agent_error)?;
        let over = loop {
            match self.turn(&mut conversation) {
                Ok(None) => {}
                Ok(Some(over)) => break over,
                Err(error) => break Over::Broken(format!("the agent's events: {error}")),
            }
        };
        // Nothing that the agent did counts before it has spoken.
        if self.phase == Phase::Greeting {
            return Err(match over {
                Over::Broken(why) if !self.interrupted => LabError::Agent(why),
                Over::Broken(why) => return Ok((self.course.end(&why), None)),
                Over::Good | Over::Gone(_) => conversation.post_mortem().into(),
            });
        }
        let steps = match over {
            Over::Good if self.phase == Phase::Standing => {
                return Ok((self.course.end(""), Some(conversation)));
            }
            Over::Good => self.course.end(""), // Every step has its answer.
            Over::Broken(why) => self.course.broken(&why),
            Over::Gone(host) => {
                let name = &self.tutorial.hosts[host].name;
                let why = format!("the host {name} ended: {}", conversation.last_words());
                self.course.broken(&why)
            }
        };
        Ok((steps, None))
    }

    fn greet(&mut self, conversation: &mut Conversation) -> std::io::Result<()> {
        conversation.say_to_all(&Request::Hello {
            version: VERSION,
            secrets: self.options.secrets.clone(),
        })?;
        for (index, terminal) in self.tutorial.terminals.iter().enumerate() {
            let open = Request::Open(self.terminal(index, terminal));
            conversation.say(terminal.host, &open)?;
        }
        self.send_steps(conversation)
    }

    fn terminal(&self, index: usize, terminal: &Terminal) -> OpenTerminal {
        let host = &self.tutorial.hosts[terminal.host];
        let mut user = lab::login_user(&host.user);
        let folder = supplies::working_directory(self.tutorial, host);
        user.env.insert("PWD".to_owned(), folder.clone());
        OpenTerminal {
            terminal: index,
            shell: vec![user.shell],
            uid: user.uid,
            gid: user.gid,
            env: user.env,
            cwd: folder,
            size: self.options.size,
        }
    }

    /// Sends what can be sent; says good-bye when nothing is left.
    fn send_steps(&mut self, conversation: &mut Conversation) -> std::io::Result<()> {
        for (host, step) in self.course.next_batch(self.options.keep) {
            conversation.say(host, &Request::Step(step))?;
        }
        let waits = self.is_unseen() || self.keep.is_some();
        if !self.course.is_over() || self.phase != Phase::Steps || waits {
            return Ok(());
        }
        if self.at_end == AtEnd::Stay {
            self.phase = Phase::Standing;
        } else {
            self.phase = Phase::Leaving;
            self.deadline = Instant::now() + GRACE;
            conversation.say_to_all(&Request::Bye)?;
        }
        Ok(())
    }

    /// Waits once, and deals with what came.
    fn turn(&mut self, conversation: &mut Conversation) -> std::io::Result<Option<Over>> {
        let now = Instant::now();
        let over_at = |it: &Self| it.over_at.filter(|_| it.phase == Phase::Steps);
        if over_at(self).is_some_and(|due| due <= now) {
            self.time_over(conversation)?;
        }
        let interrupt = self.options.interrupt.as_ref();
        let event = interrupt.map(|interrupt| interrupt.event(self.interrupted));
        let due = over_at(self).map_or(self.deadline, |due| due.min(self.deadline));
        let time = due.saturating_duration_since(now);
        match conversation.wait(event, time)? {
            Happened::Events(events) => {
                for (host, event) in events {
                    if let Some(over) = self.take(host, event) {
                        return Ok(Some(over));
                    }
                }
                // Somebody who stands by is let in when the whole lab stands.
                while self.debug.is_none() || self.phase != Phase::Greeting {
                    if let Some(over) = self.stand_still(conversation)? {
                        return Ok(Some(over));
                    }
                    self.send_steps(conversation)?;
                    // What could not even be sent has failed, too.
                    if !self.is_unseen() {
                        break;
                    }
                }
                if let Some(over) = self.keep_lab(conversation)? {
                    return Ok(Some(over));
                }
                Ok((self.phase == Phase::Standing).then_some(Over::Good))
            }
            Happened::Interrupted => self.interrupt(conversation),
            Happened::TimedOut if Instant::now() < self.deadline => Ok(None),
            Happened::TimedOut => Ok(Some(Over::Broken("the agent does not answer".to_owned()))),
            Happened::Gone(_) if self.phase == Phase::Leaving => {
                Ok(conversation.is_over().then_some(Over::Good))
            }
            Happened::Gone(host) => Ok(Some(Over::Gone(host))),
        }
    }

    /// Lets the person who stands by in, at each step that it is to stand still at.
    fn stand_still(&mut self, conversation: &mut Conversation) -> std::io::Result<Option<Over>> {
        while self.is_unseen() {
            let Some(debug) = &mut self.debug else { break };
            let step = self.looked_at;
            self.looked_at += 1;
            let so_far: Vec<StepRun> = self.course.decided()[..=step]
                .iter()
                .flatten()
                .cloned()
                .collect();
            let (Some(ran), Some(why)) = (so_far.last(), (debug.stands_still)(&so_far)) else {
                continue;
            };
            let over = debug::stand(conversation, self.tutorial, debug, (step, ran), &why);
            self.deadline = Instant::now() + GRACE;
            match over {
                Ok(debug::Over::Left(Way::GiveUp)) => {
                    self.dismiss();
                    let why = "given up by hand".to_owned();
                    self.course.break_off(Failure::Interrupted(why));
                    self.note_interrupt();
                }
                Ok(debug::Over::Left(way)) => {
                    self.course.go_on();
                    if way == Way::Again {
                        self.course.again(step);
                        self.looked_at = step;
                    }
                    conversation.say_to_all(&Request::GoOn)?;
                    break;
                }
                Ok(debug::Over::Gone(host)) => return Ok(Some(Over::Gone(host))),
                Ok(debug::Over::Broken(why)) => return Ok(Some(Over::Broken(why))),
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Keeps the lab when all but cleanup is over, if it is to be kept; then cleanup comes.
    fn keep_lab(&mut self, conversation: &mut Conversation) -> std::io::Result<Option<Over>> {
        if self.phase != Phase::Steps || !self.course.is_before_cleanup() {
            return Ok(None);
        }
        let Some(keep) = self.keep.take() else {
            return Ok(None);
        };
        let so_far: Vec<StepRun> = self.course.decided().iter().flatten().cloned().collect();
        let over = kept::keep(conversation, self.tutorial, keep, &so_far)?;
        self.deadline = Instant::now() + GRACE;
        // Who was in it has taken the time they wanted.
        self.over_at = None;
        self.note_interrupt();
        self.dismiss();
        match over {
            debug::Over::Left(_) => self.send_steps(conversation).map(|()| None),
            debug::Over::Gone(host) => Ok(Some(Over::Gone(host))),
            debug::Over::Broken(why) => Ok(Some(Over::Broken(why))),
        }
    }

    /// Whoever stood by has heard a first ^C already.
    fn note_interrupt(&mut self) {
        let interrupt = self.options.interrupt.as_ref();
        self.interrupted |= interrupt.is_some_and(super::Interrupt::is_raised);
    }

    /// Whether a step is decided that who stands by was not told of.
    fn is_unseen(&self) -> bool {
        self.debug.is_some() && self.course.decided().len() > self.looked_at
    }

    /// Nobody stands by any more.
    fn dismiss(&mut self) {
        self.debug = None;
        self.keep = None;
        self.course.release();
    }

    /// The first time the agent is asked to go on to the cleanup; the second time nobody is asked.
    fn interrupt(&mut self, conversation: &mut Conversation) -> std::io::Result<Option<Over>> {
        let why = "^C".to_owned();
        if self.interrupted || self.phase == Phase::Greeting {
            self.interrupted = true;
            return Ok(Some(Over::Broken(why)));
        }
        self.interrupted = true;
        self.dismiss();
        self.break_off(Interruption::Asked(why), conversation)?;
        Ok(None)
    }

    /// As the first ^C, unless nothing but cleanup is left anyway.
    fn time_over(&mut self, conversation: &mut Conversation) -> std::io::Result<()> {
        self.over_at = None;
        match self.tutorial.timeout {
            Some(time) if !self.course.is_cleaning_up() => {
                self.break_off(Interruption::TimeOver(time), conversation)
            }
            _ => Ok(()),
        }
    }

    fn break_off(
        &mut self,
        why: Interruption,
        conversation: &mut Conversation,
    ) -> std::io::Result<()> {
        self.course
            .break_off(why.failure(|| "the next step".to_owned()));
        conversation.say_to_all(&Request::Interrupt { why })?;
        self.send_steps(conversation)
    }

    fn take(&mut self, host: usize, event: Event) -> Option<Over> {
        match event {
            Event::Hello {
                version: VERSION,
                filtered: true,
            } => self.greeted(host),
            // A runtime may not know the annotation, nor have been built to compile the list.
            Event::Hello {
                version: VERSION, ..
            } => {
                let why = "its system calls are not filtered: the OCI runtime has not installed the list of those that are allowed";
                return Some(Over::Broken(why.to_owned()));
            }
            Event::Hello { version, .. } => {
                let why = format!("it speaks version {version} of our protocol, not {VERSION}");
                return Some(Over::Broken(why));
            }
            // The first step has begun by then, and has its own time.
            Event::Opened { .. } => self.deadline = self.deadline.max(Instant::now() + GRACE),
            Event::Started { step } if self.course.awaits(host, step) => self.started(step),
            Event::Started { step } => return Some(unasked("began", step)),
            Event::Finished {
                step,
                mut ended,
                mut commands,
                captured,
            } => {
                if !self.course.awaits(host, step) {
                    return Some(unasked("answered", step));
                }
                if !sound::is_sound(&ended, &commands) {
                    let why = format!("its answer to step {step} contradicts itself");
                    return Some(Over::Broken(why));
                }
                self.mask.answer(&mut ended, &mut commands);
                self.observe_end(step, &ended, &commands);
                self.course.finished(step, ended, commands, captured);
            }
            Event::Later { command, .. } if !sound::is_sound_command(&command) => {
                return Some(Over::Broken("a late output contradicts itself".to_owned()));
            }
            Event::Later {
                step, mut command, ..
            } => {
                self.mask.command(&mut command);
                self.course.later(host, step, command);
            }
            Event::Output { .. } | Event::Exited { .. } | Event::Left { .. } => {
                let why = "it speaks of a command that nobody is attached to".to_owned();
                return Some(Over::Broken(why));
            }
            Event::Fatal { mut message } => {
                self.mask.text(&mut message);
                return Some(Over::Broken(message));
            }
        }
        None
    }

    fn greeted(&mut self, host: usize) {
        self.greeted[host] = true;
        if self.phase == Phase::Greeting && self.greeted.iter().all(|&greeted| greeted) {
            self.phase = Phase::Steps;
        }
    }

    fn started(&mut self, step: usize) {
        let steps = &self.tutorial.steps;
        let own = steps.get(step).map_or(GRACE, |step| step.timeout);
        self.deadline = Instant::now() + own + GRACE;
        (self.observer)(Progress::Started { step });
    }

    fn observe_end(&mut self, step: usize, ended: &Ended, commands: &[CommandRun]) {
        self.deadline = Instant::now() + GRACE;
        // The agent's own measure: events come in batches, so the time between two of ours says nothing.
        let took = commands.iter().map(|command| command.took);
        let took = took.fold(Duration::ZERO, Duration::saturating_add);
        (self.observer)(Progress::Finished { step, ended, took });
    }
}

/// The agent does not do this; a process in its host that found the agent's pipe would.
fn unasked(did: &str, step: usize) -> Over {
    Over::Broken(format!("it {did} step {step}, which nobody had asked for"))
}

fn agent_error(error: std::io::Error) -> LabError {
    LabError::Agent(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::SourceFile;
    use crate::tutorial::{Sources, Spec, resolve};

    #[test]
    fn a_terminal_that_is_there_takes_no_time_from_the_step_in_it() {
        let file = SourceFile {
            path: "x.yaml".into(),
            text: "title: x\nsteps:\n  - run: sleep 40\n    timeout: 60s\n".to_owned(),
        };
        let spec = Spec::parse("x", file, &|_| unreachable!()).unwrap();
        let tutorial = resolve(&spec, &Sources::default()).unwrap().tutorial;
        let mut course = Course::new(&tutorial, &Facts::default());
        course.next_batch(0);
        let mut conductor = Conductor {
            tutorial: &tutorial,
            options: &Options::default(),
            observer: &mut |_| {},
            course,
            greeted: vec![true],
            phase: Phase::Steps,
            at_end: AtEnd::Leave,
            deadline: Instant::now() + GRACE,
            interrupted: false,
            over_at: None,
            debug: None,
            looked_at: 0,
            keep: None,
            mask: Mask::new(std::collections::BTreeMap::new()),
        };
        let enough = Instant::now() + Duration::from_secs(60);
        assert!(conductor.take(0, Event::Started { step: 0 }).is_none());
        assert!(conductor.take(0, Event::Opened { terminal: 0 }).is_none());
        assert!(conductor.deadline > enough);
    }
}
