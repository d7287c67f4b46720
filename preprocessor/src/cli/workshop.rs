//! This machine's tutorials, as a book asks for them: grants of the command line, ^C, progress on stderr.

use mdbook_preprocessor::PreprocessorContext;
use mdbook_twin::book::Tutorials;
use mdbook_twin::config::{Config, Execute};
use mdbook_twin::project::Project;
use mdbook_twin::tutorial::{self, Permission};
use mdbook_twin::verify::{self, Answer, How, Interrupt};

use crate::cli::progress::Display;
#[cfg(all(feature = "run", target_os = "linux"))]
use crate::cli::progress::take_no_signal;
use crate::cli::show::{self, Shown};

/// A book on this machine.
pub(crate) struct Workshop {
    pub(crate) project: Project,
    pub(crate) display: Display,
    grants: Vec<Permission>,
    vary: u64,
    interrupt: Option<Interrupt>,
}

/// What every subcommand takes that may run something.
#[derive(clap::Args)]
pub(crate) struct Running {
    /// Grant a permission: tun, fuse, kvm, cgroups or network; may be repeated
    #[arg(long, value_name = "PERMISSION", value_parser = permission)]
    grant: Vec<Permission>,
    /// How many tutorials run at the same time [default: book.toml's, else one for each core]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Start the labs differently (host names, pids, time zone, uptime), as this number says: what depends on it shows
    #[arg(
        long,
        value_name = "SEED",
        default_value_t = 0,
        hide_default_value = true
    )]
    vary: u64,
}

impl Workshop {
    /// For a subcommand.
    pub(crate) fn new(mut project: Project, running: &Running, shown: Shown) -> Self {
        project.config.jobs = running.jobs.or(project.config.jobs);
        Self {
            project,
            display: Display::new(shown),
            grants: running.grant.clone(),
            vary: running.vary,
            interrupt: install(),
        }
    }

    /// For a book that mdBook sent.
    pub(crate) fn of_book(context: &PreprocessorContext, shown: Shown) -> Result<Self, String> {
        let config: Option<Config> = context
            .config
            .get("preprocessor.twin")
            .map_err(|error| format!("book.toml: [preprocessor.twin]: {error:#}"))?;
        let root = std::path::absolute(&context.root).map_err(|error| error.to_string())?;
        let project = Project::with_config(root, config.unwrap_or_default())
            .map_err(|error| error.to_string())?;
        Ok(Self::new(
            project,
            &Running {
                grant: Vec::new(),
                jobs: None,
                vary: 0,
            },
            shown,
        ))
    }

    /// mdBook that is killed alone leaves us behind, with a book that nobody takes: what runs ends then as by ^C.
    #[cfg(all(feature = "run", target_os = "linux"))]
    pub(crate) fn ends_with_mdbook(&self) {
        if let Some(interrupt) = self.interrupt.clone() {
            std::thread::spawn(move || {
                take_no_signal();
                interrupt.raise_when_unread(std::io::stdout());
            });
        }
    }

    #[cfg(not(all(feature = "run", target_os = "linux")))]
    pub(crate) fn ends_with_mdbook(&self) {}

    /// How this subcommand wants it.
    pub(crate) fn how(&self, execute: Execute) -> How<'_> {
        How {
            execute,
            jobs: self.project.config.jobs.unwrap_or_default(),
            grants: self.grants.clone(),
            vary: self.vary,
            build: None,
            suite: None,
            max_age: self.project.config.max_age.clone(),
            stop: self.interrupt.as_ref(),
        }
    }
}

impl Tutorials for Workshop {
    fn names(&self) -> Vec<String> {
        tutorial::names(&self.project).unwrap_or_else(|error| {
            show::say(&format!(
                "warning: {}: {error}",
                self.project.tutorials().display()
            ));
            Vec::new()
        })
    }

    fn verify(&self, names: &[String], how: &How<'_>) -> Vec<Answer> {
        let how = How {
            grants: self.grants.clone(),
            stop: self.interrupt.as_ref(),
            ..how.clone()
        };
        verify::verify(&self.project, names, &how, &self.display)
    }
}

pub(crate) fn permission(word: &str) -> Result<Permission, String> {
    serde_json::from_value(serde_json::Value::String(word.to_owned()))
        .map_err(|_| "expected tun, fuse, kvm, cgroups or network".to_owned())
}

/// ^C ends what runs, with its cleanup.
#[cfg(all(feature = "run", target_os = "linux"))]
fn install() -> Option<Interrupt> {
    mdbook_twin::run::interrupt::install().ok()
}

#[cfg(not(all(feature = "run", target_os = "linux")))]
fn install() -> Option<Interrupt> {
    None
}
