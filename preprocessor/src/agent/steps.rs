//! The script: requests in their order, a step at a time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use regex::RegexBuilder;

use super::protocol::{Event, OpenTerminal, Request, StepRequest, VERSION};
use super::pump::{Agent, Stop, Trouble};
use super::terminal::{Doing, Terminal};
use crate::outcome::{CommandRun, Ended, Failure};
use crate::tutorial::{Action, Phase};

/// A step while it runs.
pub(super) struct Step<'a> {
    pub(super) request: &'a StepRequest,
    pub(super) deadline: Instant,
    /// What it has to show so far.
    pub(super) commands: Vec<CommandRun>,
    /// See [`Ended::DoneByInterrupt`].
    pub(super) missed: Option<String>,
}

impl Agent {
    /// Works until `Bye`.
    pub(super) fn serve(&mut self) -> Result<(), Stop> {
        loop {
            let request = match self.link.next().map_err(Stop::Fatal)? {
                Some(request) if !self.link.is_clogged() => request,
                Some(request) => {
                    while self.link.is_clogged() {
                        self.pump(None)?;
                    }
                    request
                }
                None => {
                    // Nothing more to do for now: what was done should be known.
                    self.link.flush();
                    while !self.link.has_next() {
                        self.pump(None)?;
                    }
                    continue;
                }
            };
            match request {
                Request::Hello { version, secrets } => self.hello(version, secrets)?,
                Request::Open(open) => self.open(&open)?,
                Request::Step(step) => self.step(&step)?,
                // The link keeps it to itself: it overtakes what waits here.
                Request::Interrupt { .. } => {}
                Request::Attach(attach) => self.attach(&attach)?,
                // What is typed while the command ends.
                Request::Input { .. }
                | Request::EndOfInput
                | Request::Resize { .. }
                | Request::Leave => {}
                Request::Join(join) => self.join(&join)?,
                Request::GoOn => self.failed = false,
                Request::Bye => return self.bye(),
            }
        }
    }

    fn hello(&mut self, version: u32, secrets: BTreeMap<String, String>) -> Result<(), Stop> {
        self.mask = super::mask::Mask::new(secrets);
        let filtered = super::process::is_filtered();
        self.send(&Event::Hello {
            version: VERSION,
            filtered,
        });
        if version == VERSION {
            return Ok(());
        }
        Err(Stop::Fatal(format!(
            "the runner speaks version {version} of the protocol, this agent speaks {VERSION}"
        )))
    }

    fn open(&mut self, open: &OpenTerminal) -> Result<(), Stop> {
        let terminal = Terminal::open(open, Instant::now())
            .map_err(|error| Stop::Fatal(format!("no terminal could be opened: {error}")))?;
        self.terminals.insert(open.terminal, terminal);
        Ok(())
    }

    /// A cleanup needs a shell, whatever became of the tutorial's.
    pub(super) fn reopen(&mut self, index: usize) -> Result<(), Trouble> {
        self.settle_background(index);
        let open = self.terminal(index)?.origin().clone();
        let mut terminal = Terminal::open(&open, Instant::now())
            .map_err(|error| Stop::Fatal(format!("no terminal could be opened: {error}")))?;
        terminal.announce_nothing();
        self.terminals.insert(index, terminal);
        Ok(())
    }

    /// So does a person who comes to see why it has ended.
    pub(super) fn reopen_for_person(&mut self, index: usize) -> Result<(), Stop> {
        match self.reopen(index) {
            Err(Trouble::Stop(stop)) => Err(stop),
            Ok(()) | Err(Trouble::Failed(_)) => Ok(()),
        }
    }

    fn step(&mut self, request: &StepRequest) -> Result<(), Stop> {
        let step = request.step;
        self.failed |= self.link.interrupted().is_some();
        if self.failed && request.phase != Phase::Cleanup {
            self.send(&Event::Finished {
                step,
                ended: Ended::NotReached,
                commands: Vec::new(),
                captured: BTreeMap::new(),
            });
            return Ok(());
        }
        self.send_later(Event::Started { step });
        let mut running = Step {
            request,
            deadline: Instant::now() + request.timeout,
            commands: Vec::new(),
            missed: None,
        };
        let result = self.act(&mut running);
        let mut captured = BTreeMap::new();
        let mut ended = match result.and_then(|()| Ok(capture(request, &running.commands)?)) {
            Ok(found) => {
                captured = found;
                match running.missed.take() {
                    Some(program) => Ended::DoneByInterrupt { program },
                    None => Ended::Done,
                }
            }
            Err(Trouble::Failed(failure)) => {
                self.failed = true;
                Ended::Failed(failure)
            }
            Err(Trouble::Stop(stop)) => return Err(stop),
        };
        let mut commands = running.commands;
        // Not what was captured: a later step types it, and the runner keeps it for no longer.
        self.mask.answer(&mut ended, &mut commands);
        self.send_later(Event::Finished {
            step,
            ended,
            commands,
            captured,
        });
        Ok(())
    }

    fn act(&mut self, step: &mut Step<'_>) -> Result<(), Trouble> {
        match &step.request.action {
            Action::Run(run) => self.run(step, run),
            Action::File(edit) => self.edit_file(step, edit),
            Action::Press(keys) => self.press(step, keys),
            Action::Wait(condition) => self.wait_step(step, condition),
            Action::Close => self.close(step),
            Action::Unavailable => Err(Failure::Interrupted(
                "the commands of this step are not known".to_owned(),
            )
            .into()),
        }
    }

    /// A terminal, which must have been opened.
    pub(super) fn terminal(&mut self, index: usize) -> Result<&mut Terminal, Trouble> {
        self.terminals
            .get_mut(&index)
            .ok_or_else(|| Failure::TerminalGone { exit: None }.into())
    }

    /// Waits until the terminal of a step can take a command.
    pub(super) fn ready_terminal(&mut self, step: &Step<'_>) -> Result<(), Trouble> {
        // A daemon is ready, and the command that put it into the background is about to end.
        const ABOUT_TO_END: Duration = Duration::from_secs(1);
        let busy_at = step.deadline.min(Instant::now() + ABOUT_TO_END);
        let index = step.request.terminal;
        loop {
            match self.terminal(index)?.doing() {
                Doing::Idle => return Ok(()),
                Doing::Gone { .. } if step.request.phase == Phase::Cleanup => self.reopen(index)?,
                Doing::Gone { exit } => return Err(Failure::TerminalGone { exit }.into()),
                Doing::Opening => self.check_time(step, || "the terminal's first prompt".into())?,
                Doing::Typed | Doing::Running => {
                    if step.request.phase == Phase::Cleanup {
                        self.interrupt(step)?;
                        continue;
                    } else if self.pressed.get(&index) != Some(&true) {
                        if Instant::now() >= busy_at {
                            return Err(Failure::Busy.into());
                        }
                        self.check_time(step, || "the end of the command before".into())?;
                        self.pump(Some(busy_at))?;
                        continue;
                    } else {
                        self.check_time(step, || "the end of the command before".into())?;
                    }
                }
            }
            self.pump(Some(step.deadline))?;
        }
    }

    /// Fails when the step's time is over, or nobody wants to wait any more.
    pub(super) fn check_time(
        &self,
        step: &Step<'_>,
        waiting_for: impl FnOnce() -> String,
    ) -> Result<(), Trouble> {
        if let Some(why) = self.link.interrupted()
            && step.request.phase != Phase::Cleanup
        {
            return Err(why.failure(waiting_for).into());
        }
        if Instant::now() < step.deadline {
            return Ok(());
        }
        Err(Failure::Timeout {
            after: step.request.timeout,
            waiting_for: waiting_for(),
        }
        .into())
    }
}

/// What the step's patterns find in its output.
fn capture(
    request: &StepRequest,
    commands: &[CommandRun],
) -> Result<BTreeMap<String, String>, Failure> {
    let mut captured = BTreeMap::new();
    if request.capture.is_empty() {
        return Ok(captured);
    }
    let text: String = commands.iter().map(|run| run.output.text()).collect();
    for (name, pattern) in &request.capture {
        let found = RegexBuilder::new(pattern)
            .multi_line(true)
            .build()
            .ok()
            .and_then(|regex| {
                regex.captures(&text).map(|found| {
                    let whole = found.get(0);
                    found
                        .get(1)
                        .or(whole)
                        .map_or("", |group| group.as_str())
                        .to_owned()
                })
            });
        let Some(found) = found else {
            return Err(Failure::Capture { name: name.clone() });
        };
        captured.insert(name.clone(), found);
    }
    Ok(captured)
}
