//! What a prompt looks like, and how far it may be believed.
//!
//! A prompt alone proves little: `#` begins comments, `>` quotes, `%` comments of TeX, and a program that is
//! not a shell has prompts too. So each comes with its [`Sort`], and the block decides.

/// How far a prompt may be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// A shell's, wherever it stands: `$ `, `user@host:~$`, `/ #`, `PS C:\>`.
    Shell,
    /// `# ` and `## `: a root prompt or a comment, the block's other lines tell which.
    Root,
    /// `> `, `% `, `❯`, `host# `, `$make`: only with a command behind it that is beyond doubt.
    Doubtful,
    /// Of a program that is no shell: `>>>`, `mysql>`, `(gdb)`. What is typed there is no shell command.
    Foreign,
}

/// A line that begins like a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prompt<'a> {
    /// Width of the white space before it.
    pub(super) indent: usize,
    /// The prompt without the space behind it.
    pub(super) text: &'a str,
    /// What was typed.
    pub(super) rest: &'a str,
    pub(super) sort: Sort,
}

impl Prompt<'_> {
    /// Nothing was typed at it.
    pub(super) fn is_bare(&self) -> bool {
        self.rest.is_empty()
    }
}

/// No prompt seen in the field is longer (a working directory can be long); scanning further only costs.
const LONGEST: usize = 100;

/// Signs that end a prompt.
const SIGILS: &[u8] = b"$#%>";

/// Debuggers and the like that put their name into parentheses where a shell has its environment.
const FOREIGN_IN_PARENTHESES: &[&str] = &[
    "gdb", "lldb", "pdb", "ipdb", "rdb", "dlv", "byebug", "rr", "jdb", "kdb",
];

/// The prompt that a line begins with, if it begins with anything like one.
pub(super) fn prompt(line: &str) -> Option<Prompt<'_>> {
    let s = line.trim_start_matches([' ', '\t']);
    let indent = line.len() - s.len();
    let (length, sort) = shape(s)?;
    let length = length + capabilities(&s[..length], &s[length..]);
    let (text, rest) = s.split_at(length);
    Some(Prompt {
        indent,
        text: text.trim_end(),
        rest: rest.trim(),
        sort,
    })
}

/// How many bytes of `rest` still belong to the prompt: the Virtual Square tools show a shell's capabilities
/// behind its `$`, as in `user@host:~$ net_admin,kill#`.
fn capabilities(before: &str, rest: &str) -> usize {
    let space = rest.len() - rest.trim_start_matches(' ').len();
    let list = rest[space..]
        .bytes()
        .take_while(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b','))
        .count();
    let end = space + list;
    let shown = before.contains('@')
        && list > 0
        && rest.as_bytes().get(end) == Some(&b'#')
        && ended(rest, end + 1);
    if shown { end + 1 } else { 0 }
}

/// Length and sort of the prompt at the start of `s`. One way to begin is one line of this table.
fn shape(s: &str) -> Option<(usize, Sort)> {
    let first = *s.as_bytes().first()?;
    let special = match first {
        b'$' => dollar(s),
        b'#' => hash(s),
        b'>' => angle(s),
        b'%' => ended(s, 1).then_some((1, Sort::Doubtful)),
        b'(' => parentheses(s),
        b'[' => brackets(s),
        b'P' if s.starts_with("PS ") || s.starts_with("PS>") => power_shell(s),
        b'I' if s.starts_with("In [") => Some((s.find("]:")? + 2, Sort::Foreign)),
        b'A'..=b'Z' if s[1..].starts_with(":\\") => drive(s),
        0x80.. => arrow(s),
        _ => None,
    };
    special.or_else(|| named(s))
}

/// A prompt of `length` bytes ends the line or has a space behind it.
fn ended(s: &str, length: usize) -> bool {
    s.as_bytes()
        .get(length)
        .is_none_or(|b| matches!(b, b' ' | b'\t'))
}

/// `$`, and what the Virtual Square wiki and others make of it: `$#` in a namespace, `$$` in a virtual machine.
fn dollar(s: &str) -> Option<(usize, Sort)> {
    let run = s.bytes().take_while(|b| SIGILS.contains(b)).count();
    if run <= 2 && ended(s, run) {
        return Some((run, Sort::Shell));
    }
    // `$make` may be a prompt, `$HOME/bin` and `$1 = 3` are none.
    let typed = s.as_bytes().get(run)?;
    (run <= 2 && (typed.is_ascii_lowercase() || matches!(typed, b'.' | b'~')))
        .then_some((run, Sort::Doubtful))
}

/// `#`, `##`, and `# #`, which is `##` with a slip.
fn hash(s: &str) -> Option<(usize, Sort)> {
    let run = s.bytes().take_while(|&b| b == b'#').count();
    if run == 1 && s.starts_with("# # ") {
        return Some((3, Sort::Root));
    }
    (run <= 2 && ended(s, run)).then_some((run, Sort::Root))
}

fn angle(s: &str) -> Option<(usize, Sort)> {
    if s.starts_with(">>>") && ended(s, 3) {
        return Some((3, Sort::Foreign));
    }
    ended(s, 1).then_some((1, Sort::Doubtful))
}

/// `(host)$`, `(venv) $`, `(venv) user@host:~$`; `(gdb)` is a debugger.
fn parentheses(s: &str) -> Option<(usize, Sort)> {
    let close = s.as_bytes().iter().take(LONGEST).position(|&b| b == b')')?;
    let name = &s[1..close];
    let after = &s[close + 1..];
    if FOREIGN_IN_PARENTHESES.contains(&name.to_ascii_lowercase().as_str()) {
        return ended(s, close + 1).then_some((close + 1, Sort::Foreign));
    }
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-:/~@".contains(&b));
    if !is_name {
        return None;
    }
    let space = after.len() - after.trim_start_matches(' ').len();
    let sigil = after.as_bytes().get(space)?;
    let at = close + 1 + space;
    if b"$#%".contains(sigil) && ended(s, at + 1) {
        return Some((at + 1, Sort::Shell));
    }
    // Behind the environment stands an ordinary prompt.
    let (length, sort) = if after[space..].starts_with('(') {
        None
    } else {
        shape(&after[space..])
    }?;
    (sort == Sort::Shell).then_some((at + length, Sort::Shell))
}

/// `[user@host dir]$`, `[~]$`; an INI section has no sigil right behind it.
fn brackets(s: &str) -> Option<(usize, Sort)> {
    let close = s.as_bytes().iter().take(LONGEST).position(|&b| b == b']')?;
    let sigil = close + 1;
    if !matches!(s.as_bytes().get(sigil), Some(b'$' | b'#')) {
        return None;
    }
    let is_user = s[1..close].contains('@');
    let typed = s.as_bytes().get(sigil + 1);
    let glued = is_user && typed.is_some_and(|b| b.is_ascii_lowercase() || *b == b'.');
    (ended(s, sigil + 1) || glued).then_some((sigil + 1, Sort::Shell))
}

/// PowerShell is a shell: `PS C:\src>`, `PS>`, `PS /home/user>`.
fn power_shell(s: &str) -> Option<(usize, Sort)> {
    let end = s.as_bytes().iter().take(LONGEST).position(|&b| b == b'>')?;
    let place = s[2..end].trim();
    let is_place = place.is_empty() || place.starts_with(['/', '~']) || place.contains(":\\");
    is_place.then_some((end + 1, Sort::Shell))
}

/// `C:\src>dir`; `C:\a -> C:\b` is a line of output.
fn drive(s: &str) -> Option<(usize, Sort)> {
    let end = s.as_bytes().iter().take(LONGEST).position(|&b| b == b'>')?;
    let clean = !s[..end].ends_with(['-', '=', ' ']) && !s[..end].contains(['"', '<', '|', '*']);
    clean.then_some((end + 1, Sort::Shell))
}

/// `❯`, `➜  dir git:(main) ✗`, `λ`, `»`.
fn arrow(s: &str) -> Option<(usize, Sort)> {
    let sign = s.chars().next().filter(|c| "❯➜λ»▶⟩›➤".contains(*c))?;
    let mut length = sign.len_utf8();
    if !ended(s, length) {
        return None;
    }
    // oh-my-zsh's first theme: two spaces, the directory, the branch, a cross where files changed.
    if let Some(theme) = s[length..].strip_prefix("  ") {
        let directory = theme.find(' ').unwrap_or(theme.len());
        let mut end = directory;
        if let Some(branch) = theme[end..].strip_prefix(" git:(") {
            end = theme.len() - branch.len() + branch.find(')')? + 1;
        }
        if let Some(rest) = theme[end..].strip_prefix(" ✗") {
            end = theme.len() - rest.len();
        }
        length += 2 + end;
    }
    Some((length, Sort::Doubtful))
}

/// A name or a place before the sigil: `user@host:~$`, `host$`, `/ #`, `~/src %`, `mysql>`.
fn named(s: &str) -> Option<(usize, Sort)> {
    let first = *s.as_bytes().first()?;
    if !(first.is_ascii_alphanumeric() || matches!(first, b'/' | b'~' | b'_')) {
        return None;
    }
    let at = sigil_with_space(s)?;
    let (before, sigil) = (&s[..at], s.as_bytes()[at]);
    let sort = match first {
        b'/' | b'~' => place(before, sigil)?,
        _ => name(before, sigil)?,
    };
    Some((at + 1, sort))
}

/// The first sigil with a space or nothing behind it, or glued to what is typed in `user@host:~$ls`.
fn sigil_with_space(s: &str) -> Option<usize> {
    let bytes = s.as_bytes();
    let mut words = 0;
    for (at, &b) in bytes.iter().enumerate().take(LONGEST) {
        match b {
            // No prompt of the field has more words than `user@host ~/dir (branch)`.
            b' ' if words == 3 => return None,
            b' ' => words += 1,
            _ if SIGILS.contains(&b) && ended(s, at + 1) => return Some(at),
            b'$' if words == 0 && is_user_and_place(&s[..at]) => {
                let typed = *bytes.get(at + 1)?;
                let more = s[at + 1..]
                    .find(' ')
                    .is_some_and(|end| s[at + 1..at + 1 + end].ends_with('#'));
                if typed.is_ascii_lowercase() && !more {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// `user@host:~/src`, `user@host[722]:~`.
fn is_user_and_place(before: &str) -> bool {
    before.split_once('@').is_some_and(|(user, rest)| {
        is_word(user)
            && rest
                .split_once(':')
                .is_some_and(|(_, place)| place.starts_with(['~', '/']))
    })
}

fn is_word(s: &str) -> bool {
    s.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && s.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

/// `/ #` and `~ #` are busybox's own. A longer path before `#` may be a line of a file with a comment.
fn place(before: &str, sigil: u8) -> Option<Sort> {
    let path = before.trim_end();
    if path.contains([' ', '"', '*', '=', ',']) || before.len() > path.len() + 1 {
        return None;
    }
    match sigil {
        b'#' if path.len() > 1 => Some(Sort::Doubtful),
        b'>' | b'%' => Some(Sort::Doubtful),
        _ => Some(Sort::Shell),
    }
}

fn name(before: &str, sigil: u8) -> Option<Sort> {
    if let Some((user, rest)) = before.split_once('@') {
        return is_word(user).then(|| user_at_host(rest, sigil)).flatten();
    }
    if let Some((host, place)) = before.split_once(':') {
        // Zephyr's own shell has this prompt.
        let foreign = host == "uart";
        let is_place =
            place.starts_with('~') || (place.starts_with('/') && !place.starts_with("//"));
        return (is_word(host) && is_place && !place.contains(' ') && sigil != b'>')
            .then_some(if foreign { Sort::Foreign } else { Sort::Shell });
    }
    let word = before.trim_end();
    if sigil == b'>' || word.ends_with('=') {
        let is_program = word.split(' ').all(|w| {
            is_word(
                w.trim_end_matches([']', ')', ':', '=', '*'])
                    .trim_start_matches(['[', '(']),
            )
        });
        return is_program.then_some(Sort::Foreign);
    }
    if word.len() < before.len()
        || !is_word(word)
        || !word.starts_with(|c: char| c.is_ascii_alphabetic())
    {
        return None;
    }
    let versioned = ["bash-", "sh-", "ash-", "zsh-", "ksh-"]
        .iter()
        .any(|shell| word.starts_with(shell));
    Some(if versioned {
        Sort::Shell
    } else {
        Sort::Doubtful
    })
}

/// What stands between the `@` and the sigil: `host:~/src`, `host ~ `, `host[722]:~`.
fn user_at_host(rest: &str, sigil: u8) -> Option<Sort> {
    let end = rest.find([':', ' ', '[']).unwrap_or(rest.len());
    let (host, place) = rest.split_at(end);
    // `git@github.com:owner/repo # mine` is no prompt.
    let place = place
        .trim_start_matches(|c: char| c == '[' || c == ']' || c.is_ascii_digit())
        .trim_start_matches([':', ' ']);
    let is_place = place.is_empty()
        || place.starts_with(['~', '/', '('])
        || (is_word(place.trim_end()) && !rest.contains(':'));
    if !is_word(host) || !is_place {
        return None;
    }
    Some(if sigil == b'>' {
        Sort::Doubtful
    } else {
        Sort::Shell
    })
}
