//! One call by mdBook, from the context to the finished book.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mdbook_preprocessor::PreprocessorContext;
use mdbook_preprocessor::book::Book;

use super::directive::Directive;
use super::scan::{Page, Spot, scan};
use super::{BookError, Made, Tutorials, assets, policy};
use crate::config::{Config, Execute};
use crate::diagnostic::{self, Diagnostic, Style};
use crate::judge::Verification;
use crate::render::{self, OverviewRow, Pages, Part, PartError, plain};
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

/// The verdicts of a build, by name.
type Answers = BTreeMap<String, Result<Verification, Vec<Diagnostic>>>;

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
        let runs_here = self.renderer != "test";
        if pages.is_empty() && (self.config.require.is_empty() || !runs_here) {
            return Ok(Made {
                book,
                messages: String::new(),
            });
        }
        if !runs_here {
            replace(&mut book, &pages, |_, _| Ok(String::new()))?;
            return Ok(Made {
                book,
                messages: String::new(),
            });
        }
        let known = tutorials.names();
        let answers = self.answers(tutorials, &self.wanted(&pages, &known));
        let mut mistakes = self.mistakes(&pages, &answers, &known);
        diagnostic::sort(&mut mistakes);
        if !mistakes.is_empty() && !self.serving {
            return Err(BookError::Diagnostics(mistakes));
        }
        let verifications: Vec<&Verification> =
            answers.values().filter_map(|it| it.as_ref().ok()).collect();
        let summary = policy::summary(&verifications);
        let objections = policy::objections(&self.config, self.execute, &verifications);
        if !objections.is_empty() && !self.serving {
            return Err(BookError::Objections {
                summary,
                objections,
            });
        }
        self.write(&mut book, &pages, &answers, &known)?;
        Ok(Made {
            book,
            messages: self.messages(&mistakes, &summary),
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

    fn answers(&self, tutorials: &dyn Tutorials, names: &[String]) -> Answers {
        let how = How {
            execute: self.execute,
            jobs: self.config.jobs.unwrap_or(0),
            grants: Vec::new(),
            build: Some(Build {
                id: build_id(),
                renderer: self.renderer.clone(),
            }),
            stop: None,
        };
        let answers = tutorials.verify(names, &how);
        answers
            .into_iter()
            .map(|Answer { name, result }| (name, result))
            .collect()
    }

    /// Everything that is wrong with chapters and tutorials, each once.
    fn mistakes(&self, pages: &[Page], answers: &Answers, known: &[String]) -> Vec<Diagnostic> {
        let of_answers = answers
            .values()
            .filter_map(|it| it.as_ref().err())
            .flatten()
            .cloned();
        let spots = pages.iter().flat_map(|page| &page.directives);
        let of_spots = spots.filter_map(|spot| mistake(spot, answers, known));
        let required = self
            .config
            .require
            .iter()
            .filter(|name| !known.contains(name));
        let of_require = required.map(|name| {
            with_nearest(
                Diagnostic::error(
                    "unknown-tutorial",
                    format!("`require` in book.toml lists `{name}`, which is no tutorial"),
                ),
                name,
                known,
            )
        });
        of_answers.chain(of_spots).chain(of_require).collect()
    }

    fn write(
        &self,
        book: &mut Book,
        pages: &[Page],
        answers: &Answers,
        known: &[String],
    ) -> Result<(), BookError> {
        let homes = homes(pages);
        if self.renderer != "html" {
            return replace(book, pages, |page, spot| {
                Ok(plain_text(page, spot, answers, &homes))
            });
        }
        let makes = Pages::new(&self.overrides())?;
        replace(book, pages, |page, spot| {
            if let Some(mistake) = mistake(spot, answers, known) {
                return Ok(makes.error(&mistake.render(Style::Plain))?);
            }
            Ok(match &spot.asks {
                Ok(Directive::Overview) => makes.overview(&rows(page, answers, &homes))?,
                Ok(directive) => match part(directive, answers) {
                    Ok(Some((of, part))) => makes.tutorial(of, &part, spot.level)?,
                    // Its own mistakes: the spec's, which have their places there.
                    _ => makes.error(&diagnostic::render_all(
                        &own_mistakes(directive, answers),
                        Style::Plain,
                    ))?,
                },
                Err(mistake) => makes.error(&mistake.render(Style::Plain))?,
            })
        })
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
            text.push_str(&diagnostic::render_all(mistakes, Style::Plain));
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

/// What is wrong at this place: with the directive, or with the name or the steps it has.
fn mistake(spot: &Spot, answers: &Answers, known: &[String]) -> Option<Diagnostic> {
    let directive = match &spot.asks {
        Ok(directive) => directive,
        Err(mistake) => return Some(mistake.clone()),
    };
    let Directive::Tutorial { name, .. } = directive else {
        return None;
    };
    if !known.contains(name) {
        let unknown =
            Diagnostic::error("unknown-tutorial", format!("there is no tutorial `{name}`"));
        return Some(with_nearest(
            unknown.at(spot.span.clone(), format!("no tutorials/{name}.yaml")),
            name,
            known,
        ));
    }
    let error = part(directive, answers).err()?;
    let unknown =
        Diagnostic::error("unknown-step", format!("{name}: {error}")).at(spot.span.clone(), "");
    Some(match error {
        PartError::UnknownStep { known, .. } => {
            unknown.help(format!("its steps: {}", known.join(", ")))
        }
        PartError::Backwards { .. } => unknown,
    })
}

fn with_nearest(mistake: Diagnostic, name: &str, known: &[String]) -> Diagnostic {
    let nearest = diagnostic::nearest(name, known.iter().map(String::as_str));
    let mistake = match nearest {
        Some(nearest) => mistake.help(format!("nearest is `{nearest}`")),
        None => mistake,
    };
    match known {
        [] => mistake.help("there is no tutorial in tutorials/ yet"),
        // Fifty names help nobody; `nearest` has looked at all of them.
        [first @ .., _] if first.len() >= 20 => {
            mistake.help(format!("there are {} in tutorials/", known.len()))
        }
        known => mistake.help(format!("there are: {}", known.join(", "))),
    }
}

/// What a directive shows; `None` when the tutorial has mistakes of its own.
fn part<'a>(
    directive: &Directive,
    answers: &'a Answers,
) -> Result<Option<(&'a Verification, Part)>, PartError> {
    let Directive::Tutorial { name, from, to } = directive else {
        return Ok(None);
    };
    let Some(Ok(of)) = answers.get(name) else {
        return Ok(None);
    };
    let part = match (from, to) {
        (None, None) => Part::whole(&of.tutorial),
        (from, to) => Part::between(&of.tutorial, from.as_deref(), to.as_deref())?,
    };
    Ok(Some((of, part)))
}

fn own_mistakes(directive: &Directive, answers: &Answers) -> Vec<Diagnostic> {
    let Directive::Tutorial { name, .. } = directive else {
        return Vec::new();
    };
    answers
        .get(name)
        .and_then(|it| it.as_ref().err())
        .cloned()
        .unwrap_or_default()
}

fn plain_text(
    page: &Page,
    spot: &Spot,
    answers: &Answers,
    homes: &BTreeMap<String, PathBuf>,
) -> String {
    match &spot.asks {
        Ok(Directive::Overview) => plain::overview(&rows(page, answers, homes)),
        Ok(directive) => match part(directive, answers) {
            Ok(Some((of, part))) => plain::tutorial(of, &part, spot.level),
            _ => plain::fenced(
                "text",
                &diagnostic::render_all(&own_mistakes(directive, answers), Style::Plain),
            ),
        },
        Err(mistake) => plain::fenced("text", &mistake.render(Style::Plain)),
    }
}

/// The chapter in which each tutorial begins.
fn homes(pages: &[Page]) -> BTreeMap<String, PathBuf> {
    let mut homes = BTreeMap::new();
    for page in pages {
        for spot in &page.directives {
            if let Ok(Directive::Tutorial { name, .. }) = &spot.asks {
                homes
                    .entry(name.clone())
                    .or_insert_with(|| page.path.clone());
            }
        }
    }
    homes
}

fn rows<'a>(
    page: &Page,
    answers: &'a Answers,
    homes: &BTreeMap<String, PathBuf>,
) -> Vec<OverviewRow<'a>> {
    let good = answers
        .iter()
        .filter_map(|(name, it)| Some((name, it.as_ref().ok()?)));
    good.map(|(name, verification)| OverviewRow {
        verification,
        href: homes.get(name).map(|home| link(&page.path, home)),
    })
    .collect()
}

/// From one chapter to another, both relative to the source folder. mdBook makes `.html` of the `.md`.
fn link(from: &Path, to: &Path) -> String {
    let up = from
        .parent()
        .map_or(0, |folder| folder.components().count());
    let to: Vec<_> = to
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    "../".repeat(up) + &to.join("/")
}

/// Each directive's text gives way to what `with` makes of it, between empty lines.
fn replace(
    book: &mut Book,
    pages: &[Page],
    mut with: impl FnMut(&Page, &Spot) -> Result<String, BookError>,
) -> Result<(), BookError> {
    let mut pages = pages.iter().peekable();
    let mut visit = 0;
    let mut result = Ok(());
    book.for_each_chapter_mut(|chapter| {
        if let Some(page) = pages.next_if(|page| page.visit == visit) {
            match replaced(&chapter.content, page, &mut with) {
                Ok(content) => chapter.content = content,
                Err(error) => result = Err(error),
            }
        }
        visit += 1;
    });
    result
}

fn replaced(
    content: &str,
    page: &Page,
    with: &mut impl FnMut(&Page, &Spot) -> Result<String, BookError>,
) -> Result<String, BookError> {
    let mut out = String::with_capacity(content.len() * 4);
    let mut at = 0;
    for spot in &page.directives {
        out.push_str(content[at..spot.range.start].trim_end_matches([' ', '\t']));
        out.push_str("\n\n");
        out.push_str(&with(page, spot)?);
        out.push_str("\n\n");
        at = spot.range.end;
    }
    out.push_str(&content[at..]);
    Ok(out)
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
