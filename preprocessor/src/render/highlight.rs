//! Commands and files → pieces with a class for each kind of word. Syntect reads, the stylesheet colours.

use std::collections::HashMap;
use std::sync::Mutex;

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use super::pieces::{Piece, push};

/// From the most special scope to the most general: what a word of this scope is called in the stylesheet.
const CLASSES: &[(&str, &str)] = &[
    ("comment", "twin-hl-comment"),
    ("constant.character.escape", "twin-hl-constant"),
    ("string", "twin-hl-string"),
    ("constant", "twin-hl-constant"),
    ("entity.name.function", "twin-hl-function"),
    ("variable.function", "twin-hl-function"),
    ("support.function", "twin-hl-function"),
    ("entity.name.tag", "twin-hl-keyword"),
    ("entity.other.attribute-name", "twin-hl-variable"),
    ("variable.parameter.option", "twin-hl-option"),
    ("variable", "twin-hl-variable"),
    ("keyword", "twin-hl-keyword"),
    ("storage", "twin-hl-keyword"),
    ("support", "twin-hl-function"),
];

/// What a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Language<'a> {
    /// A shell's commands.
    Shell,
    /// What Python's prompt takes.
    Python,
    /// As the file's name (or its first line) says.
    File(&'a str),
    /// Nothing we could know about.
    Unknown,
}

/// Syntect's grammars, and what they made of earlier texts (the same `ip addr` stands on many pages).
pub(super) struct Highlighter {
    syntaxes: SyntaxSet,
    classes: Vec<(Scope, &'static str)>,
    seen: Mutex<HashMap<(String, String), Vec<Piece>>>,
}

impl Highlighter {
    pub(super) fn new() -> Self {
        let classes = CLASSES
            .iter()
            .filter_map(|(scope, class)| Some((Scope::new(scope).ok()?, *class)))
            .collect();
        Self {
            syntaxes: SyntaxSet::load_defaults_newlines(),
            classes,
            seen: Mutex::default(),
        }
    }

    /// Makes the shell's grammar ready: nearly every page needs it, and its regexes take longer than all the rest.
    pub(super) fn warm(self) -> Self {
        self.pieces(
            "echo \"$HOME\" | sort > x; if [ -e x ]; then y; fi # z",
            Language::Shell,
        );
        self
    }

    /// The same text in pieces.
    pub(super) fn pieces(&self, text: &str, language: Language<'_>) -> Vec<Piece> {
        let Some(syntax) = self.syntax(text, language) else {
            return vec![Piece::new("", text)];
        };
        let key = (syntax.name.clone(), text.to_owned());
        if let Ok(seen) = self.seen.lock()
            && let Some(pieces) = seen.get(&key)
        {
            return pieces.clone();
        }
        let pieces = self
            .parse(text, syntax)
            .unwrap_or_else(|| vec![Piece::new("", text)]);
        if let Ok(mut seen) = self.seen.lock() {
            seen.insert(key, pieces.clone());
        }
        pieces
    }

    fn syntax(&self, text: &str, language: Language<'_>) -> Option<&SyntaxReference> {
        match language {
            Language::Shell => self.syntaxes.find_syntax_by_extension("sh"),
            Language::Python => self.syntaxes.find_syntax_by_extension("py"),
            Language::File(path) => {
                let name = path.rsplit('/').next().unwrap_or(path);
                let extension = match name.rsplit('.').next().unwrap_or(name) {
                    // No grammar of their own here; keys, values and `#` are the same.
                    "toml" | "ini" | "conf" | "cfg" | "service" | "network" => "properties",
                    extension => extension,
                };
                (self.syntaxes.find_syntax_by_extension(name))
                    .or_else(|| self.syntaxes.find_syntax_by_extension(extension))
                    .or_else(|| self.syntaxes.find_syntax_by_first_line(text))
            }
            Language::Unknown => None,
        }
    }

    /// `None` when a grammar fails on this text: it is then shown without colours.
    fn parse(&self, text: &str, syntax: &SyntaxReference) -> Option<Vec<Piece>> {
        let mut state = ParseState::new(syntax);
        let mut stack = ScopeStack::new();
        let mut pieces = Vec::new();
        for line in text.split_inclusive('\n') {
            let mut at = 0;
            for (position, change) in state.parse_line(line, &self.syntaxes).ok()? {
                push(
                    &mut pieces,
                    Piece::new(self.class(&stack), line.get(at..position)?),
                );
                stack.apply(&change).ok()?;
                at = position;
            }
            push(&mut pieces, Piece::new(self.class(&stack), line.get(at..)?));
        }
        Some(pieces)
    }

    fn class(&self, stack: &ScopeStack) -> &'static str {
        let of = |scope: &Scope| {
            let found = self
                .classes
                .iter()
                .find(|(prefix, _)| prefix.is_prefix_of(*scope));
            found.map(|(_, class)| *class)
        };
        stack.as_slice().iter().rev().find_map(of).unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_keeps_its_text() {
        let text = "for i in 1 2; do echo \"$i\" # loop\ndone";
        let pieces = Highlighter::new().pieces(text, Language::Shell);
        let joined: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(joined, text);
        assert!(
            pieces.iter().any(|piece| piece.class == "twin-hl-comment"),
            "{pieces:?}"
        );
    }
}
