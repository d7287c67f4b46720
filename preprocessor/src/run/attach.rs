//! A lab that stands, and a person (or their pipe) who works in it.
//!
//! In: a [`Standing`] lab, a command, the caller's streams. Out: the command's exit status. The caller's terminal itself
//! stays outside: bytes are carried, and the window's size (`agent/attach.rs` has the other end).

use std::io::{Error, ErrorKind, Result, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::poll::PollFlags;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::termios::{self, SetArg, Termios};

use super::Interrupt;
use super::conversation::{Conversation, Happened};
use super::supplies;
use crate::agent::protocol::{Attach, Event, Request, Stream};
use crate::lab;
use crate::tutorial::Tutorial;

/// A day and a half: an attached command may take as long as its person likes.
const FOR_EVER: Duration = Duration::from_secs(1 << 17);

/// A lab whose setup has run. Dropping it ends it.
pub struct Standing {
    conversation: Conversation,
}

/// Where an attached command's bytes come from and go to.
pub struct Caller<'a> {
    /// Standard input.
    pub input: BorrowedFd<'a>,
    /// Where output goes.
    pub output: &'a mut dyn Write,
    /// Where the command's standard error goes, when it has one of its own.
    pub errors: &'a mut dyn Write,
    /// Whether a person sits there: both input and output are a terminal.
    pub person: bool,
    /// What ends it early.
    pub interrupt: Option<&'a Interrupt>,
}

impl Caller<'_> {
    /// What came from them; `None`: nothing, after all. A terminal that hung up has no more to say than a file that is over.
    pub(super) fn typed(&self) -> Option<Request> {
        let mut buffer = [0; 16 << 10];
        match nix::unistd::read(self.input, &mut buffer) {
            Err(Errno::EINTR | Errno::EAGAIN) => None,
            Ok(0) | Err(_) => Some(Request::EndOfInput),
            Ok(count) => Some(Request::Input {
                bytes: buffer[..count].to_vec(),
            }),
        }
    }
}

/// How it was over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Over {
    /// The command's exit status; 128 + signal for a signal.
    Exited(i32),
    /// The interrupt was raised.
    Interrupted,
    /// Nobody takes its output any more.
    Unread,
    /// The lab ended under it: why.
    Gone(String),
}

impl Standing {
    pub(super) fn new(conversation: Conversation) -> Self {
        Self { conversation }
    }

    /// Runs a command on a host, as its user, where its terminals start; without one their login shell. Ends the lab.
    /// To be called on the thread that made the lab.
    ///
    /// # Errors
    /// The caller's own streams fail, or an agent speaks nonsense.
    pub fn attach(
        self,
        tutorial: &Tutorial,
        host: usize,
        command: &[String],
        caller: Caller<'_>,
    ) -> Result<Over> {
        let screen = match caller.person {
            true => Some(Screen::take(caller.input)?),
            false => None,
        };
        let size = screen.as_ref().map(|screen| screen.size());
        let mut carrier = Carrier {
            conversation: self.conversation,
            host,
            caller,
            screen,
            input_ended: false,
        };
        let request = Request::Attach(request(tutorial, host, command, size));
        carrier.conversation.say(host, &request)?;
        carrier.carry()
    }
}

pub(super) fn request(
    tutorial: &Tutorial,
    host: usize,
    command: &[String],
    size: Option<(u16, u16)>,
) -> Attach {
    let host = &tutorial.hosts[host];
    let mut user = lab::login_user(&host.user);
    let folder = supplies::working_directory(tutorial, host);
    user.env.insert("PWD".to_owned(), folder.clone());
    Attach {
        command: match command {
            [] => vec![user.shell, "-l".to_owned()],
            command => command.to_vec(),
        },
        uid: user.uid,
        gid: user.gid,
        env: user.env,
        cwd: folder,
        size,
    }
}

struct Carrier<'a> {
    conversation: Conversation,
    host: usize,
    caller: Caller<'a>,
    screen: Option<Screen<'a>>,
    input_ended: bool,
}

impl Carrier<'_> {
    fn carry(mut self) -> Result<Over> {
        loop {
            match self.turn() {
                Ok(None) => {}
                Ok(Some(Over::Gone(_))) => {
                    // The terminal is given back before anything is said on it.
                    self.screen = None;
                    return Ok(Over::Gone(self.conversation.last_words()));
                }
                Ok(Some(over)) => return Ok(over),
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(Over::Unread),
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits once, and deals with what came.
    fn turn(&mut self) -> Result<Option<Over>> {
        // Further input waits in the caller's pipe until what came before has left.
        let reads = self.conversation.flush(self.host)? && !self.input_ended;
        let mut others = Vec::new();
        if reads {
            others.push((self.caller.input, PollFlags::POLLIN));
        }
        let resized = self.screen.as_ref().map(|screen| screen.resized.as_fd());
        others.extend(resized.map(|fd| (fd, PollFlags::POLLIN)));
        let interrupt = self
            .caller
            .interrupt
            .map(|interrupt| interrupt.event(false));
        let (happened, others) = self.conversation.wait_also(interrupt, &others, FOR_EVER)?;
        for other in others {
            match other {
                0 if reads => self.read()?,
                _ => self.resize()?,
            }
        }
        match happened {
            Happened::Interrupted => Ok(Some(Over::Interrupted)),
            Happened::TimedOut => Ok(None),
            Happened::Gone(host) if host == self.host => Ok(Some(Over::Gone(String::new()))),
            // Another host may end; this one goes on.
            Happened::Gone(_) => Ok(None),
            Happened::Events(events) => {
                for (host, event) in events {
                    if let Some(over) = self.take(host, event)? {
                        return Ok(Some(over));
                    }
                }
                Ok(None)
            }
        }
    }

    fn take(&mut self, host: usize, event: Event) -> Result<Option<Over>> {
        match event {
            Event::Output { stream, bytes } if host == self.host => {
                let to = match stream {
                    Stream::Output => &mut self.caller.output,
                    Stream::Errors => &mut self.caller.errors,
                };
                to.write_all(&bytes)?;
                to.flush()?;
                Ok(None)
            }
            Event::Exited { status } if host == self.host => Ok(Some(Over::Exited(status))),
            Event::Fatal { message } => {
                Err(Error::other(format!("the agent in the lab: {message}")))
            }
            // Of the tutorial's own terminals, which nobody looks at now.
            _ => Ok(None),
        }
    }

    fn read(&mut self) -> Result<()> {
        let Some(request) = self.caller.typed() else {
            return Ok(());
        };
        self.input_ended |= matches!(request, Request::EndOfInput);
        self.conversation.say(self.host, &request)
    }

    fn resize(&mut self) -> Result<()> {
        let Some(screen) = &self.screen else {
            return Ok(());
        };
        let size = screen.new_size();
        self.conversation.say(self.host, &Request::Resize { size })
    }
}

/// The caller's terminal while every key goes to the lab; dropping it gives the terminal back as it was.
pub(super) struct Screen<'a> {
    terminal: BorrowedFd<'a>,
    modes: Termios,
    /// Readable when the window has another size.
    resized: SignalFd,
}

impl<'a> Screen<'a> {
    pub(super) fn take(terminal: BorrowedFd<'a>) -> Result<Self> {
        // Blocked, or it is thrown away before anybody can read it.
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGWINCH);
        signals.thread_block()?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        let resized = SignalFd::with_flags(&signals, flags)?;
        let modes = termios::tcgetattr(terminal)?;
        let mut raw = modes.clone();
        termios::cfmakeraw(&mut raw);
        termios::tcsetattr(terminal, SetArg::TCSADRAIN, &raw)?;
        Ok(Self {
            terminal,
            modes,
            resized,
        })
    }

    /// Readable when the window has another size.
    pub(super) fn resized(&self) -> &SignalFd {
        &self.resized
    }

    /// Columns and rows, after it was resized.
    pub(super) fn new_size(&self) -> (u16, u16) {
        while let Ok(Some(_)) = self.resized.read_signal() {}
        self.size()
    }

    /// Columns and rows.
    #[expect(unsafe_code, reason = "nix has no call for the window size")]
    pub(super) fn size(&self) -> (u16, u16) {
        let mut size = libc::winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        // SAFETY: TIOCGWINSZ writes a winsize, which is what it gets. Failing, it leaves the usual one.
        unsafe { libc::ioctl(self.terminal.as_raw_fd(), libc::TIOCGWINSZ, &mut size) };
        match (size.ws_col, size.ws_row) {
            // A terminal that nobody gave a size.
            (0, _) | (_, 0) => (80, 24),
            size => size,
        }
    }
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        // A terminal that is gone has no modes to give back.
        let _ = termios::tcsetattr(self.terminal, SetArg::TCSADRAIN, &self.modes);
    }
}
