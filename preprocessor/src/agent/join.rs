//! A person in a terminal of the tutorial, as it stands: the bytes between them and it.
//!
//! Everything else goes on meanwhile, by the same `poll`. Not here: what a terminal does with them (`terminal/guest.rs`).

use std::time::{Duration, Instant};

use super::protocol::{Event, Join, Left, Request, Stream};
use super::pump::{Agent, Stop};
use super::terminal::Doing;

/// What was typed last may be over in a moment, when its person leaves.
const A_MOMENT: Duration = Duration::from_millis(300);
/// For a shell elsewhere to do what we ask of its terminal.
const PATIENCE: Duration = Duration::from_secs(2);

impl Agent {
    /// Lets a person into a terminal until they leave, or its shell ends.
    pub(super) fn join(&mut self, join: &Join) -> Result<(), Stop> {
        let index = join.terminal;
        if let Some(Doing::Gone { .. }) = self.doing(index) {
            self.reopen_for_person(index)?;
        }
        self.wait_while(index, PATIENCE, |doing| doing == Doing::Opening)?;
        self.set_echo_elsewhere(index, "stty echo")?;
        let Some(terminal) = self.terminals.get_mut(&index) else {
            return Err(Stop::Fatal(format!("there is no terminal {index}")));
        };
        terminal.welcome(join.size, &join.prompt);
        self.joined = Some(index);
        let carried = self.carry(index);
        self.joined = None;
        carried?;
        self.leave_to_tutorial(index)
    }

    fn carry(&mut self, index: usize) -> Result<(), Stop> {
        loop {
            self.show(index);
            if let None | Some(Doing::Gone { .. }) = self.doing(index) {
                return Ok(());
            }
            while let Some(request) = self.link.next().map_err(Stop::Fatal)? {
                let Some(terminal) = self.terminals.get_mut(&index) else {
                    return Ok(());
                };
                match request {
                    Request::Input { bytes } => terminal.guest_types(&bytes),
                    Request::Resize { size } => terminal.pty().resize(size.0, size.1),
                    Request::EndOfInput => {}
                    Request::Leave => return Ok(()),
                    _ => return Err(Stop::Fatal("a request while a person is in".into())),
                }
            }
            self.pump(None)?;
        }
    }

    fn show(&mut self, index: usize) {
        let Some(terminal) = self.terminals.get_mut(&index) else {
            return;
        };
        let bytes = terminal.take_shown();
        if !bytes.is_empty() {
            let stream = Stream::Output;
            self.send(&Event::Output { stream, bytes });
            // A person waits for the echo of each key.
            self.link.flush();
        }
    }

    fn leave_to_tutorial(&mut self, index: usize) -> Result<(), Stop> {
        self.wait_while(index, A_MOMENT, |doing| {
            matches!(doing, Doing::Typed | Doing::Running)
        })?;
        self.show(index);
        if let Some(terminal) = self.terminals.get_mut(&index) {
            terminal.farewell();
        }
        self.set_echo_elsewhere(index, "stty -echo")?;
        let left = match self.doing(index) {
            Some(Doing::Idle) => Left::Ready,
            Some(Doing::Gone { .. }) | None => Left::Ended,
            Some(Doing::Opening | Doing::Typed | Doing::Running) => Left::Busy,
        };
        self.send(&Event::Left { left });
        self.link.flush();
        Ok(())
    }

    /// A shell elsewhere was told not to echo what we type: its terminal is not ours to change.
    fn set_echo_elsewhere(&mut self, index: usize, command: &str) -> Result<(), Stop> {
        let terminal = self.terminals.get_mut(&index);
        let Some(terminal) = terminal.filter(|terminal| terminal.is_elsewhere()) else {
            return Ok(());
        };
        terminal.type_aside(command, Instant::now());
        self.wait_while(index, PATIENCE, |doing| {
            matches!(doing, Doing::Typed | Doing::Running)
        })
    }

    fn doing(&self, index: usize) -> Option<Doing> {
        self.terminals
            .get(&index)
            .map(super::terminal::Terminal::doing)
    }

    /// Lets things happen while a terminal does what it does, but not for long.
    fn wait_while(
        &mut self,
        index: usize,
        patience: Duration,
        goes_on: impl Fn(Doing) -> bool,
    ) -> Result<(), Stop> {
        let until = Instant::now() + patience;
        while Instant::now() < until {
            if let Some(terminal) = self.terminals.get_mut(&index) {
                terminal.look_for_repl_prompt();
            }
            if !self.doing(index).is_some_and(&goes_on) {
                break;
            }
            self.pump(Some(until))?;
        }
        Ok(())
    }
}
