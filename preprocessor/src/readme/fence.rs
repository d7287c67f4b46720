//! What a fence says of its content. It alone decides nothing: `bash` fences hold output, `console` fences lists.

/// The languages that matter, by the first word behind the fence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fence {
    /// `bash`, `sh`, `console` …
    Shell,
    /// No word, or one that says nothing.
    Silent,
    /// `text`, `output`, `fish`: commands only at a prompt.
    Text,
    /// Another language; a session in it must begin with a prompt.
    Other,
    /// What may quote a session, but is none: Markdown, HTML, TeX, a patch.
    Markup,
}

#[rustfmt::skip] // words side by side
const SHELL: &[&str] = &[
    "bash", "sh", "shell", "zsh", "console", "shell-session", "shellsession", "sh-session",
    "terminal", "bash-session", "ksh", "ash", "dash", "shellscript", "shell-script",
    "commandline", "command-line", "cli", "term", "cmdline", "sh-shell", "bashrc", "shellcommand",
    "linux", "unix",
];
#[rustfmt::skip] // words side by side
const TEXT: &[&str] = &[
    // Other shells: what they understand is not what bash does.
    "fish", "nu", "nushell", "elvish", "csh", "tcsh", "xonsh", "powershell", "pwsh", "ps1",
    "posh", "cmd", "bat", "batch", "dos", "text", "txt", "plain", "plaintext", "output", "log",
    "none", "nohighlight", "no-highlight", "raw", "ascii", "tree", "stdout",
];
#[rustfmt::skip] // words side by side
const MARKUP: &[&str] = &[
    "markdown", "md", "mdx", "html", "xml", "latex", "tex", "diff", "patch", "rst", "asciidoc",
    "adoc", "svg", "mermaid", "dot", "math", "svelte", "vue", "jinja", "org", "roff", "man",
    "groff", "rest",
];

impl Fence {
    pub(super) fn of(info: &str) -> Self {
        let name = info.trim_start_matches(['{', '.', ' ']);
        let name = name
            .split([' ', ',', '{', '}', '?', ':', '=', '\t'])
            .next()
            .unwrap_or_default();
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "" => Self::Silent,
            n if SHELL.contains(&n) => Self::Shell,
            n if TEXT.contains(&n) => Self::Text,
            n if MARKUP.contains(&n) => Self::Markup,
            _ => Self::Other,
        }
    }
}
