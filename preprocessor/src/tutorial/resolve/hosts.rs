//! Hosts, terminals, limits: from what was written to what a lab is made of.

use crate::diagnostic::{Diagnostic, listed, nearest};
use crate::tutorial::keys::{Problems, Spanned};
use crate::tutorial::model::{Host, Limits, System, Terminal};
use crate::tutorial::resolve::network;
use crate::tutorial::spec::{HostKeys, LimitsKeys, SpecKeys, TerminalSpec};

/// The host that a tutorial has when it names none.
const DEFAULT_HOST: &str = "localhost";
/// The terminal that a tutorial has when it names none.
const DEFAULT_TERMINAL: &str = "terminal";

/// A name for a host, a terminal or a step: it is a host name, a part of a URL, a word in a message.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c))
}

pub(crate) fn check_name(name: &Spanned<String>, thing: &str, problems: &mut Problems) {
    if !is_name(&name.value) {
        problems.push(
            Diagnostic::error("bad-name", format!("`{}` is no name for {thing}", name.value))
                .at(name.span.clone(), "")
                .help("names have lower case letters, digits, `-` and `_`, and begin with a letter or digit"),
        );
    }
}

pub(crate) fn hosts(keys: &SpecKeys, problems: &mut Problems) -> Vec<Host> {
    let mut hosts: Vec<Host> = Vec::new();
    for (name, spec) in keys.hosts.iter().flat_map(|hosts| &hosts.value.0) {
        check_name(name, "a host", problems);
        hosts.push(host(&name.value, &spec.0, problems));
    }
    if hosts.is_empty() {
        hosts.push(host(DEFAULT_HOST, &HostKeys::default(), problems));
    }
    network::check_names(keys, problems);
    network::addresses(&mut hosts, keys, problems);
    hosts
}

fn host(name: &str, keys: &HostKeys, problems: &mut Problems) -> Host {
    let texts = |list: &Option<Spanned<Vec<Spanned<String>>>>| -> Vec<String> {
        let items = list.iter().flat_map(|list| &list.value);
        items.map(|item| item.value.clone()).collect()
    };
    let packages = texts(&keys.packages);
    for (list, thing) in [
        (&keys.packages, "a package"),
        (&keys.programs, "a program"),
        (&keys.names, "a host name"),
    ] {
        for item in list.iter().flat_map(|list| &list.value) {
            check_word(item, thing, problems);
        }
    }
    if let Some(suite) = &keys.debian {
        check_word(suite, "a suite", problems);
    }
    if let Some(programs) = keys.programs.as_ref().filter(|_| keys.debian.is_some()) {
        problems.push(
            Diagnostic::error(
                "misplaced-key",
                "`programs` is for a host made of the machine",
            )
            .at(programs.span.clone(), "this host is made of `debian`")
            .help("name the packages that hold them: `packages: […]`"),
        );
    }
    Host {
        name: name.to_owned(),
        system: match &keys.debian {
            Some(suite) => System::Debian {
                suite: suite.value.clone(),
                packages,
            },
            None => System::Machine { packages },
        },
        needs: keys
            .needs
            .as_ref()
            .map(|needs| needs.value.clone())
            .unwrap_or_default(),
        programs: texts(&keys.programs),
        user: user(keys.user.as_ref(), problems),
        names: texts(&keys.names),
        address: None,
        checkout: keys
            .checkout
            .as_ref()
            .is_some_and(|checkout| checkout.value),
    }
}

/// Package, program, suite and host names end up on command lines and in files of the system.
fn check_word(item: &Spanned<String>, thing: &str, problems: &mut Problems) {
    let right = item.value.starts_with(|c: char| c.is_ascii_alphanumeric())
        && item
            .value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-._:".contains(c));
    if !right {
        problems.push(
            Diagnostic::error(
                "bad-name",
                format!("`{}` is no name of {thing}", item.value),
            )
            .at(item.span.clone(), ""),
        );
    }
}

fn user(user: Option<&Spanned<String>>, problems: &mut Problems) -> String {
    match user {
        None => "user".to_owned(),
        Some(user) => {
            if !["user", "root"].contains(&user.value.as_str()) {
                problems.push(
                    Diagnostic::error(
                        "unknown-user",
                        format!("a host has no user `{}`", user.value),
                    )
                    .at(user.span.clone(), "")
                    .help("there are `user` and `root`"),
                );
            }
            user.value.clone()
        }
    }
}

pub(crate) fn unknown_host(
    name: &Spanned<String>,
    hosts: &[Host],
    keys: &SpecKeys,
    problems: &mut Problems,
) {
    // Where `hosts:` could not be read, nobody knows which there are.
    if keys.hosts.is_some() || !keys.has("hosts") {
        let names: Vec<&str> = hosts.iter().map(|host| host.name.as_str()).collect();
        problems.push(unknown_name("host", name, &names));
    }
}

/// `thing` is `host` or `terminal`.
pub(crate) fn unknown_name(
    thing: &'static str,
    name: &Spanned<String>,
    known: &[&str],
) -> Diagnostic {
    let code = match thing {
        "host" => "unknown-host",
        _ => "unknown-terminal",
    };
    let label = nearest(&name.value, known.iter().copied())
        .map_or(String::new(), |near| format!("did you mean `{near}`?"));
    Diagnostic::error(code, format!("there is no {thing} `{}`", name.value))
        .at(name.span.clone(), label)
        .help(format!("the {thing}s: {}", listed(known.iter().copied())))
}

pub(crate) fn terminals(keys: &SpecKeys, hosts: &[Host], problems: &mut Problems) -> Vec<Terminal> {
    let mut terminals: Vec<Terminal> = Vec::new();
    for (name, spec) in keys
        .terminals
        .iter()
        .flat_map(|terminals| &terminals.value.0.0)
    {
        check_name(name, "a terminal", problems);
        if terminals.iter().any(|other| other.name == name.value) {
            problems.push(
                Diagnostic::error(
                    "duplicate-key",
                    format!("the terminal `{}` stands here twice", name.value),
                )
                .at(name.span.clone(), ""),
            );
        }
        terminals.push(terminal(&name.value, spec, hosts, keys, problems));
    }
    if terminals.is_empty() {
        terminals.push(made_up(DEFAULT_TERMINAL));
    }
    terminals
}

/// A terminal that nobody described.
pub(crate) fn made_up(name: &str) -> Terminal {
    Terminal {
        name: name.to_owned(),
        title: name.to_owned(),
        host: 0,
    }
}

fn terminal(
    name: &str,
    spec: &TerminalSpec,
    hosts: &[Host],
    keys: &SpecKeys,
    problems: &mut Problems,
) -> Terminal {
    let host = spec.0.host.as_ref().map_or(Some(0), |wanted| {
        let found = hosts.iter().position(|host| host.name == wanted.value);
        if found.is_none() {
            unknown_host(wanted, hosts, keys, problems);
        }
        found
    });
    Terminal {
        title: spec
            .0
            .title
            .as_ref()
            .map_or(name, |title| &title.value)
            .to_owned(),
        host: host.unwrap_or_default(),
        ..made_up(name)
    }
}

pub(crate) fn limits(keys: Option<&Spanned<LimitsKeys>>) -> Limits {
    let mut limits = Limits::default();
    if let Some(keys) = keys {
        let keys = &keys.value;
        limits.memory = keys
            .memory
            .as_ref()
            .map_or(limits.memory, |size| size.value.0);
        limits.pids = keys.pids.as_ref().map_or(limits.pids, |pids| pids.value);
        limits.disk = keys.disk.as_ref().map_or(limits.disk, |size| size.value.0);
    }
    limits
}
