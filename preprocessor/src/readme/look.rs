//! Does a line look like a shell command?
//!
//! Asked where no prompt says so, or where the prompt may be something else. Prose, output, configuration and
//! synopses begin with names of programs too, so a line needs a proof and nothing that speaks against it.

use std::cell::OnceCell;
use std::collections::HashSet;

use super::holes::{Holes, holes};
use super::programs::{self, Proof};
use super::prose::{STOP_WORDS, has_description, is_prose};
use super::words::{is_assignment, is_evident, is_option, is_program_name, words};

/// What a line looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// A command, beyond doubt.
    Known,
    /// A command where the block says that it holds commands.
    Likely,
    /// It only sets something (`export A=b`, `source x`): a command, or a line of somebody's ~/.bashrc.
    Setting,
    /// Something else, or nobody can tell.
    Not,
}

/// Names of programs that this README itself makes known.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    /// Typed at a prompt somewhere.
    pub(super) typed: HashSet<String>,
    /// All inline code of the README.
    code: &'a [&'a str],
    mentioned: OnceCell<HashSet<&'a str>>,
}

impl<'a> Names<'a> {
    pub(super) fn of(code: &'a [&'a str]) -> Self {
        Self {
            code,
            ..Self::default()
        }
    }

    /// Written as inline code somewhere. Few lines ask, so the set is made when one does.
    fn mentions(&self, program: &str) -> bool {
        let first_words = || {
            self.code
                .iter()
                .filter_map(|code| code.split(' ').next())
                .collect()
        };
        self.mentioned.get_or_init(first_words).contains(program)
    }
}

impl Names<'_> {
    /// The README names the program that this command runs.
    pub(super) fn has(&self, command: &str) -> bool {
        let program = command.split_whitespace().next().unwrap_or_default();
        self.typed.contains(program) || self.mentions(program)
    }
}

/// What the command's first line looks like. `cd x && y`: the first part that says more than `export A=b` decides.
pub(super) fn look(line: &str, names: &Names<'_>) -> Look {
    let line = line.trim();
    if !may_begin(line) || is_of_another_language(line) {
        return Look::Not;
    }
    if has_description(line) || holes(line) != Holes::None {
        return Look::Not;
    }
    let words = words(line);
    let mut result = Look::Setting;
    let mut from = 0;
    while from < words.len() {
        let end = from
            + words[from..]
                .iter()
                .position(|w| ends_part(w))
                .unwrap_or(words.len() - from);
        // `tool init fish | source` is a line for somebody's configuration.
        if words.get(end) == Some(&"|") && words.get(end + 1) == Some(&"source") {
            return Look::Setting;
        }
        let (last, next) = match words.get(end) {
            Some(word) if word.ends_with(';') && word.len() > 1 => (end + 1, end + 1),
            _ => (end, end + 1),
        };
        match part(&words[from..last], names) {
            Look::Known => return Look::Known,
            Look::Not if result == Look::Likely => return Look::Likely,
            Look::Not => return Look::Not,
            Look::Likely => result = Look::Likely,
            Look::Setting => {}
        }
        from = next;
    }
    if words.is_empty() { Look::Not } else { result }
}

/// The first word may be a program, an assignment or a subshell: cheap, and false for most lines that are no commands.
fn may_begin(line: &str) -> bool {
    let first = line.split([' ', '\t']).next().unwrap_or_default();
    let subshell = first.strip_prefix('(');
    is_program_name(subshell.unwrap_or(first).trim_end_matches(';')) || is_assignment(first)
}

fn ends_part(word: &str) -> bool {
    matches!(word, "&&" | "||" | "|") || word.ends_with(';')
}

/// One of the commands of a line.
fn part(words: &[&str], names: &Names<'_>) -> Look {
    let Some(at) = words.iter().position(|w| !is_assignment(w)) else {
        return if words.is_empty() {
            Look::Not
        } else {
            Look::Setting
        };
    };
    let words = &words[at..];
    let wrappers = words
        .iter()
        .take_while(|w| WRAPPERS.contains(w))
        .count()
        .min(words.len() - 1);
    let (program, arguments) = (
        words[wrappers].trim_start_matches('('),
        &words[wrappers + 1..],
    );
    match program.trim_end_matches(';') {
        "sudo" | "doas" => behind_sudo(arguments, names),
        program => judge(program, arguments, names),
    }
}

/// Programs that only start another.
const WRAPPERS: &[&str] = &["exec", "nohup", "time", "command", "builtin"];

/// Nobody writes `sudo` before anything but a command; prose about sudo still has its words.
fn behind_sudo(arguments: &[&str], names: &Names<'_>) -> Look {
    let mut rest = arguments;
    while let Some((option, more)) = rest
        .split_first()
        .filter(|(o, _)| o.starts_with('-') || is_assignment(o))
    {
        if matches!(*option, "-i" | "-s" | "-l" | "-v" | "-k" | "-K") && more.is_empty() {
            return Look::Known;
        }
        rest = if matches!(*option, "-u" | "-g" | "-C" | "-h" | "-p") {
            more.get(1..).unwrap_or_default()
        } else {
            more
        };
    }
    let Some((program, arguments)) = rest.split_first() else {
        return Look::Not;
    };
    if is_prose(arguments) || STOP_WORDS.binary_search(program).is_ok() || !is_program_name(program)
    {
        return Look::Not;
    }
    match judge(program, arguments, names) {
        Look::Not
            if programs::proof(program).is_some_and(|p| matches!(p, Proof::Word(_)))
                && arguments.is_empty() =>
        {
            Look::Not
        }
        _ => Look::Known,
    }
}

fn judge(program: &str, arguments: &[&str], names: &Names<'_>) -> Look {
    if !is_program_name(program) {
        return Look::Not;
    }
    if matches!(
        program,
        "export"
            | "alias"
            | "source"
            | "."
            | "eval"
            | "setenv"
            | "unset"
            | "set"
            | "umask"
            | "ulimit"
    ) {
        return if is_setting(program, arguments) {
            Look::Setting
        } else {
            Look::Not
        };
    }
    if CONFIGURATION.contains(&program) || (is_prose(arguments) && program != "echo") {
        return Look::Not;
    }
    if program.contains('/') {
        return path(program, arguments);
    }
    let evident = arguments.iter().any(|a| is_evident(a));
    let proof = programs::proof(program);
    if proof.is_none() && arguments.iter().any(|a| SCHEMATIC.contains(a)) {
        return Look::Not;
    }
    match proof {
        Some(Proof::Name) => Look::Known,
        Some(Proof::Argument) if evident && !is_version(arguments) => Look::Known,
        Some(Proof::Argument) if names.typed.contains(program) && !arguments.is_empty() => {
            Look::Likely
        }
        Some(Proof::Word(words)) => subcommand(program, words, arguments),
        Some(Proof::Argument) if arguments.is_empty() && !WORDS_TOO.contains(&program) => {
            Look::Likely
        }
        Some(Proof::Argument) => Look::Not,
        None if evident && names.typed.contains(program) => Look::Known,
        None if arguments.iter().take(2).any(|a| is_option(a))
            && program.starts_with(|c: char| c.is_ascii_lowercase()) =>
        {
            Look::Likely
        }
        None if evident && names.mentions(program) => Look::Likely,
        None => Look::Not,
    }
}

/// Programs whose name alone on a line may be a word of somebody's text.
const WORDS_TOO: &[&str] = &[
    "as", "black", "cat", "cut", "env", "export", "find", "head", "kill", "less", "patch", "route",
    "screen", "sleep", "sort", "source", "strings", "swift", "tail", "time", "touch", "watch",
    "python", "java", "node", "php", "perl", "ruby", "fish", "deno", "diff",
];

/// `git version 2.43`, `curl 8.5.0`, `node v20.1.0`: what programs say of themselves.
fn is_version(arguments: &[&str]) -> bool {
    let version = |w: &&str| {
        w.trim_start_matches('v')
            .starts_with(|c: char| c.is_ascii_digit())
            && w.contains('.')
            && w.parse::<std::net::IpAddr>().is_err()
    };
    match arguments {
        [first, ..] if version(first) => !first.contains('/'),
        ["version", second, ..] => second.starts_with(|c: char| c.is_ascii_digit()),
        [first, second, ..] => first.starts_with('(') && version(second),
        _ => false,
    }
}

/// What people make without a Makefile.
const NO_TARGETS: &[&str] = &["sure", "sense", "use", "it", "changes", "way", "sudo"];

fn subcommand(program: &str, words: &[&str], arguments: &[&str]) -> Look {
    let mut rest = arguments
        .iter()
        .skip_while(|a| is_option(a) || is_assignment(a) || a.starts_with('+'))
        .peekable();
    let first = rest.peek().copied().copied().unwrap_or_default();
    let known = words.contains(&first) || (words.is_empty() && is_evident(first));
    // `make -C dir`, `docker --version`: options alone say enough. `make foo.o` has an evident argument.
    let by_options = first.is_empty() && !arguments.is_empty();
    let alone = arguments.iter().all(|a| *a == first || is_assignment(a));
    let target = alone && !NO_TARGETS.contains(&first) && is_program_name(first);
    let make = matches!(program, "make" | "gmake" | "ninja") && (is_evident(first) || target);
    // A router's `ip address 192.0.2.1` and `ip route 0.0.0.0` are not iproute's.
    let router = program == "ip"
        && rest
            .nth(1)
            .is_some_and(|w| w.starts_with(|c: char| c.is_ascii_digit()));
    if (known
        || by_options
        || make
        || arguments.iter().any(|a| a.starts_with("--")) && is_option(arguments[0]))
        && !router
    {
        Look::Known
    } else if arguments.iter().take(3).any(|a| is_option(a)) {
        Look::Likely
    } else {
        Look::Not
    }
}

/// `./configure`, `/usr/sbin/x -v`; lists of files hold paths too.
fn path(program: &str, arguments: &[&str]) -> Look {
    if program.ends_with(['/', ':', ',']) || program.contains("://") {
        return Look::Not;
    }
    let relative = program
        .strip_prefix("./")
        .or_else(|| program.strip_prefix("../"));
    let evident = arguments.iter().any(|a| is_evident(a));
    match relative {
        Some(_) if evident => Look::Known,
        Some(name) if arguments.is_empty() => bare_path(name),
        Some(_) => Look::Likely,
        None if IN_PROGRAMS.iter().any(|place| program.contains(place)) && evident => Look::Known,
        None if program.starts_with("~/")
            && !program.ends_with(['/', '*'])
            && !is_data(program) =>
        {
            Look::Likely
        }
        None if program.ends_with(".sh") && !program.starts_with('/') => Look::Likely,
        None if evident && IN_PROJECT.iter().any(|place| program.starts_with(place)) => {
            Look::Likely
        }
        None => Look::Not,
    }
}

/// `./a` alone is a command or a line of `find`'s output: the latter has folders and endings of data.
fn bare_path(name: &str) -> Look {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    match ending {
        Some("sh" | "py" | "pl" | "run" | "bin" | "out" | "AppImage" | "rb" | "bash") => {
            Look::Known
        }
        Some(_) => Look::Not,
        None if name.contains('/') => Look::Likely,
        None => Look::Known,
    }
}

/// A file that is named like data, or hidden: `~/.bashrc`, `~/notes.txt`.
fn is_data(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with('.')
        || name
            .rsplit_once('.')
            .is_some_and(|(_, ending)| !matches!(ending, "sh" | "py" | "pl"))
}

/// Folders of a project from which programs are started.
const IN_PROJECT: &[&str] = &[
    "bin/",
    "build/",
    "scripts/",
    "script/",
    "tools/",
    "target/",
    "node_modules/.bin/",
    "vendor/bin/",
    "dist/",
    "tests/",
    "test/",
    "examples/",
];

const IN_PROGRAMS: &[&str] = &[
    "/bin/",
    "/sbin/",
    "/init.d/",
    "/libexec/",
    "/opt/",
    "/usr/lib/",
];

/// Words that begin a line of configuration (of zsh's plugin managers, tmux, vim) or of a script in a `sh` fence.
#[rustfmt::skip] // words side by side
const CONFIGURATION: &[&str] = &[
    "antibody", "antigen", "autoload", "bind", "bindkey", "bindsym", "case", "compdef",
    "compinit", "complete", "declare", "define", "do", "done", "elif", "else", "esac", "fi",
    "function", "getopts", "if", "local", "mapfile", "plugins", "printf", "read", "readarray",
    "readonly", "return", "setopt", "shift", "shopt", "then", "trap", "typeset", "unsetopt",
    "zgen", "zgenom", "zi", "zinit", "znap", "zplug", "zplugin", "zstyle",
];

fn is_setting(program: &str, arguments: &[&str]) -> bool {
    match program {
        "export" | "alias" | "setenv" => arguments.first().is_some_and(|a| {
            is_assignment(a)
                || a.bytes()
                    .all(|b| b.is_ascii_uppercase() || b == b'_' || b == b'-')
        }),
        // `set -e` begins a script; nobody types it.
        "set" => false,
        _ => arguments.iter().any(|a| is_evident(a)),
    }
}

/// Words that stand for an argument, where the program is unknown too: `program command -o argument`.
const SCHEMATIC: &[&str] = &[
    "arg",
    "args",
    "argument",
    "arguments",
    "command",
    "filename",
    "option",
    "options",
    "parameters",
    "subcommand",
];

/// `DESTDIR)/usr` behind `$(`: no program has such a name.
fn is_variable_of_make(rest: &str) -> bool {
    rest.split_once(')').is_some_and(|(name, _)| {
        name.len() > 1 && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
    })
}

/// Ends and signs that a line of make, C, PHP, a batch file, PowerShell, JSON or a template has.
fn is_of_another_language(line: &str) -> bool {
    // `find -exec … \;` is a shell's own.
    (line.ends_with([';', ',', '{', '^', '`', ':']) && !line.ends_with(" \\;"))
        || (line.contains('{') && line.contains("${{"))
        || line.split("$(").skip(1).any(is_variable_of_make)
        || line.split('%').nth(1).is_some_and(|name| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
        })
}
