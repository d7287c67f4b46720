//! A book in a temporary folder, an upstream repository beside it, and the real program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nix::sys::wait::WaitStatus;
use rexpect::session::PtySession;

use crate::labs::User;

/// No step of a test's tutorial takes that long on any machine, in milliseconds.
pub(crate) const HANGS: u64 = 30_000;

/// Reads to the end of what a person sees, which is given; the program ends with this status.
#[track_caller]
pub(crate) fn ends_with(mut session: PtySession, status: i32) -> String {
    let rest = session.exp_eof().expect("the end of its output");
    let ended = session.process().wait().expect("an end");
    assert!(
        matches!(ended, WaitStatus::Exited(_, code) if code == status),
        "{ended:?}: {rest}"
    );
    rest
}

/// A world of its own: book, cache, upstream, git configuration.
pub(crate) struct World {
    folder: tempfile::TempDir,
    /// Who works in it, if not the one who runs the tests.
    user: Option<User>,
}

/// What a command gave.
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl World {
    /// An empty book that grants what the tests need, with an empty cache.
    pub(crate) fn new() -> Self {
        let world = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            user: None,
        };
        world.write(
            "book/book.toml",
            &format!(
                "[book]\ntitle = \"A book\"\n\n[preprocessor.twin]\ncommand = \"{}\"\nafter = [\"links\"]\ngrant = [\"tun\"]\n",
                program().display()
            ),
        );
        world.write(
            "book/src/SUMMARY.md",
            "# Summary\n\n- [A chapter](chapter.md)\n",
        );
        world.write("book/src/chapter.md", "# A chapter\n");
        fs::create_dir_all(world.path("book/tutorials")).expect("tutorials/");
        world
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub(crate) fn write(&self, below: &str, text: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().expect("a folder")).expect("its folder");
        fs::write(path, text).expect("written");
    }

    pub(crate) fn read(&self, below: &str) -> String {
        fs::read_to_string(self.path(below)).unwrap_or_else(|error| panic!("{below}: {error}"))
    }

    /// Replaces a piece of a file that stands in it exactly once.
    pub(crate) fn edit(&self, below: &str, find: &str, with: &str) {
        let text = self.read(below);
        assert_eq!(
            text.matches(find).count(),
            1,
            "{find:?} in {below}:\n{text}"
        );
        self.write(below, &text.replace(find, with));
    }

    /// A tutorial, and a chapter that shows it.
    pub(crate) fn tutorial(&self, name: &str, spec: &str) {
        self.write(&format!("book/tutorials/{name}.yaml"), spec);
        self.write(
            "book/src/chapter.md",
            &format!("# A chapter\n\n{{{{#tutorial {name}}}}}\n"),
        );
    }

    /// A bare repository with one file at one commit, reached as `https://github.com/OWNER/REPO` through a git
    /// configuration of this world. Returns the commit and the file's sha256.
    pub(crate) fn upstream(&self, repository: &str, file: &str, text: &str) -> (String, String) {
        let work = self.path("upstream-work").join(repository);
        fs::create_dir_all(&work).expect("a work tree");
        fs::write(work.join(file), text).expect("the README");
        let bare = self.path("upstream").join(format!("{repository}.git"));
        self.git(&work, &["init", "--quiet", "--initial-branch=main"]);
        self.git(&work, &["add", "."]);
        self.git(&work, &["commit", "--quiet", "--message=a README"]);
        let commit = self.git(&work, &["rev-parse", "HEAD"]);
        self.git(
            &work,
            &[
                "clone",
                "--quiet",
                "--bare",
                ".",
                &bare.display().to_string(),
            ],
        );
        self.git(&bare, &["config", "uploadpack.allowAnySHA1InWant", "true"]);
        self.write(
            "gitconfig",
            &format!(
                "[url \"file://{}/\"]\n\tinsteadOf = https://github.com/\n[safe]\n\tdirectory = *\n",
                self.path("upstream").display()
            ),
        );
        (commit, sha256(text))
    }

    fn git(&self, folder: &Path, arguments: &[&str]) -> String {
        let answer = Command::new("git")
            .current_dir(folder)
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.org"])
            .args(arguments)
            .output()
            .expect("git runs");
        assert!(
            answer.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&answer.stderr)
        );
        String::from_utf8_lossy(&answer.stdout).trim().to_owned()
    }

    /// A command in the book's folder, with this world's cache, and no variable that decides what runs.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = match &self.user {
            None => Command::new(program),
            Some(User { name }) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", name, "--regid", name, "--init-groups"]);
                command.arg(program);
                command
            }
        };
        command
            .current_dir(self.path("book"))
            .env("TWIN_CACHE_DIR", self.path("cache"))
            .env("GIT_CONFIG_GLOBAL", self.path("gitconfig"))
            .env_remove("CI")
            .env_remove("TWIN_UPSTREAM_DIRS")
            .env_remove("MDBOOK_PREPROCESSOR__TWIN__EXECUTE")
            .env_remove("MDBOOK_PREPROCESSOR__TWIN__REQUIRE");
        command
    }

    /// Everything in it is an ordinary user's from now on, who is made for it; only root can.
    pub(crate) fn of_an_ordinary_user(mut self) -> Self {
        let user = User::new();
        // The user need not be able to read the folder that all this was built in.
        fs::copy(program(), self.path("mdbook-twin")).expect("a copy");
        let owner = format!("{0}:{0}", user.name);
        let given = Command::new("chown")
            .args(["-R", &owner])
            .arg(self.folder.path())
            .status();
        assert!(given.expect("chown").success());
        self.user = Some(user);
        self
    }

    /// The program under test, where who works here can read it.
    pub(crate) fn program(&self) -> PathBuf {
        match self.user {
            None => program(),
            Some(_) => self.path("mdbook-twin"),
        }
    }

    /// `mdbook-twin ARGUMENTS` in the book's folder.
    pub(crate) fn twin(&self, arguments: &[&str]) -> Answer {
        Answer::of(
            self.command(self.program())
                .args(arguments)
                .output()
                .expect("mdbook-twin runs"),
        )
    }

    /// `mdbook build` with this `execute`; `None` where no mdbook is installed.
    pub(crate) fn mdbook_build(&self, execute: &str) -> Option<Answer> {
        let command = self
            .command("mdbook")
            .arg("build")
            .env("MDBOOK_PREPROCESSOR__TWIN__EXECUTE", execute)
            .output();
        match command {
            Ok(output) => Some(Answer::of(output)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => panic!("mdbook: {error}"),
        }
    }
}

impl Answer {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Panics with everything that came unless the exit code is this one.
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "exit code\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Panics with everything that came unless stderr holds each of these.
    pub(crate) fn says(self, pieces: &[&str]) -> Self {
        for piece in pieces {
            assert!(
                self.stderr.contains(piece),
                "{piece:?} is not said:\n{}",
                self.stderr
            );
        }
        self
    }
}

/// The program under test.
pub(crate) fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_mdbook-twin"))
}

/// Hex sha256.
pub(crate) fn sha256(text: &str) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
