//! The runner's side of a lab: starts `lab-init`, holds what it gave, ends it.

use std::io::{Error, PipeReader, PipeWriter, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;

use crate::judge::Missing;
use crate::lab::handover::{self, Doing, Report};
use crate::lab::plan::Plan;
use crate::lab::{INIT_SUBCOMMAND, refusal};

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Names the `mdbook-twin` binary, for a program that is not it but makes labs: a test. Only the first call counts.
pub fn set_program(path: &Path) {
    let _ = PROGRAM.set(path.to_owned());
}

pub(super) fn program() -> &'static Path {
    // Not `current_exe()`: the link works when the file was replaced by a newer build, a path does not.
    PROGRAM.get_or_init(|| "/proc/self/exe".into())
}

/// A lab that runs (or is about to). Dropping it ends every process in it, and returns when they are gone.
#[derive(Debug)]
pub struct Lab {
    /// To and from the first process of each host, in the plan's order.
    pub hosts: Vec<Pipes>,
    /// What the OCI runtime and `lab-init` have to say.
    pub stderr: PipeReader,
    control: Option<OwnedFd>,
    keeper: Child,
}

/// To and from the first process of a host.
#[derive(Debug)]
pub struct Pipes {
    /// Its standard input; `None` once it is closed.
    pub stdin: Option<PipeWriter>,
    /// Its standard output.
    pub stdout: PipeReader,
}

/// Why there is no lab.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Our own process could not be started, or a pipe not be made.
    #[error("no lab: {}", refusal::with_remedy(.0))]
    Io(#[from] Error),
    /// The machine refused a part of it: the run is skipped, with this as its reason.
    #[error("no lab: {}", .0.what)]
    Refused(Missing),
    /// Something that the tutorial brings can't be put where the spec wants it.
    #[error("it can't be put into the lab: {0}")]
    Placing(String),
    /// The OCI runtime ended before the host's first process spoke. This is what it said.
    #[error("the OCI runtime could not start the host: {0}")]
    Runtime(String),
}

impl Lab {
    /// Starts making a lab, which lives as long as this value and this process. Returns at once; whether it stands shows
    /// when its first process speaks, or in [`Lab::post_mortem`].
    ///
    /// # Errors
    /// [`StartError::Io`] only.
    pub fn start(plan: &Plan) -> Result<Self, StartError> {
        let (control, theirs) = handover::pair()?;
        let (mut hosts, mut theirs_of_hosts) = (Vec::new(), Vec::new());
        for _ in &plan.hosts {
            let (their_stdin, stdin) = std::io::pipe()?;
            let (stdout, their_stdout) = std::io::pipe()?;
            let stdin = Some(stdin);
            hosts.push(Pipes { stdin, stdout });
            theirs_of_hosts.push((their_stdin, their_stdout));
        }
        let (stderr, their_stderr) = std::io::pipe()?;
        let keeper = Command::new(program())
            .arg0("mdbook-twin")
            .args([INIT_SUBCOMMAND, &std::process::id().to_string()])
            .env_clear()
            // Where newuidmap is; all else is in the plan.
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::from(their_stderr))
            .spawn()?;
        let lab = Self {
            hosts,
            stderr,
            control: Some(control),
            keeper,
        };
        let fds: Vec<_> = theirs_of_hosts
            .iter()
            .flat_map(|(stdin, stdout)| [stdin.as_raw_fd(), stdout.as_raw_fd()])
            .collect();
        if let Some(control) = &lab.control {
            handover::send(control, plan, &fds)?;
        }
        Ok(lab)
    }

    /// Waits for the end of a lab whose first process ends by itself.
    ///
    /// # Errors
    /// The system's, which has none in practice.
    pub fn wait(&mut self) -> Result<ExitStatus, Error> {
        self.keeper.wait()
    }

    /// Why a lab is gone that never spoke: what was refused, else what the runtime said. Ends it, should it not be gone.
    pub fn post_mortem(&mut self) -> StartError {
        let report = self.control.as_ref().map(handover::receive::<Report>);
        self.end();
        if let Some(Ok(Some((Report::Refused(refusal), _)))) = report {
            return match refusal.doing {
                Doing::Placing => StartError::Placing(refusal.error),
                _ => StartError::Refused(refusal::missing(&refusal)),
            };
        }
        StartError::Runtime(self.last_words())
    }

    /// Ends it, and says how its first process ended: with the worst status of its runtimes, where they ended first.
    pub fn ended(&mut self) -> String {
        self.end();
        let status = self.keeper.wait();
        status.map_or_else(|error| error.to_string(), |status| status.to_string())
    }

    /// What is left to read on the lab's stderr, without waiting for more than is there. Call after its end.
    pub fn last_words(&mut self) -> String {
        let mut said = Vec::new();
        let mut bounded = (&mut self.stderr).take(MOST_WORDS);
        match bounded.read_to_end(&mut said) {
            Ok(_) => String::from_utf8_lossy(&said).trim().to_owned(),
            Err(error) => format!("its words can't be read: {error}"),
        }
    }

    /// The report of a lab without hosts.
    pub(crate) fn report(&mut self) -> Result<Option<Report>, Error> {
        let Some(control) = &self.control else {
            return Ok(None);
        };
        Ok(handover::receive::<Report>(control)?.map(|(report, _)| report))
    }

    /// Ends every process of the lab and waits for their end (17 ms at most were seen).
    pub fn end(&mut self) {
        // The keeper sees the closed socket, ends PID 1 and with it all others, and then itself.
        self.control = None;
        for host in &mut self.hosts {
            host.stdin = None;
        }
        let _ = self.keeper.wait();
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.end();
    }
}

/// The runtime's complaint is a line or two; a host's process that holds our stderr could write for ever.
const MOST_WORDS: u64 = 16 << 10;
