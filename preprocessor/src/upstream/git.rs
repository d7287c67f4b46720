//! One file of one commit, by the git program: so proxies, credentials and `insteadOf` work as the reader has them.
//!
//! git runs in a bare repository that is thrown away, without a shell, hooks or questions. It runs no program that a
//! URL names: only transports that move bytes are allowed.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::PinError;

/// The transports that git may use; `ext::` would run a command.
const PROTOCOLS: &str = "https:http:ssh:git:file";

/// No hooks, no housekeeping behind our back; and a transfer that has stopped gives up by itself, because a helper of
/// git outlives a git that is killed.
const SETTINGS: &[&str] = &[
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
    "-c",
    "http.lowSpeedLimit=1",
    "-c",
    "http.lowSpeedTime=30",
];

/// Whether a URL may be given to git; else why not.
/// # Errors
/// The reason, for a message.
pub fn check_url(url: &str) -> Result<(), &'static str> {
    if url.starts_with('-') {
        return Err("git would take it for an option");
    }
    if url.contains("::") {
        return Err("a URL with `::` names a program to run");
    }
    if url.is_empty() || url.chars().any(|c| c.is_control() || c == ' ') {
        return Err("this is no URL");
    }
    let known = ["https://", "http://", "ssh://", "git://", "file://"];
    let is_path = Path::new(url).is_absolute();
    let is_scp = url
        .split_once(':')
        .is_some_and(|(host, _)| host.contains('@') && !host.contains('/'));
    match known.iter().any(|scheme| url.starts_with(scheme)) || is_path || is_scp {
        true => Ok(()),
        false => Err("it begins with none of https://, ssh://, git://, file://"),
    }
}

/// Fetches a commit, or the one that a branch, a tag or `HEAD` names, and reads one file of it.
pub(super) fn read(
    url: &str,
    rev: &str,
    file: &str,
    timeout: Duration,
) -> Result<Vec<u8>, PinError> {
    let unreachable = |reason: String| PinError::Unreachable {
        url: url.to_owned(),
        reason,
    };
    check_url(url).map_err(|reason| unreachable(reason.to_owned()))?;
    let repository = tempfile::tempdir().map_err(|error| unreachable(error.to_string()))?;
    let deadline = Instant::now() + timeout;
    let git = |arguments: &[&str]| run(repository.path(), arguments, deadline);
    let said = |answer: Answer| unreachable(answer.last_line());

    let answer = git(&["init", "--quiet", "--bare"]).map_err(unreachable)?;
    if !answer.good {
        return Err(said(answer));
    }
    let fetch = [
        "fetch",
        "--quiet",
        "--depth",
        "1",
        "--no-tags",
        "--end-of-options",
        url,
        rev,
    ];
    let answer = git(&fetch).map_err(unreachable)?;
    if !answer.good {
        return Err(match answer.says_no_commit() {
            true => PinError::NoCommit {
                url: url.to_owned(),
                commit: rev.to_owned(),
            },
            false => said(answer),
        });
    }
    let answer = git(&["cat-file", "blob", &format!("FETCH_HEAD:{file}")]).map_err(unreachable)?;
    match answer.good {
        true => Ok(answer.stdout),
        false => Err(PinError::NoFile {
            url: url.to_owned(),
            commit: rev.to_owned(),
            file: file.to_owned(),
        }),
    }
}

struct Answer {
    good: bool,
    stdout: Vec<u8>,
    stderr: String,
}

impl Answer {
    /// What servers say of a commit that they do not have; git's words are English because we ask for them.
    fn says_no_commit(&self) -> bool {
        [
            "not our ref",
            "couldn't find remote ref",
            "no such remote ref",
            "unadvertised object",
        ]
        .iter()
        .any(|words| self.stderr.contains(words))
    }

    /// The line that tells most: the last that git itself calls fatal.
    fn last_line(&self) -> String {
        let lines = || {
            self.stderr
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
        };
        let line = lines().find(|line| line.starts_with("fatal:") || line.starts_with("error:"));
        let line = line
            .or_else(|| lines().next_back())
            .unwrap_or("git failed without a word");
        line.trim_start_matches("fatal: ")
            .trim_start_matches("error: ")
            .to_owned()
    }
}

fn run(repository: &Path, arguments: &[&str], deadline: Instant) -> Result<Answer, String> {
    let mut child = Command::new("git")
        .args(SETTINGS)
        .args(arguments)
        .current_dir(repository)
        .env("GIT_DIR", repository)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "")
        .env("SSH_ASKPASS", "")
        .env("GIT_SSH_COMMAND", ssh_command())
        .env("GIT_ALLOW_PROTOCOL", PROTOCOLS)
        .env("LC_ALL", "C")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .env_remove("GIT_OBJECT_DIRECTORY")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("the program git can't be started: {error}"))?;
    let (ended, end) = mpsc::channel();
    let stdout = drain(child.stdout.take(), Some(ended));
    let stderr = drain(child.stderr.take(), None);
    // git closes its output when it ends; a channel, unlike a process, can be waited for with a limit.
    let left = deadline.saturating_duration_since(Instant::now());
    if end.recv_timeout(left) == Err(mpsc::RecvTimeoutError::Timeout) {
        let _ = child.kill();
        let _ = child.wait();
        return Err("git took too long and was stopped".to_owned());
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    Ok(Answer {
        good: status.success(),
        stdout: stdout.join().unwrap_or_default(),
        stderr: String::from_utf8_lossy(&stderr.join().unwrap_or_default()).into_owned(),
    })
}

/// The reader's own ssh command, told not to ask.
fn ssh_command() -> String {
    std::env::var("GIT_SSH_COMMAND")
        .unwrap_or_else(|_| "ssh -o BatchMode=yes -o ConnectTimeout=30".to_owned())
}

/// Reads a pipe to its end, then drops `ended`.
fn drain(
    pipe: Option<impl Read + Send + 'static>,
    ended: Option<mpsc::Sender<()>>,
) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // A pipe that breaks leaves what came; the exit status tells the rest.
            let _ = pipe.read_to_end(&mut bytes);
        }
        drop(ended);
        bytes
    })
}
