//! One commit, by the git program: so proxies, credentials and `insteadOf` work as the reader has them.
//!
//! git runs in a bare repository of ours, without a shell, hooks or questions. It runs no program that a
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

/// The most that a fetch may bring. The largest things that tutorials build have a tenth of it.
const MOST_BYTES: u64 = 1 << 30;

/// How often the size of what comes is looked at; git has no bound of its own for a fetch.
const LOOK: Duration = Duration::from_millis(250);

/// The most that is read of git's output: a tree of 100,000 files is listed in 20 MB, a bomb of trees in no end of them.
pub(super) const MOST_SAID: u64 = 32 << 20;

/// The most that is read of git's complaints, in which a server has a say.
const MOST_WORDS: u64 = 1 << 20;

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
    let git = Git::new(repository.path(), timeout);
    git.fetch(url, rev)?;
    let blob = ["cat-file", "blob", &format!("FETCH_HEAD:{file}")];
    let answer = git.run(&blob).map_err(|why| unreachable(why.to_string()))?;
    match answer.good {
        true => Ok(answer.stdout),
        false => Err(PinError::NoFile {
            url: url.to_owned(),
            commit: rev.to_owned(),
            file: file.to_owned(),
        }),
    }
}

/// A bare repository of ours, how long git may work on it, and how large it may become.
pub(super) struct Git<'a> {
    repository: &'a Path,
    deadline: Instant,
    bound: u64,
}

impl<'a> Git<'a> {
    /// `repository` is an empty folder, or one that [`Git::fetch`] was at.
    pub(super) fn new(repository: &'a Path, timeout: Duration) -> Self {
        Self {
            repository,
            deadline: Instant::now() + timeout,
            bound: MOST_BYTES,
        }
    }

    /// Makes the repository and brings one commit, without history, into it. The caller has looked at the URL.
    pub(super) fn fetch(&self, url: &str, rev: &str) -> Result<(), PinError> {
        let unreachable = |reason: String| PinError::Unreachable {
            url: url.to_owned(),
            reason,
        };
        // No template: the user's may have hooks.
        let answer = self
            .run(&["init", "--quiet", "--bare", "--template="])
            .map_err(|why| unreachable(why.to_string()))?;
        if !answer.good {
            return Err(unreachable(answer.last_line()));
        }
        let fetch = [
            "fetch",
            "--quiet",
            "--depth",
            "1",
            "--no-tags",
            "--no-recurse-submodules",
            "--end-of-options",
            url,
            rev,
        ];
        let too_large = || PinError::Refused {
            url: url.to_owned(),
            commit: rev.to_owned(),
            reason: Stopped::TooLarge(self.bound).to_string(),
        };
        let answer = self.run(&fetch).map_err(|why| match why {
            Stopped::TooLarge(_) => too_large(),
            why => unreachable(why.to_string()),
        })?;
        match answer.good {
            true if size(self.repository) > self.bound => Err(too_large()),
            true => Ok(()),
            false if answer.says_no_commit() => Err(PinError::NoCommit {
                url: url.to_owned(),
                commit: rev.to_owned(),
            }),
            false => Err(unreachable(answer.last_line())),
        }
    }

    /// git with these arguments, in the repository, as nobody's editor, pager or questioner.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .args(SETTINGS)
            .args(arguments)
            .current_dir(self.repository)
            .env("GIT_DIR", self.repository)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "")
            .env("SSH_ASKPASS", "")
            .env("GIT_SSH_COMMAND", ssh_command())
            .env("GIT_ALLOW_PROTOCOL", PROTOCOLS)
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("LC_ALL", "C")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_INDEX_FILE")
            .env_remove("GIT_OBJECT_DIRECTORY")
            .env_remove("GIT_ALTERNATE_OBJECT_DIRECTORIES")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs it to its end, the deadline, or the bound.
    pub(super) fn run(&self, arguments: &[&str]) -> Result<Answer, Stopped> {
        let mut child = self
            .command(arguments)
            .spawn()
            .map_err(Stopped::NotStarted)?;
        let (ended, end) = mpsc::channel();
        let stdout = drain(child.stdout.take(), MOST_SAID, Some(ended));
        let stderr = drain(child.stderr.take(), MOST_WORDS, None);
        if let Err(why) = self.wait_for(&end) {
            let _ = child.kill();
            let _ = child.wait();
            return Err(why);
        }
        let status = child.wait().map_err(Stopped::NotStarted)?;
        Ok(Answer {
            good: status.success(),
            stdout: stdout.join().unwrap_or_default(),
            stderr: String::from_utf8_lossy(&stderr.join().unwrap_or_default()).into_owned(),
        })
    }

    /// git closes its output when it ends; a channel, unlike a process, can be waited for with a limit.
    fn wait_for(&self, end: &mpsc::Receiver<()>) -> Result<(), Stopped> {
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            if end.recv_timeout(left.min(LOOK)) != Err(mpsc::RecvTimeoutError::Timeout) {
                return Ok(());
            }
            if left.is_zero() {
                return Err(Stopped::TooLong);
            }
            if size(self.repository) > self.bound {
                return Err(Stopped::TooLarge(self.bound));
            }
        }
    }
}

/// Bytes of all files below a folder. What vanishes meanwhile counts as nothing.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => size(&entry.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Why git did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stopped {
    /// It is not there, or this process can't start any more.
    #[error("the program git can't be started: {0}")]
    NotStarted(std::io::Error),
    /// The deadline.
    #[error("git took too long and was stopped")]
    TooLong,
    /// The repository has more than so many bytes.
    #[error("it has more than {} MiB", .0 >> 20)]
    TooLarge(u64),
}

/// How git ended and what it said.
pub(super) struct Answer {
    pub(super) good: bool,
    /// At most [`MOST_SAID`] bytes of it.
    pub(super) stdout: Vec<u8>,
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
    pub(super) fn last_line(&self) -> String {
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

/// The reader's own ssh command, told not to ask.
fn ssh_command() -> String {
    std::env::var("GIT_SSH_COMMAND")
        .unwrap_or_else(|_| "ssh -o BatchMode=yes -o ConnectTimeout=30".to_owned())
}

/// Reads a pipe to its end or to a bound, past which its writer dies of SIGPIPE; then drops `ended`.
fn drain(
    pipe: Option<impl Read + Send + 'static>,
    most: u64,
    ended: Option<mpsc::Sender<()>>,
) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // A pipe that breaks leaves what came; the exit status tells the rest.
            let _ = pipe.take(most).read_to_end(&mut bytes);
        }
        drop(ended);
        bytes
    })
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::{Git, MOST_BYTES};
    use crate::upstream::PinError;

    #[test]
    fn a_fetch_has_a_bound() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::create_dir(&to)?;
        for arguments in [
            &["init", "--quiet", "from"][..],
            &[
                "-C",
                "from",
                "-c",
                "user.name=A",
                "-c",
                "user.email=a@example.org",
                "commit",
                "--allow-empty",
                "-qm",
                "x",
            ],
        ] {
            let status = Command::new("git")
                .args(arguments)
                .current_dir(folder.path())
                .status()?;
            assert!(status.success());
        }
        let url = format!("file://{}", from.display());
        let mut git = Git::new(&to, Duration::from_secs(60));
        assert_eq!(git.bound, MOST_BYTES);
        git.bound = 10;
        let error = git
            .fetch(&url, "HEAD")
            .expect_err("it is larger than ten bytes");
        assert!(matches!(error, PinError::Refused { .. }), "{error}");
        Ok(())
    }
}
