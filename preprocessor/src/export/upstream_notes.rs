//! `--to upstream-notes`: what tutorials found out about the files they are made of, as markdown for their authors.
//!
//! By repository and file: what the tutorials' authors tell (`upstream-note`), the packages that the commands need, what
//! is not run and why, what had to be typed otherwise, which outputs are others today, and last what the tutorials add,
//! of which nobody knows here whether it is a need or a closer look. Counts and reasons are of the whole book, since a
//! command that another tutorial runs is run.

use std::collections::{BTreeMap, BTreeSet};

use super::{Asked, Nothing, Target};
use crate::judge::tally::{CommandTally, Count, FileTally, Tally, Typed, Use};
use crate::judge::{Verdict, Verification, documented};
use crate::paint::visible_lines;
use crate::render::{counted, plain::fenced};
use crate::tutorial::{
    Action, Command, FileChange, FileEdit, Phase, RunCommands, Step, System, Tutorial,
    UpstreamSource,
};

pub(super) const TARGET: Target = Target {
    name: "upstream-notes",
    about: "differences that the tutorials found, as markdown for the authors of their upstream files",
    text,
};

/// Lines of an output that a note quotes; more of them say no more.
const QUOTED: usize = 30;

/// Lines of a command or a file of our own: what it is about shows in the first ones.
const OWN: usize = 3;

fn text(asked: &Asked<'_>) -> Result<String, Nothing> {
    let without = |of: &&Verification| asked.means(of) && of.tutorial.upstream.is_none();
    if let Some(of) = asked.all.iter().find(without)
        && !asked.names.is_empty()
    {
        let name = &of.tutorial.name;
        return Err(Nothing(format!("`{name}` has no upstream to be noted for")));
    }
    let tally = Tally::of(asked.all);
    let mut repositories: BTreeMap<&str, Vec<&FileTally<'_>>> = BTreeMap::new();
    for file in tally.files() {
        if file.tutorials.iter().any(|of| asked.means(of)) {
            let upstream = file.upstream;
            let name = upstream.github.as_deref().unwrap_or(&upstream.url);
            repositories.entry(name).or_default().push(file);
        }
    }
    if repositories.is_empty() {
        let why = "no command of an upstream file is known to these tutorials";
        return Err(Nothing(why.to_owned()));
    }
    let notes = repositories.iter().map(|(name, files)| {
        let files: Vec<String> = files
            .iter()
            .map(|file| Notes { asked, file }.text())
            .collect();
        format!("# Notes on {name}\n\n{}", files.join("\n"))
    });
    // Read at a terminal before it is sent.
    Ok(visible_lines(&notes.collect::<Vec<_>>().join("\n")))
}

/// The notes on one file.
struct Notes<'a> {
    asked: &'a Asked<'a>,
    file: &'a FileTally<'a>,
}

impl<'a> Notes<'a> {
    fn text(&self) -> String {
        let mut text = format!("## {}\n\n{}", self.file.upstream.file, self.head());
        let sections = [
            ("Found", self.found()),
            ("Packages needed", self.packages()),
            ("Not run", self.not_run()),
            ("Typed otherwise", self.typed_otherwise()),
            ("Shown otherwise", self.shown_otherwise()),
            ("What the tutorial adds", self.added()),
        ];
        for (title, items) in sections.iter().filter(|(_, items)| !items.is_empty()) {
            text.push_str(&format!("\n### {title}\n\n{}", items.join("\n")));
        }
        text
    }

    /// The tutorials that are meant.
    fn meant(&self) -> impl Iterator<Item = &'a Verification> {
        let all = self.file.tutorials.iter().copied();
        all.filter(|of| self.asked.means(of))
    }

    fn head(&self) -> String {
        let Count {
            commands,
            run,
            verified,
            unchanged,
            replaced,
            not_run,
            ..
        } = self.file.count();
        let mut text = format!(
            "At commit {}. Of {} {run} are run ({unchanged} as they stand), {verified} of these in tutorials that are verified",
            self.file.upstream.commit,
            counted(commands)
        );
        let more = [
            (replaced, "replaced by another command"),
            (not_run, "not run"),
        ];
        for (count, what) in more.into_iter().filter(|(count, _)| *count > 0) {
            text.push_str(&format!("; {count} {what}"));
        }
        text.push_str(".\n\n");
        for of in self.meant() {
            let when = match &of.verdict {
                Verdict::Verified { date, facts, .. } => {
                    let systems: BTreeSet<&str> =
                        facts.systems.values().map(String::as_str).collect();
                    let systems: Vec<&str> = systems.into_iter().collect();
                    format!("verified on {date}, {}", systems.join(", "))
                }
                other => other.word().to_owned(),
            };
            text.push_str(&format!("- {}: {when}\n", of.tutorial.title));
        }
        let mut sources = self.meant().filter_map(|of| of.tutorial.upstream.as_ref());
        if !sources.any(|upstream| upstream.source == UpstreamSource::File) {
            text.push_str(
                "\nThe file itself was not at hand: what it shows as output is not compared.\n",
            );
        }
        text
    }

    /// What only a person can tell, each once: of the file, then of its lines.
    fn found(&self) -> Vec<String> {
        let mut items = Vec::new();
        let mut add = |line: Option<usize>, note: &str| {
            let item = match line {
                Some(line) => item(&lines_of(&[line]), &[note.trim().to_owned()]),
                None => format!("- {}\n", note.trim().replace('\n', "\n  ")),
            };
            if !items.contains(&item) {
                items.push(item);
            }
        };
        for of in self.meant() {
            if let Some(note) = &of.tutorial.upstream_note {
                add(None, note);
            }
        }
        for step in self.meant().flat_map(|of| &of.tutorial.steps) {
            if let Some(note) = &step.upstream_note {
                add(step.readme_line(0), note);
            }
        }
        items
    }

    /// Per tutorial: what the hosts have on which the file's commands run.
    fn packages(&self) -> Vec<String> {
        self.meant()
            .filter_map(|of| packages(&of.tutorial))
            .collect()
    }

    /// By entry of `not-run`, in the file's order.
    fn not_run(&self) -> Vec<String> {
        let mut groups: Vec<(&str, Vec<(usize, &str)>)> = Vec::new();
        for (line, command) in &self.file.commands {
            let Some(reason) = command.reasons.first().filter(|_| command.uses.is_empty()) else {
                continue;
            };
            let why = reason.entry.why.trim();
            match groups.iter_mut().find(|(own, _)| *own == why) {
                Some((_, commands)) => commands.push((*line, command.text)),
                None => groups.push((why, vec![(*line, command.text)])),
            }
        }
        let mut items: Vec<String> = groups
            .iter()
            .map(|(why, commands)| {
                let lines: Vec<usize> = commands.iter().map(|(line, _)| *line).collect();
                let texts: Vec<&str> = commands.iter().map(|(_, text)| *text).collect();
                item(
                    &lines_of(&lines),
                    &[fenced("sh", &texts.join("\n")), (*why).to_owned()],
                )
            })
            .collect();
        let unnamed = self.file.unnamed();
        if unnamed > 0 {
            let rest = self
                .file
                .rest
                .first()
                .map(|it| it.entry.why.trim().to_owned());
            let why = rest.unwrap_or_else(|| "No reason is given.".to_owned());
            items.push(item(&format!("{unnamed} more"), &[why]));
        }
        items
    }

    /// Commands with a part replaced, or replaced whole, each pair once; one that is typed as it stands elsewhere is
    /// right as it is.
    fn typed_otherwise(&self) -> Vec<String> {
        let mut items = Vec::new();
        let commands = self.file.commands.iter();
        for (line, command) in commands.filter(|(_, it)| !it.is_typed(Typed::Unchanged)) {
            let mut told = BTreeSet::new();
            for it in command.uses.iter().filter(|it| self.asked.means(it.of)) {
                if it.text() != command.text && told.insert(it.text()) {
                    items.push(typed_otherwise(*line, command, it));
                }
            }
        }
        items
    }

    /// Per tutorial: what is typed that is not upstream's, up to the last command that is.
    fn added(&self) -> Vec<String> {
        self.meant().filter_map(|of| added(&of.tutorial)).collect()
    }

    /// Outputs that no place where the command is typed gave as the file shows them.
    fn shown_otherwise(&self) -> Vec<String> {
        let commands = self.file.commands.iter();
        let items = commands.filter_map(|(line, command)| {
            let uses = command.uses.iter().filter(|it| self.asked.means(it.of));
            let compared: Vec<&Use<'_>> = uses.filter(|it| is_compared(it)).collect();
            let differs = |it: &&Use<'_>| documented::in_step(it.of, it.step).contains(&it.command);
            if compared.is_empty() || !compared.iter().all(differs) {
                return None;
            }
            // Best is one that was typed as it stands.
            let it = compared.iter().min_by_key(|it| it.text() != command.text)?;
            let came = documented::output(it.of, it.step, it.command)?;
            let shown = typed_command(it)?.documented.join("\n");
            Some(item(
                &format!("{}, `{}`", lines_of(&[*line]), first_line(it.text())),
                &[
                    "The file shows".to_owned(),
                    fenced("text", &bounded(&shown)),
                    "and it gave".to_owned(),
                    fenced("text", &bounded(&came)),
                ],
            ))
        });
        items.collect()
    }
}

fn typed_otherwise(line: usize, command: &CommandTally<'_>, it: &Use<'_>) -> String {
    let diff = signed("-", command.text) + &signed("+", &plainly(it.text()));
    let step = it.step();
    let why = step.text.as_ref().or(step.title.as_ref());
    let mut parts = vec![fenced("diff", &diff)];
    parts.extend(why.map(|why| why.trim().to_owned()));
    item(&lines_of(&[line]), &parts)
}

fn typed_command<'a>(it: &Use<'a>) -> Option<&'a Command> {
    match &it.step().action {
        Action::Run(run) => run.commands.get(it.command),
        _ => None,
    }
}

/// Whether the file shows an output for it, and one is known.
fn is_compared(it: &Use<'_>) -> bool {
    it.runs()
        && documented::compares(it.step())
        && typed_command(it).is_some_and(|command| !command.documented.is_empty())
        && documented::output(it.of, it.step, it.command).is_some()
}

/// Indices of the hosts on which upstream's commands run.
fn hosts_of_upstream(tutorial: &Tutorial) -> BTreeSet<usize> {
    let steps = tutorial.steps.iter().filter(|step| step.block.is_some());
    steps.map(|step| host_of(tutorial, step)).collect()
}

/// `For “A lamp”`: `desk, wall: Debian trixie with lamp`.
fn packages(tutorial: &Tutorial) -> Option<String> {
    let mut systems: Vec<(String, Vec<&str>)> = Vec::new();
    for host in hosts_of_upstream(tutorial) {
        let host = &tutorial.hosts[host];
        let (system, packages) = match &host.system {
            System::Machine { packages } => ("the machine".to_owned(), packages),
            System::Debian { suite, packages } => (format!("Debian {suite}"), packages),
        };
        if packages.is_empty() {
            continue;
        }
        let system = format!("{system} with {}", packages.join(", "));
        match systems.iter_mut().find(|(same, _)| *same == system) {
            Some((_, hosts)) => hosts.push(&host.name),
            None => systems.push((system, vec![&host.name])),
        }
    }
    let lines: Vec<String> = systems
        .iter()
        .map(|(system, hosts)| format!("- {}: {system}", hosts.join(", ")))
        .collect();
    (!lines.is_empty()).then(|| for_tutorial(tutorial, &lines.join("\n")))
}

/// What belongs to one of several tutorials.
fn for_tutorial(tutorial: &Tutorial, what: &str) -> String {
    item(&format!("For “{}”", tutorial.title), &[what.to_owned()])
}

fn added(tutorial: &Tutorial) -> Option<String> {
    let is_setup = |it: &&Step| it.phase == Phase::Setup;
    let setup = tutorial.steps.iter().take_while(is_setup).count();
    let (setup, mut rest) = tutorial.steps.split_at(setup);
    let mut places = vec![("set up first".to_owned(), setup.iter().collect::<Vec<_>>())];
    // Up to each step that is upstream's; what comes behind the last of them belongs to none.
    while let Some(next) = rest.iter().position(|step| step.block.is_some()) {
        let line = rest[next].readme_line(0).map(|line| lines_of(&[line]));
        let place = format!("before {}", line.as_deref().unwrap_or("a command"));
        // A tutorial may type the same line several times.
        match places.iter_mut().find(|(same, _)| *same == place) {
            Some((_, known)) => known.extend(&rest[..next]),
            None => places.push((place, rest[..next].iter().collect())),
        }
        rest = &rest[next + 1..];
    }
    let hosts = hosts_of_upstream(tutorial);
    let items: Vec<String> = places
        .iter()
        .map(|(place, steps)| (place, besides(tutorial, &hosts, steps)))
        .filter(|(_, parts)| !parts.is_empty())
        .map(|(place, parts)| item(place, &parts))
        .collect();
    (!items.is_empty()).then(|| for_tutorial(tutorial, &items.join("\n")))
}

/// What steps of our own do on the hosts of upstream's commands, with their text; and on which, where there are several.
fn besides(tutorial: &Tutorial, hosts: &BTreeSet<usize>, steps: &[&Step]) -> Vec<String> {
    let own = steps.iter().copied().filter(|step| {
        matches!(step.action, Action::Run(_) | Action::File(_))
            && hosts.contains(&host_of(tutorial, step))
    });
    let own: Vec<&Step> = own.collect();
    let mut parts = Vec::new();
    let mut last = None;
    for same in own.chunk_by(|one, next| goes_on(tutorial, one, next)) {
        let host = host_of(tutorial, same[0]);
        if hosts.len() > 1 && last.replace(host) != Some(host) {
            parts.push(format!("on {}", tutorial.hosts[host].name));
        }
        let why = same[0].text.as_ref().or(same[0].title.as_ref());
        parts.extend(why.map(|why| quoted(why)));
        if let Action::File(edit) = &same[0].action {
            parts.push(edited(edit));
            continue;
        }
        let texts: Vec<String> = same
            .iter()
            .filter_map(|step| match &step.action {
                Action::Run(RunCommands { commands, .. }) => Some(commands),
                _ => None,
            })
            .flatten()
            .map(|command| plainly(&cut(&command.text)))
            .collect();
        parts.push(fenced("sh", &texts.join("\n")));
    }
    parts
}

fn host_of(tutorial: &Tutorial, step: &Step) -> usize {
    tutorial.terminals[step.terminal].host
}

/// Whether the commands of two steps can stand in one block.
fn goes_on(tutorial: &Tutorial, one: &Step, next: &Step) -> bool {
    let is_file = |step: &Step| matches!(step.action, Action::File(_));
    let says_why = next.text.is_some() || next.title.is_some();
    host_of(tutorial, one) == host_of(tutorial, next)
        && !is_file(one)
        && !is_file(next)
        && !says_why
}

/// The first paragraph of a text, as a quote.
fn quoted(text: &str) -> String {
    let lines: Vec<String> = text
        .trim()
        .lines()
        .take_while(|line| !line.trim().is_empty())
        .map(|line| format!("> {line}"))
        .collect();
    lines.join("\n")
}

/// A captured value by its name, since the lab's own says nothing elsewhere: `<key>`.
fn plainly(text: &str) -> String {
    let mut pieces = text.split("{{=");
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once("}}") {
            Some((name, rest)) => plain.push_str(&format!("<{name}>{rest}")),
            None => plain.push_str(&format!("{{{{={piece}")),
        }
    }
    plain
}

fn edited(edit: &FileEdit) -> String {
    let (how, info, text) = match &edit.change {
        FileChange::Content(text) => ("the file", "text", cut(text)),
        FileChange::Append(text) => ("at the end of", "text", cut(text)),
        FileChange::Replace(pairs) => {
            let pair = |(find, with): &(String, String)| signed("-", find) + &signed("+", with);
            ("in", "diff", pairs.iter().map(pair).collect())
        }
    };
    format!("{how} `{}`\n\n{}", edit.path, fenced(info, &plainly(&text)))
}

fn signed(sign: &str, text: &str) -> String {
    let lines = text.lines();
    lines.map(|line| format!("{sign} {line}\n")).collect()
}

/// An item of a list, its parts indented below it.
fn item(head: &str, parts: &[String]) -> String {
    let mut text = format!("- {head}\n");
    for part in parts {
        text.push('\n');
        for line in part.lines() {
            text.push_str(format!("  {line}").trim_end());
            text.push('\n');
        }
    }
    text
}

fn lines_of(lines: &[usize]) -> String {
    match lines {
        [line] => format!("line {line}"),
        lines => {
            let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
            format!("lines {}", lines.join(", "))
        }
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The first lines of what is our own.
fn cut(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().take(OWN + 1).collect();
    if lines.len() > OWN {
        lines[OWN] = "…";
    }
    lines.join("\n")
}

fn bounded(text: &str) -> String {
    let count = text.lines().count();
    if count <= QUOTED {
        return text.to_owned();
    }
    let head: String = text
        .lines()
        .take(QUOTED)
        .map(|line| format!("{line}\n"))
        .collect();
    format!("{head}… {} more lines", count - QUOTED)
}
