//! One run from the first request to the last event.

use std::time::{Duration, Instant};

use crate::agent::mask::Mask;
use crate::agent::protocol::{Event, OpenTerminal, Request, VERSION};
use crate::lab::{self, Lab, Plan, Supplies};
use crate::outcome::{CommandRun, Ended, Facts, StepRun};
use crate::run::conversation::{Conversation, Happened};
use crate::run::course::Course;
use crate::run::{LabError, Options, Progress, sound, supplies};
use crate::tutorial::{Terminal, Tutorial};

/// How much longer than a step's own timeout we wait for the agent, which holds that timeout itself: past it the agent
/// is not to be trusted any more. It also has to start a shell and end it in this time.
const GRACE: Duration = Duration::from_secs(15);

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
    at_end: AtEnd,
    observer: Observer<'_>,
) -> Result<(Vec<StepRun>, Option<Conversation>), LabError> {
    let plan =
        Plan::new(tutorial, &options.runtime, supplies).with_variation(options.variation.clone());
    let lab = Lab::start(&plan)?;
    let conversation = Conversation::new(lab).map_err(agent_error)?;
    let conductor = Conductor {
        tutorial,
        options,
        observer,
        course: Course::new(tutorial, facts),
        greeted: vec![false; tutorial.hosts.len()],
        phase: Phase::Greeting,
        at_end,
        deadline: Instant::now() + GRACE,
        interrupted: false,
        mask: Mask::new(options.secrets.clone()),
    };
    conductor.conduct(conversation)
}

struct Conductor<'a> {
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

impl Conductor<'_> {
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
        if !self.course.is_over() || self.phase != Phase::Steps {
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
        let interrupt = self.options.interrupt.as_ref();
        let event = interrupt.map(|interrupt| interrupt.event(self.interrupted));
        let time = self.deadline.saturating_duration_since(Instant::now());
        match conversation.wait(event, time)? {
            Happened::Events(events) => {
                for (host, event) in events {
                    if let Some(over) = self.take(host, event) {
                        return Ok(Some(over));
                    }
                }
                self.send_steps(conversation)?;
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

    /// The first time the agent is asked to go on to the cleanup; the second time nobody is asked.
    fn interrupt(&mut self, conversation: &mut Conversation) -> std::io::Result<Option<Over>> {
        let why = "^C".to_owned();
        if self.interrupted || self.phase == Phase::Greeting {
            self.interrupted = true;
            return Ok(Some(Over::Broken(why)));
        }
        self.interrupted = true;
        self.course.break_off();
        conversation.say_to_all(&Request::Interrupt { why })?;
        self.send_steps(conversation)?;
        Ok(None)
    }

    fn take(&mut self, host: usize, event: Event) -> Option<Over> {
        match event {
            Event::Hello { version: VERSION } => self.greeted(host),
            Event::Hello { version } => {
                let why = format!("it speaks version {version} of our protocol, not {VERSION}");
                return Some(Over::Broken(why));
            }
            Event::Opened { .. } => self.deadline = Instant::now() + GRACE,
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
            Event::Output { .. } | Event::Exited { .. } => {
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
