//! What a digest was made of beyond the commands, in words: a transcript keeps it, so that a later change can be named.
//!
//! In: a [`Tutorial`]. Out: of each thing that counts its keys as a spec has them, those that stand at their default left
//! out. Whatever [`digest`](super::digest) looks at is here too, but the commands' text, which a transcript has anyway.
//! Every struct is taken apart field by field, so that a new one has to be put here or left out on purpose.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    Action, Background, BlockUse, Command, ExpectedExit, FileChange, FileEdit, Host, Input,
    InputSource, Limits, Opens, Phase, Retry, RunCommands, Step, System, Tutorial, Until, When,
};
use crate::upstream::sha256;

/// The keys of one thing and what they are.
pub type Keys = BTreeMap<String, String>;

/// Things by name (`host laptop`, `step build`), in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran(pub Vec<(String, Keys)>);

/// Keys whose value is several words, each of which counts for itself, and what one of them is called.
pub const LISTS: &[(&str, &str)] = &[
    ("packages", "package"),
    ("programs", "program"),
    ("needs", "permission"),
    ("names", "name"),
    ("terminals", "terminal"),
];

/// The key of a trace of a step's commands, where its `when` may keep them out of the transcript.
pub const COMMANDS: &str = "commands";

impl Ran {
    /// Of what would run now.
    pub fn of(tutorial: &Tutorial) -> Self {
        let mut things: Vec<(String, Keys)> = Vec::new();
        for (index, host) in tutorial.hosts.iter().enumerate() {
            things.push((
                format!("host {}", host.name),
                keys(host_keys(tutorial, index, host)),
            ));
        }
        things.push(("limits".to_owned(), keys(limit_keys(&tutorial.limits))));
        for input in &tutorial.inputs {
            let Input {
                source,
                host,
                path,
                at: _,
            } = input;
            let host = &tutorial.hosts[*host].name;
            things.push((format!("input {host}:{path}"), keys(source_keys(source))));
        }
        for step in &tutorial.steps {
            things.push((format!("step {}", step.id), step_keys(tutorial, step)));
        }
        things.retain(|(name, keys)| !keys.is_empty() || name.starts_with("host "));
        Self(things)
    }

    /// The keys of the thing of this name.
    pub fn get(&self, name: &str) -> Option<&Keys> {
        let mut things = self.0.iter();
        things.find(|(own, _)| own == name).map(|(_, keys)| keys)
    }
}

/// Those that say something.
fn keys(all: Vec<(&str, String)>) -> Keys {
    let said = all.into_iter().filter(|(_, value)| !value.is_empty());
    said.map(|(key, value)| (key.to_owned(), value)).collect()
}

fn words<T: fmt::Display>(all: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = all.into_iter().map(|word| word.to_string()).collect();
    words.join(" ")
}

fn host_keys<'a>(tutorial: &Tutorial, index: usize, host: &Host) -> Vec<(&'a str, String)> {
    let Host {
        name: _,
        system,
        needs,
        programs,
        user,
        names,
        address,
        checkout,
    } = host;
    let (suite, packages) = match system {
        System::Machine { packages } => ("", packages),
        System::Debian { suite, packages } => (suite.as_str(), packages),
    };
    // At which commit stands in the lock.
    let tree = tutorial.upstream.as_ref().filter(|_| *checkout);
    let tree = tree.map(|upstream| upstream.url.clone());
    // A terminal without a step does not run, and its title is for the page.
    let terminals = tutorial.terminals.iter().enumerate().filter(|(at, it)| {
        it.host == index && tutorial.steps.iter().any(|step| step.terminal == *at)
    });
    let mut terminals: Vec<&str> = terminals.map(|(_, it)| it.name.as_str()).collect();
    terminals.sort_unstable();
    vec![
        ("debian", suite.to_owned()),
        ("packages", words(packages)),
        (
            "needs",
            words(needs.iter().map(|need| format!("{need:?}").to_lowercase())),
        ),
        ("programs", words(programs)),
        ("user", unless(user, "user")),
        ("names", words(names)),
        ("network", address.clone().unwrap_or_default()),
        ("checkout", tree.unwrap_or_default()),
        ("terminals", words(terminals)),
    ]
}

fn unless(value: &str, default: &str) -> String {
    match value == default {
        true => String::new(),
        false => value.to_owned(),
    }
}

fn yes(value: bool) -> String {
    unless(&value.to_string(), "false")
}

fn limit_keys<'a>(limits: &Limits) -> Vec<(&'a str, String)> {
    let default = Limits::default();
    let Limits { memory, pids, disk } = limits;
    vec![
        ("memory", unless(&size(*memory), &size(default.memory))),
        ("pids", unless(&pids.to_string(), &default.pids.to_string())),
        ("disk", unless(&size(*disk), &size(default.disk))),
    ]
}

/// As a spec would have it: `2G`.
fn size(bytes: u64) -> String {
    let units = [(30, "G"), (20, "M"), (10, "K")];
    let fits = |(shift, _): &(u32, &str)| bytes > 0 && bytes.trailing_zeros() >= *shift;
    match units.into_iter().find(fits) {
        Some((shift, unit)) => format!("{}{unit}", bytes >> shift),
        None => bytes.to_string(),
    }
}

fn source_keys<'a>(source: &InputSource) -> Vec<(&'a str, String)> {
    match source {
        InputSource::File { url, sha256 } => {
            vec![("url", url.clone()), ("sha256", sha256.clone())]
        }
        InputSource::Tree { url, commit } => {
            vec![("git", url.clone()), ("commit", commit.clone())]
        }
    }
}

fn step_keys(tutorial: &Tutorial, step: &Step) -> Keys {
    let Step {
        id: _,
        phase,
        title: _,
        text: _,
        upstream_note: _,
        terminal,
        action,
        timeout: _,
        exit,
        expect: _,
        matching: _,
        show: _,
        when,
        capture,
        at: _,
        block,
    } = step;
    let terminal = &tutorial.terminals[*terminal].name;
    let is_ended = |run: &RunCommands| run.until.is_some() || run.background.is_some();
    let exits = match action {
        Action::Run(run) if is_ended(run) => "any",
        _ => "0",
    };
    let mut all = vec![
        (
            "phase",
            match phase {
                Phase::Setup => "setup".to_owned(),
                Phase::Main => String::new(),
                Phase::Cleanup => "cleanup".to_owned(),
            },
        ),
        (
            "exit",
            match exit {
                ExpectedExit::Code(code) => unless(&code.to_string(), exits),
                ExpectedExit::Any => unless("any", exits),
            },
        ),
    ];
    if let Some(When { suite, arch }) = when {
        all.push(("when suite", words(suite)));
        all.push(("when arch", words(arch)));
    }
    let is_recorded = match action {
        Action::Run(run) => {
            all.extend(run_keys(run));
            // Where it did not apply, the transcript does not have its commands.
            if when.is_some() {
                all.push((COMMANDS, commands_trace(step).unwrap_or_default()));
            }
            when.is_none()
        }
        Action::File(FileEdit { path, change }) => {
            all.push(("file", path.clone()));
            all.push(match change {
                FileChange::Content(text) => ("content", fingerprint(text)),
                FileChange::Append(text) => ("append", fingerprint(text)),
                FileChange::Replace(pairs) => ("replace", fingerprint(pairs)),
            });
            false
        }
        Action::Press(names) => {
            all.push(("press", words(names)));
            false
        }
        Action::Wait(condition) => {
            all.push(("wait", condition.to_string()));
            false
        }
        Action::Close => {
            all.push(("closes", terminal.clone()));
            true
        }
        Action::Unavailable => true,
    };
    if !is_recorded {
        all.push(("terminal", terminal.clone()));
    }
    if let Some(BlockUse {
        address,
        line: _,
        commands,
        with: _,
        upstream: _,
        looks_like_text: _,
    }) = block
    {
        all.push(("block", address.clone()));
        if !commands.iter().copied().eq(1..=commands.len()) {
            all.push(("lines", words(commands)));
        }
    }
    let mut keys = keys(all);
    let captures = capture.iter();
    keys.extend(captures.map(|(name, pattern)| (format!("capture {name}"), pattern.clone())));
    keys
}

/// A trace of the commands that a step types.
pub fn commands_trace(step: &Step) -> Option<String> {
    let Action::Run(run) = &step.action else {
        return None;
    };
    let texts = run.commands.iter().map(|command| command.text.as_str());
    Some(fingerprint(&texts.collect::<Vec<_>>()))
}

fn run_keys<'a>(run: &RunCommands) -> Vec<(&'a str, String)> {
    let RunCommands {
        commands,
        background,
        until,
        retry,
        dialog,
    } = run;
    let mut all = Vec::new();
    if let Some(Background { ready }) = background {
        all.push(("background", yes(true)));
        all.push((
            "ready",
            ready.as_ref().map(ToString::to_string).unwrap_or_default(),
        ));
    }
    if let Some(Until { condition, then }) = until {
        all.push(("until", condition.to_string()));
        all.push(("then", unless(&words(then), "C-c")));
    }
    if let Some(Retry { times, every }) = retry {
        let every = every.as_secs_f64();
        all.push(("retry", format!("{times} times, every {every} s")));
    }
    if !dialog.is_empty() {
        all.push(("dialog", fingerprint(dialog)));
    }
    let mut opens = Vec::new();
    let mut leaves = Vec::new();
    let mut exits = Vec::new();
    for (index, command) in commands.iter().enumerate() {
        let Command {
            text: _,
            prompt: _,
            opens: opened,
            leaves: left,
            exits: is_exit,
            readme_line: _,
            documented: _,
        } = command;
        let at = match index + 1 == commands.len() {
            true => String::new(),
            false => format!(" (command {})", index + 1),
        };
        opens.extend(opened.as_ref().map(|opened| match opened {
            Opens::Shell => format!("shell{at}"),
            Opens::Prompt(prompt) => format!("prompt {prompt}{at}"),
        }));
        leaves.extend((*left > 0).then(|| format!("{left}{at}")));
        exits.extend(is_exit.then(|| format!("true{at}")));
    }
    all.push(("opens", opens.join(", ")));
    all.push(("leaves", leaves.join(", ")));
    all.push(("exits", exits.join(", ")));
    all
}

/// Enough to see that a long text is another.
fn fingerprint<T: Serialize + ?Sized>(of: &T) -> String {
    let text = serde_json::to_string(of).unwrap_or_default();
    sha256(text.as_bytes())[..12].to_owned()
}

impl Serialize for Ran {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, keys) in &self.0 {
            map.serialize_entry(name, keys)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Ran {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Ran;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping of things and their keys")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ran, A::Error> {
                let mut things = Vec::new();
                while let Some(thing) = map.next_entry()? {
                    things.push(thing);
                }
                Ok(Ran(things))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
