//! One call by mdBook, from the context to the finished book.

use std::path::PathBuf;

use mdbook_preprocessor::PreprocessorContext;
use mdbook_preprocessor::book::Book;

use super::answers::Answers;
use super::directive::Directive;
use super::scan::{Page, scan};
use super::{BookError, Made, Tutorials, assets, fill, policy};
use crate::config::{Config, Execute};
use crate::diagnostic::{self, Diagnostic};
use crate::judge::Verification;
use crate::paint::Paint;
use crate::render::{self, Pages, TemplateError};
use crate::verify::{Answer, Build, How};

/// What mdBook wants, read out of its context.
pub(super) struct Session {
    root: PathBuf,
    /// The chapters' folder, relative to the root.
    source_dir: PathBuf,
    theme_dir: PathBuf,
    config: Config,
    execute: Execute,
    renderer: String,
    /// Under `mdbook serve` a first build that fails ends it, so mistakes go on the page.
    serving: bool,
}

impl Session {
    pub(super) fn new(context: &PreprocessorContext) -> Result<Self, BookError> {
        let config = context.config.get::<Config>("preprocessor.twin");
        let config = config
            .map_err(|error| BookError::Config(format!("{error:#}")))?
            .unwrap_or_default();
        let endpoint = context
            .config
            .get::<String>("output.html.live-reload-endpoint");
        let html = context.config.html_config().unwrap_or_default();
        Ok(Self {
            source_dir: context.config.book.src.clone(),
            theme_dir: html.theme_dir(&context.root),
            execute: resolved(
                config.execute,
                std::env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false"),
            ),
            config,
            renderer: context.renderer.clone(),
            serving: endpoint.is_ok_and(|it| it.is_some()),
            root: context.root.clone(),
        })
    }

    pub(super) fn make(
        &self,
        mut book: Book,
        tutorials: &dyn Tutorials,
    ) -> Result<Made, BookError> {
        let pages = scan(&mut book, &self.root, &self.source_dir);
        let is_test = self.renderer == "test";
        if is_test || (pages.is_empty() && self.config.require.is_empty()) {
            fill::nothing(&mut book, &pages)?;
            return Ok(Made {
                book,
                messages: String::new(),
            });
        }
        let known = tutorials.names();
        let wanted = self.wanted(&pages, &known);
        let (answers, makes) = self.answers_and_pages(tutorials, &wanted);
        let answers = Answers::new(known, answers);
        let mistakes = answers.mistakes(&pages, &self.config.require);
        if !mistakes.is_empty() && !self.serving {
            return Err(BookError::Diagnostics(mistakes));
        }
        let verifications: Vec<&Verification> = answers.verifications().collect();
        let summary = policy::summary(&verifications);
        let objections = policy::objections(&self.config, self.execute, &verifications);
        if !objections.is_empty() && !self.serving {
            return Err(BookError::Objections {
                summary,
                objections,
            });
        }
        match makes {
            Some(makes) => fill::html(&mut book, &pages, &answers, &makes?)?,
            None => fill::markdown(&mut book, &pages, &answers)?,
        }
        Ok(Made {
            book,
            messages: self.messages(&mistakes, &summary),
        })
    }

    /// Both at once: grammars take a tenth of a second to be ready, as long as a whole book of verdicts out of the cache.
    fn answers_and_pages(
        &self,
        tutorials: &dyn Tutorials,
        wanted: &[String],
    ) -> (Vec<Answer>, Option<Result<Pages, TemplateError>>) {
        std::thread::scope(|scope| {
            let pages =
                (self.renderer == "html").then(|| scope.spawn(|| Pages::new(&self.overrides())));
            let answers = self.answers(tutorials, wanted);
            let pages = pages.map(|it| {
                it.join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            (answers, pages)
        })
    }

    /// The tutorials that this build has to know about.
    fn wanted(&self, pages: &[Page], known: &[String]) -> Vec<String> {
        let mut names = self.config.require.clone();
        for spot in pages.iter().flat_map(|page| &page.directives) {
            match &spot.asks {
                Ok(Directive::Tutorial { name, .. }) => names.push(name.clone()),
                Ok(Directive::Overview) => names.extend_from_slice(known),
                Err(_) => {}
            }
        }
        names.retain(|name| known.contains(name));
        names.sort();
        names.dedup();
        names
    }

    fn answers(&self, tutorials: &dyn Tutorials, names: &[String]) -> Vec<Answer> {
        let how = How {
            execute: self.execute,
            jobs: self.config.jobs.unwrap_or(0),
            grants: Vec::new(),
            vary: 0,
            build: Some(Build {
                id: build_id(),
                renderer: self.renderer.clone(),
            }),
            suite: None,
            max_age: self.config.max_age.clone(),
            stop: None,
        };
        tutorials.verify(names, &how)
    }

    /// The book's own templates.
    fn overrides(&self) -> Vec<(String, String)> {
        let own = |(name, _): &(&str, &str)| {
            let text = std::fs::read_to_string(self.theme_dir.join("twin").join(name)).ok()?;
            Some(((*name).to_owned(), text))
        };
        render::DEFAULTS.iter().filter_map(own).collect()
    }

    fn messages(&self, mistakes: &[Diagnostic], summary: &str) -> String {
        let mut text = String::new();
        if !mistakes.is_empty() {
            text.push_str(&diagnostic::render_all(mistakes, Paint::Plain));
        }
        if self.renderer == "html"
            && let Some(complaint) = assets::complaint(&self.config)
        {
            text.push_str(&format!(
                "warning: {complaint}\n  = to mend it: mdbook-twin init\n"
            ));
        }
        text + summary
    }
}

/// `auto` is `changed` in CI, where all runs on a fresh machine, and `never` elsewhere: a stranger's book must not run a
/// stranger's shell.
fn resolved(execute: Execute, in_ci: bool) -> Execute {
    match execute {
        Execute::Auto if in_ci => Execute::Changed,
        Execute::Auto => Execute::Never,
        other => other,
    }
}

/// The process that started us, and when that was started (ids are used again): the same for all renderers of a build.
fn build_id() -> String {
    #[cfg(unix)]
    let parent = std::os::unix::process::parent_id();
    #[cfg(not(unix))]
    let parent = std::process::id();
    let stat = std::fs::read_to_string(format!("/proc/{parent}/stat")).unwrap_or_default();
    // The second field is the program's name in brackets and may hold blanks; the start is the 22nd of all.
    let started = stat
        .rsplit(')')
        .next()
        .and_then(|rest| rest.split_whitespace().nth(19))
        .unwrap_or("");
    format!("{parent}-{started}")
}
