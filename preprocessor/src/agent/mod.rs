//! PID 1 in a host: terminals, shell integration, screen.
//!
//! In: a script of steps on stdin. Out: events on stdout. Both are line-framed JSON, see [`protocol`]. Not here: how the
//! host came to be (`lab/`), and which tutorial this is (`run/`).
//!
//! ```text
//! link ── steps ── run, nested, wait, file         what a step does, written as if it could wait
//!          │
//!         pump ── attach, join                          one poll for everything
//!          │
//!       terminal ── pty (rexpect), shell           bytes in
//!          │
//!       marks → record → screen (avt)              bytes out
//! ```

mod arrival;
mod aside;
mod attach;
mod bytes;
mod condition;
mod dialog;
mod ending;
mod escape;
mod farewell;
mod file;
mod join;
mod keys;
mod link;
mod marks;
pub(crate) mod mask;
mod nested;
mod outgoing;
mod process;
pub mod protocol;
mod pty;
mod pump;
mod record;
mod run;
mod screen;
mod shell;
mod sockets;
mod steps;
mod terminal;
mod user;
mod wait;
mod watch;

use std::process::ExitCode;

use pump::{Agent, Stop};

/// The variable that says how many pids are used up first. Not an argument: a tutorial's `ps` shows those.
pub(crate) const USED_PIDS: &str = "TWIN_USED_PIDS";

/// Serves a runner on stdin and stdout until it says `Bye` or closes its end, then kills whatever was started. Takes
/// the process over: its signals, its children, and those of its descendants that lose their parent.
///
/// As many pids as the lab says are used up before anything is started: it varies that way.
pub fn serve() -> ExitCode {
    // As PID 1 they come to us anyway. Failing is no harm then, and elsewhere only leaves daemons alive.
    let _ = nix::sys::prctl::set_child_subreaper(true);
    let used_pids = std::env::var(USED_PIDS).ok();
    process::use_up_pids(used_pids.and_then(|it| it.parse().ok()).unwrap_or(0));
    let Ok(mut agent) = Agent::new() else {
        return ExitCode::FAILURE;
    };
    let code = match agent.serve() {
        Ok(()) | Err(Stop::Closed) => ExitCode::SUCCESS,
        Err(Stop::Fatal(message)) => {
            agent.send(&protocol::Event::Fatal { message });
            ExitCode::FAILURE
        }
    };
    agent.end();
    code
}
