//! Where a command ends: backslashes, quotes, here-documents, pipes, open `do`/`then`/`{`.
//!
//! An apostrophe can open a quote that never closes. Taking the rest of a block for a command would be the worst
//! mistake here, so what does not come to its end before the next prompt is read again without its quotes.

/// What reads the commands, and so decides where one ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reader {
    /// Continued lines, here-documents and open constructs stay together.
    #[default]
    Shell,
    /// A program with prompts of its own, whatever its language: open quotes and brackets, and indented lines, which
    /// belong to the line above them.
    Program,
}

/// A command and how many lines it took.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) text: String,
    pub(super) lines: usize,
    /// Nothing was left open at its end.
    pub(super) complete: bool,
}

/// No command of the field has more lines; a quote that is open for longer is a slip.
const LONGEST: usize = 200;

/// Second prompts. `>` is `PS2` of most shells, the others are zsh's.
const SECOND_PROMPTS: &[&str] = &[
    ">",
    "quote>",
    "dquote>",
    "bquote>",
    "heredoc>",
    "pipe>",
    "cmdand>",
    "cmdor>",
    "for>",
    "while>",
    "if>",
    "then>",
    "function>",
    "cursh>",
    "subsh>",
    "...",
];

/// Reads the command that begins with `first`, `rest` being the lines below it and `indent` the column of its
/// prompt. `is_prompt` says which of them begin with a prompt that the block uses: a command ends there.
pub(super) fn read<'a>(
    first: &str,
    indent: usize,
    rest: impl Iterator<Item = &'a str> + Clone,
    is_prompt: impl Fn(&str) -> bool,
    prompted: bool,
) -> Read {
    let reading = Reading {
        indent,
        prompted,
        reader: Reader::Shell,
        is_prompt: &is_prompt,
    };
    reading.read(first, rest)
}

struct Reading<'p> {
    indent: usize,
    prompted: bool,
    reader: Reader,
    is_prompt: &'p dyn Fn(&str) -> bool,
}

impl Reading<'_> {
    fn read<'a>(&self, first: &str, rest: impl Iterator<Item = &'a str> + Clone) -> Read {
        let whole = self.go(first, rest.clone(), true);
        if whole.complete {
            return whole;
        }
        let careful = self.go(first, rest, false);
        Read {
            complete: false,
            ..careful
        }
    }

    fn go<'a>(
        &self,
        first: &str,
        mut rest: impl Iterator<Item = &'a str> + Clone,
        quotes: bool,
    ) -> Read {
        let mut shell = Shell {
            reader: self.reader,
            ..Shell::default()
        };
        shell.feed(first);
        let mut text = first.to_owned();
        let mut lines = 1;
        let mut second_prompts = None;
        loop {
            let open = if quotes {
                shell.is_open()
            } else {
                shell.goes_on()
            };
            let Some(line) = rest.next() else {
                return Read {
                    text,
                    lines,
                    complete: !open,
                };
            };
            // Typed at a prompt, an empty line would end the block that goes on below it.
            if !open
                && self.reader == Reader::Program
                && line.trim().is_empty()
                && text.contains('\n')
                && rest
                    .clone()
                    .find(|line| !line.trim().is_empty())
                    .is_some_and(is_indented)
            {
                lines += 1;
                continue;
            }
            let belongs_above = match self.reader {
                Reader::Shell => begins_with_operator(line),
                Reader::Program => goes_on_in_a_program(&text, line),
            };
            if !open && !belongs_above {
                return Read {
                    text,
                    lines,
                    complete: true,
                };
            }
            let in_document = !shell.documents.is_empty();
            if lines >= LONGEST || (!in_document && (self.is_prompt)(line)) {
                return Read {
                    text,
                    lines,
                    complete: !open,
                };
            }
            if shell.escaped && !in_document && line.trim().is_empty() {
                return Read {
                    text,
                    lines,
                    complete: true,
                };
            }
            // The only thing ever added: what the reader must type for a pipe on the next line to be legal.
            if !open && self.reader == Reader::Shell {
                text.push_str(" \\");
            }
            let typed = self.typed(line, &mut second_prompts);
            text.push('\n');
            text.push_str(typed);
            shell.feed(typed);
            lines += 1;
        }
    }

    /// A continuation line without the second prompt and without the indentation of the first.
    fn typed<'a>(&self, line: &'a str, second: &mut Option<bool>) -> &'a str {
        let white = line.len() - line.trim_start_matches([' ', '\t']).len();
        let at_prompt = self.prompted && white <= self.indent;
        let bare = line.trim_start();
        let found = SECOND_PROMPTS.iter().find(|p| {
            bare.strip_prefix(**p)
                .is_some_and(|r| r.is_empty() || r.starts_with(' '))
        });
        // Deeper than the prompt, `> file` is a redirection. Whoever shows second prompts shows all of them.
        let has_second = at_prompt && found.is_some() && *second != Some(false);
        second.get_or_insert(has_second);
        if let (true, Some(prompt)) = (has_second, found) {
            let typed = &bare[prompt.len()..];
            return typed.strip_prefix(' ').unwrap_or(typed);
        }
        &line[white.min(self.indent)..]
    }
}

/// A line that goes on with the command above in a program with prompts of its own: an indented one, Python's further
/// clauses, what is decorated, and the `end` below indented lines (gdb, Lua, Ruby).
fn goes_on_in_a_program(above: &str, line: &str) -> bool {
    let last = above.lines().next_back().unwrap_or_default();
    let word = line.split(|c: char| !c.is_ascii_alphanumeric()).next();
    match word.unwrap_or_default() {
        "else" | "elif" | "except" | "finally" => true,
        "end" => is_indented(last),
        _ => !line.trim().is_empty() && (is_indented(line) || last.starts_with('@')),
    }
}

fn is_indented(line: &str) -> bool {
    line.starts_with([' ', '\t'])
}

/// A line that goes on with the command above: `| grep x`, `&& make`. A table begins with `|` too, so what
/// follows must be a filter, and no further bar may end the line.
fn begins_with_operator(line: &str) -> bool {
    let line = line.trim();
    if let Some(next) = line
        .strip_prefix("&& ")
        .or_else(|| line.strip_prefix("|| "))
    {
        return next.starts_with(|c: char| c.is_ascii_lowercase() || c == '.' || c == '/');
    }
    let Some(next) = line.strip_prefix('|') else {
        return false;
    };
    let filter = next.split_whitespace().next().unwrap_or_default();
    !line.ends_with('|') && FILTERS.contains(&filter)
}

const FILTERS: &[&str] = &[
    "awk",
    "base64",
    "bash",
    "bc",
    "column",
    "cut",
    "docker",
    "egrep",
    "fgrep",
    "fzf",
    "gpg",
    "grep",
    "gunzip",
    "gzip",
    "head",
    "hexdump",
    "jq",
    "kubectl",
    "less",
    "more",
    "nc",
    "od",
    "openssl",
    "perl",
    "python",
    "python3",
    "rg",
    "sed",
    "sh",
    "sha256sum",
    "sort",
    "ssh",
    "sudo",
    "tac",
    "tail",
    "tar",
    "tee",
    "tr",
    "uniq",
    "wc",
    "xargs",
    "xxd",
    "xz",
    "yq",
    "zstd",
];

/// As much of a shell's grammar as tells whether a command is over.
#[derive(Debug, Default)]
struct Shell {
    reader: Reader,
    quote: Option<u8>,
    /// The line ended with a backslash.
    escaped: bool,
    /// The line ended with `|`, `&&` or `||`.
    operator: bool,
    parentheses: usize,
    /// Open `do`, `then`, `{`, `case`.
    compounds: usize,
    /// Here-documents whose end has not come: the word, and whether tabs before it are ignored.
    documents: Vec<(String, bool)>,
}

/// Words that open a compound command where a command may begin, and those that close it.
const OPENERS: &[&str] = &["for", "while", "until", "select", "if", "case", "{"];
const CLOSERS: &[&str] = &["done", "fi", "esac", "}"];
/// Words behind which a command begins.
const BEFORE_COMMANDS: &[&str] = &[
    "do", "then", "else", "elif", "{", "!", "time", "if", "while", "until",
];

impl Shell {
    fn is_open(&self) -> bool {
        self.quote.is_some()
            || self.parentheses > 0
            || self.compounds > 0
            || !self.documents.is_empty()
            || self.goes_on()
    }

    fn goes_on(&self) -> bool {
        self.escaped || self.operator
    }

    fn feed(&mut self, line: &str) {
        if let Some((word, tabs)) = self.documents.first() {
            let end = if *tabs {
                line.trim_start_matches('\t')
            } else {
                line
            };
            if end.trim_end() == word {
                self.documents.remove(0);
            }
            self.escaped = false;
            self.operator = false;
            return;
        }
        Scan {
            shell: self,
            bytes: line.as_bytes(),
            at: 0,
            line,
            command: true,
        }
        .run();
    }
}

/// One line on its way through the grammar.
struct Scan<'a> {
    shell: &'a mut Shell,
    line: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// A command may begin here.
    command: bool,
}

impl Scan<'_> {
    fn run(mut self) {
        self.shell.escaped = false;
        self.command &= self.shell.quote.is_none() && self.shell.parentheses == 0;
        self.shell.operator = false;
        while self.at < self.bytes.len() {
            match self.shell.quote {
                Some(quote) => self.quoted(quote),
                None => self.bare(),
            }
        }
    }

    fn quoted(&mut self, quote: u8) {
        match self.bytes[self.at] {
            b'\\' if quote != b'\'' => {
                // A backslash at the end joins lines within quotes too; the open quote says so already.
                self.at += 2;
                return;
            }
            b if b == quote => self.shell.quote = None,
            _ => {}
        }
        self.at += 1;
    }

    fn bare(&mut self) {
        let b = self.bytes[self.at];
        let is_shell = self.shell.reader == Reader::Shell;
        match b {
            b'\\' => {
                // Some authors leave a space behind the backslash.
                let rest = &self.line[self.at + 1..];
                self.shell.escaped = rest.trim().is_empty();
                self.at += 1 + rest.chars().next().map_or(0, char::len_utf8);
                self.command = false;
            }
            b'\'' | b'"' | b'`' => {
                self.shell.quote = Some(b);
                self.at += 1;
                self.command = false;
            }
            b'#' if self.at == 0 || matches!(self.bytes[self.at - 1], b' ' | b'\t') => {
                self.at = self.bytes.len()
            }
            b'<' if self.bytes[self.at..].starts_with(b"<<<") => self.at += 3,
            b'<' if self.bytes[self.at..].starts_with(b"<<") && is_shell => self.document(),
            b'(' => self.open_parenthesis(),
            b'[' | b'{' if !is_shell => self.open_parenthesis(),
            b')' => self.close_parenthesis(),
            b']' | b'}' if !is_shell => self.close_parenthesis(),
            b'|' | b'&' | b';' => self.operator(b),
            b' ' | b'\t' => self.at += 1,
            _ => self.word(),
        }
    }

    fn close_parenthesis(&mut self) {
        self.shell.parentheses = self.shell.parentheses.saturating_sub(1);
        self.at += 1;
    }

    fn open_parenthesis(&mut self) {
        self.shell.parentheses += 1;
        self.at += 1;
        self.command = false;
    }

    fn operator(&mut self, b: u8) {
        let rest = &self.line[self.at..];
        let length = if rest.starts_with("&&") || rest.starts_with("||") || rest.starts_with(";;") {
            2
        } else {
            1
        };
        self.at += length;
        self.command = true;
        self.shell.operator =
            (b == b'|' || rest.starts_with("&&")) && rest[length..].trim().is_empty();
    }

    fn word(&mut self) {
        let rest = &self.line[self.at..];
        let is_shell = self.shell.reader == Reader::Shell;
        let ends: &[char] = &[
            ' ', '\t', ';', '|', '&', '(', ')', '\'', '"', '`', '\\', '<',
        ];
        let end = rest
            .find(|c| ends.contains(&c) || (!is_shell && "[]{}".contains(c)))
            .unwrap_or(rest.len())
            .max(1);
        let end = (end..=rest.len())
            .find(|&e| rest.is_char_boundary(e))
            .unwrap_or(rest.len());
        let word = &rest[..end];
        let after_function = word == "{" && self.line[..self.at].trim_end().ends_with(')');
        if self.command || after_function {
            // `select` is a whole command in SQL.
            if is_shell && OPENERS.contains(&word) {
                self.shell.compounds += 1;
            } else if is_shell && CLOSERS.contains(&word) {
                self.shell.compounds = self.shell.compounds.saturating_sub(1);
            }
        }
        self.command = BEFORE_COMMANDS.contains(&word) && (self.command || after_function);
        self.at += end;
    }

    /// `<<EOF`, `<<-'EOF'`; not `1 << 2`.
    fn document(&mut self) {
        let rest = &self.line[self.at + 2..];
        let tabs = rest.starts_with('-');
        let word = rest.strip_prefix('-').unwrap_or(rest).trim_start();
        let end = word
            .find([' ', '\t', ';', '|', '&', '>', ')', '<'])
            .unwrap_or(word.len());
        let bare: String = word[..end]
            .chars()
            .filter(|c| !matches!(c, '\'' | '"' | '\\'))
            .collect();
        if bare.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '-') {
            self.shell.documents.push((bare, tabs));
        }
        self.at = self.bytes.len() - word.len() + end;
    }
}

/// The first command of an author's lines and the lines below it. Blank lines before it are left out.
pub(super) fn first(text: &str, reader: Reader) -> Option<(String, &str)> {
    let mut lines = text.split_inclusive('\n');
    let blank = |line: &&str| line.trim().is_empty();
    let above: usize = lines.clone().take_while(blank).map(str::len).sum();
    let text = &text[above..];
    let first = text.lines().next()?;
    let reading = Reading {
        indent: 0,
        prompted: false,
        reader,
        is_prompt: &|_| false,
    };
    let read = reading.read(first, text.lines().skip(1));
    lines = text.split_inclusive('\n');
    let size: usize = lines.take(read.lines).map(str::len).sum();
    Some((read.text, &text[size..]))
}
