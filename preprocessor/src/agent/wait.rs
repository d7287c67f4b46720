//! `wait` and `press`: steps that type no command, and show what comes meanwhile.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use super::condition::Held;
use super::farewell::Farewell;
use super::keys;
use super::pump::{Agent, Stop, Trouble};
use super::steps::Step;
use super::terminal::Doing;
use crate::outcome::{CommandRun, Failure};
use crate::tutorial::Condition;

impl Agent {
    /// `wait`: until something holds.
    pub(super) fn wait_step(
        &mut self,
        step: &mut Step<'_>,
        condition: &Condition,
    ) -> Result<(), Trouble> {
        let index = step.request.terminal;
        while self.terminal(index)?.doing() == Doing::Opening {
            self.check_time(step, || "the terminal's first prompt".to_owned())?;
            self.pump(Some(step.deadline))?;
        }
        let waiting = self.begin_wait(index, condition, true)?;
        self.terminal(index)?.start_meanwhile();
        let result = self.wait_for(step, &waiting);
        self.add_meanwhile(step);
        result
    }

    /// `press`: keys, for whatever reads them.
    pub(super) fn press(&mut self, step: &mut Step<'_>, keys: &[String]) -> Result<(), Trouble> {
        let index = step.request.terminal;
        let terminal = self.terminal(index)?;
        if let Doing::Gone { exit } = terminal.doing() {
            return Err(Failure::TerminalGone { exit }.into());
        }
        self.let_it_take_over(step)?;
        let terminal = self.terminal(index)?;
        let leaves = terminal.doing() == Doing::Idle && keys == ["C-d"];
        let place = terminal.place();
        terminal.start_meanwhile();
        let farewell = leaves.then(|| Farewell::begin(terminal));
        let bytes = keys::bytes(keys, terminal.application_keys());
        terminal.send(&bytes);
        self.pressed.insert(index, true);
        if let Some(farewell) = farewell
            && self.has_left(step, place, farewell)?
        {
            self.add_meanwhile(step);
            return Ok(());
        }
        // What the keys bring about shows at once, or is for the author to wait for.
        let quiet = Condition::Quiet(Duration::from_millis(50));
        let enough = Instant::now() + Duration::from_secs(1);
        let waiting = self.begin_wait(index, &quiet, true)?;
        while Instant::now() < enough.min(step.deadline) {
            let Held::NotYet(again) = self.held(index, &waiting)? else {
                break;
            };
            if waiting.has_ended(self.terminal(index)?) {
                break;
            }
            self.pump(again.map(|again| again.min(step.deadline)))?;
        }
        self.add_meanwhile(step);
        Ok(())
    }

    /// Waits until a shell or REPL has ended that was told so: what is typed before that might still be read by it. One
    /// that stays shows its prompt again, and one that shows nothing is not waited for very long.
    fn has_left(
        &mut self,
        step: &mut Step<'_>,
        place: (usize, usize),
        mut farewell: Farewell,
    ) -> Result<bool, Trouble> {
        const PATIENCE: Duration = Duration::from_secs(5);
        let mut enough = step.deadline.min(Instant::now() + PATIENCE);
        while Instant::now() < enough {
            let terminal = self.terminal(step.request.terminal)?;
            if terminal.place() != place {
                step.missed = farewell.missed().map(|missed| missed.program);
                return Ok(true);
            }
            if matches!(terminal.doing(), Doing::Gone { .. }) || terminal.shows_prompt_meanwhile() {
                return Ok(false);
            }
            let look = farewell.heed(terminal, enough);
            if farewell.is_missed() {
                enough = step.deadline;
            }
            self.pump(Some(look))?;
        }
        Ok(false)
    }

    /// Reads what the programs in a terminal have written until now. What floods it is not waited for.
    pub(super) fn catch_up(&mut self, index: usize, deadline: Instant) -> Result<(), Stop> {
        const PATIENCE: Duration = Duration::from_millis(200);
        const TRY_AGAIN: Duration = Duration::from_millis(1);
        let enough = deadline.min(Instant::now() + PATIENCE);
        let mut again = Some(TRY_AGAIN);
        while let Some(terminal) = self.terminals.get_mut(&index)
            && terminal.is_readable()
            && Instant::now() < enough
        {
            if again.is_some() {
                match terminal.fence() {
                    Ok(()) => again = None,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(_) => return Ok(()),
                }
            } else if !terminal.is_fenced() {
                return Ok(());
            }
            let until = again.map_or(enough, |again| enough.min(Instant::now() + again));
            self.pump(Some(until))?;
        }
        Ok(())
    }

    /// A ^Z or ^C that comes while the shell still makes the command's process hits the shell, which ignores it. What
    /// runs in the shell itself (`read`) never takes over.
    fn let_it_take_over(&mut self, step: &Step<'_>) -> Result<(), Trouble> {
        const PATIENCE: Duration = Duration::from_millis(100);
        const LOOK_AGAIN: Duration = Duration::from_millis(1);
        // What was written is read first: ^C makes the terminal forget output that nobody has read.
        self.catch_up(step.request.terminal, step.deadline)?;
        let enough = step.deadline.min(Instant::now() + PATIENCE);
        loop {
            let terminal = self.terminal(step.request.terminal)?;
            let comes = matches!(terminal.doing(), Doing::Typed | Doing::Running);
            if !comes || terminal.has_taken_over() || Instant::now() >= enough {
                return Ok(());
            }
            self.pump(Some(enough.min(Instant::now() + LOOK_AGAIN)))?;
        }
    }

    /// Adds what came during a step that typed no command.
    fn add_meanwhile(&mut self, step: &mut Step<'_>) {
        let now = Instant::now();
        let Some(terminal) = self.terminals.get_mut(&step.request.terminal) else {
            return;
        };
        terminal.watch = None;
        if let Some(output) = terminal.take_meanwhile() {
            let mut run = CommandRun {
                output,
                ..Default::default()
            };
            run.took = step
                .request
                .timeout
                .saturating_sub(step.deadline.saturating_duration_since(now));
            step.commands.push(run);
        }
    }
}
