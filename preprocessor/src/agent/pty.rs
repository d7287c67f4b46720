//! A shell in a PTY, spawned by rexpect and read by us.
//!
//! What rexpect's `PtyProcess` leaves to its user is done here: its child's failure to start the program, the
//! descriptors that the child would inherit, the size, the owner of the slave, the ids, and an end without patience.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::libc;
use nix::sys::termios::{self, LocalFlags, SetArg};
use nix::unistd::Pid;
use rexpect::process::PtyProcess;

use super::process;
use super::protocol::OpenTerminal;
use super::user::{self, User};

/// Who types into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypedBy {
    /// We do: no echo, no line editing.
    Agent,
    /// Somebody who wants to see what they type.
    Person,
}

/// See the module.
pub(super) struct Pty {
    /// Dropped last, when the shell has been waited for: its `Drop` then finds nothing to kill.
    _process: PtyProcess,
    master: File,
    pid: Pid,
}

impl Pty {
    /// Starts the shell.
    pub(super) fn spawn(open: &OpenTerminal, typed_by: TypedBy) -> io::Result<Self> {
        let before = nix::unistd::getpid();
        // rexpect keeps the child's pid to itself, so the child says it.
        let (mut reader, writer) = io::pipe()?;
        let command = shell_command(open, typed_by, &writer)?;
        let mut process = match PtyProcess::new(command) {
            Ok(process) => process,
            Err(error) if nix::unistd::getpid() != before => {
                // rexpect returns here in the child when the program can't be executed: a second agent.
                let _ = writeln!(io::stderr(), "{}: {error}", open.shell.join(" "));
                leave_child()
            }
            Err(error) => return Err(io::Error::other(error.to_string())),
        };
        drop(writer);
        process.set_kill_timeout(Some(0));
        let mut pid = [0; 4];
        reader.read_exact(&mut pid)?;
        let master = process
            .get_file_handle()
            .map_err(|error| io::Error::other(error.to_string()))?;
        let flags = nix::fcntl::OFlag::O_NONBLOCK;
        nix::fcntl::fcntl(&master, nix::fcntl::FcntlArg::F_SETFL(flags))?;
        Ok(Self {
            _process: process,
            master,
            pid: Pid::from_raw(i32::from_ne_bytes(pid)),
        })
    }

    /// The shell's process.
    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    /// What to poll.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }

    /// Reads what is there. `None`: nothing now. An empty read: nobody holds the other side any more.
    pub(super) fn read(&self, buffer: &mut [u8]) -> Option<usize> {
        loop {
            return match (&self.master).read(buffer) {
                Ok(count) => Some(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
                // Linux answers EIO, not 0, when no process holds the other side; by then all it wrote was read.
                Err(_) => Some(0),
            };
        }
    }

    /// Types as much of `bytes` as the terminal takes now.
    pub(super) fn write(&self, bytes: &[u8]) -> usize {
        (&self.master).write(bytes).unwrap_or(0)
    }

    /// Whether what is typed is echoed. Off while commands are typed, on where a person would see their answers.
    pub(super) fn set_echo(&self, on: bool) {
        if let Ok(mut modes) = termios::tcgetattr(&self.master) {
            modes.local_flags.set(LocalFlags::ECHO, on);
            let _ = termios::tcsetattr(&self.master, SetArg::TCSANOW, &modes);
        }
    }

    /// Whether what is typed is echoed now.
    pub(super) fn is_echoing(&self) -> bool {
        termios::tcgetattr(&self.master)
            .is_ok_and(|modes| modes.local_flags.contains(LocalFlags::ECHO))
    }

    /// Whether the terminal hands on whole lines, as it does at a prompt, rather than each key.
    pub(super) fn is_canonical(&self) -> bool {
        termios::tcgetattr(&self.master)
            .is_ok_and(|modes| modes.local_flags.contains(LocalFlags::ICANON))
    }

    /// The window has another size: the foreground process group is told.
    pub(super) fn resize(&self, columns: u16, rows: u16) {
        // A size that can't be set is no reason to end anything.
        let _ = set_size(self.master.as_raw_fd(), columns, rows);
    }

    /// Writes a NUL as a program in the terminal would, and comes back at once: when it comes out, so has all that was
    /// written before it. A worker of the kernel's hands output over, so what a program wrote before it did something
    /// else can come after that is seen. A NUL shows nothing, and is written whole or not at all.
    ///
    /// # Errors
    /// `WouldBlock`: somebody writes at this moment, or the terminal is full or stopped (^S).
    #[expect(
        unsafe_code,
        reason = "nix has no call for the other side of a terminal"
    )]
    pub(super) fn fence(&self) -> io::Result<()> {
        let flags = libc::O_WRONLY | libc::O_NOCTTY | libc::O_NONBLOCK | libc::O_CLOEXEC;
        // SAFETY: TIOCGPTPEER takes flags and gives a descriptor that nobody else has.
        let mut program = unsafe {
            match libc::ioctl(self.master.as_raw_fd(), libc::TIOCGPTPEER, flags) {
                fd if fd >= 0 => File::from_raw_fd(fd),
                _ => return Err(io::Error::last_os_error()),
            }
        };
        program.write_all(b"\0")
    }

    /// The foreground process group.
    pub(super) fn foreground(&self) -> Option<Pid> {
        nix::unistd::tcgetpgrp(&self.master).ok()
    }
}

/// Ends a forked child.
fn leave_child() -> ! {
    #[expect(
        unsafe_code,
        reason = "a forked child must not run its parent's exit handlers"
    )]
    // SAFETY: ends this process; nothing of it is used afterwards.
    unsafe {
        libc::_exit(127)
    }
}

/// The command, and all that has to happen between fork and exec.
fn shell_command(
    open: &OpenTerminal,
    typed_by: TypedBy,
    pid: &io::PipeWriter,
) -> io::Result<Command> {
    let Some((program, arguments)) = open.shell.split_first() else {
        return Err(io::Error::other("a terminal without a shell"));
    };
    let mut command = Command::new(program);
    if typed_by == TypedBy::Agent && program.rsplit('/').next() == Some("bash") {
        // Long options come first. No readline: it would switch the terminal's modes and echo at each command.
        command.arg("--noediting");
    }
    command.args(arguments).env_clear().envs(&open.env);
    command.current_dir(&open.cwd);
    let user = User::of(open.uid, open.gid);
    let tty_group = user::group_id("tty").unwrap_or(open.gid);
    let (columns, rows) = open.size;
    let pid = pid.as_raw_fd();
    let prepare = move || {
        say_pid(pid)?;
        set_size(0, columns, rows)?;
        if typed_by == TypedBy::Person {
            // rexpect has turned it off.
            echo(io::stdin())?;
        }
        if nix::unistd::geteuid().is_root() {
            // Else `echo >$(tty)` is refused. Not possible everywhere, and not worth a failure.
            let owner = nix::unistd::Uid::from_raw(user.uid);
            let _ = nix::unistd::fchown(io::stdin(), Some(owner), Some(tty_group.into()));
        }
        close_inherited()?;
        process::hear_all_signals();
        user.become_it()
    };
    #[expect(unsafe_code, reason = "the only door between fork and exec")]
    // SAFETY: the agent has one thread, so no lock can be held by another one at the fork.
    unsafe {
        command.pre_exec(prepare);
    }
    Ok(command)
}

#[expect(
    unsafe_code,
    reason = "a raw descriptor, since the closure outlives the pipe's type"
)]
fn say_pid(pipe: i32) -> io::Result<()> {
    let pid = std::process::id().to_ne_bytes();
    // SAFETY: writes four bytes of an array that lives here; a wrong descriptor would be an error.
    let written = unsafe { libc::write(pipe, pid.as_ptr().cast(), pid.len()) };
    if written == 4 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn echo(terminal: impl AsFd) -> io::Result<()> {
    let mut modes = termios::tcgetattr(&terminal)?;
    modes.local_flags.insert(LocalFlags::ECHO);
    Ok(termios::tcsetattr(&terminal, SetArg::TCSANOW, &modes)?)
}

#[expect(unsafe_code, reason = "nix has no call for the window size")]
fn set_size(terminal: i32, columns: u16, rows: u16) -> io::Result<()> {
    let size = libc::winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCSWINSZ reads a winsize, which is what it gets.
    match unsafe { libc::ioctl(terminal, libc::TIOCSWINSZ, &size) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// rexpect's masters are not CLOEXEC: without this a shell would hold all terminals opened before it.
#[expect(unsafe_code, reason = "nix has no call for close_range")]
fn close_inherited() -> io::Result<()> {
    // SAFETY: closes descriptors that nothing between here and exec uses.
    match unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
